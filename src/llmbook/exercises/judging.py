"""How an answer is judged: compared with the right one, then with each mistake, and else told where it differs.

right       the results of all probes agree with those of the right answer
a mistake   all agree with those of a declared mistake; or the first wrong one does, and has numbers enough to tell
neither     how many probes are right, and of the first that is not what would mend it, or what differs
"""

from typing import cast

import numpy as np
from torch import Tensor

from llmbook.exercises.comparing import difference, distance, shown
from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.exercises.hints import hint
from llmbook.exercises.running import Stopped, is_blank, missing_part, results

Known = list[tuple[Mistake, list[object]]]  # the mistakes, each with the results it leads to

TELLING = 4  # so many computed numbers do not agree by accident


def judge(exercise: Exercise, answer: object) -> str:
    """The line ``check`` prints: it begins with ``Correct:``, ``Not yet:`` or ``Not quite:``."""
    if is_blank(answer):
        return "Not yet: put your answer in place of the three dots, and run the cell again."
    if exercise.probes and not callable(answer):
        return f"Not quite: the answer is a function, and this is {type(answer).__name__}; give its name alone."
    if callable(answer) and not exercise.probes:
        return "Not quite: this is a function, and a value is asked for: call it."

    given = results(exercise, answer)
    if all(map(is_blank, given)):
        return "Not yet: the function returns nothing so far."
    return verdict(exercise, given)


def verdict(exercise: Exercise, given: list[object]) -> str:
    """The line for results of which some are there: what is missing, right, a known mistake, or what differs first."""
    expected = results(exercise, exercise.answer)
    texts = bool(exercise.probes) and isinstance(expected[0], str)  # an empty line of a text is not missing
    missing = None if texts else next(filter(None, map(missing_part, given)), None)
    if missing:
        return f"Not yet: {missing}"
    differences = [
        str(mine) if isinstance(mine, Stopped) else difference(mine, right, exercise)
        for mine, right in zip(given, expected, strict=True)
    ]
    wrong = [place for place, said in enumerate(differences) if said]
    known = known_mistake(exercise, given, expected, wrong)
    if not wrong and known is None:
        return f"Correct: {exercise.right}"
    if known:
        return f"Not quite: {known.says}"
    said = explained(exercise, given[wrong[0]], expected[wrong[0]], differences[wrong[0]])
    return f"Not quite: {placed(exercise, wrong, said)}"


# --- a mistake that is known -----------------------------------------------------------------------------------


def known_mistake(exercise: Exercise, given: list[object], expected: list[object], wrong: list[int]) -> Mistake | None:
    """The mistake whose answer was given, if it is one of those declared."""
    if not exercise.probes:
        return mistaken_value(exercise, given[0], expected[0] if not wrong else None)
    if not wrong:
        return None
    led_to = [(mistake, results(exercise, mistake.answer)) for mistake in exercise.mistakes]
    return mistaken_everywhere(exercise, given, led_to) or mistaken_first(exercise, given, expected, wrong[0], led_to)


def mistaken_value(exercise: Exercise, answer: object, right: object) -> Mistake | None:
    """The nearest mistake a typed answer agrees with; where it agrees with the right one too, if that is farther."""
    known = [mistake for mistake in exercise.mistakes if agree(answer, mistake.answer, exercise)]
    if not known:
        return None
    nearest = min(known, key=lambda mistake: distance(answer, mistake.answer))
    right_is_nearer = right is not None and distance(answer, right) <= distance(answer, nearest.answer)
    return None if right_is_nearer else nearest


def mistaken_everywhere(exercise: Exercise, given: list[object], led_to: Known) -> Mistake | None:
    """The first mistake that all results agree with."""
    for mistake, others in led_to:
        if all(agree(mine, other, exercise) for mine, other in zip(given, others, strict=True)):
            return mistake
    return None


def mistaken_first(
    exercise: Exercise, given: list[object], expected: list[object], first: int, led_to: Known
) -> Mistake | None:
    """The first mistake that the first wrong result agrees with, where that is no accident."""
    if isinstance(given[first], Stopped) or not tells(expected[first]):
        return None
    return next((mistake for mistake, others in led_to if agree(given[first], others[first], exercise)), None)


def agree(answer: object, other: object, exercise: Exercise) -> bool:
    """Whether two results are the same; two functions that stop are."""
    if isinstance(answer, Stopped) or isinstance(other, Stopped):
        return isinstance(answer, Stopped) and isinstance(other, Stopped)
    return difference(answer, other, exercise) is None


def tells(result: object) -> bool:
    """Whether a result holds so many computed numbers that nothing agrees with it by accident."""
    if isinstance(result, tuple):
        return any(map(tells, cast(tuple[object, ...], result)))
    return isinstance(result, Tensor) and result.dtype.is_floating_point and result.numel() >= TELLING


# --- what differs ----------------------------------------------------------------------------------------------


def explained(exercise: Exercise, answer: object, expected: object, otherwise: str | None) -> str:
    """What would mend a wrong result, or else what differs in it."""
    if isinstance(answer, Stopped):
        return f"your function stops with {answer}"
    return hint(answer, expected, exercise) or str(otherwise)


def placed(exercise: Exercise, wrong: list[int], said: str) -> str:
    """What is said of the first wrong result, with the number of right ones and its arguments where some are right."""
    tries = len(exercise.probes)
    if len(wrong) == max(tries, 1):
        return said
    arguments = ", ".join(map(described, exercise.probes[wrong[0]]))
    return f"right in {tries - len(wrong)} of {tries} tries; the first that differs is given {arguments}: {said}"


def described(argument: object) -> str:
    """An argument by its shape, or as it is written where that is short."""
    if isinstance(argument, Tensor | np.ndarray):
        return f"shape {tuple(argument.shape)}"
    if isinstance(argument, float):
        return f"{argument:g}"
    return getattr(argument, "__name__", shown(argument, 36))

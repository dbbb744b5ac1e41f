"""How an answer is judged: compared with the right one, then with each mistake, and else told where it differs.

    right       all results agree with those of the right answer, within the exercise's tolerance
    a mistake   all agree with those of a declared mistake, the first of them that does
    neither     the first thing that differs is put into words, without telling the answer

A function's results are what it returns for each of the exercise's probes. A reader's function may do anything: raise,
return too much, or change its arguments. None of this harms the next probe or the next answer.
"""

import copy
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise


def judge(exercise: Exercise, answer: object) -> str:
    """The line ``check`` prints: it begins with ``Correct:``, ``Not yet:`` or ``Not quite:``."""
    if is_blank(answer):
        return "Not yet: put your answer in place of the three dots, and run the cell again."
    if exercise.probes and not callable(answer):
        return f"Not quite: the answer is a function, and this is {type(answer).__name__}."

    try:
        answers = results(exercise, answer)
    except Exception as error:  # whatever the reader's own function raises is news for the reader
        return f"Not quite: your function stops with {type(error).__name__}: {first_line(error)}"

    if any(is_blank(part) for part in answers):
        return "Not yet: the function returns nothing so far."
    return verdict(exercise, answers)


def verdict(exercise: Exercise, answers: list[object]) -> str:
    """The line for results that are all there: right, a mistake that is known, or what differs first."""
    expected = results(exercise, exercise.answer)
    if agree(answers, expected, exercise.tolerance):
        return f"Correct: {exercise.right}"

    for mistake in exercise.mistakes:
        if agree(answers, results(exercise, mistake.answer), exercise.tolerance):
            return f"Not quite: {mistake.says}"

    return f"Not quite: {difference(answers, expected, exercise.tolerance)}"


def is_blank(value: object) -> bool:
    """Whether nothing stands there yet, or in one place of a list or a tuple."""
    if isinstance(value, list | tuple):
        return any(is_blank(part) for part in cast(Sequence[object], value))
    return value is None or value is ...


def first_line(error: Exception) -> str:
    """What the error says, cut to one line; nothing where it says nothing."""
    lines = str(error).splitlines()
    return lines[0] if lines else ""


# --- an answer's results ---------------------------------------------------------------------------------------


def results(exercise: Exercise, answer: object) -> list[object]:
    """The answer itself, or what the function returns for each probe; returned tuples are laid out one by one."""
    if not exercise.probes:
        return [answer]

    function = cast(Callable[..., object], answer)
    laid_out: list[object] = []
    for probe in exercise.probes:
        returned = function(*map(copied, probe))
        laid_out += cast(tuple[object, ...], returned) if isinstance(returned, tuple) else (returned,)
    return laid_out


def copied(argument: object) -> object:
    """A probe the reader's function may change without harm to the next."""
    return argument.clone() if isinstance(argument, Tensor) else copy.deepcopy(argument)


# --- what differs ----------------------------------------------------------------------------------------------


def agree(answers: Sequence[object], expected: Sequence[object], tolerance: float) -> bool:
    """Whether nothing differs."""
    return difference(answers, expected, tolerance) is None


def difference(answers: Sequence[object], expected: Sequence[object], tolerance: float) -> str | None:
    """In words, the first thing that differs, without telling the answer; ``None`` where nothing does."""
    if len(answers) != len(expected):
        return f"there are {len(answers)} results, and there should be {len(expected)}."

    pairs = zip(answers, expected, strict=True)
    differences = (part_difference(part, right, tolerance) for part, right in pairs)
    return next(filter(None, differences), None)


def part_difference(answer: object, expected: object, tolerance: float) -> str | None:
    """The same for one result: words are compared without regard to case, all else as numbers."""
    if not isinstance(expected, str):
        return number_difference(answer, torch.as_tensor(expected), tolerance)
    if str(answer).strip().casefold() == expected.casefold():
        return None
    return f"{str(answer)[:40]!r} is not it."


def number_difference(answer: object, expected: Tensor, tolerance: float) -> str | None:
    """The same for numbers, tensors and nested lists of numbers."""
    try:
        numbers = torch.as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        return f"the answer should be made of numbers, and this is {type(answer).__name__}."

    if numbers.shape != expected.shape:
        return f"the shape is {tuple(numbers.shape)}, and should be {tuple(expected.shape)}."
    if expected.dtype == torch.bool and numbers.dtype != torch.bool:
        return f"the answer should be True and False (torch.bool), and is {numbers.dtype}."
    return entry_difference(numbers.double(), expected.double(), tolerance)


def entry_difference(numbers: Tensor, expected: Tensor, tolerance: float) -> str | None:
    """The same for two tensors of one shape; a NaN agrees with a NaN."""
    if numbers.isnan().any() and not expected.isnan().any():
        return "there is a NaN in it: look for 0/0, for log 0, or for a row that may look nowhere."

    differs = ~torch.isclose(numbers, expected, rtol=0, atol=tolerance, equal_nan=True)
    if not differs.any():
        return None
    if numbers.ndim == 0:
        return f"it is not {numbers.item():.4g}."

    place = [int(index) for index in differs.nonzero()[0]]
    first = f"the first is {numbers[tuple(place)].item():.4g} at {place}"
    return f"{int(differs.sum())} of {differs.numel()} numbers differ; {first}."

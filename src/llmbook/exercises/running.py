"""How an answer is run: a reader's function is tried on each of the exercise's probes, and what it returns is kept.

The function may do anything: raise, return a part of its argument, change its arguments, or return the same tensor each
time. None of this harms the next probe or the next answer, for each call gets copies, and gives one away.
"""

import copy
from collections.abc import Callable, Iterator, Sequence, ValuesView
from dataclasses import dataclass
from itertools import islice
from typing import cast

import numpy as np
from torch import Tensor

from llmbook.exercises.exercise import Exercise

AT_MOST = 10_000  # entries taken from what may have no end


@dataclass(frozen=True)
class Stopped:
    """What a function leaves that raises instead of returning."""

    error: Exception

    def __str__(self) -> str:
        lines = str(self.error).splitlines() or [""]
        return f"{type(self.error).__name__}: {lines[0][:160]}"


def results(exercise: Exercise, answer: object) -> list[object]:
    """The answer itself, or what the function returns for each probe."""
    if not exercise.probes:
        return [kept(answer)]
    function = cast(Callable[..., object], answer)
    return [result_on(function, probe) for probe in exercise.probes]


def result_on(function: Callable[..., object], probe: tuple[object, ...]) -> object:
    """What the function returns for one probe, or that it stopped."""
    try:
        return kept(function(*map(copied, probe)))
    except Exception as error:  # whatever the reader's own function raises is news for the reader
        return Stopped(error)


def copied(argument: object) -> object:
    """A probe the reader's function may change without harm to the next."""
    return argument.clone() if isinstance(argument, Tensor) else copy.deepcopy(argument)


def kept(result: object) -> object:
    """A copy of a result that no later call can change; what is written out one by one becomes a list."""
    if isinstance(result, Tensor):
        return result.detach().clone()
    if isinstance(result, np.ndarray):
        return result.copy()
    if isinstance(result, Iterator | range | ValuesView):
        return [kept(part) for part in islice(cast(Iterator[object], result), AT_MOST)]
    if isinstance(result, tuple):
        return tuple(map(kept, cast(tuple[object, ...], result)))
    return list(map(kept, cast(list[object], result))) if isinstance(result, list) else result


# --- what is not there yet -------------------------------------------------------------------------------------


def is_blank(value: object) -> bool:
    """Whether nothing stands there yet, in no place of a list or a tuple either."""
    if isinstance(value, list | tuple):
        parts = cast(Sequence[object], value)
        return bool(parts) and all(map(is_blank, parts))
    return value is None or value is ... or (isinstance(value, str) and not value.strip())


def missing_part(value: object) -> str | None:
    """Which part of a list or a tuple is not there yet, if one is not."""
    if not isinstance(value, list | tuple):
        return None
    parts = cast(Sequence[object], value)
    for number, part in enumerate(parts, start=1):
        if is_blank(part) or missing_part(part):
            return f"part {number} of {len(parts)} is still missing."
    return None

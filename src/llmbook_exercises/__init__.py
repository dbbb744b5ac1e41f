"""Exercises that answer: ``check("4.1-causal", my_answer)`` says whether it is right, and if not, what went wrong.

An exercise knows the right answer from the library (never from the page's own solution) and a list of typical
mistakes, each as the wrong answer it leads to and the sentence that helps. An answer is a value, or a function that
is tried on ``probes``. Each page or chapter declares its exercises in a module of its own: ``ch04.EXERCISES`` etc.

Left out: partial marks, and any judgement of style. What agrees with the right answer on all probes is right.
"""

import copy
import difflib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import torch

BLANK = (None, ...)


@dataclass(frozen=True)
class Exercise:
    """One question: its name, the right answer (or a right function), what it teaches, and its typical mistakes."""

    name: str
    answer: object
    right: str  # said to a right answer
    mistakes: dict[str, object]  # what to say, and the wrong answer (or function) it is said to
    probes: tuple[tuple, ...] = ()  # arguments on which functions are compared; empty where the answer is a value
    tolerance: float = 1e-4  # absolute; answers typed by hand need a larger one


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    """Normal numbers to probe a function with, the same each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def check(name: str, answer: object = None) -> None:
    """Print one line about ``answer``. Raises ``ValueError``, listing near names, where there is no such exercise."""
    print(judge(find(name), answer))


def find(name: str) -> Exercise:
    """The exercise of this name. Raises ``ValueError``, listing near names, where there is none."""
    known = {exercise.name: exercise for exercise in all_exercises()}
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4) or sorted(known)
        raise ValueError(f"there is no exercise {name!r}; near names: {', '.join(near)}")
    return known[name]


def all_exercises() -> list[Exercise]:
    """Every exercise of the book, in order."""
    chapters = sorted(module.name for module in pkgutil.iter_modules(__path__, f"{__name__}."))
    return [exercise for chapter in chapters for exercise in import_module(chapter).EXERCISES]


def judge(exercise: Exercise, answer: object) -> str:
    """The line ``check`` prints: it begins with ``Correct:``, ``Not yet:`` or ``Not quite:``."""
    if is_blank(answer):
        return "Not yet: put your answer in place of the three dots, and run the cell again."
    if exercise.probes and not callable(answer):
        return f"Not quite: the answer is a function, and this is {type(answer).__name__}."
    try:
        given = outcomes(exercise, answer)
    except Exception as error:  # whatever the reader's own function raises is news for the reader
        return f"Not quite: your function stops with {type(error).__name__}: {first_line(error)}"
    if any(is_blank(value) for value in given):
        return "Not yet: the function returns nothing so far."
    expected = outcomes(exercise, exercise.answer)
    if agree(given, expected, exercise.tolerance):
        return f"Correct: {exercise.right}"
    for says, wrong in exercise.mistakes.items():
        if agree(given, outcomes(exercise, wrong), exercise.tolerance):
            return f"Not quite: {says}"
    return f"Not quite: {difference(given, expected, exercise.tolerance)}"


def is_blank(value: object) -> bool:
    """Whether nothing stands there yet, or in one place of a list or a tuple."""
    return any(value is blank for blank in BLANK) or (isinstance(value, list | tuple) and any(map(is_blank, value)))


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def outcomes(exercise: Exercise, answer: object | Callable) -> list:
    """The answer itself, or what the function returns for each probe; returned tuples are laid out one by one."""
    if not exercise.probes:
        return [answer]
    values = [answer(*map(copied, probe)) for probe in exercise.probes]
    return [part for value in values for part in (value if isinstance(value, tuple) else (value,))]


def copied(argument: object) -> object:
    """A probe the reader's function may change without harm to the next."""
    return argument.clone() if isinstance(argument, torch.Tensor) else copy.deepcopy(argument)


def agree(given: list, expected: list, tolerance: float) -> bool:
    return len(given) == len(expected) and all(
        difference([a], [b], tolerance) is None for a, b in zip(given, expected, strict=True)
    )


def difference(given: list, expected: list, tolerance: float) -> str | None:
    """In words, the first thing that differs, without telling the answer; ``None`` where nothing does."""
    if len(given) != len(expected):
        return f"there are {len(given)} results, and there should be {len(expected)}."
    for value, right in zip(given, expected, strict=True):
        if isinstance(right, str):
            if str(value).strip().casefold() != right.casefold():
                return f"{str(value)[:40]!r} is not it."
            continue
        words = number_difference(value, torch.as_tensor(right), tolerance)
        if words:
            return words
    return None


def number_difference(value: object, right: torch.Tensor, tolerance: float) -> str | None:
    """The same for numbers, tensors and nested lists of numbers."""
    try:
        got = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return f"the answer should be made of numbers, and this is {type(value).__name__}."
    if got.shape != right.shape:
        return f"the shape is {tuple(got.shape)}, and should be {tuple(right.shape)}."
    if right.dtype == torch.bool and got.dtype != torch.bool:
        return f"the answer should be True and False (torch.bool), and is {got.dtype}."
    got, right = got.double(), right.double()
    if got.isnan().any() and not right.isnan().any():
        return "there is a NaN in it: look for 0/0, for log 0, or for a row that may look nowhere."
    wrong = ~torch.isclose(got, right, rtol=0, atol=tolerance, equal_nan=True)
    if not wrong.any():
        return None
    at = tuple(wrong.nonzero()[0].tolist())
    place = f" at {list(at)}" if at else ""
    share = f"{int(wrong.sum())} of {math.prod(right.shape)} numbers differ; the first is" if at else "it is not"
    return f"{share} {got[at].item():.4g}{place}."

"""What an exercise is: a question with a name, its right answer, and the mistakes that are often made in it.

An answer is a value (a number, a word, a yes or no, a tensor, a list of numbers), or a function. Two functions are
compared by what they return for the same arguments, the exercise's ``probes``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mistake:
    """A typical mistake, known by the answer it leads to."""

    answer: object  # the wrong value, or a function that is wrong in this one way
    says: str  # one line for those who gave this answer: what went wrong


@dataclass(frozen=True)
class Exercise:
    """One question, with all that is needed to judge an answer to it."""

    name: str  # as the page writes it in ``check("4.1-causal", …)``
    answer: object  # the right value, or a right function; whole numbers are ints, for these are asked for exactly
    right: str  # one line for a right answer: what it teaches
    mistakes: tuple[Mistake, ...]  # the first that agrees with a wrong function is named, of values the nearest
    probes: tuple[tuple[object, ...], ...] = ()  # arguments functions are compared on; empty where a value is asked for
    digits: int | None = None  # how many digits of a number typed by hand must be right, from the first that is not 0
    decimals: int | None = None  # or how many after the point; where neither is given, a number is computed


def random_normal(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers to probe a function with, the same each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def careless_tests(right_test: Callable[..., bool], right: int, wrong: int) -> tuple[Mistake, ...]:
    """Those that do not look, where the answer is a test, of ``right`` right and ``wrong`` wrong pieces of code."""
    total = right + wrong
    return (
        Mistake(lambda *code: True, f"it says True to all {total}: {wrong} of them are wrong."),
        Mistake(lambda *code: False, f"it says False to all {total}: {right} of them right. Is it too strict?"),
        Mistake(lambda *code: not right_test(*code), "True must mean that the code is right."),
    )

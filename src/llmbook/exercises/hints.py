"""What can be said of a wrong answer to any exercise: what would have to be done to it to make it right.

Each hint is a change, and a sentence: where the changed answer agrees with the right one, the sentence is said. Tried
after the exercise's own mistakes. A hint names the kind of the mistake and never the answer.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import cast

import torch
from torch import Tensor

from llmbook.exercises.comparing import allowed, as_numbers, difference, in_numbers, number_difference, parts_of
from llmbook.exercises.exercise import Exercise

Hint = tuple[Callable[[Tensor], Tensor], str]  # what would make it right, and what that says

SMALL = 1e-3  # where all numbers are so small, almost nothing is 100 times as much
POWERS = (3, 6, 9)  # of ten, besides that of percent
NUMBERS: tuple[Hint, ...] = (
    (lambda x: x / 100, "this is 100 times too large: is it in percent, where a share is asked for?"),
    (lambda x: x * 100, "this is 100 times too small: is it a share, where percent are asked for?"),
    (lambda x: -x, "the sign is turned round."),
    *((lambda x, p=p: x / 10**p, f"this is {10**p:,} times too large: look at the unit.") for p in POWERS),
    *((lambda x, p=p: x * 10**p, f"this is {10**p:,} times too small: look at the unit.") for p in POWERS),
)
TENSORS: tuple[Hint, ...] = (
    (lambda x: ~x if x.dtype == torch.bool else x, "True and False are the wrong way round."),
    (lambda x: x.mT if x.ndim > 1 else x, "this is transposed: swap the last two axes."),
    (lambda x: x.flip(0), "the numbers stand in reversed order."),
    (lambda x: x if x.is_floating_point() else x - 1, "every number is one too large: Python counts from 0."),
    (lambda x: x if x.is_floating_point() else x + 1, "every number is one too small."),
)


def hint(answer: object, expected: object, exercise: Exercise) -> str | None:
    """What the answer lacks, if it is one of these; ``None`` where nothing fits."""
    if isinstance(expected, tuple):
        return hint_of_parts(answer, cast(tuple[object, ...], expected), exercise)
    if isinstance(expected, str | bool):
        return None
    return hint_of_one(answer, expected, exercise) or hint_of_numbers(answer, in_numbers(expected), exercise)


# --- several results -------------------------------------------------------------------------------------------


def hint_of_parts(answer: object, expected: tuple[object, ...], exercise: Exercise) -> str | None:
    """For a function that returns several results: their order, or what is wrong with the first wrong one."""
    parts = parts_of(answer)
    if parts is None:
        return None

    rows = [parts_of(part) for part in parts]
    turned = zip(*(row or () for row in rows), strict=False)
    if agrees([list(column) for column in turned], expected, exercise):
        return f"the numbers are right, but grouped by entry: return {len(expected)} results."
    if isinstance(answer, Tensor) or len(parts) != len(expected):
        return None
    return hint_of_order(parts, expected, exercise) or hint_of_first(parts, expected, exercise)


def hint_of_order(parts: Sequence[object], expected: tuple[object, ...], exercise: Exercise) -> str | None:
    """Whether the results are all there in another order."""
    if len(parts) <= 4 and any(agrees(list(order), expected, exercise) for order in permutations(parts)):
        return f"the {len(parts)} results are right, but stand in another order."
    return None


def hint_of_first(parts: Sequence[object], expected: tuple[object, ...], exercise: Exercise) -> str | None:
    """What the first wrong result lacks."""
    for number, (part, right) in enumerate(zip(parts, expected, strict=True), start=1):
        if not agrees(part, right, exercise):
            said = hint(part, right, exercise)
            return f"result {number} of {len(parts)}: {said}" if said else None
    return None


def hint_of_one(answer: object, expected: object, exercise: Exercise) -> str | None:
    """Whether a right result stands among several, as the indices do in what ``topk`` and ``max`` return."""
    if not exercise.probes or not isinstance(answer, tuple):
        return None
    parts = cast(tuple[object, ...], answer)
    for number, part in enumerate(parts, start=1):
        if agrees(part, expected, exercise):
            return f"these are {len(parts)} results, and one is asked for: number {number} is right by itself."
    several = all(isinstance(part, Tensor) and part.ndim for part in parts)
    return f"these are {len(parts)} results, and one is asked for." if several else None


def agrees(answer: object, expected: object, exercise: Exercise) -> bool:
    """Whether nothing differs."""
    return difference(answer, expected, exercise) is None


# --- numbers ---------------------------------------------------------------------------------------------------


def hint_of_numbers(answer: object, expected: Tensor, exercise: Exercise) -> str | None:
    """For numbers, the first change that makes them right."""
    numbers = as_numbers(answer)
    if numbers is None:
        return None
    if expected.ndim == 0 and numbers.numel() > 1:
        commas = "; Python writes 1_000_000 and 0.5, without commas" if isinstance(answer, tuple) else ""
        return f"these are {numbers.numel()} numbers, and one is asked for{commas}."

    scales = NUMBERS if expected.any() and expected.double().abs().max() > SMALL else ()
    for change, says in scales + (TENSORS if expected.ndim else ()):
        if agrees_after(change, numbers, expected, exercise):
            return says
    if numbers.shape != expected.shape:
        return hint_of_shape(numbers, expected, exercise)
    ways = (hint_of_sorting, hint_of_rounding, hint_of_factor)
    return next(filter(None, (way(numbers, expected, exercise) for way in ways)), None)


def agrees_after(change: Callable[[Tensor], Tensor], numbers: Tensor, expected: Tensor, exercise: Exercise) -> bool:
    """Whether the numbers are right once they are changed so."""
    try:
        changed = change(numbers)
    except (RuntimeError, IndexError, ValueError):  # a change that such numbers do not allow
        return False
    return number_difference(changed, expected, exercise) is None


def hint_of_shape(numbers: Tensor, expected: Tensor, exercise: Exercise) -> str | None:
    """The numbers are right, or one axis of them is, and the shape is not."""
    shapes = f"the shape is {tuple(numbers.shape)}, and should be {tuple(expected.shape)}."
    if agrees_after(torch.squeeze, numbers, expected.squeeze(), exercise):
        return f"the numbers are right, but an axis of length 1 is too many or missing: {shapes}"
    if any(agrees_after(change, numbers, expected, exercise) for change in orders_of_axes(numbers.ndim)):
        return f"the numbers are right, but the axes stand in another order: {shapes}"
    if agrees_after(lambda x: x.reshape(expected.shape), numbers, expected, exercise):
        return f"the numbers are right, but laid out in another shape: {shapes}"
    if expected.ndim and len(expected) and number_difference(numbers, expected[0], exercise) is None:
        return f"the first axis is missing: {shapes}"
    if numbers.ndim and len(numbers) and all(number_difference(x, expected, exercise) is None for x in numbers):
        return f"the right answer stands there {len(numbers)} times, and once is enough: {shapes}"
    return None


def orders_of_axes(ndim: int) -> Iterator[Callable[[Tensor], Tensor]]:
    """All ways to put up to four axes in another order."""
    for order in permutations(range(ndim)) if ndim <= 4 else ():
        yield lambda x, order=order: x.permute(order)


def hint_of_sorting(numbers: Tensor, expected: Tensor, exercise: Exercise) -> str | None:
    """The numbers of a row are there, but in another order."""
    if numbers.ndim != 1 or expected.dtype == torch.bool:
        return None
    in_order = number_difference(numbers.sort().values, expected.sort().values, exercise) is None
    return "the numbers are right, but stand in another order." if in_order else None


def hint_of_rounding(numbers: Tensor, expected: Tensor, exercise: Exercise) -> str | None:
    """Close to it, but rounded where that is not asked for, or not to as many digits as are."""
    numbers = numbers.double()
    off = (numbers - expected.double()).abs()
    size = expected.double().abs()
    if not expected.dtype.is_floating_point:
        near = (size >= 1000) & (off <= 0.01 * size)
        return "close, but the exact number is asked for." if near.all() else None
    if exercise.digits is None and exercise.decimals is None:
        whole = (numbers == numbers.round()) & (off < 1) & (size >= 2)
        return "this is rounded: return the number with its digits." if whole.all() else None
    return hint_of_digits(numbers, off, expected, exercise)


def hint_of_digits(numbers: Tensor, off: Tensor, expected: Tensor, exercise: Exercise) -> str | None:
    """Cut off where it should be rounded, or rounded to one digit fewer than is asked for."""
    places = exercise.digits or exercise.decimals or 0
    asked = f"{places} digit{'s' * (places > 1)}{' after the point' * (exercise.digits is None)}"
    tolerance = allowed(expected, exercise)
    coarse = 20 * tolerance  # a unit of one digit fewer
    too_short = (numbers != 0) & ((numbers / coarse - (expected / coarse).round()).abs() < 1e-3)
    return f"close: give {asked}, rounded." if ((off <= 2 * tolerance) | too_short).all() else None


def hint_of_factor(numbers: Tensor, expected: Tensor, exercise: Exercise) -> str | None:
    """All numbers are too large by one factor, which for a function's results tells of a scale, or a sum for a mean."""
    if not exercise.probes or not expected.dtype.is_floating_point or expected.numel() < 3 or not expected.any():
        return None
    factor = (numbers.double() * expected).sum() / expected.double().square().sum()
    if (
        factor.isfinite()
        and factor.abs() > 1e-3
        and abs(factor - 1) > 0.02
        and agrees_after(lambda x: x / factor, numbers, expected, exercise)
    ):
        return f"every number is {factor.item():.3g} times what it should be: look for a scale, or a sum for a mean."
    return None

"""How a result is compared with what it should be: by its structure, and as exactly as the exercise asks.

yes or no   also True, "Yes" or "yes."; a function may return True, or 1
a word      without regard to case, quotes and full stops; the text a function returns, letter by letter
a tuple     part by part; a list, an array or a tensor of the parts is as good
numbers     of one shape, as tensor, array, list or fraction; whole numbers exactly, computed ones nearly, and of
            those typed by hand as many digits as the exercise asks for, rounded
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import numpy as np
import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise

COMPUTED = 1e-4  # what numbers that are computed may be off, absolutely or as a share: float32 keeps seven digits
ROUNDED = 0.50001  # units of the last digit a number typed by hand may be off, and a breath for 0.125
YES = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


def difference(answer: object, expected: object, exercise: Exercise) -> str | None:
    """In words, the first thing that differs, without telling the answer; ``None`` where nothing does."""
    if answer is None or answer is ...:
        return "it returns nothing here."
    if isinstance(expected, tuple):
        return tuple_difference(answer, cast(tuple[object, ...], expected), exercise)
    if isinstance(expected, bool) or (isinstance(expected, str) and expected in ("yes", "no")):
        return truth_difference(answer, expected)
    if isinstance(expected, str):
        return text_difference(answer, expected) if exercise.probes else word_difference(answer, expected)
    return number_difference(answer, in_numbers(expected), exercise)


# --- yes or no, and words --------------------------------------------------------------------------------------


def truth_difference(answer: object, expected: object) -> str | None:
    """The same for yes and no, True and False."""
    said = truth(only_one(answer))
    if said is None:
        ask = "True or False" if isinstance(expected, bool) else "“yes” or “no”"
        return f"the answer is {ask}, and this is {shown(answer)}."
    return None if said is truth(expected) else f"{shown(answer)} is not it."


def truth(value: object) -> bool | None:
    """Yes or no in any of their forms; ``None`` for all else."""
    if isinstance(value, str):
        first = re.match(r"\W*(\w+)", value)
        return YES.get(first[1].casefold()) if first else None
    number = as_numbers(value)
    return bool(number.item()) if number is not None and number.numel() == 1 and number.item() in (0, 1) else None


def word_difference(answer: object, expected: str) -> str | None:
    """The same for a word typed by hand."""
    word = bare(str(only_one(answer)))
    if word == bare(expected):
        return None
    if bare(expected) in word.split():
        return "answer with one word."
    if re.sub(r"\W", "", word) == bare(expected):
        return "the letters are right: write them together, as one word."
    return f"{shown(answer)} is not it."


def bare(word: str) -> str:
    """In small letters, without quotes, full stops and spaces around it."""
    return word.strip(" \t\n.,;:!?\"'`“”„‘’«»()[]").casefold()


def text_difference(answer: object, expected: str) -> str | None:
    """The same for a text that a function returns: letter by letter."""
    if not isinstance(answer, str):
        return f"the function returns a text, and this is {type(answer).__name__}."
    if answer == expected:
        return None
    if answer.split() == expected.split():
        return f"the words are right, but not the spaces or line ends: {shown(answer)}."

    pairs = list(zip(answer.split("\n"), expected.split("\n"), strict=False))
    line = next((i for i, (mine, right) in enumerate(pairs) if mine != right), len(pairs))
    mine = answer.split("\n")[line:] or ["nothing"]
    return f"line {line + 1} differs: it is {shown(mine[0])}."


def shown(value: object, length: int = 60) -> str:
    """A value as Python writes it, cut to a handy length."""
    text = " ".join(repr(value).split())
    return text if len(text) <= length else text[: length - 1] + "…"


def only_one(value: object) -> object:
    """What stands alone in a list, or the value itself."""
    if isinstance(value, list | tuple):
        parts = cast(Sequence[object], value)
        return only_one(parts[0]) if len(parts) == 1 else value
    return value


# --- several results -------------------------------------------------------------------------------------------


def tuple_difference(answer: object, expected: tuple[object, ...], exercise: Exercise) -> str | None:
    """The same for a function that returns several results."""
    parts = parts_of(answer)
    if isinstance(answer, Tensor | np.ndarray) and answer.ndim <= in_numbers(expected[0]).ndim:
        parts = None  # one result, and not several stacked
    if parts is None or len(parts) != len(expected):
        there = "there is 1 result" if parts is None or len(parts) == 1 else f"there are {len(parts)} results"
        return f"{there}, and there should be {len(expected)}."

    for number, (part, right) in enumerate(zip(parts, expected, strict=True), start=1):
        said = difference(part, right, exercise)
        if said:
            return f"result {number} of {len(expected)}: {said}"
    return None


def parts_of(answer: object) -> Sequence[object] | None:
    """The parts of a tuple, a list, or of a tensor or an array along its first axis."""
    if isinstance(answer, list | tuple):
        return cast(Sequence[object], answer)
    if isinstance(answer, Tensor | np.ndarray) and answer.ndim:
        return list(answer)
    return None


# --- numbers ---------------------------------------------------------------------------------------------------


def as_numbers(value: object) -> Tensor | None:
    """Numbers in any of their forms as a tensor; ``None`` for what is not made of numbers of one shape."""
    try:
        return in_numbers(value)
    except (TypeError, ValueError, RuntimeError, OverflowError, ZeroDivisionError):
        return None


def in_numbers(value: object) -> Tensor:
    """The same; raises one of the errors above instead."""
    if isinstance(value, Tensor):
        return real(value.detach().cpu())
    if isinstance(value, str):
        return torch.tensor(number_in_words(value), dtype=torch.float64)
    if isinstance(value, list | tuple) and value:
        return torch.stack([in_numbers(part) for part in cast(Sequence[object], value)])

    array = np.asarray(value)
    return real(torch.from_numpy(np.array(float(cast(float, value)) if array.dtype == object else array)))


def real(numbers: Tensor) -> Tensor:
    """All numbers written out, without an imaginary part of 0. Raises ``ValueError`` where it is not 0."""
    if not numbers.is_complex():
        return numbers.to_dense()
    if numbers.imag.any():
        raise ValueError("the numbers are complex")
    return numbers.real


def number_in_words(text: str) -> float:
    """A number in quotation marks, which may be a fraction or a percentage. Raises ``ValueError`` for other words, and
    ``OverflowError`` for a number that is too large."""
    number = text.strip().rstrip("%").strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", number):  # thousands
        number = number.replace(",", "")
    if re.search(r"e[+-]?\d{5}", number, re.IGNORECASE):
        raise OverflowError("a power of ten that would take hours to write out")
    return float(Fraction(number)) / (100 if text.strip().endswith("%") else 1)


def number_difference(answer: object, expected: Tensor, exercise: Exercise) -> str | None:
    """The same for numbers, tensors and nested lists of numbers."""
    numbers = as_numbers(answer)
    if numbers is None:
        return f"the answer should be made of numbers, and this is {kind(answer)}."

    if not exercise.probes and expected.ndim == 0 and numbers.numel() == 1:
        numbers = numbers.reshape(())  # a number typed in brackets
    is_matrix = numbers.ndim == 2 and min(numbers.shape) > 1 and numbers.numel() == expected.numel()
    if typed(exercise) and expected.ndim == 1 and is_matrix:
        numbers = numbers.flatten()  # typed as one, where its numbers are asked for row by row
    if numbers.shape != expected.shape:
        return f"the shape is {tuple(numbers.shape)}, and should be {tuple(expected.shape)}."
    if expected.dtype == torch.bool and numbers.dtype != torch.bool:
        return f"the answer should be True and False (torch.bool), and is {numbers.dtype}."
    return entry_difference(numbers.double(), expected.double(), allowed(expected, exercise))


def typed(exercise: Exercise) -> bool:
    """Whether numbers typed by hand are asked for."""
    return not exercise.probes and (exercise.digits or exercise.decimals) is not None


def kind(answer: object) -> str:
    """What an answer is that is not made of numbers of one shape."""
    if isinstance(answer, Tensor | np.ndarray):
        return f"of type {answer.dtype}"
    if isinstance(answer, str):
        return "a text"
    return "parts of several shapes" if isinstance(answer, list | tuple) else type(answer).__name__


def entry_difference(numbers: Tensor, expected: Tensor, tolerance: Tensor) -> str | None:
    """The same for two tensors of one shape; a NaN agrees with a NaN."""
    if numbers.isnan().any() and not expected.isnan().any():
        return "there is a NaN in it: look for 0/0, for log 0, or for a row that may look nowhere."

    both_nan = numbers.isnan() & expected.isnan()
    close = ((numbers - expected).abs() <= tolerance) & expected.isfinite()  # of infinity nothing is near but itself
    differs = ~((numbers == expected) | close | both_nan)
    if not differs.any():
        return None
    if numbers.ndim == 0:
        return f"it is not {written(numbers.item())}."

    place = [int(index) for index in differs.nonzero()[0]]
    first = f"the first is {written(numbers[tuple(place)].item())} at {place}"
    return f"{int(differs.sum())} of {differs.numel()} numbers differ; {first}."


def written(number: float) -> str:
    """A number as one would write it."""
    return f"{number:,.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"


def distance(answer: object, other: object) -> float:
    """How far apart the numbers of two answers are, all together; 0 for words."""
    numbers = as_numbers(answer)
    others = as_numbers(other)
    if numbers is None or others is None or numbers.numel() != others.numel():
        return 0.0
    return (numbers.double().flatten() - others.double().flatten()).abs().sum().item()


def allowed(expected: Tensor, exercise: Exercise) -> Tensor:
    """How far off each number may be: half a unit of the last digit that is asked for."""
    size = expected.double().abs()
    if not expected.dtype.is_floating_point:
        return (1e-6 + 1e-7 * size).clamp(max=0.4)  # whole, but perhaps computed
    if exercise.decimals is not None:
        return torch.full_like(size, ROUNDED * 10.0**-exercise.decimals)
    if exercise.digits is not None:
        first_digit = size.clamp(min=1e-12).log10().floor()
        return ROUNDED * 10 ** (first_digit + 1 - exercise.digits)
    return COMPUTED + COMPUTED * size

"""What a page needs to judge answers in the browser, made of the same declarations that ``check`` reads.

An exercise that asks for a value (a number, a list or a tensor of few numbers, a word, yes or no) becomes plain data:
its right answer and its mistakes, each with the sentence that goes with it. The rules by which an answer is compared
stand in ``comparing``, ``hints`` and ``judging``; ``web/src/judge/`` follows them, and the browser's tests compare the
two on every exercise. What a page cannot judge is refused by name, so that no exercise is left out in silence.

``turned`` exchanges letters and digits, so that nobody reads an answer in passing. It hides nothing from who wants to
know: the solution is folded into the same page.

Left out: functions, which only Python can run, and tuples, which are several answers in one.
"""

import json
import math

import numpy as np
import torch
from torch import Tensor

from llmbook.exercises.catalogue import PAGES, exercises_of
from llmbook.exercises.comparing import in_numbers
from llmbook.exercises.exercise import Exercise

Data = dict[str, object]  # what JSON can hold

MOST_NUMBERS = 64  # nobody types more
LARGEST = 2**53  # a browser counts no further in whole numbers
TYPES = {torch.bool: "bool", torch.int64: "int64", torch.float32: "float32", torch.float64: "float64"}
ODD = {math.inf: "Infinity", -math.inf: "-Infinity"}  # JSON has no name for these, JavaScript has
CIRCLES = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")  # each is turned by a half
TURN = str.maketrans({letter: circle[i - len(circle) // 2] for circle in CIRCLES for i, letter in enumerate(circle)})


def all_pages() -> dict[str, dict[str, Data]]:
    """For each module of exercises, by name, what its pages need."""
    return {page: {exercise.name: on_page(exercise) for exercise in exercises_of(page)} for page in PAGES}


def on_page(exercise: Exercise) -> Data:
    """One exercise as data. Raises ``ValueError``, with its name, for a value that no page can judge."""
    if exercise.probes:
        return {"asks": "function"}
    data: Data = {"asks": asked(exercise), "answer": known(exercise, exercise.answer), "right": exercise.right}
    data["mistakes"] = [[known(exercise, mistake.answer), mistake.says] for mistake in exercise.mistakes]
    return data | {key: value for key in ("digits", "decimals") if (value := getattr(exercise, key)) is not None}


def asked(exercise: Exercise) -> str:
    """What kind of answer a reader is to type."""
    if isinstance(exercise.answer, bool):
        return "truth"
    if isinstance(exercise.answer, str):
        return "yes-no" if exercise.answer in ("yes", "no") else "word"
    return ("number", "list", "table")[min(numbers_of(exercise, exercise.answer).ndim, 2)]


def known(exercise: Exercise, value: object) -> object:
    """A right or a typical wrong answer: a word, yes or no, or numbers with their type."""
    if isinstance(value, str | bool) != isinstance(exercise.answer, str | bool):
        raise refusal(exercise, f"{value!r} stands beside answers of another kind")
    if isinstance(value, str) and not value.strip():
        raise refusal(exercise, "a word is empty")
    if isinstance(value, str | bool):
        return value
    numbers = numbers_of(exercise, value)
    return [TYPES[numbers.dtype], nested(numbers)]


def numbers_of(exercise: Exercise, value: object) -> Tensor:
    """The numbers of an answer. Raises ``ValueError`` where there are none, or more than anybody types."""
    if value is None or isinstance(value, tuple):
        raise refusal(exercise, f"a {type(value).__name__} is no list of numbers")
    try:
        numbers = in_numbers(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise refusal(exercise, f"{type(value).__name__}: {error}") from None
    if numbers.dtype not in TYPES:
        raise refusal(exercise, f"numbers of type {numbers.dtype} are none of {', '.join(TYPES.values())}")
    if not 0 < numbers.numel() <= MOST_NUMBERS:
        raise refusal(exercise, f"{numbers.numel()} numbers are not between 1 and {MOST_NUMBERS}")
    if not numbers.is_floating_point() and numbers.long().abs().max() > LARGEST:
        raise refusal(exercise, "a whole number is larger than 2^53")
    return numbers


def nested(numbers: Tensor) -> object:
    """Numbers in nested lists, a float32 with the digits it has."""
    if numbers.ndim:
        return [nested(part) for part in numbers]
    if not numbers.is_floating_point():
        return int(numbers.item())
    number = float(str(np.float32(numbers.item()))) if numbers.dtype == torch.float32 else float(numbers.item())
    return number if math.isfinite(number) else ODD.get(number, "NaN")


def refusal(exercise: Exercise, why: str) -> ValueError:
    """An error that names the exercise."""
    return ValueError(f"exercise {exercise.name!r} cannot be judged on its page: {why}")


def turned(text: str) -> str:
    """The text with its letters turned by 13 and its digits by 5; turned twice it is itself."""
    return text.translate(TURN)


def as_text(data: object) -> str:
    """Data as JSON in turned letters, without a sign that HTML would read as its own."""
    return turned(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))

"""What a page is given of an exercise says all that judging needs, and what cannot be judged there is named."""

import json
import math

import numpy as np
import pytest
import torch

from llmbook.exercises.catalogue import PAGES, all_exercises
from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.exercises.on_page import TYPES, all_pages, as_text, known, nested, on_page, turned

EXERCISES = {exercise.name: exercise for exercise in all_exercises()}
VALUES = [name for name, exercise in EXERCISES.items() if not exercise.probes]
KINDS = {"number", "list", "table", "word", "yes-no", "truth"}


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_can_be_judged_on_its_page(name):
    """Or its answer is a function; the message of the error says what a page cannot judge."""
    assert on_page(EXERCISES[name])["asks"] in (KINDS if name in VALUES else {"function"})


def test_every_page_and_every_exercise_is_there():
    pages = all_pages()
    assert list(pages) == list(PAGES)
    assert [name for page in pages.values() for name in page] == list(EXERCISES)


@pytest.mark.parametrize("name", VALUES)
def test_all_of_the_declaration_comes_along(name):
    exercise, data = EXERCISES[name], on_page(EXERCISES[name])
    assert data["right"] == exercise.right
    assert [says for _, says in data["mistakes"]] == [mistake.says for mistake in exercise.mistakes]
    assert (data.get("digits"), data.get("decimals")) == (exercise.digits, exercise.decimals)


def of(stored: list) -> torch.Tensor:
    """The numbers a browser reads, in its own precision."""
    type_, numbers = stored
    flat = torch.tensor(np.array(numbers, dtype=np.float64))
    return flat.to(next(dtype for dtype, name in TYPES.items() if name == type_))


@pytest.mark.parametrize("name", [name for name in VALUES if not isinstance(EXERCISES[name].answer, str)])
def test_numbers_arrive_to_the_last_digit(name):
    exercise, data = EXERCISES[name], json.loads(turned(as_text(on_page(EXERCISES[name]))))
    for value, (stored, _) in zip(
        [exercise.answer, *(mistake.answer for mistake in exercise.mistakes)],
        [(data["answer"], ""), *data["mistakes"]],
        strict=True,
    ):
        number = torch.as_tensor(value)
        expected = number if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))
        torch.testing.assert_close(of(stored), expected, rtol=0, atol=0, equal_nan=True)


def toy(answer: object, *mistakes: object) -> Exercise:
    return Exercise("9.9-toy", answer, "so it is.", tuple(Mistake(wrong, "so it is not.") for wrong in mistakes))


@pytest.mark.parametrize(
    ("answer", "mistakes", "asks"),
    [
        (3, [4.5], "number"),
        (0.5, [1], "number"),
        ([1, 2], [[1.5]], "list"),
        (torch.ones(2, 3), [torch.ones(3, 2)], "table"),
        (torch.ones(2, 3, 2).bool(), [], "table"),
        ("mat", ["cat", "yes"], "word"),
        ("no", ["yes"], "yes-no"),
        (True, [False], "truth"),
        (np.array([1.5, 2]), [], "list"),
    ],
)
def test_a_page_judges_these(answer, mistakes, asks):
    assert on_page(toy(answer, *mistakes))["asks"] == asks


@pytest.mark.parametrize(
    ("answer", "mistakes", "why"),
    [
        ((1, 2), [], "a tuple is no list"),
        (None, [], "a NoneType is no list"),
        (3, ["three"], "'three' stands beside answers of another kind"),
        (3, [True], "True stands beside answers of another kind"),
        ("mat", [3], "3 stands beside answers of another kind"),
        ("mat", [" "], "a word is empty"),
        ([[1], [2, 3]], [], "list: stack expects"),
        (1j, [], "the numbers are complex"),
        (torch.zeros(65), [], "65 numbers are not between 1 and 64"),
        (torch.zeros(0), [], "0 numbers"),
        (2**53 + 1, [], "larger than 2\\^53"),
        (torch.zeros(2, dtype=torch.bfloat16), [], "bfloat16"),
        (torch.zeros(2, dtype=torch.int32), [], "int32"),
        ({"a": 1}, [], "dict"),
    ],
)
def test_what_a_page_cannot_judge_is_refused_by_name(answer, mistakes, why):
    with pytest.raises(ValueError, match=f"exercise '9.9-toy' cannot be judged on its page: .*({why})"):
        on_page(toy(answer, *mistakes))


def test_odd_numbers_have_the_names_a_browser_knows():
    stored = nested(torch.tensor([math.inf, -math.inf, math.nan, -0.0]))
    assert stored[:3] == ["Infinity", "-Infinity", "NaN"]
    assert math.copysign(1, stored[3]) == -1


def test_a_float32_has_few_digits():
    assert known(toy(0.5), torch.tensor([0.1, 1 / 3])) == ["float32", [0.1, 0.33333334]]


def test_turned_letters_turn_back_and_hide_what_they_say():
    text = "Correct: 0.4 from the one chain, “the” − √10"
    assert turned(turned(text)) == text
    assert turned(text) == "Pbeerpg: 5.9 sebz gur bar punva, “gur” − √65"


def test_no_sign_of_html_is_left():
    text = as_text({"right": "</script><b>&amp;"})
    assert "<" not in text
    assert json.loads(turned(text)) == {"right": "</script><b>&amp;"}

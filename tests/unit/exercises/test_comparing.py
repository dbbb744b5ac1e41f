"""How far off an answer may be, and which differences are none: at the borders."""

import pytest
import torch

from llmbook.exercises.comparing import difference
from llmbook.exercises.exercise import Exercise, random_normal


def asked(answer: object, **options: object) -> Exercise:
    return Exercise("0.0-name", answer, "right", (), **options)


def right(answer: object, expected: object, **options: object) -> bool:
    return difference(answer, expected, asked(expected, **options)) is None


@pytest.mark.parametrize("expected", [0.0, 0.5, -3.0, 1000.0])
def test_a_computed_number_may_be_off_by_a_ten_thousandth(expected):
    """Of one and of the number together: float32 keeps seven digits, and a wrong formula is off by more."""
    allowed = 1e-4 * (1 + abs(expected))
    for sign in (-1, 1):
        assert right(expected + sign * 0.99 * allowed, expected)
        assert not right(expected + sign * 1.01 * allowed, expected)


def test_each_entry_of_a_tensor_has_its_own_tolerance():
    expected = torch.tensor([0.0, 1000.0])
    assert right(torch.tensor([0.9e-4, 1000.09]), expected)
    assert not right(torch.tensor([0.0011, 1000.0]), expected)


@pytest.mark.parametrize(("expected", "off"), [(0, 1), (7, 1), (7, 0.5), (10**6, 1)])
def test_a_whole_number_is_exact(expected, off):
    assert right(expected + 1e-7, expected)
    assert not right(expected + off, expected)


@pytest.mark.parametrize(
    ("typed", "options", "fits"),
    [
        (0.125, {"digits": 3}, True),
        (0.13, {"digits": 2}, True),
        (0.14, {"digits": 2}, False),
        (0.1, {"decimals": 1}, True),
        (0.2, {"decimals": 1}, False),
        (0.07, {"decimals": 1}, False),
    ],
)
def test_a_number_typed_by_hand_is_rounded_as_asked(typed, options, fits):
    assert right(typed, 0.125, **options) == fits


def test_a_matrix_may_be_typed_where_its_numbers_are_asked_for_row_by_row():
    row_by_row = [0.88, 0.48, -0.48, 0.88]
    assert right([row_by_row[:2], row_by_row[2:]], row_by_row, decimals=2)
    assert not right([[0.88, -0.48], [0.48, 0.88]], row_by_row, decimals=2)
    assert not right([row_by_row], row_by_row, decimals=2)  # brackets too many
    assert not right([row_by_row[:2], row_by_row[2:]], row_by_row)  # computed: the shape is part of it


@pytest.mark.parametrize("word", ["cat", "CAT", "Cat", " “cAT”. ", ["cat"]])
def test_a_word_has_no_capitals(word):
    assert right(word, "cat")
    assert right(word, "Cat")
    assert not right(word, "cats")


@pytest.mark.parametrize("said", ["YES", "Yes.", "yEs", "TRUE", "Y", 1, True])
def test_yes_has_no_capitals(said):
    assert right(said, "yes")
    assert right(said, True)
    assert not right(said, "no")


def test_the_text_of_a_function_has_them():
    """A text is compared letter by letter: capitals are part of what a function had to make."""
    probes = {"probes": ((random_normal(3),),)}
    assert right("The cat", "The cat", **probes)
    assert not right("the cat", "The cat", **probes)


@pytest.mark.parametrize("text", ["1e400", "-1e999999999", "1E-999999999", "1/0", "1e999999999%"])
def test_a_number_that_no_float_holds_is_no_number(text):
    """And is not written out: the second has a thousand million digits."""
    assert difference(text, 0.25, Exercise("toy", 0.25, "", ())).startswith("the answer should be made of numbers")

"""Which assumption matters: against a result that is known, the order, and what cannot be."""

import math

import pytest

from llmbook.economics import swings, turning_point

BASE = {"price": 5.0, "sold": 7.0, "cost": 11.0}
RANGES = {"cost": (10.0, 12.0), "price": (2.0, 6.0), "sold": (6.0, 7.0)}


def profit(price, sold, cost):
    return price * sold - cost


def test_the_ends_by_hand_the_widest_first():
    assert list(swings(profit, BASE, RANGES).items()) == [
        ("price", (2 * 7 - 11, 6 * 7 - 11)),
        ("sold", (5 * 6 - 11, 5 * 7 - 11)),
        ("cost", (5 * 7 - 10, 5 * 7 - 12)),
    ]


def test_a_result_that_falls_counts_by_its_width():
    assert list(swings(lambda a, b: a - 3 * b, {"a": 0.0, "b": 0.0}, {"a": (-1, 1), "b": (-1, 1)})) == ["b", "a"]


def test_a_range_of_one_point_changes_nothing():
    assert swings(profit, BASE, {"price": (5.0, 5.0)}) == {"price": (24.0, 24.0)}


@pytest.mark.parametrize(("name", "low", "high", "zero"), [("price", 0, 9, 11 / 7), ("cost", 0, 99, 35.0)])
def test_the_turning_point_is_where_the_result_is_zero(name, low, high, zero):
    """Of a rising and of a falling result."""
    assert math.isclose(turning_point(profit, BASE, name, low, high), zero)


def test_where_the_sign_stays_there_is_none():
    assert turning_point(profit, BASE, "cost", 0.0, 34.0) is None
    assert turning_point(profit, BASE, "cost", 36.0, 99.0) is None


@pytest.mark.parametrize(("ranges", "words"), [({"price": (6, 9)}, "price = 5.0"), ({"luck": (0, 1)}, "luck = None")])
def test_a_range_without_its_base_is_named(ranges, words):
    with pytest.raises(ValueError, match=words):
        swings(profit, BASE, ranges)

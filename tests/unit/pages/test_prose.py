"""Numbers handed from a notebook to the prose, and durations in words that are true of them."""

import math
import re

import pytest

from llmbook.pages import prose
from llmbook.pages.prose import SMALL, UNITS, duration, glue


def test_a_number_is_stored_under_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr(prose, "display", lambda data, *, raw, metadata: shown.append((data, metadata)))
    glue("score", 6)
    scrapbook = {"name": "score", "mime_prefix": "application/papermill.record/"}
    assert shown == [({"application/papermill.record/text/plain": "6"}, {"scrapbook": scrapbook})]


def test_a_name_is_needed():
    with pytest.raises(ValueError, match="needs a name"):
        glue(" ", 6)


DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1752 * DAY, "nearly five years"),
        (4 * 365.25 * DAY, "four years"),
        (1500 * DAY, "a little more than four years"),
        (1643 * DAY, "between four and five years"),
        (364 * DAY, "one year"),
        (390 * DAY, "a little more than one year"),
        (700 * DAY, "nearly two years"),
        (330 * DAY, "nearly eleven months"),
        (30.5 * DAY, "one month"),
        (29 * DAY, "29 days"),
        (90 * 60, "between one and two hours"),
        (59.5, "one minute"),
        (13.1, "a little more than 13 seconds"),
        (0.4, "less than a second"),
        (0, "less than a second"),
        (24_871 * 365.25 * DAY, "about 25,000 years"),
    ],
)
def test_a_duration_in_words(seconds, words):
    assert duration(seconds) == words


def bounds(words: str) -> tuple[float, float]:
    """Between which numbers of seconds these words are true."""
    unit = next(size for name, size in UNITS.items() if re.search(rf"\b{name}s?$", words))
    numbers = [
        float(n) if n.isdecimal() else float(SMALL.index(n)) for n in words.split() if n.isdecimal() or n in SMALL
    ]
    low, high = numbers[0], numbers[-1]
    if words.startswith("between"):
        return (low + 0.24) * unit, (high - 0.24) * unit
    below, above = (0.26 if "nearly" in words else 0.011), (0.26 if "more" in words else 0.011)
    return (low - below) * unit, (high + above) * unit


def test_the_words_hold_whatever_the_number():
    """A thousand durations from a second to 99 years: each lies where its words say."""
    for step in range(1000):
        seconds = (99 * UNITS["year"]) ** (step / 999)
        low, high = bounds(duration(seconds))
        assert low <= seconds <= high, f"{seconds} s is not {duration(seconds)}"


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_what_is_no_duration_is_named(seconds):
    with pytest.raises(ValueError, match="0 or more seconds"):
        duration(seconds)

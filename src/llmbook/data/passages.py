"""Passages of the speeches from 2003 to 2010, and fifty facts in them, each asked for twice (page 6.2).

A passage is a window of so many words of one speech. A fact is an exact quotation; a passage holds it where it holds
all of it. Facts and questions (``questions.csv``) are the book's own. Left out: borders of sentences and paragraphs.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from llmbook.data.speech import speeches


@dataclass(frozen=True)
class Fact:
    """What is asked for: where it stands, word by word, and two questions about it."""

    quotation: str
    answers: tuple[str, ...]  # any of them will do
    same_words: str  # a question in the quotation's own words
    other_words: str
    part: str  # dev, the third of each three, or test

    def is_answered(self, words: str) -> bool:
        """Whether one of the answers stands in these words: 45 does not stand in 450, nor in 45,000."""
        return any(re.search(rf"(?<![\w.,]){re.escape(a)}(?!\w|[.,]\d)", words, re.IGNORECASE) for a in self.answers)


def passages(size: int = 100, stride: int | None = None) -> list[str]:
    """Windows of ``size`` words, each ``stride`` words (or ``size``) after the one before; a speech's last is shorter.

    Raises ``ValueError`` for sizes below 1, and for a stride that would leave words out.
    """
    step = size if stride is None else stride
    if not 1 <= step <= size:
        raise ValueError(f"1 <= stride <= size is needed, got stride {step} and size {size}")
    speeches_words = [speech.text.split() for speech in speeches(since=2003, until=2010)]
    starts = [range(0, max(len(words) - size + step, 1), step) for words in speeches_words]
    return [" ".join(words[i : i + size]) for words, some in zip(speeches_words, starts, strict=True) for i in some]


def facts(part: str | None = None) -> list[Fact]:
    """All facts, or those of the part "dev" or "test"."""
    with (Path(__file__).parent / "questions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    parts = ("test", "test", "dev")
    found = [Fact(q, tuple(a.split("|")), same, other, parts[n % 3]) for n, (_, q, a, same, other) in enumerate(rows)]
    return [fact for fact in found if part in (None, fact.part)]

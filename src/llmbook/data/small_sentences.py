"""Two more sentences for the head of ``six_words``: the same three features and projections, new rows made by hand.

A row is made from what its word is, and each sentence says why its most telling row is as it is. One has a word of two
meanings, the other a pronoun. Numbers are whole and at most 2, so that a score can still be done in the head.

Left out: what a model would learn. Here a word has one row wherever it stands; whether "it" is the dog or the river we
had to decide ourselves.
"""

import textwrap
from dataclasses import dataclass

from llmbook.data import six_words

WORDS = dict(zip(six_words.TOKENS, six_words.X.int().tolist(), strict=True)) | {
    "clerk": [2, 0, 0],  # alive, as the cat is
    "left": [1, 2, 0],  # what the living do, as "sat"
    "bank": [1, 2, 1],  # people who lend, or the edge of a river
    "by": [0, 1, 2],  # links to a place, as "on"
    "river": [0, 0, 2],  # a place, as the mat is
    "dog": [2, 0, 0],  # alive
    "because": [0, 2, 0],  # links two halves of a sentence, and no more
    "it": [2, 2, 0],  # stands for another word, which we took to be alive
    "was": [0, 2, 0],  # links a word to what is said of it
    "tired": [1, 0, 0],  # only the living are
}


@dataclass(frozen=True)
class SmallSentence:
    """A sentence of words with rows made by hand; ``row`` is the word to look at first, ``reason`` says why its row is
    what it is.
    """

    name: str
    text: str
    row: int
    reason: str

    @property
    def rows(self) -> list[list[int]]:
        """The features of each word, (T, 3)."""
        return [WORDS[word] for word in self.text.split()]

    def __str__(self) -> str:
        """A line a word, and the reason in lines of a page's width."""
        lines = [f"{word:8} {row}" for word, row in zip(self.text.split(), self.rows, strict=True)]
        return "\n".join([f"{'':8} {six_words.FEATURES}", *lines, textwrap.fill(self.reason, 78)])


SENTENCES = (
    SmallSentence(
        name="Six words",
        text=" ".join(six_words.TOKENS),
        row=2,
        reason="“sat” is 1 alive, 2 linking, 0 place: the living do it, and a verb links most. It seeks who did it.",
    ),
    SmallSentence(
        name="An ambiguous word",
        text="the clerk left the bank by the river",
        row=4,
        reason=(
            "“bank” is 1 alive, 2 linking, 1 place: people who lend, or the edge of a river, and it leans on other "
            "words to say which. It looks at “clerk” and “river” alike, until you make the first or the last number of "
            "its q 2."
        ),
    ),
    SmallSentence(
        name="A pronoun",
        text="the dog left the river because it was tired",
        row=6,
        reason=(
            "“it” is 2 alive, 2 linking, 0 place: it stands for something that we took to be alive, and leans on other "
            "words to say what. It looks at “dog”. Had it been “cold”, it might be the river: make its q 0, -4, 2."
        ),
    ),
)

"""From text to numbers and back, one id a character or a word; and rows of unequal length made into one tensor.

Left out: characters that did not occur in training (``byte_pairs`` has a code for every text).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

import torch
from jaxtyping import Int
from torch import Tensor


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Int[Tensor, "B T"], Int[Tensor, " B"]]:
    """Rows of unequal length as one tensor, filled with ``pad_id``, and their lengths; ``ValueError`` for no rows."""
    if not rows:
        raise ValueError("there are no rows to pad")
    lengths = [len(row) for row in rows]
    T = max(lengths)
    ids = torch.full((len(rows), T), pad_id)
    for row, length, target in zip(rows, lengths, ids, strict=True):
        target[:length] = torch.tensor(row)
    return ids, torch.tensor(lengths)


def check_ids(ids: Iterable[int], vocab: int) -> Iterator[int]:
    """The ids; raises ``ValueError`` naming one that is outside the vocabulary."""
    for i in ids:
        if not 0 <= i < vocab:
            raise ValueError(f"the id {i} is outside the vocabulary of {vocab}")
        yield i


def check_specials(specials: Sequence[str], letters: Collection[str] = ()) -> None:
    """Raise ``ValueError``, naming it, for a special that stands twice or among the letters of texts."""
    for i, name in enumerate(specials):
        if name in specials[:i] or name in letters:
            raise ValueError(f"specials must differ from each other and from all characters; got {name!r} twice")


def check_text(text: str) -> None:
    """Raise ``ValueError``, naming it, for half of a surrogate pair, which no UTF-8 can write."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"{text[error.start]!r} at place {error.start}"
        raise ValueError(f"the text holds half of a surrogate pair, {half}, which is no character") from None


class CharTokenizer:
    """One id for each character of ``alphabet``, in its order, behind the ``specials``.

    Raises ``ValueError`` for a special that repeats or is a character of the alphabet.
    """

    def __init__(self, alphabet: Iterable[str], specials: Sequence[str] = ()) -> None:
        letters = dict.fromkeys(alphabet)
        check_specials(specials, letters)
        self.specials = {name: i for i, name in enumerate(specials)}
        self.symbols = [*specials, *letters]
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols)}

    @classmethod
    def train(cls, text: str, specials: Sequence[str] = ()) -> "CharTokenizer":
        """The alphabet of a text, in the order of Unicode. Raises ``ValueError`` for half of a surrogate pair."""
        check_text(text)
        return cls(sorted(set(text)), specials)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        """Raises ``ValueError`` naming a character that is not in the alphabet."""
        for character in text:
            if character not in self.ids or character in self.specials:
                raise ValueError(f"the character {character!r} is not among the {len(self)} symbols")
        return [self.ids[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The characters; specials are left out. Raises ``ValueError`` for an id outside the vocabulary."""
        return "".join(self.symbols[i] for i in check_ids(ids, len(self)) if i >= len(self.specials))


class WordTokenizer:
    """One id for each of ``words``, in lower case, behind BERT's five specials; any other word is [UNK]."""

    WORD = re.compile(r"[a-z]+|[0-9]+|[^\sa-z0-9]")
    SPECIALS = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")

    def __init__(self, words: Iterable[str]) -> None:
        self.symbols = [*self.SPECIALS, *words]
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols)}
        self.pad, self.cls, self.sep, self.mask, self.unknown = range(len(self.SPECIALS))

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "WordTokenizer":
        """The most frequent words, of those equally frequent the ones that came first; ``vocab_size`` with specials.

        Raises ``ValueError`` for a vocabulary without room for the specials.
        """
        room = vocab_size - len(cls.SPECIALS)
        if room < 0:
            raise ValueError(f"vocab_size={vocab_size} has no room for {len(cls.SPECIALS)} specials")
        counts = Counter(word for text in texts for word in cls.split(text))
        return cls(word for word, _ in counts.most_common(room))

    @classmethod
    def split(cls, text: str) -> list[str]:
        """The words, numbers and signs of a text, in lower case."""
        return cls.WORD.findall(text.lower())

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        return [self.ids.get(word, self.unknown) for word in self.split(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """The words with spaces between them, specials too. Raises ``ValueError`` for an id outside the vocabulary."""
        return " ".join(self.symbols[i] for i in check_ids(ids, len(self)))

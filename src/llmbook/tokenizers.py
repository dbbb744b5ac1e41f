r"""From text to numbers and back: one id a character, or byte pairs merged in the order of how often they meet.

    BPE training: begin with the 256 bytes; again and again, merge the pair that occurs most often into a new token
    BPE encoding: cut the text into words, then apply to each the merges in the order in which they were learned

Sources: Sennrich, Haddow and Birch, *Neural Machine Translation of Rare Words with Subword Units* (2016), section 3.2;
Radford et al. (GPT-2, 2019), section 2.2, for bytes in place of characters and for the pattern that cuts words.

Of pairs equally frequent the one with the smaller ids wins, and bytes are numbered as the ``tokenizers`` library
does, so that both learn the same merges. Left out: training on texts larger than memory.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import regex
import torch
from jaxtyping import Int
from torch import Tensor

WORDS = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
# The library numbers bytes by the characters it shows them as: first those printable themselves, then the rest.
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *(b for b in range(256) if b not in PRINTABLE)]]
Pair = tuple[int, int]


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Int[Tensor, "B T"], Int[Tensor, " B"]]:
    """Rows of unequal length as one tensor, filled with ``pad_id``, and their lengths; ``ValueError`` for no rows."""
    if not rows:
        raise ValueError("there are no rows to pad")
    lengths = torch.tensor([len(row) for row in rows])
    longest = int(lengths.max())
    return torch.tensor([[*row, *[pad_id] * (longest - len(row))] for row in rows]).long(), lengths


def known(ids: Iterable[int], vocab: int) -> Iterator[int]:
    """The ids; raises ``ValueError`` naming one that is outside the vocabulary."""
    for i in ids:
        if not 0 <= i < vocab:
            raise ValueError(f"the id {i} is outside the vocabulary of {vocab}")
        yield i


class CharTokenizer:
    """One id for each character of ``alphabet``, in its order, behind the ``specials``."""

    def __init__(self, alphabet: Iterable[str], specials: Sequence[str] = ()) -> None:
        self.specials = {name: i for i, name in enumerate(specials)}
        self.symbols = [*specials, *dict.fromkeys(alphabet)]
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols)}

    @classmethod
    def train(cls, text: str, specials: Sequence[str] = ()) -> "CharTokenizer":
        return cls(sorted(set(text)), specials)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> list[int]:
        """Raises ``ValueError`` naming a character that is not in the alphabet."""
        unknown = next((c for c in text if c not in self.ids or c in self.specials), None)
        if unknown is not None:
            raise ValueError(f"the character {unknown!r} is not among the {len(self)} symbols")
        return [self.ids[c] for c in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The characters; specials are left out. Raises ``ValueError`` for an id outside the vocabulary."""
        return "".join(self.symbols[i] for i in known(ids, len(self)) if i >= len(self.specials))


class BPETokenizer:
    """Byte-level BPE: every text has a code, and equal texts have equal codes.

    ``vocab`` lists the bytes of each id, ``merges`` the merged pairs of ids in the order in which they were learned.
    """

    def __init__(self, merges: Sequence[Pair], specials: Sequence[str] = ()) -> None:
        self.specials = {name: i for i, name in enumerate(specials)}
        self.vocab = [*(name.encode() for name in specials), *BYTES]
        self.byte_ids = {piece[0]: len(specials) + i for i, piece in enumerate(BYTES)}
        self.merges, self.ranks, self.made = list(merges), {}, {}
        ids = {piece: i for i, piece in enumerate(self.vocab) if i >= len(specials)}
        for rank, (a, b) in enumerate(merges):
            piece = self.vocab[a] + self.vocab[b]
            if piece not in ids:  # two different pairs may spell the same token
                ids[piece] = len(self.vocab)
                self.vocab.append(piece)
            self.ranks[a, b], self.made[a, b] = rank, ids[piece]
        self.encode_word = lru_cache(maxsize=100_000)(self.merge_word)

    @classmethod
    def train(cls, text: str, vocab_size: int, specials: Sequence[str] = ()) -> "BPETokenizer":
        """Learn merges from the text until there are ``vocab_size`` tokens, or no pair is left.

        Raises ``ValueError`` for a vocabulary without room for the 256 bytes and the specials.
        """
        if vocab_size < 256 + len(specials):
            raise ValueError(f"vocab_size={vocab_size} has no room for 256 bytes and {len(specials)} specials")
        start = cls([], specials)
        counts = Counter(WORDS.findall(text))
        words = [[start.byte_ids[b] for b in word.encode()] for word in counts]
        return cls(learn(words, list(counts.values()), start.vocab, vocab_size), specials)

    def __len__(self) -> int:
        return len(self.vocab)

    def encode(self, text: str) -> list[int]:
        return [i for word in WORDS.findall(text) for i in self.encode_word(word)]

    def merge_word(self, word: str) -> tuple[int, ...]:
        """Of all neighbours that were ever merged, always merge those learned first."""
        ids = [self.byte_ids[b] for b in word.encode()]
        while len(ids) > 1:
            pair = min(pairwise(ids), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if pair not in self.ranks:
                break
            ids = merged(ids, pair, self.made[pair])
        return tuple(ids)

    def decode(self, ids: Iterable[int]) -> str:
        """The text; bytes that are no UTF-8 become U+FFFD, specials are left out. ``ValueError`` as above."""
        kept = [self.vocab[i] for i in known(ids, len(self)) if i >= len(self.specials)]
        return b"".join(kept).decode(errors="replace")


def merged(ids: list[int], pair: Pair, new: int) -> list[int]:
    """The ids with each occurrence of the pair, from left to right, replaced by the new id."""
    out, i = [], 0
    while i < len(ids):
        here = ids[i : i + 2] == [*pair]
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def learn(words: list[list[int]], counts: list[int], vocab: list[bytes], vocab_size: int) -> list[Pair]:
    """The merges; after each, only the words that held the merged pair are counted again."""
    totals, where = Counter(), defaultdict(set)
    for w, ids in enumerate(words):
        for pair in pairwise(ids):
            totals[pair] += counts[w]
            where[pair].add(w)
    queue = [(-total, pair) for pair, total in totals.items()]
    heapq.heapify(queue)
    ids_of, vocab, merges = {piece: i for i, piece in enumerate(vocab)}, list(vocab), []
    while queue and len(vocab) < vocab_size:
        total, pair = heapq.heappop(queue)
        if -total != totals[pair] or total == 0:  # an old entry: the pair has been counted again since
            continue
        piece = vocab[pair[0]] + vocab[pair[1]]
        new = ids_of.setdefault(piece, len(vocab))
        if new == len(vocab):
            vocab.append(piece)
        merges.append(pair)
        changed = Counter()
        for w in where.pop(pair):
            before, words[w] = words[w], merged(words[w], pair, new)
            for old in pairwise(before):
                changed[old] -= counts[w]
            for now in pairwise(words[w]):
                changed[now] += counts[w]
                where[now].add(w)
        for other, difference in changed.items():
            totals[other] += difference
            if difference and totals[other] > 0:
                heapq.heappush(queue, (-totals[other], other))
        totals[pair] = 0
    return merges

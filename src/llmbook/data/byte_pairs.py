r"""Byte pairs: a text cut into pieces that were merged in the order of how often they meet.

    training: begin with the 256 bytes; again and again, merge the pair that occurs most often into a new token
    encoding: cut the text into words, then apply to each the merges in the order in which they were learned

Sources: Sennrich, Haddow and Birch, *Neural Machine Translation of Rare Words with Subword Units* (2016), section 3.2;
Radford et al. (GPT-2, 2019), section 2.2, for bytes in place of characters and for the pattern that cuts words.

Of pairs equally frequent the one with the smaller ids wins, and bytes are numbered as the ``tokenizers`` library
does, so that both learn the same merges. Left out: training on texts larger than memory.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import regex

from llmbook.data.tokenizers import check_ids, check_specials, check_text

WORDS = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
# The library numbers bytes by the characters it shows them as: first those printable themselves, then the rest.
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *(b for b in range(256) if b not in PRINTABLE)]]
Pair = tuple[int, int]
MOST_KNOWN_WORDS = 100_000


class BPETokenizer:
    """Byte-level BPE: every text has a code, and equal texts have equal codes.

    ``vocab`` lists the bytes of each id, ``merges`` the merged pairs of ids in the order in which they were learned.
    Raises ``ValueError`` for specials that repeat, and for a merge of ids that are not there yet.
    """

    def __init__(self, merges: Sequence[Pair], specials: Sequence[str] = ()) -> None:
        check_specials(specials)
        self.specials = {name: i for i, name in enumerate(specials)}
        self.vocab = [*(name.encode() for name in specials), *BYTES]
        self.byte_ids = {piece[0]: len(specials) + i for i, piece in enumerate(BYTES)}
        self.merges = list(merges)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.merged_ids: dict[Pair, int] = {}

        ids = {piece: i for i, piece in enumerate(self.vocab) if i >= len(specials)}
        for a, b in self.merges:
            if not len(specials) <= min(a, b) <= max(a, b) < len(self.vocab):
                raise ValueError(f"a merge joins ids from {len(specials)} to {len(self.vocab) - 1}, got {(a, b)}")
            piece = self.vocab[a] + self.vocab[b]
            if piece not in ids:  # two different pairs may spell the same token
                ids[piece] = len(self.vocab)
                self.vocab.append(piece)
            self.merged_ids[a, b] = ids[piece]
        self.known_words: dict[str, tuple[int, ...]] = {}

    def __reduce__(self) -> tuple[type["BPETokenizer"], tuple[list[Pair], list[str]]]:
        """Copied and sent to other processes as what it was made from."""
        return BPETokenizer, (self.merges, list(self.specials))

    @classmethod
    def train(cls, text: str, vocab_size: int, specials: Sequence[str] = ()) -> "BPETokenizer":
        """Learn merges from the text until there are ``vocab_size`` tokens, or no pair is left.

        Raises ``ValueError`` for a vocabulary without room for the 256 bytes and the specials.
        """
        if vocab_size < 256 + len(specials):
            raise ValueError(f"vocab_size={vocab_size} has no room for 256 bytes and {len(specials)} specials")
        untrained = cls([], specials)
        check_text(text)
        counts = Counter(WORDS.findall(text))
        words = [[untrained.byte_ids[b] for b in word.encode()] for word in counts]
        pieces = [b"" for _ in specials] + BYTES  # a special is no piece of a text, even where one is spelt alike
        return cls(learn_merges(words, list(counts.values()), pieces, vocab_size), specials)

    def __len__(self) -> int:
        return len(self.vocab)

    def encode(self, text: str) -> list[int]:
        """The ids of the text, word by word. Raises ``ValueError`` for half of a surrogate pair."""
        check_text(text)
        return [i for word in WORDS.findall(text) for i in self.encode_word(word)]

    def encode_word(self, word: str) -> tuple[int, ...]:
        """The word's ids, merged once and then remembered."""
        if word not in self.known_words:
            if len(self.known_words) >= MOST_KNOWN_WORDS:
                self.known_words.clear()
            self.known_words[word] = self.merge_word(word)
        return self.known_words[word]

    def merge_word(self, word: str) -> tuple[int, ...]:
        """Of all neighbours that were ever merged, always merge those learned first."""
        ids = [self.byte_ids[b] for b in word.encode()]
        while len(ids) > 1:
            pair = min(pairwise(ids), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if pair not in self.ranks:
                break
            ids = merge_pair(ids, pair, self.merged_ids[pair])
        return tuple(ids)

    def decode(self, ids: Iterable[int]) -> str:
        """The text; bytes that are no UTF-8 become U+FFFD, specials are left out.

        Raises ``ValueError`` for an id outside the vocabulary.
        """
        pieces = [self.vocab[i] for i in check_ids(ids, len(self)) if i >= len(self.specials)]
        return b"".join(pieces).decode(errors="replace")


def merge_pair(ids: list[int], pair: Pair, new: int) -> list[int]:
    """The ids with each occurrence of the pair, from left to right, replaced by the new id."""
    merged: list[int] = []
    i = 0
    while i < len(ids):
        if ids[i : i + 2] == [*pair]:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


class PairCounts:
    """How often each pair of neighbours occurs, and in which words; after a merge only those words are counted anew."""

    def __init__(self, words: list[list[int]], counts: list[int]) -> None:
        self.words = words
        self.counts = counts
        self.totals: Counter[Pair] = Counter()
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)
        for number, ids in enumerate(words):
            for pair in pairwise(ids):
                self.totals[pair] += counts[number]
                self.where[pair].add(number)
        self.queue = [(-total, pair) for pair, total in self.totals.items()]
        heapq.heapify(self.queue)

    def pop_most_frequent(self) -> Pair | None:
        """The pair that occurs most often, of equals that with the smaller ids; ``None`` where no pair is left."""
        while self.queue:
            negative_total, pair = heapq.heappop(self.queue)
            if negative_total < 0 and -negative_total == self.totals[pair]:  # else the pair was counted again since
                return pair
        return None

    def merge(self, pair: Pair, new: int) -> None:
        """Replace the pair by the new id in every word that holds it."""
        changes: Counter[Pair] = Counter()
        for number in self.where.pop(pair):
            before = self.words[number]
            after = merge_pair(before, pair, new)
            self.words[number] = after
            for old in pairwise(before):
                changes[old] -= self.counts[number]
            for now in pairwise(after):
                changes[now] += self.counts[number]
                self.where[now].add(number)
        for other, change in changes.items():
            self.totals[other] += change
            if change and self.totals[other] > 0:
                heapq.heappush(self.queue, (-self.totals[other], other))


def learn_merges(words: list[list[int]], counts: list[int], vocab: list[bytes], vocab_size: int) -> list[Pair]:
    """The merges, most frequent pair first, until there are ``vocab_size`` pieces or no pair is left.

    ``words`` are ids, rewritten in place, and ``counts`` how often each occurs; ``vocab`` are the pieces of the ids.
    """
    pairs = PairCounts(words, counts)
    vocab = list(vocab)
    merges: list[Pair] = []
    while len(vocab) < vocab_size:
        pair = pairs.pop_most_frequent()
        if pair is None:
            break
        # A piece of its own: what lies between two borders that no merge has crossed was merged alike wherever it is.
        vocab.append(vocab[pair[0]] + vocab[pair[1]])
        merges.append(pair)
        pairs.merge(pair, len(vocab) - 1)
    return merges

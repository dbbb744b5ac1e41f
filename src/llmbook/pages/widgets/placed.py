r"""One head that reads words at their places: word vectors drawn by a seed, positions told in one of five ways.

    x_t + p_t  or  x_t;   Q = X W_Q, K = X W_K, V = X W_V;   scores = Q Kᵀ / √d (+ bias);   A = softmax(scores)

Positions are the library's: ``nn.positions``, ``nn.rotary``, ``nn.alibi``; learned ones are a corner of the stored
GPT's table. Nothing else is learned: equal words have equal vectors, drawn as the three projections are, by a generator
that the front end has too (``web/src/core/drawn.ts``). A third pairing, "mixed", is a mistake: it turns queries by one
custom and keys by the other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from llmbook.nn.alibi import alibi_bias
from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask
from llmbook.nn.positions import sinusoids
from llmbook.nn.rotary import PAIRINGS, apply_rotary, precompute_freqs_cis
from llmbook.pages.widgets.words import ASCII_LOWER, fnv1a

PAIRED = (*PAIRINGS, "mixed")
HEADS = 8  # of ALiBi's slopes
PLACES = 64  # of the learned table
WIDEST = 32
REACH = 32  # the farthest distance of a curve
BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Head:
    """How a head is told positions; ``learned`` is a table (64 × 32)."""

    kind: str
    base: float
    pairing: str
    head: int
    d: int
    seed: int
    causal: bool
    learned: Tensor

    @property
    def pairings(self) -> tuple[str, str]:
        """That of queries, and that of keys."""
        return ("interleaved", "half") if self.pairing == "mixed" else (self.pairing, self.pairing)

    def table(self, T: int) -> Float[Tensor, "T d"]:
        """What is added to the words: zeros where positions enter later, or never."""
        if self.kind == "sinusoidal":
            return sinusoids(T, self.d, self.base).double()
        return self.learned[:T, : self.d] if self.kind == "learned" else torch.zeros(T, self.d, dtype=torch.float64)

    def turned(self, x: Float[Tensor, "T d"], pairing: str, start: int = 0) -> Float[Tensor, "T d"]:
        """Queries or keys at the places from ``start`` on, turned if positions are rotary."""
        if self.kind != "rotary":
            return x
        turns = precompute_freqs_cis(len(x), self.d, self.base, start=start, dtype=torch.float64)
        return apply_rotary(x, turns, pairing)

    def qkv(self, words: Sequence[str]) -> tuple[Float[Tensor, "T d"], ...]:
        """Q, K and V of a sentence."""
        x = torch.stack([drawn(f"{self.seed} word {word.translate(ASCII_LOWER)}", self.d) for word in words])
        x = x + self.table(len(words))
        w_q, w_k, w_v = (projection(f"{self.seed} matrix {name}", self.d) for name in "qkv")
        of_q, of_k = self.pairings
        return self.turned(x @ w_q, of_q), self.turned(x @ w_k, of_k), x @ w_v

    def attend(self, words: Sequence[str]) -> tuple[Float[Tensor, "T T"], Float[Tensor, "T d"]]:
        """The weights of a sentence, and its outputs."""
        q, k, v = self.qkv(words)
        bias = alibi_bias(HEADS, len(words))[self.head].double() if self.kind == "alibi" else None
        weights = attention_weights(q, k, causal_mask(len(words)) if self.causal else None, score_bias=bias)
        return weights, weights @ v

    def curve(self, words: Sequence[str], row: int, key: int) -> Float[Tensor, "distances 3"]:
        """At each distance s - t from -32 to 32 the least, the mean and the largest over the places t of a query.

        Sinusoidal and learned: the cosine of p_t and p_s. Rotary: the score of the words ``row`` and
        ``key``, put so far apart. ALiBi: the bias. None: zero.
        """
        n = torch.arange(-REACH, REACH + 1)
        if self.kind == "alibi":
            return alibi_bias(HEADS, REACH + 1)[self.head, 0, n.abs()].double()[:, None].expand(-1, 3)
        if self.kind in ("sinusoidal", "learned"):
            table = F.normalize(self.table(PLACES), dim=1)
            products = table @ table.T
            return torch.stack([spread(products.diagonal(int(step))) for step in n])
        if self.kind == "none":
            return torch.zeros(len(n), 3, dtype=torch.float64)
        return torch.stack([spread(scores) for scores in self.rotary_scores(words, row, key).T])

    def rotary_scores(self, words: Sequence[str], row: int, key: int) -> Float[Tensor, "T distances"]:
        """The scores of a query at each place of the sentence, with a key at each distance from it."""
        x = torch.stack([drawn(f"{self.seed} word {words[i].translate(ASCII_LOWER)}", self.d) for i in (row, key)])
        q, k = x[0] @ projection(f"{self.seed} matrix q", self.d), x[1] @ projection(f"{self.seed} matrix k", self.d)
        T, distances = len(words), 2 * REACH + 1
        of_q, of_k = self.pairings
        queries = self.turned(q.expand(T, -1), of_q)
        keys = self.turned(k.expand(T + distances - 1, -1), of_k, start=-REACH)
        rows = [keys[t : t + distances] @ queries[t] for t in range(T)]
        return torch.stack(rows) / math.sqrt(self.d)


def spread(values: Float[Tensor, " n"]) -> Float[Tensor, "3"]:
    """The least, the mean and the largest."""
    return torch.stack([values.min(), values.mean(), values.max()])


@lru_cache(1024)
def projection(name: str, d: int) -> Float[Tensor, "d d"]:
    """A matrix that leaves numbers about as large as they are."""
    return drawn(name, d * d).view(d, d) / math.sqrt(d)


@lru_cache(1024)
def drawn(name: str, n: int) -> Float[Tensor, " n"]:
    """n numbers between -√3 and √3, of mean 0 and variance 1, always the same for the same name.

    The name's hash is the seed of mulberry32, a generator of 32 bits by Tommy Ettinger (2017, public domain).
    """
    a = (fnv1a(name) + 0x6D2B79F5 * torch.arange(1, n + 1)) & BITS
    t = ((a ^ a >> 15) * (a | 1)) & BITS
    t = (t ^ (t + (t ^ t >> 7) * (t | 61))) & BITS
    return ((t ^ t >> 14).double() + 0.5).div(2**31).sub(1).mul(math.sqrt(3))

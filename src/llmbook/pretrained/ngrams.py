r"""Counting instead of learning: n-grams with the smoothing of Kneser and Ney, interpolated (page 3.6).

    p_n(w | c) = (max(N(c w) - d_n, 0) + d_n · kinds(c) · p_{n-1}(w | c')) / N(c)

c are the n - 1 ids before, c' the same without the first of them; ``kinds`` is how many different ids follow c. In the
longest n-grams N counts how often; in shorter ones by how many different ids the n-gram was *preceded*, so that what
occurs in one place only ("Francisco") is not expected elsewhere. p_0 is the same for all ids, and d = n_1 / (n_1 + 2
n_2), with n_i the n-grams that were counted i times. Source: Chen and Goodman, *An Empirical Study of Smoothing
Techniques for Language Modeling* (1999), for Kneser and Ney's smoothing (1995) and its interpolation. Sizes: ``n`` ids
of a text. Left out: their three discounts in place of one.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Ids = Int[Tensor, " n"]
MOST = 2**62  # n-grams are numbered by their ids in base n_vocab


class Counts(NamedTuple):
    """Of all n-grams of one length, sorted: how often each, and what is known of the contexts."""

    grams: Int[Tensor, " grams"]
    counts: Int[Tensor, " grams"]
    contexts: Int[Tensor, " contexts"]
    totals: Int[Tensor, " contexts"]
    kinds: Int[Tensor, " contexts"]
    discount: float


class KneserNey:
    """A model of n-grams up to ``order``, learned from one text.

    Raises ``ValueError`` for an order below 1, a text shorter than it, and n-grams too many to be numbered.
    """

    def __init__(self, ids: Ids, vocab: int, order: int, discount: float | None = None) -> None:
        """``discount`` is estimated for each length where it is not given."""
        if not 1 <= order <= len(ids):
            raise ValueError(f"order must lie in 1..{len(ids)}, the length of the text; got {order}")
        if vocab**order > MOST:
            raise ValueError(f"{vocab} ids to the power of {order} are too many n-grams")
        self.vocab = vocab
        grams, counts = number(ids, vocab, order).unique(return_counts=True)
        self.lengths = [count(grams, counts, vocab, discount)]
        for n in range(order - 1, 0, -1):
            grams, counts = (grams % vocab**n).unique(return_counts=True)  # each kind of longer n-gram counts once
            self.lengths.insert(0, count(grams, counts, vocab, discount))

    def probabilities(self, ids: Ids) -> Float[Tensor, " m"]:
        """Of each id but the first order - 1, given those before it, in double precision."""
        order = len(self.lengths)
        p = torch.full((len(ids) - order + 1,), 1 / self.vocab, dtype=torch.float64)
        for n, known in enumerate(self.lengths, 1):
            grams = number(ids, self.vocab, n)[order - n :]
            totals = look_up(known.contexts, known.totals, grams // self.vocab)
            kinds = look_up(known.contexts, known.kinds, grams // self.vocab)
            kept = (look_up(known.grams, known.counts, grams) - known.discount).clamp(min=0)
            p = torch.where(totals > 0, (kept + known.discount * kinds * p) / totals.clamp(min=1), p)
        return p


def number(ids: Ids, base: int, n: int) -> Int[Tensor, " m"]:
    """The n-gram that begins at each place, as one number: its ids are the digits."""
    found = torch.zeros(max(0, len(ids) - n + 1), dtype=torch.long)
    for i in range(n):
        found = found * base + ids[i : i + len(found)]
    return found


def count(grams: Tensor, counts: Tensor, vocab: int, discount: float | None) -> Counts:
    contexts, where = (grams // vocab).unique_consecutive(return_inverse=True)
    totals = torch.zeros_like(contexts).index_add(0, where, counts)
    once = int((counts == 1).sum())
    twice = int((counts == 2).sum())
    estimate = once / max(1, once + 2 * twice)
    return Counts(grams, counts, contexts, totals, where.bincount(), estimate if discount is None else discount)


def look_up(keys: Tensor, values: Tensor, asked: Tensor) -> Float[Tensor, " m"]:
    """The value of each key asked for, 0 of one that is not there; in double precision."""
    place = torch.searchsorted(keys, asked).clamp(max=len(keys) - 1)
    return torch.where(keys[place] == asked, values[place], 0).double()

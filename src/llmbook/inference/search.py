r"""Beam search: several texts side by side, of which the best is not always the one that began best.

    keep the N prefixes with the largest Σ log p;  of the finished, take the largest  Σ log p / length^α

The length penalty is the one ``transformers`` uses; Wu et al., *Google's Neural Machine Translation System* (2016),
eq. 14, has (5 + length)^α / 6^α in its place. Sizes: ``N`` prefixes, ``T`` positions, ``n_vocab`` vocabulary. Left out:
several prompts at once, and beams kept apart from each other.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Scored(NamedTuple):
    """A continuation with its score, Σ log p / (number of new ids)^α."""

    score: float
    ids: list[int]  # the prompt's too


def nothing_to_reorder(rows: Int[Tensor, " N"]) -> None:
    """For a model without a cache."""


@torch.no_grad()
def beam_search(
    next_logits: Callable[[Int[Tensor, "N T"]], Float[Tensor, "N n_vocab"]],
    start: Int[Tensor, " T"],
    *,
    beams: int,
    max_new: int,
    eos: int,
    length_penalty: float = 1.0,
    reorder: Callable[[Int[Tensor, " N"]], None] = nothing_to_reorder,
) -> list[Scored]:
    """The best continuations of one prompt, best first, each ``Scored``; α is ``length_penalty``.

    ``next_logits`` maps prefixes to the logits of what follows: a causal language model, or a decoder with its memory.
    One with a cache gives ``KVCache.reorder``, which is called with the numbers of the prefixes that go on. A
    continuation ends with ``eos``; those still open after ``max_new`` ids take part as they are. The search stops, as
    in ``transformers``, when no open prefix beats the worst of ``beams`` finished ones at its present length. Raises
    ``ValueError`` for ``beams`` or ``max_new`` below 1 and for an empty prompt.
    """
    if beams < 1 or max_new < 1:
        raise ValueError(f"beam search needs beams >= 1 and max_new >= 1, got {beams} and {max_new}")
    if start.ndim != 1 or not len(start):
        raise ValueError(f"beam search goes on from the ids of one prompt, (T,) with T >= 1; got {tuple(start.shape)}")

    prefixes = start[None]  # (N, T)
    sums = torch.zeros(1, device=start.device)  # (N,) Σ log p
    finished: list[Scored] = []
    for length in range(1, max_new + 1):
        # The best continuations of all prefixes together: 2N, since N of them may end
        totals, rows, tokens = best_continuations(sums, next_logits(prefixes).log_softmax(dim=-1), 2 * beams)
        ends = tokens == eos

        # An ``eos`` among the best ``beams`` finishes a text; one further down is dropped
        for i in ends[:beams].nonzero()[:, 0].tolist():
            finished.append(Scored(totals[i].item() / length**length_penalty, [*prefixes[rows[i]].tolist(), eos]))
        finished = best_first(finished)[:beams]

        # The best that have not ended go on
        going_on = (~ends).nonzero()[:beams, 0]
        prefixes = torch.cat([prefixes[rows[going_on]], tokens[going_on, None]], dim=1)
        sums = totals[going_on]
        reorder(rows[going_on])

        if not len(going_on):
            return finished
        if len(finished) == beams and sums.max().item() / length**length_penalty <= finished[-1].score:
            return finished

    scores = (sums / max_new**length_penalty).tolist()
    unfinished = [Scored(score, ids) for score, ids in zip(scores, prefixes.tolist(), strict=True)]
    return best_first([*finished, *unfinished])[:beams]


def best_continuations(
    sums: Float[Tensor, " N"], log_probs: Float[Tensor, "N n_vocab"], most: int
) -> tuple[Float[Tensor, " M"], Int[Tensor, " M"], Int[Tensor, " M"]]:
    """The ``most`` largest of Σ log p + log p(next), with the prefix and the token of each, largest first."""
    N, n_vocab = log_probs.shape
    totals, places = (sums[:, None] + log_probs).flatten().topk(min(most, N * n_vocab))
    return totals, places // n_vocab, places % n_vocab


def best_first(texts: list[Scored]) -> list[Scored]:
    return sorted(texts, key=lambda text: -text.score)

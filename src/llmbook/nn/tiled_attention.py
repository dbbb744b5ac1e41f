r"""Exact attention tile by tile: the T × S matrix of weights is never there, only one tile of it at a time.

    m' = max(m, rowmax X),   l' = e^(m-m') l + Σ e^(X-m'),   C' = e^(m-m') C + e^(X-m') V;   at the end C / l

X are the scores of one tile, m, l and C what a query knows so far: its largest score, the sum of its weights and of its
weighted values. Backwards the weights are made again from the scores and L = m + log l, the one number kept a query:

    A = e^(X-L),   dV += Aᵀ dC,   dX = A ∘ (dC Vᵀ - rowsum(dC ∘ C)),   dQ += dX K / √d_k,   dK += dXᵀ Q / √d_k

Sources: Dao et al., *FlashAttention* (2022), algorithm 1 and section B.2; Dao, *FlashAttention-2* (2023), section 3.1,
for dividing at the end; Milakov and Gimelshein, *Online normalizer calculation for softmax* (2018), for the sum. Left
out: dropout, biases, and doing it inside one kernel, which is what makes it fast on a graphics card.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from llmbook.nn.attention import check_sizes

Tiles = Bool[Tensor, "n_t n_s"]
Tile = tuple[slice, slice, Tensor | None]  # queries, keys, and what is hidden where that is not nothing


def tiled_attention(
    q: Float[Tensor, "*batch T d_k"],
    k: Float[Tensor, "*batch S d_k"],
    v: Float[Tensor, "*batch S d_v"],
    *,
    causal: bool = False,
    block: int = 128,
    kept: Tiles | None = None,
) -> Float[Tensor, "*batch T d_v"]:
    """softmax(Q Kᵀ / √d_k) V, in tiles of ``block`` queries by ``block`` keys; zero for a query that may look nowhere.

    ``causal`` as ``causal_mask``: the queries are the last T of S. ``kept`` names the tiles that are looked at at all
    (block-sparse attention); the others cost nothing. Raises ``ValueError`` for sizes or tiles that do not fit.
    """
    check_sizes(q, k, v)
    T = q.shape[-2]
    S = k.shape[-2]
    if block < 1 or (causal and T > S):
        raise ValueError(f"tiles need block >= 1, and causal ones no more queries than keys; got {block}, {T} and {S}")
    tiles = (math.ceil(T / block), math.ceil(S / block))
    if kept is not None and kept.shape != tiles:
        raise ValueError(f"there are {tiles} tiles, got kept of shape {tuple(kept.shape)}")
    return TiledAttention.apply(q, k, v, causal, block, kept)


def tiles_of(T: int, S: int, causal: bool, block: int, kept: Tiles | None, like: Tensor) -> Iterator[Tile]:
    """The tiles that have to be computed, row by row."""
    ahead = S - T if causal else S  # query t sees the keys up to t + ahead
    for i, start in enumerate(range(0, T, block)):
        end = min(start + block, T)
        for j, first in enumerate(range(0, min(S, end + ahead), block)):
            if kept is not None and not kept[i, j]:
                continue
            last = min(first + block, S)
            hidden = None
            if last - 1 > start + ahead:
                t = torch.arange(start, end, device=like.device)
                hidden = torch.arange(first, last, device=like.device) > t[:, None] + ahead
            yield slice(start, end), slice(first, last), hidden


def scores_of(q: Tensor, k: Tensor, hidden: Tensor | None) -> Tensor:
    """One tile of Q Kᵀ / √d_k."""
    scores = (q / math.sqrt(q.shape[-1])) @ k.mT
    return scores if hidden is None else scores.masked_fill_(hidden, -math.inf)


class TiledAttention(torch.autograd.Function):
    """The two passes; kept between them are q, k, v, the contexts C and L."""

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Tensor:
        q, k, v, *how = args
        C = q.new_zeros(*q.shape[:-1], v.shape[-1])
        total = q.new_zeros(*q.shape[:-1], 1)  # l
        largest = torch.full_like(total, -math.inf)  # m
        ctx.sizes = (q.shape[-2], k.shape[-2], *how)
        for queries, keys, hidden in tiles_of(*ctx.sizes, like=q):
            scores = scores_of(q[..., queries, :], k[..., keys, :], hidden)
            old = largest[..., queries, :]
            new = torch.maximum(old, scores.amax(dim=-1, keepdim=True))
            base = new.masked_fill(new.isneginf(), 0.0)  # nothing seen yet
            weights = scores.sub_(base).exp_()
            shrink = (old - base).exp()

            total[..., queries, :] = shrink * total[..., queries, :] + weights.sum(dim=-1, keepdim=True)
            C[..., queries, :] = shrink * C[..., queries, :] + weights @ v[..., keys, :]
            largest[..., queries, :] = new
        seen = total > 0
        C = torch.where(seen, C / total, 0.0)
        ctx.save_for_backward(q, k, v, C, torch.where(seen, largest + total.log(), math.inf))
        return C

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Any
    ) -> tuple[Tensor | None, ...]:
        (grad_C,) = grad_outputs
        q, k, v, C, L = ctx.saved_tensors
        grad_q, grad_k, grad_v = (torch.zeros_like(x) for x in (q, k, v))
        common = (grad_C * C).sum(dim=-1, keepdim=True)
        scale = 1 / math.sqrt(q.shape[-1])
        for queries, keys, hidden in tiles_of(*ctx.sizes, like=q):
            q_i = q[..., queries, :]
            k_j = k[..., keys, :]
            grad_C_i = grad_C[..., queries, :]
            weights = scores_of(q_i, k_j, hidden).sub_(L[..., queries, :]).exp_()
            grad_v[..., keys, :] += weights.mT @ grad_C_i
            grad_scores = weights * (grad_C_i @ v[..., keys, :].mT - common[..., queries, :]) * scale
            grad_q[..., queries, :] += grad_scores @ k_j
            grad_k[..., keys, :] += grad_scores.mT @ q_i
        return grad_q, grad_k, grad_v, None, None, None

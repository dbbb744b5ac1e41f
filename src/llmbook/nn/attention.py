r"""Scaled dot-product attention, and many heads of it.

    Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V
    MultiHead(Q, K, V) = Concat(head_1, …, head_H) W^O,   head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)

Source: Vaswani et al., *Attention Is All You Need* (2017), sections 3.2.1 and 3.2.2.

Sizes: ``B`` batch, ``T`` query positions, ``S`` key positions, ``D`` model width, ``H`` heads, ``d_k`` head width.
The width of the values, ``d_v``, is ``d_k`` too in a layer of many heads, as in the paper; all its ``W_i^Q`` lie side
by side in one ``w_q`` (D × D).

A query that may look nowhere, or whose biases are all -∞, receives weights of zero and an output of zero (softmax
alone would give NaN). A NaN in a key or a value spreads to every query, hidden or not: zero times NaN is NaN.

Positions may enter through ``score_bias`` or ``rotate`` (see ``positions``). Left out: keys shared between heads (see
``grouped_attention``), and the tiled kernels inside ``F.scaled_dot_product_attention``.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.masks import Mask, ScoreBias, hidden_by, mask_as_bias


def attention_weights(
    q: Float[Tensor, "*batch T d_k"],
    k: Float[Tensor, "*batch S d_k"],
    may_attend: Mask | None = None,
    *,
    scale: float | None = None,
    score_bias: ScoreBias | None = None,
) -> Float[Tensor, "*batch T S"]:
    """A = softmax(Q Kᵀ · scale + score_bias), each row summing to one over the keys it may see.

    ``scale`` is 1/√d_k unless told. Raises ``ValueError`` for sizes or masks that do not fit.
    """
    check_sizes(q, k, k, may_attend, score_bias)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale

    scores = (q * scale) @ k.transpose(-2, -1)  # (…, T, S); scaled first, lest a half-precision sum overflow
    if score_bias is not None:
        scores = scores + score_bias.to(scores.dtype)
    hidden = hidden_by(may_attend, score_bias)
    if hidden is None:
        return scores.softmax(dim=-1)

    weights = scores.masked_fill(hidden & ~scores.isnan(), -math.inf).softmax(dim=-1)
    return weights.masked_fill(hidden, 0.0)  # also clears the NaN of a row that may look nowhere


def check_sizes(
    q: Tensor, k: Tensor, v: Tensor, may_attend: Tensor | None = None, score_bias: Tensor | None = None
) -> None:
    """Raise ``ValueError``, naming the sizes, unless q (…, T, d_k), k (…, S, d_k), v (…, S, ·), mask and bias fit."""
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"queries and keys must be equally wide, got {q.shape[-1]} and {k.shape[-1]}")
    if not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
        shapes = f"{tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}"
        raise ValueError(f"queries, keys and values must come in the same batches and heads, got {shapes}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"there must be one value for each key, got {k.shape[-2]} keys, {v.shape[-2]} values")
    if may_attend is not None and may_attend.dtype != torch.bool:
        raise ValueError(f"may_attend must be boolean, True = may look; got {may_attend.dtype}")
    grid = (*q.shape[:-1], k.shape[-2])
    for name, tensor in (("may_attend", may_attend), ("score_bias", score_bias)):
        if tensor is not None and not broadcasts(tensor.shape, grid):
            raise ValueError(f"{name} of shape {tuple(tensor.shape)} does not broadcast to {grid}")


def broadcasts(shape: tuple[int, ...], grid: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape can be laid over the grid without enlarging it."""
    sizes = zip(reversed(shape), reversed(grid), strict=False)
    return len(shape) <= len(grid) and all(n in (1, whole) for n, whole in sizes)


class ScaledDotProductAttention(nn.Module):
    """Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V; ``dropout`` is applied to the weights while training."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        q: Float[Tensor, "*batch T d_k"],
        k: Float[Tensor, "*batch S d_k"],
        v: Float[Tensor, "*batch S d_v"],
        may_attend: Mask | None = None,
        *,
        score_bias: ScoreBias | None = None,
        return_weights: bool = False,
    ) -> Float[Tensor, "*batch T d_v"] | tuple[Float[Tensor, "*batch T d_v"], Float[Tensor, "*batch T S"]]:
        """C = A V, and A as well if ``return_weights``; without it, PyTorch's fused kernel does the same sum.

        ``may_attend`` and ``score_bias`` broadcast to (…, T, S). Raises ``ValueError`` where sizes do not fit.
        """
        check_sizes(q, k, v, may_attend, score_bias)
        if return_weights:
            weights = attention_weights(q, k, may_attend, score_bias=score_bias)
            return self.dropout(weights) @ v, weights

        dropout = self.dropout.p if self.training else 0.0
        mask = mask_as_bias(may_attend, score_bias, q.dtype)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        hidden = hidden_by(may_attend, score_bias)
        if hidden is None:
            return context
        return context.masked_fill(hidden.all(dim=-1, keepdim=True), 0.0)  # a row that may look nowhere


class MultiHeadAttention(nn.Module):
    """``n_heads`` attentions, each ``d_model / n_heads`` wide, mixed by W^O; ``ValueError`` where that is not whole."""

    def __init__(self, d_model: int, n_heads: int, *, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        check_heads(d_model, n_heads)
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=bias)
        self.w_k = nn.Linear(d_model, d_model, bias=bias)
        self.w_v = nn.Linear(d_model, d_model, bias=bias)
        self.w_o = nn.Linear(d_model, d_model, bias=bias)
        self.attention = ScaledDotProductAttention(dropout)

    def split_heads(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B H T d_k"]:
        """Cut the width into heads: head i takes coordinates i·d_k … (i+1)·d_k."""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def forward(
        self,
        query: Float[Tensor, "B T D"],
        key: Float[Tensor, "B S D"] | None = None,
        value: Float[Tensor, "B S D"] | None = None,
        may_attend: Mask | None = None,
        *,
        score_bias: ScoreBias | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        return_weights: bool = False,
    ) -> Float[Tensor, "B T D"] | tuple[Float[Tensor, "B T D"], Float[Tensor, "B H T S"]]:
        """Self-attention with ``query`` alone; cross-attention when ``key`` (and ``value``, else the same) is given.

        ``may_attend`` and ``score_bias`` broadcast to (B, H, T, S); a mask of shape (T, S) serves every head, and one
        of three axes is refused, since they could be (B, T, S) or (H, T, S).
        ``rotate`` turns queries and keys (B, H, ·, d_k) by their positions. Raises ``ValueError`` for widths, lengths
        or masks that do not fit.
        """
        key = query if key is None else key
        value = key if value is None else value
        for name, x in {"query": query, "key": key, "value": value}.items():
            check_batch(name, x, self.w_q.in_features)
        if may_attend is not None and may_attend.ndim == 3:
            raise ValueError(
                f"a mask of shape {tuple(may_attend.shape)} could be one a sequence or one a head: give (T, S), "
                f"(B, 1, T, S) or (1, H, T, S)"
            )

        q = self.split_heads(self.w_q(query))  # (B, H, T, d_k)
        k = self.split_heads(self.w_k(key))  # (B, H, S, d_k)
        v = self.split_heads(self.w_v(value))  # (B, H, S, d_k)
        if rotate is not None:
            q, k = rotate(q), rotate(k)

        result = self.attention(q, k, v, may_attend, score_bias=score_bias, return_weights=return_weights)
        context, weights = result if return_weights else (result, None)
        out = self.w_o(context.transpose(1, 2).flatten(2))  # (B, T, D)
        return out if weights is None else (out, weights)


def check_batch(name: str, x: Tensor, width: int) -> None:
    """Raise ``ValueError``, naming the shape, unless x is a batch of sequences (B, T, ``width``)."""
    if x.ndim != 3:
        raise ValueError(
            f"{name} must be a batch (B, T, {width}), got shape {tuple(x.shape)}; x[None] is a batch of one"
        )
    if x.shape[-1] != width:
        raise ValueError(f"{name} is {x.shape[-1]} wide, but d_model is {width}")


def check_heads(d_model: int, n_heads: int) -> None:
    """Raise ``ValueError``, naming both, where ``n_heads`` heads cannot share the width equally."""
    if n_heads < 1 or d_model < 1 or d_model % n_heads:
        raise ValueError(f"d_model={d_model} cannot be divided into n_heads={n_heads} equal heads")

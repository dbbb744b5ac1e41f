r"""Causal self-attention in which groups of query heads share one head of keys and values.

    head_i = Attention(Q_i, K_⌊i/G⌋, V_⌊i/G⌋),   G = H / H_kv

G = 1 gives every query head keys of its own (as in 2017), G = H one head of keys to all (multi-query attention).
Sources: Ainslie et al., *GQA* (2023), section 2.2; Shazeer, *Fast Transformer Decoding* (2019), section 3, for G = H.

Sizes as in ``attention``; ``H_kv`` heads of keys and values. The matrices of query, key and value lie in one: one
product is faster than three. Left out: keys and values squeezed into a latent vector (MLA).
"""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.attention import check_batch, check_heads
from llmbook.nn.masks import ScoreBias, causal_mask, mask_as_bias
from llmbook.nn.positions import PositionArguments

Queries = Float[Tensor, "B H T d_k"]
Keys = Float[Tensor, "B H_kv S d_k"]


class AttentionArguments(PositionArguments, total=False):
    """What a layer is given besides its input: its positions, and a cache."""

    append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None  # new keys and values in, all of them out


class GroupedQueryAttention(nn.Module):
    """``n_heads`` query heads over ``n_kv_heads`` heads of keys; ``ValueError`` where they cannot be shared equally."""

    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int, *, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        check_groups(d_model, n_heads, n_kv_heads)
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.head_width = d_model // n_heads
        self.dropout = dropout
        self.w_qkv = nn.Linear(d_model, (n_heads + 2 * n_kv_heads) * self.head_width, bias=bias)
        self.w_o = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        score_bias: ScoreBias | None = None,
    ) -> Float[Tensor, "B T D"]:
        """``append`` puts the new keys and values behind the old ones; ``rotate`` turns queries and keys."""
        check_batch("x", x, self.w_o.out_features)
        q, k, v = self.split_heads(x)
        if rotate is not None:
            q, k = rotate(q), rotate(k)
        if append is not None:
            k, v = append(k, v)  # (B, H_kv, S, d_k)
        context = self.attend(q, k, v, score_bias)  # (B, H, T, d_k)
        return self.w_o(context.transpose(1, 2).flatten(2))

    def split_heads(self, x: Float[Tensor, "B T D"]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, H, T, d_k), keys and values (B, H_kv, T, d_k), from one product."""
        heads = self.w_qkv(x).unflatten(-1, (-1, self.head_width)).transpose(1, 2)  # (B, H + 2 H_kv, T, d_k)
        q, k, v = heads.split([self.n_heads, self.n_kv_heads, self.n_kv_heads], dim=1)
        return q, k, v

    def attend(self, q: Queries, k: Keys, v: Keys, score_bias: ScoreBias | None) -> Queries:
        """softmax(Q Kᵀ / √d_k + bias) V, causal, by PyTorch's fused kernel; the queries are the last T of S."""
        T, S = q.shape[2], k.shape[2]
        G = self.n_heads // self.n_kv_heads
        dropout = self.dropout if self.training else 0.0

        # One new position sees everything: the G queries of a group are G rows over the same keys, not copied.
        if T == 1 and score_bias is None:
            grouped = q.reshape(q.shape[0], self.n_kv_heads, G, self.head_width)
            return F.scaled_dot_product_attention(grouped, k, v, dropout_p=dropout).reshape(q.shape)

        if G > 1:
            k = k.repeat_interleave(G, dim=1)
            v = v.repeat_interleave(G, dim=1)
        if T == S and score_bias is None:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=dropout)
        mask = mask_as_bias(causal_mask(T, S, device=q.device), score_bias, q.dtype)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


def check_groups(d_model: int, n_heads: int, n_kv_heads: int) -> None:
    """Raise ``ValueError``, naming the sizes, where heads cannot share the width, or groups the heads, equally."""
    check_heads(d_model, n_heads)
    if n_kv_heads < 1 or n_heads % n_kv_heads:
        raise ValueError(f"n_heads={n_heads} cannot share n_kv_heads={n_kv_heads} heads equally")

r"""Causal self-attention whose keys and values are both read off one short vector, which alone is cached (MLA).

    c_t = W^DKV x_t,   k_{t,i} = W_i^UK c_t,   v_{t,i} = W_i^UV c_t,   d_c << 2 H d_k

A score is q_iᵀ W_i^UK c = (W_i^UKᵀ q_i)ᵀ c: the matrix may be given to the query, and no key is ever made.

Source: DeepSeek-AI, *DeepSeek-V2* (2024), section 2.1.2. Sizes as in ``attention``; ``d_c`` is ``d_latent``. Left out:
its rotary keys, which stand beside the latent since turning by position cannot be given to the query in this way; the
latent of the queries; a norm on the latent.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.attention import attention_weights, check_batch, check_heads
from llmbook.nn.masks import causal_mask


class LatentAttention(nn.Module):
    """``n_heads`` heads over one latent. ``ValueError`` for heads that cannot share the width, or an odd latent."""

    def __init__(self, d_model: int, n_heads: int, d_latent: int, *, bias: bool = True) -> None:
        super().__init__()
        check_heads(d_model, n_heads)
        if d_latent < 2 or d_latent % 2:
            raise ValueError(f"a latent is kept in two halves: d_latent must be even, got {d_latent}")
        self.n_heads = n_heads
        self.head_width = d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=bias)
        self.w_down = nn.Linear(d_model, d_latent, bias=bias)
        self.w_up = nn.Linear(d_latent, 2 * d_model, bias=False)  # keys of all heads, then values
        self.w_o = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
        *,
        absorbed: bool = False,
    ) -> Float[Tensor, "B T D"]:
        """``append`` keeps the latent, its halves where a cache of one head has keys and values.

        ``absorbed`` looks at the latents themselves instead of making keys and values.
        """
        check_batch("x", x, self.w_o.in_features)
        q = self.w_q(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, H, T, d_k)
        c = self.w_down(x)[:, None]  # (B, 1, T, d_c)
        if append is not None:
            c = torch.cat(append(*c.chunk(2, dim=-1)), dim=-1)  # (B, 1, S, d_c)
        c = c.expand(-1, self.n_heads, -1, -1)
        up_k, up_v = self.w_up.weight.unflatten(0, (2, self.n_heads, -1))  # (H, d_k, d_c) each

        mask = causal_mask(q.shape[-2], c.shape[-2], device=x.device)
        scale = self.head_width**-0.5
        if absorbed:
            context = attention_weights(q @ up_k, c, mask, scale=scale) @ c @ up_v.mT
        else:
            context = attention_weights(q, c @ up_k.mT, mask, scale=scale) @ (c @ up_v.mT)
        return self.w_o(context.transpose(1, 2).flatten(2))

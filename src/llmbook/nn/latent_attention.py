r"""Causal self-attention whose keys and values are all read off one short vector, which alone is cached (MLA).

    c_t = RMSNorm(W^DKV x_t),   k_{t,i} = W_i^UK c_t,   v_{t,i} = W_i^UV c_t,   d_c << 2 H d_k
    score = (q_iᵀ k_i + q_i^Rᵀ k^R) / √(d_k + d_r),   q_i^R and k^R turned by their places, k^R the same for all heads

Since q_iᵀ W_i^UK c = (W_i^UKᵀ q_i)ᵀ c, the matrix may be given to the query, and no key is ever made. A rotation that
stood between the two would forbid it, so it has a query and a key of its own.

Source: DeepSeek-AI, *DeepSeek-V2* (2024), sections 2.1.2 and 2.1.3; the norm is that of its section 3.1.2. Sizes as in
``attention``; ``d_c`` is ``d_latent``, and d_r is d_k here. Left out: the latent of the queries.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.attention import attention_weights, check_batch, check_heads
from llmbook.nn.masks import causal_mask
from llmbook.nn.norms import RMSNorm


class LatentAttention(nn.Module):
    """``n_heads`` heads over one latent. ``ValueError`` for heads that cannot share the width, or another latent.

    What is kept of a position are ``d_latent`` + d_k numbers, in two halves, so their sum must be even.
    """

    def __init__(self, d_model: int, n_heads: int, d_latent: int, *, bias: bool = True) -> None:
        super().__init__()
        check_heads(d_model, n_heads)
        self.n_heads = n_heads
        self.head_width = d_model // n_heads
        if d_latent < 1 or (d_latent + self.head_width) % 2:
            raise ValueError(
                f"d_latent >= 1 and the head width must have an even sum, got {d_latent}, {self.head_width}"
            )
        self.w_q = nn.Linear(d_model, 2 * d_model, bias=bias)  # of all heads: for keys of the latent, for rotary ones
        self.w_down = nn.Linear(d_model, d_latent, bias=bias)
        self.w_rotary = nn.Linear(d_model, self.head_width, bias=bias)
        self.norm = RMSNorm(d_latent)
        self.w_up = nn.Linear(d_latent, 2 * d_model, bias=False)  # keys of all heads, then values
        self.w_o = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        *,
        absorbed: bool = False,
    ) -> Float[Tensor, "B T D"]:
        """``append`` keeps latent and rotary key, in halves where a cache of one head has its keys and its values.

        ``rotate`` turns the rotary part; ``absorbed`` looks at the latents instead of making keys and values.
        """
        check_batch("x", x, self.w_o.in_features)
        q, q_r = self.w_q(x).unflatten(-1, (2, self.n_heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, T, d_k) each
        c = self.norm(self.w_down(x))[:, None]  # (B, 1, T, d_c)
        k_r = self.w_rotary(x)[:, None]  # (B, 1, T, d_k)
        if rotate is not None:
            q_r, k_r = rotate(q_r), rotate(k_r)
        if append is not None:
            kept = torch.cat(append(*torch.cat([c, k_r], dim=-1).chunk(2, dim=-1)), dim=-1)  # (B, 1, S, d_c + d_k)
            c, k_r = kept.split([c.shape[-1], self.head_width], dim=-1)
        up_k, up_v = self.w_up.weight.unflatten(0, (2, self.n_heads, -1))  # (H, d_k, d_c) each

        looks = q @ up_k if absorbed else q
        seen = c.expand(-1, self.n_heads, -1, -1) if absorbed else c @ up_k.mT
        queries = torch.cat([looks, q_r], dim=-1)
        keys = torch.cat([seen, k_r.expand(-1, self.n_heads, -1, -1)], dim=-1)
        mask = causal_mask(x.shape[1], c.shape[-2], device=x.device)
        A = attention_weights(queries, keys, mask, scale=(2 * self.head_width) ** -0.5)
        context = A @ c @ up_v.mT if absorbed else A @ (c @ up_v.mT)
        return self.w_o(context.transpose(1, 2).flatten(2))

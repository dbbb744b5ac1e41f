r"""Attention to some of the past: a window, the first positions, each n-th position.

    s <= t   and   (t - s < window   or   s < first   or   (s + 1) mod every = 0)

Sources: Child et al., *Generating Long Sequences with Sparse Transformers* (2019), section 4.2, for windows and strides
(their "fixed" pattern has windows that do not overlap); Xiao et al., *Efficient Streaming Language Models with
Attention Sinks* (2024), section 3.2, for the first positions. Queries are taken in blocks, so that what no query of
a block may see is never computed: T (window + first + T/every + block) scores instead of T². Left out: a cache that
lets go of keys (see ``cache``), patterns that differ between heads, and windows to both sides (``window_mask``).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from llmbook.nn.attention import attention_weights, check_sizes


@dataclass(frozen=True)
class Pattern:
    """Which keys a query may see. Raises ``ValueError`` for a window below 1, or another number below 0."""

    window: int  # itself and the window - 1 positions before it
    first: int = 0  # and so many at the beginning
    every: int = 0  # and each every-th position; 0 for none

    def __post_init__(self) -> None:
        if self.window < 1 or self.first < 0 or self.every < 0:
            raise ValueError(f"a pattern needs window >= 1, first >= 0 and every >= 0, got {self}")

    def allows(self, t: Int[Tensor, "*#n"], s: Int[Tensor, "*#n"]) -> Bool[Tensor, "*#n"]:
        """True where the query at t may look at the key at s."""
        seen = (t - s < self.window) | (s < self.first)
        if self.every:
            seen = seen | ((s + 1) % self.every == 0)
        return seen & (s <= t)

    def mask(self, T: int) -> Bool[Tensor, "T T"]:
        """The whole mask, as ``masks`` has them. Raises ``ValueError`` for T below 1."""
        if T < 1:
            raise ValueError(f"a mask needs T >= 1, got {T}")
        t = torch.arange(T)
        return self.allows(t[:, None], t)

    def keys(self, start: int, end: int) -> Int[Tensor, " n"]:
        """The positions that any of the queries start … end - 1 may see, in order, each once."""
        nearest = max(0, start - self.window + 1)
        parts = [torch.arange(min(self.first, nearest))]
        if 0 < self.every <= nearest:
            parts.append(torch.arange(self.every - 1, nearest, self.every))
        return torch.cat([torch.cat(parts).unique(), torch.arange(nearest, end)])


def sparse_attention(
    q: Float[Tensor, "*batch T d_k"],
    k: Float[Tensor, "*batch T d_k"],
    v: Float[Tensor, "*batch T d_v"],
    pattern: Pattern,
    *,
    block: int = 64,
) -> Float[Tensor, "*batch T d_v"]:
    """Causal attention to what the pattern allows, ``block`` queries at a time.

    Raises ``ValueError`` for sizes that do not fit, for other numbers of queries and keys, and for ``block`` below 1.
    """
    check_sizes(q, k, v)
    T = q.shape[-2]
    if k.shape[-2] != T or block < 1:
        raise ValueError(f"as many keys as queries and block >= 1 are needed, got {T}, {k.shape[-2]} and {block}")

    starts = range(0, T, block)
    seen = [pattern.keys(start, min(start + block, T)) for start in starts]
    sizes = [len(keys) for keys in seen]
    # All blocks take their keys at once: cut one by one, each cut would have a gradient of T rows.
    taken = torch.cat(seen).to(q.device)
    blocks = zip(q.split(block, -2), *(x.index_select(-2, taken).split(sizes, -2) for x in (k, v)), strict=True)

    contexts: list[Tensor] = []
    for start, keys, (q_block, k_block, v_block) in zip(starts, seen, blocks, strict=True):
        t = torch.arange(start, start + q_block.shape[-2])
        weights = attention_weights(q_block, k_block, pattern.allows(t[:, None], keys).to(q.device))
        contexts.append(weights @ v_block)
    return torch.cat(contexts, dim=-2)

r"""Attention without the softmax: a sum that can be carried along, so that its cost grows as the length does.

    c_t = φ(q_t)ᵀ S_t / φ(q_t)ᵀ z_t,   S_t = S_{t-1} + φ(k_t) v_tᵀ,   z_t = z_{t-1} + φ(k_t),   φ(x) = elu(x) + 1

Source: Katharopoulos et al., *Transformers are RNNs* (2020), equations 7, 16 to 20. The vector z is kept as one more
column of S, that of a value of 1. Left out: forgetting, and other φ.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, cat

from llmbook.nn.attention import check_sizes


def linear_attention(
    q: Float[Tensor, "*batch T d_k"],
    k: Float[Tensor, "*batch T d_k"],
    v: Float[Tensor, "*batch T d_v"],
    state: Float[Tensor, "*batch d_k e"] | None = None,
    *,
    chunk: int = 64,
) -> tuple[Float[Tensor, "*batch T d_v"], Float[Tensor, "*batch d_k e"]]:
    """The contexts, and the state (S beside z, e = d_v + 1) to go on from. Causal.

    Inside a chunk all is computed at once, from chunk to chunk the state is carried: ``chunk=1`` is the recurrence, and
    a chunk as long as the text needs a T × T matrix. Raises ``ValueError`` for sizes that do not fit, and for ``chunk``
    below 1.
    """
    check_sizes(q, k, v)
    if k.shape[-2] != q.shape[-2] or chunk < 1:
        raise ValueError(f"as many keys as queries and chunk >= 1 are needed, got {q.shape}, {k.shape} and {chunk}")
    q = F.elu(q) + 1
    k = F.elu(k) + 1
    v = F.pad(v, (0, 1), value=1.0)  # the last column sums the weights
    carried = q.new_zeros(*q.shape[:-2], q.shape[-1], v.shape[-1]) if state is None else state

    sums: list[Tensor] = []
    for q_c, k_c, v_c in zip(*(x.split(chunk, dim=-2) for x in (q, k, v)), strict=True):
        inside = (q_c @ k_c.mT).tril() @ v_c
        sums.append(inside + q_c @ carried)
        carried = carried + k_c.mT @ v_c
    total = cat(sums, dim=-2)
    return total[..., :-1] / total[..., -1:], carried

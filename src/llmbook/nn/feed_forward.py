r"""The layer between two attentions: each position by itself, through a wider layer and back.

    FFN(x) = W_2 activation(W_1 x + b_1) + b_2          SwiGLU(x) = W_2 (silu(W_g x) · W_1 x)

In 2017 the activation was max(0, ·), in GPT-2 it is gelu. Of the two matrices that SwiGLU reads with, W_g lies above
W_1 in one ``w_1``.

Sources: Vaswani et al., *Attention Is All You Need* (2017), section 3.3; Shazeer, *GLU Variants Improve Transformer*
(2020), eq. 6. Sizes: ``D`` model width, ``F`` feed-forward width. Left out: mixtures of experts.
"""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]


class PositionwiseFeedForward(nn.Module):
    """W_2 · activation(W_1 · x), the same for every position."""

    def __init__(
        self, d_model: int, d_ff: int, *, dropout: float = 0.0, activation: Activation = F.relu, bias: bool = True
    ) -> None:
        super().__init__()
        self.w_1 = nn.Linear(d_model, d_ff, bias=bias)
        self.w_2 = nn.Linear(d_ff, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)
        self.activation = activation

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        return self.w_2(self.dropout(self.activation(self.w_1(x))))


class SwiGLU(nn.Module):
    """W_2 (silu(W_g x) · W_1 x): one product opens and closes the other."""

    def __init__(self, d_model: int, d_ff: int, *, bias: bool = False) -> None:
        super().__init__()
        self.w_1 = nn.Linear(d_model, 2 * d_ff, bias=bias)  # W_g above W_1: one product is faster than two
        self.w_2 = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        gate, up = self.w_1(x).chunk(2, dim=-1)  # each (…, F)
        return self.w_2(F.silu(gate) * up)

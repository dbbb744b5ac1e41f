r"""Normalising a row: by mean and spread (LayerNorm, PyTorch's own layer is used), or by size alone.

    LayerNorm(x) = g · (x - mean(x)) / √(var(x) + ε) + b        RMSNorm(x) = g · x / √(mean(x²) + ε)

Source: Ba et al., *Layer Normalization* (2016), section 3; Zhang and Sennrich, *Root Mean Square Layer Normalization*
(2019), eq. 4. Left out: norms over a batch.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """LayerNorm without the mean and without the shift."""

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_model))
        self.eps = eps

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # in float16 the square of 256 would be infinite
        mean_square = wide.square().mean(dim=-1, keepdim=True)
        return self.weight * (wide * torch.rsqrt(mean_square + self.eps)).to(x.dtype)

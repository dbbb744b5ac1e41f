r"""A model that computes with its codes: linear layers whose weights stay packed in 8 or 4 bits.

    y_n = s_n Σ_d q_nd x_d  (8 bits, a scale a row),     y_n = Σ_g Σ_{d in g} (s_ng (q_nd - 8) + z_ng) x_d  (4 bits)

A token's time is that of reading its weights, so fewer bytes are fewer seconds, where a kernel turns codes into numbers
on the way. These are PyTorch's own for processors, which read x, the scales and the offsets in bfloat16. A free offset
m of ``grids`` is z - 8 s.

Source: PyTorch's kernels ``aten/src/ATen/native/cpu/int8mm_kernel.cpp`` and ``int4mm_kernel.cpp``. Left out: the
embedding, of which a token reads one row; many rows of x, for which other kernels are faster.
"""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.compression.grids import Scheme, quantise
from llmbook.models.causal_lm import CausalLM

aten = torch.ops.aten
GROUP = 32  # numbers that share a scale and an offset, in 4 bits
SCHEMES = {8: Scheme(bits=8), 4: Scheme(bits=4, group=GROUP, offset="free")}
ROWS = 16  # the kernel of 4 bits takes outputs in sixteens


class PackedLinear(nn.Module):
    """A linear layer without a bias, in 8 or 4 bits a weight.

    Raises ``ValueError`` for other bits, a bias, and shapes that the kernel does not take.
    """

    codes: Tensor
    scales: Tensor

    def __init__(self, layer: nn.Linear, bits: int) -> None:
        super().__init__()
        if bits not in SCHEMES:
            raise ValueError(f"bits must be 4 or 8, got {bits!r}")
        if "bias" in dict(layer.named_parameters()):
            raise ValueError("a layer with a bias cannot be packed")
        if bits == 4 and (layer.out_features % ROWS or layer.in_features % GROUP):
            shape = f"{layer.out_features} × {layer.in_features}"
            raise ValueError(f"in 4 bits, rows come in {ROWS}s and columns in {GROUP}s; got {shape}")
        self.bits = bits
        self.out_features, self.in_features = layer.out_features, layer.in_features
        found = quantise(layer.weight.detach(), SCHEMES[bits])
        codes = found.codes.reshape(layer.weight.shape)
        if bits == 8:
            codes = (codes.short() - 127).to(torch.int8)
            scales = found.scale[:, 0].bfloat16()
        else:
            codes = aten._convert_weight_to_int4pack_for_cpu(codes.int(), 1)
            pairs = torch.cat([found.scale, found.offset + 8 * found.scale], dim=1)
            scales = pairs.view(self.out_features, -1, 2).transpose(0, 1).contiguous().bfloat16()
        self.register_buffer("codes", codes)
        self.register_buffer("scales", scales)

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch N"]:
        """Computed in bfloat16, given back in the dtype of ``x``."""
        rows = x.reshape(-1, self.in_features).bfloat16()
        if self.bits == 8:
            y = aten._weight_int8pack_mm(rows, self.codes, self.scales)
        else:
            y = aten._weight_int4pack_mm_for_cpu(rows, self.codes, GROUP, self.scales)
        return y.to(x.dtype).reshape(*x.shape[:-1], self.out_features)


def packed(model: CausalLM, bits: int, *, output_bits: int | None = None) -> CausalLM:
    """A copy whose linear layers are packed, the output's in ``output_bits`` where they are told; raises as they do."""
    new = copy.deepcopy(model).requires_grad_(False)
    for name, layer in list(new.named_modules()):
        if isinstance(layer, nn.Linear):
            new.set_submodule(name, PackedLinear(layer, output_bits or bits if name == "output" else bits))
    return new


def bytes_read(model: CausalLM) -> list[int]:
    """Bytes that one token reads of each linear layer; of the embedding it reads one row, which is not counted."""
    layers = (part for part in model.modules() if isinstance(part, nn.Linear | PackedLinear))
    return [sum(held.numel() * held.element_size() for held in layer.state_dict().values()) for layer in layers]

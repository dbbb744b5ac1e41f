r"""Reversible layers: nothing is kept, for the inputs are computed back from the outputs.

    y_1 = x_1 + F(x_2),   y_2 = x_2 + G(y_1)        x_2 = y_2 - G(y_1),   x_1 = y_1 - F(x_2)

Source: Gomez et al., *The Reversible Residual Network* (2017). In floating
point the inputs come back nearly, not exactly. Left out: dropout, which would need its random states.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn


class Backwards(torch.autograd.Function):
    """All layers at once; of all that they compute only the last output is kept."""

    @staticmethod
    def forward(ctx: Any, layers: "Reversible", x_1: Tensor, x_2: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
        ctx.layers = layers
        y_1, y_2 = layers.plain(x_1, x_2)
        ctx.save_for_backward(y_1, y_2)
        return y_1, y_2

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        y_1, y_2 = ctx.saved_tensors
        g_1, g_2 = grads
        of_weights: list[Tensor] = []
        for f, g in reversed(ctx.layers.pairs()):
            x_2, g_1, of_g = undone(g, y_2, y_1, g_2, g_1)
            x_1, g_2, of_f = undone(f, y_1, x_2, g_1, g_2)
            y_1, y_2 = x_1, x_2
            of_weights = [*of_f, *of_g, *of_weights]
        return None, g_1, g_2, *of_weights


def undone(
    layer: nn.Module, out: Tensor, x: Tensor, g_out: Tensor, g_x: Tensor
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Of ``out = old + layer(x)``: old, the gradient of x with what it had, and those of the layer's weights."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        y = layer(x.view_as(x))
    grads = torch.autograd.grad(y, (x, *layer.parameters()), g_out)
    return out - y.detach(), g_x + grads[0], grads[1:]


class Reversible(nn.Module):
    """A stack of pairs (F, G), each from width D to width D. The gradients are those of ``plain``."""

    def __init__(self, *pairs: tuple[nn.Module, nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.ModuleList(pair) for pair in pairs)

    def pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        return [(f, g) for f, g in cast(Any, self.layers)]

    def plain(self, x_1: Tensor, x_2: Tensor) -> tuple[Tensor, Tensor]:
        """The same, with all kept that autograd keeps."""
        for f, g in self.pairs():
            x_1 = x_1 + f(x_2)
            x_2 = x_2 + g(x_1)
        return x_1, x_2

    def forward(self, x_1: Tensor, x_2: Tensor) -> tuple[Tensor, Tensor]:
        return cast(Any, Backwards.apply(self, x_1, x_2, *self.parameters()))

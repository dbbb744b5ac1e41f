"""Gradient checkpointing: a part keeps its input only, and is computed again when its gradients are asked for.

Dropout must drop the same numbers the second time, so the random state of the first time is restored, and afterwards
the later state again. Source: Chen et al., *Training Deep Nets with Sublinear Memory Cost* (2016). Left out:
other devices than the processor, autocast, gradients of gradients: ``torch.utils.checkpoint`` has them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Checkpoint(torch.autograd.Function):
    """``function(x)``, of which x is kept and nothing else; ``weights`` are what else it depends on."""

    @staticmethod
    def forward(ctx: Any, function: Callable[[Tensor], Tensor], x: Tensor, *weights: Tensor) -> Tensor:
        ctx.function = function
        ctx.random = torch.get_rng_state()
        ctx.save_for_backward(x, *weights)
        return function(x)  # autograd records nothing in here

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        x, *weights = ctx.saved_tensors
        x = x.detach().requires_grad_(ctx.needs_input_grad[1])
        with torch.random.fork_rng(devices=()), torch.enable_grad():
            torch.set_rng_state(ctx.random)
            y = ctx.function(x.view_as(x))  # PyTorch's counter of operations wants no leaf here
        wanted = [t for t in (x, *weights) if t.requires_grad]
        found = iter(torch.autograd.grad(y, wanted, grads, allow_unused=True))
        return None, *(next(found) if t.requires_grad else None for t in (x, *weights))


def checkpoint(layer: nn.Module, x: Tensor) -> Tensor:
    """``layer(x)`` with the same gradients, of x and of the layer's weights, in less memory."""
    return Checkpoint.apply(layer, x, *layer.parameters())  # pyright: ignore


def in_segments(layers: Sequence[nn.Module] | nn.Sequential, x: Tensor, length: int) -> Tensor:
    """A chain of layers of which every ``length``-th input is kept. Raises ``ValueError`` for a length below 1."""
    if length < 1:
        raise ValueError(f"a segment has at least 1 layer, got {length}")
    for start in range(0, len(layers), length):
        x = checkpoint(nn.Sequential(*list(layers)[start : start + length]), x)
    return x

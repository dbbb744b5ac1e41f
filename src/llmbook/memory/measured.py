"""What a computation costs, counted: its work and its memory; and how far apart two results are.

Source: ``torch.utils.flop_counter``. Left out: work other than products of matrices, and on a processor what the fused
attention does inside.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from llmbook.memory.live_bytes import LiveBytes


def operations(run: Callable[..., object], *arguments: object) -> int:
    """The multiplications and additions in the products of matrices of ``run(*arguments)``, both ways."""
    with FlopCounterMode(display=False) as counter:
        run(*arguments)
    return counter.get_total_flops()


def peak_bytes(model: nn.Module, run: Callable[..., object], *arguments: object) -> int:
    """The most bytes that ``run(*arguments)`` holds at once, besides the weights and their gradients."""
    for w in model.parameters():
        w.grad = torch.zeros_like(w)
    with LiveBytes() as memory:
        run(*arguments)
    return memory.peak


def relative_error(found: Tensor, right: Tensor) -> float:
    """The length of the difference, in lengths of what is right."""
    return ((found - right).norm() / right.norm()).item()

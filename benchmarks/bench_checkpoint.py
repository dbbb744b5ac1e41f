"""A checkpoint every block against everything kept: the time of a way there and back; a third more work in matrices."""

from collections.abc import Callable

import torch
from timing import Result, side_by_side
from torch import nn

from llmbook.memory import in_segments
from llmbook.models import CausalLMConfig
from llmbook.models.causal_lm import Block

D, H, LAYERS, B, T = 256, 8, 6, 4, 256


def bench_checkpoint() -> list[Result]:
    """The ratio of medians; the bar is a third more, and a breath for norms and softmax."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = CausalLMConfig(vocab=2, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=4 * D, max_len=T)
    blocks = nn.Sequential(*(Block(config) for _ in range(LAYERS)))
    x = torch.randn(B, T, D, requires_grad=True)

    def step(run: Callable[[], torch.Tensor]) -> None:
        blocks.zero_grad(set_to_none=True)
        run().square().mean().backward()

    a, b, ratio = side_by_side(
        lambda: step(lambda: in_segments(blocks, x, 1)), lambda: step(lambda: blocks(x)), rounds=20
    )
    note = f"{a * 1e3:.0f} ms against {b * 1e3:.0f} ms; {LAYERS} blocks, D={D}, T={T}, B={B}, one thread"
    what = "a checkpoint every block, forward and backward, against everything kept"
    return [Result(what, round(ratio, 3), "×", 1.35, note)]

"""Our multi-head attention against PyTorch's own layer: forward and backward, the same sizes, no weights returned."""

import torch
from timing import Result, side_by_side
from torch import nn

from llmbook.nn import MultiHeadAttention

D, H, B = 256, 8, 4


def step(layer: nn.Module, x: torch.Tensor, call) -> None:
    layer.zero_grad(set_to_none=True)
    call(layer, x).square().mean().backward()


def bench_multi_head_attention() -> list[Result]:
    """The ratio of medians at three lengths; the bar is PyTorch's own time."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours = MultiHeadAttention(D, H)
    theirs = nn.MultiheadAttention(D, H, batch_first=True)
    results = []
    for T in (64, 256, 1024):
        x = torch.randn(B, T, D)
        a, b, ratio = side_by_side(
            lambda x=x: step(ours, x, lambda layer, x: layer(x)),
            lambda x=x: step(theirs, x, lambda layer, x: layer(x, x, x, need_weights=False)[0]),
            rounds=60 if T < 1024 else 20,
        )
        note = f"{a * 1e3:.1f} ms against {b * 1e3:.1f} ms; B={B}, D={D}, H={H}, one thread"
        what = f"MultiHeadAttention, forward and backward, against torch.nn.MultiheadAttention, T={T}"
        results.append(Result(what, round(ratio, 3), "×", 1.0, note))
    return results

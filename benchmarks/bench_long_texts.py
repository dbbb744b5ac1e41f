"""Attention for long texts: tiles by hand against the fused kernel, and how local attention's cost grows."""

import math
from functools import partial

import torch
import torch.nn.functional as F
from timing import Result, seconds, side_by_side

from llmbook.nn import Pattern, attention_weights, causal_mask, sparse_attention, tiled_attention
from llmbook.pages import PeakMemory

B, H, D_K = 1, 4, 32
SHORT, LONG = 512, 8192


def step(attend, q, k, v) -> None:
    """Forward and backward."""
    for x in (q, k, v):
        x.grad = None
    attend(q, k, v).sum().backward()


def inputs(T: int, heads: int = H) -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(B, heads, T, D_K, requires_grad=True) for _ in range(3)]


def bench_tiled_attention() -> list[Result]:
    """The ratio of medians at 4,096 positions; the bar is three times the fused kernel's own time."""
    torch.set_num_threads(1)
    x = inputs(4096)
    ours = partial(step, partial(tiled_attention, causal=True), *x)
    theirs = partial(step, partial(F.scaled_dot_product_attention, is_causal=True), *x)
    a, b, ratio = side_by_side(ours, theirs, rounds=20, warm_up=2)
    note = f"{a * 1e3:.0f} ms against {b * 1e3:.0f} ms; B={B}, H={H}, d_k={D_K}, one thread"
    what = "Tiled attention by hand, forward and backward, against the fused kernel, T=4096"
    return [Result(what, round(ratio, 3), "×", 3.0, note)]


def exponents(attend) -> tuple[float, float]:
    """Of time, the least of five, and of the memory of tensors: T^a from SHORT to LONG."""
    times, peaks = [], []
    for T in (SHORT, LONG):
        x = inputs(T, heads=1)
        step(attend, *x)  # warm
        times.append(min(seconds(partial(step, attend, *x)) for _ in range(5)))
        with PeakMemory() as memory:
            step(attend, *x)
        peaks.append(memory.peak)
    return tuple(math.log(large / small) / math.log(LONG / SHORT) for small, large in (times, peaks))


def bench_local_attention() -> list[Result]:
    """How time and memory of a window grow; full attention beside it, without a bar."""
    torch.set_num_threads(1)
    results = []
    ways = {
        "Local attention, window 128": (lambda q, k, v: sparse_attention(q, k, v, Pattern(128)), 1.1),
        "Full attention": (lambda q, k, v: attention_weights(q, k, causal_mask(q.shape[-2])) @ v, None),
    }
    for name, (attend, bar) in ways.items():
        note = f"forward and backward, B={B}, one head, d_k={D_K}, one thread"
        for what, exponent in zip(("time", "memory"), exponents(attend), strict=True):
            results.append(Result(f"{name}, exponent of {what}, {SHORT} to {LONG}", round(exponent, 3), "", bar, note))
    return results

"""What a smaller model is worth: its size, its time, and what it loses on the same held-out speeches; page 3.8.

Left out: computing with the codes; the rounded numbers stand where the others stood.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from llmbook.compression.grids import Scheme, rounded
from llmbook.compression.rounded_models import matrices, replaced
from llmbook.models.causal_lm import CausalLM
from llmbook.pretrained.fewer_bits import numbers, read_windows, rounded_matrices
from llmbook.pretrained.next_word import windows

WINDOWS = 64
LOOKED_AT = 40
FOUR_BITS = Scheme(group=32)
EIGHT_BITS = Scheme(bits=8)


def held_out() -> Int[Tensor, "n 128"]:
    return windows(WINDOWS, seed=3, part="test")


def looked_at() -> Int[Tensor, "n 128"]:
    return windows(LOOKED_AT, seed=1, part="train")


def multiplications(model: CausalLM) -> int:
    """N: of a token, in the matrices of the blocks and in the output."""
    return sum(layer.weight.numel() for layer in (*matrices(model).values(), model.output))


def kilobytes(model: CausalLM, bits: int, removed: float = 0.0) -> float:
    """Of codes, scales, and a mask where single weights were removed; eight bits for tokens, sixteen for the rest."""
    layers = [layer.weight for layer in matrices(model).values()]
    n = sum(weight.numel() for weight in layers)
    table = model.embedding.weight
    scales = len(table) + (sum(map(len, layers)) if bits == 8 else n / 32)
    others = sum(p.numel() for p in model.parameters()) - n - table.numel()
    mask = n if removed else 0
    return ((1 - removed) * bits * n + mask + 8 * table.numel() + 16 * (scales + others)) / 8000


@torch.no_grad()
def measured(model: CausalLM) -> dict[str, list[float]]:
    """The nats of each held-out window, with eight bits a weight, and with four in the blocks."""
    table = model.embedding.weight
    own = table.detach().clone()
    table.data.copy_(rounded(own, EIGHT_BITS))
    found: dict[str, list[float]] = {}
    for bits, scheme in ((8, EIGHT_BITS), (4, FOUR_BITS)):
        with replaced(model, rounded_matrices(model, "nearest", scheme, {})):
            found[f"{bits} bits"] = numbers(read_windows(model, held_out())[0])
    table.data.copy_(own)
    return found


def milliseconds(call: Callable[[], Any], n: int = 200) -> float:
    """Of one thread's own time: the best of n calls, which other work on the machine disturbs least."""
    threads = torch.get_num_threads()
    best = math.inf
    torch.set_num_threads(1)
    for _ in range(n):
        start = time.thread_time()
        call()
        best = min(best, time.thread_time() - start)
    torch.set_num_threads(threads)
    return 1000 * best


def pareto(rows: Sequence[tuple[Any, ...]], by: int) -> list[tuple[Any, ...]]:
    """The rows that none of lower or equal price, ``row[by]``, is as good as; ``row[1]`` is to be small."""
    rows = sorted(rows, key=lambda row: (row[by], row[1]))
    return [row for i, row in enumerate(rows) if all(row[1] < other[1] for other in rows[:i])]

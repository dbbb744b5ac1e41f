"""The numbers that the laboratory of grids comes with: whole rows of real matrices, and of what one of them reads.

Rows are evenly spread, and short enough to be few: 6,144 numbers of each. They are kept as float16, as files of models
keep theirs. MiniLM's file holds 32-bit numbers; that of our GPT has eight bits a weight, with a scale a row; that of
SmolLM2 has four, with a scale and an offset for every 32, so that its numbers have been on a grid before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

FOLDER = Path(__file__).parent / "slices"
LAST = 29  # SmolLM2's last block
TOKENS = slice(8, 57, 16)  # of a window that SmolLM2 reads; the first of all is larger still


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A slice: what it is called, the line of code that takes it, and how many rows it has."""

    title: str
    code: str
    rows: int
    take: Callable[[], Tensor]

    def about(self, name: str) -> dict[str, Any]:
        """All that a front end needs to know, but the numbers."""
        return {"name": name, "title": self.title, "code": self.code, "rows": self.rows}


def minilm() -> Tensor:
    from llmbook.pretrained.minilm import load_minilm

    return load_minilm()[0].get_parameter("encoder.layers.2.feed_forward.w_2.weight")[::96]


def gpt() -> Tensor:
    from llmbook.compression.rounded_models import matrices
    from llmbook.pretrained.own_models import load_stored

    model: Any = load_stored("gpt-speeches")
    return matrices(model)["3.feed_forward.w_2"].weight[::24]


def smollm2() -> Tensor:
    from llmbook.compression.rounded_models import matrices
    from llmbook.pretrained.smollm2 import load_smollm2

    return matrices(load_smollm2()[0])["10.feed_forward.w_2"].weight[::144]


@torch.no_grad()
def inputs() -> Tensor:
    from llmbook.compression.rounded_models import matrices
    from llmbook.pretrained.fewer_bits import looked_at
    from llmbook.pretrained.smollm2 import load_smollm2

    model, tokenizer = load_smollm2()
    read: list[Tensor] = []
    layer = matrices(model)[f"{LAST}.feed_forward.w_2"]
    hook = layer.register_forward_pre_hook(lambda _, arguments: read.append(arguments[0][0]))
    model(looked_at(tokenizer)[:1, :-1])
    hook.remove()
    return read[0][TOKENS]


SLICES = {
    "minilm": Prepared(
        title="MiniLM: weights, never rounded",
        code='w = minilm.get_parameter("encoder.layers.2.feed_forward.w_2.weight")[::96].half()',
        rows=4,
        take=minilm,
    ),
    "gpt": Prepared(
        title="the book’s GPT: weights",
        code='w = matrices(gpt)["3.feed_forward.w_2"].weight[::24].half()',
        rows=8,
        take=gpt,
    ),
    "smollm2": Prepared(
        title="SmolLM2: weights, from a file of four bits",
        code='w = matrices(smol)["10.feed_forward.w_2"].weight[::144].half()',
        rows=4,
        take=smollm2,
    ),
    "inputs": Prepared(
        title="SmolLM2: inputs of its last matrix, with outliers",
        code=f'w = x[8:57:16].half()  # what matrices(smol)["{LAST}.feed_forward.w_2"] reads',
        rows=4,
        take=inputs,
    ),
}


def made(name: str) -> Float[Tensor, "rows columns"]:
    """A slice from the real model, in float16. Raises ``HubError`` (see ``hub``)."""
    return SLICES[name].take().detach().half()


@cache
def packed(name: str) -> bytes:
    """The stored numbers, little-endian."""
    return (FOLDER / f"{name}.f16").read_bytes()


def store(folder: Path = FOLDER) -> None:
    """Take all of them from the real models, and write them."""
    folder.mkdir(exist_ok=True)
    for name in SLICES:
        (folder / f"{name}.f16").write_bytes(made(name).numpy().astype("<f2").tobytes())

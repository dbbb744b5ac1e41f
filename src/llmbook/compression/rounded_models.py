"""Fewer bits for a whole model: what its matrices read, other matrices in their places, and a cache that is rounded.

Rounded numbers stand where the others stood, as ordinary floats: what is measured is what the few bits cost in quality.
Sources: Liu et al., *KIVI* (2024), section 3, for keys in groups along the positions and values along the width. Left
out: computing with the codes, which needs kernels of its own; the embedding and the output.
"""

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.compression.grids import Scheme, rounded
from llmbook.models.causal_lm import CausalLM
from llmbook.nn.cache import Heads, KVCache


@dataclass
class Inputs:
    """What a matrix has read, summed up."""

    moment: Float[Tensor, "D D"]  # Xᵀ X / N
    sizes: Float[Tensor, " D"]  # the mean of |x|
    largest: Float[Tensor, " D"]  # of |x|


def matrices(model: CausalLM) -> dict[str, nn.Linear]:
    """The linear layers inside the blocks, by name."""
    return {name: part for name, part in model.blocks.named_modules() if isinstance(part, nn.Linear)}


@torch.no_grad()
def read_inputs(model: CausalLM, ids: Int[Tensor, "N T"]) -> dict[str, Inputs]:
    """What each matrix of the blocks is given while the model reads these ids, each row by itself."""
    found: dict[str, Inputs] = {}

    def note(name: str, layer: nn.Module, arguments: tuple[Tensor]) -> None:
        x = arguments[0].flatten(0, 1)
        new = Inputs(x.T @ x / ids.numel(), x.abs().sum(dim=0) / ids.numel(), x.abs().amax(dim=0))
        if name in found:
            old = found[name]
            new = Inputs(old.moment + new.moment, old.sizes + new.sizes, old.largest.maximum(new.largest))
        found[name] = new

    hooks = [layer.register_forward_pre_hook(partial(note, name)) for name, layer in matrices(model).items()]
    try:
        for row in ids:
            model(row[None])
    finally:
        for hook in hooks:
            hook.remove()
    return found


@contextmanager
def replaced(model: CausalLM, weights: Mapping[str, Tensor]) -> Generator[CausalLM, None, None]:
    """The model with these matrices of its blocks, by the names of ``matrices``; afterwards it has its own again.

    Raises ``ValueError`` for a name that it does not have, or a matrix of another shape.
    """
    layers = matrices(model)
    for name, weight in weights.items():
        if name not in layers or layers[name].weight.shape != weight.shape:
            raise ValueError(f"the model has no matrix {name!r} of shape {tuple(weight.shape)}")
    own = {name: layers[name].weight for name in weights}
    try:
        for name, weight in weights.items():
            layers[name].weight = nn.Parameter(weight, requires_grad=False)
        yield model
    finally:
        for name, weight in own.items():
            layers[name].weight = weight


class RoundedCache(KVCache):
    """A cache whose keys and values are rounded when they come; ``None`` leaves them as they are.

    A row is what one head keeps of one position, or, of those named in ``by_channel``, one channel of all positions
    that come together.
    """

    def __init__(
        self,
        model: CausalLM,
        batch: int,
        max_len: int,
        *,
        keys: Scheme | None = None,
        values: Scheme | None = None,
        by_channel: Collection[Literal["keys", "values"]] = (),
    ) -> None:
        config = model.config
        shape = (config.n_layers, batch, config.kv_heads, max_len, config.head_width)
        super().__init__(*shape, like=model.embedding.weight)
        self.schemes = {"keys": keys, "values": values}
        self.by_channel = by_channel

    def append(self, layer: int, k: Heads, v: Heads) -> tuple[Heads, Heads]:
        """As a cache's; raises as it, and as ``quantise``."""
        return super().append(layer, self.kept("keys", k), self.kept("values", v))

    def kept(self, name: Literal["keys", "values"], x: Heads) -> Heads:
        """What is left of new keys or values."""
        scheme = self.schemes[name]
        if scheme is None:
            return x
        return rounded(x.mT, scheme).mT if name in self.by_channel else rounded(x, scheme)

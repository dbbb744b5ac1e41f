"""Keys and values of the positions read so far, so that each is computed once.

Source: Shazeer, *Fast Transformer Decoding* (2019), section 2.4, for what has to be kept and read anew at each step.
Sizes: ``H_kv`` heads of keys and values, ``T`` new positions, ``S`` all positions, ``d_k`` head width, ``N`` sequences.
Left out: pages of a cache shared between sequences, letting go of old positions, and gradients through what is kept.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

Heads = Float[Tensor, "B H_kv _ d_k"]


class KVCache:
    """The caches of all layers, (n_layers, B, H_kv, max_len, d_k) each for keys and values."""

    def __init__(
        self, n_layers: int, batch: int, n_kv_heads: int, max_len: int, head_width: int, *, like: Tensor
    ) -> None:
        """Empty, with the type and on the device of ``like``."""
        shape = (n_layers, batch, n_kv_heads, max_len, head_width)
        self.keys = like.new_zeros(shape)
        self.values = like.new_zeros(shape)
        self.length = 0  # the model adds to it once all layers have appended

    @property
    def batch(self) -> int:
        """How many sequences are read side by side."""
        return self.keys.shape[1]

    @property
    def max_len(self) -> int:
        """How many positions there is room for."""
        return self.keys.shape[3]

    def append(self, layer: int, k: Heads, v: Heads) -> tuple[Heads, Heads]:
        """Store k and v (B, H_kv, T, d_k) behind what layer has; returns all of its keys and values (B, H_kv, S, d_k).

        Raises ``ValueError`` for another number of sequences, where there is no room, and where gradients are wanted:
        the cache is written in place.
        """
        if torch.is_grad_enabled() and (k.requires_grad or v.requires_grad):
            raise ValueError("a cache keeps no gradients: read behind it under torch.no_grad(), or train without one")
        end = self.length + k.shape[2]
        if k.shape[0] != self.batch or end > self.max_len:
            raise ValueError(
                f"a cache of {self.batch} sequences and {self.max_len} positions, {self.length} of them read, "
                f"has no room for keys of shape {tuple(k.shape)}"
            )
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Go on with these rows of the batch, which may repeat (as the beams of a search do)."""
        self.keys = self.keys[:, rows]
        self.values = self.values[:, rows]

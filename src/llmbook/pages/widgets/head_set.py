"""The heads of one sentence: words, queries and keys, and what is known of them; as bytes, and back.

    packed = zlib( n (4 bytes, little-endian) · n bytes of JSON · Q · K )

Q (L, H, T, d_k) and K (L, H_kv, T, d_k) are float16, turned so that one coordinate's numbers at all words are
neighbours, first all low bytes, then all high ones: so zlib finds more to save. The front end's twin is
``web/src/widgets/head_explorer/head_set.ts``.
"""

import json
import math
import zlib
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask
from llmbook.pages.head_scores import head_scores, templates

MASKS = ("own", "none", "causal")
KNOWN = ("words", "layers", "causal", "rest", "pronouns", "names")


@dataclass(frozen=True, kw_only=True)
class HeadSet:
    """Heads of layers ``layers``, which are named by layer and head: L16H0."""

    words: list[str]
    q: Tensor  # (L, H, T, d_k), float16
    k: Tensor  # (L, H_kv, T, d_k), float16: groups of H / H_kv heads share keys
    layers: list[int]
    causal: bool  # whether the model itself hides what is ahead
    rest: list[int] = field(default_factory=lambda: [0])  # places that mean nothing: see ``head_scores``
    pronouns: list[list[int]] = field(default_factory=list[list[int]])  # (pronoun, right, wrong)
    names: dict[str, str] = field(default_factory=dict[str, str])  # what a head is called besides L16H0

    @property
    def labels(self) -> list[str]:
        """L0H0, L0H1, …"""
        return [f"L{layer}H{head}" for layer in self.layers for head in range(self.q.shape[1])]

    def weights(self, temperature: float = 1.0, scaled: bool = True, mask: str = "own") -> Float[Tensor, "L H T T"]:
        """The weights of all heads under these settings, in float64."""
        root = math.sqrt(self.q.shape[-1]) if scaled else 1.0
        k = self.k.double().repeat_interleave(self.q.shape[1] // self.k.shape[1], dim=1)
        hides = self.causal if mask == "own" else mask == "causal"
        may_attend = causal_mask(len(self.words)) if hides else None
        return attention_weights(self.q.double(), k, may_attend, scale=1 / (root * temperature))

    def scores(self, weights: Float[Tensor, "L H T T"]) -> dict[str, Float[Tensor, "L H"]]:
        """By kind, those that this sentence has: see ``head_scores``."""
        made = templates(self.words, self.rest, self.pronouns)
        return {kind: head_scores(weights, template) for kind, template in made.items()}

    def about(self) -> dict[str, Any]:
        """All but the tensors, and their sizes, as JSON has it."""
        sizes = {"n_heads": self.q.shape[1], "n_kv_heads": self.k.shape[1], "d_k": self.q.shape[-1]}
        return {**{name: getattr(self, name) for name in KNOWN}, **sizes}

    def pack(self) -> bytes:
        about = json.dumps(self.about()).encode()
        return zlib.compress(len(about).to_bytes(4, "little") + about + to_planes(self.q) + to_planes(self.k), 9)


def unpack(packed: bytes) -> HeadSet:
    """What :meth:`HeadSet.pack` has packed."""
    plain = zlib.decompress(packed)
    start = 4 + int.from_bytes(plain[:4], "little")
    about = json.loads(plain[4:start])
    sizes = (len(about["layers"]), -1, len(about["words"]), about["d_k"])
    middle = start + 2 * sizes[0] * about["n_heads"] * sizes[2] * sizes[3]
    q, k = (from_planes(part, sizes) for part in (plain[start:middle], plain[middle:]))
    return HeadSet(q=q, k=k, **{name: about[name] for name in KNOWN})


def to_planes(x: Tensor) -> bytes:
    numbers = x.transpose(-2, -1).contiguous().numpy().astype("<f2").tobytes()
    return numbers[0::2] + numbers[1::2]


def from_planes(planes: bytes, sizes: tuple[int, int, int, int]) -> Tensor:
    numbers = bytearray(len(planes))
    numbers[0::2] = planes[: len(planes) // 2]
    numbers[1::2] = planes[len(planes) // 2 :]
    layers, heads, T, d_k = sizes
    return torch.frombuffer(numbers, dtype=torch.float16).reshape(layers, heads, d_k, T).transpose(-2, -1)


def coarse(q: Tensor, k: Tensor, step: float) -> tuple[Tensor, Tensor]:
    """Q and K as float16 with fewer digits where digits do not matter, so that they pack into less.

    A coordinate's numbers become multiples of a power of two: the smaller, the larger the numbers are that they meet
    in the product, so that each product is off by about as much. No step is above 1.
    """
    group = q.shape[1] // k.shape[1]
    met_by_q = k.square().mean(dim=2, keepdim=True).sqrt().repeat_interleave(group, dim=1)
    met_by_k = q.square().mean(dim=2, keepdim=True).sqrt().unflatten(1, (-1, group)).mean(dim=2)
    rounded = [
        (x / (grid := 2.0 ** (step / met).log2().floor().clamp(max=0))).round() * grid
        for x, met in ((q, met_by_q), (k, met_by_k))
    ]
    return rounded[0].half(), rounded[1].half()

"""The exercises of page 5.4: from the parts of 2017 to those of today's language models."""

import torch
from torch import Tensor

from llmbook.attention import causal_mask
from llmbook.decoder import Config, KVCache, SwiGLU
from llmbook.positions import rotary_turns, rotate
from llmbook.transformer import PositionwiseFeedForward
from llmbook_exercises import Exercise, random

# --- the bytes of a cache --------------------------------------------------------------------------------------


def cache_bytes() -> int:
    """What the library's own cache of this model takes; on this device it has a size, and no numbers."""
    config = Config(vocab=1, d_model=4096, n_heads=32, n_layers=32, d_ff=1, max_len=8192, n_kv_heads=8)
    cache = KVCache(config, 1, 8192, like=torch.empty(0, device="meta", dtype=torch.bfloat16))
    return sum(x.numel() * x.element_size() for x in (cache.keys, cache.values))


BYTES = cache_bytes()

# --- the width of a gated layer --------------------------------------------------------------------------------


def size(layer: type, d_model: int, d_ff: int) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in layer(d_model, d_ff, bias=False).parameters())


BUDGET = size(PositionwiseFeedForward, 4096, 4 * 4096)
WIDTH = next(F for F in range(256, 4 * 4096, 256) if size(SwiGLU, 4096, F) >= BUDGET)

# --- turning pairs ---------------------------------------------------------------------------------------------


def turned(x: Tensor, base: float = 10000.0) -> Tensor:
    return rotate(x, rotary_turns(x.shape[-2], x.shape[-1], base))


def turned_back(x: Tensor, base: float = 10000.0) -> Tensor:
    return rotate(x, rotary_turns(x.shape[-2], x.shape[-1], base).conj())


def turned_by_one(x: Tensor, base: float = 10000.0) -> Tensor:
    return rotate(x, rotary_turns(x.shape[-2], x.shape[-1], base, start=1))


def turned_halves(x: Tensor, base: float = 10000.0) -> Tensor:
    return rotate(x, rotary_turns(x.shape[-2], x.shape[-1], base), "half")


def turned_alike(x: Tensor, base: float = 10000.0) -> Tensor:
    return turned(x, 1.0)


EXERCISES = (
    Exercise(
        name="5.4-cache-bytes",
        answer=BYTES,
        right="2 · 32 layers · 8 heads · 128 · 8,192 positions · 2 bytes: exactly one gibibyte, for one reader's text.",
        mistakes={
            "this is half: keys and values are two tables, and a number takes two bytes.": BYTES // 2,
            "the query heads are not stored; count the 8 heads of keys and values.": 4 * BYTES,
            "every layer has a cache of its own; there are 32.": BYTES // 32,
            "a head is 4096 / 32 = 128 wide; 4096 is all 32 query heads side by side.": 32 * BYTES,
        },
        tolerance=0.5,
    ),
    Exercise(
        name="5.4-cache-mask",
        answer=causal_mask,
        probes=((1, 6), (3, 7), (4, 4)),
        right="query t stands at position S − T + t, and with T = S this is the mask you know.",
        mistakes={
            "this is right without a cache; here query 0 stands at position S − T, not at 0.": lambda T, S: torch.ones(
                T, S, dtype=torch.bool
            ).tril(),
            "the mask is inverted: True must mean “may look”.": lambda T, S: ~causal_mask(T, S),
            "each query must see its own key too; this one stops just before it.": lambda T, S: torch.ones(
                T, S, dtype=torch.bool
            ).tril(S - T - 1),
            "this lets the first of several new queries see the second: one too far.": lambda T, S: torch.ones(
                T, S, dtype=torch.bool
            ).tril(S - T + 1),
            "with one new query all is allowed; with three, the first must not see the other two.": lambda T, S: (
                torch.ones(T, S, dtype=torch.bool)
            ),
        },
    ),
    Exercise(
        name="5.4-width",
        answer=WIDTH,
        right="3 · D · F' = 2 · D · 4D gives F' = 8D/3 = 10,922.7, and the next multiple of 256 is 11,008.",
        mistakes={
            "that is 8D/3; round it up to a multiple of 256.": 10923,
            "that is 8D/3 cut off; round it up to a multiple of 256.": 10922,
            "that is the multiple of 256 below 8D/3; round up.": 10752,
            "a gated layer has three matrices, an ungated one two: the width shrinks to 2/3.": 16384,
            "half would be right if there were four matrices; there are three.": 8192,
        },
        tolerance=0.5,
    ),
    Exercise(
        name="5.4-rotate",
        answer=turned,
        probes=((random(5, 6),), (random(2, 7, 4, seed=1),)),
        right="lengths stay, and the product of two turned rows depends on how far apart they stand.",
        mistakes={
            "it turns the other way: (a, b) goes to (a cos φ − b sin φ, a sin φ + b cos φ).": turned_back,
            "positions count from 0: the first row is not turned at all.": turned_by_one,
            "the pairs are neighbours, 2j and 2j + 1; this takes j and j + K/2.": turned_halves,
            "every pair turns at the same rate here; pair j turns by t · 10000^(−2j/K).": turned_alike,
            "the exponent is −2j/K; this one is −j/K.": lambda x: turned(x, 100.0),
            "nothing is turned yet.": lambda x: x,
        },
    ),
)

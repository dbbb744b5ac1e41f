"""The exercises of page 5.6: from the parts of 2017 to those of today's language models."""

from functools import partial

import torch
from torch import Tensor, nn

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.models.causal_lm import CausalLMConfig
from llmbook.nn.cache import KVCache
from llmbook.nn.feed_forward import PositionwiseFeedForward, SwiGLU
from llmbook.nn.masks import causal_mask
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis

# --- the bytes of a cache --------------------------------------------------------------------------------------


def cache_bytes() -> int:
    """What the library's own cache of this model takes; on this device it has a size, and no numbers."""
    config = CausalLMConfig(vocab=1, d_model=4096, n_heads=32, n_layers=32, d_ff=1, max_len=8192, n_kv_heads=8)
    like = torch.empty(0, device="meta", dtype=torch.bfloat16)
    cache = KVCache(config.n_layers, 1, config.kv_heads, config.max_len, config.head_width, like=like)
    return sum(table.numel() * table.element_size() for table in (cache.keys, cache.values))


BYTES = cache_bytes()

CACHE_BYTES = Exercise(
    name="5.6-cache-bytes",
    answer=BYTES,
    right="2 · 32 layers · 8 heads · 128 · 8,192 positions · 2 bytes: exactly one gibibyte, for one reader's text.",
    mistakes=(
        Mistake(BYTES // 2, "this is half: keys and values are two tables, and a number takes two bytes."),
        Mistake(4 * BYTES, "the query heads are not stored; count the 8 heads of keys and values."),
        Mistake(2 * BYTES, "this is twice as much: a number takes two bytes, and keys and values are two tables."),
        Mistake(BYTES / 1e9, "these are gigabytes; the bytes themselves are asked for."),
        Mistake(1, "is that a gibibyte? The bytes themselves are asked for."),
        Mistake(BYTES // 8192, "that is one token; the text has 8,192."),
        Mistake(BYTES // 32, "every layer has a cache of its own; there are 32."),
        Mistake(32 * BYTES, "a head is 4096 / 32 = 128 wide; 4096 is all 32 query heads side by side."),
    ),
)

# --- the mask beside a cache -----------------------------------------------------------------------------------


def lower_triangle(T: int, S: int, *, offset: int) -> Tensor:
    """True where query t may look at key s: s ≤ t + offset."""
    return torch.ones(T, S, dtype=torch.bool).tril(offset)


def as_without_cache(T: int, S: int) -> Tensor:
    """Query 0 at position 0."""
    return lower_triangle(T, S, offset=0)


def inverted(T: int, S: int) -> Tensor:
    """True where a query may not look."""
    return ~causal_mask(T, S)


def without_own_key(T: int, S: int) -> Tensor:
    """One key too few."""
    return lower_triangle(T, S, offset=S - T - 1)


def one_key_ahead(T: int, S: int) -> Tensor:
    """One key too many."""
    return lower_triangle(T, S, offset=S - T + 1)


def shifted_left(T: int, S: int) -> Tensor:
    """s ≤ t − (S − T)."""
    return lower_triangle(T, S, offset=T - S)


def all_allowed(T: int, S: int) -> Tensor:
    """No mask at all."""
    return torch.ones(T, S, dtype=torch.bool)


CACHE_MASK = Exercise(
    name="5.6-cache-mask",
    answer=causal_mask,
    probes=((1, 6), (3, 7), (4, 4), (5, 11)),
    right="query t stands at position S − T + t, and with T = S this is the mask you know.",
    mistakes=(
        Mistake(
            as_without_cache,
            "this is right without a cache; here query 0 stands at position S − T, not at 0.",
        ),
        Mistake(inverted, "the mask is inverted: True must mean “may look”."),
        Mistake(shifted_left, "the diagonal is shifted the wrong way: by S − T to the right."),
        Mistake(without_own_key, "each query must see its own key too; this one stops just before it."),
        Mistake(
            one_key_ahead,
            "this lets the first of several new queries see the second: one too far.",
        ),
        Mistake(
            all_allowed,
            "with one new query all is allowed; with three, the first must not see the other two.",
        ),
    ),
)

# --- the width of a gated layer --------------------------------------------------------------------------------


def size(layer: type[nn.Module], d_model: int, d_ff: int) -> int:
    """The parameters of a feed-forward layer without biases."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in layer(d_model, d_ff, bias=False).parameters())


BUDGET = size(PositionwiseFeedForward, 4096, 4 * 4096)

WIDTH = Exercise(
    name="5.6-width",
    answer=next(d_ff for d_ff in range(256, 4 * 4096, 256) if size(SwiGLU, 4096, d_ff) >= BUDGET),
    right="3 · D · F' = 2 · D · 4D gives F' = 8D/3 = 10,922.7, and the next multiple of 256 is 11,008.",
    mistakes=(
        Mistake(8 * 4096 / 3, "that is 8D/3; round it up to a multiple of 256, so that processors like it."),
        Mistake(10923, "that is 8D/3; round it up to a multiple of 256."),
        Mistake(10922, "that is 8D/3 cut off; round it up to a multiple of 256."),
        Mistake(10752, "that is the multiple of 256 below 8D/3; round up."),
        Mistake(16384, "a gated layer has three matrices, an ungated one two: the width shrinks to 2/3."),
        Mistake(8192, "half would be right if there were four matrices; there are three."),
    ),
)

# --- turning pairs ---------------------------------------------------------------------------------------------


def turn(x: Tensor, *, base: float = 10000.0, start: int = 0) -> Tensor:
    """Each row of x (…, T, K) with its pairs turned, as the library does it."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1], base, start=start))


def turn_back(x: Tensor) -> Tensor:
    """The other way."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1]).conj())


def turn_halves(x: Tensor) -> Tensor:
    """Coordinates j and j + K/2 as pairs."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1]), "half")


def not_turned(x: Tensor) -> Tensor:
    """As it was."""
    return x


def pairs_apart(x: Tensor) -> Tensor:
    """All the first halves of the pairs, and then all the second: joined and not interleaved."""
    turned = turn(x)
    return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)


ROTATE = Exercise(
    name="5.6-rotate",
    answer=turn,
    probes=(
        (random_normal(5, 6),),
        (random_normal(2, 7, 4, seed=1),),
        (random_normal(2, 3, 5, 2, seed=2),),
        (random_normal(11, 10, seed=3),),
    ),
    right="lengths stay, and the product of two turned rows depends on how far apart they stand.",
    mistakes=(
        Mistake(
            turn_back,
            "it turns the other way: (a, b) goes to (a cos φ − b sin φ, a sin φ + b cos φ).",
        ),
        Mistake(partial(turn, start=1), "positions count from 0: the first row is not turned at all."),
        Mistake(turn_halves, "the pairs are neighbours, 2j and 2j + 1; this takes j and j + K/2."),
        Mistake(
            partial(turn, base=1.0),
            "every pair turns at the same rate here; pair j turns by t · 10000^(−2j/K).",
        ),
        Mistake(partial(turn, base=1e-4), "the exponent is negative, −2j/K: later pairs turn more slowly."),
        Mistake(partial(turn, base=100.0), "the exponent is −2j/K; this one is −j/K."),
        Mistake(
            pairs_apart,
            "turned rightly, but joined with cat: the pairs belong side by side, torch.stack(…, dim=-1).flatten(-2).",
        ),
        Mistake(not_turned, "nothing is turned yet."),
    ),
)

EXERCISES = (CACHE_BYTES, CACHE_MASK, WIDTH, ROTATE)

"""The exercises of page 5.5: the parts that have changed since 2017."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.nn.feed_forward import PositionwiseFeedForward, SwiGLU
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis

Norm = Callable[[Tensor], Tensor]

# --- the width of a gated layer --------------------------------------------------------------------------------


def size(layer: type[nn.Module], d_model: int, d_ff: int) -> int:
    """The parameters of a feed-forward layer without biases."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in layer(d_model, d_ff, bias=False).parameters())


BUDGET = size(PositionwiseFeedForward, 4096, 4 * 4096)

WIDTH = Exercise(
    name="5.5-width",
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
    """Each row of x (…, T, d_k) with its pairs turned, as the library does it."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1], base, start=start))


def turn_back(x: Tensor) -> Tensor:
    """The other way."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1]).conj())


def turn_halves(x: Tensor) -> Tensor:
    """Coordinates j and j + d_k/2 as pairs."""
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1]), "half")


def not_turned(x: Tensor) -> Tensor:
    """As it was."""
    return x


def overwritten(x: Tensor) -> Tensor:
    """In place: the second line reads what the first has written."""
    turned = x.clone()
    table = precompute_freqs_cis(x.shape[-2], x.shape[-1])
    turned[..., 0::2] = x[..., 0::2] * table.real - x[..., 1::2] * table.imag
    turned[..., 1::2] = turned[..., 0::2] * table.imag + x[..., 1::2] * table.real
    return turned


def pairs_apart(x: Tensor) -> Tensor:
    """All the first halves of the pairs, and then all the second: joined and not interleaved."""
    turned = turn(x)
    return torch.cat([turned[..., 0::2], turned[..., 1::2]], dim=-1)


ROTATE = Exercise(
    name="5.5-rotate",
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
        Mistake(turn_halves, "the pairs are neighbours, 2j and 2j + 1; this takes j and j + d_k/2."),
        Mistake(
            partial(turn, base=1.0),
            "every pair turns at the same rate here; pair j turns by t · 10000^(−2j/d_k).",
        ),
        Mistake(partial(turn, base=1e-4), "the exponent is negative, −2j/d_k: later pairs turn more slowly."),
        Mistake(partial(turn, base=100.0), "the exponent is −2j/d_k; this one is −j/d_k."),
        Mistake(
            pairs_apart,
            "turned rightly, but joined with cat: the pairs belong side by side, torch.stack(…, dim=-1).flatten(-2).",
        ),
        Mistake(overwritten, "the new b needs the old a: it is overwritten here before it is read."),
        Mistake(not_turned, "nothing is turned yet."),
    ),
)

# --- a test of a norm ------------------------------------------------------------------------------------------


def over(x: Tensor, *axes: int, eps: float = 1e-5) -> Tensor:
    """x over the root of the mean of its squares along these axes."""
    return x / (x.square().mean(dim=axes, keepdim=True) + eps).sqrt()


def rms_norm(x: Tensor) -> Tensor:
    """Row by row, as it should be."""
    return over(x, -1)


def over_the_whole_text(x: Tensor) -> Tensor:
    """The museum's: one size for all rows of a text."""
    return over(x, -2, -1)


def over_the_positions(x: Tensor) -> Tensor:
    """One size for each coordinate."""
    return over(x, -2)


def over_the_batch(x: Tensor) -> Tensor:
    """Texts change one another."""
    return over(x, 0)


def mean_subtracted(x: Tensor) -> Tensor:
    """LayerNorm."""
    return F.layer_norm(x, x.shape[-1:])


def not_rooted(x: Tensor) -> Tensor:
    """Divided by the mean of the squares."""
    return x / (x.square().mean(dim=-1, keepdim=True) + 1e-5)


def without_epsilon(x: Tensor) -> Tensor:
    """Rows of nearly nothing grow to full size."""
    return over(x, -1, eps=0.0)


NORMS: tuple[Norm, ...] = (
    rms_norm,
    over_the_whole_text,
    over_the_positions,
    over_the_batch,
    mean_subtracted,
    not_rooted,
    without_epsilon,
)


def compared_on(norm: Norm, x: Tensor) -> bool:
    """Whether a norm does the right thing with x."""
    return torch.allclose(norm(x), rms_norm(x))


def is_right_norm(norm: Norm) -> bool:
    """On rows with a mean, of unequal size, one of them small."""
    x = random_normal(2, 3, 5) + 1
    x[:, 1] *= 10
    x[0, 0] *= 0.003
    return compared_on(norm, x)


def on_one_row(norm: Norm) -> bool:
    """A text of one position: all axes but the last are alike."""
    return compared_on(norm, random_normal(1, 1, 5) + 1)


def without_a_small_row(norm: Norm) -> bool:
    """ε is lost beside numbers near one."""
    return compared_on(norm, random_normal(2, 3, 5) + 1)


def on_centred_rows(norm: Norm) -> bool:
    """Nothing is there to be subtracted."""
    x = random_normal(2, 3, 5)
    x = x - x.mean(dim=-1, keepdim=True)
    x[0, 0] *= 0.003
    return compared_on(norm, x)


def of_size_one(norm: Norm) -> bool:
    """Whether all rows have a mean square of about one."""
    squares = norm(random_normal(2, 3, 5) + 1).square().mean(dim=-1)
    return torch.allclose(squares, torch.ones_like(squares), atol=1e-3)


MUSEUM_NORM = Exercise(
    name="5.5-museum-norm",
    answer=is_right_norm,
    probes=tuple((norm,) for norm in NORMS),
    right="your test lets the right norm pass and sees through six wrong ones, the museum's among them.",
    mistakes=(
        Mistake(on_one_row, "with a single position no other axis shows: give it several texts, and several rows."),
        Mistake(without_a_small_row, "one norm leaves ε out, and your x does not notice: make one row very small."),
        Mistake(on_centred_rows, "one norm subtracts the mean, and your rows have none: move them off zero."),
        Mistake(of_size_one, "LayerNorm's rows have that size too: compare all numbers with the formula's."),
        *careless_tests(is_right_norm, right=1, wrong=6),
    ),
)

EXERCISES = (WIDTH, ROTATE, MUSEUM_NORM)

"""The exercises of page 3.7: bits a number, an outlier's price, an offset, an error made good, a row of one sign."""

from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal

# --- bits a number ---------------------------------------------------------------------------------------------

BITS = Exercise(
    name="3.7-bits",
    answer=[4 + 32 / 32, 4 + 16 / 64, 4 + 16 / 576],
    right="small groups have dear scales: a quarter of a bit at 64; at 32, with an offset, a whole bit.",
    mistakes=(
        Mistake([4.5, 4.25, 4 + 16 / 576], "the first has an offset as well: 16 more bits for each group."),
        Mistake([4.0, 4.0, 4.0], "the scales have to be stored too, 16 bits for each group."),
        Mistake([36.0, 20.0, 20.0], "a group shares its scale: divide its bits by the numbers in the group."),
        Mistake([5.0, 4.5, 4 + 32 / 576], "only the first has an offset."),
        Mistake([4 + 32 / 32, 4 + 16 / 64, 4 + 16 / 64], "in the last a whole row of 576 numbers shares one scale."),
    ),
    decimals=2,
)

# --- the price of an outlier -----------------------------------------------------------------------------------

FINE = 0.1 / 7

OUTLIER = Exercise(
    name="3.7-outlier",
    answer=[2.1 / 7, (0.1**2 / 3) / (FINE**2 / 12)],
    right="all 31 become nought. One number of 32 has taken every level from the others.",
    mistakes=(
        Mistake([0.3, 0.3**2 / FINE**2], "s²/12 holds where numbers fall anywhere in a step; here all fall into one."),
        Mistake([0.3, 14.0], "that is the ratio of the errors' roots: squares were asked for."),
        Mistake([0.3, 1 / 196], "the other way round: with the outlier the error is larger."),
        Mistake([2.1 / 8, 196.0], "there are seven levels on each side of nought: 2.1 is the seventh."),
        Mistake([0.14, 196.0], "nought is a level, and so are seven numbers on each side: the step is 2.1 / 7."),
        Mistake([0.3, 0.3 / FINE], "that is the ratio of the steps. What becomes of the 31 numbers?"),
    ),
    digits=3,
)

# --- an offset -------------------------------------------------------------------------------------------------

TINY = torch.finfo(torch.float32).tiny  # the scale of a row of noughts


def with_offset(x: Tensor, bits: int) -> Tensor:
    """A whole zero-point, and nought among the levels."""
    return without_clamp(x, bits, top=2**bits - 1)


def without_clamp(x: Tensor, bits: int, top: float = torch.inf) -> Tensor:
    """Where z was rounded by half a step, the largest number may get the code 2^bits."""
    low = x.min().clamp(max=0)
    s = ((x.max().clamp(min=0) - low) / (2**bits - 1)).clamp(min=TINY)
    z = (-low / s).round()
    return s * (((x / s).round() + z).clamp(0, top) - z)


def without_nought(x: Tensor, bits: int) -> Tensor:
    """The range is that of the numbers alone, and the zero-point is cut off where it leaves the codes."""
    top = 2**bits - 1
    s = (x.max() - x.min()) / top
    z = (-x.min() / s).round().clamp(0, top)
    return s * (((x / s).round() + z).clamp(0, top) - z)


def free_offset(x: Tensor, bits: int) -> Tensor:
    """An offset that is no whole number of steps."""
    s = (x.max() - x.min()) / (2**bits - 1)
    return s * ((x - x.min()) / s).round() + x.min()


def one_step_too_many(x: Tensor, bits: int) -> Tensor:
    """2^bits steps have 2^bits + 1 ends."""
    top = 2**bits
    low = x.min().clamp(max=0)
    s = (x.max().clamp(min=0) - low) / top
    z = (-low / s).round()
    return s * (((x / s).round() + z).clamp(0, top - 1) - z)


def no_offset(x: Tensor, bits: int) -> Tensor:
    """Symmetric."""
    top = 2 ** (bits - 1) - 1
    s = x.abs().max() / top
    return s * (x / s).round()


def codes_only(x: Tensor, bits: int) -> Tensor:
    """Not turned back."""
    low = x.min().clamp(max=0)
    s = (x.max().clamp(min=0) - low) / (2**bits - 1)
    return (x / s).round() + (-low / s).round()


def z_not_taken_away(x: Tensor, bits: int) -> Tensor:
    return codes_only(x, bits) * (x.max().clamp(min=0) - x.min().clamp(max=0)) / (2**bits - 1)


OFFSET = Exercise(
    name="3.7-offset",
    answer=with_offset,
    probes=(
        (random_normal(11, seed=1) + 0.7, 4),
        (random_normal(7, seed=2).abs() + 2, 3),
        (-random_normal(5, seed=3).abs() - 1, 4),
        (random_normal(13, seed=4), 8),
        (torch.tensor([-3.5, 11.5, 2.0, 7.25]), 4),
    ),
    right="the levels lie where the numbers are, and nought is still exactly nought.",
    mistakes=(
        Mistake(without_nought, "where all numbers have one sign nought is outside: put it into the range first."),
        Mistake(free_offset, "z has to be a whole number, so that nought is a level."),
        Mistake(one_step_too_many, "between 2^bits levels there are 2^bits - 1 steps."),
        Mistake(without_clamp, "with z rounded by half a step the largest number gets one code too many: cut it off."),
        Mistake(no_offset, "that is the symmetric grid: here the range goes from the smallest to the largest."),
        Mistake(codes_only, "these are the codes: take z away and multiply by s."),
        Mistake(z_not_taken_away, "take z away before multiplying by s."),
    ),
)

# --- an error made good ----------------------------------------------------------------------------------------


def made_good(w: Tensor, M: Tensor) -> Tensor:
    """Rounded from the left; what is free takes over the error."""
    w = w.clone()
    for j in range(len(w)):
        H = torch.linalg.inv(M[j:, j:])
        error = (w[j] - w[j].round()) / H[0, 0]
        w[j:] = w[j:] - error * H[0]
        w[j] = w[j].round()
    return w


def one_inverse(w: Tensor, M: Tensor) -> Tensor:
    """The inverse of the whole matrix, also for what is left."""
    w, H = w.clone(), torch.linalg.inv(M)
    for j in range(len(w)):
        error = (w[j] - w[j].round()) / H[j, j]
        w[j + 1 :] = w[j + 1 :] - error * H[j, j + 1 :]
        w[j] = w[j].round()
    return w


def by_the_moment(w: Tensor, M: Tensor) -> Tensor:
    """M itself, not its inverse."""
    w = w.clone()
    for j in range(len(w)):
        error = (w[j] - w[j].round()) / M[j, j]
        w[j + 1 :] = w[j + 1 :] - error * M[j, j + 1 :]
        w[j] = w[j].round()
    return w


def wrong_sign(w: Tensor, M: Tensor) -> Tensor:
    """What is free adds to the error."""
    w = w.clone()
    for j in range(len(w)):
        H = torch.linalg.inv(M[j:, j:])
        w[j + 1 :] = w[j + 1 :] + (w[j] - w[j].round()) / H[0, 0] * H[0, 1:]
        w[j] = w[j].round()
    return w


def not_rounded_last(w: Tensor, M: Tensor) -> Tensor:
    """The last number has nobody to pass its error on to, and is rounded all the same."""
    w[:-1] = made_good(w, M)[:-1]
    return w


def moment(n: int, seed: int) -> Tensor:
    """Of inputs that go together."""
    X = random_normal(2 * n, n, seed=seed).double()
    X = X + 2 * X[:, :1]
    return X.T @ X / len(X)


MADE_GOOD = Exercise(
    name="3.7-made-good",
    answer=made_good,
    probes=tuple(
        (3 * random_normal(n, seed=seed).double(), moment(n, seed=10 + n))
        for n, seed in ((2, 13), (3, 2), (5, 0), (7, 3))
    ),
    right="each error is passed on, as far as M says that others can stand in for it.",
    mistakes=(
        Mistake(lambda w, M: w.round(), "that is rounding to the nearest: pass the errors on."),
        Mistake(one_inverse, "what is rounded is no longer free: take the inverse of M[j:, j:], anew for each j."),
        Mistake(by_the_moment, "the equation has the inverse of M."),
        Mistake(wrong_sign, "the others go the opposite way: subtract."),
        Mistake(not_rounded_last, "the last number is rounded too, though nobody takes over its error."),
    ),
)

# --- the bug museum: a row of one sign -------------------------------------------------------------------------

RoundTrip = Callable[[Tensor], Tensor]  # (N, D) to its rounded numbers, eight bits and a scale a row


def by_row(x: Tensor) -> Tensor:
    """Right: symmetric."""
    s = (x.abs().amax(dim=1, keepdim=True) / 127).clamp(min=TINY)
    return s * (x / s).round()


def by_row_with_offset(x: Tensor) -> Tensor:
    """Right: with an offset."""
    return torch.stack([with_offset(row, 8) for row in x])


def range_without_nought(x: Tensor) -> Tensor:
    """The museum's piece."""
    return torch.stack([without_nought(row, 8) for row in x])


def half_of_the_codes(x: Tensor) -> Tensor:
    """The other museum's piece: the range is from nought, and the middle code still stands for nought."""
    s = x.abs().amax(dim=1, keepdim=True) / torch.where((x < 0).any(dim=1, keepdim=True), 127, 255)
    return s * ((x / s).round() + 128).clamp(0, 255) - 128 * s


def signed_maximum(x: Tensor) -> Tensor:
    """Where the largest is below nought it is cut off."""
    s = x.amax(dim=1, keepdim=True).abs() / 127
    return s * (x / s).round().clamp(-127, 127)


def other_axis(x: Tensor) -> Tensor:
    """A scale a column: a small row pays for the large ones."""
    s = x.abs().amax(dim=0) / 127
    return s * (x / s).round()


def wrapped(x: Tensor) -> Tensor:
    """128 steps: the largest number above nought has no code, and becomes -128."""
    s = x.abs().amax(dim=1, keepdim=True) / 128
    return s * (x / s).round().int().to(torch.int8)


def cut_off(x: Tensor) -> Tensor:
    """Towards nought instead of to the nearest."""
    s = x.abs().amax(dim=1, keepdim=True) / 127
    return s * (x / s).to(torch.int8)


EXHIBITS: tuple[RoundTrip, ...] = (
    range_without_nought, half_of_the_codes, signed_maximum, other_axis, wrapped, cut_off,
)  # fmt: skip


def near(round_trip: RoundTrip, x: Tensor) -> bool:
    """Whether each number is off by no more than a 250th of its row's largest."""
    return bool(((round_trip(x) - x).abs() <= x.abs().amax(dim=1, keepdim=True) / 250).all())


def mixed(seed: int = 0) -> Tensor:
    """Rows of unequal size, with both signs."""
    return random_normal(5, 33, seed=seed) * torch.tensor([[1.0], [3.0], [0.2], [10.0], [1.0]])


def is_right(round_trip: RoundTrip) -> bool:
    """Both signs, one sign far from nought, the other, and rows of unequal size."""
    x = mixed()
    return all(near(round_trip, rows) for rows in (x, -x, x.abs() + 20, -x.abs() - 20, x.abs()))


MUSEUM = Exercise(
    name="3.7-museum",
    answer=is_right,
    probes=((by_row,), (by_row_with_offset,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, those of two public libraries among them.",
    mistakes=(
        Mistake(lambda f: near(f, mixed()), "with both signs two of the wrong ones are right: try rows of one sign."),
        Mistake(
            lambda f: near(f, random_normal(1, 33, seed=5)) and near(f, random_normal(1, 33, seed=5).abs() + 20),
            "with one row in the batch a scale for each column fits exactly: take several rows.",
        ),
        Mistake(lambda f: near(f, mixed().abs() + 20), "try rows below nought too, and rows with both signs."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (BITS, OUTLIER, OFFSET, MADE_GOOD, MUSEUM)

"""The exercises of page 3.12: runs for a Jacobian, the best step, RMSNorm's rule, reading a tape, a row read twice."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal

# --- how many runs ---------------------------------------------------------------------------------------------

RUNS = Exercise(
    name="3.12-runs",
    answer=[40, 12, 80],
    right="forwards by inputs, backwards by outputs. A loss has one output, and that is why training goes backwards.",
    mistakes=(
        Mistake([12, 40, 80], "a run forwards moves one input, and finds how all outputs change."),
        Mistake([40, 12, 40], "a central difference evaluates on both sides of each input."),
        Mistake([40, 12, 41], "that is for differences to one side, which share f(x); these look to both sides."),
        Mistake([40, 12, 24], "one moves the inputs, of which there are 40; each evaluation shows all outputs."),
        Mistake([40, 12, 960], "one evaluation shows all 12 outputs at once."),
        Mistake([40, 12, 480], "one evaluation shows all 12 outputs at once, and both sides are needed."),
        Mistake([40, 1, 80], "one run backwards is for one output, or one weighted sum of outputs: a row."),
        Mistake([480, 480, 80], "a run gives a whole column or a whole row, not an entry."),
        Mistake([1, 1, 80], "one run forwards is for one direction, one backwards for one weighting of the outputs."),
    ),
)

# --- the best step ---------------------------------------------------------------------------------------------

EPS = 6e-8  # half of what float32 tells apart at 1
BEST = (3 * EPS) ** (1 / 3)


def error_at(h: float) -> float:
    return h**2 / 6 + EPS / h


def both(h: float) -> list[float]:
    return [h, error_at(h)]


STEP = Exercise(
    name="3.12-step",
    answer=both(BEST),
    right="about the cube root of ε; there a third of the error is the curve's and two thirds are rounding.",
    mistakes=(
        Mistake(both((6 * EPS) ** (1 / 3)), "that is where both errors are equal; set the derivative of e to nought."),
        Mistake(both(EPS**0.5), "√ε is for differences to one side, whose error is in proportion to h."),
        Mistake([BEST, EPS / BEST], "the error has two parts: add h²/6."),
        Mistake([BEST, BEST**2 / 6], "the error has two parts: add the rounding, divided by h."),
        Mistake(both((3 * EPS) ** 0.5), "h³ = 3 · 6 · 10⁻⁸: take the third root."),
        Mistake(both(EPS ** (1 / 3)), "the derivative of h²/6 is h/3: h³ = 3 · 6 · 10⁻⁸."),
    ),
    digits=2,
)

# --- back through RMSNorm --------------------------------------------------------------------------------------


def root_mean_square(x: Tensor, eps: float) -> Tensor:
    return (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()


def rms_back(g: Tensor, x: Tensor, eps: float) -> Tensor:
    """Jᵀ g."""
    r = root_mean_square(x, eps)
    y = x / r
    return (g - y * (y * g).mean(dim=-1, keepdim=True)) / r


def scale_as_a_constant(g: Tensor, x: Tensor, eps: float) -> Tensor:
    return g / root_mean_square(x, eps)


def as_layer_norm(g: Tensor, x: Tensor, eps: float) -> Tensor:
    """With the mean's term too."""
    return rms_back(g, x, eps) - (g / root_mean_square(x, eps)).mean(dim=-1, keepdim=True)


def summed_instead(g: Tensor, x: Tensor, eps: float) -> Tensor:
    r = root_mean_square(x, eps)
    y = x / r
    return (g - y * (y * g).sum(dim=-1, keepdim=True)) / r


def over_the_batch(g: Tensor, x: Tensor, eps: float) -> Tensor:
    """One mean for all rows."""
    r = root_mean_square(x, eps)
    y = x / r
    return (g - y * (y * g).mean()) / r


def without_the_last_division(g: Tensor, x: Tensor, eps: float) -> Tensor:
    return rms_back(g, x, eps) * root_mean_square(x, eps)


def with_x_for_y(g: Tensor, x: Tensor, eps: float) -> Tensor:
    return (g - x * (x * g).mean(dim=-1, keepdim=True)) / root_mean_square(x, eps)


def plus(g: Tensor, x: Tensor, eps: float) -> Tensor:
    return 2 * g / root_mean_square(x, eps) - rms_back(g, x, eps)


RMS = Exercise(
    name="3.12-rms",
    answer=rms_back,
    probes=tuple(
        (random_normal(*shape, seed=seed), scale * random_normal(*shape, seed=10 + seed), eps)
        for shape, seed, scale, eps in (((3, 5), 0, 1.0, 1e-5), ((2, 7), 1, 3.0, 0.5), ((5, 2), 2, 0.2, 0.01))
    ),
    right="what the root makes of the whole row comes back as one number a row.",
    mistakes=(
        Mistake(scale_as_a_constant, "r depends on x too: each x moves the scale of the whole row."),
        Mistake(as_layer_norm, "no mean is taken away on the way there, so none on the way back."),
        Mistake(summed_instead, "r² is a mean over D numbers: take the mean of y g, not the sum."),
        Mistake(over_the_batch, "each row has a scale of its own: the mean is along the last axis."),
        Mistake(without_the_last_division, "divide by r: y = x / r moves 1 / r times as fast as x."),
        Mistake(with_x_for_y, "inside stands y, the row after its division by r."),
        Mistake(plus, "a larger x makes r larger and y smaller: subtract."),
        Mistake(lambda g, x, eps: rms_back(g, x, 0.0), "ε stands under the root, on the way back too."),
    ),
)

# --- reading a tape --------------------------------------------------------------------------------------------

Entries = list[list[tuple[int, float]]]  # for each line its inputs' places, and the slopes


def gradients(tape: Entries) -> list[float]:
    """From the end, shares added."""
    grad = [0.0] * (len(tape) - 1) + [1.0]
    for place in reversed(range(len(tape))):
        for source, slope in tape[place]:
            grad[source] += slope * grad[place]
    return grad


def overwritten(tape: Entries) -> list[float]:
    """The last share wins."""
    grad = [0.0] * (len(tape) - 1) + [1.0]
    for place in reversed(range(len(tape))):
        for source, slope in tape[place]:
            grad[source] = slope * grad[place]
    return grad


def from_the_beginning(tape: Entries) -> list[float]:
    """Read in the order it was written."""
    grad = [0.0] * (len(tape) - 1) + [1.0]
    for place in range(len(tape)):
        for source, slope in tape[place]:
            grad[source] += slope * grad[place]
    return grad


def slopes_alone(tape: Entries) -> list[float]:
    """Without the chain."""
    grad = [0.0] * (len(tape) - 1) + [1.0]
    for place in reversed(range(len(tape))):
        for source, slope in tape[place]:
            grad[source] += slope
    return grad


def every_line_one(tape: Entries) -> list[float]:
    """Started with 1 for each line."""
    grad = [1.0] * len(tape)
    for place in reversed(range(len(tape))):
        for source, slope in tape[place]:
            grad[source] += slope * grad[place]
    return grad


def nought_at_the_end(tape: Entries) -> list[float]:
    return [0.0] * len(tape)


def path_by_path(tape: Entries) -> list[float]:
    """As micrograd once was: each visit hands on all that has come so far."""
    grad = [0.0] * len(tape)

    def visit(place: int, share: float) -> None:
        grad[place] += share
        for source, slope in tape[place]:
            visit(source, slope * grad[place])

    visit(len(tape) - 1, 1.0)
    return grad


TAPES: tuple[Entries, ...] = (
    [[], [], [(0, 0.3), (1, 2.0)]],
    [[], [], [(0, 0.3), (1, 2.0)], [(2, 0.7)], [(3, 1.0), (0, 1.0)]],
    [[], [(0, 2.0)], [(0, 3.0), (1, 0.5)], [(1, -1.0), (2, 4.0)], [(3, 0.5), (3, 1.5), (2, 1.0)]],
    [[], [], [(0, 1.5)], [(0, -2.0), (0, 1.0)], [(3, 2.0), (2, 3.0)], [(4, 0.25), (2, -1.0)]],
)

TAPE = Exercise(
    name="3.12-tape",
    answer=gradients,
    probes=tuple((tape,) for tape in TAPES),
    right="whoever used a line comes before it on the way back, so that its gradient is complete when it is read.",
    mistakes=(
        Mistake(overwritten, "a line that was used twice gets two shares: add them."),
        Mistake(path_by_path, "a line that was used twice hands on its first share twice. Wait until all have come."),
        Mistake(from_the_beginning, "read from the end: at the beginning no gradient is known yet."),
        Mistake(slopes_alone, "the chain rule multiplies: slope times the gradient of the line itself."),
        Mistake(every_line_one, "only the last line begins with 1; the others with 0."),
        Mistake(nought_at_the_end, "the last line's gradient with respect to itself is 1."),
    ),
)

# --- the bug museum: a row that was read twice -----------------------------------------------------------------

Back = Callable[[Tensor, Tensor, int], Tensor]  # gradients (T, D), ids (T), n rows, to the table's gradient (n, D)


def added(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """Right."""
    return g.new_zeros(n, g.shape[1]).index_add(0, ids, g)


def by_one_hot(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """Right: the look-up as a product, transposed."""
    return F.one_hot(ids, n).to(g.dtype).T @ g


def counted_once(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """The museum's piece."""
    grad = g.new_zeros(n, g.shape[1])
    grad[ids] += g
    return grad


def first_wins(g: Tensor, ids: Tensor, n: int) -> Tensor:
    grad = g.new_zeros(n, g.shape[1])
    for i, row in zip(ids.flip(0), g.flip(0), strict=True):
        grad[i] = row
    return grad


def averaged(g: Tensor, ids: Tensor, n: int) -> Tensor:
    return added(g, ids, n) / torch.bincount(ids, minlength=n).clamp(min=1)[:, None].to(g.dtype)


def neighbours_only(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """Repeats are added where they stand side by side."""
    values, where = torch.unique_consecutive(ids, return_inverse=True)
    return counted_once(added(g, where, len(values)), values, n)


def as_many_as_read(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """The rows behind the last id that was read are missing."""
    return added(g, ids, int(ids.max()) + 1)


def in_order(g: Tensor, ids: Tensor, n: int) -> Tensor:
    """The ids sorted, the gradients not."""
    return added(g, ids.sort().values, n)


EXHIBITS: tuple[Back, ...] = (counted_once, first_wins, averaged, neighbours_only, as_many_as_read, in_order)


def agrees(back: Back, ids: list[int], n: int = 7) -> bool:
    """Whether it finds the sums, for drawn gradients."""
    g = random_normal(len(ids), 4)
    found = back(g, torch.tensor(ids), n)
    return found.shape == (n, 4) and torch.allclose(found, added(g, torch.tensor(ids), n), atol=1e-5)


def is_right(back: Back) -> bool:
    """Repeated ids, apart, in no order, and not all of them."""
    return agrees(back, [3, 1, 3, 0, 1, 3])


MUSEUM = Exercise(
    name="3.12-museum",
    answer=is_right,
    probes=((added,), (by_one_hot,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, that of three public libraries among them.",
    mistakes=(
        Mistake(lambda f: agrees(f, [3, 1, 0, 5]), "without a repeated id four of the wrong ones are right."),
        Mistake(lambda f: agrees(f, [1, 1, 0, 4, 3]), "repeat an id apart from itself, too."),
        Mistake(lambda f: agrees(f, [0, 1, 1, 3, 3, 4]), "put the ids in no order, a repeated one apart from itself."),
        Mistake(lambda f: agrees(f, [3, 1, 3, 0, 1, 3], 4), "leave the last row of the table unread."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (RUNS, STEP, RMS, TAPE, MUSEUM)

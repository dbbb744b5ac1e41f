"""The exercises of page 5.1: how many weights attention has, a query without keys, the clocks, keys one at a time.

    Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V

Sizes: ``T`` queries and ``S`` keys, each ``d_k`` wide; ``D`` is the width of the model.
"""

import math
from functools import partial

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.nn.attention import MultiHeadAttention, ScaledDotProductAttention
from llmbook.nn.masks import Mask, padding_mask
from llmbook.nn.positions import sinusoids

# --- how many weights ------------------------------------------------------------------------------------------

B = 2  # sequences
T = 100  # queries
S = 300  # keys
D = 512  # model width
H = 8  # heads


def attended() -> tuple[Tensor, Tensor]:
    """Output and weights of a layer whose tensors have shapes only."""
    with torch.device("meta"):
        layer = MultiHeadAttention(D, H)
        return layer(torch.zeros(B, T, D), torch.zeros(B, S, D), return_weights=True)


OUTPUT, GRID = (tensor.numel() for tensor in attended())

WEIGHTS = Exercise(
    name="5.1-weights",
    answer=GRID,
    right="one for each sequence, head, query and key. The width does not enter; both lengths do.",
    mistakes=(
        Mistake(GRID // H, "each of the eight heads has weights of its own."),
        Mistake(GRID // B, "there are two sequences, and each has weights of its own."),
        Mistake(GRID // (B * H), "so many has one head in one sequence; there are eight heads and two sequences."),
        Mistake(GRID * T // S, "the grid of one head is 100 × 300: a row for each query, a column for each key."),
        Mistake(GRID * D, "a weight is one number for a query and a key, however wide the two are."),
        Mistake(GRID * D // H, "a weight is one number for a query and a key: the width of a head is summed over."),
        Mistake(OUTPUT, "that is the output, B × T × D; asked is how much each query takes of each key."),
        Mistake(
            4 * (D * D + D), "so many numbers the layer learns; its attention weights are computed anew for each text."
        ),
    ),
)

# --- a query that may look nowhere -----------------------------------------------------------------------------

Attended = tuple[Tensor, Tensor]  # the output (…, T, d_v), and the weights (…, T, S)


def attend(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """The library's layer."""
    return ScaledDotProductAttention()(q, k, v, may_attend, return_weights=True)


def scores_of(q: Tensor, k: Tensor) -> Tensor:
    """Q Kᵀ / √d_k."""
    return q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])


def filled_with(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask, *, value: float) -> Attended:
    """The page's class, with another score than −∞ where a query may not look."""
    weights = scores_of(q, k).masked_fill(~may_attend, value).softmax(dim=-1)
    return weights @ v, weights


def output_mended(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Zeros in the output, NaN in the weights."""
    output, weights = filled_with(q, k, v, may_attend, value=-math.inf)
    return output.nan_to_num(0.0), weights


def weights_mended(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Zeros in the weights, NaN in the output: mended too late."""
    output, weights = filled_with(q, k, v, may_attend, value=-math.inf)
    return output, weights.nan_to_num(0.0)


def output_alone(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Tensor:
    """Right, and half of what is asked for."""
    return attend(q, k, v, may_attend)[0]


def masked_after(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """The mask behind the softmax."""
    weights = scores_of(q, k).softmax(dim=-1).masked_fill(~may_attend, 0.0)
    return weights @ v, weights


def mask_inverted(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Right, for a mask that is True where a query may not look."""
    return attend(q, k, v, ~may_attend)


def root_lost(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Right, for scores that are not divided."""
    return attend(q * math.sqrt(k.shape[-1]), k, v, may_attend)


def divided_by_width(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Right, for scores divided by d_k and not by its root."""
    return attend(q / math.sqrt(k.shape[-1]), k, v, may_attend)


def divided_by_keys(q: Tensor, k: Tensor, v: Tensor, may_attend: Mask) -> Attended:
    """Right, for scores divided by the root of S, the number of keys."""
    return attend(q * math.sqrt(k.shape[-1] / k.shape[-2]), k, v, may_attend)


def queries(*shape: int, S: int, d_v: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries of this shape, with S keys as wide as they are, and values d_v wide."""
    *batch, _, width = shape
    return random_normal(*shape), random_normal(*batch, S, width, seed=1), random_normal(*batch, S, d_v, seed=2)


SOMEWHERE = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]]).bool()  # but for the second query

NOWHERE = Exercise(
    name="5.1-nowhere",
    answer=attend,
    probes=(
        (*queries(3, 6, S=4, d_v=5), SOMEWHERE),
        (*queries(2, 3, 5, 4, S=7, d_v=4), padding_mask(torch.tensor([0, 6]), 7)),
        (*queries(1, 2, 2, S=3, d_v=2), torch.ones(2, 3, dtype=torch.bool)),
    ),
    right="zeros where there is nothing to look at. They stand in the weights, so no NaN comes back as a gradient.",
    mistakes=(
        Mistake(
            partial(filled_with, value=-math.inf),
            "the row is still NaN: a softmax over nothing but −∞ divides 0 by 0, and NaN · 0 is NaN.",
        ),
        Mistake(
            partial(filled_with, value=-1e9),
            "a large negative score is the same for all keys of that row, so it looks evenly at what it may not see.",
        ),
        Mistake(partial(filled_with, value=0.0), "a score of 0 still gets a weight, as e⁰ is 1: hide with −∞."),
        Mistake(
            output_mended,
            "the output is mended, but the weights are NaN, and so will be the gradient of V: mend the weights.",
        ),
        Mistake(weights_mended, "the weights are mended after the output was made of them: swap the two steps."),
        Mistake(output_alone, "the output is right; return the weights too, with a comma between the two."),
        Mistake(masked_after, "masked after the softmax only: the weights of a row that sees some keys must sum to 1."),
        Mistake(mask_inverted, "the mask is inverted: True means “may look”."),
        Mistake(root_lost, "the root is missing: divide the scores by √d_k."),
        Mistake(divided_by_width, "the scores are divided by d_k: take its root."),
        Mistake(divided_by_keys, "the root is of the width of a key, k.shape[-1], not of how many keys there are."),
    ),
)

# --- the shift of all clocks -----------------------------------------------------------------------------------


def shift(k: int, D: int) -> Tensor:
    """The matrix that takes each row of the table to the row k further, solved for from the table itself."""
    table = sinusoids(2000 + k, D).double()
    return torch.linalg.lstsq(table[:2000], table[k:]).solution


def turned_pairs(k: int, D: int, *, step: int = 2) -> Tensor:
    """A matrix of turned pairs whose angles are k / 10000^(i/D), i counted in steps of ``step`` from pair to pair."""
    angles = [torch.tensor(k / 10000 ** (step * pair / D)) for pair in range(D // 2)]
    turns = [torch.stack([a.cos(), -a.sin(), a.sin(), a.cos()]).view(2, 2) for a in angles]
    return torch.block_diag(*turns)


def shift_back(k: int, D: int) -> Tensor:
    """The row k before."""
    return turned_pairs(k, D).T


def shift_by_one(k: int, D: int) -> Tensor:
    """The next row, whatever k."""
    return turned_pairs(1, D)


SHIFT = Exercise(
    name="5.1-shift",
    answer=shift,
    probes=((1, 4), (3, 6), (0, 2), (7, 8)),
    right="every clock turns by its own angle, wherever it stood: one matrix for all positions.",
    mistakes=(
        Mistake(shift_back, "this goes k places back; with the row on the left the minus stands in the upper row."),
        Mistake(partial(turned_pairs, step=0), "all clocks turn alike here; clock i is slower by 10000^(2i/D)."),
        Mistake(
            partial(turned_pairs, step=1), "the clocks slow down by half as much as they should: the exponent is 2i/D."
        ),
        Mistake(shift_by_one, "this moves by one place only; the angles are k times as large."),
    ),
)

# --- keys one at a time ----------------------------------------------------------------------------------------


def attend_once(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """One query's output, by the library's layer."""
    return ScaledDotProductAttention()(q[None], k, v)[0]


def one_by_one(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    start: float = -math.inf,  # of the largest score so far
    shrinks_total: bool = True,
    shrinks_output: bool = True,
    divides: bool = True,
    scale: float | None = None,
) -> Tensor:
    """The loop asked for; each argument takes one step out of it."""
    largest = q.new_tensor(start)
    total = q.new_zeros(())
    output = v.new_zeros(v.shape[-1])
    for score, value in zip(k @ q * (scale or 1 / math.sqrt(len(q))), v, strict=True):
        before = largest
        largest = torch.maximum(before, score)
        shrink = (before - largest).exp()
        weight = (score - largest).exp()
        total = total * (shrink if shrinks_total else 1) + weight
        output = output * (shrink if shrinks_output else 1) + weight * value
    return output / total if divides else output


def without_maximum(q: Tensor, k: Tensor, v: Tensor, *, bound: float = math.inf) -> Tensor:
    """e to the score itself; a ``bound`` cuts scores off where e to them would leave a float."""
    weights = (k @ q / math.sqrt(len(q))).clamp(-bound, bound).exp()
    return weights @ v / weights.sum()


def rooted_by_keys(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Right, for scores divided by the root of S, the number of keys."""
    return one_by_one(q, k, v, scale=1 / math.sqrt(len(k)))


def divided_by_all(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Right, for scores divided by d_k and not by its root."""
    return one_by_one(q, k, v, scale=1 / len(q))


def one_query(S: int, d_k: int, d_v: int, *, first: float = 0.0, last: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """A query whose scores lie around a line from ``first`` to ``last``."""
    q = random_normal(d_k, seed=3).double()
    along = q * math.sqrt(d_k) / q.square().sum()  # a key that scores 1
    line = torch.linspace(first, last, S, dtype=torch.float64)
    k = random_normal(S, d_k, seed=4).double() + line[:, None] * along
    return q, k, random_normal(S, d_v, seed=5).double()


ONE_BY_ONE = Exercise(
    name="5.1-one-by-one",
    answer=attend_once,
    probes=(
        one_query(7, 4, 3),
        one_query(1, 5, 2),
        one_query(11, 6, 4, first=2000.0, last=2000.0),
        one_query(5, 3, 5, first=-2000.0, last=-2000.0),
        one_query(6, 2, 3, first=-2000.0, last=2000.0),
    ),
    right="three things to remember, however many keys there are. This is how fused kernels do without the matrix A.",
    mistakes=(
        Mistake(
            without_maximum, "right for small scores, but e²⁰⁰⁰ is infinite: subtract the largest score seen so far."
        ),
        Mistake(
            partial(one_by_one, start=0.0),
            "your largest score starts at 0; where all scores are far below, every e is 0, and 0/0 NaN: start at −∞.",
        ),
        Mistake(
            partial(one_by_one, shrinks_total=False, shrinks_output=False),
            "when a larger score comes, what was summed before is too large: multiply it by e^(old − new).",
        ),
        Mistake(
            partial(one_by_one, shrinks_total=False),
            "the sum of the weights must shrink with the output when a larger score comes.",
        ),
        Mistake(
            partial(one_by_one, shrinks_output=False),
            "the output must shrink with the sum of the weights when a larger score comes.",
        ),
        Mistake(partial(one_by_one, divides=False), "divide by the sum of the weights at the end."),
        Mistake(partial(one_by_one, scale=1.0), "the root is missing: divide each score by √d_k."),
        Mistake(divided_by_all, "each score is divided by d_k: take its root."),
        Mistake(rooted_by_keys, "the root is of the width of a key, len(q), not of how many keys there are."),
        Mistake(
            partial(without_maximum, bound=80.0),
            "cut off at 80 all large scores weigh the same: subtract the largest seen so far instead.",
        ),
    ),
)

EXERCISES = (WEIGHTS, NOWHERE, SHIFT, ONE_BY_ONE)

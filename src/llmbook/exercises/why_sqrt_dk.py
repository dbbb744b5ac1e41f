"""The exercises of page 4.2: the spread of a dot product, the scale it asks for, and what saturation costs."""

import math

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.nn.masks import causal_mask

# --- the spread of a hundred products --------------------------------------------------------------------------

SPREAD = Exercise(
    name="4.2-spread",
    answer=10.0,
    right="a hundred products of variance 1 sum to variance 100, and its root is the spread.",
    mistakes=(
        Mistake(100.0, "100 is the variance; the standard deviation is its root."),
        Mistake(1.0, "each product has a standard deviation of 1, but there are a hundred of them."),
        Mistake(0.1, "1/√n is the spread of a mean; a dot product is a sum."),
    ),
    decimals=1,
)

# --- the scale for wider numbers -------------------------------------------------------------------------------

WIDER = Exercise(
    name="4.2-wider",
    answer=1 / 32,
    right="each product has variance 4 · 4 = 16, the sum has 16 · 64, and its root is 32.",
    mistakes=(
        Mistake(1 / 8, "1/√64 is right for standard deviation 1; here q and k both have 2."),
        Mistake(1 / 16, "the 2 counts twice: once in q and once in k."),
        Mistake(32.0, "32 is what to divide by; the factor is its inverse."),
        Mistake(1 / 1024, "1/1024 would be right for the variance; the scale divides scores."),
    ),
    digits=2,
)

# --- the derivative of the softmax -----------------------------------------------------------------------------


def jacobian(p: Tensor) -> Tensor:
    """∂pᵢ/∂sⱼ = pᵢ (i = j) − pᵢ pⱼ."""
    return torch.diag(p) - torch.outer(p, p)


def diagonal_only(p: Tensor) -> Tensor:
    """Each weight as if it had its score to itself."""
    return torch.diag(p * (1 - p))


def diagonal_as_vector(p: Tensor) -> Tensor:
    """The diagonal by itself."""
    return p * (1 - p)


def sign_reversed(p: Tensor) -> Tensor:
    """−J."""
    return torch.outer(p, p) - torch.diag(p)


def without_competition(p: Tensor) -> Tensor:
    """Without −p pᵀ."""
    return torch.diag(p)


def softmax_again(p: Tensor) -> Tensor:
    """Weights taken for scores."""
    return jacobian(p.softmax(0))


def without_diagonal(p: Tensor) -> Tensor:
    """Without diag(p)."""
    return -torch.outer(p, p)


JACOBIAN = Exercise(
    name="4.2-jacobian",
    answer=jacobian,
    probes=(
        (random_normal(5).softmax(0),),
        (torch.tensor([0.5, 0.5]),),
        (torch.tensor([1.0, 0.0, 0.0]),),
    ),
    right="and with p = (1, 0, 0) it is all zeros: a saturated softmax passes no gradient back.",
    mistakes=(
        Mistake(
            diagonal_only,
            "the diagonal is right, but a score also lowers the others: ∂pᵢ/∂sⱼ = −pᵢpⱼ.",
        ),
        Mistake(
            diagonal_as_vector, "that is the diagonal, a vector; the matrix also says what a score does to the others."
        ),
        Mistake(sign_reversed, "the sign is turned round: raising sᵢ raises pᵢ."),
        Mistake(without_competition, "the weights sum to one, so what one gains others lose: − p pᵀ."),
        Mistake(softmax_again, "p are weights already; here they go through the softmax once more."),
        Mistake(without_diagonal, "on the diagonal pᵢ must be added: pᵢ − pᵢ²."),
    ),
)

# --- the words a row looks at, in effect -----------------------------------------------------------------------


def entropy(a: Tensor, dim: int = -1) -> Tensor:
    """−Σ a log a, where a weight of 0 counts 0."""
    return torch.special.entr(a).sum(dim)


def effective_words(a: Tensor) -> Tensor:
    """e to the entropy of each row."""
    return entropy(a).exp()


def sign_missing(a: Tensor) -> Tensor:
    """e to the Σ a log a."""
    return (-entropy(a)).exp()


def with_log_zero(a: Tensor) -> Tensor:
    """A weight of 0 counts 0 · log 0, which is NaN."""
    return (-(a * a.log()).sum(-1)).exp()


def down_the_columns(a: Tensor) -> Tensor:
    """What all words give to one."""
    return entropy(a, dim=-2).exp()


def one_number_for_all(a: Tensor) -> Tensor:
    """The sum over everything."""
    return torch.special.entr(a).sum().exp()


def in_bits(a: Tensor) -> Tensor:
    """e to the entropy in bits."""
    return (entropy(a) / math.log(2)).exp()


def power_of_two(a: Tensor) -> Tensor:
    """2 to the entropy in nats."""
    return entropy(a).exp2()


def mean_for_sum(a: Tensor) -> Tensor:
    """e to the mean of −a log a."""
    return (entropy(a) / a.shape[-1]).exp()


def inverse_squares(a: Tensor) -> Tensor:
    """Another measure of the same kind."""
    return 1 / a.square().sum(-1)


def not_hidden(a: Tensor) -> Tensor:
    """How many weights are not zero."""
    return (a > 0).sum(-1)


EFFECTIVE = Exercise(
    name="4.2-effective",
    answer=effective_words,
    probes=(
        (random_normal(5, 7).softmax(-1),),
        (torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),),
        (random_normal(11).softmax(-1),),
        (random_normal(2, 5, 5).masked_fill(~causal_mask(5), -math.inf).softmax(-1),),
        (random_normal(2, 3, 5, 7, seed=1).softmax(-1),),
    ),
    right="a row spread evenly over n words counts n, and a row on one word counts 1.",
    mistakes=(
        Mistake(entropy, "that is the entropy; its exponential counts words."),
        Mistake(sign_missing, "the sign is missing: entropy is −Σ a log a."),
        Mistake(with_log_zero, "a weight of 0 gives 0 · log 0 = NaN; its share of the entropy is 0."),
        Mistake(one_number_for_all, "that is one number for all rows together: sum along the last axis, dim=-1."),
        Mistake(power_of_two, "2 belongs to bits; the natural logarithm goes with e."),
        Mistake(mean_for_sum, "the entropy is a sum over the keys, not a mean: the weights a are in it already."),
        Mistake(inverse_squares, "1/Σa² counts in a similar way; the page's count is e to the entropy."),
        Mistake(in_bits, "the entropy is in bits, and belongs to 2; with e take the natural logarithm."),
        Mistake(not_hidden, "these are the keys that are not hidden; those with little weight count for less."),
        Mistake(down_the_columns, "the sum runs down the columns; a row is what one word looks at."),
    ),
)

EXERCISES = (SPREAD, WIDER, JACOBIAN, EFFECTIVE)

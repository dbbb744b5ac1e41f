"""The exercises of page 4.2: the spread of a dot product, the scale it asks for, and what saturation costs."""

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal

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
    tolerance=0.05,
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
    tolerance=0.0005,
)

# --- the derivative of the softmax -----------------------------------------------------------------------------


def jacobian(p: Tensor) -> Tensor:
    """∂pᵢ/∂sⱼ = pᵢ (i = j) − pᵢ pⱼ."""
    return torch.diag(p) - torch.outer(p, p)


def diagonal_only(p: Tensor) -> Tensor:
    """Each weight as if it had its score to itself."""
    return torch.diag(p * (1 - p))


def sign_reversed(p: Tensor) -> Tensor:
    """−J."""
    return torch.outer(p, p) - torch.diag(p)


def without_competition(p: Tensor) -> Tensor:
    """Without −p pᵀ."""
    return torch.diag(p)


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
        Mistake(sign_reversed, "the sign is turned round: raising sᵢ raises pᵢ."),
        Mistake(without_competition, "the weights sum to one, so what one gains others lose: − p pᵀ."),
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


EFFECTIVE = Exercise(
    name="4.2-effective",
    answer=effective_words,
    probes=(
        (random_normal(5, 7).softmax(-1),),
        (torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),),
    ),
    right="a row spread evenly over n words counts n, and a row on one word counts 1.",
    mistakes=(
        Mistake(entropy, "that is the entropy; its exponential counts words."),
        Mistake(sign_missing, "the sign is missing: entropy is −Σ a log a."),
        Mistake(with_log_zero, "a weight of 0 gives 0 · log 0 = NaN; its share of the entropy is 0."),
        Mistake(down_the_columns, "the sum runs down the columns; a row is what one word looks at."),
    ),
)

EXERCISES = (SPREAD, WIDER, JACOBIAN, EFFECTIVE)

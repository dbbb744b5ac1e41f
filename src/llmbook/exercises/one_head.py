"""The exercises of page 4.1: what a word looks at, a causal mask, no question at all, and the formula.

    Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V

The first three are about the six words of ``six_words``, whose numbers the page prints.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.data import six_words
from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask

Q = six_words.X @ six_words.W_Q
K = six_words.X @ six_words.W_K
V = six_words.X @ six_words.W_V

# --- the same row wherever it stands ---------------------------------------------------------------------------

SWAP = Exercise(
    name="4.1-swap",
    answer="mat",
    right='the scores are made of the rows of X alone, and "on" has the same row wherever it stands.',
    mistakes=(
        Mistake("cat", "in the new sentence “cat” stands behind “on”, but where does S know that from?"),
        Mistake("on", "look at the row of “on” in A: one weight is three times its own."),
    ),
)

# --- a causal mask ---------------------------------------------------------------------------------------------

MAY_ATTEND = causal_mask(6)


def masked_weights(
    may_attend: Tensor, *, scale: float = 3**-0.5, hidden_score: float = -math.inf, dim: int = -1
) -> Tensor:
    """The six words' softmax with the scores set to ``hidden_score`` where ``may_attend`` is False."""
    return (Q @ K.T * scale).masked_fill(~may_attend, hidden_score).softmax(dim)


def cleared(weights: Tensor, may_attend: Tensor) -> Tensor:
    """The weights without the NaN of a word that may look nowhere."""
    return weights.masked_fill(~may_attend, 0.0)


CAUSAL = Exercise(
    name="4.1-causal",
    answer=attention_weights(Q, K, MAY_ATTEND),
    right="each word shares its attention among itself and the words before it, and each row sums to one.",
    mistakes=(
        Mistake(
            cleared(masked_weights(~MAY_ATTEND), ~MAY_ATTEND),
            "the mask is inverted: each word sees only what comes after it.",
        ),
        Mistake(
            masked_weights(~MAY_ATTEND),
            "the mask is inverted: masked_fill hides where it is True, so give it ~may_attend.",
        ),
        Mistake(masked_weights(MAY_ATTEND, scale=1.0), "the scale is missing: divide S by √3 first."),
        Mistake(
            masked_weights(MAY_ATTEND, dim=0),
            "the softmax runs down the columns; it belongs along the rows, dim=-1.",
        ),
        Mistake(
            cleared(attention_weights(Q, K), MAY_ATTEND),
            "hidden after the softmax, the weights no longer sum to one; hide the scores before it.",
        ),
        Mistake(
            masked_weights(MAY_ATTEND, hidden_score=0.0),
            "a score of 0 is not hidden: e⁰ = 1 still gets weight. Use −∞.",
        ),
        Mistake(attention_weights(Q, K), "nothing is hidden yet: “the”, the first word, still sees “mat”."),
    ),
)

# --- attention without a question ------------------------------------------------------------------------------

NO_QUESTION = Exercise(
    name="4.1-no-question",
    answer=V.mean(0),
    right="equal scores make equal weights, so attention without a question is the mean of the values.",
    mistakes=(
        Mistake(V.sum(0), "that is the sum of the values; the weights sum to one, so each is 1/6."),
        Mistake(
            torch.zeros(3),
            "scores of zero are not weights of zero: what is the softmax of six zeros?",
        ),
        Mistake(six_words.X.mean(0), "that is the mean of X; C is made of the rows of V."),
    ),
    tolerance=0.005,
)

# --- the formula -----------------------------------------------------------------------------------------------


def softmax_of_scores(q: Tensor, k: Tensor, scale: float, dim: int = -1) -> Tensor:
    """softmax(Q Kᵀ · scale), over the keys unless told."""
    return (q @ k.transpose(-2, -1) * scale).softmax(dim)


def without_scale(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ) V."""
    return softmax_of_scores(q, k, 1.0) @ v


def divided_by_width(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ / d_k) V."""
    return softmax_of_scores(q, k, 1 / q.shape[-1]) @ v


def multiplied(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ · √d_k) V."""
    return softmax_of_scores(q, k, q.shape[-1] ** 0.5) @ v


def scaled_after_softmax(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ) / √d_k V."""
    return softmax_of_scores(q, k, 1.0) / q.shape[-1] ** 0.5 @ v


def softmax_over_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Columns that sum to one."""
    return softmax_of_scores(q, k, q.shape[-1] ** -0.5, dim=-2) @ v


ATTENTION = Exercise(
    name="4.1-attention",
    answer=F.scaled_dot_product_attention,
    probes=(
        (random_normal(5, 7), random_normal(3, 7), random_normal(3, 2)),
        (random_normal(2, 3, 4), random_normal(2, 11, 4), random_normal(2, 11, 4)),
    ),
    right="your four lines are the formula, for any number of queries, keys and sequences.",
    mistakes=(
        Mistake(without_scale, "the scale is missing: divide the scores by √d_k."),
        Mistake(divided_by_width, "the scores are divided by d_k instead of by its root."),
        Mistake(multiplied, "the scores are multiplied by √d_k: divide."),
        Mistake(scaled_after_softmax, "the scale comes after the softmax, so rows no longer sum to one."),
        Mistake(
            softmax_over_queries,
            "the softmax runs over the queries; it belongs over the keys, dim=-1.",
        ),
    ),
)

EXERCISES = (SWAP, CAUSAL, NO_QUESTION, ATTENTION)

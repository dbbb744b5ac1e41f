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
        Mistake("cat", "in the new sentence “cat” stands behind “on”, but where does Z know that from?"),
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


def masked_scores(may_attend: Tensor) -> Tensor:
    """Before the softmax."""
    return (Q @ K.T * 3**-0.5).masked_fill(~may_attend, -math.inf)


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
        Mistake(masked_weights(MAY_ATTEND, scale=1 / 3), "the scores are divided by 3; divide by its root, √3."),
        Mistake(masked_weights(MAY_ATTEND, scale=3**0.5), "the scores are multiplied by √3: divide."),
        Mistake(
            masked_weights(MAY_ATTEND, scale=6**-0.5), "√6 is of the number of words; d_k is the width of q and k, 3."
        ),
        Mistake(masked_scores(MAY_ATTEND), "these are still scores; the softmax makes weights of them."),
        Mistake(MAY_ATTEND.float(), "that is the mask; its job is to hide scores before the softmax."),
        Mistake(masked_weights(MAY_ATTEND, scale=1.0), "the scale is missing: divide Z by √3 first."),
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
        Mistake(
            six_words.X.sum(0), "that is the sum of the rows of X; C is made of the rows of V, each with weight 1/6."
        ),
        Mistake(V.sum(0) / 3, "the weights are 1/6: there are six words, and three is the width."),
        Mistake(torch.full((6,), 1 / 6), "these are the weights; the output is the mean of the values with them."),
        Mistake(six_words.X.mean(0), "that is the mean of X; C is made of the rows of V."),
    ),
    decimals=2,
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


def scaled_by_keys(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √S) V."""
    return softmax_of_scores(q, k, k.shape[-2] ** -0.5) @ v


def scaled_by_queries(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √T) V."""
    return softmax_of_scores(q, k, q.shape[-2] ** -0.5) @ v


def scaled_by_values(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √d_v) V."""
    return softmax_of_scores(q, k, v.shape[-1] ** -0.5) @ v


def scaled_as_on_the_page(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √3) V."""
    return softmax_of_scores(q, k, 3**-0.5) @ v


def without_softmax(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Q Kᵀ / √d_k V."""
    return q @ k.transpose(-2, -1) @ v * q.shape[-1] ** -0.5


def weights_only(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Without V."""
    return softmax_of_scores(q, k, q.shape[-1] ** -0.5)


ATTENTION = Exercise(
    name="4.1-attention",
    answer=F.scaled_dot_product_attention,
    probes=(
        (random_normal(5, 7), random_normal(3, 7), random_normal(3, 2)),
        (random_normal(2, 3, 4), random_normal(2, 11, 4), random_normal(2, 11, 4)),
        (random_normal(2, 3, 7, 5), random_normal(2, 3, 11, 5), random_normal(2, 3, 11, 13)),
        (random_normal(1, 2), random_normal(7, 2), random_normal(7, 3)),
    ),
    right="your four lines are the formula, for any number of queries, keys and sequences.",
    mistakes=(
        Mistake(without_scale, "the scale is missing: divide the scores by √d_k."),
        Mistake(divided_by_width, "the scores are divided by d_k instead of by its root."),
        Mistake(multiplied, "the scores are multiplied by √d_k: divide."),
        Mistake(scaled_by_keys, "the scores are divided by the root of the number of keys; divide by √d_k, the width."),
        Mistake(scaled_by_queries, "the scores are divided by the root of the number of queries; divide by √d_k."),
        Mistake(scaled_by_values, "that is the width of the values; the scale takes the width of queries and keys."),
        Mistake(scaled_as_on_the_page, "√3 belongs to the six words; here d_k is the width of q, q.shape[-1]."),
        Mistake(without_softmax, "the softmax is missing: scores are not weights yet."),
        Mistake(weights_only, "these are the weights; multiply them with V."),
        Mistake(scaled_after_softmax, "the scale comes after the softmax, so rows no longer sum to one."),
        Mistake(
            softmax_over_queries,
            "the softmax runs over the queries; it belongs over the keys, dim=-1.",
        ),
    ),
)

EXERCISES = (SWAP, CAUSAL, NO_QUESTION, ATTENTION)

"""The exercises of page 4.4: what a causal mask says of order, windows, and the gradients of attention.

dV = Aᵀ dC      dA = dC Vᵀ      dZ̃ = A ∘ (dA − Σ A ∘ dA), the sum along each row
dQ = dZ̃ K / √d_k      dK = dZ̃ᵀ Q / √d_k
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.exercises.one_head import softmax_of_scores

# --- does a causal layer know the order? -----------------------------------------------------------------------

CAUSAL_PERMUTATION = Exercise(
    name="4.4-causal-permutation",
    answer="no",
    right="the mask names positions, so a causal layer can tell orders apart even with no position in X.",
    mistakes=(
        Mistake(
            "yes",
            "try it with the first and the last word: who may look at whom changes, so the outputs change.",
        ),
    ),
)

# --- a window --------------------------------------------------------------------------------------------------


def window(T: int, seen: int) -> Tensor:
    """True where query t may look at key s: 0 ≤ t − s < seen."""
    back = torch.arange(T)[:, None] - torch.arange(T)[None, :]
    return (back >= 0) & (back < seen)


def inverted(T: int, seen: int) -> Tensor:
    """True where a query may not look."""
    return ~window(T, seen)


def one_too_many(T: int, seen: int) -> Tensor:
    """t − s ≤ seen."""
    return window(T, seen + 1)


def to_both_sides(T: int, seen: int) -> Tensor:
    """|t − s| < seen."""
    return window(T, seen) | window(T, seen).T


def one_too_few(T: int, seen: int) -> Tensor:
    """t − s < seen − 1."""
    return window(T, seen - 1)


def without_end(T: int, seen: int) -> Tensor:
    """0 ≤ t − s."""
    return window(T, T)


def without_own_word(T: int, seen: int) -> Tensor:
    """0 < t − s ≤ seen."""
    return window(T, seen + 1) & ~window(T, 1)


def transposed(T: int, seen: int) -> Tensor:
    """Keys as rows."""
    return window(T, seen).T


WINDOW = Exercise(
    name="4.4-window",
    answer=window,
    probes=((6, 3), (5, 1), (4, 7), (11, 2)),
    right="each position sees itself and what lies just behind it, `seen` in all.",
    mistakes=(
        Mistake(inverted, "the mask is inverted: True must mean “may look”."),
        Mistake(
            one_too_many,
            "one too many: `seen` counts the position itself, so the window is t − s < seen.",
        ),
        Mistake(one_too_few, "one too few: `seen` words in all are seen, the word itself among them."),
        Mistake(without_end, "this is the whole causal mask; a window also ends: t − s < seen."),
        Mistake(without_own_word, "each word sees itself too: ask for t − s ≥ 0, not > 0."),
        Mistake(to_both_sides, "this window also looks ahead; ask for t − s ≥ 0 as well."),
        Mistake(transposed, "rows are queries and columns keys: this mask is transposed."),
    ),
)

# --- the gradient of the scores --------------------------------------------------------------------------------


def scores_gradient(a: Tensor, grad_a: Tensor) -> Tensor:
    """The gradient of the scores, from the weights and their gradient."""
    return a * (grad_a - (a * grad_a).sum(-1, keepdim=True))


def without_competition(a: Tensor, grad_a: Tensor) -> Tensor:
    """Nothing subtracted."""
    return a * grad_a


def diagonal_only(a: Tensor, grad_a: Tensor) -> Tensor:
    """Each weight as if it had its score to itself."""
    return a * (1 - a) * grad_a


def summed_down_columns(a: Tensor, grad_a: Tensor) -> Tensor:
    """Over the queries."""
    return a * (grad_a - (a * grad_a).sum(0, keepdim=True))


def plain_mean_subtracted(a: Tensor, grad_a: Tensor) -> Tensor:
    """Not weighted with A."""
    return a * (grad_a - grad_a.mean(-1, keepdim=True))


def plain_sum_subtracted(a: Tensor, grad_a: Tensor) -> Tensor:
    """Neither weighted nor a mean."""
    return a * (grad_a - grad_a.sum(-1, keepdim=True))


def one_sum_for_all(a: Tensor, grad_a: Tensor) -> Tensor:
    """Over the whole matrix."""
    return a * (grad_a - (a * grad_a).sum())


def without_keepdim(a: Tensor, grad_a: Tensor) -> Tensor:
    """The rows' sums laid along the columns, where that is possible at all."""
    return a * (grad_a - (a * grad_a).sum(-1))


def without_weights(a: Tensor, grad_a: Tensor) -> Tensor:
    """Without the factor A in front."""
    return grad_a - (a * grad_a).sum(-1, keepdim=True)


SCORES_GRADIENT = Exercise(
    name="4.4-scores-gradient",
    answer=scores_gradient,
    probes=(
        (random_normal(4, 5).softmax(-1), random_normal(4, 5, seed=1)),
        (random_normal(2, 7, seed=2).softmax(-1), random_normal(2, 7, seed=3)),
        (random_normal(3, 3, seed=4).softmax(-1), random_normal(3, 3, seed=5)),
    ),
    right="each row of the gradient sums to zero: adding the same number to all scores changes nothing.",
    mistakes=(
        Mistake(
            without_competition,
            "the weights compete: subtract from each dA the row's mean of dA, weighted with A.",
        ),
        Mistake(diagonal_only, "that is the diagonal of the softmax's matrix; a score moves the other weights too."),
        Mistake(
            summed_down_columns,
            "the sum runs down the columns; each row is a softmax of its own.",
        ),
        Mistake(
            plain_mean_subtracted,
            "the mean that is subtracted is weighted with A: (A · dA) summed along the row.",
        ),
        Mistake(plain_sum_subtracted, "the sum that is subtracted is of A · dA, along the row, and not of dA alone."),
        Mistake(one_sum_for_all, "that is one sum for the whole matrix; each row is a softmax with its own."),
        Mistake(
            without_keepdim, "the sums of the rows need their axis: keepdim=True, or they are laid along the columns."
        ),
        Mistake(
            without_weights,
            "the factor A in front is missing: a key with no weight passes no gradient.",
        ),
    ),
)

# --- the whole backward pass -----------------------------------------------------------------------------------

Gradients = tuple[Tensor, Tensor, Tensor]  # of q, k and v


def reference_backward(q: Tensor, k: Tensor, v: Tensor, grad_c: Tensor) -> Gradients:
    """The gradients of attention, from PyTorch."""
    inputs = (q.requires_grad_(), k.requires_grad_(), v.requires_grad_())
    with torch.enable_grad():
        context = F.scaled_dot_product_attention(*inputs)
    grad_q, grad_k, grad_v = torch.autograd.grad(context, inputs, grad_c)
    return grad_q, grad_k, grad_v


def attention_backward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    grad_c: Tensor,
    *,
    scaled: bool = True,
    through_softmax: bool = True,
    keys_turned: bool = True,
    scaled_first: bool = True,
) -> Gradients:
    """The same by hand, right, or wrong in the ways named."""
    scale = q.shape[-1] ** -0.5
    a = softmax_of_scores(q, k, scale if scaled_first else 1.0)

    grad_v = a.transpose(-2, -1) @ grad_c
    grad_a = grad_c @ v.transpose(-2, -1)
    grad_z = scores_gradient(a, grad_a) if through_softmax else grad_a
    grad_z = grad_z * scale if scaled else grad_z
    return grad_z @ k, (grad_z.transpose(-2, -1) if keys_turned else grad_z) @ q, grad_v


BACKWARD = Exercise(
    name="4.4-backward",
    answer=reference_backward,
    probes=(
        tuple(random_normal(4, 3, seed=i) for i in range(4)),
        (random_normal(5, 3), random_normal(7, 3), random_normal(7, 2), random_normal(5, 2)),
        (random_normal(2, 5), random_normal(11, 5), random_normal(11, 7), random_normal(2, 7)),
    ),
    right="you have written the backward pass that PyTorch runs for every attention layer.",
    mistakes=(
        Mistake(
            partial(attention_backward, scaled=False),
            "the scale is missing: Z̃ = Z/√d_k, so the gradient of Z is divided by √d_k too.",
        ),
        Mistake(
            partial(attention_backward, through_softmax=False),
            "the gradient must pass through the softmax: use the formula for dZ̃ of the exercise before.",
        ),
        Mistake(
            partial(attention_backward, keys_turned=False),
            "key s gathers from all queries, down its column of dZ: the gradient of K takes dZᵀ.",
        ),
        Mistake(
            partial(attention_backward, scaled_first=False),
            "A is the softmax of the scores divided by √d_k: the weights themselves lack their scale.",
        ),
    ),
)

EXERCISES = (CAUSAL_PERMUTATION, WINDOW, SCORES_GRADIENT, BACKWARD)

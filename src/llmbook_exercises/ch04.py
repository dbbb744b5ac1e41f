"""The exercises of chapter 4: one head, its scale, many heads, and what can be proved about them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook import six_words
from llmbook.attention import attention_weights, causal_mask
from llmbook_exercises import Exercise, random

Q, K, V = (six_words.X @ w for w in (six_words.W_Q, six_words.W_K, six_words.W_V))
CAUSAL = causal_mask(6)


def softmax_scores(q: Tensor, k: Tensor, scale: float, dim: int = -1) -> Tensor:
    return (q @ k.transpose(-2, -1) * scale).softmax(dim)


def causal_with(may_attend: Tensor, scale: float = 3**-0.5, fill: float = -math.inf, dim: int = -1) -> Tensor:
    weights = (Q @ K.T * scale).masked_fill(~may_attend, fill).softmax(dim)
    return weights.masked_fill(~may_attend, 0.0) if fill == -math.inf else weights


ONE_HEAD = (
    Exercise(
        name="4.1-swap",
        answer="mat",
        right='the scores are made of the rows of X alone, and "on" has the same row wherever it stands.',
        mistakes={
            "in the new sentence “cat” stands behind “on”, but where does S know that from?": "cat",
            "look at the row of “on” in A: one weight is three times its own.": "on",
        },
    ),
    Exercise(
        name="4.1-causal",
        answer=attention_weights(Q, K, CAUSAL),
        right="each word shares its attention among itself and the words before it, and each row sums to one.",
        mistakes={
            "the mask is inverted: each word sees only what comes after it.": causal_with(~CAUSAL),
            "the mask is inverted: masked_fill hides where it is True, so give it ~may_attend.": (Q @ K.T / 3**0.5)
            .masked_fill(CAUSAL, -math.inf)
            .softmax(-1),
            "the scale is missing: divide S by √3 first.": causal_with(CAUSAL, scale=1.0),
            "the softmax runs down the columns; it belongs along the rows, dim=-1.": causal_with(CAUSAL, dim=0),
            "hidden after the softmax, the weights no longer sum to one; hide the scores before it.": attention_weights(
                Q, K
            )
            * CAUSAL,
            "a score of 0 is not hidden: e⁰ = 1 still gets weight. Use −∞.": causal_with(CAUSAL, fill=0.0),
            "nothing is hidden yet: “the”, the first word, still sees “mat”.": attention_weights(Q, K),
        },
    ),
    Exercise(
        name="4.1-no-question",
        answer=V.mean(0),
        right="equal scores make equal weights, so attention without a question is the mean of the values.",
        mistakes={
            "that is the sum of the values; the weights sum to one, so each is 1/6.": V.sum(0),
            "scores of zero are not weights of zero: what is the softmax of six zeros?": torch.zeros(3),
            "that is the mean of X; C is made of the rows of V.": six_words.X.mean(0),
        },
        tolerance=0.005,
    ),
    Exercise(
        name="4.1-attention",
        answer=F.scaled_dot_product_attention,
        probes=((random(5, 7), random(3, 7), random(3, 2)), (random(2, 3, 4), random(2, 11, 4), random(2, 11, 4))),
        right="your four lines are the formula, for any number of queries, keys and sequences.",
        mistakes={
            "the scale is missing: divide the scores by √d_k.": lambda q, k, v: softmax_scores(q, k, 1.0) @ v,
            "the scores are divided by d_k instead of by its root.": lambda q, k, v: (
                softmax_scores(q, k, 1 / q.shape[-1]) @ v
            ),
            "the scores are multiplied by √d_k: divide.": lambda q, k, v: softmax_scores(q, k, q.shape[-1] ** 0.5) @ v,
            "the scale comes after the softmax, so rows no longer sum to one.": lambda q, k, v: (
                softmax_scores(q, k, 1.0) / q.shape[-1] ** 0.5 @ v
            ),
            "the softmax runs over the queries; it belongs over the keys, dim=-1.": lambda q, k, v: (
                softmax_scores(q, k, q.shape[-1] ** -0.5, dim=-2) @ v
            ),
        },
    ),
)

SCALE = (
    Exercise(
        name="4.1-spread",
        answer=10.0,
        right="a hundred products of variance 1 sum to variance 100, and its root is the spread.",
        mistakes={
            "100 is the variance; the standard deviation is its root.": 100.0,
            "each product has a standard deviation of 1, but there are a hundred of them.": 1.0,
            "1/√n is the spread of a mean; a dot product is a sum.": 0.1,
        },
        tolerance=0.05,
    ),
    Exercise(
        name="4.1-wider",
        answer=1 / 32,
        right="each product has variance 4 · 4 = 16, the sum has 16 · 64, and its root is 32.",
        mistakes={
            "1/√64 is right for standard deviation 1; here q and k both have 2.": 1 / 8,
            "the 2 counts twice: once in q and once in k.": 1 / 16,
            "32 is what to divide by; the factor is its inverse.": 32.0,
            "1/1024 would be right for the variance; the scale divides scores.": 1 / 1024,
        },
        tolerance=0.0005,
    ),
    Exercise(
        name="4.1-jacobian",
        answer=lambda p: torch.diag(p) - torch.outer(p, p),
        probes=((random(5).softmax(0),), (torch.tensor([0.5, 0.5]),), (torch.tensor([1.0, 0.0, 0.0]),)),
        right="and with p = (1, 0, 0) it is all zeros: a saturated softmax passes no gradient back.",
        mistakes={
            "the diagonal is right, but a score also lowers the others: ∂pᵢ/∂sⱼ = −pᵢpⱼ.": lambda p: torch.diag(
                p * (1 - p)
            ),
            "the sign is turned round: raising sᵢ raises pᵢ.": lambda p: torch.outer(p, p) - torch.diag(p),
            "the weights sum to one, so what one gains others lose: − p pᵀ.": lambda p: torch.diag(p),
            "on the diagonal pᵢ must be added: pᵢ − pᵢ².": lambda p: -torch.outer(p, p),
        },
    ),
    Exercise(
        name="4.1-effective",
        answer=lambda a: torch.special.entr(a).sum(-1).exp(),
        probes=((random(5, 7).softmax(-1),), (torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]),)),
        right="a row spread evenly over n words counts n, and a row on one word counts 1.",
        mistakes={
            "that is the entropy; its exponential counts words.": lambda a: torch.special.entr(a).sum(-1),
            "the sign is missing: entropy is −Σ a log a.": lambda a: (-torch.special.entr(a).sum(-1)).exp(),
            "a weight of 0 gives 0 · log 0 = NaN; its share of the entropy is 0.": lambda a: (
                -(a * a.log()).sum(-1)
            ).exp(),
            "the sum runs down the columns; a row is what one word looks at.": lambda a: (
                torch.special.entr(a).sum(-2).exp()
            ),
        },
    ),
)


def split(x: Tensor, H: int) -> Tensor:
    return x.unflatten(-1, (H, -1)).transpose(1, 2)


def multi_head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, H: int, **wrong: bool) -> Tensor:
    """Multi-head attention in matrices, right, or wrong in the ways named."""
    q, k, v = (split(x @ w, H) for w in (w_q, w_k, w_v))
    width = x.shape[-1] if "whole_width" in wrong else q.shape[-1]
    scale = 1.0 if "no_scale" in wrong else width**-0.5
    heads = softmax_scores(q, k, scale, dim=1 if "over_heads" in wrong else -1) @ v
    joined = heads.reshape(x.shape) if "no_transpose" in wrong else heads.transpose(1, 2).flatten(2)
    return joined if "no_w_o" in wrong else joined @ w_o


def contributions(heads: Tensor, w_o: Tensor) -> Tensor:
    return torch.stack([head @ rows for head, rows in zip(heads, w_o.chunk(len(heads), dim=0), strict=True)])


HEADS_PROBE = (random(2, 5, 6), *(random(6, 6, seed=i) for i in range(1, 5)), 3)

MANY_HEADS = (
    Exercise(
        name="4.2-count",
        answer=4 * (512 * 512 + 512),
        right="four maps of 512 × 512 with a bias each; the number of heads does not enter.",
        mistakes={
            "eight heads share the width: each has 64 columns, not 512.": 8 * 4 * (512 * 512 + 512),
            "each of the four maps also has a bias of 512 numbers.": 4 * 512 * 512,
            "Q, K and V are three maps; W^O is the fourth.": 3 * (512 * 512 + 512),
        },
    ),
    Exercise(
        name="4.2-split",
        answer=split,
        probes=((random(2, 5, 6), 3), (random(1, 7, 4), 2)),
        right="every head gets its own coordinates of every word.",
        mistakes={
            "the words are scrambled: cut the last axis into (H, K), then swap T and H.": lambda x, H: x.reshape(
                x.shape[0], H, x.shape[1], -1
            ),
            "the heads still stand behind the words, (B, T, H, K); swap these two axes.": lambda x, H: x.unflatten(
                -1, (H, -1)
            ),
            "these heads take every H-th coordinate; a head takes K neighbours, i·K … (i+1)·K.": lambda x, H: (
                x.unflatten(-1, (-1, H)).permute(0, 3, 1, 2)
            ),
        },
    ),
    Exercise(
        name="4.2-sum",
        answer=contributions,
        probes=((random(3, 5, 2), random(6, 6)),),
        right="each head writes through its own rows of W^O, and the layer adds up what they write.",
        mistakes={
            "these are columns of W^O; a head stands on its left, so it meets rows.": lambda heads, w_o: torch.stack(
                [head @ w_o[:, i * 2 : i * 2 + 2].T for i, head in enumerate(heads)]
            ),
            "every head uses the first rows of W^O; head i needs rows i·K … (i+1)·K.": lambda heads, w_o: (
                heads @ w_o[: heads.shape[-1]]
            ),
            "this is already the sum; keep the heads apart.": lambda heads, w_o: contributions(heads, w_o).sum(0),
        },
    ),
    Exercise(
        name="4.2-multi-head",
        answer=multi_head,
        probes=(HEADS_PROBE, (random(3, 4, 6), *HEADS_PROBE[1:5], 2)),
        right="this is the whole layer, and it runs for any number of heads that divides the width.",
        mistakes={
            "the scale is missing: divide by √K.": lambda *a: multi_head(*a, no_scale=True),
            "the scores are divided by √D; inside a head vectors are K = D/H wide, so divide by √K.": lambda *a: (
                multi_head(*a, whole_width=True)
            ),
            "the softmax runs over the heads; each query shares its attention over the keys, dim=-1.": lambda *a: (
                multi_head(*a, over_heads=True)
            ),
            "before joining the heads, swap T and H back: (B, H, T, K) to (B, T, H, K).": lambda *a: multi_head(
                *a, no_transpose=True
            ),
            "the last step is missing: multiply by W^O.": lambda *a: multi_head(*a, no_w_o=True),
        },
    ),
)


def window(T: int, seen: int) -> Tensor:
    back = torch.arange(T)[:, None] - torch.arange(T)[None, :]
    return (back >= 0) & (back < seen)


def scores_gradient(a: Tensor, d_a: Tensor) -> Tensor:
    return a * (d_a - (a * d_a).sum(-1, keepdim=True))


def backward(q: Tensor, k: Tensor, v: Tensor, d_c: Tensor, **wrong: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of attention with respect to q, k and v, right, or wrong in the ways named."""
    scale = q.shape[-1] ** -0.5
    a = softmax_scores(q, k, scale)
    d_a = d_c @ v.transpose(-2, -1)
    d_s = (d_a if "no_softmax" in wrong else scores_gradient(a, d_a)) * (1.0 if "no_scale" in wrong else scale)
    d_k = d_s @ q if "no_transpose" in wrong else d_s.transpose(-2, -1) @ q
    return (d_s @ k, d_k, (a if "same_a" in wrong else a.transpose(-2, -1)) @ d_c)


def reference_backward(q: Tensor, k: Tensor, v: Tensor, d_c: Tensor) -> tuple[Tensor, ...]:
    """The same from PyTorch."""
    q, k, v = (x.requires_grad_() for x in (q, k, v))
    with torch.enable_grad():
        return torch.autograd.grad(F.scaled_dot_product_attention(q, k, v), (q, k, v), d_c)


SQUARE = tuple(random(4, 3, seed=i) for i in range(4))

PROPERTIES = (
    Exercise(
        name="4.3-causal-permutation",
        answer="no",
        right="the mask names positions, so a causal layer can tell orders apart even with no position in X.",
        mistakes={
            "try it with the first and the last word: who may look at whom changes, so the outputs change.": "yes"
        },
    ),
    Exercise(
        name="4.3-window",
        answer=window,
        probes=((6, 3), (5, 1), (4, 7)),
        right="each position sees itself and what lies just behind it, `seen` in all.",
        mistakes={
            "the mask is inverted: True must mean “may look”.": lambda T, n: ~window(T, n),
            "one too many: `seen` counts the position itself, so the window is t − s < seen.": lambda T, n: window(
                T, n + 1
            ),
            "this window also looks ahead; ask for t − s ≥ 0 as well.": lambda T, n: window(T, n) | window(T, n).T,
            "rows are queries and columns keys: this mask is transposed.": lambda T, n: window(T, n).T,
        },
    ),
    Exercise(
        name="4.3-scores-gradient",
        answer=scores_gradient,
        probes=((random(4, 5).softmax(-1), random(4, 5, seed=1)),),
        right="each row of the gradient sums to zero: adding the same number to all scores changes nothing.",
        mistakes={
            "the weights compete: subtract from each dA the row's mean of dA, weighted with A.": lambda a, d_a: a * d_a,
            "the sum runs down the columns; each row is a softmax of its own.": lambda a, d_a: (
                a * (d_a - (a * d_a).sum(0, keepdim=True))
            ),
            "the mean that is subtracted is weighted with A: (A · dA) summed along the row.": lambda a, d_a: (
                a * (d_a - d_a.mean(-1, keepdim=True))
            ),
            "the factor A in front is missing: a key with no weight passes no gradient.": lambda a, d_a: (
                d_a - (a * d_a).sum(-1, keepdim=True)
            ),
        },
    ),
    Exercise(
        name="4.3-backward",
        answer=reference_backward,
        probes=(SQUARE, (random(5, 3), random(7, 3), random(7, 2), random(5, 2))),
        right="you have written the backward pass that PyTorch runs for every attention layer.",
        mistakes={
            "the scale is missing: S̃ = S/√d_k, so the gradient of S is divided by √d_k too.": lambda *a: backward(
                *a, no_scale=True
            ),
            "the gradient must pass through the softmax: use the formula for dS̃ of the exercise before.": lambda *a: (
                backward(*a, no_softmax=True)
            ),
        },
    ),
)

EXERCISES = ONE_HEAD + SCALE + MANY_HEADS + PROPERTIES

"""The exercises of page 5.5: scores of heads, what a control looks like, and taking a head out."""

import torch
from torch import Tensor

from llmbook_exercises import Exercise, random


def along(a: Tensor, n: int, offset: int, first: int) -> Tensor:
    """The mean weight (…) from query t to key t - n + offset, for t from ``first`` to the end."""
    return torch.stack([a[..., t, t - n + offset] for t in range(first, a.shape[-2])], dim=-1).mean(dim=-1)


def induction_score(a: Tensor, n: int) -> Tensor:
    return along(a, n, 1, n)


def replaced(heads: Tensor, chosen: int, by: Tensor | float) -> Tensor:
    """``heads`` (H, T, K) with head ``chosen`` overwritten."""
    return torch.stack([torch.zeros_like(head) + by if i == chosen else head for i, head in enumerate(heads)])


def layer_output(heads: Tensor, w_o: Tensor) -> Tensor:
    return torch.cat(list(heads), dim=-1) @ w_o


def mean_ablated(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    return layer_output(replaced(heads, chosen, heads[chosen].mean(dim=0)), w_o)


def probe(H: int, T: int, K: int, chosen: int) -> tuple:
    return random(H, T, K, seed=H) + 0.5, random(H * K, H * K, seed=T), chosen


WEIGHTS = random(3, 10, 10).softmax(dim=-1)

EXERCISES = (
    Exercise(
        name="5.5-offset",
        answer=3,
        right="8 − 6 + 1 = 3: the token of 8 stood at 2 before, and 3 followed it.",
        mistakes={
            "2 holds the same token as 8. An induction head looks one further: at what came after it.": 2,
            "7 is the neighbour on the left: that is what a previous-token head looks at.": 7,
            "9 lies ahead of 8, behind the causal mask. Look for the earlier copy.": 9,
            "1 is what came before the earlier copy; the head wants what came after it.": 1,
        },
    ),
    Exercise(
        name="5.5-even",
        answer=sum(1 / seen for seen in (2, 3, 4, 5)) / 4,
        right="even a head with nothing to say scores 0.32 here: a score means something only beside its control.",
        mistakes={
            "1/5 is right for the last word only: behind a causal mask, word t shares among t + 1 words.": 1 / 5,
            "1/4 is not it: how many words does the second word see, itself included?": 1 / 4,
            "the first word has no neighbour on the left: average over the other four.": sum(
                1 / seen for seen in (1, 2, 3, 4, 5)
            )
            / 5,
            "a word also sees itself: the second word shares its attention between two.": sum(
                1 / seen for seen in (1, 2, 3, 4)
            )
            / 4,
        },
        tolerance=0.006,
    ),
    Exercise(
        name="5.5-induction",
        answer=induction_score,
        probes=((WEIGHTS, 5), (random(2, 3, 6, 6, seed=1).softmax(dim=-1), 3)),
        right="one number a head: how much of its attention goes to what came next the first time.",
        mistakes={
            "that is key t − n, the same token: what came after it stands at t − n + 1.": lambda a, n: along(
                a, n, 0, n
            ),
            "one too far back: t − n − 1 is what came before the earlier copy.": lambda a, n: along(a, n, -1, n),
            "only the second half can look back: let t run from n to 2n − 1.": lambda a, n: along(a, n, 1, n - 1),
            "rows are queries and columns keys: you read the transposed matrix.": lambda a, n: along(
                a.transpose(-2, -1), n, 1, n
            ),
            "divide by n, the number of queries in the second half, not by 2n.": lambda a, n: along(a, n, 1, n) / 2,
            "that is a sum over the n queries: take the mean.": lambda a, n: along(a, n, 1, n) * n,
        },
    ),
    Exercise(
        name="5.5-mean-ablation",
        answer=mean_ablated,
        probes=(probe(3, 5, 2, 1), probe(2, 7, 3, 0)),
        right="the head now says the same at every position, so whatever it told one place from another is gone.",
        mistakes={
            "the head is set to zero; put its mean over the positions there instead.": lambda h, w, i: layer_output(
                replaced(h, i, 0.0), w
            ),
            "nothing has changed yet: the layer still has all its heads.": lambda h, w, i: layer_output(h, w),
            "that is the mean over the heads; take the mean of this head over its positions, dim=0.": lambda h, w, i: (
                layer_output(replaced(h, i, h.mean(dim=0)), w)
            ),
            "that is the mean over the head's coordinates; take it over the positions, dim=0.": lambda h, w, i: (
                layer_output(replaced(h, i, h[i].mean(dim=-1, keepdim=True)), w)
            ),
            "this silences the other heads and keeps the chosen one.": lambda h, w, i: layer_output(
                torch.stack([head if j == i else head.mean(0) + 0 * head for j, head in enumerate(h)]), w
            ),
        },
    ),
)

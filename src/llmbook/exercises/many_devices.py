"""The exercises of page 3.10: bytes round a ring, bytes a parameter, attentions merged, ranks of unequal size."""

from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal

# --- bytes round a ring ----------------------------------------------------------------------------------------

BYTES = Exercise(
    name="3.10-bytes",
    answer=[18.0, 22.5, 36.0],
    right="round a ring no rank ever sends twice what it has; in a star the middle sends more with every rank.",
    mistakes=(
        Mistake([9.0, 11.25, 36.0], "that is one time round, which adds. A second hands the sums to all."),
        Mistake([72.0, 360.0, 36.0], "that is what all ranks send together: one of them was asked for."),
        Mistake([36.0, 180.0, 36.0], "only a part of the numbers is sent at each step: one p-th."),
        Mistake([24.0, 24.0, 36.0], "there are p - 1 steps each time round, not p: a part need not come home."),
        Mistake([18.0, 22.5, 72.0], "half of these bytes come in: those that go out were asked for."),
        Mistake([18.0, 22.5, 48.0], "the middle sends to the three others, not to itself."),
    ),
    digits=3,
)

# --- bytes a parameter -----------------------------------------------------------------------------------------

STAGES = Exercise(
    name="3.10-stages",
    answer=[16.0, 5.5, 3.75, 2.0],
    right="the optimiser's numbers are most of it, and nobody misses them between two steps.",
    mistakes=(
        Mistake([16.0, 2.0, 2.0, 2.0], "stage 1 divides the optimiser's numbers only, stage 2 the gradients too."),
        Mistake([16.0, 5.5, 5.5, 2.0], "stage 2 divides the gradients as well."),
        Mistake([16.0, 14.25, 14.0, 2.0], "the order is optimiser first, then gradients, then weights."),
        Mistake([4.0, 2.5, 2.25, 2.0], "count the optimiser's twelve bytes a parameter."),
        Mistake([8.0, 4.0, 3.0, 2.0], "there are eight ranks, and a copy of the weights in 32 bits as well."),
    ),
    digits=3,
)

# --- attentions merged -----------------------------------------------------------------------------------------


def merged(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    """Each part is put on the scale of the largest score, and then all are added."""
    share = (top - top.amax(dim=0)).exp()
    return (share[..., None] * context).sum(dim=0) / (share * total).sum(dim=0)[..., None]


def not_rescaled(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    return context.sum(dim=0) / total.sum(dim=0)[..., None]


def mean_of_parts(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    return (context / total[..., None]).mean(dim=0)


def totals_not_rescaled(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    share = (top - top.amax(dim=0)).exp()
    return (share[..., None] * context).sum(dim=0) / total.sum(dim=0)[..., None]


def not_divided(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    return ((top - top.amax(dim=0)).exp()[..., None] * context).sum(dim=0)


def overflowing(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    return (top.exp()[..., None] * context).sum(dim=0) / (top.exp() * total).sum(dim=0)[..., None]


def one_for_all(top: Tensor, total: Tensor, context: Tensor) -> Tensor:
    share = (top - top.amax()).exp()
    return (share[..., None] * context).sum(dim=0) / (share * total).sum(dim=0)[..., None]


def parts(p: int, T: int, d: int, seed: int, size: float = 2.0) -> tuple[Tensor, Tensor, Tensor]:
    return (
        size * random_normal(p, T, seed=seed),
        1 + random_normal(p, T, seed=seed + 1).abs(),
        random_normal(p, T, d, seed=seed + 2),
    )


MERGED = Exercise(
    name="3.10-merged",
    answer=merged,
    probes=(parts(2, 3, 5, 1), parts(4, 7, 2, 4), parts(3, 7, 4, 7, size=300.0), parts(1, 5, 3, 10)),
    right="a softmax cut in pieces is put together by three numbers a query: the maximum, the sum, the context.",
    mistakes=(
        Mistake(not_rescaled, "each part was computed against its own maximum: put them on one scale first."),
        Mistake(mean_of_parts, "a part with larger scores counts more than one with small ones."),
        Mistake(totals_not_rescaled, "the totals are on different scales too."),
        Mistake(not_divided, "divide by the total of all parts."),
        Mistake(one_for_all, "right on paper; a query far below the largest score of all is left with 0 / 0."),
        Mistake(overflowing, "right on paper; with large scores exp overflows: take the largest away first."),
    ),
)

# --- the bug museum: ranks of unequal size ---------------------------------------------------------------------

Combine = Callable[[Tensor, Tensor], Tensor]  # sums of gradients (p, D) and numbers of tokens (p,) to a gradient (D,)


def by_tokens(sums: Tensor, counts: Tensor) -> Tensor:
    """Right: each token counts the same."""
    return sums.sum(dim=0) / counts.sum()


def weighted(sums: Tensor, counts: Tensor) -> Tensor:
    """Right: a mean of means, weighted."""
    return (sums / counts.clamp(min=1)[:, None] * (counts / counts.sum())[:, None]).sum(dim=0)


def mean_of_means(sums: Tensor, counts: Tensor) -> Tensor:
    """The museum's piece; a rank without tokens is left in peace."""
    return (sums / counts.clamp(min=1)[:, None]).mean(dim=0)


def sum_of_means(sums: Tensor, counts: Tensor) -> Tensor:
    return (sums / counts.clamp(min=1)[:, None]).sum(dim=0)


def count_of_the_first(sums: Tensor, counts: Tensor) -> Tensor:
    return sums.sum(dim=0) / (counts[0] * len(counts))


def divided_twice(sums: Tensor, counts: Tensor) -> Tensor:
    """Divided by all tokens, and then averaged over ranks."""
    return sums.mean(dim=0) / counts.sum()


def nothing_is_nan(sums: Tensor, counts: Tensor) -> Tensor:
    """Right but for a rank without tokens."""
    return (sums / counts[:, None] * (counts / counts.sum())[:, None]).sum(dim=0)


def without_the_last(sums: Tensor, counts: Tensor) -> Tensor:
    return sums[:-1].sum(dim=0) / counts[:-1].sum()


EXHIBITS: tuple[Combine, ...] = (
    mean_of_means, sum_of_means, count_of_the_first, divided_twice, nothing_is_nan, without_the_last,
)  # fmt: skip


def agrees(combine: Combine, counts: list[int], seed: int = 0) -> bool:
    """Whether the gradient is that of all tokens together."""
    count = torch.tensor(counts, dtype=torch.float32)
    sums = random_normal(len(counts), 5, seed=seed) * count[:, None]
    return torch.allclose(combine(sums, count), sums.sum(dim=0) / count.sum(), atol=1e-5)


def is_right(combine: Combine) -> bool:
    """Equal ranks, unequal ones, and one with nothing to learn from."""
    return agrees(combine, [3, 3, 3]) and agrees(combine, [7, 1, 3]) and agrees(combine, [5, 0, 2])


MUSEUM = Exercise(
    name="3.10-museum",
    answer=is_right,
    probes=((by_tokens,), (weighted,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, that of a public trainer among them.",
    mistakes=(
        Mistake(lambda f: agrees(f, [3, 3, 3]), "where all ranks have equally many tokens some wrong ones are right."),
        Mistake(lambda f: agrees(f, [7, 1, 3]), "a rank may have no token to learn from: 0 / 0 is NaN."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (BYTES, STAGES, MERGED, MUSEUM)

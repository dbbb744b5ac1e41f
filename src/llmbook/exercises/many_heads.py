"""The exercises of page 4.3: the size of a layer, cutting it into heads, what each head adds, and the whole of it.

    MultiHead(x) = Concat(head_1, …, head_H) W^O

Sizes: ``B`` sequences of ``T`` words, ``D`` wide, cut into ``H`` heads, each ``d_k`` = D/H wide.
"""

from functools import partial

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.exercises.one_head import softmax_of_scores

# --- the parameters of a layer ---------------------------------------------------------------------------------

COUNT = Exercise(
    name="4.3-count",
    answer=4 * (512 * 512 + 512),
    right="four maps of 512 × 512 with a bias each; the number of heads does not enter.",
    mistakes=(
        Mistake(8 * 4 * (512 * 512 + 512), "eight heads share the width: each has 64 columns, not 512."),
        Mistake(4 * 512 * 512, "each of the four maps also has a bias of 512 numbers."),
        Mistake(512 * 512 + 512, "that is one map; there are four: Q, K, V and W^O."),
        Mistake(3 * 512 * 512, "Q, K and V are three maps; W^O is the fourth, and each has a bias of 512 numbers."),
        Mistake(4 * (512 * 512) + 512, "each of the four maps has a bias of its own."),
        Mistake(4 * (512 * 64 + 64), "that is one head; eight of them share the width of 512."),
        Mistake(3 * (512 * 512 + 512), "Q, K and V are three maps; W^O is the fourth."),
    ),
)

# --- cutting into heads ----------------------------------------------------------------------------------------


def split(x: Tensor, n_heads: int) -> Tensor:
    """Each head's own coordinates of every word: (B, T, D) to (B, H, T, d_k)."""
    return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def words_scrambled(x: Tensor, n_heads: int) -> Tensor:
    """All numbers of a sequence in a row, cut anew."""
    return x.reshape(x.shape[0], n_heads, x.shape[1], -1)


def heads_behind_words(x: Tensor, n_heads: int) -> Tensor:
    """(B, T, H, d_k): the axes not swapped."""
    return x.unflatten(-1, (n_heads, -1))


def every_nth_coordinate(x: Tensor, n_heads: int) -> Tensor:
    """Coordinates H apart, and not d_k neighbours."""
    return x.unflatten(-1, (-1, n_heads)).permute(0, 3, 1, 2)


SPLIT = Exercise(
    name="4.3-split",
    answer=split,
    probes=(
        (random_normal(2, 5, 6), 3),
        (random_normal(1, 7, 4), 2),
        (random_normal(3, 2, 35), 5),
        (random_normal(3, 7, 5), 1),
    ),
    right="every head gets its own coordinates of every word.",
    mistakes=(
        Mistake(
            words_scrambled,
            "the words are scrambled: cut the last axis into (H, d_k), then swap T and H.",
        ),
        Mistake(
            heads_behind_words,
            "the heads still stand behind the words, (B, T, H, d_k); swap these two axes.",
        ),
        Mistake(
            every_nth_coordinate,
            "these heads take every H-th coordinate; a head takes d_k neighbours, i·d_k … (i+1)·d_k.",
        ),
    ),
)

# --- what each head adds ---------------------------------------------------------------------------------------


def contributions(heads: Tensor, w_o: Tensor) -> Tensor:
    """What each head (T, d_k) writes through its own rows of W^O, a head an entry."""
    rows_of_heads = w_o.chunk(len(heads), dim=0)
    return torch.stack([head @ rows for head, rows in zip(heads, rows_of_heads, strict=True)])


def through_columns(heads: Tensor, w_o: Tensor) -> Tensor:
    """The rows of W^O transposed."""
    return contributions(heads, w_o.T)


def through_first_rows(heads: Tensor, w_o: Tensor) -> Tensor:
    """All heads through the rows of the first."""
    return heads @ w_o[: heads.shape[-1]]


def summed(heads: Tensor, w_o: Tensor) -> Tensor:
    """All heads together."""
    return contributions(heads, w_o).sum(0)


def words_first(heads: Tensor, w_o: Tensor) -> Tensor:
    """(T, H, D)."""
    return contributions(heads, w_o).transpose(0, 1)


SUM = Exercise(
    name="4.3-sum",
    answer=contributions,
    probes=(
        (random_normal(3, 5, 2), random_normal(6, 6)),
        (random_normal(2, 7, 5), random_normal(10, 10)),
        (random_normal(5, 2, 3), random_normal(15, 15)),
        (random_normal(1, 3, 7), random_normal(7, 7)),
    ),
    right="each head writes through its own rows of W^O, and the layer adds up what they write.",
    mistakes=(
        Mistake(
            through_columns,
            "these are columns of W^O; a head stands on its left, so it meets rows.",
        ),
        Mistake(
            through_first_rows,
            "every head uses the first rows of W^O; head i needs rows i·d_k … (i+1)·d_k.",
        ),
        Mistake(summed, "this is already the sum; keep the heads apart."),
        Mistake(words_first, "the words stand before the heads here; the result is (H, T, D)."),
    ),
)

# --- the whole layer -------------------------------------------------------------------------------------------


def join(heads: Tensor) -> Tensor:
    """The heads side by side again: (B, H, T, d_k) to (B, T, D)."""
    return heads.transpose(1, 2).flatten(2)


def all_heads(
    x: Tensor,
    w_q: Tensor,
    w_k: Tensor,
    w_v: Tensor,
    n_heads: int,
    *,
    scale: float | None = None,
    softmax_dim: int = -1,
) -> Tensor:
    """What every head makes of the words (B, H, T, d_k), with 1/√d_k as scale unless told."""
    q = split(x @ w_q, n_heads)
    k = split(x @ w_k, n_heads)
    v = split(x @ w_v, n_heads)

    factor: float = q.shape[-1] ** -0.5 if scale is None else scale
    return softmax_of_scores(q, k, factor, softmax_dim) @ v


def multi_head(
    x: Tensor,
    w_q: Tensor,
    w_k: Tensor,
    w_v: Tensor,
    w_o: Tensor,
    n_heads: int,
    *,
    scale: float | None = None,
    softmax_dim: int = -1,
) -> Tensor:
    """Multi-head attention in matrices."""
    return join(all_heads(x, w_q, w_k, w_v, n_heads, scale=scale, softmax_dim=softmax_dim)) @ w_o


def scaled_by_whole_width(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """1/√D as scale."""
    return multi_head(x, w_q, w_k, w_v, w_o, n_heads, scale=x.shape[-1] ** -0.5)


def scaled_by_heads(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """1/√H as scale."""
    return multi_head(x, w_q, w_k, w_v, w_o, n_heads, scale=n_heads**-0.5)


def scaled_by_width(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """1/d_k as scale."""
    return multi_head(x, w_q, w_k, w_v, w_o, n_heads, scale=n_heads / x.shape[-1])


def as_linear_layers(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """Every matrix transposed."""
    return multi_head(x, w_q.T, w_k.T, w_v.T, w_o.T, n_heads)


def one_head_only(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """Not cut into heads."""
    return multi_head(x, w_q, w_k, w_v, w_o, 1)


def joined_without_swap(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """The heads' numbers as they lie, cut into words."""
    return all_heads(x, w_q, w_k, w_v, n_heads).reshape(x.shape) @ w_o


def without_w_o(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, n_heads: int) -> Tensor:
    """The heads side by side, not mixed."""
    return join(all_heads(x, w_q, w_k, w_v, n_heads))


WEIGHTS = tuple(random_normal(6, 6, seed=i) for i in range(1, 5))

MULTI_HEAD = Exercise(
    name="4.3-multi-head",
    answer=multi_head,
    probes=(
        (random_normal(2, 5, 6), *WEIGHTS, 3),
        (random_normal(3, 4, 6), *WEIGHTS, 2),
        (random_normal(3, 7, 10), *(random_normal(10, 10, seed=i) for i in range(5, 9)), 5),
        (random_normal(1, 2, 21), *(random_normal(21, 21, seed=i) for i in range(9, 13)), 3),
    ),
    right="this is the whole layer, and it runs for any number of heads that divides the width.",
    mistakes=(
        Mistake(partial(multi_head, scale=1.0), "the scale is missing: divide by √d_k."),
        Mistake(
            scaled_by_whole_width,
            "the scores are divided by √D; inside a head vectors are d_k = D/H wide, so divide by √d_k.",
        ),
        Mistake(scaled_by_heads, "the scores are divided by √H, the root of the number of heads; divide by √d_k."),
        Mistake(scaled_by_width, "the scores are divided by d_k; divide by its root, √d_k."),
        Mistake(
            partial(multi_head, softmax_dim=-2),
            "the softmax runs over the queries; each query shares its attention over the keys, dim=-1.",
        ),
        Mistake(
            partial(multi_head, softmax_dim=1),
            "the softmax runs over the heads; each query shares its attention over the keys, dim=-1.",
        ),
        Mistake(
            joined_without_swap,
            "before joining the heads, swap T and H back: (B, H, T, d_k) to (B, T, H, d_k).",
        ),
        Mistake(
            as_linear_layers, "that is nn.Linear's way round; here a matrix stands on the right as it is, x @ w_q."
        ),
        Mistake(one_head_only, "this is one wide head: cut q, k and v into n_heads."),
        Mistake(without_w_o, "the last step is missing: multiply by W^O."),
    ),
)

EXERCISES = (COUNT, SPLIT, SUM, MULTI_HEAD)

"""The exercises of page 5.8: the matrices of a head, the account of a logit, and what a circuit has to prove."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal

EPS = 1e-5

# --- three copies ----------------------------------------------------------------------------------------------

THREE_COPIES = Exercise(
    name="5.8-three-copies",
    answer="second",
    right="about twice as much to the nearer copy: the rotation favours it, and without it the nearer still gets more.",
    mistakes=(
        Mistake("first", "it is the other way round: run the model, and compare the two means."),
        Mistake("equal", "both hold the right predecessor, but queries and keys are turned too: run the model."),
        Mistake("third", "what comes next in the third copy lies ahead, behind the mask."),
    ),
)

# --- the QK matrix ---------------------------------------------------------------------------------------------


def rows_of(w: Tensor, head: int, d_k: int) -> Tensor:
    """One head's rows of a projection."""
    return w[d_k * head : d_k * head + d_k]


def qk_matrix(
    w_q: Tensor,
    w_k: Tensor,
    gain: Tensor,
    head: int,
    group: int,
    d_k: int,
    *,
    left: float = 1.0,
    right: float = 1.0,
    root: float = 0.5,
    in_turn: bool = False,
) -> Tensor:
    """G W_Q W_Kᵀ G / √d_k of one head; the options are powers, of the gain on either side and of d_k, and a sharing."""
    keys = rows_of(w_k, head % (len(w_k) // d_k) if in_turn else head // group, d_k)
    return gain[:, None] ** left * (rows_of(w_q, head, d_k).T @ keys) * gain**right / d_k**root


def turned_over(*arguments: Any) -> Tensor:
    """Keys from the left."""
    return qk_matrix(*arguments).T


def tries_of_heads(*heads: int) -> tuple[tuple[object, ...], ...]:
    """Six query heads of width 2 in groups of two, over a stream of 5."""
    return tuple(
        (random_normal(12, 5, seed=head), random_normal(6, 5, seed=7), random_normal(5, seed=8).abs() + 0.5, head, 2, 2)
        for head in heads
    )


QK = Exercise(
    name="5.8-qk",
    answer=qk_matrix,
    probes=(*tries_of_heads(5, 3, 1), (random_normal(6, 7), random_normal(3, 7), random_normal(7).exp(), 1, 2, 3)),
    right="rows are the query's side and columns the key's; of rank d_k at most, whatever D is.",
    mistakes=(
        Mistake(partial(qk_matrix, left=0.0, right=0.0), "the gain is missing, on both sides."),
        Mistake(
            partial(qk_matrix, right=0.0),
            "the keys have the gain as well: fold it into the right side.",
        ),
        Mistake(partial(qk_matrix, left=0.0), "the queries have the gain as well: fold it into the left side."),
        Mistake(partial(qk_matrix, root=0.0), "the division by √d_k is missing."),
        Mistake(turned_over, "this is transposed: the query stands on the left, x̂_t W x̂_sᵀ."),
        Mistake(partial(qk_matrix, in_turn=True), "groups are neighbours: head h uses the keys of head h // group."),
    ),
)

# --- one token against another ---------------------------------------------------------------------------------


def decides(
    parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor, *, eps: float = EPS, outside: float = 0.0
) -> Tensor:
    """Each part's term in a difference of two logits; ``outside`` the root ε is a mistake."""
    rms = (parts.sum(dim=0).square().mean() + eps).sqrt() + outside
    return (parts * gain / rms) @ (right - rival)


def each_by_its_own_size(parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor) -> Tensor:
    """Every part normalised by itself."""
    rms = (parts.square().mean(dim=-1, keepdim=True) + EPS).sqrt()
    return (parts * gain / rms) @ (right - rival)


def not_normalised(parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor) -> Tensor:
    """Without the size."""
    return (parts * gain) @ (right - rival)


def no_gain(parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor) -> Tensor:
    """Without the gain."""
    return decides(parts, torch.ones_like(gain), right, rival)


def for_the_right_one(parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor) -> Tensor:
    """Not a difference."""
    return decides(parts, gain, right, torch.zeros_like(rival))


def all_together(parts: Tensor, gain: Tensor, right: Tensor, rival: Tensor) -> Tensor:
    """One number for all parts."""
    return decides(parts, gain, right, rival).sum()


def tries_of_parts(*counts: int, size: float = 2.0) -> tuple[tuple[object, ...], ...]:
    """So many parts of streams of 7, each part about this large, and two rows."""
    return tuple(
        (
            size * random_normal(P, 7, seed=P),
            random_normal(7).abs() + 0.5,
            random_normal(7, seed=1),
            random_normal(7, seed=2),
        )
        for P in counts
    )


DECIDES = Exercise(
    name="5.8-decides",
    answer=decides,
    probes=(*tries_of_parts(5, 11, 3), *tries_of_parts(4, size=1e-3)),  # the last so small that ε counts
    right="the terms add up to the difference of the logits, which no common shift of all logits can change.",
    mistakes=(
        Mistake(each_by_its_own_size, "one size for all: that of the whole stream, or the terms do not add up."),
        Mistake(not_normalised, "the division by the root mean square of the stream is missing."),
        Mistake(no_gain, "the gain of the last norm is missing."),
        Mistake(partial(decides, eps=0.0), "ε is missing: 10⁻⁵ is added to the mean square, before the root."),
        Mistake(partial(decides, eps=0.0, outside=EPS), "ε stands under the root, beside the mean square."),
        Mistake(for_the_right_one, "that is the term in the logit of right alone: subtract the rival's."),
        Mistake(all_together, "that is the sum of all terms; one number for each part is asked for."),
    ),
)

# --- is it enough? ---------------------------------------------------------------------------------------------


def with_others(heads: Tensor, kept: Sequence[int], quiet: Tensor) -> Tensor:
    """The kept heads as they are, and ``quiet`` in the places of the others."""
    changed = quiet.expand_as(heads).clone()
    for head in kept:
        changed[:, :, head] = heads[:, :, head]
    return changed


def keep_only(heads: Tensor, kept: Sequence[int], *, dim: tuple[int, ...] = (0, 1)) -> Tensor:
    """The others say their mean over texts and places, or over other axes."""
    return with_others(heads, kept, heads.mean(dim=dim, keepdim=True))


def zero_instead(heads: Tensor, kept: Sequence[int]) -> Tensor:
    """The others say nothing."""
    return with_others(heads, kept, torch.zeros(()))


def took_them_out(heads: Tensor, kept: Sequence[int]) -> Tensor:
    """The kept are silenced, and not the others."""
    return keep_only(heads, [head for head in range(heads.shape[2]) if head not in kept])


def nothing_silenced(heads: Tensor, kept: Sequence[int]) -> Tensor:
    """All as they were."""
    return heads.clone()


KEEP_ONLY = Exercise(
    name="5.8-keep-only",
    answer=keep_only,
    probes=(
        (random_normal(2, 5, 3, 4) + 0.5, [1]),
        (random_normal(3, 4, 5, 2, seed=1) + 0.5, [0, 3]),
        (random_normal(2, 3, 4, 3, seed=2) - 0.5, [3, 1, 0]),
        (random_normal(2, 3, 3, 2, seed=3) + 1, []),
    ),
    right="a test of what is enough: on the page six heads do nearly as well as all 27 of their layers.",
    mistakes=(
        Mistake(zero_instead, "the others say zero; they are to say their mean, which the model is used to."),
        Mistake(partial(keep_only, dim=(1,)), "that is the mean of each text: average over texts too, dim=(0, 1)."),
        Mistake(partial(keep_only, dim=(0,)), "that is the mean of each place: average over places too, dim=(0, 1)."),
        Mistake(partial(keep_only, dim=(0, 1, 2)), "each head has a mean of its own: dim=(0, 1) only."),
        Mistake(took_them_out, "the wrong ones are silent: kept lists the heads that stay as they are."),
        Mistake(nothing_silenced, "nothing is silenced yet."),
    ),
)

# --- a test of a lens ------------------------------------------------------------------------------------------

Lens = Callable[[Tensor, Tensor, Tensor], Tensor]


def logits_by(streams: Tensor, size: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """(L, n_vocab), the streams divided by a size."""
    return (streams / size * gain) @ table.T


def sizes_of(streams: Tensor) -> Tensor:
    """The root mean square of each."""
    return (streams.square().mean(dim=-1, keepdim=True) + EPS).sqrt()


def right_lens(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """Each stream by its own size."""
    return logits_by(streams, sizes_of(streams), gain, table).softmax(dim=-1)


def by_the_last_size(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """The museum's."""
    return logits_by(streams, sizes_of(streams)[-1:], gain, table).softmax(dim=-1)


def not_divided(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """As long as they are."""
    return logits_by(streams, torch.ones(()), gain, table).softmax(dim=-1)


def forgot_the_gain(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """Normalised, and no more."""
    return logits_by(streams, sizes_of(streams), torch.ones_like(gain), table).softmax(dim=-1)


def subtracted_the_mean(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """LayerNorm."""
    return (F.layer_norm(streams, streams.shape[-1:]) * gain @ table.T).softmax(dim=-1)


def over_the_layers(streams: Tensor, gain: Tensor, table: Tensor) -> Tensor:
    """Columns sum to one."""
    return logits_by(streams, sizes_of(streams), gain, table).softmax(dim=0)


LENSES: tuple[Lens, ...] = (
    right_lens,
    by_the_last_size,
    not_divided,
    forgot_the_gain,
    subtracted_the_mean,
    over_the_layers,
)
GAIN = random_normal(6, seed=5).abs() + 0.5
TABLE = random_normal(9, 6, seed=6)
STREAMS = random_normal(4, 6) * torch.tensor([[0.05], [1.0], [5.0], [20.0]])  # they grow


def same_on(lens: Lens, streams: Tensor) -> bool:
    """Whether all probabilities are the right ones."""
    return torch.allclose(lens(streams, GAIN, TABLE), right_lens(streams, GAIN, TABLE), atol=1e-5)


def is_right(lens: Lens) -> bool:
    """On streams that have a mean."""
    return same_on(lens, STREAMS + 0.5)


def likeliest_tokens(lens: Lens) -> bool:
    """Whether the first place is right; a size changes no place."""
    streams = STREAMS + 0.5
    return bool((lens(streams, GAIN, TABLE).argmax(-1) == right_lens(streams, GAIN, TABLE).argmax(-1)).all())


def on_one_layer(lens: Lens) -> bool:
    """The last size is its own."""
    return same_on(lens, STREAMS[1:2] + 0.5)


def rows_sum_to_one(lens: Lens) -> bool:
    """Whatever the probabilities are."""
    sums = lens(STREAMS, GAIN, TABLE).sum(dim=-1)
    return torch.allclose(sums, torch.ones_like(sums), atol=1e-5)


MUSEUM_LENS = Exercise(
    name="5.8-museum-lens",
    answer=is_right,
    probes=tuple((lens,) for lens in LENSES),
    right="your test sees through five wrong lenses, the museum's among them, though it gets every place right.",
    mistakes=(
        Mistake(likeliest_tokens, "a wrong size changes no order: compare the probabilities, not the first place."),
        Mistake(on_one_layer, "with one layer the last size is its own: give it several streams, of unequal length."),
        Mistake(rows_sum_to_one, "most wrong lenses give rows that sum to one: compare the numbers with the formula."),
        *careless_tests(is_right, right=1, wrong=5),
    ),
)

EXERCISES = (THREE_COPIES, QK, DECIDES, KEEP_ONLY, MUSEUM_LENS)

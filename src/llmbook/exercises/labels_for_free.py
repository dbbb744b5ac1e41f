"""The exercises of page 2.4: BERT's masks, labels that come free, and what pre-training is worth in labels."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.training.objectives import IGNORE, mask_words

# --- the masks of a thousand words -----------------------------------------------------------------------------

SHARES = Exercise(
    name="2.4-shares",
    answer=[120, 15, 15],
    right="150 are chosen, and the loss counts all of them, the untouched ones too.",
    mistakes=(
        Mistake([800, 100, 100], "80, 10 and 10 % are shares of the chosen 15 %, not of all words."),
        Mistake([120, 15, 865], "of the untouched words only the chosen ones are asked for."),
        Mistake([150, 15, 15], "150 are chosen, but only 80 % of these are hidden."),
        Mistake([120, 15, 150], "of the untouched words: 10 % of the chosen 150 are asked for as they stand."),
        Mistake([0.8, 0.1, 0.1], "these are the shares of the chosen words; how many words are that?"),
        Mistake([0.12, 0.015, 0.015], "these are shares of all words; multiply by the thousand."),
    ),
)

# --- the questions of three games ------------------------------------------------------------------------------

COUNT = Exercise(
    name="2.4-count",
    answer=[20_000 * 49, 150_000, 10_000],
    right="the next word asks at nearly every position, the other two at a few.",
    mistakes=(
        Mistake(
            [1_000_000, 150_000, 10_000],
            "the last word of a piece has no next word: 49 answers a piece.",
        ),
        Mistake([980_000, 150_000, 20_000], "one question of game 2 needs two pieces."),
        Mistake([999_999, 150_000, 10_000], "the text is cut into 20,000 pieces, and each has a last word of its own."),
        Mistake([980_000, 147_000, 10_000], "game 1 may ask for the last word of a piece too: 15 % of all 50."),
        Mistake([980_000, 150_000, 19_999], "each piece is used once, so 20,000 pieces make 10,000 pairs."),
        Mistake(
            [980_000, 120_000, 10_000],
            "the chosen words that were not hidden are asked for as well.",
        ),
    ),
)

# --- the statistics of a masking -------------------------------------------------------------------------------

MASK = 3
VOCAB = 50


def masking(seed: int, share: float, B: int, T: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """Random words, what the model sees of them, what it must say, and the number of [MASK]."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, VOCAB, (B, T), generator=generator)
    seen, target = mask_words(ids, MASK, VOCAB, generator=generator, share=share)
    return ids, seen, target, MASK


def careless_masking(seed: int, share: float, B: int, T: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """A faulty program, which also hides and changes words that it does not ask for."""
    ids, seen, target, mask_id = masking(seed, share, B, T)
    unasked = target == IGNORE
    third = torch.arange(T) % 3
    seen = seen.masked_fill(unasked & (third == 0), mask_id).masked_fill(unasked & (third == 1), VOCAB)
    return ids, seen, target, mask_id


def shares_where(asked: Tensor, ids: Tensor, seen: Tensor, mask_id: int) -> Tensor:
    """The shares of hidden words, of other words and of unchanged words among those where ``asked`` is True."""
    hidden = seen[asked] == mask_id
    unchanged = seen[asked] == ids[asked]
    another = ~(hidden | unchanged)
    return torch.stack([hidden, another, unchanged]).float().mean(dim=1)


def mask_statistics(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """The three shares among the words the model is asked for."""
    return shares_where(target != IGNORE, ids, seen, mask_id)


def shares_of_all_positions(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """With the words nobody asks for."""
    return shares_where(torch.ones_like(ids, dtype=torch.bool), ids, seen, mask_id)


def changes_anywhere(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """Words hidden or changed anywhere, as shares of those asked for."""
    asked = (target != IGNORE).sum()
    hidden = (seen == mask_id).sum() / asked
    another = ((seen != ids) & (seen != mask_id)).sum() / asked
    return torch.stack([hidden, another, 1 - hidden - another])


def counts(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """Not divided by the number of positions."""
    return mask_statistics(ids, seen, target, mask_id) * (target != IGNORE).sum()


def in_another_order(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """Hidden, unchanged, another word."""
    return mask_statistics(ids, seen, target, mask_id)[[0, 2, 1]]


def hidden_words_are_others_too(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """[MASK] counted as another word."""
    hidden, another, unchanged = mask_statistics(ids, seen, target, mask_id)
    return torch.stack([hidden, hidden + another, unchanged])


def divided_by_all(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    """Shares of all positions of what was chosen."""
    return counts(ids, seen, target, mask_id) / ids.numel()


STATISTICS = Exercise(
    name="2.4-statistics",
    answer=mask_statistics,
    probes=(
        masking(0, 0.5, 7, 61),
        masking(1, 0.15, 3, 211),
        masking(2, 0.3, 1, 307),
        careless_masking(3, 0.3, 4, 101),
    ),
    right="a program that hides all chosen words, or asks where nothing was chosen, cannot pass this test.",
    mistakes=(
        Mistake(
            shares_of_all_positions,
            "these are shares of all positions; look only where target is not IGNORE.",
        ),
        Mistake(
            changes_anywhere, "a word that changed where nothing is asked for does not count: look at seen[asked]."
        ),
        Mistake(counts, "these are counts; divide by the number of positions that are asked for."),
        Mistake(
            hidden_words_are_others_too, "[MASK] is not another word: what differs from ids must differ from it too."
        ),
        Mistake(divided_by_all, "divide by the positions that are asked for, not by all of them."),
        Mistake(in_another_order, "the order is hidden, another word, unchanged."),
    ),
)

# --- labels needed for an accuracy -----------------------------------------------------------------------------

Scale = Callable[[float], float]


def identity(x: float) -> float:
    """A plain axis."""
    return x


def interpolated(
    sizes: Sequence[float], accuracies: Sequence[float], goal: float, to_axis: Scale, from_axis: Scale
) -> float:
    """The size at which the straight line between the measured points around the goal reaches it, on this axis."""
    before = max(i for i, accuracy in enumerate(accuracies[:-1]) if accuracy <= goal)
    after = before + 1

    left = to_axis(sizes[before])
    right = to_axis(sizes[after])
    way = (goal - accuracies[before]) / (accuracies[after] - accuracies[before])
    return from_axis(left + way * (right - left))


def labels_needed(sizes: Sequence[float], accuracies: Sequence[float], goal: float) -> float:
    """Straight along the logarithm of the sizes."""
    return interpolated(sizes, accuracies, goal, math.log, math.exp)


def along_plain_axis(sizes: Sequence[float], accuracies: Sequence[float], goal: float) -> float:
    """Without the logarithm."""
    return interpolated(sizes, accuracies, goal, identity, identity)


def still_a_logarithm(sizes: Sequence[float], accuracies: Sequence[float], goal: float) -> float:
    """Without the exponential."""
    return interpolated(sizes, accuracies, goal, math.log, identity)


def next_measured_size(sizes: Sequence[float], accuracies: Sequence[float], goal: float) -> float:
    """Where the goal has been passed already."""
    passed = (size for size, accuracy in zip(sizes, accuracies, strict=True) if accuracy >= goal)
    return float(next(passed))


def between_first_and_last(sizes: Sequence[float], accuracies: Sequence[float], goal: float) -> float:
    """One line from end to end."""
    return labels_needed([sizes[0], sizes[-1]], [accuracies[0], accuracies[-1]], goal)


LABELS = Exercise(
    name="2.4-labels",
    answer=labels_needed,
    probes=(
        ([20, 100, 500], [0.4, 0.5, 0.6], 0.55),
        ([10, 40, 160, 640], [0.3, 0.5, 0.55, 0.7], 0.35),
        ([5, 50, 300], [0.25, 0.5, 0.75], 0.75),
        ([7, 70], [0.25, 0.5], 0.25),
        ([20, 100, 500, 1000], [0.4, 0.5, 0.6, 0.9], 0.8),
    ),
    right="on a logarithmic axis equal steps multiply: each further point of accuracy costs more than the last.",
    mistakes=(
        Mistake(
            along_plain_axis,
            "this is straight on a plain axis; go along log n, and take the exponential at the end.",
        ),
        Mistake(still_a_logarithm, "this is still log n; the exponential brings it back to labels."),
        Mistake(
            next_measured_size,
            "this is the next measured size; the goal is reached somewhere before it.",
        ),
        Mistake(
            between_first_and_last,
            "the line runs between the two sizes next to the goal, not from the first to the last.",
        ),
    ),
)

EXERCISES = (SHARES, COUNT, STATISTICS, LABELS)

"""The exercises of page 2.3: BERT's masks, labels that come free, and what pre-training is worth in labels."""

import math

import torch
from torch import Tensor

from llmbook.objectives import IGNORE, mask_words
from llmbook_exercises import Exercise

MASK, VOCAB = 3, 50


def played(seed: int, share: float) -> tuple[Tensor, Tensor, Tensor, int]:
    """Random words, what the model sees of them, what it must say, and the number of [MASK]."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, VOCAB, (7, 61), generator=generator)
    return (ids, *mask_words(ids, MASK, VOCAB, generator=generator, share=share), MASK)


def shares(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int, asked: Tensor | None = None) -> Tensor:
    asked = target != IGNORE if asked is None else asked
    hidden, unchanged = seen[asked] == mask_id, seen[asked] == ids[asked]
    return torch.stack([x.float().mean() for x in (hidden, ~(hidden | unchanged), unchanged)])


def counts(ids: Tensor, seen: Tensor, target: Tensor, mask_id: int) -> Tensor:
    return shares(ids, seen, target, mask_id) * (target != IGNORE).sum()


def labels_needed(sizes: list, accuracies: list, goal: float, bent=math.log, back=math.exp) -> float:
    """Straight between the points once the sizes are ``bent``."""
    at = max(i for i, a in enumerate(accuracies[:-1]) if a <= goal)
    (n_1, n_2), (a_1, a_2) = map(bent, sizes[at : at + 2]), accuracies[at : at + 2]
    return back(n_1 + (goal - a_1) / (a_2 - a_1) * (n_2 - n_1))


def same(x: float) -> float:
    return x


EXERCISES = (
    Exercise(
        name="2.3-shares",
        answer=[120.0, 15.0, 15.0],
        right="150 are chosen, and the loss counts all of them, the untouched ones too.",
        mistakes={
            "80, 10 and 10 % are shares of the chosen 15 %, not of all words.": [800.0, 100.0, 100.0],
            "of the untouched words only the chosen ones are asked for.": [120.0, 15.0, 865.0],
            "150 are chosen, but only 80 % of these are hidden.": [150.0, 15.0, 15.0],
        },
        tolerance=0.5,
    ),
    Exercise(
        name="2.3-count",
        answer=[20_000 * 49.0, 150_000.0, 10_000.0],
        right="the next word asks at nearly every position, the other two at a few.",
        mistakes={
            "the last word of a piece has no next word: 49 answers a piece.": [1_000_000.0, 150_000.0, 10_000.0],
            "one question of game 2 needs two pieces.": [980_000.0, 150_000.0, 20_000.0],
            "the chosen words that were not hidden are asked for as well.": [980_000.0, 120_000.0, 10_000.0],
        },
        tolerance=0.5,
    ),
    Exercise(
        name="2.3-statistics",
        answer=shares,
        probes=(played(0, 0.5), played(1, 0.15)),
        right="a program that hides all chosen words, or asks where nothing was chosen, cannot pass this test.",
        mistakes={
            "these are shares of all positions; look only where target is not IGNORE.": lambda *a: shares(
                *a, asked=torch.ones_like(a[0], dtype=torch.bool)
            ),
            "these are counts; divide by the number of positions that are asked for.": counts,
            "the order is hidden, another word, unchanged.": lambda *a: shares(*a)[[0, 2, 1]],
        },
    ),
    Exercise(
        name="2.3-labels",
        answer=labels_needed,
        probes=(([20, 100, 500], [0.4, 0.5, 0.6], 0.55), ([10, 40, 160, 640], [0.3, 0.5, 0.55, 0.7], 0.35)),
        right="on a logarithmic axis equal steps multiply: each further point of accuracy costs more than the last.",
        mistakes={
            "this is straight on a plain axis; go along log n, and take the exponential at the end.": lambda *a: (
                labels_needed(*a, bent=same, back=same)
            ),
            "this is still log n; the exponential brings it back to labels.": lambda *a: labels_needed(*a, back=same),
            "this is the next measured size; the goal is reached somewhere before it.": lambda n, a, goal: float(
                next(n_i for n_i, a_i in zip(n, a, strict=True) if a_i >= goal)
            ),
        },
        tolerance=0.05,
    ),
)

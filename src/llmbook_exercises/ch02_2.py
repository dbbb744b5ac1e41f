"""The exercises of page 2.2: what distance does to a gradient, a gate and a path."""

import torch
from torch import Tensor

from llmbook.attention import window_mask
from llmbook_exercises import Exercise

W = torch.diag(torch.tensor([0.9, 0.5]))
AFTER_TWENTY = torch.linalg.matrix_norm(torch.linalg.matrix_power(W, 20), ord=2).item()
HALF_AFTER_100 = torch.special.logit(torch.tensor(0.5**0.01, dtype=torch.float64)).item()


def layers_until_reached(distance: int, back: int) -> int:
    """The first power of the window's mask in which the last word sees the first."""
    may_look = window_mask(distance + 1, back + 1).double()
    reach, layers = may_look, 1
    while reach[-1, 0] == 0:
        reach, layers = (reach @ may_look).clamp(max=1), layers + 1
    return layers


def by_distance(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """The share of right answers at each distance, counted by bins."""
    places = distance.unique(return_inverse=True)[1]
    return torch.bincount(places, weights=(said == right).double()) / torch.bincount(places)


SAID = torch.tensor([1, 2, 3, 4, 5, 6, 7, 0])
RIGHT = torch.tensor([1, 2, 0, 4, 0, 0, 7, 1])
DISTANCE = torch.tensor([2, 9, 9, 4, 4, 9, 2, 9])

EXERCISES = (
    Exercise(
        name="2.2-product",
        answer=AFTER_TWENTY,
        right="the largest factor wins: 0.9 to the 20th leaves an eighth, and 0.5 to the 20th a millionth.",
        mistakes={
            "that is the small entry; the largest singular value belongs to 0.9.": 0.5**20,
            "that is one step; the gradient is multiplied twenty times.": 0.9,
            "factors are multiplied, not added: 0.9 to the 20th.": 0.9 * 20,
            "from h_0 to h_20 it is twenty steps, not nineteen.": 0.9**19,
        },
        tolerance=0.002,
    ),
    Exercise(
        name="2.2-forget",
        answer=HALF_AFTER_100,
        right="the gate stands at 0.993: long memory needs gates very nearly open, and biases near 5.",
        mistakes={
            "that is the gate f; the bias is what the sigmoid turns into it.": 0.5**0.01,
            "a gate of one half keeps half for one step only, not for a hundred.": 0.0,
            "the sigmoid is undone with the sign reversed: ln f/(1 − f), not its inverse.": -HALF_AFTER_100,
            "undo the sigmoid with the logarithm of f/(1 − f); this is only f/(1 − f).": 0.5**0.01 / (1 - 0.5**0.01),
        },
        tolerance=0.05,
    ),
    Exercise(
        name="2.2-path",
        answer=layers_until_reached(40, 8),
        right="each layer adds eight words, so the path is n/r long: the last row of the table.",
        mistakes={
            "forty would be the recurrent network, one word a step; a layer here reaches eight.": 40,
            "one layer reaches word 33 and no further back.": 1,
            "the reach is added, not doubled, with each layer: 8, 16, 24, …": 4,
            "five times eight is forty already: the fifth layer reaches word 1.": 6,
        },
    ),
    Exercise(
        name="2.2-recall",
        answer=by_distance,
        probes=((SAID, RIGHT, DISTANCE), (SAID[:3], SAID[:3], DISTANCE[:3])),
        right="one number for all distances would have hidden what this page is about.",
        mistakes={
            "that is one number for all distances; give one for each.": lambda said, right, distance: (
                (said == right).double().mean()
            ),
            "these are counts of right answers; divide by how many questions had that distance.": lambda s, r, d: (
                torch.bincount(d.unique(return_inverse=True)[1], weights=(s == r).double())
            ),
            "the order is reversed: nearest first.": lambda s, r, d: by_distance(s, r, d).flip(0),
            "these are shares of mistakes: count where said equals right.": lambda s, r, d: 1 - by_distance(s, r, d),
        },
    ),
)

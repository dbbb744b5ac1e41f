"""The exercises of page 2.3: what distance does to a gradient, a gate and a path."""

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.nn.masks import window_mask

# --- a gradient through twenty steps ---------------------------------------------------------------------------

W = torch.diag(torch.tensor([0.9, 0.5]))
W_TO_THE_20TH = torch.linalg.matrix_power(W, 20)

PRODUCT = Exercise(
    name="2.3-product",
    answer=torch.linalg.matrix_norm(W_TO_THE_20TH, ord=2).item(),
    right="the largest factor wins: 0.9 to the 20th leaves an eighth, and 0.5 to the 20th a millionth.",
    mistakes=(
        Mistake(0.5**20, "that is the small entry; the largest singular value belongs to 0.9."),
        Mistake(0.9, "that is one step; the gradient is multiplied twenty times."),
        Mistake(0.9 * 20, "factors are multiplied, not added: 0.9 to the 20th."),
        Mistake(0.9**19, "from h_0 to h_20 it is twenty steps, not nineteen."),
    ),
    decimals=3,
)

# --- the bias of a gate that forgets half in a hundred steps ---------------------------------------------------

GATE = 0.5**0.01
BIAS = torch.logit(torch.tensor(GATE, dtype=torch.float64)).item()

FORGET = Exercise(
    name="2.3-forget",
    answer=BIAS,
    right="the gate stands at 0.993: long memory needs gates very nearly open, and biases near 5.",
    mistakes=(
        Mistake(GATE, "that is the gate f; the bias is what the sigmoid turns into it."),
        Mistake(0.0, "a gate of one half keeps half for one step only, not for a hundred."),
        Mistake(-BIAS, "the sigmoid is undone with the sign reversed: ln f/(1 − f), not its inverse."),
        Mistake(
            GATE / (1 - GATE),
            "undo the sigmoid with the logarithm of f/(1 − f); this is only f/(1 − f).",
        ),
    ),
    digits=2,
)

# --- the path through windows ----------------------------------------------------------------------------------


def layers_until_reached(distance: int, back: int) -> int:
    """The first power of the window's mask in which the last word sees the first."""
    may_look = window_mask(distance + 1, back + 1).double()
    reach = may_look
    layers = 1
    while reach[-1, 0] == 0:
        reach = (reach @ may_look).clamp(max=1)
        layers += 1
    return layers


PATH = Exercise(
    name="2.3-path",
    answer=layers_until_reached(40, 8),
    right="each layer adds eight words, so the path is n/r long: the last row of the table.",
    mistakes=(
        Mistake(40, "forty would be the recurrent network, one word a step; a layer here reaches eight."),
        Mistake(1, "one layer reaches word 33 and no further back."),
        Mistake(4, "the reach is added, not doubled, with each layer: 8, 16, 24, …"),
        Mistake(6, "five times eight is forty already: the fifth layer reaches word 1."),
    ),
)

# --- recall by distance ----------------------------------------------------------------------------------------


def right_answers(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """The number of right answers at each distance, counted by bins."""
    bins = distance.unique(return_inverse=True)[1]
    return torch.bincount(bins, weights=(said == right).double())


def recall_by_distance(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """The share of right answers at each distance, the nearest first."""
    questions = distance.unique(return_counts=True)[1]
    return right_answers(said, right, distance) / questions


def recall_of_all(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """One number for all distances."""
    return (said == right).double().mean()


def farthest_first(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """In reversed order."""
    return recall_by_distance(said, right, distance).flip(0)


def share_of_mistakes(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """Counts where the two differ."""
    return 1 - recall_by_distance(said, right, distance)


def in_order_of_first_question(said: Tensor, right: Tensor, distance: Tensor) -> Tensor:
    """Not sorted by distance."""
    places = {int(n): place for place, n in enumerate(distance.unique())}
    met = list(dict.fromkeys(distance.tolist()))
    return recall_by_distance(said, right, distance)[[places[n] for n in met]]


SAID = torch.tensor([1, 2, 3, 4, 5, 6, 7, 0])
RIGHT = torch.tensor([1, 2, 0, 4, 0, 0, 7, 1])
DISTANCE = torch.tensor([2, 9, 9, 4, 4, 9, 2, 9])

RECALL = Exercise(
    name="2.3-recall",
    answer=recall_by_distance,
    probes=(
        (SAID, RIGHT, DISTANCE),
        (SAID[:3], SAID[:3], DISTANCE[:3]),
        (SAID[[2, 7, 5, 1, 4]], RIGHT[[2, 7, 5, 6, 4]], torch.tensor([30, 7, 30, 1, 7])),
        (SAID.repeat(3)[:19], RIGHT.repeat(3)[:19], torch.arange(19) % 5 * 3),
    ),
    right="one number for all distances would have hidden what this page is about.",
    mistakes=(
        Mistake(recall_of_all, "that is one number for all distances; give one for each."),
        Mistake(
            right_answers,
            "these are counts of right answers; divide by how many questions had that distance.",
        ),
        Mistake(farthest_first, "the order is reversed: nearest first."),
        Mistake(in_order_of_first_question, "sort by distance: the distances stand in the order of the questions."),
        Mistake(share_of_mistakes, "these are shares of mistakes: count where said equals right."),
    ),
)

EXERCISES = (PRODUCT, FORGET, PATH, RECALL)

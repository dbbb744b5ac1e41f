"""The exercises of page 2.5: chance, the contrastive loss by hand, its scale, and naming without labels."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.data.drawings import COLOURS, SHAPES
from llmbook.exercises.exercise import Exercise, Mistake, random_normal

# --- chance ----------------------------------------------------------------------------------------------------

CHANCE = Exercise(
    name="2.5-chance",
    answer=[1 / (len(COLOURS) * len(SHAPES)), 1 / len(SHAPES)],
    right="so an accuracy between the two can come from colours alone; look at shapes separately.",
    mistakes=(
        Mistake(
            [1 / 20, 1 / 4],
            "unseen pairs are names too: the choice is among all 24 captions, not the 20 of the training.",
        ),
        Mistake([1 / 24, 1 / 6], "with the colour known, what is left to guess is the shape, one of four."),
        Mistake([1 / 24, 1 / 24], "with the colour known only four captions remain of the 24."),
        Mistake([1 / 4, 1 / 4], "the first number is for somebody who sees nothing: one of 24."),
    ),
    decimals=2,
)

# --- the scale that is sure enough -----------------------------------------------------------------------------

SCORE_DIFFERENCE = torch.logit(torch.tensor(0.95, dtype=torch.float64)).item()
E_TO_THE_TAU = SCORE_DIFFERENCE / (0.9 - 0.6)

SCALE = Exercise(
    name="2.5-scale",
    answer=E_TO_THE_TAU,
    right="only the difference of cosines counts, times the scale: ln 19 / 0.3.",
    mistakes=(
        Mistake(math.log(E_TO_THE_TAU), "that is τ; the scale is e to the τ."),
        Mistake(1 / E_TO_THE_TAU, "that is the temperature, one over the scale."),
        Mistake(
            math.log(19),
            "that is the distance the two scores need; divide it by the difference of the cosines.",
        ),
        Mistake(SCORE_DIFFERENCE / 0.9, "divide by the difference of the two cosines, not by the larger one."),
        Mistake(0.95 / 0.05 * (0.9 - 0.6), "take the logarithm of 19, and divide it by 0.3."),
        Mistake(math.log(0.95) / -0.3, "0.95 is the probability; the odds are 0.95 to 0.05, that is 19."),
        Mistake(19 / 0.3, "take the logarithm: e to the (0.3 times the scale) must be 19."),
    ),
    digits=2,
)

# --- the contrastive loss by hand ------------------------------------------------------------------------------

Z = torch.tensor([[2.0, 0.0], [1.0, 1.0]])
PAIRS = torch.arange(2)  # picture i belongs to caption i
ROWS = F.cross_entropy(Z, PAIRS).item()
COLUMNS = F.cross_entropy(Z.T, PAIRS).item()

LOSS = Exercise(
    name="2.5-loss",
    answer=(ROWS + COLUMNS) / 2,
    right="rows and columns each have their own mean, and the loss is halfway between.",
    mistakes=(
        Mistake(ROWS, "those are the rows, pictures looking for captions; the columns count as much."),
        Mistake(COLUMNS, "those are the columns, captions looking for pictures; the rows count as much."),
        Mistake(ROWS + COLUMNS, "take half of the sum of the two directions."),
        Mistake(ROWS * 2 + COLUMNS * 2, "each direction is a mean over two pairs, not a sum."),
    ),
    decimals=2,
)

# --- naming without labels -------------------------------------------------------------------------------------


def cosines(pictures: Tensor, captions: Tensor) -> Tensor:
    """The cosine of each picture, a row, with each caption, a column."""
    return F.cosine_similarity(pictures[:, None], captions[None], dim=-1)


def name_pictures(pictures: Tensor, captions: Tensor) -> Tensor:
    """For each picture the number of the caption with the largest cosine."""
    return cosines(pictures, captions).argmax(dim=1)


def by_dot_product(pictures: Tensor, captions: Tensor) -> Tensor:
    """Captions not normalised."""
    return (pictures @ captions.T).argmax(dim=1)


def name_captions(pictures: Tensor, captions: Tensor) -> Tensor:
    """For each caption the number of a picture."""
    return name_pictures(captions, pictures)


def worst_caption(pictures: Tensor, captions: Tensor) -> Tensor:
    """The smallest cosine."""
    return cosines(pictures, captions).argmin(dim=1)


def largest_cosine(pictures: Tensor, captions: Tensor) -> Tensor:
    """The cosine itself."""
    return cosines(pictures, captions).amax(dim=1)


PICTURES = random_normal(7, 5, seed=0)
CAPTIONS = random_normal(11, 5, seed=1) * torch.arange(1, 12)[:, None]  # of very different lengths

FEW = random_normal(13, 3, seed=2) * torch.arange(13, 0, -1)[:, None]
ONE = random_normal(1, 3, seed=3)

NAME = Exercise(
    name="2.5-name",
    answer=name_pictures,
    probes=((PICTURES, CAPTIONS), (CAPTIONS, PICTURES), (ONE, FEW), (FEW, random_normal(2, 3, seed=4))),
    right="this is the whole zero-shot classifier: its classes are whatever captions you pass.",
    mistakes=(
        Mistake(
            by_dot_product,
            "a long caption vector wins too often: divide each by its length before the product.",
        ),
        Mistake(name_captions, "this names captions by pictures; give one number for each picture."),
        Mistake(worst_caption, "this is the worst caption of each picture: take the largest cosine."),
        Mistake(
            largest_cosine,
            "these are the cosines themselves; give the number of the caption, with argmax.",
        ),
    ),
)

EXERCISES = (CHANCE, SCALE, LOSS, NAME)

"""The exercises of page 2.4: chance, the contrastive loss by hand, its scale, and naming without labels."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.data import COLOURS, SHAPES
from llmbook_exercises import Exercise, random

S = torch.tensor([[2.0, 0.0], [1.0, 1.0]])
ROWS, COLUMNS = (F.cross_entropy(table, torch.arange(2)).item() for table in (S, S.T))
SCALE = torch.special.logit(torch.tensor(0.95, dtype=torch.float64)).item() / (0.9 - 0.6)


def name_pictures(pictures: Tensor, captions: Tensor) -> Tensor:
    """For each picture the number of the caption with the largest cosine."""
    return F.cosine_similarity(pictures[:, None], captions[None], dim=-1).argmax(dim=1)


PICTURES = random(7, 5, seed=0)
CAPTIONS = random(11, 5, seed=1) * torch.arange(1, 12)[:, None]  # of very different lengths

EXERCISES = (
    Exercise(
        name="2.4-chance",
        answer=[1 / (len(COLOURS) * len(SHAPES)), 1 / len(SHAPES)],
        right="so an accuracy between the two can come from colours alone; look at shapes separately.",
        mistakes={
            "unseen pairs are names too: the choice is among all 24 captions, not the 20 of the training.": [
                1 / 20,
                1 / 4,
            ],
            "with the colour known, what is left to guess is the shape, one of four.": [1 / 24, 1 / 6],
            "with the colour known only four captions remain of the 24.": [1 / 24, 1 / 24],
            "the first number is for somebody who sees nothing: one of 24.": [1 / 4, 1 / 4],
        },
        tolerance=0.003,
    ),
    Exercise(
        name="2.4-scale",
        answer=SCALE,
        right="only the difference of cosines counts, times the scale: ln 19 / 0.3.",
        mistakes={
            "that is τ; the scale is e to the τ.": math.log(SCALE),
            "that is the temperature, one over the scale.": 1 / SCALE,
            "that is the distance the two scores need; divide it by the difference of the cosines.": math.log(19),
            "take the logarithm: e to the (0.3 times the scale) must be 19.": 19 / 0.3,
        },
        tolerance=0.05,
    ),
    Exercise(
        name="2.4-loss",
        answer=(ROWS + COLUMNS) / 2,
        right="rows and columns each have their own mean, and the loss is halfway between.",
        mistakes={
            "those are the rows, pictures looking for captions; the columns count as much.": ROWS,
            "those are the columns, captions looking for pictures; the rows count as much.": COLUMNS,
            "take half of the sum of the two directions.": ROWS + COLUMNS,
            "each direction is a mean over two pairs, not a sum.": ROWS * 2 + COLUMNS * 2,
        },
        tolerance=0.005,
    ),
    Exercise(
        name="2.4-name",
        answer=name_pictures,
        probes=((PICTURES, CAPTIONS), (CAPTIONS, PICTURES)),
        right="this is the whole zero-shot classifier: its classes are whatever captions you pass.",
        mistakes={
            "a long caption vector wins too often: divide each by its length before the product.": lambda p, c: (
                p @ c.T
            ).argmax(dim=1),
            "this names captions by pictures; give one number for each picture.": lambda p, c: name_pictures(c, p),
            "this is the worst caption of each picture: take the largest cosine.": lambda p, c: F.cosine_similarity(
                p[:, None], c[None], dim=-1
            ).argmin(dim=1),
            "these are the cosines themselves; give the number of the caption, with argmax.": lambda p, c: (
                F.cosine_similarity(p[:, None], c[None], dim=-1).amax(dim=1)
            ),
        },
    ),
)

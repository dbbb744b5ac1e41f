"""Drawn figures of one colour each, with captions: pictures that a small model can learn to name.

Some pairs of colour and shape are held out from training: four to choose a network by, four others to test it, once.
Left out: several figures in a picture, and photographs.
"""

import random

import torch
from jaxtyping import Float
from torch import Tensor

from llmbook.data.parts import Part, check_part

COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "green": (0.1, 0.6, 0.2),
    "blue": (0.1, 0.3, 0.85),
    "yellow": (0.95, 0.8, 0.1),
    "purple": (0.55, 0.2, 0.65),
    "grey": (0.5, 0.5, 0.5),
}
SHAPES = ("circle", "square", "triangle", "cross")
HELD_OUT: dict[Part, set[tuple[str, str]]] = {
    "dev": {("red", "triangle"), ("green", "circle"), ("blue", "cross"), ("yellow", "square")},
    "test": {("grey", "circle"), ("purple", "square"), ("yellow", "triangle"), ("red", "cross")},
}
SIDE = 32


def draw_shape(colour: str, shape: str, rng: random.Random) -> Float[Tensor, "3 32 32"]:
    """One figure, anywhere, of any size that fits, on a light ground with a little noise.

    Raises ``ValueError`` for a colour or a shape that is not known.
    """
    if colour not in COLOURS or shape not in SHAPES:
        raise ValueError(f"known are {', '.join(COLOURS)} and {', '.join(SHAPES)}; got {colour!r} {shape!r}")

    # Where it stands, and which pixels lie inside it
    r = rng.uniform(5, 9)
    cx = rng.uniform(r, SIDE - 1 - r)
    cy = rng.uniform(r, SIDE - 1 - r)
    y, x = torch.meshgrid(torch.arange(SIDE) - cy, torch.arange(SIDE) - cx, indexing="ij")
    inside = {
        "circle": x**2 + y**2 <= r**2,
        "square": (x.abs() <= 0.85 * r) & (y.abs() <= 0.85 * r),
        "triangle": (y <= 0.7 * r) & (y >= 2 * x.abs() - r),
        "cross": ((x.abs() <= r / 3) | (y.abs() <= r / 3)) & (x.abs() <= r) & (y.abs() <= r),
    }[shape]

    # Its colour, the ground, and noise over both
    ground = torch.full((3, SIDE, SIDE), rng.uniform(0.85, 1.0))
    picture = torch.where(inside, torch.tensor(COLOURS[colour])[:, None, None], ground)
    generator = torch.Generator().manual_seed(rng.randrange(2**31))
    noise = torch.randn(picture.shape, generator=generator)
    return (picture + 0.03 * noise).clamp(0, 1)


def shapes(n: int, seed: int = 0, part: Part = "train") -> tuple[Float[Tensor, "{n} 3 32 32"], list[tuple[str, str]]]:
    """``n`` pictures and their (colour, shape), of the pairs of one part: the 16 not ``HELD_OUT``, or four of those.

    Raises ``ValueError`` for fewer than one, and for a part that does not exist.
    """
    check_part(part)
    if n < 1:
        raise ValueError(f"there must be at least one picture, got n={n}")
    rng = random.Random(f"{seed} {part}")
    pairs = [(c, s) for c in COLOURS for s in SHAPES if part_of_pair(c, s) == part]
    drawn = [rng.choice(pairs) for _ in range(n)]
    return torch.stack([draw_shape(colour, shape, rng) for colour, shape in drawn]), drawn


def part_of_pair(colour: str, shape: str) -> Part:
    """The part a pair belongs to: most are for training."""
    for part, pairs in HELD_OUT.items():
        if (colour, shape) in pairs:
            return part
    return "train"

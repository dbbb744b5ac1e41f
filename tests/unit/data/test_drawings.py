"""The drawn figures show what their captions say, and the held-out pairs stay out."""

import random

import pytest
import torch

from llmbook.data import COLOURS, HELD_OUT, PARTS, SHAPES, draw_shape, shapes


def test_pictures_are_of_what_they_say():
    pictures, names = shapes(60, seed=2)
    assert pictures.shape == (60, 3, 32, 32)
    assert ((pictures >= 0) & (pictures <= 1)).all()
    for picture, (colour, _) in zip(pictures, names, strict=True):
        ground = picture.flatten(1).median(dim=1).values
        inside = (picture - ground[:, None, None]).abs().amax(dim=0) > 0.25
        found = picture[:, inside].mean(dim=1)
        nearest = min(COLOURS, key=lambda c: (torch.tensor(COLOURS[c]) - found).norm().item())
        assert nearest == colour
        assert 30 < inside.sum() < 280


def test_shapes_differ_in_outline():
    areas = {shape: [] for shape in SHAPES}
    for shape in SHAPES:
        for seed in range(20):
            picture = draw_shape("blue", shape, random.Random(seed))
            areas[shape].append(
                ((picture - picture.flatten(1).median(dim=1).values[:, None, None]).abs().amax(dim=0) > 0.25)
                .sum()
                .item()
            )
    for one, other in zip(areas["circle"], areas["triangle"], strict=True):
        assert one > 1.5 * other  # of the same random size: πr² against 0.7225 r²
    assert areas["square"] != areas["cross"]


def test_held_out_pairs_are_never_trained_on():
    trained, dev, test = (set(shapes(400, part=part)[1]) for part in PARTS)
    assert (dev, test) == (HELD_OUT["dev"], HELD_OUT["test"])
    assert len(trained) + len(dev) + len(test) == len(trained | dev | test) == len(COLOURS) * len(SHAPES)
    for pairs in (trained, trained | dev):
        assert {c for c, _ in pairs} == set(COLOURS)
        assert {s for _, s in pairs} == set(SHAPES)
    assert {s for _, s in dev} == {s for _, s in test} == set(SHAPES)
    assert torch.equal(shapes(5, seed=1)[0], shapes(5, seed=1)[0])
    assert not torch.equal(shapes(5, seed=1)[0], shapes(5, seed=2)[0])


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="got 'pink' 'circle'"):
        draw_shape("pink", "circle", random.Random(0))
    with pytest.raises(ValueError, match="got 'red' 'star'"):
        draw_shape("red", "star", random.Random(0))


def test_a_part_there_is_not(shapes_unchecked):
    with pytest.raises(ValueError, match="got 'exam'"):
        shapes(3, part="exam")


@pytest.mark.parametrize("n", [0, -1])
def test_no_pictures(n):
    with pytest.raises(ValueError, match=f"at least one picture, got n={n}"):
        shapes(n)

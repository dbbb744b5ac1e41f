"""Reversible layers: the gradients of the plain ones, memory that does not know the depth, what is refused."""

import pytest
import torch
from reference import close, random
from torch import nn

from llmbook.memory import LiveBytes, Reversible


def stack(depth: int) -> Reversible:
    torch.manual_seed(0)
    halves = [nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Linear(7, 5)).double() for _ in range(2 * depth)]
    return Reversible(*zip(halves[::2], halves[1::2], strict=True))


def outcome(way, model: nn.Module) -> list[torch.Tensor]:
    model.zero_grad()
    x_1, x_2 = random(3, 5, seed=1).requires_grad_(), random(3, 5, seed=2).requires_grad_()
    y_1, y_2 = way(x_1, x_2)
    (y_1.square() * 3 + y_2.pow(3)).sum().backward()
    return [y_1.detach(), y_2.detach(), *(t.grad for t in (x_1, x_2, *model.parameters()))]


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_outputs_and_gradients_are_those_of_the_plain_layers(depth):
    model = stack(depth)
    plain = outcome(model.plain, model)
    close(outcome(model, model), plain, 1e-12)  # float64: the inputs come back nearly
    assert len({round(t.norm().item(), 6) for t in plain}) == len(plain), "two gradients could be exchanged"


def test_one_output_alone_may_be_asked_for():
    model = stack(2)
    x_1, x_2 = random(3, 5, seed=1).requires_grad_(), random(3, 5, seed=2)
    model(x_1, x_2)[0].sum().backward()
    found = x_1.grad
    x_1.grad = None
    model.plain(x_1, x_2)[0].sum().backward()
    close(found, x_1.grad, 1e-12)


def test_what_is_kept_does_not_depend_on_the_depth():
    kept = []
    x_1, x_2 = random(3, 5).requires_grad_(), random(3, 5)
    for depth in (1, 4, 16):
        model = stack(depth)
        with LiveBytes() as memory:
            out = model(x_1, x_2)
        kept.append(memory.now)
        del out
    assert kept[0] == kept[1] == kept[2] == 2 * 3 * 5 * 8


def test_no_layers_give_back_what_they_were_given():
    x_1, x_2 = random(3, 5), random(3, 5)
    y_1, y_2 = Reversible().plain(x_1, x_2)
    assert y_1 is x_1
    assert y_2 is x_2


def test_halves_of_unequal_width_are_refused():
    with pytest.raises(RuntimeError, match="shapes"):
        stack(1)(random(3, 5), random(3, 4))

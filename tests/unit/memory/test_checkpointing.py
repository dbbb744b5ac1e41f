"""Checkpoints: gradients bit by bit, dropout included, the random stream, memory, what is refused."""

import pytest
import torch
from reference import random
from torch import nn
from torch.utils.checkpoint import checkpoint as theirs

from llmbook.memory import LiveBytes, checkpoint, in_segments


def part(p: float, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.Dropout(p), nn.GELU(), nn.Linear(7, 5)).double()


def outcome(run, layer: nn.Module, *, needed: bool = True) -> list[torch.Tensor]:
    torch.manual_seed(1)
    layer.zero_grad()
    x = random(3, 5).requires_grad_(needed)
    out = run(layer, x)
    out.square().sum().backward()
    return [out.detach(), torch.rand(1), *(t.grad.clone() for t in (x, *layer.parameters()) if t.requires_grad)]


@pytest.mark.parametrize("p", [0.0, 0.5])
@pytest.mark.parametrize("needed", [True, False])
def test_the_same_bits_as_without_and_as_pytorchs(p, needed):
    layer = part(p)
    plain = outcome(lambda layer, x: layer(x), layer, needed=needed)
    for run in (checkpoint, lambda layer, x: theirs(layer, x, use_reentrant=False)):
        found = outcome(run, layer, needed=needed)
        assert len(found) == len(plain) == 6 + needed
        assert all(a.equal(b) for a, b in zip(found, plain, strict=True))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8])
def test_segments_of_any_length_give_the_same_bits(length):
    chain = nn.Sequential(*(part(0.5, seed) for seed in range(5)))
    plain = outcome(lambda chain, x: chain(x), chain)
    found = outcome(lambda chain, x: in_segments(chain, x, length), chain)
    assert all(a.equal(b) for a, b in zip(found, plain, strict=True))


def test_only_the_inputs_are_kept():
    chain = nn.Sequential(*(part(0.0, seed) for seed in range(6)))
    x = random(11, 5).requires_grad_()
    for length, inputs in ((1, 5), (2, 2), (3, 1), (6, 0)):
        with LiveBytes() as memory:
            out = in_segments(chain, x, length)
        state = torch.get_rng_state().nbytes  # may be seen, or not
        assert 0 <= memory.now - out.nbytes - inputs * x.nbytes <= 6 * state
    out.sum().backward()


def test_a_weight_that_is_not_trained_gets_nothing_and_one_that_is_not_used_neither():
    layer = part(0.0)
    layer[0].weight.requires_grad_(False)
    layer.unused = nn.Parameter(torch.ones(2))
    layer.forward = lambda x: layer[3](layer[0](x))
    checkpoint(layer, random(3, 5)).sum().backward()
    assert layer[0].weight.grad is layer.unused.grad is None
    assert layer[0].bias.grad is not None


def test_no_segment_is_shorter_than_a_layer():
    with pytest.raises(ValueError, match="at least 1 layer, got 0"):
        in_segments([part(0.0)], random(3, 5), 0)

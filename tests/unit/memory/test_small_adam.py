"""Adam in eight bits: levels, errors within a gap, PyTorch's Adam for what has codes of its own, bytes, refusals."""

import pytest
import torch
from reference import close

from llmbook.memory import LiveBytes, SmallAdam, from_codes, to_codes
from llmbook.memory.small_adam import LEVELS, dynamic_levels


@pytest.mark.parametrize("signed", [True, False])
def test_the_dynamic_levels_are_those_of_the_paper(signed):
    """Each power of ten has twice as many as the one below; the first and the last by hand."""
    levels = dynamic_levels(signed)
    assert len(levels) == len(levels.unique()) == 256
    assert levels[-1] == 1
    above = levels[(levels > 0) & (levels < 1)]
    counts = [((above > 10.0 ** (p - 1)) & (above < 10.0**p)).sum().item() for p in range(-6, 1)]
    assert counts == [2 ** (p + (not signed)) for p in range(7)]
    first = [0.55e-6] if signed else [0.325e-6, 0.775e-6]
    close(above[: len(first)], torch.tensor(first), 1e-12)
    if signed:
        assert (-levels[:127]).sort().values.equal(above)


@pytest.mark.parametrize("kind", ["dynamic", "even"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("shape", [(5,), (7, 11), (3, 5, 13)])
def test_each_number_gets_the_nearest_level_of_its_block(kind, signed, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    x = x if signed else x.square()
    found = from_codes(to_codes(x, signed=signed, block=16, kind=kind), x, signed=signed, kind=kind)
    for start in range(0, x.numel(), 16):
        block = x.flatten()[start : start + 16]
        grid = LEVELS[kind](signed) * block.abs().max()
        nearest = (block[:, None] - grid).abs().amin(dim=1)
        close((found.flatten()[start : start + 16] - block).abs(), nearest, 1e-6)


def test_noughts_stay_noughts_and_the_largest_stays():
    x = torch.tensor([0.0, 0.0, 0.0, 1e-30, 0.0, -3e-20])
    found = from_codes(to_codes(x[:3], signed=True), x[:3], signed=True)
    assert not found.any()
    close(from_codes(to_codes(x[:4], signed=False), x[:4], signed=False)[3].item(), 1e-30, 1e-36)


def test_numbers_that_codes_hold_exactly_are_adams():
    """One number is a block of its own: its codes are exact, so each step is PyTorch's."""
    ours, theirs = (torch.ones(1, requires_grad=True) for _ in range(2))
    small = SmallAdam([ours], lr=0.1, betas=(0.8, 0.9))
    adam = torch.optim.Adam([theirs], lr=0.1, betas=(0.8, 0.9))
    for g in (0.5, 0.3, 2.0, 0.7, 1.1):  # all above nought: -1 is no level
        ours.grad = torch.tensor([g])
        theirs.grad = torch.tensor([g])
        small.step()
        adam.step()
        close(ours.detach(), theirs.detach(), 1e-6)


def test_a_weight_without_a_gradient_stays_and_the_first_step_is_adams():
    w, still = torch.randn(7, 5, requires_grad=True), torch.ones(2, requires_grad=True)
    twin = w.detach().clone().requires_grad_()
    w.grad = torch.randn(7, 5)
    twin.grad = w.grad.clone()
    SmallAdam([w, still], lr=0.01).step()
    torch.optim.Adam([twin], lr=0.01).step()
    close(w.detach(), twin.detach(), 1e-6)
    assert still.equal(torch.ones(2))


def test_two_bytes_a_number_and_eight_a_block():
    w = torch.randn(5000, requires_grad=True)
    w.grad = torch.randn(5000)
    with LiveBytes() as memory:
        small = SmallAdam([w])
        small.step()
    assert memory.now == 2 * (3 * 2048) + 2 * 3 * 4
    assert small.state[w]["step"] == 1


def test_the_bowl_is_walked_down():
    w = torch.full((100,), 3.0, requires_grad=True)
    small = SmallAdam([w], lr=0.05)
    for _ in range(200):
        w.grad = w.detach() * torch.linspace(0.1, 2, 100)
        small.step()
    assert w.abs().max() < 0.3


def test_unknown_kinds_and_empty_blocks_are_refused():
    for options in ({"block": 0}, {"kind": "odd"}):
        with pytest.raises(ValueError, match="block must be at least 1"):
            to_codes(torch.ones(3), signed=True, **options)

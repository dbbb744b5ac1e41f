"""Bytes that live: views count once, what is dropped is gone, what autograd keeps is seen."""

import pytest
import torch
from torch import nn

from llmbook.memory import LiveBytes


def test_what_autograd_keeps_is_what_its_own_hooks_see():
    """Reference: ``saved_tensors_hooks``, the storages that were not there before."""
    net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3), nn.GELU())
    x = torch.randn(11, 5)
    there = {t.untyped_storage().data_ptr() for t in (x, *net.parameters())}
    kept: dict[int, int] = {}

    def pack(t: torch.Tensor) -> torch.Tensor:
        kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with LiveBytes() as memory, torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = net(x)
    saved = sum(size for place, size in kept.items() if place not in there)
    assert memory.now == saved + out.nbytes > 11 * 7 * 4
    out.sum().backward()


def test_views_share_and_what_is_dropped_is_gone():
    with LiveBytes() as memory:
        a = torch.ones(3, 5)
        b = a.T[1:]
        c = b.contiguous()
        assert memory.now == 60 + 48
        del a
        assert memory.now == 60 + 48, "its storage lives in the view"
        del b, c
        assert memory.now == 0
        torch.ones(2)
    assert memory.peak == 60 + 48


def test_in_place_and_what_was_there_before_cost_nothing():
    a = torch.ones(7)
    with LiveBytes() as memory:
        a.add_(1)
        a.view(7, 1)
        torch.mul(a, 2, out=a)
    assert (memory.now, memory.peak) == (0, 0)


def test_the_context_is_closed_after_an_error():
    with pytest.raises(RuntimeError, match="shapes"), LiveBytes() as memory:
        torch.ones(2, 3) @ torch.ones(2, 3)
    torch.ones(1000)
    assert memory.peak == 48

"""Bytes of tensors that are alive: each once, and until it goes."""

import torch

from llmbook.pages.peak_memory import PeakMemory


def test_what_is_made_is_counted_once_and_what_goes_is_taken_off():
    x = torch.ones(100)  # was there before
    with PeakMemory() as memory:
        y = x + 1  # 400 bytes
        z = y.view(10, 10).T  # a view
        w = y * 2
        del w
        v = y * 3
    assert (memory.now, memory.peak) == (800, 800)
    assert z.shape == (10, 10)
    del v
    assert (memory.now, memory.peak) == (400, 800)


def test_writing_in_place_makes_nothing():
    x = torch.ones(100)
    with PeakMemory() as memory:
        x.add_(1)
        x[:10] = 3
        torch.exp(x, out=x)
    assert memory.peak == 0


def test_what_the_backward_pass_keeps_counts():
    x = torch.ones(100, requires_grad=True)
    with PeakMemory() as memory:
        x.exp().sum().backward()
    assert memory.peak >= 800, "the exponential and the gradient"
    assert memory.now == 400, "the gradient"

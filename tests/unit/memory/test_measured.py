"""Work and memory counted by hand, and distances."""

import pytest
import torch
from torch import nn

from llmbook.memory import operations, peak_bytes, relative_error


def test_a_product_costs_two_operations_a_term_there_and_four_back():
    layer, x = nn.Linear(3, 7, bias=False), torch.randn(5, 3, requires_grad=True)
    assert operations(layer, x) == 2 * 5 * 3 * 7
    assert operations(lambda: layer(2 * x).sum().backward()) == 3 * 2 * 5 * 3 * 7


def test_a_sum_is_no_product():
    assert operations(torch.add, torch.ones(3), torch.ones(3)) == 0


def test_gradients_are_there_before_it_is_counted():
    layer, x = nn.Linear(3, 7), torch.randn(5, 3)
    assert peak_bytes(layer, layer, x) == 5 * 7 * 4
    assert all(not w.grad.any() for w in layer.parameters())
    most = peak_bytes(layer, lambda: layer(x).sum().backward())
    assert 5 * 7 * 4 < most < 5 * 7 * 4 + 7 * 3 * 4 + 7 * 4 + 2 * 4 + 1, "at most one of each gradient besides"


def test_errors_are_relative():
    right = torch.tensor([3.0, 4.0])
    assert relative_error(right, right) == 0
    assert relative_error(2 * right, right) == pytest.approx(1)
    assert relative_error(torch.tensor([3.0, 5.0]), right) == pytest.approx(0.2)
    with pytest.raises(RuntimeError, match="size"):
        relative_error(torch.ones(3), right)

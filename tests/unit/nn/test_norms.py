"""RMSNorm against PyTorch's, and by its equation."""

import pytest
import torch
from reference import close, random, spread
from torch import nn

from llmbook.nn import RMSNorm

B, T, D = 2, 13, 42
EXACT = 1e-10  # float64


def test_rms_norm_equals_pytorchs():
    x = random(B, T, D)
    ours, theirs = RMSNorm(D, eps=1e-3).double(), nn.RMSNorm(D, eps=1e-3).double()
    spread(ours)
    spread(theirs)
    close(ours(x), theirs(x), EXACT)


def test_epsilon_is_a_hundred_thousandth_unless_told():
    """Seen where the numbers themselves are as small as its root."""
    x = 0.003 * random(B, T, D)
    close(RMSNorm(D).double()(x), nn.RMSNorm(D, eps=1e-5).double()(x), EXACT)


def test_rms_norm_of_large_numbers_in_float16():
    x = (1000 * random(B, T, D)).half()  # their squares are beyond the largest, 65504
    theirs = nn.RMSNorm(D, eps=1e-5).half()
    close(RMSNorm(D).half()(x), theirs(x), 4e-3)  # eleven bits, numbers of up to 4
    assert RMSNorm(D).half()(x).dtype == torch.float16


def test_rms_norm_knows_no_scale_and_no_neighbours():
    norm, x = spread(RMSNorm(D, eps=0.0).double()), random(B, T, D)
    close(norm(5 * x), norm(x), EXACT)
    close(norm(x) / norm.weight, x / x.square().mean(dim=-1, keepdim=True).sqrt(), EXACT)
    close(norm(x)[:, 3], norm(x[:, 3]), EXACT)


def test_inputs_of_another_width(shapes_unchecked):
    with pytest.raises(RuntimeError, match="43"):  # PyTorch's own word
        RMSNorm(D)(torch.zeros(B, T, D + 1))

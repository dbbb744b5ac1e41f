"""ALiBi against ``transformers``, and by what its biases promise."""

import pytest
import torch
from reference import close
from transformers.models.bloom.modeling_bloom import build_alibi_tensor

from llmbook.nn import alibi_bias, alibi_slopes

H, T = 3, 11
CLOSE = 1e-5  # float32 in the reference


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 8, 12, 15, 16])
def test_alibi_equals_transformers_bloom(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, T), n_heads, torch.float32).view(n_heads, T)
    slopes = alibi_slopes(n_heads)
    close(slopes[:, None] * torch.arange(T), theirs, CLOSE)
    # Theirs counts from the first key; a row of scores may be shifted, so what counts is the difference of two keys.
    ours = alibi_bias(n_heads, T)[:, -1]
    close(ours - ours[:, :1], theirs, CLOSE)


def test_alibi_forgets_with_distance_each_head_at_its_rate():
    bias = alibi_bias(H, T)
    assert (bias.diagonal(dim1=1, dim2=2) == 0).all()
    close(bias, bias.transpose(1, 2), 0)
    assert (bias[:, 0].diff() < 0).all()
    assert bias[:, 0, 1].unique().numel() == H
    close(alibi_bias(H, 3, T), bias[:, -3:], 0)
    close(alibi_bias(H, 1, T), bias[:, -1:], 0)


def test_one_head_has_the_last_slope():
    close(alibi_slopes(1), torch.tensor([2.0**-8]), 0)
    close(alibi_slopes(8), torch.tensor([2.0**-h for h in range(1, 9)]), 0)


def test_a_word_alone_has_no_distance():
    close(alibi_bias(1, 1), torch.zeros(1, 1, 1), 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: alibi_slopes(0), "got 0"),
        (lambda: alibi_bias(H, 5, 4), "T=5 queries and S=4 keys"),
        (lambda: alibi_bias(H, 0), "T=0"),
    ],
)
def test_slopes_and_biases_that_cannot_be(make, message, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        make()

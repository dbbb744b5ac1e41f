"""Masks: who may look where, in the smallest cases by hand, and the same under a compiler and without numbers."""

import math

import pytest
import torch
from reference import close, random

from llmbook.nn import causal_mask, combine_masks, padding_mask, window_mask
from llmbook.nn.masks import can_be_read, mask_as_bias

H, T, S = 3, 5, 7


# --- property --------------------------------------------------------------------------------------------------


def test_combined_masks_are_their_intersection():
    a, b = causal_mask(S), padding_mask(torch.tensor([3, 7]), S)
    assert torch.equal(combine_masks(a, None, b), a & b)
    assert combine_masks(a, None) is a
    assert combine_masks(None, None) is None
    assert combine_masks() is None


def test_a_mask_and_a_bias_become_one():
    mask, bias = causal_mask(T, S), random(H, T, S)
    assert mask_as_bias(None, None) is None
    assert mask_as_bias(mask, None) is mask
    assert mask_as_bias(None, bias) is bias
    merged = mask_as_bias(mask, bias)
    assert merged.shape == (H, T, S)
    close(merged[:, mask], bias[:, mask], 0)
    assert (merged[:, ~mask] == -math.inf).all()
    wide = mask_as_bias(padding_mask(torch.tensor([4, 7]), S), random(1, T, 1))
    assert wide.shape == (2, 1, T, S)
    assert ((wide == -math.inf) == (torch.tensor([4, 7])[:, None, None, None] <= torch.arange(S))).all()


def test_lengths_without_numbers_make_a_mask_without_numbers():
    """As on a graphics card, where a check would have to wait for them: they are not looked at."""
    lengths = torch.tensor([9, -1], device="meta")
    assert not can_be_read(lengths)
    mask = padding_mask(lengths, S)
    assert (mask.device.type, mask.shape, mask.dtype) == ("meta", (2, 1, 1, S), torch.bool)


def test_lengths_stop_no_compiler(shapes_unchecked):
    compiled = torch.compile(padding_mask, fullgraph=True, backend="eager")
    lengths = torch.tensor([4, 7])
    assert torch.equal(compiled(lengths, S), padding_mask(lengths, S))


# --- limit -----------------------------------------------------------------------------------------------------


def test_causal_masks():
    assert causal_mask(3).int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert causal_mask(2, 4).int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert torch.equal(causal_mask(1, 4), torch.ones(1, 4, dtype=torch.bool))


def test_a_wide_window_is_no_mask_and_a_narrow_one_is_the_diagonal():
    assert window_mask(S, S).all()
    assert torch.equal(window_mask(S, 1), torch.eye(S, dtype=torch.bool))
    assert window_mask(5, 2).int().tolist()[2] == [0, 1, 1, 1, 0]


def test_full_length_needs_no_padding_and_zero_length_hides_all():
    mask = padding_mask(torch.tensor([S, 0]), S)
    assert mask.shape == (2, 1, 1, S)
    assert mask[0].all()
    assert not mask[1].any()


def test_the_smallest_masks():
    assert window_mask(1, 1).tolist() == causal_mask(1).tolist() == [[True]]


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: causal_mask(0), "T=0"),
        (lambda: causal_mask(5, 4), "T=5 queries and S=4 keys"),
        (lambda: window_mask(0, 1), "T=0 and window=1"),
        (lambda: window_mask(3, 0), "T=3 and window=0"),
        (lambda: padding_mask(torch.tensor([3, 8]), 7), r"0\.\.7.*\[3, 8\]"),
        (lambda: padding_mask(torch.tensor([-1, 2]), 7), r"0\.\.7.*\[-1, 2\]"),
    ],
)
def test_masks_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_sequences_have_no_lengths_to_check():
    assert padding_mask(torch.zeros(0, dtype=torch.long), 3).shape == (0, 1, 1, 3)

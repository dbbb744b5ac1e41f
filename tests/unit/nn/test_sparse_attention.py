"""Attention to some of the past: the same as under the mask, from fewer scores."""

import math

import pytest
import torch
from reference import close, gradients, random
from torch.utils.flop_counter import FlopCounterMode

from llmbook.nn import Pattern, attention_weights, causal_mask, sparse_attention, window_mask

T = 53
PATTERNS = [Pattern(1), Pattern(7), Pattern(7, first=3), Pattern(5, every=11), Pattern(3, first=2, every=7)]


def inputs(T: int = T) -> list[torch.Tensor]:
    return [random(2, 3, T, width, seed=n).requires_grad_() for n, width in enumerate((5, 5, 7))]


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 8, 13, 100])
@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_outputs_and_gradients_are_those_under_the_mask(pattern, block):
    q, k, v = x = inputs()
    exact = attention_weights(q, k, pattern.mask(T)) @ v
    ours = sparse_attention(q, k, v, pattern, block=block)
    close(ours, exact, 1e-12)  # float64
    close(gradients(ours, x), gradients(exact, x), 1e-12)


def test_a_mask_by_hand():
    rows = ["x.....", "xx....", "xxx...", "x.xx..", "x.xxx.", "x.x.xx"]
    by_hand = torch.tensor([[sign == "x" for sign in row] for row in rows])
    assert Pattern(2, first=1, every=3).mask(6).equal(by_hand)
    assert Pattern(4).mask(T).equal(window_mask(T, 4) & causal_mask(T))


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_keys_of_a_block_are_those_that_its_queries_see(pattern):
    mask = pattern.mask(T)
    for start, end in ((0, 1), (0, 9), (9, 18), (45, 53)):
        seen = mask[start:end].any(dim=0).nonzero()[:, 0]
        keys = pattern.keys(start, end)
        assert keys.tolist() == sorted(set(keys.tolist()))
        assert set(seen.tolist()) <= set(keys.tolist()), "a key is missing"
        assert set(keys.tolist()) - set(seen.tolist()) == set(), "a key that nobody sees"


def counted(T: int) -> int:
    q, k, v = (random(1, 1, T, 4, seed=n) for n in range(3))
    with FlopCounterMode(display=False) as counter:
        sparse_attention(q, k, v, Pattern(32, first=4), block=32)
    return counter.get_total_flops()


def test_a_windows_price_grows_as_the_length():
    n = {T: counted(T) for T in (512, 1024, 2048)}
    assert math.log2(n[2048] / n[1024]) < 1.05
    pairs = sum(32 * len(Pattern(32, first=4).keys(t, t + 32)) for t in range(0, 512, 32))
    assert n[512] == 2 * (4 + 4) * pairs


# --- limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [Pattern(T), Pattern(T + 9), Pattern(1, first=T), Pattern(1, every=1)], ids=str)
def test_a_pattern_of_everything_is_causal_attention(pattern):
    x = inputs()
    exact = torch.nn.functional.scaled_dot_product_attention(*x, is_causal=True)
    close(sparse_attention(*x, pattern, block=8), exact, 1e-12)


def test_a_window_of_one_sees_itself():
    x = inputs()
    close(sparse_attention(*x, Pattern(1)), x[2], 1e-12)


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [{"window": 0}, {"window": 3, "first": -1}, {"window": 3, "every": -1}], ids=str)
def test_patterns_that_make_no_sense(sizes):
    with pytest.raises(ValueError, match="a pattern needs"):
        Pattern(**sizes)


def test_sizes_that_do_not_fit(shapes_unchecked):
    q, k, v = inputs()
    with pytest.raises(ValueError, match="as many keys as queries and block >= 1 are needed, got 52, 53 and 64"):
        sparse_attention(q[:, :, 1:], k, v, Pattern(3))
    with pytest.raises(ValueError, match="got 53, 53 and 0"):
        sparse_attention(q, k, v, Pattern(3), block=0)
    with pytest.raises(ValueError, match="equally wide"):
        sparse_attention(v, k, v, Pattern(3))
    with pytest.raises(ValueError, match="T >= 1, got 0"):
        Pattern(3).mask(0)

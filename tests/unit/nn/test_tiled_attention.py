"""Attention tile by tile: the matrix's own outputs and gradients, and nothing as large as the matrix."""

import math

import pytest
import torch
from reference import close, gradients, random

from llmbook.nn import ScaledDotProductAttention, causal_mask, tiled_attention
from llmbook.pages.peak_memory import PeakMemory

B, H, T, S, K, V = 2, 3, 17, 29, 5, 7


def inputs(T: int = T, S: int = S, dtype: torch.dtype = torch.float64, size: float = 1.0) -> list[torch.Tensor]:
    shapes = ((B, H, T, K), (B, H, S, K), (B, H, S, V))
    return [(size * random(*s, seed=n)).to(dtype).requires_grad_() for n, s in enumerate(shapes)]


def tile_mask(kept: torch.Tensor, block: int) -> torch.Tensor:
    return kept.repeat_interleave(block, 0).repeat_interleave(block, 1)


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 4, 7, 64])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sizes", [(17, 29), (29, 29), (1, 13)], ids=str)
def test_outputs_and_gradients_are_those_of_the_matrix(sizes, causal, block):
    x = inputs(*sizes)
    exact, _ = ScaledDotProductAttention()(*x, causal_mask(*sizes) if causal else None, return_weights=True)
    ours = tiled_attention(*x, causal=causal, block=block)
    close(ours, exact, 1e-12)  # float64
    close(gradients(ours, x), gradients(exact, x), 1e-12)


def test_in_float32_too():
    x = inputs(301, 301, torch.float32)
    exact, _ = ScaledDotProductAttention()(*x, causal_mask(301), return_weights=True)
    ours = tiled_attention(*x, causal=True, block=64)
    close(ours, exact, 1e-5)
    close(gradients(ours, x), gradients(exact, x), 1e-5)


def test_gradients_are_those_found_by_differences():
    x = inputs(3, 5)
    assert torch.autograd.gradcheck(lambda *x: tiled_attention(*x, causal=True, block=2), x)


# --- property --------------------------------------------------------------------------------------------------


def test_tiles_that_are_left_out_are_not_looked_at():
    x, block = inputs(20, 28), 4
    kept = random(5, 7, seed=9) > 0.2
    kept[2] = False  # four queries that may look nowhere
    exact, _ = ScaledDotProductAttention()(*x, tile_mask(kept, block), return_weights=True)
    ours = tiled_attention(*x, block=block, kept=kept)
    close(ours, exact, 1e-12)
    assert (ours[:, :, 8:12] == 0).all()
    close(gradients(ours, x), gradients(exact, x), 1e-12)


def test_large_scores_stay_finite():
    x = inputs(dtype=torch.float32, size=100.0)
    ours = tiled_attention(*x, block=4)
    assert ours.isfinite().all()
    assert all(g.isfinite().all() for g in gradients(ours, x))


def test_the_future_cannot_change_the_past():
    q, k, v = inputs(S, S)
    before = tiled_attention(q, k, v, causal=True, block=4)
    with torch.no_grad():
        k[:, :, 20:] = 7.0
        v[:, :, 20:] = -7.0
    after = tiled_attention(q, k, v, causal=True, block=4)
    assert before[:, :, :20].equal(after[:, :, :20])
    assert not before[:, :, 20:].allclose(after[:, :, 20:])


@pytest.mark.parametrize("backward", [False, True])
def test_memory_grows_as_the_length(backward):
    peaks = []
    for T in (256, 512, 1024):
        q, k, v = (random(1, 1, T, 8, seed=n, dtype=torch.float32).requires_grad_() for n in range(3))
        with PeakMemory() as memory:
            out = tiled_attention(q, k, v, causal=True, block=16)
            if backward:
                out.sum().backward()
        peaks.append(memory.peak)
    assert math.log2(peaks[2] / peaks[1]) < 1.1
    assert peaks[2] < 1024 * 1024 * 4 / 10, "a tenth of the matrix alone"


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_tile_of_all_is_the_matrix_and_all_tiles_kept_are_all():
    x = inputs()
    exact = torch.nn.functional.scaled_dot_product_attention(*x)
    close(tiled_attention(*x, block=100), exact, 1e-12)
    close(tiled_attention(*x, block=6, kept=torch.ones(3, 5, dtype=torch.bool)), exact, 1e-12)


# --- failure ---------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_refused(shapes_unchecked):
    x = inputs()
    with pytest.raises(ValueError, match="block >= 1"):
        tiled_attention(*x, block=0)
    with pytest.raises(ValueError, match="no more queries than keys; got 128, 29 and 17"):
        tiled_attention(*inputs(S, T), causal=True)
    with pytest.raises(ValueError, match=r"\(3, 5\) tiles, got kept of shape \(5, 3\)"):
        tiled_attention(*x, block=6, kept=torch.ones(5, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="equally wide"):
        tiled_attention(x[2], x[1], x[2])
    first = torch.autograd.grad(tiled_attention(*x).square().sum(), x[0], create_graph=True)[0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()

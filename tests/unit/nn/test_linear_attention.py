"""Attention without the softmax: carried along, in chunks, or all at once, it is the same sum."""

import math

import pytest
import torch
import torch.nn.functional as F
from reference import close, gradients, random

from llmbook.nn import causal_mask, linear_attention
from llmbook.pages.peak_memory import PeakMemory

T, K, V = 23, 5, 7


def inputs(T: int = T) -> list[torch.Tensor]:
    return [random(2, 3, T, width, seed=n).requires_grad_() for n, width in enumerate((K, K, V))]


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 4, 23, 64])
def test_a_matrix_of_weights_says_the_same(chunk):
    q, k, v = x = inputs()
    weights = ((F.elu(q) + 1) @ (F.elu(k) + 1).mT).masked_fill(~causal_mask(T), 0.0)
    exact = weights / weights.sum(dim=-1, keepdim=True) @ v
    ours, _ = linear_attention(q, k, v, chunk=chunk)
    close(ours, exact, 1e-12)  # float64
    close(gradients(ours, x), gradients(exact, x), 1e-12)


def test_a_recurrence_says_the_same():
    q, k, v = inputs()
    S = torch.zeros(2, 3, K, V, dtype=torch.float64)
    z = torch.zeros(2, 3, K, dtype=torch.float64)
    rows = []
    for t in range(T):
        phi_q, phi_k = F.elu(q[:, :, t]) + 1, F.elu(k[:, :, t]) + 1
        S = S + phi_k[..., :, None] * v[:, :, t, None, :]
        z = z + phi_k
        rows.append(torch.einsum("bhk,bhkv->bhv", phi_q, S) / (phi_q * z).sum(dim=-1, keepdim=True))
    ours, state = linear_attention(q, k, v, chunk=4)
    close(ours, torch.stack(rows, dim=2), 1e-12)
    close(state, torch.cat([S, z[..., None]], dim=-1), 1e-12)


# --- property --------------------------------------------------------------------------------------------------


def test_it_goes_on_from_its_state():
    q, k, v = inputs()
    whole, end = linear_attention(q, k, v, chunk=4)
    first, state = linear_attention(*(x[:, :, :9] for x in (q, k, v)), chunk=4)
    rest, last = linear_attention(*(x[:, :, 9:] for x in (q, k, v)), state, chunk=5)
    close(torch.cat([first, rest], dim=2), whole, 1e-12)
    close(last, end, 1e-12)


def test_the_future_cannot_change_the_past():
    q, k, v = inputs()
    before, _ = linear_attention(q, k, v, chunk=4)
    after, _ = linear_attention(q, torch.cat([k[:, :, :9], 2 * k[:, :, 9:]], dim=2), v, chunk=4)
    close(before[:, :, :9], after[:, :, :9], 0)
    assert not before[:, :, 10:].allclose(after[:, :, 10:])


def test_memory_grows_as_the_length():
    peaks = []
    for T in (256, 512):
        with PeakMemory() as memory:
            linear_attention(*(random(1, 1, T, 8, seed=n, dtype=torch.float32) for n in range(3)), chunk=16)
        peaks.append(memory.peak)
    assert math.log2(peaks[1] / peaks[0]) < 1.1


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_position_looks_at_itself():
    q, k, v = inputs(1)
    close(linear_attention(q, k, v)[0], v, 1e-12)


# --- failure ---------------------------------------------------------------------------------------------------


def test_sizes_that_do_not_fit(shapes_unchecked):
    q, k, v = inputs()
    with pytest.raises(ValueError, match="chunk >= 1"):
        linear_attention(q, k, v, chunk=0)
    with pytest.raises(ValueError, match="as many keys as queries"):
        linear_attention(q[:, :, 1:], k, v)
    with pytest.raises(ValueError, match="equally wide"):
        linear_attention(v, k, v)

"""Positions of every kind for any type of number, any sizes and any start."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import close, random
from torch import Tensor

from llmbook.nn import Positions, alibi_bias, apply_rotary, half_to_interleaved, precompute_freqs_cis
from llmbook.nn.positions import KINDS
from llmbook.nn.rotary import PAIRINGS

# A sum or a product of two numbers of half precision keeps about three digits, of bfloat16 two.
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5, torch.bfloat16: 4e-2, torch.float16: 5e-3}
DTYPES = some.sampled_from(list(TOLERANCE))
quickly = settings(max_examples=60, deadline=None, derandomize=True)


def turned(x: Tensor, start: int, pairing: str) -> Tensor:
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1], start=start, dtype=x.dtype), pairing)


@quickly
@given(
    kind=some.sampled_from(KINDS),
    dtype=DTYPES,
    B=some.integers(1, 3),
    H=some.integers(1, 5),
    J=some.integers(1, 4),
    T=some.integers(1, 7),
    start=some.integers(0, 40),
)
def test_a_part_of_a_text_is_told_what_the_whole_is_told(kind, dtype, B, H, J, T, start):
    whole, part = slice(0, start + T), slice(start, start + T)
    positions = Positions(kind, 2 * J * H, H, start + T).to(dtype)
    x = random(B, start + T, 2 * J * H).to(dtype)
    added = positions(x)
    assert added.dtype == dtype
    close(positions(x[:, part], start), added[:, part], 0)

    heads = x.unflatten(-1, (H, 2 * J)).transpose(1, 2)
    told, of_part = positions.in_attention(x[:, whole]), positions.in_attention(x[:, part], start)
    assert set(told) == set(of_part)
    if "rotate" in told:
        close(of_part["rotate"](heads[:, :, part]), told["rotate"](heads)[:, :, part], TOLERANCE[dtype])
    if "score_bias" in told:
        assert told["score_bias"].dtype == dtype
        close(of_part["score_bias"], told["score_bias"][:, part], 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("start", "length"), [(-1, 1), (-3, 4), (-5, 2)])
def test_nothing_comes_before_the_first_position(kind, start, length):
    with pytest.raises(ValueError, match=rf"count from 0, got start={start}"):
        Positions(kind, 4, 2, 4)(torch.zeros(1, length, 4), start)


@quickly
@given(
    dtype=DTYPES,
    J=some.integers(1, 6),
    T=some.integers(0, 9),
    start=some.integers(0, 200_000),
    pairing=some.sampled_from(PAIRINGS),
)
def test_turning_keeps_lengths_and_distances_wherever_it_starts(dtype, J, T, start, pairing):
    q, k = (random(2, T, 2 * J, seed=seed).to(dtype) for seed in (0, 1))
    at_start, at_nought = ([turned(x, place, pairing) for x in (q, k)] for place in (start, 0))
    size = TOLERANCE[dtype] * (1 + 2 * J)
    for before, after in zip((q, k), at_start, strict=True):
        assert after.dtype == dtype
        close(after.double().norm(dim=-1), before.double().norm(dim=-1), size)
    scores = [(q.double() @ k.double().mT) for q, k in (at_start, at_nought)]
    close(scores[0], scores[1], 4 * size)


@pytest.mark.parametrize("pairing", PAIRINGS)
def test_a_piece_cut_out_of_a_longer_row_is_turned_alike(pairing):
    """It may begin at an odd place of memory, where no complex number can."""
    row = random(9, dtype=torch.float32)
    close(turned(row[1:].view(2, 4), 0, pairing), turned(row[1:].clone().view(2, 4), 0, pairing), 0)


@quickly
@given(J=some.integers(1, 4), H=some.integers(1, 3), T=some.integers(1, 6), start=some.integers(0, 1000))
def test_both_pairings_have_the_same_scores(J, H, T, start):
    x, w_q, w_k = random(T, 5), random(2 * J * H, 5, seed=1), random(2 * J * H, 5, seed=2)

    def scores(w_q: Tensor, w_k: Tensor, pairing: str) -> Tensor:
        q, k = (turned((x @ w.T).unflatten(-1, (H, -1)).transpose(0, 1), start, pairing) for w in (w_q, w_k))
        return q @ k.mT

    close(
        scores(half_to_interleaved(w_q, H), half_to_interleaved(w_k, H), "interleaved"),
        scores(w_q, w_k, "half"),
        1e-9,
    )


@quickly
@given(H=some.integers(1, 70), T=some.integers(1, 6), past=some.integers(0, 30))
def test_biases_fall_with_distance_at_a_rate_of_each_heads_own(H, T, past):
    bias = alibi_bias(H, T, past + T)
    slopes = -alibi_bias(H, 2)[:, 1, 0]
    assert len(set(slopes.tolist())) == H
    assert ((slopes > 0) & (slopes < 1)).all()
    for t in range(T):
        distance = torch.tensor([abs(past + t - s) for s in range(past + T)])
        close(bias[:, t], -slopes[:, None] * distance, 0)
    assert math.isclose(slopes.min().item(), 2**-8, rel_tol=1e-6) or H & (H - 1)

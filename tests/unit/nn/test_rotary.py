"""Rotary positions against ``transformers``, in both pairings, and by what turning promises."""

import math

import pytest
import torch
import transformers
from reference import close, random
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as gptj_rotary
from transformers.models.gptj.modeling_gptj import create_sinusoidal_positions
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from llmbook.nn import apply_rotary, half_to_interleaved, ntk_base, precompute_freqs_cis

B, H, T, K, D = 2, 3, 11, 14, 13
CLOSE = 1e-5  # float32 angles in the references
EXACT = 1e-10
PAIRINGS = pytest.mark.parametrize("pairing", ["interleaved", "half"])


def turned(x: torch.Tensor, pairing: str = "interleaved", start: int = 0) -> torch.Tensor:
    return apply_rotary(x, precompute_freqs_cis(x.shape[-2], x.shape[-1], start=start, dtype=x.dtype), pairing)


# --- reference -------------------------------------------------------------------------------------------------


def test_rotary_halves_equal_transformers_llama():
    q, k = random(B, H, T, K, dtype=torch.float32), random(B, H, T, K, seed=1, dtype=torch.float32)
    config = transformers.LlamaConfig(hidden_size=H * K, num_attention_heads=H, rope_theta=5003.0)
    cos, sin = LlamaRotaryEmbedding(config)(q, torch.arange(T)[None])
    expected = apply_rotary_pos_emb(q, k, cos, sin)
    freqs_cis = precompute_freqs_cis(T, K, 5003.0)
    close((apply_rotary(q, freqs_cis, "half"), apply_rotary(k, freqs_cis, "half")), expected, CLOSE)


def test_rotary_interleaved_equals_transformers_gptj():
    q = random(B, T, H, K, dtype=torch.float32)
    sin, cos = create_sinusoidal_positions(T, K)[None].chunk(2, dim=-1)
    expected = gptj_rotary(q, sin, cos)
    close(turned(q.transpose(1, 2)).transpose(1, 2), expected, CLOSE)


def test_squeezed_positions_and_the_larger_base_equal_transformers():
    """Its kinds "linear" and "dynamic", the latter on a text 3 times as long as the model's."""
    settings = {"hidden_size": H * K, "num_attention_heads": H, "max_position_embeddings": 100}
    for kind, length, ours in (
        ("linear", 100, precompute_freqs_cis(T, K, 5003.0, stretch=3)),
        ("dynamic", 300, precompute_freqs_cis(T, K, ntk_base(5003.0, K, 3))),
    ):
        scaling = {"rope_type": kind, "factor": 3.0 if kind == "linear" else 1.0, "rope_theta": 5003.0}
        config = transformers.LlamaConfig(**settings, rope_theta=5003.0, rope_scaling=scaling)
        frequencies, _ = ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"), seq_len=length)
        angle = torch.arange(T)[:, None] * frequencies
        close(ours, torch.polar(torch.ones_like(angle), angle), CLOSE)


@pytest.mark.parametrize("start", [0, 9_000, 100_000])
def test_the_table_is_exact_at_far_positions(start):
    t = torch.arange(start, start + T).double()[:, None]
    j = torch.arange(K // 2).double()
    angle = t * 5003.0 ** (-2 * j / K)
    expected = torch.polar(torch.ones_like(angle), angle).to(torch.complex64)
    close(precompute_freqs_cis(T, K, 5003.0, start=start), expected, 1e-6)


# --- property --------------------------------------------------------------------------------------------------


@PAIRINGS
def test_rotary_scores_depend_on_the_distance_alone(pairing):
    q, k = random(1, K).expand(T, K), random(1, K, seed=1).expand(T, K)
    scores = turned(q, pairing) @ turned(k, pairing).T
    for offset in range(-T + 1, T):
        diagonal = scores.diagonal(offset)
        close(diagonal, diagonal[:1].expand_as(diagonal), EXACT)
    assert scores[0, 0] != scores[0, 1]


@PAIRINGS
def test_turning_keeps_lengths_and_position_zero(pairing):
    x = random(B, H, T, K)
    close(turned(x, pairing).norm(dim=-1), x.norm(dim=-1), EXACT)
    close(turned(x, pairing)[..., 0, :], x[..., 0, :], EXACT)


def test_positions_may_start_later():
    x = random(B, H, T, K)
    close(turned(x[..., 4:, :], start=4), turned(x)[..., 4:, :], EXACT)


def test_weights_reordered_from_halves_give_the_same_scores():
    x, w_q, w_k = random(T, D), random(H * K, D, seed=1), random(H * K, D, seed=2)

    def scores(w_q, w_k, pairing):
        q, k = (turned((x @ w.T).unflatten(-1, (H, K)).transpose(0, 1), pairing) for w in (w_q, w_k))
        return q @ k.transpose(-2, -1)

    interleaved = scores(half_to_interleaved(w_q, H), half_to_interleaved(w_k, H), "interleaved")
    close(interleaved, scores(w_q, w_k, "half"), EXACT)
    assert not torch.allclose(interleaved, scores(w_q, w_k, "interleaved"))


def test_stretched_positions_are_those_between():
    """Every third of the squeezed positions is one of the old ones, from any start."""
    close(precompute_freqs_cis(3 * T, K, start=21, stretch=3)[::3], precompute_freqs_cis(T, K, start=7), CLOSE)


def test_each_pair_may_have_a_stretch_of_its_own():
    stretch = torch.arange(1.0, K // 2 + 1)
    together = precompute_freqs_cis(T, K, start=5, stretch=stretch)
    for j, s in enumerate(stretch.tolist()):
        close(together[:, j], precompute_freqs_cis(T, K, start=5, stretch=s)[:, j], 0)


def test_a_pair_stretched_for_ever_does_not_turn():
    assert torch.equal(precompute_freqs_cis(T, K, stretch=math.inf), torch.ones(T, K // 2, dtype=torch.complex64))


def test_a_larger_base_slows_the_slowest_pair_and_no_other_as_much():
    old, new = (precompute_freqs_cis(2, K, base, dtype=torch.float64)[1].angle() for base in (1e4, ntk_base(1e4, K, 4)))
    slower = old / new
    close(slower[[0, -1]], torch.tensor([1.0, 4.0], dtype=torch.float64), EXACT)
    assert (slower.diff() > 0).all()


def test_far_angles_keep_their_precision():
    exact = math.cos(100_000.0)
    assert precompute_freqs_cis(1, K, start=100_000).real[0, 0].item() == pytest.approx(exact, abs=1e-6)


@PAIRINGS
def test_rotary_turns_numbers_of_half_the_bits_and_of_any_layout(pairing):
    x = random(B, H, T, K)
    half = x.bfloat16()
    out = turned(half, pairing=pairing)
    assert out.dtype == torch.bfloat16
    close(out.double(), turned(half.double(), pairing=pairing), 0.02)  # eight bits, numbers of up to 4
    close(turned(x.transpose(-2, -1).contiguous().transpose(-2, -1), pairing=pairing), turned(x, pairing=pairing), 0)


def test_the_start_goes_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        precompute_freqs_cis(T, K, 10000.0, 3)


# --- limit -----------------------------------------------------------------------------------------------------


def test_the_smallest_head_turns_by_the_place_itself():
    t = torch.arange(T)
    close(precompute_freqs_cis(T, 2)[:, 0], torch.complex(t.cos(), t.sin()), 1e-6)  # float32 angles up to 10


def test_a_stretch_of_one_is_none():
    assert torch.equal(precompute_freqs_cis(T, K, stretch=1), precompute_freqs_cis(T, K))
    assert ntk_base(5003.0, K, 1) == 5003.0


def test_rows_of_one_head():
    weight = random(K, 3)
    close(half_to_interleaved(weight, 1), torch.stack(weight.chunk(2), dim=1).flatten(0, 1), 0)


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: precompute_freqs_cis(T, 7), "even, got 7"),
        (lambda: precompute_freqs_cis(T, 0), "even, got 0"),
        (lambda: precompute_freqs_cis(T, K, stretch=0), "above 0, got 0"),
        (lambda: precompute_freqs_cis(T, K, stretch=torch.tensor([1.0, 2.0])), "7 pairs .* got .2,. numbers"),
        (lambda: ntk_base(1e4, 2, 4), "d_k=2"),
        (lambda: ntk_base(1e4, K, 0.5), "0.5"),
        (lambda: apply_rotary(random(T + 1, K), precompute_freqs_cis(T, K)), "11 positions of width 14"),
        (lambda: apply_rotary(random(T, K + 2), precompute_freqs_cis(T, K)), "11 positions of width 14"),
        (lambda: apply_rotary(random(T - 1, K), precompute_freqs_cis(T, K)), "11 positions of width 14"),
        (lambda: apply_rotary(random(T, K - 2), precompute_freqs_cis(T, K)), "11 positions of width 14"),
        (lambda: apply_rotary(random(T, K), precompute_freqs_cis(T, K, dtype=torch.float64), "pairs"), "got 'pairs'"),
        (lambda: apply_rotary(random(T, K), precompute_freqs_cis(T, K, dtype=torch.float64), "both"), "got 'both'"),
        (lambda: half_to_interleaved(random(9, 2), 3), "9 rows .* n_heads=3"),
        (lambda: half_to_interleaved(random(8, 2), 0), "n_heads=0"),
    ],
)
def test_what_cannot_be_turned(make, message, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        make()

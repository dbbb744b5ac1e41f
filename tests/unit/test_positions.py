"""Positions against ``transformers``, and by what each kind promises."""

import math

import pytest
import torch
import transformers
from reference import close, gradients, random
from torch import nn
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as gptj_rotary
from transformers.models.gptj.modeling_gptj import create_sinusoidal_positions
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from llmbook.attention import MultiHeadAttention
from llmbook.positions import (
    KINDS,
    LearnedPositions,
    PositionalEncoding,
    Positions,
    alibi_bias,
    alibi_slopes,
    half_to_interleaved,
    rotary_turns,
    rotate,
    sinusoids,
)

B, H, T, K, D = 2, 3, 11, 14, 13
CLOSE = 1e-5  # float32 angles in the references
EXACT = 1e-10
PAIRINGS = pytest.mark.parametrize("pairing", ["interleaved", "half"])


def turned(x: torch.Tensor, pairing: str = "interleaved", start: int = 0) -> torch.Tensor:
    return rotate(x, rotary_turns(x.shape[-2], x.shape[-1], start=start, dtype=x.dtype), pairing)


# --- reference -------------------------------------------------------------------------------------------------


def test_rotary_halves_equal_transformers_llama():
    q, k = random(B, H, T, K, dtype=torch.float32), random(B, H, T, K, seed=1, dtype=torch.float32)
    config = transformers.LlamaConfig(hidden_size=H * K, num_attention_heads=H, rope_theta=5003.0)
    cos, sin = LlamaRotaryEmbedding(config)(q, torch.arange(T)[None])
    expected = apply_rotary_pos_emb(q, k, cos, sin)
    turns = rotary_turns(T, K, 5003.0)
    close((rotate(q, turns, "half"), rotate(k, turns, "half")), expected, CLOSE)


def test_rotary_interleaved_equals_transformers_gptj():
    q = random(B, T, H, K, dtype=torch.float32)
    sin, cos = create_sinusoidal_positions(T, K)[None].chunk(2, dim=-1)
    expected = gptj_rotary(q, sin, cos)
    close(turned(q.transpose(1, 2)).transpose(1, 2), expected, CLOSE)


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 8, 12, 15, 16])
def test_alibi_equals_transformers_bloom(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, T), n_heads, torch.float32).view(n_heads, T)
    slopes = alibi_slopes(n_heads)
    close(slopes[:, None] * torch.arange(T), theirs, CLOSE)
    # Theirs counts from the first key; a row of scores may be shifted, so what counts is the difference of two keys.
    ours = alibi_bias(n_heads, T)[:, -1]
    close(ours - ours[:, :1], theirs, CLOSE)


def test_sinusoids_are_the_papers_formula():
    table = sinusoids(T, D)
    for t in range(T):
        for i in range(D):
            angle = t / 10000 ** (2 * (i // 2) / D)
            assert table[t, i].item() == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-6)


def test_learned_positions_equal_an_embedding():
    x, ours, theirs = random(B, T, D).requires_grad_(), LearnedPositions(D, 17).double(), nn.Embedding(17, D).double()
    theirs.weight.data.copy_(ours.table)
    out, expected = ours(x, 5), x + theirs(torch.arange(5, 5 + T))
    close(out, expected, 0)
    close(gradients(out, [x, ours.table]), gradients(expected, [x, theirs.weight]), 0)


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


@pytest.mark.parametrize("kind", [PositionalEncoding, LearnedPositions])
def test_added_positions_may_start_later(kind):
    x, added = random(B, T, D), kind(D, T).double()
    close(added(x[:, 4:], 4), added(x)[:, 4:], 0)
    close(added(x[:, 4:9], start=4), added(x)[:, 4:9], 0)


def test_weights_reordered_from_halves_give_the_same_scores():
    x, w_q, w_k = random(T, D), random(H * K, D, seed=1), random(H * K, D, seed=2)

    def scores(w_q, w_k, pairing):
        q, k = (turned((x @ w.T).unflatten(-1, (H, K)).transpose(0, 1), pairing) for w in (w_q, w_k))
        return q @ k.transpose(-2, -1)

    interleaved = scores(half_to_interleaved(w_q, H), half_to_interleaved(w_k, H), "interleaved")
    close(interleaved, scores(w_q, w_k, "half"), EXACT)
    assert not torch.allclose(interleaved, scores(w_q, w_k, "interleaved"))


def test_alibi_forgets_with_distance_each_head_at_its_rate():
    bias = alibi_bias(H, T)
    assert (bias.diagonal(dim1=1, dim2=2) == 0).all()
    close(bias, bias.transpose(1, 2), 0)
    assert (bias[:, 0].diff() < 0).all()
    assert bias[:, 0, 1].unique().numel() == H
    close(alibi_bias(H, 3, T), bias[:, -3:], 0)
    close(alibi_bias(H, 1, T), bias[:, -1:], 0)


def test_far_angles_keep_their_precision():
    exact = math.cos(100_000.0)
    assert rotary_turns(1, K, start=100_000).real[0, 0].item() == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_enters_where_it_says(kind):
    D, x = H * K, random(B, T, H * K)
    positions, attention = Positions(kind, D, H, 17).double(), MultiHeadAttention(D, H).double()
    added = positions(x)
    out = attention(added, **positions.in_attention(added))
    order = torch.randperm(T, generator=torch.Generator().manual_seed(0))
    moved = positions(x[:, order])
    same = torch.allclose(attention(moved, **positions.in_attention(moved)), out[:, order])
    assert same == (kind == "none")
    assert torch.equal(added, x) == (kind in ("none", "rotary", "alibi"))
    assert list(positions.in_attention(x)) == {"rotary": ["rotate"], "alibi": ["score_bias"]}.get(kind, [])


def test_attention_is_told_what_the_functions_say():
    x = random(B, T, H * K)
    heads = x.unflatten(-1, (H, K)).transpose(1, 2)
    told = Positions("rotary", H * K, H, T).in_attention(x, 7)
    close(told["rotate"](heads), turned(heads, start=7), 0)
    slower = Positions("rotary", H * K, H, T, base=5003.0).in_attention(x)
    close(slower["rotate"](heads), rotate(heads, rotary_turns(T, K, 5003.0, dtype=x.dtype)), 0)
    close(Positions("alibi", H * K, H, T).in_attention(x, 7)["score_bias"], alibi_bias(H, T, T + 7).double(), 0)


def test_options_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        rotary_turns(T, K, 10000.0, 3)
    with pytest.raises(TypeError, match="positional argument"):
        Positions("none", D, 1, T, 10000.0)
    for added in (PositionalEncoding, LearnedPositions):
        with pytest.raises(TypeError, match="positional argument"):
            added(D, T, 0.1)


@pytest.mark.parametrize("start", [0, 9_000, 100_000])
def test_far_positions_are_exact(start):
    t, j = torch.arange(start, start + T).double()[:, None], torch.arange(K // 2).double()
    angle = t * 5003.0 ** (-2 * j / K)
    close(rotary_turns(T, K, 5003.0, start=start), torch.polar(torch.ones_like(angle), angle).to(torch.complex64), 1e-6)
    table = sinusoids(start + T, K, base=5003.0)[start:]
    close(table[:, 0::2], angle.sin().float(), 1e-6)
    close(table[:, 1::2], angle.cos().float(), 1e-6)


def test_every_kind_drops_while_training():
    x = torch.ones(B, T, H * K)
    for kind in KINDS:
        assert (Positions(kind, H * K, H, T, dropout=0.9).train()(x) == 0).float().mean() > 0.5
        assert (Positions(kind, H * K, H, T, dropout=0.9).eval()(x) != 0).float().mean() > 0.8


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_word_alone_is_neither_turned_nor_biased():
    x = random(B, 1, H * K)
    for kind, gets in (("none", set()), ("rotary", {"rotate"}), ("alibi", {"score_bias"})):
        positions = Positions(kind, H * K, H, T)
        told = positions.in_attention(x)
        assert set(told) == gets
        close(positions(x), x, 0)
        heads = x.unflatten(-1, (H, K)).transpose(1, 2)
        close(told.get("rotate", lambda q: q)(heads), heads, 0)
        assert (told.get("score_bias", torch.zeros(1)) == 0).all()


def test_one_head_is_as_wide_as_the_model():
    x = random(B, T, K)
    close(Positions("rotary", K, 1, T).in_attention(x)["rotate"](x), turned(x), 0)
    weight = random(K, 3)
    close(half_to_interleaved(weight, 1), torch.stack(weight.chunk(2), dim=1).flatten(0, 1), 0)


def test_the_smallest_sizes():
    close(sinusoids(1, 1), torch.zeros(1, 1), 0)
    close(sinusoids(2, 1), torch.tensor([[0.0], [math.sin(1)]]), 1e-7)  # one rounding of float32
    learned = LearnedPositions(1, 1)
    close(learned(torch.zeros(1, 1, 1))[0], learned.table, 0)
    t = torch.arange(T)
    close(rotary_turns(T, 2)[:, 0], torch.complex(t.cos(), t.sin()), 1e-6)  # float32 angles up to 10
    close(alibi_bias(1, 1), torch.zeros(1, 1, 1), 0)


def test_one_head_has_the_last_slope():
    close(alibi_slopes(1), torch.tensor([2.0**-8]), 0)
    close(alibi_slopes(8), torch.tensor([2.0**-h for h in range(1, 9)]), 0)


def test_added_positions_are_a_table_and_dropout():
    x = random(B, T, D)
    close(PositionalEncoding(D, 17).double()(x), x + sinusoids(T, D).double(), EXACT)
    learned = LearnedPositions(D, 17).double()
    close(learned(x), x + learned.table[:T], EXACT)
    assert learned.table.requires_grad
    assert not list(PositionalEncoding(D, 17).parameters())
    assert not PositionalEncoding(D, 17).state_dict()
    assert (PositionalEncoding(D, 17, dropout=0.9).train()(x.float()) == 0).float().mean() > 0.5
    assert (LearnedPositions(D, 17, dropout=0.9).train()(x.float()) == 0).float().mean() > 0.5


def test_learned_positions_begin_small():
    torch.manual_seed(0)
    assert LearnedPositions(97, 101).table.std().item() == pytest.approx(0.02, rel=0.03)  # 9,797 draws


@pytest.mark.parametrize("pairing", ["interleaved", "half"])
def test_rotary_turns_numbers_of_half_the_bits_and_of_any_layout(pairing):
    x = random(B, H, T, K)
    half = x.bfloat16()
    out = turned(half, pairing=pairing)
    assert out.dtype == torch.bfloat16
    close(out.double(), turned(half.double(), pairing=pairing), 0.02)  # eight bits, numbers of up to 4
    close(turned(x.transpose(-2, -1).contiguous().transpose(-2, -1), pairing=pairing), turned(x, pairing=pairing), 0)


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sinusoids(0, D), "T=0 and D=13"),
        (lambda: sinusoids(T, 0), "D=0"),
        (lambda: LearnedPositions(0, 5), "got 5 and 0"),
        (lambda: LearnedPositions(5, 0), "got 0 and 5"),
        (lambda: PositionalEncoding(D, 7)(random(B, T, D)), r"11 positions.*max_len=7"),
        (lambda: LearnedPositions(D, 7)(random(B, T, D)), r"11 positions.*max_len=7"),
        (lambda: PositionalEncoding(D, 17)(random(B, T, D), 7), r"18 positions.*max_len=17"),
        (lambda: LearnedPositions(D, 17)(random(B, T, D), 7), r"18 positions.*max_len=17"),
        (lambda: PositionalEncoding(2)(random(1, 5001, 2)), r"5001 positions.*max_len=5000"),
        (lambda: rotary_turns(T, 7), "even, got 7"),
        (lambda: rotary_turns(T, 0), "even, got 0"),
        (lambda: rotate(random(T + 1, K), rotary_turns(T, K)), "11 positions of width 14"),
        (lambda: rotate(random(T, K + 2), rotary_turns(T, K)), "11 positions of width 14"),
        (lambda: rotate(random(T - 1, K), rotary_turns(T, K)), "11 positions of width 14"),
        (lambda: rotate(random(T, K - 2), rotary_turns(T, K)), "11 positions of width 14"),
        (lambda: rotate(random(T, K), rotary_turns(T, K, dtype=torch.float64), "pairs"), "got 'pairs'"),
        (lambda: rotate(random(T, K), rotary_turns(T, K, dtype=torch.float64), "both"), "got 'both'"),
        (lambda: half_to_interleaved(random(9, 2), 3), "9 rows .* n_heads=3"),
        (lambda: half_to_interleaved(random(8, 2), 0), "n_heads=0"),
        (lambda: alibi_slopes(0), "got 0"),
        (lambda: alibi_bias(H, 5, 4), "T=5 queries and S=4 keys"),
        (lambda: alibi_bias(H, 0), "T=0"),
        (lambda: Positions("relative", D, H, 5), "got 'relative'"),
    ],
)
def test_what_cannot_be(make, message, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_reaches_beyond_its_length(kind):
    positions, x = Positions(kind, H * K, H, 8), random(5, 4, H * K)
    assert positions(x, 4).shape == x.shape
    for start, length in ((5, 9), (12, 16)):
        with pytest.raises(ValueError, match=rf"{length} positions.*max_len=8"):
            positions(x, start)

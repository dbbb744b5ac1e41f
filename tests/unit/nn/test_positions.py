"""Positions of any kind: those that are added by their formulas, all by what each kind promises."""

import math

import pytest
import torch
from reference import close, gradients, random
from torch import nn

from llmbook.nn import (
    LearnedPositions,
    MultiHeadAttention,
    PositionalEncoding,
    Positions,
    alibi_bias,
    apply_rotary,
    precompute_freqs_cis,
    sinusoids,
)
from llmbook.nn.positions import KINDS

B, H, T, K, D = 2, 3, 11, 14, 13
EXACT = 1e-10


# --- reference -------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", [PositionalEncoding, LearnedPositions])
def test_added_positions_may_start_later(kind):
    x, added = random(B, T, D), kind(D, T).double()
    close(added(x[:, 4:], 4), added(x)[:, 4:], 0)
    close(added(x[:, 4:9], start=4), added(x)[:, 4:9], 0)


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
    close(told["rotate"](heads), apply_rotary(heads, precompute_freqs_cis(T, K, start=7, dtype=x.dtype)), 0)
    slower = Positions("rotary", H * K, H, T, base=5003.0).in_attention(x)
    close(slower["rotate"](heads), apply_rotary(heads, precompute_freqs_cis(T, K, 5003.0, dtype=x.dtype)), 0)
    close(Positions("alibi", H * K, H, T).in_attention(x, 7)["score_bias"], alibi_bias(H, T, T + 7).double(), 0)


def test_a_trained_model_may_be_stretched():
    x, positions = random(B, T, H * K), Positions("rotary", H * K, H, T)
    heads = x.unflatten(-1, (H, K)).transpose(1, 2)
    positions.stretch, positions.base = 4.0, 5003.0
    table = precompute_freqs_cis(T, K, 5003.0, start=7, stretch=4, dtype=x.dtype)
    close(positions.in_attention(x, 7)["rotate"](heads), apply_rotary(heads, table), 0)


def test_options_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        Positions("none", D, 1, T, 10000.0)
    for added in (PositionalEncoding, LearnedPositions):
        with pytest.raises(TypeError, match="positional argument"):
            added(D, T, 0.1)


@pytest.mark.parametrize("start", [0, 9_000, 100_000])
def test_far_positions_are_exact(start):
    t, j = torch.arange(start, start + T).double()[:, None], torch.arange(K // 2).double()
    angle = t * 5003.0 ** (-2 * j / K)
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
    close(
        Positions("rotary", K, 1, T).in_attention(x)["rotate"](x),
        apply_rotary(x, precompute_freqs_cis(T, K, dtype=x.dtype)),
        0,
    )


def test_the_smallest_sizes():
    close(sinusoids(1, 1), torch.zeros(1, 1), 0)
    close(sinusoids(2, 1), torch.tensor([[0.0], [math.sin(1)]]), 1e-7)  # one rounding of float32
    learned = LearnedPositions(1, 1)
    close(learned(torch.zeros(1, 1, 1))[0], learned.table, 0)


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

"""The run of page 3.9: its games, its kinds, and the stored numbers found again."""

import pytest
import torch
import torch.nn.functional as F
from reference import close, ids_of

from llmbook.models import GPT
from llmbook.nn import Pattern, causal_mask
from llmbook.pretrained import load_smollm2, long_texts, read_stored
from llmbook.training.objectives import IGNORE

ALL = (*long_texts.KINDS, *long_texts.CONTROLS)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- reference -------------------------------------------------------------------------------------------------


def test_what_is_asked_can_be_read_off_the_text():
    ids, target, distance = long_texts.recall(50, generator())
    pairs, half = long_texts.LETTER * long_texts.DIGIT, long_texts.GAME - long_texts.LETTER
    assert ids.shape == target.shape == distance.shape == (50, long_texts.GAME)
    assert (target[:, :half] == IGNORE).all()
    for row, wanted, back in zip(ids.tolist(), target.tolist(), distance.tolist(), strict=True):
        entries = {i // long_texts.DIGIT: (i % long_texts.DIGIT, t) for t, i in enumerate(row[:half]) if i < pairs}
        assert len(entries) == long_texts.LETTER
        for t in range(half, long_texts.GAME):
            digit, place = entries[row[t] - pairs]
            assert (wanted[t], back[t]) == (digit, t - place)
    assert all((ids[:, half:].sort(dim=1).values - pairs)[0] == torch.arange(long_texts.LETTER))


def test_a_copy_is_one_place_ahead():
    ids, target, distance = long_texts.copying(20, generator())
    half = long_texts.GAME // 2
    assert ids[:, :half].equal(ids[:, half:])
    asked = target != IGNORE
    assert (asked.sum(dim=1) == half).all()
    for row, t in asked.nonzero().tolist():
        assert distance[row, t] == half - 1
        assert target[row, t] == ids[row, t - half + 1]


@pytest.mark.parametrize("kind", ["window", "window and strides", "cut"])
def test_sparse_kinds_attend_under_their_mask(kind):
    model = long_texts.decoder(kind, 13, long_texts.GAME, seed=0)
    q, k, v = torch.randn(3, 1, 4, long_texts.GAME, 16, generator=generator())
    ours = model.blocks[0].attention.attend(q, k, v, None)
    close(ours, F.scaled_dot_product_attention(q, k, v, attn_mask=long_texts.mask_of(kind, long_texts.GAME)), 1e-6)
    grouped = long_texts.masked(causal_mask(9))(q[:, :, :9], k[:, :2, :9], v[:, :2, :9], None)
    repeated = (x[:, :2, :9].repeat_interleave(2, dim=1) for x in (k, v))
    close(grouped, F.scaled_dot_product_attention(q[:, :, :9], *repeated, is_causal=True), 1e-6)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_no_kind_looks_ahead_and_each_is_trained_whole(kind):
    model = long_texts.decoder(kind, 13, long_texts.GAME, seed=0)
    ids = ids_of(13, 2, long_texts.GAME)
    other = ids.clone()
    other[:, 40:] = (other[:, 40:] + 1) % 13
    close(model(ids)[:, :40], model(other)[:, :40], 1e-5)
    assert not model(ids)[:, 40:].allclose(model(other)[:, 40:])
    model(ids).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_a_stream_leaves_the_model_as_it_was():
    model = GPT(13, d_model=12, n_heads=3, n_layers=2, max_len=11).eval()
    piece = ids_of(13, 12)
    before = model(piece[None, :-1])
    narrow = long_texts.stream(model, piece, Pattern(2).mask(11))
    close(model(piece[None, :-1]), before, 0)
    exact = F.cross_entropy(before[0], piece[1:], reduction="none")
    close(long_texts.stream(model, piece, causal_mask(11)), exact, 1e-5)
    assert not narrow.allclose(exact)


def test_all_streams_see_as_many_keys():
    seen = {name: mask.sum(dim=1) for name, mask in long_texts.streams().items()}
    for name, keys in seen.items():
        assert (keys[300:] == (torch.arange(301, 513) if name == "all" else long_texts.NEAR)).all(), name


# --- limit -----------------------------------------------------------------------------------------------------


def test_what_the_controls_cost():
    full, window, cut = (long_texts.multiplications(kind, 97, 256) for kind in ("full", "window", "cut"))
    assert full - window == 2 * 2 * 64 * (256 * 257 // 2 - (256 * 32 - 32 * 31 // 2))
    assert cut < window < full
    steps = long_texts.steps_of("full, fewer steps", 97, 256)
    assert steps * full == pytest.approx(window * long_texts.steps_of("window", 97, 256), rel=2e-3)


def test_one_key_head_and_the_latent_keep_as_much():
    one, latent = (long_texts.decoder(kind, 13, 64, 0).blocks[0].attention for kind in ("one key head", "latent"))
    assert 2 * one.n_kv_heads * one.head_width == latent.w_down.out_features + latent.head_width


@pytest.mark.parametrize("kind", ALL)
def test_the_first_weights_are_spread_as_said(kind):
    model = long_texts.decoder(kind, 97, long_texts.GAME, seed=0)
    for name, weight in model.named_parameters():
        spread = long_texts.SPREAD / (2 if name.endswith(("w_o.weight", "w_2.weight")) else 1)  # √(2 layers)
        if weight.ndim == 2:
            assert weight.std().item() == pytest.approx(spread, rel=0.1), name
        else:
            assert weight.unique().numel() == 1, name


# --- failure ---------------------------------------------------------------------------------------------------


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"the kinds are full, window.*got 'half'"):
        long_texts.decoder("half", 13, 64, 0)


# --- the stored run --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["full", "window and strides", "linear", "one key head"])
def test_the_games_begin_as_stored(kind):
    for game in long_texts.GAMES:
        stored = read_stored("long-texts")["games"][game][kind]
        history, _ = long_texts.play(game, kind, 1, 4)
        close(torch.tensor(history), torch.tensor(stored["first"][1][:4]), 2e-3)  # float32 elsewhere
        assert len(stored["curve"]) == long_texts.SEEDS


def test_those_still_learning_were_trained_longer():
    run = read_stored("long-texts")
    for kind in long_texts.LONGER:
        short, longer = run["games"]["recall"][kind], run["longer"][kind]
        assert all(len(curve) == 3 * long_texts.STEPS[long_texts.GAME] // 20 for curve in longer["curve"])
        assert [first[:19] for first in longer["first"]] == [first[:19] for first in short["first"]]  # one warm-up


@pytest.mark.parametrize("kind", ALL)
def test_the_readers_begin_as_stored(kind):
    stored = read_stored("long-texts")["text"][kind]
    history, measured = long_texts.read(kind, 2, 2)
    close(torch.tensor(history), torch.tensor(stored["first"][2][:2]), 2e-3)
    assert len(measured) == len(stored["measured"][2]) == long_texts.BLOCKS
    assert len(stored["curve"][2]) == -(-long_texts.steps_of(kind, 97, long_texts.TEXT) // 20)


def test_a_stream_is_what_is_stored():
    model, tokenizer = load_smollm2()
    piece = long_texts.long_pieces(tokenizer)[1]
    for name in ("window", "window and four others"):
        nats = long_texts.far(long_texts.stream(model, piece, long_texts.streams()[name]))
        assert nats == pytest.approx(read_stored("long-texts")["streams"][name][1], abs=5e-3)

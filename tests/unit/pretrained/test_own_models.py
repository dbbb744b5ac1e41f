"""The stored models are what their recipes make, and their cards say what they are."""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from llmbook.data import speeches
from llmbook.models import GPT
from llmbook.pretrained import load_stored, read_stored, stored_tokenizer
from llmbook.pretrained.few_labels import LABELS, SEEDS, EraClassifier, accuracy, fit_head, labelled
from llmbook.pretrained.own_models import RECIPES, RUNS
from llmbook.pretrained.readers import BERT, GAMES, HALF, Reader, pieces, reader_loss, reader_recipe, reader_words
from llmbook.pretrained.recipe import (
    FIRST,
    SCALE,
    STORED,
    Recipe,
    distinct_weights,
    is_stored,
    pack,
    set_weights,
    store,
    train_by,
    unpack,
)
from llmbook.training import TrainConfig
from stored_models import COLUMNS, FOLDER, rows

# --- reference: weights, card and recipe say the same ----------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_the_card_is_of_this_recipe_and_these_weights(name):
    assert is_stored(RECIPES[name], STORED), f"{name} is not what its recipe makes: run 'make models'"
    card = read_stored(name)
    assert card["parameters"] == sum(weight.numel() for weight in load_stored(name).parameters())
    assert card["bytes"] == (STORED / f"{name}.safetensors").stat().st_size


@pytest.mark.parametrize("name", RECIPES)
def test_the_held_out_loss_is_the_cards(name):
    # Another processor's sums differ in the last of seven digits; the card has five.
    assert math.isclose(RECIPES[name].held_out(load_stored(name)), read_stored(name)["held_out"], abs_tol=5e-4)


@pytest.mark.parametrize("name", RECIPES)
def test_the_first_steps_are_the_stored_curves(name):
    """A rate, a batch or a mask changed since the model was trained shows within ten steps."""
    card, steps = read_stored(name), 10
    losses = train_by(RECIPES[name], steps=steps)[1]
    torch.testing.assert_close(losses, card["first_losses"][:steps], atol=5e-4, rtol=0)
    assert len(card["first_losses"]) == FIRST
    assert card["curve"][-1] < card["curve"][0] - 0.5


def test_a_changed_recipe_leaves_the_stored_curve():
    """The guard above can fail: half the rate, seen in the tenth loss."""
    recipe = RECIPES["reader-both"]
    slower = replace(recipe, config=replace(recipe.config, lr=recipe.config.lr / 2))
    expected = read_stored("reader-both")["first_losses"][9]
    assert abs(train_by(slower, steps=10)[1][9] - expected) > 5e-3
    assert not is_stored(slower, STORED)


def test_all_of_it_stays_small():
    sizes = [path.stat().st_size for path in STORED.iterdir()]
    others = {"scaling-registered", "harness"}  # a prediction, and the scores of a harness in an environment of its own
    assert {path.stem for path in STORED.iterdir()} == {*RECIPES, *RUNS, *others}
    assert sum(sizes) < 8e6, "the stored models may weigh 8 MB together"


def test_the_book_lists_every_stored_model():
    assert STORED == Path(__file__).parents[3] / FOLDER
    cards = [read_stored(name) for name in RECIPES]
    for row, card in zip(rows(cards), cards, strict=True):
        assert len(row) == len(COLUMNS)
        assert row[0] == card["name"]
        assert row[4] == f"{card['held_out']:.4f} nats"
    assert rows([{**cards[0], "seconds": None}])[0][3] == "800 steps", "the seconds of a cut run are not known"


def test_the_run_is_of_these_models():
    """The exam of a stored model, taken again, gives what the run says of it."""
    run = read_stored("labels-for-free")
    assert run["labels"] == list(LABELS)
    assert set(run["games"]) == {"untrained", *GAMES, "masked, 300", "masked, 3000"} - {BERT}
    assert all(len(run["games"][game]) == SEEDS for game in {"untrained", *GAMES} - {BERT})
    _, *test = labelled("test", 600)
    for game in ("both", "next"):
        _, x, y = labelled("train", 100, 0)
        net = EraClassifier(load_stored(f"reader-{game}"))
        fit_head(net, x, y)
        others = [result["frozen"][1] for result in run["games"]["untrained"]]
        # One of the three draws that the run averages: near it, and not near the untrained.
        assert abs(accuracy(net, *test) - run["games"][game][0]["frozen"][1]) < 0.06
        assert accuracy(net, *test) > max(others)


# --- property --------------------------------------------------------------------------------------------------


def small_recipe(steps: int = 6) -> Recipe:
    def make() -> nn.Module:
        return GPT(11, d_model=8, n_heads=2, n_layers=1, max_len=5)  # its output is tied to its embedding

    def loss(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        ids = torch.randint(11, (len(rows), 5))  # random numbers of its own, as masks are
        return model(ids).logsumexp(dim=-1).mean()

    return Recipe(
        name="small", what="w", data="d", config=TrainConfig(steps=steps, batch=3, lr=0.1, warmup=0, seed=5),
        make=make, examples=lambda: 7, loss=loss, held_out=lambda model: model(torch.arange(5)[None]).mean().item(),
        tokenizer=lambda: None, more=lambda model: {"tenth": 0.1},
    )  # fmt: skip


def test_a_model_is_stored_and_opened_again(tmp_path):
    recipe = small_recipe()
    card = store(recipe, tmp_path)
    assert is_stored(recipe, tmp_path)
    model = recipe.make()
    set_weights(model, tmp_path / "small.safetensors")
    assert math.isclose(recipe.held_out(model), card["held_out"], abs_tol=1e-4)
    assert model.output.weight is model.embedding.weight, "tied weights are stored once, and stay tied"
    assert "output.weight" not in card["weights"]
    trained = train_by(recipe)[0]
    for name, weight in distinct_weights(trained).items():
        torch.testing.assert_close(distinct_weights(model)[name], weight.half().float(), atol=0, rtol=0)
    assert not is_stored(small_recipe(steps=7), tmp_path)
    path = tmp_path / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    assert not is_stored(recipe, tmp_path)


def test_a_model_in_eight_bits(tmp_path):
    """Half a step of its row's scale is the most that a weight of a matrix is off; vectors are kept in float16."""
    recipe = replace(small_recipe(), bits=8)
    card = store(recipe, tmp_path)
    assert card["tenth"] == 0.1
    assert is_stored(recipe, tmp_path)
    model = recipe.make()
    set_weights(model, tmp_path / "small.safetensors")
    assert recipe.held_out(model) == pytest.approx(card["held_out"], abs=6e-5), "four decimals of what readers open"
    for name, weight in distinct_weights(train_by(recipe)[0]).items():
        stored = distinct_weights(model)[name]
        if weight.ndim < 2:
            torch.testing.assert_close(stored, weight.half().float(), atol=0, rtol=0)
            continue
        # The largest of a row is 127 steps; the 11 bits of the scale's float16 move it by 127 / 2048 steps at most.
        step = weight.abs().amax(dim=-1, keepdim=True) / 127
        assert ((stored - weight).abs() <= step * (0.5 + 127 / 2048)).all()
        assert (stored != weight).any()


def test_weights_come_back_as_they_were_packed():
    torch.manual_seed(2)
    weights = {"matrix": torch.randn(5, 7), "zeros": torch.zeros(3, 2), "gain": torch.randn(11)}
    packed = pack(weights, 8)
    assert [packed[name].dtype for name in ("matrix", "zeros")] == [torch.int8] * 2
    back = unpack(packed)
    assert back.keys() == weights.keys()
    assert back["zeros"].eq(0).all()
    assert packed["zeros" + SCALE].gt(0).all(), "a row of zeros has no scale to divide by"
    torch.testing.assert_close(back["gain"], weights["gain"], atol=0, rtol=2**-11)  # float16's last bit
    torch.testing.assert_close(unpack(pack(back, 8))["matrix"], back["matrix"], atol=0, rtol=2**-10)
    assert unpack(pack(weights, 16))["matrix"].equal(weights["matrix"].half().float())


def test_other_bits_are_another_recipe(tmp_path):
    store(small_recipe(), tmp_path)
    assert not is_stored(replace(small_recipe(), bits=8), tmp_path)


def test_a_run_that_was_cut_goes_on(tmp_path):
    recipe, cut = small_recipe(steps=230), small_recipe(steps=230)
    straight = train_by(recipe)[1]
    calls = 0

    def until_the_cut(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls > 150:
            raise KeyboardInterrupt
        return recipe.loss(model, rows)

    with pytest.raises(KeyboardInterrupt):
        train_by(replace(cut, loss=until_the_cut), checkpoint=tmp_path / "state.pt")
    assert train_by(recipe, checkpoint=tmp_path / "state.pt")[1] == straight
    card = store(recipe, tmp_path / "new", checkpoint=tmp_path / "state.pt")
    assert card["seconds"] is None, "the time of a run that was taken up again is not known"
    assert card["first_losses"] == [round(loss, 4) for loss in straight[:FIRST]]
    assert card["sha256"] == hashlib.sha256((tmp_path / "new/small.safetensors").read_bytes()).hexdigest()
    assert json.loads((tmp_path / "new/small.json").read_text()) == card


def test_the_causal_reader_cannot_see_the_future():
    torch.manual_seed(0)
    ids = torch.randint(5, 97, (2, 13))
    changed = ids.clone()
    changed[:, 7:] = torch.randint(5, 97, (2, 6))
    for causal in (True, False):
        reader = Reader(causal=causal, vocab=97, d_model=16)
        same = torch.isclose(reader.states(ids), reader.states(changed)).all(dim=-1)[:, :7].all()
        assert same == causal


def test_pieces_are_neighbours_of_one_paragraph():
    words, part = reader_words(), pieces("dev")
    torch.manual_seed(3)
    rows = torch.tensor([0, len(part) - 1])
    a, b = part.halves(rows)
    assert a.shape == b.shape == (2, HALF + 1)
    assert (torch.cat([a, b])[:, 0] == words.cls).all()
    texts = [" ".join(map(str, words.encode(p))) for s in speeches(part="dev") for p in s.paragraphs]
    for first, second in zip(a.tolist(), b.tolist(), strict=True):
        assert any(" ".join(map(str, first[1:] + second[1:])) in text for text in texts)


def test_each_game_trains_what_it_asks_for():
    torch.manual_seed(0)
    a, b = pieces("dev").halves(torch.arange(5))
    for game in GAMES:
        reader = Reader(causal=game == "next")
        reader_loss(reader, game, a, b).backward()
        assert (reader.mlm_bias.grad is None) == (game in ("choice", "followed"))
        assert (reader.log_scale.grad is None) == (game not in ("choice", "both"))
        assert (reader.nsp.bias.grad is None) == (game not in ("followed", BERT))


def test_labels_are_drawn_evenly_and_from_one_part():
    texts, x, y = labelled("train", 20, 1)
    assert y.bincount().tolist() == [5, 5, 5, 5]
    assert x.shape == (20, HALF + 1)
    assert len(set(texts)) == 20
    assert texts != labelled("train", 20, 2)[0]
    tests = set(labelled("test", 600)[0])
    assert not tests & set(labelled("train", 500, 0)[0])


# --- failure ---------------------------------------------------------------------------------------------------


def test_names_that_are_not_stored():
    for find in (load_stored, stored_tokenizer):
        with pytest.raises(ValueError, match=r"the stored models are reader-both.*got 'gpt'"):
            find("gpt")
    with pytest.raises(ValueError, match=r"stored are reader-both.*labels-for-free.*; got 'gpt'"):
        read_stored("gpt")
    with pytest.raises(ValueError, match=r"a game must be one of masked, .*; got 'chess'"):
        reader_recipe("chess")


def test_weights_of_another_model(tmp_path):
    store(small_recipe(), tmp_path)
    with pytest.raises(ValueError, match=r"small\.safetensors holds other weights"):
        set_weights(nn.Linear(2, 3), tmp_path / "small.safetensors")

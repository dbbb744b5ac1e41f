"""BERT's game with other rules: the players, what they are asked, and the stored run played again."""

import pytest
import torch
from reference import close

from llmbook.pretrained import masked_words, read_stored
from llmbook.pretrained.masked_words import BERTS, CLOSED, PLAYERS, Player, gaps, kind_of, loss_of, named, train_player
from llmbook.pretrained.readers import Reader, pieces, reader_loss, reader_words

ROWS = torch.arange(7)
FLOAT = 1e-5  # float32


def a_text(T: int = 13) -> torch.Tensor:
    return torch.randint(5, 4000, (3, T), generator=torch.Generator().manual_seed(1))


def player(name: str = BERTS, seed: int = 0) -> Player:
    return train_player(name, seed, 1)[0]


# --- reference -------------------------------------------------------------------------------------------------


def test_berts_rules_are_those_of_page_2_4():
    model = player("not turned")
    torch.manual_seed(3)
    ours = loss_of(model, PLAYERS[BERTS], ROWS)
    torch.manual_seed(3)
    close(ours, reader_loss(model, "masked", *pieces("train").halves(ROWS)), FLOAT)


def test_who_reads_from_the_left_plays_the_next_word():
    model = player("left")
    torch.manual_seed(3)
    ours = loss_of(model, PLAYERS["left"], ROWS)
    torch.manual_seed(3)
    close(ours, reader_loss(model, "next", *pieces("train").halves(ROWS)), FLOAT)


@pytest.mark.parametrize("causal", [False, True])
def test_without_turning_a_player_is_a_reader(causal):
    model, reader = Player(causal=causal, positions="none"), Reader(causal=causal, n_layers=2)
    reader.load_state_dict(model.state_dict())
    close(model.states(a_text()), reader.states(a_text()), FLOAT)
    model = Player(causal=causal)
    assert (model.states(a_text()) - reader.states(a_text())).abs().max() > 1e-3


def test_what_is_named_is_scored_as_torch_does():
    model, (ids, places) = player(), gaps("dev", 11)
    rows = torch.arange(11)
    log_p = model.word_logits(model.states(ids)).log_softmax(dim=-1)[rows, places]
    right = torch.where(rows % 2 == 0, log_p.argmax(dim=-1), ids[rows, places])  # some answers are right
    loss, share = named(model, ids, places, right)
    assert loss == pytest.approx(-log_p[rows, right].mean().item(), rel=1e-5)
    assert share == pytest.approx((log_p.argmax(dim=-1) == right).float().mean().item())


# --- property --------------------------------------------------------------------------------------------------


def test_the_gaps_are_the_same_each_time_and_known_words():
    before = torch.get_rng_state()
    ids, places = gaps.__wrapped__("dev", 50)
    assert torch.get_rng_state().equal(before)
    again = gaps.__wrapped__("dev", 50)
    assert ids.equal(again[0])
    assert places.equal(again[1])
    assert (ids[torch.arange(50), places] > reader_words().unknown).all()
    assert len(places.unique()) > 15


@pytest.mark.parametrize(("name", "share"), [(BERTS, 0.15), ("5 %", 0.05), ("60 %", 0.6), ("40 %, 15 % asked", 0.15)])
def test_so_many_words_are_asked(name, share, monkeypatch):
    asked = []

    def count(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        asked.append(target.numel())
        return logits.sum()

    monkeypatch.setattr(masked_words, "word_loss", count)
    torch.manual_seed(0)
    rows = torch.arange(200)
    model = Player()
    monkeypatch.setattr(model, "states", lambda seen: torch.zeros(*seen.shape, 64))
    loss_of(model, PLAYERS[name], rows)
    known = 400 * 30 * 0.93  # about one word in fourteen is unknown
    assert asked[0] / known == pytest.approx(share, rel=0.1)


def test_the_kinds_share_no_word():
    words = [word for kind in CLOSED.values() for word in kind.split()]
    assert len(set(words)) == len(words)
    assert [kind_of(word) for word in ("the", "nations", "1845", ",", "hundred", "not")] == [
        "determiner", "content", "number", "sign", "number", "particle"
    ]  # fmt: skip


def test_training_is_the_same_each_time():
    first = train_player("100/0/0", 1, 3)[1]
    assert train_player("100/0/0", 1, 3)[1] == first
    assert train_player("100/0/0", 2, 3)[1] != first
    assert train_player("80/0/20", 1, 3)[1] != first
    assert train_player("not turned", 1, 3)[1] != train_player(BERTS, 1, 3)[1]


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_text_that_is_cut_is_a_shorter_text():
    model, ids = player(), a_text()
    cut = model.states(ids, torch.full((3,), 8))
    close(cut[:, :8], model.states(ids[:, :8]), FLOAT)
    close(model.states(ids, torch.full((3,), 13)), model.states(ids), FLOAT)


def test_who_reads_from_the_left_does_not_see_the_gap():
    model, (ids, places) = player("left"), gaps("dev", 11)
    right = ids[torch.arange(11), places]
    other = ids.index_put((torch.arange(11), places), torch.tensor(7))
    assert named(model, ids, places, right) == named(model, other, places, right)


# --- failure ---------------------------------------------------------------------------------------------------


def test_an_unknown_player_is_refused():
    with pytest.raises(KeyError, match="20 %"):
        train_player("20 %", 0)


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_is_of_this_code():
    run = read_stored("masked-words")
    assert run["steps"] == masked_words.STEPS
    assert list(run["players"]) == list(PLAYERS)
    assert {len(answers) for answers in run["players"].values()} == {masked_words.SEEDS}
    close(train_player(BERTS, 0, 10)[1], run["first losses"][:10], 5e-4)  # other processors
    again, stored = masked_words.play("untrained", 0), run["players"]["untrained"][0]
    assert list(again) == list(stored)
    assert again["gap"] == pytest.approx(stored["gap"], abs=1e-3)
    assert again["eras"] == pytest.approx(stored["eras"], abs=0.01)
    trained = [answers["gap"][1] for name in PLAYERS if name != "untrained" for answers in run["players"][name]]
    assert min(trained) > stored["gap"][1] + 0.03

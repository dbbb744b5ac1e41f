"""The dictionary that is asked: its texts, its three players, and the stored run of them."""

import pytest
import torch
from torch.nn import functional as F

from llmbook.nn import attention_weights
from llmbook.pretrained import look_up, read_stored
from llmbook.pretrained.look_up import (
    ASKED,
    BUDGETS,
    DIGITS,
    ENTRIES,
    SEEDS,
    WIDTHS,
    DilatedConvolution,
    Player,
    budget_curve,
    commonest_digit,
    dictionaries,
    train_and_measure,
)

# --- reference -------------------------------------------------------------------------------------------------


def test_the_answer_is_what_a_python_dictionary_finds():
    ids, answers = dictionaries(7, 53, seed=3)
    for text, answer in zip(ids.tolist(), answers.tolist(), strict=True):
        entries = dict(text[:-1])
        assert len(entries) == 7, "a letter occurs twice"
        assert text[-1][1] == ASKED
        assert entries[text[-1][0]] == answer < DIGITS


def test_attention_solves_it_with_weights_written_by_hand():
    """Letters as keys, digits as values: a sharp head needs nothing else."""
    ids, answers = dictionaries(13, 101, seed=5)
    letters, digits = F.one_hot(ids[..., 0]).double(), F.one_hot(ids[..., 1]).double()
    found = attention_weights(letters[:, -1:], letters[:, :-1], scale=30) @ digits[:, :-1]
    assert (found[:, 0].argmax(dim=-1) == answers).all()


@pytest.mark.parametrize("kind", WIDTHS)
def test_the_stored_run_is_of_these_lines(kind):
    """Trained again for the first budget: processors differ in the last digits, and a few questions of 1,000 turn."""
    stored = read_stored("three-ways")
    assert stored["budgets"] == list(BUDGETS)
    assert set(stored["shares"]) == set(WIDTHS)
    curves = stored["shares"][kind]
    assert set(curves) == set(map(str, ENTRIES))
    assert all(len(of_seeds) == SEEDS for of_seeds in curves.values())
    assert abs(budget_curve(kind, 4, 1, BUDGETS[:1])[0] - curves["4"][1][0]) < 0.03


# --- property --------------------------------------------------------------------------------------------------


def test_the_players_are_equally_large():
    sizes = [sum(p.numel() for p in Player(kind).parameters()) for kind in WIDTHS]
    assert max(sizes) < 1.1 * min(sizes)


def test_attention_does_not_care_in_which_order_the_entries_stand_and_the_others_do():
    ids, _ = dictionaries(11, 5, seed=0)
    turned = torch.cat([ids[:, :-1].flip(1), ids[:, -1:]], dim=1)
    for kind in WIDTHS:
        torch.manual_seed(0)
        player = Player(kind).double()
        assert torch.allclose(player(ids), player(turned), atol=1e-12) == (kind == "attention")


def test_the_convolution_sees_27_places_and_none_that_come_later():
    torch.manual_seed(0)
    layer = DilatedConvolution(5).double()
    x = torch.randn(1, 31, 5, dtype=torch.float64)
    for place, seen in ((29, False), (28, True), (2, True), (1, False)):
        changed = x.clone()
        changed[0, place] += 1
        assert bool((layer(changed) - layer(x))[0, 28].any()) == seen, place


def test_it_is_measured_after_each_number_of_steps():
    weight, steps = torch.nn.Linear(2, 3), 0

    def loss_of(_: torch.Tensor) -> torch.Tensor:
        nonlocal steps
        steps += 1
        return weight.bias.sum()

    assert train_and_measure(weight, loss_of, 7, lambda: [steps], (0, 3, 5), batch=2, lr=0.1) == [[0], [3], [5]]


def test_nobody_is_asked_what_it_has_learned_from(monkeypatch):
    seeds: list[int] = []
    monkeypatch.setattr(
        look_up, "dictionaries", lambda n, rows, seed: seeds.append(seed) or dictionaries(n, min(rows, 100), seed)
    )
    for seed in range(SEEDS):
        budget_curve("recurrence", 4, seed, (1,))
    assert seeds[::2] == list(range(SEEDS))
    assert set(seeds[1::2]).isdisjoint(seeds[::2])


# --- limit -----------------------------------------------------------------------------------------------------


def test_of_one_entry_nothing_can_be_confused():
    ids, answers = dictionaries(1, 17, seed=2)
    assert (ids[:, 0, 0] == ids[:, 1, 0]).all()
    assert (ids[:, 0, 1] == answers).all()


def test_naming_the_commonest_digit_is_sure_of_one_entry_and_right_that_often():
    assert commonest_digit(1) == 1.0
    ids, answers = dictionaries(5, 20_000, seed=3)
    named = ids[:, :-1, 1].mode(dim=1).values
    assert abs((named == answers).float().mean().item() - commonest_digit(5)) < 0.02


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 27])
def test_there_are_26_letters(n):
    with pytest.raises(ValueError, match=f"there are 26 letters.*n={n}"):
        dictionaries(n, 3, seed=0)

"""Texts that repeat, the machine of one layer or two, and the stored run of both."""

import pytest
import torch
from torch import nn

from llmbook.nn import apply_rotary, attention_weights, causal_mask, precompute_freqs_cis
from llmbook.pretrained import read_stored
from llmbook.pretrained.induction import (
    LENGTH,
    LETTERS,
    LONG,
    LONG_SEEDS,
    LONGEST,
    MEASURED,
    SEEDS,
    SHORTEST,
    WIDTHS,
    Machine,
    learning_curve,
    measure,
    repeating,
)

# --- reference -------------------------------------------------------------------------------------------------


def test_the_machine_is_its_formula():
    torch.manual_seed(0)
    machine, (ids, _, _) = Machine(2), repeating(3, seed=1)
    x = machine.letters(ids)
    turn = precompute_freqs_cis(LENGTH, WIDTHS[2])
    for layer in machine.layers:
        q, k, v = (x @ w.weight.T for w in (layer.w_q, layer.w_k, layer.w_v))
        x = (
            x
            + attention_weights(apply_rotary(q, turn), apply_rotary(k, turn), causal_mask(LENGTH))
            @ v
            @ layer.w_o.weight.T
        )
    torch.testing.assert_close(machine(ids)[0], x @ machine.output.weight.T)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_stored_run_is_of_these_lines(layers):
    """Trained again for the first 40 steps: processors differ in the last digits, and a few of 4,000 letters turn."""
    run = read_stored("one-or-two-layers")
    assert (run["steps"], run["long steps"]) == (list(MEASURED), list(LONG))
    assert (len(run["two layers"]), len(run["one layer"]), len(run["one layer, long"])) == (SEEDS, SEEDS, LONG_SEEDS)
    stored = run["two layers"][3]["right"] if layers == 2 else run["one layer"][3]
    found = [measured[0] for measured in learning_curve(layers, 3, at=MEASURED[:3])[1]]
    torch.testing.assert_close(found, stored[:3], atol=0.01, rtol=0)


# --- property --------------------------------------------------------------------------------------------------


def test_texts_repeat_and_the_next_letter_is_known_from_the_second_time_on():
    texts, known, lengths = repeating(211, seed=0)
    assert set(lengths.tolist()) == set(range(SHORTEST, LONGEST + 1))
    for text, where, n in zip(texts.tolist(), known.tolist(), lengths.tolist(), strict=True):
        assert len(set(text[:n])) == n
        assert text[n:] == text[:-n]
        assert where == [n <= place < LENGTH - 1 for place in range(LENGTH)]


def test_one_layer_has_a_few_more_parameters_than_two():
    one, two = (sum(p.numel() for p in Machine(layers).parameters()) for layers in (1, 2))
    assert two < one < 1.2 * two


def test_the_future_cannot_change_the_past():
    torch.manual_seed(0)
    machine, (ids, _, _) = Machine(2), repeating(2, seed=1)
    changed = ids.clone()
    changed[:, 20:] = (changed[:, 20:] + 1) % LETTERS
    same = torch.isclose(machine(ids)[0], machine(changed)[0]).all(dim=-1)
    assert same[:, :20].all()
    assert not same[:, 20:].any()


def test_five_texts_defeat_every_head_that_sees_only_how_far_back_a_letter_stands():
    """The page's proof: what speaks for the right letter, added up, is what speaks for a wrong one."""
    five = (
        (6, 6, None),
        (7, 12, 5),
        (10, 10, 6),
        (11, 11, 9),
        (13, 13, 10),
    )  # piece, last place, a wrong one's distance
    texts, known, lengths = repeating(500, seed=0)
    right, wrong = [], []
    for piece, last, distance in five:
        row = (lengths == piece).nonzero()[0, 0]
        assert known[row, last]
        text = texts[row, : last + 1].tolist()
        right += [last - s for s, letter in enumerate(text) if letter == texts[row, last + 1]]
        wrong += [last - s for s, letter in enumerate(text) if distance and letter == text[last - distance]]
    assert sorted(right) == sorted(wrong) == [5, 6, 9, 10, 12]


# --- limit -----------------------------------------------------------------------------------------------------


class Perfect(nn.Module):
    """What a machine written by hand would do: look one place back, then at all that followed."""

    def __init__(self, lengths: torch.Tensor, *, off: int = 0) -> None:
        super().__init__()
        back = torch.arange(LENGTH)[:, None] - torch.arange(LENGTH)
        follows = ((back + 1 - off) % lengths[:, None, None] == 0) & (back >= 0)
        self.looks = [(back == 1).float().expand(len(lengths), 1, -1, -1), follows[:, None].float()]

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        weights = self.looks[1] / self.looks[1].sum(dim=-1, keepdim=True).clamp(min=1)
        return weights[:, 0] @ nn.functional.one_hot(ids, LETTERS).float(), [self.looks[0], weights]


def test_a_perfect_machine_measures_one_and_one_that_is_a_place_off_does_not():
    new = repeating(97, seed=4)
    assert measure(Perfect(new[2]), *new) == [1.0, 1.0, 1.0]
    right, before, after = measure(Perfect(new[2], off=1), *new)
    assert (right, before, after) == (0.0, 1.0, 0.0)


def test_of_many_heads_the_best_is_measured():
    new = repeating(97, seed=4)
    one, other = Perfect(new[2]), Perfect(new[2], off=1)

    class Both(nn.Module):
        def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
            logits, looks = one(ids)
            return logits, [torch.cat(heads, dim=1) for heads in zip(looks, other(ids)[1], strict=True)]

    assert measure(Both(), *new) == [1.0, 1.0, 1.0]


# --- failure ---------------------------------------------------------------------------------------------------


def test_heads_that_do_not_fit():
    with pytest.raises(ValueError, match="d_model=48 cannot be divided into n_heads=5"):
        Machine(1, n_heads=5)

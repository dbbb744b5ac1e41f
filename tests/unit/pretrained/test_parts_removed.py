"""A translator without one of its parts: what is left is as if the part had never been. And how the run begins."""

import pytest
import torch
from reference import close, ids_of, spread
from torch import nn

from llmbook.models.encoder_decoder import AddAndNorm
from llmbook.pretrained import families, parts_removed, read_stored
from llmbook.pretrained.parts_removed import PARTS, Straight, train_translator, translator


@pytest.fixture(autouse=True)
def few_pairs(monkeypatch):
    task = families.task("translate", 200, 20)
    monkeypatch.setattr(parts_removed, "task", lambda _: task)


SRC, TGT = ids_of(40, 3, 11), ids_of(40, 3, 7, seed=1)


def logits(part: str = "", **changes: object) -> torch.Tensor:
    with torch.no_grad():
        return spread(translator(0, part=part, **changes), 0.2).eval()(SRC, TGT)


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_first", [True, False])
def test_without_a_residual_only_the_sub_layer_speaks(norm_first):
    around, sublayer, x = AddAndNorm(5, norm_first=norm_first), nn.Linear(5, 5), torch.randn(2, 3, 5)
    expected = sublayer(around.norm(x)) if norm_first else around.norm(sublayer(x))
    close(Straight(around)(x, sublayer), expected, 0)
    assert not torch.allclose(around(x, sublayer), expected)


@pytest.mark.parametrize("part", ["feed_forward", "self_attention", "cross_attention"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_a_sub_layer_removed_is_one_whose_output_is_zero(part, norm_first):
    model = spread(translator(0, norm_first=norm_first), 0.2).eval()
    last = "w_2" if part == "feed_forward" else "w_o"
    for name, weight in model.named_parameters():
        if f".{part}.{last}." in name:
            nn.init.zeros_(weight)
    with torch.no_grad():
        expected = model(SRC, TGT)
        close(parts_removed.without(model, part)(SRC, TGT), expected, 1e-6)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_missed(part):
    assert (logits(part) - logits()).abs().max() > 1e-3


def test_only_without_cross_attention_does_the_source_not_matter():
    for part in ("", *PARTS):
        model = spread(translator(0, part=part), 0.2).eval()
        with torch.no_grad():
            changed = (model(SRC, TGT) - model((SRC + 1) % 40, TGT)).abs().max()
        assert (changed == 0) == (part == "cross_attention")


def test_heads_and_the_place_of_the_norm_cost_no_parameters():
    sizes = {n: sum(p.numel() for p in translator(0, n_heads=n).parameters()) for n in (1, 2, 4, 8, 16)}
    assert len(set(sizes.values())) == 1
    pre = sum(p.numel() for p in translator(0, norm_first=True).parameters())
    assert pre - sizes[4] == 4 * parts_removed.D  # one more norm behind each stack


def test_seeds_differ_in_weights_and_in_what_is_read_first(monkeypatch):
    same = translator(0)
    assert not torch.equal(same.output.weight, translator(1).output.weight)
    monkeypatch.setattr(parts_removed, "translator", lambda _: same)
    first, second = (train_translator(seed, steps=1, rate=1e-9)[1] for seed in (0, 1))
    assert first != second


def test_haste_is_a_higher_rate_from_the_first_step_on(monkeypatch):
    monkeypatch.setattr(parts_removed, "train_translator", lambda *_, **__: (None, []))
    monkeypatch.setattr(parts_removed, "measured", lambda **changes: changes)
    run = parts_removed.parts_removed()
    rate = parts_removed.HASTE * families.RATE
    assert run["unchanged, hasty"] == {"rate": rate, "warmup": 0}
    assert run["pre-norm, hasty"] == {"rate": rate, "warmup": 0, "norm_first": True}
    assert (run["unchanged"], run["pre-norm"]) == ({}, {"norm_first": True})


# --- limit -----------------------------------------------------------------------------------------------------


def test_who_writes_the_truth_scores_one(monkeypatch):
    targets = [target for _, target in parts_removed.task("translate").test]
    longest = max(map(len, targets))
    monkeypatch.setattr(parts_removed, "write", lambda *_: [[*t, *[0] * (longest - len(t))] for t in targets])
    assert parts_removed.quality(translator(0))[1] == 1
    monkeypatch.setattr(parts_removed, "write", lambda *_: [[*t[:-1], *[0] * longest] for t in targets])
    assert parts_removed.quality(translator(0))[1] == 0, "the last character is wrong"


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_part_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"no part whose name begins with 'flux'"):
        translator(0, part="flux")


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_is_of_this_code(monkeypatch):
    run = read_stored("parts-removed")
    assert list(run["without"]) == list(PARTS)
    assert {len(runs) for runs in run["without"].values()} == {families.SEEDS}
    monkeypatch.setattr(parts_removed, "task", families.task)
    losses = train_translator(0, steps=20)[1]
    close(torch.tensor(losses), torch.tensor(run["first losses"][:20]), 0.02)  # other processors round otherwise

"""Three objectives for one budget: what BERT's two questions cost together, what a step costs, how exams are taken."""

import pytest
import torch
import torch.nn.functional as F

from llmbook.pretrained import read_stored, three_objectives
from llmbook.pretrained.readers import (
    BATCH,
    BERT,
    HALF,
    READERS,
    STEPS,
    Reader,
    followed_loss,
    hide,
    pieces,
    reader_words,
)
from llmbook.pretrained.recipe import train_by
from llmbook.pretrained.three_objectives import (
    BUDGET,
    CONTROL,
    EXAMS,
    LASTING,
    LONG,
    OBJECTIVES,
    RATES,
    multiplications,
    objective_recipe,
    pretrained,
    steps_paid,
    take_exam,
    tuned,
)
from llmbook.training.objectives import IGNORE, join_pair

D, N_VOCAB = 64, 4000


# --- reference -------------------------------------------------------------------------------------------------


def test_berts_two_questions_about_one_pair_are_added():
    """Against the whole BERT with both heads, and PyTorch's cross-entropies, on pairs joined one by one."""
    torch.manual_seed(0)
    model, words, (a, b) = Reader(), reader_words(), pieces("dev").halves(torch.arange(7))
    torch.manual_seed(5)
    loss = followed_loss(model, a, b, named=True)

    joined = [
        join_pair(a[i, 1:].tolist(), b[(i + 2 * (i % 2) - 7 * (i == 5)) % 7, 1:].tolist(), words.cls, words.sep, 63)
        for i in range(7)
    ]
    pair, segments = (torch.tensor(rows) for rows in zip(*joined, strict=True))
    torch.manual_seed(5)
    seen, target = hide(pair)
    assert 0 < (target != IGNORE).sum() < pair.numel() / 3
    logits, verdict = model(seen, None, segments)
    named = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=IGNORE)
    torch.testing.assert_close(loss, named + F.cross_entropy(verdict, torch.arange(7) % 2))


def test_a_step_costs_what_its_matrices_multiply():
    """Of BERT's question about pairs nothing is left to chance: counted by hand, once forwards and twice backwards."""
    T = 2 * HALF + 3
    layer = T * (12 * D**2 + 2 * T * D)
    assert multiplications("followed") == 3 * BATCH * (layer + D**2 + 2 * D)
    # Named besides are 15 of 100 words, but no rare and no special ones: each costs the head and the words' table.
    named = (multiplications(BERT) - multiplications("followed")) / 3 / (D**2 + N_VOCAB * D)
    assert 0.12 < named / (BATCH * T) < 0.15


# --- property --------------------------------------------------------------------------------------------------


def test_nobody_outspends_the_budget_by_more_than_half_a_step():
    budget = BUDGET * multiplications("masked")
    for name in OBJECTIVES:
        assert abs(steps_paid(name) * multiplications(name) - budget) <= multiplications(name) / 2
        assert objective_recipe(name, 3).config.steps == steps_paid(name)


def test_all_begin_with_the_controls_weights():
    control = pretrained(CONTROL, 3)
    for name in OBJECTIVES:
        torch.manual_seed(3)
        begun = objective_recipe(name, 3).make()
        for ours, theirs in zip(control.parameters(), begun.parameters(), strict=True):
            assert ours.equal(theirs)
    assert not control.mlm_dense.weight.equal(pretrained(CONTROL, 4).mlm_dense.weight)


@pytest.mark.parametrize("causal", [True, False])
def test_an_exam_takes_a_copy_and_its_own_mask(causal, monkeypatch):
    monkeypatch.setattr(three_objectives, "TUNING", 1)
    reader = Reader(causal=causal).requires_grad_(False)
    before = {name: weight.clone() for name, weight in reader.named_parameters()}
    after = {exam: tuned(reader, exam, 1e-2, 0) for exam in EXAMS}
    assert [after[exam].causal for exam in EXAMS] == [causal, False, True]
    assert reader.causal == causal
    for name, weight in reader.named_parameters():
        assert weight.equal(before[name])
    assert not any(model.bert.words.weight.equal(reader.bert.words.weight) for model in after.values())


def test_the_rate_is_chosen_on_dev_and_the_loss_taken_on_test(monkeypatch):
    losses = {"dev": dict(zip(RATES, (3.0, 1.0, 2.0), strict=True)), "test": dict(zip(RATES, (5, 6, 4), strict=True))}
    monkeypatch.setattr(three_objectives, "tuned", lambda _reader, _exam, rate, _seed: rate)
    monkeypatch.setattr(three_objectives, "held_out_loss", lambda rate, _exam, part="dev": losses[part][rate])
    assert take_exam(Reader(), "masked", 0) == 6


def test_the_same_seed_gives_the_same_exam(monkeypatch):
    monkeypatch.setattr(three_objectives, "TUNING", 2)
    reader = Reader()
    first, again, other = (tuned(reader, "masked", 1e-3, seed).mlm_bias for seed in (0, 0, 1))
    assert first.equal(again)
    assert not first.equal(other)


# --- limit -----------------------------------------------------------------------------------------------------


def test_hidden_words_are_the_measure_of_the_budget():
    assert steps_paid("masked") == BUDGET == STEPS, "no longer the readers of page 2.4"
    assert objective_recipe("masked", steps=LONG).describe() == READERS[-1].describe()


# --- failure ---------------------------------------------------------------------------------------------------


def test_an_unknown_objective_is_refused():
    with pytest.raises(ValueError, match=r"an objective must be one of masked, .*, next; got 'choice'"):
        objective_recipe("choice")


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_begins_as_this_code_does():
    run = read_stored("three-objectives")
    assert run["multiplications"] == {name: multiplications(name) for name in OBJECTIVES}
    assert run["steps"] == {name: steps_paid(name) for name in OBJECTIVES}
    assert list(run["results"]) == [CONTROL, *OBJECTIVES]
    assert {len(results) for results in run["results"].values()} == {three_objectives.SEEDS}
    assert list(run["long"]) == list(LASTING)
    for name in OBJECTIVES:
        losses = train_by(objective_recipe(name), steps=three_objectives.FIRST)[1]
        torch.testing.assert_close(losses, run["first losses"][name], atol=5e-4, rtol=0)  # another processor's sums


def test_page_2_4_and_this_run_tell_one_story():
    """Networks that both have trained alike, with the same seeds, in the same exam."""
    ours, theirs = read_stored("three-objectives"), read_stored("labels-for-free")["games"]
    same = {CONTROL: "untrained", "masked": "masked"}
    pairs = [pair for mine, name in same.items() for pair in zip(ours["results"][mine], theirs[name], strict=False)]
    assert len(pairs) == 6, "page 2.4 has three seeds"
    pairs += [(ours["long"]["masked"], theirs["masked, 3000"][0])]
    for here, there in pairs:
        for kind, shares in there.items():
            # Hundreds of steps on another processor end elsewhere, by less than another seed does.
            torch.testing.assert_close(here["era"][kind], shares, atol=0.02, rtol=0)


def test_the_control_takes_the_exams_again():
    result = read_stored("three-objectives")["results"][CONTROL][0]
    loss = take_exam(pretrained(CONTROL, 0), "choice", 0)
    assert abs(loss - result["choice"]) < 0.01  # 60 steps, whose last digits differ between processors

"""The runs of page 3.8: what is measured, what is left of a model, how a student learns, and the stored numbers."""

import pytest
import torch
from reference import close, ids_of, spread

from llmbook.compression import (
    hidden_loss,
    kept,
    matrices,
    read_inputs,
    replaced,
    rounded,
    smaller,
    soft_loss,
    with_states,
)
from llmbook.models import GPT
from llmbook.pretrained import fewer_bits, fewer_weights, load_smollm2, load_stored, read_stored, worth
from llmbook.pretrained.fewer_bits import read_windows
from llmbook.pretrained.speech_gpt import all_and_the_modern_again
from llmbook.training.objectives import word_loss
from llmbook.training.schedule import TrainConfig, batch_indices


@pytest.fixture(scope="module")
def gpt() -> GPT:
    return load_stored("gpt-speeches")


@pytest.fixture(scope="module")
def inputs(gpt):
    return read_inputs(gpt, worth.looked_at()[:8])


def small() -> GPT:
    return spread(GPT(13, d_model=12, n_heads=3, n_layers=2, max_len=11), seed=1).eval().requires_grad_(False)


def mean(nats: list[float]) -> float:
    return sum(nats) / len(nats)


# --- reference -------------------------------------------------------------------------------------------------


def test_multiplications_are_those_of_the_matrices():
    assert worth.multiplications(small()) == 2 * (12 * 36 + 12 * 12 + 2 * 12 * 48) + 12 * 13


def test_a_taught_step_costs_what_both_read_and_one_learns():
    teacher, student = small(), smaller(small(), layers=[0])
    n_t, n_s = (worth.multiplications(model) for model in (teacher, student))
    assert fewer_weights.work_of_teaching(teacher, student) == pytest.approx((2 * n_t + 6 * n_s) / (6 * n_s))


@pytest.mark.parametrize("way", [{}, {"temperature": 4.0}, {"hidden": True}])
def test_the_first_loss_is_the_sum_of_its_parts(gpt, way):
    """The batch of step 1, by hand; matrices that read the states are drawn after the student."""
    config = TrainConfig(steps=1, batch=fewer_weights.BATCH, seed=3)
    text = all_and_the_modern_again()
    rows = batch_indices(1, len(text) - 128, config)
    ids = torch.stack([text[row : row + 129] for row in rows])
    student = fewer_weights.new_student(3)
    logits, states = with_states(student, ids[:, :-1])
    wanted, right = with_states(gpt, ids[:, :-1])
    loss = word_loss(logits, ids[:, 1:]) / 2 + soft_loss(logits, wanted, way.get("temperature", 1.0)) / 2
    if way.get("hidden"):
        readers = [torch.nn.Linear(96, 192, bias=False).weight for _ in range(2)]
        loss = loss + hidden_loss(states, [right[1], right[3]], readers)
    _, history = fewer_weights.learn(fewer_weights.new_student(3), 3, steps=1, rate=1e-3, teacher=gpt, **way)
    assert history == pytest.approx([loss.item()], abs=2e-4)


@pytest.mark.parametrize(("bits", "scales"), [(8, 13 + 2 * (36 + 12 + 48 + 12)), (4, 13 + 2 * 12 * 144 / 32)])
def test_kilobytes_are_codes_scales_and_a_mask(bits, scales):
    """By hand: 2 blocks of 12 (36 + 12 + 48 + 48) weights, 13 tokens, and all others in sixteen bits."""
    model, n = small(), 2 * 12 * 144
    others = sum(p.numel() for p in model.parameters()) - n - 13 * 12
    bare = bits * n + 8 * 13 * 12 + 16 * (scales + others)
    assert worth.kilobytes(model, bits) == pytest.approx(bare / 8000)
    assert worth.kilobytes(model, bits, 0.75) == pytest.approx((bare - 0.75 * bits * n + n) / 8000)


def test_the_front_is_what_nothing_else_beats():
    rows = [
        (3, 1.0, "a"),
        (1, 3.0, "b"),
        (2, 3.0, "dearer, no better"),
        (1, 4.0, "worse"),
        (2, 2.0, "c"),
        (4, 1.5, "d"),
    ]
    assert [row[2] for row in worth.pareto(rows, 0)] == ["b", "c", "a"]


# --- property --------------------------------------------------------------------------------------------------


def test_what_is_measured_on_is_not_looked_at_nor_learned():
    text = all_and_the_modern_again()
    measured, seen = worth.held_out(), worth.looked_at()
    assert measured.shape == (worth.WINDOWS, 128)
    pieces = {tuple(piece) for piece in text.unfold(0, 48, 1)[:, :4].tolist()}
    assert tuple(seen[0, :4].tolist()) in pieces, "the windows looked at are of the training speeches"
    places = text.unfold(0, 32, 1)
    for row in measured[::16]:
        assert not (places == row[40:72]).all(dim=1).any(), "a held-out window is in the training text"


def test_pruning_a_model_takes_from_each_matrix(gpt, inputs):
    new, masks = fewer_weights.prune(gpt, "aware", 0.75, inputs)
    assert set(new) == set(masks) == set(matrices(gpt))
    for name, weight in new.items():
        assert (weight != 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
        assert weight[~masks[name]].eq(0).all()


def test_the_parts_that_add_most_are_kept(gpt, inputs):
    name = "2.attention.w_o"
    heads = fewer_weights.without_heads(gpt, inputs, 2)
    M, w = inputs[name].moment, matrices(gpt)[name].weight
    added = torch.stack(
        [(w[:, j : j + 32] @ M[j : j + 32, j : j + 32] * w[:, j : j + 32]).sum() for j in range(0, 192, 32)]
    )
    two = sorted(added.topk(2).indices.tolist())
    columns = [j for head in two for j in range(32 * head, 32 * head + 32)]
    assert matrices(heads)[name].weight.equal(w[:, columns])
    neurons = fewer_weights.without_neurons(gpt, inputs, 96)
    assert matrices(neurons)["3.feed_forward.w_2"].weight.shape == (192, 96)
    score = inputs["3.feed_forward.w_2"].moment.diagonal() * matrices(gpt)["3.feed_forward.w_2"].weight.square().sum(
        dim=0
    )
    best = sorted(score.topk(96).indices.tolist())
    assert matrices(neurons)["3.feed_forward.w_2"].weight.equal(matrices(gpt)["3.feed_forward.w_2"].weight[:, best])


def test_healing_leaves_noughts_and_the_model_alone(gpt, inputs):
    before = {name: layer.weight.clone() for name, layer in matrices(gpt).items()}
    new, masks = fewer_weights.prune(gpt, "magnitude", 0.9, inputs)
    with replaced(gpt, new):
        healed = fewer_weights.heal(gpt, 0, steps=12, masks=masks)
        rows = worth.held_out()[:8]
        worse, better = (read_windows(model, rows)[0].mean() for model in (gpt, healed))
    assert better < worse - 0.5
    for name, layer in matrices(healed).items():
        assert layer.weight[~masks[name]].eq(0).all()
        assert not layer.weight.requires_grad
    assert all(layer.weight.equal(before[name]) for name, layer in matrices(gpt).items())


def test_measuring_rounds_and_gives_back(gpt, monkeypatch):
    monkeypatch.setattr(worth, "WINDOWS", 3)
    rows = worth.held_out()
    model = smaller(gpt, layers=[0, 3])
    table, w = model.embedding.weight.clone(), matrices(model)["0.attention.w_o"].weight.clone()
    found = worth.measured(model)
    assert model.embedding.weight.equal(table)
    assert matrices(model)["0.attention.w_o"].weight.equal(w)
    model.embedding.weight.copy_(rounded(table, worth.EIGHT_BITS))
    for bits, scheme in (("8 bits", worth.EIGHT_BITS), ("4 bits", worth.FOUR_BITS)):
        with replaced(model, {name: rounded(layer.weight, scheme) for name, layer in matrices(model).items()}):
            close(read_windows(model, rows)[0], torch.tensor(found[bits]), 1e-4)


# --- limit -----------------------------------------------------------------------------------------------------


def test_all_parts_kept_is_the_model(gpt, inputs):
    ids = ids_of(1024, 2, 17)
    close(fewer_weights.without_heads(gpt, inputs, 6)(ids), gpt(ids), 1e-5)
    close(fewer_weights.without_neurons(gpt, inputs, 768)(ids), gpt(ids), 1e-5)
    same, keep = fewer_weights.without_layers(gpt, 4)
    assert keep == [0, 1, 2, 3]
    assert same(ids).equal(gpt(ids))


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_rate_that_leads_nowhere_stops(gpt):
    with pytest.raises(ValueError, match="a smaller learning rate"):
        fewer_weights.learn(fewer_weights.new_student(0), 0, steps=30, rate=1e30, warmup=0)


# --- the stored runs -------------------------------------------------------------------------------------------


def test_the_stored_pruning_is_of_this_code(gpt):
    once = read_stored("fewer-weights")["once"]
    rows = worth.held_out()[:4]
    inputs = read_inputs(gpt, worth.looked_at())
    close(read_windows(gpt, rows)[0], torch.tensor(once["nothing"]["8 bits"][:4]), 1e-3)
    for how in ("random", "magnitude", "magnitude by row", "aware"):
        with replaced(gpt, fewer_weights.prune(gpt, how, 0.6, inputs)[0]):
            close(read_windows(gpt, rows)[0], torch.tensor(once[f"{how}, 60%"]["8 bits"][:4]), 0.03)  # eight bits
    cut = fewer_weights.without_neurons(gpt, inputs, 384)
    close(read_windows(cut, rows)[0], torch.tensor(once["384 neurons"]["8 bits"][:4]), 0.03)


@pytest.mark.parametrize("name", ["alone", "taught, τ = 1", "taught, τ = 4", "taught, τ = 1, with states"])
def test_the_stored_students_began_so(gpt, name):
    options = {"teacher": gpt} if "taught" in name else {}
    options |= {"temperature": 4.0} if "4" in name else {"hidden": "states" in name}
    student = fewer_weights.new_student(1)
    warmup = fewer_weights.STEPS // 10
    _, history = fewer_weights.learn(student, 1, steps=fewer_weights.FIRST, rate=3e-3, warmup=warmup, **options)
    assert history == pytest.approx(read_stored("students")[name]["first losses"][1], abs=5e-3)


def test_everything_was_measured_with_every_seed():
    run, students = read_stored("fewer-weights"), read_stored("students")
    names = {f"{how}, {share:.0%}" for how in fewer_weights.WAYS for share in fewer_weights.SHARES}
    assert names < set(run["once"])
    assert set(fewer_weights.HEALED) < set(run["healed"])
    assert {len(found) for found in run["healed"].values()} == {fewer_weights.HEAL_SEEDS}
    assert {len(found["nats"]) for found in students.values()} == {fewer_weights.SEEDS}
    every = [*run["once"].values(), *(m for found in run["healed"].values() for m in found)]
    every += [m for found in students.values() for m in found["nats"]]
    assert {len(nats) for found in every for nats in found.values()} == {worth.WINDOWS}


def test_the_stored_smollm2_is_of_this_code():
    thin = read_stored("fewer-weights-smollm2")
    assert set(thin) == {"nothing", *fewer_weights.SMOLLM2}
    assert {len(nats) for nats in thin.values()} == {fewer_bits.WINDOWS}
    model, tokenizer = load_smollm2()
    rows = fewer_bits.held_out(tokenizer, 2)
    close(read_windows(model, rows)[0], torch.tensor(thin["nothing"][:2]), 5e-3)
    new = {n: layer.weight * kept(layer.weight.abs(), 0.3, by_row=True) for n, layer in matrices(model).items()}
    with replaced(model, new):
        close(read_windows(model, rows)[0], torch.tensor(thin["magnitude by row, 30%"][:2]), 0.02)


def test_speeds_are_as_stored(gpt):
    """The ratios, within a third: another machine has other caches."""
    stored = read_stored("fewer-weights-speed")["milliseconds"]
    ids = worth.held_out()[:1]
    models = {"2 layers": smaller(gpt, layers=[0, 3]), "student": fewer_weights.new_student(0).requires_grad_(False)}
    whole = worth.milliseconds(lambda: gpt(ids), 40)
    for name, model in models.items():
        live = worth.milliseconds(lambda model=model: model(ids), 40) / whole
        assert 2 / 3 < live / (stored[name] / stored["the GPT"]) < 1.5, name


def test_the_slower_runs_are_whole():
    slower, students = read_stored("healing-slower"), read_stored("students-slower")
    assert set(slower) == set(read_stored("fewer-weights")["healed"])
    assert set(students) < set(read_stored("students"))
    every = [measured for run in (slower, students) for found in run.values() for measured in found]
    assert len(every) == (len(slower) + len(students)) * fewer_weights.HEAL_SEEDS
    assert {len(nats) for found in every for nats in found.values()} == {worth.WINDOWS}

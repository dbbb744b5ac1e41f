"""The planner: published trainings, hand-computed costs, what a mix changes, and what cannot be."""

from dataclasses import replace

import pytest

from llmbook.distributed import Cluster, Mix, ModelSize, Training, cost, plans

BLOOM = ModelSize(parameters=176.247e9, n_layers=70, d_model=14336, n_heads=112, T=2048)
SMALL = ModelSize(parameters=3e9, n_layers=24, d_model=2048, n_heads=16, T=1024)
EIGHT = Cluster(devices=8, memory=40e9, rate=100e12, inside=100e9, between=10e9, node=4)
PLAIN = Training(batch=64, zero=0)


def of(mix, training=PLAIN, cluster=EIGHT):
    return cost(SMALL, cluster, mix, training)


# --- reference -------------------------------------------------------------------------------------------------


def test_blooms_step_has_the_operations_that_its_authors_report():
    """149.77 Tflop/s a device, 384 devices, 104.70 s a step, 60 GB used: notes of the training."""
    a100 = Cluster(devices=384, memory=80e9, rate=165e12, inside=200e9, between=6e9)
    mix, training = Mix(d=8, t=4, p=12, b=2), Training(batch=2048, keep="inputs", sequence=False)
    found = cost(BLOOM, a100, mix, training)
    assert abs(found.operations / (149.77e12 * 384 * 104.70) - 1) < 0.01
    assert 0.6 * 60e9 < found.memory < 60e9
    assert abs(found.bubble - 11 / 139) < 1e-12
    assert (8, 4, 12) in [(m.d, m.t, m.p) for m, _ in plans(BLOOM, a100, training)[:4]]


def test_llamas_bubble_explains_most_of_what_twice_the_devices_lost():
    """Table 4 of the paper: 430 Tflop/s a device on 8,192, 400 on 16,384."""
    llama = ModelSize(parameters=405e9, n_layers=126, d_model=16384, n_heads=128, T=8192)
    kept = {}
    for d, sequences in ((64, 32), (128, 16)):
        h100 = Cluster(devices=128 * d, memory=80e9, rate=500e12, inside=300e9, between=50e9)
        found = cost(llama, h100, Mix(d=d, t=8, p=16, v=8), Training(batch=sequences * d, zero=2))
        kept[d] = 1 - found.bubble
        assert abs(found.memory / 80e9 - 1) < 0.15
    assert 400 / 430 < kept[128] / kept[64] < 0.96


def test_a_cost_by_hand():
    found = of(Mix(d=2, t=2, p=2, b=4), Training(batch=64, keep="all", zero=1))
    m, stream = 8, 2 * 4 * 1024 * 2048
    assert found.states == (2 + 4 + 6) * 3e9 / 4
    assert found.activations == 24 * stream / 2 * (34 + 5 * 16 * 1024 / 2048) / 2
    assert found.operations == (6 * 3e9 + 12 * 24 * 2048 * 1024) * 64 * 1024
    assert found.bubble == 1 / 9
    assert found.sent == {"tensor": 4 * stream * 12 * m, "pipeline": 2 * m * stream / 2, "data": 3e9 * 6 / 4 / 2}
    wires = found.sent["tensor"] / 100e9 + found.sent["pipeline"] / 100e9 + found.sent["data"] / 10e9
    assert abs(found.seconds - found.operations / 8e14 * 9 / 8 - wires) < 1e-9


# --- property --------------------------------------------------------------------------------------------------


def test_what_each_choice_changes():
    base = Mix(d=2, t=2, p=2)
    assert of(replace(base, v=2)).bubble < of(base).bubble
    assert of(replace(base, v=2)).sent["pipeline"] == 2 * of(base).sent["pipeline"]
    assert of(replace(base, v=2)).activations == of(base).activations * 5 / 4
    assert of(base).sent["data"] == 3e9 / 4 * 2 * (4 / 2)  # the gradients' sum, round a ring of two
    assert of(base, replace(PLAIN, zero=1)).sent["data"] == 3e9 / 4 * (4 + 2) / 2
    assert of(base, replace(PLAIN, zero=1)).states == of(base).states - 6 * 3e9 / 4
    assert of(base, replace(PLAIN, zero=2)).states == of(base).states - 8 * 3e9 / 4
    assert of(base, replace(PLAIN, keep="all")).activations > 2 * of(base).activations
    again = of(base, replace(PLAIN, keep="inputs"))
    assert again.operations == of(base).operations * 4 / 3
    assert again.activations < of(base).activations / 4
    assert of(base, replace(PLAIN, sequence=False)).activations == of(base).activations * 22 / 17


def test_plans_fit_and_come_in_order():
    found = plans(SMALL, EIGHT, PLAIN, v=(1, 2))
    assert all(c.memory <= EIGHT.memory and m.d * m.t * m.p == 8 and m.t <= 4 for m, c in found)
    assert [c.seconds for _, c in found] == sorted(c.seconds for _, c in found)
    assert any(m.v == 2 for m, _ in found)
    fewer = plans(SMALL, replace(EIGHT, memory=15e9), PLAIN, v=(1, 2))
    assert 0 < len(fewer) < len(found)


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_device_sends_nothing_and_waits_for_nobody():
    one = Cluster(devices=1, memory=100e9, rate=100e12, inside=1e9, between=1e9)
    found = cost(SMALL, one, Mix(), PLAIN)
    assert found.sent == {"tensor": 0, "pipeline": 0, "data": 0}
    assert found.bubble == 0
    assert found.seconds == found.operations / 100e12
    assert found.states == 18 * 3e9


def test_a_batch_that_does_not_fill_the_pipe_is_held_once():
    deep = of(Mix(p=8, v=2), replace(PLAIN, batch=8))
    assert deep.activations == 16 * 2 * 1024 * 2048 / 1 * 34 / 2 * 2 * 1  # all 2 × 8 halves, of 2 layers each


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mix", "training", "says"),
    [
        (Mix(d=3, t=2, p=2), PLAIN, "3 × 2 × 2 is not 8 devices"),
        (Mix(d=8, b=0), PLAIN, "above 0"),
        (Mix(p=8, v=4), PLAIN, "24 layers are too few for 8 × 4"),
        (Mix(d=8), replace(PLAIN, batch=12), "12 cannot be cut into 8"),
        (Mix(d=2, p=4, v=2), replace(PLAIN, batch=4), "multiple of 4"),
        (Mix(d=8), replace(PLAIN, zero=3), "zero 0, 1 or 2"),
    ],
)
def test_what_cannot_be_is_refused(mix, training, says):
    with pytest.raises(ValueError, match=says):
        of(mix, training)


def test_heads_and_memory_that_do_not_do():
    with pytest.raises(ValueError, match="15 heads cannot be shared by 2"):
        cost(replace(SMALL, n_heads=15), EIGHT, Mix(d=4, t=2), PLAIN)
    with pytest.raises(ValueError, match="nothing fits 1 GB; the smallest mix needs"):
        plans(SMALL, replace(EIGHT, memory=1e9), PLAIN)

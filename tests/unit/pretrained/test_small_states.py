"""The run of page 3.13: the ways, what they share, and the stored curves trained again."""

import numpy as np
import pytest
import torch
from reference import close
from scipy import stats

from llmbook.pretrained import read_stored, small_states
from llmbook.training import TrainConfig


def test_the_run_is_of_this_code():
    run = read_stored("small-states")
    assert list(run) == list(small_states.WAYS)
    assert {len(way["held out"]) for way in run.values()} == {small_states.SEEDS}
    assert len({tuple(way["held out"]) for way in run.values()}) == len(run)


@pytest.mark.parametrize("way", ["32 bits", "8 bits, dynamic, blocks", "8 bits, dynamic, whole tensors"])
def test_the_first_steps_are_those_stored(way):
    _, losses = small_states.train(way, 0, steps=12)
    close(torch.tensor(losses), torch.tensor(read_stored("small-states")[way]["first losses"][:12]), 0.03)


def test_even_levels_break_it_at_once():
    _, losses = small_states.train("8 bits, even, blocks", 0, steps=12)
    assert max(losses) > 2 * losses[0]


def test_seeds_differ_and_ways_begin_alike():
    first = {way: small_states.train(way, 1, steps=1)[1][0] for way in small_states.WAYS}
    assert len(set(first.values())) == 1
    assert small_states.train("32 bits", 2, steps=1)[1][0] not in first.values()


def test_the_interval_is_scipys():
    run = read_stored("small-states")
    base = np.array(run["32 bits"]["held out"])
    for way, (more, within) in small_states.against_32_bits(run).items():
        d = np.array(run[way]["held out"]) - base
        assert more == pytest.approx(d.mean(), abs=1e-4)
        assert within == pytest.approx(stats.t.ppf(0.975, 7) * stats.sem(d), rel=1e-3, abs=1e-6)


def test_the_settings_are_checked_as_any_training():
    assert small_states.config(3) == TrainConfig(steps=400, batch=16, lr=3e-3, warmup=40, seed=3)
    with pytest.raises(KeyError):
        small_states.train("4 bits", 0, steps=1)

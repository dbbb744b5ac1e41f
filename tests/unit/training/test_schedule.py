"""The schedule against PyTorch's, the order of the examples, and configurations that make no sense."""

import math
import re

import pytest
import torch

from llmbook.training import TrainConfig, learning_rate
from llmbook.training.schedule import batch_indices


def test_the_schedule_is_warm_up_and_cosine():
    config = TrainConfig(steps=110, warmup=10, lr=0.5, final=0.2)
    assert learning_rate(5, config) == pytest.approx(0.25)
    assert learning_rate(10, config) == pytest.approx(0.5)
    assert learning_rate(60, config) == pytest.approx(0.5 * (0.2 + 0.8 / 2))
    assert learning_rate(110, config) == pytest.approx(0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], 0.5), 100, eta_min=0.1)
    theirs.optimizer.step()
    for step in range(11, 111):
        theirs.step()
        assert learning_rate(step, config) == pytest.approx(theirs.get_last_lr()[0])
    assert learning_rate(1, TrainConfig(steps=1, warmup=0)) == pytest.approx(1e-4)


def test_the_rate_grows_by_equal_steps_and_is_largest_at_the_end_of_the_warm_up():
    config = TrainConfig(steps=50, warmup=10, lr=0.5)
    rates = [learning_rate(step, config) for step in range(1, 51)]
    assert rates[:10] == pytest.approx([0.05 * step for step in range(1, 11)])
    assert rates.index(max(rates)) == 9
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_the_order_is_computed_from_seed_and_step():
    config = TrainConfig(steps=9, batch=50)
    assert torch.equal(batch_indices(3, 40, config), batch_indices(3, 40, config))
    assert not torch.equal(batch_indices(3, 40, config), batch_indices(4, 40, config))
    for other in range(9):  # no step of another seed is this one's, shifted
        assert not torch.equal(
            batch_indices(3, 40, config), batch_indices(other, 40, TrainConfig(steps=9, batch=50, seed=1))
        )
    rows = torch.cat([batch_indices(t, 40, config) for t in range(20)])
    assert set(rows.tolist()) == set(range(40))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"accumulate": 0}, "accumulate must be at least 1, got 0"),
        ({"accumulate": 5}, "accumulate=5 must divide batch=32"),
        ({"lr": 0.0}, "lr must be a number above 0, got 0.0"),
        ({"lr": math.nan}, "lr must be a number above 0, got nan"),
        ({"lr": math.inf}, "lr must be a number above 0, got inf"),
        ({"clip": -1.0}, "clip must be above 0, got -1.0"),
        ({"clip": 0.0}, "clip must be above 0, got 0.0"),
        ({"clip": math.nan}, "clip must be above 0, got nan"),
        ({"betas": (0.9, 1.0)}, "betas must be two numbers of at least 0 and below 1, got (0.9, 1.0)"),
        ({"betas": (-0.1, 0.9)}, "betas must be two numbers of at least 0 and below 1, got (-0.1, 0.9)"),
        ({"betas": (0.9,)}, "betas must be two numbers of at least 0 and below 1, got (0.9,)"),
        ({"warmup": -1}, "warmup must not be below 0, got -1"),
        ({"weight_decay": -1.0}, "weight_decay must not be below 0, got -1.0"),
        ({"weight_decay": math.nan}, "weight_decay must not be below 0, got nan"),
        ({"final": -0.5}, "final must lie in 0..1, got -0.5"),
        ({"final": 1.5}, "final must lie in 0..1, got 1.5"),
        ({"final": math.nan}, "final must lie in 0..1, got nan"),
    ],
)
def test_configurations_that_make_no_sense(wrong, message, shapes_unchecked):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TrainConfig(**{"steps": 5, **wrong})


def test_limits_that_make_sense():
    TrainConfig(steps=1, batch=1, warmup=0, weight_decay=0.0, final=0.0, clip=math.inf)
    TrainConfig(steps=1, batch=6, accumulate=6, final=1.0)


def test_options_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        TrainConfig(5)


def test_a_list_of_two_betas_means_the_same(shapes_unchecked):
    assert TrainConfig(steps=5, betas=[0.9, 0.98]) == TrainConfig(steps=5, betas=(0.9, 0.98))

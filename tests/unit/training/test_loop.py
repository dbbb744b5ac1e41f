"""The training loop: the steps of AdamW written out, pieces and modes, and honest failures."""

import math
import sys
from pathlib import Path

import pytest
import torch
from reference import close
from small_run import TEXT, V, loss_of, model, states_equal, train

from llmbook.models import CausalLM
from llmbook.training import TrainConfig, fit, learning_rate
from llmbook.training.loop import make_optimizer, progress_bar
from llmbook.training.schedule import batch_indices

# --- reference -------------------------------------------------------------------------------------------------


def test_steps_equal_adamw_written_out():
    config = TrainConfig(steps=6, batch=8, lr=0.01, warmup=2, weight_decay=0.1, clip=0.5)
    ours, theirs = model(), model()
    history = train(ours, config)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    others = [p for p in theirs.parameters() if p.ndim < 2]
    state = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in theirs.parameters()}
    for t in range(1, 7):
        loss = loss_of(theirs)(batch_indices(t, len(TEXT), config))
        assert history[t - 1] == pytest.approx(loss.item(), abs=1e-6)
        gradients = torch.autograd.grad(loss, list(state))
        norm = torch.stack([g.norm() for g in gradients]).norm()
        shrink = min(1.0, config.clip / (norm.item() + 1e-6))
        with torch.no_grad():
            for p, g in zip(state, gradients, strict=True):
                m, v = state[p]
                m.mul_(0.9).add_(0.1 * shrink * g)
                v.mul_(0.98).add_(0.02 * (shrink * g) ** 2)
                p.mul_(1 - learning_rate(t, config) * (0.1 if any(p is q for q in matrices) else 0.0))
                p.sub_(learning_rate(t, config) * (m / (1 - 0.9**t)) / ((v / (1 - 0.98**t)).sqrt() + 1e-8))
    assert others
    close(ours.state_dict(), theirs.state_dict(), 1e-5)


# --- property --------------------------------------------------------------------------------------------------


def test_it_learns():
    history = train(model(), TrainConfig(steps=150, batch=16, lr=0.02, warmup=10))
    assert len(history) == 150
    assert history[0] == pytest.approx(math.log(V), abs=0.1)
    assert history[-1] < 0.8 * history[0]


def test_pieces_make_the_same_step():
    whole, pieces = model(), model()
    config = {"steps": 4, "batch": 12, "lr": 0.01, "warmup": 0}
    a, b = train(whole, TrainConfig(**config)), train(pieces, TrainConfig(**config, accumulate=3))
    close(torch.tensor(a), torch.tensor(b), 1e-6)
    close(whole.state_dict(), pieces.state_dict(), 1e-5)


def test_biases_and_gains_do_not_decay():
    decayed, kept = make_optimizer(model(), TrainConfig(steps=1, weight_decay=0.3)).param_groups
    assert decayed["weight_decay"] == 0.3
    assert kept["weight_decay"] == 0
    assert all(p.ndim >= 2 for p in decayed["params"])
    assert all(p.ndim == 1 for p in kept["params"])
    assert len(decayed["params"]) + len(kept["params"]) == len(list(model().parameters()))


def test_it_trains_in_training_mode_and_leaves_evaluation_mode():
    net, modes = model(dropout=0.3), []
    net.register_forward_pre_hook(lambda module, args: modes.append(module.training))
    train(net.eval(), TrainConfig(steps=2, batch=4))
    assert modes == [True, True]
    assert not net.training


def test_it_writes_nothing_where_nobody_looks(capfd):
    train(model(), TrainConfig(steps=3, batch=4))
    assert capfd.readouterr() == ("", "")


def test_the_bar_is_the_first_processs_where_somebody_looks(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    assert progress_bar(range(3), 0).disable
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert [progress_bar(range(3), rank).disable for rank in (0, 1)] == [False, True]
    assert list(progress_bar(range(1, 4), 0)) == [1, 2, 3]


# --- failure ---------------------------------------------------------------------------------------------------


def test_no_examples():
    with pytest.raises(ValueError, match="n=0"):
        fit(model(), loss_of(model()), 0, TrainConfig(steps=1))


def test_no_steps_between_two_stores(tmp_path):
    with pytest.raises(ValueError, match="every=0"):
        train(model(), TrainConfig(steps=1), checkpoint=tmp_path / "state.pt", every=0)


def test_a_batch_that_the_processes_cannot_share():
    group = torch.distributed.ProcessGroup(0, 3)
    with pytest.raises(ValueError, match=r"a batch of 8 cannot be cut into 3 × 2 equal pieces"):
        train(model(), TrainConfig(steps=1, batch=8, accumulate=2), group=group)


CONFIG_OF_ONE = TrainConfig(steps=1, batch=4, warmup=0, final=1.0)
CONFIG_OF_TWO = TrainConfig(steps=2, batch=4, warmup=0, final=1.0)


def unchanged(net: CausalLM, loss, message: str, path: Path) -> None:
    """Training stops at its second step, the weights are those of the first, and nothing else has been kept."""
    first = model()
    train(first, CONFIG_OF_ONE)
    with pytest.raises(ValueError, match=message):
        fit(net, loss, len(TEXT), CONFIG_OF_TWO, checkpoint=path, every=1)
    kept = torch.load(path, weights_only=True)
    assert len(kept["history"]) == 1
    assert states_equal(net, first)
    close(dict(kept["model"]), dict(first.state_dict()), 0)


def test_a_loss_that_is_no_number_changes_no_weight(tmp_path):
    net, calls = model(), iter([1.0, torch.nan])
    unchanged(net, lambda rows: loss_of(net)(rows) * next(calls), "step 2: loss nan", tmp_path / "state.pt")


def test_a_gradient_that_is_no_number_changes_no_weight(tmp_path):
    net, calls = model(), iter([False, True])

    def loss(rows: torch.Tensor) -> torch.Tensor:
        edge = (0 * net.embedding.weight).sum().sqrt()  # nought, where the root has no slope
        return loss_of(net)(rows) + edge if next(calls) else loss_of(net)(rows)

    unchanged(net, loss, r"step 2: loss \d\.\d+, gradient nan", tmp_path / "state.pt")

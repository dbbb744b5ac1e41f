"""The training loop: the schedule, the optimiser, the same state after an interruption, and honest failures."""

import math
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from reference import close, ids_of, random
from torch import nn

from llmbook.decoder import Config, LanguageModel
from llmbook.objectives import shift, word_loss
from llmbook.training import TrainConfig, fit, make_optimiser, rate, rows_of, watched

V, LONG = 13, 7
TEXT = ids_of(V, 40, LONG)


def model(dropout: float = 0.0) -> LanguageModel:
    torch.manual_seed(1)
    return LanguageModel(Config(V, 12, 3, 1, 17, LONG, dropout=dropout))


def loss_of(net: nn.Module):
    def loss(rows: torch.Tensor) -> torch.Tensor:
        inputs, targets = shift(TEXT[rows])
        return word_loss(net(inputs), targets)

    return loss


def train(net: LanguageModel, config: TrainConfig, **options: object) -> list[float]:
    return fit(net, loss_of(net), len(TEXT), config, **options)


def states_equal(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


# --- reference -------------------------------------------------------------------------------------------------


def test_the_schedule_is_warm_up_and_cosine():
    config = TrainConfig(steps=110, warmup=10, lr=0.5, final=0.2)
    assert rate(5, config) == pytest.approx(0.25)
    assert rate(10, config) == pytest.approx(0.5)
    assert rate(60, config) == pytest.approx(0.5 * (0.2 + 0.8 / 2))
    assert rate(110, config) == pytest.approx(0.1)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], 0.5), 100, eta_min=0.1)
    theirs.optimizer.step()
    for step in range(11, 111):
        theirs.step()
        assert rate(step, config) == pytest.approx(theirs.get_last_lr()[0])
    assert rate(1, TrainConfig(steps=1, warmup=0)) == pytest.approx(1e-4)


def test_steps_equal_adamw_written_out():
    config = TrainConfig(steps=6, batch=8, lr=0.01, warmup=2, weight_decay=0.1, clip=0.5)
    ours, theirs = model(), model()
    history = train(ours, config)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    others = [p for p in theirs.parameters() if p.ndim < 2]
    state = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in theirs.parameters()}
    for t in range(1, 7):
        loss = loss_of(theirs)(rows_of(t, len(TEXT), config))
        assert history[t - 1] == pytest.approx(loss.item(), abs=1e-6)
        gradients = torch.autograd.grad(loss, list(state))
        norm = torch.stack([g.norm() for g in gradients]).norm()
        shrink = min(1.0, config.clip / (norm.item() + 1e-6))
        with torch.no_grad():
            for p, g in zip(state, gradients, strict=True):
                m, v = state[p]
                m.mul_(0.9).add_(0.1 * shrink * g)
                v.mul_(0.98).add_(0.02 * (shrink * g) ** 2)
                p.mul_(1 - rate(t, config) * (0.1 if any(p is q for q in matrices) else 0.0))
                p.sub_(rate(t, config) * (m / (1 - 0.9**t)) / ((v / (1 - 0.98**t)).sqrt() + 1e-8))
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


def test_the_order_is_computed_from_seed_and_step():
    config = TrainConfig(steps=9, batch=50)
    assert torch.equal(rows_of(3, 40, config), rows_of(3, 40, config))
    assert not torch.equal(rows_of(3, 40, config), rows_of(4, 40, config))
    for other in range(9):  # no step of another seed is this one's, shifted
        assert not torch.equal(rows_of(3, 40, config), rows_of(other, 40, TrainConfig(steps=9, batch=50, seed=1)))
    rows = torch.cat([rows_of(t, 40, config) for t in range(20)])
    assert set(rows.tolist()) == set(range(40))


def test_biases_and_gains_do_not_decay():
    decayed, kept = make_optimiser(model(), TrainConfig(steps=1, weight_decay=0.3)).param_groups
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
    assert watched(range(3), 0).disable
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert [watched(range(3), rank).disable for rank in (0, 1)] == [False, True]
    assert list(watched(range(1, 4), 0)) == [1, 2, 3]


# --- limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 4, 8, 9])
def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path, stop):
    config = TrainConfig(steps=12, batch=8, lr=0.01, warmup=3)
    straight = model(dropout=0.2)
    torch.manual_seed(7)
    history = train(straight, config)

    class PowerCut(Exception):
        pass

    broken, calls = model(dropout=0.2), 0
    torch.manual_seed(7)

    def until_the_cut(rows: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls > stop:
            raise PowerCut
        return loss_of(broken)(rows)

    path = tmp_path / "run" / "state.pt"
    with pytest.raises(PowerCut):
        fit(broken, until_the_cut, len(TEXT), config, checkpoint=path, every=4)
    assert path.exists() == (stop >= 4)
    torch.manual_seed(7 if stop < 4 else 99)
    resumed = model(dropout=0.2)
    torch.manual_seed(7 if stop < 4 else 99)
    assert train(resumed, config, checkpoint=path, every=4) == history
    assert states_equal(resumed, straight)
    assert [p.name for p in path.parent.iterdir()] == ["state.pt"]


def test_weights_without_a_gradient_so_far_go_on_without_one(tmp_path):
    """One layer is used from step 6 on, one never, one is frozen; the cut comes after step 4."""
    config, path = TrainConfig(steps=8, batch=4, warmup=0), tmp_path / "state.pt"

    def net() -> nn.Module:
        torch.manual_seed(1)
        names = ("early", "late", "never", "frozen")
        parts = nn.ModuleDict({name: nn.Linear(3, 3) for name in names})
        parts["frozen"].requires_grad_(False)
        return parts

    def run(parts: nn.Module, first: int, last: int) -> list[float]:
        steps = iter(range(first, last + 1))

        def loss(rows: torch.Tensor) -> torch.Tensor:
            x = random(40, 3, dtype=torch.float32)[rows]
            step = next(steps)
            out = parts["frozen"](parts["early"](x)) + (parts["late"](x) if step >= 6 else 0)
            return out.square().mean()

        return fit(parts, loss, 40, config, checkpoint=path, every=4)

    with pytest.raises(StopIteration):
        run(net(), 1, 5)
    resumed = net()
    history = run(resumed, 5, 8)
    path.unlink()
    straight = net()
    assert run(straight, 1, 8) == history
    assert states_equal(resumed, straight)


def test_a_finished_run_is_not_repeated(tmp_path):
    config, path, net = TrainConfig(steps=3, batch=4), tmp_path / "state.pt", model()
    history = train(net, config, checkpoint=path)
    again = model()
    assert train(again, config, checkpoint=path) == history
    assert states_equal(again, net)


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, r"got \(0, 32, 1\)"),
        ({"batch": 0}, r"got \(5, 0, 1\)"),
        ({"accumulate": 0}, r"got \(5, 32, 0\)"),
        ({"accumulate": 5}, r"got \(5, 32, 5\)"),
        ({"lr": 0.0}, r"lr and clip must be above 0, .* lr=0\.0"),
        ({"clip": -1.0}, r"clip=-1\.0"),
        ({"warmup": -1}, r"warmup=-1"),
        ({"lr": math.nan}, "lr=nan"),
        ({"lr": math.inf}, "lr=inf"),
        ({"weight_decay": -1.0}, r"weight_decay=-1\.0"),
        ({"final": -0.5}, r"final=-0\.5"),
        ({"final": 1.5}, r"final=1\.5"),
    ],
)
def test_configurations_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**{"steps": 5, **wrong})


def test_no_examples():
    with pytest.raises(ValueError, match="n=0"):
        fit(model(), loss_of(model()), 0, TrainConfig(steps=1))


def unchanged(net: LanguageModel, loss, message: str, path: Path) -> None:
    """Training stops at its second step, the weights are those of the first, and nothing else has been kept."""
    first = model()
    train(first, CONFIG_OF_ONE)
    with pytest.raises(ValueError, match=message):
        fit(net, loss, len(TEXT), CONFIG_OF_TWO, checkpoint=path, every=1)
    kept = torch.load(path, weights_only=True)
    assert len(kept["history"]) == 1
    assert states_equal(net, first)
    close(dict(kept["model"]), dict(first.state_dict()), 0)


CONFIG_OF_ONE = TrainConfig(steps=1, batch=4, warmup=0, final=1.0)
CONFIG_OF_TWO = TrainConfig(steps=2, batch=4, warmup=0, final=1.0)


def test_a_loss_that_is_no_number_changes_no_weight(tmp_path):
    net, calls = model(), iter([1.0, torch.nan])
    unchanged(net, lambda rows: loss_of(net)(rows) * next(calls), "step 2: loss nan", tmp_path / "state.pt")


def test_a_gradient_that_is_no_number_changes_no_weight(tmp_path):
    net, calls = model(), iter([False, True])

    def loss(rows: torch.Tensor) -> torch.Tensor:
        edge = (0 * net.embedding.weight).sum().sqrt()  # nought, where the root has no slope
        return loss_of(net)(rows) + edge if next(calls) else loss_of(net)(rows)

    unchanged(net, loss, r"step 2: loss \d\.\d+, gradient nan", tmp_path / "state.pt")


def test_a_batch_that_the_processes_cannot_share():
    group = torch.distributed.ProcessGroup(0, 3)
    with pytest.raises(ValueError, match=r"a batch of 8 cannot be cut into 3 × 2 equal pieces"):
        train(model(), TrainConfig(steps=1, batch=8, accumulate=2), group=group)


def test_a_checkpoint_of_another_model(tmp_path):
    path, config = tmp_path / "state.pt", TrainConfig(steps=2, batch=4)
    train(model(), config, checkpoint=path)
    other = LanguageModel(replace(model().config, n_heads=2))  # weights of the same shapes
    with pytest.raises(ValueError, match="another configuration: model differ"):
        train(other, config, checkpoint=path)
    wider = LanguageModel(replace(model().config, d_ff=18))
    before = {name: w.clone() for name, w in wider.state_dict().items()}
    with pytest.raises(ValueError, match="another configuration: model differ"):
        train(wider, config, checkpoint=path)
    close(dict(wider.state_dict()), before, 0)


def test_a_file_that_is_no_checkpoint(tmp_path):
    path = tmp_path / "state.pt"
    torch.save([1, 2], path)
    for damaged in (b"", b"not a checkpoint", path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"state\.pt cannot be read as a checkpoint"):
            train(model(), TrainConfig(steps=2, batch=4), checkpoint=path)
        assert path.read_bytes() == damaged


def test_what_an_interrupted_step_has_left_harms_no_other(tmp_path):
    """As where a cell of a notebook is interrupted and run again: the same model, between two pieces of a step."""
    config = TrainConfig(steps=6, batch=8, accumulate=2, warmup=0)
    straight = model()
    history = train(straight, config)

    class Interrupted(Exception):
        pass

    for path in (None, tmp_path / "state.pt"):
        net, calls = model(), iter(range(100))

        def until(rows: torch.Tensor, net: nn.Module = net, calls: object = calls, stop: int = 5 if path else 1):
            if next(calls) == stop:
                raise Interrupted
            return loss_of(net)(rows)

        with pytest.raises(Interrupted):
            fit(net, until, len(TEXT), config, checkpoint=path, every=2)
        assert train(net, config, checkpoint=path, every=2) == history
        assert states_equal(net, straight)


@pytest.mark.parametrize("wrap", ["compiled", "module"])
def test_a_wrapped_model_goes_on_as_it_would(tmp_path, wrap):
    """Its weights have other names than in the checkpoint, or look as if; their averages must not be lost."""
    config, path, x = TrainConfig(steps=4, batch=4, warmup=0), tmp_path / "state.pt", random(40, 3).float()

    def run(last: int, path: Path | None) -> list[float]:
        torch.manual_seed(1)
        net = nn.Sequential(OrderedDict(module=nn.Linear(3, 3), bend=nn.Tanh()))
        net = torch.compile(net, backend="eager") if wrap == "compiled" else net
        calls = iter(range(last))

        def loss(rows: torch.Tensor) -> torch.Tensor:
            next(calls)
            return net(x[rows]).square().mean()

        return fit(net, loss, 40, config, checkpoint=path, every=2)

    with pytest.raises(StopIteration):
        run(3, path)
    assert run(2, path) == run(4, None)


def test_no_steps_between_two_stores(tmp_path):
    with pytest.raises(ValueError, match="every=0"):
        train(model(), TrainConfig(steps=1), checkpoint=tmp_path / "state.pt", every=0)


def test_a_checkpoint_of_another_configuration(tmp_path):
    path = tmp_path / "state.pt"
    train(model(), TrainConfig(steps=2, batch=4), checkpoint=path)
    with pytest.raises(ValueError, match=r"state\.pt was written with another configuration: batch, lr differ"):
        train(model(), TrainConfig(steps=2, batch=8, lr=0.1), checkpoint=path)
    net = model()
    with pytest.raises(ValueError, match="examples differ"):
        fit(net, loss_of(net), len(TEXT) - 1, TrainConfig(steps=2, batch=4), checkpoint=path)

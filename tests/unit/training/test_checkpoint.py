"""The same state after an interruption, whatever it interrupted, and checkpoints that do not fit."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from reference import close, random
from small_run import TEXT, loss_of, model, states_equal, train
from torch import nn

from llmbook.models import CausalLM, Transformer
from llmbook.training import TrainConfig, fit, word_loss
from llmbook.training.checkpoint import save_checkpoint
from llmbook.training.loop import make_optimizer

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


def test_a_checkpoint_takes_the_place_of_the_last_one_whole(tmp_path):
    """Who has opened the old file reads it to its end, whatever is stored meanwhile: the new one is another file."""
    path, opened, net = tmp_path / "state.pt", tmp_path / "opened.pt", model()
    optimizer = make_optimizer(net, TrainConfig(steps=2))
    save_checkpoint(path, net, optimizer, run={}, history=[1.0])
    opened.hardlink_to(path)
    save_checkpoint(path, net, optimizer, run={}, history=[2.0])
    assert [torch.load(file, weights_only=True)["history"] for file in (opened, path)] == [[1.0], [2.0]]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["opened.pt", "state.pt"]


def test_a_finished_run_is_not_repeated(tmp_path):
    config, path, net = TrainConfig(steps=3, batch=4), tmp_path / "state.pt", model()
    history = train(net, config, checkpoint=path)
    again = model()
    assert train(again, config, checkpoint=path) == history
    assert states_equal(again, net)


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


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_checkpoint_of_another_model(tmp_path):
    path, config = tmp_path / "state.pt", TrainConfig(steps=2, batch=4)
    train(model(), config, checkpoint=path)
    other = CausalLM(replace(model().config, n_heads=2))  # weights of the same shapes
    with pytest.raises(ValueError, match="another configuration: model differ"):
        train(other, config, checkpoint=path)
    wider = CausalLM(replace(model().config, d_ff=18))
    before = {name: w.clone() for name, w in wider.state_dict().items()}
    with pytest.raises(ValueError, match="another configuration: model differ"):
        train(wider, config, checkpoint=path)
    close(dict(wider.state_dict()), before, 0)


def test_a_checkpoint_of_another_configuration(tmp_path):
    path = tmp_path / "state.pt"
    train(model(), TrainConfig(steps=2, batch=4), checkpoint=path)
    with pytest.raises(ValueError, match=r"state\.pt was written with another configuration: batch, lr differ"):
        train(model(), TrainConfig(steps=2, batch=8, lr=0.1), checkpoint=path)
    net = model()
    with pytest.raises(ValueError, match="examples differ"):
        fit(net, loss_of(net), len(TEXT) - 1, TrainConfig(steps=2, batch=4), checkpoint=path)


def test_a_file_that_is_no_checkpoint(tmp_path):
    path = tmp_path / "state.pt"
    torch.save([1, 2], path)
    for damaged in (b"", b"not a checkpoint", path.read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"state\.pt cannot be read as a checkpoint"):
            train(model(), TrainConfig(steps=2, batch=4), checkpoint=path)
        assert path.read_bytes() == damaged


def test_a_checkpoint_of_a_model_with_other_heads_or_positions(tmp_path):
    """Whose weights have the same shapes."""

    def trained(n_heads: int, positions: str) -> None:
        net = Transformer(11, 11, d_model=12, n_heads=n_heads, n_layers=1, d_ff=17, positions=positions)
        ids = torch.randint(11, (8, 5), generator=torch.Generator().manual_seed(0))
        config = TrainConfig(steps=2, batch=4, warmup=0)
        fit(net, lambda rows: word_loss(net(ids[rows], ids[rows]), ids[rows]), 8, config, checkpoint=tmp_path / "run")

    trained(2, "sinusoidal")
    trained(2, "sinusoidal")
    for n_heads, positions in ((3, "sinusoidal"), (2, "rotary")):
        with pytest.raises(ValueError, match="model differ"):
            trained(n_heads, positions)

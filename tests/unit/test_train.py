"""The training program as a reader runs it: alone, and as two real processes that must say the same."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from torch import Tensor

from llmbook import train as program
from llmbook.data import CharTokenizer, speeches
from llmbook.models import GPT
from llmbook.train import read_config

CONFIG = """
out = {out!r}
checkpoint = {checkpoint!r}
every = 5
parallel = {parallel!r}

[model]
d_model = 24
n_heads = 3
n_layers = 2
max_len = 16

[data]
since = 2018
until = 2020

[train]
steps = {steps}
batch = 8
warmup = 3
lr = 0.01
"""
ALONE = [sys.executable, "-m", "llmbook.train"]
TOGETHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "llmbook.train"]


STEPS = 200


def start(command: list[str], folder: Path, parallel: str = "ddp") -> subprocess.Popen:
    config = folder / "config.toml"
    places = {"out": str(folder / "losses.json"), "checkpoint": str(folder / "kept" / "state.pt")}
    config.write_text(CONFIG.format(**places, parallel=parallel, steps=STEPS), encoding="utf-8")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, str(config)], **pipes, env={**os.environ, "OMP_NUM_THREADS": "1"})


def run(command: list[str], folder: Path, parallel: str = "ddp") -> tuple[list[float], dict[str, Tensor]]:
    """The losses, and the weights that were kept."""
    process = start(command, folder, parallel)
    said, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    losses = json.loads((folder / "losses.json").read_text(encoding="utf-8"))
    assert f"{STEPS} steps, loss {losses[0]:.3f} at the first" in said
    return losses, torch.load(folder / "kept" / "state.pt", weights_only=True)["model"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> tuple[list[float], dict[str, Tensor]]:
    return run(ALONE, tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module", params=["ddp", "fsdp"])
def together(request, tmp_path_factory) -> tuple[str, list[float], dict[str, Tensor]]:
    return request.param, *run(TOGETHER, tmp_path_factory.mktemp(request.param), request.param)


def test_two_processes_have_the_loss_and_keep_the_weights_of_one(alone, together):
    _, losses, weights = together
    assert len(losses) == len(alone[0]) == STEPS
    assert max(abs(a - b) for a, b in zip(losses[:10], alone[0], strict=False)) <= 1e-5
    assert alone[0][9] < alone[0][0] - 0.3
    assert {name: w.shape for name, w in weights.items()} == {name: w.shape for name, w in alone[1].items()}
    GPT(len(weights["embedding.weight"]), d_model=24, n_heads=3, n_layers=2, max_len=16).load_state_dict(weights)


def cut_and_go_on(command: list[str], folder: Path, parallel: str = "ddp") -> tuple[list[float], dict[str, Tensor]]:
    """All processes killed at once, as by a power cut, when something has been kept; then the same command again."""
    process = start(command, folder, parallel)
    while not (folder / "kept" / "state.pt").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)
    for one in (*psutil.Process(process.pid).children(recursive=True), process):
        one.kill()
    process.communicate()
    kept = torch.load(folder / "kept" / "state.pt", weights_only=True)
    assert 0 < len(kept["history"]) < STEPS
    return run(command, folder, parallel)


def test_a_run_that_was_cut_goes_on_bit_for_bit(alone, tmp_path):
    losses, weights = cut_and_go_on(ALONE, tmp_path)
    assert losses == alone[0]
    assert all(torch.equal(weights[name], w) for name, w in alone[1].items())


def test_two_processes_that_were_cut_go_on_bit_for_bit(together, tmp_path):
    parallel, straight, whole = together
    losses, weights = cut_and_go_on(TOGETHER, tmp_path, parallel)
    assert losses == straight
    assert all(torch.equal(weights[name], w) for name, w in whole.items())


def test_every_window_of_the_text_is_read_and_is_as_long_as_the_model(monkeypatch):
    """The first example and the last: T ids and the T that follow them, up to the end of the text."""
    text = "\n\n".join(speech.text for speech in speeches(2019, 2019, part="train"))
    asked: list[tuple[Tensor, Tensor]] = []

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        asked.append((logits, targets))
        return logits.sum()

    def fit(model: object, loss_of: Callable, n: int, *rest: object, **options: object) -> list[float]:
        loss_of(torch.tensor([0, n - 1]))
        with pytest.raises(IndexError):
            loss_of(torch.tensor([n]))
        return []

    monkeypatch.setattr(program, "fit", fit)
    monkeypatch.setattr(program, "word_loss", loss)
    sizes = {"d_model": 6, "n_heads": 1, "n_layers": 1, "max_len": 11}
    program.train({"model": sizes, "data": {"since": 2019, "until": 2019}, "train": {"steps": 1}, "every": 1})
    ((logits, targets),) = asked
    assert logits.shape[:2] == targets.shape == (2, 11)
    letters = CharTokenizer.train(text)
    assert [letters.decode(row.tolist()) for row in targets] == [text[1:12], text[-11:]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model", "cannot be read as TOML"),
        ("[model]\n[data]\n", r"missing tables \['train'\]"),
        ("train = 5\n[model]\n[data]\n", r"missing tables \['train'\]"),
        ("[model]\n[data]\n[train]\n[extra]\n", r"unknown \['extra'\]"),
        (
            "out = 'none/losses.json'\n[model]\n[data]\n[train]\n",
            "out='none/losses.json' must be a file in a folder that exists",
        ),
        ("out = '.'\n[model]\n[data]\n[train]\n", "out='.' must be a file"),
        ("every = 0\n[model]\n[data]\n[train]\n", "every must be a whole number of at least 1; got 0"),
        ("every = true\n[model]\n[data]\n[train]\n", "every must be a whole number of at least 1; got True"),
        ("out = 3\n[model]\n[data]\n[train]\n", "out must be the name of a file; got 3"),
        ("checkpoint = 3\n[model]\n[data]\n[train]\n", "checkpoint must be the name of a file; got 3"),
        ("[model]\nd_model = 'eight'\n[data]\n[train]\n", r"d_model in \[model\] must be of type int; got 'eight'"),
        ("[model]\nn_layers = true\n[data]\n[train]\n", r"n_layers in \[model\] must be of type int; got True"),
        ("[model]\nbias = 1\n[data]\n[train]\n", r"bias in \[model\] must be of type bool; got 1"),
        ("[model]\nvocab = 9\n[data]\n[train]\n", r"\[model\] has no field vocab; it has bias, d_ff"),
        ("[model]\n[data]\nsince = '1981'\n[train]\n", r"since in \[data\] must be of type int; got '1981'"),
        ("[model]\n[data]\npart = 'dev'\n[train]\n", r"\[data\] has no field part; it has since, until"),
        ("[model]\n[data]\n[train]\nseed = 1.5\n", r"seed in \[train\] must be of type int; got 1.5"),
        ("[model]\n[data]\n[train]\nlr = '1'\n", r"lr in \[train\] must be of type float; got '1'"),
        ("parallel = 'mpi'\n[model]\n[data]\n[train]\n", "ddp, fsdp; got 'mpi'"),
    ],
)
def test_bad_configurations(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_config(path)


def test_a_missing_file_is_one_clear_line(tmp_path):
    done = subprocess.run([*ALONE, str(tmp_path / "none.toml")], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("train: ")
    assert "none.toml cannot be read" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_field_is_named(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[model]\n[data]\nsince = 2020\n[train]\nstepz = 3\n", encoding="utf-8")
    done = subprocess.run([*ALONE, str(path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "stepz" in done.stderr

"""The training program as a reader runs it: alone, and as two real processes that must say the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmbook.train import read

CONFIG = """
out = {out!r}
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


def run(command: list[str], folder: Path, parallel: str = "ddp", steps: int = 10) -> list[float]:
    config, out = folder / "config.toml", folder / "losses.json"
    config.write_text(CONFIG.format(out=str(out), parallel=parallel, steps=steps), encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, str(config)], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    losses = json.loads(out.read_text(encoding="utf-8"))
    assert f"{steps} steps, loss {losses[0]:.3f} at the first" in done.stdout
    return losses


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> list[float]:
    return run(ALONE, tmp_path_factory.mktemp("alone"))


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_have_the_loss_of_one(alone, tmp_path, parallel):
    together = run(TOGETHER, tmp_path, parallel)
    assert len(together) == len(alone)
    assert max(abs(a - b) for a, b in zip(together, alone, strict=True)) <= 1e-5
    assert alone[-1] < alone[0] - 0.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model", "cannot be read as TOML"),
        ("[model]\n[data]\n", r"missing \['train'\]"),
        ("[model]\n[data]\n[train]\n[extra]\n", r"unknown \['extra'\]"),
        ("parallel = 'mpi'\n[model]\n[data]\n[train]\n", "ddp, fsdp; got 'mpi'"),
    ],
)
def test_bad_configurations(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read(path)


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

"""The commands of page 7.2, run as they stand there: each must print what the page shows, and the losses must agree."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from llmbook.data import CharTokenizer, speeches
from llmbook.train import read_config

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "chapters/07/2-beyond-one-machine.md").read_text(encoding="utf-8")
TORCHRUN = shlex.join([sys.executable, "-m", "torch.distributed.run", "--local-addr", "127.0.0.1"])
CONFIG = "chapters/07/train.toml"
LIMIT = 240


def commands() -> list[tuple[str, str]]:
    """Each command of the page, and what it prints there."""
    blocks = re.findall(r"```console\n(.*?)```", re.sub(r"\\\n +", "", PAGE), re.DOTALL)
    parts = [part.partition("\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, printed) for command, _, printed in parts]


def shown(words: str) -> tuple[str, str]:
    """The one command of the page with these words in it, and what it prints there."""
    (found,) = [pair for pair in commands() if words in pair[0]]
    return found


def start(command: str, folder: Path, port: int = 0) -> subprocess.Popen[str]:
    """The command as the page has it, with this Python's programs, and this machine for FIRST."""
    command = command.replace("FIRST:29500", f"127.0.0.1:{port}")
    command = re.sub(r"^torchrun", TORCHRUN, command)
    command = re.sub(r"^python", shlex.quote(sys.executable), command)
    settings = {"OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=folder, env={**os.environ, **settings}, **pipes)


def end(process: subprocess.Popen[str]) -> str:
    """What it printed."""
    printed, complaint = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, complaint[-3000:]
    return printed


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def same(printed: str, expected: str) -> bool:
    """Whether two outputs agree, numbers with decimals to a hundredth: another processor rounds otherwise."""
    number = r"\d+\.\d+"
    pairs = zip(re.findall(number, printed), re.findall(number, expected), strict=True)
    words = [re.sub(number, "#", text) for text in (printed, expected)]
    return words[0] == words[1] and all(abs(float(a) - float(b)) <= 0.01 for a, b in pairs)


def workplace(folder: Path, head: str = "") -> Path:
    """A copy of the book's folder as far as the commands need it; with the losses written to a file."""
    (folder / "_build").mkdir()
    (folder / "chapters/07").mkdir(parents=True)
    text = f"out = 'losses.json'\n{head}" + (ROOT / CONFIG).read_text(encoding="utf-8")
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return folder


def losses(folder: Path) -> list[float]:
    return json.loads((folder / "losses.json").read_text(encoding="utf-8"))


def losses_of(words: str, folder: Path) -> list[float]:
    """Run the page's command with these words; it prints what the page shows."""
    command, expected = shown(words)
    assert same(end(start(command, folder)), expected)
    return losses(folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> list[float]:
    return losses_of(f"python -m llmbook.train {CONFIG}", workplace(tmp_path_factory.mktemp("alone")))


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> list[float]:
    return losses_of(f"--nproc-per-node 2 -m llmbook.train {CONFIG}", workplace(tmp_path_factory.mktemp("two")))


def assert_one_run(a: list[float], b: list[float]) -> None:
    """The bounds are the page's, with room for other processors' rounding."""
    apart = [abs(x - y) for x, y in zip(a, b, strict=True)]
    assert len(apart) == 100
    assert max(apart[:10]) <= 1e-5
    assert max(apart) <= 0.02


def test_the_page_says_how_much_a_model_knows_at_first():
    config = read_config(ROOT / CONFIG)
    text = "\n\n".join(speech.text for speech in speeches(**config["data"], part="train"))
    n = len(CharTokenizer.train(text))
    assert f"{n} different ones, and ln {n} is {torch.tensor(n).log().item():.3f}" in PAGE.replace("\n", " ")


def test_two_ranks_on_one_machine(alone, two):
    assert_one_run(alone, two)


def test_two_ranks_with_shares(alone, tmp_path):
    folder = workplace(tmp_path)
    write, _ = shown("> _build/sharded.toml")
    subprocess.run(["bash", "-c", write], cwd=folder, check=True)
    assert read_config(folder / "_build/sharded.toml")["parallel"] == "fsdp"
    assert_one_run(alone, losses_of("-m llmbook.train _build/sharded.toml", folder))


def test_two_machines_have_the_losses_of_two_ranks_bit_for_bit(alone, two, tmp_path):
    folder, port = workplace(tmp_path), free_port()
    command, expected = shown(f"FIRST:29500 -m llmbook.train {CONFIG}")
    launchers = [start(command, folder, port) for _ in range(2)]
    assert same("".join(map(end, launchers)), expected)
    assert losses(folder) == two
    assert_one_run(alone, two)


def listens(process: subprocess.Popen[str], port: int) -> bool:
    return any(
        each.status == psutil.CONN_LISTEN and each.laddr.port == port
        for each in psutil.Process(process.pid).net_connections()
    )


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    """With all that it has started, as a power cut would."""
    for one in (*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)):
        one.kill()
    process.communicate()


def test_the_first_machine_goes_on_when_the_second_dies(alone, tmp_path):
    folder, port = workplace(tmp_path), free_port()
    write, _ = shown("> _build/kept.toml")
    subprocess.run(["bash", "-c", write], cwd=folder, check=True)
    command, expected = shown("--nnodes 1:2")
    first = start(command, folder, port)
    wait_until(lambda: listens(first, port), first)  # so that the meeting point is the first one's
    second = start(command, folder, port)
    wait_until((folder / "_build/kept.pt").exists, first)
    kill(second)
    assert not (folder / "losses.json").exists(), "the run had ended before"
    assert same(end(first), expected)
    assert_one_run(alone, losses(folder))


def test_shares_are_opened_by_another_number_of_ranks(tmp_path):
    folder = workplace(tmp_path)
    for words in ("_build/shares 4 3", "_build/shares 6"):
        command, expected = shown(words)
        assert end(start(command, folder)) == expected


def test_other_numbers_are_seen():
    assert same("loss 4.45 and 2.551\n", "loss 4.45 and 2.554\n")
    assert not same("loss 4.45 and 2.60\n", "loss 4.45 and 2.554\n")
    assert not same("100 steps, 4.45\n", "99 steps, 4.45\n")

"""The same script on one machine and on two, restarted from a checkpoint, and opened by other numbers of ranks."""

import os
import subprocess
import sys
import time

import psutil
import pytest
import torch
from reference import close

from llmbook.distributed import Ranks, torchrun
from llmbook.distributed.resumable import go_on, open_checkpoint, small_model

SCRIPT = ("-m", "llmbook.distributed.resumable")
TIGHT = 1e-12  # float64


def row(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def alone(last):
    """The weights after each step in one process."""
    model, x = small_model()
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    found = [row(model)]
    for _ in range(last):
        adam.zero_grad()
        (model(x).square().sum() / len(x)).backward()
        adam.step()
        found.append(row(model))
    return found


def test_two_ranks_die_and_go_on_two_machines_go_on_and_one_and_four_open_it(tmp_path):
    expected = alone(6)
    # rank 1 dies in step 2, of which nothing is stored
    assert torchrun(*SCRIPT, tmp_path, 3, 2, ranks=2, restarts=1) == "2 ranks, steps 2 to 3\n"
    assert torchrun(*SCRIPT, tmp_path, 4, machines=2) == "2 ranks, steps 4 to 4\n"

    model, x = small_model()  # opened without a group, and trained on
    adam = torch.optim.Adam(model.parameters(), lr=0.5)
    open_checkpoint(model, adam, tmp_path / "4")
    close(row(model), expected[4], TIGHT)
    (model(x).square().sum() / len(x)).backward()
    adam.step()
    close(row(model), expected[5], TIGHT)

    with Ranks(4) as ranks:
        for found in ranks(lambda group: go_on(tmp_path, 6)):
            close(found, expected[6], TIGHT)


def test_one_rank_opens_what_one_wrote_and_writes_a_step_for_each(tmp_path):
    with Ranks(1) as ranks:
        (two,) = ranks(lambda group: go_on(tmp_path, 2))
        (three,) = ranks(lambda group: go_on(tmp_path, 3))
    close(two, alone(2)[-1], TIGHT)
    close(three, alone(3)[-1], TIGHT)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["1", "2", "3"]


def test_a_rank_that_dies_once_too_often_ends_the_run(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)^torchrun failed\n.*rank +: 1"):
        torchrun(*SCRIPT, tmp_path, 2, 1, ranks=2)


ASLEEP = """
import os, sys, time
print(os.getpid(), file=open(sys.argv[1], "a"))
time.sleep(100)
"""


def test_a_run_that_takes_too_long_is_ended_with_all_its_ranks(tmp_path):
    script = tmp_path / "asleep.py"
    script.write_text(ASLEEP)
    others = psutil.Process().children(recursive=True)  # of tests before
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"^torchrun had not ended after 12 s"):
        torchrun(script, tmp_path / "pids", machines=2, limit=12)
    assert time.monotonic() - start < 60
    pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []  # none on a busy machine
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)
    assert not set(psutil.Process().children(recursive=True)) - set(others)


def test_agents_do_not_outlive_whoever_started_them(tmp_path):
    script = tmp_path / "asleep.py"
    script.write_text(ASLEEP)
    program = f"from llmbook.distributed import torchrun; torchrun({str(script)!r}, {str(tmp_path / 'pids')!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as parent:
        deadline = time.monotonic() + 60
        while not (tmp_path / "pids").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        family = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    assert len(family) == 2, "an agent and its rank"
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []

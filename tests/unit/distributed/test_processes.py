"""Processes started from here: what they return, how they fail, and that nothing of them stays."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import torch
from torch import distributed

from llmbook.distributed import RankFailed, Ranks, on_ranks

ME = psutil.Process()


@pytest.fixture
def nothing_stays(tmp_path, monkeypatch):
    """No process of ours, no port that one listens to, and no file in the temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {child.pid for child in ME.children(recursive=True)}
    open_before = ME.num_fds() if hasattr(ME, "num_fds") else 0
    yield
    assert {child.pid for child in ME.children(recursive=True)} <= before
    assert list(tmp_path.iterdir()) == []
    assert not [c for c in ME.net_connections() if c.status == psutil.CONN_LISTEN]
    assert (ME.num_fds() if hasattr(ME, "num_fds") else 0) <= open_before, "a pipe was left open"


def total(group, x):
    print(f"{group.rank()} of {group.size()}")
    distributed.all_reduce(x, group=group)
    return group.rank(), x, torch.get_num_threads(), os.getpid()


def misbehave(group, rank, how):
    if group.rank() == rank:
        how()
    distributed.barrier(group)


def refuse():
    raise LookupError("no such\nshard")


def sleep():
    time.sleep(100)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)


def leave():
    os._exit(3)


@pytest.mark.usefixtures("nothing_stays")
def test_each_rank_returns_what_it_found_and_is_a_process_of_its_own(capsys):
    with Ranks(3) as ranks:
        found = ranks(total, torch.tensor([2.0, 5.0]))
        again = ranks(lambda group, n: n * group.rank(), 7)  # no module holds it: it travels by value
        assert [process.pid for process in ranks.processes] == [pid for *_, pid in found]
    assert [rank for rank, *_ in found] == [0, 1, 2]
    assert all(x.tolist() == [6.0, 15.0] and threads == 1 for _, x, threads, _ in found)
    assert len({pid for *_, pid in found} | {os.getpid()}) == 4
    assert again == [0, 7, 14]
    assert capsys.readouterr().out == "rank 0: 0 of 3\nrank 1: 1 of 3\nrank 2: 2 of 3\n"


@pytest.mark.usefixtures("nothing_stays")
def test_one_rank_is_a_group():
    ((rank, x, *_),) = on_ranks(1, total, torch.tensor([2.0]))
    assert (rank, x.item()) == (0, 2.0)


@pytest.mark.usefixtures("nothing_stays")
def test_a_rank_that_raises_or_dies_or_sleeps_is_named_and_the_next_call_starts_anew():
    """All in one group, since starting costs seconds."""
    with Ranks(3) as ranks:
        with pytest.raises(RankFailed, match=r"^rank 2 of 3 raised LookupError: no such\nshard\n") as caught:
            ranks(misbehave, 2, refuse)
        assert caught.value.rank == 2
        assert "in refuse\n    raise LookupError" in str(caught.value)
        assert not ranks.processes

        for how, code in ((die, -signal.SIGKILL), (leave, 3)):
            start = time.monotonic()
            with pytest.raises(RankFailed, match=rf"^rank 1 of 3 died, with exit code {int(code)}\n") as caught:
                ranks(misbehave, 1, how)
            assert caught.value.rank == 1
            assert time.monotonic() - start < 60, "it waited for the limit"
        with pytest.raises(RankFailed, match=r"^rank \d of 3 raised SystemExit: 5"):
            ranks(lambda group: sys.exit(5))
        assert ranks(lambda group: group.size()) == [3, 3, 3]
        ranks.processes[2].kill()  # between two calls
        with pytest.raises(RankFailed, match=r"^rank 2 of 3 died"):
            ranks(lambda group: distributed.barrier(group))


@pytest.mark.usefixtures("nothing_stays")
def test_a_rank_that_sleeps_or_stops_ends_the_run_when_the_time_is_over():
    with Ranks(2) as ranks:
        ranks(total, torch.zeros(1))
        start = time.monotonic()
        with pytest.raises(RankFailed, match=r"^of 2 ranks, 0 and 1 had not finished after 1 s\n") as caught:
            ranks(misbehave, 1, sleep, limit=1)
        assert time.monotonic() - start < 10
        waiting, sleeping = str(caught.value).split("rank 1 stands at")
        assert "barrier" in waiting
        assert "in sleep" in sleeping
        ranks(total, torch.zeros(1))
        with pytest.raises(RankFailed, match=r"(?s)0 and 1 had not finished.*rank 1 stands at\n  \(no answer\)$"):
            ranks(misbehave, 1, stop, limit=1)
        with pytest.raises(RankFailed, match=r"^of 2 ranks, 1 had not finished after 1 s"):
            ranks(lambda group: group.rank() and time.sleep(100), limit=1)


@pytest.mark.usefixtures("nothing_stays")
def test_what_cannot_be_brought_back_is_a_failure_of_its_rank():
    with pytest.raises(RankFailed, match="rank 0 of 1 raised TypeError: cannot pickle"):
        on_ranks(1, lambda group: (i for i in range(3)))


@pytest.mark.parametrize("n", [0, -1])
def test_no_rank_is_no_group(n):
    with pytest.raises(ValueError, match=f"at least one rank, got {n}"):
        Ranks(n)


PARENT = """
import os, signal, sys, time
from llmbook.distributed import Ranks

ranks = Ranks(2)
ranks(lambda group: None)
print(*(process.pid for process in ranks.processes), flush=True)
if sys.argv[1] == "killed":
    ranks(lambda group: time.sleep(100))
"""  # no guard for __main__: the functions of a plain script arrive too


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_ranks_do_not_outlive_whoever_started_them(tmp_path, how):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    program = tmp_path / "program.py"
    program.write_text(PARENT)
    command = [sys.executable, str(program), how]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        ranks = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        if how == "killed":
            time.sleep(0.5)  # the ranks are at work
            parent.kill()
    assert len(ranks) == 2
    _, alive = psutil.wait_procs(ranks, timeout=10)
    assert alive == []
    assert [path.name for path in Path(tmp_path).iterdir()] == ["program.py"]

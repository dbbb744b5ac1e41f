"""Real processes that compute together, started from a notebook or a test.

    with Ranks(2) as ranks:
        results = ranks(function, *arguments)  # function(group, *arguments) on each; a result for each rank

A rank is a Python of its own, started anew and never forked, with one thread, and a member of one gloo group. Functions
travel by ``cloudpickle``, so that one typed in a notebook's cell arrives. What a rank prints is printed here, in the
order of ranks. A rank that raises, dies or takes too long ends all of them, and ``RankFailed`` says which it was.

Whatever happens, nothing stays behind: ranks meet in a file of a temporary folder, and each of them listens to a pipe
from the process that started it. Where that process ends, even killed, the pipe closes, and its ranks end and remove
the folder. Left out: other machines, for which there is ``torchrun``; processes that a function starts itself.
"""

import contextlib
import io
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle  # pyright: ignore[reportMissingTypeStubs]
import torch
from torch import distributed

START_LIMIT = 120.0  # seconds to import torch and to meet; a busy machine needs many
GRACE = 2.0  # seconds more for a rank to say where it stands
SETTLE = 0.3  # seconds in which the death behind another rank's broken connection is seen
LOOPBACK = {"linux": "lo", "darwin": "lo0"}  # no other machine can connect, and no host name has to be found
BE_A_RANK = "from llmbook.distributed.processes import be_a_rank; be_a_rank()"


class RankFailed(RuntimeError):
    """A run that came to nothing: ``rank`` raised or died, or is the first that had not finished."""

    def __init__(self, rank: int, message: str) -> None:
        super().__init__(message)
        self.rank = rank


class Outcome(NamedTuple):
    kind: str  # "returned", "raised" or "late"
    value: Any  # the result, the traceback, or where the rank stands
    error: str
    printed: str
    time: float


class Ranks:
    """A group of ``n`` processes that waits for functions. They start at the first call, and anew after a failure."""

    def __init__(self, n: int) -> None:
        if n < 1:
            raise ValueError(f"a group has at least one rank, got {n}")
        self.n = n
        self.processes: list[subprocess.Popen[bytes]] = []
        self.close: Callable[[], Any] = lambda: None

    def __enter__(self) -> "Ranks":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __call__(self, function: Callable[..., Any], *arguments: Any, limit: float = 60.0) -> list[Any]:
        """``function(group, *arguments)`` on each rank, and their results in the order of ranks.

        Raises ``RankFailed`` where a rank raises, dies, or has not finished after ``limit`` seconds; then all end.
        """
        work = cloudpickle.dumps((function, arguments))
        try:
            if not self.processes:
                self.start()
            outcomes = self.do(work, limit)
        except BaseException:  # the reader's own interruption, too
            self.close()
            raise
        return [outcomes[rank].value for rank in range(self.n)]

    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ranks-"))
        self.step = 0
        self.processes = []
        self.close = weakref.finalize(self, end, self.processes, self.folder)  # at the interpreter's exit, too
        for rank in range(self.n):
            command = [sys.executable, "-c", BE_A_RANK, str(rank), str(self.folder)]
            with (self.folder / f"log-{rank}").open("wb") as log:
                process = subprocess.Popen(command, env=surroundings(), stdin=subprocess.PIPE, stdout=log, stderr=log)
            self.processes.append(process)
        self.do(cloudpickle.dumps((join, (self.folder, self.n))), START_LIMIT)

    def do(self, work: bytes, limit: float) -> dict[int, Outcome]:
        """Ask all ranks for the next step, and wait until each has answered, one has failed, or the time is over."""
        (self.folder / f"work-{self.step}").write_bytes(work)
        for process in self.processes:
            assert process.stdin is not None
            with contextlib.suppress(OSError):  # a dead rank is found below
                process.stdin.write(f"{limit}\n".encode())
                process.stdin.flush()
        found: dict[int, Outcome] = {}
        deadline = time.monotonic() + limit + GRACE
        while len(found) < self.n and time.monotonic() < deadline:
            found |= self.arrived(found)
            if self.died(found) or any(outcome.kind == "raised" for outcome in found.values()):
                time.sleep(SETTLE)
                found |= self.arrived(found)
                break
            time.sleep(0.005)
        self.step += 1
        for rank, outcome in sorted(found.items()):
            for line in outcome.printed.splitlines():
                print(f"rank {rank}: {line}")
        if len(found) < self.n or any(outcome.kind != "returned" for outcome in found.values()):
            raise self.failure(found, limit)
        return found

    def arrived(self, found: dict[int, Outcome]) -> dict[int, Outcome]:
        places = {rank: self.folder / f"{self.step}-{rank}" for rank in range(self.n) if rank not in found}
        return {rank: cloudpickle.loads(place.read_bytes()) for rank, place in places.items() if place.exists()}

    def died(self, found: dict[int, Outcome]) -> list[int]:
        return [rank for rank, p in enumerate(self.processes) if p.poll() is not None and rank not in found]

    def failure(self, found: dict[int, Outcome], limit: float) -> RankFailed:
        """What is behind the rest: a death breaks connections, and of those that raise the first is meant."""
        if dead := self.died(found):
            log = (self.folder / f"log-{dead[0]}").read_text(errors="replace")[-2000:]
            return RankFailed(
                dead[0], f"rank {dead[0]} of {self.n} died, with exit code {self.processes[dead[0]].poll()}\n{log}"
            )
        if raised := [(outcome.time, rank) for rank, outcome in found.items() if outcome.kind == "raised"]:
            rank = min(raised)[1]
            return RankFailed(rank, f"rank {rank} of {self.n} raised {found[rank].error}\n\n{found[rank].value}")
        late = {rank: "" for rank in range(self.n) if rank not in found}
        late |= {rank: outcome.value for rank, outcome in found.items() if outcome.kind == "late"}
        stacks = [f"rank {rank} stands at\n{late[rank] or '  (no answer)'}" for rank in sorted(late)]
        names = " and ".join(map(str, sorted(late)))
        message = f"of {self.n} ranks, {names} had not finished after {limit:g} s\n"
        return RankFailed(min(late), message + "\n".join(stacks))


def on_ranks(n: int, function: Callable[..., Any], *arguments: Any, limit: float = 60.0) -> list[Any]:
    """``function(group, *arguments)`` once on each of ``n`` new processes; raises as ``Ranks`` does."""
    with Ranks(n) as ranks:
        return ranks(function, *arguments, limit=limit)


def surroundings() -> dict[str, str]:
    """What a process started from here is told: our modules, one thread, no network but this machine's."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    if sys.platform in LOOPBACK:
        environment["GLOO_SOCKET_IFNAME"] = LOOPBACK[sys.platform]
    return environment


def end(processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        with contextlib.suppress(OSError):
            process.communicate()  # waits, and closes the pipe
    processes.clear()
    shutil.rmtree(folder, ignore_errors=True)


# --- in the new process ---------------------------------------------------------------------------------------------


def be_a_rank() -> None:
    """Do what comes, until the pipe closes. The command's arguments are the rank and the folder."""
    rank = int(sys.argv[1])
    folder = Path(sys.argv[2])
    torch.set_num_threads(1)
    limits: queue.SimpleQueue[float] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(limits, folder), daemon=True).start()
    step = 0
    while True:
        attempt(folder, step, rank, limits.get())
        step += 1


def listen(limits: "queue.SimpleQueue[float]", folder: Path) -> None:
    for line in sys.stdin.buffer:
        limits.put(float(line))
    shutil.rmtree(folder, ignore_errors=True)  # whoever started us is gone
    os._exit(1)


def join(group: None, folder: Path, n: int) -> None:
    meeting = (folder / "store").as_uri()
    distributed.init_process_group("gloo", init_method=meeting, rank=int(sys.argv[1]), world_size=n)


def attempt(folder: Path, step: int, rank: int, limit: float) -> None:
    """Leave in the folder what the step's function returned, its traceback or, once the time is over, its stack."""
    place = folder / f"{step}-{rank}"
    printed = io.StringIO()
    main = threading.get_ident()

    def leave(kind: str, value: Any, error: str = "") -> None:
        part = place.with_suffix(f".{kind}")
        part.write_bytes(cloudpickle.dumps(Outcome(kind, value, error, printed.getvalue(), time.time())))
        part.replace(place)  # whole or not at all

    def late() -> None:
        frames = traceback.extract_stack(sys._current_frames()[main])  # pyright: ignore[reportPrivateUsage]
        leave("late", "".join(traceback.format_list([frame for frame in frames if frame.filename != __file__])))

    alarm = threading.Timer(limit, late)
    alarm.daemon = True
    alarm.start()
    try:
        with contextlib.redirect_stdout(printed):
            function, arguments = cloudpickle.loads((folder / f"work-{step}").read_bytes())
            leave("returned", function(distributed.group.WORLD, *arguments))
    except BaseException as error:  # an exit, too
        leave("raised", traceback.format_exc(), f"{type(error).__name__}: {error}")
    finally:
        alarm.cancel()

"""``torchrun`` from a notebook: an agent on each machine, which starts its ranks, and starts all anew when one dies.

All machines are this one, in different processes; on several, each runs the command with the first one's address. The
agents listen to a pipe as the ranks of ``processes`` do: where it closes, they end their ranks and themselves.
"""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time

from llmbook.distributed.processes import surroundings

BE_AN_AGENT = """
import os, signal, sys, threading
from torch.distributed.run import main
threading.Thread(target=lambda: (sys.stdin.read(), os.kill(os.getpid(), signal.SIGTERM)), daemon=True).start()
main()
"""


def torchrun(*command: object, machines: int = 1, ranks: int = 1, restarts: int = 0, limit: float = 120.0) -> str:
    """What the ranks of a script print, ``ranks`` of them on each of ``machines``; ``command`` is as torchrun's.

    All ranks start anew up to ``restarts`` times. Raises ``RuntimeError`` with the end of the log where a rank fails
    once more than that, or the run has not ended after ``limit`` seconds; then all have ended.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = f"127.0.0.1:{free.getsockname()[1]}"
    options = f"""--nnodes {machines} --nproc-per-node {ranks} --max-restarts {restarts} --monitor-interval 0.1
        --rdzv-backend c10d --rdzv-endpoint {meeting} --local-addr 127.0.0.1"""
    whole = [sys.executable, "-c", BE_AN_AGENT, *options.split(), *map(str, command)]
    # torchrun's ranks would otherwise find the addresses of those before the restart (pytorch/pytorch, issue 135712)
    environment = {**surroundings(), "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    deadline = time.monotonic() + limit
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as log:
        agents = [
            subprocess.Popen(whole, env=environment, stdin=subprocess.PIPE, stdout=printed, stderr=log)
            for _ in range(machines)
        ]
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                for agent in agents:
                    agent.wait(max(deadline - time.monotonic(), 0))
            late = any(agent.poll() is None for agent in agents)
        finally:
            for agent in agents:
                agent.communicate()  # closes the pipe, and waits
        printed.seek(0)
        log.seek(0)
        if late or any(agent.returncode for agent in agents):
            reason = f"had not ended after {limit:g} s" if late else "failed"
            raise RuntimeError(f"torchrun {reason}\n{log.read()[-3000:]}")
        return printed.read()

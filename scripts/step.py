"""Run one step of the build: a line on the screen, everything it prints in a log, and a plain sentence when it fails.

    python scripts/step.py [--needs-gb 4] NAME "What it does" -- command ...

The command gets no terminal and a session of its own, and whatever it leaves running is ended with it, so that a
server started by a build never holds a pipe open. Needs nothing but Python: it also runs before ``.venv`` exists.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

LOGS = Path("_build/logs")
DISK_FULL = "The disk is full ({free:.1f} GB free here): make room and run make again."
NO_NETWORK = "No network: a package could not be downloaded. Connect (or set your proxy) and run make again."
SIGNS = (
    (r"No space left on device|Errno 28|ENOSPC|Disk quota exceeded", DISK_FULL),
    (
        r"name resolution|Name or service not known|nodename nor servname|NewConnectionError|Failed to establish a new"
        r"|ConnectTimeoutError|Connection refused|Read timed out|Network is unreachable|ProxyError|Could not resolve"
        r"|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|from versions: none",
        NO_NETWORK,
    ),
)


def disk_message() -> str:
    return DISK_FULL.format(free=shutil.disk_usage(".").free / 1e9)


def refuse_little_disk(needs_gb: float) -> int:
    """1, with the reason on stderr, where less than ``needs_gb`` GB are free; else 0."""
    if shutil.disk_usage(".").free >= needs_gb * 1e9:
        return 0
    print(disk_message(), file=sys.stderr)
    return 1


def explain(text: str) -> str:
    """The one line that says what to do, or '' where the log has to speak for itself."""
    for pattern, message in SIGNS:
        if re.search(pattern, text):
            return disk_message() if message == DISK_FULL else message
    return ""


def run(command: list[str], log: Path) -> int:
    """Run ``command`` with its output in ``log``, then end whatever it left behind; returns its exit status."""
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, **streams, stdout=sink, env={**os.environ, "NO_COLOR": "1"}, start_new_session=True
        )
        try:
            return process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):  # it left nothing behind
                os.killpg(process.pid, signal.SIGTERM)


def report(log: Path) -> str:
    """What a failed step says: one sentence where the cause is known, else its warnings and its last lines."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if cause := explain(text):
        return f"{cause} (details: {log})"
    lines = text.splitlines()
    warned = [line for line in lines[:-25] if re.search(r"WARNING|ERROR|Error:", line)]
    return "\n".join([*warned[:100], *lines[-25:], f"(all of it: {log})"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--needs-gb", type=float, default=0.2, help="refuse to start with less free disk")
    parser.add_argument("name", help="of the log file")
    parser.add_argument("title", help="shown on the screen")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = [word for place, word in enumerate(arguments.command) if place or word != "--"]
    if refuse_little_disk(arguments.needs_gb):
        return 1
    start = time.perf_counter()
    print(f"{arguments.title} …", flush=True)
    try:
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{arguments.name}.log"
        status = run(command, log)
        if status:
            print(report(log), file=sys.stderr)
            return 1
    except OSError as error:
        print(explain(str(error)) or f"{command[0]}: {error}", file=sys.stderr)
        return 1
    print(f"  done in {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

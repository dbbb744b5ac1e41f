"""How long it takes to run every notebook and compare it with what it shows."""

import re
import subprocess
import sys
from pathlib import Path

from timing import Result, seconds

ROOT = Path(__file__).resolve().parent.parent


def bench_nbval() -> list[Result]:
    """All notebooks, two at a time, as ``make test`` runs them: at most ten minutes, and one minute a page."""
    command = [sys.executable, "-m", "pytest", "--nbval", "notebooks", "-q", "--durations=0", "--durations-min=0"]
    command += ["-n", "2", "--dist", "loadfile", "--nbval-sanitize-with", "tests/notebooks/pictures.cfg"]
    output = ""

    def run() -> None:
        nonlocal output
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        output = done.stdout
        if done.returncode:
            raise SystemExit(output[-3000:])

    wall = seconds(run)
    pages: dict[str, float] = {}
    for time, page in re.findall(r"^([\d.]+)s (?:call|setup|teardown) +(\S+\.ipynb)", output, re.MULTILINE):
        pages[page] = pages.get(page, 0) + float(time)
    compared = int(re.search(r"(\d+) passed", output)[1])
    slowest = max(pages, key=pages.get)
    return [
        Result(
            "all notebooks under nbval, wall time", round(wall, 1), "s", 600, f"{compared} cells, {len(pages)} pages"
        ),
        Result("the slowest notebook under nbval", round(pages[slowest], 1), "s", 60, Path(slowest).name),
    ]

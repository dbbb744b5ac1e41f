"""Ask pip whether every pin has a wheel for every Python and system that README names.

    python scripts/find_wheels.py [--jobs 2]

Nothing is installed, and nothing is compiled: a reader has no compiler. pip asks where it is configured to ask. With
a wheel missing, pip's words about it are shown and the exit status is 1.
"""

import argparse
import itertools
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBCS = ("_2_28", "_2_27", "_2_26", "_2_24", "_2_17", "2014", "2010", "1")  # from Debian 10 and Ubuntu 20.04 on
MACS = ("14_0", "13_0", "12_0", "11_0", "10_9")
SYSTEMS = {
    "Linux on x86-64": [f"manylinux{version}_x86_64" for version in GLIBCS],
    "Linux on ARM": [f"manylinux{version}_aarch64" for version in GLIBCS],
    "macOS on ARM": [f"macosx_{version}_{kind}" for version in MACS for kind in ("arm64", "universal2")],
    "Windows on x86-64": ["win_amd64"],
}


def pins(*files: Path) -> list[str]:
    """The lines ``name==version`` of requirements files."""
    lines = itertools.chain.from_iterable(file.read_text(encoding="utf-8").splitlines() for file in files)
    return sorted({line.split("#")[0].strip() for line in lines if re.match(r"[\w.-]+==", line)})


def missing(wanted: list[str], python: str, system: str) -> str:
    """What pip says of wheels that are not there; empty where there is one for each pin."""
    platforms = itertools.chain.from_iterable(("--platform", name) for name in SYSTEMS[system])
    options = ["--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:", "--python-version", python]
    with tempfile.TemporaryDirectory() as nowhere:
        where = ["--target", nowhere, "--quiet", "--quiet"]
        command = [sys.executable, "-m", "pip", "install", *options, *platforms, *where, *wanted]
        done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip() or f"pip ended with {done.returncode}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="pips at a time (2)")
    jobs = parser.parse_args().jobs
    wanted = pins(ROOT / "requirements.txt", ROOT / "constraints.txt")
    targets = list(itertools.product(PYTHONS, SYSTEMS))
    complete = True
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(lambda target: missing(wanted, *target), targets)
        for (python, system), words in zip(targets, answers, strict=True):
            print(f"Python {python}, {system}: {words or f'{len(wanted)} wheels'}", flush=True)
            complete = complete and not words
    return 0 if complete else 1


if __name__ == "__main__":
    raise SystemExit(main())

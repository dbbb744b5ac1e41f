"""Run the benchmarks and write benchmarks/results.json.

    python benchmarks/run.py [name ...]

Every function ``bench_*`` of a file ``benchmarks/bench_*.py`` returns a list of ``Result``: a measured value, its unit,
and the bar it must keep below. Times of one result are taken in turn within one run, so that a ratio means something
even where the machine is busy. With a bar missed, the exit status is 1.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scripts")]

import surroundings  # noqa: E402

surroundings.settle_here()
RESULTS = HERE / "results.json"


def machine() -> dict[str, str | int]:
    """The machine in general words: enough to judge a time by, not enough to find it."""
    import torch

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(memory),
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
    }


def discover(names: list[str]) -> list:
    """The functions to run: all, or those whose name contains one of ``names``."""
    found = []
    for path in sorted(HERE.glob("bench_*.py")):
        module = importlib.import_module(path.stem)
        found += [
            value for name, value in sorted(vars(module).items()) if name.startswith("bench_") and callable(value)
        ]
    return [function for function in found if not names or any(name in function.__name__ for name in names)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="run only the functions whose name contains one of these")
    names = parser.parse_args().names
    results = []
    for function in discover(names):
        start = time.perf_counter()
        measured = function()
        print(f"{function.__name__} ({time.perf_counter() - start:.0f} s)")
        for result in measured:
            print(f"  {result}")
            results.append({"bench": function.__name__.removeprefix("bench_"), **asdict(result), "ok": result.ok})
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["results"] if names and RESULTS.exists() else []
    fresh = {result["bench"] for result in results}
    results = sorted([*results, *(old for old in kept if old["bench"] not in fresh)], key=lambda r: r["bench"])
    text = json.dumps({"machine": machine(), "results": results}, indent=2, ensure_ascii=False)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    missed = [result["what"] for result in results if not result["ok"]]
    print(f"{len(results)} results in {RESULTS.name}" + (f"; bars missed: {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Would the tests notice a mistake? Plant many, one at a time, in a copy of the tree, and see which tests turn red.

    python scripts/mutants.py [--by hand|operators] [--minutes 30] [--jobs 2] [MODULE ...]

Mutants come from ``tests/mutants/by_hand.toml`` and from the operators of cosmic-ray (``scripts/operators.py``), which
are kept away from annotations, docstrings and messages. Each is put before the tests of its own module, or those it
names; the unchanged code has to pass them first. One that takes too long counts as killed. What is known of a mutant is
kept in ``_build/mutants`` as long as neither ``src`` nor its tests change, so that a run that was cut goes on. Modules
are named as in README's map (``nn/norms.py``), or as ``_ext/drawing.py``; none means all of the library. The table is
``tests/mutants/results.md``.

All of the operators' take hours. With ``--minutes`` they are put in an order drawn by ``SEED`` and tried in it until
the time is over: what has been tried then is a sample of all, whose share has an interval.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import platform
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mutant_table
from spared import is_spared, spared_places

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("src", "tests", "scripts", "_ext", "conftest.py", "pyproject.toml")  # the rest of the tree is linked to
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")
OPERATORS = Path("_build/mutants/venv/bin/python")
MADE = Path("_build/mutants/made")  # what the operators made of a module, by a digest of its code
SEED = 0  # of the order in which a sample is drawn
PATIENCE = 6  # times as long as the tests take with the unchanged code, and at least
SHORTEST_LIMIT = 30.0  # seconds


@dataclass(frozen=True)
class Mutant:
    """One change of one module, and the tests that ought to notice it."""

    module: str  # nn/norms.py
    what: str  # in words, for the table
    code: str  # the whole module, changed
    tests: tuple[str, ...]  # places in tests/unit
    by: str  # hand or operators
    survives: str = ""  # why nobody can notice it


class Tree:
    """A book's tree, of which copies are changed and tested; itself it stays as it is."""

    def __init__(self, root: Path, package: str = "llmbook") -> None:
        self.root = root
        self.package = Path("src", package)
        self.plan = tomllib.loads((root / "tests/mutants/plan.toml").read_text(encoding="utf-8"))

    def place_of(self, module: str) -> Path:
        return Path(module) if module.startswith("_ext/") else self.package / module

    def code_of(self, module: str) -> str:
        return (self.root / self.place_of(module)).read_text(encoding="utf-8")

    def tests_of(self, module: str) -> tuple[str, ...]:
        """The module's own tests, and those that the plan adds."""
        place = Path(module)
        own = str(place.with_name(f"test_{place.name}"))
        there = (self.root / "tests/unit" / own).is_file()
        return (*[own] * there, *self.plan["tests"].get(module, []))

    def modules(self) -> list[str]:
        """Those that have tests of their own."""
        package = self.root / self.package
        return [m for m in sorted(str(path.relative_to(package)) for path in package.rglob("*.py")) if self.tests_of(m)]

    def mark(self, tests: tuple[str, ...]) -> str:
        """A digest of all that an outcome depends on besides the mutant: the code, its helpers in tests, the tests."""
        tests = tuple(test.split("::")[0] for test in tests)
        folders = [self.root / self.package, self.root / "_ext", *(self.root / "tests/unit" / test for test in tests)]
        helpers = [path for path in (self.root / "tests").rglob("*.py") if not path.name.startswith("test_")]
        files = [
            *helpers,
            *(file for place in folders for file in ([place] if place.is_file() else place.rglob("*.py"))),
        ]
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(files))).hexdigest()

    @contextlib.contextmanager
    def copy(self) -> Iterator[Path]:
        """A copy to change, removed at the end; what is only read is linked to."""
        with tempfile.TemporaryDirectory() as folder:
            for place in self.root.iterdir():
                if place.name not in COPIED and place.name not in (".git", ".venv", "_build"):
                    Path(folder, place.name).symlink_to(place)
                elif place.name in COPIED and place.is_dir():
                    shutil.copytree(place, Path(folder, place.name), ignore=LEFT_OUT)
                elif place.name in COPIED:
                    shutil.copy(place, folder)
            yield Path(folder)


# --- the mutants -----------------------------------------------------------------------------------------------


def made_by_hand(tree: Tree) -> list[Mutant]:
    """Those of ``by_hand.toml``; ``ValueError`` where the text to be changed does not stand in the module once."""
    entries = tomllib.loads((tree.root / "tests/mutants/by_hand.toml").read_text(encoding="utf-8"))["mutant"]
    mutants = []
    for entry in entries:
        code = tree.code_of(entry["module"])
        if code.count(entry["old"]) != 1 or entry["old"] == entry["new"]:
            raise ValueError(f"{entry['what']}: {entry['old']!r} must stand in {entry['module']} once, and change")
        changed = code.replace(entry["old"], entry["new"])
        tests = tuple(entry.get("tests", tree.tests_of(entry["module"])))
        mutants.append(Mutant(entry["module"], entry["what"], changed, tests, "hand", entry.get("survives", "")))
    return mutants


def made_by_operators(tree: Tree, module: str) -> list[Mutant]:
    """Those of cosmic-ray's operators in one module, but for places that are spared."""
    code = tree.code_of(module)
    made = tree.root / MADE / f"{hashlib.sha256(code.encode()).hexdigest()}.json"
    if not made.exists():
        command = [str(tree.root / OPERATORS), "scripts/operators.py", str(tree.place_of(module))]
        done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=True)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(done.stdout, encoding="utf-8")
    spared = spared_places(code)
    return [
        Mutant(module, f"{one['operator']}, {difference(code, one['code'])}", one["code"], tests, "operators")
        for tests in [tree.tests_of(module)]
        for one in json.loads(made.read_text(encoding="utf-8"))
        if not is_spared(tuple(one["start"]), spared)
    ]


def difference(before: str, after: str) -> str:
    """The first line that differs, as it was and as it is."""
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    number, old, new = next((i, old, new) for i, (old, new) in enumerate(pairs, start=1) if old != new)
    return f"line {number}: `{old.strip()}` → `{new.strip()}`"


# --- one mutant before its tests -------------------------------------------------------------------------------


def run_tests(copy: Path, tests: tuple[str, ...], limit: float | None = None) -> int | None:
    """The exit status of pytest, None where it took longer than ``limit`` seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [f"tests/unit/{test}" for test in tests]
    path = os.pathsep.join(filter(None, [str(copy / "src"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):  # it left nothing behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def outcome(status: int | None) -> str:
    """What an exit status says: pytest's 1 and 2, and a crash, are tests that noticed; ``ValueError`` for 4 and 5."""
    if status in (4, 5):
        raise ValueError(f"pytest ended with {status}: there are no such tests")
    return "survived" if status == 0 else "took too long" if status is None else "killed"


def limit_for(copy: Path, tests: tuple[str, ...]) -> float:
    """How long the tests may take; ``ValueError`` where the unchanged code does not pass them."""
    start = time.perf_counter()
    status = run_tests(copy, tests)
    if outcome(status) != "survived":
        raise ValueError(f"the unchanged code does not pass {', '.join(tests)}")
    return max(SHORTEST_LIMIT, PATIENCE * (time.perf_counter() - start))


def try_out(tree: Tree, copy: Path, mutant: Mutant, limit: float) -> str:
    """What became of one mutant; the copy is as before afterwards."""
    place = copy / tree.place_of(mutant.module)
    before = place.read_text(encoding="utf-8")
    place.write_text(mutant.code, encoding="utf-8")
    try:
        return outcome(run_tests(copy, mutant.tests, limit))
    finally:
        place.write_text(before, encoding="utf-8")


# --- all of them -----------------------------------------------------------------------------------------------


class Known:
    """What became of mutants so far, and under which versions: a line each, in a file that a later run goes on from."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        whole = (json.loads(line) for line in lines if line.endswith("]"))  # not one that was cut
        self.outcomes = {key: (became, under) for key, became, under in whole}

    def add(self, key: str, became: str) -> None:
        self.outcomes[key] = (became, VERSIONS)
        with self.file.open("a", encoding="utf-8") as file:
            file.write("\n" * (file.tell() > 0) + json.dumps([key, became, VERSIONS]))


VERSIONS = f"Python {platform.python_version()}, PyTorch {version('torch').split('+')[0]}"
Outcomes = dict[Mutant, tuple[str, str]]  # what became of each, and under which versions


def outcomes(tree: Tree, mutants: list[Mutant], jobs: int, seconds: float = float("inf")) -> Outcomes:
    """What became of each, ``jobs`` at a time, each with a copy of its own; none is begun after ``seconds``."""
    end = time.monotonic() + seconds
    known = Known(tree.root / "_build/mutants/outcomes.jsonl")
    marks = {tests: tree.mark(tests) for tests in {mutant.tests for mutant in mutants}}
    keys = {m: hashlib.sha256(f"{marks[m.tests]} {m.module} {m.code}".encode()).hexdigest() for m in mutants}
    new = [mutant for mutant in mutants if keys[mutant] not in known.outcomes]
    with contextlib.ExitStack() as stack:
        copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for _ in range(jobs):
            copies.put(stack.enter_context(tree.copy()))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        @contextlib.contextmanager
        def one_copy() -> Iterator[Path]:
            copy = copies.get()
            try:
                yield copy
            finally:
                copies.put(copy)

        def limit(tests: tuple[str, ...]) -> float:
            with one_copy() as copy:
                return limit_for(copy, tests)

        def one(mutant: Mutant) -> str:
            with one_copy() as copy:
                return try_out(tree, copy, mutant, limits[mutant.tests]) if time.monotonic() < end else ""

        different = list(dict.fromkeys(mutant.tests for mutant in new))
        limits = dict(zip(different, pool.map(limit, different), strict=True))
        for number, (mutant, became) in enumerate(zip(new, pool.map(one, new), strict=True), start=1):
            if became:
                known.add(keys[mutant], became)
                print(f"{number}/{len(new)} {became}: {mutant.module}, {mutant.what}", flush=True)
    return {mutant: known.outcomes[keys[mutant]] for mutant in mutants if keys[mutant] in known.outcomes}


def chosen(mutants: Iterable[Mutant], modules: list[str]) -> list[Mutant]:
    return [mutant for mutant in mutants if not modules or mutant.module in modules]


def run(tree: Tree, modules: list[str], by: tuple[str, ...], jobs: int, minutes: float | None = None) -> None:
    """Try the mutants of these modules, and write the table anew after each of its rows."""
    if unknown := [module for module in modules if not tree.tests_of(module)]:
        raise ValueError(f"no tests of their own have {', '.join(unknown)}; {', '.join(tree.modules())} have")
    if "hand" in by:
        became = outcomes(tree, chosen(made_by_hand(tree), modules), jobs)
        mutant_table.record(tree.root, mutant_table.BY_HAND, became, part=bool(modules))
    if "operators" in by and minutes is not None:
        draw(tree, modules, jobs, minutes)
    elif "operators" in by:
        for module in modules or tree.modules():
            mutant_table.record(tree.root, module, outcomes(tree, made_by_operators(tree, module), jobs))


def draw(tree: Tree, modules: list[str], jobs: int, minutes: float) -> None:
    """Try the operators' mutants in an order drawn by lot until the time is over, and write a row for each folder."""
    order = [mutant for module in modules or tree.modules() for mutant in made_by_operators(tree, module)]
    random.Random(SEED).shuffle(order)
    became = outcomes(tree, order, jobs, 60 * minutes)

    # One that an earlier run has tried, but whose turn has not come yet, would be no part of a fair draw.
    drawn = list(itertools.takewhile(became.__contains__, order))
    for folder in dict.fromkeys(folder_of(mutant) for mutant in order):
        all_of_it = [mutant for mutant in order if folder_of(mutant) == folder]
        tried = {mutant: became[mutant] for mutant in drawn if folder_of(mutant) == folder}
        mutant_table.record(tree.root, folder, tried, of=all_of_it, part=bool(modules))


def folder_of(mutant: Mutant) -> str:
    folder = Path(mutant.module).parent
    return f"{folder}/" if folder.name else mutant.module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="all that have tests of their own, unless named")
    parser.add_argument("--by", choices=("hand", "operators"), help="both, unless told")
    parser.add_argument("--minutes", type=float, help="draw the operators' by lot, and begin none after this time")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (2)")
    given = parser.parse_args()
    try:
        run(Tree(ROOT), given.modules, (given.by,) if given.by else ("hand", "operators"), given.jobs, given.minutes)
    except ValueError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

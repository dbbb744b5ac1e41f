"""The table of mutants: what each run found, kept as JSON, and written out for a reader.

A row is a module with the operators' mutants, or a folder with those that were drawn of them by lot, or all that were
made by hand. A row of several modules together stays until each of them has been run anew.
"""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

RESULTS = Path("tests/mutants/results.json")
TABLE = RESULTS.with_suffix(".md")
BY_HAND = "all modules"
HEAD = """# Would the tests notice a mistake?

Written by `make mutants` from `results.json`. A mutant is one small mistake planted in a copy of a module; it is killed
where a test of that module turns red, or takes far too long. The operators are those of cosmic-ray, at every place but
in annotations, docstrings and messages. Where some were drawn by lot, an interval of 95 % (Wilson's) follows the share.
A row shows the version of the book, the day of its own run, and what it ran under.

| code | made by | mutants | killed | version | run | under |
| --- | --- | --- | --- | --- | --- | --- |
"""


class Tried(Protocol):
    """What the table has to know of a mutant."""

    module: str
    what: str
    survives: str


def record(
    root: Path, row: str, became: Mapping[Any, tuple[str, str]], *, of: Sequence[Any] = (), part: bool = False
) -> None:
    """Put what became of the mutants into the row, and write the table; of a part of them nothing is written.

    Each came to an end under some versions. Where they were drawn by lot, ``of`` is all that they were drawn from.
    """
    survivors = [mutant for mutant, (end, _) in became.items() if end == "survived"]
    print(f"{row}: {len(became) - len(survivors)} of {len(became)} killed", flush=True)
    for mutant in survivors:
        print(f"  survived: {mutant.module}, {mutant.what}", flush=True)
    if part or not became:
        return
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = json.loads((root / RESULTS).read_text(encoding="utf-8")) if (root / RESULTS).exists() else {}
    rows[row] = {
        "by": "hand" if row == BY_HAND else "operators",
        "mutants": len(became),
        "killed": len(became) - len(survivors),
        "survivors": [said_of(mutant) for mutant in survivors],
        "version": project["version"],
        "run": f"{datetime.now(UTC):%Y-%m-%d}",
        "under": sorted({under for _, under in became.values()}),
    }
    if of:
        rows[row] |= {"drawn of": len(of), "modules": sorted({mutant.module for mutant in of})}
    rows = {name: rows[name] for name in sorted(rows, key=in_order) if not is_replaced(name, rows)}
    (root / RESULTS).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (root / TABLE).write_text(table(rows), encoding="utf-8")


def in_order(row: str) -> tuple[bool, str]:
    return row != BY_HAND, row


def said_of(mutant: Tried) -> str:
    why = f" ({mutant.survives})" if mutant.survives else ""
    return f"`{mutant.module}`, {mutant.what}{why}"


def is_replaced(name: str, rows: Mapping[str, Any]) -> bool:
    """Whether each module of a row of several has been found anew: in a row of its own, or in a draw."""
    drawn = [row["modules"] for other, row in rows.items() if "drawn of" in row and other != name]
    return "modules" in rows[name] and set(rows[name]["modules"]) <= set(rows).union(*drawn)


def table(rows: Mapping[str, Any]) -> str:
    """The rows as Markdown, all draws together, and every survivor."""
    lines = [line(name, row) for name, row in rows.items()]
    if draws := [row for row in rows.values() if "drawn of" in row]:
        together = {key: sum(row[key] for row in draws) for key in ("mutants", "killed", "drawn of")}
        lines.append(line("**all draws together**", {**draws[0], **together}))
    survivors = [f"- {said}" for row in rows.values() for said in row.get("survivors", [])]
    below = ["", "## Those that lived", "", *survivors] if survivors else []
    return HEAD + "\n".join([*lines, *below]) + "\n"


def line(name: str, row: Mapping[str, Any]) -> str:
    drawn = f" of {row['drawn of']}" if "drawn of" in row else ""
    under = "; ".join(row.get("under", []))
    cells = [name, row["by"], f"{row['mutants']}{drawn}", killed(row), row["version"], row["run"], under]
    return f"| {' | '.join(cells)} |"


def killed(row: Mapping[str, Any]) -> str:
    """How many, and what share of all, rounded down, so that 100 means all; of a draw its interval too."""
    share = f"{100 * row['killed'] // row['mutants']} %"
    if "drawn of" not in row:
        return f"{row['killed']} ({share})"
    low, high = wilson(row["killed"], row["mutants"])
    return f"{row['killed']} ({share}; {100 * low:.0f} to {100 * high:.0f})"


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of 95 % for a share (Wilson, 1927); where a good part of all was drawn, it is wider than need be."""
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)

"""The table of mutants: what each run found, kept as JSON, and written out for a reader.

A row is a module with the operators' mutants, or all that were made by hand. A row of several modules together, from a
run that counted them so, stays until each of them has a row of its own.
"""

import json
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

RESULTS = Path("tests/mutants/results.json")
TABLE = RESULTS.with_suffix(".md")
BY_HAND = "all modules"
HEAD = """# Would the tests notice a mistake?

Written by `make mutants` from `results.json`. A mutant is one small mistake planted in a copy of a module; it is killed
where a test of that module turns red, or takes far too long. The operators are those of cosmic-ray, at every place but
in annotations, docstrings and messages. A row shows the version of the book and the day of its own run.

| code | made by | mutants | killed | version | run |
| --- | --- | --- | --- | --- | --- |
"""


class Tried(Protocol):
    """What the table has to know of a mutant."""

    module: str
    what: str
    survives: str


def record(root: Path, row: str, became: Mapping[Any, str], *, part: bool = False) -> None:
    """Put what became of the mutants into the row, and write the table; of a part of them nothing is written."""
    survivors = [mutant for mutant, end in became.items() if end == "survived"]
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
    }
    rows = {name: rows[name] for name in sorted(rows, key=in_order) if not is_replaced(rows[name], rows)}
    (root / RESULTS).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (root / TABLE).write_text(table(rows), encoding="utf-8")


def in_order(row: str) -> tuple[bool, str]:
    return row != BY_HAND, row


def said_of(mutant: Tried) -> str:
    why = f" ({mutant.survives})" if mutant.survives else ""
    return f"`{mutant.module}`, {mutant.what}{why}"


def is_replaced(entry: Mapping[str, Any], rows: Mapping[str, Any]) -> bool:
    """Whether a row of several modules has been found anew, module by module."""
    return "modules" in entry and set(entry["modules"]) <= set(rows)


def table(rows: Mapping[str, Any]) -> str:
    """The rows as Markdown, and below them every survivor."""
    lines = [
        f"| {name} | {row['by']} | {row['mutants']} | {killed(row)} | {row['version']} | {row['run']} |"
        for name, row in rows.items()
    ]
    survivors = [f"- {said}" for row in rows.values() for said in row.get("survivors", [])]
    below = ["", "## Those that lived", "", *survivors] if survivors else []
    return HEAD + "\n".join([*lines, *below]) + "\n"


def killed(row: Mapping[str, Any]) -> str:
    """How many, and what share of all, rounded down, so that 100 means all."""
    return f"{row['killed']} ({100 * row['killed'] // row['mutants']} %)"

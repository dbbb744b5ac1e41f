"""The cells whose output nbval does not compare, each with its reason: the list that the book publishes.

A cell is left out with the comment ``# NBVAL_IGNORE_OUTPUT``; the next line is ``# Why: `` and the reason.
As a program it prints the list as Markdown.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"^\s*#\s*(?:NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|PYTEST_VALIDATE_IGNORE_OUTPUT)\s*$", re.MULTILINE)
TAGS = {"nbval-ignore-output", "nbval-skip"}
REASON = re.compile(r"^\s*#\s*Why:\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Uncompared:
    page: str
    number: int  # of the code cell, counted from 0 as nbval does
    reason: str  # '' if none is given


def uncompared_cells(folder: Path = ROOT / "notebooks") -> list[Uncompared]:
    """Every cell of the notebooks in ``folder`` that is run without its output being compared."""
    found = []
    for path in sorted(folder.glob("*.ipynb")):
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        for number, cell in enumerate(cells):
            source = "".join(cell["source"])
            if MARK.search(source) or TAGS & set(cell["metadata"].get("tags", [])):
                reason = REASON.search(source)
                found.append(Uncompared(path.stem, number, reason[1].strip() if reason else ""))
    return found


def as_markdown(cells: list[Uncompared]) -> str:
    if not cells:
        return "Every output of every notebook is compared; no cell is left out."
    rows = [f"| {cell.page} | {cell.number} | {cell.reason} |" for cell in cells]
    return "\n".join(["| page | code cell | why its output is not compared |", "| --- | --- | --- |", *rows])


if __name__ == "__main__":
    print(as_markdown(uncompared_cells()))

"""Running the guard itself: nbval in a process of its own, and which cells it turned red."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = ("image/svg+xml", "image/png")


def red_cells(notebook: Path) -> set[int]:
    """Run nbval as ``make test`` does, and return the numbers of the code cells it fails (counted from 0)."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        notebook.name,
        "-q",
        "--tb=short",
        "-rf",
        "-p",
        "no:cacheprovider",
        "--nbval-sanitize-with",
        str(ROOT / "tests/notebooks/pictures.cfg"),
    ]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(notebook.parent)],
        cwd=notebook.parent,
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    red = {int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", done.stdout, re.MULTILINE)}
    assert bool(red) == bool(done.returncode), done.stdout
    return red


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(cell: nbformat.NotebookNode, mime: str) -> list[nbformat.NotebookNode]:
    """The bundles among this cell's outputs that hold ``mime``."""
    return [output.data for output in cell.outputs if mime in output.get("data", {})]


def text_of(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")

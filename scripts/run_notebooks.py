"""Execute notebooks and save them in the one form in which they are committed.

    python scripts/run_notebooks.py [--jobs 2] [notebooks/04-1-one-head.ipynb ...]

Without names, every notebook in ``notebooks/`` is run. Each gets a kernel of its own with one thread. What differs
from run to run is dropped before saving (timings, widget state and addresses, random cell ids, versions in the
metadata), so a second run changes no byte. A notebook whose cells raise is reported and left as it was.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from surroundings import settle

ROOT = Path(__file__).resolve().parent.parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # names a model of one kernel, gone when the kernel is
KEPT_METADATA = ("mystnb",)
VOLATILE_CELL_METADATA = ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted", "colab", "outputId", "id")


class Failed(Exception):
    """A notebook that cannot be saved, with the reason in words."""


def execute(notebook: nbformat.NotebookNode, folder: Path, timeout: int = 600) -> nbformat.NotebookNode:
    """Run all cells in a fresh kernel started in ``folder``; raises ``Failed`` naming the cell that did not run."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    with tempfile.TemporaryDirectory() as scratch:
        try:
            client.execute(env=settle(dict(os.environ), scratch))
        except CellExecutionError as error:
            raise Failed(str(error).strip()) from None
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            raise Failed(f"{type(error).__name__}: {str(error).strip()}") from None
    return notebook


def stable_id(stem: str, source: str, taken: set[str]) -> str:
    """An id computed from the page's name and the cell's text, with a count where two cells are alike."""
    for count in range(10_000):
        name = hashlib.sha256(f"{stem}\n{count}\n{source}".encode()).hexdigest()[:8]
        if name not in taken:
            return name
    raise Failed("10,000 cells with the same text")


def merge_streams(outputs: list) -> list:
    """Join neighbouring pieces of the same stream: how a kernel cuts its text depends on timing."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def clean(notebook: nbformat.NotebookNode, stem: str) -> nbformat.NotebookNode:
    """Drop all that differs from run to run, in place."""
    kept = {key: notebook.metadata[key] for key in KEPT_METADATA if key in notebook.metadata}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}, **kept})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in notebook.cells:
        known = cell.get("id", "")
        made_here = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", known) and known not in taken
        cell.id = known if made_here else stable_id(stem, cell.source, taken)
        taken.add(cell.id)
        for key in VOLATILE_CELL_METADATA:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            clean_outputs(cell)
    return notebook


def clean_outputs(cell: nbformat.NotebookNode) -> None:
    """Drop the addresses of widgets, and join what timing cut apart."""
    for output in cell.outputs:
        data = output.get("data", {})
        if len(data) > 1:
            data.pop(WIDGET_VIEW, None)
        if "metadata" in output:
            output.metadata.pop(WIDGET_VIEW, None)
    cell.outputs = merge_streams(cell.outputs)


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook; cells without an id stay without one, where ``nbformat`` would draw a random one."""
    text = path.read_text(encoding="utf-8")
    ids = [cell.get("id", "") for cell in json.loads(text)["cells"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook = nbformat.reads(text, as_version=4)
    for cell, known in zip(notebook.cells, ids, strict=True):
        cell.id = known
    return notebook


def refuse_stderr(notebook: nbformat.NotebookNode) -> None:
    """Raise ``Failed`` if a cell wrote to stderr: warnings name files of one machine, and readers need none."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise Failed(f"cell {number} writes to stderr, which no page may keep:\n{cell.source}\n{output.text}")


def run_one(path: Path) -> tuple[Path, float, str]:
    """Execute and save one notebook; returns its path, the seconds it took, and an error or ''."""
    start = time.perf_counter()
    try:
        notebook = clean(read(path), path.stem)
        clean(execute(notebook, path.parent), path.stem)
        refuse_stderr(notebook)
        nbformat.validate(notebook)
        save(path, nbformat.writes(notebook).rstrip("\n") + "\n")
    except Failed as error:
        return path, time.perf_counter() - start, str(error)
    return path, time.perf_counter() - start, ""


def save(path: Path, text: str) -> None:
    """Write whole or not at all, and leave a file that already says this untouched."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    beside = path.with_suffix(".ipynb.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="files to run; all of notebooks/ when none is named")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks run at the same time (2)")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.notebooks] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        parser.error(f"no such notebook: {', '.join(missing)}")
    failures = 0
    with ProcessPoolExecutor(max_workers=max(1, arguments.jobs)) as pool:
        for path, seconds, error in pool.map(run_one, paths):
            print(f"{path.name:40} {seconds:6.1f} s  {'FAILED' if error else 'ok'}", flush=True)
            if error:
                failures += 1
                print(error, file=sys.stderr, flush=True)
    print(f"{len(paths)} notebooks run, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())

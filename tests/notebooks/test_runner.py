"""``scripts/run_notebooks.py``: what it saves, and what it refuses to save."""

import json
import os

import nbformat
from nbclient import NotebookClient

from run_notebooks import WIDGET_VIEW, clean, run_one
from surroundings import settle


def write(path, *sources: str) -> str:
    """A notebook without ids or outputs, as an author's tool may leave it; returns its text."""
    cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {"collapsed": True}, "outputs": [], "source": source}
        for source in sources
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_a_run_is_saved_in_the_one_form(tmp_path):
    path = tmp_path / "page.ipynb"
    write(path, "import ipywidgets", "print('a')\nprint('b')", "ipywidgets.IntSlider(3)", "print('a')")
    assert run_one(path)[2] == ""
    first = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(first, as_version=4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4]
    assert len({cell.id for cell in notebook.cells}) == 4
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert WIDGET_VIEW not in first
    assert run_one(path)[2] == ""
    assert path.read_text(encoding="utf-8") == first


def test_ids_depend_on_nothing_but_the_page(tmp_path):
    """Two runs of the same text without ids give the same ids."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "page.ipynb", "1 + 1", "1 + 1", "2")
        assert run_one(tmp_path / folder / "page.ipynb")[2] == ""
    one, two = (nbformat.read(tmp_path / folder / "page.ipynb", as_version=4) for folder in ("one", "two"))
    assert [cell.id for cell in one.cells] == [cell.id for cell in two.cells]


def test_a_cell_that_raises_is_reported_and_nothing_saved(tmp_path):
    path = tmp_path / "page.ipynb"
    before = write(path, "1 / 0")
    assert "ZeroDivisionError" in run_one(path)[2]
    assert path.read_text(encoding="utf-8") == before


def test_a_cell_that_writes_to_stderr_is_refused(tmp_path):
    path = tmp_path / "page.ipynb"
    before = write(path, "import warnings\nwarnings.warn('names a file of this machine')")
    assert "stderr" in run_one(path)[2]
    assert path.read_text(encoding="utf-8") == before


BAR = "from llmbook.training.loop import progress_bar\nfor step in progress_bar(range(1, 4), 0):\n    pass"


def test_a_reader_sees_the_bar_of_training_and_no_notebook_keeps_it(tmp_path):
    watched = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BAR)])
    live = {name: value for name, value in settle(dict(os.environ), tmp_path).items() if name != "TQDM_DISABLE"}
    NotebookClient(watched, kernel_name="python3").execute(env=live)
    assert any(WIDGET_VIEW in output.data for output in watched.cells[0].outputs if "data" in output)
    path = tmp_path / "page.ipynb"
    write(path, BAR)
    assert run_one(path)[2] == ""
    assert nbformat.read(path, as_version=4).cells[0].outputs == []


def test_a_stream_cut_by_chance_is_joined():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("f()", outputs=pieces)])
    (cell,) = clean(notebook, "page").cells
    assert [output.text for output in cell.outputs] == ["a\nb\n"]

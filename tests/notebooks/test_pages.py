"""What every notebook of the book keeps, read from its file alone."""

import json
import re

import nbformat
import pytest
from guard import PAGES, PICTURES, ROOT, code_cells

from uncompared_cells import uncompared

MOST_CODE_CELLS = 25
MOST_LINES = 25


@pytest.fixture(params=PAGES, ids=[page.stem for page in PAGES])
def page(request):
    return request.param


@pytest.fixture
def notebook(page):
    return nbformat.read(page, as_version=4)


def test_there_are_pages():
    assert PAGES


def test_every_cell_was_run_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))


def test_no_output_is_an_error_or_a_warning(notebook):
    for number, cell in enumerate(code_cells(notebook)):
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {number}: {output.ename}: {output.evalue}"
            assert output.get("name") != "stderr", f"cell {number} wrote to stderr: {output.text}"


def test_the_page_is_short(notebook):
    cells = code_cells(notebook)
    assert len(cells) <= MOST_CODE_CELLS
    long = {
        number: cell.source.count("\n") + 1
        for number, cell in enumerate(cells)
        if cell.source.count("\n") >= MOST_LINES
    }
    assert not long, f"cells longer than {MOST_LINES} lines: {long}"


def test_cells_have_ids_of_their_own(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_nothing_of_the_run_is_kept(page):
    """No timings, no widget state, no kernel version: what would differ when the page is run again."""
    kept = json.loads(page.read_text(encoding="utf-8"))
    assert set(kept["metadata"]) <= {"kernelspec", "language_info", "mystnb"}
    assert kept["metadata"]["language_info"] == {"name": "python"}
    for cell in kept["cells"]:
        assert not {"execution", "ExecuteTime", "colab"} & set(cell["metadata"])
        for output in cell.get("outputs", []):
            assert not re.search(r"0x[0-9a-f]{6,}", json.dumps(output)), f"a memory address in cell {cell['id']}"


def test_every_figure_is_described(notebook):
    """A picture says nothing to nbval, so the words beside it carry a digest of the plotted data."""
    for number, cell in enumerate(code_cells(notebook)):
        for output in cell.outputs:
            data = output.get("data", {})
            if any(picture in data for picture in PICTURES):
                words = data.get("text/plain", "")
                assert re.search(r"\w+ \w+.*\[(words only, )?digest [0-9a-f]{8}\]$", words), (
                    f"cell {number}: show it through llmbook.pages"
                )
                if "[words only" in words:
                    assert re.search(r"\bassert\b|assert_close", cell.source), (
                        f"cell {number}: its curves are not compared, so assert in this cell what the page says of them"
                    )


def test_every_widget_leaves_something_to_read(notebook):
    for number, cell in enumerate(code_cells(notebook)):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "application/vnd.jupyter.widget-view+json" not in data, f"cell {number}: a widget without text/html"


def test_each_uncompared_cell_has_its_published_reason():
    without = [(name, number) for name, number, reason in uncompared(ROOT / "notebooks")[0] if not reason]
    assert not without, f"say why in the line after the mark (see CONTRIBUTING.md): {without}"


@pytest.mark.parametrize(
    ("source", "tags", "expected"),
    [
        ("# NBVAL_IGNORE_OUTPUT\n# Why: seconds differ\nf()", [], [("x.ipynb", 1, "seconds differ")]),
        ("# NBVAL_IGNORE_OUTPUT\nf()", [], [("x.ipynb", 1, "")]),
        ("f()\n  # NBVAL_SKIP", [], [("x.ipynb", 1, "")]),
        ("f()", ["nbval-ignore-output"], [("x.ipynb", 1, "")]),
        ("f()  # NBVAL_IGNORE_OUTPUT", [], []),  # not a line of its own: nbval compares it
    ],
)
def test_every_mark_nbval_honours_is_found(tmp_path, source, tags, expected):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": tags})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "x.ipynb")
    assert uncompared(tmp_path)[0] == expected

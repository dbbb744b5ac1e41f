"""Every guard is broken on purpose, and must turn red: in a small page made here, and in a page of the book."""

import re
from collections.abc import Callable

import nbformat
import pytest
from guard import PAGES, PNG, code_cells, outputs, red_cells, text_of

from run_notebooks import run_one

HTML = "text/html"
IMPORTS = """\
import inspect
import matplotlib.pyplot as plt
import torch
from llmbook.attention import causal_mask"""
TEXT = "print('one half is', 1 / 2)"
VALUE = "torch.arange(3) * 2"
LISTING = "print(inspect.getsource(causal_mask))"


def change_digit(text: str) -> str:
    """The same text with its last digit made another."""
    place = max(match.start() for match in re.finditer(r"\d", text))
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


def write(path, sources: list[str]) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)


@pytest.fixture(scope="module")
def small_page(tmp_path_factory):
    """A page with a text, a value and a listing, executed as the book's pages are."""
    path = tmp_path_factory.mktemp("canary") / "small.ipynb"
    write(path, [IMPORTS, TEXT, VALUE, LISTING])
    _, _, error = run_one(path)
    assert not error, error
    return path


def test_the_small_page_is_green(small_page):
    assert red_cells(small_page) == set()


def test_changed_outputs_turn_red(small_page, tmp_path):
    notebook = nbformat.read(small_page, as_version=4)
    _, text, value, listing = code_cells(notebook)
    text.outputs[0].text = change_digit(text.outputs[0].text)
    value.outputs[0].data["text/plain"] = change_digit(value.outputs[0].data["text/plain"])
    listing.outputs[0].text = listing.outputs[0].text.replace("tril(", "triu(")
    changed = tmp_path / "changed.ipynb"
    nbformat.write(notebook, changed)
    assert red_cells(changed) == {1, 2, 3}


def break_text(cell) -> None:
    stream = next(output for output in cell.outputs if output.output_type == "stream" and re.search(r"\d", output.text))
    stream.text = change_digit(stream.text)


def break_figure(cell) -> None:
    outputs(cell, PNG)[0]["text/plain"] = change_digit(outputs(cell, PNG)[0]["text/plain"])


def break_widget(cell) -> None:
    outputs(cell, HTML)[0][HTML] = change_digit(outputs(cell, HTML)[0][HTML])


def break_listing(cell) -> None:
    stream = next(output for output in cell.outputs if output.output_type == "stream" and "def " in output.text)
    stream.text = stream.text.replace("def ", "def not_", 1)


BREAKS: dict[str, tuple[Callable, Callable]] = {
    "text": (break_text, lambda cell: re.search(r"\d", text_of(cell)) and "def " not in text_of(cell)),
    "figure": (break_figure, lambda cell: bool(outputs(cell, PNG))),
    "widget": (break_widget, lambda cell: any("<script" in data[HTML] for data in outputs(cell, HTML))),
    "listing": (break_listing, lambda cell: "def " in text_of(cell)),
}


def test_a_page_of_the_book_turns_red_where_it_is_broken(tmp_path):
    """The pages that show most kinds of output stand for all: one cell of each kind is changed, and just those fail."""
    missing = set(BREAKS)
    for page in PAGES:
        notebook = nbformat.read(page, as_version=4)
        broken = set()
        for kind in sorted(missing):
            change, fits = BREAKS[kind]
            number = next((n for n, cell in enumerate(code_cells(notebook)) if n not in broken and fits(cell)), None)
            if number is not None:
                change(code_cells(notebook)[number])
                broken.add(number)
                missing.discard(kind)
        if broken:
            changed = tmp_path / page.name
            nbformat.write(notebook, changed)
            assert red_cells(changed) == broken
        if not missing:
            return
    pytest.fail(f"no page of the book shows a {' or a '.join(sorted(missing))}")

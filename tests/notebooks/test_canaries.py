"""Every guard is broken on purpose, and must turn red: in a small page made here, and in a page of the book."""

import re
from collections.abc import Callable

import nbformat
import pytest
from guard import PAGES, PICTURES, code_cells, outputs, red_cells, text_of

from llmbook.pages.figures import bundle
from llmbook.pages.plots import lines
from run_notebooks import run_one

HTML = "text/html"
IMPORTS = """\
import inspect
import torch
from llmbook.nn import causal_mask
from llmbook.pages import AttentionLab, lines, show"""
TEXT = "print('one half is', 1 / 2)"
VALUE = "torch.arange(3) * 2"
LISTING = "print(inspect.getsource(causal_mask))"
FIGURE = """\
fig = lines([1, 2, 3], {"a": [1.0, 2.0, 3.0]}, xlabel="x", ylabel="y")
show(fig, alt="one straight line, rising")"""
WIDGET = "AttentionLab(temperature=2.0)"


def change_digit(text: str) -> str:
    """The same text with its last digit made another."""
    place = max(match.start() for match in re.finditer(r"\d", text))
    return text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]


def change_digest(words: str) -> str:
    return re.sub(r"\[digest (.)", lambda match: f"[digest {'0' if match[1] != '0' else '1'}", words)


def figures_of(cell) -> list:
    return [data for picture in PICTURES for data in outputs(cell, picture)]


def write(path, sources: list[str]) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)


@pytest.fixture(scope="module")
def small_page(tmp_path_factory):
    """A page with every kind of output, executed as the book's pages are."""
    path = tmp_path_factory.mktemp("canary") / "small.ipynb"
    write(path, [IMPORTS, TEXT, VALUE, LISTING, FIGURE, WIDGET])
    _, _, error = run_one(path)
    assert not error, error
    return path


def test_the_small_page_is_green(small_page):
    assert red_cells(small_page) == set()


def test_changed_outputs_turn_red(small_page, tmp_path):
    """The stored output no longer says what the cell computes."""
    notebook = nbformat.read(small_page, as_version=4)
    _, text, value, listing, figure, widget = code_cells(notebook)
    text.outputs[0].text = change_digit(text.outputs[0].text)
    value.outputs[0].data["text/plain"] = change_digit(value.outputs[0].data["text/plain"])
    listing.outputs[0].text = listing.outputs[0].text.replace("tril(", "triu(")
    break_figure(figure)
    break_widget(widget)
    changed = tmp_path / "changed.ipynb"
    nbformat.write(notebook, changed)
    assert red_cells(changed) == {1, 2, 3, 4, 5}


def test_changed_data_turn_figures_and_widgets_red(small_page, tmp_path):
    """The cell no longer draws what is stored: a point of a curve, and a setting of the widget, moved a little."""
    notebook = nbformat.read(small_page, as_version=4)
    *_, figure, widget = code_cells(notebook)
    figure.source = figure.source.replace("2.0, 3.0", "2.1, 3.0")
    widget.source = widget.source.replace("2.0", "2.1")
    changed = tmp_path / "changed.ipynb"
    nbformat.write(notebook, changed)
    assert red_cells(changed) == {4, 5}


def test_the_words_of_a_figure_change_with_its_data():
    """The picture itself is not what the guard rests on: the digest in its description is."""
    one, other = (
        bundle(lines([1.0, 2.0], {"a": [1.0, y]}, xlabel="x", ylabel="y"), alt="one straight line") for y in (2.0, 2.1)
    )
    assert one["text/plain"] != other["text/plain"]


def break_text(cell) -> None:
    stream = next(output for output in cell.outputs if output.output_type == "stream" and re.search(r"\d", output.text))
    stream.text = change_digit(stream.text)


def break_figure(cell) -> None:
    data = figures_of(cell)[0]
    data["text/plain"] = change_digest(data["text/plain"])


def break_widget(cell) -> None:
    outputs(cell, HTML)[0][HTML] = change_digit(outputs(cell, HTML)[0][HTML])


def break_listing(cell) -> None:
    stream = next(output for output in cell.outputs if output.output_type == "stream" and "def " in output.text)
    stream.text = stream.text.replace("def ", "def not_", 1)


BREAKS: dict[str, tuple[Callable, Callable]] = {
    "text": (break_text, lambda cell: re.search(r"\d", text_of(cell)) and "def " not in text_of(cell)),
    "figure": (break_figure, lambda cell: bool(figures_of(cell))),
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

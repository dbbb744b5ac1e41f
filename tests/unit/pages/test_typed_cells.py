"""What the reader typed on one page is there on the next, and only that."""

import json

import pytest
import torch

from llmbook import nn as library
from llmbook.pages import typed_cells
from llmbook.pages.typed_cells import typed


def write_page(folder, name, *cells):
    """A notebook of (source, tags)."""
    page = {"cells": [{"source": source, "metadata": {"tags": tags}} for source, tags in cells]}
    (folder / f"{name}.ipynb").write_text(json.dumps(page), encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(typed_cells, "CHECKOUT", tmp_path / "nowhere")
    monkeypatch.setattr(typed_cells, "INSTALLED", tmp_path)
    return tmp_path


def test_the_attention_of_page_5_1_is_the_librarys():
    q = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    ours = typed("05-1-the-parts").ScaledDotProductAttention()
    torch.testing.assert_close(ours(q, q, q), library.ScaledDotProductAttention()(q, q, q))


def test_only_tagged_cells_run_and_later_pages_see_earlier_ones(folder):
    write_page(folder, "one", ("one = math.sqrt(1)", ["typed"]), ("one = 5", []), ("one = 6", ["exercise"]))
    write_page(folder, "two", ("two = one + 1", ["typed", "hide-input"]))
    module = typed("one", "two")
    assert (module.one, module.two) == (1, 2)


def test_each_call_makes_a_module_of_its_own(folder):
    write_page(folder, "page", ("class Part(nn.Module): pass", ["typed"]))
    first = typed("page")
    first.Part.changed = True
    assert not hasattr(typed("page").Part, "changed")


def test_nothing_but_three_imports_is_there(folder):
    write_page(folder, "page", ("F.relu", ["typed"]))
    with pytest.raises(NameError, match="'F'"):
        typed("page")


@pytest.mark.parametrize("page", ["empty", "missing"])
def test_a_page_without_typed_cells(folder, page):
    write_page(folder, "empty", ("x = 1", []))
    with pytest.raises(ValueError, match=f"no page '{page}' with cells"):
        typed(page)


def test_a_mistake_says_where_it_stands(folder):
    write_page(folder, "page", ("x = 1", ["typed"]), ("y = x / 0", ["typed"]))
    with pytest.raises(ZeroDivisionError) as caught:
        typed("page")
    assert str(caught.traceback[-1].path).endswith("<page, typed cell 2>")

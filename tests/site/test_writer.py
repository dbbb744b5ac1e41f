"""The writer in Chromium: a stored model comes when it is asked for, and says what it says in PyTorch."""

import gzip
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import Page, expect

from conftest import POLICY, ROOT, serve
from llmbook.inference import filter_logits
from llmbook.pages import Writer
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.writer import MOST_CHARACTERS, pieces, window_start
from test_pages import violations

SCRIPT = ROOT / "_static/generated/widgets/writer.js"
TESTING = ROOT / "_build/testing/testing.js"
STYLE = ROOT / "_static/book.css"
CLOSE = 1e-4  # float32 in PyTorch, float64 in the browser; what is drawn has three decimals
MODEL = "gpt-speeches"
HEAD = """<!doctype html><html lang="en"{theme}><meta charset="utf-8"><title>Writer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="book.css">
<script src="testing.js"></script><script src="_static/generated/widgets/writer.js" defer></script>"""


def page_of(*widgets: Writer, theme: str = "") -> str:
    html = "".join(widget.to_html() for widget in widgets)
    head = HEAD.format(theme=f' data-theme="{theme}"' if theme else "")
    return f"{head}<body><main><h1>Writer</h1>{html}</main></body></html>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Small pages laid out as the site is: a widget's script, and the scripts of its model's parts."""
    folder = tmp_path_factory.mktemp("writer")
    for file, place in ((SCRIPT, "_static/generated/widgets/writer.js"), (TESTING, "testing.js"), (STYLE, "book.css")):
        assert file.is_file(), f"{file.name} is not built: run 'make book'"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(file.read_bytes())
    models = folder / "_static/models"
    models.mkdir()
    for name in (MODEL, "gpt-characters"):
        for file, text in stored_weights.scripts(name).items():
            (models / file).write_text(text, encoding="utf-8")
    pages = {
        "plain": page_of(Writer()),
        "dark": page_of(Writer(), theme="dark"),
        "two": page_of(Writer(), Writer("Once upon a time", temperature=0.5)),
        "letters": page_of(Writer("The state of", model="gpt-characters", top_k=5)),
    }
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def address(folder) -> Iterator[str]:
    with serve(folder) as address:
        yield address


@pytest.fixture
def open_writer(open_page, address) -> Callable[..., Page]:
    def open_(name: str = "plain", *, link: str = "", awake: bool = True, base: str = address, **options) -> Page:
        page, page.seen = open_page(f"{base}/{name}.html{link}", **options)
        page.wait_for_selector(".writer")
        if awake:
            wake(page)
        return page

    return open_


def field(page: Page):
    return page.get_by_label("Your text: the model goes on from its end")


def wake(page: Page) -> None:
    """A click into the field, as a reader's first touch."""
    field(page).first.click()
    expect(page.locator(".writer .sentence").first).to_contain_text("tokens may be drawn", timeout=30_000)


def write(page: Page, text: str) -> None:
    field(page).fill(text)
    settle(page)


def settle(page: Page) -> None:
    """Until what is shown is of the text that stands there."""
    page.wait_for_function(
        "() => { const text = document.querySelector('.writer textarea').value; return window.read === text; }"
    )


def shown(page: Page) -> list[tuple[str, float, float]]:
    """The table of the likeliest tokens: token, chance by the model, chance under the settings."""
    part = page.locator(".writer details", has_text="likeliest tokens as a table")
    if part.get_attribute("open") is None:
        part.locator("summary").click()
        part.locator("tbody tr").first.wait_for()
    rows = [
        [row.locator("th").get_attribute("aria-label") or row.locator("th").inner_text(), *row.locator("td").all_inner_texts()]
        for row in part.locator("tbody tr").all()
    ]
    return [(row[0], float(row[1]), float(row[2])) for row in rows]


def test_it_comes_alive(open_writer):
    page = open_writer()
    print(page.locator(".writer").inner_text())
    print(shown(page)[:5])
    assert page.seen.errors == []

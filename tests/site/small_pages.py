"""Small pages with a few widgets and nothing else, laid out as the site is: scripts, styles, and parts of models."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Page

from conftest import POLICY, ROOT
from llmbook.pages.widgets import stored_weights

WIDGETS = "_static/generated/widgets"
MODELS = "_static/models"
TESTING = ROOT / "_build/testing/testing.js"
STYLES = [ROOT / "_static/book.css", ROOT / "_static/paper.css"]
NO_WORKER = POLICY.replace("worker-src blob:; ", "")


def script_of(widget: str) -> Path:
    return ROOT / WIDGETS / f"{widget}.js"


def lay_out(folder: Path, *widgets: str, parts: Sequence[str] = ()) -> Path:
    """The folder, with these widgets' scripts and the scripts of the parts of what is stored under these names."""
    scripts = {f"{WIDGETS}/{name}.js": script_of(name) for name in widgets}
    for place, file in {**scripts, **{file.name: file for file in (TESTING, *STYLES)}}.items():
        assert file.is_file(), f"{file.name} is not built: run 'make book'"
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(file.read_bytes())
    (folder / MODELS).mkdir()
    for name in parts:
        for file, text in stored_weights.scripts(name).items():
            (folder / MODELS / file).write_text(text, encoding="utf-8")
    return folder


def write_page(folder: Path, name: str, *widgets, theme: str = "") -> None:
    """A page of widgets, or of their HTML, with all scripts of the folder."""
    scripts = sorted(file.name for file in (folder / WIDGETS).glob("*.js"))
    html = [widget if isinstance(widget, str) else widget.to_html() for widget in widgets]
    page = [
        f'<!doctype html><html lang="en"{theme and f" data-theme={theme}"}><meta charset="utf-8"><title>Small</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><script src="testing.js"></script>',
        *(f'<link rel="stylesheet" href="{style.name}">' for style in STYLES),
        *(f'<script src="{WIDGETS}/{script}" defer></script>' for script in scripts),
        f"<body><main><h1>Small</h1>{''.join(html)}</main></body></html>",
    ]
    (folder / f"{name}.html").write_text("\n".join(page), encoding="utf-8")


def write_pages(folder: Path, pages: dict[str, list]) -> None:
    for name, widgets in pages.items():
        write_page(folder, name, *widgets)


def names_of_parts(name: str) -> list[str]:
    stored = stored_weights.describe(name)
    return [f"{name}-{stored['digest']}-{number}.js" for number in range(stored["parts"])]


def parts_loaded(page: Page) -> list[str]:
    """The scripts of parts that the page has asked for."""
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    return [name.rsplit("/", 1)[1] for name in names if "/models/" in name]


@contextlib.contextmanager
def part_away(folder: Path, part: str) -> Iterator[None]:
    """Meanwhile this part does not come."""
    file = folder / MODELS / part
    away = file.rename(file.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(file)


@contextlib.contextmanager
def part_spoilt(folder: Path, part: str) -> Iterator[None]:
    """Meanwhile this part begins with other bytes."""
    file = folder / MODELS / part
    good = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'= "....', '= "AAAA', good), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(good, encoding="utf-8")

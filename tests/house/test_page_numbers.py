"""Each page has a number of its own, and everything that carries a number agrees with it."""

import json
import re
from pathlib import Path

import pytest
from test_rules import ROOT

from document_map import LINE, SECTIONS, Page, numbered_pages, read_page
from llmbook.exercises.catalogue import PAGES, exercises_of

BOOK = numbered_pages(ROOT)
LINKS = re.compile(r"\[(?:[Pp]age )?(\d+\.\d+)\]\(([^)\s#]+)\)")


def number_of_file(docname: str) -> str:
    """What the file's name says: ``04-1-one-head`` and ``04/1-one-head`` are page 4.1."""
    chapter, page = re.search(r"(\d\d)[-/](\d+)-[^/]+$", docname).groups()
    return f"{int(chapter)}.{page}"


def out_of_order(pages: list[Page]) -> list[str]:
    """Pages that do not follow their predecessor: 4.1 comes first in its chapter, and after 4.1 comes 4.2."""
    wrong, before = [], {}
    for page in pages:
        chapter, number = map(int, page.number.split("."))
        if number != before.get(chapter, 0) + 1:
            wrong.append(page.docname)
        before[chapter] = number
    return wrong


def test_each_chapter_counts_its_pages_from_one():
    assert len(BOOK) >= 18
    assert out_of_order(BOOK) == []


def test_files_are_named_as_their_pages_are_numbered():
    assert {page.docname: number_of_file(page.docname) for page in BOOK} == {p.docname: p.number for p in BOOK}


def test_every_page_says_which_section_it_follows():
    assert [page.docname for page in BOOK if not page.sections or set(page.sections) - set(SECTIONS)] == []


def test_exercises_are_named_by_their_page():
    numbers = {re.sub(r"^\d\d-\d+-", "", Path(page.docname).name).replace("-", "_"): page.number for page in BOOK}
    for module in PAGES:
        (number,) = [number for stem, number in numbers.items() if stem.endswith(module)]
        assert {exercise.name.split("-")[0] for exercise in exercises_of(module)} == {number}, module


def sources() -> list[tuple[Path, str]]:
    """Every page, its words only: prose, and the prose cells of notebooks."""
    found = [(path, path.read_text(encoding="utf-8")) for path in [*ROOT.glob("chapters/**/*.md"), ROOT / "index.md"]]
    for path in ROOT.glob("notebooks/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found.append((path, "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")))
    return found


def test_links_call_pages_by_their_numbers():
    numbers = {page.docname: page.number for page in BOOK}
    wrong, met = [], 0
    for path, text in sources():
        for label, target in LINKS.findall(text):
            docname = (path.parent / target).resolve().relative_to(ROOT).with_suffix("")
            met += 1
            if numbers.get(str(docname)) != label:
                wrong.append(f"{path.name}: [{label}]({target})")
    assert met > 10, "the links were not found"
    assert not wrong


def test_tables_of_chapters_list_their_pages_in_order():
    row = re.compile(r"^\| (\d+\.\d+) \| \[[^\]]+\]\(([^)]+)\)", re.MULTILINE)
    for index in ROOT.glob("chapters/*/index.md"):
        chapter = int(index.parent.name)
        listed = [
            (number, str((index.parent / target).resolve().relative_to(ROOT).with_suffix("")))
            for number, target in row.findall(index.read_text(encoding="utf-8"))
        ]
        assert listed == [(page.number, page.docname) for page in BOOK if page.number.startswith(f"{chapter}.")]


def test_what_is_wrong_is_seen(tmp_path):
    pages = [Page(f"x/{n}", n, "t", ("4.1",)) for n in ("4.1", "4.1", "4.3")]
    assert out_of_order(pages) == ["x/4.1", "x/4.3"]
    (tmp_path / "a.md").write_text("# 4.2 A page\n\n*Follows sections 1.1 and 3.2.1 of [the document](x).*\n")
    assert read_page(tmp_path, "a") == Page("a", "4.2", "A page", ("1.1", "3.2.1"))
    (tmp_path / "b.md").write_text("# A page without a number\n")
    assert read_page(tmp_path, "b") is None


@pytest.mark.parametrize("line", ["Follows section 4.1 of the document.", "*Follows the document.*"])
def test_a_line_that_is_none(line):
    assert LINE.search(line) is None

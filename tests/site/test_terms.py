"""In the built pages, the first use of each term leads to its definition, or is it."""

import posixpath
from html.parser import HTMLParser

import pytest

from conftest import ROOT
from glossary import PAGE, WITHOUT_LINKS, Finder, read, reading_order

HTML = ROOT / "_build/html"
ENTRIES = read(ROOT)
FINDER = Finder(ENTRIES)
PAGES = [docname for docname in reading_order(ROOT) if docname not in WITHOUT_LINKS]
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NOT_PROSE = {"h1", "h2", "h3", "h4", "code", "pre", "svg", "math", "thead", "script", "style", "summary", "button"}
MADE_BY_CODE = {"cell", "math", "headerlink", "prev-next-area", "llmbook-widget", "llmbook-figure", "llmbook-cover"}


class Article(HTMLParser):
    """The running text of a built page: each piece with the address it leads to, or the id of what it explains."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        classes = {name for _, attrs in self.open for name in attrs.get("class", "").split()}
        tags = {tag for tag, _ in self.open}
        link = next((attrs for tag, attrs in self.open if tag == "a"), None)
        if "bd-article" not in classes or tags & NOT_PROSE or classes & MADE_BY_CODE:
            return
        if link and "term" not in link.get("class", "").split():
            return
        self.pieces.append((data, link["href"] if link else self.open[-1][1].get("id", "")))


def pieces_of(html: str) -> list[tuple[str, str]]:
    article = Article()
    article.feed(html)
    return article.pieces


def leads_nowhere(pieces: list[tuple[str, str]]) -> list[str]:
    """The terms whose first use on a page is plain text."""
    seen, plain = set(), []
    for text, target in pieces:
        for _, entry in FINDER.find(text):
            defined_here, linked = target == entry.id, target.split("/")[-1] == f"glossary.html#{entry.id}"
            if entry.id not in seen and not (defined_here or linked):
                plain.append(entry.term)
            seen.add(entry.id)
    return plain


def source_of(docname: str) -> str:
    return (HTML / f"{docname}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("docname", PAGES)
def test_the_first_use_of_each_term_leads_to_its_definition(docname):
    assert leads_nowhere(pieces_of(source_of(docname))) == []


def test_a_term_without_a_link_is_found():
    html = source_of("notebooks/04-2-why-sqrt-dk")
    plain = html.replace("#term-variance", "#elsewhere").replace('id="term-saturate"', "")
    assert plain != html
    assert "variance" in leads_nowhere(pieces_of(plain))


def test_a_link_tells_what_no_page_has_explained_yet():
    known, told = set(), set()
    for docname in PAGES:
        known |= {entry.id for entry in ENTRIES if entry.page == docname}
        html = source_of(docname)
        linked = [entry for entry in ENTRIES if f'#{entry.id}"' in html]
        tells = {entry.id for entry in linked if f'#{entry.id}" title="' in html}
        assert tells == {entry.id for entry in linked} - known, docname
        told |= tells
    assert len(told) >= 20


def test_each_entry_is_there_and_leads_to_its_page():
    html = source_of(PAGE)
    places = 0
    for entry in ENTRIES:
        assert f'id="{entry.id}"' in html
        if entry.page:
            address = posixpath.relpath(f"{entry.page}.html", posixpath.dirname(PAGE))
            assert f'href="{address}' in html, entry.term
            if f'href="{address}#{entry.id}"' in html:
                assert f'id="{entry.id}"' in source_of(entry.page), entry.term
                places += 1
    assert places > 25

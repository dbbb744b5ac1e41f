"""The directive ``document-map``: where in the book each section of the document it follows is to be found.

Each page says so itself, in one line of its head: ``*Follows section 4.1 of [the document](…).*``, or ``*Adds to
section 4 of …*`` where the document says nothing. The table is made of these lines, in the order of ``_toc.yml``, so
that it cannot name a page that has moved. A section that does not exist, or a page without such a line, is a warning.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

from page_words import parts_of, source_of

logger = logging.getLogger(__name__)
SECTIONS = {  # of the document, in its order
    "1.1": "How artificial intelligence developed",
    "1.2": "The rise of large language models",
    "1.3": "Why language models matter",
    "2.1": "Natural language processing",
    "2.2": "Deep learning in language processing",
    "2.3": "Self-supervised pre-training",
    "2.4": "Language models and other models",
    "3.1.1": "Self-attention",
    "3.1.2": "Encoder and decoder",
    "3.1.3": "Positional encoding",
    "3.2.1": "Masked language modelling",
    "3.2.2": "Next-sentence prediction",
    "3.2.3": "Causal language modelling",
    "3.3.1": "Model compression",
    "3.3.2": "Efficient attention",
    "3.3.3": "Model parallelism",
    "3.3.4": "Optimising backpropagation",
    "4.1": "Self-attention with one head",
    "4.2": "Self-attention with many heads",
    "4": "added to section 4",
    "5.1": "Importing the libraries",
    "5.2": "Scaled dot-product attention, where the document breaks off",
    "5": "added to section 5",
}
TITLE = re.compile(r"^# (\d+\.\d+) (.+)$", re.MULTILINE)
LINE = re.compile(r"^\*(?:Follows|Adds to) sections? ([\d., and]*\d)\b.*\bthe document\b.*\*$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page that has a number."""

    docname: str
    number: str  # its own, within its chapter
    title: str
    sections: tuple[str, ...]  # of the document


def head(root: Path, docname: str) -> str:
    """The first cell of a notebook, or a page of prose."""
    return parts_of(source_of(root, docname))[0]


def numbered_pages(root: Path) -> list[Page]:
    """The pages of ``_toc.yml`` whose title begins with a number, in order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    docnames = [page["file"] for chapter in toc["chapters"] for page in [chapter, *chapter.get("sections", [])]]
    return [page for docname in docnames if (page := read_page(root, docname))]


def read_page(root: Path, docname: str) -> Page | None:
    """What the page's head says; ``None`` where its title has no number."""
    opening = head(root, docname)
    title = TITLE.match(opening)
    if not title:
        return None
    line = LINE.search(opening)
    sections = tuple(re.findall(r"\d+(?:\.\d+)*", line[1])) if line else ()
    return Page(docname, title[1], title[2], sections)


def link(docname: str, words: str) -> nodes.Node:
    """A reference to a page, under these words."""
    options = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{docname}", "refexplicit": True}
    return addnodes.pending_xref("", nodes.inline("", words), **options)


def table(rows: list[list[nodes.Node]], heads: list[str]) -> nodes.table:
    """A table of inline nodes under these heads."""

    def row(cells: list[nodes.Node]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))

    columns = [nodes.colspec(colwidth=1) for _ in heads]
    head = nodes.thead("", row([nodes.Text(text) for text in heads]))
    body = nodes.tbody("", *map(row, rows))
    return nodes.table("", nodes.tgroup("", *columns, head, body, cols=len(heads)))


class DocumentMap(Directive):
    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        root = Path(env.srcdir)
        pages = numbered_pages(root)
        env.note_dependency(str(root / "_toc.yml"))
        for page in pages:
            env.note_dependency(env.doc2path(page.docname))
            for section in set(page.sections) - set(SECTIONS):
                logger.warning("%s follows section %s, which the document has not", page.docname, section)
            if not page.sections:
                logger.warning("%s does not say which section of the document it follows", page.docname)
        rows = []
        for section, title in SECTIONS.items():
            links = nodes.inline()
            for page in pages:
                if section in page.sections:
                    links += [nodes.Text("; ")] if len(links) else []
                    links += link(page.docname, f"{page.number} {page.title}")
            if len(links):
                number = section if "." in section else ""
                rows.append([nodes.Text(number), nodes.Text(title), links])
        return [table(rows, ["section", "of the document", "pages of the book"])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("document-map", DocumentMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

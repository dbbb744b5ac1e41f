"""The glossary: its page, and a link to it from each page's first use of a term.

``chapters/09/glossary.yml`` says what the terms are. The directive ``glossary-list`` shows them. On every other page
the first use of a term, as a whole word of running text outside headings, links and code, becomes a link to its entry;
where neither an earlier page nor this one explains the term, the link carries the definition as its title. A page that
explains a term and sets it in italics or bold, as *softmax*, is where the entry's own link leads.

In a Chinese edition the Chinese names are looked for instead.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

PAGE = "chapters/09/glossary"
WITHOUT_LINKS = {PAGE, "chapters/09/bibliography"}
NOT_PROSE = (
    nodes.title,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.thead,
    nodes.comment,
)


@dataclass(frozen=True)
class Entry:
    """A term of the field."""

    term: str
    zh: str  # its Chinese name
    definition: str
    page: str | None = None  # that explains it
    also: tuple[str, ...] = ()  # other forms of the word
    only: tuple[str, ...] = ()  # what alone counts as the term, where the word has an everyday meaning too
    never: tuple[str, ...] = ()  # what does not count, although the term is in it

    @property
    def id(self) -> str:
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.term.lower()).strip("-")

    def forms(self, language: str = "en") -> tuple[str, ...]:
        """The words that count as the term; in a Chinese text its Chinese name, and names such as BERT."""
        if language.startswith("zh"):
            return (self.zh, *(form for form in (self.term, *self.also) if form != form.lower()))
        return self.only or (self.term, *self.also)


def read(root: Path) -> tuple[Entry, ...]:
    """The entries of the file, in its order."""
    return parse((root / f"{PAGE}.yml").read_text(encoding="utf-8"))


@cache
def parse(text: str) -> tuple[Entry, ...]:
    rows = yaml.safe_load(text)
    several = ("also", "only", "never")
    return tuple(
        Entry(
            definition=row.pop("is"),
            **{key: tuple(row.pop(key, ())) for key in several},
            **row,
        )
        for row in rows
    )


def reading_order(root: Path) -> list[str]:
    """All pages, as ``_toc.yml`` lists them."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [page["file"] for chapter in toc["chapters"] for page in [chapter, *chapter.get("sections", [])]]
    return [toc["root"], *chapters]


# --- finding the terms of a text -------------------------------------------------------------------------------


class Finder:
    """Finds terms in a text: the longest first, as whole words, in small letters or with the capitals of the entry."""

    def __init__(self, entries: Sequence[Entry], language: str = "en") -> None:
        self.chinese = language.startswith("zh")
        self.named: dict[str, Entry | None] = {}
        for entry in entries:
            self.named |= dict.fromkeys(map(self.key, entry.never), None)
        for entry in entries:
            self.named |= {self.key(form): entry for form in entry.forms(language)}
        longest_first = sorted(self.named, key=len, reverse=True)
        words = "|".join(self.written(form) for form in longest_first)
        self.pattern = re.compile(words if self.chinese else rf"(?<![\w-])(?:{words})(?![\w-])")

    @staticmethod
    def key(form: str) -> str:
        return " ".join(form.split())

    @staticmethod
    def written(form: str) -> str:
        """The form with any space between its words; the first letter of a word in small letters may be a capital."""
        pattern = r"\s+".join(map(re.escape, form.split()))
        return f"(?i:{pattern})" if form == form.lower() else pattern

    def find(self, text: str) -> Iterator[tuple[re.Match[str], Entry]]:
        """Each use of a term in a text, in its order."""
        for match in self.pattern.finditer(text):
            key = self.key(match[0])
            entry = self.named.get(key, self.named.get(key.lower()))
            if entry:
                yield match, entry


# --- the pages -------------------------------------------------------------------------------------------------


def mark_definitions(app: Sphinx, doctree: nodes.document) -> None:
    """Give the place where this page explains a term an address, and remember that there is one."""
    env = app.env
    root = Path(env.srcdir)
    env.note_dependency(str(root / f"{PAGE}.yml"))
    here = [entry for entry in read(root) if entry.page == env.docname]
    forms = {form.lower(): entry for entry in here for form in (entry.term, *entry.forms())}
    marked: list[str] = []
    for node in doctree.findall(lambda node: isinstance(node, nodes.emphasis | nodes.strong)):
        entry = forms.get(" ".join(node.astext().lower().split()))
        if entry and entry.id not in marked:
            node["ids"].append(entry.id)
            marked.append(entry.id)
    env.metadata[env.docname]["explained"] = " ".join(marked)


def explained_on(env: BuildEnvironment, docname: str) -> set[str]:
    return set(env.metadata[docname].get("explained", "").split())


def join_lines(doctree: nodes.document) -> None:
    """Make one text of the lines of a paragraph, so that a term may go over the end of a line."""
    for parent in list(doctree.findall(nodes.TextElement)):
        for i in range(len(parent) - 1, 0, -1):
            if isinstance(parent[i], nodes.Text) and isinstance(parent[i - 1], nodes.Text):
                parent[i - 1 : i + 1] = [nodes.Text(parent[i - 1] + parent[i])]


def is_prose(text: nodes.Text) -> bool:
    """Whether a text belongs to the running text: not to a heading, a link, a formula, code or what code printed."""
    node = text.parent
    while node is not None:
        if isinstance(node, NOT_PROSE) or node.get("nb_element") == "cell_code":
            return False
        node = node.parent
    return True


def link_first_uses(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make the first use of each term a link to its entry."""
    if docname == PAGE:
        link_to_explanations(app, doctree)
    if docname in WITHOUT_LINKS:
        return
    root = Path(app.srcdir)
    order = reading_order(root)
    so_far = set(order[: order.index(docname) + 1]) if docname in order else set(order)
    finder, seen = Finder(read(root), app.config.language), set()
    address = app.builder.get_relative_uri(docname, PAGE)
    join_lines(doctree)
    for text in list(doctree.findall(nodes.Text)):
        if not is_prose(text):
            continue
        parts, end = [], 0
        for match, entry in finder.find(text.astext()):
            if entry.id in seen:
                continue
            seen.add(entry.id)
            if entry.id in text.parent.get("ids", ()):  # this is where it is explained
                continue
            title = "" if entry.page in so_far else entry.definition
            parts += [nodes.Text(text[end : match.start()]), link(match[0], f"{address}#{entry.id}", title)]
            end = match.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text[end:])])


def link(words: str, address: str, title: str = "") -> nodes.reference:
    options = {"reftitle": title} if title else {}
    return nodes.reference("", words, internal=True, refuri=address, classes=["term"], **options)


def link_to_explanations(app: Sphinx, doctree: nodes.document) -> None:
    """On the glossary's page: lead from each entry to the place that explains it."""
    for place in list(doctree.findall(lambda node: isinstance(node, nodes.inline) and "explains" in node)):
        page, term = place["explains"]
        address = app.builder.get_relative_uri(PAGE, page)
        fragment = f"#{term}" if term in explained_on(app.env, page) else ""
        title = app.env.titles[page].astext()
        place += nodes.reference("", title, internal=True, refuri=address + fragment)


class GlossaryList(SphinxDirective):
    """All entries: the term, its Chinese name, what it is, and the page that explains it."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        listed = nodes.definition_list(classes=["glossary"])
        for entry in read(root):
            term = nodes.term("", entry.term, ids=[entry.id])
            if entry.zh != entry.term:
                chinese = f' <span class="zh" lang="zh">{escape(entry.zh)}</span>'
                term += nodes.raw("", chinese, format="html")
            said = nodes.paragraph("", entry.definition)
            if entry.page:
                self.env.note_dependency(self.env.doc2path(entry.page))
                said += [nodes.Text(" → "), nodes.inline("", "", explains=(entry.page, entry.id))]
            listed += nodes.definition_list_item("", term, nodes.definition("", said))
        return [listed]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("glossary-list", GlossaryList)
    app.connect("doctree-read", mark_definitions)
    app.connect("doctree-resolved", link_first_uses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

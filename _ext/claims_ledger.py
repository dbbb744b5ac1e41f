"""The ledger of facts: every row of a table, with its source, both its months, and the pages that show it.

```{claims-ledger} claims
```

Each row has an address, such as ``#claims-xcon-rules`` for the row ``xcon-rules`` of ``claims.csv``. Where a row is
shown is read off the pages: from their roles and tables (see ``claims.py``), from their corrections of the document,
and, in a notebook that asks for the table, from the names in its code.
"""

import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import errata
from claims import COLUMNS, cell, read, table_path
from document_map import read_page
from glossary import reading_order
from markdown_rows import parsed, table_lines, unbroken
from page_words import source_of, words_of

HEADINGS = ["what is said", "source", "looked up", "again by", "shown on"]
SHOWN = re.compile(r"\{claim\}`([^`]+)`|^```\{cited-rows\} (\w+)\n(?::ids: (.*)\n)?", re.MULTILINE)
COMPOSED = re.compile(r'f"(?=\S*-)([a-z0-9-]*)\{\w+\}([a-z0-9-]*)"')  # names of which code puts in a part
CORRECTED = re.compile(r"^```\{errata\} document\n:chapter: (\d+)", re.MULTILINE)

Rows = list[dict[str, str]]


# --- where a row is shown --------------------------------------------------------------------------------------


def said_on(path: Path, root: Path) -> str:
    """What is written on a page, the corrections of the document that it shows among it."""
    text = words_of(path)
    corrections = [row for chapter in CORRECTED.findall(text) for row in corrected_in(root, chapter)]
    return "\n".join([text, *corrections])


def corrected_in(root: Path, chapter: str) -> list[str]:
    return [" ".join(line) for line in errata.rows_of_document(errata.read(root)["document"], chapter)]


def shown_in(words: str, rows: Rows, name: str) -> set[str]:
    """The ids of the rows of the table ``name`` that a page with these words shows.

    Code names rows of a table that it has by their ids. A table that it only draws may have some of the same names.
    """
    ids = {row["id"] for row in rows}
    found = set()
    if re.search(rf'row\["id"\].* in rows\("{name}"\)', words):
        found |= {row_id for row_id in ids if f'"{row_id}"' in words}
        for before, after in COMPOSED.findall(words):
            found |= {row_id for row_id in ids if composed(row_id, before, after, words)}
    for role, listed, chosen in SHOWN.findall(words):
        parts = role.split()
        if len(parts) == 1 and name == "claims":
            found.add(parts[0])
        elif len(parts) == 3 and parts[0] == name:
            found.add(parts[1])
        elif listed == name:
            found |= set(chosen.split()) or ids
    return found & ids


def composed(row_id: str, before: str, after: str, words: str) -> bool:
    """Whether the part that code puts into a name stands in it too: as a string, or as a number's key."""
    if not (row_id.startswith(before) and row_id.endswith(after)):
        return False
    part = re.escape(row_id[len(before) : len(row_id) - len(after)])
    return re.search(rf'"{part}"|\b{part}: ', words) is not None


def pages_that_show(rows: Rows, name: str, root: Path, page: str) -> dict[str, list[str]]:
    """For each id the links from the page ``page`` to the pages that show it, in the order of the book."""
    links: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for docname in reading_order(root):
        path, numbered = source_of(root, docname), read_page(root, docname)
        target = os.path.relpath(path, (root / page).parent)
        label = numbered.number if numbered else chapter_of(docname)
        for row_id in shown_in(said_on(path, root), rows, name):
            links[row_id].append(f"[{label}]({target})")
    return links


def chapter_of(docname: str) -> str:
    """How a page without a number is called: ``chapter 2`` for that chapter's first."""
    chapter = re.fullmatch(r"chapters/(\d+)/index", docname)
    return f"chapter {int(chapter[1])}" if chapter else docname.split("/")[-1]


# --- what it says ----------------------------------------------------------------------------------------------


def sentence(name: str, row: dict[str, str]) -> str:
    """What a row says, in one line."""
    if name == "claims":
        return f"{row['claim']}: **{cell(row, 'value')}**"
    if name == "history":
        return f"{row['year']}: {row['event']}"
    if name == "tools":
        return f"{row['tool']}, to {row['need'][:1].lower()}{row['need'][1:]}: {row['seen']}; {row['licence']}"
    maker = f"{cell(row, 'date')}, {row['organisation']}, {row['model']}"
    if name == "milestones":
        length = f"; reads {cell(row, 'context_tokens')} tokens" if row["context_tokens"] else ""
        return f"{maker}: {row['what']}{length}"
    sizes = {"parameters": "parameters", "active": "used for a token", "tokens": "tokens of training"}
    told = [f"{cell(row, column)} billion {unit}" for key, unit in sizes.items() if row[column := f"{key}_billion"]]
    note = f" ({row['note']})" if row["note"] else ""
    return f"{maker}: {', '.join(told) or 'no size published'}{note}"


def month(row: dict[str, str], column: str) -> str:
    """A month of a row; an event of the past is settled, and has none."""
    return unbroken(row.get(column) or "—")


class ClaimsLedger(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name, root = self.arguments[0], Path(self.env.srcdir)
        if name not in COLUMNS:
            raise self.error(f"there is no table {name!r}; there are {', '.join(COLUMNS)}")
        for path in (
            table_path(name, root),
            root / errata.DATA,
            *(source_of(root, docname) for docname in reading_order(root)),
        ):
            self.env.note_dependency(str(path))
        rows = read(name, root)
        links = pages_that_show(rows, name, root, self.env.docname)
        months = [[month(row, "as_of"), month(row, "review_by")] for row in rows]
        lines = [
            [sentence(name, row), cell(row, "source"), *both, ", ".join(links[row["id"]])]
            for row, both in zip(rows, months, strict=True)
        ]
        made = parsed(self, table_lines(HEADINGS, lines))
        _, *body = [line for node in made for line in node.findall(nodes.row)]
        for row, line in zip(rows, body, strict=True):
            line["ids"].append(f"{name}-{row['id']}")
        return made


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("claims-ledger", ClaimsLedger)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

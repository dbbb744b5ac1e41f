"""The book's letters: what each stands for, its shape, and where it is first used and explained.

```{notation} sizes               a table of one of the lists of ``chapters/09/notation.yml``
```

The lists are ``sizes``, ``matrices``, ``others``, and ``elsewhere``: what a page that follows another work uses in
another sense. ``faults`` says what is wrong with them, measured at the pages' formulas.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from document_map import read_page
from glossary import reading_order
from markdown_rows import parsed, table_lines
from page_words import source_of, words_of

DATA = Path("chapters/09/notation.yml")
KEYS = {  # of each list: those a row must have, and those it may have
    "sizes": ({"name", "is", "first", "page"}, {"code", "paper"}),
    "matrices": ({"name", "is", "shape", "first", "page"}, set()),
    "others": ({"is", "page"}, {"name", "code", "shape"}),
    "elsewhere": ({"name", "page", "is"}, set()),
}
COLUMNS = {
    "sizes": {"name": "letter", "is": "size", "paper": "in the paper", "first": "first used", "page": "explained"},
    "matrices": {"name": "letter", "is": "matrix", "shape": "shape", "first": "first used", "page": "explained"},
    "others": {"name": "sign", "is": "meaning", "shape": "shape", "page": "explained"},
    "elsewhere": {"page": "page", "name": "letter", "is": "there it is"},
}
OVERVIEW = re.compile(r"(chapters/\d+/)?index|chapters/how-to-use")  # speaks of letters before a page uses them
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+)\$(?!\$)", re.DOTALL)
UPRIGHT = re.compile(r"\\(?:text|mathrm|mathcal|mathbf|operatorname\*?)\{[^}]*\}|\\mathsf\s*T")
COMMAND = re.compile(r"\\[A-Za-z]+")
INDEX = re.compile(r"[_^](?:\{[^{}]*\}|\S)")

Row = dict[str, Any]


def read(root: Path) -> dict[str, list[Row]]:
    return yaml.safe_load((root / DATA).read_text(encoding="utf-8"))


# --- letters in formulas ---------------------------------------------------------------------------------------


def prose_of(root: Path, docname: str) -> str:
    """What a page says outside its code cells."""
    return words_of(source_of(root, docname), "markdown")


def formulas(text: str) -> list[str]:
    return [displayed or inline for displayed, inline in FORMULA.findall(text)]


def has(text: str, name: str) -> bool:
    """Whether a formula of the text has the letter, not as an index or in a word. A longer name is sought as is."""
    if len(name) > 1:
        return any(re.search(rf"(?<![A-Za-z]){re.escape(name)}", formula) for formula in formulas(text))
    bare = (INDEX.sub(" ", COMMAND.sub(" ", UPRIGHT.sub(" ", formula))) for formula in formulas(text))
    return any(name in formula for formula in bare)


# --- what can be wrong -----------------------------------------------------------------------------------------


def faults(lists: dict[str, list[Row]], pages: dict[str, str]) -> list[str]:
    """One sentence for each thing that is wrong; ``pages`` are the words of each page, in the order of the book."""
    found = [f"there is no list {name}" for name in KEYS if not lists.get(name)]
    for name, (needed, allowed) in KEYS.items():
        for row in lists.get(name, []):
            called = f"{name}, {row.get('name') or row.get('code')}"
            found += [f"{called}: no {key!r}" for key in sorted(needed - row.keys())]
            found += [f"{called}: unknown key {key!r}" for key in sorted(row.keys() - needed - allowed)]
    return found or pages_at_fault(lists, pages)


def pages_at_fault(lists: dict[str, list[Row]], pages: dict[str, str]) -> list[str]:
    found = []
    excepted = {(row["name"], row["page"]) for row in lists["elsewhere"]}
    for name in KEYS:
        for row in lists[name]:
            letter = row.get("name")
            used = [page for page, words in pages.items() if has(words, letter)] if letter else []
            in_code = [page for page, words in pages.items() if row.get("code") and row["code"] in words]
            if row["page"] not in used + in_code:
                found.append(f"{name}, {letter or row['code']}: {row['page']} does not use it")
            before = [page for page in used if not OVERVIEW.fullmatch(page) and (letter, page) not in excepted]
            if "first" in row and before[:1] != [row["first"]]:
                found.append(f"{name}, {letter}: first used in {' '.join(before[:1])}, and not in {row['first']}")
    return found


# --- on a page -------------------------------------------------------------------------------------------------


def ordered(rows: list[Row], name: str, root: Path) -> list[Row]:
    """In the order of the file; what pages use otherwise in the order of these pages."""
    order = reading_order(root)
    return sorted(rows, key=lambda row: order.index(row["page"])) if name == "elsewhere" else rows


def cell(row: Row, column: str, root: Path) -> str:
    if column in ("first", "page"):
        page = read_page(root, row[column])
        return f"{{doc}}`{page.number if page else row[column]} </{row[column]}>`"
    if column == "name":
        signs = [f"${row['name']}$"] if "name" in row else []
        return ", ".join([*signs, *([f"`{row['code']}`"] if "code" in row else [])])
    if column == "shape":
        return f"${row['shape']}$" if "shape" in row else ""
    if column == "paper":
        return f"${row['paper']}$" if "paper" in row else ""
    return str(row[column])


class Notation(SphinxDirective):
    required_arguments = 1
    option_spec = {"columns": str.split}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        name, root = self.arguments[0], Path(self.env.srcdir)
        self.env.note_dependency(str(root / DATA))
        if name not in COLUMNS:
            raise self.error(f"there are lists of {', '.join(COLUMNS)}, and none of {name!r}")
        shown = self.options.get("columns", list(COLUMNS[name]))
        rows = [[cell(row, column, root) for column in shown] for row in ordered(read(root)[name], name, root)]
        return parsed(self, table_lines([COLUMNS[name][column] for column in shown], rows))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("notation", Notation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""What was put right: in the document that the book follows, and in the book itself.

```{errata} document              where the book corrects the document, section by section
:chapter: 4                       only what is put right in this chapter, in the order of the file
```
```{errata} book                  what a version of the book said and a later one does not
```

``chapters/09/errata.yml`` holds the rows. ``faults`` says what is wrong with them, naming the row and its key; a page
that shows them stops the build where there is a fault.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from document_map import SECTIONS, read_page
from markdown_rows import parsed, table_lines, unbroken

DATA = Path("chapters/09/errata.yml")
KEYS = {
    "document": ("chapter", "section", "says", "right", "shown"),
    "book": ("page", "version", "date", "stood", "right", "found"),
}
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
VERSION = re.compile(r"^## (\S+)$", re.MULTILINE)
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")

Row = dict[str, Any]


def read(root: Path) -> dict[str, list[Row]]:
    """The lists of the file. All values are text: section 4.1 is no number, and a date no object."""
    return yaml.load((root / DATA).read_text(encoding="utf-8"), yaml.BaseLoader)


# --- what can be wrong -----------------------------------------------------------------------------------------


def faults(lists: dict[str, list[Row]], root: Path) -> list[str]:
    """One sentence for each thing that is wrong, naming the list, the row and the key."""
    found = [f"{DATA.name}: there is no list {name!r}" for name in sorted(set(KEYS) - set(lists))]
    found += [f"{DATA.name}: {name!r} is no list of errata" for name in sorted(set(lists) - set(KEYS))]
    checks = {"document": of_document, "book": of_book}
    for name in KEYS:
        for number, row in enumerate(lists.get(name) or [], 1):
            wrong = of_keys(row, KEYS[name]) or checks[name](row, root)
            found += [f"{DATA.name}, {name}, row {number}: {words}" for words in wrong]
    return found


def of_keys(row: object, keys: tuple[str, ...]) -> list[str]:
    if not isinstance(row, dict):
        return [f"{row!r} has no keys"]
    wrong = [f"no {key!r}" for key in keys if not row.get(key)]
    return wrong + [f"unknown key {key!r}" for key in row if key not in keys]


def sections_of(row: Row) -> list[str]:
    return row["section"] if isinstance(row["section"], list) else [row["section"]]


def is_section(section: str) -> bool:
    """Whether the document has it: what the map lists, a part of that, or what that is a part of."""
    return any(section == s or section.startswith(f"{s}.") or s.startswith(f"{section}.") for s in SECTIONS)


def of_document(row: Row, root: Path) -> list[str]:
    wrong = [f"'section': the document has no {s!r}" for s in sections_of(row) if not is_section(s)]
    if not (root / f"chapters/{row['chapter'].zfill(2)}/index.md").is_file():
        wrong.append(f"'chapter': there is no chapter {row['chapter']!r}")
    if not LINK.search(row["shown"]):
        wrong.append("'shown' leads nowhere")
    for key in ("right", "shown"):
        pages = [target for target in LINK.findall(row[key]) if not (root / DATA.parent / target).is_file()]
        wrong += [f"{key!r}: there is no page {target}" for target in pages]
    return wrong


def of_book(row: Row, root: Path) -> list[str]:
    wrong = []
    if not any((root / f"{row['page']}{kind}").is_file() for kind in (".ipynb", ".md")):
        wrong.append(f"'page': there is no page {row['page']}")
    if row["version"] not in VERSION.findall((root / "CHANGELOG.md").read_text(encoding="utf-8")):
        wrong.append(f"'version': the changes know no {row['version']!r}")
    if not DAY.fullmatch(row["date"]):
        wrong.append(f"'date': {row['date']!r} is no day (YYYY-MM-DD)")
    return wrong


# --- on a page -------------------------------------------------------------------------------------------------


def rows_of_document(rows: list[Row], chapter: str | None) -> list[list[str]]:
    """Of one chapter as the file has them; of all chapters in the document's order."""
    chosen = [row for row in rows if chapter in (None, row["chapter"])]
    if chapter is None:
        chosen.sort(key=lambda row: [int(number) for number in sections_of(row)[0].split(".")])
    return [[f"{row['says']} ({' and '.join(sections_of(row))}).", row["right"], row["shown"]] for row in chosen]


def rows_of_book(rows: list[Row], root: Path) -> list[list[str]]:
    made = []
    for row in rows:
        page = read_page(root, row["page"])
        kind = "ipynb" if (root / f"{row['page']}.ipynb").is_file() else "md"
        link = f"[{page.number if page else row['page']}](../../{row['page']}.{kind})"
        stood = f"{row['stood']} (Version {row['version']}.)"
        made.append([link, stood, row["right"], row["found"], unbroken(row["date"])])
    return made


class Errata(SphinxDirective):
    required_arguments = 1
    option_spec = {"chapter": str}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        root, name = Path(self.env.srcdir), self.arguments[0]
        self.env.note_dependency(str(root / DATA))
        if name not in KEYS:
            raise self.error(f"there are errata of {' and of '.join(KEYS)}, and none of {name!r}")
        lists = read(root)
        wrong = faults(lists, root)
        if wrong:
            raise self.error("; ".join(wrong))
        if name == "document":
            rows = rows_of_document(lists[name], self.options.get("chapter"))
            return parsed(self, table_lines(["the document says", "we say", "shown in"], rows))
        heads = ["page", "what stood there", "what is right", "how it was found", "put right"]
        return parsed(self, table_lines(heads, rows_of_book(lists[name], root)))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("errata", Errata)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

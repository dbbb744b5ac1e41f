"""How the book is kept true, in figures that are counted when it is built, and typed nowhere.

```{kept-true} figures            what is compared, guarded, tested, measured and looked up, and how much of it
```
```{kept-true} guards             the guards, each with what proves that it works, from ``CONTRIBUTING.md``
```
```{kept-true} missed             the bars of speed and memory that are not kept, from ``benchmarks/results.json``
```
```{kept-true} mutants            which mistakes were planted, and how many were noticed, from ``tests/mutants``
```
"""

import ast
import json
import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import claims
import errata
import predictions
from markdown_rows import parsed, table_lines, unbroken
from uncompared_cells import uncompared, words_only

GUARDS = re.compile(r"^\| what a reader sees \|.*\n\| ---.*\n((?:\|.*\n)+)", re.MULTILINE)
PLACES = {  # the folders of tests/, and what they look at
    "unit": "the library",
    "notebooks": "the pages' cells",
    "house": "the tree and its data",
    "site": "the pages in a browser",
    "colab": "the copies for Colab",
}
SOURCES = ("CONTRIBUTING.md", "benchmarks/results.json", "tests/mutants/results.json")


# --- counting --------------------------------------------------------------------------------------------------


def cells(root: Path) -> dict[str, int]:
    """How many notebooks and code cells there are, and how many outputs are compared in part or not at all."""
    left_out, compared = uncompared(root / "notebooks")
    return {
        "notebooks": len(list((root / "notebooks").glob("*.ipynb"))),
        "compared": compared,
        "not compared": len(left_out),
        "by words": words_only(root / "notebooks"),
    }


def guards(root: Path) -> list[list[str]]:
    """The rows of the table of guards: what a reader sees, what keeps it true, what proves that the guard works."""
    rows = GUARDS.search((root / "CONTRIBUTING.md").read_text(encoding="utf-8"))[1].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def tests_in(path: Path) -> list[str]:
    """The names of a file's test functions; one with parameters is there once."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.name for node in tree if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def tests(root: Path) -> Counter[str]:
    """The test functions by folder of ``tests/``."""
    found: Counter[str] = Counter()
    for path in (root / "tests").glob("*/**/test_*.py"):
        found[path.relative_to(root / "tests").parts[0]] += len(tests_in(path))
    return found


def canaries(root: Path) -> int:
    """The tests that break a page on purpose; one sees first that it is green before."""
    names = tests_in(root / "tests/notebooks/test_canaries.py")
    return sum(not name.endswith("_is_green") for name in names)


def benchmarks(root: Path) -> tuple[list[dict], list[dict]]:
    """What was measured and has a bar: those that keep it, and those that do not."""
    results = json.loads((root / "benchmarks/results.json").read_text(encoding="utf-8"))["results"]
    barred = [result for result in results if result["bar"] is not None]
    kept = [result for result in barred if result["ok"]]
    return kept, [result for result in barred if not result["ok"]]


def mutants(root: Path) -> dict[str, dict]:
    return json.loads((root / "tests/mutants/results.json").read_text(encoding="utf-8"))


def facts(root: Path) -> tuple[int, int, list[str]]:
    """How many rows the tables of facts have, from how many works, and the months of review, the next one first."""
    rows = [row for table in claims.COLUMNS for row in claims.read(table, root)]
    works = {key for row in rows for key in row["source"].split()}
    return len(rows), len(works), sorted(row["review_by"] for row in rows if row.get("review_by"))


# --- what it says ----------------------------------------------------------------------------------------------


def figures(root: Path) -> list[list[str]]:
    """What is kept true, the figures, and where they are counted."""
    cell, per_folder, (kept, missed) = cells(root), tests(root), benchmarks(root)
    rows, works, reviews = facts(root)
    tried = [row["mutants"] for row in mutants(root).values()], [row["killed"] for row in mutants(root).values()]
    lists, said = errata.read(root), predictions.read(root)
    waiting = [row["due"] for row in said if not row.get("outcome")]
    folders = ", ".join(f"{number:,} of {PLACES[name]}" for name, number in per_folder.most_common())
    return [
        ["outputs of code cells", f"{cell['compared']:,} compared, {cell['not compared']} not", "`notebooks/`"],
        ["figures of training runs", f"{cell['by words']} compared by their words alone", "`notebooks/`"],
        ["guards, each with its proof", f"{len(guards(root))}", "`CONTRIBUTING.md`"],
        ["tests that break pages on purpose", f"{canaries(root)}", "`tests/notebooks/test_canaries.py`"],
        ["test functions", f"{per_folder.total():,}: {folders}", "`tests/`"],
        ["bars of speed and memory", f"{len(kept)} kept, {len(missed)} missed", "`benchmarks/results.json`"],
        ["mistakes planted", f"{sum(tried[0]):,}, of which {sum(tried[1]):,} noticed", "`tests/mutants/results.json`"],
        ["facts that can age", f"{rows} rows from {works} works", "`src/llmbook/pages/facts/`"],
        ["the next fact to be looked up again", unbroken(reviews[0]), "the same"],
        [
            "corrections",
            f"{len(lists['document'])} of the document, {len(lists['book'])} of the book",
            f"`{errata.DATA}`",
        ],
        [
            "predictions",
            f"{len(said)}, of which {len(said) - len(waiting)} judged; the next in {unbroken(min(waiting))}",
            f"`{predictions.DATA}`",
        ],
    ]


def table_of(name: str, root: Path) -> list[str]:
    if name == "figures":
        return table_lines(["what", "how much", "counted in"], figures(root))
    if name == "guards":
        return table_lines(["what you see", "what keeps it true", "what proves that the guard works"], guards(root))
    if name == "missed":
        missed = benchmarks(root)[1]
        lines = [[row["what"], f"{row['value']:g} {row['unit']}", f"{row['bar']:g} {row['unit']}"] for row in missed]
        return table_lines(["what", "measured", "at most"], lines) if lines else ["None: every bar is kept."]
    lines = [
        [name, f"{row['mutants']:,}", f"{row['killed']:,} ({100 * row['killed'] // row['mutants']} %)", row["version"]]
        for name, row in mutants(root).items()
    ]
    return table_lines(["code", "mistakes planted", "noticed", "in version"], lines)


class KeptTrue(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name, root = self.arguments[0], Path(self.env.srcdir)
        if name not in ("figures", "guards", "missed", "mutants"):
            raise self.error(f"there are figures, guards, missed and mutants, and no {name!r}")
        for path in (*SOURCES, errata.DATA, predictions.DATA, *(claims.table_path(t, root) for t in claims.COLUMNS)):
            self.env.note_dependency(str(root / path))
        for path in [*(root / "notebooks").glob("*.ipynb"), *(root / "tests").glob("*/**/test_*.py")]:
            self.env.note_dependency(str(path))
        return parsed(self, table_of(name, root))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("kept-true", KeptTrue)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

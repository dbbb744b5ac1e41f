"""The directive ``uncompared-cells``: every notebook cell whose output the tests do not compare, with its reason.

A cell is left out by a line ``# NBVAL_IGNORE_OUTPUT`` (nbval wants nothing else in it), and gives its reason in the
next line, ``# Why: the reason``. A cell without a reason is a warning. A figure of a training run, of which only the
words are compared (``figures.show(…, digits=None)``), is counted too: its cell asserts what the page says of it.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
MARK = re.compile(
    r"^\s*#+\s*(?:NBVAL_|PYTEST_VALIDATE_)(?:IGNORE_OUTPUT|SKIP)\s*$(?:\n\s*#\s*Why:[ \t]*(.*)$)?", re.MULTILINE
)
TAGS = {"nbval-ignore-output", "pytest-validate-ignore-output", "nbval-skip"}


def uncompared(notebooks: Path) -> tuple[list[tuple[str, int, str]], int]:
    """(notebook, cell number, reason) of each uncompared cell, and how many code cells are compared."""
    found, compared = [], 0
    for path in sorted(notebooks.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        for number, cell in enumerate(code, 1):
            mark = MARK.search("".join(cell["source"]))
            if mark or TAGS & set(cell["metadata"].get("tags", [])):
                found.append((path.name, number, ((mark and mark[1]) or "").strip()))
            else:
                compared += 1
    return found, compared


def words_only(notebooks: Path) -> int:
    """How many figures are compared by their words alone."""
    return sum(path.read_text(encoding="utf-8").count("[words only, digest ") for path in notebooks.glob("*.ipynb"))


class UncomparedCells(Directive):
    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        folder = Path(env.srcdir) / "notebooks"
        for path in folder.glob("*.ipynb"):
            env.note_dependency(str(path))
        found, compared = uncompared(folder)
        for name, number, reason in found:
            if not reason:
                logger.warning("%s: code cell %d is not compared and gives no reason", name, number, type="nbval")
        trained = nodes.paragraph(
            "",
            f"Of {words_only(folder)} figures the words are compared but not the curves: they show training runs, "
            "whose last digits differ from processor to processor. The cell that draws one asserts what the page says.",
        )
        if not found:
            return [nodes.paragraph("", f"None: all {compared} code cells of the book are compared."), trained]
        items = [f"{name}, code cell {number}: {reason}" for name, number, reason in found]
        summary = nodes.paragraph("", f"{compared} code cells are compared; {len(found)} are not:")
        listed = nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", item)) for item in items))
        return [summary, listed, trained]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("uncompared-cells", UncomparedCells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

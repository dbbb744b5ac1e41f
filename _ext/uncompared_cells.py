"""The directive ``uncompared-cells``: every notebook cell whose output the tests do not compare, with its reason.

A cell is left out by a line ``# NBVAL_IGNORE_OUTPUT`` (nbval wants nothing else in it), and gives its reason in the
next line, ``# Why: the reason``. A cell without a reason is a warning.
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
        if not found:
            return [nodes.paragraph("", f"None: all {compared} code cells of the book are compared.")]
        items = [f"{name}, code cell {number}: {reason}" for name, number, reason in found]
        summary = nodes.paragraph("", f"{compared} code cells are compared; {len(found)} are not:")
        return [summary, nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", i)) for i in items))]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("uncompared-cells", UncomparedCells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

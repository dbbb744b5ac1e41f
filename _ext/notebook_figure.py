"""The directive ``notebook-figure``: show, on a page of prose, a figure that a notebook computed.

```{notebook-figure} notebooks/01-5-charts.ipynb
:number: 2
```

shows the second stored figure, its description with it; without ``number``, the first.
"""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from inline_svg import LABEL, PROLOGUE, figure

SVG = "image/svg+xml"


def stored_figures(notebook: Path) -> list[str]:
    """The SVG of every figure in the notebook's outputs, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [PROLOGUE.sub("", "".join(bundle[SVG])) for bundle in data if SVG in bundle]


class NotebookFigure(SphinxDirective):
    required_arguments = 1
    option_spec = {"number": directives.positive_int}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        path, number = Path(self.env.srcdir) / self.arguments[0], self.options.get("number", 1)
        self.env.note_dependency(str(path))
        figures = stored_figures(path) if path.is_file() else []
        if len(figures) < number:
            raise self.error(f"{self.arguments[0]}: there are {len(figures)} stored figures, no number {number}")
        if not LABEL.search(figures[number - 1]):
            raise self.error(f"{self.arguments[0]}: figure {number} has no description")
        return [nodes.raw("", figure(figures[number - 1]), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("notebook-figure", NotebookFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

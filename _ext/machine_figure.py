"""The directive ``machine-figure``: the two machines of chapter 5, each box a link to where its class is built.

A class stands in a cell tagged ``typed`` of one of ``PAGES``; the link leads to the heading above that cell. Without
such a cell the directive is an error, so that a class that moves takes its links along, and one that goes is missed.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from machines import language_model, transformer

PAGES = ("05-1-the-parts", "05-2-the-whole", "05-3-training-loop", "05-5-todays-parts", "05-6-to-todays-llm")
WITHOUT_A_CLASS = {"cross_entropy": ("05-3-training-loop", "How wrong was the guess?")}
HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)


def notebook(page: str) -> Path:
    return Path("notebooks") / f"{page}.ipynb"


def place_of(name: str, root: Path) -> tuple[str, str] | None:
    """The page on which the reader types a class or a function, and the heading above it."""
    if name in WITHOUT_A_CLASS:
        return WITHOUT_A_CLASS[name]
    for page in PAGES:
        heading = ""
        for cell in json.loads((root / notebook(page)).read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                heading = (HEADING.findall(source) or [heading])[-1]
            elif "typed" in cell["metadata"].get("tags", []) and re.search(rf"^(?:class|def) {name}\b", source, re.M):
                return page, heading
    return None


class MachineFigure(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        for page in PAGES:
            self.env.note_dependency(str(root / notebook(page)))

        def link(name: str) -> tuple[str, str]:
            place = place_of(name, root)
            if place is None:
                raise self.error(f"{name} is typed on none of {', '.join(PAGES)}")
            page, heading = place
            address = self.env.app.builder.get_relative_uri(self.env.docname, notebook(page).with_suffix("").as_posix())
            return f"{address}#{nodes.make_id(heading)}", ".".join(page.split("-")[:2]).removeprefix("0")

        machines = transformer(link) + language_model(link)
        figure = f'<figure class="llmbook-figure llmbook-machines"><div>{machines}</div></figure>'
        return [nodes.raw("", figure, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("machine-figure", MachineFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

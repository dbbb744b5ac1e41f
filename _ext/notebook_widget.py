"""The directive ``notebook-widget``: show, on a page of prose, the first widget that a notebook shows.

```{notebook-widget} notebooks/04-1-one-head.ipynb
:as: word_arcs
```

With ``as`` another front end shows it: one that reads the same state.
"""

import json
import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx


def first_widget(notebook: Path) -> str | None:
    """The stored HTML of the first widget in the notebook's outputs."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            html = "".join(output.get("data", {}).get("text/html", ""))
            if 'class="llmbook-widget"' in html:
                return html
    return None


def shown_by(front_end: str, html: str) -> str:
    """The widget under another front end."""
    return re.sub(r'(?<=data-widget=")\w+', front_end, html, count=1)


class NotebookWidget(Directive):
    required_arguments = 1
    option_spec: ClassVar = {"as": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        path = Path(env.srcdir) / self.arguments[0]
        env.note_dependency(str(path))
        html = first_widget(path) if path.is_file() else None
        if html is None:
            raise self.error(f"{self.arguments[0]}: no stored widget there")
        if "as" in self.options:
            html = shown_by(self.options["as"], html)
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("notebook-widget", NotebookWidget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

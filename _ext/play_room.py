"""The book's own models on its pages: a widget that plays with one, and the scripts that bring its weights.

```{play} Writer
```

shows the widget of this name as it is when it is made without arguments. Wherever a page holds a widget with a stored
model, from here or from a notebook, the model's parts are written to ``_static/models/``, a script each; no page loads
them, the widget adds them when a reader first uses it. A stored output whose model was trained anew since is an error.
"""

import hashlib
import json
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

LIBRARY = Path("src/llmbook")
TELLING = (".py", ".json", ".csv", ".heads", ".f16")  # the card of a model tells of its weights
MODELS = re.compile(r'<div class="llmbook-widget"[^>]* data-model="([^"]+)"')  # each with its digest, spaces between


def html_of(name: str, root: Path, memory: Path) -> str:
    """The widget's HTML; kept as long as the library stays the same, since PyTorch takes a while to load."""
    sources = sorted(path for path in (root / LIBRARY).rglob("*") if path.suffix in TELLING)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    kept = memory / f"{name}-{digest}.json"
    if not kept.is_file():
        from llmbook.pages import widgets

        html = getattr(widgets, name)().to_html()
        memory.mkdir(parents=True, exist_ok=True)
        for old in memory.glob(f"{name}-*.json"):
            old.unlink()
        kept.write_text(json.dumps(html), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


class Play(Directive):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        for path in sorted((Path(env.srcdir) / LIBRARY / "pages/widgets").glob("*.py")):
            env.note_dependency(str(path))
        for path in sorted((Path(env.srcdir) / LIBRARY / "pretrained/stored").glob("*.json")):
            env.note_dependency(str(path))
        html = html_of(self.arguments[0], Path(env.srcdir), Path(env.doctreedir) / "play_room")
        return [nodes.raw("", html, format="html")]


def models_in(folder: Path) -> dict[str, str]:
    """The stored models, and counts, that pages have widgets of, each with its digest."""
    found: dict[str, str] = {}
    for page in sorted(folder.rglob("*.html")):
        models = " ".join(MODELS.findall(page.read_text(encoding="utf-8"))).split()
        for name, _, digest in (model.rpartition("-") for model in models):
            if found.setdefault(name, digest) != digest:
                raise ExtensionError(f"{page.name} shows another {name} than a page before it")
    return found


def write_models(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static/models"
    wanted = models_in(Path(app.outdir))
    for path in folder.glob("*.js"):
        if not any(path.name.startswith(f"{name}-{digest}-") for name, digest in wanted.items()):
            path.unlink()
    for name, digest in wanted.items():
        if not any(folder.glob(f"{name}-{digest}-*.js")):
            write_parts(name, digest, folder)


def write_parts(name: str, digest: str, folder: Path) -> None:
    from llmbook.pages.widgets import stored_weights

    if stored_weights.digest(name) != digest:
        raise ExtensionError(f"a stored output shows {name} as it was before it was trained anew: run its notebook")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in stored_weights.scripts(name).items():
        (folder / file).write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("play", Play)
    app.connect("build-finished", write_models)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Exercises on a page: the place of a field for each answer, and no word about running where nothing runs.

A notebook asks its exercises in cells tagged ``exercise``, each with a call of ``check``, and answers them in cells
tagged ``solution``. On the page the first loses its output (“Not yet”) and gets a place: ``web/src/answers`` puts a
field there for a value, and a function's place says where to run it. The second loses its title, which Colab needs.
What a field must know is made from the declaration by ``llmbook.exercises.on_page`` and written to
``_static/exercises/``, a script for each module; a page loads it when a reader turns to a field. An exercise that
cannot be judged there is an error, by name.
"""

import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from colab_button import colab_address

LIBRARY = Path("src/llmbook")
CALL = re.compile(r'\bcheck\("([^"]+)"')
TITLE = "# @title Solution\n"
RUN = "Replace the three dots and run the cell."
INSTEAD = "Answer in the field where there is one. For the others open the page in a notebook, and replace the dots."

Data = dict[str, dict[str, Any]]  # by module: what each exercise asks for, and the text the page keeps of all


def declarations(root: Path, memory: Path) -> Data:
    """What the declarations say; kept as long as the library stays the same, since PyTorch takes a while to load."""
    sources = sorted(path for path in (root / LIBRARY).rglob("*") if path.suffix in (".py", ".csv"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    kept = memory / f"{digest}.json"
    if not kept.is_file():
        found = declared()
        memory.mkdir(parents=True, exist_ok=True)
        for old in memory.glob("*.json"):
            old.unlink()
        kept.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def declared() -> Data:
    from llmbook.exercises.on_page import all_pages, as_text

    try:
        pages = all_pages()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    return {
        module: {"asks": {name: data["asks"] for name, data in exercises.items()}, "text": as_text(exercises)}
        for module, exercises in pages.items()
    }


def script_of(module: str, text: str) -> str:
    """The script that hands a module's exercises to the page."""
    return f"(globalThis.llmbookExercises ??= {{}})[{json.dumps(module)}] = {json.dumps(text)};\n"


def where_to_run(address: str | None) -> str:
    """A sentence with the places where a page runs."""
    own = "with <code>make lab</code> on your own machine"
    colab = f'<a href="{html.escape(address)}">in Colab</a>, or ' if address else ""
    return f"The answer is a function: run this one {colab}{own}."


def place_of(name: str, module: str, asks: str, docname: str, address: str | None) -> nodes.raw:
    """Where a field will be, or the sentence on where to run."""
    data = {"name": name, "asks": asks, "module": module, "page": docname}
    attributes = "".join(f' data-{key}="{html.escape(value)}"' for key, value in data.items())
    inner = f"<p>{where_to_run(address)}</p>" if asks == "function" else ""
    return nodes.raw("", f'<div class="llmbook-exercise"{attributes}>{inner}</div>', format="html")


def cells(doctree: nodes.document, tag: str) -> list[nodes.container]:
    return [node for node in doctree.findall(nodes.container) if f"tag_{tag}" in node["classes"]]


def without_output(cell: nodes.container) -> None:
    for part in [part for part in cell.children if "cell_output" in part.get("classes", [])]:
        cell.remove(part)


def without_title(cell: nodes.container) -> None:
    for block in cell.findall(nodes.literal_block):
        if block.astext().startswith(TITLE):
            code = block.astext().removeprefix(TITLE)
            block.rawsource = code
            block.children = []
            block += nodes.Text(code)


def reword(doctree: nodes.document) -> None:
    """A page says where to answer, and a notebook to replace its dots."""
    for text in list(doctree.findall(nodes.Text)):
        if text.startswith(RUN) and isinstance(text.parent, nodes.paragraph):
            text.parent.replace(text, nodes.Text(INSTEAD + text.removeprefix(RUN)))


def add_places(app: Sphinx, doctree: nodes.document) -> None:
    docname = app.env.docname
    asked = cells(doctree, "exercise")
    if not asked:
        return
    reword(doctree)
    known = {
        name: (module, asks) for module, page in app.llmbook_exercises.items() for name, asks in page["asks"].items()
    }
    address = colab_address(app.config.html_theme_options.get("repository_url", ""), docname)
    for cell in asked:
        called = CALL.search(cell.astext())
        if not called or called[1] not in known:
            raise ExtensionError(f"{docname}: no exercise {called[1] if called else 'is checked in a cell so tagged'}")
        module, asks = known[called[1]]
        without_output(cell)
        cell.parent.insert(cell.parent.index(cell) + 1, place_of(called[1], module, asks, docname, address))
        app.env.note_dependency(str(Path(app.srcdir) / LIBRARY / f"exercises/{module}.py"))
    for cell in cells(doctree, "solution"):
        without_title(cell)


def read_declarations(app: Sphinx) -> None:
    app.llmbook_exercises = declarations(Path(app.srcdir), Path(app.doctreedir) / "exercise_fields")


def write_scripts(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static/exercises"
    folder.mkdir(parents=True, exist_ok=True)
    for module, page in app.llmbook_exercises.items():
        (folder / f"{module}.js").write_text(script_of(module, page["text"]), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", read_declarations)
    app.connect("doctree-read", add_places)
    app.connect("build-finished", write_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

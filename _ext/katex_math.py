"""Typeset every formula while the book is built, so that a reader needs no script to see it.

KaTeX writes each formula twice: as HTML for the eye and as MathML for screen readers. It runs in one Node process that
is asked line by line and ends with its input, whatever becomes of the build. A formula KaTeX cannot read is a warning.
"""

import json
import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

WEB = Path(__file__).resolve().parent.parent / "web"
SERVER = """
const katex = require("katex");
const options = { output: "htmlAndMathml", strict: "error", trust: false };
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { latex, displayMode } = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(latex, { ...options, displayMode }) }; }
  catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify(answer));
});
"""
logger = logging.getLogger(__name__)


class Typesetter:
    """KaTeX in a process of its own, started at the first formula; what was asked before is remembered."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.known: dict[tuple[str, bool], dict[str, str]] = {}

    def start(self) -> subprocess.Popen:
        node = shutil.which("node")
        if not node:
            raise ExtensionError("Node was not found: 'make book' installs it, or put node on the PATH")
        pipe = subprocess.PIPE
        return subprocess.Popen([node, "-e", SERVER], cwd=WEB, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def __call__(self, latex: str, display: bool) -> dict[str, str]:
        if (latex, display) not in self.known:
            self.process = self.process or self.start()
            self.process.stdin.write(json.dumps({"latex": latex, "displayMode": display}).encode() + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if not answer:
                raise ExtensionError("KaTeX did not answer: is it installed? ('npm ci' in web/, or 'make book')")
            self.known[latex, display] = json.loads(answer)
        return self.known[latex, display]

    def stop(self, *_: object) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=10)
            self.process = None


typeset = Typesetter()


def html_of(node: nodes.Node, display: bool) -> str:
    answer = typeset(node.astext(), display)
    if "error" in answer:
        logger.warning("formula: %s", answer["error"], location=node, type="katex")
    return answer.get("html", "")


def visit_inline(translator, node: nodes.math) -> None:
    translator.body.append(f'<span class="math">{html_of(node, False)}</span>')
    raise nodes.SkipNode


def visit_display(translator, node: nodes.math_block) -> None:
    translator.body.append(translator.starttag(node, "div", CLASS="math", tabindex="0", role="group"))
    if node["number"]:
        translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})</span>')
    translator.body.append(f"{html_of(node, True)}</div>")
    raise nodes.SkipNode


def copy_assets(app: Sphinx) -> None:
    """KaTeX's style sheet and its woff2 fonts, of the version that typesets, beside the page's own."""
    source, target = WEB / "node_modules/katex/dist", Path(app.srcdir) / "_static/generated/katex"
    if not source.is_dir():
        raise ExtensionError("KaTeX is not installed: run 'make book', or 'npm ci' in web/")
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "katex.min.css", target)
    for font in source.glob("fonts/*.woff2"):
        shutil.copy(font, target / "fonts")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer(
        "katex_math", inline_renderers=(visit_inline, None), block_renderers=(visit_display, None)
    )
    app.connect("builder-inited", copy_assets)
    app.connect("build-finished", typeset.stop)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

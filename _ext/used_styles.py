"""Leave out of the theme's style sheets what no page uses: of 400 kilobytes, nine tenths.

What is in use is read from the built pages (tags, classes, ids, attributes) and from the scripts they load, whose every
word may be a class that appears later. The rules are dropped by PurgeCSS, in ``web/purge.mjs``; the book's own style
sheets are left whole; all are minified. The answer is kept beside the doctrees, for the next build with the same words.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

WEB = Path(__file__).resolve().parent.parent / "web"
TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[^\s=<>/\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*)\s*/?>")
ATTRIBUTE = re.compile(r"([^\s=\"'<>/]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+)))?")
TELLING = {"class", "id", "role", "type", "open", "hidden"}  # other attributes' values are no part of a selector
WORD = re.compile(r"[A-Za-z_][\w-]*")
VARIABLE = re.compile(r"var\(\s*--[\w-]+")  # in a picture or a style attribute
LOADED = re.compile(r'<(?:link\b(?=[^>]*\srel="stylesheet")[^>]*?\shref|script\b[^>]*?\ssrc)="([^"]+)"')


def words_of_page(page: str) -> set[str]:
    """Every tag, and of its attributes the names, and the words of those that selectors speak of."""
    found: set[str] = set()
    for tag, attributes in set(TAG.findall(page)):
        found.add(tag)
        for name, *values in ATTRIBUTE.findall(attributes):
            found.add(name)
            if name in TELLING or name.startswith(("data-", "aria-")):
                found.update("".join(values).split())
    return found


def words_of_script(script: str) -> set[str]:
    return set(WORD.findall(script))


def loaded_by(page: Path) -> set[Path]:
    """The style sheets and scripts of a built page, as files."""
    addresses = LOADED.findall(page.read_text(encoding="utf-8"))
    return {(page.parent / urlsplit(address).path).resolve() for address in addresses}


def shorten(
    words: list[str], styles: dict[str, str], whole: dict[str, str], others: list[str], memory: Path
) -> dict[str, str]:
    """The style sheets without rules for none of the words, and variables for none of the rules and the ``others``.

    Those that stay ``whole`` come with them; all are minified.
    """
    question = json.dumps({"words": words, "styles": styles, "whole": whole, "others": others})
    tool = (WEB / "purge.mjs").read_bytes() + (WEB / "package-lock.json").read_bytes()
    kept = memory / f"{hashlib.sha256(tool + question.encode()).hexdigest()}.json"
    if not kept.is_file():
        node = shutil.which("node")
        if not node:
            raise ExtensionError("Node was not found: 'make book' installs it, or put node on the PATH")
        answer = subprocess.run([node, "purge.mjs"], cwd=WEB, input=question, capture_output=True, text=True)
        if answer.returncode:
            raise ExtensionError(f"the style sheets could not be shortened: {answer.stderr.strip()[-500:]}")
        shutil.rmtree(memory, ignore_errors=True)
        memory.mkdir(parents=True)
        kept.write_text(answer.stdout, encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def drop_unused(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir).resolve()
    pages = [path for path in out.rglob("*.html") if "_static" not in path.parts]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    loaded = {path for page in pages for path in loaded_by(page) if path.is_file()}
    # The basic style sheet is loaded by another one.
    sheets = {path for path in loaded if path.suffix == ".css"} | {out / "_static/basic.css"}
    ours = {out / "_static" / path.name: path for path in (Path(app.srcdir) / "_static").glob("*.css")}
    styles = {str(path.relative_to(out)): path.read_text(encoding="utf-8") for path in sorted(sheets - set(ours))}
    whole = {str(path.relative_to(out)): ours[path].read_text(encoding="utf-8") for path in sorted(sheets & set(ours))}
    others = [" ".join(sorted({name for text in texts for name in VARIABLE.findall(text)}))]
    words = {word for text in texts for word in words_of_page(text)}
    for path in loaded:
        if path.suffix == ".js" and path.name != "searchindex.js":
            words |= words_of_script(path.read_text(encoding="utf-8"))
    for name, css in shorten(sorted(words), styles, whole, others, Path(app.doctreedir) / "used_styles").items():
        (out / name).write_text(css, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", drop_unused, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

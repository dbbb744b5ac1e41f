"""The last hand on every page: nothing from other hosts, no inline script, no theme part the book does not use.

The theme and its extensions write some scripts into each page: a kernel launcher with a foreign address, a megabyte of
icons drawn by script, small settings. The launcher and the icons go; settings move into files named by their content,
so that a content security policy can forbid inline scripts. What the theme names unhelpfully is renamed for screen
readers.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

UNUSED = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>'
    r"|<script>(?:const THEBE_JS_URL|kernelName|DOCUMENTATION_OPTIONS|let toggle|var togglebutton)[^<]*</script>"
    r'|<script[^>]*src="[^"]*(?:sphinx-thebe|fontawesome|togglebutton|design-tabs)\.js[^"]*"[^>]*></script>'
    r'|<link[^>]*href="[^"]*(?:sphinx-thebe|togglebutton)\.css[^"]*"[^>]*/>'
    r'|<meta name="viewport" content="width=device-width, initial-scale=1" ?/>'
    r'|<div id="pst-scroll-pixel-helper"></div>',
    re.DOTALL,
)
INLINE = re.compile(r'<script(?: data-cfasync="false")?>(.+?)</script>', re.DOTALL)

RENAMED = {  # what the theme says to a screen reader that differs from what it shows, and landmarks it leaves out
    'title="Search" aria-label="Search"': 'title="Search"',
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<summary><span class="toctree-toggle"': '<summary aria-label="Pages of this chapter"><span class="toctree-toggle"',
    '<div id="pst-primary-sidebar"': '<div role="navigation" aria-label="Sidebar" id="pst-primary-sidebar"',
    ' role="doc-biblioentry"': "",  # deprecated, and not allowed where the theme puts it
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    'onclick="window.print()"': 'data-call="print"',
    'onclick="toggleFullScreen()"': 'data-call="toggleFullScreen"',
}


def cleaned(page: str, static: str, folder: Path) -> str:
    """The page without what it does not use, its inline scripts in files of ``folder``, reached under ``static``."""

    def to_file(match: re.Match) -> str:
        name = f"{hashlib.sha256(match[1].encode()).hexdigest()[:12]}.js"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(match[1].strip() + "\n", encoding="utf-8")
        return f'<script src="{static}/inline/{name}"></script>'

    page = INLINE.sub(to_file, UNUSED.sub("", page))
    for theirs, ours in RENAMED.items():
        page = page.replace(theirs, ours)
    return page


def wrap_templates(app: Sphinx) -> None:
    templates = app.builder.templates
    render = templates.render

    def render_clean(template: str, context: dict[str, Any]) -> str:
        page = render(template, context)
        if not template.endswith(".html") or "pathto" not in context:
            return page
        static = context["pathto"]("_static", resource=True)
        return cleaned(page, static, Path(app.outdir) / "_static/inline")

    templates.render = render_clean


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", lambda app: wrap_templates(app) if app.builder.format == "html" else None)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

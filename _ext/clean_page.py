"""The last hand on every page: nothing from other hosts, no inline script, no theme part the book does not use.

The theme and its extensions write some scripts into each page: a kernel launcher with a foreign address, a megabyte of
icons drawn by script, the whole search index, small settings. What moves on our pages is ``_static/frame.js``; the
theme's own scripts go, and a page loads only what it has a use for: the search page the search, a page with a widget
that widget's, one with exercises their fields (and the judge when a reader turns to one), one with formulas their style
sheet, one with a line for each seed what draws one. Settings move into files named by their content, so that a
content security policy can forbid inline scripts. What the theme names unhelpfully is renamed for screen readers.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

UNUSED = re.compile(
    r'<script type="text/x-thebe-config">.*?</script>'
    r"|<script>(?:const THEBE_JS_URL|kernelName|DOCUMENTATION_OPTIONS|let toggle|var togglebutton)[^<]*</script>"
    r'|<script data-cfasync="false">.*?</script>'
    r'|<script[^>]*src="[^"]*(?:sphinx-thebe|fontawesome|togglebutton|design-tabs|clipboard\.min|copybutton|bootstrap'
    r'|pydata-sphinx-theme|sphinx-book-theme|generated/judge)\.js[^"]*"[^>]*></script>'
    r'|<link[^>]*href="[^"]*(?:sphinx-thebe|togglebutton|copybutton)\.css[^"]*"[^>]*/>'
    r'|<link rel="preload" as="script"[^>]*>'
    r'|<meta name="viewport" content="width=device-width, initial-scale=1" ?/>'
    r'|<meta name="docsearch:[^>]*>'
    r'|<div id="pst-scroll-pixel-helper"></div>'
    r'|<button type="button" class="btn rounded-pill" id="pst-back-to-top">.*?</button>'
    r'|<div class="pst-async-banner-revealer d-none">.*?</div>'
    r'|<div class="sidebar-primary-items__end sidebar-primary__section">\s*<div class="sidebar-primary-item">\s*'
    r'<div id="ethical-ad-placement".*?</div>\s*</div>\s*</div>',
    re.DOTALL,
)
# The bar across the page's top repeats the buttons above the text, and is empty without them.
HEADER = re.compile(r'<header id="pst-header".*?</header>', re.DOTALL)
SEARCH = re.compile(
    r'<script[^>]*src="[^"]*(?:documentation_options|doctools|sphinx_highlight|searchtools|language_data|searchindex)'
    r'\.js[^"]*"[^>]*></script>'
)
WIDGET = re.compile(r'<script[^>]*src="[^"]*generated/widgets/(\w+)\.js[^"]*"[^>]*></script>')
ANSWERS = re.compile(r'<script[^>]*src="[^"]*generated/answers\.js[^"]*"[^>]*></script>')
CALIBRATION = re.compile(r'<script[^>]*src="[^"]*generated/calibration\.js[^"]*"[^>]*></script>')
SEEDS = re.compile(r'<script[^>]*src="[^"]*generated/seeds\.js[^"]*"[^>]*></script>')
FORMULAS = re.compile(r'<link[^>]*href="[^"]*katex\.min\.css[^"]*"[^>]*/>')
NEEDED_BY = {  # what a page loads, and by what in it one sees that it has a use for it
    SEARCH: 'id="search-results"',
    FORMULAS: 'class="katex',
    ANSWERS: 'class="llmbook-exercise"',
    CALIBRATION: 'class="llmbook-calibration"',
    SEEDS: ' data-seed="',
}
# Names and punctuation have the colour of the text: every second mark of a program would say nothing.
PLAIN = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')
INLINE = re.compile(r"<script>(.+?)</script>", re.DOTALL)

RENAMED = {  # what the theme says to a screen reader that differs from what it shows, and landmarks it leaves out
    'title="Search" aria-label="Search"': 'title="Search"',
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<summary><span class="toctree-toggle"': '<summary aria-label="Pages of this chapter"><span class="toctree-toggle"',
    '<div id="pst-primary-sidebar"': '<div role="navigation" aria-label="Sidebar" id="pst-primary-sidebar"',
    ' role="doc-biblioentry"': "",  # deprecated, and not allowed where the theme puts it
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    'onclick="window.print()"': 'data-action="print"',
    'onclick="toggleFullScreen()"': 'data-action="fullscreen"',
    'theme-switch-button pst-js-only"': 'theme-switch-button pst-js-only" data-action="mode"',
    'primary-toggle btn btn-sm" title="Toggle primary sidebar"': (
        'primary-toggle pst-js-only btn btn-sm" title="Pages of the book" aria-haspopup="dialog"'
    ),
    'secondary-toggle btn btn-sm pst-navbar-icon" title="Toggle secondary sidebar"': (
        'secondary-toggle pst-js-only btn btn-sm pst-navbar-icon" title="On this page" aria-haspopup="dialog"'
    ),
    # The theme adds these classes by script; they keep the frame off paper.
    'class="bd-header-article d-print-none"': 'class="bd-header-article d-print-none noprint"',
    'class="bd-sidebar-primary bd-sidebar"': 'class="bd-sidebar-primary bd-sidebar noprint"',
    'class="bd-sidebar-secondary bd-toc"': 'class="bd-sidebar-secondary bd-toc noprint"',
    'class="bd-footer-content"': 'class="bd-footer-content noprint"',
}


def cleaned(page: str, static: str, folder: Path) -> str:
    """The page without what it does not use, its inline scripts in files of ``folder``, reached under ``static``."""

    def to_file(match: re.Match) -> str:
        name = f"{hashlib.sha256(match[1].encode()).hexdigest()[:12]}.js"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(match[1].strip() + "\n", encoding="utf-8")
        return f'<script src="{static}/inline/{name}"></script>'

    page = PLAIN.sub(r"\1", HEADER.sub("", UNUSED.sub("", page)))
    for parts, sign in NEEDED_BY.items():
        if sign not in page:
            page = parts.sub("", page)
    page = WIDGET.sub(lambda script: script[0] if f'data-widget="{script[1]}"' in page else "", page)
    page = INLINE.sub(to_file, page)
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


def number_no_figures(app: Sphinx, config: Config) -> None:
    """The theme's default asks for it, the book shows no such numbers, and counting reads every page at each build."""
    config.numfig = False


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", number_no_figures, priority=900)  # after the one that asks for it
    app.connect("builder-inited", lambda app: wrap_templates(app) if app.builder.format == "html" else None)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The button that opens a notebook page in Colab, where the repository's address is known; none where it is not."""

import re
from pathlib import PurePosixPath
from typing import Any

from sphinx.application import Sphinx

COLAB = "https://colab.research.google.com/github/{repository}/blob/gh-pages/colab/{name}.ipynb"


def colab_address(repository_url: str, pagename: str) -> str | None:
    """Where Colab finds the copy of this page; None for a page of prose, or without a GitHub repository."""
    match = re.fullmatch(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?", repository_url or "")
    if not match or not pagename.startswith("notebooks/"):
        return None
    return COLAB.format(repository=match[1], name=PurePosixPath(pagename).name)


def add_button(app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object) -> None:
    options = app.config.html_theme_options
    address = colab_address(options.get("repository_url", ""), pagename)
    if address:
        button = {"type": "link", "url": address, "text": "Open in Colab", "tooltip": "Run this page in Colab",
                  "icon": "fas fa-rocket", "label": "open-in-colab"}  # fmt: skip
        context.setdefault("header_buttons", []).insert(0, button)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_button, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

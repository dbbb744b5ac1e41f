"""Put a figure's SVG into the page itself, so that the page's theme colours it and its description is read aloud.

A notebook's figure carries its description as the ``aria-label`` of the SVG (see ``llmbook.pages``). A picture of any
kind without a description is a warning, and so fails the build. On a narrow screen a figure shrinks until its smallest
letters have ``SMALLEST`` pixels; from there on it scrolls in its own place.
"""

import re
from typing import Any

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
LABEL = re.compile(r'<svg\b[^>]*\saria-label="[^"]+')
PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
WIDTH = re.compile(r'<svg\b[^>]*\sviewBox="\S+ \S+ (\S+) ')
SIZE = re.compile(r'<text\b[^>]*style="[^"]*?font(?:-size)?:(?:[^;"]*?\s)?([\d.]+)px')
SMALLEST = 9  # pixels

render_other = NbElementRenderer.render_image


def figure(svg: str) -> str:
    """An SVG as a figure of the page, with the least width at which its letters can be read."""
    width, sizes = WIDTH.search(svg), [float(size) for size in SIZE.findall(svg)]
    least = f' style="--least: {float(width[1]) * SMALLEST / min(sizes):.0f}px"' if width and sizes else ""
    return f'<figure class="llmbook-figure"{least}>{svg}</figure>'


def render_image(self: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
    if data.mime_type != "image/svg+xml":
        return render_other(self, data)
    svg = PROLOGUE.sub("", data.string)
    if not LABEL.search(svg):
        logger.warning("figure without a description (aria-label): %.80s", svg, type="alt")
    return [nodes.raw("", figure(svg), format="html", classes=["output"])]


def check_images(app: Sphinx, doctree: nodes.document) -> None:
    for image in doctree.findall(nodes.image):
        if not image.get("alt", "").strip():
            logger.warning("image without alt text: %s", image.get("uri"), location=image, type="alt")


def setup(app: Sphinx) -> dict[str, Any]:
    NbElementRenderer.render_image = render_image
    app.connect("doctree-read", check_images)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

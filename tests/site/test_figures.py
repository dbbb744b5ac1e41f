"""Figures on a narrow screen: their letters stay legible, and what is wider than the screen scrolls by keys."""

import pytest

from conftest import ROOT
from inline_svg import SMALLEST

HTML = ROOT / "_build/html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if '<figure class="llmbook-figure"' in path.read_text(encoding="utf-8")
)
# Of each figure in sight: its smallest letters in pixels, whether it scrolls, and whether the Tab key stops there.
FIGURES = """() => [...document.querySelectorAll('article figure.llmbook-figure')].filter((f) => f.checkVisibility())
  .map((figure) => {
    const svg = figure.querySelector(':scope > svg');
    if (!svg) return null;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const sizes = [...svg.querySelectorAll('text')].map((text) => parseFloat(getComputedStyle(text).fontSize));
    return { name: svg.getAttribute('aria-label').slice(0, 60), size: scale * Math.min(...sizes),
      scrolls: figure.scrollWidth > figure.clientWidth, stops: figure.tabIndex === 0 };
  }).filter(Boolean)"""

TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def figures(page) -> list[dict]:
    for details in page.locator("article details > summary").all():
        details.click()
    return page.evaluate(FIGURES)


def too_small(found: list[dict]) -> list[dict]:
    return [figure for figure in found if figure["size"] < SMALLEST - 0.05]  # least widths are whole pixels


@pytest.mark.parametrize("name", PAGES)
def test_the_letters_of_a_figure_are_legible_on_a_phone(open_page, site, name):
    page, _ = open_page(f"{site}/{name}", width=390)
    assert figures(page)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(TWO_FRAMES)  # what is too wide is found out a frame later
        found = page.evaluate(FIGURES)
        assert too_small(found) == []
        assert [figure for figure in found if figure["scrolls"] != figure["stops"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_most_figures_fit_a_phone_without_scrolling(open_page, site):
    page, _ = open_page(f"{site}/notebooks/05-3-training-loop.html", width=390)
    found = figures(page)
    assert len(found) == 8
    assert not any(figure["scrolls"] for figure in found)


def test_a_wide_figure_is_scrolled_by_the_arrow_keys(open_page, site):
    page, _ = open_page(f"{site}/notebooks/04-3-many-heads.html", width=390)
    figure = page.locator("figure.llmbook-figure").first
    assert "\N{LEFT RIGHT ARROW}" in figure.evaluate("(figure) => getComputedStyle(figure, '::after').content")
    figure.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    assert figure.evaluate("(figure) => figure.scrollLeft") > 0


def test_small_letters_are_found(open_page, site):
    page, _ = open_page(f"{site}/notebooks/05-3-training-loop.html", width=390)
    page.add_style_tag(content="figure.llmbook-figure > svg { min-width: 0 !important; width: 300px; }")
    assert len(too_small(figures(page))) == 8

"""Letters and styles: the book's own fonts on every machine, and no rule in use lost from the style sheets."""

from functools import partial
from pathlib import Path

import pydata_sphinx_theme
import pytest
import sphinx_book_theme
from playwright.sync_api import Route

from conftest import ROOT

PAGE = "notebooks/04-1-one-head.html"
THEMES = {
    "pydata-sphinx-theme.css": Path(pydata_sphinx_theme.__file__).parent,
    "sphinx-book-theme.css": Path(sphinx_book_theme.__file__).parent,
}
FAMILIES = {
    "article p": "Source Serif 4",
    "article p em": "Source Serif 4",
    "article h1": "Source Sans 3",
    "article .cell_input > div pre": "Source Code Pro",
    "article .cell_output pre": "Source Code Pro",
    "article figure.llmbook-figure text": "Source Sans 3",
    "#pst-primary-sidebar nav a": "Source Sans 3",
}
# What can be seen of every element, but for the theme's own icons, which the book draws anew.
STYLES = """() => [...document.querySelectorAll("body *")].map((element) => {
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  const seen = ["display", "visibility", "color", "backgroundColor", "fontSize", "fontFamily", "fontWeight",
    "borderTop", "borderLeft", "position", "textDecorationLine", "opacity"].map((name) => style[name]);
  return [element.tagName, element.className, ...seen, box.x, box.y, box.width, box.height].join("|");
})"""


def fonts_of(page, selector: str) -> set[tuple[str, bool]]:
    """The fonts in which the first such element is drawn, each with whether the page brought it."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return {(font["familyName"], font["isCustomFont"]) for font in used}


@pytest.mark.parametrize("media", ["screen", "print"])
def test_every_letter_comes_from_the_books_own_fonts(open_page, site, media):
    page, _ = open_page(f"{site}/{PAGE}", width=1400)
    page.evaluate("document.querySelectorAll('article details').forEach((part) => (part.open = true))")
    page.emulate_media(media=media)
    page.evaluate("document.fonts.ready")
    for selector, family in FAMILIES.items():
        if media == "print" and not selector.startswith("article"):
            continue  # the frame is not printed
        used = fonts_of(page, selector)
        assert used, selector
        assert all(own and name.startswith(family) for name, own in used), (selector, used)


def test_quotation_marks_are_latin_and_chinese_is_the_systems(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}")
    page.evaluate("""document.querySelector("article p").innerHTML = "<i id=quotes>“‘…–’”</i>" """)
    page.evaluate("document.fonts.ready")
    ((name, own),) = fonts_of(page, "#quotes")
    assert (name.startswith("Source Serif 4"), own) == (True, True)
    width = page.locator("#quotes").bounding_box()["width"]
    size = page.locator("#quotes").evaluate("(element) => parseFloat(getComputedStyle(element).fontSize)")
    assert width < 4 * size  # full-width marks would take six
    family = page.locator("article p").first.evaluate("(element) => getComputedStyle(element).fontFamily")
    assert family.startswith('"Book Serif"')
    assert family.endswith("serif")
    assert "CJK SC" in family


def test_digits_stand_under_each_other_in_tables(open_page, site):
    page, _ = open_page(f"{site}/index.html")
    page.evaluate("""[...document.querySelectorAll("article td")].find((cell) => cell.checkVisibility()).innerHTML =
        "<i id=a>1111</i><br><i id=b>4680</i>" """)
    page.evaluate("document.fonts.ready")
    a, b = (page.locator(selector).bounding_box()["width"] for selector in ("#a", "#b"))
    assert abs(a - b) < 0.05


def test_each_font_comes_with_its_licence(site_dir):
    fonts = site_dir / "_static/generated/fonts"
    for font in fonts.glob("*.woff2"):
        licence = fonts / f"{font.name.split('-latin')[0]}-LICENSE.txt"
        assert "SIL OPEN FONT LICENSE" in licence.read_text(encoding="utf-8").upper()
    assert len(list(fonts.glob("*.woff2"))) == 6


# --- style sheets ------------------------------------------------------------------------------------------------


def whole(name: str) -> str:
    """A theme's style sheet as it came."""
    return next(THEMES[name].rglob(f"static/styles/{name}")).read_text(encoding="utf-8")


def answer(css: str, route: Route) -> None:
    route.fulfill(body=css, content_type="text/css")


def styles(open_page, address: str, width: int, sheets: dict[str, str]) -> list[str]:
    """How every element looks, with these texts put in the place of these style sheets."""
    page, _ = open_page(address, width=width)
    for name, css in sheets.items():
        page.context.route(f"**/{name}*", partial(answer, css))
    page.reload()
    page.evaluate("document.fonts.ready")
    page.evaluate("document.querySelectorAll('article details').forEach((part) => (part.open = true))")
    for menu in page.locator(".dropdown-toggle:visible").all():
        menu.click()
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    return page.evaluate(STYLES)


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize(
    "name",
    [PAGE, "index.html", "notebooks/01-5-charts.html", "chapters/01/1-history.html", "search.html", "genindex.html"],
)
def test_no_style_in_use_was_dropped(open_page, site, name, width):
    shortened = styles(open_page, f"{site}/{name}", width, {})
    assert styles(open_page, f"{site}/{name}", width, {sheet: whole(sheet) for sheet in THEMES}) == shortened


def test_a_dropped_style_is_noticed(open_page, site, site_dir):
    css = (site_dir / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    broken = css.replace(".prev-next-area a{", ".dropped{")
    assert broken != css
    shortened = styles(open_page, f"{site}/{PAGE}", 1400, {})
    assert styles(open_page, f"{site}/{PAGE}", 1400, {"pydata-sphinx-theme.css": broken}) != shortened


def test_most_of_the_theme_is_dropped(site_dir):
    for name in THEMES:
        left = (site_dir / f"_static/styles/{name}").read_text(encoding="utf-8")
        assert len(left) < 0.7 * len(whole(name))
    assert len((site_dir / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")) < 90_000
    assert not list(ROOT.glob("_static/*.woff*")), "fonts are copied when the site is built, never committed"

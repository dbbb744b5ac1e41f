"""Finding one's way: both drawers at every width, from the cover to the last page, searching, the small print."""

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Locator, Page, expect

from conftest import ROOT

PAGE = "notebooks/04-1-one-head.html"
WAYS = ["mouse", "touch", "keyboard"]
NARROW = {"primary": (390, 820), "secondary": (390, 820, 1100)}
DRAWERS = [(name, width, how) for name, widths in NARROW.items() for width in widths for how in WAYS]
BESIDE = [(width, how) for width in (1100, 1400) for how in WAYS]


def press(button: Locator, how: str) -> None:
    if how == "mouse":
        button.click()
    elif how == "touch":
        button.tap()
    else:
        button.focus()
        button.press("Enter")


def toggle_of(page: Page, name: str) -> Locator:
    """The button a reader can see; the page has no other."""
    button = page.locator(f".{name}-toggle")
    expect(button).to_have_count(1)
    return button


def focus_is_within(page: Page, selector: str) -> bool:
    return page.evaluate("(selector) => !!document.activeElement.closest(selector)", selector)


@pytest.mark.parametrize(("name", "width", "how"), DRAWERS)
def test_a_drawer_opens_and_closes(open_page, site, name, width, how):
    page, seen = open_page(f"{site}/{PAGE}", width=width, touch=how == "touch")
    button, drawer = toggle_of(page, name), page.locator(f"#pst-{name}-sidebar-modal")
    link = drawer.get_by_role("link", name="4.3 Many heads" if name == "primary" else "Step 2: scale")
    assert button.get_attribute("aria-expanded") == "false"

    for close in ("Escape", "button", "outside"):
        press(button, how)
        expect(link).to_be_in_viewport()
        expect(button).to_have_attribute("aria-expanded", "true")
        assert focus_is_within(page, f"#pst-{name}-sidebar-modal")
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "button":
            press(drawer.get_by_role("button", name="Close"), how)
        else:
            page.mouse.click(width - 5 if name == "primary" else 5, 500)
        expect(drawer).to_be_hidden()
        expect(button).to_be_focused()
        expect(button).to_have_attribute("aria-expanded", "false")
    assert seen.errors == []


@pytest.mark.parametrize(("width", "how"), BESIDE)
def test_a_wide_page_hides_and_shows_its_list_of_pages(open_page, site, width, how):
    page, _ = open_page(f"{site}/{PAGE}", width=width, touch=how == "touch")
    button, link = toggle_of(page, "primary"), page.get_by_role("link", name="4.3 Many heads", exact=True).first
    expect(link).to_be_visible()
    for shown in (False, True):
        press(button, how)
        expect(button).to_have_attribute("aria-expanded", str(shown).lower())
        expect(link).to_be_visible(visible=shown)


def test_a_wide_page_has_its_contents_beside_it(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}", width=1400)
    expect(toggle_of(page, "secondary")).to_be_hidden()
    page.locator("#pst-page-toc-nav").get_by_role("link", name="Step 2: scale").click()
    expect(page.locator("#pst-page-toc-nav a[aria-current]")).to_have_text("Step 2: scale")


def test_a_link_in_a_drawer_leads_there(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}", width=390, touch=True)
    toggle_of(page, "secondary").tap()
    page.locator("#pst-secondary-sidebar-modal").get_by_role("link", name="Step 3: weights").tap()
    expect(page.locator("#step-3-weights h2")).to_be_in_viewport()
    toggle_of(page, "primary").tap()
    page.locator("#pst-primary-sidebar-modal").get_by_role("link", name="4.3 Many heads").tap()
    expect(page).to_have_url(re.compile("04-3-many-heads"))


def test_a_window_made_wide_closes_the_drawer(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}", width=820)
    toggle_of(page, "primary").click()
    page.set_viewport_size({"width": 1400, "height": 900})
    expect(page.locator("#pst-primary-sidebar").get_by_role("link", name="4.3 Many heads")).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_page_without_sections_offers_no_contents(open_page, site):
    page, _ = open_page(f"{site}/genindex.html", width=390)
    expect(page.locator(".secondary-toggle:visible")).to_have_count(0)


def pages_in_order() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    found = [toc["root"]]
    for chapter in toc["chapters"]:
        found += [chapter["file"], *(section["file"] for section in chapter.get("sections", []))]
    return [str(Path(name).with_suffix("")) for name in found]


@pytest.mark.parametrize("width", [390, 1400])
def test_one_can_walk_from_the_cover_to_the_last_page(open_page, site, width):
    page, seen = open_page(f"{site}/index.html", width=width, touch=width == 390)
    visited = ["index"]
    while (forward := page.locator("a.right-next")).count():
        forward.click()
        page.wait_for_load_state()
        visited.append(page.url.removeprefix(f"{site}/").removesuffix(".html"))
    assert visited == pages_in_order()
    assert seen.errors == []


@pytest.mark.parametrize("width", [390, 1400])
def test_the_arrows_to_both_neighbours_can_be_seen(open_page, site, width):
    page, _ = open_page(f"{site}/chapters/01/3-rise.html", width=width)
    for side in ("left-prev", "right-next"):
        assert page.locator(f".{side} i").bounding_box()["width"] >= 12


def test_a_page_says_under_which_licence_it_stands(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}")
    expect(page.get_by_text("Text under CC BY 4.0, code under the MIT licence.")).to_be_visible()


# --- the buttons above the text ----------------------------------------------------------------------------------


def test_the_menu_of_downloads_opens_and_closes(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}", width=390, touch=True)
    button, item = page.get_by_label("Download this page"), page.get_by_role("link", name=".ipynb")
    for close in (lambda: page.keyboard.press("Escape"), lambda: button.tap(), lambda: page.mouse.click(100, 600)):
        expect(item).to_be_hidden()
        button.tap()
        expect(item).to_be_in_viewport()
        close()
    expect(item).to_be_hidden()


def test_the_colours_chosen_stay_on_the_next_page(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}")
    button, theme = page.locator(".theme-switch-button"), "document.documentElement.dataset.theme"
    for mode, colours in (("light", "light"), ("dark", "dark")):
        button.click()
        expect(button).to_have_attribute("aria-label", f"Color mode: {mode}")
        assert page.evaluate(theme) == colours
    page.goto(f"{site}/index.html")
    assert page.evaluate(theme) == "dark"


def test_code_is_copied_as_it_stands(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell = page.locator(".cell_input").nth(1)
    cell.hover()
    cell.get_by_role("button", name="Copy").click()
    expect(cell.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == cell.locator("pre").inner_text().rstrip()


# --- searching ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1400])
def test_the_icon_stands_beside_the_words_searched(open_page, site, width):
    page, _ = open_page(f"{site}/{PAGE}", width=width)
    page.keyboard.press("Control+k")
    for within in ("#pst-search-dialog", ".bd-search-container"):
        icon = page.locator(f"{within} .fa-magnifying-glass").bounding_box()
        field = page.locator(f"{within} input")
        expect(field).to_be_focused()
        left = "(input) => input.getBoundingClientRect().left + parseFloat(getComputedStyle(input).paddingLeft)"
        assert icon["x"] + icon["width"] <= field.evaluate(left)
        field.fill("attention")
        field.press("Enter")
        page.wait_for_url(re.compile("search.html"))


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_words_searched_are_marked_where_the_search_leads(open_page, site, site_dir, scheme):
    base = site if scheme == "http" else f"file://{site_dir}"
    page, seen = open_page(f"{base}/chapters/01/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("notation keyboard")
    page.keyboard.press("Enter")
    page.locator("#search-results li a", has_text="How to use").first.click()
    page.wait_for_url(re.compile("how-to-use"))
    marks = page.locator("article mark")
    expect(marks.first).to_be_visible()
    assert {text.lower() for text in marks.all_inner_texts()} == {"notation", "keyboard"}
    expect(page.locator("#searchbox")).to_contain_text(f"marked {marks.count()} times")
    page.keyboard.press("Escape")
    expect(marks).to_have_count(0)
    expect(page.locator("#searchbox")).to_be_empty()
    page.reload()
    expect(marks).to_have_count(0)
    assert seen.errors == []


def test_marks_leave_formulas_and_widgets_alone(open_page, site):
    page, seen = open_page(f"{site}/search.html")
    page.evaluate("localStorage.setItem('sphinx_highlight_terms', 'the k .')")
    page.goto(f"{site}/{PAGE}")
    assert page.locator("article mark").count() > 10
    assert page.locator(".math mark, .attention-lab mark, svg mark").count() == 0
    assert seen.errors == []

"""What every widget must hold, whatever it shows: of a page that is open, or of a folder of small pages."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from small_pages import lay_out, parts_loaded, write_page
from test_pages import violations

PARTS = ":is(a, textarea, input, select, button, summary, [tabindex])"
VISIBLE = "checkVisibility({ visibilityProperty: true })"


def check_quiet(page: Page) -> None:
    """Nothing foreign was asked for, and nothing complained of."""
    assert (page.seen.errors, page.seen.foreign) == ([], [])


def unfold(page: Page, how: str = "click") -> None:
    """All that is folded, by ``click``, ``tap`` or a key."""
    for summary in page.locator("summary").all():
        if summary.locator("..").get_attribute("open") is None:
            getattr(summary, how)() if how in ("click", "tap") else summary.press(how)


# --- it comes when it is wanted -----------------------------------------------------------------------------------


def check_going_by_is_no_touch(page: Page) -> None:
    """Neither by the Tab key nor with the mouse: no part of a model comes."""
    for _ in range(60):
        page.keyboard.press("Tab")
    page.mouse.move(300, 300)
    page.mouse.move(1, 1)
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(200)
    assert parts_loaded(page) == []


def open_beside_broken(open_page, folder: Path, good: str, broken: str) -> Page:
    """Of three the one in the middle cannot start: it says so once, its table stands, and the others are alive."""
    assert broken != good
    write_page(folder, "broken", good, broken, good)
    page, page.seen = open_page(f"file://{folder}/broken.html")
    page.wait_for_load_state()
    assert [place.is_visible() for place in page.locator(".llmbook-widget").all()] == [False, True, False]
    notice = page.locator(".llmbook-widget + [role=status]")
    assert notice.inner_text() == "The widget could not start; the table stands in its place."
    assert len(page.seen.errors) == 1
    assert page.seen.errors[0].startswith("error: ")  # said on the console, not thrown
    return page


# --- it can be reached, heard and read ----------------------------------------------------------------------------

UNNAMED = """(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => e.tagName !== 'A' && e.checkVisibility() && (e.dataset.lmSuppressShortcuts !== 'true'
    || !(e.getAttribute('aria-label') || e.labels?.length || e.textContent.trim())))
  .map((e) => e.outerHTML)"""
BY_TAB = f"""([selector, inside]) => {{
  const stops = [...document.querySelectorAll(inside)].filter((e) => e.{VISIBLE} && e.tabIndex >= 0 && !e.disabled);
  const reached = window.reached ??= [], active = document.activeElement;
  if (active.closest(selector)) reached.push(active);
  return [!!active.closest(selector), reached.length, stops.length,
    stops.filter((e) => !reached.includes(e)).map((e) => e.outerHTML)];
}}"""


def check_named(page: Page, selector: str) -> None:
    """Each part that can be in focus has a name, and keeps its keys from a notebook."""
    assert page.evaluate(UNNAMED, f"{selector} {PARTS}") == []


def check_tab_reaches_all(page: Page, selector: str, first: Locator) -> None:
    """From the first part on, each once, and then out of the widget."""
    first.focus()
    for _ in range(160):
        inside, count, expected, missed = page.evaluate(BY_TAB, [selector, f"{selector} {PARTS}"])
        if not inside:
            break
        page.keyboard.press("Tab")
    assert missed == []
    assert count == expected


def check_spoken(page: Page, selector: str) -> None:
    """A screen reader hears the sentence."""
    said = page.locator(f"{selector} .sentence").inner_text()
    assert said
    expect(page.locator(f"{selector} [aria-live=polite]")).to_have_text(said)


def check_fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def check_accessible_asleep_and_failed(open_page, folder: Path, tmp_path: Path, widget: str, touch: Callable) -> None:
    """``touch`` asks for a model whose parts do not come."""
    page, _ = open_page(f"file://{folder}/plain.html")
    assert violations(page) == []
    lay_out(tmp_path, widget)
    (tmp_path / "plain.html").write_bytes((folder / "plain.html").read_bytes())
    page, _ = open_page(f"file://{tmp_path}/plain.html")
    touch(page)
    page.get_by_role("button", name="Try again").wait_for()
    assert violations(page) == []


# --- what is typed, copied, printed and counted -------------------------------------------------------------------

TYPE = """async ([selector, texts, half, shown, pressed]) => {
  const widget = document.querySelector(selector), field = widget.querySelector('textarea, input[type=text]');
  const typed = [];
  for (const [i, text] of texts.entries()) {
    field.value = half && i % 7 === 0 ? `${text}\\ud83d ${text}` : text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    if (pressed && i % 5 === 0) widget.querySelector(pressed)?.click();
    if (i % 50 === 0) await new Promise(requestAnimationFrame);
    typed.push([field.value, ...shown.map((name) => widget.querySelector(name).textContent)]);
  }
  return typed;
}"""


def type_texts(
    page: Page, selector: str, texts: list[str], *, half: bool, shown: Sequence[str], pressed: str = ""
) -> list[list[str]]:
    """What stood in the field and in the parts ``shown`` after each text, of which none did what it says.

    ``half``: every seventh with half a surrogate pair. ``pressed``: every fifth time this part is pressed, too.
    """
    typed = page.evaluate(TYPE, [selector, texts, half, shown, pressed])
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []
    return typed


def copied_code(page: Page) -> str:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as code").click()
    page.get_by_role("button", name="Copied").wait_for()
    return page.evaluate("navigator.clipboard.readText()")


def made_by(code: str, name: str) -> Any:
    """What the code leaves under this name."""
    scope: dict = {}
    exec(code, scope)
    return scope[name]


@contextlib.contextmanager
def on_paper(page: Page, selector: str) -> Iterator[Locator]:
    """What is printed in the widget's place, and nothing else of it; on the screen again it is gone."""
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.locator(f"{selector} .paper")
    seen = "(all) => all.filter((e) => e.checkVisibility() && !e.closest('.paper')).map((e) => e.outerHTML)"
    assert page.locator(f"{selector} *").evaluate_all(seen) == []
    yield paper
    page.emulate_media(media="screen")
    assert not paper.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert paper.inner_html() == ""


def check_counted(page: Page, site: str, said: str) -> None:
    """What was predicted, on the page of the reader's calibration."""
    page.goto(f"{site}/chapters/how-sure.html")
    expect(page.locator(".llmbook-calibration")).to_contain_text(f"Your Brier score is {said}")

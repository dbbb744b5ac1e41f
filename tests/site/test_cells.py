"""The cells of a page: no line of the notebook is lost, and nothing in sight answers for the reader."""

import ast
import json

import pytest
from playwright.sync_api import expect

from conftest import ROOT
from folded_cells import publishes

PAGES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
ANSWERED_BY_THE_READER = {"exercise", "solution"}
CELLS = """[
  ...document.querySelectorAll('article div.cell.docutils:not(.tag_exercise, .tag_solution)'),
].map((cell) => ({
  lines: cell.querySelector('[data-lines]')?.dataset.lines ?? null,
  parts: [...cell.querySelectorAll('.cell_input pre')].map((pre) => [
    pre.closest('[data-part]')?.dataset.part ?? 'v', pre.textContent]),
}))"""


def sources(page: str) -> list[str]:
    """The code of a notebook, cell by cell, without its exercises."""
    cells = json.loads((ROOT / f"notebooks/{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return ["".join(c["source"]) for c in code if not ANSWERED_BY_THE_READER & set(c["metadata"].get("tags", []))]


def joined(cell: dict) -> str:
    """The source of a cell, put together again from the parts that a page shows."""
    texts = {part: text.removesuffix("\n").split("\n") for part, text in cell["parts"]}
    letters = cell["lines"] or "v" * len(texts["v"])
    lines = [texts[part].pop(0) if part in texts else "" for part in letters]
    assert not any(texts.values()), "a line that no letter stands for"
    return "\n".join(lines)


def giving_away(seen: str) -> list[str]:
    """Statements that a strip should hold."""
    return [ast.unparse(statement) for statement in ast.parse(seen).body if publishes(statement)]


# Folded answers, each with the cell that stands open right behind it.
ANSWERS = """[...document.querySelectorAll('article details')]
  .filter((e) => !e.closest('.cell') && e.querySelector('summary').textContent.trim() !== 'Hint')
  .map((e) => e.nextElementSibling?.matches('.cell') ? e.nextElementSibling.textContent.trim() : '')"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_every_line_of_its_notebook_and_gives_no_answer_away(open_page, site, name):
    """A check may have to stay, where a later line binds its names anew; the words of a figure never do."""
    page, _ = open_page(f"{site}/notebooks/{name}.html")
    cells = page.evaluate(CELLS)
    assert [joined(cell) for cell in cells] == sources(name)
    seen = [text for cell in cells for part, text in cell["parts"] if part == "v"]
    assert seen
    assert [found for text in seen for found in giving_away(text) if not found.startswith(("assert", "agree"))] == []
    assert [text for text in seen if "alt=" in text] == []
    assert not any(page.evaluate(ANSWERS))


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_a_cell_that_answers_opens_with_its_answer(open_page, site, javascript):
    page, _ = open_page(f"{site}/notebooks/04-1-one-head.html", javascript=javascript)
    answer = page.locator("details", has=page.locator(".tag_answer")).first
    cell = answer.locator(".tag_answer")
    expect(cell).not_to_be_visible()
    answer.locator("summary").first.press("Enter")
    expect(cell).to_be_visible()
    expect(cell.locator(".cell_output")).to_contain_text("mat  0.63")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_checks_unfold_by_keyboard(open_page, site, javascript):
    page, _ = open_page(f"{site}/notebooks/04-1-one-head.html", javascript=javascript)
    strip = page.locator(".llmbook-strip", has_text="Score matrix").first
    expect(strip.locator("summary")).to_have_text("Checks, figure")
    expect(strip.locator("pre")).not_to_be_visible()
    strip.locator("summary").press("Enter")
    expect(strip.locator("pre")).to_be_visible()


def test_a_folded_cell_is_copied_whole(open_page, site):
    page, _ = open_page(f"{site}/notebooks/05-7-real-heads.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wanted = sources("05-7-real-heads")
    cells = page.locator("div.cell.docutils:not(.tag_exercise, .tag_solution) .cell_input")
    layouts = [cell["lines"] or "" for cell in page.evaluate(CELLS)]
    torn = [i for i, lines in enumerate(layouts) if "cv" in lines or "sv" in lines.replace("_", "")]
    assert len(torn) > 3
    for i in torn:
        assert cells.nth(i).get_by_role("button", name="Copy").count() == 1
        cells.nth(i).hover()
        cells.nth(i).get_by_role("button", name="Copy").click()
        assert page.evaluate("navigator.clipboard.readText()") == wanted[i]


def test_on_paper_checks_stay_folded(open_page, site):
    page, _ = open_page(f"{site}/notebooks/05-1-the-parts.html")
    page.emulate_media(media="print")
    strips = page.locator(".llmbook-strip")
    assert not any(pre.is_visible() for pre in strips.locator("pre").all())
    whole = [strip.inner_text().strip() for strip in strips.all() if strip.is_visible()]
    assert set(whole) == {"This cell only checks"}


# --- the guards themselves ---------------------------------------------------------------------------------------


def test_a_line_that_is_lost_or_moved_is_seen():
    cell = {"lines": "vcv", "parts": [["v", "x = 1\nprint(x)\n"], ["c", "assert x\n"]]}
    assert joined(cell) == "x = 1\nassert x\nprint(x)"
    with pytest.raises(AssertionError):
        joined({**cell, "lines": "vc"})
    assert joined({**cell, "lines": "vvc"}) != "x = 1\nassert x\nprint(x)"


def test_an_alt_text_in_sight_would_be_seen():
    assert giving_away("x = 1\nshow(fig, alt='it is three')\nglue('x', x)") == [
        "show(fig, alt='it is three')",
        "glue('x', x)",
    ]


def test_an_open_cell_behind_an_answer_would_be_seen(open_page, site):
    page, _ = open_page(f"{site}/notebooks/04-1-one-head.html")
    page.evaluate(
        "document.querySelector('.tag_answer').closest('details').after(document.querySelector('.tag_answer'))"
    )
    assert any("0.63" in text for text in page.evaluate(ANSWERS))

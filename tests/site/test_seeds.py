"""A figure with a line for each seed: one of them is drawn by a button, a list or the keyboard, and told in words."""

import re

import pytest
from playwright.sync_api import expect
from test_pages import violations

from llmbook.pretrained import read_stored
from llmbook.pretrained.induction import SEEDS, as_tensors

PAGE = "notebooks/03-1-self-attention.html"
DRAWN = "[...document.querySelectorAll('.one-seed .drawn')].map((line) => [line.dataset.kind, line.dataset.seed])"
OPACITY = "[...document.querySelectorAll('figure [data-seed]')].map((line) => getComputedStyle(line).opacity)"


def ends() -> dict[str, tuple[str, str]]:
    """By seed, what the stored curves of two layers and of one end at."""
    two, one, _ = as_tensors(read_stored("one-or-two-layers"))
    rows = zip(two["right"][:, -1].tolist(), one[:, -1].tolist(), strict=True)
    return {str(seed): (f"{a:#.3g}", f"{b:#.3g}") for seed, (a, b) in enumerate(rows)}


@pytest.fixture(params=[(1280, False), (320, True)], ids=["wide", "phone, dark"])
def page(open_page, site, request):
    width, dark = request.param
    page, seen = open_page(f"{site}/{PAGE}", width=width, dark=dark)
    yield page
    assert seen.errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_seed_is_drawn_and_told(page):
    place = page.locator(".llmbook-seeds")
    assert set(page.evaluate(OPACITY)) == {"1"}
    drawn = set()
    for _ in range(4):
        before = place.locator("select").input_value()
        place.get_by_role("button", name="Draw a seed").click()
        seed = place.locator("select").input_value()
        assert seed not in ("all", before), "the same seed again, or none"
        assert page.evaluate(DRAWN) == [["two layers", seed], ["one layer", seed]]
        two, one = ends()[seed]
        expect(place.get_by_role("status")).to_have_text(f"Seed {seed} ends at: two layers {two}, one layer {one}.")
        assert sorted(page.evaluate(OPACITY)) == ["0.25"] * 2 * (SEEDS - 1) + ["1"] * 2
        drawn.add(seed)
    assert len(drawn) > 1


def test_by_keys_each_seed_can_be_chosen_and_all_come_back(page):
    choice = page.locator(".llmbook-seeds").locator("select")
    assert choice.locator("option").all_inner_texts() == ["all", *ends()]
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(DRAWN) == [["two layers", "1"], ["one layer", "1"]]
    choice.select_option("all")
    assert page.evaluate(DRAWN) == []
    expect(page.locator(".llmbook-seeds [role=status]")).to_have_text(f"All {SEEDS} seeds are shown.")
    assert set(page.evaluate(OPACITY)) == {"1"}


def test_the_table_says_what_all_lines_end_at(page):
    place = page.locator(".llmbook-seeds")
    place.locator("summary").click()
    rows = [tuple(row.inner_text().split()) for row in place.locator("tbody tr").all()]
    assert rows == [(seed, *values) for seed, values in ends().items()]
    place.get_by_role("button").click()
    assert violations(page) == []


def test_on_paper_and_without_a_script_there_are_all_lines_and_no_button(open_page, site):
    page, _ = open_page(f"{site}/{PAGE}")
    page.locator(".llmbook-seeds button").click()
    page.emulate_media(media="print")
    assert not page.locator(".llmbook-seeds").is_visible()
    assert set(page.evaluate(OPACITY)) == {"1"}
    page, _ = open_page(f"{site}/{PAGE}", javascript=False)
    assert page.locator("figure [data-seed]").count() == 2 * SEEDS
    assert page.locator(".llmbook-seeds").count() == 0


def test_only_a_page_with_seeds_loads_what_draws_them(site_dir):
    for path in site_dir.rglob("notebooks/*.html"):
        text = path.read_text(encoding="utf-8")
        assert (" data-seed=" in text) == bool(re.search(r"generated/seeds\.js", text))

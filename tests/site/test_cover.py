"""The cover: one sentence, arcs that say the same as PyTorch, the way into the laboratory, and then the chapters."""

import pytest
import speed
import torch
from playwright.sync_api import Page, expect

from llmbook.pages import WordArcs

WIDTH = 20  # px, an arc's for a weight of 1


@pytest.fixture
def cover(open_page, site):
    """cover(**options) → the page, its arcs drawn."""

    def open_(**options) -> Page:
        page, page.seen = open_page(f"{site}/index.html", **options)
        return page

    return open_


def shown(page: Page) -> torch.Tensor:
    """The weights as the arcs show them: their widths, those of the chosen word."""
    widths = page.evaluate(
        "[...document.querySelectorAll('.word-arcs .picture path')].map((e) => +e.getAttribute('stroke-width'))"
    )
    return torch.tensor(widths).double().view(6, 6) / WIDTH


def test_the_cover_is_the_words_as_the_library_has_them(site_dir):
    assert WordArcs().to_html() in (site_dir / "index.html").read_text(encoding="utf-8")


def test_the_cover_begins_with_one_sentence_then_where_to_start_then_the_chapters(cover):
    page = cover(width=1400)
    order = page.evaluate(
        """() => { const text = document.querySelector('article').innerText;
        return ['Tap a word', 'looks most at', 'Open the laboratory', 'Start here', 'the question it answers']
          .map((part) => text.indexOf(part)); }"""
    )
    assert min(order) > 0
    assert order == sorted(order)
    article = page.locator("article")
    assert article.locator("button").all_inner_texts() == "the cat sat on the mat".split()
    assert article.locator("input, select, textarea").count() == 1
    assert page.locator(".word-arcs").bounding_box()["y"] < 600  # on the first screen
    before = article.inner_text()[: order[2]].lower()
    assert not any(word in before for word in ("entropy", "pytorch", "q·k", "softmax"))


@pytest.mark.parametrize("temperature", [0.05, 1.0, 2.5])
def test_the_arcs_equal_torch(cover, temperature):
    page, arcs = cover(), WordArcs(temperature=temperature)
    page.get_by_role("slider", name="Temperature").fill(str(temperature))
    for row in range(6):
        page.locator(".word-arcs button").nth(row).click()
        expected = torch.zeros(6, 6).double()
        expected[row] = arcs.weights[row]
        torch.testing.assert_close(shown(page), expected, atol=1e-5, rtol=0)
        shares = page.locator(".word-arcs li span").all_inner_texts()
        assert shares == [f"{weight:.2f}" for weight in arcs.weights[row].tolist()]
    assert page.seen.errors == []


def test_the_sentence_says_where_a_word_looks_also_where_it_cannot_decide(cover):
    page = cover()
    sentence = page.locator(".word-arcs .sentence")
    expect(sentence).to_have_text("“sat” looks most at “cat”: 0.67 of its attention.")
    page.get_by_role("button", name="the (1)").click()
    expect(sentence).to_have_text("“the” (1) looks most at “cat” and “mat”: 0.33 of its attention each.")
    expect(page.locator("[aria-live=polite]")).to_have_text(sentence.inner_text())


def test_the_keyboard_is_enough(cover):
    page = cover()
    page.get_by_role("button", name="sat").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".word-arcs .sentence")).to_contain_text("“on” looks most at “mat”")
    assert page.get_by_role("button", name="on", exact=True).get_attribute("aria-pressed") == "true"
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="Temperature").input_value() == "1.05"


@pytest.mark.parametrize("dark", [False, True])
def test_a_finger_finds_every_word_at_320_pixels(cover, dark):
    page = cover(width=320, touch=True, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for word in page.locator(".word-arcs button").all():
        box = word.bounding_box()
        assert min(box["height"], box["width"] + 4) >= 44
    page.get_by_role("button", name="mat").tap()
    expect(page.locator(".word-arcs .sentence")).to_contain_text("“mat” looks most at “on” and “mat”: 0.42")


@pytest.mark.parametrize(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_arcs_swell_unless_the_reader_wants_no_motion(cover, motion, moves):
    page = cover()
    page.emulate_media(reduced_motion=motion)
    for part in ("path", "circle"):
        duration = page.locator(f".word-arcs {part}").first.evaluate("(e) => getComputedStyle(e).transitionDuration")
        assert (duration != "0s") == moves


def test_paper_shows_the_arcs_and_the_table_as_the_reader_left_them(cover):
    page, arcs = cover(dark=True), WordArcs(temperature=2.5)
    page.get_by_role("slider", name="Temperature").fill("2.5")
    page.get_by_role("button", name="on", exact=True).click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.locator(".word-arcs .paper")
    best = arcs.weights[3].max()
    assert f"Temperature 2.50. “on” looks most at “mat”: {best:.2f}" in paper.inner_text()
    labels = [f"{word} {weight:.2f}" for word, weight in zip(arcs.tokens, arcs.weights[3].tolist(), strict=True)]
    assert paper.locator("svg text").all_text_contents() == labels
    row = paper.locator("tbody tr").nth(3).locator("td").all_inner_texts()
    assert row == [f"{weight:.2f}" for weight in arcs.weights[3].tolist()]
    assert not page.locator(".word-arcs button").first.is_visible()


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_the_chosen_word_and_its_arcs_stand_out_under_forced_colours(cover, palette):
    page = cover(dark=palette == "dark")
    page.emulate_media(forced_colors="active", color_scheme=palette)
    ground = "(e) => getComputedStyle(e).backgroundColor"
    words = page.locator(".word-arcs button")
    assert words.nth(2).evaluate(ground) != words.nth(1).evaluate(ground)
    arc = page.locator(".word-arcs path").nth(2 * 6 + 1).evaluate("(e) => getComputedStyle(e).stroke")
    paper = page.locator(".word-arcs").evaluate(ground)
    assert arc not in ("none", paper)


def test_without_a_script_there_is_the_table(cover):
    page = cover(javascript=False)
    assert page.locator("article table caption").first.inner_text().startswith("Attention weights")
    assert page.locator(".llmbook-widget td").count() == 36


def test_the_way_into_the_laboratory(cover):
    page = cover(width=390, touch=True)
    page.get_by_role("link", name="Open the laboratory").tap()
    page.wait_for_selector(".attention-lab")
    assert "04-1-one-head" in page.url
    target = page.locator(f"[id='{page.url.split('#')[1]}']")
    assert target.locator(".attention-lab").count() == 1


@pytest.mark.alone
def test_it_is_drawn_and_moved_quickly(cover):
    assert speed.first_render(cover) <= 250
    _, p95 = speed.slider_move(
        cover(), ".word-arcs input[aria-label=Temperature]", lambda i: 0.2 + abs((i % 180) - 90) * 0.05
    )
    assert p95 <= 4

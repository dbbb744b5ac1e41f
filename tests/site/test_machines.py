"""The figure of the two machines: legible at every width and in every palette, each box a link to its class."""

import json
import re
from urllib.parse import urldefrag, urljoin

import pytest

from conftest import ROOT

NAME = "chapters/05/index.html"
HTML = ROOT / "_build/html"
SMALLEST = 11  # pixels
PAPER, SHEET = 680, 1000  # width and height of A4 in pixels, without its margins
TEXTS = """() => [...document.querySelectorAll('.llmbook-machines text')].map((text) => {
  const svg = text.ownerSVGElement;
  const box = text.getBoundingClientRect();
  const scale = svg.getScreenCTM().a;
  const around = svg.getBoundingClientRect();
  return { words: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * scale,
    inside: box.left >= around.left - 1 && box.right <= around.right + 1 && box.top >= around.top - 1 };
})"""
# Texts that lie on each other, or reach over the side of a box that their middle is in.
COLLISIONS = """() => [...document.querySelectorAll('.llmbook-machines svg')].flatMap((svg) => {
  const texts = [...svg.querySelectorAll('text')].map((e) => [e.textContent, e.getBoundingClientRect()]);
  const boxes = [...svg.querySelectorAll('rect.box')].map((e) => e.getBoundingClientRect());
  const found = [];
  texts.forEach(([words, a], i) => {
    for (const [others, b] of texts.slice(i + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 5 && b.top < a.bottom - 5)
        found.push(`${words} on ${others}`);
    for (const box of boxes) {
      const across = a.left < box.right && box.left < a.right && a.top + 4 < box.bottom && box.top < a.bottom - 4;
      if (across && (a.left < box.left || a.right > box.right)) found.push(`${words} over the side of a box`);
    }
  });
  return found;
})"""
# The contrast of each text with the box it stands in, or with the frame or paper; colours as pixels of a canvas.
CONTRASTS = """() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const light = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = getComputedStyle(document.body).getPropertyValue('--llm-paper');
  return [...document.querySelectorAll('.llmbook-machines text')].map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const behind = [...text.ownerSVGElement.querySelectorAll('rect')].filter((rect) => {
      const box = rect.getBoundingClientRect();
      return box.left < x && x < box.right && box.top < y && y < box.bottom;
    }).at(-1);
    const probe = Object.assign(document.createElement('i'), { style: `color: ${paper}` });
    document.body.append(probe);
    const ground = behind ? getComputedStyle(behind).fill : getComputedStyle(probe).color;
    probe.remove();
    const [a, b] = [light(getComputedStyle(text).fill), light(ground)];
    return [text.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""


@pytest.mark.parametrize("width", [320, 360, 390, 600, 820, 1100, 1400])
def test_the_machines_fit_and_their_letters_are_large_enough(open_page, site, width):
    page, _ = open_page(f"{site}/{NAME}", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".llmbook-machines").evaluate("(e) => e.scrollWidth <= e.clientWidth")
    texts = page.evaluate(TEXTS)
    assert len(texts) > 80
    assert [text for text in texts if text["size"] < SMALLEST or not text["inside"]] == []
    assert page.evaluate(COLLISIONS) == []
    left, right = (svg.bounding_box() for svg in page.locator(".llmbook-machines svg").all())
    beside = right["x"] >= left["x"] + left["width"]
    assert beside == (width >= 820)
    assert beside or right["y"] >= left["y"] + left["height"]


def test_letters_that_are_too_small_or_collide_are_found(open_page, site):
    page, _ = open_page(f"{site}/{NAME}", width=320)
    page.add_style_tag(content=".llmbook-machines svg { max-width: 200px !important; }")
    assert min(text["size"] for text in page.evaluate(TEXTS)) < SMALLEST
    page.add_style_tag(content="figure.llmbook-machines text { font-size: 18px !important; }")
    assert len(page.evaluate(COLLISIONS)) > 10


@pytest.mark.parametrize("forced", [None, "active"], ids=["own colours", "forced colours"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_machines_are_legible_in_every_palette(open_page, site, dark, forced):
    page, _ = open_page(f"{site}/{NAME}", dark=dark)
    page.emulate_media(forced_colors=forced, color_scheme="dark" if dark else "light")
    page.wait_for_timeout(300)
    assert [(words, ratio) for words, ratio in page.evaluate(CONTRASTS) if ratio < 4.5] == []


def test_on_paper_the_machines_are_light_and_stand_on_the_first_page(open_page, site):
    page, _ = open_page(f"{site}/{NAME}", width=PAPER, dark=True)
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    assert [(words, ratio) for words, ratio in page.evaluate(CONTRASTS) if ratio < 4.5] == []
    left, right = (svg.bounding_box() for svg in page.locator(".llmbook-machines svg").all())
    assert right["x"] >= left["x"] + left["width"]
    assert right["y"] + right["height"] < SHEET
    assert min(text["size"] for text in page.evaluate(TEXTS)) >= 9  # pixels, which are 6.75 points


def test_every_box_is_reached_by_keyboard_and_says_where_it_leads(open_page, site):
    page, _ = open_page(f"{site}/{NAME}")
    links = page.locator(".llmbook-machines a")
    assert links.count() > 40
    links.first.focus()
    reached = []
    for _ in range(links.count()):
        reached.append(page.evaluate("document.activeElement.querySelector('title')?.textContent ?? ''"))
        page.keyboard.press("Tab")
    assert len(reached) == links.count()
    assert all(re.search(r"page 5\.\d$", name) for name in reached)
    assert reached[0] == "embedding × √D: Embedding, page 5.2"
    visible = [link.locator("text").text_content() for link in links.all()]
    assert all(name.startswith(words) for name, words in zip(reached, visible, strict=True))


def test_each_link_leads_to_the_heading_above_the_class(open_page, site):
    """In the built page: the section that is linked to holds the code that begins with the class."""
    page, _ = open_page(f"{site}/{NAME}")
    found = page.evaluate(
        "[...document.querySelectorAll('.llmbook-machines a')].map((a) => [a.querySelector('title').textContent, "
        "a.getAttribute('href')])"
    )
    targets = {}
    for title, address in found:
        builds = re.sub(r", page .*", "", title).split(": ")[-1]
        targets[builds] = address
    assert len(targets) > 18
    for builds, address in targets.items():
        name, anchor = urldefrag(urljoin(NAME, address))
        page.goto(f"{site}/{name}")
        section = page.locator(f"section#{anchor}")
        assert section.count() == 1, f"{address} leads nowhere"
        if builds != "cross_entropy":
            assert re.search(rf"^(?:class|def) {builds}\b", section.inner_text(), re.MULTILINE), builds


def test_the_figure_is_also_told_in_words(open_page, site):
    """Everything that is written into a drawing and has a name in it stands in the text below, too."""
    page, _ = open_page(f"{site}/{NAME}")
    details = page.locator("details", has=page.locator("summary", has_text="The figure in words"))
    details.locator("summary").click()
    told = " ".join(details.inner_text().lower().replace("\N{NO-BREAK SPACE}", " ").split())
    shapes = set(re.findall(r"\([^)]*\)", json.dumps(page.locator(".llmbook-machines text").all_text_contents())))
    assert {shape for shape in shapes if shape.lower() not in told} == set()
    for word in ("memory", "padding mask", "causal mask", "cache", "rotary", "swiglu", "rmsnorm", "softmax", "w_o"):
        assert word in told

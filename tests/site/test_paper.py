"""Every page away from a coloured screen: on paper, under forced colours, in grey."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from playwright.sync_api import Page

from conftest import ROOT
from llmbook.pages import bars, heat_map, lines
from llmbook.pages.figures import bundle
from notebook_figure import stored_figures

HTML = ROOT / "_build/html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
CONTENT = [page for page in PAGES if page not in ("genindex.html", "search.html")]
NOTEBOOKS = [page for page in CONTENT if page.startswith("notebooks/")]
WITH_SOLUTIONS = [page for page in NOTEBOOKS if "tag_solution" in (HTML / page).read_text(encoding="utf-8")]
PAPER = 680  # CSS pixels between the margins of A4: 210 mm less twice 15 mm
LONG = 25  # lines; a longer cell may end on another page

# Colours of links fade from one theme to the other.
FADED = """async () => {
  await new Promise(requestAnimationFrame);
  const fading = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.allSettled(fading.map((animation) => animation.finished));
}"""

# Elements that reach beyond the width given, or hide some of themselves behind a scroll bar.
TOO_WIDE = """(width) => [...document.querySelectorAll('body *')]
  .filter((e) => e.checkVisibility() && !e.closest('.katex-mathml') && !e.parentElement.closest('svg'))
  .map((e) => [e, getComputedStyle(e), e.getBoundingClientRect()])
  .filter(([e, style, box]) => box.width > 1 && (box.right > width + 1
    || (style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1)))
  .map(([e, style, box]) => `${e.tagName}.${e.className} to ${Math.round(box.right)}: ${e.textContent.slice(0, 60)}`)"""

# Text too close in lightness to what lies behind it (WCAG's 4.5), or on a ground darker than ``least`` of white.
HARD_TO_READ = """(least) => {
  const parts = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = Object.assign(document.createElement('i'), { style: 'background: Canvas' });
  document.body.append(probe);
  const canvas = parts(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const ground = (e) => {
    if (!e) return canvas;
    const colour = parts(getComputedStyle(e).backgroundColor);
    return (colour[3] ?? 1) > 0.5 ? colour : ground(e.parentElement);
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim().slice(0, 40);
    if (!text || !e.checkVisibility() || e.closest('script, style, noscript, .katex-mathml')) continue;
    const style = getComputedStyle(e);
    const ink = light(parts(e instanceof SVGElement ? style.fill : style.color));
    const paper = light(ground(e));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    const name = `${e.tagName}.${e.className.baseVal ?? e.className}`;
    if (contrast < 4.5 || paper < least) found[name] = `${contrast.toFixed(1)} on ${paper.toFixed(2)}: ${text}`;
  }
  return found;
}"""


@pytest.fixture
def on_paper(open_page, site):
    """on_paper(name) → the page as it lies on A4 when printed from a dark screen."""

    def open_(name: str, **options) -> Page:
        page, page.seen = open_page(f"{site}/{name}", width=PAPER, **{"dark": True, **options})
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.evaluate(FADED)
        return page

    return open_


# --- paper -----------------------------------------------------------------------------------------------------


CONTROLS = """[...document.querySelectorAll(
    'button, input, select, nav, dialog, header, footer, .headerlink, .llm-ui > :not(.paper)')]
  .filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 120))"""


# What stays closed; strips of imports and checks may (see test_cells.py).
FOLDED = """[...document.querySelectorAll('article details:not(.llmbook-strip)')]
  .filter((e) => !e.closest('.llm-ui, .llmbook-seeds'))
  .filter((e) => ![...e.children].every((part) => part.checkVisibility()))
  .map((e) => e.outerHTML.slice(0, 120))"""


BREAKABLE = """(cells) => cells.filter((e) => getComputedStyle(e).overflowWrap !== 'normal').map((e) => e.innerText)"""


def is_whole(table) -> bool:
    """Whether the caption and the last cell of every row are there to be seen."""
    return table.locator("caption").is_visible() and all(
        cell.is_visible() for cell in table.locator("tr > :last-child").all()
    )


@pytest.mark.parametrize("name", CONTENT)
def test_paper_is_light_and_legible_and_nothing_is_cut(on_paper, name):
    page = on_paper(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    assert page.evaluate(TOO_WIDE, PAPER) == []
    assert page.evaluate(HARD_TO_READ, 0.9) == {}
    assert page.evaluate(CONTROLS) == []
    assert page.evaluate(FOLDED) == []
    assert page.locator("article h1").first.is_visible()
    widgets = page.locator(".llmbook-widget").all()
    papers = page.locator(".llm-ui .paper").all()
    assert len(papers) == len(widgets) == (HTML / name).read_text(encoding="utf-8").count('class="llmbook-widget"')
    for paper in papers:
        heights = [picture.bounding_box()["height"] for picture in paper.locator("svg").all()]
        assert heights
        assert min(heights) > 50
        tables = paper.locator("table").all()
        assert tables
        assert all(is_whole(table) for table in tables)
        assert paper.locator("th, td").evaluate_all(BREAKABLE) == [], "print breaks these words letter by letter"
    assert not any(widget.is_visible() for widget in widgets)  # the table of the opening state stays away


@pytest.mark.parametrize("name", CONTENT)
def test_without_a_script_the_page_is_printed_whole(open_page, site, name):
    page, _ = open_page(f"{site}/{name}", width=PAPER, javascript=False)
    page.emulate_media(media="print")
    assert page.evaluate(FOLDED) == []
    tables = page.locator(".llmbook-widget table").all()
    assert len(tables) == (HTML / name).read_text(encoding="utf-8").count('class="llmbook-widget"')
    assert all(is_whole(table) for table in tables)


@pytest.mark.parametrize("name", WITH_SOLUTIONS)
def test_solutions_stand_at_the_end_while_printed(open_page, site, name):
    page, seen = open_page(f"{site}/{name}")
    article = """() => { const copy = document.querySelector('article').cloneNode(true);
      copy.querySelectorAll('.llm-ui, button').forEach((e) => e.remove());  // these change by themselves
      return [copy.textContent, ...[...copy.querySelectorAll('*')].map((e) => e.tagName)]; }"""
    before = page.evaluate(article)
    count = page.locator("article .tag_solution").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    end = page.locator("article > :last-child")
    assert end.locator("h2").inner_text() == "Solutions"
    assert end.locator(".tag_solution").count() == count > 0
    assert all(heading.strip() for heading in end.locator("h3").all_text_contents())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(article) == before
    assert seen.errors == []


# Two invisible marks, at the start and at the end of what must not be torn apart: figures, rows, short cells. They are
# made when the page is about to be printed, after what the widgets then put on paper.
MARK = """(long) => addEventListener('beforeprint', () => {
  let n = 0;
  const mark = (e, side, where) => e.insertAdjacentHTML(where, `<i style="font: 1px monospace">qz${n}${side}qz</i>`);
  for (const e of document.querySelectorAll('article figure, article tr, article .cell_input pre')) {
    if (e.closest('.llmbook-widget[hidden], .llm-ui > :not(.paper), .llmbook-strip')) continue;
    if (e.textContent.trim().split('\\n').length > long && e.matches('pre')) continue;
    n += 1;
    mark(e.matches('tr') ? e.cells[0] : e, 'a', 'afterbegin');
    for (const cell of e.matches('tr') ? e.cells : [e]) mark(cell, 'b', 'beforeend');
  }
  window.marks = n;
})"""


def printed(page: Page, path: Path):
    import pypdfium2

    page.pdf(path=path, format="A4", print_background=True)
    return pypdfium2.PdfDocument(path)


@pytest.mark.parametrize("name", CONTENT)
def test_a_page_is_printed_whole(open_page, site, tmp_path, name):
    """The real thing, from a dark screen: white margins, mostly white paper, nothing torn apart, nothing lost."""
    page, _ = open_page(f"{site}/{name}", dark=True)
    page.evaluate(MARK, LONG)
    document = printed(page, tmp_path / "page.pdf")
    marks = page.evaluate("window.marks")
    places = defaultdict(set)
    for number, sheet in enumerate(document):
        text = re.sub(r"\s", "", sheet.get_textpage().get_text_range())
        for mark, side in re.findall(r"qz(\d+)([ab])qz", text):
            places[int(mark)].add((side, number))
        picture = sheet.render(scale=0.75).to_pil().convert("L")
        width, height = picture.size
        edge = round(width * 12 / 210)
        kept = picture.copy()
        kept.paste(255, (edge, edge, width - edge, height - edge))
        assert kept.getextrema()[0] > 250, f"page {number + 1}: something reaches into the margin, or it is not white"
        dark = sum(picture.histogram()[:128]) / (width * height)
        assert dark < 0.25, f"page {number + 1}: {dark:.0%} of the paper is dark"
    assert sorted(places) == list(range(1, marks + 1))
    # A table's head is repeated on each of its pages, and whole on each.
    starts, ends = ({mark: {n for s, n in where if s == side} for mark, where in places.items()} for side in "ab")
    assert starts == ends


def test_a_dark_page_would_be_noticed(on_paper):
    """The canaries of the measures above."""
    page = on_paper("chapters/how-to-use.html")
    page.evaluate("document.querySelector('article p').style.background = '#222'")
    assert page.evaluate(HARD_TO_READ, 0.9) != {}
    page.evaluate("document.querySelector('article p').style.cssText = 'width: 900px'")
    assert page.evaluate(TOO_WIDE, PAPER) != []


# --- forced colours ------------------------------------------------------------------------------------------------


def take_colours(page: Page, theme: str, palette: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme=palette)
    page.evaluate("(theme) => document.documentElement.dataset.theme = theme", theme)
    page.evaluate(FADED)


@pytest.fixture
def under_forced_colours(open_page, site):
    """under_forced_colours(name, theme, palette) → the page of one theme under a palette of the reader's."""

    def open_(name: str, theme: str, palette: str) -> Page:
        page, _ = open_page(f"{site}/{name}", dark=palette == "dark")
        take_colours(page, theme, palette)
        return page

    return open_


@pytest.mark.parametrize("name", CONTENT)
def test_forced_colours_are_legible(under_forced_colours, name):
    page = under_forced_colours(name, "light", "dark")
    assert page.evaluate(HARD_TO_READ, 0) == {}
    take_colours(page, "dark", "light")
    assert page.evaluate(HARD_TO_READ, 0) == {}


GROUND = "(e) => getComputedStyle(e).backgroundColor"
BAR = "(e) => getComputedStyle(e, '::before').backgroundColor"


@pytest.mark.parametrize("palette", ["light", "dark"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chosen_chip_stands_out_under_forced_colours(under_forced_colours, theme, palette):
    page = under_forced_colours("notebooks/04-1-one-head.html", theme, palette)
    for chips in page.locator(".attention-lab .chips").all():
        chosen = chips.locator("button[aria-pressed=true]")
        others = chips.locator("button[aria-pressed=false]")
        assert chosen.count() == 1
        assert others.first.evaluate(GROUND) != chosen.evaluate(GROUND)
        for chip in (chosen, others.first):
            assert chip.evaluate(BAR) != chip.evaluate(GROUND), "the bar of a weight cannot be seen"
    numbers = page.locator(".attention-lab .cell button")
    assert numbers.first.evaluate(GROUND) != numbers.nth(1).evaluate(GROUND)
    heat = page.locator(".attention-lab .heat")
    frame, row = heat.locator("rect.active"), heat.locator("rect.row")
    stroke = "(e) => getComputedStyle(e).stroke"
    assert frame.evaluate(stroke) != row.evaluate(stroke)


# --- in grey -------------------------------------------------------------------------------------------------------

FIGURES = {
    (path.stem, number): svg
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
    for number, svg in enumerate(stored_figures(path), 1)
}
BY_PLACE = {
    ("01-5-charts", 1): "each lane of the timeline has its own column, with its name above",
    ("08-1-scaling", 1): "each length of text has marks of its own on its two curves",
}


def shapes(svg: str) -> list[tuple[str, dict[str, str]]]:
    """(points, looks) of every path that is drawn in its place; marks that are used many times stand in <defs>."""
    drawn = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.DOTALL)
    found = re.findall(r'<path d="([^"]*)"[^>]*? style="([^"]*)"', drawn)
    return [(points, dict(look.split(": ", 1) for look in looks.split("; "))) for points, looks in found]


def only_hue(svg: str) -> list[str]:
    """What in a figure would look alike without its hue: curves of one dash, bars without hatching, signs."""
    dashes, plain, shaded, hatched = defaultdict(set), set(), set(), False
    for points, looks in shapes(svg):
        stroke, fill = (re.search(r"--llm-(c\d)", looks.get(part, "")) for part in ("stroke", "fill"))
        if stroke and points.count("L") > 1:
            dashes[looks.get("stroke-dasharray", "solid")].add(stroke[1])
        if fill:
            (shaded if "opacity" in looks else plain).add(fill[1])
        hatched |= looks.get("fill", "").startswith("url(")
    faults = [f"curves {sorted(names)} are all {dash}" for dash, names in dashes.items() if len(names) > 1]
    faults += [f"bars {sorted(plain)} have no hatching"] if len(plain) > 1 else []
    signed = re.search(r">\s*[-\N{MINUS SIGN}]\d", svg) or len(dashes) > 1
    faults += ["nothing but hue tells a negative cell"] if len(shaded) > 1 and not signed else []
    return faults


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"{figure[0]}, figure {figure[1]}")
def test_a_figure_can_be_read_in_grey(figure):
    assert bool(only_hue(FIGURES[figure])) == (figure in BY_PLACE), only_hue(FIGURES[figure])


def test_a_figure_that_only_hue_explains_is_seen():
    """The canaries: dashes taken from curves, hatchings from bars and from cells."""
    curves = bundle(
        lines([0, 1, 2], {"a": [1, 2, 3], "b": [3, 2, 1]}, xlabel="x", ylabel="y"), alt="two straight lines"
    )
    columns = bundle(bars(["r"], {"a": [1], "b": [2]}, ylabel="y"), alt="two small bars")
    cells = bundle(heat_map([[0.5, -0.5]], ["r"], ["a", "b"], decimals=None), alt="one cell and another")
    for figure in (curves, columns, cells):
        svg = figure["image/svg+xml"]
        assert only_hue(svg) == []
        plain = re.sub(r"url\(#[\w-]+\)(?=[;\"])", "var(--llm-c2, #d55e00)", svg)
        assert len(only_hue(re.sub(r"; stroke-dasharray: [^;\"]*", "", plain))) == 1

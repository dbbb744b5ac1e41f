"""The laboratory of grids in Chromium: its numbers against the library's, every control, its speed, its manners."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import manners
import pytest
import small_pages
import speed
import torch
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from llmbook.compression import Scheme, rounded
from llmbook.compression.grids import in_groups
from llmbook.pages import QuantLab
from llmbook.pages.widgets.gridded import GRIDS, GROUPS, NORMS, error_histogram, histogram
from llmbook.pages.widgets.prepared_slices import SLICES
from llmbook.pages.widgets.quant_lab import STATE, TITLES

CLOSE = 1e-12  # the same steps in float64 on both sides; only sums go in another order
OWN = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
NAMES = {"absolute": "mean absolute", "square": "mean square", "greatest": "greatest"}

PAGES = {
    "opening": QuantLab(),
    "inputs": QuantLab(slice="inputs", grid="free", group="row", norm="square", row=2, column=700),
    "eight": QuantLab(slice="smollm2", grid="asymmetric", bits=8, group=16, norm="greatest", row=1, column=33),
    "own": QuantLab(OWN, grid="nf4", row=2, column=49),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one laboratory and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("grids"), "quant_lab")
    small_pages.write_pages(folder, {name: [lab] for name, lab in PAGES.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(".quant-lab", "opening")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#quant_lab={quote(json.dumps(values))}"


def state_of(lab: QuantLab) -> dict:
    return {name: getattr(lab, name) for name in STATE}


READ = """([source, state]) => {
  const rounding = new llmbookGrids.Rounding(source);
  const { rounded, ranked, errors, bits, histogram, errorHistogram } = llmbookGrids.read(rounding, source, state);
  return { back: [...rounded.back], codes: [...rounded.codes], scale: [...rounded.scale], offset: [...rounded.offset],
    ranked: ranked.map(({ grid, bits, errors }) => [grid, bits, errors]), errors, bits,
    histogram: [...histogram.counts], errorHistogram: [...errorHistogram.counts] };
}"""


def agree(page: Page, lab: QuantLab) -> None:
    """All that the front end computes of a state is what the library computes of it."""
    found = agree_on_grid(page, lab)
    assert found["bits"] == pytest.approx(lab.quantised.bits, abs=CLOSE)
    assert found["errors"] == pytest.approx(lab.errors, abs=CLOSE)
    by_grid = {grid: (bits, shares) for grid, bits, shares in lab.ranking}
    assert {grid for grid, _, _ in found["ranked"]} == set(by_grid)
    for grid, bits, shares in found["ranked"]:
        assert bits == pytest.approx(by_grid[grid][0], abs=CLOSE)
        assert shares == pytest.approx(by_grid[grid][1], abs=CLOSE)
    order = [shares[lab.norm] for _, _, shares in found["ranked"]]
    assert order == sorted(order)


def agree_on_grid(page: Page, lab: QuantLab) -> dict:
    """The codes, to the last one, what they become, and both histograms; what the front end has found."""
    found = page.evaluate(READ, [lab.source, state_of(lab)])
    kept, x = lab.quantised, lab.values
    assert found["codes"] == kept.codes.flatten().tolist()
    assert found["histogram"] == histogram(x, kept).tolist()
    assert found["errorHistogram"] == error_histogram(x, kept).tolist()
    for name, numbers in {"back": kept.numbers(), "scale": kept.scale, "offset": kept.offset}.items():
        shown = torch.tensor(found[name], dtype=torch.float64).view_as(numbers)
        torch.testing.assert_close(shown, numbers, atol=0, rtol=0, msg=lambda text, name=name: f"{name}: {text}")
    return found


@pytest.mark.parametrize("name", SLICES)
@pytest.mark.parametrize("grid", GRIDS)
def test_the_core_equals_the_library_on_every_slice(open_lab, name, grid):
    page = open_lab()
    for group in GROUPS:
        for bits in (2, 4, 8) if GRIDS[grid][0] == "int" else (4,):
            agree(page, QuantLab(slice=name, grid=grid, group=group, bits=bits))


def random_labs(count: int) -> list[QuantLab]:
    """Matrices of odd sizes, with noughts, ties, the largest and the smallest numbers of float16."""
    rng = random.Random(0)
    out = []
    for _ in range(count):
        rows, columns = rng.randint(1, 5), rng.choice([1, 7, 16, 48, 64, 128])
        size = rng.choice([2.0**-22, 1e-3, 1.0, 1e3, 6e4])
        drawn = [size * rng.choice([0, 1, -1, 0.5, rng.uniform(-1, 1), 7, 3.5]) for _ in range(rows * columns)]
        w = torch.tensor(drawn).view(rows, columns).clamp(-65504, 65504)
        groups = [group for group in GROUPS if isinstance(group, str) or columns % group == 0]
        settings = {"group": rng.choice(groups), "grid": rng.choice(list(GRIDS)), "norm": rng.choice(NORMS)}
        out.append(QuantLab(w, bits=rng.randint(2, 8), **settings))
    return out


def test_the_core_equals_the_library_on_random_matrices(open_lab):
    page = open_lab()
    for lab in random_labs(400):
        agree(page, lab)


def test_numbers_become_float16_as_pytorch_makes_them(open_lab):
    page = open_lab()
    rng = random.Random(1)
    numbers = [rng.uniform(-2, 2) * 2.0 ** rng.randint(-30, 16) for _ in range(5000)]
    numbers += [0.0, 65504.0, 65519.9, 65520.0, 1e9, 2.0**-24, 2.0**-25, 1.5 * 2.0**-25, 1 + 2.0**-11, 1 + 3 * 2.0**-11]
    found = page.evaluate("(all) => all.map((x) => String(llmbookCore.toHalf(x)))", numbers)
    expected = torch.tensor(numbers, dtype=torch.float64).half().tolist()
    assert [float(text.replace("Infinity", "inf")) for text in found] == expected


@pytest.mark.parametrize(
    ("old", "new", "grids"),
    [
        ("%2!==0?", "%2===9?", ["symmetric"]),  # ties to even
        ("-.5,0,.5,1,1.5", "-.5,0,.5,1,1.6", ["fp4"]),
        ('==="whole"&&([', '==="none of them"&&([', ["asymmetric"]),
    ],
)
def test_a_wrong_core_is_noticed(open_lab, old, new, grids):
    """The canaries: a tie, a level, nought that has to be among the levels."""
    page = open_lab()
    script = small_pages.TESTING.read_text(encoding="utf-8")
    assert old in script
    page.evaluate(script.replace(old, new))
    ties = torch.tensor([[7.0, 0.5, 1.5, 2.5, -3.5, 1.0, 2.2, 3.0]])
    broken = []
    for grid in GRIDS:
        try:
            for w in (ties, ties.abs() + 3):
                agree_on_grid(page, QuantLab(w, grid=grid))
        except AssertionError:
            broken.append(grid)
    assert broken == grids


def python_of(page: Page) -> QuantLab:
    """The laboratory that the copied code makes."""
    return manners.made_by(page.locator("pre").text_content().rsplit("\n", 1)[0], "lab")


def table_of(page: Page, title: str, place: int = 0) -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("tbody tr").first.wait_for()
    rows = part.locator("table").nth(place).locator("tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def number(text: str) -> float:
    return float(re.sub("[%★▸, ]", "", text).replace("−", "-"))


def shows(page: Page, lab: QuantLab) -> None:
    """Ranking, sentence, tables and the chosen number are the laboratory's, to the digits shown."""
    page.wait_for_timeout(20)
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".ranking tbody tr").all()]
    half = 0.00501
    for (grid, bits, shares), (name, *cells) in zip(lab.ranking, rows, strict=True):
        assert name.removeprefix("▸ ") == TITLES[grid]
        assert name.startswith("▸") == (grid == lab.grid)
        expected = [100 * shares[norm] for norm in NORMS]
        assert [number(cell) for cell in cells[:3]] == pytest.approx(expected, abs=half)
        assert number(cells[3]) == pytest.approx(bits, abs=half)
        assert number(cells[4]) == pytest.approx(bits / 8, abs=0.000501)
    assert page.locator(".ranking tr.chosen th").inner_text() == f"▸ {TITLES[lab.grid]}"
    share = 100 * lab.errors[lab.norm]
    said = re.search(r"error, ([\d.]+) % of", page.locator(".sentence").inner_text())[1]
    assert float(said) == pytest.approx(share, abs=half)
    check_pictures(page, lab)
    one = lab.number
    steps = page.locator(".equation li").all_inner_texts()
    found = [number(text.rsplit(" ", 1)[1]) for text in steps[2:]]
    expected = [one["level"], one["rounded"], one["error"]]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-9)


BARS = """(svg) => {
  const box = svg.querySelector('rect.frame'), height = Number(box.getAttribute('height'));
  const bars = svg.querySelector('.columns').getAttribute('d').split('z').filter(Boolean)
    .map((bar) => bar.match(/-?[\\d.]+/g).map(Number));
  return { left: Number(box.getAttribute('x')), width: Number(box.getAttribute('width')),
    bars: bars.map(([x, , up]) => [x, -up / height]),
    ticks: (svg.querySelector('.ticks').getAttribute('d') ?? '').split('M').length - 1,
    most: svg.querySelector('text').textContent };
}"""


def check_pictures(page: Page, lab: QuantLab) -> None:
    """What can be read off the two histograms is what the library counts."""
    kept, x = lab.quantised, lab.values
    for name, counts in (("values", histogram(x, kept)), ("errors", error_histogram(x, kept))):
        found = page.locator(f".{name} svg").evaluate(BARS)
        most = counts.max().item()
        assert f"{most:,} of {x.numel():,}" in found["most"]
        heights = {round((x - found["left"]) / found["width"] * len(counts)): up for x, up in found["bars"]}
        expected = {i: count / most for i, count in enumerate(counts.tolist()) if count}
        assert heights == pytest.approx(expected, abs=0.001)
        if name == "values":
            assert found["ticks"] == len(set(range(2**lab.scheme.bits))) - (lab.grid in ("symmetric", "fp4"))


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_slider_over_its_range(open_lab, bits):
    page = open_lab()
    page.get_by_role("slider", name="Bits of whole numbers").fill(str(bits))
    lab = python_of(page)
    assert lab.bits == bits
    shows(page, lab)


@pytest.mark.parametrize("name", SLICES)
def test_every_choice(open_lab, name):
    page = open_lab()
    page.get_by_role("combobox", name="Numbers").select_option(name)
    for grid, group, norm in zip([*GRIDS, "nf4"], GROUPS, NORMS * 2, strict=True):
        page.get_by_role("combobox", name="Grid").select_option(grid)
        page.get_by_role("combobox", name="Share a scale").select_option(str(group))
        page.get_by_role("combobox", name="Error").select_option(norm)
        lab = python_of(page)
        assert (lab.slice, lab.grid, lab.group, lab.norm) == (name, grid, group, norm)
        shows(page, lab)


@pytest.mark.parametrize("norm", NORMS)
def test_every_grid_with_every_group(open_lab, norm):
    page = open_lab()
    page.get_by_role("combobox", name="Error").select_option(norm)
    for row, group in zip(table_of(page, "Every grid with every group"), GROUPS, strict=True):
        shares = {grid: shares[norm] for grid, _, shares in QuantLab(group=group).ranking}
        assert [number(cell) for cell in row[1:]] == pytest.approx([100 * shares[grid] for grid in GRIDS], abs=0.00501)
        starred = [grid for grid, cell in zip(GRIDS, row[1:], strict=True) if "★" in cell]
        assert starred == [grid for grid in GRIDS if shares[grid] == min(shares.values())]


@pytest.mark.parametrize("name", ["opening", "inputs", "eight", "own"])
def test_the_lines_of_the_controls_make_the_error(open_lab, name):
    page = open_lab(name)
    lab = PAGES[name]
    scope = {"w": lab.values, "rounded": rounded, "Scheme": Scheme, "torch": torch}
    for control in ("Grid", "Bits of whole numbers", "Share a scale", "Error"):
        exec(page.locator(".control", has_text=control).locator("code").first.inner_text(), scope)
    assert float(scope["error"]) == pytest.approx(lab.errors[lab.norm], abs=1e-9)


def test_the_line_of_a_slice_takes_it(open_lab):
    """The one of the stored GPT, which needs no download."""
    from llmbook.compression import matrices
    from llmbook.pretrained import load_stored

    page = open_lab(link=link(slice="gpt"))
    scope = {"gpt": load_stored("gpt-speeches"), "matrices": matrices}
    exec(page.locator(".control", has_text="Numbers").locator("code").first.inner_text(), scope)
    assert torch.equal(scope["w"].double(), QuantLab(slice="gpt").values)


STRIP = """() => {
  const svg = document.querySelector('.strip'), numbers = (name) => svg.querySelector(`.${name}`).getAttribute('d');
  const box = svg.querySelector('rect.frame'), of = (name) => Number(box.getAttribute(name));
  const [high, low] = [...svg.querySelectorAll('text')].map((e) => Number(e.textContent.replace('−', '-')));
  const room = 0.06 * (high - low) || 1;
  const valueOf = (y) => high + room - (y - of('y')) / of('height') * (high - low + 2 * room);
  const ys = (name) => numbers(name).split('M').filter(Boolean).map((part) => valueOf(Number(part.split(/[ hV]/)[1])));
  return { dots: ys('dots'), dashes: ys('dashes'), levels: new Set(ys('levels').map((y) => y.toFixed(6))).size,
    room: high - low + 2 * room };
}"""


@pytest.mark.parametrize("name", PAGES)
def test_the_neighbours_and_their_table_agree(open_lab, name):
    page = open_lab(name)
    lab = PAGES[name]
    start = lab.column - lab.column % 32
    x = lab.values[lab.row, start : start + 32]
    back = lab.quantised.numbers()[lab.row, start : start + 32]
    found = page.evaluate(STRIP)
    close = 0.002 * found["room"]  # a tenth of a unit of 150, and four digits of the axis
    assert found["dots"] == pytest.approx(x.tolist(), abs=close)
    assert found["dashes"] == pytest.approx(back.tolist(), abs=close)
    assert (found["levels"] > 0) == (name != "eight")
    rows = table_of(page, "The neighbours as a table")
    assert [int(row[0]) for row in rows] == list(range(start, start + len(x)))
    for row, one, other in zip(rows, x.tolist(), back.tolist(), strict=True):
        assert [number(row[1]), number(row[3])] == pytest.approx([one, other], rel=1e-3)
        assert number(row[4]) == pytest.approx(other - one, rel=1e-3)


def test_the_histograms_as_tables(open_lab):
    page = open_lab("inputs")
    lab = PAGES["inputs"]
    for place, counts in enumerate([f(lab.values, lab.quantised) for f in (histogram, error_histogram)]):
        rows = table_of(page, "The histograms as tables", place)
        assert [int(row[1]) for row in rows] == counts.tolist()


def test_a_pointer_tells_of_a_number_in_passing_and_a_click_keeps_it(open_lab):
    page = open_lab()
    grid, first = page.get_by_role("grid"), page.locator(".equation li").first
    box = grid.bounding_box()
    unit = box["width"] / (62 + 32 * 9 + 4)
    at = {"x": unit * (62 + 9 * 10.5), "y": 30}
    grid.hover(position=at)
    expect(first).to_contain_text("w[0, 10]")
    page.mouse.move(1, 1)
    expect(first).to_contain_text("w[0, 0]")
    grid.click(position=at)
    page.mouse.move(1, 1)
    expect(first).to_contain_text("w[0, 10]")
    assert python_of(page).column == 10
    grid.click(position={"x": unit * 20, "y": 30})  # beside the columns
    assert python_of(page).column == 10


def test_keys_move_through_all_numbers(open_lab):
    page = open_lab()
    page.get_by_role("grid").focus()
    cell = page.get_by_role("gridcell")
    for key, place in [
        ("ArrowRight", "0, 1"),
        ("ArrowDown", "1, 1"),
        ("PageDown", "1, 33"),
        ("PageUp", "1, 1"),
        ("PageUp", "1, 0"),
        ("End", "1, 1535"),
        ("PageDown", "1, 1535"),
        ("Home", "1, 0"),
        ("ArrowUp", "0, 0"),
        ("ArrowLeft", "0, 0"),
    ]:
        page.keyboard.press(key)
        expect(cell).to_contain_text(f"x = w[{place}] =")
    page.keyboard.press("ArrowRight")
    shows(page, QuantLab(column=1))


def test_a_link_brings_the_state_back(open_lab):
    page = open_lab("inputs")
    page.get_by_role("slider", name="Bits").fill("6")
    page.get_by_role("combobox", name="Share a scale").select_option("128")
    code, anchor = page.locator("pre").text_content(), page.get_by_role("link", name="Link to this state")
    anchor.click()  # the page's own address has it now
    for name in ("opening", "inputs", "eight"):  # whatever that page opens with
        again = open_lab(name, link=page.evaluate("location.hash"))
        assert again.locator("pre").text_content() == code
        assert again.seen.errors == []
    other = open_lab()
    other.evaluate("(hash) => { location.hash = hash; }", anchor.get_attribute("href"))  # pasted into an open page
    expect(other.locator("pre")).to_have_text(code)


ODD_LINKS = [
    link(slice="bert", bits=1, group=48, grid="int", norm="mean", row=-1, column=0.5),
    link(slice=["gpt"], bits="4", group="32", grid=None, norm=1, row="0", column=True),
    link(slice=None, bits=1e300, group=[], grid="__proto__", norm="constructor", row=99999, column=None),
    link(slice="<img src=x onerror=window.hacked=1>", row=2**14 - 1, column=2**14 - 1),
    "#quant_lab=%F0%9F",
    "#quant_lab=[1, 2]",
    "#quant_lab={",
    "#quant_lab=null",
    "#quant_lab=",
    link(grid="nf4").replace("quant_lab", "other_lab"),
]


@pytest.mark.parametrize("query", ODD_LINKS)
def test_what_cannot_be_in_a_link_is_left_out(open_lab, query):
    page = open_lab(link=query)
    lab = python_of(page)  # Python would refuse what cannot be
    assert (lab.slice, lab.bits, lab.group, lab.grid, lab.norm) == ("minilm", 4, 32, "symmetric", "absolute")
    shows(page, lab)
    assert page.seen.errors == []
    assert page.evaluate("window.hacked") is None


def test_a_matrix_of_ones_own_has_its_own_choices(open_lab):
    page = open_lab("own")
    options = page.get_by_role("combobox", name="Share a scale").locator("option").all_inner_texts()
    assert options == ["a scale for each row", "a scale for each tensor"]
    assert page.get_by_role("combobox", name="Numbers").count() == 0
    code = page.locator("pre").text_content()
    assert "QuantLab(w, " in code
    scope = {"w": OWN}
    exec(code, scope)
    assert repr(scope["lab"]) == repr(PAGES["own"])
    again = open_lab("own", link=link(group=32, row=9, column=99))  # of another matrix
    expect(again.locator(".equation li").first).to_contain_text("w[2, 49]")
    expect(again.locator(".sentence")).to_contain_text("a scale for each row")


def asked(page: Page) -> tuple[QuantLab, QuantLab]:
    """The two settings that the sentence asks about."""
    told = re.search(r"A: (.*)\. B: (.*)\.$", page.locator(".sentence").inner_text())
    out = []
    for setting in told.groups():
        words = re.fullmatch(r"(?:(\d)-bit )?(.*), a scale for (?:each|every) (\w+)", setting)
        bits, title, group = words.groups()
        grid = next(grid for grid, name in TITLES.items() if name == title)
        out.append(QuantLab(grid=grid, bits=int(bits or 4), group=int(group) if group.isdigit() else group))
    return out[0], out[1]


def test_predict_then_reveal_scores_with_the_readers_confidence(open_lab):
    page = open_lab()
    toggle, status = page.get_by_role("button", name="Predict, then reveal"), page.locator(".verdict")
    page.evaluate("() => { let n = 7; Math.random = () => (n = (n * 16807) % 2147483647) / 2147483647; }")
    outcomes = []
    for _ in range(8):
        toggle.click()
        a, b = (lab.errors["absolute"] for lab in asked(page))
        assert abs(a - b) > 0.02 * max(a, b)
        cells = page.locator(".ranking tbody td").all_inner_texts()
        assert cells.count("?") == 15
        assert not page.locator(".errors svg").is_visible()
        page.get_by_label("How sure are you?").select_option("0.9")
        page.get_by_role("button", name="A", exact=True).click()
        outcomes.append(a < b)
        verdict = "Right" if a < b else "Wrong"
        said = re.match(r"(\w+): the mean absolute error of A is ([\d.]+) %, of B ([\d.]+) %\.", status.inner_text())
        assert said[1] == verdict
        assert [float(text) for text in said.groups()[1:]] == pytest.approx([100 * a, 100 * b], abs=0.00501)
        brier = sum((0.9 - right) ** 2 for right in outcomes) / len(outcomes)
        assert f"{brier:.2f} (0 is best" in status.inner_text()
        expect(toggle).to_be_focused()
        lab = python_of(page)
        assert lab.errors["absolute"] == pytest.approx(min(a, b), abs=1e-9)  # the better one can be looked at
        assert page.locator(".ranking tbody td").all_inner_texts().count("?") == 0
    assert set(outcomes) == {True, False}
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).quant_lab.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.9, "right": right} for right in outcomes]


def test_errors_stay_hidden_while_a_question_waits(open_lab):
    page = open_lab()
    manners.unfold(page)
    page.get_by_role("button", name="Predict, then reveal").click()
    for change in ("64", "row"):
        page.get_by_role("combobox", name="Share a scale").select_option(change)
        page.wait_for_timeout(20)
        everywhere = [cell for row in table_of(page, "Every grid with every group") for cell in row[1:]]
        assert set(everywhere) == {"?"}
        assert page.locator("details", has_text="The histograms as tables").locator("table").count() == 1
        assert page.locator(".ranking tbody td").all_inner_texts().count("?") == 15
        assert page.locator("tr.chosen").count() == 0
    page.get_by_role("button", name="Show the answer").click()
    assert page.locator(".verdict").inner_text().startswith("the mean absolute error of A is ")
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None  # given up: nothing is counted
    assert "?" not in page.locator(".ranking").inner_text()


def test_where_nothing_differs_nothing_is_asked(open_page, folder):
    small_pages.write_page(folder, "noughts", QuantLab(torch.zeros(2, 16)))
    page, page.seen = open_page(f"file://{folder}/noughts.html")
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.locator(".verdict")).to_have_text("No two grids differ on these numbers.")
    assert not page.locator(".quant-lab").get_by_text("How sure are you?").is_visible()
    manners.check_quiet(page)


def test_of_two_equal_errors_neither_is_right(open_lab):
    """They became equal when the reader chose another norm, after the question was drawn: nothing is counted."""
    page = open_lab(link=link(slice="gpt"))
    # symmetric whole numbers of four bits both times, groups of 16 and a row
    page.evaluate("() => { let n = 0; Math.random = () => [0, 0.9, 0, 0, 0.9, 0.7][n++ % 6]; }")
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("combobox", name="Error").select_option("greatest")
    page.get_by_label("How sure are you?").select_option("0.9")
    page.get_by_role("button", name="B", exact=True).click()
    greatest = 100 * QuantLab(slice="gpt").errors["greatest"]
    both = f"A is {greatest:.2f} %, of B {greatest:.2f} %."
    expect(page.locator(".verdict")).to_have_text(f"Neither: the greatest error of {both}")
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None


def test_equal_errors_share_a_place(open_page, folder):
    small_pages.write_page(folder, "nought", QuantLab(torch.zeros(1, 32), grid="nf4", group="tensor"))
    page, page.seen = open_page(f"file://{folder}/nought.html")
    expect(page.locator(".sentence")).to_contain_text("0.00 % of the numbers' own, is the smallest of five grids.")
    expect(page.locator(".equation")).to_contain_text("s = 1, for float16 has no scale so small; m = 0, in float16")
    expect(page.locator(".equation")).to_contain_text("of row 0")
    page.get_by_role("combobox", name="Grid").select_option("asymmetric")
    expect(page.locator(".equation")).not_to_contain_text("−0")


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab("inputs")
    state = "() => document.querySelector('.quant-lab').innerHTML.replace(/(sure|cell)-\\w+/g, '')"
    values = "() => [...document.querySelectorAll('.quant-lab :is(input, select)')].map((e) => e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_role("combobox", name="Numbers").select_option("gpt")
    page.get_by_role("combobox", name="Grid").select_option("fp4")
    page.get_by_role("slider", name="Bits").fill("7")
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="A", exact=True).click()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    assert (page.evaluate(state), page.evaluate(values)) == opening


def test_the_keyboard_alone_reaches_everything(open_lab):
    page = open_lab("inputs")
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".quant-lab", page.get_by_role("button", name="Predict, then reveal"))
    page.get_by_role("slider", name="Bits").focus()
    page.keyboard.press("ArrowRight")
    assert python_of(page).bits == 5


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab("inputs")
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.check_named(page, ".quant-lab")


def test_changes_are_spoken(open_lab):
    page = open_lab()
    page.get_by_role("combobox", name="Grid").select_option("nf4")
    manners.check_spoken(page, ".quant-lab")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["opening", "inputs"])
def test_no_rule_of_access_is_broken(open_lab, name, dark):
    page = open_lab(name, dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("name", ["inputs", "eight"])
def test_a_phone_works_by_touch(open_lab, name, width):
    page = open_lab(name, width=width, touch=True)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    grid = page.get_by_role("grid")
    box = grid.bounding_box()
    grid.tap(position={"x": box["width"] * (62 + 9 * 3.5) / 354, "y": 20})
    start = PAGES[name].column - PAGES[name].column % 32
    expect(page.get_by_role("gridcell")).to_contain_text(f"{start + 3}] =")
    letters = page.evaluate(
        """() => [...document.querySelectorAll('.quant-lab svg text')].map((text) => {
          const svg = text.ownerSVGElement;
          const unit = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
          return parseFloat(getComputedStyle(text).fontSize) * unit; })"""
    )
    assert min(letters) >= 9
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.quant-lab svg text')].filter((text) => {
          const [a, b] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
          return a.left < b.left - 1 || a.right > b.right + 1; }).map((text) => text.textContent)"""
    )
    assert cut == []


def test_the_pictures_are_seen_under_forced_colours(open_lab):
    page = open_lab()
    page.emulate_media(forced_colors="active")
    ground = page.evaluate("getComputedStyle(document.querySelector('.quant-lab')).backgroundColor")
    looks = page.evaluate(
        """() => ['columns', 'ticks', 'mark', 'dots', 'dashes'].map((name) => {
          const style = getComputedStyle(document.querySelector(`.quant-lab .${name}`));
          return style[name === 'columns' ? 'fill' : 'stroke']; })"""
    )
    assert all(look not in ("none", ground) for look in looks), looks


@pytest.mark.parametrize("name", PAGES)
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    page = open_lab(name)
    page.get_by_role("combobox", name="Error").select_option("greatest")
    lab = QuantLab(OWN, **{**state_of(PAGES[name]), "norm": "greatest"}) if name == "own" else None
    lab = lab or QuantLab(**{**state_of(PAGES[name]), "norm": "greatest"})
    with manners.on_paper(page, ".quant-lab") as paper:
        cells = paper.locator("tbody td").all_inner_texts()
        shown = [number(cell) for cell in cells[::5]], [number(cell) for cell in cells[2::5]]
        expected = ([100 * found[norm] for _, _, found in lab.ranking] for norm in ("absolute", "greatest"))
        for found, known in zip(shown, expected, strict=True):
            assert found == pytest.approx(known, abs=0.00501)
        assert page.locator(".sentence").text_content() in paper.locator("p").first.inner_text()
        assert paper.locator("svg").count() == 3
        assert 'norm="greatest"' in paper.locator("pre").inner_text()


def test_the_first_click_copies_the_code(open_lab):
    page = open_lab("inputs")
    assert manners.copied_code(page) == page.locator("pre").inner_text()


@pytest.mark.parametrize("way", WAYS)
def test_a_laboratory_taken_down_changes_no_more(open_lab, way):
    page = open_lab()
    lab = QuantLab()
    check_taken_down(page, "llmbookQuantLab", {"source": lab.source, **state_of(lab)}, {"bits": (5, 6)}, way)
    assert page.seen.errors == []


def test_without_a_page_there_is_no_link(open_lab):
    """In a notebook the address is the notebook's."""
    page = open_lab()
    lab = QuantLab()
    page.evaluate(
        """(values) => {
          const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {}, send() {} };
          const el = document.body.appendChild(document.createElement('div'));
          el.id = 'notebook';
          llmbookQuantLab.render({ model, el });
        }""",
        {"source": lab.source, **state_of(lab)},
    )
    assert page.locator("#notebook .quant-lab button", has_text="Reset").count() == 1
    assert page.locator("#notebook .quant-lab a").count() == 0


BITS = ".quant-lab input[type=range]"
REPLACED = """async (selector) => {
  const lab = document.querySelector('.quant-lab'), input = document.querySelector(selector);
  const seen = { childList: 0, anew: 0, texts: 0 };
  new MutationObserver((all) => all.forEach(({ type, target, attributeName, oldValue }) => {
    if ((target.closest ? target : target.parentElement)?.closest('[aria-live]')) return;
    if (type === 'childList') seen.childList++;
    else if (type === 'characterData') seen.texts++;
    else if (target.getAttribute(attributeName) === oldValue) seen.anew++;
  })).observe(lab, { subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true });
  for (let i = 0; i < 14; i++) {
    input.value = String(2 + (i % 7));
    input.dispatchEvent(new Event('input'));
    await new Promise((done) => setTimeout(done));
  }
  return seen;
}"""


def test_a_slider_move_changes_texts_and_replaces_nothing(open_lab):
    seen = open_lab("inputs").evaluate(REPLACED, BITS)
    assert (seen["childList"], seen["anew"]) == (0, 0)
    assert seen["texts"] > 13 * 10


@pytest.mark.alone
@pytest.mark.parametrize("name", ["opening", "inputs", "eight"])
def test_a_slider_move_is_quick(open_lab, name, record_property):
    page = open_lab(name)
    moves = speed.slider_move(page, BITS, lambda i: 2 + i % 7)
    record_property("move_ms", moves)
    assert moves[1] <= 4


@pytest.mark.alone
def test_the_first_render_is_quick(open_lab):
    assert speed.first_render(lambda: open_lab("opening")) <= 250


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("quant_lab")) <= 16 * 1024


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/inputs.html", javascript=False)
    assert "ranked by the square" in page.locator("table caption").inner_text()
    assert page.locator("td").count() == 20


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(link=link(slice="gpt", grid="fp4", norm="square"), base=f"file://{folder}")
    shows(page, QuantLab(slice="gpt", grid="fp4", norm="square"))
    manners.check_quiet(page)


def test_one_that_cannot_start_leaves_its_table(open_page, folder):
    good = QuantLab().to_html()
    broken = re.sub(r'"numbers": "....', '"numbers": "', good)
    page = manners.open_beside_broken(open_page, folder, good, broken)
    for lab in page.locator(".quant-lab").all():
        lab.get_by_role("slider", name="Bits").fill("2")
        expect(lab.locator("pre")).to_contain_text("bits=2")
    assert len(page.seen.errors) == 1


def test_groups_are_the_librarys(open_lab):
    """Who shares a scale with whom: the largest of each group comes back as it was, to its float16 scale."""
    lab = QuantLab(slice="gpt", group=128)
    groups = in_groups(lab.values, lab.scheme)
    found = open_lab().evaluate(READ, [lab.source, state_of(lab)])
    back = torch.tensor(found["back"]).view_as(groups)
    largest = groups.abs().amax(dim=1)
    torch.testing.assert_close(back.abs().amax(dim=1).double(), largest, rtol=1e-3, atol=0)

"""The calculator of costs in Chromium: its numbers against the library's, controls, its measurement, its manners."""

import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import manners
import pytest
import small_pages
import speed
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from conftest import serve
from llmbook.pages import CostCalculator
from llmbook.pages.widgets.cost_calculator import STATE, TITLES
from llmbook.pages.widgets.costed import BITS, LIMITS, PRESETS, WHOLE, costs, told

CLOSE = 1e-9  # relative: the same steps in float64 on both sides
PAGES = {
    "opening": CostCalculator(),
    "eight": CostCalculator("eight", price=0.001),
    "mixture": CostCalculator("mixture", batch=13),
    "full": CostCalculator("eight", batch=10_000, read=100_000),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one calculator and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("costs"), "cost_calculator")
    small_pages.write_pages(folder, {name: [lab] for name, lab in PAGES.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(".cost-calculator", "opening")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#cost_calculator={quote(json.dumps(values))}"


def drawn_by_lot(rng: random.Random) -> dict[str, float]:
    """Numbers over all of their ranges; a share of active parameters that a float can tell from none."""
    found = {}
    for name, (low, high) in LIMITS.items():
        value = 10 ** rng.uniform(math.log10(low), math.log10(high))
        found[name] = rng.choice(BITS) if name == "bits" else max(int(low), round(value)) if name in WHOLE else value
    found["active"] = found["total"] * 10 ** rng.uniform(-3, 0)
    return found if found["active"] >= LIMITS["active"][0] else {**found, "active": found["total"]}


ALL = "(all) => all.map((numbers) => llmbookCosts.costsOf(numbers))"


def agree(page: Page, labs: list[CostCalculator]) -> None:
    """All that the front end computes of the numbers is what the library computes of them."""
    for found, lab in zip(page.evaluate(ALL, [lab.numbers for lab in labs]), labs, strict=True):
        expected = vars(lab.costs)
        assert set(found) == set(expected)
        assert found == pytest.approx(expected, rel=CLOSE, abs=0)


def test_the_core_equals_the_library_on_presets_and_by_lot(open_lab):
    rng = random.Random(0)
    labs = [CostCalculator(preset) for preset in PRESETS]
    agree(open_lab(), labs + [CostCalculator(**drawn_by_lot(rng)) for _ in range(500)])


def test_what_is_said_is_pythons(open_lab):
    page, rng = open_lab(), random.Random(1)
    labs = [CostCalculator(preset) for preset in PRESETS] + [CostCalculator(**drawn_by_lot(rng)) for _ in range(200)]
    rows = "(all) => all.map((numbers) => llmbookCosts.rowsOf(llmbookCosts.costsOf(numbers)))"
    for found, lab in zip(page.evaluate(rows, [lab.numbers for lab in labs]), labs, strict=True):
        assert [name for name, _ in found] == [name for name, _ in told(lab.costs)]
        for (name, ours), (_, pythons) in zip(found, told(lab.costs), strict=True):
            assert same_number(ours, pythons), (name, ours, pythons)


def same_number(one: str, other: str) -> bool:
    """Two languages write the same digits, but may round a half apart, and write exponents in two ways."""
    number = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
    (a, *_), (b, *_) = re.findall(number, one) or [""], re.findall(number, other) or [""]
    if not (a and b):
        return one == other
    return math.isclose(float(a), float(b), rel_tol=0.011) and re.sub(number, "", one) == re.sub(number, "", other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Math.max(", "Math.min("),  # the longer of two bounds
        ("6*", "2*"),  # a training is there and back
        ("36e5", "36e4"),
        ("2629800", "2592000"),  # seconds of a month
    ],
)
def test_a_wrong_core_is_noticed(open_lab, old, new):
    """The canaries, in the function that a formula is in."""
    page = open_lab()
    sources = page.evaluate("Object.values(llmbookCosts).map(String).join('\\n')")
    script = small_pages.TESTING.read_text(encoding="utf-8")
    start = script.index('["total","active","shared","bits","cache"')
    assert sources
    assert old in script[start:]
    page.evaluate(script[:start] + script[start:].replace(old, new, 1))
    labs = [CostCalculator(**drawn_by_lot(random.Random(seed))) for seed in range(60)]
    labs += [CostCalculator("eight", price=price / 1000) for price in range(60, 160)]
    with pytest.raises(AssertionError):
        agree(page, labs)


# --- controls ------------------------------------------------------------------------------------------------------


def python_of(page: Page) -> CostCalculator:
    """The calculator that the copied code makes."""
    return manners.made_by(page.locator("pre").text_content().rsplit("\n", 1)[0], "lab")


def shows(page: Page, lab: CostCalculator) -> None:
    """Table and sentence are the library's."""
    page.wait_for_timeout(20)
    cells = page.locator(".results tbody td").all_inner_texts()
    for cell, (name, text) in zip(cells, told(lab.costs), strict=True):
        assert same_number(cell, text), (name, cell, text)
    said = page.locator(".sentence").inner_text()
    title = TITLES[lab.preset]
    assert said.startswith(title[0].upper() + title[1:])
    assert ("bound by arithmetic" in said) == (lab.costs.arithmetic >= lab.costs.step)
    assert ("never pays" in said) == (lab.costs.needed == math.inf)
    assert ("have no room" in said) == (lab.costs.weights + lab.costs.caches > lab.costs.room)


@pytest.mark.parametrize("name", PAGES)
def test_opens_with_what_python_found(open_lab, name):
    page = open_lab(name)
    shows(page, PAGES[name])
    assert python_of(page).numbers == PAGES[name].numbers


def test_presets_are_taken_and_pressed(open_lab):
    page = open_lab()
    for preset in PRESETS:
        page.get_by_role("button", name=TITLES[preset]).click()
        lab = python_of(page)
        assert lab.preset == preset
        shows(page, lab)
        assert page.locator("[aria-pressed=true]").all_inner_texts() == [TITLES[preset]]
    page.get_by_role("slider", name="Texts at once").press("ArrowRight")
    page.wait_for_timeout(20)
    assert page.locator("[aria-pressed=true]").count() == 0
    assert page.locator(".sentence").inner_text().startswith("Numbers of your own")


def test_every_slider_over_its_range(open_lab):
    page = open_lab("mixture")
    manners.unfold(page)
    lines = page.locator(".control code")
    for i in range(lines.count()):
        name = lines.nth(i).inner_text().split(" = ")[0]
        if name == "bits":
            continue
        slider = page.locator(".control").nth(i).locator("input")
        low, high = LIMITS[name]
        last = int(slider.get_attribute("max"))
        for position in (last, last // 2, 0):
            slider.fill(str(position))
            lab = python_of(page)
            if position in (0, last):
                assert lab.numbers[name] == pytest.approx(low if position == 0 else high)
            assert lab.shared <= lab.active <= lab.total
            shows(page, lab)
            assert int(slider.input_value()) == position


def test_the_lines_of_the_controls_are_the_numbers(open_lab):
    page = open_lab("mixture")
    manners.unfold(page)
    scope: dict = {}
    for line in page.locator(".control code").all_inner_texts():
        exec(line, scope)
    assert {name: scope[name] for name in STATE} == PAGES["mixture"].numbers


def test_bits_are_chosen(open_lab):
    page = open_lab()
    for bits in BITS:
        page.get_by_role("combobox", name="Bits of a parameter").select_option(str(bits))
        assert python_of(page).bits == bits
        shows(page, python_of(page))


def test_whole_numbers_of_texts_can_be_set_one_by_one(open_lab):
    """The exercise of the page asks for one of them."""
    reached = open_lab().evaluate(
        "Array.from({ length: llmbookCosts.lastPosition('batch') + 1 }, (_, i) => llmbookCosts.valueAt('batch', i))"
    )
    assert set(range(1, 23)) <= set(reached)
    assert sorted(reached) == reached


def test_active_parameters_are_never_more_than_all(open_lab):
    page = open_lab("mixture")
    page.get_by_role("slider", name="All parameters").fill("100")
    lab = python_of(page)
    assert lab.total == lab.active < 37e9
    page.get_by_role("slider", name="Active parameters").fill("200")
    assert python_of(page).total == python_of(page).active
    page.get_by_role("slider", name="Of these, for every token").fill("240")
    lab = python_of(page)
    assert lab.shared == lab.active == lab.total == pytest.approx(1e12)


def test_the_picture_is_a_table_too(open_lab):
    page = open_lab("full")
    manners.unfold(page)
    rows = page.locator("details", has_text="The picture as a table").locator("tbody tr").all()
    assert len(rows) == 13
    for i, row in enumerate(rows):
        found = CostCalculator(**{**PAGES["full"].numbers, "batch": 2**i}).costs
        batch, most, each, _, binds, room = row.locator("th, td").all_inner_texts()
        assert int(batch) == 2**i
        assert (binds == "arithmetic") == (found.arithmetic >= found.step)
        assert (room == "yes") == (found.weights + found.caches <= found.room)
        assert (most == each) == (i == 0)
    assert {row.locator("td").last.inner_text() for row in rows} == {"yes", "no"}
    assert page.locator(".dashed").get_attribute("d")


# --- my machine ----------------------------------------------------------------------------------------------------


def measure(page: Page) -> str:
    page.get_by_role("button", name="Measure my machine").click()
    status = page.locator(".machine [role=status]")
    expect(status).to_contain_text("One thread of this browser", timeout=60_000)
    return status.inner_text()


def test_no_number_of_the_machine_stands_before_it_was_measured(open_lab):
    page = open_lab()
    part = page.locator(".machine")
    assert not re.search(r"\d", part.inner_text())
    assert part.locator("table").is_hidden()
    assert part.get_by_role("button", name="Take these numbers").is_hidden()


def test_this_machine_is_measured_and_its_numbers_can_be_taken(open_lab):
    page = open_lab("mixture")
    said = measure(page)
    bandwidth, unit = re.search(r"reads ([\d.]+) ([MGT])B a second", said).groups()
    assert 1e8 < float(bandwidth) * {"M": 1e6, "G": 1e9, "T": 1e12}[unit] < 2e12
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".machine tbody tr").all()]
    assert [row[0] for row in rows] == ["32 bits", "4 bits"]
    assert [row[1] for row in rows] == ["538 MB", "67.3 MB"]
    slow, fast = (float(row[2].split()[0]) for row in rows)
    assert fast == pytest.approx(8 * slow, rel=0.02)
    assert slow == pytest.approx(float(bandwidth) * {"M": 1e6, "G": 1e9, "T": 1e12}[unit] / 538_060_032, rel=0.02)
    page.get_by_role("button", name="Take these numbers").click()
    lab = python_of(page)
    assert (lab.total, lab.bits, lab.devices) == (134_515_008, 32, 1)
    assert lab.bandwidth == pytest.approx(slow * 538_060_032, rel=0.02)
    assert CostCalculator("mine", bandwidth=lab.bandwidth, operations=lab.operations).numbers == lab.numbers
    shows(page, lab)
    manners.check_quiet(page)


def test_where_workers_are_refused_the_page_measures_in_slices(folder, open_page):
    with serve(folder, small_pages.NO_WORKER) as address:
        page, _ = open_page(f"{address}/opening.html")
        assert "reads" in measure(page)


@pytest.mark.alone
@pytest.mark.parametrize("refused", [False, True], ids=["worker", "page"])
def test_measuring_keeps_the_page_alive(folder, open_page, refused):
    with serve(folder, small_pages.NO_WORKER if refused else small_pages.POLICY) as address:
        use = """async () => {
          const part = document.querySelector('.machine');
          part.querySelector('button').click();
          return { measure: await until(() => /One thread/.test(part.querySelector('[role=status]').textContent)) };
        }"""
        longest, _ = speed.longest_tasks(lambda: open_page(f"{address}/opening.html")[0], use)
    assert longest <= 50


def test_sums_and_products_are_those_of_a_plain_loop(open_lab):
    found = open_lab().evaluate(
        """() => {
          const x = Float32Array.from({ length: 1024 }, (_, i) => i);
          let sum = 0;
          for (let i = 256; i < 768; i += 16) sum += x[i];
          const nine = (n) => { for (let i = 0; i < 9; i++) n = n * 1.5 + 2; return n; };
          const numbers = [1, 2, 3, 4, 5, 6, 7, 8].map(nine);
          return [llmbookCosts.sumOf(x, 256, 768), sum, llmbookCosts.multiplied(9, 1.5, 2),
            numbers.reduce((a, b) => a + b)];
        }"""
    )
    assert found[0] == found[1]
    assert found[2] == found[3]


def test_measuring_twice_at_once_is_measuring_once(open_lab):
    page = open_lab()
    button = page.get_by_role("button", name="Measure my machine")
    button.click()
    button.click()
    expect(page.locator(".machine [role=status]")).to_contain_text("One thread", timeout=60_000)
    manners.check_quiet(page)


# --- predict, then reveal --------------------------------------------------------------------------------------------

CHANGES = {
    "half the bits": ("bits", 0.5),
    "twice the texts at once": ("batch", 2),
    "twice the bandwidth": ("bandwidth", 2),
    "twice the operations a second": ("operations", 2),
    "half the rent": ("rent", 0.5),
    "twice as many devices": ("devices", 2),
    "half the cache of a token": ("cache", 0.5),
}


def asked(page: Page) -> list[float]:
    """By how much either change makes a written token dearer, by Python's numbers."""
    said = re.search(r"A, (.*), or B, (.*)\?", page.locator(".sentence").inner_text()).groups()
    numbers = python_of(page).numbers
    before = costs(numbers).million_written
    changed = [{**numbers, name: numbers[name] * by} for name, by in (CHANGES[one] for one in said)]
    return [costs(one).million_written / before for one in changed]


def test_predict_then_reveal_scores_with_the_readers_confidence(open_lab):
    page = open_lab()
    toggle, status = page.get_by_role("button", name="Predict, then reveal"), page.locator(".verdict")
    page.evaluate("() => { let n = 7; Math.random = () => (n = (n * 16807) % 2147483647) / 2147483647; }")
    outcomes, seen = [], set()
    for i in range(18):
        toggle.click()
        page.wait_for_timeout(20)
        a, b = asked(page)
        right_answer = "The same" if abs(a - b) < 1e-9 else "A" if a < b else "B"
        seen.add(right_answer)
        assert set(page.locator(".results tbody td").all_inner_texts()) == {"?"}
        assert page.locator(".picture svg").evaluate("(e) => getComputedStyle(e).visibility") == "hidden"
        page.get_by_label("How sure are you?").select_option("0.7")
        choice = ("A", "B", "The same")[i % 3]
        page.get_by_role("button", name=choice, exact=True).click()
        outcomes.append(choice == right_answer)
        said = status.inner_text()
        assert said.startswith("Right: " if outcomes[-1] else "Wrong: ")
        found = re.search(r"costs ([\d.]+) times as much after A, and ([\d.]+) times after B", said).groups()
        assert [float(text) for text in found] == pytest.approx([a, b], rel=0.006)
        brier = sum((0.7 - right) ** 2 for right in outcomes) / len(outcomes)
        assert f"{brier:.2f} (0 is best" in said
        expect(toggle).to_be_focused()
        shows(page, python_of(page))
    assert seen == {"A", "B", "The same"}
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).cost_calculator.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.7, "right": right} for right in outcomes]


def test_an_answer_given_up_is_told_and_not_counted(open_lab):
    page = open_lab()
    manners.unfold(page)
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.locator("details", has_text="The picture as a table")).to_contain_text("Answer first.")
    page.get_by_role("button", name="Show the answer").click()
    assert "times as much after A" in page.locator(".verdict").inner_text()
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None
    assert "?" not in page.locator(".results").inner_text()


# --- manners -------------------------------------------------------------------------------------------------------


def test_a_link_restores_the_state(open_lab):
    page = open_lab("mixture")
    page.get_by_role("slider", name="Texts at once").fill("60")
    expected = python_of(page).numbers
    page.wait_for_timeout(20)
    address = page.locator(".state-link").get_attribute("href")
    assert address.startswith("#cost_calculator=")
    assert python_of(open_lab(link=address)).numbers == expected


@pytest.mark.parametrize(
    ("values", "changed"),
    [
        ({"bits": 5, "batch": 0, "used": 2, "price": "cheap", "bandwidth": None, "total": 1e40}, {}),
        ({"batch": 2.5, "months": -1, "rent": [1]}, {}),
        ({"batch": 7, "bits": 4, "who": "me"}, {"batch": 7, "bits": 4}),
        ({"total": 1e7}, {"total": 1e7}),
    ],
)
def test_what_cannot_be_is_left_out_of_a_link(open_lab, values, changed):
    page = open_lab(link=link(**values))
    page.wait_for_timeout(20)
    line = page.locator(".control code")
    found: dict = {}
    for text in line.evaluate_all("(all) => all.map((e) => e.textContent)"):
        exec(text, found)
    assert {name: found[name] for name in STATE} == {**PAGES["opening"].numbers, **changed}
    shows(page, python_of(page))
    manners.check_quiet(page)


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab("mixture")
    page.wait_for_timeout(500)  # longer than what is spoken waits
    opening = page.locator(".cost-calculator").inner_text()
    page.get_by_role("button", name=TITLES["eight"]).click()
    measure(page)
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="A", exact=True).click()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)
    assert page.locator(".cost-calculator").inner_text() == opening


def test_the_keyboard_alone_reaches_everything(open_lab):
    page = open_lab("eight")
    measure(page)
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".cost-calculator", page.get_by_role("button", name="Predict, then reveal"))
    page.get_by_role("slider", name="Texts at once").focus()
    before = python_of(page).batch
    page.keyboard.press("ArrowRight")
    assert python_of(page).batch > before
    page.get_by_role("button", name="Measure my machine").press("Enter")
    expect(page.locator(".machine [role=status]")).to_contain_text("Measuring")


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab()
    manners.unfold(page)
    measure(page)
    manners.check_named(page, ".cost-calculator")


def test_changes_are_spoken(open_lab):
    page = open_lab()
    page.get_by_role("button", name=TITLES["mixture"]).click()
    manners.check_spoken(page, ".cost-calculator")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["opening", "full"])
def test_no_rule_of_access_is_broken(open_lab, name, dark):
    page = open_lab(name, dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert violations(page) == []
    measure(page)
    assert violations(page) == []


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_works_by_touch(open_lab, width):
    page = open_lab("mixture", width=width, touch=True)
    manners.unfold(page, "tap")
    page.get_by_role("button", name="Measure my machine").tap()
    expect(page.locator(".machine [role=status]")).to_contain_text("One thread", timeout=60_000)
    manners.check_fits(page, width)
    assert page.locator(".results .scroll").evaluate("(e) => e.scrollWidth <= e.clientWidth"), "numbers are cut off"
    page.get_by_role("button", name=TITLES["eight"]).tap()
    assert python_of(page).preset == "eight"
    letters = page.locator(".picture svg").evaluate(
        "(svg) => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"
    )
    assert letters >= 9


def test_nothing_moves(open_lab):
    """Whoever asks for less motion has nothing to be spared."""
    page = open_lab()
    moving = """() => [...document.querySelectorAll('.cost-calculator *')].map((e) => getComputedStyle(e))
      .filter((s) => s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0).length"""
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize("name", PAGES)
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    page = open_lab(name)
    measured = measure(page) if name == "eight" else ""
    with manners.on_paper(page, ".cost-calculator") as paper:
        cells = paper.locator("table").first.locator("tbody td").all_inner_texts()
        assert all(same_number(cell, text) for cell, (_, text) in zip(cells, told(PAGES[name].costs), strict=True))
        assert page.locator(".sentence").text_content() in paper.locator("p").first.inner_text()
        assert paper.locator("svg").count() == 1
        assert paper.locator("table").count() == (2 if measured else 1)
        assert measured in paper.inner_text()
        assert "CostCalculator(" in paper.locator("pre").inner_text()


def test_the_first_click_copies_the_code(open_lab):
    page = open_lab("mixture")
    code = manners.copied_code(page)
    assert code == page.locator("pre").inner_text()
    assert repr(manners.made_by(code, "lab")) == repr(PAGES["mixture"])


@pytest.mark.parametrize("way", WAYS)
def test_one_taken_down_changes_no_more(open_lab, way):
    page, lab = open_lab(), CostCalculator()
    traits = {"source": lab.source, **lab.numbers}
    check_taken_down(page, "llmbookCostCalculator", traits, {"batch": (5, 6)}, way)
    assert page.seen.errors == []


def test_without_a_page_there_is_no_link(open_lab):
    """In a notebook the address is the notebook's."""
    page, lab = open_lab(), CostCalculator()
    page.evaluate(
        """(values) => {
          const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {}, send() {} };
          const el = document.body.appendChild(document.createElement('div'));
          el.id = 'notebook';
          llmbookCostCalculator.render({ model, el });
        }""",
        {"source": lab.source, **lab.numbers},
    )
    assert page.locator("#notebook .cost-calculator button", has_text="Reset").count() == 1
    assert page.locator("#notebook .cost-calculator a").count() == 0


BATCH = ".cost-calculator input[aria-label='Texts at once']"


@pytest.mark.alone
@pytest.mark.parametrize("name", ["opening", "mixture"])
def test_a_slider_move_is_quick(open_lab, name, record_property):
    moves = speed.slider_move(open_lab(name), BATCH, lambda i: i % 160)
    record_property("move_ms", moves)
    assert moves[1] <= 4


@pytest.mark.alone
def test_the_first_render_is_quick(open_lab):
    assert speed.first_render(lambda: open_lab("mixture")) <= 250


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("cost_calculator")) <= 16 * 1024


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/mixture.html", javascript=False)
    assert page.locator("table caption").inner_text() == "numbers of your own: what it costs"
    assert page.locator("td").all_inner_texts() == [text for _, text in told(PAGES["mixture"].costs)]


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(link=link(batch=7), base=f"file://{folder}")
    shows(page, CostCalculator(batch=7))
    assert "reads" in measure(page)
    manners.check_quiet(page)


def test_one_that_cannot_start_leaves_its_table(open_page, folder):
    good = CostCalculator().to_html()
    page = manners.open_beside_broken(open_page, folder, good, good.replace('"presets":', '"presents":'))
    for lab in page.locator(".cost-calculator").all():
        lab.get_by_role("button", name=TITLES["eight"]).click()
        expect(lab.locator("pre")).to_contain_text('CostCalculator("eight")')
    assert len(page.seen.errors) == 1

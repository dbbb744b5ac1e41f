"""The laboratory of positions in Chromium: its numbers against the library's, every control, its speed, its manners."""

import json
import math
import random
import re
import string
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import manners
import pytest
import small_pages
import speed
import torch
from odd_texts import odd_texts
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from llmbook.nn.alibi import alibi_bias, alibi_slopes
from llmbook.nn.positions import KINDS, sinusoids
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis
from llmbook.pages import PositionLab
from llmbook.pages.widgets.placed import PAIRED, REACH, drawn
from llmbook.pages.widgets.position_lab import STATE, VIEWS
from llmbook.pages.widgets.words import to_words

# The library's waves are of single precision, whose last digit is 6e-8; all else differs by 1e-14.
CLOSE = 1e-6
WORDS = "the quick brown fox jumps over a lazy dog and then it runs away from our old house on that hill by river one"


PAGES = {
    "five": PositionLab(),
    "swapped": PositionLab(swap=[1, 4], row=1, key=2, show="change"),
    "rotary": PositionLab(kind="rotary", base=100, swap=[1, 4], row=1, key=2, show="change"),
    "many": PositionLab(WORDS, kind="rotary", swap=[3, 20], row=3, key=1),
    "one": PositionLab("word"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one laboratory and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("positions"), "position_lab")
    small_pages.write_pages(folder, {name: [lab] for name, lab in PAGES.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(".position-lab", "five")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#position_lab={quote(json.dumps(values))}"


READ = """([source, state]) => {
  const { words, before, after, change, moved, curve } = llmbookPlaces.read(source, state);
  const columns = [...curve.mean.keys()].map((n) => [curve.low[n], curve.mean[n], curve.high[n]]);
  return { words, before: [...before.weights], after: [...after.weights], outputs: [...before.outputs],
    change: [...change], moved, curve: columns };
}"""


def state_of(lab: PositionLab) -> dict:
    return {name: getattr(lab, name) for name in STATE}


def agree(page: Page, lab: PositionLab) -> None:
    """All that the front end computes of a state is what the library computes of it."""
    found = page.evaluate(READ, [lab.source, state_of(lab)])
    assert found.pop("words") == lab.tokens
    expected = {
        "before": lab.weights,
        "after": lab.weights_after,
        "outputs": lab.layer.attend(lab.tokens)[1],
        "change": lab.change,
        "moved": lab.moved,
        "curve": lab.curve,
    }
    for name, numbers in expected.items():
        shown = torch.tensor(found[name], dtype=torch.float64).view_as(numbers)
        torch.testing.assert_close(shown, numbers, atol=CLOSE, rtol=0, msg=lambda text, name=name: f"{name}: {text}")


def random_labs(count: int) -> list[PositionLab]:
    rng = random.Random(0)
    out = []
    for _ in range(count):
        T = rng.randint(1, 24)
        words = ["".join(rng.choices(string.ascii_letters + "é注🙂ש", k=rng.randint(1, 9))) for _ in range(T)]
        options = {
            "kind": rng.choice(KINDS),
            "pairing": rng.choice(PAIRED),
            "base": rng.choice([2, 3.16, 100, 10_000, 1e6, 1e9]),
            "head": rng.randrange(8),
            "d": 2 * rng.randint(1, 16),
            "seed": rng.choice([0, 1, 20, 2**31 - 1]),
            "causal": rng.random() < 0.5,
            "swap": rng.sample(range(T), 2) if T > 1 and rng.random() < 0.8 else [],
            "row": rng.randrange(T),
            "key": rng.randrange(T),
        }
        out.append(PositionLab(" ".join(words), **options))
    return out


def test_the_core_equals_the_library_on_random_states(open_lab):
    page = open_lab()
    for lab in random_labs(300):
        agree(page, lab)


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("Math.cos(", "Math.sin(", ["sinusoidal", "rotary"]),
        ("1831565813", "1831565811", [*KINDS]),
        ("Math.abs(Math.floor(", "(Math.floor(", ["alibi"]),
    ],
)
def test_a_wrong_core_is_noticed(open_lab, old, new, kinds):
    """The canaries: a turn, the generator, a distance."""
    page = open_lab()
    script = small_pages.TESTING.read_text(encoding="utf-8")
    assert old in script
    page.evaluate(script.replace(old, new))
    broken = []
    for kind in KINDS:
        try:
            agree(page, PositionLab(kind=kind, base=100, swap=[1, 4], row=1, key=3))
        except AssertionError:
            broken.append(kind)
    assert broken == kinds


def test_numbers_are_drawn_alike_in_both_languages(open_lab):
    page = open_lab()
    for name in ("", "0 word the", "7 matrix q", "注意 🙂", "x" * 999):
        assert page.evaluate("(name) => [...llmbookCore.drawn(name, 50)]", name) == drawn(name, 50).tolist()


def python_of(page: Page) -> PositionLab:
    """The laboratory that the copied code makes."""
    return manners.made_by(page.locator("pre").text_content().rsplit("\n", 1)[0], "lab")


def table_of(page: Page, title: str) -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("tbody tr").first.wait_for()
    return [row.locator("td").all_inner_texts() for row in part.locator("tbody tr").all()]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def shows(page: Page, lab: PositionLab) -> None:
    """The map, its table, the row and the curve are the laboratory's, to the digits shown."""
    page.wait_for_timeout(20)
    weights = {"before": lab.weights, "after": lab.weights_after, "change": lab.change}[lab.show]
    half = 0.00501
    table = torch.tensor([[number(text) for text in row] for row in table_of(page, "All weights as a table")])
    torch.testing.assert_close(table.double(), weights, atol=half, rtol=0)
    full = number(page.locator(".legend text").last.text_content())
    shades = page.evaluate(
        "[...document.querySelectorAll('.map .cells rect')].map((e) => +e.getAttribute('fill-opacity'))"
    )
    shades = torch.tensor(shades[: weights.numel()]).double().view_as(weights)
    torch.testing.assert_close(shades * full, weights.abs(), atol=0.0045 * full + 1e-9, rtol=0)
    rows = [[number(text) for text in row] for row in row_table(page)]
    after = lab.weights + lab.change
    for found, expected in zip(rows, (lab.weights, after, lab.change), strict=True):
        torch.testing.assert_close(torch.tensor(found).double(), expected[lab.row], atol=half, rtol=0)
    curve = torch.tensor([[number(text) for text in row] for row in table_of(page, "The curve as a table")])
    last = REACH + 1 if lab.causal else 2 * REACH + 1
    torch.testing.assert_close(curve.double(), lab.curve[:last], atol=0.000501, rtol=0)


def row_table(page: Page) -> list[list[str]]:
    table = page.get_by_role("group", name="The chosen word's weights before and after the swap")
    return [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]


SLIDERS = {
    "Base": ("base", "sinusoidal", [round(0.5 + step / 4, 2) for step in range(0, 23, 3)]),
    "Slope of the head": ("head", "alibi", range(8)),
    "Width d": ("d", "rotary", range(2, 33, 6)),
    "Seed of words and projections": ("seed", "none", range(0, 21, 5)),
}


@pytest.mark.parametrize("name", SLIDERS)
def test_every_slider_over_its_range(open_lab, name):
    page = open_lab("swapped")
    trait, kind, values = SLIDERS[name]
    page.get_by_role("combobox", name="Positions").select_option(kind)
    slider = page.get_by_role("slider", name=name)
    for value in values:
        slider.fill(str(value))
        lab = python_of(page)
        assert getattr(lab, trait) == (float(f"{10**value:.3g}") if name == "Base" else value)
        shows(page, lab)


def test_every_choice(open_lab):
    page = open_lab("swapped")
    for kind in KINDS:
        page.get_by_role("combobox", name="Positions").select_option(kind)
        pairing = page.get_by_role("combobox", name="Pairing")
        assert pairing.count() == (kind == "rotary")
        assert page.get_by_role("slider", name="Base").count() == (kind in ("sinusoidal", "rotary"))
        assert page.get_by_role("slider", name="Slope").count() == (kind == "alibi")
        for choice in PAIRED if kind == "rotary" else ["interleaved"]:
            if kind == "rotary":
                pairing.select_option(choice)
            for causal in (False, True):
                page.get_by_label("causal mask").set_checked(causal)
                lab = python_of(page)
                assert (lab.kind, lab.pairing, lab.causal) == (kind, choice, causal)
                shows(page, lab)
        if kind == "rotary":
            pairing.select_option("interleaved")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view(open_lab, view):
    page = open_lab("rotary")
    page.get_by_role("button", name=view, exact=True).click()
    lab = python_of(page)
    assert lab.show == view
    shows(page, lab)
    names = page.locator(".map .heat:not(.legend) svg > text").all_text_contents()
    assert names == 2 * (lab.swapped if view == "after" else lab.tokens)


def test_two_words_are_swapped_by_two_clicks(open_lab):
    page = open_lab()
    chips, sentence = page.locator(".chips.queries:not(.views) button"), page.locator(".sentence")
    chips.nth(4).click()
    expect(sentence).to_have_text("“man” changes places with which word?")
    chips.nth(4).click()
    expect(sentence).to_contain_text("“the” (1) attends ")  # pressed twice: not any more
    chips.nth(4).click()
    chips.nth(1).click()
    assert [chip.get_attribute("aria-pressed") == "true" for chip in chips.all()] == [False, True, False, False, True]
    told = "“dog” and “man” change places. Not one output changes: each only moves along with its word."
    expect(sentence).to_have_text(told)
    assert {text for row in table_of(page, "All weights as a table") for text in row} == {"0.00"}
    page.get_by_role("combobox", name="Positions").select_option("alibi")
    lab = python_of(page)
    most = int(lab.moved.argmax())
    said = f"Outputs that change: 5 of 5. That of “man” changes by {100 * lab.moved[4]:.1f} % of its length."
    expect(sentence).to_contain_text(said)
    named = ["“the” (1)", "“dog”", "“bites”", "“the” (2)", "“man”"][most]
    expect(sentence).to_contain_text(f"Most changes that of {named}, by {100 * lab.moved[most]:.1f} %")
    chips.nth(0).click()  # a new pair begins
    expect(sentence).to_have_text("“the” (1) changes places with which word?")
    assert python_of(page).swap == []


def test_a_mirror_image_is_told_by_all_but_alibi(open_lab):
    page = open_lab()
    page.get_by_label("Your words (up to 24)").fill("dog bites man")
    page.locator(".chips button", has_text="dog").click()
    page.locator(".chips button", has_text="man").click()
    for kind, changed in (("none", 0), ("alibi", 0), ("sinusoidal", 3), ("learned", 3), ("rotary", 3)):
        page.get_by_role("combobox", name="Positions").select_option(kind)
        says = f"Outputs that change: {changed} of 3." if changed else "Not one output changes"
        expect(page.locator(".sentence")).to_contain_text(says)
    page.get_by_role("combobox", name="Positions").select_option("none")
    page.get_by_label("causal mask").check()
    expect(page.locator(".sentence")).to_contain_text("Outputs that change: ")


CURVE = """() => {
  const numbers = (d) => d.match(/-?[\\d.]+/g).map(Number);
  const svg = document.querySelector('.distance svg.curve');
  const box = svg.querySelector('rect.frame');
  const [low, high] = ['.low', '.high'].map((name) => Number(svg.querySelector(name).textContent.replace('−', '-')));
  const [top, height] = ['y', 'height'].map((name) => Number(box.getAttribute(name)));
  const valueOf = (y) => high - ((y - top) / height) * (high - low);
  const points = numbers(svg.querySelector('.line').getAttribute('d'));
  const dot = svg.querySelector('.dot');
  return { line: points.filter((_, i) => i % 2).map(valueOf), low, high,
    dot: dot.getAttribute('visibility') === 'hidden' ? null : valueOf(Number(dot.getAttribute('cy'))) };
}"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("causal", [False, True])
def test_the_curves_axis_and_the_curve_agree(open_lab, kind, causal):
    """What can be read off the picture is the number in the table."""
    page = open_lab("rotary")
    page.get_by_role("combobox", name="Positions").select_option(kind)
    page.get_by_label("causal mask").set_checked(causal)
    lab, found = python_of(page), page.evaluate(CURVE)
    close = 0.001 * (found["high"] - found["low"]) + 0.0051  # a tenth of a unit of 150, and the axis's two decimals
    last = REACH + 1 if causal else 2 * REACH + 1
    line = torch.tensor(found["line"]).double()
    torch.testing.assert_close(line, lab.curve[:last, 1], atol=close, rtol=0)
    if causal:
        assert found["dot"] is None  # the key lies ahead of the query
    else:
        assert found["dot"] == pytest.approx(lab.curve[REACH + 1, 1].item(), abs=close)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kind": "none"}, "Nothing is told: all distances are alike."),
        ({"kind": "sinusoidal"}, "The distance alone decides, wherever the two stand. Before and behind are alike."),
        ({"kind": "alibi"}, "The distance alone decides, wherever the two stand. Before and behind are alike."),
        ({"kind": "rotary"}, "The distance alone decides, wherever the two stand. Before and behind differ."),
        ({"kind": "rotary", "causal": True}, "The distance alone decides, wherever the two stand. The mask hides what"),
        ({"kind": "learned"}, "The place matters too: at one distance the values lie up to"),
        ({"kind": "rotary", "pairing": "mixed"}, "The place matters too: at one distance the values lie up to"),
    ],
)
def test_what_the_curve_says_in_words(open_lab, settings, says):
    expect(open_lab(link=link(row=1, **settings)).locator(".distance .notice")).to_contain_text(says)


def test_the_legend_says_what_a_shade_stands_for(open_lab):
    page = open_lab("rotary")
    shades = page.evaluate(
        "[...document.querySelectorAll('.legend .cells rect')].map((e) => +e.getAttribute('fill-opacity'))"
    )
    for view in VIEWS:
        page.get_by_role("button", name=view, exact=True).click()
        page.wait_for_timeout(20)
        said = [float(text) for text in page.locator(".legend text").all_text_contents()]
        full = 1.0 if view != "change" else math.ceil(10 * python_of(page).change.abs().max()) / 10
        assert said == pytest.approx([share * full for share in shades])


def test_a_click_and_the_arrows_choose_words_in_each_order(open_lab):
    page = open_lab("rotary")
    page.get_by_role("button", name="after", exact=True).click()
    grid, cell = page.get_by_role("grid"), page.get_by_role("gridcell")
    unit = grid.bounding_box()["width"] / (72 + 5 * 46 + 2)
    grid.click(position={"x": unit * (72 + 46 * 1.5), "y": unit * (72 + 46 * 4.5)})  # the fifth row: “dog” is there now
    expect(cell).to_contain_text("dog to man: ")
    grid.focus()
    page.keyboard.press("Home")
    expect(cell).to_contain_text("dog to the (1): ")
    page.keyboard.press("ArrowUp")
    lab = python_of(page)
    assert (lab.row, lab.key) == (3, 0)
    weights = lab.weights[3, 0], lab.weights[3, 0] + lab.change[3, 0]
    expect(cell).to_have_text("the (2) to the (1): {:.2f} before, {:.2f} after".format(*weights))


def test_the_likeliest_word_is_told_and_how_many_get_as_much(open_lab):
    page = open_lab()
    field, sentence = page.get_by_label("Your words (up to 24)"), page.locator(".sentence")
    for text, row in (("one word", 0), ("same same same", 1), ("dog man dog man dog", 2), ("alone", 0)):
        field.fill(text)
        page.get_by_role("grid").focus()
        page.keyboard.press("Control+Home")
        for _ in range(row):
            page.keyboard.press("ArrowDown")
        lab = python_of(page)
        weights = lab.weights[lab.row]
        alike = int((weights.max() - weights < 1e-9).sum()) - 1
        others = "" if alike == 0 else f", and as much to {alike} other{'s' * (alike > 1)}"
        assert f": {weights.max():.2f}{others}. Press two words" in sentence.inner_text(), text


@pytest.mark.parametrize("kind", ["none", "sinusoidal", "rotary", "alibi"])
def test_the_lines_of_the_controls_make_the_weights(open_lab, kind):
    """In the order in which they work: the seed's, positions that are added, the width's, and the other positions."""
    page = open_lab(link=link(kind=kind, seed=3, head=1, base=100))
    lab, line = python_of(page), lambda name: page.locator(".control", has_text=name).locator("code").first.inner_text()
    T = len(lab.tokens)
    x = torch.stack([drawn(f"3 word {word}", lab.d) for word in lab.tokens])
    names = dict(torch=torch, drawn=drawn, sinusoids=sinusoids, alibi_bias=alibi_bias, alibi_slopes=alibi_slopes)
    names |= {"apply_rotary": apply_rotary, "precompute_freqs_cis": precompute_freqs_cis}
    scope = names | {"x": x, "T": T, "d": lab.d, "base": 100, "head": 1}
    seed = line("Seed of words and projections")
    exec(seed, scope)
    exec(seed.replace("q", "k"), scope)
    positions = line("Positions")
    if kind == "sinusoidal":
        exec(positions, scope)
    exec(line("Width d"), scope)
    if kind == "rotary":
        exec(positions, scope)
        exec(line("Pairing"), scope)
    scope["scores"] = scope["q"] @ scope["k"].T / lab.d**0.5
    if kind == "none":
        exec(positions, scope)
    if kind == "alibi":
        exec(positions, scope)
        assert eval(line("Slope of the head"), scope) == 0.25
    torch.testing.assert_close(scope["scores"].softmax(-1), lab.weights, atol=CLOSE, rtol=0)


def test_a_link_brings_the_state_back(open_lab):
    page = open_lab("rotary")
    page.get_by_label("Your words (up to 24)").fill("爱 & déjà 🙂 + x=1")
    page.get_by_role("slider", name="Width d").fill("8")
    page.get_by_label("causal mask").check()
    page.locator(".chips button", has_text="爱").click()
    page.locator(".chips button", has_text="x=1").click()
    code, anchor = page.locator("pre").text_content(), page.get_by_role("link", name="Link to this state")
    anchor.click()  # the page's own address has it now
    for name in ("five", "rotary", "many"):  # whatever that page opens with
        again = open_lab(name, link=page.evaluate("location.hash"))
        assert again.locator("pre").text_content() == code
        assert again.seen.errors == []
    other = open_lab("five")
    other.evaluate("(hash) => { location.hash = hash; }", anchor.get_attribute("href"))  # pasted into an open page
    expect(other.locator("pre")).to_have_text(code)


ODD_LINKS = [
    link(kind="rotory", base=0, d=7, seed=-1, causal="yes", swap=[0, 0], show="never", head=8, pairing=""),
    link(kind=["rotary"], base="100", d="8", seed=1.5, causal=1, swap=[0, 1, 2], row=99, key="x", head=None),
    link(kind=None, base=1e300, d=34, swap=[-1, 2], row=-1, head=True, text=5),
    link(kind="__proto__", swap="01", seed=2**31, text=" ", base=True, constructor=1, __proto__={"kind": "rotary"}),
    link(swap=[0, 9], text="<img src=x onerror=window.hacked=1> two", row=20, key=23),
    "#position_lab=%F0%9F",
    "#position_lab=[1, 2]",
    "#position_lab={",
    "#position_lab=null",
    "#position_lab=",
    link(kind="rotary").replace("position_lab", "other_lab"),
]


@pytest.mark.parametrize("query", ODD_LINKS)
def test_what_cannot_be_in_a_link_is_left_out(open_lab, query):
    page = open_lab(link=query)
    lab = python_of(page)  # Python would refuse what cannot be
    assert (lab.kind, lab.base, lab.pairing, lab.head, lab.d, lab.seed) == ("none", 10_000, "interleaved", 2, 16, 0)
    assert (lab.causal, lab.swap) == (False, [])
    shows(page, lab)
    assert page.seen.errors == []
    assert page.evaluate("window.hacked") is None


def test_without_a_page_there_is_no_link(open_lab):
    """In a notebook the address is the notebook's."""
    page = open_lab()
    lab = PositionLab()
    page.evaluate(
        """(values) => {
          const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {}, send() {} };
          const el = document.body.appendChild(document.createElement('div'));
          el.id = 'notebook';
          llmbookPositionLab.render({ model, el });
        }""",
        {"source": lab.source, **state_of(lab)},
    )
    assert page.locator("#notebook .position-lab button", has_text="Reset").count() == 1
    assert page.locator("#notebook .position-lab a").count() == 0


def test_predict_then_reveal_scores_with_the_readers_confidence(open_lab):
    page = open_lab("swapped")
    sentence, status = page.locator(".sentence"), page.get_by_role("status").filter(has_text="Brier")
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(sentence).to_contain_text("Will the output of “dog” change, or only move along with its word?")
    assert {text for row in row_table(page)[1:] for text in row} == {"?"}
    assert "not revealed" in page.get_by_role("gridcell").text_content()
    page.get_by_label("How sure are you?").select_option("0.9")
    page.get_by_role("button", name="It only moves along").click()
    expect(status).to_contain_text("Right: the output of “dog” only moves along. Brier score 0.01 over 1;")
    expect(sentence).to_contain_text("Not one output changes")
    expect(page.get_by_role("button", name="Predict, then reveal")).to_be_focused()
    page.get_by_label("causal mask").check()
    page.get_by_role("button", name="Predict, then reveal").click()
    assert page.get_by_label("How sure are you?").input_value() == ""  # another question, another answer
    page.get_by_label("How sure are you?").select_option("0.9")
    page.get_by_role("button", name="It only moves along").click()
    expect(status).to_contain_text("Wrong: the output of “dog” changes. Brier score 0.41 over 2;")  # (0.01 + 0.81) / 2
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).position_lab.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.9, "right": right} for right in (True, False)]
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Show the answer").click()
    assert page.get_by_role("button", name="It changes").count() == 0
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="after", exact=True).click()  # to look is to give up
    assert page.get_by_role("button", name="It changes").count() == 0
    assert "?" not in row_table(page)[1]


def test_a_prediction_without_a_swap_begins_with_one(open_lab):
    page = open_lab()
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.locator(".sentence")).to_contain_text("“the” (1) and “dog” change places. Will the output")
    assert open_lab("one").get_by_role("button", name="Predict, then reveal").count() == 0


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab("rotary")
    state = "() => document.querySelector('.position-lab').innerHTML.replace(/(words|cell)-\\w+/g, '')"
    values = "() => [...document.querySelectorAll('.position-lab :is(input, select)')].map((e) => e.checked + e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_label("Your words (up to 24)").fill("a b c")
    page.get_by_role("combobox", name="Pairing").select_option("mixed")
    page.get_by_role("slider", name="Base").fill("1")
    page.get_by_role("slider", name="Width d").fill("32")
    page.get_by_role("slider", name="Seed").fill("3")
    page.get_by_label("causal mask").check()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="It changes").click()
    page.locator(".chips button", has_text="b").first.click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    assert (page.evaluate(state), page.evaluate(values)) == opening


def test_the_keyboard_alone_reaches_everything(open_lab):
    page = open_lab("rotary")
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".position-lab", page.locator("input[type=text]"))
    page.locator(".chips.queries button", has_text="bites").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.locator(".sentence")).to_contain_text("“dog” and “bites” change places.")
    page.get_by_role("slider", name="Width d").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="Width d").input_value() == "18"


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab("rotary")
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.check_named(page, ".position-lab")


def test_changes_are_spoken(open_lab):
    page = open_lab("rotary")
    page.get_by_role("slider", name="Base").fill("1")
    manners.check_spoken(page, ".position-lab")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["rotary", "many"])
def test_no_rule_of_access_is_broken(open_lab, name, dark):
    page = open_lab(name, dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    page.get_by_role("button", name="Predict, then reveal").click()
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("name", ["rotary", "many"])
def test_a_phone_works_by_touch(open_lab, name, width):
    page = open_lab(name, width=width, touch=True)
    manners.check_fits(page, width)
    chips = page.locator(".chips.queries:not(.views) button")
    chips.nth(0).tap()
    chips.nth(2).tap()
    expect(page.locator(".sentence")).to_contain_text("change places. Outputs that change: ")
    box = page.get_by_role("grid").bounding_box()
    page.get_by_role("grid").tap(position={"x": box["width"] * 0.5, "y": box["height"] * 0.98})
    expect(page.get_by_role("gridcell")).to_contain_text({"rotary": "man", "many": "one"}[name] + " to ")


def test_the_pictures_are_seen_under_forced_colours(open_lab):
    page = open_lab("rotary")
    page.emulate_media(forced_colors="active")
    looks = page.evaluate(
        """() => ['.map .cells rect', '.curve .line', '.curve .dot', '.legend .cells rect:last-child'].map((name) => {
        const style = getComputedStyle(document.querySelector(name));
        return style.fill + style.stroke; })"""
    )
    ground = page.evaluate("getComputedStyle(document.querySelector('.position-lab')).backgroundColor")
    assert all(look not in (f"{ground}none", f"none{ground}") for look in looks), looks
    chosen = page.locator(".chips button[aria-pressed=true]").first
    other = page.locator(".chips button[aria-pressed=false]").first
    colour = "(e) => getComputedStyle(e).backgroundColor"
    assert chosen.evaluate(colour) != other.evaluate(colour)


@pytest.mark.parametrize("name", ["rotary", "many"])
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    page = open_lab(name)
    page.get_by_role("slider", name="Width d").fill("8")
    page.get_by_role("button", name="change", exact=True).click()
    lab = PositionLab(**{**state_of(PAGES[name]), "d": 8, "show": "change"})
    with manners.on_paper(page, ".position-lab") as paper:
        cells = paper.locator("tbody td").all_inner_texts()
        shown = torch.tensor([number(text) for text in cells]).double().view_as(lab.change)
        torch.testing.assert_close(shown, lab.change, atol=0.00501, rtol=0)
        assert paper.locator("p").first.inner_text() == page.locator(".sentence").text_content()
        assert paper.locator("svg").count() == 2
        assert "d=8" in paper.locator("pre").inner_text()


@pytest.mark.parametrize("name", ["five", "rotary", "many", "one"])
def test_copied_code_gives_what_is_shown(open_lab, name):
    page = open_lab(name)
    page.get_by_role("slider", name="Width d").fill("4")
    page.get_by_label("Your words (up to 24)").fill('a "quoted" \\ word {x} %s')
    lab = python_of(page)
    assert lab.tokens == ["a", '"quoted"', "\\", "word", "{x}", "%s"]
    assert lab.d == 4
    shows(page, lab)


def test_the_first_click_copies_the_code(open_lab):
    page = open_lab("rotary")
    assert manners.copied_code(page) == page.locator("pre").inner_text()


def test_no_typed_text_breaks_it(open_lab):
    page = open_lab("rotary")
    texts = odd_texts("\\ud83d \\udc00 lone", seed=1)
    told = page.evaluate(
        """async (texts) => {
          const input = document.querySelector('.position-lab input[type=text]');
          const out = [];
          for (const text of texts) {
            input.value = text === '\\\\ud83d \\\\udc00 lone' ? '\\ud83d \\udc00 lone' : text;
            input.dispatchEvent(new Event('input'));
            await Promise.resolve();
            const chips = document.querySelectorAll('.chips.queries:not(.views) button').length;
            out.push([chips, document.querySelectorAll('.map .cells')[0].childElementCount,
                      document.querySelector('.notice').textContent]);
          }
          return out;
        }""",
        texts,
    )
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []
    last = 5
    for text, (count, cells, notice) in zip(texts[:-1], told[:-1], strict=True):
        try:
            last = len(to_words(re.sub("[\r\n]", "", text), 24))  # a field of one line takes no line breaks
        except ValueError:
            assert notice == "type at least one word"
        assert (count, cells) == (last, last**2), text
    assert told[-4][2] == "1 shortened to 16 characters"
    assert told[-3][2] == "only the first 24 of 5000 words are used"
    assert page.locator(".chips.queries:not(.views) button").all_inner_texts() == ["\ufffd", "\ufffd", "lone"]


@pytest.mark.parametrize("way", WAYS)
def test_a_laboratory_taken_down_changes_no_more(open_lab, way):
    page = open_lab()
    lab = PositionLab(kind="rotary")
    check_taken_down(page, "llmbookPositionLab", {"source": lab.source, **state_of(lab)}, {"d": (4, 8)}, way)
    assert page.seen.errors == []


REPLACED = """async () => {
  const lab = document.querySelector('.position-lab'), input = lab.querySelector('input[aria-label="Base"]');
  const move = async (i) => {
    input.value = String(0.5 + (i % 22) * 0.25);
    input.dispatchEvent(new Event('input'));
    await new Promise((done) => setTimeout(done));
  };
  const seen = { childList: 0, characterData: 0, attributes: 0, anew: 0 };
  new MutationObserver((all) => all.forEach(({ type, target, attributeName, oldValue }) => {
    if ((target.closest ? target : target.parentElement)?.closest('[aria-live]')) return;
    seen[type]++;
    if (type === 'attributes' && target.getAttribute(attributeName) === oldValue) seen.anew++;
  })).observe(lab, { subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true });
  for (let i = 0; i < 22; i++) await move(i);
  return seen;
}"""


@pytest.mark.parametrize("kind", ["rotary", "sinusoidal"])
def test_a_slider_move_changes_texts_and_replaces_nothing(open_lab, kind):
    """A text put in another's place costs its box anew: most of what a move took."""
    page = open_lab("many", link=link(kind=kind, d=32, show="after"))
    seen = page.evaluate(REPLACED)
    assert seen["childList"] == 0
    assert seen["anew"] == 0
    assert min(seen["characterData"], seen["attributes"]) > 22 * 20


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["rotary", "sinusoidal"])
def test_a_slider_move_is_quick(open_lab, kind, record_property):
    """Of the widest head and the longest sentence, with two words exchanged."""
    page = open_lab("many", link=link(kind=kind, d=32, show="after"))
    moves = speed.slider_move(page, ".position-lab input[aria-label=Base]", lambda i: 0.5 + abs((i % 44) - 22) * 0.25)
    record_property("move_ms", moves)
    assert moves[1] <= 4


@pytest.mark.alone
@pytest.mark.parametrize("name", ["five", "many"])
def test_the_first_render_is_quick(open_lab, name):
    assert speed.first_render(lambda: open_lab(name)) <= 250


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("position_lab")) <= 17 * 1024


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/rotary.html", javascript=False)
    assert page.locator("table caption").inner_text().startswith("Attention weights of a head drawn at random")
    assert page.locator("td").count() == 25


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(link=link(kind="alibi", swap=[1, 4]), base=f"file://{folder}")
    expect(page.locator(".sentence")).to_contain_text("“dog” and “man” change places. Outputs that change: 5 of 5.")
    assert json.loads(page.evaluate("JSON.stringify(location.hash)")).startswith("#position_lab=")
    manners.check_quiet(page)


def test_one_that_cannot_start_leaves_its_table(open_page, folder):
    good = PositionLab().to_html()
    broken = good.replace('"learned": "', '"learned": "%').replace('"kind": "none"', '"kind": "learned"')
    page = manners.open_beside_broken(open_page, folder, good, broken)
    for lab in page.locator(".position-lab").all():
        lab.get_by_role("slider", name="Width d").fill("2")
        expect(lab.locator("pre")).to_contain_text("d=2")
    assert len(page.seen.errors) == 1

"""The attention laboratory in Chromium: its numbers against torch, its speed, its manners."""

import itertools
import math
import string
from collections.abc import Callable
from pathlib import Path

import manners
import pytest
import small_pages
import speed
import torch
from odd_texts import odd_texts
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down

from llmbook.data.small_sentences import SENTENCES
from llmbook.pages.widgets.attention_lab import STATE, AttentionLab
from llmbook.pages.widgets.legible import legible
from llmbook.pages.widgets.words import to_words

# The size of the largest difference between two orders of summing and two exponentials in float64 is about 1e-14;
# the bar says 1e-5, and what is drawn has two decimals.
CLOSE = 1e-9


def lab_of(n: int, heads: int = 1) -> AttentionLab:
    g = torch.Generator().manual_seed(n)
    q, k, v = (torch.randn(heads, n, 16, generator=g) for _ in range(3))
    return AttentionLab.from_tensors(q, k, v, [f"t{i:07}" for i in range(n)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one laboratory and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("labs"), "attention_lab", "word_arcs")
    q, k, v = (torch.randn(2, n, 7, generator=torch.Generator().manual_seed(1)) for n in (3, 5, 5))
    causal = torch.ones(5, 5).tril().bool()
    pages = {
        "six": AttentionLab(),
        "heads": lab_of(5, heads=3),
        "odd": AttentionLab.from_tensors(k, k, v, list("abcde"), may_attend=causal.T),
        "twenty": AttentionLab.from_tensors(
            *torch.randn(3, 2, 20, 64, generator=torch.Generator().manual_seed(1)),
            tokens="copper window seven river garden pencil orange doctor winter table".split() * 2,
            row=13,
            key=3,
        ),
        "own": AttentionLab.from_tensors(k, k, v, list("abcde"), may_attend=causal),
        "one": AttentionLab("one"),
        "t32": lab_of(32),
        "t64": lab_of(64),
        "cross": AttentionLab.from_tensors(q, k, v, ["a", "b", "c"], ["u", "v", "w", "x", "y"], heads=["L1H3", "L2H4"]),
        "blank": AttentionLab.from_tensors(
            q[0, :, :], k[0], v[0], ["\n", "the", " "], ["a", "\n", "the", "", "the"], row=2
        ),
    }
    small_pages.write_pages(folder, {name: [lab] for name, lab in pages.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(".attention-lab", "six")


WEIGHTS = """([source, state]) => {
  const given = llmbookCore.inputs(source, state);
  const result = llmbookCore.attend(given, state);
  return Object.fromEntries(Object.entries(result).map(([name, x]) => [name, [...x]]));
}"""


def of_browser(page: Page, lab: AttentionLab) -> dict[str, torch.Tensor]:
    """What the front end computes for the laboratory's state."""
    found = page.evaluate(WEIGHTS, [lab.source, {name: getattr(lab, name) for name in STATE}])
    return {name: torch.tensor(numbers, dtype=torch.float64) for name, numbers in found.items()}


def agree(page: Page, lab: AttentionLab) -> None:
    found = of_browser(page, lab)
    weights, v = lab.weights, lab.qkv["v"]
    torch.testing.assert_close(found["weights"].view_as(weights), weights, atol=CLOSE, rtol=0)
    torch.testing.assert_close(found["outputs"].view(len(weights), -1), weights @ v, atol=1e-8, rtol=0)
    scores = lab.qkv["q"] @ lab.qkv["k"].T
    torch.testing.assert_close(found["scores"].view_as(scores), scores, atol=1e-8, rtol=0)


SETTINGS = [
    *({"temperature": t} for t in (0.05, 0.1, 0.5, 1.0, 2.35, 5.0)),
    *({"scaled": s, "d_k": d} for s, d in itertools.product([True, False], [1, 2, 3, 64, 256])),
    *({"mask": "padding", "n_keys": n} for n in range(7)),
    *({"mask": "window", "window": n} for n in range(1, 7)),
    {"mask": "causal"},
    {"blocked": [(2, 1), (2, 5)]},
    {"mask": "causal", "blocked": [(0, 0)]},
    *({"edits": [(m, 0, 2, 1, x)]} for m, x in itertools.product("qkv", (-8, 0.1, 8))),
    {"temperature": 0.05, "scaled": False, "edits": [("q", 0, 2, 0, 8), ("k", 0, 1, 0, 8)]},
]


def test_the_core_equals_torch_over_every_control(open_lab):
    page = open_lab()
    for settings in SETTINGS:
        agree(page, AttentionLab(**settings))
    for text in ("one", "Fühle das Gewicht 注意力 🙂 naïve", " ".join(string.ascii_letters[:16])):
        agree(page, AttentionLab(text))


@pytest.mark.parametrize(("T", "S"), [(3, 5), (5, 3), (7, 7), (64, 64), (1, 1)])
def test_the_core_equals_torch_on_tensors(open_lab, T, S):
    page = open_lab()
    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, n, 11, generator=g) * 3 for n in (T, S, S))
    may = torch.rand(T, S, generator=g) > 0.3
    for mask, head in itertools.product(("none", "causal", "window", "padding"), (0, 1)):
        names = [f"{i}" for i in range(T)], [f"{i}" for i in range(S)]
        agree(page, AttentionLab.from_tensors(q, k, v, *names, may, mask=mask, head=head))


def test_a_wrong_core_is_noticed(open_lab):
    """The canary: a constant changed in the front end's mathematics must turn the comparison red."""
    page = open_lab()
    script = small_pages.TESTING.read_text(encoding="utf-8")
    broken = script.replace("Math.sqrt(", "Math.cbrt(")
    assert broken != script
    page.evaluate(broken)
    with pytest.raises(AssertionError, match="not close"):
        agree(page, AttentionLab(d_k=64))


def test_words_are_cut_alike_in_both_languages(open_lab):
    page = open_lab()
    for text in (
        "a\u00a0b\u3000c",
        "x" * 99,
        " ".join(string.ascii_letters),
        "é 注意力注意力注意力注意力注意力注意力 🙂🙂",
    ):
        assert page.evaluate("(t) => llmbookCore.toWords(t).words", text) == to_words(text)


BLANKS = [
    "",
    " ",
    "\n",
    "\r\n",
    "\t\t ",
    "\u00a0",
    "\u200b\u200b",
    "\ufeff",
    "\u00ad",
    "\U000e0020",
    "\u3000",
    "\x00",
]


def test_tokens_without_ink_are_called_alike_in_both_languages(open_lab):
    page = open_lab()
    for word in [*BLANKS, "a", " a", "␣", "é", "🙂", "👩‍👩‍👧", "注", "U+200B"]:
        assert tuple(page.evaluate("(word) => llmbookCore.legible(word)", word)) == legible(word), ascii(word)


def test_tokens_without_ink_are_seen_and_heard(open_lab):
    page = open_lab("blank")
    queries, keys = page.locator(".chips.queries button"), page.locator(".chips.keys button")
    assert queries.all_inner_texts() == ["↵", "the", "␣"]
    assert keys.all_inner_texts() == ["a", "↵", "the", "∅", "the"]
    called = [chip.get_attribute("aria-label") for chip in keys.all()]
    assert called == [None, "line break", "the (1)", "empty", "the (2)"]
    assert page.locator(".heat svg > text").all_text_contents() == ["↵", "the", "␣", "a", "↵", "the", "∅", "the"]
    for title in ("Every step", "All weights as a table"):
        page.locator("summary", has_text=title).click()
        table = page.locator("details", has_text=title).locator("table")
        expect(table.get_by_role("rowheader", name="line break")).to_have_text("↵")


def test_equal_words_are_told_apart_in_sentences(open_lab):
    page = open_lab("blank")
    sentence, cell = page.locator(".sentence"), page.locator("[role=gridcell]")
    assert sentence.inner_text().startswith("“␣” (space) attends ")
    names = ["“a”", "“↵” (line break)", "“the” (1)", "“∅” (empty)", "“the” (2)"]
    for key, label in enumerate(["a", "line break", "the (1)", "empty", "the (2)"]):
        page.locator(".chips.keys button").nth(key).click()
        expect(cell).to_contain_text(f"space to {label}: ")
    weights = blank_weights(page)
    first, second = weights.argsort(descending=True)[:2].tolist()
    said = f"{weights[first]:.2f} to {names[first]}, then {weights[second]:.2f} to {names[second]} ("
    assert said in sentence.inner_text()
    expect(page.get_by_role("rowheader", name="k of “the” (2)")).to_be_visible()
    page.get_by_role("button", name="k of the (2), coordinate 0").click()


def blank_weights(page: Page) -> torch.Tensor:
    """The weights of the last query, as the table behind the laboratory has them."""
    cells = page.locator(".llmbook-widget tbody tr").last.locator("td")
    return torch.tensor([float(text) for text in cells.all_text_contents()])


def test_copied_code_gives_what_is_shown(open_lab):
    page = open_lab()
    page.get_by_role("slider", name="Temperature").fill("0.35")
    page.get_by_role("combobox", name="Mask").select_option("window")
    page.get_by_role("slider", name="Window").fill("3")
    page.get_by_label("Your words (up to 16)").fill('a "quoted" \\ word')
    page.locator("summary", has_text="This state as Python").click()
    lab = manners.made_by(page.locator("pre").inner_text().rsplit("\n", 1)[0], "lab")
    page.locator("summary", has_text="All weights as a table").click()
    rows = page.locator("details", has_text="All weights as a table").locator("tbody tr")
    rows.first.wait_for()
    shown = [[float(cell) for cell in row.locator("td").all_inner_texts()] for row in rows.all()]
    torch.testing.assert_close(torch.tensor(shown).double(), lab.weights, atol=0.00501, rtol=0)
    assert lab.tokens == ["a", '"quoted"', "\\", "word"]


@pytest.mark.parametrize("may_copy", [True, False])
def test_the_first_click_copies_the_code(open_lab, may_copy):
    """Into the clipboard where the page may write there, else as the reader's selection."""
    page = open_lab()
    if may_copy:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # as on a page that came over plain HTTP
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("slider", name="Temperature").fill("0.35")
    page.get_by_role("button", name="Copy as code").click()
    page.get_by_role("button", name="Copied" if may_copy else "Selected: press Ctrl+C").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()" if may_copy else "getSelection().toString()")
    assert copied == page.locator("pre").inner_text()
    assert "AttentionLab(" in copied
    assert "temperature=0.35" in copied


def test_a_click_hides_a_cell_and_the_sentence_says_what_is_left(open_lab):
    page = open_lab()
    assert "“sat” attends 0.67 to “cat”" in page.locator(".sentence").inner_text()
    page.get_by_label("a click on a cell hides it").check()
    size = AttentionLab()
    click_cell(page, 2, 1)
    size.blocked = [(2, 1)]
    best = int(size.weights[2].argmax())
    assert f"{size.weights[2, best]:.2f} to “{size.tokens[best]}”" in page.locator(".sentence").inner_text()
    page.get_by_role("button", name="Show all cells").click()
    assert "0.67 to “cat”" in page.locator(".sentence").inner_text()


def test_predict_then_reveal_gives_points(open_lab):
    page = open_lab()
    weights = AttentionLab().weights
    page.get_by_role("button", name="Predict, then reveal").click()  # of a word that was not shown before
    assert "Where will “on” look?" in page.locator(".sentence").inner_text()
    assert page.locator(".heat .digits text", has_text="?").count() == 6
    page.locator(".chips.keys button", has_text="mat").click()
    assert "100 of 100 points." in page.locator(".buttons [role=status]").inner_text()

    page.get_by_role("button", name="Next: where will “the” (2) look?").click()
    assert "Where will “the” (2) look?" in page.locator(".sentence").inner_text()
    assert page.locator(".heat .digits text", has_text="?").count() == 6
    page.locator(".chips.queries button", has_text="sat").click()  # another question
    assert "Where will “sat” look?" in page.locator(".sentence").inner_text()
    page.locator(".chips.keys button", has_text="mat").click()
    earned = round(100 * float(weights[2, 5] / weights[2].max()))
    said = page.locator(".buttons [role=status]").inner_text()
    assert f"You chose “mat”: {earned} of 100 points, {100 + earned} of 200 in all." in said


def test_a_prediction_begins_with_nothing_selected(open_lab):
    page = open_lab()
    page.get_by_role("button", name="Predict, then reveal").click()
    assert page.locator(".chips.keys [aria-pressed=true]").count() == 0
    assert page.locator(".heat rect.active").get_attribute("visibility") == "hidden"
    assert page.locator(".product").inner_text() == "Which word? Choose one above."
    assert page.locator("[role=gridcell]").text_content() == "on: no key selected"
    page.get_by_role("grid").focus()
    page.keyboard.press("Enter")  # nothing is selected that could be the answer
    assert "Where will “on” look?" in page.locator(".sentence").inner_text()
    page.keyboard.press("End")
    assert "0.67" not in page.locator(".attention-lab").inner_text().split("Where will")[1].split("Drag")[0]
    page.keyboard.press("Enter")
    assert "You chose “mat”: 100 of 100 points." in page.locator(".buttons [role=status]").inner_text()


def click_cell(page: Page, row: int, col: int) -> None:
    """A click on a cell of the six words' map."""
    grid = page.get_by_role("grid")
    unit = grid.bounding_box()["width"] / (72 + 6 * 46 + 2)  # of the picture: names, six columns, an edge
    x, y = (unit * (72 + 46 * (place + 0.5)) for place in (col, row))
    grid.click(position={"x": x, "y": y})


def test_a_click_on_another_row_of_the_map_asks_of_that_word(open_lab):
    page = open_lab()
    page.get_by_role("button", name="Predict, then reveal").click()
    click_cell(page, 5, 3)
    assert "Where will “mat” look?" in page.locator(".sentence").inner_text()
    assert page.locator(".chips.keys [aria-pressed=true]").count() == 0
    assert page.locator(".buttons [role=status]").inner_text() == ""
    click_cell(page, 5, 3)
    assert "You chose “on”: 100 of 100 points." in page.locator(".buttons [role=status]").inner_text()


def test_the_next_question_is_about_a_word_that_was_not_told(open_lab):
    page = open_lab()
    for word in ("on", "the", "mat"):
        page.locator(".chips.queries button", has_text=word).last.click()
    page.locator(".chips.queries button", has_text="sat").click()
    asked = []
    for _ in range(2):
        page.get_by_role("button", name="Predict").or_(page.get_by_role("button", name="Next")).click()
        asked.append(page.locator(".sentence").inner_text().split("“")[1].split("”")[0])
        page.get_by_role("button", name="Show the answer").click()
    assert asked == ["the", "cat"]


def test_an_answer_that_is_given_up_is_shown(open_lab):
    page = open_lab()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Show the answer").click()
    assert "“on” attends" in page.locator(".sentence").inner_text()
    assert page.locator(".heat .digits text", has_text="?").count() == 0


def test_entries_of_q_k_and_v_can_be_set_and_dragged(open_lab):
    page = open_lab()
    page.get_by_role("button", name="q of sat, coordinate 0").click()
    page.get_by_role("slider", name="Entry q[2, 0]").fill("-3.5")
    edited = AttentionLab(edits=[("q", 0, 2, 0, -3.5)])
    best = int(edited.weights[2].argmax())
    assert f"{edited.weights[2, best]:.2f} to “{edited.tokens[best]}”" in page.locator(".sentence").inner_text()
    entry = page.get_by_role("button", name="v of cat, coordinate 1")
    before, box = float(entry.inner_text()), entry.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 25, box["y"] + 5, steps=4)
    page.mouse.up()
    assert float(entry.inner_text()) == pytest.approx(before + 1.0)  # a tenth for every two pixels
    page.get_by_role("button", name="Restore all entries").click()
    assert float(entry.inner_text()) == before


def test_the_selected_cell_shows_how_its_weight_comes_about(open_lab):
    """The terms of q·k, the divisor, the scaled score and the weight: the same numbers as torch's."""
    page, lab = open_lab(), AttentionLab(temperature=0.35)
    page.get_by_role("slider", name="Temperature").fill("0.35")
    for row, key in ((2, 1), (3, 5), (0, 2)):
        click_cell(page, row, key)
        q, k = lab.qkv["q"][row], lab.qkv["k"][key]
        terms = page.locator(".cell tr", has_text="q × k").locator("td").all_inner_texts()
        assert terms == [f"{x + 0.0:.2f}" for x in (q * k).tolist()]
        score, divisor = float(q @ k), math.sqrt(3) * 0.35
        steps = f"q·k = {score:.2f}; {score:.2f} / {divisor:.3g} = {score / divisor:.2f}"
        assert page.locator(".product").inner_text() == f"{steps} → weight {lab.weights[row, key]:.2f}"
    page.get_by_role("combobox", name="Mask").select_option("causal")
    assert page.locator(".product").inner_text().endswith("→ hidden: weight 0.00")


@pytest.mark.parametrize("name", ["six", "twenty"])
def test_the_selected_weight_is_always_told(open_lab, name):
    page = open_lab(name)
    chips, sentence = page.locator(".chips.keys button"), page.locator(".sentence")
    row = page.locator(".llmbook-widget tbody tr").nth(2 if name == "six" else 13)
    for key, weight in enumerate(row.locator("td").all_text_contents()):
        chips.nth(key).click()
        called = chips.nth(key).get_attribute("aria-label") or chips.nth(key).inner_text()
        word, *number = called.split(" ")
        assert " ".join([f"{weight} to “{word}”", *number]) in sentence.inner_text()
    page.get_by_role("combobox", name="Mask").select_option("causal")
    assert sentence.inner_text().endswith(", which is hidden.")


IN_SIGHT = """(selectors) => selectors.filter((selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.top < 0 || box.bottom > innerHeight;
})"""


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (820, 900), (390, 700), (320, 568)])
@pytest.mark.parametrize("entry", ["q of sat, coordinate 0", "k of cat, coordinate 0"])
def test_what_a_dragged_number_changes_is_in_sight(open_lab, width, height, entry):
    page = open_lab(width=width)
    page.set_viewport_size({"width": width, "height": height})
    page.add_style_tag(content="body { padding-block: 1500px; }")
    button = page.get_by_role("button", name=entry)
    button.evaluate("(e) => scrollTo(0, scrollY + e.getBoundingClientRect().top - 8)")  # all above is off the screen
    before = page.locator(".sentence").inner_text()
    box = button.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 45, box["y"] + 5, steps=4)
    assert page.evaluate(IN_SIGHT, [".sentence", ".chips.keys", ".cell [aria-pressed=true]", ".product"]) == []
    page.mouse.up()
    assert page.locator(".sentence").inner_text() != before


def test_on_a_page_of_the_book_nothing_lies_over_it_either(open_page, site):
    """The page's own bar stays at the top of the screen."""
    page, _ = open_page(f"{site}/notebooks/04-1-one-head.html", width=390)
    button = page.get_by_role("button", name="q of sat, coordinate 0")
    button.evaluate("(e) => scrollTo({ top: scrollY + e.getBoundingClientRect().top - 60, behavior: 'instant' })")
    box = button.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 45, box["y"] + 5, steps=4)
    covered = page.evaluate(
        """() => ['.chips.keys button', '.sentence', '.product'].filter((selector) => {
        const e = document.querySelector(`.attention-lab ${selector}`), box = e.getBoundingClientRect();
        return !e.contains(document.elementFromPoint(box.left + 8, box.top + 8)); })"""
    )
    page.mouse.up()
    assert covered == []


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab()
    state = "() => document.querySelector('.attention-lab').innerHTML.replace(/words-\\w+|cell-\\w+/g, '')"
    values = "() => [...document.querySelectorAll('.attention-lab :is(input, select)')].map((e) => e.checked + e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_label("Your words (up to 16)").fill("a b c")
    page.get_by_role("slider", name="Temperature").fill("3")
    page.get_by_label("divide by √d_k").uncheck()
    page.get_by_role("combobox", name="Mask").select_option("padding")
    page.get_by_label("a click on a cell hides it").check()
    page.get_by_role("button", name="q of c, coordinate 0").click()
    page.get_by_role("slider", name="Entry q[2, 0]").fill("5")
    page.get_by_role("button", name="Predict, then reveal").click()
    page.locator(".chips.keys button").first.click()
    assert "points" in page.locator(".buttons [role=status]").inner_text()
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Predict, then reveal").wait_for()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    assert (page.evaluate(state), page.evaluate(values)) == opening


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.name)
def test_a_sentence_with_vectors_made_by_hand_is_offered_with_its_reason(open_lab, sentence):
    page = open_lab("one")
    page.get_by_role("button", name=sentence.name).click()
    assert page.get_by_label("Your words (up to 16)").input_value() == sentence.text
    expect(page.get_by_text(sentence.reason)).to_be_visible()
    lab = AttentionLab(sentence.text, row=sentence.row)
    best = int(lab.weights[sentence.row].argmax())
    told = f"“{lab.tokens[sentence.row]}” attends {lab.weights[sentence.row, best]:.2f} to “{lab.tokens[best]}”"
    assert page.locator(".sentence").inner_text().startswith(told)
    agree(page, lab)


def test_invented_vectors_are_called_so(open_lab):
    page = open_lab()
    field = page.get_by_label("Your words (up to 16)")
    field.fill("The blue cat saw the <b>dog</b> blue")
    told = "Nobody made vectors for “blue”, “saw”, “<b>dog</b>”: they are invented from the letters."
    expect(page.get_by_text(told)).to_be_visible()
    field.fill("The cat left the river")
    assert page.get_by_text("invented").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1000])
def test_twenty_words_are_not_cut_and_the_selected_ones_are_in_sight(open_lab, width):
    page = open_lab("twenty", width=width)
    cut = """() => [...document.querySelectorAll('.chips')].flatMap((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return [...row.querySelectorAll('button')].map((e) => [e, e.getBoundingClientRect()])
        .filter(([e, box]) => box.top < bottom - 1 && box.bottom > bottom + 1
          || e.ariaPressed === 'true' && (box.top < top - 1 || box.bottom > bottom + 1))
        .map(([e]) => e.outerHTML);
    })"""
    assert page.evaluate(cut) == []
    page.get_by_role("grid").focus()
    for key in ("End", *["ArrowDown"] * 20, "Home", *["ArrowUp"] * 20):
        page.keyboard.press(key)
        page.wait_for_timeout(20)
        assert page.evaluate(cut) == []


WEIGHTS_ON_PAPER = """() => [...document.querySelectorAll('.paper tbody tr')]
  .map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.innerText)))"""
SHADES_ON_PAPER = "[...document.querySelectorAll('.paper .cells rect')].map((e) => +e.getAttribute('fill-opacity'))"


@pytest.mark.parametrize("name", ["six", "t64"])
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    """The picture, the table and the settings as code, and nothing of it on the screen."""
    page = open_lab(name)
    page.get_by_role("slider", name="Temperature").fill("0.35")
    page.locator(".chips.queries button").nth(3).click()
    lab = {"six": AttentionLab(temperature=0.35), "t64": lab_of(64)}[name]
    lab.temperature = 0.35
    with manners.on_paper(page, ".attention-lab") as paper:
        shown = torch.tensor(page.evaluate(WEIGHTS_ON_PAPER)).double()
        torch.testing.assert_close(shown, lab.weights, atol=0.00501, rtol=0)
        shades = torch.tensor(page.evaluate(SHADES_ON_PAPER)).double()
        torch.testing.assert_close(shades, lab.weights.flatten(), atol=0.0045, rtol=0)  # half of 1/128, and of 0.001
        assert "temperature=0.35, row=3" in paper.locator("pre").inner_text()
        assert paper.locator("p").first.inner_text() == page.locator(".sentence").text_content()


def test_cross_attention_has_as_many_columns_as_keys(open_lab):
    page = open_lab("cross")
    assert page.locator(".chips.queries button").count() == 3
    assert page.locator(".chips.keys button").count() == 5
    assert page.get_by_role("grid").get_attribute("aria-colcount") == "5"


def test_heads_are_buttons_above_the_map_called_by_their_names(open_lab):
    page = open_lab("cross")
    heads = page.locator(".chips.heads button")
    assert heads.all_inner_texts() == ["L1H3", "L2H4"]
    assert page.get_by_role("slider", name="Head").count() == 0
    assert heads.last.bounding_box()["y"] < page.locator(".heat").bounding_box()["y"]
    before = page.locator(".sentence").inner_text()
    heads.last.click()
    assert [head.get_attribute("aria-pressed") for head in heads.all()] == ["false", "true"]
    assert page.locator(".sentence").inner_text() != before
    assert 'heads=["L1H3", "L2H4"], head=1' in page.locator("pre").text_content()


def test_heads_without_names_are_counted(open_lab):
    assert open_lab("heads").locator(".chips.heads button").all_inner_texts() == ["head 0", "head 1", "head 2"]


@pytest.mark.parametrize("name", ["t32", "cross"])
def test_every_column_shows_its_whole_name(open_lab, name):
    page = open_lab(name)
    inside = page.evaluate(
        """() => { const box = document.querySelector('.heat svg').getBoundingClientRect();
        return [...document.querySelectorAll('.heat svg > text')].map((e) => e.getBoundingClientRect())
          .every((e) => e.left >= box.left && e.right <= box.right && e.top >= box.top && e.bottom <= box.bottom); }"""
    )
    assert inside


def test_a_slanted_name_chooses_its_column(open_lab):
    page = open_lab("t32")
    box = page.locator(".heat svg > text", has_text="t0000010").last.bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])  # its tip, above another column
    expect(page.locator("[role=gridcell]")).to_contain_text("t0000000 to t0000010")


@pytest.mark.parametrize("dark", [False, True])
def test_a_canvas_has_names_and_the_pages_colours(open_lab, dark):
    """Without a touch: the first picture of the laboratory is whole."""
    page = open_lab("t64", dark=dark)
    page.wait_for_function(
        """() => { const canvas = document.querySelector('.heat canvas'), edge = 2 * 72;
        const colours = (x, width) => {
          const { data } = canvas.getContext('2d').getImageData(x, edge, width, canvas.height - edge);
          return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join()));
        };
        const pen = new OffscreenCanvas(1, 1).getContext('2d');
        pen.fillStyle = getComputedStyle(canvas).getPropertyValue('--mark').trim();
        pen.fillRect(0, 0, 1, 1);
        const mark = pen.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
        return colours(0, edge - 4).size > 1 && colours(edge, canvas.width - edge).has(mark); }"""
    )


@pytest.mark.parametrize(("name", "heads"), [("six", 0), ("t32", 0), ("cross", 2)])
def test_a_single_head_needs_no_control(open_lab, name, heads):
    page = open_lab(name)
    page.get_by_role("slider", name="Temperature").fill("2")  # each change sets all controls anew
    assert page.locator(".chips.heads button").count() == heads


def test_a_models_mask_that_is_not_causal_is_not_called_so(open_lab):
    page = open_lab("odd")
    assert page.get_by_role("combobox", name="Mask").locator("option").first.inner_text() == "from the model"


def test_a_models_own_mask_is_named_where_no_other_is_chosen(open_lab):
    page = open_lab("own")
    mask = page.get_by_role("combobox", name="Mask")
    code = page.locator(".control", has=mask).locator("code")
    assert mask.locator("option").all_inner_texts() == ["causal, from the model", "causal", "padding", "window"]
    assert code.inner_text() == "may_attend"
    mask.select_option("window")
    assert code.inner_text() == "may_attend &= window_mask(T, window)"
    crosses = page.locator(".crosses [visibility=visible]").count()
    assert crosses == 10 + 6  # above the diagonal, and two or more places below it


def test_without_a_models_mask_there_is_none(open_lab):
    page = open_lab()
    mask = page.get_by_role("combobox", name="Mask")
    assert mask.locator("option").first.inner_text() == "none"
    assert page.locator(".control", has=mask).locator("code").inner_text() == "may_attend = None"


def test_without_the_root_there_is_no_width_to_set(open_lab):
    page = open_lab()
    width = page.get_by_role("slider", name="d_k under the root")
    assert width.count() == 1
    page.get_by_label("divide by √d_k").uncheck()
    assert width.count() == 0


def test_the_code_divides_only_where_the_root_is_ticked(open_lab):
    page = open_lab()
    root = page.get_by_label("divide by √d_k")
    code = page.locator(".control", has=root).locator("code")
    assert code.inner_text() == "scores = q @ k.transpose(-2, -1) / d_k**0.5"
    root.uncheck()
    assert code.inner_text() == "scores = q @ k.transpose(-2, -1)"
    root.check()
    assert code.inner_text() == "scores = q @ k.transpose(-2, -1) / d_k**0.5"


def test_padding_begins_where_it_hides_something(open_lab):
    page = open_lab()
    mask, keys = page.get_by_role("combobox", name="Mask"), page.get_by_role("slider", name="Keys that are not padding")
    mask.select_option("padding")
    assert keys.input_value() == "5"
    assert page.locator(".crosses [visibility=visible]").count() == 6
    assert 'mask="padding", n_keys=5' in page.locator("pre").text_content()
    keys.fill("3")  # what the reader has set stays
    mask.select_option("none")
    mask.select_option("padding")
    assert keys.input_value() == "3"


def test_a_single_word_is_never_padding_by_itself(open_lab):
    page = open_lab("one")
    page.get_by_role("combobox", name="Mask").select_option("padding")
    assert page.get_by_role("slider", name="Keys that are not padding").input_value() == "1"


def test_the_keyboard_alone_reaches_and_moves_everything(open_lab):
    page = open_lab()
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".attention-lab", page.locator("input[type=text]"))
    page.get_by_role("button", name="q of sat, coordinate 0").focus()  # of the numbers one; arrows lead to the others
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert page.get_by_role("slider", name="Entry k[1, 1]").count() == 1
    assert page.evaluate("document.activeElement.ariaLabel") == "k of cat, coordinate 1: 0.0"
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert page.locator("[role=gridcell]").inner_text() == "on to mat: 0.67"
    page.keyboard.press("Enter")
    assert page.locator("[role=gridcell]").inner_text() == "on to mat: hidden by the mask"
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="Temperature").input_value() == "1.05"


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab()
    manners.unfold(page)
    manners.check_named(page, ".attention-lab")


def test_changes_are_spoken(open_lab):
    page = open_lab()
    before = page.locator(".sentence").inner_text()
    page.get_by_role("slider", name="Temperature").fill("5")
    assert page.locator(".sentence").inner_text() != before
    manners.check_spoken(page, ".attention-lab")


@pytest.mark.parametrize("way", WAYS)
def test_a_laboratory_taken_down_changes_no_more(open_lab, way):
    page = open_lab()
    lab = AttentionLab()
    traits = {"source": lab.source, **{name: getattr(lab, name) for name in STATE}}
    changes = {"temperature": (1, 2), "text": ("Another text", "One more text")}
    check_taken_down(page, "llmbookAttentionLab", traits, changes, way)
    assert page.seen.errors == []


def test_no_typed_text_breaks_it(open_lab):
    page = open_lab()
    told = page.evaluate(
        """(texts) => {
          const input = document.querySelector('.attention-lab input[type=text]');
          return texts.map((text) => {
            input.value = text;
            input.dispatchEvent(new Event('input'));
            const words = document.querySelectorAll('.chips.queries button').length;
            return [words, document.querySelector('.notice').textContent];
          });
        }""",
        odd_texts(),
    )
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []
    page.wait_for_timeout(50)
    assert all(1 <= count <= 16 for count, _ in told)
    assert told[-3][1] == "1 shortened to 16 characters"
    assert told[-2][1] == "only the first 16 of 5000 words are used"


@pytest.mark.alone
@pytest.mark.parametrize(("name", "most"), [("t32", 4.0), ("t64", 8.0)])
def test_a_slider_move_is_quick(open_lab, name, most, record_property):
    slider = ".attention-lab input[aria-label=Temperature]"
    moves = speed.slider_move(open_lab(name), slider, lambda i: 0.2 + abs((i % 180) - 90) * 0.05)
    record_property("move_ms", moves)
    assert moves[1] <= most


@pytest.mark.alone
@pytest.mark.parametrize("name", ["six", "t32", "t64"])
def test_the_first_render_is_quick(open_lab, name):
    assert speed.first_render(lambda: open_lab(name)) <= 250


@pytest.mark.parametrize(
    ("script", "most"), [("attention_lab", 15 * 1024), ("word_arcs", 8 * 1024)], ids=["laboratory", "arcs"]
)
def test_a_script_is_small(script, most):
    """A widget's script holds no other widget's."""
    assert speed.zipped(small_pages.script_of(script)) <= most


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_works_by_touch(open_lab, dark):
    page = open_lab(width=360, touch=True, dark=dark)
    manners.check_fits(page, 360)
    page.locator(".chips.queries button", has_text="mat").tap()
    expect(page.locator(".sentence")).to_contain_text("“mat” attends")
    box = page.get_by_role("grid").bounding_box()
    page.get_by_role("grid").tap(position={"x": box["width"] * 0.3, "y": box["height"] * 0.3})
    expect(page.locator(".sentence")).to_contain_text("“the” (1) attends")


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/six.html", javascript=False)
    assert page.locator("table caption").inner_text().startswith("Attention weights")
    assert page.locator("td").count() == 36


BROKEN = {
    "not JSON": ('"temperature": 1.0', '"temperature": Infinity'),
    "no source": ('"source": ', '"sauce": '),
    "not base64": ('"q": "', '"q": "%'),
}


@pytest.mark.parametrize("way", BROKEN)
def test_a_widget_that_cannot_start_leaves_its_table_and_the_others_alone(open_page, folder, way):
    broken = lab_of(5).to_html()
    assert BROKEN[way][0] in broken
    page = manners.open_beside_broken(open_page, folder, AttentionLab().to_html(), broken.replace(*BROKEN[way]))
    assert page.locator(".attention-lab").count() == 2
    for lab in page.locator(".attention-lab").all():
        lab.get_by_role("slider", name="Temperature").fill("5")
        expect(lab.locator(".sentence")).not_to_contain_text("0.67")
    assert len(page.seen.errors) == 1


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(base=f"file://{folder}")
    assert "“sat” attends 0.67" in page.locator(".sentence").inner_text()
    manners.check_quiet(page)

"""A small GPT trained in Chromium: it is what the library trains; every control, its manners, its bars."""

import contextlib
import functools
import io
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
from odd_texts import odd_texts
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from conftest import POLICY, serve
from llmbook.pages import TrainHere
from llmbook.pages.widgets.small_run import MOST, make_model, sample, tidy, train_model
from llmbook.pages.widgets.train_here import CHOICES, MADE_BY, RESULTS, STATE

# Whole runs of float64 from the same first weights and batches: 1e-11 apart after 150 steps (test_training.py).
CLOSE = 1e-6
SMALL = {"d_model": 8, "n_heads": 2, "n_layers": 1, "length": 8, "steps": 100}
OWN = (
    "Ein Text, in dem “Ümläute” stehen, 注意 und 🙂.\n\tZeile für Zeile – so weit, so gut; und {noch} %s \\ mehr. " * 5
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    small = TrainHere(**SMALL).to_html()
    pages = {
        "plain": [TrainHere()],
        "small": [small],
        "own": [TrainHere(OWN, **{**SMALL, "seed": 3, "lr": 0.03})],
        "wild": [small.replace('"lr": 0.01', '"lr": 1e200')],
    }
    folder = small_pages.lay_out(tmp_path_factory.mktemp("train"), "train_here")
    small_pages.write_pages(folder, pages)
    return folder


@pytest.fixture
def open_run(opener) -> Callable[..., Page]:
    return opener(".train-here", "small")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#train_here={quote(json.dumps(values))}"


def button(page: Page, name: str):
    return page.get_by_role("button", name=name, exact=True)


def at_step(page: Page, step: int, of: int = 100) -> None:
    expect(page.locator(".sentence")).to_contain_text(f"Step {step:,} of {of:,}.", timeout=60_000)


def train(page: Page) -> None:
    """To the end of a small run."""
    page.locator(".buttons button").first.click()
    at_step(page, 100)
    expect(button(page, "Done")).to_be_disabled()


def table_of(page: Page, title: str = "The curves as a table") -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("tbody tr").first.wait_for()
    return [row.locator("th, td").all_inner_texts() for row in part.locator("tbody tr").all()]


def ends(page: Page) -> list[dict]:
    return json.loads(page.evaluate("localStorage['llmbook-runs'] ?? '{\"runs\": []}'"))["runs"]


def code_of(page: Page) -> str:
    return page.locator("details", has_text="This state as Python").locator("pre").text_content()


def run_code(page: Page) -> dict:
    """What the copied program leaves, its last line printed too."""
    scope, out = {}, io.StringIO()
    with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(out):
        exec(code_of(page), scope)
    return {**scope, "said": out.getvalue()}


# --- what it trains -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small", "own"])
def test_what_it_trains_is_what_the_library_trains(open_run, name):
    page = open_run(name)
    train(page)
    lab = TrainHere(**SMALL) if name == "small" else TrainHere(OWN, **{**SMALL, "seed": 3, "lr": 0.03})
    _, losses, held_out = lab.train()
    (end,) = ends(page)
    assert end["held_out"] == pytest.approx(held_out, abs=CLOSE)
    assert (end["parameters"], end["steps"], end["characters"]) == (lab.parameters, 100, 100 * 8 * 8)
    assert (end["unigram"], end["bigram"]) == pytest.approx((lab.frequencies["unigram"], lab.frequencies["bigram"]))
    rows = table_of(page)
    assert [row[0] for row in rows] == ["0", "25", "50", "75", "100"]
    assert rows[0][1] == "–"
    for step, training, _ in rows[1:]:
        some = losses[int(step) - 25 : int(step)]
        assert float(training) == pytest.approx(sum(some) / 25, abs=0.000501)
    assert float(rows[-1][2]) == pytest.approx(held_out, abs=0.000501)
    assert (
        page.locator(".sentence")
        .inner_text()
        .startswith(f"Step 100 of 100. Held-out loss {held_out:.3f} nats a character")
    )
    assert page.seen.errors == []


@pytest.mark.parametrize("name", ["small", "own"])
def test_the_copied_program_trains_the_same(open_run, name):
    """Run to its end in Python: both losses agree within 1e-6, and the characters are the reader's."""
    page = open_run(name)
    train(page)
    found = run_code(page)
    with torch.no_grad():
        held_out = found["loss_of"](found["held_out"]).item()
    (end,) = ends(page)
    assert held_out == pytest.approx(end["held_out"], abs=CLOSE)
    assert found["text"] == (sample() if name == "small" else OWN)
    assert found["said"] == f"{found['losses'][-1]:.3f} learned from, {held_out:.3f} held out\n"
    assert max(map(len, code_of(page).replace(json.dumps(OWN, ensure_ascii=False), "").splitlines())) <= 100


def test_rare_characters_are_read_as_one_in_the_copied_program_too(open_run):
    page = open_run()
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 400))) + "注意" * 100
    page.locator("textarea").fill(text)
    expect(page.locator(".notice").first).to_contain_text(
        "300 different ones. 103 rare ones are read as one sign, “\ufffd”."
    )
    train(page)
    found = run_code(page)
    assert len(found["tokenizer"]) == 300
    assert ends(page)[0]["held_out"] == pytest.approx(found["loss_of"](found["held_out"]).item(), abs=CLOSE)


def test_step_by_step_and_with_pauses_it_is_the_same_run(open_run):
    page = open_run(link=link(steps=1000))
    for step in (1, 2, 3):
        button(page, "One step").click()
        at_step(page, step, 1000)
    for _ in range(3):
        button(page, "Go on").click()
        page.wait_for_timeout(50)
        button(page, "Pause").click()
        expect(button(page, "Go on")).to_be_enabled()
    button(page, "Go on").click()
    at_step(page, 1000, 1000)
    assert ends(page)[0]["held_out"] == pytest.approx(TrainHere(**{**SMALL, "steps": 1000}).train()[2], abs=CLOSE)
    assert [int(row[0]) for row in table_of(page)] == [*range(0, 1001, 25)]  # each measured once


def test_where_no_worker_may_start_the_page_trains_itself(open_run, folder):
    with serve(folder, small_pages.NO_WORKER) as base:
        page = open_run(base=base)
        train(page)
        assert ends(page)[0]["held_out"] == pytest.approx(TrainHere(**SMALL).train()[2], abs=CLOSE)


def test_from_disk_without_a_server(open_run, folder):
    page = open_run(link=link(seed=5, steps=100), base=f"file://{folder}")
    train(page)
    assert "torch.manual_seed(5)" in code_of(page)
    manners.check_quiet(page)


# --- what it shows ------------------------------------------------------------------------------------------------


def attention_of(lab: TrainHere, steps: int) -> torch.Tensor:
    """What the chosen head looks at after so many steps, by the formula."""
    text = lab.prepared
    model = make_model(text, **{name: getattr(lab, name) for name in MADE_BY})
    train_model(model, text, lr=lab.lr, steps=steps, seed=lab.seed)
    ids = torch.cat([text.train, text.held_out])[lab.place : lab.place + min(16, lab.length)][None]
    with torch.no_grad():
        x = model.positions(model.embedding(ids))
        for block in model.blocks[: lab.layer]:
            x = block(x)
        attention = model.blocks[lab.layer].attention
        q, k, _ = attention.split_heads(model.blocks[lab.layer].norm_1(x))
        scores = q @ k.mT / attention.head_width**0.5
        hidden = torch.ones(scores.shape[-2:]).triu(1).bool()
        return scores.masked_fill(hidden, -torch.inf).softmax(-1)[0, lab.head]


def test_the_map_is_the_chosen_heads(open_run):
    settings = {**SMALL, "n_layers": 2, "place": 40, "layer": 1, "head": 1}
    page = open_run(link=link(**settings))
    expect(page.locator(".map .notice").first).to_have_text("The map comes with the first step.")
    train(page)
    expected = attention_of(TrainHere(**settings), 100)
    cells = "[...document.querySelectorAll('.map .heat:not(.legend) .cells rect')]"
    shades = page.evaluate(f"{cells}.map((e) => +e.getAttribute('fill-opacity'))")
    shown = torch.tensor(shades, dtype=torch.float64).view_as(expected)
    torch.testing.assert_close(shown, expected, atol=0.0045, rtol=0)  # half a shade of 128
    page.get_by_role("slider", name="Piece").fill("41")  # at rest, and looked at anew
    later = attention_of(TrainHere(**{**settings, "place": 41}), 100)
    cell = page.get_by_role("gridcell")
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(cell).to_contain_text(f": {later[-1, -1]:.2f}")
    expect(page.locator(".map .control", has_text="Piece").locator("code")).to_have_text("ids[41:49]")
    names = page.locator(".map .heat:not(.legend) svg > text").all_text_contents()
    assert names[:8] == [{" ": "␣", "\n": "↵"}.get(letter, letter) for letter in sample()[41:49]]


CURVES = """() => {
  const svg = document.querySelector('svg.chart'), box = svg.querySelector('.frame');
  const [x0, y0, width, height] = ['x', 'y', 'width', 'height'].map((name) => Number(box.getAttribute(name)));
  const top = Number(svg.querySelector('.high').textContent);
  const texts = [...svg.querySelectorAll('text')].map((e) => Number(e.textContent.replace(',', '')));
  const last = texts.find((number) => number >= 100);
  return Object.fromEntries([...svg.querySelectorAll('.line')].map((path) => {
    const numbers = (path.getAttribute('d').match(/-?[\\d.]+/g) ?? []).map(Number);
    const lossAt = (y) => (1 - (y - y0) / height) * top;
    const points = numbers.flatMap((x, i) => i % 2 ? [] : [[(x - x0) / width * last, lossAt(numbers[i + 1])]]);
    return [path.classList[1], points];
  }));
}"""


def test_the_curves_are_the_numbers_of_the_table(open_run):
    page = open_run()
    train(page)
    curves, rows = page.evaluate(CURVES), table_of(page)
    assert [round(step) for step, _ in curves["held"]] == [0, 25, 50, 75, 100]
    assert [loss for _, loss in curves["held"]] == pytest.approx([float(row[2]) for row in rows], abs=0.003)
    quarters = [[loss for step, loss in curves["training"] if a < step < a + 25] for a in (0, 25, 50, 75)]
    means = [sum(some) / len(some) for some in quarters]
    assert means == pytest.approx([float(row[1]) for row in rows[1:]], abs=0.003)
    for name, level in TrainHere(**SMALL).frequencies.items():
        assert [loss for _, loss in curves[name]] == pytest.approx([level, level], abs=0.015)
    assert curves["ghost_held"] == curves["ghost_training"] == []


def test_the_legend_has_each_lines_looks_and_latest_value(open_run):
    page = open_run()
    train(page)
    found = page.evaluate(
        """[...document.querySelectorAll('svg.chart .line')].map((line) => {
          const name = line.classList[1];
          const looks = ({ stroke, strokeDasharray, strokeWidth }) => [stroke, strokeDasharray, strokeWidth];
          const swatch = document.querySelector(`ul.legend .${name}`);
          return [looks(getComputedStyle(line)), looks(getComputedStyle(swatch)), swatch.closest('li').innerText];
        })"""
    )
    assert all(line == swatch for line, swatch, _ in found)
    assert len({tuple(line) for line, _, _ in found}) == 7
    rows, nats = table_of(page), TrainHere(**SMALL).frequencies
    texts = [text for *_, text in found]
    assert texts[1] == f"held out: {float(rows[-1][2]):.2f}"
    assert texts[4:] == [
        f"knowing nothing: {nats['nothing']:.2f}",
        f"counting letters: {nats['unigram']:.2f}",
        f"counting pairs: {nats['bigram']:.2f}",
    ]
    assert page.locator("ul.legend li").nth(2).is_hidden()


def test_the_run_before_stays_as_a_ghost_and_differences_are_named(open_run):
    page = open_run()
    train(page)
    before = table_of(page)
    page.get_by_role("slider", name="Learning rate").fill("9")
    page.get_by_role("slider", name="Heads").fill("0")
    expect(page.locator(".sentence")).to_contain_text("to start is to begin another run")
    button(page, "Start another").click()
    at_step(page, 100)
    expect(page.locator(".ghostly")).to_have_text(
        "From the run before to this one: learning rate 0.01 → 0.03, heads 2 → 1."
    )
    rows = table_of(page)
    assert [row[3:] for row in rows] == [row[1:] for row in before]
    curves = page.evaluate(CURVES)
    assert [loss for _, loss in curves["ghost_held"]] == pytest.approx([float(row[2]) for row in before], abs=0.003)
    page.locator("textarea").fill(OWN)
    button(page, "Start another").click()
    at_step(page, 100)
    expect(page.locator(".ghostly")).to_have_text("From the run before to this one: another text.")
    button(page, "Let the ghost go").click()
    assert page.evaluate(CURVES)["ghost_held"] == []
    assert page.locator("ul.legend li").nth(3).is_hidden()
    expect(page.locator(".ghostly")).to_have_text("")


def test_other_settings_end_a_run_that_goes_on(open_run):
    page = open_run(link=link(steps=3000))
    button(page, "Start").click()
    expect(page.locator(".sentence")).to_contain_text("steps a second", timeout=30_000)
    page.get_by_role("slider", name="Seed").fill("4")
    expect(button(page, "Start another")).to_be_enabled()
    page.wait_for_timeout(300)
    step = table_of(page)[-1]
    page.wait_for_timeout(300)
    assert table_of(page)[-1] == step


def test_it_writes_at_every_tenth(open_run):
    page = open_run()
    train(page)
    items = page.locator(".samples li")
    assert items.locator(".step").all_inner_texts() == [f"step {n}" for n in range(100, 0, -10)] + ["untrained"]
    texts = [text.replace("↵\n", "\n") for text in items.locator("q").all_text_contents()]
    assert all(len(text) == 121 and text[0] == sample()[0] and set(text) <= set(sample()) for text in texts)
    assert len(set(texts)) == len(texts)


# --- predictions --------------------------------------------------------------------------------------------------


def test_predict_then_reveal_scores_with_the_readers_confidence(open_run):
    page = open_run()
    nats = TrainHere(**SMALL).frequencies
    verdict = page.locator(".verdict")
    button(page, "Predict, then reveal").click()
    expect(page.locator(".question p")).to_have_text(
        f"Where will the held-out loss be at step 100? Counting letters gives {nats['unigram']:.2f}, "
        f"counting pairs {nats['bigram']:.2f}."
    )
    page.get_by_label("How sure are you?").select_option("0.9")
    truth = TrainHere(**SMALL).train()[2]
    choices = page.get_by_role("group", name="Your prediction").get_by_role("button")
    edges = [nats["unigram"], nats["bigram"], nats["bigram"] - 0.3]
    right = sum(truth <= edge for edge in edges)
    name = choices.nth(right).inner_text()
    choices.nth(right).click()
    at_step(page, 100)
    expect(verdict).to_contain_text(
        f"Right: at step 100 the held-out loss is {truth:.3f}, {name}. Brier score of this answer: 0.01"
    )
    assert button(page, "Predict, then reveal").is_disabled()  # that run is known
    page.get_by_role("slider", name="Seed").fill("2")
    button(page, "Predict, then reveal").click()
    expect(page.locator(".question p")).to_contain_text(
        f"The run before had a held-out loss of {truth:.3f} at step 100."
    )
    assert page.get_by_label("How sure are you?").input_value() == ""  # another question, another answer
    lower = TrainHere(**SMALL, seed=2).train()[2] < truth
    page.get_by_label("How sure are you?").select_option("0.9")
    button(page, "not lower" if lower else "lower").click()
    at_step(page, 100)
    expect(verdict).to_contain_text("Not so: at step 100")
    expect(verdict).to_contain_text("Brier score of 2 answers: 0.41")  # (0.01 + 0.81) / 2
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).train_here.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.9, "right": right} for right in (True, False)]


def test_a_question_goes_with_its_settings_and_a_prediction_with_its_run(open_run):
    page = open_run(link=link(steps=3000))
    button(page, "Predict, then reveal").click()
    expect(page.locator(".question p")).to_contain_text("at step 500?")
    page.get_by_role("slider", name="Steps").fill("1")
    expect(page.locator(".question p")).to_contain_text("at step 200?")
    button(page, "No prediction").click()
    assert page.locator(".question").is_hidden()
    page.get_by_role("slider", name="Steps").fill("5")
    button(page, "Predict, then reveal").click()
    page.get_by_role("group", name="Your prediction").get_by_role("button").first.click()
    expect(page.locator(".verdict")).to_contain_text("The answer comes at step 500.")
    page.get_by_role("slider", name="Seed").fill("4")
    expect(page.locator(".verdict")).to_have_text("The run has ended before its answer.")


def test_of_a_run_that_was_seen_no_prediction_counts(open_run):
    page = open_run()
    train(page)
    button(page, "Reset").click()
    expect(button(page, "Start")).to_be_enabled()
    for seed, counts in (("0", False), ("3", True)):
        page.get_by_role("slider", name="Seed").fill(seed)
        button(page, "Predict, then reveal").click()
        page.get_by_label("How sure are you?").select_option("0.9")
        page.get_by_role("group", name="Your prediction").get_by_role("button").first.click()
        at_step(page, 100)
        told = (
            "Brier score of this answer" if counts else "You have seen this run before, so the answer does not count."
        )
        expect(page.locator(".verdict")).to_contain_text(told)
        assert (page.evaluate("localStorage['llmbook-answers'] ?? null") is not None) == counts


ALIKE = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=2000))  # pairs tell nothing, and cost


@pytest.mark.parametrize("text", [ALIKE, "ab" * 300, "春眠不觉晓处处闻啼鸟" * 40])
def test_the_choices_are_four_ranges_that_do_not_overlap(open_run, text):
    page = open_run()
    page.locator("textarea").fill(text)
    button(page, "Predict, then reveal").click()
    names = page.get_by_role("group", name="Your prediction").get_by_role("button").all_inner_texts()
    above, *between, below = [[float(number) for number in re.findall(r"\d+\.\d+", name)] for name in names]
    assert [low for low, _ in between] == [*(high for _, high in between[1:]), *below]
    assert [*above, *(low for low, _ in between)] == sorted([*above, *(low for low, _ in between)], reverse=True)
    assert "-" not in "".join(names)  # no loss is below 0
    nats = TrainHere(text, **SMALL).frequencies
    assert above == [round(max(nats["unigram"], nats["bigram"]), 2)]


def test_one_step_is_one_step_whatever_is_looked_at(open_run):
    page = open_run()
    page.evaluate(
        """() => {
          const byName = (name) => [...document.querySelectorAll('button')].find((e) => e.textContent === name);
          byName('One step').click();
          const piece = document.querySelector('.map input');
          piece.value = 5;
          piece.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    at_step(page, 1)
    page.wait_for_timeout(500)
    at_step(page, 1)
    expect(button(page, "Go on")).to_be_enabled()


def test_the_level_lines_are_those_of_the_run_that_is_drawn(open_run):
    page = open_run()
    train(page)
    level = page.locator("ul.legend li", has_text="counting pairs")
    before = level.inner_text()
    page.locator("textarea").fill(OWN)
    expect(level).to_have_text(before)
    train(page)
    nats = TrainHere(OWN, **SMALL).frequencies
    expect(level).to_have_text(f"counting pairs: {nats['bigram']:.2f}")


# --- what is kept -------------------------------------------------------------------------------------------------


def test_ends_of_runs_are_kept_copied_and_forgotten(open_run):
    page = open_run()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    train(page)
    button(page, "Reset").click()
    train(page)  # the same run: kept once
    page.get_by_role("slider", name="Seed").fill("7")
    train(page)
    kept = ends(page)
    assert [one["settings"]["seed"] for one in kept] == [0, 7]
    assert set(kept[0]) == {"parameters", "steps", "characters", "held_out", "unigram", "bigram", "text", "settings"}
    assert kept[0]["text"]["characters"] == len(sample())
    assert sample()[:40] not in json.dumps(kept)
    rows = table_of(page, "Runs that were done")
    assert [row[4] for row in rows] == [f"{one['held_out']:.3f}" for one in kept]
    button(page, "Copy as JSON").click()
    page.wait_for_timeout(50)
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == {"version": 1, "runs": kept}
    button(page, "Copy as Python").click()
    page.wait_for_timeout(50)
    scope: dict = {}
    exec(page.evaluate("navigator.clipboard.readText()"), scope)
    assert scope["runs"] == kept
    button(page, "Forget them").click()
    assert page.evaluate("localStorage['llmbook-runs']") is None
    expect(page.locator("details", has_text="Runs that were done").locator(".scroll")).to_have_text(
        "There are none yet."
    )
    assert button(page, "Copy as JSON").is_disabled()


@pytest.mark.parametrize(
    "kept", ["{", "[]", "null", '{"runs": 3}', '{"runs": [null, 1, {"text": {}, "settings": {}}]}']
)
def test_what_is_no_end_of_a_run_is_left_out(open_run, kept):
    page = open_run()
    page.evaluate("(text) => { localStorage['llmbook-runs'] = text; }", kept)
    train(page)
    assert len(ends(page)) == 1
    assert page.seen.errors == []


# --- bad input ----------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_is_told_and_there_is_a_way_back(open_run):
    page = open_run("wild")
    button(page, "Start").click()
    sentence = page.locator(".sentence")
    expect(sentence).to_contain_text(
        re.compile(r"It stopped\. Step \d+: the loss is .*; a smaller learning rate may help")
    )
    assert button(page, "Go on").is_disabled() or button(page, "Start").is_disabled()
    page.wait_for_timeout(300)
    numbers = page.evaluate("[...document.querySelectorAll('svg.chart path')].map((e) => e.getAttribute('d')).join()")
    assert "NaN" not in numbers + page.locator("ul.legend").inner_text()
    assert "Infinity" not in numbers
    page.get_by_role("slider", name="Learning rate").fill("7")
    train(page)
    assert ends(page)[-1]["held_out"] == pytest.approx(TrainHere(**SMALL).train()[2], abs=CLOSE)


BAD = {
    "": "The text has 0 characters; there must be at least 300 to learn from.",
    "too short": "The text has 9 characters; there must be at least 300 to learn from.",
    "🙂" * 299: "The text has 299 characters; there must be at least 300 to learn from.",
    "a" * 400: "The text is one character, again and again; two different ones are needed to learn which comes.",
    "🙂" * 400: "The text is one character, again and again; two different ones are needed to learn which comes.",
}


@pytest.mark.parametrize("text", BAD)
def test_a_text_that_cannot_be_learned_is_told(open_run, text):
    page = open_run()
    page.locator("textarea").fill(text)
    expect(page.locator(".notice").first).to_have_text(BAD[text])
    expect(page.locator(".sentence")).to_have_text("There is nothing to learn yet: see below your text.")
    for name in ("Start", "One step", "Predict, then reveal"):
        assert button(page, name).is_disabled()
    with pytest.raises(ValueError, match="characters"):
        TrainHere(text)
    button(page, "The book’s own text").click()
    expect(button(page, "Start")).to_be_enabled()
    assert page.locator("textarea").input_value() == sample()
    assert page.seen.errors == []


@pytest.mark.parametrize(
    "text", ["🙂👩‍👩‍👧 " * 80, "注意力机制是什么？\n" * 40, "مرحبا بالعالم " * 30, "\\ud83d x \\udc00 y " * 60]
)
def test_any_language_is_learned(open_run, text):
    page = open_run()
    text = text.encode().decode("unicode_escape") if "ud83d" in text else text
    page.evaluate(
        """(units) => { const field = document.querySelector('textarea');
        field.value = units.map((unit) => String.fromCharCode(unit)).join('');
        field.dispatchEvent(new Event('input')); }""",
        list(memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")),
    )
    train(page)
    lab = TrainHere(text, **SMALL)
    assert ends(page)[0]["held_out"] == pytest.approx(lab.train()[2], abs=CLOSE)
    written = page.locator(".samples q").first.text_content().replace("↵\n", "\n")
    assert len(written) == 121
    assert set(written) <= set(tidy(text))


def test_a_megabyte_is_cut_and_told(open_run):
    page = open_run()
    text = "A line of text, and then some. 🙂\r\n" * 30_000
    took = page.evaluate(
        """(text) => { const field = document.querySelector('textarea'); field.value = text;
        const began = performance.now();
        field.dispatchEvent(new Event('input'));
        return performance.now() - began; }""",
        text,
    )
    expect(page.locator(".notice").first).to_contain_text("Only the first 50,000 characters of 1,")
    assert page.locator("textarea").input_value() == tidy(text)[:MOST]  # a field of a megabyte is slow at every key
    train(page)
    lab = TrainHere(tidy(text)[:MOST], **SMALL)
    assert ends(page)[0]["held_out"] == pytest.approx(lab.train()[2], abs=CLOSE)
    with pytest.raises(ValueError, match="300 to 50000 characters"):
        TrainHere(text)
    print(f"a megabyte pasted: {took:.0f} ms")


def test_no_typed_text_breaks_it(open_run):
    page = open_run()
    texts = odd_texts("\ud83d \udc00 lone " * 40, seed=2)
    told = page.evaluate(
        """async (all) => {
          const field = document.querySelector('textarea'), out = [];
          for (const units of all) {
            field.value = units.map((unit) => String.fromCharCode(unit)).join('');
            field.dispatchEvent(new Event('input'));
            await Promise.resolve();
            out.push(document.querySelector('.train-here .notice').textContent);
          }
          return out;
        }""",
        [list(memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")) for text in texts],
    )
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []
    for text, notice in zip(texts, told, strict=True):
        try:
            TrainHere(text)
        except ValueError:
            assert "; there must be at least" in notice or "again and again" in notice, text
        else:
            assert "characters to learn from" in notice, text


# --- links, traits, code ------------------------------------------------------------------------------------------


def test_a_link_brings_the_state_back(open_run):
    page = open_run()
    page.locator("textarea").fill(OWN)
    page.get_by_role("slider", name="Learning rate").fill("3")
    page.get_by_role("slider", name="Width").fill("1")
    page.get_by_role("slider", name="Length").fill("1")
    page.get_by_role("slider", name="Piece").fill("30")
    code, anchor = code_of(page), page.get_by_role("link", name="Link to this state")
    anchor.click()  # the page's own address has it now
    for name in ("plain", "small"):  # whatever that page opens with
        again = open_run(name, link=page.evaluate("location.hash"))
        assert code_of(again) == code
        assert again.locator("textarea").input_value() == OWN
        assert again.get_by_role("slider", name="Piece").input_value() == "30"
        assert again.seen.errors == []


def test_a_long_text_does_not_travel_in_a_link_and_that_is_said(open_run):
    page = open_run()
    page.locator("textarea").fill(OWN * 10)
    anchor = page.get_by_role("link", name="Link to these settings, without your text")
    assert "Zeile" not in anchor.get_attribute("href")
    page.get_by_role("slider", name="Seed").fill("9")
    again = open_run("plain", link=anchor.get_attribute("href"))
    assert again.locator("textarea").input_value() == sample()
    assert "torch.manual_seed(9)" in code_of(again)


ODD_LINKS = [
    link(lr=0, d_model=7, n_heads=3, n_layers=0, length=9, steps=0, seed=-1, place=-1, layer=2, head=4),
    link(lr="0.1", d_model="16", n_heads=True, n_layers=1.5, length=None, steps=1e9, seed=[], text="too short"),
    link(lr=1e300, d_model={"a": 1}, text=5, constructor=1, __proto__={"seed": 3}),
    "#train_here=%F0%9F",
    "#train_here=[1, 2]",
    "#train_here=null",
    link(seed=3).replace("train_here", "other"),
]


@pytest.mark.parametrize("query", ODD_LINKS)
def test_what_cannot_be_in_a_link_is_left_out(open_run, query):
    page = open_run("plain", link=query)
    assert code_of(page) == code_of(open_run("plain"))
    assert page.locator("textarea").input_value() == sample()
    assert page.seen.errors == []


NOTEBOOK = """async (traits) => {
  const written = {}, listeners = new Map();
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  const model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = written[name] = value; of(`change:${name}`).forEach((call) => call()); },
    on: (event, call) => of(event).add(call), off: (event, call) => of(event).delete(call),
    save_changes() {}, send() {},
  };
  window.notebook = { model, written };
  const el = document.body.appendChild(document.createElement('div'));
  el.id = 'notebook';
  llmbookTrainHere.render({ model, el });
  el.querySelector('.buttons button').click();
  const sentence = el.querySelector('.sentence'), pass = () => new Promise((go) => setTimeout(go, 20));
  while (!sentence.textContent.startsWith('Step 100 of 100.')) await pass();
  return [written, el.querySelectorAll('a').length];
}"""


def test_python_reads_what_was_trained(open_run):
    page, lab = open_run(), TrainHere(**SMALL)
    traits = {"source": lab.source, **{name: getattr(lab, name) for name in (*STATE, *RESULTS)}}
    written, links = page.evaluate(NOTEBOOK, traits)
    _, losses, held_out = lab.train()
    assert written["step"] == 100
    assert written["losses"] == pytest.approx(losses, abs=CLOSE)
    assert [step for step, _ in written["held_out"]] == [0, 25, 50, 75, 100]
    assert written["held_out"][-1][1] == pytest.approx(held_out, abs=CLOSE)
    assert links == 0  # no address restores a notebook
    for name, value in written.items():
        setattr(lab, name, value)  # Python takes what the page has written
    page.evaluate("notebook.model.set('d_model', 16)")  # and the page what Python writes
    expect(page.locator("#notebook .sentence")).to_contain_text("to start is to begin another run")


SLIDERS = {
    "Width": ("d_model", CHOICES["d_model"]),
    "Heads": ("n_heads", CHOICES["n_heads"]),
    "Length": ("length", CHOICES["length"]),
    "Layers": ("n_layers", CHOICES["n_layers"]),
}


@pytest.mark.parametrize("name", SLIDERS)
def test_every_size_over_its_range(open_run, name):
    page = open_run("plain")
    trait, values = SLIDERS[name]
    slider = page.get_by_role("slider", name=name)
    low = int(slider.get_attribute("min"))
    assert int(slider.get_attribute("max")) - low == len(values) - 1
    for i, value in enumerate(values):
        slider.fill(str(low + i))
        lab = TrainHere(**{trait: value})
        expect(page.locator(".parameters")).to_have_text(f"{lab.parameters:,} parameters")
        option = "max_len" if trait == "length" else trait
        assert f"{option}={value}" in code_of(page)


# --- manners ------------------------------------------------------------------------------------------------------


LOOKS = """() => { const lab = document.querySelector('.train-here'); return [lab.innerText,
  [...lab.querySelectorAll('textarea, input')].map((e) => e.value + e.max),
  [...lab.querySelectorAll('svg.chart path')].map((e) => e.getAttribute('d')),
  [...lab.querySelectorAll('button')].map((e) => e.disabled), lab.querySelector('a').href,
  lab.querySelectorAll('pre')[2].textContent]; }"""


def test_reset_brings_back_the_opening_state(open_run):
    page = open_run()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    opening = page.evaluate(LOOKS)
    page.locator("textarea").fill(OWN)
    train(page)
    page.get_by_role("slider", name="Seed").fill("3")
    button(page, "Predict, then reveal").click()
    page.get_by_role("group", name="Your prediction").get_by_role("button").first.click()
    button(page, "Reset").click()
    expect(button(page, "Start")).to_be_enabled()
    page.wait_for_timeout(500)  # a report that was on its way is not taken in
    assert page.evaluate(LOOKS) == opening


def test_the_keyboard_alone_reaches_and_moves_everything(open_run):
    page = open_run()
    train(page)
    manners.unfold(page, "Enter")
    page.get_by_role("slider", name="Seed").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="Seed").input_value() == "1"
    button(page, "Predict, then reveal").focus()
    page.keyboard.press("Enter")
    manners.check_tab_reaches_all(page, ".train-here", page.locator("textarea"))
    assert page.evaluate("window.reached.length") > 20


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_run):
    page = open_run()
    train(page)
    page.get_by_role("slider", name="Seed").fill("2")
    button(page, "Predict, then reveal").click()
    manners.check_named(page, ".train-here")


def test_a_screen_reader_hears_how_it_stands(open_run):
    page = open_run()
    train(page)
    assert "Step 100 of 100. Held-out loss" in page.locator(".sentence").inner_text()
    manners.check_spoken(page, ".train-here")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_rule_of_access_is_broken(open_run, dark):
    page = open_run(dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    assert violations(page) == []
    train(page)
    page.get_by_role("slider", name="Seed").fill("2")
    train(page)
    page.get_by_role("slider", name="Seed").fill("3")
    button(page, "Predict, then reveal").click()
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(100)
    assert violations(page) == []
    page.locator("textarea").fill("short")
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 320])
def test_a_phone_works_by_touch(open_run, width):
    page = open_run(width=width, touch=True)
    button(page, "Start").tap()
    at_step(page, 100)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    manners.check_fits(page, width)
    box = page.get_by_role("grid").bounding_box()
    page.get_by_role("grid").tap(position={"x": box["width"] * 0.5, "y": box["height"] * 0.98})
    expect(page.get_by_role("gridcell")).to_contain_text(" to ")
    letters = page.evaluate(
        "(e => parseFloat(getComputedStyle(e).fontSize) * e.getBoundingClientRect().width / e.viewBox.baseVal.width)"
        "(document.querySelector('svg.chart'))"
    )
    assert letters >= 8.5


def test_the_curves_are_seen_under_forced_colours(open_run):
    page = open_run()
    page.emulate_media(forced_colors="active")
    train(page)
    strokes = page.evaluate("[...document.querySelectorAll('svg.chart .line')].map((e) => getComputedStyle(e).stroke)")
    ground = page.evaluate("getComputedStyle(document.querySelector('.train-here')).backgroundColor")
    assert all(stroke not in (ground, "none") for stroke in strokes)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_reduced_motion_means_fewer_pictures(open_run, motion):
    page = open_run(link=link(steps=3000))
    page.emulate_media(reduced_motion=motion)
    page.evaluate(
        """() => { window.drawn = 0;
        const path = document.querySelector('svg.chart .training');
        new MutationObserver(() => drawn++).observe(path, { attributes: true }); }"""
    )
    button(page, "Start").click()
    expect(page.locator(".sentence")).to_contain_text("steps a second", timeout=30_000)
    page.evaluate("drawn = 0")
    page.wait_for_timeout(2000)
    drawn = page.evaluate("drawn")
    assert drawn <= 3 if motion == "reduce" else drawn >= 4


def test_paper_shows_how_the_run_stands(open_run):
    page = open_run()
    train(page)
    rows = table_of(page)
    with manners.on_paper(page, ".train-here") as paper:
        printed = [row.locator("th, td").all_inner_texts() for row in paper.locator("tbody tr").all()]
        assert printed == rows
        assert paper.locator("p").first.inner_text() == page.locator(".sentence").text_content()
        assert paper.locator("svg.chart .held").get_attribute("d").count("L") == 4
        assert "counting pairs" in paper.locator("p").nth(1).inner_text()
        assert paper.locator("pre").inner_text() == code_of(page)


@pytest.mark.parametrize("way", WAYS)
def test_one_taken_down_trains_no_more(open_run, way):
    page, lab = open_run(), TrainHere(**{**SMALL, "steps": 3000})
    traits = {"source": lab.source, **{name: getattr(lab, name) for name in (*STATE, *RESULTS)}}
    _, ended = check_taken_down(page, "llmbookTrainHere", traits, {"d_model": (16, 8)}, way, begin="Start")
    assert ended == 1
    assert page.seen.errors == []


def test_two_on_a_page_and_a_broken_one_between(open_page, folder):
    small = TrainHere(**SMALL).to_html()
    page = manners.open_beside_broken(open_page, folder, small, small.replace('"source": {', '"source": null, "x": {'))
    runs = page.locator(".train-here")
    runs.nth(1).get_by_role("slider", name="Seed").fill("8")
    for n in range(2):
        runs.nth(n).get_by_role("button", name="Start", exact=True).click()
    for n, seed in ((0, 0), (1, 8)):
        expect(runs.nth(n).locator(".sentence")).to_contain_text("Step 100 of 100.", timeout=60_000)
        expect(runs.nth(n).locator(".sentence")).to_contain_text(f"{TrainHere(**SMALL, seed=seed).train()[2]:.3f}")
    assert len(page.seen.errors) == 1


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/plain.html", javascript=False)
    rows = dict(TrainHere().rows())
    assert page.locator("table caption").inner_text() == "A small GPT before its first step, and its text"
    shown = [row.locator("th, td").all_inner_texts() for row in page.locator("tbody tr").all()]
    assert shown == [list(row) for row in rows.items()]


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("train_here")) <= 30 * 1024


# --- bars ---------------------------------------------------------------------------------------------------------

USE = """async () => {
  document.querySelector('.train-here .buttons button').click();
  const end = performance.now() + 4000;
  return { trained: await until(() => performance.now() > end) };
}"""


@pytest.mark.alone
@pytest.mark.parametrize("policy", [POLICY, small_pages.NO_WORKER], ids=["worker", "page"])
@pytest.mark.parametrize("settings", [{}, {"d_model": 48, "n_heads": 4, "length": 64}], ids=["default", "largest"])
def test_no_frame_is_blocked_for_long(open_run, folder, policy, settings):
    pages = []
    with serve(folder, policy) as base:
        opens = functools.partial(open_run, "plain", link(**settings), base=base)
        longest, _ = speed.longest_tasks(lambda: pages.append(opens()) or pages[-1], USE)
    assert all("Step " in page.locator(".sentence").inner_text() for page in pages)
    assert longest <= 50


@pytest.mark.alone
def test_a_thousand_steps_take_less_than_a_minute(open_run):
    page = open_run("plain")
    button(page, "Start").click()
    expect(page.locator(".sentence")).to_contain_text("Step 1,000 of 1,000.", timeout=60_000)
    (end,) = ends(page)
    assert end["held_out"] < end["bigram"]
    assert end["held_out"] == pytest.approx(TrainHere().train()[2], abs=CLOSE)  # after a thousand steps too


@pytest.mark.alone
def test_the_first_render_is_quick(open_run):
    assert speed.first_render(lambda: open_run("plain")) <= 250


@pytest.mark.alone
@pytest.mark.parametrize("name", ["Learning rate", "Width", "Length"])
def test_a_slider_move_is_quick(open_run, name):
    """Behind a whole run, whose curves are there."""
    page = open_run("plain", link(**SMALL))
    train(page)
    slider = f'.train-here input[aria-label="{name}"]'
    most = int(page.locator(slider).get_attribute("max"))
    _, p95 = speed.slider_move(page, slider, lambda i: abs((i % (2 * most)) - most))
    assert p95 <= 4

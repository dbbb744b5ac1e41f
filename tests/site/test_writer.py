"""The writer in Chromium: a stored model comes when it is asked for, and says what it says in PyTorch."""

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
import torch.nn.functional as F
from odd_texts import odd_texts
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from conftest import POLICY, serve
from llmbook.inference import generate
from llmbook.nn import attention_weights
from llmbook.pages import Writer
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.legible import legible
from llmbook.pages.widgets.stored_gpt import pieces, stored_model, tokenizer_of, window_start
from llmbook.pages.widgets.writer import MOST_CHARACTERS, STATE
from llmbook.pretrained.own_models import load_stored, stored_tokenizer

CLOSE = 1e-4  # float32 in PyTorch, float64 in the browser; what is drawn has three decimals
MODEL = "gpt-speeches"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = small_pages.lay_out(
        tmp_path_factory.mktemp("writer"), "writer", parts=[MODEL, "gpt-characters", "trigrams"]
    )
    (folder / "model.bin").write_bytes(stored_weights.packed(MODEL))
    small_pages.write_page(folder, "dark", Writer(), theme="dark")
    pages = {
        "plain": [Writer()],
        "two": [Writer(), Writer("Once upon a time", temperature=0.5)],
        "letters": [Writer("The state of", model="gpt-characters", top_k=5)],
    }
    small_pages.write_pages(folder, pages)
    return folder


@pytest.fixture
def open_writer(opener) -> Callable[..., Page]:
    return opener(".writer", wake=wake)


def field(page: Page):
    return page.get_by_label("Your text: the model goes on from its end")


def wake(page: Page) -> None:
    """A click into the field, as a reader's first touch."""
    field(page).first.click()
    expect(page.locator(".writer .sentence").first).to_contain_text("tokens may be drawn", timeout=30_000)


def write(page: Page, text: str) -> None:
    field(page).fill(text)
    settle(page)


def settle(page: Page) -> None:
    """Until what is shown is of the text that stands there."""
    expect(page.get_by_role("button", name="Write 40 more").first).to_be_visible(timeout=30_000)
    expect(page.locator(".writer .candidates").first).to_have_attribute("aria-busy", "false", timeout=30_000)


def shown(page: Page) -> list[tuple[str, float, float]]:
    """The table of the likeliest tokens: token, chance by the model, chance under the settings."""
    part = page.locator(".writer details", has_text="likeliest tokens as a table")
    if part.get_attribute("open") is None:
        part.locator("summary").click()
        part.locator("tbody tr").first.wait_for()
    rows = [row.locator("th, td").all_inner_texts() for row in part.locator("tbody tr").all()]
    return [(row[0], float(row[1]), float(row[2])) for row in rows]


def opened(page: Page, title: str):
    """The part of this title, unfolded."""
    part = page.locator(".writer details", has_text=title)
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    return part


def marked(piece: str) -> str:
    """A token as it is shown: what has no ink at its ends gets a sign."""
    sign, _ = legible(piece)
    if sign != piece:
        return sign
    return re.sub(r"^\s|\s$", lambda blank: legible(blank[0])[0], piece)


def told(writer: Writer, count: int = 50) -> list[tuple[str, float, float]]:
    """What the table must say, by PyTorch."""
    alone = dict(enumerate(writer.logits[-1].double().softmax(-1).tolist()))
    chances = writer.chances.tolist()
    order = writer.logits[-1].argsort(descending=True, stable=True)[:count].tolist()
    return [(marked(pieces(writer.stored["name"])[i]), alone[i], chances[i]) for i in order]


def agree(page: Page, writer: Writer) -> None:
    """The table on the page, and PyTorch's: of neighbours as likely as each other either may come first."""
    found, expected = shown(page), told(writer)
    assert len(found) == len(expected)
    for column in (1, 2):
        one, other = (torch.tensor(sorted(row[column] for row in rows)) for rows in (found, expected))
        torch.testing.assert_close(one, other, atol=CLOSE, rtol=0)
    assert [row[0] for row in found[:5]] == [row[0] for row in expected[:5]]


# --- the model comes ----------------------------------------------------------------------------------------------


def test_the_model_comes_at_the_first_touch_and_not_before(open_writer):
    page = open_writer(awake=False)
    status = page.locator(".writer .loading")
    assert "gpt-speeches comes when you first use this: 2.7 MB" in status.inner_text()
    manners.check_going_by_is_no_touch(page)
    assert status.locator("progress").is_hidden()
    wake(page)
    assert small_pages.parts_loaded(page) == small_pages.names_of_parts(MODEL)
    assert status.inner_text() == ""
    manners.check_quiet(page)


@pytest.mark.parametrize("touch", ["slider", "button", "key", "token"])
def test_any_use_is_a_touch_and_does_what_it_says(open_writer, touch):
    page = open_writer(awake=False)
    before = field(page).input_value()
    if touch == "slider":
        page.get_by_role("slider", name="Temperature").fill("0.5")
    elif touch == "button":
        page.get_by_role("button", name="Draw one").click()
    elif touch == "token":
        page.locator(".writer .candidates button").nth(2).click()
    else:
        field(page).focus()
        page.keyboard.press("End")
    expect(page.locator(".writer .sentence")).to_contain_text("tokens may be drawn", timeout=30_000)
    settle(page)
    added = field(page).input_value().removeprefix(before)
    assert bool(added) == (touch in ("button", "token"))
    if touch == "token":
        assert added == Writer().rows()[2][0]
    assert page.seen.errors == []


def test_progress_is_shown_while_it_comes(open_writer):
    page = open_writer(awake=False)
    page.evaluate(
        """() => { window.told = [];
        const loading = document.querySelector('.writer .loading');
        new MutationObserver(() => window.told.push([loading.innerText, loading.querySelector('progress').value]))
          .observe(loading, { subtree: true, childList: true, characterData: true, attributes: true }); }"""
    )
    wake(page)
    told = page.evaluate("window.told")
    values = [value for text, value in told if " of 2.7 MB" in text]
    assert values == sorted(values)
    assert len(set(values)) >= 3
    assert values[-1] == stored_weights.describe(MODEL)["bytes"]


def test_a_part_that_does_not_come_is_told_and_a_second_try_helps(open_writer, folder):
    *_, part, _ = names = small_pages.names_of_parts(MODEL)
    with small_pages.part_away(folder, part):
        page = open_writer(awake=False)
        field(page).click()
        status = page.locator(".writer .loading")
        expect(status).to_contain_text(f"part {len(names) - 1} of {len(names)} did not come", timeout=30_000)
        assert shown(page)  # what Python has found is still there
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".writer .sentence")).to_contain_text("tokens may be drawn", timeout=30_000)
    assert page.get_by_role("button", name="Try again").count() == 0


def test_bytes_that_are_no_model_are_told(open_writer, folder):
    with small_pages.part_spoilt(folder, small_pages.names_of_parts(MODEL)[0]):
        page = open_writer(awake=False)
        field(page).click()
        expect(page.locator(".writer .loading")).to_contain_text("could not be opened", timeout=30_000)


def test_from_disk_without_a_server(open_writer, folder):
    page = open_writer(base=f"file://{folder}")
    write(page, "The American people")
    agree(page, Writer("The American people"))
    manners.check_quiet(page)


def test_where_no_worker_may_start_the_page_computes_itself(open_writer, folder):
    with serve(folder, small_pages.NO_WORKER) as strict:
        page = open_writer(base=strict)
        write(page, "We will defend our freedom and")
        agree(page, Writer("We will defend our freedom and"))
        before = field(page).input_value()
        page.get_by_role("button", name="Write 40 more").click()
        settle(page)
        assert len(field(page).input_value()) > len(before) + 40
        assert all("orker" in error for error in page.seen.errors)


def test_two_writers_are_two_and_a_broken_one_leaves_the_other_alive(open_page, folder):
    good = Writer("Once").to_html()
    page = manners.open_beside_broken(open_page, folder, good, good.replace('"stored"', '"sauce"'))
    wake(page)
    assert len(page.seen.errors) == 1


def test_two_writers_on_a_page_do_not_disturb_each_other(open_writer):
    page = open_writer("two", awake=False)
    fields = field(page)
    fields.nth(0).click()
    fields.nth(1).click()
    for n in range(2):
        expect(page.locator(".writer .sentence").nth(n)).to_contain_text("may be drawn", timeout=30_000)
    fields.nth(0).fill("Another text")
    assert fields.nth(1).input_value() == "Once upon a time"


FROM_PYTHON = """async (form) => {
  const listeners = new Set(), asked = [];
  const model = {
    on: (_, call) => listeners.add(call),
    off: (_, call) => listeners.delete(call),
    send: ({ part }) => {
      asked.push(part);
      const bytes = Uint8Array.from([9, 9, part, part + 100]);
      const view = form === 'view' ? new DataView(bytes.buffer, 2) : bytes.buffer.slice(2);
      const answers = [[{ part: part + 1 }, [view]],
        [{ part }, []], ['part', [view]], [null, [view]], [{ part }, [view]]];
      setTimeout(() => answers.forEach((answer) => [...listeners].forEach((call) => call(...answer))));
    },
  };
  const told = [], signal = new AbortController().signal;
  const options = { onProgress: (bytes) => told.push(bytes), signal };
  const bytes = await llmbookPlay.loadParts(model, { name: 'x', digest: 'y', bytes: 6, parts: 3 }, options);
  return [[...bytes], asked, told, listeners.size];
}"""


@pytest.mark.parametrize("form", ["view", "buffer"])
def test_in_a_notebook_python_is_asked_for_one_part_after_another(open_writer, form):
    found = open_writer(awake=False).evaluate(FROM_PYTHON, form)
    assert found == [[0, 100, 1, 101, 2, 102], [0, 1, 2], [2, 4, 6], 0]


# --- what it says -------------------------------------------------------------------------------------------------

READ = """async ([texts, broken]) => {
  const bytes = new Uint8Array(await (await fetch('model.bin')).arrayBuffer());
  for (let i = bytes.length - 1; broken && i > 1e6; i -= 1000) bytes[i] ^= 1;
  const engine = await llmbookPlay.Engine.start(new AbortController().signal);
  await engine.open(bytes);
  const readings = [];
  for (const text of texts) readings.push(await engine.run('read', { text }));
  return readings.map(({ logits, ...more }) => ({ ...more, logits: [...logits] }));
}"""
HARD = [
    "é",
    "注意力机制",
    "🙂👩‍👩‍👧",
    "مرحبا بالعالم",
    "שלום",
    "<script>window.hacked = 1</script>",
    "\ufeffthe",
    "a\u0000b",
    "tab\tand\r\nline",
    "\u202eright\u200f",
    "   ",
    "\n\n",
    "'s 12345 —— …",
]


def texts() -> list[str]:
    rng = random.Random(0)
    words = ["America", " the", " freedom", " 1981", ".", " 🙂", " 注意", "\n\n", " <b>", " état", "  ", "—"]
    made = ["".join(rng.choices(words, k=n)) for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 300)]
    return [*HARD, *made, "x" * 10_000, "word " * 2_000]


def test_what_it_reads_is_what_pytorch_reads(open_writer):
    page = open_writer(awake=False)
    for text, found in zip(texts(), page.evaluate(READ, [texts(), False]), strict=True):
        writer = Writer(text)
        assert found["ids"] == writer.ids
        torch.testing.assert_close(torch.tensor(found["logits"]).float(), writer.logits[-1], atol=CLOSE, rtol=0)
        weights = torch.tensor(found["looks"]).view_as(writer.looks)
        torch.testing.assert_close(weights, writer.looks, atol=CLOSE, rtol=0)
        for layer, expected in zip(found["lens"], writer.layers(), strict=True):
            said = torch.tensor([token["probability"] for token in layer])
            torch.testing.assert_close(said, torch.tensor([p for _, p in expected]), atol=CLOSE, rtol=0)
            assert layer[0]["token"] == expected[0][0]


def test_a_bit_changed_in_one_weight_of_a_thousand_is_noticed(open_writer):
    (found,) = open_writer(awake=False).evaluate(READ, [["The state of"], True])
    with pytest.raises(AssertionError, match="not close"):
        torch.testing.assert_close(
            torch.tensor(found["logits"]).float(), Writer("The state of").logits[-1], atol=CLOSE, rtol=0
        )


@pytest.mark.parametrize(("n", "start"), [(1, 0), (128, 0), (129, 64), (192, 64), (193, 128), (2000, 1920)])
def test_the_window_moves_by_half_its_width(n, start):
    assert window_start(n, 128) == start


def test_a_long_text_is_read_from_where_the_page_says(open_writer):
    page = open_writer()
    write(page, "We are strong. " * 60)
    writer = Writer("We are strong. " * 60)
    agree(page, writer)
    notice = page.locator(".writer .notice").first.inner_text()
    seen, all_of_it = map(int, re.findall(r"\d+", notice))
    assert seen == len(writer.ids)
    assert all_of_it > 128 >= seen


CONTROLS = [
    *[("Temperature", f"{value / 20:g}", {"temperature": value / 20}) for value in (0, 1, 2, 7, 20, 33, 40)],
    *[("Top-k", str(stop), {"top_k": k}) for stop, k in enumerate((1, 2, 3, 5, 10, 20, 50, 100, 200, 500, None))],
    *[("Top-p", f"{value / 20:g}", {"top_p": value / 20}) for value in (1, 2, 9, 10, 18, 19, 20)],
    *[("Min-p", f"{value / 50:g}", {"min_p": value / 50}) for value in (0, 1, 5, 25, 49, 50)],
    *[("Penalty for repeating", f"{value / 20:g}", {"penalty": value / 20}) for value in (20, 21, 30, 40)],
]


def test_each_control_over_its_range_equals_pytorch(open_writer):
    page = open_writer()
    code = page.locator("pre")
    for name, value, settings in CONTROLS:
        slider = page.get_by_role("slider", name=name)
        slider.fill(value)
        agree(page, Writer(**settings))
        ((key, number),) = settings.items()
        is_standard = number == {"temperature": 1, "top_k": None, "top_p": 1, "min_p": 0, "penalty": 1}[key]
        written = f", {key}={number:g})" if number is not None and not is_standard else 'our")'
        assert written in code.text_content()
        slider.fill({"Top-k": "10", "Min-p": "0"}.get(name, "1"))


def test_controls_together_equal_pytorch(open_writer):
    page = open_writer()
    page.get_by_role("slider", name="Temperature").fill("1.6")
    page.get_by_role("slider", name="Top-k").fill("5")
    page.get_by_role("slider", name="Top-p").fill("0.7")
    page.get_by_role("slider", name="Min-p").fill("0.12")
    page.get_by_role("slider", name="Penalty for repeating").fill("1.3")
    write(page, "the people and the people and the people")
    settings = {"temperature": 1.6, "top_k": 20, "top_p": 0.7, "min_p": 0.12, "penalty": 1.3}
    agree(page, Writer("the people and the people and the people", **settings))


def test_characters_can_be_its_tokens(open_writer):
    page = open_writer("letters")
    agree(page, Writer("The state of", model="gpt-characters", top_k=5))
    field(page).fill("naïve")
    expect(page.locator(".writer .notice").first).to_contain_text('"ï"')
    assert page.locator(".writer .candidates li:visible").count() == 0
    write(page, "naive")
    agree(page, Writer("naive", model="gpt-characters", top_k=5))


def test_nothing_to_go_on_from_is_told(open_writer):
    page = open_writer()
    write(page, "")
    expect(page.locator(".writer .notice").first).to_have_text("There is nothing to go on from: type something.")
    assert page.locator(".writer .sentence").inner_text() == ""
    write(page, "The")
    agree(page, Writer("The"))


# --- drawing and writing ------------------------------------------------------------------------------------------


def test_a_hundred_draws_follow_the_chances(open_writer):
    page = open_writer()
    page.get_by_role("slider", name="Top-k").fill("3")  # five tokens
    for _ in range(10):
        page.get_by_role("button", name="Draw a hundred").click()
    numbers = page.locator(".writer .number").all_inner_texts()
    drawn = torch.tensor([int(text.split(" · ")[1].removesuffix(" of 1000")) for text in numbers if " of 1000" in text])
    p = torch.tensor([chance for _, chance in Writer(top_k=5).next_tokens(12)])
    assert drawn.sum() == 1000
    assert (drawn[p == 0] == 0).all()
    off = (drawn - 1000 * p).abs() / (1000 * p * (1 - p)).clamp(min=1e-9).sqrt()
    assert (off[p > 0] < 4).all()  # standard deviations
    page.get_by_role("slider", name="Temperature").fill("0.5")
    assert " of 1000" not in page.locator(".writer .number").first.inner_text()


def test_a_token_is_added_by_a_click(open_writer):
    page = open_writer()
    before = field(page).input_value()
    page.locator(".writer .candidates button").nth(4).click()
    settle(page)
    assert field(page).input_value() == before + Writer().rows()[4][0]
    agree(page, Writer(field(page).input_value()))


def test_at_temperature_nought_it_writes_what_pytorch_writes(open_writer):
    page = open_writer()
    page.get_by_role("slider", name="Temperature").fill("0")
    text = "We must"
    write(page, text)
    page.get_by_role("button", name="Write 40 more").click()
    settle(page)
    tokenizer, model = stored_tokenizer(MODEL), load_stored(MODEL)
    ids = generate(model, torch.tensor([tokenizer.encode(text)]), 40)[0].tolist()
    assert field(page).input_value() == tokenizer.decode(ids)


WRITE = """([script, count]) => {
  const bytes = [[0xe2], [0x80], [0x94], [0x78]];
  const decode = (ids) => new TextDecoder().decode(Uint8Array.from(ids.flatMap((id) => bytes[id])));
  const reader = {
    model: { tokenizer: { encode: () => [3], decode } },
    windowOf: (ids) => ids,
    *read(ids) { yield; return [Float64Array.from(bytes, (_, id) => (id === script[ids.length - 1] ? 9 : 0))]; },
  };
  const request = { text: 'We', first: script[0], count, sampling: { temperature: 0 }, seed: 1 };
  return [...llmbookPlay.write(reader, request)].filter((part) => part);
}"""


@pytest.mark.parametrize(
    ("script", "count", "parts"),
    [
        ([0, 1, 2, 3], 1, ["We—"]),  # one id is asked for, and the character needs three
        ([3, 0, 1, 2], 2, ["Wex", "Wex—"]),
        ([3, 3, 3, 3], 2, ["Wex", "Wexx"]),
        ([0, 3, 3, 3], 1, ["We\ufffdx"]),  # what a model makes of it is shown
        ([0, 0, 0, 0, 0, 0], 1, ["We" + 5 * "\ufffd"]),  # and one that never comes to an end is stopped
    ],
)
def test_a_character_is_written_to_its_end(open_writer, script, count, parts):
    assert open_writer(awake=False).evaluate(WRITE, [script, count]) == parts


def test_writing_is_stopped_and_typing_overtakes_it(open_writer):
    page = open_writer()
    start = field(page).input_value()
    page.get_by_role("button", name="Write 40 more").click()
    stop = page.get_by_role("button", name="Stop")
    page.evaluate("document.querySelectorAll('.writer .buttons button')[2].click()")  # whether it stands there or not
    settle(page)
    assert stop.count() == 0
    assert field(page).input_value().startswith(start)
    page.get_by_role("button", name="Write 40 more").click()
    field(page).press("Z")
    settle(page)
    text = field(page).input_value()
    assert text.count("Z") == 1
    page.wait_for_timeout(300)
    assert field(page).input_value() == text
    agree(page, Writer(text))


def test_a_newer_request_overtakes_the_older(open_writer):
    page = open_writer(awake=False)
    answers = page.evaluate(
        """async () => {
          const bytes = new Uint8Array(await (await fetch('model.bin')).arrayBuffer());
          const engine = await llmbookPlay.Engine.start(new AbortController().signal);
          await engine.open(bytes);
          const long = { text: 'We', first: null, count: 2000, sampling: {}, seed: 1 };
          const first = engine.run('write', long), second = engine.run('read', { text: 'The' });
          const wrong = await engine.run('dance', {}).catch((error) => error.message);
          return [await first ?? null, await second ?? null, wrong, (await engine.run('read', { text: 'The' })).ids];
        }"""
    )
    assert answers == [None, None, "nobody can dance here", Writer("The").ids]


def test_predict_then_reveal_scores_what_was_said(open_writer):
    page = open_writer()
    before = field(page).input_value()
    page.get_by_role("button", name="Predict, then reveal").click()
    choices = page.get_by_role("group", name="What comes next?").get_by_role("button")
    expect(choices).to_have_count(6)
    text = field(page).input_value()
    assert text.startswith(before)
    assert len(text) > len(before)  # asked of a text whose answer was not shown
    assert page.locator(".writer .candidates li:visible").count() == 0
    best, *others = told(Writer(text), 6)
    assert sorted(choices.all_inner_texts()) == sorted(row[0] for row in (best, *others))
    page.get_by_label("How sure are you?").select_option("0.9")
    choices.get_by_text(best[0], exact=True).click()
    verdict = page.locator(".writer .verdict")
    expect(verdict).to_have_text(
        f"Right: “{best[0]}” with {best[1]:.2f}. "
        "Brier score of this answer: 0.01 (0 is best; always saying 50 % gets 0.25)."
    )
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(choices).to_have_count(6)
    best, second, *_ = told(Writer(field(page).input_value()), 6)
    assert page.get_by_label("How sure are you?").input_value() == ""
    page.get_by_label("How sure are you?").select_option("0.9")
    choices.get_by_text(second[0], exact=True).click()
    expect(verdict).to_contain_text(f"Not quite: you chose “{second[0]}” with {second[1]:.2f}")
    expect(verdict).to_contain_text("Brier score of 2 answers: 0.41")  # (0.1² + 0.9²) / 2


def test_what_was_predicted_counts_on_the_page_of_calibration(open_page, site):
    page, seen = open_page(f"{site}/chapters/play/writer.html")
    wake(page)
    for sure in ("0.7", "", "0.3"):
        page.get_by_role("button", name="Predict, then reveal").click()
        choices = page.get_by_role("group", name="What comes next?").get_by_role("button")
        expect(choices).to_have_count(6)
        page.get_by_label("How sure are you?").select_option(sure)
        choices.get_by_text(told(Writer(field(page).input_value()), 1)[0][0], exact=True).click()
    score = (0.3**2 + 0.7**2) / 2
    manners.check_counted(page, site, f"{score:.3f} over 2 first answers, of which 2 were right.")
    assert seen.errors == []


def test_the_answer_can_be_shown_without_a_guess(open_writer):
    page = open_writer()
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.get_by_role("group", name="What comes next?").get_by_role("button")).to_have_count(6)
    write(page, "Another text altogether")  # is asked of, too
    best = told(Writer("Another text altogether"), 1)[0][0]
    expect(page.get_by_role("group", name="What comes next?")).to_contain_text(best)
    page.get_by_role("button", name="Show the answer").click()
    assert page.locator(".writer .candidates li:visible").count() == 12


# --- where it looks, and what a text costs --------------------------------------------------------------------------


def bars(part, name: str = "--w") -> list[float]:
    """The heights of the bars under the tokens, as shares of a full one."""
    return part.locator("li").evaluate_all(f"all => all.map((e) => Number(e.style.getPropertyValue('{name}')))")


def test_each_head_of_each_layer_looks_where_it_does_in_pytorch(open_writer):
    page = open_writer()
    write(page, "We will defend the freedom of the people, and we will")
    part = opened(page, "Where the model looks")
    for layer in range(4):
        part.get_by_role("slider", name="Layer").fill(str(layer))
        for head in range(6):
            part.get_by_role("slider", name="Head").fill(str(head))
            expect(part.locator("p")).to_contain_text(f"Layer {layer}, head {head} gives most to")
            writer = Writer("We will defend the freedom of the people, and we will", layer=layer, head=head)
            weights = writer.looks[layer, head]
            cells = torch.tensor([float(text) for text in part.locator("td").all_inner_texts()])
            torch.testing.assert_close(cells, weights, atol=5.01e-4, rtol=0)  # what is shown has three decimals
            said = part.locator("p").inner_text()
            most = marked(pieces(MODEL)[writer.ids[weights.argmax()]])
            assert "The query is the last token, “␣will”; the keys are all tokens in sight. " in said
            assert f"gives most to “{most}”: {weights.max():.2f}. A full bar is " in said
            full = float(said.removesuffix(".").rsplit(" ", 1)[1])
            assert full == min(step for step in (0.1, 0.2, 0.5, 1) if step >= weights.max())
            torch.testing.assert_close(torch.tensor(bars(part)), weights / full, atol=1e-3, rtol=0)
    assert part.locator("thead th").all_inner_texts() == ["key", "weight"]
    assert "layer=3, head=5)" in page.locator("pre").text_content()


def test_of_a_long_text_the_head_sees_the_end(open_writer):
    page = open_writer()
    text = "We are strong. " * 60
    write(page, text)
    part = opened(page, "Where the model looks")
    n = len(Writer(text).ids)
    expect(part.locator("li")).to_have_count(n)
    assert f"Only the last {n} tokens are in sight." in part.locator("p").inner_text()


def test_bars_of_one_number_are_as_high_under_a_long_token_as_under_a_short_one(open_writer):
    page = open_writer()
    part = opened(page, "Where the model looks")
    height = "(e) => (e.style.setProperty('--w', '0.5'), Number.parseFloat(getComputedStyle(e, '::before').height))"
    heights = {part.locator("li").nth(n).evaluate(height) for n in range(8)}
    assert len(heights) == 1
    assert min(heights) > 5


def test_a_text_is_compared_with_counted_n_grams(open_writer):
    page = open_writer()
    text = "Fellow citizens, the state of our Union is strong. My cat sleeps on the quantum computer. 注意"
    write(page, text)
    part = opened(page, "How surprising")
    writer = Writer(text)
    ids = tokenizer_of(MODEL).encode(text)
    nats = [x for _, x in writer.surprises]
    characters = len(tokenizer_of(MODEL).decode(ids[1:]))
    said = f"On average {sum(nats) / len(nats):.2f} nats a token, {sum(nats) / characters:.2f} a character;"
    expect(part.locator("p").first).to_contain_text(said)
    assert part.locator("p").first.inner_text().endswith("A full bar is 8 nats or more.")
    assert bars(part) == pytest.approx([0, *(min(1, x / 8) for x in nats)], abs=1e-3)
    assert bars(part, "--v") == [0] * len(ids)  # there is none
    assert not any("trigrams" in name for name in small_pages.parts_loaded(page))
    part.get_by_role("button", name="Compare with counted n-grams: 0.7 MB").click()
    expect(part.locator("p").first).to_contain_text("In nats a character: ")
    expect(part.get_by_role("button")).to_have_count(0)
    rows = writer.compared()
    characters = len(tokenizer_of(MODEL).decode(ids[2:]))
    model, bigrams, trigrams = (sum(row[column] for row in rows) / characters for column in (1, 2, 3))
    assert part.locator("p").first.inner_text() == (
        f"In nats a character: the model {model:.2f}, trigrams {trigrams:.2f}, bigrams {bigrams:.2f}; without the "
        "first two tokens, of which trigrams say nothing. The model is surprised less than trigrams at "
        f"{sum(x < three for _, x, _, three in rows)} of {len(rows)} tokens. The left bar is the model’s surprise, "
        "the right one that of trigrams; a full bar is 8 nats or more."
    )
    cells = [row.locator("td").all_inner_texts() for row in part.locator("tbody tr").all()]
    assert part.locator("thead th").all_inner_texts() == ["token", "model", "bigrams", "trigrams", "less surprised"]
    assert cells[0] == ["–"] * 4
    assert cells[1][0] == f"{nats[0]:.2f}"
    assert cells[1][2:] == ["–", "–"]
    for cell, (_, *numbers) in zip(cells[2:], rows, strict=True):
        assert cell[:3] == [f"{x:.2f}" for x in numbers]
        assert cell[3] == ("model" if numbers[0] < numbers[2] else "trigrams")
    assert bars(part, "--v") == pytest.approx([0, 0, *(min(1, row[3] / 8) for row in rows)], abs=1e-3)
    assert [name for name in small_pages.parts_loaded(page) if "trigrams" in name] == small_pages.names_of_parts(
        "trigrams"
    )
    write(page, "e")
    expect(part.locator("p").first).to_have_text("There are too few tokens to compare yet.")
    write(page, "")
    expect(part.locator("li")).to_have_count(0)
    assert violations(page) == []
    assert page.seen.errors == []


def test_a_long_text_is_measured_whole_and_typing_overtakes_it(open_writer):
    page = open_writer()
    part = opened(page, "How surprising")
    long = "We are strong, and we will be free. " * 60
    field(page).fill("Nobody reads this " * 500)
    page.wait_for_timeout(300)
    write(page, long)
    nats = [x for _, x in Writer(long).surprises]
    n = len(nats) + 1
    expect(part.locator("p").first).to_contain_text(f"Shown are the last 300 of {n} tokens", timeout=30_000)
    assert f"On average {sum(nats) / len(nats):.2f} nats a token" in part.locator("p").first.inner_text()
    assert part.locator("td").all_inner_texts() == [f"{x:.2f}" for x in nats[-300:]]
    expect(part.locator(".notice")).to_have_text("")


def test_counts_that_do_not_come_are_told_and_a_second_try_helps(open_writer, folder):
    page = open_writer()
    part = opened(page, "How surprising")
    with small_pages.part_away(folder, small_pages.names_of_parts("trigrams")[1]):
        part.get_by_role("button", name="Compare").click()
        expect(part.locator(".notice")).to_have_text("The counts did not come: part 2 of 3 did not come.")
        assert part.locator("td").count() > 5  # what the model says is still there
    part.get_by_role("button", name="Try again").click()
    expect(part.locator("p").first).to_contain_text("In nats a character")


def test_of_characters_nobody_has_counted(open_writer):
    page = open_writer("letters")
    part = opened(page, "How surprising")
    expect(part.locator("p").first).to_contain_text("nats a token")
    assert part.get_by_role("button").count() == 0
    part = opened(page, "Where the model looks")
    assert part.get_by_role("slider", name="Head").get_attribute("max") == "3"


def test_the_lines_of_the_controls_are_what_they_do(open_writer):
    """Read from above they make the chances; the names in them are the page's own."""
    page = open_writer()
    text, settings = (
        "the people and the",
        {"penalty": 1.3, "temperature": 0.8, "top_k": 50, "top_p": 0.9, "min_p": 0.02},
    )
    write(page, text)
    sliders = {"Penalty for repeating": "1.3", "Temperature": "0.8", "Top-k": "6", "Top-p": "0.9", "Min-p": "0.02"}
    for name, value in sliders.items():
        page.get_by_role("slider", name=name).fill(value)
    part = opened(page, "Where the model looks")
    part.get_by_role("slider", name="Layer").fill("2")
    part.get_by_role("slider", name="Head").fill("4")
    writer = Writer(text, **settings, layer=2, head=4)
    lines = page.locator(".writer > .parts code").all_inner_texts()
    scope = {"torch": torch, "logits": writer.logits[-1].double(), "ids": torch.tensor(writer.ids)}
    for line in lines:
        exec(line, scope)
    torch.testing.assert_close(scope["logits"].softmax(-1), writer.chances, atol=1e-12, rtol=0)
    page.get_by_role("slider", name="Temperature").fill("0")
    exec(page.locator(".writer > .parts code").all_inner_texts()[1], scope)
    assert Writer(text, penalty=1.3, temperature=0).chances[scope["token"]] == 1
    model, ids = stored_model(MODEL), torch.tensor([writer.ids])
    scope = {
        "model": model,
        "attention_weights": attention_weights,
        "x": model.positions(model.embedding(ids)),
        "F": F,
        "ids": ids,
    }
    for block in model.blocks[:2]:
        scope["x"] = block(scope["x"])
    first, second = part.locator("code").all_inner_texts()
    exec(first, scope)
    torch.testing.assert_close(eval(second, scope)[0, 0], writer.looks[2, 4])
    line = page.locator(".writer details", has_text="How surprising").locator("code").text_content()
    expected = torch.tensor([x for _, x in writer.surprises])
    torch.testing.assert_close(eval(line, scope), expected, atol=CLOSE, rtol=0)


# --- a state that can be had again --------------------------------------------------------------------------------


def test_copied_code_gives_what_is_shown(open_writer):
    page = open_writer()
    page.get_by_role("slider", name="Temperature").fill("0.35")
    page.get_by_role("slider", name="Top-k").fill("4")
    write(page, 'A "quoted" \\ text\nof two lines 🙂')
    writer = manners.made_by(manners.copied_code(page), "writer")
    assert writer.text == field(page).input_value()
    agree(page, writer)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_link_restores_the_state(open_writer, folder, address, scheme):
    base = address if scheme == "http" else f"file://{folder}"
    page = open_writer(base=base)
    page.get_by_role("slider", name="Temperature").fill("0.5")
    page.get_by_role("slider", name="Top-p").fill("0.9")
    page.get_by_role("slider", name="Min-p").fill("0.04")
    page.get_by_role("slider", name="Penalty for repeating").fill("1.5")
    write(page, 'A link with #, %, & and "quotes" 🙂')
    part = opened(page, "Where the model looks")
    part.get_by_role("slider", name="Layer").fill("3")
    part.get_by_role("slider", name="Head").fill("1")
    link = page.get_by_role("link", name="Link to this state").get_attribute("href")
    again = open_writer(base=base, link=link, awake=False)
    assert small_pages.parts_loaded(again) == []
    assert field(again).input_value() == field(page).input_value()
    assert "layer=3, head=1)" in again.locator("pre").text_content()
    wake(again)
    agree(again, Writer(field(page).input_value(), temperature=0.5, top_p=0.9, min_p=0.04, penalty=1.5))
    page.get_by_role("link", name="Link to this state").click()  # into the page's own address
    page.get_by_role("slider", name="Temperature").fill("2")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("0.5")


LINKS = [
    "#writer=",
    "#writer=%",
    "#writer=%7B",
    "#writer=[1]",
    "#other={}",
    "#writer="
    + quote(
        json.dumps(
            {
                "text": 5,
                "temperature": 1e9,
                "top_k": -1,
                "top_p": 0,
                "min_p": 2,
                "penalty": 0,
                "stored": {},
                "x": 1,
                "layer": -1,
                "head": 1e99,
            }
        )
    ),
    "#writer=" + quote(json.dumps({"text": None, "temperature": "hot", "top_k": 1.5, "top_p": [1], "layer": 0.5})),
]


def test_half_a_surrogate_pair_in_a_link_is_read_as_elsewhere(open_writer):
    page = open_writer(link="#writer=" + quote('{"text": "a\\ud83d"}'))
    assert field(page).input_value() == "a\ufffd"
    agree(page, Writer("a\ufffd"))


@pytest.mark.parametrize("link", LINKS)
def test_of_a_link_nothing_is_trusted(open_writer, link):
    page = open_writer(link=link)
    agree(page, Writer())
    assert page.seen.errors == []


# --- manners ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True], ids=["whole", "halves of surrogate pairs"])
def test_no_typed_text_breaks_it(open_writer, half):
    page = open_writer()
    texts = odd_texts("y" * (MOST_CHARACTERS + 1))
    typed = manners.type_texts(page, ".writer", texts, half=half, shown=[".notice"])
    assert typed[-1][1] == f"Only the first {MOST_CHARACTERS} of {MOST_CHARACTERS + 1} characters are kept. "
    settle(page)
    agree(page, Writer("y" * MOST_CHARACTERS))
    write(page, "The end")
    agree(page, Writer("The end"))
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


@pytest.mark.parametrize("text", HARD)
def test_a_hard_text_is_shown_and_nothing_of_it_is_lost(open_writer, text):
    page = open_writer()
    text = text.replace("\r\n", "\n")  # as a field of a page has it
    write(page, text)
    agree(page, Writer(text))
    part = opened(page, "How surprising")
    tokens = [marked(piece) for piece in (pieces(MODEL)[i] for i in Writer(text).ids)]
    expect(part.locator("li")).to_have_count(len(tokens))
    assert part.locator("li").all_text_contents() == tokens
    assert part.locator("td").all_inner_texts() == ["–", *(f"{nats:.2f}" for _, nats in Writer(text).surprises)]
    part = opened(page, "Where the model looks")
    expect(part.locator("li")).to_have_count(len(tokens))
    assert part.locator("li").all_text_contents() == tokens
    assert part.locator("td").all_inner_texts() == [f"{weight:.3f}" for weight in Writer(text).looks[0, 0].tolist()]


@pytest.mark.parametrize("name", ["plain", "dark"])
def test_it_is_accessible_in_both_themes(open_writer, name):
    page = open_writer(name, dark=name == "dark")
    page.get_by_role("button", name="Draw a hundred").click()
    manners.unfold(page)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.get_by_role("group", name="What comes next?").get_by_role("button")).to_have_count(6)
    assert violations(page) == []


def test_asleep_and_failed_it_is_accessible_too(open_page, folder, tmp_path):
    manners.check_accessible_asleep_and_failed(open_page, folder, tmp_path, "writer", lambda page: field(page).click())


def test_the_keyboard_alone_reaches_and_moves_everything(open_writer):
    page = open_writer()
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".writer", field(page))
    page.get_by_role("slider", name="Temperature").focus()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("slider", name="Temperature").input_value() == "0.95"
    page.locator(".writer .candidates button").first.focus()
    page.keyboard.press("Enter")
    settle(page)
    assert field(page).input_value() == "My fellow Americans, the state of our" + Writer().rows()[0][0]


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_writer):
    page = open_writer()
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.unfold(page)
    manners.check_named(page, ".writer")


def test_changes_are_spoken(open_writer):
    page = open_writer()
    page.get_by_role("slider", name="Temperature").fill("0.3")
    manners.check_spoken(page, ".writer")


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_works_by_touch(open_writer, width):
    page = open_writer(width=width, touch=True, awake=False)
    field(page).tap()
    expect(page.locator(".writer .sentence")).to_contain_text("may be drawn", timeout=30_000)
    write(page, "🙂" * 200 + "x" * 300)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    before = field(page).input_value()
    page.locator(".writer .candidates button").first.tap()
    settle(page)
    assert len(field(page).input_value()) > len(before)


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/plain.html", javascript=False)
    assert page.locator("table caption").inner_text().startswith("What gpt-speeches may say after")
    assert page.locator("td").count() == 24


@pytest.mark.parametrize("awake", [False, True])
def test_on_paper_there_is_what_the_reader_has_set(open_writer, awake):
    page = open_writer(awake=awake)
    if awake:
        page.get_by_role("slider", name="Temperature").fill("0.5")
    with manners.on_paper(page, ".writer") as paper:
        assert paper.locator("svg").bounding_box()["height"] > 50
        assert paper.locator("tbody tr").count() == 12
        assert ("temperature=0.5" in paper.locator("pre").inner_text()) == awake


@pytest.mark.parametrize("way", WAYS)
def test_a_writer_taken_down_changes_no_more(open_writer, way):
    page = open_writer(awake=False)
    writer = Writer()
    traits = {name: getattr(writer, name) for name in ("stored", "counts", "opening", *STATE)}
    check_taken_down(page, "llmbookPlay.writer", traits, {"text": ("more", "and more"), "top_k": (3, None)}, way)
    assert page.seen.errors == []


# --- size and speed -----------------------------------------------------------------------------------------------


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("writer")) <= 30 * 1024


USE = """async () => {
  const writer = document.querySelector('.writer'), text = writer.querySelector('textarea');
  text.click();
  const opened = await until(() => writer.querySelector('.sentence').textContent.includes('may be drawn'));
  text.value = 'We are a strong and free people. '.repeat(12);
  text.dispatchEvent(new Event('input', { bubbles: true }));
  const read = await until(() => writer.querySelector('.candidates').ariaBusy === 'false');
  const before = text.value.length;
  const more = writer.querySelectorAll('.buttons button')[2];
  more.click();
  const written = await until(() => text.value.length > before && more.textContent !== 'Stop');
  return { opened, read, written };
}"""


@pytest.mark.alone
@pytest.mark.parametrize("policy", [POLICY, small_pages.NO_WORKER], ids=["worker", "page"])
def test_no_frame_is_blocked_for_long(open_writer, folder, policy):
    """Neither while the model is opened nor while it reads and writes; and it writes 30 tokens a second at least."""
    with serve(folder, policy) as base:
        longest, tries = speed.longest_tasks(lambda: open_writer(base=base, awake=False), USE)
    assert longest <= 50
    assert min(found["written"][1] for found in tries) <= 40 / 30 * 1000  # ms for forty tokens


@pytest.mark.alone
def test_the_first_render_is_quick(open_writer):
    assert speed.first_render(lambda: open_writer(awake=False)) <= 250


@pytest.mark.alone
def test_a_slider_move_is_quick(open_writer):
    slider = ".writer input[aria-label=Temperature]"
    _, p95 = speed.slider_move(open_writer(), slider, lambda i: abs((i % 80) - 40) * 0.05, tries=5)
    assert p95 <= 8

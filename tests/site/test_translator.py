"""The translator in Chromium: a date is written as PyTorch writes it, with the same chances, beams and weights."""

import itertools
import json
import random
import re
from collections.abc import Callable
from datetime import date
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
from llmbook.data.date_pairs import FORMATS, date_pair, dates
from llmbook.pages import Translator
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.date_search import trouble_with
from llmbook.pages.widgets.date_truth import for_the_page, meaning_of, was_learned_from
from llmbook.pages.widgets.translator import EXAMPLES, HEADS, LAYERS, MOST_CHARACTERS, STATE

CLOSE = 1e-4  # float32 in PyTorch, float64 in the browser; what is drawn has at most four decimals
MODEL = "dates"
FAR = "July 4, 1776"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = small_pages.lay_out(tmp_path_factory.mktemp("translator"), "translator", parts=[MODEL])
    (folder / "model.bin").write_bytes(stored_weights.packed(MODEL))
    small_pages.write_page(folder, "dark", Translator(), theme="dark")
    pages = {
        "plain": [Translator()],
        "two": [Translator(), Translator(FAR, width=3, layer=1)],
        "unreadable": [Translator("日")],
    }
    small_pages.write_pages(folder, pages)
    return folder


@pytest.fixture
def open_translator(opener) -> Callable[..., Page]:
    return opener(".translator", wake=wake)


def field(page: Page):
    return page.get_by_label("A date in English, or whatever you like")


def wake(page: Page) -> None:
    """A click into the field, as a reader's first touch."""
    field(page).first.click()
    expect(page.locator(".translator .loading > span").first).to_have_text("", timeout=30_000)
    settle(page)


def settle(page: Page) -> None:
    """Until what is shown is of the text that stands there."""
    expect(page.locator(".translator").first).to_have_attribute("aria-busy", "false", timeout=30_000)


def write(page: Page, text: str) -> None:
    field(page).fill(text)
    settle(page)


def slide(page: Page, name: str, value: int) -> None:
    page.get_by_role("slider", name=name).fill(str(value))
    settle(page)


def rows_of(page: Page, title: str) -> list[list[str]]:
    """The rows of one of the tables that unfold."""
    part = page.locator(".translator details", has=page.locator("summary", has_text=title))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
        part.locator("table").wait_for()
    return [row.locator("th, td").all_inner_texts() for row in part.locator("tbody tr").all()]


def agree(page: Page, made: Translator) -> None:
    """All that the page shows of a state, and PyTorch's."""
    beams = page.locator(".translator .beams li:visible")
    shown = [(row.locator("button").inner_text(), row.locator(".number").inner_text()) for row in beams.all()]
    assert [text for text, _ in shown] == [text for text, _ in made.translations]
    scores = torch.tensor([float(score.replace("−", "-")) for _, score in shown])
    torch.testing.assert_close(scores, torch.tensor([score for _, score in made.translations]), atol=CLOSE, rtol=0)

    step = min(made.step, len(made.characters) - 1)
    weights = rows_of(page, "Where it looks")
    assert [row[0] for row in weights] == made.characters[: step + 1]
    numbers = torch.tensor([[float(cell) for cell in row[1:]] for row in weights])
    torch.testing.assert_close(numbers, made.weights[: step + 1].float(), atol=0.005 + CLOSE, rtol=0)

    rows = rows_of(page, "The alternatives")
    assert [row[0] for row in rows] == made.characters[: step + 1]
    for row, expected in zip(rows, made.alternatives(), strict=False):
        chances = [float(cell.rsplit(" ", 1)[1]) for cell in row[1:]]
        assert chances == pytest.approx([chance for _, chance in expected], abs=5e-5 + CLOSE)
        assert row[1].rsplit(" ", 1)[0] == expected[0][0]


# --- the model comes ----------------------------------------------------------------------------------------------


def test_the_model_comes_at_the_first_touch_and_not_before(open_translator):
    page = open_translator(awake=False)
    status = page.locator(".translator .loading")
    assert "dates comes when you first use this: 0.5 MB" in status.inner_text()
    manners.check_going_by_is_no_touch(page)
    wake(page)
    assert small_pages.parts_loaded(page) == small_pages.names_of_parts(MODEL)
    manners.check_quiet(page)


def test_before_it_comes_there_is_what_python_found(open_translator):
    page = open_translator(awake=False)
    before = [page.locator(".translator .sentence").inner_text(), page.locator(".truth-said").inner_text()]
    assert before[1] == "Right: it is 2034年8月12日星期六. It was never shown this day."
    wake(page)
    assert [page.locator(".translator .sentence").inner_text(), page.locator(".truth-said").inner_text()] == before
    agree(page, Translator())


@pytest.mark.parametrize("touch", ["slider", "button", "key", "cell"])
def test_any_use_is_a_touch_and_does_what_it_says(open_translator, touch):
    page = open_translator(awake=False)
    if touch == "slider":
        page.get_by_role("slider", name="Character").fill("3")
    elif touch == "button":
        page.get_by_role("button", name="To the beginning").click()
    elif touch == "cell":
        page.locator(".translator [role=grid]").click(position={"x": 200, "y": 120})
    else:
        page.locator(".translator [role=grid]").focus()
        page.keyboard.press("ArrowUp")
    expect(page.locator(".translator .loading > span")).to_have_text("", timeout=30_000)
    settle(page)
    place = page.get_by_role("slider", name="Character").input_value()
    assert {"slider": place == "3", "button": place == "1", "key": place == "13", "cell": place != "14"}[touch]
    assert page.seen.errors == []


def test_a_part_that_does_not_come_is_told_and_a_second_try_helps(open_translator, folder):
    with small_pages.part_away(folder, small_pages.names_of_parts(MODEL)[1]):
        page = open_translator(awake=False)
        field(page).click()
        status = page.locator(".translator .loading")
        expect(status).to_contain_text("part 2 of 2 did not come", timeout=30_000)
        agree(page, Translator())  # what Python has found is still there
        write(page, FAR)
        assert page.locator(".translator .sentence").inner_text() == ""
        assert page.locator(".translator .beams").is_hidden()
    page.get_by_role("button", name="Try again").click()
    expect(status.locator("span")).to_have_text("", timeout=30_000)
    settle(page)
    agree(page, Translator(FAR))


def test_from_disk_without_a_server(open_translator, folder):
    page = open_translator(base=f"file://{folder}")
    write(page, FAR)
    agree(page, Translator(FAR))
    manners.check_quiet(page)


def test_where_no_worker_may_start_the_page_computes_itself(open_translator, folder):
    with serve(folder, small_pages.NO_WORKER) as strict:
        page = open_translator(base=strict)
        write(page, FAR)
        slide(page, "Width of the search", 4)
        agree(page, Translator(FAR, width=4))
        assert all("orker" in error for error in page.seen.errors)


def test_two_translators_are_two_and_a_broken_one_leaves_the_other_alive(open_page, open_translator, folder):
    page = open_translator("two")
    assert field(page).nth(1).input_value() == FAR
    field(page).nth(0).fill("8/12/2034")
    assert field(page).nth(1).input_value() == FAR
    good = Translator(FAR).to_html()
    page = manners.open_beside_broken(open_page, folder, good, good.replace('"stored"', '"sauce"'))
    wake(page)
    assert len(page.seen.errors) == 1


# --- what it says -------------------------------------------------------------------------------------------------

SEARCH = """async (requests) => {
  const bytes = new Uint8Array(await (await fetch('model.bin')).arrayBuffer());
  const engine = await llmbookPlay.Engine.start(new AbortController().signal);
  await engine.open(bytes);
  const found = [];
  for (const request of requests) {
    const { texts, held } = await engine.run('search', request);
    found.push({ held, texts: texts.map((one) => ({ ...one, chances: [...one.chances], cross: [...one.cross] })) });
  }
  return found;
}"""


def requests() -> list[tuple[str, int]]:
    """Dates that were held out, and texts of any characters that the model can read, with one to four beams."""
    rng = random.Random(0)
    texts = [pair.source for pair in dates(12, seed=5, part="test")]
    reads = Translator().source["reads"]
    texts += ["".join(rng.choices(reads, k=n)) for n in (1, 2, 3, 5, 8, 13, 21, 32)]
    texts += [FAR, "day day day", "J" * 32, "February 29, 2023", "January 1, 3000"]
    return [(text, 1 + i % 4) for i, text in enumerate(texts)]


def test_what_it_finds_is_what_pytorch_finds(open_translator):
    asked = requests()
    found = open_translator(awake=False).evaluate(SEARCH, [{"text": text, "width": width} for text, width in asked])
    for (text, width), one in zip(asked, found, strict=True):
        expected = Translator(text, width=width).found
        assert [each["ids"] for each in one["texts"]] == [each.ids for each in expected.texts], (text, width)
        for got, want in zip(one["texts"], expected.texts, strict=True):
            assert got["score"] == pytest.approx(want.score, abs=CLOSE)
            chances = torch.tensor(got["chances"], dtype=torch.float32).view(want.chances.shape)
            torch.testing.assert_close(chances, want.chances.float(), atol=CLOSE, rtol=0)
            cross = torch.tensor(got["cross"], dtype=torch.float32).view(want.cross.shape)
            torch.testing.assert_close(cross, want.cross, atol=CLOSE, rtol=0)
        assert [[beam["ids"] for beam in beams] for beams in one["held"]] == [
            [beam.ids for beam in beams] for beams in expected.held
        ]
        for beams, wanted in zip(one["held"], expected.held, strict=True):
            assert [beam["total"] for beam in beams] == pytest.approx([beam.total for beam in wanted], abs=5e-4)


def test_a_weight_that_is_wrong_in_the_third_decimal_is_noticed(open_translator):
    page = open_translator()
    agree(page, Translator())
    made = Translator()
    made.layer = 1
    with pytest.raises(AssertionError):
        agree(page, made)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_the_width_of_the_search(open_translator, width):
    page = open_translator()
    write(page, FAR)
    slide(page, "Width of the search", width)
    made = Translator(FAR, width=width)
    agree(page, made)
    rows = rows_of(page, "The beams on the way")
    held = [[f"{tokens(beam.ids)} {beam.total:.3f}".replace("-", "−") for beam in beams] for beams in made.found.held]
    assert [row[0] for row in rows] == [str(t) for t in range(len(held))]
    texts = [[re.sub(r"\S+$", "", cell) for cell in row[1:] if cell] for row in rows]
    assert texts == [[re.sub(r"\S+$", "", cell) for cell in row] for row in held]
    code = page.locator(".translator .control", has_text="Width of the search").locator("code").inner_text()
    assert code == (
        "logits[-1].argmax()" if width == 1 else f"beam_search(next_logits, start, beams={width}, max_new=20, eos=EOS)"
    )
    for beam in range(width):
        page.locator(".translator .beams button").nth(beam).click()
        agree(page, Translator(FAR, width=width, beam=beam))


def tokens(ids: list[int]) -> str:
    writes = Translator().source["writes"]
    return "".join(writes[i] for i in ids if len(writes[i]) == 1) or "∅"


def test_each_layer_and_head_over_its_range(open_translator):
    page = open_translator()
    write(page, "8/12/2034")
    layers, heads = (page.get_by_role("combobox", name=name) for name in ("Layer", "Head"))
    for layer in (None, *range(LAYERS)):
        layers.select_option(index=0 if layer is None else layer + 1)
        for head in (None, *range(HEADS)):
            heads.select_option(index=0 if head is None else head + 1)
            made = Translator("8/12/2034", layer=layer, head=head)
            agree(page, made)
            hits, of = made.inside
            expect(page.locator(".map .notice").last).to_have_text(
                f"Largest weight inside its frame: {hits} of {of} characters."
            )
            pressed = page.locator(".heads button[aria-pressed=true]").count()
            assert pressed == (0 if None in (layer, head) else 1)
    lines = [page.locator(".translator .control", has=one).locator("code").inner_text() for one in (layers, heads)]
    assert lines == ["weights = cross[1]", "weights = weights[3]"]


def test_a_small_picture_of_a_head_chooses_it_and_shows_its_weights(open_translator):
    page = open_translator()
    button = page.get_by_role("button", name="Layer 1, head 2")
    button.click()
    agree(page, Translator(layer=1, head=2))
    seen = page.evaluate(
        """() => [...document.querySelectorAll('.heads canvas')].map((canvas) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return [canvas.width, canvas.height, Array.from(data).filter((_, i) => i % 4 === 3)];
        })"""
    )
    cross = Translator().cross.flatten(0, 1)
    for (width, height, alpha), weights in zip(seen, cross, strict=True):
        assert (height, width) == tuple(4 * n for n in weights.shape)
        drawn = torch.tensor(alpha).view(height, width)[2::4, 2::4] / 255
        torch.testing.assert_close(drawn, weights, atol=0.01, rtol=0)
    button.click()
    agree(page, Translator())


def test_steps_forth_and_back_and_by_every_way(open_translator):
    page = open_translator()
    expect(page.get_by_role("button", name="On", exact=True)).to_be_disabled()
    page.get_by_role("button", name="To the beginning").click()
    agree(page, Translator(step=0))
    expect(page.get_by_role("button", name="Back")).to_be_disabled()
    for step in (1, 2):
        page.get_by_role("button", name="On", exact=True).click()
        agree(page, Translator(step=step))
    page.get_by_role("button", name="Back").click()
    agree(page, Translator(step=1))
    for value in (1, 6, 14):
        slide(page, "Character", value)
        agree(page, Translator(step=value - 1))
    page.locator(".chips").nth(1).get_by_role("button").nth(4).click()
    agree(page, Translator(step=4))
    written = page.locator(".chips").nth(1).locator("li:visible").all_inner_texts()
    assert "".join(written) == "2034年"
    page.locator(".translator [role=grid]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    cell = page.locator("[role=gridcell]").inner_text()
    assert cell == f"8 to a: {Translator().weights[5, 1]:.2f}"


def test_what_is_not_written_yet_is_covered(open_translator):
    page = open_translator()
    slide(page, "Character", 5)
    cover, svg = page.locator(".over .cover"), page.locator(".over svg")
    box, whole = cover.bounding_box(), svg.bounding_box()
    unit = whole["height"] / float(svg.get_attribute("viewBox").split()[3])
    size = float(page.locator(".pile .cells rect").first.get_attribute("width")) + 1
    assert (box["y"] - whole["y"]) / unit == pytest.approx(72 + 5 * size + 0.5, abs=0.1)
    assert box["y"] + box["height"] == pytest.approx(whole["y"] + whole["height"], abs=1)
    assert box["width"] == pytest.approx(whole["width"], abs=1)
    slide(page, "Character", 14)
    assert cover.bounding_box()["height"] < size * unit


def test_it_writes_by_itself_at_a_pace(open_translator):
    page = open_translator()
    slide(page, "Pace", 4)  # eight characters a second
    page.evaluate(
        """() => { window.told = []; const slider = document.querySelector('.translator input[type=range]');
        new MutationObserver(() => { const text = slider.getAttribute('aria-valuetext');
          if (text !== window.told.at(-1)?.[0]) window.told.push([text, performance.now()]); })
          .observe(slider, { attributes: true }); }"""
    )
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=10_000)
    told = page.evaluate("window.told")
    assert [text for text, _ in told] == [f"{n} of 14" for n in range(1, 15)]
    gaps = [later - sooner for (_, sooner), (_, later) in itertools.pairwise(told)]
    assert min(gaps) > 100
    slide(page, "Pace", 0)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(2_200)
    assert page.get_by_role("slider", name="Character").input_value() == "1"


def test_who_wants_no_motion_gets_none(open_translator):
    page = open_translator(awake=False)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="To the beginning").click()
    wake(page)
    assert page.get_by_role("button", name="Play").count() == 0
    assert not page.get_by_role("slider", name="Pace").is_visible()
    page.get_by_role("button", name="Write to the end").click()
    assert page.get_by_role("slider", name="Character").input_value() == "14"


def test_shades_are_the_legends(open_translator):
    page = open_translator()
    page.get_by_role("button", name="Layer 1, head 2").click()
    drawn = page.evaluate(
        "[...document.querySelectorAll('.pile .cells rect')].map((r) => Number(r.getAttribute('fill-opacity')))"
    )
    torch.testing.assert_close(
        torch.tensor(drawn), Translator(layer=1, head=2).weights.flatten().float(), atol=0.005, rtol=0
    )
    legend = page.locator(".legend")
    shades = [float(one.get_attribute("fill-opacity")) for one in legend.locator(".cells rect").all()]
    assert shades == [float(text) for text in legend.locator("text").all_text_contents()]
    colours = "[...document.querySelectorAll('.cells')].map((one) => getComputedStyle(one).fill)"
    assert len(set(page.evaluate(colours))) == 1


# --- what is true -------------------------------------------------------------------------------------------------

MEAN = """([texts, data]) => texts.map((text) => {
  const { kind, day, target, places } = llmbookPlay.dates.meaningOf(text, data);
  const iso = day && [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
  return { kind, iso, target, places, learned: day && llmbookPlay.dates.wasLearnedFrom(day, data) };
})"""


def dated_texts() -> list[str]:
    """Dates right and wrong: of many days in every format, with a digit or a weekday changed, and other texts."""
    rng = random.Random(0)
    pairs = [pair.source for pair in dates(250, seed=9, part=None)]
    days = ((1, 1, 1), (1033, 4, 3), (1987, 12, 31), (1582, 10, 15), (1752, 9, 2), (9999, 12, 31))
    far = [date_pair(date(*day), rng.choice(FORMATS)).source for day in days]
    changed = [re.sub(r"\d", lambda digit: rng.choice(digit[0] + "0239"), text) for text in pairs]
    names = ["Monday", "Tue", "Wednesday", "Thu"]
    other = [re.sub(r"^[A-Z][a-z]+day|^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", rng.choice(names), text) for text in pairs]
    odd = ["", " 1/1/2000", "1/1/2000 ", "1/1/00", "9/3/24", "1/1/933", "13/9/2024", "12/9/2024", "10/10/2024"]
    return [*pairs, *far, *changed, *other, *(text for _, text in EXAMPLES), *odd]


def test_the_page_and_python_agree_on_what_a_date_means(open_translator):
    texts = dated_texts()
    found = open_translator(awake=False).evaluate(MEAN, [texts, for_the_page()])
    kinds = set()
    for text, one in zip(texts, found, strict=True):
        expected = meaning_of(text)
        kinds.add(expected.kind)
        assert one["kind"] == expected.kind, text
        day = expected.day
        assert one.get("iso") == (day and [day.year, day.month, day.day])
        assert one.get("target") == (expected.pair and expected.pair.target)
        if expected.pair:
            spans = {field: [there.start, there.stop] for field, (there, _) in expected.pair.alignment.items()}
            assert one["places"] == spans
        if day and one.get("learned") is not None:
            assert one["learned"] == was_learned_from(day)
        elif day:
            assert not 1950 <= day.year < 2050
    assert kinds == {"day", "no day", "weekday", "unknown"}


TRUE = {
    "Sat, Aug 12, 2034": "Right: it is 2034年8月12日星期六. It was never shown this day.",
    FAR: "Wrong: it is 1776年7月4日. It differs in year. The model learned from days of 1950 to 2049 only.",
    "1/1/2525": "Wrong: it is 2525年1月1日. It differs in year, month, day. "
    "The model learned from days of 1950 to 2049 only.",
    "January 1, 3000": "Wrong: it is 3000年1月1日. What is written has not the form of a date. "
    "The model learned from days of 1950 to 2049 only.",
    "October 26, 1984": "Right: it is 1984年10月26日. It was trained on this day.",
    "February 29, 2023": "It has the form of a date, but the calendar has no such day: there is no right answer.",
    "Monday, August 12, 2034": "It has the form of a date, but that day is a Saturday: there is no right answer.",
    "9 Mar 24": "It is in none of the nine formats: what it means, and whether the answer is right, is not known here.",
    "9/3/24": "It is in none of the nine formats: what it means, and whether the answer is right, is not known here.",
    "2034年8月12日": "",
}


def test_whether_it_is_right_is_said_and_what_is_not_known(open_translator):
    page = open_translator()
    said = page.locator(".truth-said")
    for text, words in TRUE.items():
        write(page, text)
        assert said.inner_text() == words, text
        assert not trouble_with(text) or words == ""
        if words.startswith(("Right", "Wrong")):
            assert Translator(text).is_right == words.startswith("Right")
    write(page, FAR)
    slide(page, "Width of the search", 4)
    assert "It differs in year. Another beam has it right." in said.inner_text()
    page.locator(".beams button").nth(1).click()
    assert said.inner_text().startswith("Right: it is 1776年7月4日.")


@pytest.mark.parametrize("text", ["Sat, Aug 12, 2034", "8/12/2034", "1/1/2525", "February 29, 2023", "January 1, 3000"])
def test_the_frames_stand_where_the_data_say(open_translator, text):
    page = open_translator()
    write(page, text)
    found = page.evaluate(
        """() => [...document.querySelectorAll('.over .truth')].map((one) =>
        ['x', 'y', 'width', 'height'].map((name) => Number(one.getAttribute(name))))"""
    )
    size = float(page.locator(".pile .cells rect").first.get_attribute("width")) + 1
    frames = Translator(text).frames.values()
    expected = [
        [72 + there.start * size, 72 + here.start * size, (there.stop - there.start) * size,
         (here.stop - here.start) * size]
        for there, here in frames
    ]  # fmt: skip
    assert sorted(found) == sorted(expected)
    assert bool(expected) == (text not in ("February 29, 2023", "January 1, 3000"))
    notice = page.locator(".map .notice").last
    known = Translator(text).meaning.kind == "day"
    assert (notice.inner_text() == "No true alignment is known for it.") == (not known)
    assert ("has not the form of a date" in notice.inner_text()) == (known and not expected)
    over, map_ = (page.locator(place).bounding_box() for place in (".over svg", ".pile .heat > svg"))
    assert over == pytest.approx(map_, abs=1)
    page.get_by_label("frame the true alignment").uncheck()
    assert page.locator(".over .truth").count() == 0
    assert notice.inner_text() == ""


def test_every_example_is_shown_as_it_is(open_translator):
    page = open_translator()
    choice = page.get_by_label("Examples")
    for i, (_, text) in enumerate(Translator().source["examples"]):
        choice.select_option(str(i))
        settle(page)
        assert field(page).input_value() == text
        made = Translator(text)
        if made.trouble:
            assert page.locator(".translator .sentence").inner_text() == made.trouble
            assert page.locator(".pile").is_hidden()
        else:
            agree(page, made)
    write(page, "May 5, 1955")
    assert choice.input_value() == ""


# --- predict, then reveal -----------------------------------------------------------------------------------------


def asked(page: Page) -> Translator:
    """The state that the question is about."""
    layer, head = (int(page.get_by_role("combobox", name=name).input_value()) for name in ("Layer", "Head"))
    step = int(page.get_by_role("slider", name="Character").input_value()) - 1
    return Translator(field(page).input_value(), layer=layer, head=head, step=step)


def test_predict_then_reveal_scores_what_was_said(open_translator):
    page = open_translator()
    sure, verdict = page.get_by_label("How sure are you?"), page.locator(".translator .verdict")
    reads = page.locator(".chips").first.get_by_role("button")
    for chance, is_right, score in (("0.9", True, "this answer: 0.01"), ("0.9", False, "2 answers: 0.41")):
        page.get_by_role("button", name="Predict, then reveal").click()
        made = asked(page)
        row = made.weights[made.step]
        assert made.step < len(made.characters)
        assert [one.get_attribute("style") for one in reads.all()] == ["--w: 0;"] * len(made.text)
        assert len(rows_of(page, "Where it looks")) == made.step
        assert page.locator("[role=gridcell]").text_content().endswith("not revealed")
        assert sure.input_value() == ""
        sure.select_option(chance)
        best = int(row.argmax())
        worst = int(row.argmin())
        reads.nth(best if is_right else worst).click()
        expect(verdict).to_contain_text("Right: " if is_right else "Not quite: you chose ")
        expect(verdict).to_contain_text(f" with {row[best]:.2f}.")
        expect(verdict).to_contain_text(f"Brier score of {score} (0 is best; always saying 50 % gets 0.25).")
        agree(page, made)
    assert page.evaluate("document.activeElement.textContent") == "Predict, then reveal"


def test_the_answer_can_be_shown_without_a_guess_and_the_question_follows_the_state(open_translator):
    page = open_translator()
    page.get_by_role("button", name="Predict, then reveal").click()
    assert "look most meanwhile?" in page.locator(".translator .sentence").inner_text()
    write(page, FAR)  # is asked of, too
    slide(page, "Character", 4)
    assert page.locator(".translator .sentence").inner_text().startswith("After “177” it writes “7”. Where does head")
    page.get_by_role("button", name="Show the answer").click()
    assert "looks most at" in page.locator(".translator .sentence").inner_text()
    assert page.locator(".translator .verdict").inner_text() == ""
    page.get_by_role("button", name="Predict, then reveal").click()
    write(page, "")
    assert page.get_by_role("button", name="Predict, then reveal").is_disabled()


def test_what_was_predicted_counts_on_the_page_of_calibration(open_page, site):
    page, seen = open_page(f"{site}/chapters/play/translator.html")
    wake(page)
    reads = page.locator(".translator .chips").first.get_by_role("button")
    for sure in ("0.7", "", "0.3"):
        page.get_by_role("button", name="Predict, then reveal").click()
        made = asked(page)
        page.get_by_label("How sure are you?").select_option(sure)
        reads.nth(int(made.weights[made.step].argmax())).click()
    score = (0.3**2 + 0.7**2) / 2
    manners.check_counted(page, site, f"{score:.3f} over 2 first answers, of which 2 were right.")
    assert seen.errors == []


# --- a state that can be had again --------------------------------------------------------------------------------


def set_much(page: Page) -> Translator:
    """A state in which nothing is as it was."""
    write(page, FAR)
    slide(page, "Width of the search", 3)
    page.locator(".beams button").nth(1).click()
    slide(page, "Character", 4)
    page.get_by_role("button", name="Layer 1, head 2").click()
    page.locator(".chips").first.get_by_role("button").nth(9).click()
    page.get_by_label("frame the true alignment").uncheck()
    return Translator(FAR, width=3, beam=1, step=3, layer=1, head=2, key=9, framed=False)


def test_copied_code_gives_what_is_shown(open_translator):
    page = open_translator()
    made = set_much(page)
    copied = manners.made_by(manners.copied_code(page), "translator")
    assert {name: getattr(copied, name) for name in STATE} == {name: getattr(made, name) for name in STATE}
    agree(page, copied)


def test_code_of_a_text_that_cannot_be_read_says_why(open_translator):
    page = open_translator()
    write(page, 'a "quoted" \\ 日 🙂')
    scope: dict = {}
    code = page.locator("pre").first.text_content()
    exec(code, scope)
    assert code.endswith("translator.trouble")
    assert scope["translator"].text == 'a "quoted" \\ 日 🙂'
    assert page.locator(".translator .sentence").inner_text() == scope["translator"].trouble


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_link_restores_the_state(open_translator, folder, address, scheme):
    base = address if scheme == "http" else f"file://{folder}"
    page = open_translator(base=base)
    made = set_much(page)
    link = page.get_by_role("link", name="Link to this state").get_attribute("href")
    again = open_translator(base=base, link=link, awake=False)
    assert small_pages.parts_loaded(again) == []
    assert field(again).input_value() == FAR
    wake(again)
    agree(again, made)
    assert again.locator(".chips").first.locator("button[aria-pressed=true]").inner_text() == "7"
    assert not again.get_by_label("frame the true alignment").is_checked()


LINKS = [
    "#translator=",
    "#translator=%",
    "#translator=%7B",
    "#translator=[1]",
    "#writer=%7B%22text%22%3A%22x%22%7D",
    "#translator="
    + quote(json.dumps({"text": 5, "width": 9, "beam": -1, "step": 20, "layer": 2, "head": 4, "key": 32, "framed": 1})),
    "#translator=" + quote(json.dumps({"text": None, "width": "4", "beam": 0.5, "step": None, "source": {}, "x": 1})),
]


@pytest.mark.parametrize("link", LINKS)
def test_of_a_link_nothing_is_trusted(open_translator, link):
    page = open_translator(link=link)
    agree(page, Translator())
    assert page.seen.errors == []


def test_half_a_surrogate_pair_in_a_link_is_read_as_elsewhere(open_translator):
    page = open_translator(link="#translator=" + quote('{"text": "a\\ud83d"}'))
    assert field(page).input_value() == "a\ufffd"
    assert page.locator(".translator .sentence").inner_text() == trouble_with("a\ufffd")


def test_reset_is_the_beginning(open_translator):
    page = open_translator()
    set_much(page)
    page.get_by_role("button", name="Reset").click()
    settle(page)
    agree(page, Translator())
    assert page.locator(".over .truth").count() == 4


# --- manners ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True], ids=["whole", "halves of surrogate pairs"])
def test_no_typed_text_breaks_it_and_nothing_is_lost_silently(open_translator, half):
    page = open_translator()
    texts = odd_texts("1" * (MOST_CHARACTERS + 1))
    typed = manners.type_texts(page, ".translator", texts, half=half, shown=[".notice", ".sentence"])
    told = 0
    for value, notice, sentence in typed:
        cut = len(value.encode("utf-16", "surrogatepass")) // 2 - 1 > MOST_CHARACTERS
        assert notice.startswith(f"Only the first {MOST_CHARACTERS} of ") == cut
        if not half and not cut:
            trouble = trouble_with(value)
            told += bool(trouble)
            assert not trouble or sentence == trouble
    assert half or told > 100
    write(page, FAR)
    agree(page, Translator(FAR))
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


def test_typing_overtakes_what_is_being_searched(open_translator):
    page = open_translator()
    slide(page, "Width of the search", 4)
    for text in ("1", "1/", "1/1", "1/1/", "1/1/2", "", "日", "1/1/20", "1/1/2020"):
        field(page).fill(text)
    settle(page)
    agree(page, Translator("1/1/2020", width=4))
    field(page).fill("1/1/2021")
    field(page).fill("日")
    page.wait_for_timeout(300)
    assert page.locator(".translator .sentence").inner_text() == trouble_with("日")
    assert page.locator(".pile").is_hidden()


@pytest.mark.parametrize("name", ["plain", "dark"])
def test_it_is_accessible_in_both_themes(open_translator, name):
    page = open_translator(name, dark=name == "dark")
    slide(page, "Width of the search", 3)
    manners.unfold(page)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    assert violations(page) == []
    write(page, "日")
    assert violations(page) == []


def test_asleep_and_failed_it_is_accessible_too(open_page, folder, tmp_path):
    manners.check_accessible_asleep_and_failed(
        open_page, folder, tmp_path, "translator", lambda page: field(page).click()
    )


def test_a_text_that_cannot_be_read_at_the_beginning(open_translator):
    page = open_translator("unreadable", awake=False)
    assert page.locator(".translator .sentence").inner_text() == trouble_with("日")
    wake(page)
    write(page, FAR)
    agree(page, Translator(FAR))


def test_the_keyboard_alone_reaches_and_moves_everything(open_translator):
    page = open_translator()
    manners.unfold(page, "Enter")
    page.get_by_role("button", name="To the beginning").press("Enter")
    slide(page, "Character", 5)
    manners.check_tab_reaches_all(page, ".translator", field(page))
    page.get_by_role("slider", name="Width of the search").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    page.get_by_label("frame the true alignment").press(" ")
    page.locator(".beams button").nth(1).press("Enter")
    page.get_by_role("button", name="Layer 0, head 1").press("Enter")
    agree(page, Translator(width=2, beam=1, step=4, layer=0, head=1, framed=False))
    assert page.locator(".over .truth").count() == 0


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_translator):
    page = open_translator()
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.unfold(page)
    manners.check_named(page, ".translator")


def test_changes_are_spoken(open_translator):
    page = open_translator()
    slide(page, "Character", 3)
    manners.check_spoken(page, ".translator")


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_works_by_touch(open_translator, width):
    page = open_translator(width=width, touch=True, awake=False)
    field(page).tap()
    expect(page.locator(".translator .loading > span")).to_have_text("", timeout=30_000)
    write(page, "Wednesday 27 September 2028")
    slide(page, "Width of the search", 4)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    page.get_by_role("button", name="To the beginning").tap()
    page.locator(".beams button").nth(1).tap()
    page.get_by_role("button", name="Layer 1, head 0").tap()
    agree(page, Translator("Wednesday 27 September 2028", width=4, beam=1, step=0, layer=1, head=0))
    write(page, "🙂" * 100)
    manners.check_fits(page, width)


def test_in_forced_colours_bars_frames_and_shades_are_seen(open_translator):
    page = open_translator()
    page.emulate_media(forced_colors="active")
    slide(page, "Character", 5)
    looks = page.evaluate(
        """() => { const of = (name, pseudo) => getComputedStyle(document.querySelector(name), pseudo);
        return { paper: of('.translator').backgroundColor, bar: of('.alternatives .bar', '::before').backgroundColor,
          frame: of('.over .truth').stroke, cells: of('.pile .cells').fill, cover: of('.over .cover').fill,
          chip: of('.chips button[aria-pressed=false]', '::before').backgroundColor,
          pressed: of('.chips button[aria-pressed=true]').backgroundColor }; }"""
    )
    paper = looks.pop("paper")
    assert looks.pop("cover") == paper  # what is not written yet stays covered
    assert paper not in looks.values(), looks


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/plain.html", javascript=False)
    assert (
        page.locator("table caption").inner_text().startswith("“Sat, Aug 12, 2034” is written as “2034年8月12日星期六”")
    )
    assert page.locator("td").count() == 14 * 17


@pytest.mark.parametrize("state", ["asleep", "awake", "unreadable"])
def test_on_paper_there_is_what_the_reader_has_set(open_translator, state):
    page = open_translator(awake=state != "asleep")
    if state == "awake":
        page.get_by_role("button", name="Layer 1, head 2").click()
        slide(page, "Character", 5)
    if state == "unreadable":
        write(page, "日")
    with manners.on_paper(page, ".translator") as paper:
        if state == "unreadable":
            assert trouble_with("日") in paper.inner_text()
            assert paper.locator("svg").count() == 0
        else:
            assert paper.locator("svg").bounding_box()["height"] > 50
            assert paper.locator("tbody tr").count() == (5 if state == "awake" else 14)
            assert paper.locator("svg .truth").count() == 4
            assert ("layer=1, head=2" in paper.locator("pre").inner_text()) == (state == "awake")


@pytest.mark.parametrize("way", WAYS)
def test_a_translator_taken_down_changes_no_more(open_translator, way):
    page = open_translator(awake=False)
    made = Translator()
    traits = {name: getattr(made, name) for name in ("source", *STATE)}
    changes = {"text": ("1/1/2000", FAR), "layer": (1, None)}
    sent, _ = check_taken_down(page, "llmbookPlay.translator", traits, changes, way, begin="Play")
    assert sent == [{"part": 0, "name": MODEL}]
    assert page.seen.errors == []


# --- size and speed -----------------------------------------------------------------------------------------------


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("translator")) <= 30 * 1024


USE = """async () => {
  const widget = document.querySelector('.translator'), text = widget.querySelector('input[type=text]');
  const isBusy = () => widget.ariaBusy === 'true';
  text.click();
  const opened = await until(() => widget.querySelector('.loading > span').textContent === '' && !isBusy());
  const wide = [...widget.querySelectorAll('input[type=range]')].find((one) => one.max === '4' && one.min === '1');
  wide.value = '4';
  wide.dispatchEvent(new Event('input', { bubbles: true }));
  const searched = await until(() => !isBusy());
  text.value = 'Wednesday, September 27, 20282828';
  text.value = text.value.slice(0, 32);
  text.dispatchEvent(new Event('input', { bubbles: true }));
  const longest = await until(() => !isBusy());
  return { opened, searched, longest };
}"""


@pytest.mark.alone
@pytest.mark.parametrize("policy", [POLICY, small_pages.NO_WORKER], ids=["worker", "page"])
def test_no_frame_is_blocked_for_long(open_translator, folder, policy):
    """Neither while the model is opened nor while it searches with four beams."""
    with serve(folder, policy) as base:
        longest, _ = speed.longest_tasks(lambda: open_translator(base=base, awake=False), USE)
    assert longest <= 50


@pytest.mark.alone
def test_the_first_render_is_quick(open_translator):
    assert speed.first_render(lambda: open_translator(awake=False)) <= 250


@pytest.mark.alone
def test_a_slider_move_is_quick(open_translator):
    _, p95 = speed.slider_move(open_translator(), ".translator input[type=range]", lambda i: 1 + i % 14, tries=5)
    assert p95 <= 4

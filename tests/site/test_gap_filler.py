"""The gap filler in Chromium: what it says of hidden words is what PyTorch says, whatever is typed and pressed."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
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
from llmbook.pages import GapFiller
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.gap_filler import BLANK, MASK, MOST_CHARACTERS, MOST_WORDS, SIDES, STATE, words_of
from llmbook.pages.widgets.gap_sentences import SENTENCES
from llmbook.pages.widgets.legible import legible
from llmbook.pretrained.own_models import stored_tokenizer

CLOSE = 1e-4  # float32 in PyTorch, float64 in the browser; what is drawn has four decimals
MODEL = "bert-speeches"
OTHER = "Another ___ sentence"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = small_pages.lay_out(tmp_path_factory.mktemp("gaps"), "gap_filler", parts=[MODEL])
    (folder / "model.bin").write_bytes(stored_weights.packed(MODEL))
    small_pages.write_page(folder, "dark", GapFiller(), theme="dark")
    small_pages.write_pages(folder, {"plain": [GapFiller()], "two": [GapFiller(), GapFiller(OTHER)]})
    return folder


@pytest.fixture
def open_filler(opener) -> Callable[..., Page]:
    return opener(".gap-filler", wake=wake)


def field(page: Page):
    return page.locator(".gap-filler textarea")


def words(page: Page):
    return page.locator(".gap-filler .words button")


def wake(page: Page) -> None:
    """A click into the field, as a reader's first touch."""
    field(page).first.click()
    expect(page.locator(".gap-filler .loading").first).to_have_text("", use_inner_text=True, timeout=30_000)
    settle(page)


def settle(page: Page) -> None:
    """Until what is shown is of the sentence that stands there."""
    expect(page.locator(".gap-filler .cards").first).to_have_attribute("aria-busy", "false", timeout=30_000)


def write(page: Page, text: str) -> None:
    field(page).fill(text)
    settle(page)


def press(page: Page, *places: int) -> None:
    for place in places:
        words(page).nth(place).click()
    settle(page)


def choose(page: Page, label: str, value: str, *, nth: int = 0) -> None:
    page.get_by_label(label).nth(nth).select_option(value)
    settle(page)


def cells(page: Page, title: str) -> list[list[str]]:
    """The rows of a folded table."""
    part = page.locator(".gap-filler details", has=page.locator("summary", has_text=title))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
        part.locator("table, p").first.wait_for()
    return [row.locator("th, td").all_inner_texts() for row in part.locator("tbody tr").all()]


def told(filler: GapFiller, count: int = 10) -> list[list]:
    """What the table of words must say, by PyTorch."""
    rows = []
    gaps = zip(filler.gaps, filler.fillings(count), filler.own, filler.rows(), strict=True)
    for place, fillings, own, gap in gaps:
        word, there = filler.words[place], dict(filler.put).get(place)
        rows += [[place + 1, said, i + 1, chance] for i, (said, chance) in enumerate(fillings)]
        if own and own[0] > count:
            rows.append([place + 1, word, *own])
        if gap["stands"] and there != word and place not in filler.hidden:
            rows.append([place + 1, there, gap["stands"]["rank"], gap["stands"]["chance"]])
    return rows


def agree(page: Page, filler: GapFiller) -> None:
    """The table on the page, and PyTorch's: of neighbours as likely as each other either may come first."""
    found, expected = cells(page, "likeliest words as a table"), told(filler)
    assert [int(row[0]) for row in found] == [row[0] for row in expected]
    assert [int(row[2]) for row in found] == pytest.approx([row[2] for row in expected], abs=1)
    chances = [0 if "below" in row[3] else float(row[3]) for row in found]
    assert chances == pytest.approx([row[3] for row in expected], abs=CLOSE)
    for place in filler.gaps:
        names = [[row[1] for row in rows if int(row[0]) == place + 1] for rows in (found, expected)]
        assert sorted(names[0][:1]) == sorted(names[1][:1]) or filler.fillings(2)[filler.gaps.index(place)][0][1] < 0.01


# --- the model comes ----------------------------------------------------------------------------------------------


def test_the_model_comes_at_the_first_touch_and_not_before(open_filler):
    page = open_filler(awake=False)
    status = page.locator(".gap-filler .loading")
    assert "bert-speeches comes when you first use this: 1.4 MB" in status.inner_text()
    manners.check_going_by_is_no_touch(page)
    agree_with_opening(page)
    wake(page)
    assert small_pages.parts_loaded(page) == small_pages.names_of_parts(MODEL)
    agree(page, GapFiller())
    manners.check_quiet(page)


def agree_with_opening(page: Page) -> None:
    """Asleep, the bars are those that Python has found."""
    numbers = page.locator(".gap-filler .number").all_inner_texts()
    assert numbers == [f"{chance:.3f}" for gap in GapFiller().fillings() for _, chance in gap]


@pytest.mark.parametrize("touch", ["word", "bar", "side", "reach", "sentence", "predict", "lot", "typed"])
def test_any_use_is_a_touch_and_does_what_it_says(open_filler, touch):
    page = open_filler(awake=False)
    expected = GapFiller()
    if touch == "word":
        words(page).nth(5).click()
        expected.hidden = [1, 5, 9]
    elif touch == "bar":
        page.locator(".gap-filler .likeliest button").nth(1).click()
        expected = GapFiller(SENTENCES[0], hidden=[9], put=[(1, "have")])
    elif touch == "side":
        page.get_by_label("A gap sees").select_option("before")
        expected.side = "before"
    elif touch == "reach":
        page.get_by_role("slider", name="Words seen on a side").fill("2")
        expected.reach = 2
    elif touch == "sentence":
        page.get_by_label("Or a sentence from a speech").select_option(label=SENTENCES[3])
        expected = GapFiller(SENTENCES[3])
    elif touch == "typed":
        field(page).fill("We are ___ .")
        expected = GapFiller("We are ___ .")
    elif touch == "lot":
        page.get_by_label("What the model sees as word 2").select_option("lot")
    else:
        page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.locator(".gap-filler .loading")).to_have_text("", use_inner_text=True, timeout=30_000)
    settle(page)
    if touch == "predict":
        expect(choices(page)).to_have_count(6)
    elif touch == "lot":
        expect(words(page).nth(1)).not_to_have_text(MASK, timeout=30_000)
        settle(page)
        word = words(page).nth(1).inner_text()
        assert stored_tokenizer(MODEL).ids[word] > 4
        agree(page, GapFiller(SENTENCES[0], hidden=[9], put=[(1, word)]))
    else:
        agree(page, expected)
    assert page.seen.errors == []


def test_a_part_that_does_not_come_is_told_and_a_second_try_helps(open_filler, folder):
    with small_pages.part_away(folder, small_pages.names_of_parts(MODEL)[4]):
        page = open_filler(awake=False)
        field(page).click()
        expect(page.locator(".gap-filler .loading")).to_contain_text("part 5 of 6 did not come", timeout=30_000)
        agree_with_opening(page)
        assert violations(page) == []
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".gap-filler .loading")).to_have_text("", use_inner_text=True, timeout=30_000)
    settle(page)
    agree(page, GapFiller())


def test_from_disk_without_a_server(open_filler, folder):
    page = open_filler(base=f"file://{folder}")
    write(page, "The ___ people are strong")
    agree(page, GapFiller("The ___ people are strong"))
    manners.check_quiet(page)


def test_where_no_worker_may_start_the_page_computes_itself(open_filler, folder):
    with serve(folder, small_pages.NO_WORKER) as strict:
        page = open_filler(base=strict)
        write(page, "We will defend our ___ and")
        agree(page, GapFiller("We will defend our ___ and"))
        assert all("orker" in error for error in page.seen.errors)


def test_two_on_a_page_do_not_disturb_each_other_and_a_broken_one_leaves_the_other_alive(
    open_filler, open_page, folder
):
    page = open_filler("two", awake=False)
    words(page).nth(0).click()
    assert field(page).nth(1).input_value() == OTHER
    assert page.locator(".gap-filler").nth(1).locator(".words .mask").count() == 1
    good = GapFiller(OTHER).to_html()
    page = manners.open_beside_broken(open_page, folder, good, good.replace('"stored"', '"sauce"'))
    wake(page)
    assert len(page.seen.errors) == 1


# --- what it says -------------------------------------------------------------------------------------------------

FILL = """async ([states, broken]) => {
  const bytes = new Uint8Array(await (await fetch('model.bin')).arrayBuffer());
  for (let i = bytes.length - 1; broken && i > 4e5; i -= 1000) bytes[i] ^= 1;
  const engine = await llmbookPlay.Engine.start(new AbortController().signal);
  await engine.open(bytes);
  const answers = [];
  for (const state of states) answers.push(await engine.run('fill', state));
  return answers;
}"""
HARD = [
    "é",
    "注意力机制 is all",
    "🙂👩‍👩‍👧 the ___ people",
    "مرحبا ___ بالعالم",
    "שלום",
    "<script>window.hacked = 1</script>",
    "\ufeffthe",
    "a\u0000b",
    "tab\tand\r\nline",
    "\u202eright\u200f",
    "   ",
    "",
    "___",
    "______ ____",
    "The UNITED States’ people",
    "x" * 2000,
    "we are " * 200,
    "___" * 100,
]


def state_of(filler: GapFiller) -> dict:
    return {name: getattr(filler, name) for name in STATE}


def random_fillers(count: int) -> list[GapFiller]:
    rng = random.Random(0)
    known = stored_tokenizer(MODEL).symbols[5:300]
    made = [GapFiller(text, hidden=[0] if words_of(text) else []) for text in HARD]
    while len(made) < count:
        text = " ".join(rng.choices([*known, BLANK, "zzz", "注", "🙂"], k=rng.choice([1, 2, 5, 9, 20, 46, 60])))
        T = len(words_of(text))
        options = {
            "hidden": rng.sample(range(T), rng.randint(0, min(T, 4))),
            "put": [(rng.randrange(T), rng.choice([*known, "zzz"])) for _ in range(rng.choice([0, 1, 3]))],
            "side": rng.choice(SIDES),
            "reach": rng.choice([None, 0, 1, 2, 7]),
        }
        made.append(GapFiller(text, **options))
    return made


def close(found: dict, filler: GapFiller) -> None:
    assert found["known"] == [word == BLANK or word in stored_tokenizer(MODEL).ids for word in filler.words]
    assert [gap["place"] for gap in found["gaps"]] == filler.gaps
    chances, looks = filler.chances, filler.looks
    for i, gap in enumerate(found["gaps"]):
        ids = [stored_tokenizer(MODEL).ids[one["word"]] for one in gap["likeliest"]]
        said = torch.tensor([one["chance"] for one in gap["likeliest"]], dtype=torch.float64)
        torch.testing.assert_close(said, chances[i, ids], atol=CLOSE, rtol=0)
        best = chances[i, 5:].sort(descending=True).values[:50]
        torch.testing.assert_close(said, best, atol=CLOSE, rtol=0)
        for name, expected in (("own", filler.own[i]), ("stands", filler.rows()[i]["stands"])):
            rank, chance = expected.values() if isinstance(expected, dict) else expected or (None, None)
            assert (gap[name] is None) == (rank is None)
            if gap[name]:
                assert gap[name]["chance"] == pytest.approx(chance, abs=CLOSE)
                assert gap[name]["rank"] == pytest.approx(rank, abs=2)  # of words as likely as each other
        told = torch.tensor(gap["looks"]).view_as(looks[i])
        torch.testing.assert_close(told.float(), looks[i], atol=CLOSE, rtol=0)


def test_what_it_says_is_what_pytorch_says(open_filler):
    fillers = random_fillers(150)
    answers = open_filler(awake=False).evaluate(FILL, [[state_of(filler) for filler in fillers], False])
    assert sum(len(filler.gaps) for filler in fillers) > 300
    for filler, found in zip(fillers, answers, strict=True):
        close(found, filler)


def test_a_bit_changed_in_one_weight_of_a_thousand_is_noticed(open_filler):
    (found,) = open_filler(awake=False).evaluate(FILL, [[state_of(GapFiller())], True])
    with pytest.raises(AssertionError):
        close(found, GapFiller())


@pytest.mark.parametrize("text", HARD)
def test_a_hard_text_is_shown_and_nothing_of_it_is_lost(open_filler, text):
    page = open_filler()
    text = text.replace("\r\n", "\n")  # as a field of a page has it
    write(page, text)
    filler = GapFiller(text)
    assert words(page).count() == len(filler.words)
    shown = [label.split(": ", 1)[1].split(", not known")[0] for label in labels(page)]
    assert shown == [MASK if word == BLANK else legible(word)[1] for word in filler.words]
    agree(page, filler)
    notice = page.locator(".gap-filler .notice").first.inner_text()
    unknown = [word for word, known in zip(filler.words, filler.opening["known"], strict=True) if not known]
    assert all(f"“{legible(word)[0]}”" in notice for word in unknown)
    assert ("does not know" in notice) == bool(unknown)
    count = len(re.findall("we|are", text)) if "we are" in text else text.count(BLANK)
    if count > MOST_WORDS:
        assert f"Only the first {MOST_WORDS} of {count} words are read." in notice
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


def labels(page: Page) -> list[str]:
    return page.locator(".gap-filler .words button").evaluate_all("(all) => all.map((e) => e.ariaLabel)")


def test_words_hide_and_come_back(open_filler):
    page = open_filler()
    press(page, 3, 5)
    assert words(page).all_inner_texts()[1:6] == [MASK, "been", MASK, "traditional", MASK]
    agree(page, GapFiller(SENTENCES[0], hidden=[1, 3, 5, 9]))
    rank, chance = GapFiller(SENTENCES[0], hidden=[1, 3, 5, 9]).own[2]
    press(page, 5)
    expect(page.locator(".gap-filler .sentence")).to_contain_text(
        f"“policy” is back; to the model it was rank {rank}, chance {chance:.3f}."
    )
    assert words(page).nth(5).inner_text() == "policy"
    press(page, 1, 3, 9)
    assert cells(page, "likeliest words as a table") == []
    expect(page.locator(".gap-filler .sentence")).to_contain_text("Press a word to hide it.")
    assert page.locator(".gap-filler .gap:visible").count() == 0


def test_a_gap_of_nobodys_word_stays(open_filler):
    page = open_filler()
    write(page, "the united ___ have")
    press(page, 2)
    expect(page.locator(".gap-filler .sentence")).to_contain_text("Nobody says what stood as word 3.")
    page.locator(".gap-filler .likeliest button").first.click()
    settle(page)
    agree(page, GapFiller("the united ___ have", put=[(2, "states")]))
    press(page, 2)
    agree(page, GapFiller("the united ___ have"))


def test_the_words_of_a_gap_are_drawn_as_they_are(open_filler):
    page = open_filler()
    assert page.locator(".gap-filler .likeliest button").all_inner_texts() == [
        word for gap in GapFiller().fillings() for word, _ in gap
    ]
    agree_with_opening(page)
    legend = page.locator(".gap-filler .cards + .notice").inner_text()
    full = float(re.search(r"A full bar is a chance of ([\d.]+);", legend)[1])
    widths = page.locator(".gap-filler .bar").evaluate_all(
        "(all) => all.map((e) => Number(getComputedStyle(e.parentElement).getPropertyValue('--w')))"
    )
    chances = [chance for gap in GapFiller().fillings() for _, chance in gap]
    assert [width * full for width in widths] == pytest.approx(chances, abs=1e-3)
    assert max(widths) <= 1
    right = page.locator(".gap-filler .right button").all_inner_texts()
    assert right == ["has", "states"]


def test_what_stands_in_a_gap_can_be_any_word(open_filler):
    page = open_filler()
    sees = "What the model sees as word 2"
    choose(page, sees, "own")
    agree(page, GapFiller(SENTENCES[0], hidden=[9], put=[(1, "has")]))
    assert "ids[2] stays" in page.locator(".gap-filler .gap code").first.inner_text()
    typed = page.get_by_label("or type one").first
    typed.fill(" Peace ")
    typed.press("Enter")
    settle(page)
    agree(page, GapFiller(SENTENCES[0], hidden=[9], put=[(1, "peace")]))
    assert 'ids[2] = words.encode("peace")[0]' in page.locator(".gap-filler .gap code").first.inner_text()
    assert page.get_by_label(sees).input_value() == "other"
    typed.fill("two words")
    typed.press("Enter")
    expect(page.locator(".gap-filler .sentence")).to_contain_text("Another word is one word.")
    typed.fill("zebra")
    typed.press("Enter")
    settle(page)
    agree(page, GapFiller(SENTENCES[0], hidden=[9], put=[(1, "zebra")]))
    expect(page.locator(".gap-filler .own").first).to_contain_text("“zebra” stands here: the model does not know it.")
    assert ", not known to the model" in labels(page)[1]
    choose(page, sees, "mask")
    agree(page, GapFiller())
    assert "ids[2] = MASK" in page.locator(".gap-filler .gap code").first.inner_text()


def line_of_sight(page: Page, filler: GapFiller, gap: int) -> torch.Tensor:
    """What this gap sees by the two controls' lines of code; away counts positions from the gap, as on page 3.4."""
    side, reach = page.locator(".gap-filler .controls code").all_inner_texts()
    cls, sep = (stored_tokenizer(MODEL).ids[sign] for sign in ("[CLS]", "[SEP]"))
    ids = torch.tensor([cls, *[0] * len(filler.words), sep])
    scope: dict[str, Any] = {"ids": ids, "CLS": cls, "SEP": sep, "away": torch.arange(len(ids)) - gap - 1}
    exec(f"{reach}\n{side}", scope)
    return scope["near"]


def test_each_side_and_each_reach_equals_pytorch(open_filler):
    page = open_filler()
    reach = page.get_by_role("slider", name="Words seen on a side")
    code = page.locator(".gap-filler pre")
    for side in SIDES:
        choose(page, "A gap sees", side)
        for stop, n in enumerate((0, 1, 2, 4, 8, None)):
            reach.fill(str(stop))
            settle(page)
            filler = GapFiller(SENTENCES[0], hidden=[1, 9], side=side, reach=n)
            agree(page, filler)
            sight = [line_of_sight(page, filler, gap) for gap in filler.gaps]
            assert torch.stack(sight).equal(filler.in_sight)
            assert (f", reach={n})" in code.text_content()) == (n is not None)
    assert "reach" not in code.text_content()


def test_what_no_gap_sees_is_told(open_filler):
    page = open_filler()
    choose(page, "A gap sees", "before")
    page.get_by_role("slider", name="Words seen on a side").fill("1")
    settle(page)
    far = [i for i, label in enumerate(labels(page)) if label.endswith(", out of sight")]
    assert far == [2, 3, 4, 5, 6, 7, 10]
    assert words(page).nth(3).get_attribute("class") == "far"


def test_where_heads_look_is_a_table(open_filler):
    page = open_filler()
    choose(page, "A gap sees", "before")
    rows = cells(page, "Where each head looks")
    filler = GapFiller(side="before", hidden=[1, 9])
    looks = filler.looks.flatten(1, 2).flatten(0, 1)  # (gaps · heads, T)
    assert [row[0] for row in rows[:8]] == ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3"]
    for row, expected in zip(rows, looks, strict=True):
        assert [0 if text == "–" else float(text) for text in row[1:]] == pytest.approx(expected.tolist(), abs=0.0051)
    heads = page.locator(".gap-filler caption").all_inner_texts()
    assert [text.split(".")[0] for text in heads] == ["Query: word 2, [MASK]", "Query: word 10, [MASK]"]


MOVED = """([old, next]) => old.map((_, place) => llmbookGaps.moved(old, next)(place))"""


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("a b c", "a b c", [0, 1, 2]),
        ("a b c", "x a b c", [1, 2, 3]),
        ("a b c", "a x c", [0, None, 2]),
        ("a b c", "a c", [0, None, 1]),
        ("a a a", "a a", [0, 1, None]),
        ("a b c", "", [None, None, None]),
        ("a b c", "a b", [0, 1, None]),
        ("", "a", []),
        ("a b a", "a b a b a", [0, 1, 2]),
    ],
)
def test_a_gap_stays_with_its_word(open_filler, old, new, where):
    assert open_filler(awake=False).evaluate(MOVED, [old.split(), new.split()]) == where


def test_a_gap_stays_with_its_word_while_the_sentence_is_edited(open_filler):
    page = open_filler()
    page.locator(".gap-filler .likeliest button").nth(1).click()
    write(page, f"In fact {SENTENCES[0]}")
    agree(page, GapFiller(f"In fact {SENTENCES[0]}", hidden=[11], put=[(3, "have")]))


def test_more_gaps_than_are_drawn_are_in_the_table(open_filler):
    page = open_filler()
    write(page, " ".join([BLANK] * 20))
    assert page.locator(".gap-filler .gap:visible").count() == 12
    expect(page.locator(".gap-filler .cards + .notice")).to_contain_text("8 more gaps are in the table only.")
    agree(page, GapFiller(" ".join([BLANK] * 20)))


# --- predict, then reveal -----------------------------------------------------------------------------------------


def choices(page: Page):
    return page.get_by_role("group", name="Which word stood in the gap?").get_by_role("button")


def asked(page: Page) -> tuple[str, int]:
    """The question: the sentence, and the place of its hidden word, as they come along with the widget."""
    expect(choices(page)).to_have_count(6)
    start, end = field(page).input_value().split(BLANK)
    (text,) = [one for one in SENTENCES if one.startswith(start) and one.endswith(end)]
    return text, words_of(field(page).input_value()).index(BLANK)


def test_predict_then_reveal_scores_what_was_said(open_filler):
    page = open_filler()
    verdict = page.locator(".gap-filler .verdict")
    named = by_model = 0
    squares = []
    for n, (is_right, sure) in enumerate([(True, "0.9"), (False, "0.9"), (True, ""), (False, "0.3")], start=1):
        page.get_by_role("button", name="Predict, then reveal").click()
        text, place = asked(page)
        assert page.locator(".gap-filler .gap:visible").count() == 0
        assert cells(page, "likeliest words as a table") == []
        assert text not in page.locator(".gap-filler pre").text_content()
        assert page.get_by_label("How sure are you?").input_value() == ""
        filler = GapFiller(text, hidden=[place])
        truth, ((rank, chance),) = filler.words[place], filler.own
        (likely,) = filler.fillings(6)
        offered = choices(page).all_inner_texts()
        assert offered == sorted(offered)
        assert set(offered) == {truth, *[word for word, _ in likely if word != truth][:5]}
        page.get_by_label("How sure are you?").select_option(sure)
        said = truth if is_right else next(word for word in offered if word != truth)
        choices(page).get_by_text(said, exact=True).click()
        named, by_model = named + is_right, by_model + (rank == 1)
        squares += [(float(sure) - is_right) ** 2] if sure else []
        expect(verdict).to_contain_text(f"{'Right' if is_right else 'Not quite'}: “{truth}” stood there.")
        told = f"rank {rank}, chance {chance:.3f}" if chance >= 0.0005 else f"rank {rank}, chance below 0.0005"
        expect(verdict).to_contain_text(told if rank <= 50 else "not among the first fifty")
        expect(verdict).to_contain_text(f"Of {n} you have named {named},")
        assert likely[0][0] in offered
        expect(verdict).to_contain_text(f"and the model {by_model}; its first word is always among yours.")
        of = "this answer" if len(squares) == 1 else f"{len(squares)} answers"
        expect(verdict).to_contain_text(f"Brier score of {of}: {sum(squares) / len(squares):.2f}")
        assert field(page).input_value() == text
        settle(page)
        agree(page, filler)
    page.get_by_role("button", name="Reset").click()
    expect(verdict).to_have_text("")
    settle(page)
    agree(page, GapFiller())


def test_the_answer_can_be_shown_without_a_guess_and_typing_ends_the_question(open_filler):
    page = open_filler()
    page.get_by_role("button", name="Predict, then reveal").click()
    text, place = asked(page)
    page.get_by_role("button", name="Show the answer").click()
    settle(page)
    agree(page, GapFiller(text, hidden=[place]))
    page.get_by_role("button", name="Predict, then reveal").click()
    assert asked(page)[0] != text  # another sentence
    write(page, "Something else ___")
    assert not choices(page).first.is_visible()
    agree(page, GapFiller("Something else ___"))
    page.get_by_role("button", name="Predict, then reveal").click()
    asked(page)
    page.get_by_role("button", name="Reset").click()
    settle(page)
    agree(page, GapFiller())


HIDE = """([sentences, draws]) => draws.map((numbers) => {
  const left = [...numbers];
  return llmbookGaps.hideOne(sentences, sentences[0], () => left.shift());
})"""


def test_any_word_of_any_sentence_can_be_asked_for_and_no_sign(open_filler):
    rng = random.Random(1)
    draws = [[rng.random(), rng.random()] for _ in range(4000)]
    asked = open_filler(awake=False).evaluate(HIDE, [list(SENTENCES), draws])
    for question in asked:
        words, place = words_of(question["text"]), question["place"]
        assert words[place] == question["truth"]
        assert words_of(question["asked"]) == [*words[:place], BLANK, *words[place + 1 :]]
        assert re.fullmatch("[a-z]+", question["truth"])
    expected = {(text, i) for text in SENTENCES[1:] for i, word in enumerate(words_of(text)) if word.isalpha()}
    assert {(question["text"], question["place"]) for question in asked} == expected


def test_what_was_predicted_counts_on_the_page_of_calibration(open_page, site):
    page, seen = open_page(f"{site}/chapters/play/gap-filler.html")
    wake(page)
    for sure in ("0.7", "", "0.3"):
        page.get_by_role("button", name="Predict, then reveal").click()
        text, place = asked(page)
        page.get_by_label("How sure are you?").select_option(sure)
        choices(page).get_by_text(words_of(text)[place], exact=True).click()
    score = (0.3**2 + 0.7**2) / 2
    manners.check_counted(page, site, f"{score:.3f} over 2 first answers, of which 2 were right.")
    assert seen.errors == []


# --- a state that can be had again --------------------------------------------------------------------------------


def test_copied_code_gives_what_is_shown(open_filler):
    page = open_filler()
    write(page, 'A "quoted" \\ text\nof ___ lines 🙂')
    press(page, 1, 5)
    page.locator(".gap-filler .likeliest button").nth(2).click()
    choose(page, "A gap sees", "after")
    page.get_by_role("slider", name="Words seen on a side").fill("3")
    settle(page)
    filler = manners.made_by(manners.copied_code(page), "filler")
    assert filler.text == field(page).input_value()
    assert (filler.side, filler.reach, len(filler.put), len(filler.hidden)) == ("after", 4, 1, 1)
    agree(page, filler)


def test_code_of_a_sentence_without_gaps_has_none(open_filler):
    page = open_filler()
    press(page, 1, 9)
    assert manners.made_by(page.locator(".gap-filler pre").text_content(), "filler").gaps == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_link_restores_the_state(open_filler, folder, address, scheme):
    base = address if scheme == "http" else f"file://{folder}"
    page = open_filler(base=base)
    write(page, 'A link with #, %, & and "quotes" 🙂')
    press(page, 0, 3)
    page.locator(".gap-filler .likeliest button").first.click()
    choose(page, "A gap sees", "after")
    page.get_by_role("slider", name="Words seen on a side").fill("1")
    settle(page)
    filler = manners.made_by(page.locator(".gap-filler pre").text_content(), "filler")
    link = page.get_by_role("link", name="Link to this state").get_attribute("href")
    again = open_filler(base=base, link=link, awake=False)
    assert small_pages.parts_loaded(again) == []
    assert field(again).input_value() == field(page).input_value()
    assert again.locator(".gap-filler .gap:visible").count() == 0  # nobody has computed this yet
    wake(again)
    agree(again, filler)
    page.get_by_role("link", name="Link to this state").click()  # into the page's own address
    press(page, 4)
    page.go_back()
    page.go_forward()
    settle(page)
    agree(page, filler)


LINKS = [
    "#gap_filler=",
    "#gap_filler=%7B",
    "#gap_filler=[1]",
    "#writer={}",
    "#gap_filler="
    + quote(json.dumps({"text": 5, "hidden": ["1", 46, -1], "put": 3, "side": "left", "reach": -1, "stored": {}})),
    "#gap_filler=" + quote(json.dumps({"text": None, "hidden": {"0": 1}, "side": ["both"], "reach": 1.5})),
]


@pytest.mark.parametrize("link", LINKS)
def test_of_a_link_nothing_is_trusted(open_filler, link):
    page = open_filler(link=link)
    agree(page, GapFiller())
    assert page.seen.errors == []


def test_of_a_link_what_can_be_is_taken(open_filler):
    put = [[1, "Eat"], [2, "two words"], ["3", "a"], [46, "a"], 5, None, [4]]
    values = {"text": "we must protect\ud83d", "hidden": [2, 2, 0], "put": put, "reach": None}
    page = open_filler(link="#gap_filler=" + quote(json.dumps(values)))
    assert page.evaluate("([values]) => llmbookGaps.fromLink(values)", [values]) == {
        "text": "we must protect\ufffd",
        "hidden": [0, 2],
        "put": [[1, "eat"]],
        "reach": None,
    }
    agree(page, GapFiller("we must protect\ufffd", hidden=[0, 2], put=[(1, "eat")]))


# --- manners ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", [False, True], ids=["whole", "halves of surrogate pairs"])
def test_no_typed_text_breaks_it(open_filler, half):
    page = open_filler()
    texts, button = odd_texts("y" * (MOST_CHARACTERS + 1)), ".words button"
    typed = manners.type_texts(page, ".gap-filler", texts, half=half, shown=[".notice"], pressed=button)
    assert typed[-1][1].startswith(f"Only the first {MOST_CHARACTERS} of {MOST_CHARACTERS + 1} characters are kept.")
    settle(page)
    write(page, "The ___ end")
    agree(page, GapFiller("The ___ end"))
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


@pytest.mark.parametrize("name", ["plain", "dark"])
def test_it_is_accessible_in_both_themes(open_filler, name):
    page = open_filler(name, dark=name == "dark")
    write(page, "The zebra of the United States")
    press(page, 0, 5)
    choose(page, "A gap sees", "before")
    page.get_by_role("slider", name="Words seen on a side").fill("1")
    manners.unfold(page)
    settle(page)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(choices(page)).to_have_count(6)
    assert violations(page) == []


def test_asleep_it_is_accessible_too(open_filler):
    assert violations(open_filler(awake=False)) == []


def test_the_keyboard_alone_reaches_and_moves_everything(open_filler):
    page = open_filler()
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".gap-filler", field(page))
    words(page).nth(5).focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("document.activeElement.textContent") == MASK  # the button in focus stays
    agree(page, GapFiller(SENTENCES[0], hidden=[1, 5, 9]))
    page.keyboard.press("Space")
    settle(page)
    agree(page, GapFiller())
    page.get_by_role("slider", name="Words seen on a side").focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    agree(page, GapFiller(reach=8, hidden=[1, 9]))
    page.keyboard.press("End")
    page.locator(".gap-filler .likeliest button").nth(1).focus()
    page.keyboard.press("Enter")
    settle(page)
    agree(page, GapFiller(SENTENCES[0], hidden=[9], put=[(1, "have")]))


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_filler):
    page = open_filler()
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(choices(page)).to_have_count(6)
    manners.unfold(page)
    manners.check_named(page, ".gap-filler")


def test_changes_are_spoken(open_filler):
    page = open_filler()
    press(page, 4)
    assert "At word 5 the model says" in page.locator(".gap-filler .sentence").inner_text()
    manners.check_spoken(page, ".gap-filler")


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_works_by_touch(open_filler, width):
    page = open_filler(width=width, touch=True, awake=False)
    words(page).nth(4).tap()
    expect(page.locator(".gap-filler .loading")).to_have_text("", use_inner_text=True, timeout=30_000)
    settle(page)
    agree(page, GapFiller(SENTENCES[0], hidden=[1, 4, 9]))
    text = "🙂" * 20 + "x" * 300 + " the ___ of <b> " * 9
    write(page, text)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    page.locator(".gap-filler .likeliest button").first.tap()
    settle(page)
    assert page.locator(".gap-filler .words .mask").count() == words_of(text).count(BLANK) - 1


def test_bars_are_seen_in_forced_colours(open_filler):
    page = open_filler()
    page.emulate_media(forced_colors="active")
    bar = page.locator(".gap-filler .bar").first
    image = bar.evaluate("(e) => getComputedStyle(e).backgroundImage")
    paper = page.locator(".gap-filler").evaluate("(e) => getComputedStyle(e).backgroundColor")
    colour = re.search(r"rgb\([^)]*\)", image)[0]
    assert colour != paper
    pressed, free = (words(page).nth(n).evaluate("(e) => getComputedStyle(e).borderColor") for n in (1, 2))
    assert (pressed, words(page).nth(1).get_attribute("aria-pressed")) != (free, "false")


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/plain.html", javascript=False)
    assert page.locator("table caption").inner_text().startswith("What bert-speeches puts into the gaps")
    assert page.locator("td").count() == 24


@pytest.mark.parametrize("awake", [False, True])
def test_on_paper_there_is_what_the_reader_has_set(open_filler, awake):
    page = open_filler(awake=awake)
    if awake:
        choose(page, "A gap sees", "after")
    with manners.on_paper(page, ".gap-filler") as paper:
        assert paper.locator("svg").count() == 2
        assert paper.locator("svg").first.bounding_box()["height"] > 50
        assert "that [MASK] been" in paper.locator("p").first.inner_text()
        assert ('side="after"' in paper.locator("pre").inner_text()) == awake
        assert paper.locator("tbody tr").count() == len(
            told(GapFiller(hidden=[1, 9], side="after" if awake else "both"), 6)
        )


@pytest.mark.parametrize("way", WAYS)
def test_one_taken_down_changes_no_more(open_filler, way):
    page = open_filler(awake=False)
    filler = GapFiller()
    traits = {"stored": filler.stored, "opening": filler.opening, **state_of(filler)}
    changes = {"text": ("one ___", "two"), "hidden": ([0], []), "side": ("before", "both"), "reach": (1, None)}
    check_taken_down(page, "llmbookGaps", traits, changes, way)
    assert page.seen.errors == []


# --- size and speed -----------------------------------------------------------------------------------------------


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("gap_filler")) <= 30 * 1024


USE = """async () => {
  const filler = document.querySelector('.gap-filler'), field = filler.querySelector('textarea');
  const cards = filler.querySelector('.cards'), side = filler.querySelector('.controls select');
  field.click();
  const opened = await until(() => filler.querySelector('.loading').innerText === '');
  field.value = 'we ___ the '.repeat(15);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const filled = await until(() => cards.ariaBusy === 'false');
  side.value = 'before';
  side.dispatchEvent(new Event('change', { bubbles: true }));
  const cut = await until(() => cards.ariaBusy === 'false'); // each gap by itself
  return { opened, filled, cut };
}"""


@pytest.mark.alone
@pytest.mark.parametrize("policy", [POLICY, small_pages.NO_WORKER], ids=["worker", "page"])
def test_no_frame_is_blocked_for_long(open_filler, folder, policy):
    """Neither while the model is opened nor while it fills fifteen gaps of the longest sentence."""
    with serve(folder, policy) as base:
        longest, _ = speed.longest_tasks(lambda: open_filler(base=base, awake=False), USE)
    assert longest <= 50


@pytest.mark.alone
def test_the_first_render_is_quick(open_filler):
    assert speed.first_render(lambda: open_filler(awake=False)) <= 250


@pytest.mark.alone
def test_a_slider_move_is_quick(open_filler):
    page = open_filler()
    press(page, 3, 5)
    _, p95 = speed.slider_move(page, ".gap-filler input[type=range]", lambda i: abs((i % 10) - 5), tries=5)
    assert p95 <= 4

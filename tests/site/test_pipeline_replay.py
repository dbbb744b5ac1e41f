"""The replay of pipelines in Chromium: its numbers against the library's, every control, its speed, its manners."""

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
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from llmbook.distributed import bubble, gpipe, interleaved, most_held, one_f_one_b, replay
from llmbook.distributed.schedules import Orders
from llmbook.pages import PipelineReplay
from llmbook.pages.widgets.pipeline_replay import STATE
from llmbook.pages.widgets.replayed import (
    EQUAL,
    PARTS,
    SCHEDULES,
    TITLES,
    end_of,
    exchanged,
    fitting,
    lengths_of,
    measured_runs,
    refusal,
    schedule_of,
)

CLOSE = 1e-9  # the same steps in float64 on both sides; only sums go in another order
RUNS = measured_runs()["runs"]
MADE = {"gpipe": gpipe, "1f1b": one_f_one_b}
PAGES = {
    "opening": PipelineReplay(),
    "run": PipelineReplay(run="1F1B", swaps=[(0, 1), (2, 6)], rank=2, place=7),
    "halves": PipelineReplay(schedule="interleaved", micros=16, rank=3, place=40),
    "two": PipelineReplay(run=next(iter(RUNS)), ranks=2, micros=16, schedule="gpipe", rank=1, place=31),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one replay and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("pipelines"), "pipeline_replay")
    small_pages.write_pages(folder, {name: [lab] for name, lab in PAGES.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(".pipeline-replay", "opening")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#pipeline_replay={quote(json.dumps(values))}"


def state_of(lab: PipelineReplay) -> dict:
    return {name: getattr(lab, name) for name in STATE}


READ = """([source, state]) => {
  const { now, measured, p, m, formula, orders } = llmbookPipelines.read(source, state);
  const spans = (trace) => trace.map((row) => row.map(({ kind, stage, micro, start, end }) =>
    [kind, stage, micro, start, end]));
  return { p, m, formula, orders: orders.map((row) => row.map(({ kind, stage, micro }) => [kind, stage, micro])),
    trace: spans(now.trace), measured: measured ? spans(measured.trace) : [], bubble: now.bubble, whole: now.whole,
    idle: now.idle, held: now.held };
}"""


def agree(page: Page, lab: PipelineReplay) -> None:
    """All that the front end computes of a state is what the library computes of it."""
    found = page.evaluate(READ, [lab.source, state_of(lab)])
    assert (found["p"], found["m"], found["held"]) == (lab.p, lab.m, lab.held)
    assert found["orders"] == [[list(action) for action in row] for row in lab.orders]
    assert found["measured"] == [[list(span) for span in row] for row in lab.measured]
    for shown, row in zip(found["trace"], lab.trace, strict=True):
        assert [span[:3] for span in shown] == [list(span[:3]) for span in row]
        for side in (3, 4):
            assert [span[side] for span in shown] == pytest.approx([span[side] for span in row], abs=CLOSE)
    for name in ("bubble", "whole", "formula", "idle"):
        assert found[name] == pytest.approx(getattr(lab, name), abs=CLOSE), name


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_core_equals_the_library_on_every_size(open_lab, schedule):
    page = open_lab()
    for ranks in range(2, 7):
        for micros in range(1, 17):
            agree(page, PipelineReplay(schedule=schedule, ranks=ranks, micros=micros))


@pytest.mark.parametrize("run", RUNS)
def test_the_core_equals_the_library_on_every_run(open_lab, run):
    page = open_lab()
    for schedule in SCHEDULES:
        for micros in (1, 5, 8, 13, 16):
            agree(page, PipelineReplay(schedule=schedule, run=run, micros=micros))


def random_moves(rng: random.Random, orders: Orders, count: int) -> tuple[list, list]:
    """Moves that can be made one after the other, and each that was tried with what was said of it."""
    made, tried = [], []
    for _ in range(count):
        rank = rng.randrange(len(orders))
        place = rng.randrange(len(orders[rank]) - 1)
        told = refusal(orders, rank, place)
        tried.append(([[list(action) for action in row] for row in orders], rank, place, told))
        if not told:
            orders = exchanged(orders, rank, place)
            made.append([rank, place])
    return made, tried


REFUSALS = """(all) => all.map(([orders, rank, place]) => llmbookPipelines.refusal(
  orders.map((row) => row.map(([kind, stage, micro]) => ({ kind, stage, micro }))), rank, place))"""


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_random_moves_are_made_or_refused_as_the_library_does(open_lab, schedule):
    page, rng = open_lab(), random.Random(0)
    said = set()
    for _ in range(12):
        ranks = rng.randint(2, 4)
        micros = fitting(schedule, ranks, rng.randint(1, 5))
        made, tried = random_moves(rng, schedule_of(schedule, ranks, micros), 60)
        found = page.evaluate(REFUSALS, [one[:3] for one in tried])
        assert found == [told for *_, told in tried]
        said |= {told.split(" ")[0][0] if told else "" for told in found}
        agree(page, PipelineReplay(schedule=schedule, ranks=ranks, micros=micros, swaps=made))
    assert said == {"", "B", "T"}  # made; a backward before its forward; nobody can go on


@pytest.mark.parametrize(
    ("old", "new", "schedules"),
    [
        ("Math.min(", "Math.max(", ["1f1b", "interleaved"]),  # how many forwards go ahead
        (".reverse()", "", ["gpipe"]),  # the last micro-batch's backward first
        ("?.end??0", "?.start??0", list(SCHEDULES)),  # a rank is free only at its action's end
        ("?1:-1", "?1:0", ["1f1b", "interleaved"]),  # a backward gives back what its forward kept
    ],
)
def test_a_wrong_core_is_noticed(open_lab, old, new, schedules):
    """The canaries, each in the core's own part of the script."""
    page = open_lab()
    script = small_pages.TESTING.read_text(encoding="utf-8")
    start = script.index('["gpipe","1f1b","interleaved"]')
    assert old in script[start:]
    page.evaluate(script[:start] + script[start:].replace(old, new, 1))
    broken = []
    for schedule in SCHEDULES:
        try:
            for micros in (2, 8):
                agree(page, PipelineReplay(schedule=schedule, micros=micros))
        except (AssertionError, ValueError, PageError):
            broken.append(schedule)
    assert broken == schedules


def python_of(page: Page) -> PipelineReplay:
    """The replay that the copied code makes."""
    return manners.made_by(page.locator("pre").text_content().rsplit("\n", 1)[0], "lab")


def table_of(page: Page, title: str) -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("tbody tr").first.wait_for()
    return part.locator("tbody tr").evaluate_all(
        "(all) => all.map((row) => [...row.children].map((e) => e.textContent))"
    )


def number(text: str) -> float:
    return float(re.sub("[%, ]|halves", "", text))


BOXES = """(svg) => Object.fromEntries(['forward', 'backward', 'needs'].map((name) => [name,
  [...svg.querySelectorAll(`.${name}`)].map((path) => (path.getAttribute('d') ?? '').split('z').filter(Boolean)
    .map((box) => box.match(/[\\d.]+/g).map(Number)))]))"""


def shows(page: Page, lab: PipelineReplay) -> None:
    """Sentence, counters and pictures are the library's, to the digits shown."""
    page.wait_for_timeout(20)
    half = 0.00501
    said = page.locator(".sentence").inner_text()
    assert said.startswith(TITLES[lab.schedule][0].upper() + TITLES[lab.schedule][1:])
    assert float(re.search(r"done after ([\d.]+)", said)[1]) == pytest.approx(lab.whole, abs=half)
    assert float(re.search(r"The bubble is ([\d.]+) %", said)[1]) == pytest.approx(100 * lab.bubble, abs=half)
    assert float(re.search(r"= ([\d.]+) % for equal", said)[1]) == pytest.approx(100 * lab.formula, abs=half)
    most = max(lab.held)
    assert f"Most is held on rank {lab.held.index(most)}: {most} " in said
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(".counters tbody tr:visible").all()]
    assert [row[0] for row in rows] == [*map(str, range(lab.p)), "all"]
    assert [number(row[1]) for row in rows] == pytest.approx([100 * x for x in (*lab.idle, lab.bubble)], abs=half)
    assert [number(row[2]) for row in rows] == [*lab.held, most]
    assert all(("halves" in row[2]) == (lab.schedule == "interleaved") for row in rows)
    if lab.measured:
        assert number(rows[-1][3]) == pytest.approx(100 * bubble(lab.measured), abs=half)
        compared = page.locator(".compared").inner_text()
        assert f"bubble {100 * bubble(lab.measured):.2f} %" in compared
        assert float(re.search(r": ([\d.]+) ms, bubble", compared)[1]) == pytest.approx(end_of(lab.measured), abs=half)
        check_picture(page, lab, 0, lab.measured)
    else:
        assert {row[3] for row in rows} == {"–"}
    check_picture(page, lab, 1, lab.trace)


def check_picture(page: Page, lab: PipelineReplay, place: int, trace: list) -> None:
    """Each box is where its action is, in its colour, with its letter where there is room."""
    picture = page.locator("svg.timetable").nth(place)
    found = picture.evaluate(BOXES)
    lengths = [length for (kind, *_), length in lab.lengths.items() if kind == "F"]
    scale = 19 * len(lengths) / sum(lengths)
    for name, kind in (("forward", "F"), ("backward", "B")):
        for later, boxes in enumerate(found[name]):
            spans = [
                (rank, s)
                for rank, row in enumerate(trace)
                for s in row
                if s.kind == kind and (s.stage >= lab.p) == bool(later)
            ]
            assert len(boxes) == len(spans)
            for (left, top, right, *_), (rank, span) in zip(boxes, spans, strict=True):
                assert top == 6 + 24 * rank
                assert (left, right) == pytest.approx((46 + scale * span.start, 46 + scale * span.end), abs=0.06)
    letters = picture.locator(".letters text").evaluate_all(
        "(all) => all.filter((e) => e.getAttribute('visibility') !== 'hidden').map((e) => e.textContent)"
    )
    wide = [
        f"{s.kind}{s.micro}"
        for row in trace
        for s in row
        if (s.end - s.start) * scale >= 6.2 * len(f"{s.kind}{s.micro}") - 1e-6
    ]
    assert letters == wide


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_slider_over_its_range(open_lab, schedule):
    page = open_lab()
    page.get_by_role("combobox", name="Schedule").select_option(schedule)
    for ranks in range(2, 7):
        page.get_by_role("slider", name="Ranks").fill(str(ranks))
        slider = page.get_by_role("slider", name="Micro-batches")
        low, high, step = (int(slider.get_attribute(name)) for name in ("min", "max", "step"))
        assert (low, step) == ((ranks, ranks) if schedule == "interleaved" else (1, 1))
        for micros in {low, low + step, high}:
            slider.fill(str(micros))
            lab = python_of(page)
            assert (lab.schedule, lab.ranks, lab.micros, lab.m) == (schedule, ranks, micros, micros)
            shows(page, lab)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_opens_in_its_own_order(open_lab, run):
    page = open_lab()
    page.get_by_role("combobox", name="Lengths").select_option(run)
    lab = python_of(page)
    kept = RUNS[run]
    assert (lab.run, lab.p, lab.m) == (run, kept["p"], kept["m"])
    assert [[s[:3] for s in row] for row in lab.trace] == [[s[:3] for s in row] for row in lab.measured]
    assert lab.schedule == ("interleaved" if kept["v"] > 1 else run.split(",")[0].lower())
    shows(page, lab)
    assert not page.get_by_role("slider", name="Ranks").is_visible()
    page.get_by_role("combobox", name="Lengths").select_option(EQUAL)
    assert python_of(page).ranks == kept["p"]
    expect(page.locator("svg.timetable").first).not_to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_the_lines_of_the_controls_make_the_trace(open_lab, name):
    page, lab = open_lab(name), PAGES[name]
    scope = {"replay": replay, "lengths_of": lengths_of, "runs": RUNS, "interleaved": interleaved}
    scope |= {"gpipe": gpipe, "one_f_one_b": one_f_one_b}
    lines = {
        control: page.locator(".control", has_text=control).locator("code").first.text_content()
        for control in ("Ranks", "Micro-batches", "Schedule", "Earlier", "Lengths")
    }
    for line in lines.values():
        exec(line, scope)
    assert scope["orders"] == lab.orders
    assert bubble(scope["trace"]) == pytest.approx(lab.bubble, abs=1e-12)
    assert [most_held(row) for row in scope["orders"]] == lab.held


def told(page: Page) -> str:
    return page.locator(".notice.chosen").inner_text()


@pytest.mark.parametrize("name", PAGES)
def test_the_chosen_action_is_told(open_lab, name):
    page, lab = open_lab(name), PAGES[name]
    span = lab.trace[lab.rank][lab.place]
    text = told(page)
    start, end = (float(text) for text in re.search(r"from ([\d.]+) to ([\d.]+)", text).groups())
    assert (start, end) == pytest.approx((span.start, span.end), abs=0.00501)
    assert text.startswith(f"{span.kind}{span.micro}")
    assert f"on rank {lab.rank}, {lab.place + 1} of {len(lab.trace[0])}" in text
    free = lab.trace[lab.rank][lab.place - 1].end if lab.place else 0
    assert ("did not wait" in text) == (span.start - free < 1e-9)
    assert page.locator("svg.timetable").nth(1).locator(".active").is_visible()
    assert page.get_by_role("gridcell").text_content() == text


@pytest.mark.parametrize("name", PAGES)
def test_the_timetable_as_a_table(open_lab, name):
    page, lab = open_lab(name), PAGES[name]
    titles = {"The timetable as a table": lab.trace, "The measured trace as a table": lab.measured}
    for title, trace in titles.items():
        if not trace:
            part = page.locator("details", has_text=title)
            part.locator("summary").click()
            expect(part).to_contain_text("Choose measured lengths first.")
            continue
        spans = [(rank, span) for rank, row in enumerate(trace) for span in row]
        for row, (rank, span) in zip(table_of(page, title), spans, strict=True):
            assert row[0].split(" ")[0] == f"{span.kind}{span.micro}"
            assert ("of stage" in row[0]) == (lab.schedule == "interleaved")
            assert int(row[1]) == rank
            assert [number(row[2]), number(row[3])] == pytest.approx([span.start, span.end], abs=0.00501)


def test_keys_choose_and_move(open_lab):
    page = open_lab(link=link(schedule="gpipe", ranks=2, micros=2))
    grid = page.get_by_role("grid")
    grid.focus()
    for key, start in [("ArrowDown", "F0 on rank 1, 1"), ("ArrowRight", "F1 on rank 1, 2"), ("End", "B0 on rank 1, 4"),
                       ("ArrowUp", "B0 on rank 0, 4"), ("Home", "F0 on rank 0, 1"), ("ArrowLeft", "F0 on rank 0, 1"),
                       ("End", "B0 on rank 0, 4"), ("ArrowDown", "B0 on rank 1, 4")]:  # fmt: skip
        page.keyboard.press(key)
        expect(page.locator(".notice.chosen")).to_contain_text(start)
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".notice.chosen")).to_contain_text("B0 on rank 1, 2")
    lab = python_of(page)
    assert (lab.swaps, lab.place, lab.held) == ([[1, 2], [1, 1]], 1, [2, 1])
    shows(page, lab)
    assert "2 moves of yours" in page.locator(".sentence").inner_text()
    assert "33.33 % before your moves" in page.locator(".sentence").inner_text()
    page.keyboard.press("Shift+ArrowLeft")
    refused = page.locator(".refused")
    expect(refused).to_have_text("Refused. B0 needs what F0 kept here, and cannot come before it.")
    assert python_of(page).swaps == [[1, 2], [1, 1]]
    page.keyboard.press("Shift+ArrowRight")  # back again: a move less
    expect(refused).to_have_text("")
    assert python_of(page).swaps == [[1, 2]]


def test_buttons_move_and_say_why_not(open_lab):
    page = open_lab(link=link(schedule="gpipe", ranks=2, micros=2, rank=0, place=3))
    earlier, later = (page.get_by_role("button", name=name, exact=True) for name in ("Earlier", "Later"))
    refused = page.locator(".refused")
    later.click()
    expect(refused).to_have_text("Refused. It is the last already.")
    earlier.click()
    expect(refused).to_have_text("")
    assert python_of(page).swaps == [[0, 2]]
    earlier.click()
    said = "Refused. Then nobody can go on: rank 0 waits with B0 of stage 0 for B0 of stage 1; rank 1 waits with F1"
    expect(refused).to_contain_text(said)
    assert python_of(page).swaps == [[0, 2]]
    page.get_by_role("button", name="Undo a move").click()
    expect(refused).to_have_text("")
    lab = python_of(page)
    assert (lab.swaps, lab.rank, lab.place) == ([], 0, 2)
    page.get_by_role("grid").press("Home")
    earlier.click()
    expect(refused).to_have_text("Refused. It is the first already.")
    page.get_by_role("button", name="Undo a move").click()
    assert python_of(page).swaps == []


def test_what_cannot_stay_when_sizes_change_is_dropped(open_lab):
    page = open_lab()
    for name, value in (("Micro-batches", "5"), ("Ranks", "3")):
        page.get_by_role("grid").press("ArrowRight")
        page.get_by_role("button", name="Later", exact=True).click()
        assert len(python_of(page).swaps) >= 1
        page.get_by_role("slider", name=name).fill(value)
        assert python_of(page).swaps == []


def test_no_more_moves_than_are_kept(open_lab):
    swaps = [[0, 0], [0, 1], [0, 0], [0, 1], [0, 0], [0, 1]] * 16 + [[0, 0], [0, 1], [0, 0], [0, 1]]
    page = open_lab(link=link(swaps=swaps, schedule="gpipe", place=4))
    assert len(python_of(page).swaps) == 100
    page.get_by_role("button", name="Later", exact=True).click()
    expect(page.locator(".refused")).to_have_text("Refused. No more than 100 moves are kept.")


def test_a_click_chooses_an_action(open_lab):
    page = open_lab()
    page.get_by_role("grid").click(position={"x": 46 + 19 * 11, "y": 6 + 24 * 1 + 8})
    expect(page.locator(".notice.chosen")).to_contain_text("F3 on rank 1, 5 of 16")
    page.get_by_role("grid").click(position={"x": 46 + 19 * 7, "y": 6 + 8})  # where rank 0 waits
    assert python_of(page).place == 4


def test_a_link_brings_the_state_back(open_lab):
    page = open_lab("run")
    page.get_by_role("grid").press("ArrowRight")
    page.get_by_role("button", name="Later", exact=True).click()
    code, anchor = page.locator("pre").text_content(), page.get_by_role("link", name="Link to this state")
    anchor.click()  # the page's own address has it now
    for name in PAGES:  # whatever that page opens with
        again = open_lab(name, link=page.evaluate("location.hash"))
        assert again.locator("pre").text_content() == code
        assert again.seen.errors == []
    other = open_lab()
    other.evaluate("(hash) => { location.hash = hash; }", anchor.get_attribute("href"))  # pasted into an open page
    expect(other.locator("pre")).to_have_text(code)


ODD_LINKS = [
    link(schedule="zero", ranks=1, micros=0, run="none", swaps=[[0]], rank=-1, place=0.5),
    link(schedule=["1f1b"], ranks="4", micros=True, run=None, swaps="01", rank="0", place=None),
    link(schedule="__proto__", ranks=1e300, micros=17, run=7, swaps=[[3, 0]], rank=99, place=99),
    link(run="<img src=x onerror=window.hacked=1>", swaps=[[0, 15]]),
    link(run="__proto__", swaps=[[0, 1]] * 101),
    link(run="constructor", swaps=[[0, 1], [9, 9]]),
    link(swaps=[[5, 0]]),
    "#pipeline_replay=%F0%9F",
    "#pipeline_replay=[1, 2]",
    "#pipeline_replay={",
    "#pipeline_replay=null",
    "#pipeline_replay=",
    link(schedule="gpipe").replace("pipeline_replay", "other"),
]


@pytest.mark.parametrize("query", ODD_LINKS)
def test_what_cannot_be_in_a_link_is_left_out(open_lab, query):
    page = open_lab(link=query)
    lab = python_of(page)  # Python would refuse what cannot be
    assert state_of(lab) == state_of(PAGES["opening"])
    shows(page, lab)
    assert page.seen.errors == []
    assert page.evaluate("window.hacked") is None


def asked(page: Page) -> tuple[str, PipelineReplay, PipelineReplay]:
    """What is asked, and the two that the sentence asks about."""
    said = page.locator(".sentence").inner_text()
    out = []
    for setting in re.search(r"A: (.*)\. B: (.*)\.$", said).groups():
        title, ranks, micros = re.fullmatch(r"(.*), (\d) ranks, (\d+) micro-batch(?:es)?", setting).groups()
        schedule = next(name for name, known in TITLES.items() if known == title)
        out.append(PipelineReplay(schedule=schedule, ranks=int(ranks), micros=int(micros)))
    return "bubble" if "larger bubble" in said else "held", out[0], out[1]


def value_of(measure: str, lab: PipelineReplay) -> float:
    return lab.bubble if measure == "bubble" else max(lab.held) / (PARTS if lab.schedule == "interleaved" else 1)


def test_predict_then_reveal_scores_with_the_readers_confidence(open_lab):
    page = open_lab()
    toggle, status = page.get_by_role("button", name="Predict, then reveal"), page.locator(".verdict")
    page.evaluate("() => { let n = 7; Math.random = () => (n = (n * 16807) % 2147483647) / 2147483647; }")
    outcomes, answers, measures = [], set(), set()
    for _ in range(14):
        toggle.click()
        measure, a, b = asked(page)
        one, other = value_of(measure, a), value_of(measure, b)
        assert abs(one - other) < 1e-9 or abs(one - other) > 0.02 * max(one, other)
        assert set(page.locator(".counters tbody td:visible").all_inner_texts()) == {"?"}
        assert not page.locator("svg.timetable").nth(1).is_visible()
        page.get_by_label("How sure are you?").select_option("0.9")
        page.get_by_role("button", name="The same", exact=True).click()
        right = abs(one - other) < 1e-9
        outcomes.append(right)
        answers.add("same" if right else one > other)
        measures.add(measure)
        said = status.inner_text()
        assert said.startswith("Right: " if right else "Wrong: ")
        found = re.search(r"of A is ([\d.]+) %, of B ([\d.]+) %" if measure == "bubble" else
                          r"A holds ([\d.]+) at most, B ([\d.]+)\. ", said).groups()  # fmt: skip
        factor = 100 if measure == "bubble" else 1
        assert [float(text) for text in found] == pytest.approx([factor * one, factor * other], abs=0.00501)
        brier = sum((0.9 - right) ** 2 for right in outcomes) / len(outcomes)
        assert f"{brier:.2f} (0 is best" in said
        expect(toggle).to_be_focused()
        lab = python_of(page)
        assert value_of(measure, lab) == pytest.approx(max(one, other), abs=1e-9)  # the larger one can be looked at
        shows(page, lab)
    assert answers == {"same", True, False}
    assert measures == {"bubble", "held"}
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).pipeline_replay.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.9, "right": right} for right in outcomes]


@pytest.mark.parametrize("answer", ["A", "B"])
def test_each_answer_is_judged(open_lab, answer):
    page = open_lab()
    page.evaluate("() => { let n = 9; Math.random = () => (n = (n * 16807) % 2147483647) / 2147483647; }")
    verdicts = set()
    for _ in range(10):
        page.get_by_role("button", name="Predict, then reveal").click()
        measure, a, b = asked(page)
        difference = value_of(measure, a) - value_of(measure, b)
        page.get_by_role("button", name=answer, exact=True).click()
        right = (difference > 1e-9) if answer == "A" else (difference < -1e-9)
        assert page.locator(".verdict").inner_text().startswith("Right: " if right else "Wrong: ")
        verdicts.add(right)
    assert verdicts == {True, False}
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None  # not said how sure: nothing is counted


def test_all_stays_hidden_while_a_question_waits(open_lab):
    page = open_lab("run")
    manners.unfold(page)
    page.get_by_role("button", name="Predict, then reveal").click()
    for micros in ("3", "9"):
        page.get_by_role("slider", name="Micro-batches").fill(micros)
        page.wait_for_timeout(20)
        assert set(page.locator(".counters tbody td:visible").all_inner_texts()) == {"?"}
        assert page.locator("svg.timetable:visible").count() == 0
        assert told(page) == ""
        assert not page.locator(".compared").is_visible()
        assert page.locator("details", has_text="The timetable as a table").inner_text().endswith("Answer first.")
    page.get_by_role("button", name="Show the answer").click()
    assert re.match(r"the bubble of A is|A holds", page.locator(".verdict").inner_text())
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None  # given up: nothing is counted
    assert "?" not in page.locator(".counters").inner_text()


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab("run")
    state = """() => { const copy = document.querySelector('.pipeline-replay').cloneNode(true);
      copy.querySelectorAll('[visibility=hidden], tr[hidden]').forEach((e) => e.remove());
      copy.querySelectorAll('.letters > g:empty').forEach((e) => e.remove());
      return copy.innerHTML.replace(/(sure|cell)-\\w+/g, ''); }"""
    values = "() => [...document.querySelectorAll('.pipeline-replay :is(input, select)')].map((e) => e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_role("combobox", name="Lengths").select_option(EQUAL)
    page.get_by_role("combobox", name="Schedule").select_option("gpipe")
    page.get_by_role("slider", name="Ranks").fill("6")
    page.get_by_role("button", name="Earlier").click()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="A", exact=True).click()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    assert (page.evaluate(state), page.evaluate(values)) == opening


def test_the_keyboard_alone_reaches_everything(open_lab):
    page = open_lab("run")
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".pipeline-replay", page.get_by_role("button", name="Predict, then reveal"))
    page.get_by_role("slider", name="Micro-batches").focus()
    page.keyboard.press("ArrowRight")
    assert python_of(page).micros == 9


def test_keys_bring_an_action_into_sight(open_lab):
    page = open_lab("halves", width=390)
    page.get_by_role("grid").focus()
    for key in ("End", "Home"):
        page.keyboard.press(key)
        page.wait_for_timeout(50)
        box, region = (page.locator(f".pictures {name}").bounding_box() for name in (".times .active", ".scroll"))
        assert region["x"] - 1 <= box["x"] < box["x"] + box["width"] <= region["x"] + region["width"] + 1


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab("run")
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.check_named(page, ".pipeline-replay")


def test_changes_are_spoken(open_lab):
    page = open_lab()
    page.get_by_role("combobox", name="Schedule").select_option("gpipe")
    manners.check_spoken(page, ".pipeline-replay")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["opening", "run"])
def test_no_rule_of_access_is_broken(open_lab, name, dark):
    page = open_lab(name, dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    assert violations(page) == []


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("name", ["run", "halves"])
def test_a_phone_works_by_touch(open_lab, name, width):
    page = open_lab(name, width=width, touch=True)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    page.get_by_role("grid").tap(position={"x": 46 + 9, "y": 6 + 8})
    expect(page.get_by_role("gridcell")).to_contain_text("F0")
    page.get_by_role("button", name="Later", exact=True).tap()
    assert [0, 0] in python_of(page).swaps
    letters = page.evaluate(
        """() => [...document.querySelectorAll('.times text')]
          .map((text) => parseFloat(getComputedStyle(text).fontSize))"""
    )
    assert min(letters) >= 9


def test_letters_stay_in_their_boxes(open_lab):
    page = open_lab("halves")
    over = page.evaluate(
        """() => [...document.querySelectorAll('.times .letters text')]
          .filter((e) => e.checkVisibility() && e.getComputedTextLength() > (e.textContent[0] === 'F' ? 19.5 : 38.5))
          .map((e) => [e.textContent, e.getComputedTextLength()])"""
    )
    assert over == []


def test_the_pictures_are_seen_under_forced_colours(open_lab):
    page = open_lab("halves")
    page.emulate_media(forced_colors="active")
    ground = page.evaluate("getComputedStyle(document.querySelector('.pipeline-replay')).backgroundColor")
    looks = page.evaluate(
        """() => ['rows', 'forward', 'backward', 'active', 'needs', 'letters'].map((name) => {
          const style = getComputedStyle(document.querySelector(`.times .${name}`));
          return style[name === 'letters' ? 'fill' : 'stroke']; })"""
    )
    assert all(look not in ("none", ground) for look in looks), looks


def test_nothing_moves(open_lab):
    """Whoever asks for less motion has nothing to be spared."""
    page = open_lab("run")
    moving = """() => [...document.querySelectorAll('.pipeline-replay *')].map((e) => getComputedStyle(e))
      .filter((s) => s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0 ||
        s.scrollBehavior === 'smooth').length"""
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Later", exact=True).click()
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("name", PAGES)
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    page = open_lab(name)
    page.get_by_role("grid").press("End")
    lab = python_of(page)
    with manners.on_paper(page, ".pipeline-replay") as paper:
        cells = paper.locator("tbody td").all_inner_texts()
        expected = [100 * x for x in (*lab.idle, lab.bubble)]
        assert [number(cell) for cell in cells[::3]] == pytest.approx(expected, abs=0.00501)
        assert [number(cell) for cell in cells[1::3]] == [*lab.held, max(lab.held)]
        assert page.locator(".sentence").text_content() in paper.locator("p").first.inner_text()
        assert paper.locator("svg").count() == (2 if lab.measured else 1)
        for picture in paper.locator("svg").all():  # all of it, however long
            assert picture.bounding_box()["width"] <= 17 / 2.54 * 96 + 1
            until = max(span.end for trace in (lab.trace, lab.measured) for row in trace for span in row)
            wide = float(picture.get_attribute("viewBox").split()[2])
            lengths = [length for (kind, *_), length in lab.lengths.items() if kind == "F"]
            assert wide >= 46 + 19 * until * len(lengths) / sum(lengths)
        assert f"place={lab.place}" in paper.locator("pre").inner_text()


def test_the_first_click_copies_the_code(open_lab):
    page = open_lab("run")
    code = manners.copied_code(page)
    assert code == page.locator("pre").inner_text()
    assert repr(manners.made_by(code, "lab")) == repr(PAGES["run"])


@pytest.mark.parametrize("way", WAYS)
def test_a_replay_taken_down_changes_no_more(open_lab, way):
    page, lab = open_lab(), PipelineReplay()
    traits = {"source": lab.source, **state_of(lab)}
    check_taken_down(page, "llmbookPipelineReplay", traits, {"micros": (5, 6)}, way)
    assert page.seen.errors == []


def test_without_a_page_there_is_no_link(open_lab):
    """In a notebook the address is the notebook's."""
    page, lab = open_lab(), PipelineReplay()
    page.evaluate(
        """(values) => {
          const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {}, send() {} };
          const el = document.body.appendChild(document.createElement('div'));
          el.id = 'notebook';
          llmbookPipelineReplay.render({ model, el });
        }""",
        {"source": lab.source, **state_of(lab)},
    )
    assert page.locator("#notebook .pipeline-replay button", has_text="Reset").count() == 1
    assert page.locator("#notebook .pipeline-replay a").count() == 0


MICROS = ".pipeline-replay input[aria-label='Micro-batches']"
REPLACED = """async (selector) => {
  const lab = document.querySelector('.pipeline-replay'), input = document.querySelector(selector);
  const seen = { childList: 0, anew: 0, texts: 0 };
  const move = async (value) => {
    input.value = String(value);
    input.dispatchEvent(new Event('input'));
    await new Promise((done) => setTimeout(done));
  };
  await move(16); // all the letters there can be
  new MutationObserver((all) => all.forEach(({ type, target, attributeName, oldValue }) => {
    if ((target.closest ? target : target.parentElement)?.closest('[aria-live]')) return;
    if (type === 'childList') seen.childList++;
    else if (type === 'characterData') seen.texts++;
    else if (target.getAttribute(attributeName) === oldValue) seen.anew++;
  })).observe(lab, { subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true });
  for (let i = 0; i < 14; i++) await move(4 + (i % 7));
  return seen;
}"""


def test_a_slider_move_changes_texts_and_replaces_nothing(open_lab):
    seen = open_lab().evaluate(REPLACED, MICROS)
    assert (seen["childList"], seen["anew"]) == (0, 0)
    assert seen["texts"] > 13 * 10


@pytest.mark.alone
@pytest.mark.parametrize("name", ["opening", "run", "halves"])
def test_a_slider_move_is_quick(open_lab, name, record_property):
    page = open_lab(name)
    step = int(page.locator(MICROS).get_attribute("step"))
    there_and_back = [*range(step, 16, step), *range(16, step, -step)]
    moves = speed.slider_move(page, MICROS, lambda i: there_and_back[i % len(there_and_back)])
    record_property("move_ms", moves)
    assert moves[1] <= 4


@pytest.mark.alone
def test_the_first_render_is_quick(open_lab):
    assert speed.first_render(lambda: open_lab("run")) <= 250


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("pipeline_replay")) <= 16 * 1024


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/run.html", javascript=False)
    assert "by the formula 27.27 %" in page.locator("table caption").inner_text()
    assert page.locator("td").count() == 12


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(link=link(schedule="gpipe", micros=5), base=f"file://{folder}")
    shows(page, PipelineReplay(schedule="gpipe", micros=5))
    manners.check_quiet(page)


def test_one_that_cannot_start_leaves_its_table(open_page, folder):
    good = PipelineReplay().to_html()
    page = manners.open_beside_broken(open_page, folder, good, good.replace('"runs":', '"runners":'))
    for lab in page.locator(".pipeline-replay").all():
        lab.get_by_role("slider", name="Micro-batches").fill("2")
        expect(lab.locator("pre")).to_contain_text("micros=2")
    assert len(page.seen.errors) == 1

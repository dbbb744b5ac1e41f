"""The graphs there and back in Chromium: numbers and counts against the library's tape and autograd, every control."""

import itertools
import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import manners
import pytest
import small_pages
import speed
import torch
import torch.nn.functional as F
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from llmbook.pages import BackpropGraph
from llmbook.pages.widgets.backprop_graph import STATE, TITLES
from llmbook.pages.widgets.small_graphs import GRAPHS, OPENING, inside, nodes_of

CLOSE = 1e-9  # of numbers up to 4^16; tanh, exp and log may differ in their last digit
ROOT = ".backprop-graph"

PAGES = {
    "opening": BackpropGraph(),
    "softmax": BackpropGraph(graph="softmax", softmax=(1.2, -0.4, 3.0), checkpoints=True, keep=["e1", "s3"], step=14),
    "chain": BackpropGraph(graph="chain", checkpoints=True, keep=["x4", "x8", "x12"], step=24),
    "end": BackpropGraph(graph="chain", chain=(-1.0, 1.1), n=9, step=48),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Each page with one graph and nothing else."""
    folder = small_pages.lay_out(tmp_path_factory.mktemp("graphs"), "backprop_graph")
    small_pages.write_pages(folder, {name: [lab] for name, lab in PAGES.items()})
    return folder


@pytest.fixture
def open_lab(opener) -> Callable[..., Page]:
    return opener(ROOT, "opening")


def link(**values) -> str:
    """The end of an address that has these settings."""
    return f"#backprop_graph={quote(json.dumps(values))}"


def state_of(lab: BackpropGraph) -> dict:
    return {name: getattr(lab, name) for name in STATE}


def low(name: str) -> str:
    """The name with its number below the line, as the page writes it."""
    return name.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def number(text: str) -> float:
    return float(text.strip("()").replace("−", "-"))


def is_close(text: str, value: float) -> bool:
    """To the digits shown: four, or those before a power of ten."""
    decimals = len(text.split("e")[0].partition(".")[2]) if "e" in text else 3
    return number(text) == pytest.approx(value, rel=0.51 * 10**-decimals, abs=0)


# --- the numbers are the library's ------------------------------------------------------------------------------

READ = """([source, state]) => {
  const { values, all, gradients, steps, happened, soFar, inAll } = llmbookBackprop.read(source, state);
  const told = steps.map(({ kind, place, held, most }) => [kind, place, [...held].sort((a, b) => a - b), most]);
  return { values: [...values], all, gradients, steps: told, done: happened.length, soFar, inAll };
}"""


def agree(page: Page, lab: BackpropGraph) -> None:
    """All that the front end computes and counts of a state is what the library's tape does."""
    found = page.evaluate(READ, [lab.source, state_of(lab)])
    assert found["values"] == pytest.approx([*lab.values.values()], rel=CLOSE, abs=CLOSE)
    assert found["all"] == pytest.approx([*lab.gradients.values()], rel=CLOSE, abs=CLOSE)
    assert found["steps"] == [[step.kind, step.place, sorted(step.held), step.most] for step in lab.steps]
    assert found["done"] == len(lab.happened)
    assert found["inAll"] == {"now": 0, "most": lab.peak, "again": lab.recomputed}
    assert found["soFar"] == {
        "now": len(lab.held),
        "most": max((step.most for step in lab.happened), default=0),
        "again": sum(step.kind == "again" for step in lab.happened),
    }


def random_labs(count: int) -> list[BackpropGraph]:
    rng = random.Random(0)
    labs = []
    for _ in range(count):
        graph, n = rng.choice(list(GRAPHS)), rng.randint(2, 16)
        given = {name: [rng.uniform(-4, 4) for _ in inputs] for name, inputs in OPENING.items()}
        share = rng.random()
        keep = [name for name in inside(nodes_of(graph, 16)) if rng.random() < share]
        settings = {"checkpoints": rng.random() < 0.8, "keep": keep, "step": rng.randint(0, 48)}
        labs.append(BackpropGraph(graph=graph, n=n, **given, **settings))
    return labs


def test_the_core_equals_the_librarys_tape(open_lab):
    page = open_lab()
    for lab in [*PAGES.values(), *random_labs(150)]:
        agree(page, lab)


def test_the_core_equals_autograd(open_lab):
    page = open_lab()
    rng = random.Random(1)
    for graph, n in itertools.product(GRAPHS, (2, 5, 16)):
        inputs = [torch.tensor(rng.uniform(-2, 2), dtype=torch.float64, requires_grad=True) for _ in OPENING[graph]]
        given = [x.item() for x in inputs]
        if graph == "neuron":
            out = F.mse_loss(torch.tanh(inputs[0] * inputs[1] + inputs[2]), inputs[3])
        elif graph == "softmax":
            out = F.cross_entropy(torch.stack(inputs), torch.tensor(2))
        else:
            out = inputs[0] * inputs[1] ** n
        out.backward()
        lab = BackpropGraph(graph=graph, n=n, **{graph: given})
        found = page.evaluate(READ, [lab.source, state_of(lab)])
        assert found["values"][-1] == pytest.approx(out.item(), abs=1e-6)
        assert found["all"][: len(inputs)] == pytest.approx([x.grad.item() for x in inputs], abs=1e-6, rel=1e-9)


@pytest.mark.parametrize("n", [3, 6])
def test_every_choice_of_a_chain_is_counted_as_python_counts(open_lab, n):
    page = open_lab()
    names = [f"x{k}" for k in range(1, n)]
    for r in range(n):
        for kept in itertools.combinations(names, r):
            agree(page, BackpropGraph(graph="chain", n=n, checkpoints=True, keep=kept))


@pytest.mark.parametrize(
    ("old", "new", "graphs"),
    [
        ("[1-", "[2-", {"neuron"}),  # the slope of tanh
        ("[1/", "[2/", {"softmax"}),  # that of log
        (".held.size??0", ".held.size??1", set()),  # seen only where nothing has happened: see below
    ],
)
def test_a_wrong_core_is_noticed(open_lab, old, new, graphs):
    """The canaries: a slope, a slope, a count."""
    page = open_lab()
    script = small_pages.TESTING.read_text(encoding="utf-8")
    start = script.index("tanh:{compute")
    end = script.index("}}", script.index("log:{compute", start))
    part = script[start:end]
    if old in part:
        script = script[:start] + part.replace(old, new) + script[end:]
    else:
        assert script.count(old) == 1
        script = script.replace(old, new)
    page.evaluate(script)
    broken = set()
    for graph in GRAPHS:
        try:
            agree(page, BackpropGraph(graph=graph, step=9))
        except AssertionError:
            broken.add(graph)
    assert broken == graphs
    if not graphs:
        with pytest.raises(AssertionError):
            agree(page, BackpropGraph(step=0))


# --- what is shown ----------------------------------------------------------------------------------------------


def python_of(page: Page) -> BackpropGraph:
    """The graph that the copied code makes."""
    return manners.made_by(page.locator("pre").text_content().rsplit("\n", 1)[0], "lab")


def table_of(page: Page, title: str) -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("thead").first.wait_for()
    rows = part.locator("tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


BOXES = """() => [...document.querySelectorAll('.backprop-graph .shown .node')].filter((e) => e.checkVisibility())
  .map((e) => ({ look: e.getAttribute('class').split(' ').slice(1), pressed: e.getAttribute('aria-pressed'),
    label: e.getAttribute('aria-label'), pin: e.querySelector('.pin').getAttribute('visibility') === 'visible',
    texts: ['title', 'number', 'gradient'].map((name) => e.querySelector(`.${name}`).textContent.trim()) }))"""


def come(lab: BackpropGraph) -> dict[str, float]:
    """The gradients that have come up to the step: the sums of what each node reversed so far has handed on."""
    lines, happened = lab.lines, lab.happened
    found = {lines[-1].name: 1.0} if len(happened) >= sum(1 for line in lines if line.operation) else {}
    tape = lab.tape
    for step in happened:
        if step.kind == "back":
            node = tape.entries[step.place]
            values = [x.value if hasattr(x, "tape") else x for x in node.inputs]
            for i, x, (_, pull) in zip(lines[step.place].inputs, node.inputs, node.operation.rules, strict=False):
                assert x is tape.entries[i]
                share = pull(node.gradient, node.value, *values, **node.fixed).item()
                found[lines[i].name] = found.get(lines[i].name, 0.0) + share
    return found


def shows(page: Page, lab: BackpropGraph) -> None:
    """Boxes, counters and the table of nodes are the library's, to the digits shown."""
    page.wait_for_timeout(20)
    boxes = page.evaluate(BOXES)
    rows = table_of(page, "The graph as a table")
    happened, gradients = lab.happened, come(lab)
    done = {step.place for step in happened}
    for place, (line, box, row) in enumerate(zip(lab.lines, boxes, rows, strict=True)):
        title, value, gradient = box["texts"]
        assert title.split(" = ")[0] == row[0] == low(line.name)
        is_known = not line.operation or place in done
        is_held = not line.operation or line.name in lab.held
        assert bool(value) == (row[2] != "–") == is_known
        assert value.startswith("(") == (is_known and not is_held)
        if is_known:
            assert is_close(value, lab.values[line.name])
            assert is_close(row[2], lab.values[line.name])
        assert bool(gradient) == (row[3] != "–") == (line.name in gradients)
        if gradient:
            assert is_close(gradient.removeprefix("∂ "), gradients[line.name])
            assert is_close(row[3], gradients[line.name])
        is_done = any((step.kind, step.place) == ("back", place) for step in happened)
        where = "held" if is_held else "done" if is_done else "dropped" if is_known else "not"
        assert box["look"][0] == ("input" if not line.operation else where)
        assert ("now" in box["look"]) == (bool(happened) and happened[-1].place == place)
        kept = line.name in lab.kept
        assert box["pin"] == kept
        assert row[4].split(",")[0].split()[0] == box["look"][0]
        assert row[4].endswith(", to be kept") == (kept and not is_done)
        assert box["pressed"] == (str(kept).lower() if line.name in inside(lab.lines) else None)
    check_counters(page, lab)


def check_counters(page: Page, lab: BackpropGraph) -> None:
    rows = [row.locator("td").all_inner_texts() for row in page.locator(".counters tbody tr").all()]
    most = max((step.most for step in lab.happened), default=0)
    again = sum(step.kind == "again" for step in lab.happened)
    assert rows == [
        [str(len(lab.held)), "–"],
        [str(most), str(lab.peak)],
        [str(again), str(lab.recomputed)],
        [str(len(lab.happened)), str(len(lab.steps))],
    ]


@pytest.mark.parametrize("name", PAGES)
def test_each_step_shows_what_the_library_says(open_lab, name):
    page = open_lab(name)
    lab = PAGES[name]
    page.get_by_role("button", name="To the start").click()
    for step in range(len(lab.steps) + 1):
        again = BackpropGraph(**{**state_of(lab), "step": step})
        shows(page, again)
        sentence = page.locator(".sentence").inner_text()
        if step:
            held = len(again.held)
            assert sentence.startswith(f"Step {step} of {len(lab.steps)}, ")
            assert f"{held} value{'s' * (held != 1)} held" in sentence
        page.get_by_role("button", name="One step").click()
    for _ in range(2):
        page.get_by_role("button", name="One back").click()
    shows(page, BackpropGraph(**{**state_of(lab), "step": len(lab.steps) - 2}))
    page.get_by_role("button", name="To the end").click()
    shows(page, BackpropGraph(**{**state_of(lab), "step": len(lab.steps)}))


def test_the_way_back_is_told_share_by_share(open_lab):
    page = open_lab("softmax")
    told = {}
    for step in range(9, len(PAGES["softmax"].steps) + 1):
        page.get_by_role("slider", name="Steps done").fill(str(step))
        page.wait_for_timeout(20)
        for part in page.locator(".sentence").inner_text().split("hands it on: ")[1:]:
            for name, slope, share in re.findall(r"(\w+) gets \S+ · \(?([^ )]+)\)? = ([^ ;,]+?)[.;,]* ", part + " "):
                told.setdefault(name, []).append((number(slope), number(share)))
    sums = {name: sum(share for _, share in shares) for name, shares in told.items()}
    gradients = {low(name): g for name, g in PAGES["softmax"].gradients.items() if name != "L"}
    assert sums == pytest.approx(gradients, rel=2e-3)
    assert len(told["z₃"]) == 2


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_sliders_of_the_inputs(open_lab, graph):
    page = open_lab()
    page.get_by_role("combobox", name="Graph").select_option(graph)
    inputs = [line for line in nodes_of(graph, 16) if not line.operation]
    for value, line in zip([-4, 0.3, 4, -1.7], inputs, strict=False):
        page.get_by_role("slider", name=f"Input {line.name}", exact=True).fill(str(value))
        lab = python_of(page)
        assert lab.values[line.name] == value
        assert (lab.graph, lab.step) == (graph, sum(1 for one in lab.lines if one.operation))
        shows(page, lab)
    page.get_by_role("button", name="To the end").click()
    shows(page, python_of(page))


@pytest.mark.parametrize("n", [2, 7, 16])
def test_a_chain_of_other_lengths(open_lab, n):
    page = open_lab("chain")
    page.get_by_role("slider", name="Steps of the chain").fill(str(n))
    lab = python_of(page)
    assert (lab.n, lab.step) == (n, n)
    shows(page, lab)
    drawn = page.evaluate(f"document.querySelector('{ROOT} svg').viewBox.baseVal.height")
    lowest = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('.backprop-graph .shown .box')]
          .filter((e) => e.checkVisibility()).map((e) => Number(e.getAttribute('y')) + 48))"""
    )
    assert 0 < drawn - lowest <= 6


@pytest.mark.parametrize("graph", GRAPHS)
def test_ways_to_keep_values(open_lab, graph):
    page = open_lab(link=link(graph=graph, step=5))
    select = page.get_by_role("combobox", name="Kept values")
    names = inside(nodes_of(graph, 16))
    whole = BackpropGraph(graph=graph)
    needed = [one.name for one, node in zip(whole.lines, whole.tape.entries, strict=True) if node.needed]
    kept = {
        "read": [name for name in needed if name in names],
        "none": [],
        **{str(k): names[k - 1 :: k] for k in (2, 3, 4)},
    }
    for way, expected in kept.items():
        select.select_option(way)
        lab = python_of(page)
        assert (lab.kept, lab.checkpoints) == (set(expected), True)
        shows(page, lab)
        counted = {
            row[0].removeprefix("▸ "): [int(cell) for cell in row[1:]]
            for row in table_of(page, "Other choices, counted")
        }
        every = {
            "none": [],
            "what a rule reads": kept["read"],
            "all (no checkpoints)": names,
            "your own choice": expected,
        }
        every |= {f"every {nth}": kept[k] for k, nth in {"2": "second", "3": "third", "4": "fourth"}.items()}
        assert set(counted) == set(every)
        marked = page.locator("details", has_text="Other choices, counted").locator("tbody th", has_text="▸")
        assert marked.all_inner_texts() == [f"▸ {select.locator('option:checked').inner_text()}"]
        for name, keep in every.items():
            other = BackpropGraph(graph=graph, checkpoints=True, keep=keep)
            assert counted[name] == [len(keep), other.peak, other.recomputed], name
    select.select_option("all")
    assert python_of(page).checkpoints is False
    line = page.locator(".control", has_text="Kept values").locator("code")
    assert "checkpoint(" not in line.inner_text()
    select.select_option("read")  # nothing is computed again
    assert "checkpoint(" not in line.inner_text()
    select.select_option("none")
    assert "checkpoint(" in line.inner_text()


def test_a_way_goes_with_the_chain_as_it_grows(open_lab):
    page = open_lab(link=link(graph="chain", n=6))
    page.get_by_role("combobox", name="Kept values").select_option("4")
    assert python_of(page).kept == {"x4"}
    page.get_by_role("slider", name="Steps of the chain").fill("16")
    assert python_of(page).kept == {"x4", "x8", "x12"}
    expect(page.get_by_role("combobox", name="Kept values")).to_have_value("4")


def test_pressing_a_box_keeps_its_value(open_lab):
    page = open_lab("chain")
    page.get_by_role("button", name="x₆ =").click()
    assert python_of(page).kept == {"x4", "x6", "x8", "x12"}
    expect(page.get_by_role("combobox", name="Kept values")).to_have_value("own")
    shows(page, python_of(page))
    page.get_by_role("button", name="x₄ =").click()
    page.get_by_role("button", name="x₁₂ =").press("Enter")
    page.get_by_role("button", name="x₁₅ =").press(" ")
    assert python_of(page).kept == {"x6", "x8", "x15"}
    page.get_by_role("combobox", name="Graph").select_option("neuron")  # has names of its own
    page.get_by_role("button", name="a = tanh").click()
    assert python_of(page).kept == {"a"}
    page.get_by_role("combobox", name="Graph").select_option("chain")
    assert python_of(page).kept == {"x6", "x8", "x15"}
    page.locator(".shown .node").last.click()  # the output, which is no button
    assert python_of(page).kept == {"x6", "x8", "x15"}


def test_the_first_press_drops_one_of_all(open_lab):
    page = open_lab()
    page.get_by_role("button", name="z = p").click()
    lab = python_of(page)
    assert (lab.checkpoints, lab.kept) == (True, {"p", "a", "m", "e"})
    shows(page, lab)


def test_the_peak_of_six_can_be_found_by_pressing(open_lab):
    """What the page asks for: x_6, x_10, x_13 and x_15."""
    page = open_lab(link=link(graph="chain", checkpoints=True, keep=[], step=16))
    for name in ("x₆", "x₁₀", "x₁₃", "x₁₅"):
        page.get_by_role("button", name=f"{name} =").click()
    page.wait_for_timeout(20)
    rows = [row.locator("td").all_inner_texts() for row in page.locator(".counters tbody tr").all()]
    assert [row[1] for row in rows[1:3]] == ["6", "11"]


def test_every_step_counted(open_lab):
    page = open_lab("chain")
    lab = PAGES["chain"]
    kinds = {"there": "the way there", "again": "computed again", "back": "the way back"}
    rows = table_of(page, "Every step, counted")
    for row, step in zip(rows, lab.steps, strict=True):
        assert row[1].startswith(f"{kinds[step.kind]}: {low(lab.lines[step.place].name)} =")
        assert row[2:] == [str(len(step.held)), str(step.most)]


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_lines_of_the_controls_make_the_gradients(open_lab, graph):
    page = open_lab(link=link(graph=graph, n=5))
    scope = {"torch": torch, "F": F, "math": math}
    for control in page.locator(".controls .control, .steps .control").all():
        if control.is_visible() and "Kept values" not in control.inner_text() and "Graph" not in control.inner_text():
            line = control.locator("code").inner_text()
            if not line.startswith("L.backward"):
                exec(line, scope)
    exec(page.locator(".control", has_text="Graph").locator("code").inner_text(), scope)
    exec(page.locator(".control", has_text="Steps done").locator("code").inner_text(), scope)
    lab = BackpropGraph(graph=graph, n=5)
    for line in lab.lines:
        if not line.operation:
            assert scope[line.name].grad.item() == pytest.approx(lab.gradients[line.name], abs=1e-6)


# --- play -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_play_goes_step_by_step_and_stops_at_the_end(open_lab, motion):
    """Nothing slides: with reduced motion it is the same, a text and a frame at a time."""
    page = open_lab(link=link(graph="neuron", step=9))
    page.emulate_media(reduced_motion=motion)
    assert page.evaluate("document.getAnimations().length") == 0
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".sentence")).to_contain_text("Step 10 of 12")
    expect(page.locator(".sentence")).to_contain_text("Step 12 of 12", timeout=5000)
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_role("button", name="Play").click()  # from the beginning
    expect(page.locator(".sentence")).to_contain_text("Step 1 of 12")
    page.get_by_role("button", name="Pause").click()
    text = page.locator(".sentence").inner_text()
    page.wait_for_timeout(900)
    assert page.locator(".sentence").inner_text() == text


@pytest.mark.parametrize("other", ["One back", "Reset", "To the start"])
def test_whoever_goes_elsewhere_stops_the_clock(open_lab, other):
    page = open_lab("chain")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name=other).click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()


# --- predict ----------------------------------------------------------------------------------------------------

FIXED = "(seed) => { let n = seed; Math.random = () => (n = (n * 16807) % 2147483647) / 2147483647; }"


def truth(page: Page) -> str:
    """What Python answers to the question that the sentence asks, as it would be written on a button."""
    question, lab = page.locator(".sentence").inner_text(), python_of(page)
    name = re.search(r"arrives at (\w+)", question)
    if name:
        one = next(line.name for line in lab.lines if low(line.name) == name[1])
        return f"{lab.gradients[one]:.4g}"
    kept = re.search(r"way back: (.*)\. How", question)[1].split(", ")
    assert sorted(kept) == sorted(low(name) for name in lab.kept) or (kept == ["nothing"] and not lab.kept)
    return str(lab.peak if "at most?" in question else lab.recomputed)


@pytest.mark.parametrize("graph", GRAPHS)
def test_predict_then_reveal_scores_with_the_readers_confidence(open_lab, graph):
    page = open_lab(link=link(graph=graph))
    page.evaluate(FIXED, 7)
    toggle, status = page.get_by_role("button", name="Predict, then reveal"), page.locator(".verdict")
    outcomes, kinds = [], set()
    for i in range(12):
        toggle.click()
        page.wait_for_timeout(20)
        kinds.add(page.locator(".sentence").inner_text()[-30:])
        right = float(truth(page))
        buttons = page.locator("div:has(> .verdict) .buttons button").all()
        options = [number(button.inner_text()) for button in buttons]
        assert len(set(options)) == 3
        assert sum(option == pytest.approx(right, rel=6e-4) for option in options) == 1
        assert "?" in page.locator(".counters").inner_text()
        page.get_by_label("How sure are you?").select_option("0.9")
        buttons[i % 3].click()
        outcomes.append(options[i % 3] == pytest.approx(right, rel=6e-4))
        assert status.inner_text().startswith("Right: " if outcomes[-1] else "Wrong: ")
        brier = sum((0.9 - one) ** 2 for one in outcomes) / len(outcomes)
        assert f"{brier:.2f} (0 is best" in status.inner_text()
        expect(toggle).to_be_focused()
        page.wait_for_timeout(20)
        lab = python_of(page)
        assert lab.step == len(lab.steps)  # all can be looked at
        shows(page, lab)
    assert set(outcomes) == {True, False}
    assert len(kinds) >= 3
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).backprop_graph.exercises")
    assert [one["first"] for one in kept.values()] == [{"sure": 0.9, "right": right} for right in outcomes]


def test_nothing_tells_while_a_question_waits(open_lab):
    page = open_lab("end")
    manners.unfold(page)
    page.evaluate(FIXED, 7)
    for _ in range(6):
        page.get_by_role("button", name="Predict, then reveal").click()
        page.wait_for_timeout(20)
        cells = page.locator(".counters td").all_inner_texts()
        assert set(cells) == {"?"}
        done = page.locator(".control", has_text="Steps done").inner_text()
        assert re.search(r"\d of \?", done)
        assert not re.search(r"of \d", done)  # the steps in all are those there, back and again
        assert all(set(row[1:]) == {"?"} for row in table_of(page, "Other choices, counted"))
        assert table_of(page, "Every step, counted") == []
        assert {row[3] for row in table_of(page, "The graph as a table")} <= {"–", "?"}
        assert {box["texts"][2] for box in page.evaluate(BOXES)} <= {"", "∂ ?"}
        page.get_by_role("button", name="Show the answer").click()
        assert "?" not in page.locator(".counters").inner_text()
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None  # given up: nothing is counted


def test_a_question_stops_the_clock_and_leaves_other_graphs_choices(open_lab):
    """The clock would take the question back where it stands at the question's own step."""
    page = open_lab(link=link(graph="neuron", checkpoints=True, keep=["x4", "e2", "a"], step=5))
    page.evaluate("Math.random = () => 0.3")  # of the gradient of an input, where the way there is done
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.wait_for_timeout(900)
    expect(page.locator(".sentence")).to_contain_text("Added up, which gradient arrives at")
    page.get_by_role("button", name="Show the answer").click()
    page.evaluate("Math.random = () => 0.6")  # a peak
    page.get_by_role("button", name="Predict, then reveal").click()
    expect(page.locator(".sentence")).to_contain_text("inputs aside")
    address = page.get_by_role("link", name="Link to this state").get_attribute("href")
    assert {"x4", "e2"} <= set(json.loads(unquote(address.partition("=")[2]))["keep"])


def test_a_question_is_taken_back_when_something_is_changed(open_lab):
    page = open_lab("chain")
    for change in (
        lambda: page.get_by_role("button", name="One step").click(),
        lambda: page.get_by_role("button", name="x₇ =").click(),
        lambda: page.get_by_role("slider", name="Input w").fill("0.3"),
        lambda: page.get_by_role("combobox", name="Graph").select_option("softmax"),
    ):
        page.get_by_role("button", name="Predict, then reveal").click()
        page.wait_for_timeout(20)
        if not page.get_by_role("button", name="One step").is_enabled():
            pytest.fail("it can be changed")
        change()
        expect(page.locator(".verdict")).to_have_text("The question was taken back, for something was changed.")
        assert "?" not in page.locator(".counters").inner_text()
    assert page.evaluate("localStorage['llmbook-answers'] ?? null") is None


# --- links, code, paper, reset ----------------------------------------------------------------------------------


def test_a_link_brings_the_state_back(open_lab):
    page = open_lab("softmax")
    page.get_by_role("slider", name="Input z2").fill("-0.9")
    page.get_by_role("button", name="s₂ =").click()
    code, anchor = page.locator("pre").text_content(), page.get_by_role("link", name="Link to this state")
    anchor.click()  # the page's own address has it now
    for name in ("opening", "chain"):  # whatever that page opens with
        again = open_lab(name, link=page.evaluate("location.hash"))
        assert again.locator("pre").text_content() == code
        assert again.seen.errors == []
    other = open_lab()
    other.evaluate("(hash) => { location.hash = hash; }", anchor.get_attribute("href"))  # pasted into an open page
    expect(other.locator("pre")).to_have_text(code)


def test_a_link_has_what_is_kept_of_all_graphs(open_lab):
    every = [name for lines in GRAPHS.values() for name in inside(lines)]
    page = open_lab(link=link(graph="chain", checkpoints=True, keep=every))
    for graph, lines in GRAPHS.items():
        page.get_by_role("combobox", name="Graph").select_option(graph)
        assert python_of(page).keep == inside(lines)


ODD_LINKS = [
    link(graph="block", neuron=[1, 2, 3], softmax=3, chain=[5, 0], n=17, checkpoints=1, keep="a", step=-1),
    link(graph=["chain"], neuron=[1, 2, None, 4], chain=["1", 2], n="4", checkpoints=None, keep=["x16"], step=0.5),
    link(graph=None, neuron={}, n=1e300, keep=["L"], step=49),
    link(graph="__proto__", keep=["<img src=x onerror=window.hacked=1>"], checkpoints="true"),
    link(keep=["a"] * 99),
    "#backprop_graph=%F0%9F",
    "#backprop_graph=[1, 2]",
    "#backprop_graph={",
    "#backprop_graph=null",
    "#backprop_graph=",
    link(graph="chain").replace("backprop_graph", "other_lab"),
]


@pytest.mark.parametrize("query", ODD_LINKS)
def test_what_cannot_be_in_a_link_is_left_out(open_lab, query):
    page = open_lab(link=query)
    lab = python_of(page)  # Python would refuse what cannot be
    assert state_of(lab) == state_of(BackpropGraph())
    shows(page, lab)
    assert page.seen.errors == []
    assert page.evaluate("window.hacked") is None


@pytest.mark.parametrize("name", PAGES)
def test_the_copied_code_runs_and_says_the_same(open_lab, name):
    page = open_lab(name)
    assert manners.copied_code(page) == page.locator("pre").inner_text()
    assert repr(python_of(page)) == repr(PAGES[name])


def test_reset_brings_back_the_opening_state(open_lab):
    page = open_lab("chain")
    state = "() => document.querySelector('.backprop-graph').innerHTML.replace(/(sure|cell)-\\w+/g, '')"
    values = "() => [...document.querySelectorAll('.backprop-graph :is(input, select)')].map((e) => e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_role("slider", name="Input w").fill("0.3")
    page.get_by_role("button", name="x₇ =").click()
    page.get_by_role("slider", name="Steps of the chain").fill("7")
    page.get_by_role("button", name="Predict, then reveal").click()
    page.locator("div:has(> .verdict) .buttons button").first.click()
    page.get_by_role("button", name="Predict, then reveal").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    assert (page.evaluate(state), page.evaluate(values)) == opening


@pytest.mark.parametrize("name", PAGES)
def test_paper_shows_what_the_reader_has_set(open_lab, name):
    page = open_lab(name)
    page.get_by_role("button", name="To the end").click()
    page.wait_for_timeout(20)
    lab = BackpropGraph(**{**state_of(PAGES[name]), "step": 48})
    with manners.on_paper(page, ROOT) as paper:
        assert page.locator(".sentence").text_content() in paper.locator("p").first.inner_text()
        assert paper.locator("svg").count() == 1
        rows = [
            row.locator("th, td").all_inner_texts() for row in paper.locator("table").nth(1).locator("tbody tr").all()
        ]
        assert [row[0] for row in rows] == [low(line.name) for line in lab.lines]
        assert [number(row[3]) for row in rows] == pytest.approx([*lab.gradients.values()], rel=6e-4)
        assert paper.locator("table").nth(0).locator("td").all_inner_texts()[3] == str(lab.peak)
        assert paper.locator("caption").nth(1).inner_text() == TITLES[lab.graph]
        assert f"step={len(lab.steps)}" in paper.locator("pre").inner_text()


# --- it can be reached, heard and read --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["opening", "chain"])
def test_the_keyboard_alone_reaches_everything(open_lab, name):
    page = open_lab(name)
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ROOT, page.get_by_role("button", name="To the start"))
    page.get_by_role("slider", name="Steps done").focus()
    page.keyboard.press("ArrowRight")
    assert python_of(page).step == PAGES[name].step + 1


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_lab):
    page = open_lab("chain")
    page.get_by_role("button", name="Predict, then reveal").click()
    manners.check_named(page, ROOT)
    for node in page.locator(f"{ROOT} [role=button]").all():
        assert node.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_changes_are_spoken(open_lab):
    page = open_lab()
    page.get_by_role("button", name="One step").click()
    manners.check_spoken(page, ROOT)
    expect(page.get_by_role("button", name="e = a + m")).to_have_attribute("aria-label", re.compile("∂ −1.076"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["opening", "chain"])
def test_no_rule_of_access_is_broken(open_lab, name, dark):
    page = open_lab(name, dark=dark)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    assert violations(page) == []
    page.get_by_role("button", name="Predict, then reveal").click()
    assert violations(page) == []


TEXTS = """() => [...document.querySelectorAll('.backprop-graph .shown svg text')].filter((e) => e.checkVisibility())
  .map((text) => {
    const svg = text.ownerSVGElement, box = text.parentElement.querySelector('.box').getBoundingClientRect();
    const [own, unit] = [text.getBoundingClientRect(), svg.getBoundingClientRect().width / svg.viewBox.baseVal.width];
    return { text: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * unit,
      over: Math.max(box.left - own.left, own.right - box.right) }; })"""


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("name", ["softmax", "chain", "end"])
def test_a_phone_works_by_touch(open_lab, name, width):
    page = open_lab(name, width=width, touch=True)
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    page.get_by_role("button", name="To the end").tap()
    page.wait_for_timeout(20)
    texts = page.evaluate(TEXTS)
    assert min(one["size"] for one in texts) >= 9
    assert [one["text"] for one in texts if one["over"] > 0.5] == []  # each within its box
    before = python_of(page).kept
    page.locator(".shown [role=button]").first.tap()
    assert len(python_of(page).kept ^ before) == 1
    sides = page.locator(".shown [role=button]").first.bounding_box()
    assert min(sides["width"], sides["height"]) >= 24


def test_the_longest_numbers_fit_their_boxes(open_lab):
    page = open_lab()
    for values in ([-0.0123456, -4, 3.99, -0.012345], [-3.987, 3.999, 3.991, -3.9999], [1e-4, -1e-3, 0.5, -0.5]):
        for graph, count in (("neuron", 4), ("softmax", 3), ("chain", 2)):
            page = open_lab(link=link(**{"graph": graph, graph: values[:count], "step": 48}))
            assert [one["text"] for one in page.evaluate(TEXTS) if one["over"] > 0.5] == []


def test_boxes_do_not_overlap_and_arrows_cross_none(open_lab):
    page = open_lab()
    for graph in GRAPHS:
        page.get_by_role("combobox", name="Graph").select_option(graph)
        page.wait_for_timeout(20)
        found = page.evaluate(
            """() => {
              const seen = (name) => [...document.querySelectorAll(`.backprop-graph .shown ${name}`)]
                .filter((e) => e.checkVisibility());
              const sides = ['x', 'y', 'width', 'height'];
              const boxes = seen('.box').map((e) => sides.map((name) => Number(e.getAttribute(name))));
              const lines = seen('.arrow').flatMap((e) => [...(e.getAttribute('d') ?? '')
                .matchAll(/M([\\d.-]+) ([\\d.-]+)L([\\d.-]+) ([\\d.-]+)(?=M)/g)].map((m) => m.slice(1, 5).map(Number)));
              const inside = ([x, y, w, h], px, py) =>
                px > x + 1 && px < x + w - 1 && py > y + 1 && py < y + h - 1;
              const over = boxes.flatMap((a, i) => boxes.filter((b, k) => k > i && Math.abs(a[0] - b[0]) < a[2] + 2
                && Math.abs(a[1] - b[1]) < a[3] + 2));
              const crossed = lines.filter(([x0, y0, x1, y1]) => boxes.some((box) => [...Array(41).keys()]
                .some((i) => inside(box, x0 + (x1 - x0) * i / 40, y0 + (y1 - y0) * i / 40))));
              return { over, crossed, lines: lines.length }; }"""
        )
        assert (found["over"], found["crossed"]) == ([], [])
        edges = sum(len(line.inputs) for line in nodes_of(graph, 16)) - (16 if graph == "chain" else 0)
        assert found["lines"] == edges


def test_the_picture_is_seen_under_forced_colours(open_lab):
    page = open_lab("chain")
    page.emulate_media(forced_colors="active")
    ground = page.evaluate("getComputedStyle(document.querySelector('.backprop-graph')).backgroundColor")
    looks = page.evaluate(
        """() => Object.fromEntries([['.held .box', 'stroke'], ['.dropped .box', 'stroke'], ['.now .box', 'stroke'],
          ['.arrow', 'stroke'], ['.pin', 'fill'], ['.title', 'fill'], ['.number', 'fill']].map(([name, what]) =>
          [name, getComputedStyle(document.querySelector(`.backprop-graph .shown ${name}`))[what]]))"""
    )
    assert all(look not in ("none", ground) for look in looks.values()), looks
    dashes = page.evaluate(
        """() => ['.held', '.dropped'].map((name) =>
          getComputedStyle(document.querySelector(`.backprop-graph .shown ${name} .box`)).strokeDasharray)"""
    )
    assert dashes[0] == "none" != dashes[1]  # told without colour, too


# --- it goes when it is taken down, and it is quick ---------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("begin", ["", "Play"])
def test_one_taken_down_changes_no_more(open_lab, way, begin):
    page = open_lab()
    lab = BackpropGraph()
    traits = {"source": lab.source, **state_of(lab)}
    check_taken_down(
        page, "llmbookBackpropGraph", traits, {"step": (2, 3), "graph": ("softmax", "neuron")}, way, begin=begin
    )
    assert page.seen.errors == []


def test_without_a_page_there_is_no_link(open_lab):
    """In a notebook the address is the notebook's."""
    page = open_lab()
    lab = BackpropGraph()
    page.evaluate(
        """(values) => {
          const model = { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {}, send() {} };
          const el = document.body.appendChild(document.createElement('div'));
          el.id = 'notebook';
          llmbookBackpropGraph.render({ model, el });
        }""",
        {"source": lab.source, **state_of(lab)},
    )
    assert page.locator("#notebook .backprop-graph button", has_text="Reset").count() == 1
    assert page.locator("#notebook .backprop-graph a").count() == 0


REPLACED = """async () => {
  const lab = document.querySelector('.backprop-graph');
  const input = lab.querySelector('.control:not([hidden]) [aria-label="Input w"]');
  const seen = { childList: 0, anew: 0, texts: 0 };
  new MutationObserver((all) => all.forEach(({ type, target, attributeName, oldValue }) => {
    if ((target.closest ? target : target.parentElement)?.closest('[aria-live]')) return;
    if (type === 'childList') seen.childList++;
    else if (type === 'characterData') seen.texts++;
    else if (target.getAttribute(attributeName) === oldValue) seen.anew++;
  })).observe(lab, { subtree: true, childList: true, characterData: true, attributes: true, attributeOldValue: true });
  for (let i = 0; i < 14; i++) {
    input.value = String(0.5 + 0.1 * i);
    input.dispatchEvent(new Event('input'));
    await new Promise((done) => setTimeout(done));
  }
  return seen;
}"""


def test_a_slider_move_changes_texts_and_replaces_nothing(open_lab):
    seen = open_lab("end").evaluate(REPLACED)
    assert (seen["childList"], seen["anew"]) == (0, 0)
    assert seen["texts"] > 13 * 10


@pytest.mark.alone
@pytest.mark.parametrize("slider", ["Input w", "Steps done", "Steps of the chain, n"])
def test_a_slider_move_is_quick(open_lab, slider, record_property):
    page = open_lab("chain")
    value_of = {"Input w": lambda i: (i % 40) / 10, "Steps done": lambda i: i % 44}.get(slider, lambda i: 2 + i % 15)
    moves = speed.slider_move(page, f'{ROOT} .control:not([hidden]) [aria-label="{slider}"]', value_of)
    record_property("move_ms", moves)
    assert moves[1] <= 4


@pytest.mark.alone
def test_the_first_render_is_quick(open_lab):
    assert speed.first_render(lambda: open_lab("chain")) <= 250


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("backprop_graph")) <= 16 * 1024


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/softmax.html", javascript=False)
    assert "computed again" in page.locator("table caption").inner_text()
    assert page.locator("tbody tr").count() == len(PAGES["softmax"].lines)


def test_from_disk_without_a_server(open_lab, folder):
    page = open_lab(link=link(graph="softmax", step=11), base=f"file://{folder}")
    shows(page, BackpropGraph(graph="softmax", step=11))
    manners.check_quiet(page)


def test_one_that_cannot_start_leaves_its_table(open_page, folder):
    good = BackpropGraph().to_html()
    broken = good.replace('"graphs"', '"graph"')
    page = manners.open_beside_broken(open_page, folder, good, broken)
    for lab in page.locator(ROOT).all():
        lab.get_by_role("slider", name="Input w").fill("2")
        expect(lab.locator("pre")).to_contain_text("2, -0.3")
    assert len(page.seen.errors) == 1

"""Figures are described, compared by their data, the same on every run, and take their colours from the page."""

import re
import xml.dom.minidom

import numpy as np
import pytest
import torch

from llmbook import figures
from llmbook.figures import alignment, bars, bundle, canvas, digest, heat_map, lines, loss_curve, show, timeline

ALT = "A figure made for a test"
WORDS = ["one", "two", "three"]
TABLE = torch.tensor([[0.1, 0.9, 0.0], [0.5, -0.5, 0.25]])
DRAW = {
    "heat map": lambda: heat_map(TABLE, WORDS[:2], WORDS, title="t", row_label="r", column_label="c"),
    "large heat map": lambda: heat_map(np.outer(range(40), range(40)), [""] * 40, [""] * 40, decimals=None),
    "alignment": lambda: alignment(TABLE.abs(), WORDS[:2], WORDS, truth=[(0, 1)]),
    "lines": lambda: lines([1, 2, 4], {"a": [1, 2, 3], "b": [3, 2, 1]}, xlabel="x", ylabel="y", log_x=True, log_y=True),
    "loss": lambda: loss_curve({"a": [3.0, 2.0, 1.5], "b": torch.tensor([3.0, 2.5, 2.4])}, every=10),
    "bars": lambda: bars(WORDS, {"a": [1, 2, 3], "b": [0.5, -1, 2]}, ylabel="n"),
    "timeline": lambda: timeline([(2017, "Transformer"), (1950, "a question <?> & more")]),
}


@pytest.fixture(params=DRAW.values(), ids=DRAW)
def draw(request):
    return request.param


@pytest.mark.parametrize("alt", ["", "   ", "Loss curve", None, 3])
def test_alt_text_is_demanded(alt, shapes_unchecked):
    with pytest.raises(ValueError, match=re.escape(repr(alt))):
        show(DRAW["lines"](), alt=alt)


def test_two_runs_agree_to_the_byte(draw):
    assert bundle(draw(), alt=ALT) == bundle(draw(), alt=ALT)


def test_the_picture_is_well_formed_and_described(draw):
    svg = xml.dom.minidom.parseString(bundle(draw(), alt='Sizes < 3 & "quoted"')["image/svg+xml"]).documentElement
    assert svg.tagName == "svg"
    assert svg.getAttribute("role") == "img"
    assert svg.getAttribute("aria-label") == 'Sizes < 3 & "quoted"'


def test_the_picture_can_stand_in_a_page(draw):
    """No style sheet (its ``*`` would reach the whole page), no address but the namespaces, no id another has."""
    svg = bundle(draw(), alt=ALT)["image/svg+xml"]
    assert "<style" not in svg
    assert set(re.findall(r"https?://[^\"]+", svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("fig-") for name in ids)
    assert {name for name in re.findall(r"#(fig-[\w-]+)", svg)} <= set(ids)


def test_every_colour_is_a_variable_with_a_fallback(draw):
    svg = re.sub(r"data:image[^\"]*", "", bundle(draw(), alt=ALT)["image/svg+xml"])
    for match in re.finditer(r"#[0-9a-f]{6}\b", svg):
        assert re.search(r"var\(--llm-\w+, $", svg[: match.start()]), f"a bare {match[0]}"
    assert "var(--llm-paper, #ffffff)" in svg
    assert "DejaVu" not in svg


def test_pictures_are_small(draw):
    assert len(bundle(draw(), alt=ALT)["image/svg+xml"]) < 25_000


def test_show_gives_picture_and_words(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append((data, raw)))
    fig = DRAW["lines"]()
    show(fig, alt="Two  curves\ncross")
    ((data, raw),) = shown
    assert raw
    assert set(data) == {"image/svg+xml", "text/plain"}
    assert data["text/plain"] == f"Figure: Two curves cross [digest {digest(fig)}]"


CHANGES = {
    "a number in a table": (heat_map([[0.1, 0.2]], ["a"], ["b", "c"]), heat_map([[0.1, 0.3]], ["a"], ["b", "c"])),
    "a shade": (
        heat_map([[0.1, 0.2]], ["a"], ["b", "c"], decimals=None),
        heat_map([[0.1, 0.15]], ["a"], ["b", "c"], decimals=None),
    ),
    "a pixel": (
        heat_map(np.eye(40), [""] * 40, [""] * 40, decimals=None),
        heat_map(np.eye(40)[::-1], [""] * 40, [""] * 40, decimals=None),
    ),
    "a row's word": (heat_map([[1.0]], ["a"], ["b"]), heat_map([[1.0]], ["x"], ["b"])),
    "a frame": (alignment([[1.0]], ["a"], ["b"]), alignment([[1.0]], ["a"], ["b"], truth=[(0, 0)])),
    "a point": (
        lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y"),
        lines([1, 2], {"a": [1, 2.1]}, xlabel="x", ylabel="y"),
    ),
    "a scale": (
        lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y"),
        lines([1, 2], {"a": [1, 2]}, xlabel="x", ylabel="y", log_x=True),
    ),
    "an axis label": (loss_curve({"a": [2, 1]}), loss_curve({"a": [2, 1]}, ylabel="bits")),
    "a legend": (loss_curve({"a": [2, 1], "b": [2, 1]}), loss_curve({"a": [2, 1], "c": [2, 1]})),
    "a bar": (bars(["a"], {"n": [1.0]}, ylabel="y"), bars(["a"], {"n": [2.0]}, ylabel="y")),
    "a year": (timeline([(1950, "a"), (2000, "b")]), timeline([(1951, "a"), (2000, "b")])),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changed_data_change_the_digest(before, after):
    assert digest(before) != digest(after)


def test_rounding_errors_do_not_change_the_digest():
    noisy = [1 + 1e-7, 2 - 1e-7, 3e-9]
    kept = lines([0, 1, 2], {"a": [1, 2, 0]}, xlabel="x", ylabel="y")
    assert digest(lines([0, 1, 2], {"a": noisy}, xlabel="x", ylabel="y")) == digest(kept)
    assert bundle(kept, alt=ALT) == bundle(lines([0, 1, 2], {"a": noisy}, xlabel="x", ylabel="y"), alt=ALT)


def test_digits_say_how_much_is_covered():
    a, b = (lines([0, 1], {"a": [1.0, last]}, xlabel="x", ylabel="y") for last in (2.00, 2.02))
    assert digest(a, digits=2) == digest(b, digits=2)
    assert digest(a, digits=3) != digest(b, digits=3)
    assert digest(a, digits=None) == digest(b, digits=None)
    renamed = lines([0, 1], {"a": [1.0, 2.0]}, xlabel="x", ylabel="z")
    longer = lines([0, 1, 2], {"a": [1.0, 2.0, 3.0]}, xlabel="x", ylabel="y")
    assert len({digest(fig, digits=None) for fig in (a, renamed, longer)}) == 3
    maps = [heat_map([[x, 0.2]], ["r"], ["a", "b"], decimals=None) for x in (0.2, 0.9)]
    assert digest(maps[0]) != digest(maps[1])
    assert digest(maps[0], digits=None) == digest(maps[1], digits=None)
    assert "[words only, digest " in bundle(a, alt="one rising line", digits=None)["text/plain"]


def test_looks_do_not_change_the_digest():
    (one, (ax,)), (two, (bx,)) = canvas(4, 2), canvas(6, 3)
    ax.plot([1, 2], color="red")
    bx.plot([1, 2], color="blue", lw=3)
    assert digest(one) == digest(two)


def test_masked_and_missing_numbers_are_allowed():
    fig = lines([0, 1, 2], {"a": [1.0, float("nan"), 3.0]}, xlabel="x", ylabel="y")
    assert bundle(fig, alt=ALT)["image/svg+xml"]
    assert figures.rounded([], 3) == figures.rounded([], 3)


def test_the_readers_own_settings_are_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    bundle(DRAW["bars"](), alt=ALT)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: heat_map([[1.0, 2.0]], ["a"], ["b"]), r"\(1, 2\).* 1 rows and 1 columns"),
        (lambda: lines([1, 2], {"a": [1]}, xlabel="x", ylabel="y"), "'a' has 1 numbers, but 2 are needed"),
        (lambda: bars(["a"], {"n": [1, 2]}, ylabel="y"), "'n' has 2 numbers, but 1 are needed"),
        (lambda: heat_map([[1.0, np.nan]], ["a"], ["b", "c"]), r"finite numbers.* got \[\[1\.0, nan\]\]"),
        (lambda: heat_map(np.zeros((0, 2)), [], ["b", "c"]), "at least one"),
        (lambda: lines([1], {}, xlabel="x", ylabel="y"), "1 to 6 series .* got 0"),
        (lambda: loss_curve({}), "got 0"),
        (lambda: bars(["a"], {}, ylabel="y"), "got 0"),
        (lambda: bars(["a"], {name: [1] for name in "tuvwxyz"}, ylabel="y"), "got 7: t, u, v, w, x, y, z"),
        (lambda: timeline([]), "at least one event"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("word", ["$5 and $6", "$\\frac$", "a_b^c"])
def test_words_are_words_and_no_formulas(word):
    for fig in (
        heat_map([[1.0, 0.5]], ["a"], [word, "x"]),
        bars([word, "x"], {"n": [1, 2]}, ylabel="y"),
        timeline([(1990, word), (1991, "b")]),
    ):
        assert word in bundle(fig, alt="a figure with a word")["image/svg+xml"]

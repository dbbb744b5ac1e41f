"""Figures are described, compared by their data, and the same on every run."""

import re

import matplotlib
import numpy as np
import pytest
import torch
from sample_figures import ALT, DRAW, each_figure

from llmbook.pages import alignment, bars, canvas, dots, figures, heat_map, lines, loss_curve, show, timeline
from llmbook.pages.figures import bundle, digest


@pytest.mark.parametrize("alt", ["", "   ", "Loss curve", None, 3])
def test_alt_text_is_demanded(alt, shapes_unchecked):
    with pytest.raises(ValueError, match=re.escape(repr(alt))):
        show(DRAW["lines"](), alt=alt)


@each_figure
def test_two_runs_agree_to_the_byte(draw):
    assert bundle(draw(), alt=ALT) == bundle(draw(), alt=ALT)


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
    "a dot": (dots({"a": [1.0, 2.0]}, xlabel="x"), dots({"a": [1.0, 2.1]}, xlabel="x")),
    "a row": (dots({"a": [1.0]}, xlabel="x"), dots({"b": [1.0]}, xlabel="x")),
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
    one, (ax,) = canvas(4, 2)
    two, (bx,) = canvas(6, 3)
    ax.plot([1, 2], color="red")
    bx.plot([1, 2], color="blue", lw=3)
    assert digest(one) == digest(two)


def test_series_and_signs_differ_in_more_than_colour():
    """So that a figure can be printed in grey: dashes, hatchings; and no digest knows of them."""
    six = {name: [1.0 + i, 2.0] for i, name in enumerate("abcdef")}
    curves = bundle(lines([0, 1], six, xlabel="x", ylabel="y"), alt=ALT)["image/svg+xml"]
    assert len(set(re.findall(r"stroke-dasharray: ([\d., ]+)", curves))) == 5  # and the unbroken one
    columns = bundle(bars(["r", "s"], six, ylabel="y"), alt=ALT)["image/svg+xml"]
    assert len(set(re.findall(r"fill: url\(#([\w-]+)\)", columns))) == 5
    assert columns.count("<pattern") == 5
    signed = [[0.5, -0.5, -1.0]]
    cells = bundle(heat_map(signed, ["r"], ["a", "b", "c"], decimals=None), alt=ALT)["image/svg+xml"]
    assert cells.count("<pattern") == 1
    assert cells.count("fill: url(#") == 2
    numbered = bundle(heat_map(signed, ["r"], ["a", "b", "c"]), alt=ALT)["image/svg+xml"]
    assert "<pattern" not in numbered


def test_masked_and_missing_numbers_are_allowed():
    fig = lines([0, 1, 2], {"a": [1.0, float("nan"), 3.0]}, xlabel="x", ylabel="y")
    assert bundle(fig, alt=ALT)["image/svg+xml"]
    assert figures.rounded([], 3) == figures.rounded([], 3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_tensors_of_any_kind_are_drawn_as_their_numbers(dtype):
    """Of half the bits, and in the middle of a computation of gradients."""
    x = torch.tensor([1.0, 2.5, 0.5], dtype=dtype, requires_grad=True)
    for draw in (
        lambda x: heat_map([x] if isinstance(x, list) else x[None], ["a"], ["b", "c", "d"]),
        lambda x: lines(x, {"a": x}, xlabel="x", ylabel="y", bands={"a": (x, x)}),
        lambda x: loss_curve({"a": x}),
        lambda x: bars(["a", "b", "c"], {"d": x}, ylabel="y"),
        lambda x: dots({"a": x}, xlabel="x"),
        lambda x: alignment([x] if isinstance(x, list) else x[None], ["a"], ["b", "c", "d"]),
    ):
        assert digest(draw(x)) == digest(draw(x.tolist()))


def test_the_readers_own_settings_are_left_alone():
    before = dict(matplotlib.rcParams)
    bundle(DRAW["bars"](), alt=ALT)
    assert dict(matplotlib.rcParams) == before

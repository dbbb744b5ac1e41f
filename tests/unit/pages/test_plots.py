"""What cannot be drawn is refused, and words stay words."""

import re

import numpy as np
import pytest

from llmbook.pages import bars, dots, heat_map, lines, loss_curve, seeds, timeline, tornado
from llmbook.pages.figures import bundle


def banded(**bands):
    """One curve, named a, of one number."""
    return lines([1], {"a": [1.5]}, xlabel="x", ylabel="y", bands=bands)


def test_a_band_is_part_of_the_data():
    """With a band the digest is another, and where the band moves, another again."""
    bundles = [
        bundle(banded(**bands), alt="a curve alone")["text/plain"]
        for bands in ({}, {"a": ([1], [2])}, {"a": ([1], [3])})
    ]
    assert len(set(bundles)) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: heat_map([[1.0, 2.0]], ["a"], ["b"]), r"\(1, 2\).* 1 rows and 1 columns"),
        (lambda: lines([1, 2], {"a": [1]}, xlabel="x", ylabel="y"), "'a' has 1 numbers, but 2 are needed"),
        (lambda: bars(["a"], {"n": [1, 2]}, ylabel="y"), "'n' has 2 numbers, but 1 are needed"),
        (lambda: heat_map([[1.0, np.nan]], ["a"], ["b", "c"]), r"finite numbers.* got \[\[1\.0, nan\]\]"),
        (lambda: heat_map(np.zeros((0, 2)), [], ["b", "c"]), "at least one"),
        (lambda: lines([1], {}, xlabel="x", ylabel="y"), "1 to 6 series .* got 0"),
        (lambda: banded(b=([1], [2])), r"bands around \['b'\]"),
        (lambda: banded(a=([1], [2, 3])), "'a, upper line' has 2 numbers, but 1 are needed"),
        (lambda: seeds([1, 2], {"a": [[1], [2]]}, xlabel="x", ylabel="y"), "'a' has 1 numbers, but 2 are needed"),
        (lambda: seeds([1], {}, xlabel="x", ylabel="y"), "got 0"),
        (lambda: loss_curve({}), "got 0"),
        (lambda: bars(["a"], {}, ylabel="y"), "got 0"),
        (lambda: bars(["a"], {name: [1] for name in "tuvwxyz"}, ylabel="y"), "got 7: t, u, v, w, x, y, z"),
        (lambda: dots({}, xlabel="x"), "at least one; got {}"),
        (lambda: dots({"a": [1.0], "b": []}, xlabel="x"), "every row needs finite numbers"),
        (lambda: dots({"a": [1.0, np.nan]}, xlabel="x"), "finite numbers"),
        (lambda: timeline([]), "at least one event"),
        (lambda: tornado({}, base=0, unit=1, xlabel="x"), "at least one assumption; got {}"),
        (lambda: tornado({"a": (0, np.inf)}, base=0, unit=1, xlabel="x"), "finite ends"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_seed_keeps_its_name_in_the_page_and_no_other_line_gets_one():
    fig = seeds([1, 2], {"a & b": [[0, 1], [0, 0.12345]], "c": [[1, 2], [3, -4]]}, xlabel="x", ylabel="y")
    svg = bundle(fig, alt="two seeds of two kinds")["image/svg+xml"]
    found = re.findall(r'<g data-kind="([^"]*)" data-seed="([^"]*)" data-end="([^"]*)">', svg)
    assert found == [("a &amp; b", "0", "1.00"), ("a &amp; b", "1", "0.123"), ("c", "0", "2.00"), ("c", "1", "-4.00")]
    assert svg.count("data-seed") == 4


def test_a_timeline_is_in_the_order_of_years():
    words = [text.get_text() for text in timeline([(2017, "late"), (1950, "early"), (1986, "between")]).axes[0].texts]
    assert words == ["1950  early", "1986  between", "2017  late"]


@pytest.mark.parametrize("word", ["$5 and $6", "$\\frac$", "a_b^c"])
def test_words_are_words_and_no_formulas(word):
    for fig in (
        heat_map([[1.0, 0.5]], ["a"], [word, "x"]),
        bars([word, "x"], {"n": [1, 2]}, ylabel="y"),
        timeline([(1990, word), (1991, "b")]),
    ):
        assert word in bundle(fig, alt="a figure with a word")["image/svg+xml"]


@pytest.mark.parametrize(("columns", "angle"), [("a" * 12, 0), ("a" * 13, 0), (["ab"] * 12, 0), (["ab"] * 13, 90)])
def test_only_many_long_words_are_turned(columns, angle):
    fig = heat_map([[0.5] * len(columns)], ["row"], list(columns), decimals=None)
    assert {label.get_rotation() for label in fig.axes[0].get_xticklabels()} == {angle}


def test_a_tornado_has_its_first_assumption_on_top_and_bars_from_the_base():
    ax = tornado({"wide": (-4e3, 9e3), "narrow": (3e3, 1e3)}, base=2e3, unit=1e3, xlabel="thousand").axes[0]
    bars_of = [[(bar.get_x(), bar.get_x() + bar.get_width()) for bar in side] for side in ax.containers]
    assert bars_of == [[(2, -4), (2, 3)], [(2, 9), (2, 1)]]
    low, high = ax.get_ylim()
    assert low > high
    assert [label.get_text() for label in ax.get_yticklabels()] == ["wide", "narrow"]

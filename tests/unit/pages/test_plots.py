"""What cannot be drawn is refused, and words stay words."""

import numpy as np
import pytest

from llmbook.pages import bars, dots, heat_map, lines, loss_curve, timeline
from llmbook.pages.figures import bundle


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
        (lambda: dots({}, xlabel="x"), "at least one; got {}"),
        (lambda: dots({"a": [1.0], "b": []}, xlabel="x"), "every row needs finite numbers"),
        (lambda: dots({"a": [1.0, np.nan]}, xlabel="x"), "finite numbers"),
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

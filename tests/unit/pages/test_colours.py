"""What a figure's colours, dashes, frames and printed numbers say, read from what is drawn and not from the code."""

import colorsys

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import PathPatch, Rectangle

from llmbook.pages import alignment, bars, figures, heat_map, lines, looks, loss_curve, plots
from llmbook.pages.figures import digest
from llmbook.pages.looks import PALETTE, SERIES

SIX = {name: [1.0 + i, 2.0] for i, name in enumerate("abcdef")}
HUES = {"blue": (0.53, 0.6), "orange": (0.0, 0.1)}  # parts of the circle of colours that everybody calls so


def hue(colour: object) -> str:
    """What a reader would call the colour."""
    turn = colorsys.rgb_to_hls(*to_rgb(colour))[0]
    return next(name for name, (low, high) in HUES.items() if low <= turn <= high)


def cells(fig) -> dict[tuple[int, int], tuple[str, float]]:
    """Colour and opacity of each cell (t, s) that is drawn."""
    found = {}
    for patch in fig.axes[0].patches:
        if isinstance(patch, PathPatch):
            for square in patch.get_path().to_polygons():
                s, t = square[:-1].mean(axis=0).round().astype(int).tolist()
                found[t, s] = (hue(patch.get_facecolor()[:3]), patch.get_alpha())
    return found


@pytest.mark.parametrize("decimals", [None, 1])
def test_cells_above_zero_are_blue_and_below_orange(decimals):
    table = np.array([[0.5, -1.0, 0.0], [0.25, -0.5, 1.0], [-0.25, 1.0, 0.75]])
    drawn = cells(heat_map(table, list("rst"), list("abc"), decimals=decimals))
    assert set(drawn) == {tuple(place) for place in np.argwhere(table != 0)}
    assert {place: colour for place, (colour, _) in drawn.items()} == {
        place: "blue" if table[place] > 0 else "orange" for place in drawn
    }
    strongest = max(alpha for _, alpha in drawn.values())
    for place, (_, alpha) in drawn.items():
        assert alpha / strongest == pytest.approx(abs(table[place]))


def test_pixels_above_zero_are_blue_and_below_orange():
    table = np.outer(np.linspace(-1, 1, 40), np.linspace(0.1, 1, 41))
    (image,) = heat_map(table, [""] * 40, [""] * 41, decimals=None).axes[0].images
    pixels = image.get_array()
    for t, s in ((0, 0), (3, 40), (20, 7), (39, 40)):
        assert hue(pixels[t, s, :3]) == ("blue" if table[t, s] > 0 else "orange")


def test_the_palette_begins_with_blue_and_orange():
    assert [hue(PALETTE[name]) for name in SERIES[:2]] == ["blue", "orange"]
    assert len({PALETTE[name] for name in SERIES}) == 6


def test_each_curve_has_its_colour_its_dash_and_its_band():
    bands = {name: ([0.0, 0.0], [3.0, 3.0]) for name in SIX}
    ax = lines([0, 1], SIX, xlabel="x", ylabel="y", bands=bands).axes[0]
    expected = [PALETTE[name] for name in SERIES]
    assert [line.get_color() for line in ax.lines] == expected
    assert [line.get_color() for line in ax.get_legend().get_lines()] == expected
    assert [to_hex(band.get_facecolor()[0]) for band in ax.collections] == expected
    assert ax.lines[0].get_linestyle() == "-"
    assert len({str(line._unscaled_dash_pattern) for line in ax.lines}) == 6
    assert len(loss_curve(SIX).axes[0].lines) == 6


def test_each_series_of_bars_has_its_colour_and_its_hatching():
    ax = bars(["r", "s"], SIX, ylabel="y").axes[0]
    drawn = [{(to_hex(bar.get_facecolor()), bar.get_hatch()) for bar in series} for series in ax.containers]
    assert [len(looks) for looks in drawn] == [1] * 6
    assert [colour for ((colour, _),) in drawn] == [PALETTE[name] for name in SERIES]
    assert len({hatch for ((_, hatch),) in drawn}) == 6


def test_a_frame_stands_around_its_cell():
    fig = alignment(np.eye(3), list("rst"), list("abc"), truth=[(0, 2), (1, 0)])
    frames = [patch for patch in fig.axes[0].patches if isinstance(patch, Rectangle) and patch.get_width() < 1]
    assert [tuple(frame.get_center()[::-1].round(6)) for frame in frames] == [(0, 2), (1, 0)]  # (t, s) is (y, x)
    assert {hue(frame.get_edgecolor()[:3]) for frame in frames} == {"orange"}


def test_each_number_is_printed_in_its_cell():
    table = np.arange(9).reshape(3, 3) / 10
    ax = heat_map(table, list("rst"), list("abc"), decimals=1).axes[0]
    assert {text.get_position()[::-1]: text.get_text() for text in ax.texts} == {
        (t, s): f"{table[t, s]:.1f}" for t, s in np.ndindex(3, 3)
    }
    assert ax.get_ylim() == (2.5, -0.5)  # the first row on top
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abc")


def test_a_loss_curve_counts_steps_from_one_and_a_shared_scale_is_kept():
    assert loss_curve({"a": [3.0, 2.0]}, every=5).axes[0].lines[0].get_xdata().tolist() == [5, 10]
    half, whole = (cells(heat_map([[0.5]], ["r"], ["a"], largest=n))[0, 0][1] for n in (1.0, 0.5))
    assert half == pytest.approx(whole / 2)


def test_the_digest_sees_on_which_side_of_zero_a_cell_is_but_not_the_theme(monkeypatch):
    """A map of one shade, with its sign turned round; then the same in other colours."""

    def marks() -> list[str]:
        return [digest(heat_map([[x, 0.0]], ["r"], ["a", "b"], decimals=None)) for x in (0.5, -0.5)]

    plus, minus = marks()
    assert plus != minus
    other = {**PALETTE, "c1": "#112233", "c2": "#445566"}
    for module in (looks, plots, figures):
        monkeypatch.setattr(module, "PALETTE", other)
    assert marks() == [plus, minus]

"""The figures the book draws: heat maps, curves, bars, dots, tornadoes, timelines; each returns one for ``show``."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from torch import Tensor

from llmbook.pages.figures import canvas
from llmbook.pages.looks import DASHES, HATCHES, PALETTE, SERIES, style

AS_IT_IS: dict[str, Any] = {"parse_math": False}  # a token may hold a dollar sign
Words = Sequence[str]
SHADE_UNDER_TEXT, SHADE, SHADES = 0.5, 0.9, 40  # the strongest opacities of a cell; how many steps are told apart
CORNERS = np.array([(-0.48, -0.48), (0.48, -0.48), (0.48, 0.48), (-0.48, 0.48), (-0.48, -0.48)])  # of a cell
MOST_DRAWN_CELLS = 32 * 32  # a larger heat map is a picture of pixels instead of paths


def heat_map(
    values: object,
    rows: Words,
    columns: Words,
    *,
    title: str = "",
    row_label: str = "",
    column_label: str = "",
    decimals: int | None = 2,
    largest: int | float | None = None,
    ax: Axes | None = None,
) -> Figure:
    """A table of shaded cells: blue above zero, orange and (without numbers) hatched below, strong where it is large.

    ``decimals`` prints the numbers into the cells (None: no numbers). ``largest`` is the number with full colour, by
    default the largest there is; give it where several maps are to be compared. Raises ``ValueError`` where the
    labels do not fit the table, and for numbers that are not finite.
    """
    table = as_array(values)
    if table.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of {table.shape} does not fit {len(rows)} rows and {len(columns)} columns")
    if not table.size or not np.isfinite(table).all():
        raise ValueError(f"a heat map needs finite numbers, at least one; got {table.tolist()}")
    T, S = table.shape
    size = (5.2, 4.6) if decimals is None else (1.6 + 0.55 * S, 0.9 + 0.38 * T)
    ax = ax or canvas(*size)[1][0]
    with style():
        top = largest or float(np.abs(table).max()) or 1.0
        hatch = HATCHES[1] if decimals is None else ""  # a printed number has its sign
        shade(ax, table / top, SHADE if decimals is None else SHADE_UNDER_TEXT, hatch)
        if decimals is not None:
            for t, s in np.ndindex(T, S):
                number = round(float(table[t, s]), decimals) + 0.0  # + 0.0 makes -0 into 0
                ax.text(s, t, f"{number:.{decimals}f}", ha="center", va="center", size=9)
        ax.set(xlim=(-0.5, S - 0.5), ylim=(T - 0.5, -0.5), xlabel=column_label, ylabel=row_label, title=title)
        upright = S <= 12 or max(map(len, columns)) == 1
        ax.set_xticks(range(S), columns, rotation=0 if upright else 90, **AS_IT_IS)
        ax.set_yticks(range(T), rows, **AS_IT_IS)
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return cast(Figure, ax.figure)


def shade(ax: Axes, table: np.ndarray, strongest: float, hatch: str = "") -> None:
    """Draw each cell of a table of numbers in -1..1: one path for each step of opacity, or pixels for a large table.

    ``hatch`` marks the cells below zero, but not in pixels.
    """
    if table.size > MOST_DRAWN_CELLS:
        pixels = np.zeros((*table.shape, 4))
        for sign, name in ((1, "c1"), (-1, "c2")):
            pixels[sign * table > 0, :3] = to_rgb(PALETTE[name])
        pixels[..., 3] = strongest * np.abs(table).clip(0, 1)
        ax.imshow(pixels, interpolation="nearest", aspect="auto")
        return
    ax.add_patch(Rectangle((-0.5, -0.5), table.shape[1], table.shape[0], fill=False, edgecolor=PALETTE["grid"], lw=0.8))
    steps = np.round(table.clip(-1, 1) * SHADES).astype(int)
    for step in sorted(set(steps.ravel()) - {0}):
        squares = [Path(CORNERS + np.array([s, t]), closed=True) for t, s in np.argwhere(steps == step)]
        colour = PALETTE["c1" if step > 0 else "c2"]
        path = Path.make_compound_path(*squares)
        looks: dict[str, Any] = {"hatch": hatch, "hatchcolor": PALETTE["ink"]} if step < 0 and hatch else {}
        ax.add_patch(PathPatch(path, facecolor=colour, alpha=strongest * abs(step) / SHADES, lw=0, **looks))


def alignment(
    weights: object, target: Words, source: Words, *, truth: Sequence[tuple[int, int]] = (), title: str = ""
) -> Figure:
    """Attention from ``target`` (rows) to ``source`` (columns), ``truth`` cells (t, s) framed; raises as a heat map."""
    fig = heat_map(weights, target, source, title=title, decimals=None, largest=1.0)
    for t, s in truth:
        frame = Rectangle((s - 0.44, t - 0.44), 0.88, 0.88, fill=False, edgecolor=PALETTE["c2"], lw=1.6)
        fig.axes[0].add_patch(frame)
    return fig


def lines(
    x: object,
    curves: Mapping[str, object],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    bands: Mapping[str, tuple[object, object]] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """One to six curves over x, told apart by colour and dash; ``ValueError`` for more, none, or another length.

    ``bands`` shades from a lower to an upper line around the curves it names; ``ValueError`` for one that there is not.
    """
    bands = bands or {}
    check_series(curves, len(as_array(x)))
    check_bands(bands, curves, len(as_array(x)))
    ax = ax or canvas()[1][0]
    with style():
        for i, (name, y) in enumerate(curves.items()):
            colour, dash = PALETTE[SERIES[i]], DASHES[i]
            ax.plot(as_array(x), as_array(y), color=colour, linestyle=dash, lw=1.8, label=name)
            if name in bands:
                low, high = bands[name]
                ax.fill_between(as_array(x), as_array(low), as_array(high), color=colour, alpha=0.18, lw=0)
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.set_xscale("log" if log_x else "linear")
        ax.set_yscale("log" if log_y else "linear")
        for axis in [axis for wanted, axis in ((log_x, ax.xaxis), (log_y, ax.yaxis)) if wanted]:
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
        if len(curves) > 1:
            ax.legend()
    return cast(Figure, ax.figure)


def seeds(x: object, runs: Mapping[str, object], *, xlabel: str, ylabel: str, ax: Axes | None = None) -> Figure:
    """A thin line for each seed, (seeds, points) for each kind of run; the page lets its reader draw one of the seeds.

    One to six kinds, told apart by colour and dash; ``ValueError`` for more, none, or lines of another length than x.
    """
    check_series({name: as_array(lines_of)[0] for name, lines_of in runs.items()}, len(as_array(x)))
    ax = ax or canvas()[1][0]
    with style():
        for i, (name, lines_of) in enumerate(runs.items()):
            looks: dict[str, Any] = {"color": PALETTE[SERIES[i]], "ls": DASHES[i]}
            for seed, y in enumerate(as_array(lines_of)):
                gid = f"seed of {name}: {seed} ends at {y[-1]:#.3g}"
                ax.plot(as_array(x), y, lw=0.7, alpha=0.6, gid=gid, **looks)
            ax.plot([], [], label=name, **looks)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if len(runs) > 1:
            ax.legend()
    return cast(Figure, ax.figure)


def loss_curve(losses: Mapping[str, object], *, every: int = 1, ylabel: str = "loss (nats)", title: str = "") -> Figure:
    """Losses of one to six equally long runs, else ``ValueError``; ``every`` is the steps between two entries."""
    first = next(iter(losses.values()), ())
    steps = np.arange(1, len(as_array(first)) + 1) * every
    return lines(steps, losses, xlabel="training step", ylabel=ylabel, title=title)


def bars(labels: Words, series: Mapping[str, object], *, ylabel: str, title: str = "", decimals: int = 2) -> Figure:
    """Upright bars, one group a label, one colour and hatching a series, each with its number above it.

    Raises ``ValueError`` for no series or more than six, and where one is not as long as the labels.
    """
    check_series(series, len(labels))
    fig, (ax,) = canvas(max(3.5, 1 + 0.9 * len(labels) * max(1, len(series) * 0.6)), 3)
    width = 0.8 / len(series)
    with style():
        for i, (name, heights) in enumerate(series.items()):
            left = np.arange(len(labels)) + (i - (len(series) - 1) / 2) * width
            looks: dict[str, Any] = {"color": PALETTE[SERIES[i]], "hatch": HATCHES[i], "hatchcolor": PALETTE["paper"]}
            drawn = ax.bar(left, as_array(heights), width * 0.92, label=name, **looks)
            ax.bar_label(drawn, fmt=f"%.{decimals}f", size=9, padding=2)
        ax.set_xticks(range(len(labels)), labels, **AS_IT_IS)
        ax.set(ylabel=ylabel, title=title)
        ax.margins(y=0.15)
        if len(series) > 1:
            ax.legend()
    return fig


def dots(rows: Mapping[str, object], *, xlabel: str, title: str = "") -> Figure:
    """Numbers of several runs, a row for each kind: a dot a run, on a line from the smallest to the largest.

    Raises ``ValueError`` for no rows, for a row without numbers, and for numbers that are not finite.
    """
    found = {name: as_array(numbers) for name, numbers in rows.items()}
    if not found or not all(numbers.size and np.isfinite(numbers).all() for numbers in found.values()):
        raise ValueError(f"every row needs finite numbers, at least one; got {dict(rows)}")
    fig, (ax,) = canvas(6, 0.8 + 0.3 * len(found))
    with style():
        for place, numbers in enumerate(found.values()):
            ax.plot([numbers.min(), numbers.max()], [place, place], color=PALETTE["grid"], lw=4, zorder=0)
            ax.plot(numbers, np.full(numbers.size, place), "o", color=PALETTE["c1"], mec=PALETTE["paper"], ms=7)
        ax.set(xlabel=xlabel, title=title, ylim=(len(found) - 0.5, -0.5))
        ax.set_xlim(left=min(0, ax.get_xlim()[0]))
        ax.set_yticks(range(len(found)), list(found), **AS_IT_IS)
    return fig


def tornado(ends: Mapping[str, tuple[float, float]], *, base: float, unit: float, xlabel: str) -> Figure:
    """For each assumption the result at both ends of its range, as bars from ``base``, in units; the first on top.

    Raises ``ValueError`` for no assumptions, and for numbers that are not finite.
    """
    found = as_array(list(ends.values()))
    if not found.size or not np.isfinite(found).all():
        raise ValueError(f"a tornado needs finite ends, of at least one assumption; got {dict(ends)}")
    fig, (ax,) = canvas(6.8, 1 + 0.32 * len(ends))
    looks = (("low end of the range", "c2", "//"), ("high end of the range", "c1", ""))
    with style():
        for (words, colour, hatch), side in zip(looks, found.T, strict=True):
            drawn: dict[str, Any] = {"color": PALETTE[colour], "hatch": hatch, "edgecolor": PALETTE["paper"]}
            ax.barh(range(len(ends)), (side - base) / unit, left=base / unit, height=0.7, label=words, **drawn)
        ax.axvline(0, color=PALETTE["ink"], lw=1)
        ax.set_yticks(range(len(ends)), list(ends), **AS_IT_IS)
        ax.set(xlabel=xlabel, ylim=(len(ends) - 0.4, -0.6))
        ax.legend(loc="lower center", bbox_to_anchor=(0.3, 1), ncols=2)
    return fig


def timeline(events: Sequence[tuple[int | float, str]], *, title: str = "") -> Figure:
    """Events (year, words) down a line: dots true to scale, words evenly spaced. ``ValueError`` for no events."""
    if not events:
        raise ValueError("a timeline needs at least one event")
    events = sorted(events)
    fig, (ax,) = canvas(6.4, 0.6 + 0.34 * len(events))
    years = np.array([year for year, _ in events], dtype=float)
    span = max(years[-1] - years[0], 1e-9)
    with style():
        for i, (year, words) in enumerate(events):
            y = (year - years[0]) / span * (len(events) - 1)
            ax.plot([0, 0.25, 0.35], [y, i, i], color=PALETTE["grid"], lw=0.8)
            ax.plot([0], [y], marker="o", color=PALETTE["c1"], markersize=5)
            ax.text(0.4, i, f"{year:g}  {words}", va="center", size=9, **AS_IT_IS)
        ax.plot([0, 0], [0, len(events) - 1], color=PALETTE["muted"], lw=1.5, zorder=0)
        ax.set(xlim=(-0.1, 5), ylim=(len(events) - 0.5, -0.5), title=title)
        ax.axis("off")
    return fig


def check_series(series: Mapping[str, object], length: int) -> None:
    """Raise ``ValueError`` unless there are one to six series of this length."""
    if not 1 <= len(series) <= len(SERIES):
        raise ValueError(f"1 to {len(SERIES)} series can be told apart, got {len(series)}: {', '.join(series)}")
    for name, values in series.items():
        if len(as_array(values)) != length:
            raise ValueError(f"series {name!r} has {len(as_array(values))} numbers, but {length} are needed")


def check_bands(bands: Mapping[str, tuple[object, object]], curves: Mapping[str, object], length: int) -> None:
    """Raise ``ValueError`` unless each band belongs to a curve, and has two lines as long as it."""
    if unknown := set(bands) - set(curves):
        raise ValueError(f"bands around {sorted(unknown)}, which are no curves")
    for name, (low, high) in bands.items():
        check_series({f"{name}, lower line": low, f"{name}, upper line": high}, length)


def as_array(values: object) -> np.ndarray:
    """A list, array or tensor as an array of floats."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double()
    return np.asarray(values, dtype=float)

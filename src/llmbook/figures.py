"""Figures for the book's pages: drawn by matplotlib, shown as SVG, described in words, compared by digest.

Draw with one of the plot functions, or on ``canvas()`` with matplotlib's own methods, then call
``show(fig, alt="…")``. The output holds the picture (``image/svg+xml``) and a line of text (``text/plain``) with the
description and a digest of the plotted data, so that a test that reruns the page notices when a curve has moved.

Colours are the palette of Okabe and Ito, which colour-blind readers can tell apart. In the SVG each is a CSS
variable with the colour itself as fallback, so that a dark page recolours the figure; lines differ in dash too.
"""

import hashlib
import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FixedLocator

OKABE_ITO = {"c1": "#0072b2", "c2": "#d55e00", "c3": "#009e73", "c4": "#cc79a7", "c5": "#e69f00", "c6": "#56b4e9"}
PALETTE = {"ink": "#1d2530", "paper": "#ffffff", "muted": "#5a6472", "grid": "#9aa3ad", **OKABE_ITO}
SERIES = tuple(OKABE_ITO)
AS_IT_IS = {"parse_math": False}  # a token may hold a dollar sign
Words = Sequence[str]
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 2, 2)), (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
FONT = "var(--llm-figure-font, system-ui, sans-serif)"
SHADE_UNDER_TEXT, SHADE, SHADES = 0.5, 0.9, 40  # the strongest opacities of a cell; how many steps are told apart
ROOT_STYLE = "max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt"
CORNERS = np.array([(-0.48, -0.48), (0.48, -0.48), (0.48, 0.48), (-0.48, 0.48), (-0.48, -0.48)])  # of a cell
MOST_DRAWN_CELLS = 32 * 32  # a larger heat map is a picture of pixels instead of paths

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "llmbook",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so the layout is the same everywhere
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": PALETTE["paper"],
    "axes.facecolor": "none",
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), PALETTE["ink"]),
    "axes.edgecolor": PALETTE["muted"],
}


def style() -> AbstractContextManager:
    """The book's settings of matplotlib, for a ``with`` statement."""
    return matplotlib.rc_context(STYLE)


def canvas(width: int | float = 6, height: int | float = 3, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure of ``width`` × ``height`` inches, with a row of axes. Draw ``with style()``, or name colours."""
    with style():
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, list(fig.subplots(1, columns, squeeze=False)[0])


# --- showing ---------------------------------------------------------------------------------------------------


def show(fig: Figure, *, alt: str, digits: int | None = 3) -> None:
    """Display ``fig`` as SVG, with ``alt`` and a digest of its data as text.

    ``alt`` says what the figure shows to somebody who cannot see it. ``digits`` is how many digits of each array's
    largest number the digest covers; None covers their number and the words only, for curves of a training run, which
    differ from processor to processor. Raises ``ValueError`` for an alt text of fewer than three words.
    """
    from IPython.display import display

    display(bundle(fig, alt=alt, digits=digits), raw=True)


def bundle(fig: Figure, *, alt: str, digits: int | None = 3) -> dict[str, str]:
    """What ``show`` displays, by MIME type; raises as it does."""
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise ValueError(f"a figure needs an alt text of at least three words, got {alt!r}")
    alt = " ".join(alt.split())
    mark = digest(fig, digits)
    covers = "words only, digest" if digits is None else "digest"
    return {"image/svg+xml": to_svg(fig, alt, mark), "text/plain": f"Figure: {alt} [{covers} {mark}]"}


def digest(fig: Figure, digits: int | None = 3) -> str:
    """Eight hexadecimal digits computed from the data and the words of a figure, and from nothing of its looks."""
    said = []
    for ax in fig.axes:
        said += [array for line in ax.lines for array in line.get_data()]
        patches = ax.patches if digits else []  # which cells of a heat map share a path depends on the numbers
        said += [p.get_bbox().bounds if isinstance(p, Rectangle) else p.get_path().vertices for p in patches]
        said += [patch.get_alpha() or 0 for patch in patches]
        said += [array for c in ax.collections for array in (c.get_array(), c.get_offsets()) if array is not None]
        said += [path.vertices for c in ax.collections for path in c.get_paths()]
        said += [image.get_array() for image in ax.images]
        labels = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
        labels += ax.get_legend().get_texts() if ax.get_legend() else []
        said += [text.get_text() for text in labels]
        said += [ax.get_xscale(), ax.get_yscale(), *explicit_ticks(ax)]
    words = [x if isinstance(x, str) else rounded(x, digits) for x in said]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:8]


def explicit_ticks(ax: Axes) -> list[str]:
    """The tick labels that were given as words."""
    given = [axis for axis in (ax.xaxis, ax.yaxis) if isinstance(axis.get_major_locator(), FixedLocator)]
    return [label.get_text() for axis in given for label in axis.get_ticklabels()]


def rounded(array: object, digits: int | None) -> str:
    """The shape and the numbers of an array, to ``digits`` digits of its largest number."""
    numbers = np.ma.filled(np.ma.asarray(array, dtype=float), np.nan)
    if digits is None:
        return str(numbers.shape)
    finite = np.abs(numbers[np.isfinite(numbers)])
    power = math.floor(math.log10(finite.max())) if finite.size and finite.max() > 0 else 0
    steps = np.round(numbers / 10.0 ** (power - digits + 1)) + 0.0  # + 0.0 makes -0 into 0
    return f"{numbers.shape} e{power} {steps.ravel().tolist()}"


def to_svg(fig: Figure, alt: str, mark: str) -> str:
    """The figure as one ``<svg>`` that can stand in a page: recolourable, no foreign names, no ids but its own."""
    file = io.StringIO()
    with style():
        fig.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= )(d|x|y|transform|width|height|viewBox)="([^"]*)"', short_numbers, svg)
    svg = own_ids(svg, f"fig-{mark}")
    svg = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", FONT, svg)
    svg = svg.replace("#000000", PALETTE["ink"])
    for name, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--llm-{name}, {colour})")
    svg = re.sub(r"\n\s*", "\n", re.sub(r"<g>\s*</g>", "", svg))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" style="{ROOT_STYLE}" ', 1)


def short_numbers(attribute: re.Match) -> str:
    """Coordinates to a hundredth of a point: a third of the size, and no digits that differ between processors."""
    value = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{round(float(number[0]), 2) + 0.0:g}", attribute[2])
    return f'{attribute[1]}="{value}"'


def own_ids(svg: str, prefix: str) -> str:
    """Drop the ids nobody refers to, and begin the others with ``prefix``: several figures share one page."""
    used = {name: f"{prefix}-{i}" for i, name in enumerate(dict.fromkeys(re.findall(r'(?:url\(|href=")#(\w+)', svg)))}
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{used[m[1]]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(|href=")#(\w+)', lambda m: f"{m[1]}#{used[m[2]]}", svg)


# --- plots -----------------------------------------------------------------------------------------------------


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
    """A table of shaded cells: blue above zero, orange below, as strong as the number is large.

    ``decimals`` prints the numbers into the cells (None: no numbers). ``largest`` is the number with full colour, by
    default the largest there is; give it where several maps are to be compared. Raises ``ValueError`` where the
    labels do not fit the table, and for numbers that are not finite.
    """
    table = numbers(values)
    if table.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of {table.shape} does not fit {len(rows)} rows and {len(columns)} columns")
    if not table.size or not np.isfinite(table).all():
        raise ValueError(f"a heat map needs finite numbers, at least one; got {table.tolist()}")
    T, S = table.shape
    size = (5.2, 4.6) if decimals is None else (1.6 + 0.55 * S, 0.9 + 0.38 * T)
    ax = ax or canvas(*size)[1][0]
    with style():
        top = largest or float(np.abs(table).max()) or 1.0
        shade(ax, table / top, SHADE if decimals is None else SHADE_UNDER_TEXT)
        if decimals is not None:
            for t, s in np.ndindex(T, S):
                ax.text(s, t, f"{round(table[t, s], decimals) + 0.0:.{decimals}f}", ha="center", va="center", size=9)
        ax.set(xlim=(-0.5, S - 0.5), ylim=(T - 0.5, -0.5), xlabel=column_label, ylabel=row_label, title=title)
        ax.set_xticks(range(S), columns, rotation=0 if S <= 12 else 90, **AS_IT_IS)
        ax.set_yticks(range(T), rows, **AS_IT_IS)
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return ax.figure


def shade(ax: Axes, table: np.ndarray, strongest: float) -> None:
    """Draw each cell of a table of numbers in -1..1: one path for each step of opacity, or pixels for a large table."""
    if table.size > MOST_DRAWN_CELLS:
        pixels = np.zeros((*table.shape, 4))
        for sign, name in ((1, "c1"), (-1, "c2")):
            pixels[sign * table > 0, :3] = matplotlib.colors.to_rgb(PALETTE[name])
        pixels[..., 3] = strongest * np.abs(table).clip(0, 1)
        ax.imshow(pixels, interpolation="nearest", aspect="auto")
        return
    ax.add_patch(Rectangle((-0.5, -0.5), table.shape[1], table.shape[0], fill=False, edgecolor=PALETTE["grid"], lw=0.8))
    steps = np.round(table.clip(-1, 1) * SHADES).astype(int)
    for step in sorted(set(steps.ravel()) - {0}):
        squares = [Path(CORNERS + np.array([s, t]), closed=True) for t, s in np.argwhere(steps == step)]
        colour = PALETTE["c1" if step > 0 else "c2"]
        path = Path.make_compound_path(*squares)
        ax.add_patch(PathPatch(path, facecolor=colour, alpha=strongest * abs(step) / SHADES, lw=0))


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
    ax: Axes | None = None,
) -> Figure:
    """One to six curves over x, told apart by colour and dash; ``ValueError`` for more, none, or another length."""
    check_series(curves, len(numbers(x)))
    ax = ax or canvas()[1][0]
    with style():
        for i, (name, y) in enumerate(curves.items()):
            colour, dash = PALETTE[SERIES[i]], DASHES[i]
            ax.plot(numbers(x), numbers(y), color=colour, linestyle=dash, lw=1.8, label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
        ax.set_xscale("log" if log_x else "linear")
        ax.set_yscale("log" if log_y else "linear")
        for axis in [axis for wanted, axis in ((log_x, ax.xaxis), (log_y, ax.yaxis)) if wanted]:
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
        if len(curves) > 1:
            ax.legend()
    return ax.figure


def loss_curve(losses: Mapping[str, object], *, every: int = 1, ylabel: str = "loss (nats)", title: str = "") -> Figure:
    """Losses of one to six equally long runs, else ``ValueError``; ``every`` is the steps between two entries."""
    steps = np.arange(1, len(next(iter(losses.values()), ())) + 1) * every
    return lines(steps, losses, xlabel="training step", ylabel=ylabel, title=title)


def bars(labels: Words, series: Mapping[str, object], *, ylabel: str, title: str = "", decimals: int = 2) -> Figure:
    """Upright bars, one group a label and one colour a series, each with its number above it.

    Raises ``ValueError`` for no series or more than six, and where one is not as long as the labels.
    """
    check_series(series, len(labels))
    fig, (ax,) = canvas(max(3.5, 1 + 0.9 * len(labels) * max(1, len(series) * 0.6)), 3)
    width = 0.8 / len(series)
    with style():
        for i, (name, heights) in enumerate(series.items()):
            left = np.arange(len(labels)) + (i - (len(series) - 1) / 2) * width
            drawn = ax.bar(left, numbers(heights), width * 0.92, color=PALETTE[SERIES[i]], label=name)
            ax.bar_label(drawn, fmt=f"%.{decimals}f", size=9, padding=2)
        ax.set_xticks(range(len(labels)), labels, **AS_IT_IS)
        ax.set(ylabel=ylabel, title=title)
        ax.margins(y=0.15)
        if len(series) > 1:
            ax.legend()
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
        if len(numbers(values)) != length:
            raise ValueError(f"series {name!r} has {len(numbers(values))} numbers, but {length} are needed")


def numbers(values: object) -> np.ndarray:
    """A list, array or tensor as an array of floats."""
    values = values.detach().cpu() if hasattr(values, "detach") else values
    return np.asarray(values, dtype=float)

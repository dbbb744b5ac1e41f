"""Figures for the book's pages: drawn by matplotlib, shown as SVG, described in words, compared by digest.

Draw with one of the functions of ``plots``, or on ``canvas()`` with matplotlib's own methods, then call
``show(fig, alt="…")``. The output holds the picture (``image/svg+xml``) and a line of text (``text/plain``) with the
description and a digest of the plotted data, so that a test that reruns the page notices when a curve has moved.
"""

import hashlib
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator

from llmbook.pages.looks import PALETTE, style
from llmbook.pages.svg import to_svg


def canvas(width: int | float = 6, height: int | float = 3, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure of ``width`` × ``height`` inches, with a row of axes. Draw ``with style()``, or name colours."""
    with style():
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, list(fig.subplots(1, columns, squeeze=False)[0])


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
    if len(str(alt).split()) < 3:
        raise ValueError(f"a figure needs an alt text of at least three words, got {alt!r}")
    alt = " ".join(alt.split())
    mark = digest(fig, digits)
    covers = "words only, digest" if digits is None else "digest"
    return {"image/svg+xml": to_svg(fig, alt, mark), "text/plain": f"Figure: {alt} [{covers} {mark}]"}


def digest(fig: Figure, digits: int | None = 3) -> str:
    """Eight hexadecimal digits computed from the data and the words of a figure, and from nothing of its looks."""
    parts: list[str] = []
    for ax in fig.axes:
        parts += [rounded(array, digits) for array in drawn_arrays(ax, with_patches=bool(digits))]
        parts += written_words(ax)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def drawn_arrays(ax: Axes, with_patches: bool) -> list[object]:
    """The numbers behind curves, bars, cells, dots and pictures.

    Without patches where only the number of arrays counts: which cells of a heat map share one depends on the numbers.
    """
    patches = ax.patches if with_patches else []
    arrays: list[object] = [array for line in ax.lines for array in line.get_data()]
    arrays += [p.get_bbox().bounds if isinstance(p, Rectangle) else p.get_path().vertices for p in patches]
    arrays += [strength(patch) for patch in patches]
    arrays += [array for c in ax.collections for array in (c.get_array(), c.get_offsets()) if array is not None]
    arrays += [path.vertices for c in ax.collections for path in c.get_paths()]
    arrays += [image.get_array() for image in ax.images]
    return arrays


def strength(patch: Patch) -> float:
    """How opaque a cell of a heat map is, below zero where it has the colour of numbers below zero."""
    below = to_hex(patch.get_facecolor()) == PALETTE["c2"]
    return (-1 if below else 1) * (patch.get_alpha() or 0)


def written_words(ax: Axes) -> list[str]:
    """Title, names of the axes, texts, legend, scales, and the tick labels that were given as words."""
    legend = ax.get_legend()
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *(legend.get_texts() if legend else [])]
    named_axes = [axis for axis in (ax.xaxis, ax.yaxis) if isinstance(axis.get_major_locator(), FixedLocator)]
    ticks = [label for axis in named_axes for label in axis.get_ticklabels()]
    scales = [ax.get_xscale(), ax.get_yscale()]
    return [*(text.get_text() for text in texts), *scales, *(tick.get_text() for tick in ticks)]


def rounded(array: object, digits: int | None) -> str:
    """The shape and the numbers of an array, to ``digits`` digits of its largest number."""
    numbers = np.ma.filled(np.ma.asarray(array, dtype=float), np.nan)
    if digits is None:
        return str(numbers.shape)
    finite = np.abs(numbers[np.isfinite(numbers)])
    power = math.floor(math.log10(finite.max())) if finite.size and finite.max() > 0 else 0
    steps = np.round(numbers / 10.0 ** (power - digits + 1)) + 0.0  # + 0.0 makes -0 into 0
    return f"{numbers.shape} e{power} {steps.ravel().tolist()}"

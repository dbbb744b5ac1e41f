"""How the book's figures look: one palette, and matplotlib's settings.

Colours are the palette of Okabe and Ito, which colour-blind readers can tell apart. In the SVG each is a CSS variable
with the colour itself as fallback, so that a dark page recolours the figure. No colour carries a meaning alone, so that
a figure can be printed in grey: lines differ in dash too, bars in hatching.
"""

from contextlib import AbstractContextManager
from typing import Any

import matplotlib

OKABE_ITO = {"c1": "#0072b2", "c2": "#d55e00", "c3": "#009e73", "c4": "#cc79a7", "c5": "#e69f00", "c6": "#56b4e9"}
PALETTE = {"ink": "#1d2530", "paper": "#ffffff", "muted": "#5a6472", "grid": "#9aa3ad", **OKABE_ITO}
SERIES = tuple(OKABE_ITO)
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 2, 2)), (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
HATCHES = ("", "//", "\\\\", "xx", "--", "||")  # lines only: a dot costs twenty lines of SVG

STYLE: dict[Any, Any] = {
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
    "hatch.linewidth": 1.4,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), PALETTE["ink"]),
    "axes.edgecolor": PALETTE["muted"],
}


def style() -> AbstractContextManager[None]:
    """The book's settings of matplotlib, for a ``with`` statement."""
    return matplotlib.rc_context(STYLE)

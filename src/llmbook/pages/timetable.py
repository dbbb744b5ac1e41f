"""A pipeline's trace as a picture: a row for each rank, a box for each forward and backward, with its micro-batch."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.distributed.schedules import Trace
from llmbook.pages.figures import canvas
from llmbook.pages.looks import HATCHES, PALETTE, style

NARROWEST = 0.022  # of the width: a number fits into a box as wide


def timetable(traces: dict[str, Trace], *, xlabel: str, scale: float = 1.0) -> Figure:
    """Traces one above the other, their times multiplied by ``scale``; raises ``ValueError`` where there is none.

    Forwards are blue, backwards orange and hatched; a rank's second stage and later ones are lighter.
    """
    if not traces:
        raise ValueError("there is no trace to draw")
    ranks = sum(map(len, traces.values()))
    fig, (ax,) = canvas(7.2, 0.7 + 0.34 * ranks + 0.3 * len(traces))
    longest = scale * max(span.end for trace in traces.values() for row in trace for span in row)
    top: float = 0
    names: dict[float, str] = {}
    with style():
        for name, trace in traces.items():
            ax.text(0, top, name, va="bottom", size=9)
            for rank, row in enumerate(trace):
                names[top + rank + 0.5] = f"rank {rank}"
                for span in row:
                    box(ax, scale * span.start, scale * span.end, top + rank, span.kind, span.micro, longest)
                    lighter = span.stage >= len(trace)
                    ax.patches[-1].set_alpha(0.35 if lighter else 0.75)
            top += len(trace) + 0.9
        ax.set(xlim=(0, longest), ylim=(top - 0.8, -0.9), xlabel=xlabel)
        ax.set_yticks(list(names), list(names.values()))
        ax.locator_params(axis="x", integer=True)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return fig


def box(ax: Axes, start: float, end: float, top: float, kind: str, micro: int, longest: float) -> None:
    looks: dict[str, Any] = {"facecolor": PALETTE["c1"]}
    if kind == "B":
        looks = {"facecolor": PALETTE["c2"], "hatch": HATCHES[1], "hatchcolor": PALETTE["paper"]}
    ax.add_patch(Rectangle((start, top + 0.08), end - start, 0.84, edgecolor=PALETTE["paper"], lw=0.6, **looks))
    if end - start > NARROWEST * longest:
        ax.text((start + end) / 2, top + 0.5, str(micro), ha="center", va="center", size=9)

"""Shapes and words of a diagram, as SVG for a page: boxes that lead somewhere, arrows, and what an arrow carries.

Colours and letters are classes of ``book.css``, so that a diagram follows the page into the dark, onto paper and into
a reader's own colours. Coordinates are in units of which a diagram is ``WIDTH`` wide, about as many pixels.
"""

from collections.abc import Callable, Sequence
from html import escape

WIDTH = 340
HEAD = 5  # how long the head of an arrow is
CELL, INK = 3.6, 3  # of a picture of a mask: from one cell to the next, and how much of that is drawn

Point = tuple[float, float]
Link = Callable[[str], tuple[str, str]]  # what a class is called → its address, and the page in words


def number(value: float) -> str:
    """A coordinate, as short as it can be said."""
    return f"{round(value, 1):g}"


class Drawing:
    """An ``<svg>`` in the making; ``link`` says where a class is built."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.parts: list[str] = []

    def svg(self, height: float, name: str) -> str:
        """The whole, with a name for those who do not see it. Its links stay links: it is a group, not a picture."""
        inner = "\n".join(self.parts)
        size = f'viewBox="0 {number(-height)} {WIDTH} {number(height)}"'
        return f'<svg {size} role="group" aria-label="{escape(name)}">\n{inner}\n</svg>'

    def rect(self, x: float, y: float, width: float, height: float, looks: str, radius: float = 5) -> str:
        place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        return f'<rect {place} rx="{number(radius)}" class="{looks}"/>'

    def words(self, x: float, y: float, text: str, looks: str = "", of: str = "") -> None:
        """A line of words around x, in the middle of y; from x on, or up to it, if its looks are start or end."""
        self.parts.append(self.text(x, y, text, looks, of))

    def text(self, x: float, y: float, text: str, looks: str = "", of: str = "") -> str:
        classes = f' class="{looks}"' if looks else ""
        says = f' data-of="{escape(of)}"' if of else ""
        return f'<text x="{number(x)}" y="{number(y + 4.5)}"{classes}{says}>{escape(text)}</text>'

    def shape(self, x: float, y: float, letters: str, of: str, looks: str = "", *, before: str = "") -> None:
        """The shape of a tensor, letters as in ``B S D``, and which of the model's tensors it is: ``input of norm``."""
        self.words(x, y, f"{before}({', '.join(letters.split())})", looks, of)

    def box(
        self, x: float, y: float, width: float, height: float, name: str, builds: str, looks: str, *, at: float = 0.5
    ) -> None:
        """A box with a name that leads to where the class ``builds`` is built; its name stands ``at`` of its height."""
        rect = self.rect(x, y, width, height, f"box {looks}")
        words = self.text(x + width / 2, y + at * height, name, "name")
        self.parts.append(self.linked(f"{rect}{words}", name, builds))

    def linked(self, inner: str, name: str, builds: str) -> str:
        address, page = self.link(builds)
        title = escape(f"{name}: {builds}, page {page}" if name != builds else f"{name}, page {page}")
        return f'<a href="{escape(address)}"><title>{title}</title>{inner}</a>'

    def named(self, x: float, y: float, name: str, builds: str, looks: str = "", of: str = "") -> None:
        """A name without a box that leads to a class."""
        self.parts.append(self.linked(self.text(x, y, name, f"name {looks}".strip(), of), name, builds))

    def line(self, points: Sequence[Point], looks: str = "", *, head: bool = True) -> None:
        """A line with right angles, their corners rounded, and a head at its end."""
        end, before = points[-1], points[-2]
        length = abs(end[0] - before[0]) + abs(end[1] - before[1])
        along = ((end[0] - before[0]) / length, (end[1] - before[1]) / length)
        neck = (end[0] - along[0] * HEAD, end[1] - along[1] * HEAD) if head else end
        classes = f"line {looks}".strip()
        self.parts.append(f'<path d="{rounded([*points[:-1], neck])}" class="{classes}"/>')
        if head:
            across = (-along[1] * 3.6, along[0] * 3.6)
            corners = (end, (neck[0] + across[0], neck[1] + across[1]), (neck[0] - across[0], neck[1] - across[1]))
            d = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
            self.parts.append(f'<polygon points="{d}" class="{f"head {looks}".strip()}"/>')

    def plus(self, x: float, y: float, radius: float = 8) -> None:
        """The sum of what meets here."""
        cross = f"M{number(x - radius)} {number(y)}h{number(2 * radius)}M{number(x)} {number(y - radius)}v{2 * radius}"
        self.parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{radius}" class="plus"/><path d="{cross}" class="line"/>'
        )

    def mask(self, x: float, y: float, rows: int, columns: int, *, causal: bool) -> None:
        """A small table of who may look where: what is seen is dark. Padding is the last two columns."""
        cells = [(t, s) for t in range(rows) for s in range(columns)]
        for looks, full in (("seen", True), ("unseen", False)):
            chosen = [(t, s) for t, s in cells if (s - t <= columns - rows if causal else s < columns - 2) == full]
            d = "".join(f"M{number(x + s * CELL)} {number(y + t * CELL)}h{INK}v{INK}h-{INK}z" for t, s in chosen)
            self.parts.append(f'<path d="{d}" class="{looks}"/>')


def rounded(points: Sequence[Point], radius: float = 5) -> str:
    """The path through these points, its corners rounded."""
    d = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = (toward(corner, other, radius) for other in (before, after))
        d.append(f"L{number(start[0])} {number(start[1])}")
        d.append(f"Q{number(corner[0])} {number(corner[1])} {number(end[0])} {number(end[1])}")
    d.append(f"L{number(points[-1][0])} {number(points[-1][1])}")
    return "".join(d)


def toward(point: Point, other: Point, far: float) -> Point:
    """The point that lies ``far`` from one point on the way to another, or half-way where that is nearer."""
    length = max(abs(a - b) for a, b in zip(point, other, strict=True)) or 1
    share = min(far / length, 0.5)
    return (point[0] + share * (other[0] - point[0]), point[1] + share * (other[1] - point[1]))

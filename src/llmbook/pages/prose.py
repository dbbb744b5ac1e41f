"""Numbers computed on a page and used in prose, its own or that of another, so that nobody types them.

``glue("score", 6)`` in a notebook stores the number with the cell's outputs, and a Markdown page shows it with
``{glue:text}`../../notebooks/04-1-one-head.ipynb::score:d```. The build fails where the name is missing, and the test
that reruns the notebook compares the number. The format is MyST-NB's own; only IPython is needed to write it.
``duration(151_372_800)`` says a number of seconds in words that are true of it: nearly five years.
"""

import math

from IPython.display import display

PREFIX = "application/papermill.record/"
DAY = 86400.0
UNITS = {"year": 365.25 * DAY, "month": 365.25 / 12 * DAY, "day": DAY, "hour": 3600.0, "minute": 60.0, "second": 1.0}
SMALL = "no one two three four five six seven eight nine ten eleven twelve".split()
EVEN, NEAR = 0.01, 0.25  # of a unit: how far from a whole number is none, and how far is still "nearly"


def glue(name: str, value: object) -> None:
    """Store ``str(value)`` under ``name`` in the cell's outputs, unseen. Raises ``ValueError`` for an empty name."""
    if not name.strip():
        raise ValueError(f"a glued number needs a name, got {name!r}")
    display(
        {f"{PREFIX}text/plain": str(value)}, raw=True, metadata={"scrapbook": {"name": name, "mime_prefix": PREFIX}}
    )


def duration(seconds: float) -> str:
    """In words, by the largest unit that it reaches or nearly does: "nearly five years", "a little more than two days".

    Between the quarters it says "between four and five years", and below a second "less than a second". Raises
    ``ValueError`` for what is not finite, or below 0.
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a duration is 0 or more seconds, got {seconds}")
    reached = [unit for unit, size in UNITS.items() if seconds >= (1 - EVEN) * size]
    if not reached:
        return "less than a second"
    unit = reached[0]
    value = seconds / UNITS[unit]
    if value >= 100:
        return f"about {float(f'{value:.2g}'):,.0f} {unit}s"
    words = by_quarters(value)
    return f"{words} {unit}{'' if words.endswith('one') else 's'}"


def by_quarters(value: float) -> str:
    """A number in words that say on which side of a whole number it lies."""
    nearest = round(value)
    off = value - nearest
    if abs(off) <= EVEN:
        return counted(nearest)
    if abs(off) > NEAR:
        return f"between {counted(math.floor(value))} and {counted(math.ceil(value))}"
    return f"nearly {counted(nearest)}" if off < 0 else f"a little more than {counted(nearest)}"


def counted(number: int) -> str:
    return SMALL[number] if number < len(SMALL) else str(number)

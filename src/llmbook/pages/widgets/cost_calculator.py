"""The calculator of costs: operations, memory, time, energy and money of a model, and what the reader's machine can do.

The front end (``web/src/widgets/cost_calculator``) computes everything by itself, and can measure the machine it runs
on; this class holds the same state, computes the same numbers with ``llmbook.economics`` (see ``costed``), and renders
as a plain table where no script runs.
"""

import html
import math
from typing import Any

import torch
import traitlets

from llmbook.pages.widgets.checks import check_names, check_whole, is_number
from llmbook.pages.widgets.costed import BITS, LIMITS, MEASURED, MINE, PRESETS, WHOLE, Costs, costs, told
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, set_later

STATE = tuple(LIMITS)
OWN = "mine"
TITLES = {
    "laptop": "SmolLM2-135M on a laptop",
    "eight": "8 billion on an H100",
    "mixture": "a mixture on 16 H100",
    OWN: "numbers of your own",
}


class CostCalculator(PageWidget):
    """What a model costs to train and to serve, of numbers that all can be changed.

    ``preset`` says where they begin: "laptop" (SmolLM2 on a laptop that we made up), "eight" (8 billion parameters on
    one H100), "mixture" (DeepSeek-V3's sizes on sixteen), or "mine": SmolLM2 on a machine whose ``operations`` and
    ``bandwidth`` you have measured. Each number is a synchronised trait: ``total`` and ``active`` parameters, of these
    ``shared`` (those that every token needs), ``bits`` of each, ``cache`` (bytes a token), ``trained`` (tokens),
    ``batch`` (texts at once), ``read`` and ``written`` (tokens of a prompt and its answer), ``devices``, and of one
    device ``operations`` and ``bandwidth`` (bytes) a second, ``watts``, ``room`` (bytes) and ``rent`` (dollars an
    hour); ``used`` and ``reached`` (shares of the peak in
    training, of the bounds in serving); ``price`` (dollars a million tokens elsewhere), ``machine`` (dollars for a
    device), ``months`` of its life, ``electricity`` (dollars a kilowatt-hour). Raises ``ValueError`` for what cannot
    be; set later, it raises ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "cost_calculator"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    total = traitlets.Float().tag(sync=True)
    active = traitlets.Float().tag(sync=True)
    shared = traitlets.Float().tag(sync=True)
    bits = traitlets.Int().tag(sync=True)
    cache = traitlets.Float().tag(sync=True)
    trained = traitlets.Float().tag(sync=True)
    batch = traitlets.Int().tag(sync=True)
    read = traitlets.Int().tag(sync=True)
    written = traitlets.Int().tag(sync=True)
    devices = traitlets.Int().tag(sync=True)
    operations = traitlets.Float().tag(sync=True)
    bandwidth = traitlets.Float().tag(sync=True)
    watts = traitlets.Float().tag(sync=True)
    room = traitlets.Float().tag(sync=True)
    used = traitlets.Float().tag(sync=True)
    reached = traitlets.Float().tag(sync=True)
    rent = traitlets.Float().tag(sync=True)
    price = traitlets.Float().tag(sync=True)
    machine = traitlets.Float().tag(sync=True)
    months = traitlets.Int().tag(sync=True)
    electricity = traitlets.Float().tag(sync=True)

    def __init__(self, preset: Any = "laptop", **settings: Any) -> None:
        check_settings(settings)
        numbers = {**beginning(preset, settings), **settings}
        if numbers["active"] > numbers["total"]:
            raise ValueError(f"active is at most total, got {numbers['active']} of {numbers['total']}")
        super().__init__(source={"presets": PRESETS, "titles": TITLES, "limits": LIMITS}, **numbers)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        check_settings({name: value})
        return value

    @property
    def numbers(self) -> dict[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in STATE}

    @property
    def preset(self) -> str:
        """Whose numbers these are."""
        return next((name for name, numbers in PRESETS.items() if numbers == self.numbers), OWN)

    @property
    def costs(self) -> Costs:
        """All that is computed of them."""
        return costs(self.numbers)

    def __repr__(self) -> str:
        logs = [1000 * math.log10(value) for value in vars(self.costs).values()]
        return f"CostCalculator: {TITLES[self.preset]} [digest {digest(torch.tensor([logs], dtype=torch.float64))}]"

    def to_table(self) -> str:
        """The results as an HTML table."""
        caption = html.escape(f"{TITLES[self.preset]}: what it costs")
        rows = "".join(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>' for name, text in told(self.costs))
        head = '<tr><th scope="col">what</th><th scope="col">how much</th></tr>'
        return f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"


def beginning(preset: Any, settings: dict[str, Any]) -> dict[str, float]:
    """The numbers of a preset. Raises ``ValueError`` for one that there is not, and for "mine" without measurements."""
    if not (isinstance(preset, str) and preset in TITLES):
        raise ValueError(f"preset must be one of {', '.join(TITLES)}; got {preset!r}")
    if preset != OWN:
        return PRESETS[preset]
    if missing := [name for name in MEASURED if name not in settings]:
        raise ValueError(f"preset mine needs {' and '.join(missing)}, as you have measured")
    return MINE


def check_settings(settings: dict[str, Any]) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be."""
    check_names("CostCalculator", settings, STATE)
    for name, value in settings.items():
        low, high = LIMITS[name]
        if name in WHOLE:
            check_whole(name, value, int(low), int(high) + 1)
        elif not (is_number(value) and low <= value <= high):
            raise ValueError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    if settings.get("bits", 4) not in BITS:
        raise ValueError(f"bits must be one of {', '.join(map(str, BITS))}; got {settings['bits']}")

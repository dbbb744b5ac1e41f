"""The replay of pipelines: a measured trace of real processes, and what order alone would have made of it.

The front end (``web/src/widgets/pipeline_replay``) computes everything by itself; this class holds the same state,
counts with ``llmbook.distributed.schedules`` (see ``replayed``), and renders as a plain table where no script runs.
"""

import html
from typing import Any

import torch
import traitlets

from llmbook.distributed.schedules import Orders, Span, Trace, bubble, most_held, replay
from llmbook.pages.widgets.checks import check_names, check_whole
from llmbook.pages.widgets.replayed import (
    EQUAL,
    SCHEDULES,
    TITLES,
    Lengths,
    end_of,
    fitting,
    lengths_of,
    measured_runs,
    parts_of,
    rearranged,
    schedule_of,
)
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, set_later

STATE = ("schedule", "ranks", "micros", "run", "swaps", "rank", "place")
FEWEST_RANKS, MOST_RANKS = 2, 6
MOST_MICROS, MOST_SWAPS = 16, 100
MOST_PLACES = 4 * MOST_MICROS
OPENING: dict[str, Any] = {"schedule": "1f1b", "ranks": 4, "micros": 8, "run": EQUAL}


class PipelineReplay(PageWidget):
    """A timetable of a pipeline, whose bubble and memory are counted anew whenever something in it is moved.

    Every setting is a synchronised trait: ``schedule`` (gpipe, 1f1b, or interleaved with two stages a rank), ``ranks``
    (2 to 6), ``micros`` (micro-batches, 1 to 16), ``run`` ("equal": a forward takes a tick and a backward two; or the
    name of a measured run, which has its own ranks), ``swaps`` (pairs of a rank and a place whose action changes places
    with the next, one after the other), and the chosen action, ``rank`` and ``place``. Interleaved, micro-batches are a
    multiple of the ranks: the largest that is not more, or one each. Raises ``ValueError`` for impossible ones; set
    later, they raise ``traitlets.TraitError`` and the old value stays. Swaps that another schedule does not allow are
    left out.
    """

    _front_end = "pipeline_replay"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    schedule = traitlets.Unicode(OPENING["schedule"]).tag(sync=True)
    ranks = traitlets.Int(OPENING["ranks"]).tag(sync=True)
    micros = traitlets.Int(OPENING["micros"]).tag(sync=True)
    run = traitlets.Unicode(OPENING["run"]).tag(sync=True)
    swaps = traitlets.List().tag(sync=True)
    rank = traitlets.Int(0).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        source = measured_runs()
        check_settings(settings, source["runs"])
        swaps = [list(pair) for pair in settings.pop("swaps", ())]
        named = {name: settings.get(name, opening) for name, opening in OPENING.items()}
        rearranged(base_of(source["runs"], **named), swaps)
        super().__init__(source=source, swaps=swaps, **settings)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, swaps as lists."""
        check_settings({name: value}, self.source["runs"])
        if name != "swaps":
            return value
        rearranged(self.base, value)
        return [list(pair) for pair in value]

    @property
    def measured(self) -> Trace:
        """The run's own trace in milliseconds; empty where lengths are equal."""
        rows = self.source["runs"][self.run]["trace"] if self.run != EQUAL else []
        return [[Span(*span) for span in row] for row in rows]

    @property
    def base(self) -> Orders:
        """The rows of the schedule."""
        return base_of(self.source["runs"], self.schedule, self.ranks, self.micros, self.run)

    @property
    def p(self) -> int:
        """How many ranks there are: a measured run has its own."""
        return len(self.base)

    @property
    def m(self) -> int:
        """How many micro-batches there are."""
        return len(self.base[0]) // (2 * parts_of(self.schedule))

    @property
    def orders(self) -> Orders:
        """The rows with the reader's swaps, or without them where one of them cannot be."""
        try:
            return rearranged(self.base, self.swaps)
        except ValueError:
            return self.base

    @property
    def lengths(self) -> Lengths:
        """How long each action takes, in ticks or milliseconds."""
        return lengths_of(self.source["runs"].get(self.run), self.base)

    @property
    def trace(self) -> Trace:
        """When each action begins and ends, if messages take no time."""
        return replay(self.orders, took=self.lengths)

    @property
    def whole(self) -> float:
        """How long all of it takes."""
        return end_of(self.trace)

    @property
    def bubble(self) -> float:
        """The share of the ranks' time in which they wait."""
        return bubble(self.trace)

    @property
    def formula(self) -> float:
        """The bubble of equal stages in this schedule's own order."""
        return (self.p - 1) / (parts_of(self.schedule) * self.m + self.p - 1)

    @property
    def held(self) -> list[int]:
        """Of how many forwards each rank keeps activations at most; a stage's, which is half a rank's in two parts."""
        return [most_held(row) for row in self.orders]

    def __repr__(self) -> str:
        numbers = torch.tensor([[span.start, span.end] for row in self.trace for span in row])
        told = f"{TITLES[self.schedule]}, p = {self.p}, m = {self.m}, {self.run}, {len(self.swaps)} swaps"
        chosen = f"action ({self.rank}, {self.place})"
        return f"PipelineReplay({told}, bubble {100 * self.bubble:.2f} %, {chosen}, numbers {digest(numbers)})"

    def to_table(self) -> str:
        unit = "ticks" if self.run == EQUAL else "ms"
        caption = (
            f"{TITLES[self.schedule]}, {self.p} ranks, {self.m} micro-batches: {self.whole:.4g} {unit}, "
            f"bubble {100 * self.bubble:.2f} %; by the formula {100 * self.formula:.2f} %"
        )
        head = "".join(f'<th scope="col">{name}</th>' for name in ("rank", "order", "waits", "holds at most"))
        rows = "".join(
            f'<tr><th scope="row">{rank}</th><td>{" ".join(f"{span.kind}{span.micro}" for span in row)}</td>'
            f"<td>{100 * idle:.2f} %</td><td>{held}</td></tr>"
            for rank, (row, idle, held) in enumerate(zip(self.trace, self.idle, self.held, strict=True))
        )
        caption = html.escape(caption)
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    @property
    def idle(self) -> list[float]:
        """The share of the whole time in which each rank waits."""
        return [1 - sum(span.end - span.start for span in row) / self.whole for row in self.trace]


def base_of(runs: Any, schedule: str, ranks: int, micros: int, run: str) -> Orders:
    """The rows of a schedule: a measured run has its own ranks, and interleaved the micro-batches that fit."""
    p = ranks if run == EQUAL else runs[run]["p"]
    return schedule_of(schedule, p, fitting(schedule, p, micros))


def check_settings(settings: dict[str, Any], runs: Any) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be."""
    check_names("PipelineReplay", settings, STATE)
    for name, allowed in {"schedule": SCHEDULES, "run": (EQUAL, *runs)}.items():
        value = settings.get(name, allowed[0])
        if not (isinstance(value, str) and value in allowed):
            raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")
    check_whole("ranks", settings.get("ranks", 4), FEWEST_RANKS, MOST_RANKS + 1)
    check_whole("micros", settings.get("micros", 8), 1, MOST_MICROS + 1)
    check_whole("rank", settings.get("rank", 0), 0, MOST_RANKS)
    check_whole("place", settings.get("place", 0), 0, MOST_PLACES)
    check_swaps(settings.get("swaps", ()))


def check_swaps(swaps: Any) -> None:
    """Raise ``ValueError`` unless these are pairs of a rank and a place, and not too many."""
    pairs = swaps if isinstance(swaps, list | tuple) else [None]
    if len(pairs) > MOST_SWAPS or not all(isinstance(pair, list | tuple) and are_places(pair) for pair in pairs):
        raise ValueError(f"swaps must be at most {MOST_SWAPS} pairs of a rank and a place, both from 0, got {swaps!r}")


def are_places(pair: Any) -> bool:
    """Whether it is a rank and a place."""
    return len(pair) == 2 and all(type(number) is int and number >= 0 for number in pair)

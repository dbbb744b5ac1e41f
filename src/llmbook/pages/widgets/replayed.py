"""What the replay of pipelines counts: lengths taken from a measured trace, moves of single actions, and who waits.

All else is ``llmbook.distributed.schedules``: its schedules, its replay, its bubble.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from llmbook.distributed.schedules import (
    Action,
    Orders,
    Trace,
    awaited,
    count_stages,
    gpipe,
    interleaved,
    one_f_one_b,
    replay,
)

SCHEDULES = ("gpipe", "1f1b", "interleaved")
TITLES = {"gpipe": "GPipe", "1f1b": "1F1B", "interleaved": "interleaved 1F1B"}
PARTS = 2  # stages of a rank, interleaved
EQUAL = "equal"  # every rank needs a tick for a forward and two for a backward
TICKS = {"F": 1.0, "B": 2.0}

Lengths = dict[tuple[Any, int, int], float]


@cache
def measured_runs() -> dict[str, Any]:
    """The stored traces: ``runs`` by name, and the day, torch and cores of their machine."""
    from llmbook.pretrained.own_models import read_stored  # a second, which other pages need not wait

    kept = read_stored("pipeline-traces")
    runs = {name: {key: run[key] for key in ("p", "m", "v", "kind", "trace")} for name, run in kept["runs"].items()}
    return {"runs": runs, "day": kept["day"], "cores": kept["cores"]}


def schedule_of(name: str, p: int, m: int) -> Orders:
    """The rows of a schedule. Raises ``ValueError`` where p and m do not fit it."""
    return {"gpipe": gpipe, "1f1b": one_f_one_b}[name](p, m) if name in ("gpipe", "1f1b") else interleaved(p, m, PARTS)


def parts_of(name: str) -> int:
    """Stages of a rank."""
    return PARTS if name == "interleaved" else 1


def fitting(name: str, p: int, m: int) -> int:
    """The largest number of micro-batches up to m that the schedule can have; the least it has where m is smaller."""
    return max(p, m - m % p) if name == "interleaved" else m


def lengths_of(run: dict[str, Any] | None, orders: Orders) -> Lengths:
    """How long each action takes: ticks, or the milliseconds of a measured run.

    A run of as many stages gives each stage its own times. Of another, a rank's stages of one micro-batch are added up
    and shared equally. A micro-batch that the run had not takes as long as the one ``m`` before it, in the run's ``m``.
    """
    p = len(orders)
    v = count_stages(orders) // p
    actions = [Action(*action) for row in orders for action in row]
    if run is None:
        return {action: TICKS[action.kind] / v for action in actions}
    by_stage: dict[tuple[str, int, int], float] = {}
    by_rank: dict[tuple[str, int, int], float] = defaultdict(float)
    for row in run["trace"]:
        for kind, stage, micro, start, end in row:
            by_stage[kind, stage, micro] = end - start
            by_rank[kind, stage % p, micro] += end - start
    out: Lengths = {}
    for action in actions:
        kind, stage, micro = action
        at = micro % run["m"]
        out[action] = by_stage[kind, stage, at] if v == run["v"] else by_rank[kind, stage % p, at] / v
    return out


def name_of(action: Iterable[Any], n: int, p: int) -> str:
    """``F3``, and its stage where a rank has several."""
    kind, stage, micro = action
    return f"{kind}{micro}" + (f" of stage {stage}" if n > p else "")


def refusal(orders: Orders, rank: int, place: int) -> str:
    """Why the action at this place cannot change places with the next one; empty where it can."""
    n, p = count_stages(orders), len(orders)
    first, second = (Action(*action) for action in orders[rank][place : place + 2])
    if first in awaited(second, n):
        return f"{name_of(second, n, p)} needs what {name_of(first, n, p)} kept here, and cannot come before it."
    try:
        replay(exchanged(orders, rank, place))
    except ValueError as error:
        told = re.sub(r"\('([FB])', (\d+), (\d+)\)", r"\1\3 of stage \2", str(error))
        return re.sub(r"(rank \d+) with", r"\1 waits with", told).replace("nobody", "Then nobody", 1) + "."
    return ""


def exchanged(orders: Orders, rank: int, place: int) -> Orders:
    """The rows, in one of which two neighbours have changed places."""
    row = list(orders[rank])
    row[place], row[place + 1] = row[place + 1], row[place]
    return [row if number == rank else other for number, other in enumerate(orders)]


def rearranged(orders: Orders, swaps: Iterable[Any]) -> Orders:
    """After all of these changes, each ``(rank, place)``. Raises ``ValueError`` for the first that cannot be."""
    for rank, place in swaps:
        if not (rank < len(orders) and place + 1 < len(orders[rank])):
            raise ValueError(f"swaps must be of neighbours: rank {rank} has no places {place} and {place + 1}")
        if told := refusal(orders, rank, place):
            raise ValueError(f"swaps cannot have ({rank}, {place}): {told}")
        orders = exchanged(orders, rank, place)
    return orders


def end_of(trace: Trace) -> float:
    """When the last action ends, after the first has begun."""
    spans = [span for row in trace for span in row]
    return max(span.end for span in spans) - min(span.start for span in spans)

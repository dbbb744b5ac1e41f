"""Timing two programs against each other in one run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One measured number: ``what`` it is, its ``value`` in ``unit``, the ``bar`` it must keep below, a ``note``."""

    what: str
    value: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.bar is None or self.value <= self.bar

    def __str__(self) -> str:
        bar = "" if self.bar is None else f" (bar {self.bar:g}: {'kept' if self.ok else 'MISSED'})"
        return f"{self.what}: {self.value:g} {self.unit}{bar}{f'; {self.note}' if self.note else ''}"


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def side_by_side(ours: Callable, theirs: Callable, rounds: int = 60, warm_up: int = 5) -> tuple[float, float, float]:
    """Median seconds of each, and the median over rounds of ours / theirs; the two take turns, the order changing."""
    for _ in range(warm_up):
        ours(), theirs()
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            second, first = seconds(theirs), seconds(ours)
        else:
            first, second = seconds(ours), seconds(theirs)
        pairs.append((first, second))
    mine, others = zip(*pairs, strict=True)
    return statistics.median(mine), statistics.median(others), statistics.median(a / b for a, b in pairs)

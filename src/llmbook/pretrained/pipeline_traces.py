"""Measured traces of pipelines: real processes, and when each of their actions began and ended. The run of page 3.11.

Stored are ``runs``, by name, each with ``p`` ranks, ``m`` micro-batches, ``v`` stages a rank, the ``kind`` of work,
the idle share ``bubbles`` of each repetition, beside it what it would be had messages taken no time (``by_order``), and
``trace``, that of the middle one: a row for each rank, a list for each action, ``["F" or "B", stage, micro-batch,
start, end]`` in milliseconds since the last rank came. It is a ``schedules.Trace`` but for the unit. ``cores`` and
``load`` say how busy the machine was when they began.

Waits need no core: with them four ranks are measured on two. Work does: two ranks, and only a machine that is idle.
"""

import os
import time
from typing import Any, Literal

import torch
from torch import distributed, nn

from llmbook.distributed.pipeline import run_pipeline
from llmbook.distributed.processes import Ranks
from llmbook.distributed.schedules import (
    Kind,
    Orders,
    Span,
    Trace,
    bubble,
    count_stages,
    gpipe,
    interleaved,
    one_f_one_b,
    without_messages,
)

Work = Literal["waits", "products"]
WAIT = {"F": 0.02, "B": 0.04}  # seconds, shared by the stages of a rank
D = 512  # width of the products
DEPTH = 12  # products of a stage
ROWS = 256  # of a micro-batch
REPEATED = 5
RUNS: dict[str, tuple[Orders, Work]] = {
    "GPipe": (gpipe(4, 8), "waits"),
    "1F1B": (one_f_one_b(4, 8), "waits"),
    "interleaved": (interleaved(4, 8, 2), "waits"),
    **{f"1F1B, 2 ranks, m = {m}": (one_f_one_b(2, m), "products") for m in (1, 4, 16)},
}


def one_run(group: distributed.ProcessGroup, orders: Orders, work: Work) -> list[Span]:
    """This rank's spans; before them, where products are measured, a run that only warms up."""
    n = count_stages(orders)
    v = n // len(orders)
    width, depth = (D, DEPTH) if work == "products" else (4, 1)
    layers = [nn.Linear(width, width) for _ in range(depth)]
    stages = {stage: nn.Sequential(*layers) for stage in range(group.rank(), n, len(orders))}
    inputs = [torch.ones(ROWS if work == "products" else 1, width)] * (len(orders[0]) // (2 * v))

    def wait(kind: Kind) -> None:
        if work == "waits":
            time.sleep(WAIT[kind] / v)

    def run() -> list[Span]:
        return run_pipeline(
            group, stages, orders, inputs, inputs, lambda y, t: (y - t).square().sum(), [width], wait
        ).spans

    if work == "products":
        run()
    return run()


def measured(ranks: Ranks, orders: Orders, work: Work) -> dict[str, Any]:
    """One entry of ``runs``."""
    traces: list[Trace] = sorted((ranks(one_run, orders, work) for _ in range(REPEATED)), key=bubble)
    rows = [[[*s[:3], round(1e3 * s.start, 2), round(1e3 * s.end, 2)] for s in row] for row in traces[REPEATED // 2]]
    n = count_stages(orders)
    sizes = {"p": len(orders), "m": len(orders[0]) * len(orders) // (2 * n), "v": n // len(orders)}
    bubbles = [round(bubble(trace), 4) for trace in traces]
    by_order = [round(bubble(without_messages(trace)), 4) for trace in traces]
    return {**sizes, "kind": work, "bubbles": bubbles, "by_order": by_order, "trace": rows}


def stored_trace(run: dict[str, Any]) -> Trace:
    """The trace of a stored run, in seconds."""
    return [[Span(kind, s, i, start / 1e3, end / 1e3) for kind, s, i, start, end in row] for row in run["trace"]]


def pipeline_traces(_: object = None) -> dict[str, Any]:
    """All of ``RUNS``, with the day, the torch and how busy the machine was."""
    load = round(os.getloadavg()[0], 1)
    card = {"day": time.strftime("%Y-%m-%d"), "torch": str(torch.__version__), "cores": os.cpu_count(), "load": load}
    found: dict[str, Any] = {}
    for p in (2, 4):
        with Ranks(p) as ranks:
            found |= {name: measured(ranks, *run) for name, run in RUNS.items() if len(run[0]) == p}
    return {**card, "runs": found}

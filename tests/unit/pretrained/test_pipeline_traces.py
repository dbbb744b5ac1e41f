"""The stored traces: of their schedules, above the formula where waits were measured, and made again the same way."""

import pytest

from llmbook.distributed import Ranks, bubble, one_f_one_b
from llmbook.distributed.schedules import Action, awaited
from llmbook.pretrained import pipeline_traces, read_stored


@pytest.fixture(scope="module")
def runs():
    return read_stored("pipeline-traces")["runs"]


def test_each_stored_trace_is_of_its_schedule(runs):
    assert set(runs) == set(pipeline_traces.RUNS)
    for name, (orders, kind) in pipeline_traces.RUNS.items():
        run, trace = runs[name], pipeline_traces.stored_trace(runs[name])
        assert [[span[:3] for span in row] for row in trace] == [[tuple(action) for action in row] for row in orders]
        assert (run["p"], run["kind"], len(run["bubbles"])) == (len(orders), kind, pipeline_traces.REPEATED)
        assert abs(bubble(trace) - run["bubbles"][len(run["bubbles"]) // 2]) < 1e-3  # hundredths of a millisecond
        assert sum(map(len, orders)) == 2 * run["p"] * run["v"] * run["m"]


def test_waits_lose_what_the_formula_says_and_a_little_more(runs):
    for run in (run for run in runs.values() if run["kind"] == "waits"):
        formula = (run["p"] - 1) / (run["v"] * run["m"] + run["p"] - 1)
        assert formula < min(run["bubbles"]) < max(run["bubbles"]) < formula + 0.12
        assert max(abs(share - formula) for share in run["by_order"]) < 0.015  # a wait lasts a little longer than asked


def test_nothing_stored_began_before_what_it_needed_had_ended(runs):
    for run in runs.values():
        trace = pipeline_traces.stored_trace(run)
        n = run["p"] * run["v"]
        ends = {span[:3]: span.end for row in trace for span in row}
        needs = [(span.start, need) for row in trace for span in row for need in awaited(Action(*span[:3]), n)]
        assert all(ends[need] <= start + 1e-5 for start, need in needs)  # stored to 0.01 ms


def test_a_trace_of_its_own_has_the_same_form(monkeypatch):
    monkeypatch.setattr(pipeline_traces, "REPEATED", 1)
    with Ranks(2) as ranks:
        run = pipeline_traces.measured(ranks, one_f_one_b(2, 3), "waits")
    assert (run["p"], run["m"], run["v"], run["kind"]) == (2, 3, 1, "waits")
    assert 0 < run["by_order"][0] < run["bubbles"][0]
    trace = pipeline_traces.stored_trace(run)
    least = {"F": 0.02, "B": 0.04}
    assert all(span.end - span.start >= least[span.kind] - 1e-3 for row in trace for span in row)
    assert [[span[:3] for span in row] for row in trace] == [[tuple(a) for a in row] for row in one_f_one_b(2, 3)]

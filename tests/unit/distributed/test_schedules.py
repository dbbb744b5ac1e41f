"""Schedules as data: the paper's order, the counted bubble and memory against the formulas, impossible ones."""

from itertools import pairwise

import pytest

from llmbook.distributed import (
    Action,
    bubble,
    count_stages,
    gpipe,
    interleaved,
    most_held,
    one_f_one_b,
    replay,
    without_messages,
)
from llmbook.distributed.schedules import Span

SIZES = [(p, m) for p in (1, 2, 3, 5) for m in (1, 2, 3, 7, 10)]
EXACT = 1e-12


# --- reference -------------------------------------------------------------------------------------------------


def test_the_schedule_of_the_paper_for_four_ranks_and_eight_micro_batches():
    """Narayanan et al. (2021), figure 4, above: what rank 1 does."""
    words = " ".join(f"{kind}{micro}" for kind, _, micro in one_f_one_b(4, 8)[1])
    assert words == "F0 F1 F2 B0 F3 B1 F4 B2 F5 B3 F6 B4 F7 B5 B6 B7"


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "m"), SIZES)
def test_bubble_and_memory_are_the_formulas(p, m):
    for orders, held in ((gpipe(p, m), [m] * p), (one_f_one_b(p, m), [min(m, p - rank) for rank in range(p)])):
        assert count_stages(orders) == p
        assert [most_held(row) for row in orders] == held
        for times in ((1, 2), (3, 1), (0.7, 0.7)):
            assert abs(bubble(replay(orders, *times)) - (p - 1) / (m + p - 1)) < EXACT


@pytest.mark.parametrize(("p", "m", "v"), [(2, 2, 2), (2, 6, 3), (3, 6, 2), (5, 10, 3), (3, 3, 4)])
def test_interleaving_divides_the_bubble(p, m, v):
    orders = interleaved(p, m, v)
    assert count_stages(orders) == p * v
    assert abs(bubble(replay(orders, 1 / v, 2 / v)) - (p - 1) / (v * m + p - 1)) < EXACT
    assert most_held(orders[0]) == min(v * m, v * p + p - 1)


@pytest.mark.parametrize("orders", [gpipe(3, 5), one_f_one_b(3, 5), interleaved(3, 6, 2)])
def test_nothing_begins_before_what_it_needs_has_ended(orders):
    n = count_stages(orders)
    trace = replay(orders, 1.5, 2.5)
    ends = {span[:3]: span.end for row in trace for span in row}
    for row, spans in zip(orders, trace, strict=True):
        assert [span[:3] for span in spans] == row
        assert all(a.end <= b.start for a, b in pairwise(spans))
    for kind, stage, micro in ends:
        start = ends[kind, stage, micro] - (1.5 if kind == "F" else 2.5)
        if kind == "F" and stage:
            assert ends["F", stage - 1, micro] <= start
        if kind == "B":
            assert ends["F", stage, micro] <= start
            assert stage + 1 == n or ends["B", stage + 1, micro] <= start


def test_a_stage_that_is_slower_takes_longer_alone():
    """Three forwards through stages of 1, 4 and 2: the first comes out after 7, the others 4 apart."""
    took = {("F", stage, i): length for stage, length in enumerate((1.0, 4.0, 2.0)) for i in range(3)}
    trace = replay(gpipe(3, 3), backward=0.5, took=took)
    assert [span.end for span in trace[2] if span.kind == "F"] == [7, 11, 15]
    assert [span.end - span.start for span in trace[1]] == [4, 4, 4, 0.5, 0.5, 0.5]


def test_messages_are_taken_out_of_a_measured_trace_and_its_lengths_stay():
    exact = replay(one_f_one_b(3, 4), took={("B", 1, 2): 5.0})
    late = [[span._replace(start=2 * span.end - span.start + rank, end=3 * span.end - 2 * span.start + rank)
             for span in row] for rank, row in enumerate(exact)]  # fmt: skip
    assert without_messages(late) == exact
    assert without_messages(exact) == exact


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_rank_waits_for_nobody_and_one_stage_a_rank_is_plain():
    assert bubble(replay(one_f_one_b(1, 3))) == 0
    assert interleaved(3, 6, 1) == one_f_one_b(3, 6)
    late = [[Span("F", 0, 0, 5.0, 6.0)], [Span("F", 1, 0, 7.0, 8.0)]]  # a clock that began earlier
    assert abs(bubble(late) - 2 / 3) < EXACT


# --- failure ---------------------------------------------------------------------------------------------------


def test_impossible_sizes_are_refused():
    for make in (lambda: gpipe(0, 3), lambda: one_f_one_b(2, 0), lambda: interleaved(2, 2, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            make()
    with pytest.raises(ValueError, match="7 is no multiple"):
        interleaved(3, 7, 2)


def test_orders_that_wait_for_ever_are_named():
    rows = one_f_one_b(2, 2)
    rows[1] = [rows[1][i] for i in (2, 0, 1, 3)]
    rows[0] = [rows[0][i] for i in (0, 2, 1, 3)]
    with pytest.raises(ValueError, match=r"nobody can go on: rank 0 with \('B', 0, 0\) for \('B', 1, 0\); rank 1"):
        replay(rows)


def test_what_is_missing_twice_or_elsewhere_is_refused():
    rows = gpipe(2, 2)
    for wrong in ([rows[0][:-1], rows[1]], [[*rows[0], rows[0][0]], rows[1]]):
        with pytest.raises(ValueError, match="once"):
            count_stages(wrong)
    with pytest.raises(ValueError, match="stage 1 has to live on rank 1 of 2"):
        count_stages([rows[1], rows[0]])
    assert Action("F", 0, 1) in rows[0]

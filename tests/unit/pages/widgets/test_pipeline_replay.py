"""The replay of pipelines in Python: what it counts, its state and table, and errors that name what was given."""

import json
import math
import re

import ipywidgets
import pytest
import traitlets
from held import check_set_later, state_in
from hypothesis import given, settings
from hypothesis import strategies as some

from llmbook.distributed import bubble, most_held, replay, without_messages
from llmbook.distributed.schedules import Action, awaited, count_stages
from llmbook.pages import PipelineReplay
from llmbook.pages.widgets.pipeline_replay import STATE
from llmbook.pages.widgets.replayed import (
    EQUAL,
    PARTS,
    SCHEDULES,
    exchanged,
    lengths_of,
    measured_runs,
    refusal,
    schedule_of,
)
from llmbook.pretrained.own_models import read_stored
from llmbook.pretrained.pipeline_traces import stored_trace

RUNS = measured_runs()["runs"]
OWN = {"GPipe": "gpipe", "1F1B": "1f1b", "interleaved": "interleaved"}


def made_of(run: str) -> PipelineReplay:
    """The replay of a run in the order that was measured."""
    kept = RUNS[run]
    return PipelineReplay(run=run, schedule=OWN[run.split(",")[0]], micros=kept["m"])


@pytest.mark.parametrize("run", RUNS)
def test_a_run_in_its_own_order_is_its_trace_without_messages(run):
    lab, stored = made_of(run), read_stored("pipeline-traces")["runs"][run]
    assert [[span[:3] for span in row] for row in lab.measured] == [[span[:3] for span in row] for row in lab.trace]
    assert bubble(lab.measured) == pytest.approx(bubble(stored_trace(stored)), abs=1e-12)
    assert lab.bubble == pytest.approx(bubble(without_messages(stored_trace(stored))), abs=1e-12)
    assert lab.bubble < bubble(lab.measured)
    assert (lab.p, lab.m) == (stored["p"], stored["m"])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("p", range(2, 7))
def test_equal_lengths_give_the_formula(schedule, p):
    for m in range(1, 17):
        lab = PipelineReplay(schedule=schedule, ranks=p, micros=m)
        assert lab.bubble == pytest.approx(lab.formula, abs=1e-12)
        work = 3 * lab.m
        assert lab.whole == pytest.approx(work / (1 - lab.formula), abs=1e-9)
        assert lab.idle == pytest.approx([lab.formula] * p, abs=1e-12)
        if schedule == "interleaved":
            assert lab.m == max(p, p * (m // p))
            continue
        assert lab.m == m
        assert lab.held == [m if schedule == "gpipe" else min(m, p - rank) for rank in range(p)]


def test_interleaved_holds_more_and_waits_less():
    lab, other = PipelineReplay(schedule="interleaved"), PipelineReplay()
    assert (lab.held, other.held) == ([11, 9, 7, 5], [4, 3, 2, 1])
    assert (lab.whole, other.whole) == (28.5, 33)


def test_lengths_of_another_schedule_are_the_ranks_own():
    """A rank's milliseconds of a micro-batch stay, in however many stages it does them."""
    run = RUNS["interleaved"]
    for schedule, v in (("1f1b", 1), ("interleaved", PARTS)):
        orders = schedule_of(schedule, 4, 16)
        lengths = lengths_of(run, orders)
        for kind in "FB":
            for rank in range(4):
                for micro in range(16):
                    own = sum(lengths[kind, part * 4 + rank, micro] for part in range(v))
                    spans = [end - start for k, _, i, start, end in run["trace"][rank] if (k, i) == (kind, micro % 8)]
                    assert own == pytest.approx(sum(spans), abs=1e-9)
    whole, halves = lengths_of(RUNS["1F1B"], schedule_of("1f1b", 4, 8)), lengths_of(RUNS["1F1B"], orders)
    assert halves["B", 6, 9] == pytest.approx(whole["B", 2, 1] / 2, abs=1e-12)


def replays(orders) -> bool:
    try:
        replay(orders)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_refused_could_not_be_carried_out_and_the_rest_can(schedule):
    """Every pair of neighbours, and of those that can be moved every pair again."""
    orders = schedule_of(schedule, 2, 4)
    seen = set()
    for rank, place in [(r, i) for r in range(2) for i in range(len(orders[r]) - 1)]:
        told = refusal(orders, rank, place)
        assert (told == "") == replays(exchanged(orders, rank, place))
        if told:
            continue
        moved = exchanged(orders, rank, place)
        for other in range(len(orders[rank]) - 1):
            told = refusal(moved, rank, other)
            assert (told == "") == replays(exchanged(moved, rank, other))
            seen.add(told.split(" ")[0][:1])
    assert {"", "B"} <= seen


def test_refusals_are_sentences():
    orders = schedule_of("gpipe", 2, 2)
    assert refusal(orders, 0, 1) == "B1 needs what F1 kept here, and cannot come before it."
    moved = exchanged(orders, 0, 2)  # F0 F1 B0 B1 before F0 F1 B1 B0
    told = "Then nobody can go on: rank 0 waits with B0 of stage 0 for B0 of stage 1; "
    assert refusal(moved, 0, 1) == f"{told}rank 1 waits with F1 of stage 1 for F1 of stage 0."
    told = refusal(schedule_of("interleaved", 2, 2), 1, 3)
    assert told in ("", "B0 of stage 3 needs what F0 of stage 3 kept here, and cannot come before it.")


def test_a_move_of_the_readers():
    """GPipe, two ranks, two micro-batches: the last rank's first backward comes before its second forward."""
    swaps = [(1, 2), (1, 1)]
    lab = PipelineReplay(schedule="gpipe", ranks=2, micros=2, swaps=swaps)
    assert [f"{kind}{micro}" for kind, _, micro in lab.orders[1]] == ["F0", "B0", "F1", "B1"]
    assert lab.held == [2, 1]
    assert lab.swaps == [[1, 2], [1, 1]]
    assert lab.bubble == pytest.approx(5 / 11, abs=1e-12)
    lab.swaps = [*lab.swaps, [0, 2]]
    assert (lab.orders, lab.bubble) == (schedule_of("1f1b", 2, 2), pytest.approx(1 / 3, abs=1e-12))
    assert count_stages(lab.orders) == 2
    lab.swaps = [(1, 2)]
    assert (lab.held, lab.swaps) == ([2, 2], [[1, 2]])
    lab.schedule = "1f1b"  # in which B1 would come before F1
    assert [f"{kind}{micro}" for kind, _, micro in lab.orders[1]] == ["F0", "B0", "B1", "F1"] or lab.orders == lab.base


def test_swaps_that_another_schedule_does_not_allow_are_left_out():
    lab = PipelineReplay(micros=8, swaps=[(0, 14)])
    assert lab.orders != lab.base
    lab.micros = 2
    assert lab.orders == lab.base
    assert [most_held(row) for row in lab.base] == lab.held


def test_every_setting_changes_what_is_compared():
    opening = repr(PipelineReplay())
    values = ("gpipe", 3, 9, "1F1B", [(0, 1)], 1, 1)
    for name, value in zip(STATE, values, strict=True):
        lab = PipelineReplay()
        setattr(lab, name, value)
        assert repr(lab) != opening, name


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (PipelineReplay(run="1F1B", swaps=[(0, 1)])._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    lab, state = PipelineReplay(run="1F1B", swaps=[(0, 1)]), state_in(first["text/html"])
    assert set(state) == {"source", *STATE}
    assert (state["run"], state["swaps"]) == ("1F1B", [[0, 1]])
    cells = re.findall("<td>(.*?)</td>", first["text/html"])
    assert cells[0].startswith("F0 F2 F1 F3")
    assert cells[1::3] == [f"{100 * idle:.2f} %" for idle in lab.idle]
    assert cells[2::3] == [str(held) for held in lab.held]
    assert f"{100 * lab.bubble:.2f} %; by the formula 27.27 %" in first["text/html"]
    assert len(first["text/html"]) <= 40_000


def test_composes_like_any_widget():
    first, second, seen = PipelineReplay(), PipelineReplay(), []
    ipywidgets.link((first, "schedule"), (second, "schedule"))
    second.observe(lambda change: seen.append(change["new"]), "schedule")
    first.schedule = "gpipe"
    assert seen == ["gpipe"]


def test_what_the_page_sends_together_is_checked_together():
    lab = PipelineReplay()
    lab.set_state({"swaps": [[0, 20]], "schedule": "gpipe", "micros": 16, "rank": 3, "place": 31})
    assert (lab.schedule, lab.swaps, lab.rank, lab.place) == ("gpipe", [[0, 20]], 3, 31)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "zero bubble"}, "schedule must be one of gpipe, 1f1b, interleaved; got 'zero bubble'"),
        ({"schedule": None}, "schedule must be one of .* got None"),
        ({"run": "waits"}, "run must be one of equal, .* got 'waits'"),
        ({"run": ["1F1B"]}, "run must be one of .*"),
        ({"ranks": 1}, "ranks must be at least 2 and below 7, got 1"),
        ({"ranks": 7}, "ranks must be at least 2 and below 7, got 7"),
        ({"ranks": 4.0}, "ranks must be a whole number, got 4.0"),
        ({"micros": 0}, "micros must be at least 1 and below 17, got 0"),
        ({"micros": True}, "micros must be a number, got True"),
        ({"micros": math.nan}, "micros must be at least 1 .* got nan"),
        ({"rank": 6}, "rank must be at least 0 and below 6, got 6"),
        ({"place": -1}, "place must be at least 0 and below 64, got -1"),
        ({"swaps": 3}, "swaps must be at most 100 pairs of a rank and a place"),
        ({"swaps": "01"}, "swaps must be at most 100 pairs"),
        ({"swaps": [3]}, "swaps must be at most 100 pairs"),
        ({"swaps": [(0, 1, 2)]}, "swaps must be at most 100 pairs"),
        ({"swaps": [(0, True)]}, "swaps must be at most 100 pairs"),
        ({"swaps": [(-1, 0)]}, "swaps must be at most 100 pairs"),
        ({"swaps": [(0, 1)] * 101}, "swaps must be at most 100 pairs"),
        ({"swaps": [(4, 0)]}, "swaps must be of neighbours: rank 4 has no places 0 and 1"),
        ({"swaps": [(0, 15)]}, "swaps must be of neighbours: rank 0 has no places 15 and 16"),
        ({"swaps": [(3, 0)]}, r"swaps cannot have \(3, 0\): B0 needs what F0 kept here"),
        ({"m": 8}, "PipelineReplay has no setting m; it has schedule, ranks"),
    ],
)
def test_impossible_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PipelineReplay(**options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schedule", "none"),
        ("ranks", 9),
        ("micros", 17),
        ("run", ""),
        ("swaps", [(3, 0)]),
        ("swaps", [None]),
        ("rank", -1),
        ("place", 64),
    ],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(PipelineReplay(), name, value, name)


ANY = some.one_of(some.integers(-2, 20), some.floats(), some.none(), some.booleans(), some.sampled_from([10**400, "x"]))
OPTIONS = some.fixed_dictionaries(
    {},
    optional={
        "schedule": some.one_of(some.sampled_from(SCHEDULES), ANY),
        "run": some.one_of(some.sampled_from((EQUAL, *RUNS)), ANY),
        "ranks": some.one_of(some.integers(2, 6), ANY),
        "micros": some.one_of(some.integers(1, 16), ANY),
        "swaps": some.one_of(some.lists(some.tuples(some.integers(0, 3), some.integers(0, 16)), max_size=3), ANY),
        "rank": some.one_of(some.integers(0, 5), ANY),
        "place": some.one_of(some.integers(0, 63), ANY),
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(options=OPTIONS)
def test_any_settings_are_shown_or_named(options):
    try:
        lab = PipelineReplay(**options)
    except ValueError as error:
        if not any(re.search(rf"\b{name}\b", str(error)) for name in options):
            pytest.fail(f"names nothing that was given: {error}")
        return
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', lab.to_html())[1])
    assert 0 < lab.bubble < 1
    starts = {span[:3]: span.start for row in lab.trace for span in row}
    ends = {span[:3]: span.end for row in lab.trace for span in row}
    for action in starts:
        for need in awaited(Action(*action), count_stages(lab.orders)):
            assert ends[need] <= starts[action]


def test_trait_errors_are_traitlets():
    with pytest.raises(traitlets.TraitError):
        PipelineReplay().schedule = "none"

"""The calculator of costs in Python: what it counts against published sizes, its state and table, and its errors."""

import json
import math
import re

import ipywidgets
import pytest
from held import check_set_later, state_in
from hypothesis import given, settings
from hypothesis import strategies as some

from llmbook.economics import Device, bill, decode_seconds, fetched_parameters, training_operations
from llmbook.pages import CostCalculator
from llmbook.pages.widgets.cost_calculator import STATE
from llmbook.pages.widgets.costed import LIMITS, PRESETS, WHOLE, costs, counted, lasting, quantity, told

CELLS = len(told(costs(PRESETS["laptop"])))

# --- reference -------------------------------------------------------------------------------------------------


def test_the_mixture_is_that_of_its_report():
    found = CostCalculator("mixture").costs
    assert found.operations == training_operations(active_parameters=37e9, tokens=14.8e12)
    assert found.weights == 671e9
    assert 2e6 < found.hours < 4e6  # 2.664 million hours, of H800 and at a share that is not the preset's
    assert found.weights + found.caches < found.room
    assert CostCalculator("mixture", batch=1).costs.fetched == pytest.approx(37e9, rel=1e-12)
    fewer, half = (CostCalculator("mixture", batch=batch).costs.fetched for batch in (21, 22))
    assert fewer < 671e9 / 2 < half


def test_the_dense_ones_fetch_all_whatever_the_batch():
    for preset in ("laptop", "eight"):
        for batch in (1, 7, 10_000):
            found = CostCalculator(preset, batch=batch).costs
            assert found.fetched == found.weights


def test_every_formula_is_the_librarys():
    lab = CostCalculator("eight", devices=3, batch=7, used=0.25)
    device = Device(operations_per_second=3 * 989.4e12, bytes_per_second=3 * 3.35e12, watts=2100)
    text = 131_072 * 1500
    step = decode_seconds(weight_bytes=16e9, cache_bytes=text, active_parameters=8e9, device=device, batch=7)
    assert lab.costs.step == step
    assert lab.costs.rate == pytest.approx(0.5 * 7 / step, rel=1e-12)
    one = Device(operations_per_second=989.4e12, bytes_per_second=3.35e12, watts=700)
    paid = bill(6 * 8e9 * 15.6e12, one, utilisation=0.25, pue=1, dollars_per_hour=2)
    assert (lab.costs.hours, lab.costs.dollars) == (paid.device_hours, paid.dollars)
    assert lab.costs.kilowatt_hours == paid.kilowatt_hours
    assert lab.costs.days == pytest.approx(paid.device_hours / 72, rel=1e-12)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
def test_what_memory_binds_gains_as_much_from_half_the_bits_as_from_twice_the_texts(preset):
    for batch in (1, 3):
        lab = CostCalculator(preset, active=PRESETS[preset]["total"], bits=16, batch=batch, bandwidth=1e9)
        bits, texts = (CostCalculator(**{**lab.numbers, **change}) for change in ({"bits": 8}, {"batch": 2 * batch}))
        assert lab.costs.arithmetic < lab.costs.step
        assert bits.costs.million_written == pytest.approx(texts.costs.million_written, rel=1e-12)
        assert bits.costs.million_written < lab.costs.million_written


def test_devices_share_all_but_the_money_of_a_device_hour():
    one, four = CostCalculator("eight").costs, CostCalculator("eight", devices=4).costs
    assert four.step == pytest.approx(one.step / 4, rel=1e-12)
    assert four.million_written == pytest.approx(one.million_written, rel=1e-12)
    assert four.joules == pytest.approx(one.joules, rel=1e-12)
    assert (four.hours, four.dollars) == (one.hours, one.dollars)
    assert four.days == pytest.approx(one.days / 4, rel=1e-12)
    assert four.needed == pytest.approx(4 * one.needed, rel=1e-9)


def test_a_machine_pays_from_the_tokens_that_make_up_its_price():
    lab = CostCalculator("eight")
    per_token = lab.watts / lab.costs.rate / 3.6e6 * lab.electricity
    saved = lab.costs.needed * (lab.price / 1e6 - per_token)
    assert saved == pytest.approx(lab.machine / lab.months, rel=1e-9)
    assert CostCalculator("eight", price=0.001).costs.needed == math.inf


def test_a_measured_machine_has_smollm2():
    lab = CostCalculator("mine", bandwidth=1.23e10, operations=4.5e10)
    assert (lab.total, lab.bits, lab.batch, lab.preset) == (134_515_008, 32, 1, "mine")
    moved = 134_515_008 * 4 + 46_080 * 1500
    assert lab.costs.most == pytest.approx(1.23e10 / moved, rel=1e-12)


def test_of_more_active_parameters_than_there_are_all_are():
    lab = CostCalculator("mixture")
    lab.total = 1e9
    assert lab.costs == CostCalculator("mixture", total=1e9, active=1e9).costs
    shared = CostCalculator("mixture", shared=1e12).costs
    assert shared.fetched == 37e9  # whatever the batch


def test_a_preset_is_known_again():
    for preset in PRESETS:
        lab = CostCalculator(preset)
        assert lab.preset == preset
        lab.batch += 1
        assert lab.preset == "mine"
        lab.batch -= 1
        assert lab.preset == preset


def test_every_setting_changes_what_is_compared():
    opening = repr(CostCalculator("mixture"))
    unseen = {"room"}  # it is compared, and nothing else is made of it
    for name in STATE:
        value = CostCalculator("mixture").numbers[name]
        changed = {"bits": 4, "batch": 255}.get(name, value + 1 if name in WHOLE else value * 0.97)
        lab = CostCalculator("mixture")
        setattr(lab, name, changed)
        assert repr(lab) != opening, name
    assert unseen <= set(STATE)


# --- state, table, words -----------------------------------------------------------------------------------------


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (CostCalculator("eight", batch=33)._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    state = state_in(first["text/html"])
    assert set(state) == {"source", *STATE}
    assert state["batch"] == 33
    assert state["source"]["presets"] == json.loads(json.dumps(PRESETS))
    cells = re.findall("<td>(.*?)</td>", first["text/html"])
    assert len(cells) == CELLS
    assert cells[:2] == ["7.49e23", "637 thousand"]
    assert cells[5] == "16 GB"
    assert "numbers of your own" in first["text/html"]
    assert len(first["text/html"]) <= 10_000


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (quantity(538_060_032, "B"), "538 MB"),
        (quantity(0.0123, "s"), "12.3 ms"),
        (quantity(999.7e9, "B"), "1 TB"),
        (quantity(1.5e16, "B"), "1.5e+04 TB"),
        (counted(14.8e12), "14.8 trillion"),
        (counted(3.2856e24), "3.29e24"),
        (counted(0.000291), "0.000291"),
        (counted(999.6), "1 thousand"),
        (lasting(90), "1.5 minutes"),
        (lasting(0.25), "250 ms"),
        (lasting(400 * 86400), "1.1 years"),
    ],
)
def test_numbers_in_words(written, text):
    assert written == text


def test_what_never_pays_is_said():
    assert told(CostCalculator("eight", price=0.001).costs)[-1] == ("an own machine pays from", "never")


def test_composes_like_any_widget():
    first, second, seen = CostCalculator(), CostCalculator(), []
    ipywidgets.link((first, "batch"), (second, "batch"))
    second.observe(lambda change: seen.append(change["new"]), "batch")
    first.batch = 9
    assert seen == [9]


def test_what_the_page_sends_together_is_taken_together():
    lab = CostCalculator("laptop")
    lab.set_state({"total": 671_000_000_000, "active": 37_000_000_000, "bits": 8, "batch": 256})
    assert (lab.total, lab.active, lab.bits, lab.batch) == (671e9, 37e9, 8, 256)


# --- failure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "options", "message"),
    [
        ("phone", {}, "preset must be one of laptop, eight, mixture, mine; got 'phone'"),
        (None, {}, "preset must be one of .* got None"),
        ("mine", {}, "preset mine needs operations and bandwidth"),
        ("mine", {"bandwidth": 1e10}, "preset mine needs operations, as"),
        ("laptop", {"bits": 5}, "bits must be one of 32, 16, 8, 4; got 5"),
        ("laptop", {"bits": 64}, "bits must be at least 4 and below 33, got 64"),
        ("laptop", {"batch": 0}, "batch must be at least 1 and below 10001, got 0"),
        ("laptop", {"batch": 2.5}, "batch must be a whole number, got 2.5"),
        ("laptop", {"batch": True}, "batch must be a number, got True"),
        ("laptop", {"used": 1.01}, "used must be a number from 0.01 to 1, got 1.01"),
        ("laptop", {"price": math.nan}, "price must be a number from 0.001 to 1000, got nan"),
        ("laptop", {"total": "8B"}, "total must be a number from .* got '8B'"),
        ("laptop", {"active": 1e12}, "active is at most total, got .* of 134515008"),
        ("laptop", {"model": 8}, "CostCalculator has no setting model; it has total, active"),
    ],
)
def test_impossible_settings_are_named(preset, options, message):
    with pytest.raises(ValueError, match=message):
        CostCalculator(preset, **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("bits", 7), ("batch", 0), ("bandwidth", math.inf), ("bandwidth", 0.0), ("used", -0.5), ("months", 121)],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(CostCalculator(), name, value, name)


def number_of(name: str) -> some.SearchStrategy:
    low, high = LIMITS[name]
    if name == "bits":
        return some.sampled_from([4, 8, 16, 32])
    return some.integers(int(low), int(high)) if name in WHOLE else some.floats(low, high)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(numbers=some.fixed_dictionaries({name: number_of(name) for name in STATE}))
def test_any_numbers_cost_something(numbers):
    numbers["active"] = min(numbers["active"], numbers["total"])
    lab = CostCalculator("laptop", **numbers)
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', lab.to_html())[1])
    found = lab.costs
    assert all(value > 0 for value in vars(found).values())
    assert found.arithmetic <= found.step
    assert found.fetched <= found.weights * (1 + 1e-12)
    assert found.rate <= found.most
    shared = min(lab.shared, lab.active)
    drawn = fetched_parameters(
        total_parameters=lab.total, active_parameters=lab.active, shared_parameters=shared, batch=lab.batch
    )
    assert found.fetched == drawn * lab.bits / 8

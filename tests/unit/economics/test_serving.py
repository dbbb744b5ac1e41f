"""Seconds, energy and price of an answer: published services, what binds when, and what cannot be."""

import math
import random

import pytest

from llmbook.economics import (
    Device,
    OwnMachine,
    decode_seconds,
    dollars_per_million_tokens,
    fetched_parameters,
    joules_per_answer,
    prefill_seconds,
)

A100 = Device(operations_per_second=312e12, bytes_per_second=2.039e12, watts=330)
H800 = Device(operations_per_second=1979e12, bytes_per_second=3.35e12, watts=700)  # in 8 bits
SMALL = {"weight_bytes": 7e9, "cache_bytes": 3e6, "active_parameters": 5e9, "device": A100}
OWN = OwnMachine(dollars=7200, life_months=36, watts=500, dollars_per_kilowatt_hour=0.2, tokens_per_second=1000)

# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gigabytes_per_second", "measured", "low", "high"),
    [(1397.31, 104.9, 0.65, 0.75), (1069.20, 155.58, 0.5, 0.6), (862.69, 196.80, 0.4, 0.5)],
)
def test_measured_writing_stays_below_its_bound(gigabytes_per_second, measured, low, high):
    """gpt-fast's table for Llama 2 7B with 16, 8 and 4 bits: tokens a second, and what they moved."""
    weights = gigabytes_per_second * 1e9 / measured
    bound = 1 / decode_seconds(weight_bytes=weights, cache_bytes=0, active_parameters=6.7e9, device=A100)
    assert low < measured / bound < high


def test_deepseeks_service_agrees_with_itself_and_stays_below_its_bounds():
    """Its overview of 27 February 2025: nodes of eight, tokens of a day, rates of a node, 2 dollars an hour."""
    day, read, written = 86400, 608e9, 168e9
    nodes = read / day / 73.7e3 + written / day / 14.8e3
    assert abs(nodes / 226.75 - 1) < 0.005
    assert 226.75 * 8 * 24 * 2 == 87072
    revenue = 342 * 0.14e3 + (608 - 342) * 0.55e3 + 168 * 2.19e3
    assert abs(revenue / 562_027 - 1) < 0.001
    assert round(revenue / 87072 - 1, 2) == 5.46  # 545 %, by its own revenue

    reading = prefill_seconds(tokens=73.7e3 * (1 - 342 / 608), active_parameters=37e9, device=H800) / 8
    assert 0.1 < reading < 0.2
    batch, cache = 14.8e3 / 8 / 21, 4989 * 61 * (512 + 64) * 2
    step = decode_seconds(weight_bytes=671e9 / 144, cache_bytes=cache, active_parameters=37e9, device=H800, batch=batch)
    assert 0.15 < step * 21 < 0.35


# --- property --------------------------------------------------------------------------------------------------


def test_a_step_fetches_more_with_each_text_of_a_mixture_and_all_of_a_dense_model():
    """By lot: each of 7 texts takes 3 of 11 weights; how many are taken by somebody?"""
    drawn = random.Random(0)
    taken = [len({i for _ in range(7) for i in drawn.sample(range(11), 3)}) for _ in range(4000)]
    found = fetched_parameters(total_parameters=11, active_parameters=3, batch=7)
    assert abs(sum(taken) / len(taken) / found - 1) < 0.01
    sizes = [fetched_parameters(total_parameters=671e9, active_parameters=37e9, batch=b) for b in (1, 2, 13, 500)]
    assert math.isclose(sizes[0], 37e9)
    assert sizes == sorted(sizes)
    assert 2 * sizes[0] > sizes[1]
    assert math.isclose(sizes[-1], 671e9)
    assert fetched_parameters(total_parameters=8e9, active_parameters=8e9, batch=5) == 8e9


def test_what_every_token_needs_is_fetched_once():
    """By lot: 2 of 13 weights are everybody's, and each of 7 texts takes 3 of the other 11."""
    drawn = random.Random(0)
    taken = [2 + len({i for _ in range(7) for i in drawn.sample(range(11), 3)}) for _ in range(4000)]
    sizes = {"total_parameters": 13, "active_parameters": 5, "shared_parameters": 2}
    assert abs(sum(taken) / len(taken) / fetched_parameters(**sizes, batch=7) - 1) < 0.01
    assert math.isclose(fetched_parameters(**sizes, batch=1), 5)
    assert fetched_parameters(total_parameters=13, active_parameters=5, shared_parameters=5, batch=7) == 5
    assert fetched_parameters(total_parameters=8, active_parameters=8, shared_parameters=8, batch=7) == 8


def test_no_more_parameters_work_than_there_are():
    with pytest.raises(ValueError, match=r"got 8000000000.0 of 7000000000.0"):
        fetched_parameters(total_parameters=7e9, active_parameters=8e9)
    for shared in (-1, 6):
        with pytest.raises(ValueError, match=f"shared parameters are from 0 to 5, got {shared}"):
            fetched_parameters(total_parameters=7, active_parameters=5, shared_parameters=shared)


def test_memory_binds_small_batches_and_arithmetic_large_ones():
    assert decode_seconds(**SMALL, batch=1) == (7e9 + 3e6) / 2.039e12
    rates = [batch / decode_seconds(**SMALL, batch=batch) for batch in (1, 2, 8, 64, 512, 4096)]
    assert rates == sorted(rates)
    turn = 7e9 / 2.039e12 / (2 * 5e9 / 312e12 - 3e6 / 2.039e12)
    before, after = (decode_seconds(**SMALL, batch=turn * by) for by in (0.99, 1.01))
    assert before == (7e9 + 0.99 * turn * 3e6) / 2.039e12
    assert math.isclose(after, 2 * 5e9 * 1.01 * turn / 312e12)


def test_energy_and_price_add_up():
    machine = {"read_per_second": 500, "written_per_second": 20, "watts": 300}
    assert joules_per_answer(read=1000, written=100, **machine) == 300 * (2 + 5)
    assert joules_per_answer(read=500, written=40, **machine | {"watts": 30}) == 30 * (1 + 2)
    assert math.isclose(dollars_per_million_tokens(dollars_per_hour=16, tokens_per_second=14.8e3), 16e6 / 3600 / 14.8e3)


def test_where_an_own_machine_breaks_even_both_cost_the_same():
    tokens = OWN.break_even(1.0)
    own = 7200 / 36 + tokens / 1000 * 500 / 3.6e6 * 0.2
    assert math.isclose(own, tokens / 1e6)
    assert OWN.break_even(2.0) < tokens


# --- limit -----------------------------------------------------------------------------------------------------


def test_without_a_cache_a_batch_is_free_until_arithmetic_binds():
    alone = decode_seconds(**SMALL | {"cache_bytes": 0}, batch=1)
    assert alone == decode_seconds(**SMALL | {"cache_bytes": 0}, batch=100) == 7e9 / 2.039e12


def test_reading_takes_as_long_as_its_operations():
    assert prefill_seconds(tokens=13, active_parameters=12e12, device=A100) == 1.0


def test_a_machine_that_cannot_earn_its_price_never_breaks_even():
    dear_power = 500 / 1000 / 3.6e6 * 0.2 * 1e6
    assert OWN.break_even(dear_power * 0.99) == math.inf  # each token's electricity costs more than the token
    assert OWN.break_even(dear_power + 0.05) == math.inf  # it would, if it could write so many
    busy_all_month = 7200 / 36 / (1000 * 365.25 / 12 * 86400) * 1e6 + dear_power
    assert math.isclose(OWN.break_even(busy_all_month * 1.001), 1000 * 365.25 / 12 * 86400, rel_tol=2e-3)


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: prefill_seconds(tokens=0, active_parameters=5, device=A100), "tokens = 0"),
        (lambda: decode_seconds(**SMALL, batch=0), "batch = 0"),
        (lambda: decode_seconds(**SMALL | {"cache_bytes": -1}), "cache_bytes = -1"),
        (lambda: decode_seconds(**SMALL | {"weight_bytes": math.nan}), "weight_bytes = nan"),
        (lambda: dollars_per_million_tokens(dollars_per_hour=-2, tokens_per_second=5), "dollars_per_hour = -2"),
        (lambda: OWN.break_even(0), "dollars_per_million = 0"),
        (
            lambda: joules_per_answer(read=1, written=1, read_per_second=0, written_per_second=1, watts=1),
            "read_per_second = 0",
        ),
        (
            lambda: OwnMachine(
                dollars=1, life_months=0, watts=1, dollars_per_kilowatt_hour=1, tokens_per_second=1
            ).break_even(1),
            "life_months = 0",
        ),
    ],
)
def test_what_cannot_be_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()

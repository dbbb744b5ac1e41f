"""What the calculator of costs makes of its numbers: the formulas are those of ``llmbook.economics``.

The front end's twin is ``web/src/core/costs.ts``. Bounds are of the devices together, as if messages between them took
no time; a text's cache counts as long as it is at its end. Left out: the building, people, devices that wait.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from llmbook.economics import (
    Device,
    OwnMachine,
    bill,
    decode_seconds,
    dollars_per_million_tokens,
    fetched_parameters,
    joules_per_answer,
    prefill_seconds,
    training_operations,
)

LIMITS: dict[str, tuple[float, float]] = {
    "total": (1e6, 1e13),  # parameters
    "active": (1e6, 1e13),  # of them, at work on a token
    "shared": (1e6, 1e13),  # of these, the same for every token
    "bits": (4, 32),  # a parameter
    "cache": (1, 1e7),  # bytes a token of a text
    "trained": (1e6, 1e15),  # tokens of the training
    "batch": (1, 10_000),  # texts at once
    "read": (1, 1_000_000),  # tokens of a prompt
    "written": (1, 100_000),  # tokens of an answer
    "devices": (1, 100_000),
    "operations": (1e9, 1e17),  # a second, of one device
    "bandwidth": (1e8, 1e14),  # bytes a second, of one device
    "watts": (1, 1e5),  # of one device
    "room": (1e8, 1e13),  # bytes of memory, of one device
    "used": (0.01, 1),  # share of the peak, in training
    "reached": (0.01, 1),  # share of the bounds, in serving
    "rent": (0.001, 1000),  # dollars an hour, of one device
    "price": (0.001, 1000),  # dollars for a million tokens, elsewhere
    "machine": (10, 1e7),  # dollars, to buy one device
    "months": (1, 120),  # that it lives
    "electricity": (0.01, 2),  # dollars a kilowatt-hour
}
BITS = (32, 16, 8, 4)
WHOLE = ("bits", "batch", "read", "written", "devices", "months")
BUYING = {"months": 36, "electricity": 0.25}
H100 = {"bandwidth": 3.35e12, "watts": 700.0, "room": 80e9, "rent": 2.0, "machine": 30_000.0}
SMOLLM2 = {
    **dict.fromkeys(("total", "active", "shared"), 134_515_008.0),
    "bits": 32,
    "cache": 46_080.0,
    "trained": 2e12,
}
LAPTOP = {"watts": 30.0, "room": 16e9, "used": 0.33, "reached": 0.5, "rent": 0.05, "price": 0.5, "machine": 1000.0}
SHORT = {"batch": 1, "read": 1000, "written": 500, "devices": 1}
CHOSEN = 58.0 * 256 * 3 * 7168 * 2048  # parameters of DeepSeek-V3's experts, of all its layers that have them
PRESETS: dict[str, dict[str, float]] = {
    "laptop": {**SMOLLM2, **SHORT, "operations": 5e11, "bandwidth": 5e10, **LAPTOP, **BUYING},
    "eight": {
        **dict.fromkeys(("total", "active", "shared"), 8e9),
        **{"bits": 16, "cache": 131_072.0, "trained": 15.6e12, **SHORT, "batch": 32},
        **{"operations": 989.4e12, **H100, "used": 0.33, "reached": 0.5, "price": 0.5, **BUYING},
    },
    "mixture": {
        **{"total": 671e9, "active": 37e9, "shared": 671e9 - CHOSEN},
        **{"bits": 8, "cache": 70_272.0, "trained": 14.8e12, **SHORT, "batch": 256},
        **{"devices": 16, "operations": 1978.9e12, **H100, "used": 0.17, "reached": 0.33, "price": 2.19, **BUYING},
    },
}
MINE = {**SMOLLM2, **SHORT, **LAPTOP, **BUYING}  # and what was measured
MEASURED = ("operations", "bandwidth")


@dataclass(frozen=True)
class Costs:
    operations: float  # of the training
    hours: float  # of one device, for the training
    days: float  # of all of them
    kilowatt_hours: float
    dollars: float  # of rent, for the training
    weights: float  # bytes
    caches: float  # bytes, of all texts
    room: float  # bytes, of all devices
    fetched: float  # bytes of weights that a step fetches
    step: float  # seconds, at least
    arithmetic: float  # seconds of it that arithmetic takes
    most: float  # tokens a second, of all texts, at the bound
    rate: float  # tokens a second, of all texts, at the share that is reached
    reading: float  # tokens a second, likewise
    seconds: float  # of an answer
    joules: float  # of an answer
    answer: float  # dollars of rent
    million_read: float  # dollars of rent
    million_written: float
    needed: float  # tokens a month from which on an own machine is cheaper; infinite where it never is


def costs(numbers: Mapping[str, float]) -> Costs:
    """All of it, of a number for each name of ``LIMITS``; of more active, or shared, than there can be, all are."""
    of = dict(numbers)
    of["active"] = min(of["active"], of["total"])
    of["shared"] = min(of["shared"], of["active"])
    n = of["devices"]
    one, all_ = device_of(of, 1), device_of(of, n)
    operations = training_operations(active_parameters=of["active"], tokens=of["trained"])
    paid = bill(operations, one, utilisation=of["used"], pue=1, dollars_per_hour=of["rent"])
    text = of["cache"] * (of["read"] + of["written"])
    drawn = fetched_parameters(
        total_parameters=of["total"],
        active_parameters=of["active"],
        shared_parameters=of["shared"],
        batch=of["batch"],
    )
    fetched = drawn * of["bits"] / 8
    step = decode_seconds(
        weight_bytes=fetched, cache_bytes=text, active_parameters=of["active"], device=all_, batch=of["batch"]
    )
    most = of["batch"] / step
    rate = of["reached"] * most
    reading = of["reached"] / prefill_seconds(tokens=1, active_parameters=of["active"], device=all_)
    rent = n * of["rent"]
    million_read = dollars_per_million_tokens(dollars_per_hour=rent, tokens_per_second=reading)
    million_written = dollars_per_million_tokens(dollars_per_hour=rent, tokens_per_second=rate)
    own = OwnMachine(
        dollars=n * of["machine"],
        life_months=of["months"],
        watts=all_.watts,
        dollars_per_kilowatt_hour=of["electricity"],
        tokens_per_second=rate,
    )
    return Costs(
        operations=operations,
        hours=paid.device_hours,
        days=paid.device_hours / n / 24,
        kilowatt_hours=paid.kilowatt_hours,
        dollars=paid.dollars,
        weights=of["total"] * of["bits"] / 8,
        caches=of["batch"] * text,
        room=n * of["room"],
        fetched=fetched,
        step=step,
        arithmetic=prefill_seconds(tokens=of["batch"], active_parameters=of["active"], device=all_),
        most=most,
        rate=rate,
        reading=reading,
        seconds=of["read"] / reading + of["written"] * step / of["reached"],
        joules=joules_per_answer(
            read=of["read"],
            written=of["written"],
            read_per_second=reading,
            written_per_second=rate,
            watts=all_.watts,
        ),
        answer=(of["read"] * million_read + of["written"] * million_written) / 1e6,
        million_read=million_read,
        million_written=million_written,
        needed=own.break_even(of["price"]),
    )


def device_of(of: Mapping[str, float], n: float) -> Device:
    """So many devices as one."""
    return Device(
        operations_per_second=n * of["operations"],
        bytes_per_second=n * of["bandwidth"],
        watts=n * of["watts"],
    )


# --- in words ---------------------------------------------------------------------------------------------------

SIZES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
COUNTS = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1e3, " thousand"), (1.0, ""))
TIMES = ((365.25 * 86400, "years"), (86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))


def three(x: float) -> str:
    """Three digits, without an exponent where that is short."""
    return f"{x:.0f}" if 100 <= x < 1e4 else f"{x:.3g}"


def quantity(x: float, unit: str) -> str:
    """With a prefix: 538 MB."""
    size, prefix = next((one for one in SIZES if x >= 0.9995 * one[0]), SIZES[-1])
    return f"{three(x / size)} {prefix}{unit}"


def counted(x: float) -> str:
    """In words: 14.8 trillion."""
    if x >= 1e15:
        power = math.floor(math.log10(x))
        return f"{x / 10**power:.2f}e{power}"
    size, word = next((one for one in COUNTS if x >= 0.9995 * one[0]), COUNTS[-1])
    return f"{three(x / size)}{word}"


def lasting(seconds: float) -> str:
    """In the largest unit that fits."""
    size, unit = next((one for one in TIMES if seconds >= 0.9995 * one[0]), (1.0, ""))
    return f"{counted(seconds / size)} {unit}" if unit else quantity(seconds, "s")


def told(found: Costs) -> list[tuple[str, str]]:
    """A name and a text for each result."""
    needed = "never" if found.needed == math.inf else f"{counted(found.needed)} tokens a month"
    return [
        ("training, operations", counted(found.operations)),
        ("training, device hours", counted(found.hours)),
        ("training on these devices", lasting(found.days * 86400)),
        ("training, energy of the devices", quantity(found.kilowatt_hours * 1000, "Wh")),
        ("training, rent", f"{counted(found.dollars)} dollars"),
        ("memory for weights", quantity(found.weights, "B")),
        ("memory for caches", quantity(found.caches, "B")),
        ("memory of the devices", quantity(found.room, "B")),
        ("weights fetched in a step", quantity(found.fetched, "B")),
        ("a step of writing, at least", lasting(found.step)),
        ("its arithmetic alone", lasting(found.arithmetic)),
        ("written a second, at most", f"{counted(found.most)} tokens"),
        ("written a second, at the share reached", f"{counted(found.rate)} tokens"),
        ("read a second, at the share reached", f"{counted(found.reading)} tokens"),
        ("an answer, time", lasting(found.seconds)),
        ("an answer, energy of the devices", quantity(found.joules, "J")),
        ("an answer, rent", f"{counted(found.answer)} dollars"),
        ("a million tokens read, rent", f"{counted(found.million_read)} dollars"),
        ("a million tokens written, rent", f"{counted(found.million_written)} dollars"),
        ("an own machine pays from", needed),
    ]

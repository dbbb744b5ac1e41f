"""The exercises of page 8.2: hours, two bounds, half of all experts, words, a machine that pays, and half a peak."""

from collections.abc import Callable

from llmbook.economics import Device, bill, decode_seconds, fetched_parameters, training_operations
from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- a run's hours ---------------------------------------------------------------------------------------------

DEVICE = Device(operations_per_second=1e15, bytes_per_second=3.2e12, watts=700)
SIZE, READ, USED = 8e9, 2e12, 0.4  # parameters, tokens, utilisation


def hours(operations: float, *, utilisation: float = USED) -> float:
    return bill(operations, DEVICE, utilisation=utilisation, pue=1, dollars_per_hour=1).device_hours


OPERATIONS = training_operations(active_parameters=SIZE, tokens=READ)

RUN = Exercise(
    name="8.2-run",
    answer=hours(OPERATIONS),
    right="on a thousand such devices less than three days, if nothing fails.",
    mistakes=(
        Mistake(hours(OPERATIONS / 3), "2 operations a parameter and token are the way there; the way back is 4 more."),
        Mistake(hours(OPERATIONS, utilisation=1), "that is at the peak; the devices reach 40 % of it."),
        Mistake(
            hours(OPERATIONS) * USED**2, "6 operations, and divide by the utilisation: what does less needs longer."
        ),
        Mistake(hours(OPERATIONS) * 3600, "those are seconds; an hour has 3,600."),
        Mistake(hours(OPERATIONS) / 24, "those are days; the question asks for hours."),
    ),
    digits=2,
)

# --- the two bounds --------------------------------------------------------------------------------------------


def bounds(bytes_each: float, *, operations_each: float = 2.0) -> list[float]:
    """Tokens a second of one text, and the batch at which arithmetic takes as long as the fetching of weights."""
    weights = SIZE * bytes_each
    step = decode_seconds(weight_bytes=weights, cache_bytes=0, active_parameters=SIZE, device=DEVICE)
    return [1 / step, step * DEVICE.operations_per_second / (operations_each * SIZE)]


BOUNDS = Exercise(
    name="8.2-bounds",
    answer=bounds(2),
    right="and up to there the other texts cost nothing: the weights come by anyway.",
    mistakes=(
        Mistake(bounds(1), "16 bits are two bytes a parameter."),
        Mistake(bounds(4), "16 bits are two bytes a parameter, not four."),
        Mistake(bounds(16), "16 bits are two bytes: there are 8 bits in one."),
        Mistake([bounds(4)[0], bounds(2)[1]], "for the first: two bytes a parameter, not four."),
        Mistake([bounds(1)[0], bounds(2)[1]], "for the first: two bytes a parameter, not one."),
        Mistake([bounds(2)[0], bounds(2)[1] * 2], "each parameter takes two operations, one to multiply, one to add."),
        Mistake([bounds(2)[0], bounds(2, operations_each=6)[1]], "6 operations are for training; writing takes 2."),
        Mistake([bounds(2)[0], bounds(2)[1] * USED], "both bounds are at the peak: forget the 40 %."),
        Mistake([1 / bounds(2)[0], bounds(2)[1]], "those are the seconds of a token; how many are there in a second?"),
    ),
    digits=2,
)

# --- half of all experts ---------------------------------------------------------------------------------------

ALL, ACTIVE = 671e9, 37e9  # parameters
SHARED = ALL - 58 * 256 * 3 * 7168 * 2048  # those that every token needs: all but the experts that are chosen


def texts_for(share: float, shared: float = SHARED) -> int:
    """The fewest texts for which a step fetches this share of all parameters."""
    sizes = {"total_parameters": ALL, "active_parameters": ACTIVE, "shared_parameters": shared}
    return next(b for b in range(1, 10_000) if fetched_parameters(**sizes, batch=b) >= share * ALL)


EXPERTS = Exercise(
    name="8.2-experts",
    answer=texts_for(0.5),
    right="16 would do if no two texts chose the same experts; and nearly all takes more than ninety.",
    mistakes=(
        Mistake(texts_for(0.5) - 1, "with 21 texts it is still a little less than half."),
        Mistake(21.6, "there are only whole texts, and 21 do not yet fetch half."),
        Mistake(texts_for(0.5) + 1, "one text less is enough: with 22 it is more than half already."),
        Mistake(
            texts_for(0.5, 0), "it would be half if nothing were shared; but 17 of the 37 billion are fetched once."
        ),
        Mistake(12, "so few as if nothing were shared; but 17 of the 37 billion are the same for all texts."),
        Mistake(16, "16 times 20 and 17 are half, if no two texts chose the same experts; but two may."),
        Mistake(17, "17 times 20 and 17 are more than half, but two texts may choose the same experts."),
        Mistake(ALL / ACTIVE / 2, "that is 671 / 37 / 2, as if no two texts needed the same; and texts are whole."),
        Mistake(9, "nine times 37 is half of 671, but 17 of the 37 are the same for all texts."),
        Mistake(10, "ten times 37 is more than half of 671, but 17 of the 37 are the same for all texts."),
        Mistake(ALL / ACTIVE, "that is 671 / 37: all, if no two needed the same; the question is of half."),
        Mistake(18, "that many times 37 is nearly all, but 17 of the 37 are the same for all texts."),
        Mistake(19, "that many times 37 is all, but 17 of the 37 are the same for all texts."),
    ),
)

# --- a duration in words ---------------------------------------------------------------------------------------

YEAR = 365.25


def in_words(nearest: int, days: float, *, year: float = YEAR) -> str:
    return f"{'nearly' if days < nearest * year else 'a little more than'} {nearest} years"


def years(days: float) -> str:
    """The nearest whole number of years, and on which side of it."""
    return in_words(round(days / YEAR), days)


def always_more(days: float) -> str:
    return f"a little more than {int(days / YEAR)} years"


WORDS = Exercise(
    name="8.2-words",
    answer=years,
    probes=((1752,), (1500,), (3600,), (800,), (1094,), (4000,), (1097,), (1826,), (1607,), (1680,)),
    right="1,752 days are nearly five years. Cut off what stands behind the point, and they become nearly four.",
    mistakes=(
        Mistake(lambda days: f"nearly {int(days / YEAR)} years", "int cuts off: 4.8 becomes 4, and is no nearly four."),
        Mistake(lambda days: f"nearly {round(days / YEAR)} years", "4.1 years are a little more than four."),
        Mistake(
            lambda days: f"nearly {int(days / YEAR) + 1} years", "4.1 years are not nearly five: take the nearest."
        ),
        Mistake(always_more, "4.8 years are nearly five, and not a little more than four: take the nearest."),
        Mistake(
            lambda days: in_words(round(days / YEAR), -days + 2 * round(days / YEAR) * YEAR),
            "the other way round: what is below the whole number is nearly it.",
        ),
        Mistake(lambda days: in_words(round(days / 360), days, year=360), "a year has 365.25 days."),
        Mistake(
            lambda days: in_words(round(days / 365), days, year=365), "a year has 365.25 days: one in four is longer."
        ),
    ),
)

# --- a machine that pays ---------------------------------------------------------------------------------------


def months(machine: float, monthly: float, price: float, tokens: float) -> float:
    """What it cost, over what it saves each month: tokens not bought, less electricity and care."""
    return machine / (tokens * price / 1e6 - monthly)


PAYS = Exercise(
    name="8.2-pays",
    answer=months,
    probes=(
        (12_000.0, 200.0, 2.0, 500e6),
        (8_000.0, 150.0, 0.5, 1e9),
        (30_000.0, 900.0, 15.0, 90e6),
        (900.0, 2.0, 2.0, 7.6e6),
    ),
    right="and with half the tokens it may never pay: it costs the same while it stands still.",
    mistakes=(
        Mistake(
            lambda machine, monthly, price, tokens: months(machine, 0, price, tokens), "electricity and care cost."
        ),
        Mistake(
            lambda machine, monthly, price, tokens: months(machine, -monthly, price, tokens),
            "what it needs each month lessens what it saves: take it off.",
        ),
        Mistake(
            lambda machine, monthly, price, tokens: months(machine + monthly, 0, price, tokens),
            "`monthly` is paid every month, not once.",
        ),
        Mistake(
            lambda machine, monthly, price, tokens: machine / (tokens * price - monthly),
            "the price is for a million tokens.",
        ),
        Mistake(lambda machine, monthly, price, tokens: 1 / months(machine, monthly, price, tokens), "turn it over."),
        Mistake(
            lambda machine, monthly, price, tokens: tokens * price / 1e6 - monthly,
            "that is what it saves each month: how often until the machine is paid?",
        ),
    ),
)

# --- the bug museum: half a peak, and twice the peak -----------------------------------------------------------

Utilisation = Callable[[float, float, int, str], float]  # tokens a second, parameters, devices, their kind
PEAKS = {"A100": 312e12, "H100": 989.4e12, "H200": 989.4e12}


def with_peaks(per_token: float = 6, share: bool = True, **peaks: float) -> Utilisation:
    """The utilisation with other peaks than the right ones."""
    known = PEAKS | peaks

    def mfu(tokens_per_second: float, parameters: float, devices: int, kind: str) -> float:
        return per_token * parameters * tokens_per_second / (known[kind] * (devices if share else 1))

    return mfu


def in_teraflops(tokens_per_second: float, parameters: float, devices: int, kind: str) -> float:
    """The same by another way: what one device does, in units of 10¹² operations."""
    each = tokens_per_second / devices
    return 6 * parameters / 1e12 * each / {"A100": 312, "H100": 989, "H200": 989}[kind]  # rounded


EXHIBITS: tuple[Utilisation, ...] = (
    with_peaks(H100=312e12, H200=312e12),  # one kind's peak for all
    with_peaks(H200=1978.9e12),  # the peak for sparse matrices
    with_peaks(H100=756e12),  # an H100's too, but of the card for an ordinary slot
    with_peaks(A100=156e12),  # halved, and it was dense already
    with_peaks(share=False),
    with_peaks(per_token=2),
    with_peaks(per_token=8),  # with what is computed again for checkpoints
)
RUNS = ((3000.0, 7e9, 1, "A100"), (90_000.0, 7e9, 8, "H100"), (11_000.0, 8e9, 1, "H200"), (40_000.0, 6e9, 13, "A100"))
ALONE = tuple((tokens, size, 1, kind) for tokens, size, _, kind in RUNS)


def agrees(found: Utilisation, runs: tuple[tuple[float, float, int, str], ...] = RUNS, within: float = 0.01) -> bool:
    right = with_peaks()
    return all(abs(found(*run) / right(*run) - 1) < within for run in runs)


def is_right(found: Utilisation) -> bool:
    """A run of each kind of device, on one and on several."""
    return agrees(found)


MUSEUM = Exercise(
    name="8.2-museum",
    answer=is_right,
    probes=((with_peaks(),), (in_teraflops,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through seven wrong ones, two of them only a third off.",
    mistakes=(
        Mistake(
            lambda found: agrees(found, RUNS[:1]), "one kind of device, and a single one, shows little: try the others."
        ),
        Mistake(lambda found: agrees(found, RUNS[:2]), "one piece is wrong for the H200 alone."),
        Mistake(lambda found: agrees(found, ALONE), "one piece forgets that there are several devices: try seven."),
        Mistake(lambda found: agrees(found, RUNS[1:3]), "one piece is wrong for the A100 alone."),
        Mistake(lambda found: agrees(found, (RUNS[0], *RUNS[2:])), "one piece is wrong for the H100 alone."),
        Mistake(lambda found: agrees(found, within=0.45), "two pieces are only a third off: a hundredth is asked for."),
        Mistake(
            lambda found: all(0 < found(*run) < 1 for run in RUNS),
            "a share between 0 and 1 can be wrong by half: compare it with the number itself.",
        ),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (RUN, BOUNDS, EXPERTS, WORDS, PAYS, MUSEUM)

"""The exercises of page 3.11: bubbles, forwards that are held, 1F1B, a slow stage, and too few micro-batches."""

from collections.abc import Callable, Sequence

from llmbook.distributed.schedules import (
    Action,
    Kind,
    Orders,
    alternate,
    bubble,
    gpipe,
    most_held,
    one_f_one_b,
    replay,
)
from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- bubbles ---------------------------------------------------------------------------------------------------

BUBBLES = Exercise(
    name="3.11-bubbles",
    answer=[7 / 15, 7 / 71, 7 / 135],
    right="always p - 1 = 7 pieces of waiting: more micro-batches, and stages cut in two, make the pieces small.",
    mistakes=(
        Mistake([7 / 8, 7 / 64, 7 / 128], "that is idle time over *working* time; the whole time has the idle in it."),
        Mistake([8 / 15, 8 / 71, 8 / 135], "seven others are waited for, not eight."),
        Mistake([7 / 15, 7 / 71, 7 / 71], "two stages a rank make each piece half as long: put v m for m."),
        Mistake([8 / 15, 64 / 71, 128 / 135], "that is the share in which work is done."),
    ),
    digits=3,
)

# --- forwards that are held ------------------------------------------------------------------------------------

HELD = Exercise(
    name="3.11-held",
    answer=[64, 64, 8, 1],
    right="GPipe's memory grows with the batch. In 1F1B it grows with the depth, and most on the first rank.",
    mistakes=(
        Mistake([64, 64, 8, 8], "the last rank goes back with each micro-batch at once."),
        Mistake([64, 8, 8, 1], "in GPipe every rank does all forwards before its first backward."),
        Mistake([64, 64, 7, 0], "the seven ahead, and the one that goes in before the first comes back."),
        Mistake([64, 64, 1, 8], "the first rank waits longest for its first backward."),
        Mistake([8, 8, 8, 1], "in GPipe it is the number of micro-batches that counts."),
    ),
)

# --- 1F1B ------------------------------------------------------------------------------------------------------

Row = list[tuple[Kind, int]]
MakeRow = Callable[[int, int, int], Row]  # rank, p and m to what the rank does


def row_1f1b(rank: int, p: int, m: int) -> Row:
    """p - 1 - rank forwards ahead, at most m; then a forward and a backward in turn; then the backwards left."""
    return ahead_of_turns(min(p - 1 - rank, m), m)


def each(kind: Kind, micros: range) -> Row:
    return [(kind, i) for i in micros]


def ahead_of_turns(ahead: int, m: int) -> Row:
    row = each("F", range(ahead))
    for i in range(m - ahead):
        row.extend([("F", ahead + i), ("B", i)])
    return row + each("B", range(max(m - ahead, 0), m))


def beyond_the_batch(rank: int, p: int, m: int) -> Row:
    """As many ahead as there are ranks behind, though there may be fewer micro-batches."""
    return ahead_of_turns(p - 1 - rank, m)


def nothing_left(rank: int, p: int, m: int) -> Row:
    return row_1f1b(rank, p, m)[: 2 * m - min(p - 1 - rank, m)]


def backward_first(rank: int, p: int, m: int) -> Row:
    ahead = min(p - 1 - rank, m)
    row = each("F", range(ahead))
    for i in range(m - ahead):
        row.extend([("B", i), ("F", ahead + i)])
    return row + each("B", range(m - ahead, m))


def in_words(make_row: MakeRow) -> Callable[[int, int, int], str]:
    """The row as the page writes it: F0 F1 B0 …"""
    return lambda rank, p, m: " ".join(f"{kind}{i}" for kind, i in make_row(rank, p, m))


def ahead_by(count: Callable[[int, int, int], int]) -> Callable[[int, int, int], str]:
    return in_words(lambda rank, p, m: ahead_of_turns(min(count(rank, p, m), m), m))


BUILD = Exercise(
    name="3.11-1f1b",
    answer=in_words(row_1f1b),
    probes=((0, 4, 8), (2, 4, 8), (3, 4, 3), (0, 5, 2), (1, 3, 1), (0, 1, 3), (0, 3, 3)),
    right="each rank is as many forwards ahead as there are ranks behind it, and no more.",
    mistakes=(
        Mistake(ahead_by(lambda rank, p, m: p - rank), "one too many ahead: count the ranks behind."),
        Mistake(ahead_by(lambda rank, p, m: rank), "the first rank is furthest ahead, not the last."),
        Mistake(ahead_by(lambda rank, p, m: m), "that holds all micro-batches: take turns after the first few."),
        Mistake(ahead_by(lambda rank, p, m: p - 1), "rank counts: the last has nobody behind it."),
        Mistake(in_words(beyond_the_batch), "with few micro-batches: no rank can be further ahead than m."),
        Mistake(in_words(nothing_left), "the last backwards are missing, of the forwards that were ahead."),
        Mistake(in_words(backward_first), "in turn, and the forward first."),
    ),
)

# --- a slow stage ----------------------------------------------------------------------------------------------

STAGES = ((3, 3, 3), (1, 4, 2), (5, 1, 1, 1), (2,), (1, 1, 6))


def total(times: Sequence[float], m: int) -> float:
    """The first micro-batch goes through all stages; the others follow, as far apart as the slowest stage is long."""
    return sum(times) + (m - 1) * max(times)


SLOW = Exercise(
    name="3.11-slow",
    answer=total,
    probes=tuple((list(times), m) for times in STAGES for m in (1, 2, 7)),
    right="one slow stage sets the pace of all: cut a model by time, not by the number of its layers.",
    mistakes=(
        Mistake(lambda times, m: (len(times) + m - 1) * max(times), "the first passes each stage in its own time."),
        Mistake(lambda times, m: m * sum(times), "that is one after the other: here the stages work at the same time."),
        Mistake(lambda times, m: sum(times) + m * max(times), "the first is in the sum already: m - 1 follow it."),
        Mistake(lambda times, m: sum(times) + (m - 1) * min(times), "they follow at the pace of the slowest stage."),
        Mistake(lambda times, m: sum(times) * (1 + (m - 1) / len(times)), "at the slowest's pace, not a mean."),
        Mistake(lambda times, m: sum(times) + (m - 1) * times[-1], "the slowest stage need not be the last."),
        Mistake(lambda times, m: sum(times) + (m - 1) * times[0], "the slowest stage need not be the first."),
        Mistake(lambda times, m: m * max(times), "the first micro-batch also has to get through the other stages."),
    ),
)

# --- the bug museum: too few micro-batches ---------------------------------------------------------------------

Make = Callable[[int, int], Orders]  # p and m to a row for each rank


def from_rows(make_row: MakeRow) -> Make:
    return lambda p, m: [[Action(kind, r, i) for kind, i in make_row(r, p, m)] for r in range(p)]


def waits_for_no_batch(p: int, m: int) -> Orders:
    """It stands where the museum's piece stood: a warm-up as long as the pipe, however few micro-batches there are."""
    return from_rows(beyond_the_batch)(p, m)


def one_too_few(p: int, m: int) -> Orders:
    """Nobody can go on, or the pipe is never full: the first rank goes back a step too early."""
    rows = one_f_one_b(p, m)
    ahead = max(min(p - 2, m - 1), 0)
    forwards = [action for action in rows[0] if action.kind == "F"]
    return [alternate(forwards, [action for action in rows[0] if action.kind == "B"], ahead), *rows[1:]]


def crossed(p: int, m: int) -> Orders:
    """The last rank wants its last backward before its last forward."""
    rows = one_f_one_b(p, m)
    return [*rows[:-1], [*rows[-1][:-2], rows[-1][-1], rows[-1][-2]]]


def one_more_ahead(p: int, m: int) -> Orders:
    """Each rank but the last uses a wait for one more forward: in the same time, and it holds more than 1F1B may."""
    return from_rows(lambda rank, p, m: ahead_of_turns(min(p - rank, m) if rank < p - 1 else 0, m))(p, m)


EXHIBITS: tuple[Make, ...] = (
    waits_for_no_batch, one_too_few, crossed, one_more_ahead, gpipe, from_rows(nothing_left),
)  # fmt: skip
SIZES = ((4, 8), (3, 5), (4, 2), (2, 1), (3, 3))


def holds(make: Make, p: int, m: int, *, memory: bool = True, time: bool = True) -> bool:
    """Whether it comes to an end, with the bubble and the memory of 1F1B."""
    try:
        orders = make(p, m)
        trace = replay(orders)
    except ValueError:
        return False
    whole = sum(map(len, orders)) == 2 * p * m
    in_time = not time or abs(bubble(trace) - (p - 1) / (m + p - 1)) < 1e-9
    return whole and in_time and (not memory or all(most_held(row) <= p - r for r, row in enumerate(orders)))


def is_right(make: Make) -> bool:
    """Many micro-batches, as many as ranks, and fewer."""
    return all(holds(make, p, m) for p, m in SIZES)


MUSEUM = Exercise(
    name="3.11-museum",
    answer=is_right,
    probes=((one_f_one_b,), (from_rows(row_1f1b),), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, one wrong for few micro-batches only.",
    mistakes=(
        Mistake(lambda make: holds(make, 4, 8), "try fewer micro-batches than ranks: one piece is right for many."),
        Mistake(
            lambda make: all(holds(make, p, m, memory=False) for p, m in SIZES),
            "two of the wrong ones do everything in time, and hold too much: count what each rank holds.",
        ),
        Mistake(
            lambda make: all(holds(make, p, m, time=False) for p, m in SIZES),
            "one of the wrong ones comes to an end, and late: look at the bubble.",
        ),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (BUBBLES, HELD, BUILD, SLOW, MUSEUM)

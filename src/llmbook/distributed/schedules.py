r"""Schedules of a pipeline, as plain data: who does which forward or backward of which micro-batch, and after what.

A model is cut into stages 0, 1, …; stage s lives on rank s mod p, so that with v stages a rank there are v p of them.
A batch is cut into m micro-batches. Each rank has a row of actions, done in their order; an action also waits for the
stage before it (forward) or behind it (backward). With equal stages a rank is idle for

    (p - 1) / (v m + p - 1)

of the time in all three schedules (v = 1 in the first two): it is p - 1 times a stage's share of work that fills the
pipe and empties it, and the more micro-batches, the less that is of the whole.

Sources: Huang et al., *GPipe* (2019), section 2.3; Narayanan et al., *Efficient Large-Scale Language Model Training on
GPU Clusters Using Megatron-LM* (2021), section 2.2, which counts the same idle time as (p - 1) / (v m) of the *ideal*
time. Left out: backwards cut in two (zero bubble), and schedules that hold two copies of the weights.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Literal, NamedTuple

Kind = Literal["F", "B"]


class Action(NamedTuple):
    kind: Kind  # forward or backward
    stage: int
    micro: int  # number of the micro-batch


class Span(NamedTuple):
    """An action, and when it began and ended."""

    kind: Kind
    stage: int
    micro: int
    start: float
    end: float


Orders = list[list[Action]]  # a row for each rank
Trace = list[list[Span]]


def gpipe(p: int, m: int) -> Orders:
    """All forwards, then all backwards, the last micro-batch's first. Raises ``ValueError`` for sizes below 1."""
    check_sizes(p=p, m=m)
    forwards = [[Action("F", rank, i) for i in range(m)] for rank in range(p)]
    return [row + [Action("B", rank, i) for i in reversed(range(m))] for rank, row in enumerate(forwards)]


def one_f_one_b(p: int, m: int) -> Orders:
    """1F1B: as many forwards as there are stages behind, then one of each in turn. Raises as ``gpipe``."""
    check_sizes(p=p, m=m)
    forwards, backwards = ([[Action(kind, rank, i) for i in range(m)] for rank in range(p)] for kind in ("F", "B"))
    return [alternate(f, b, p - 1 - rank) for rank, (f, b) in enumerate(zip(forwards, backwards, strict=True))]


def interleaved(p: int, m: int, v: int) -> Orders:
    """1F1B with v stages a rank: micro-batches go through a rank's first stage p at a time, then through its next.

    Raises ``ValueError`` for sizes below 1, and where m is no multiple of p.
    """
    check_sizes(p=p, m=m, v=v)
    if m % p:
        raise ValueError(f"micro-batches go in groups of {p}, one for each rank: {m} is no multiple of it")
    turns = [(group + i, part) for group in range(0, m, p) for part in range(v) for i in range(p)]
    rows = []
    for rank in range(p):
        forwards = [Action("F", part * p + rank, i) for i, part in turns]
        backwards = [Action("B", (v - 1 - part) * p + rank, i) for i, part in turns]
        rows.append(alternate(forwards, backwards, (v - 1) * p + 2 * (p - 1 - rank) if v > 1 else p - 1 - rank))
    return rows


def alternate(forwards: list[Action], backwards: list[Action], ahead: int) -> list[Action]:
    """``ahead`` forwards first, then a forward and a backward in turn, then the backwards that are left."""
    ahead = min(ahead, len(forwards))
    pairs = zip(forwards[ahead:], backwards, strict=False)
    return [*forwards[:ahead], *chain.from_iterable(pairs), *backwards[len(forwards) - ahead :]]


def check_sizes(**sizes: int) -> None:
    if min(sizes.values()) < 1:
        raise ValueError(f"sizes must be at least 1, got {sizes}")


def count_stages(orders: Orders) -> int:
    """How many stages there are. Raises ``ValueError`` unless each does each forward and backward once, on its rank."""
    done = [Action(*action) for row in orders for action in row]
    n = 1 + max((stage for _, stage, _ in done), default=-1)
    micros = range(1 + max((micro for *_, micro in done), default=-1))
    if sorted(done) != [Action(kind, stage, micro) for kind in ("B", "F") for stage in range(n) for micro in micros]:
        raise ValueError(f"each of {n} stages has to do a forward and a backward of {len(micros)} micro-batches, once")
    if lost := [stage for rank, row in enumerate(orders) for _, stage, _ in row if stage % len(orders) != rank]:
        raise ValueError(f"stage {lost[0]} has to live on rank {lost[0] % len(orders)} of {len(orders)}")
    return n


def awaited(action: Action, n: int) -> list[Action]:
    """What has to be done before, with n stages."""
    kind, stage, micro = action
    if kind == "F":
        return [Action("F", stage - 1, micro)] if stage else []
    return [Action("F", stage, micro)] + ([Action("B", stage + 1, micro)] if stage + 1 < n else [])


def replay(
    orders: Orders,
    forward: float = 1.0,
    backward: float = 2.0,
    took: Mapping[tuple[Kind, int, int], float] | None = None,
) -> Trace:
    """When each action begins and ends if it takes so long, or as long as it ``took``, and messages take no time.

    Raises ``ValueError`` as ``count_stages``, and where ranks wait for each other for ever, naming what they wait for.
    """
    n = count_stages(orders)
    lengths = {Action(*action): forward if action[0] == "F" else backward for row in orders for action in row}
    lengths |= {Action(*action): length for action, length in (took or {}).items()}
    ends: dict[Action, float] = {}
    trace: Trace = [[] for _ in orders]
    while True:
        stuck: list[str] = []
        before = len(ends)
        for rank, (row, spans) in enumerate(zip(orders, trace, strict=True)):
            for action in row[len(spans) :]:
                needs = awaited(Action(*action), n)
                if missing := [need for need in needs if need not in ends]:
                    stuck.append(f"rank {rank} with {tuple(action)} for {tuple(missing[0])}")
                    break
                start = max([ends[need] for need in needs] + [spans[-1].end if spans else 0.0])
                spans.append(Span(*action, start, start + lengths[Action(*action)]))
                ends[Action(*action)] = spans[-1].end
        if not stuck:
            return trace
        if len(ends) == before:
            raise ValueError(f"nobody can go on: {'; '.join(stuck)}")


def without_messages(trace: Trace) -> Trace:
    """A measured trace's own actions, as long as they took, if only their order and each other made them wait."""
    orders = [[Action(*span[:3]) for span in row] for row in trace]
    return replay(orders, took={span[:3]: span.end - span.start for row in trace for span in row})


def bubble(trace: Trace) -> float:
    """The share of all ranks' time, from the first start to the last end, in which they did nothing."""
    spans = list(chain.from_iterable(trace))
    whole = max(span.end for span in spans) - min(span.start for span in spans)
    return 1 - sum(span.end - span.start for span in spans) / (len(trace) * whole)


def most_held(row: list[Action]) -> int:
    """Of how many forwards a rank keeps activations at most, because their backwards are still to come."""
    kept, most = 0, 0
    for kind, *_ in row:
        kept += 1 if kind == "F" else -1
        most = max(most, kept)
    return most

r"""Values forgotten on the way there and computed again on the way back: how many are held, and how often.

    there   a value is held until the last operation that takes it has run; with a checkpoint, until the way back
    back    what a rule reads and nobody holds is computed again, from the nearest values that are held
    gone    when the way back has passed its operation

Counted are values, each line of the tape one, whatever its shape. Variables are there in any case and never counted;
neither are gradients on their way. Source: Chen et al., *Training Deep Nets with Sublinear Memory Cost* (2016). Left
out: to forget again what was computed again; bytes; lines that the output does not depend on.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from llmbook.autodiff.operation import Node, Tape


@dataclass(frozen=True)
class Step:
    """One operation, run or reversed."""

    kind: str  # "there", "again" or "back"
    place: int  # of its line on the tape
    held: frozenset[int]  # the places of the values that are held after it
    most: int  # values held while it ran, what it computes among them


def steps(tape: Tape, kept: Collection[int]) -> list[Step]:
    """All that happens there and back where the values at the places ``kept`` stay until the way back.

    The output is the tape's last line. Raises ``ValueError`` for a place that no operation has.
    """
    lines = {place: node for place, node in enumerate(tape.entries) if node.operation is not None}
    wrong = sorted(set(kept) - lines.keys())
    if wrong:
        raise ValueError(f"kept can be places of operations, {sorted(lines)}; got {wrong}")

    place_of = {id(node): place for place, node in enumerate(tape.entries)}
    inputs = {p: [place_of[id(x)] for x in node.inputs if isinstance(x, Node)] for p, node in lines.items()}
    last_use = {i: p for p in lines for i in inputs[p]}
    held = set[int]()
    found = list[Step]()

    def note(kind: str, place: int, most: int) -> None:
        found.append(Step(kind, place, frozenset(held), most))

    for p in lines:
        held.add(p)
        most = len(held)
        held -= {i for i in inputs[p] if last_use[i] == p and i not in kept}
        note("there", p, most)

    for p in reversed(lines):
        for q in missing(read(lines[p], p, inputs[p]), inputs, held):
            held.add(q)
            note("again", q, len(held))
        most = len(held)
        held.discard(p)
        note("back", p, most)
    return found


def read(node: Node, place: int, inputs: list[int]) -> list[int]:
    """The places of the values that the node's rules read."""
    assert node.operation is not None
    return {"inputs": inputs, "output": [place], "": []}[node.operation.reads]


def missing(wanted: list[int], inputs: dict[int, list[int]], held: Collection[int]) -> Iterator[int]:
    """The operations to run again so that what is wanted is held, in their order; variables need none."""
    needed = set[int]()
    waiting = [*wanted]
    while waiting:
        place = waiting.pop()
        if place in inputs and place not in held and place not in needed:
            needed.add(place)
            waiting += inputs[place]
    yield from sorted(needed)


def peak(found: list[Step]) -> int:
    """The most values held at once."""
    return max((step.most for step in found), default=0)


def recomputed(found: list[Step]) -> int:
    """How many operations ran twice."""
    return sum(step.kind == "again" for step in found)

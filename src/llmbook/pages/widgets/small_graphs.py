"""Three small graphs whose every value is one number: a neuron and its loss, the loss of three scores, a chain.

Each is recorded on the library's tape (``autodiff``) in float64, a node a line. The front end's twin computes the same:
``web/src/core/backprop.ts``.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from llmbook.autodiff import rules as op
from llmbook.autodiff.operation import OPERATIONS, Node, Tape

COMPUTE: dict[str, Callable[..., Any]] = {
    "plus": op.add,
    "times": op.multiply,
    "minus": lambda x: op.multiply(x, -1.0),
    "square": lambda x: op.power(x, p=2),
    "tanh": op.tanh,
    "exp": op.exp,
    "log": op.log,
}
TAPE_NAMES = {"plus": "add", "times": "multiply", "minus": "multiply", "square": "power"}
READS = {name: OPERATIONS[TAPE_NAMES.get(name, name)].reads for name in COMPUTE}

MOST_STEPS = 16  # of the chain


@dataclass(frozen=True)
class Line:
    """A node of a graph: an input of no operation, or an operation on earlier nodes, by their places."""

    name: str
    operation: str = ""
    inputs: tuple[int, ...] = ()


def graph(text: str) -> tuple[Line, ...]:
    """The nodes of words like ``"x w p=times(x,w)"``, each on its own line of the tape."""
    found: dict[str, Line] = {}
    for word in text.split():
        name, _, rest = word.partition("=")
        operation, _, inputs = rest.rstrip(")").partition("(")
        places = tuple([*found].index(other) for other in inputs.split(",") if other)
        found[name] = Line(name, operation, places)
    return tuple(found.values())


GRAPHS = {
    "neuron": graph("x w b t p=times(x,w) z=plus(p,b) a=tanh(z) m=minus(t) e=plus(a,m) L=square(e)"),
    "softmax": graph(
        "z1 z2 z3 e1=exp(z1) e2=exp(z2) e3=exp(z3) s2=plus(e1,e2) s3=plus(s2,e3) l=log(s3) r=minus(z3) L=plus(l,r)"
    ),
    "chain": graph("x0 w " + " ".join(f"x{k}=times(w,x{k - 1})" for k in range(1, MOST_STEPS + 1))),
}
OPENING = {"neuron": (0.5, 1.6, -0.3, 1.0), "softmax": (2.0, 0.5, -1.0), "chain": (1.0, 0.9)}


def nodes_of(name: str, n: int) -> tuple[Line, ...]:
    """The graph of this name; of the chain n steps."""
    return GRAPHS[name][: 2 + n] if name == "chain" else GRAPHS[name]


def inside(lines: Sequence[Line]) -> list[str]:
    """The values that can be forgotten: neither inputs nor the output."""
    return [line.name for line in lines[:-1] if line.operation]


def places(lines: Sequence[Line], names: Collection[str]) -> set[int]:
    """Of those names that can be kept here."""
    return {place for place, line in enumerate(lines) if line.name in names and line.name in inside(lines)}


def recorded(lines: Sequence[Line], inputs: Sequence[float]) -> tuple[Tape, list[Node]]:
    """The graph on a tape, a line for each node; ``inputs`` in their order."""
    tape = Tape()
    given = iter(inputs)
    nodes: list[Node] = []
    for line in lines:
        if line.operation:
            nodes.append(COMPUTE[line.operation](*(nodes[i] for i in line.inputs)))
        else:
            nodes.append(tape.variable(torch.tensor(next(given), dtype=torch.float64), line.name))
    return tape, nodes

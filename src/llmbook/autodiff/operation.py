"""What an operation knows, and the two ways to use it: dual numbers forwards, a tape backwards.

    y = f(a, b)        forwards  ẏ = J_a ȧ + J_b ḃ        backwards  ā += J_aᵀ ȳ,  b̄ += J_bᵀ ȳ

An ``Operation`` has a pair (t ↦ J t, g ↦ Jᵀ g) for each input. Given a ``Dual`` it pushes the tangent along; given a
``Node`` it is written on the tape, and ``Tape.backward`` reads the tape from its end. A node's value may itself be a
dual number: then its gradient is one too, and its tangent is the gradient's derivative.

Source: Griewank and Walther, *Evaluating Derivatives* (2008), chapter 3. Left out: operations that change a tensor in
place; a tape within a tape; saving nothing but what a rule reads (``Node.needed`` only says what that is).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Value = Any  # a Tensor, or a Dual of two
Map = Callable[..., Value]  # (tangent or gradient, output, *inputs, **fixed)
OPERATIONS: dict[str, "Operation"] = {}


class Traced:
    """A value that operations look through: ``a + b``, ``a - b``, ``a * b`` and ``a @ b`` of it are operations."""

    value: Value

    @property
    def shape(self) -> torch.Size:
        return self.value.shape

    def __add__(self, other: Value) -> Value:
        return OPERATIONS["add"](self, other)

    def __mul__(self, other: Value) -> Value:
        return OPERATIONS["multiply"](self, other)

    def __matmul__(self, other: Value) -> Value:
        return OPERATIONS["matmul"](self, other)

    def __rmatmul__(self, other: Value) -> Value:
        return OPERATIONS["matmul"](other, self)

    def __sub__(self, other: Value) -> Value:
        return self + OPERATIONS["multiply"](other, -1.0)

    def __rsub__(self, other: Value) -> Value:
        return self * -1.0 + other

    __radd__, __rmul__ = __add__, __mul__


class Dual(Traced):
    """A tensor, and how fast it changes. Raises ``ValueError`` for parts of two shapes, ``TypeError`` for others."""

    def __init__(self, value: Tensor, tangent: Tensor) -> None:
        if isinstance(value, Traced) or isinstance(tangent, Traced):
            raise TypeError("a dual number is made of two plain tensors")
        if value.shape != tangent.shape:
            raise ValueError(f"a value {tuple(value.shape)} cannot change by a tangent {tuple(tangent.shape)}")
        self.value = value
        self.tangent = tangent


class Node(Traced):
    """One line of a tape: a value, and from which others it was computed."""

    def __init__(self, tape: "Tape", value: Value, name: str, inputs: tuple[Value, ...] = ()) -> None:
        self.tape = tape
        self.value = value
        self.name = name
        self.inputs = inputs
        self.operation: Operation | None = None
        self.fixed: dict[str, Any] = {}
        self.gradient: Value = None
        self.needed = False  # whether a rule reads the value on the way back


@dataclass(frozen=True)
class Operation:
    """A function of tensors with a rule for each input; raises ``ValueError`` for nodes of two tapes."""

    name: str
    compute: Callable[..., Tensor]
    rules: tuple[tuple[Map, Map], ...]  # for each input J and its transpose
    reads: str = "inputs"  # what the rules read: "inputs", "output", or "" where shapes are enough

    def __post_init__(self) -> None:
        OPERATIONS.setdefault(self.name, self)  # a planted mistake takes nobody's place

    def __call__(self, *inputs: Value, **fixed: Any) -> Value:
        inputs = tuple(torch.tensor(x, dtype=torch.float64) if isinstance(x, int | float) else x for x in inputs)
        tapes = {id(x.tape): x.tape for x in inputs if isinstance(x, Node)}
        if len(tapes) > 1:
            raise ValueError(f"{self.name} got nodes of {len(tapes)} tapes")
        if tapes:
            return next(iter(tapes.values())).record(self, inputs, fixed)
        if any(isinstance(x, Dual) for x in inputs):
            return self.pushed(inputs, fixed)
        return self.compute(*inputs, **fixed)

    def pushed(self, inputs: tuple[Value, ...], fixed: dict[str, Any]) -> Dual:
        """Forwards: the output with its tangent, the sum of what each input's tangent becomes."""
        values = [inner(x) for x in inputs]
        out = self.compute(*values, **fixed)
        tangent = torch.zeros_like(out)
        for x, (push, _) in zip(inputs, self.rules, strict=True):
            if isinstance(x, Dual):
                tangent = tangent + push(x.tangent, out, *values, **fixed)
        return Dual(out, tangent)


class Tape:
    """What was computed, in its order."""

    def __init__(self) -> None:
        self.entries: list[Node] = []

    def variable(self, value: Value, name: str = "x") -> Node:
        """An input to differentiate by."""
        self.entries.append(Node(self, value, name))
        return self.entries[-1]

    def record(self, operation: Operation, inputs: tuple[Value, ...], fixed: dict[str, Any]) -> Node:
        """Compute, and write it down."""
        values = [x.value if isinstance(x, Node) else x for x in inputs]
        node = Node(self, operation(*values, **fixed), operation.name, inputs)
        node.operation = operation
        node.fixed = fixed
        read = {"inputs": inputs, "output": (node,), "": ()}[operation.reads]
        for x in read:
            if isinstance(x, Node):
                x.needed = True
        self.entries.append(node)
        return node

    def backward(self, out: Node, gradient: Value = None, *, keep: bool = False) -> None:
        """Leave with each variable the gradient of ``out``, weighted by ``gradient`` where it is not a single number.

        Reads the tape from its end and rubs it out; with ``keep`` it stays, all gradients on it, to be read again.
        Raises ``ValueError`` where the weights are missing or of another shape, and for a node that is not on the tape.
        """
        if not any(node is out for node in self.entries):
            raise ValueError(f"{out.name!r} is not on this tape: was it rubbed out?")
        if gradient is None and inner(out).numel() == 1:
            gradient = torch.ones_like(inner(out))
        if gradient is None or gradient.shape != out.shape:
            got = None if gradient is None else tuple(gradient.shape)
            raise ValueError(f"an output {tuple(out.shape)} needs a gradient of its shape, got {got}")
        for node in self.entries:
            node.gradient = None
        out.gradient = gradient
        for place in reversed(range(len(self.entries))):
            node = self.entries[place] if keep else self.entries.pop()
            if node.gradient is not None:
                send_back(node)
            if node.operation is not None and not keep:
                node.inputs = ()
                node.gradient = None

    def nodes(self) -> list[dict[str, Any]]:
        """The tape as plain data: names, places of the inputs, shapes, numbers, and bytes (0 of what is only a view).

        ``needed`` says whether the way back reads the value. A constant among the inputs has no place.
        """
        place = {id(node): i for i, node in enumerate(self.entries)}
        seen = set[int]()
        found = list[dict[str, Any]]()
        for node in self.entries:
            value = inner(node)
            storage = value.untyped_storage().data_ptr()
            size = 0 if storage in seen else value.numel() * value.element_size()
            seen.add(storage)
            gradient = None if node.gradient is None else inner(node.gradient).tolist()
            found.append({
                "name": node.name, "inputs": [place[id(x)] for x in node.inputs if isinstance(x, Node)],
                "shape": list(value.shape), "value": value.tolist(), "gradient": gradient, "bytes": size,
                "needed": node.needed,
            })  # fmt: skip
        return found


def send_back(node: Node) -> None:
    """Add to the gradient of each input what the node's own gradient becomes."""
    if node.operation is None:
        return
    values = [x.value if isinstance(x, Node) else x for x in node.inputs]
    for x, (_, pull) in zip(node.inputs, node.operation.rules, strict=True):
        if isinstance(x, Node):
            share = pull(node.gradient, node.value, *values, **node.fixed)
            x.gradient = share if x.gradient is None else OPERATIONS["add"](x.gradient, share)


def inner(x: Value) -> Tensor:
    """The plain tensor inside."""
    while isinstance(x, Traced):
        x = x.value
    return x

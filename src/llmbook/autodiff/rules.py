r"""The operations an attention block is made of, each with its J and its Jᵀ for every input.

| operation                     | J t                              | Jᵀ g                                      |
| add, multiply, matmul         | t;  t ∘ b;  t B                  | g;  g ∘ b;  g Bᵀ, summed to a's shape     |
| spread_to and sum_to          | the same on t                    | each other                                |
| rows (an embedding), put_rows | the same on t                    | each other                                |
| reshape, swap, keep           | the same on t                    | the way back                              |
| relu, exp, log, tanh, power   | t ∘ f'(x)                        | g ∘ f'(x)                                 |
| softmax, y                    | y ∘ (t - Σ y t)                  | the same: J is symmetric                  |
| normalise, y = (x - μ) / σ    | (t - mean t - y mean(y t)) / σ   | the same                                  |
| cross_entropy of N rows       | Σ (p - one-hot) t / N            | g (p - one-hot) / N                       |

Rules are written with the operations themselves, so that they can be differentiated once more. Softmax, norm and
cross-entropy work along the last axis. Left out: dropout, whose rule is that of ``multiply`` with a drawn constant.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.autodiff.operation import Map, Operation, Value, inner


def elementwise(name: str, compute: Callable[..., Tensor], slope: Map, reads: str) -> Operation:
    """An operation on each number by itself: J is diagonal, and its own transpose."""

    def scaled(t: Value, *y_and_x: Value, **fixed: Any) -> Value:
        return multiply(t, slope(*y_and_x, **fixed))

    return Operation(name, compute, ((scaled, scaled),), reads)


def linear(name: str, compute: Callable[..., Tensor], back: Map) -> Operation:
    """An operation that does to a tangent what it does to the value; ``back(g, x, …)`` is the transpose."""

    def push(t: Value, y: Value, x: Value, **fixed: Any) -> Value:
        return OPERATION(t, **fixed)

    def pull(g: Value, y: Value, x: Value, **fixed: Any) -> Value:
        return back(g, x, **fixed)

    OPERATION = Operation(name, compute, ((push, pull),), reads="")
    return OPERATION


# --- shapes ----------------------------------------------------------------------------------------------------


def summed(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Over the axes that ``shape`` lacks, or in which it has 1. Raises ``ValueError`` where x is not spread from it."""
    extra = x.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[extra:], strict=True)):
        raise ValueError(f"{tuple(x.shape)} cannot be summed to {tuple(shape)}")
    ones = [extra + i for i, n in enumerate(shape) if n == 1 != x.shape[extra + i]]
    axes = [*range(extra), *ones]
    return (x.sum(dim=axes, keepdim=True) if axes else x).reshape(shape)


sum_to = linear("sum_to", summed, lambda g, x, shape: spread_to(g, shape=x.shape))
spread_to = linear("spread_to", lambda x, shape: x.expand(shape), lambda g, x, shape: sum_to(g, shape=x.shape))
reshape = linear("reshape", lambda x, shape: x.reshape(shape), lambda g, x, shape: reshape(g, shape=x.shape))
swap = linear("swap", lambda x, axes=(-1, -2): x.transpose(*axes), lambda g, x, axes=(-1, -2): swap(g, axes=axes))


def last_sum(x: Value) -> Value:
    """Along the last axis, which stays, with size 1."""
    return sum_to(x, shape=(*x.shape[:-1], 1))


def mean(x: Value) -> Value:
    return multiply(last_sum(x), 1 / x.shape[-1])


# --- products and sums -----------------------------------------------------------------------------------------


def product(a: Tensor, b: Tensor) -> Tensor:
    """Of matrices, or of batches of them. Raises ``ValueError`` for a row of numbers, which has one axis."""
    if min(a.ndim, b.ndim) < 2:
        raise ValueError(f"a product is of two axes each, or more: got {tuple(a.shape)} and {tuple(b.shape)}")
    return a @ b


add = Operation(
    "add",
    lambda a, b: a + b,
    (
        (lambda t, y, a, b: spread_to(t, shape=y.shape), lambda g, y, a, b: sum_to(g, shape=a.shape)),
        (lambda t, y, a, b: spread_to(t, shape=y.shape), lambda g, y, a, b: sum_to(g, shape=b.shape)),
    ),
    reads="",
)
multiply = Operation(
    "multiply",
    lambda a, b: a * b,
    (
        (lambda t, y, a, b: multiply(t, b), lambda g, y, a, b: sum_to(multiply(g, b), shape=a.shape)),
        (lambda t, y, a, b: multiply(a, t), lambda g, y, a, b: sum_to(multiply(g, a), shape=b.shape)),
    ),
)
matmul = Operation(
    "matmul",
    product,
    (
        (lambda t, y, a, b: matmul(t, b), lambda g, y, a, b: sum_to(matmul(g, swap(b)), shape=a.shape)),
        (lambda t, y, a, b: matmul(a, t), lambda g, y, a, b: sum_to(matmul(swap(a), g), shape=b.shape)),
    ),
)

# --- number by number ------------------------------------------------------------------------------------------

exp = elementwise("exp", torch.exp, lambda y, x: y, "output")
log = elementwise("log", torch.log, lambda y, x: power(x, p=-1), "inputs")
tanh = elementwise("tanh", torch.tanh, lambda y, x: add(multiply(multiply(y, y), -1.0), 1.0), "output")
power = elementwise("power", lambda x, p: x**p, lambda y, x, p: multiply(power(x, p=p - 1), p), "inputs")
relu = elementwise("relu", torch.relu, lambda y, x: (inner(y) > 0).to(inner(y).dtype), "output")

# --- choosing --------------------------------------------------------------------------------------------------


def added_up(x: Tensor, ids: Tensor, n: int) -> Tensor:
    """A table of ``n`` rows, in each the sum of those rows of x that have its id."""
    D = x.shape[-1]
    return x.new_zeros(n, D).index_add(0, ids.flatten(), x.reshape(-1, D))


rows = linear("rows", lambda table, ids: table[ids], lambda g, table, ids: put_rows(g, ids=ids, n=len(inner(table))))
put_rows = linear("put_rows", added_up, lambda g, x, ids, n: rows(g, ids=ids))


keep = Operation(
    "keep",  # where ``where`` is true
    lambda x, where, otherwise=0.0: torch.where(where, x, otherwise),
    (
        (
            lambda t, y, x, where, otherwise=0.0: keep(t, where=where),
            lambda g, y, x, where, otherwise=0.0: sum_to(keep(g, where=where), shape=x.shape),
        ),
    ),
    reads="",
)

# --- along the last axis ---------------------------------------------------------------------------------------


def through_softmax(t: Value, y: Value, x: Value) -> Value:
    return multiply(y, t - last_sum(multiply(y, t)))


def normalised(x: Tensor, eps: float = 1e-5) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + eps).sqrt()


def through_norm(t: Value, y: Value, x: Value, eps: float = 1e-5) -> Value:
    centred = x - mean(x)
    over_sigma = power(add(mean(multiply(centred, centred)), eps), p=-0.5)
    y = multiply(centred, over_sigma)  # once more, so that nothing but the input need be kept
    return multiply(t - mean(t) - multiply(y, mean(multiply(y, t))), over_sigma)


softmax = Operation("softmax", lambda x: torch.softmax(x, -1), ((through_softmax, through_softmax),), reads="output")
normalise = Operation("normalise", normalised, ((through_norm, through_norm),))


def excess(x: Value, targets: Tensor) -> Value:
    """(p - one-hot) / N."""
    one_hot = F.one_hot(targets, x.shape[-1]).to(inner(x).dtype)
    return multiply(add(softmax(x), -one_hot), 1 / prod(targets.shape))


cross_entropy = Operation(
    "cross_entropy",
    lambda x, targets: F.cross_entropy(x.reshape(-1, x.shape[-1]), targets.flatten()),
    (
        (
            lambda t, y, x, targets: sum_to(multiply(t, excess(x, targets)), shape=()),
            lambda g, y, x, targets: multiply(g, excess(x, targets)),
        ),
    ),
)


def layer_norm(x: Value, gain: Value, bias: Value) -> Value:
    """With PyTorch's ε of 1e-5."""
    return normalise(x) * gain + bias

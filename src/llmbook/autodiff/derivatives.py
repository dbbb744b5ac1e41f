"""Derivatives of a function of one tensor: forwards, backwards, both, and by trying; and a search for wrong ones.

    jvp      J t, forwards                     vjp       Jᵀ g, backwards
    jacobian J, a column or a row at a time    hvp       H t = d/ds ∇f(x + s t), forwards over backwards
    central  (f(x + h e) - f(x - h e)) / 2h

``f`` takes and returns what operations do. Source: Pearlmutter, *Fast Exact Multiplication by the Hessian* (1994).
Left out: several inputs at once (take one tape); the step h as a multiple of x.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.autodiff.operation import Dual, Operation, Tape, Value, inner

Function = Callable[..., Value]


def jvp(f: Function, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and J t; raises as ``Dual``."""
    out = f(Dual(x, t))
    return out.value, out.tangent


def vjp(f: Function, x: Value, g: Value = None) -> tuple[Value, Value]:
    """f(x) and Jᵀ g; raises as ``Tape.backward``."""
    tape = Tape()
    at = tape.variable(x)
    out = f(at)
    value = out.value
    tape.backward(out, g)
    return value, at.gradient


def jacobian(f: Function, x: Tensor, *, mode: str) -> Tensor:
    """(outputs, inputs), flattened, a column a ``"forward"`` run or a row a ``"reverse"`` one, else ``ValueError``."""
    if mode == "forward":
        return torch.stack([jvp(f, x, e)[1].flatten() for e in units(x)], dim=1)
    if mode != "reverse":
        raise ValueError(f"the mode is 'forward' or 'reverse', not {mode!r}")
    tape = Tape()
    at = tape.variable(x)
    out = f(at)
    rows = list[Tensor]()
    for e in units(out.value):
        tape.backward(out, e, keep=True)
        rows.append(at.gradient.flatten())
    return torch.stack(rows)


def hvp(f: Function, x: Tensor, t: Tensor) -> Tensor:
    """H t of a function whose value is one number, without H; raises as ``Dual`` and ``Tape.backward``."""
    return vjp(f, Dual(x, t))[1].tangent


def central(f: Function, x: Tensor, h: float) -> Tensor:
    """The gradient of a function whose value is one number, by two values for each entry."""
    slopes = [(inner(f(x + h * e)) - inner(f(x - h * e))) / (2 * h) for e in units(x)]
    return torch.stack(slopes).reshape(x.shape)


def units(x: Tensor) -> list[Tensor]:
    """For each entry a tensor with 1 there and 0 elsewhere."""
    return [*torch.eye(x.numel(), dtype=x.dtype).reshape(x.numel(), *x.shape)]


def wrong_rules(operation: Operation, *inputs: Tensor, h: float = 1e-6, **fixed: object) -> list[str]:
    """Which of an operation's rules are wrong at these inputs: in words, none where all are right.

    Each J is tried on a drawn tangent t against a central difference, the slope; each Jᵀ by ⟨g, slope⟩ = ⟨Jᵀ g, t⟩.
    Takes float64, and inputs away from kinks.
    """
    generator = torch.Generator().manual_seed(0)
    found = list[str]()
    out = operation.compute(*inputs, **fixed)
    for i, (x, (push, pull)) in enumerate(zip(inputs, operation.rules, strict=True)):
        t, g = (torch.randn(y.shape, generator=generator, dtype=y.dtype) for y in (x, out))
        moved = [operation.compute(*inputs[:i], x + s * t, *inputs[i + 1 :], **fixed) for s in (h, -h)]
        pushed, pulled = push(t, out, *inputs, **fixed), pull(g, out, *inputs, **fixed)
        slope = (moved[0] - moved[1]) / (2 * h)
        if pushed.shape != out.shape or not torch.allclose(pushed, slope, rtol=1e-6, atol=1e-6):
            found.append(f"{operation.name}: J of input {i} is not the slope")
        if pulled.shape != x.shape or not torch.isclose((g * slope).sum(), (pulled * t).sum(), rtol=1e-6, atol=1e-6):
            found.append(f"{operation.name}: Jᵀ of input {i} is not the transpose")
    return found

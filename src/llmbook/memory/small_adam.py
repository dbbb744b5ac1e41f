r"""Adam whose two averages are kept in eight bits a number.

Levels are close together near nought: of each power of ten they share out as many as bits are left (*dynamic*). Each
block of numbers is divided by its largest. Source: Dettmers et al., *8-bit Optimizers via Block-wise Quantization*
(2022); Kingma and Ba, *Adam* (2015). Left out: their stable embedding layer;
tensors too small to be worth it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

BLOCK = 2048
Codes = tuple[UInt8[Tensor, "blocks size"], Float[Tensor, "blocks 1"]]


@cache
def dynamic_levels(signed: bool) -> Float[Tensor, " 256"]:
    """The levels, rising from -1 or 0 to 1: seven powers of ten, each with twice as many steps as the one below."""
    above: list[Tensor] = []
    for power in range(7):
        ends = torch.linspace(0.1, 1, 2 ** (power + (not signed)) + 1)
        above.append(10.0 ** (power - 6) * (ends[1:] + ends[:-1]) / 2)
    sizes = torch.cat(above)
    ends = torch.tensor([0.0, 1.0])
    return torch.cat([sizes, ends, -sizes] if signed else [sizes, ends]).sort().values


@cache
def even_levels(signed: bool) -> Float[Tensor, " levels"]:
    """For comparison: evenly spread."""
    return torch.linspace(-1, 1, 255) if signed else torch.linspace(0, 1, 256)


LEVELS = {"dynamic": dynamic_levels, "even": even_levels}


def to_codes(x: Tensor, *, signed: bool, block: int = BLOCK, kind: str = "dynamic") -> Codes:
    """The nearest level of each number, and each block's largest size; the last block is filled up with noughts.

    Raises ``ValueError`` for a block below 1, and for kinds other than "dynamic" and "even".
    """
    if block < 1 or kind not in LEVELS:
        raise ValueError(f"block must be at least 1 and kind one of {', '.join(LEVELS)}; got {block} and {kind!r}")
    size = min(block, max(1, x.numel()))
    rows = F.pad(x.flatten(), (0, -x.numel() % size)).view(-1, size)
    largest = rows.abs().amax(dim=1, keepdim=True)
    levels = LEVELS[kind](signed)
    middles = (levels[1:] + levels[:-1]) / 2
    return torch.bucketize(rows / largest.clamp(min=1e-38), middles).to(torch.uint8), largest


def from_codes(codes: Codes, like: Tensor, *, signed: bool, kind: str = "dynamic") -> Tensor:
    """The numbers that codes stand for, in the shape of ``like``."""
    numbers = LEVELS[kind](signed)[codes[0].long()] * codes[1]
    return numbers.flatten()[: like.numel()].view_as(like)


class SmallAdam(torch.optim.Optimizer):
    """Adam; both averages are read back, brought up to date and put away as codes, one tensor at a time."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        block: int = BLOCK,
        kind: str = "dynamic",
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "block": block, "kind": kind})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore
        """One step down for all weights that have a gradient."""
        for group in self.param_groups:
            for w in group["params"]:
                if w.grad is not None:
                    self.update(w, self.state[w], group)

    def update(self, w: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Bring one tensor and what is kept of it up to date."""
        state["step"] = state.get("step", 0) + 1
        grad = cast(Tensor, w.grad)
        mean = self.average(w, grad, "mean", group["betas"][0], group)
        square = self.average(w, grad**2, "square", group["betas"][1], group)
        w -= group["lr"] * mean / (square.sqrt() + group["eps"])

    def average(self, w: Tensor, new: Tensor, name: str, beta: float, group: dict[str, Any]) -> Tensor:
        """One average with what is new, put away as codes; returned as it was before, and without its bias to 0."""
        state = self.state[w]
        signed = name == "mean"
        old = torch.zeros_like(w)
        if name in state:
            old = from_codes(state[name], w, signed=signed, kind=group["kind"])
        average = beta * old + (1 - beta) * new
        state[name] = to_codes(average, signed=signed, block=group["block"], kind=group["kind"])
        return average / (1 - beta ** state["step"])

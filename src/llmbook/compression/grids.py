r"""Numbers on a grid: a few levels, a scale for each group of numbers, and which level is nearest.

    x̂ = s · level[q] + m,     q = argmin_i |x - m - s · level[i]|

Inside the grid's range |x - x̂| is at most half the gap between two levels, for whole numbers s/2; outside it x̂ is the
grid's end. The offset m is nought, or -s z with a whole z, so that nought stays nought, or any number.

Sources: Jacob et al., *Quantization and Training of Neural Networks* (2018), section 2.1; Dettmers et al., *QLoRA*
(2023), section 3, for nf4, whose levels are those of its authors' program; Rouhani et al., *Microscaling Data Formats*
(2023) for fp4, e2m1. Left out: packing two codes into a byte, scales that are quantised themselves.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

Kind = Literal["int", "fp4", "nf4"]
Offset = Literal["none", "whole", "free"]
Part = Literal["tensor", "row"]
SCALE_BITS = 16  # a scale, and a free offset, are kept as float16
TAIL = 0.9677083  # of the normal distribution, where nf4's largest level stands


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How numbers are rounded. Raises ``ValueError`` for what is not known, and for what only whole numbers have."""

    kind: Kind = "int"
    bits: int = 4
    group: int | Part = "row"  # numbers side by side that share a scale
    offset: Offset = "none"  # "none" is called symmetric, the other two are asymmetric

    def __post_init__(self) -> None:
        choices = {"kind": get_args(Kind), "offset": get_args(Offset)}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {getattr(self, name)!r}")
        if not (self.group in get_args(Part) or (isinstance(self.group, int) and self.group >= 1)):
            raise ValueError(f"group must be a number of at least 1, or 'row' or 'tensor'; got {self.group!r}")
        if not 2 <= self.bits <= 8:
            raise ValueError(f"2 to 8 bits are possible, got {self.bits}")
        if self.kind != "int" and (self.bits, self.offset) != (4, "none"):
            raise ValueError(f"{self.kind} has 4 bits and no offset; got {self.bits} and {self.offset!r}")


@cache
def levels(kind: Kind, bits: int, offset: Offset) -> Float[Tensor, " n"]:
    """The grid's levels, rising, before they are scaled."""
    if kind == "fp4":  # sign, two bits of exponent, one of mantissa; exponent nought counts in halves
        above = [0.5] + [(1 + half / 2) * 2.0**power for power in range(3) for half in range(2)]
        return torch.tensor([*(-x for x in reversed(above)), 0.0, *above])
    if kind == "nf4":  # equally likely steps of a normal distribution, seven below nought and eight above
        below, above = (normal_quantiles(torch.linspace(0.5, TAIL, n + 1)[1:]) for n in (7, 8))
        return torch.cat([-below.flip(0) / below[-1], torch.zeros(1), above / above[-1]])
    most = 2 ** (bits - 1) - 1
    return torch.arange(-most, most + 1.0) if offset == "none" else torch.arange(2.0**bits)


def normal_quantiles(p: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    return torch.special.ndtri(p.double()).float()


@dataclass(frozen=True)
class Quantised:
    """Codes, and what turns them back into numbers: a row of each for each group."""

    codes: UInt8[Tensor, "groups size"]
    scale: Float[Tensor, "groups 1"]
    offset: Float[Tensor, "groups 1"]
    scheme: Scheme
    shape: torch.Size

    def numbers(self) -> Float[Tensor, "*shape"]:
        """s · level[q] + m, in the shape of what was quantised."""
        return placed(self.codes, self.scale, self.offset, self.scheme).reshape(self.shape)

    @property
    def bits(self) -> float:
        """Bits a number: its code, and its share of the group's scale and offset."""
        extra = {"none": 0, "whole": self.scheme.bits, "free": SCALE_BITS}[self.scheme.offset]
        return self.scheme.bits + (SCALE_BITS + extra) / self.codes.shape[1]


def quantise(x: Float[Tensor, "*batch D"], scheme: Scheme) -> Quantised:
    """Each number's nearest level.

    Raises ``ValueError`` where groups do not fit rows, for NaN and infinity, and where a scale is beyond float16.
    """
    groups = in_groups(x, scheme)
    if not groups.isfinite().all():
        raise ValueError("only finite numbers can be rounded to a grid")
    scale, offset = fit(groups, scheme)
    return Quantised(nearest(groups, scale, offset, scheme), scale, offset, scheme, x.shape)


def rounded(x: Float[Tensor, "*batch D"], scheme: Scheme) -> Float[Tensor, "*batch D"]:
    """The numbers that are left of x when it is quantised and turned back; raises as ``quantise``."""
    return quantise(x, scheme).numbers()


def in_groups(x: Float[Tensor, "*batch D"], scheme: Scheme) -> Float[Tensor, "groups size"]:
    """A row for each group: the whole tensor, a row of it, or neighbours in a row."""
    size = {"tensor": x.numel(), "row": x.shape[-1]}.get(str(scheme.group), scheme.group)
    if x.shape[-1] % int(size) and scheme.group != "tensor":
        raise ValueError(f"rows of {x.shape[-1]} numbers cannot be cut into groups of {size}")
    return x.reshape(-1, int(size))


def fit(groups: Float[Tensor, "groups size"], scheme: Scheme) -> tuple[Tensor, Tensor]:
    """The scale and the offset of each group, for which its largest and smallest number are at the grid's ends."""
    ends = levels(scheme.kind, scheme.bits, scheme.offset)[[0, -1]]
    if scheme.offset == "none":
        low = torch.zeros_like(groups[:, :1])
        span = groups.abs().amax(dim=1, keepdim=True)
        steps = ends[1]
    else:
        low, high = (end[:, None] for end in groups.aminmax(dim=1))
        if scheme.offset == "whole":  # nought has to be among the levels
            low, high = low.clamp(max=0), high.clamp(min=0)
        span = high - low
        steps = ends[1] - ends[0]
    scale = (span / steps).half().to(groups)
    scale = torch.where(scale > 0, scale, 1.0)  # a group of one number, or of noughts
    offset = scale * (low / scale).round() if scheme.offset == "whole" else low.half().to(groups)
    if not (scale.isfinite() & offset.isfinite()).all():
        raise ValueError(f"numbers as large as {groups.abs().max():.3g} need a scale or an offset beyond float16")
    return scale, offset


def nearest(x: Tensor, scale: Tensor, offset: Tensor, scheme: Scheme) -> Tensor:
    """The code of each number: how many of the middles between two levels lie below it."""
    grid = levels(scheme.kind, scheme.bits, scheme.offset).to(x)
    scaled = (x - offset) / scale
    if scheme.kind == "int":  # the same, and faster
        return (scaled - grid[0]).round().clamp(0, len(grid) - 1).to(torch.uint8)
    return torch.bucketize(scaled, (grid[1:] + grid[:-1]) / 2).to(torch.uint8)


def placed(codes: Tensor, scale: Tensor, offset: Tensor, scheme: Scheme) -> Tensor:
    """The numbers that codes stand for."""
    return scale * levels(scheme.kind, scheme.bits, scheme.offset).to(scale)[codes.long()] + offset

"""What the laboratory of grids shows of a matrix on a grid: errors in three norms, two histograms, one number.

The rounding is the library's (``compression.grids``), in float64. The front end's twin is ``web/src/core/grids.ts``.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from llmbook.compression.grids import Kind, Offset, Part, Quantised, Scheme, in_groups, levels, quantise

GRIDS: dict[str, tuple[Kind, Offset]] = {
    "symmetric": ("int", "none"),
    "asymmetric": ("int", "whole"),
    "free": ("int", "free"),
    "fp4": ("fp4", "none"),
    "nf4": ("nf4", "none"),
}
GROUPS: tuple[int | Part, ...] = (16, 32, 64, 128, "row", "tensor")
NORMS = ("absolute", "square", "greatest")
BINS = 60  # of numbers, between the grid's ends
ERROR_BINS = 41  # between the largest error and its negative: one is around nought

Matrix = Float[Tensor, "rows columns"]


def scheme_of(grid: str, bits: int, group: int | Part) -> Scheme:
    """fp4 and nf4 have four bits, whatever ``bits`` says."""
    kind, offset = GRIDS[grid]
    return Scheme(kind=kind, bits=bits if kind == "int" else 4, group=group, offset=offset)


def fitting(columns: int) -> list[int | Part]:
    """The groups that rows of so many numbers can be cut into."""
    return [group for group in GROUPS if isinstance(group, str) or columns % group == 0]


def errors(x: Matrix, back: Matrix) -> dict[str, float]:
    """By norm: the errors' mean size, their mean square and the greatest of them, each over the numbers' own."""
    off = back - x
    sizes = {
        "absolute": (off.abs().mean(), x.abs().mean()),
        "square": (off.square().mean(), x.square().mean()),
        "greatest": (off.abs().max(), x.abs().max()),
    }
    return {norm: (error / size).item() if size > 0 else 0.0 for norm, (error, size) in sizes.items()}


def ranked(x: Matrix, bits: int, group: int | Part, norm: str) -> list[tuple[str, float, dict[str, float]]]:
    """Each grid at this granularity, its bits a number and its errors: the smallest in this norm first."""
    found: list[tuple[str, float, dict[str, float]]] = []
    for grid in GRIDS:
        kept = quantise(x, scheme_of(grid, bits, group))
        found.append((grid, kept.bits, errors(x, kept.numbers())))
    return sorted(found, key=lambda one: one[2][norm])


def in_steps(x: Matrix, kept: Quantised) -> Float[Tensor, "groups size"]:
    """Where each number lies among the levels: (x - m) / s."""
    return (in_groups(x, kept.scheme) - kept.offset) / kept.scale


def grid_of(scheme: Scheme) -> Float[Tensor, " n"]:
    return levels(scheme.kind, scheme.bits, scheme.offset).double()


def histogram(x: Matrix, kept: Quantised) -> Int64[Tensor, " bins"]:
    """How many numbers lie where between the grid's ends, each in steps of its own group's scale."""
    grid = grid_of(kept.scheme)
    return counted(in_steps(x, kept), grid[0].item(), grid[-1].item(), BINS)


def error_histogram(x: Matrix, kept: Quantised) -> Int64[Tensor, " bins"]:
    """How many errors lie where between the largest and its negative."""
    off = kept.numbers() - x
    most = off.abs().max().item()
    return counted(off, -most, most, ERROR_BINS)


def counted(x: Tensor, low: float, high: float, bins: int) -> Int64[Tensor, " bins"]:
    """Numbers beyond an end count at it; where all are one number, in the middle."""
    if high == low:
        place = torch.full_like(x, bins // 2).long()
    else:
        place = ((x - low) / (high - low) * bins).floor().clamp(0, bins - 1).long()
    return torch.bincount(place.flatten(), minlength=bins)


def one_number(x: Matrix, kept: Quantised, place: Sequence[int]) -> dict[str, Any]:
    """A number of the matrix, its group's scale and offset, its level, and what it has become."""
    row, column = place
    size = kept.codes.shape[1]
    n = row * x.shape[1] + column
    group, within = divmod(n, size)
    number, back = x[row, column].item(), kept.numbers()[row, column].item()
    return {
        "number": number,
        "group": group,
        "scale": kept.scale[group].item(),
        "offset": kept.offset[group].item(),
        "level": grid_of(kept.scheme)[kept.codes[group, within].long()].item(),
        "rounded": back,
        "error": back - number,
    }

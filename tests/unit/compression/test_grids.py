"""Grids: PyTorch's and GGUF's own rounding, half a step, what does not change, and what is refused."""

import itertools

import pytest
import torch
from gguf import GGMLQuantizationType, dequantize, quants
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import close, random

from llmbook.compression import Scheme, levels, quantise, rounded
from llmbook.compression.grids import fit, in_groups

NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip
SCHEMES = some.one_of(
    some.builds(
        Scheme, bits=some.integers(2, 8), offset=some.sampled_from(["none", "whole", "free"]),
        group=some.sampled_from(["tensor", "row", 3, 7]),
    ),
    some.builds(Scheme, kind=some.sampled_from(["fp4", "nf4"]), group=some.sampled_from(["tensor", "row", 3])),
)  # fmt: skip
quickly = settings(max_examples=150, deadline=None, derandomize=True)


def numbers(seed: int, size: float, shift: float) -> torch.Tensor:
    return size * (random(5, 21, seed=seed).float() + shift)


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "offset"), list(itertools.product((3, 4, 8), ("none", "whole"))))
def test_whole_numbers_are_rounded_as_pytorch_rounds_them(bits, offset):
    x, scheme = numbers(1, 2.0, 0.4), Scheme(bits=bits, offset=offset)
    found = quantise(x, scheme)
    zero = (-found.offset / found.scale).round().int()[:, 0]
    most = 2 ** (bits - 1) - 1
    ends = (-most, most) if offset == "none" else (0, 2**bits - 1)
    theirs = torch.fake_quantize_per_channel_affine(x, found.scale[:, 0], zero, 0, *ends)
    close(found.numbers(), theirs, 1e-5)  # float32, and no number here lies in the middle between two levels


@pytest.mark.parametrize(
    ("kind", "scheme", "ends"),
    [
        (GGMLQuantizationType.Q4_1, Scheme(bits=4, group=32, offset="free"), (-1.75, 2.0)),
        (GGMLQuantizationType.Q8_0, Scheme(bits=8, group=32), (-1.5, 127 / 64)),
    ],
)
def test_blocks_of_32_are_rounded_as_gguf_files_round_them(kind, scheme, ends):
    """With ends whose scale is a float16: they divide by the scale before it becomes one, we divide by what is kept."""
    x = random(7, 3, 32, seed=2).float().clamp(*ends)
    x[:, :, :2] = torch.tensor(ends)
    x = x.flatten(1)
    theirs = torch.tensor(dequantize(quants.quantize(x.numpy(), kind), kind))
    close(rounded(x, scheme), theirs, 1e-6)


def test_the_levels_of_four_bit_floats():
    """fp4 as its sixteen codes are read bit by bit; nf4 as its authors' program lists it."""
    read = set()
    for sign, exponent, mantissa in itertools.product((0, 1), range(4), (0, 1)):
        size = mantissa / 2 if exponent == 0 else (1 + mantissa / 2) * 2 ** (exponent - 1)
        read.add((-1) ** sign * size)
    assert levels("fp4", 4, "none").tolist() == sorted(read)
    assert levels("nf4", 4, "none").tolist() == NF4


# --- property --------------------------------------------------------------------------------------------------


@quickly
@given(SCHEMES, some.integers(0, 99), some.floats(1e-2, 1e3), some.floats(-3, 3))
def test_within_half_a_gap_inside_and_at_the_end_outside(scheme, seed, size, shift):
    x = numbers(seed, size, shift)
    scale, offset = fit(in_groups(x, scheme), scheme)
    grid = levels(scheme.kind, scheme.bits, scheme.offset)
    groups, new = in_groups(x, scheme), in_groups(rounded(x, scheme), scheme)
    place = (groups - offset) / scale
    inside = (grid[0] <= place) & (place <= grid[-1])
    above = torch.bucketize(place, grid).clamp(1, len(grid) - 1)
    half = scale * (grid[above] - grid[above - 1]) / 2
    slack = 1e-5 * x.abs().max()  # float32
    assert ((new - groups).abs() <= half + slack)[inside].all()
    ends = offset + scale * torch.where(place > 0, grid[-1], grid[0])
    close(new[~inside], ends.expand_as(new)[~inside], slack.item())
    assert (~inside).float().mean() < 0.5, "hardly anything is inside"


@quickly
@given(SCHEMES, some.integers(0, 99), some.floats(-3, 3))
def test_what_is_on_the_grid_stays_there_and_nought_is_on_it(scheme, seed, shift):
    once = rounded(numbers(seed, 1.0, shift), scheme)
    scale, offset = fit(in_groups(numbers(seed, 1.0, shift), scheme), scheme)
    grid = scale * levels(scheme.kind, scheme.bits, scheme.offset) + offset
    off = (in_groups(once, scheme)[:, :, None] - grid[:, None]).abs().amin(dim=2)
    assert off.max() < 1e-5, "a number that is no level"
    if scheme.offset != "free":
        assert grid.abs().amin(dim=1).max() < 1e-5, "nought is no level"


def test_groups_do_not_know_of_each_other():
    x = random(2, 12, seed=3).float()
    other = x.clone()
    other[0, 4] = 100
    before, after = (rounded(y, Scheme(group=4)) for y in (x, other))
    assert before[1].equal(after[1])
    assert before[0, :4].equal(after[0, :4])
    assert not before[0, 4:8].equal(after[0, 4:8])


def test_bits_a_number():
    x = torch.zeros(6, 64)
    assert quantise(x, Scheme(group=32, offset="free")).bits == 5
    assert quantise(x, Scheme(group=32, offset="whole")).bits == 4 + 20 / 32
    assert quantise(x, Scheme(bits=8)).bits == 8.25
    assert quantise(x, Scheme(kind="nf4", group="tensor")).bits == 4 + 16 / 384


# --- limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", ["none", "whole", "free"])
def test_a_group_as_wide_as_the_row_is_the_row_and_one_row_is_the_tensor(offset):
    x = numbers(4, 1.0, 0.3)
    row, wide = (rounded(x, Scheme(offset=offset, group=group)) for group in ("row", 21))
    assert row.equal(wide)
    assert row[:1].equal(rounded(x[:1], Scheme(offset=offset, group="tensor")))


def test_noughts_stay_and_each_bit_halves_the_error():
    assert rounded(torch.zeros(3, 8), Scheme()).equal(torch.zeros(3, 8))
    assert rounded(torch.full((3, 8), 0.5), Scheme(offset="free")).equal(torch.full((3, 8), 0.5))
    x = random(50, 200).float()
    errors = [(rounded(x, Scheme(bits=bits)) - x).square().mean().sqrt() for bits in (5, 6, 7, 8)]
    for more, fewer in itertools.pairwise(errors):
        assert 1.9 < more / fewer < 2.2


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings_", "names"),
    [
        ({"kind": "int5"}, "int, fp4, nf4"),
        ({"offset": "real"}, "none, whole, free"),
        ({"group": 0}, "0"),
        ({"group": "column"}, "column"),
        ({"bits": 1}, "1"),
        ({"bits": 9}, "9"),
        ({"kind": "fp4", "bits": 3}, "fp4 has 4 bits"),
        ({"kind": "nf4", "offset": "whole"}, "nf4"),
    ],
)
def test_an_unknown_scheme_is_refused(settings_, names, shapes_unchecked):
    with pytest.raises(ValueError, match=names):
        Scheme(**settings_)


def test_rows_that_cannot_be_cut_and_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="rows of 21 numbers cannot be cut into groups of 4"):
        rounded(torch.ones(2, 21), Scheme(group=4))
    with pytest.raises(ValueError, match="finite"):
        rounded(torch.tensor([[1.0, float("nan")]]), Scheme())
    with pytest.raises(ValueError, match=r"as large as 1e.06 need .* beyond float16"):
        rounded(torch.tensor([[1e6, 2.0]]), Scheme())
    with pytest.raises(ValueError, match="beyond float16"):
        rounded(torch.tensor([[-7e4, -7e4]]), Scheme(offset="free"))  # the offset alone

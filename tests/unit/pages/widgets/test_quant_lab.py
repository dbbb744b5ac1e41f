"""The laboratory of grids in Python: its numbers, slices, state and table, and errors that name what was given."""

import json
import math
import re

import ipywidgets
import pytest
import torch
import traitlets
from held import check_set_later, state_in
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.testing import assert_close

from llmbook.compression import Scheme, quantise, rounded
from llmbook.pages import QuantLab
from llmbook.pages.widgets.gridded import (
    BINS,
    ERROR_BINS,
    GRIDS,
    GROUPS,
    NORMS,
    counted,
    error_histogram,
    histogram,
    in_steps,
)
from llmbook.pages.widgets.prepared_slices import FOLDER, SLICES, made, packed
from llmbook.pages.widgets.quant_lab import STATE


@pytest.mark.parametrize("name", SLICES)
def test_a_stored_slice_is_what_the_model_holds(name):
    """Inputs are sums, of which another processor finds another last digit; weights are the very numbers."""
    stored = QuantLab(slice=name).values
    real = made(name).double()
    assert stored.shape == real.shape
    close = {"rtol": 1e-3, "atol": 1e-2} if name == "inputs" else {"rtol": 0, "atol": 0}
    assert_close(stored, real, **close)


def test_slices_are_light_and_all_there():
    assert {path.stem for path in FOLDER.iterdir()} == set(SLICES)
    assert sum(len(packed(name)) for name in SLICES) <= 50_000
    assert len(QuantLab().to_html()) <= 80_000


def test_the_inputs_have_outliers_and_the_weights_none():
    most = {}
    for name in SLICES:
        x = QuantLab(slice=name).values.abs()
        most[name] = (x.amax() / x.median()).item()
    assert most["inputs"] > 5 * max(most[name] for name in most if name != "inputs")


def test_smollm2_has_been_on_its_own_grid_before():
    """Four bits, a scale and an offset for 32: what the file holds; one step aside it is a grid like others."""
    share = {
        (grid, group): QuantLab(slice="smollm2", grid=grid, group=group).errors["square"]
        for grid in ("free", "asymmetric")
        for group in (16, 32, 64)
    }
    assert share["free", 32] < 1e-6
    assert min(found for setting, found in share.items() if setting != ("free", 32)) > 1e-3
    assert QuantLab(slice="minilm", grid="free", group=32).errors["square"] > 1e-3


def test_the_order_turns_with_granularity_and_norm():
    """What page 3.7 finds of whole matrices can be found of the slice: fp4 against whole numbers, both symmetric."""
    ratio = {}
    for group in GROUPS:
        lab = QuantLab(slice="gpt", group=group)
        found = {grid: shares for grid, _, shares in lab.ranking}
        for norm in NORMS:
            ratio[group, norm] = found["fp4"][norm] / found["symmetric"][norm]
    assert all(ratio[group, "absolute"] < 1 for group in GROUPS)
    assert ratio[32, "square"] > 1.02 > 0.98 > ratio[64, "square"]
    assert all(ratio[group, "greatest"] > 1 for group in GROUPS)


def test_four_rows_of_minilm_are_not_the_matrix():
    """fp4 comes before symmetric whole numbers everywhere, and before nf4 at last, as the laboratory's page says."""
    for group in GROUPS:
        found = {grid: shares for grid, _, shares in QuantLab(slice="minilm", group=group).ranking}
        for norm in ("absolute", "square"):
            assert found["fp4"][norm] < found["symmetric"][norm]
            assert (found["fp4"][norm] < found["nf4"][norm]) == (group in ("row", "tensor"))


def test_a_free_offset_is_the_worst_for_a_row_of_inputs():
    """In both means, but not by the greatest error: nought is no level of it."""
    lab = QuantLab(slice="inputs", group="row", grid="free")
    worst = {norm: max(lab.ranking, key=lambda one: one[2][norm])[0] for norm in NORMS}
    assert worst == {"absolute": "free", "square": "free", "greatest": "fp4"}
    assert (lab.quantised.numbers() != 0).all()
    lab.grid = "asymmetric"
    assert (lab.quantised.numbers() == 0).double().mean() > 0.5


def test_stars_of_the_greatest_error_go_to_grids_with_an_offset():
    for group in GROUPS:
        assert QuantLab(slice="gpt", group=group, norm="greatest").ranking[0][0] in ("asymmetric", "free")


def test_some_number_moves_by_almost_half_a_step_and_some_not():
    """What the reader looks for among MiniLM's first thirty-two."""
    lab = QuantLab(grid="free")
    steps = ((lab.quantised.numbers() - lab.values).view(-1, 32) / lab.quantised.scale)[0].abs()
    assert 0.45 < steps.max() < 0.501
    assert steps.min() == 0


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("group", GROUPS)
def test_errors_and_bits_are_the_librarys(grid, group):
    lab = QuantLab(slice="inputs", grid=grid, group=group, bits=3)
    kind, offset = GRIDS[grid]
    scheme = Scheme(kind=kind, offset=offset, group=group, bits=3 if kind == "int" else 4)
    x = lab.values
    off = rounded(x, scheme) - x
    assert lab.scheme == scheme
    assert_close(lab.errors["absolute"], (off.abs().sum() / x.abs().sum()).item())
    assert_close(lab.errors["square"], (off.norm() / x.norm()).item() ** 2)
    assert_close(lab.errors["greatest"], (off.abs().max() / x.abs().max()).item())
    place = next(place for place, (name, _, _) in enumerate(lab.ranking) if name == grid)
    assert lab.ranking[place][1] == quantise(x, scheme).bits
    assert lab.ranking[place][2] == lab.errors


@pytest.mark.parametrize("norm", NORMS)
def test_the_ranking_rises_in_the_norm_that_is_set(norm):
    lab = QuantLab(slice="gpt", norm=norm, group="row")
    shares = [found[norm] for _, _, found in lab.ranking]
    assert shares == sorted(shares)
    assert {grid for grid, _, _ in lab.ranking} == set(GRIDS)


@pytest.mark.parametrize("grid", GRIDS)
def test_the_chosen_number_is_an_equation(grid):
    lab = QuantLab(slice="gpt", grid=grid, group=64, row=3, column=130)
    one = lab.number
    assert one["number"] == lab.values[3, 130]
    assert one["group"] == (3 * 768 + 130) // 64
    assert_close(one["rounded"], one["scale"] * one["level"] + one["offset"], rtol=0, atol=1e-12)
    assert one["error"] == one["rounded"] - one["number"]
    group = lab.values[3, 128:192]
    last = {"symmetric": 7, "asymmetric": 15, "free": 15, "fp4": 6, "nf4": 1}[grid]
    span = group.abs().max() if grid in ("symmetric", "fp4", "nf4") else group.max() - group.min()
    assert_close(one["scale"], (span / last).item(), rtol=1e-3, atol=0)  # float16


def test_histograms_count_each_number_once():
    lab = QuantLab(slice="minilm", grid="asymmetric", group=16)
    kept = lab.quantised
    for counts, bins in ((histogram(lab.values, kept), BINS), (error_histogram(lab.values, kept), ERROR_BINS)):
        assert counts.shape == (bins,)
        assert counts.sum() == lab.values.numel()
    steps = in_steps(lab.values, kept)
    assert (steps >= -0.51).all()
    assert (steps <= 15.51).all()


def test_counted_by_hand():
    x = torch.tensor([-9.0, 0.0, 0.99, 1.0, 3.99, 4.0, 9.0])
    assert counted(x, 0.0, 4.0, 4).tolist() == [3, 1, 0, 3]
    assert counted(torch.zeros(5), 0.0, 0.0, 3).tolist() == [0, 5, 0]


def test_every_setting_changes_what_is_compared():
    opening = repr(QuantLab())
    others = {"slice": "gpt", "bits": 5, "group": 64, "grid": "nf4", "norm": "square", "row": 1, "column": 1}
    assert set(others) == set(STATE)
    for name, value in others.items():
        lab = QuantLab()
        setattr(lab, name, value)
        assert repr(lab) != opening, name


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (QuantLab(norm="greatest", group="row")._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    lab, state = QuantLab(norm="greatest", group="row"), state_in(first["text/html"])
    assert set(state) == {"source", *STATE}
    assert (state["norm"], state["group"]) == ("greatest", "row")
    cells = re.findall("<td>(.*?)</td>", first["text/html"])
    for (_, bits, found), row in zip(lab.ranking, zip(*[iter(cells)] * 4, strict=True), strict=True):
        assert row == (f"{bits:.2f}", *(f"{100 * found[norm]:.2f} %" for norm in NORMS))
    assert "application/vnd.jupyter.widget-view+json" in first


def test_a_matrix_of_ones_own():
    w = torch.randn(5, 48, generator=torch.Generator().manual_seed(0))
    lab = QuantLab(w, grid="nf4", row=4, column=47)
    assert (lab.slice, lab.group) == ("own", "row")
    assert_close(lab.values, w.half().double(), rtol=0, atol=0)
    assert QuantLab(w, group=16).quantised.codes.shape == (15, 16)
    assert QuantLab(torch.full((1, 1), 7.0)).errors == dict.fromkeys(NORMS, 0.0)
    assert QuantLab(torch.zeros(2, 32)).errors == dict.fromkeys(NORMS, 0.0)
    assert QuantLab(w.requires_grad_()).values.shape == (5, 48)


def test_composes_like_any_widget():
    first, second, seen = QuantLab(), QuantLab(), []
    ipywidgets.link((first, "grid"), (second, "grid"))
    second.observe(lambda change: seen.append(change["new"]), "grid")
    first.grid = "fp4"
    assert seen == ["fp4"]


def test_what_another_slice_has_not_is_the_last_one():
    lab = QuantLab(slice="gpt", row=7, column=767)
    lab.slice = "minilm"
    assert lab.number["number"] == lab.values[3, 767]


def test_what_the_page_sends_together_is_checked_together():
    lab = QuantLab()
    lab.set_state({"row": 7, "slice": "gpt", "group": "row"})
    assert (lab.row, lab.slice, lab.group) == (7, "gpt", "row")


OWN = torch.ones(2, 48)


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (None, {"slice": "bert"}, "slice must be one of minilm, gpt, smollm2, inputs; got 'bert'"),
        (None, {"slice": 1}, "slice must be one of .* got 1"),
        (None, {"bits": 1}, "bits must be at least 2 and below 9, got 1"),
        (None, {"bits": 9}, "bits must be at least 2 and below 9, got 9"),
        (None, {"bits": 4.0}, "bits must be a whole number, got 4.0"),
        (None, {"bits": True}, "bits must be a number, got True"),
        (None, {"bits": math.nan}, "bits must be at least 2 .* got nan"),
        (None, {"group": 48}, "group must be one of 16, 32, 64, 128, row, tensor; got 48"),
        (None, {"group": "channel"}, "group must be one of .* got 'channel'"),
        (None, {"group": 32.0}, "group must be one of .* got 32.0"),
        (None, {"group": None}, "group must be one of .* got None"),
        (None, {"grid": "int4"}, "grid must be one of symmetric, asymmetric, free, fp4, nf4; got 'int4'"),
        (None, {"norm": "mean"}, "norm must be one of absolute, square, greatest; got 'mean'"),
        (None, {"row": 4}, "row must be at least 0 and below 4, got 4"),
        (None, {"column": -1}, "column must be at least 0 and below 1536, got -1"),
        (None, {"column": "0"}, "column must be a number, got '0'"),
        (None, {"scale": 1}, "QuantLab has no setting scale; it has slice, bits"),
        (OWN, {"group": 32}, "group cannot be 32: rows of 48 numbers"),
        (OWN, {"slice": "gpt"}, "slice must be one of own; got 'gpt'"),
        (OWN, {"row": 2}, "row must be at least 0 and below 2, got 2"),
        ([[1.0]], {}, "weights must be a tensor, got list"),
        (torch.ones(3), {}, r"weights must be a matrix .* got \(3,\)"),
        (torch.ones(0, 3), {}, r"weights must be a matrix .* got \(0, 3\)"),
        (torch.ones(65, 2), {}, r"at most 64 rows and 16384 numbers, got \(65, 2\)"),
        (torch.ones(2, 8193), {}, r"weights must be .* got \(2, 8193\)"),
        (torch.tensor([[math.nan]]), {}, "weights must be finite in float16"),
        (torch.tensor([[7e4]]), {}, "weights must be finite in float16"),
        (torch.full((2, 32), 1e-9), {}, "weights must not all become nought in float16"),
        (torch.ones(2, 32) * 1j, {}, "weights must be an ordinary tensor of real numbers"),
        (torch.eye(16).to_sparse(), {}, "weights must be an ordinary tensor of real numbers"),
        (torch.ones(2, 32, device="meta"), {}, "weights must be an ordinary tensor of real numbers"),
    ],
)
@pytest.mark.usefixtures("shapes_unchecked")
def test_impossible_settings_are_named(weights, options, message):
    with pytest.raises(ValueError, match=message):
        QuantLab(weights, **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slice", "own"),
        ("bits", 9),
        ("group", 48),
        ("group", []),
        ("grid", "int"),
        ("norm", ""),
        ("row", 4),
        ("column", -1),
    ],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(QuantLab(), name, value, name)


ANY = some.one_of(some.integers(-2, 40), some.floats(), some.none(), some.booleans(), some.sampled_from([10**400, "x"]))
OPTIONS = some.fixed_dictionaries(
    {},
    optional={
        "slice": some.one_of(some.sampled_from(sorted(SLICES)), ANY),
        "bits": some.one_of(some.integers(2, 8), ANY),
        "group": some.one_of(some.sampled_from(GROUPS), ANY),
        "grid": some.one_of(some.sampled_from(sorted(GRIDS)), ANY),
        "norm": some.one_of(some.sampled_from(NORMS), ANY),
        "row": some.one_of(some.integers(0, 3), ANY),
        "column": some.one_of(some.integers(0, 767), ANY),
    },
)
NUMBERS = some.one_of(some.floats(-65504, 65504, width=16), some.sampled_from([0.0, -0.0, 2**-24, -65504.0]))


@pytest.mark.usefixtures("shapes_unchecked")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(options=OPTIONS)
def test_any_settings_are_shown_or_named(options):
    try:
        lab = QuantLab(**options)
    except ValueError as error:
        if not any(re.search(rf"\b{name}\b", str(error)) for name in options):
            pytest.fail(f"names nothing that was given: {error}")
        return
    assert min(lab.errors.values()) >= 0
    assert lab.errors["greatest"] < 1
    repr(lab).encode()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    row=some.lists(NUMBERS, min_size=1, max_size=40),
    grid=some.sampled_from(sorted(GRIDS)),
    bits=some.integers(2, 8),
)
def test_any_numbers_are_shown(row, grid, bits):
    lab = QuantLab(torch.tensor([row, row]), grid=grid, bits=bits)
    state = lab.to_html()
    json.loads(re.search(r'<script type="application/json">(.*?)</script>', state)[1], parse_constant=pytest.fail)
    assert all(math.isfinite(share) for share in lab.errors.values())
    assert all(math.isfinite(number) for number in lab.number.values())


def test_trait_errors_are_traitlets():
    with pytest.raises(traitlets.TraitError):
        QuantLab().grid = "none"

"""Rounding by the output: the paper's own recursion, least squares, every choice tried, and the losses by hand."""

import itertools

import pytest
import torch
from reference import close, random

from llmbook.compression import Scheme, activation_aware, compensated, output_error, rounded
from llmbook.compression.calibrated import STEPS
from llmbook.compression.grids import fit, in_groups, levels, nearest, placed


def inputs(n: int, width: int, seed: int = 0) -> torch.Tensor:
    """Inputs that go together, of unequal size."""
    together = random(n, 1, seed=1000 + seed)
    return (random(n, width, seed=seed) + 2 * together) * torch.linspace(2, 0.5, width, dtype=torch.float64)


def moment(X: torch.Tensor) -> torch.Tensor:
    return X.T @ X / len(X)


def one_by_one(w: torch.Tensor, M: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """The recursion as it is written: the inverse of what is left, computed anew for each column."""
    w = w.clone()
    scale, offset = fit(in_groups(w, scheme), scheme)
    for j in range(w.shape[1]):
        if isinstance(scheme.group, int) and j % scheme.group == 0:
            scale, offset = fit(w[:, j : j + scheme.group], scheme)
        H = torch.linalg.inv(M[j:, j:])
        point = placed(nearest(w[:, j : j + 1], scale, offset, scheme), scale, offset, scheme)
        w[:, j:] -= (w[:, j : j + 1] - point) / H[0, 0] * H[:1]
        w[:, j : j + 1] = point
    return w


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("D", [6, 66, 150])
@pytest.mark.parametrize("group", ["row", 3, 2, "tensor"])
def test_the_recursion_as_it_is_written(group, D):
    """Wider than a block, too, where blocks learn of each other late."""
    w, M, scheme = random(5, D), moment(inputs(3 * D, D)), Scheme(group=group, bits=3)
    M += 0.01 * M.diagonal().mean() * torch.eye(D, dtype=M.dtype)
    close(compensated(w, M, scheme, damp=0.0), one_by_one(w, M, scheme), 1e-6)  # float64, D inverses


def test_what_is_free_is_the_least_squares_answer_to_what_is_fixed():
    """After some columns are rounded, the best real numbers for the others, by PyTorch's own solver."""
    X, w = inputs(40, 6), random(1, 6)
    scheme = Scheme(bits=3)
    grid_end = compensated(w, moment(X), scheme, damp=0.0)
    for fixed in range(1, 6):
        target = X @ w[0] - X[:, :fixed] @ grid_end[0, :fixed]
        free = torch.linalg.lstsq(X[:, fixed:], target[:, None]).solution[:, 0]
        scale, offset = fit(w, scheme)
        expected = placed(nearest(free[:1], scale[0], offset[0], scheme), scale[0], offset[0], scheme)
        close(grid_end[0, fixed : fixed + 1], expected, 1e-9)


def test_no_choice_of_all_is_better_than_the_best_and_it_is_nearer_than_the_nearest():
    """All 7⁴ rows of four numbers on a grid of seven, for 30 matrices."""
    scheme = Scheme(bits=3)
    sums = torch.zeros(3, dtype=torch.float64)
    for seed in range(30):
        M, w = moment(inputs(20, 4, seed=seed)), random(1, 4, seed=100 + seed)
        scale, _ = fit(w, scheme)
        tried = torch.tensor(list(itertools.product(levels("int", 3, "none").tolist(), repeat=4))).double() * scale
        off = w - tried
        best = ((off @ M) * off).sum(dim=1).min() / ((w @ M) * w).sum()
        ours = output_error(w, compensated(w, M, scheme, damp=0.0), M)
        assert ours >= best - 1e-12
        sums += torch.tensor([best, ours, output_error(w, rounded(w, scheme), M)], dtype=torch.float64)
    assert sums[0] < sums[1] < 0.75 * sums[2], "no nearer than the nearest"


def test_the_output_error_is_that_of_the_outputs():
    X, w, other = inputs(30, 7), random(5, 7), random(5, 7, seed=2)
    by_hand = (X @ w.T - X @ other.T).square().sum() / (X @ w.T).square().sum()
    close(output_error(w, other, moment(X)), by_hand.item(), 1e-12)


def test_the_scaling_is_the_best_of_those_tried():
    X, w = inputs(30, 8) * torch.linspace(1, 0.1, 8).double() ** 2, random(5, 8)
    sizes = X.abs().mean(dim=0)
    losses = []
    for i in range(STEPS + 1):
        s = sizes ** (i / STEPS)
        losses.append((X @ w.T - (X / s) @ rounded(w * s, Scheme(bits=3)).T).square().sum())
    found, alpha = activation_aware(w, moment(X), sizes, Scheme(bits=3))
    assert round(alpha * STEPS) == min(range(STEPS + 1), key=lambda i: losses[i])
    close((X @ w.T - X @ found.T).square().sum(), min(losses), 1e-9)
    assert min(losses) < 0.9 * losses[0], "nothing to choose from"


# --- limit -----------------------------------------------------------------------------------------------------


def test_inputs_that_have_nothing_to_do_with_each_other_leave_the_nearest():
    w = random(5, 9)
    M = torch.diag(torch.linspace(0.1, 4, 9, dtype=torch.float64))
    for scheme in (Scheme(bits=3), Scheme(group=3), Scheme(kind="nf4")):
        close(compensated(w, M, scheme), rounded(w, scheme), 1e-9)


def test_what_is_on_the_grid_is_left_there():
    scheme = Scheme(bits=4)
    w = rounded(random(5, 9).float(), scheme).double()
    found = compensated(w, moment(inputs(40, 9)), scheme)
    close(found, w, 2e-3)  # the scale may become the next float16


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_moment_of_another_width_is_refused(shapes_unchecked):
    with pytest.raises(ValueError, match=r"reads 6 numbers needs a moment \(6, 6\), got \(5, 5\)"):
        compensated(random(5, 6), random(5, 5), Scheme())

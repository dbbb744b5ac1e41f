"""Both laws are found again where they hold, the draws are of whole groups, and an interval covers the truth."""

import pytest
import torch
from reference import close
from scipy.optimize import minimize

from llmbook.pages.scaling_laws import HOFFMANN, KAPLAN, fit_law, interval, resampled

N = torch.tensor([3e3, 5e3, 9e3, 2e4, 4e4, 1.1e5, 2.3e5], dtype=torch.float64)
D = torch.tensor([1e5, 2e5, 4e5, 8e5], dtype=torch.float64)


def hoffmann(n, d):
    return 1.2 + 20 / n**0.4 + 60 / d**0.4


def kaplan(n, d):
    return 1.5 * ((3e4 / n) ** 0.7 + 1e5 / d) ** 0.2


def measured(law, noise=0.0, seed=0):
    n, d = torch.cartesian_prod(N, D).T
    off = 1 + noise * torch.randn(len(n), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.stack([n, d, law(n, d) * off, n], dim=1)


@pytest.mark.parametrize(("law", "truth", "a"), [(HOFFMANN, hoffmann, 0.5), (KAPLAN, kaplan, 1 / 1.7)])
def test_a_law_is_found_again_where_it_holds(law, truth, a):
    fit = fit_law(law, measured(truth))
    assert fit.compute_exponent().item() == pytest.approx(a, abs=0.02)
    assert fit(1e6, 8e5).item() == pytest.approx(truth(1e6, 8e5), rel=5e-3)
    close(fit(N, 4e5)[0], truth(N, 4e5), 5e-3)


def test_no_optimizer_of_scipy_finds_less():
    points = measured(hoffmann, 0.01)
    n, d, loss = points[:, 0] / 1e4, points[:, 1] / 1e5, points[:, 2]

    def error(x):
        return (((x[0] + x[1] / n ** x[3] + x[2] / d ** x[4]) / loss - 1) ** 2).sum().item()

    fit = fit_law(HOFFMANN, points)
    ours = error([*fit.factors[0].tolist(), *fit.exponents[0].tolist()])
    best = min(minimize(error, [1, 1, 1, a, b], method="Nelder-Mead").fun for a in (0.2, 0.6) for b in (0.2, 0.6))
    assert ours < 1.01 * best


def test_a_count_is_a_repetition():
    points = measured(hoffmann, 0.01)
    counts = torch.ones(2, len(points), dtype=torch.float64)
    counts[1, 3] = 3
    drawn = fit_law(HOFFMANN, points, counts)
    repeated = fit_law(HOFFMANN, torch.cat([points, points[[3, 3]]]), torch.ones(2, len(points) + 2).double())
    close(drawn.exponents[1], repeated.exponents[0], 1e-12)
    close(drawn.factors[1], repeated.factors[0], 1e-6)


def test_groups_are_drawn_whole():
    counts = resampled(measured(hoffmann), 50)
    assert (counts.sum(dim=1) == len(N) * len(D)).all()
    assert (counts.view(50, len(N), len(D)).amax(dim=2) == counts.view(50, len(N), len(D)).amin(dim=2)).all()


def test_an_interval_covers_the_truth_mostly():
    covered = 0
    for seed in range(6):
        points = measured(hoffmann, 0.005, seed)
        low, middle, high = interval(HOFFMANN, points, 9e5, 8e5, resampled(points, 100))
        assert low < middle < high
        covered += low <= hoffmann(9e5, 8e5) <= high
    assert covered >= 4

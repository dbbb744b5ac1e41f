r"""Two laws for the loss of a model of N parameters after D tokens, and how they are fitted (page 8.1).

    Hoffmann   L = E + A / N^α + B / D^β
    Kaplan     L = (u / N^(α_N/α_D) + v / D)^α_D,     u = N_c^(α_N/α_D), v = D_c

Once the two exponents are chosen, a power of L is linear in what is left, which least squares find. So a grid of
exponents is tried, and no optimizer can stop too early. Errors are relative, as differences of logarithms. Sources:
Hoffmann et al. (2022), section 3.3; Kaplan et al. (2020), eq. 1.5. Left out: Huber's loss, which forgives outliers.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

REPLICATES = 300
FINE = 150  # values of each exponent, for the points as they are
COARSE = 40  # and for each other draw
UNITS = (1e4, 1e5)  # parameters and tokens are counted in these, so that no power is huge
Points = Float[Tensor, "P 4"]  # parameters, tokens, loss, and the number of the group that is drawn as a whole


@dataclass(frozen=True)
class Law:
    """A law by its name; its two exponents are tried from a fortieth of these up to them."""

    name: str
    most: tuple[float, float]

    def grid(self, n: int) -> Float[Tensor, "G 2"]:
        """``n`` values of each, evenly spaced in logarithms, so that small and large ones are found as exactly."""
        ends = [(math.log10(most / 40), math.log10(most)) for most in self.most]
        return torch.cartesian_prod(*(torch.logspace(*pair, n, dtype=torch.float64) for pair in ends))

    def columns(self, exponents: Float[Tensor, "G 2"], n: Tensor, d: Tensor) -> Float[Tensor, "G P k"]:
        """What the factors multiply; n and d in units."""
        first, second = exponents[:, :1], exponents[:, 1:]
        if self.name == "Kaplan":  # α_N/α_D, and α_D outside
            return torch.stack([n**-first, (1 / d).expand(len(first), -1)], dim=-1)
        return torch.stack([torch.ones_like(n).expand(len(first), -1), n**-first, d**-second], dim=-1)

    def outside(self, exponents: Float[Tensor, "G 2"]) -> Float[Tensor, "G 1"]:
        """The power to which the sum is taken."""
        return exponents[:, 1:] if self.name == "Kaplan" else torch.ones_like(exponents[:, 1:])


HOFFMANN = Law("Hoffmann", (1.6, 1.6))
KAPLAN = Law("Kaplan", (4.0, 0.8))


@dataclass(frozen=True)
class Fit:
    """Fitted laws, one for each way in which the points were drawn."""

    law: Law
    exponents: Float[Tensor, "R 2"]
    factors: Float[Tensor, "R k"]

    def __call__(self, n: Tensor | float, d: Tensor | float) -> Float[Tensor, "R P"]:
        pair = torch.broadcast_tensors(*(torch.as_tensor(x, dtype=torch.float64).reshape(-1) for x in (n, d)))
        columns = self.law.columns(self.exponents, pair[0] / UNITS[0], pair[1] / UNITS[1])
        inside = (columns * self.factors[:, None]).sum(dim=-1)
        return inside ** self.law.outside(self.exponents)

    def compute_exponent(self) -> Float[Tensor, " R"]:
        """a in N ∝ C^a, for the N that is best for C = 6 N D operations."""
        if self.law.name == "Kaplan":
            return 1 / (1 + self.exponents[:, 0])
        return self.exponents[:, 1] / self.exponents.sum(dim=1)


def fit_law(law: Law, points: Points, counts: Float[Tensor, "R P"] | None = None) -> Fit:
    """The best exponents of the grid and their factors; ``counts`` says how often each point is drawn."""
    counts = torch.ones(1, len(points), dtype=torch.float64) if counts is None else counts
    n, d, loss = points[:, 0] / UNITS[0], points[:, 1] / UNITS[1], points[:, 2]
    best = torch.full((len(counts),), torch.inf, dtype=torch.float64)
    exponents, factors = torch.zeros(len(counts), 2, dtype=torch.float64), None
    for grid in law.grid(FINE if len(counts) == 1 else COARSE).split(400):
        power = law.outside(grid)  # (G, 1)
        target = loss ** (1 / power)  # (G, P)
        weight = power / target  # a small relative error of the sum, times the power, is one of the loss
        X = law.columns(grid, n, d) * weight[..., None]
        moments = torch.einsum("rp,gpi,gpj->rgij", counts, X, X)
        with_y = torch.einsum("rp,gpi,gp->rgi", counts, X, power.expand_as(target))
        scale = moments.diagonal(dim1=-2, dim2=-1).sqrt()  # (R, G, k)
        alike = moments / (scale[..., :, None] * scale[..., None, :]) + 1e-10 * torch.eye(X.shape[-1], dtype=X.dtype)
        found = torch.linalg.solve(alike, with_y / scale) / scale
        inside = torch.einsum("rgi,gpi->rgp", found, X) / power[:, 0, None]  # over what it should be
        off = power[:, 0, None] * inside.clamp_min(1e-9).log()  # of the logarithm of the loss
        error = torch.einsum("rgp,rp->rg", off**2, counts)
        error = torch.where((found >= 0).all(dim=-1), error, torch.inf)
        low, where = error.min(dim=1)
        factors = torch.zeros(len(counts), X.shape[-1], dtype=torch.float64) if factors is None else factors
        better = low < best
        best = torch.where(better, low, best)
        exponents = torch.where(better[:, None], grid[where], exponents)
        factors = torch.where(better[:, None], found[torch.arange(len(counts)), where], factors)
    assert factors is not None
    return Fit(law, exponents, factors)


def resampled(points: Points, replicates: int = REPLICATES, seed: int = 0) -> Float[Tensor, "R P"]:
    """How often each point is drawn, where whole groups are, with replacement: readings of one run hang together."""
    groups, of = points[:, 3].unique(return_inverse=True)
    lot = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(groups), (replicates, len(groups)), generator=lot)
    return torch.nn.functional.one_hot(drawn, len(groups)).sum(dim=1).double()[:, of]


def interval(law: Law, points: Points, n: float, d: float, counts: Float[Tensor, "R P"]) -> list[float]:
    """Low, middle and high: the law of all points, amid 95 % of what laws of other draws say, with a residual each."""
    whole, others = fit_law(law, points), fit_law(law, points, counts)
    off = points[:, 2] / whole(points[:, 0], points[:, 1])[0]
    lot = torch.Generator().manual_seed(1)
    said = others(n, d)[:, 0] * off[torch.randint(len(off), (len(counts),), generator=lot)]
    low, high = said.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return [round(x, 4) for x in (low, whole(n, d).item(), high)]

r"""Rounding that knows what a matrix is given to read, so that its output changes little, not its entries.

    ‖X Wᵀ - X Ŵᵀ‖² = tr (W - Ŵ) M (W - Ŵ)ᵀ,     M = Xᵀ X

Compensated: column j is rounded, and the columns to the right take over its error, w ← w - e_j U_j / U_jj, where
M⁻¹ = Uᵀ U and U is upper triangular. Aware: column j is multiplied by s_j = a_jᵅ before rounding and divided after,
where a_j is the mean size of the input it meets; α is searched for.

Sources: Frantar et al., *GPTQ* (2022); Lin et al., *AWQ* (2023).
Sizes: ``N`` inputs of width ``D``, ``F`` outputs. Left out: other orders of the columns; inputs of layers before which
others were rounded already; clipping the range.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from llmbook.compression.grids import Scheme, fit, in_groups, nearest, placed, rounded

Matrix = Float[Tensor, "F D"]
Moment = Float[Tensor, "D D"]
COLUMNS = 64  # worked off before the others learn of them, where groups do not say
STEPS = 10  # of α between 0 and 1


def output_error(weight: Matrix, other: Matrix, moment: Moment) -> float:
    """How much the output changes: ‖X Wᵀ - X Ŵᵀ‖² over ‖X Wᵀ‖²."""
    off = weight - other
    return (((off @ moment) * off).sum() / ((weight @ moment) * weight).sum()).item()


def compensated(weight: Matrix, moment: Moment, scheme: Scheme, *, damp: float = 0.01) -> Matrix:
    """The matrix on the grid, column after column, each error made good by the columns that are still free.

    ``damp`` times the mean of M's diagonal is added to the diagonal, so that M can be inverted. Raises ``ValueError``
    for a moment of another width, and as ``quantise``.
    """
    D = weight.shape[1]
    if moment.shape != (D, D):
        raise ValueError(f"a matrix that reads {D} numbers needs a moment ({D}, {D}), got {tuple(moment.shape)}")
    damped = moment.double() + damp * moment.double().diagonal().mean() * torch.eye(D, dtype=torch.float64)
    U = torch.linalg.cholesky(torch.linalg.inv(damped), upper=True)
    w = weight.double().clone()
    scale, offset = fit(in_groups(w, scheme), scheme)
    grouped = isinstance(scheme.group, int)
    block = scheme.group if isinstance(scheme.group, int) else COLUMNS
    for start in range(0, D, block):
        end = min(start + block, D)
        if grouped:  # the columns have changed since the beginning
            scale, offset = fit(w[:, start:end], scheme)
        errors = torch.empty_like(w[:, start:end])
        for j in range(start, end):
            column = w[:, j : j + 1]
            grid_point = placed(nearest(column, scale, offset, scheme), scale, offset, scheme)
            error = (column - grid_point) / U[j, j]
            w[:, j:end] -= error * U[j, j:end]
            w[:, j : j + 1] = grid_point
            errors[:, j - start : j - start + 1] = error
        w[:, end:] -= errors @ U[start:end, end:]
    return w.to(weight)


def activation_aware(
    weight: Matrix, moment: Moment, sizes: Float[Tensor, " D"], scheme: Scheme
) -> tuple[Matrix, float]:
    """The matrix as it acts, Q(W diag(s)) diag(s)⁻¹, for the α whose output is nearest, and that α.

    ``sizes`` are the mean absolute inputs. The matrix that is stored is Q(W diag(s)); the inputs are divided by s. A
    norm or a matrix before can do that; behind GELU, or where heads share values, s is kept. Raises as ``quantise``.
    """
    tried: list[tuple[float, float, Matrix]] = []
    for alpha in [step / STEPS for step in range(STEPS + 1)]:
        s = sizes.clamp(min=1e-5) ** alpha
        candidate = rounded(weight * s, scheme) / s
        tried.append((output_error(weight, candidate, moment), alpha, candidate))
    _, alpha, best = min(tried, key=lambda found: found[0])
    return best, alpha

r"""Which activations of a chain to keep, so that in a given memory least is computed again.

    C(i, j, m) = min( C(i+1, j, m - a_i)  if a_i ≤ m,
                      min_k  u_i + … + u_{k-1} + C(k, j, m - b_k) + C(i, k, m)  where b_k ≤ m )

Layers i … j-1 are reversed with m units of memory; the input of layer i is there. Either layer i keeps all it needs,
a_i units, output included, or the layers up to k run without keeping anything but their last output, b_k units, and
are reversed later. C(j, j, m) = 0. u_i is what layer i costs to run. Each layer runs once more than C counts.

Source: Beaumont et al., *Optimal checkpointing for heterogeneous chains* (2019); with equal layers and room for one a
and s times b it is Griewank and Walther's, *Algorithm 799: revolve* (2000), with s checkpoints. Left out: what a layer
needs for a moment, and gradients on their way, which the memory must have room for besides; dropout, which would need
its random states.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Chain:
    """The layers' needs in whole units. Raises ``ValueError`` for lists of unequal length, and without a layer."""

    kept: tuple[int, ...]  # a, all that layer i's gradients need, output included, input not
    output: tuple[int, ...]  # b, the output of layer i
    cost: tuple[int, ...]  # u, of running layer i

    def __post_init__(self) -> None:
        if not self.kept or not len(self.kept) == len(self.output) == len(self.cost):
            raise ValueError(f"each layer needs three numbers, got {self.kept}, {self.output} and {self.cost}")


@dataclass(frozen=True)
class Plan:
    """How layers ``start`` to ``end`` are reversed; ``extra`` is what is computed again."""

    start: int
    end: int
    extra: int
    middle: int  # the layers before it are run first and reversed last; ``start`` if this layer is kept instead
    later: "Plan | None" = None
    earlier: "Plan | None" = None


def best_plan(chain: Chain, memory: int) -> Plan:
    """The plan that computes least again. Raises ``ValueError`` where no plan fits into the memory."""

    @cache
    def find(i: int, j: int, m: int) -> Plan | None:
        found: list[Plan] = []
        if chain.kept[i] <= m:
            later = find(i + 1, j, m - chain.kept[i]) if i + 1 < j else None
            if i + 1 == j or later:
                found.append(Plan(i, j, later.extra if later else 0, i, later))
        for k in range(i + 1, j):
            left = m - chain.output[k - 1]
            later = find(k, j, left) if left >= 0 else None
            earlier = find(i, k, m) if later else None
            if later and earlier:
                extra = sum(chain.cost[i:k]) + later.extra + earlier.extra
                found.append(Plan(i, j, extra, k, later, earlier))
        return min(found, key=lambda plan: plan.extra, default=None)

    plan = find(0, len(chain.kept), memory)
    if plan is None:
        raise ValueError(f"no plan for {len(chain.kept)} layers fits into {memory} units")
    return plan


def follow(
    plan: Plan, layers: Sequence[nn.Module] | nn.Sequential, x: Tensor, upstream: Callable[[Tensor], Tensor]
) -> Tensor:
    """The gradient of x; the layers' weights get theirs in ``grad``. ``upstream`` gives the last output's gradient."""
    if plan.middle > plan.start:
        with torch.no_grad():
            y = nn.Sequential(*list(layers)[plan.start : plan.middle])(x)
        assert plan.later is not None
        assert plan.earlier is not None
        grad = follow(plan.later, layers, y, upstream)
        waiting = [grad]
        del y, grad  # their memory is wanted for the earlier layers
        return follow(plan.earlier, layers, x, lambda _: waiting.pop())

    x = x.detach().requires_grad_()
    y = layers[plan.start](x)
    grad = follow(plan.later, layers, y.detach(), upstream) if plan.later else upstream(y.detach())
    y.backward(grad)
    assert x.grad is not None
    return x.grad

"""Plans: Griewank and Walther's closed form, every plan tried, the same gradients, what does not fit."""

import itertools
from math import comb

import pytest
import torch
from reference import random
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from llmbook.memory import Chain, LiveBytes, best_plan, follow


def uniform(n: int) -> Chain:
    return Chain((1,) * n, (1,) * n, (1,) * n)


def closed_form(n: int, slots: int) -> int:
    """The steps that ``revolve`` runs again: r n - C(slots + r, slots + 1), r the smallest with C(slots + r, r) ≥ n."""
    r = next(r for r in itertools.count() if comb(slots + r, slots) >= n)
    return r * n - comb(slots + r, slots + 1)


@pytest.mark.parametrize(("n", "slots"), [(n, s) for n in (1, 2, 3, 5, 8, 13, 21) for s in (1, 2, 3, 5)])
def test_equal_layers_and_room_for_one_cost_what_revolve_costs(n, slots):
    chain = Chain((100,) * n, (1,) * n, (1,) * n)
    assert best_plan(chain, 100 + slots).extra == closed_form(n, slots)


def every_plan(chain: Chain, i: int, j: int, m: int) -> int | float:
    """The recursion once more, from the text, without a table: for short chains."""
    if i == j:
        return 0
    choices: list[int | float] = [float("inf")]
    if chain.kept[i] <= m:
        choices.append(every_plan(chain, i + 1, j, m - chain.kept[i]))
    for k in range(i + 1, j):
        if chain.output[k - 1] <= m:
            later = every_plan(chain, k, j, m - chain.output[k - 1])
            choices.append(sum(chain.cost[i:k]) + later + every_plan(chain, i, k, m))
    return min(choices)


@pytest.mark.parametrize("m", range(5, 24, 3))
def test_unequal_layers(m):
    chain = Chain((5, 2, 7, 3, 4), (1, 2, 3, 1, 2), (3, 1, 4, 1, 5))
    expected = every_plan(chain, 0, 5, m)
    if expected == float("inf"):
        with pytest.raises(ValueError, match="no plan for 5 layers"):
            best_plan(chain, m)
    else:
        assert best_plan(chain, m).extra == expected


@pytest.mark.parametrize("m", [2, 3, 4, 7])
def test_what_is_followed_costs_what_was_planned_and_gives_the_same_gradients(m):
    torch.manual_seed(0)
    chain = nn.Sequential(*(nn.Sequential(nn.Linear(5, 5), nn.Tanh()) for _ in range(7))).double()
    x = random(3, 5)
    plan = best_plan(uniform(7), m)
    with FlopCounterMode(display=False) as one:
        chain[0](x)
    with FlopCounterMode(display=False) as counter:
        grad = follow(plan, chain, x, lambda y: 2 * y)
    assert counter.get_total_flops() == (3 * 7 + plan.extra) * one.get_total_flops()
    found = [grad, *(w.grad for w in chain.parameters())]

    chain.zero_grad()
    x = x.requires_grad_()
    chain(x).square().sum().backward()
    assert all(a.equal(b) for a, b in zip(found, (x.grad, *(w.grad for w in chain.parameters())), strict=True))


def test_what_is_held_is_what_the_plan_may_hold():
    chain = nn.Sequential(*(nn.Sequential(nn.Linear(16, 16), nn.Tanh()) for _ in range(12)))
    x = torch.randn(200, 16)
    for w in chain.parameters():
        w.grad = torch.zeros_like(w)
    peaks = []
    for m in (2, 4, 8):
        with LiveBytes() as memory:
            follow(best_plan(uniform(12), m), chain, x, torch.ones_like)
        peaks.append(memory.peak / x.nbytes - m)
    assert max(peaks) - min(peaks) < 0.2, "more than the plan, and what a layer needs for a moment"


def test_memory_for_everything_computes_nothing_again():
    chain = Chain((5, 2, 7), (1, 1, 1), (3, 1, 4))
    assert best_plan(chain, 14).extra == 0 < best_plan(chain, 13).extra


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="no plan for 3 layers fits into 0 units"):
        best_plan(uniform(3), 0)
    for kept in ((), (1, 2)):
        with pytest.raises(ValueError, match="three numbers"):
            Chain(kept, (1,) * len(kept), ())

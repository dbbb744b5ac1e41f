"""What is held and computed again: played through with real values, counted by hand, and at its limits."""

import itertools
import math

import pytest
import torch
from torch.testing import assert_close

from llmbook.autodiff import OPERATIONS, Tape, peak, recomputed, rules, steps
from llmbook.autodiff.operation import Node


def chain(n: int) -> tuple[Tape, Node]:
    """x_k = w x_{k-1}, n times: places 0 and 1 are x_0 and w."""
    tape = Tape()
    x = tape.variable(torch.tensor(1.5, dtype=torch.float64), "x")
    w = tape.variable(torch.tensor(0.7, dtype=torch.float64), "w")
    for _ in range(n):
        x = w * x
    return tape, x


def block() -> tuple[Tape, Node]:
    """Values used twice, used far away, and never read; rules that read inputs, outputs, and nothing."""
    generator = torch.Generator().manual_seed(0)
    tape = Tape()
    x = tape.variable(torch.randn(5, 3, generator=generator, dtype=torch.float64), "x")
    w = tape.variable(torch.randn(3, 3, generator=generator, dtype=torch.float64), "w")
    q = rules.tanh(x @ w)
    a = rules.softmax(q @ rules.swap(x))
    out = rules.normalise(a @ x + x * 0.5) * q + rules.exp(q)
    return tape, rules.sum_to(out, shape=(1, 1))


GRAPHS = {"chain": lambda: chain(9), "block": block}


def played(tape: Tape, kept: set[int]) -> tuple[dict[int, torch.Tensor], int, int]:
    """The gradients, with a value only where it is held; the most values there were; and operations run twice.

    Nothing here asks the library what a rule reads: an input that is not there is NaN.
    """
    nodes, values, gradients = tape.entries, {}, {}
    place = {id(node): i for i, node in enumerate(nodes)}
    leaves = {i: node.value for i, node in enumerate(nodes) if node.operation is None}
    most, runs = 0, []

    def of(x):
        if not isinstance(x, Node):
            return x
        i = place[id(x)]
        known = leaves.get(i, values.get(i))
        return torch.full_like(x.value, math.nan) if known is None else known

    gradients[len(nodes) - 1] = torch.ones_like(nodes[-1].value)
    for step in steps(tape, kept):
        node = nodes[step.place]
        if step.kind == "back":
            most = max(most, len(values))
            y = values.get(step.place, torch.full_like(node.value, math.nan))
            for x, (_, pull) in zip(node.inputs, node.operation.rules, strict=True):
                if isinstance(x, Node):
                    i = place[id(x)]
                    share = pull(gradients[step.place], y, *map(of, node.inputs), **node.fixed)
                    gradients[i] = share if i not in gradients else gradients[i] + share
        else:
            runs.append(step.place)
            values[step.place] = node.operation.compute(*map(of, node.inputs), **node.fixed)
            most = max(most, len(values))
        assert most >= step.most
        values = {i: value for i, value in values.items() if i in step.held}
        assert set(values) == step.held, "what is held was not there"
    assert not values
    return gradients, most, len(runs) - len(set(runs))


def some_sets(places: list[int], count: int = 60) -> list[set[int]]:
    generator = torch.Generator().manual_seed(1)
    drawn = [{p for p in places if torch.rand(1, generator=generator) < share} for share in torch.rand(count)]
    return [set(), set(places), *drawn]


@pytest.mark.parametrize("name", GRAPHS)
def test_with_any_checkpoints_the_gradients_are_the_tapes(name):
    """Reference: values that are not held are NaN, and no gradient is; all are those of the whole tape."""
    tape, out = GRAPHS[name]()
    operations = [i for i, node in enumerate(tape.entries) if node.operation]
    tape.backward(out, torch.ones_like(out.value), keep=True)
    for kept in some_sets(operations):
        gradients, most, twice = played(tape, kept)
        found = steps(tape, kept)
        assert (most, twice) == (peak(found), recomputed(found))
        for i, node in enumerate(tape.entries):
            assert_close(gradients[i], node.gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", GRAPHS)
def test_each_operation_runs_once_there_once_back_and_at_most_once_again(name):
    tape, _ = GRAPHS[name]()
    operations = [i for i, node in enumerate(tape.entries) if node.operation]
    for kept in some_sets(operations):
        found = steps(tape, kept)
        by_kind = {kind: [step.place for step in found if step.kind == kind] for kind in ("there", "again", "back")}
        assert by_kind["there"] == operations
        assert by_kind["back"] == operations[::-1]
        assert len(set(by_kind["again"])) == len(by_kind["again"])
        assert not kept & set(by_kind["again"])
        assert all(step.most in (len(step.held), len(step.held) + 1, len(step.held) + 2) for step in found)


def test_what_rules_read_is_enough():
    """As PyTorch keeps it: nothing is computed again, and less is held than by a tape that keeps all."""
    tape, _ = block()
    operations = {i for i, node in enumerate(tape.entries) if node.operation}
    needed = {i for i in operations if tape.entries[i].needed}
    assert needed < operations
    assert recomputed(steps(tape, needed)) == 0
    assert peak(steps(tape, needed)) < peak(steps(tape, operations)) == len(operations)
    for one in needed:
        assert recomputed(steps(tape, needed - {one})) >= 1, tape.entries[one].name


def test_a_chain_by_hand():
    """Of x_1 … x_4 only x_2 is kept: there x_1 goes when x_2 is done, x_3 when x_4 is; back they come again."""
    tape, _ = chain(4)
    told = [(step.kind, step.place - 1, {p - 1 for p in step.held}, step.most) for step in steps(tape, {3})]
    assert told == [
        ("there", 1, {1}, 1),
        ("there", 2, {2}, 2),
        ("there", 3, {2, 3}, 2),
        ("there", 4, {2, 4}, 3),
        ("again", 3, {2, 3, 4}, 3),
        ("back", 4, {2, 3}, 3),
        ("back", 3, {2}, 2),
        ("again", 1, {1, 2}, 2),
        ("back", 2, {1}, 2),
        ("back", 1, set(), 1),
    ]


@pytest.mark.parametrize("n", [1, 2, 5, 16, 36])
def test_limits_of_a_chain(n):
    """Everything kept: n values, none twice. Nothing kept saves nothing: they all come again at once."""
    tape, _ = chain(n)
    every = steps(tape, set(range(2, n + 2)))
    none = steps(tape, set())
    assert (peak(every), recomputed(every)) == (n, 0)
    assert (peak(none), recomputed(none)) == (n, n - 1)


@pytest.mark.parametrize("root", [2, 3, 4, 6, 10])
def test_a_checkpoint_every_root_of_n(root):
    """2√n - 1 values, and each but the checkpoints and the output again."""
    n = root * root
    tape, _ = chain(n)
    found = steps(tape, {1 + k for k in range(root, n, root)})
    assert peak(found) == 2 * root - 1
    assert recomputed(found) == n - root


@pytest.mark.parametrize("n", [4, 7, 10, 12])
def test_unequal_pieces_are_better_than_equal_ones(n):
    """Where fewer checkpoints are left, a piece may be longer: the least peak p has p (p + 1) / 2 ≥ n."""
    tape, _ = chain(n)
    all_sets = itertools.chain.from_iterable(itertools.combinations(range(2, n + 1), r) for r in range(n))
    least = min(peak(steps(tape, set(kept))) for kept in all_sets)
    assert least == min(p for p in range(1, n + 1) if p * (p + 1) // 2 >= n)


def test_it_is_told_which_places_can_be_kept():
    tape, _ = chain(3)
    with pytest.raises(ValueError, match=r"places of operations, \[2, 3, 4\]; got \[0, 7\]"):
        steps(tape, {0, 2, 7})


def test_an_empty_tape_has_no_steps():
    tape = Tape()
    tape.variable(torch.tensor(1.0))
    assert steps(tape, set()) == []
    assert (peak([]), recomputed([])) == (0, 0)


def test_every_way_of_reading_is_tried():
    tape, _ = block()
    reads = {node.operation.reads for node in tape.entries if node.operation}
    assert reads == {operation.reads for operation in OPERATIONS.values()}

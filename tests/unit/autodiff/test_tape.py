"""The tape and dual numbers by themselves: order, shares, views, what is refused; and the whole derivatives."""

import json
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from reference import close, random
from torch import nn
from torch.autograd import functional

from llmbook.autodiff import Dual, Held, Tape, central, hvp, jacobian, jvp, vjp
from llmbook.autodiff import rules as op

W = random(5, 7, seed=5)


def attend(x):
    """One causal head of itself, and a norm: five rows of width 7."""
    scores = op.keep(x @ op.swap(x) * (1 / math.sqrt(7)), where=torch.ones(5, 5).tril().bool(), otherwise=-math.inf)
    return op.normalise(op.softmax(scores) @ x)


def loss(x):
    return op.cross_entropy(op.tanh(attend(x)) @ op.swap(W), targets=torch.tensor([0, 4, 1, 1, 2]))


# --- reference -------------------------------------------------------------------------------------------------


def test_jacobians_are_torch_funcs_both_ways():
    x = random(5, 7)
    expected = torch.func.jacrev(attend)(x).reshape(35, 35)
    for mode in ("forward", "reverse"):
        close(jacobian(attend, x, mode=mode), expected, 1e-12)
        assert jacobian(loss, x, mode=mode).shape == (1, 35)


def test_products_with_jacobian_and_hessian_are_pytorchs():
    x, t, g = random(5, 7), random(5, 7, seed=1), random(5, 7, seed=2)
    close(jvp(attend, x, t), functional.jvp(attend, x, t), 1e-12)
    value, pull = torch.func.vjp(attend, x)
    close(vjp(attend, x, g), (value, pull(g)[0]), 1e-12)
    close(hvp(loss, x, t), functional.hvp(loss, x, t)[1], 1e-12)
    close(hvp(loss, x, t), functional.hessian(loss, x).reshape(35, 35).mv(t.flatten()).reshape(5, 7), 1e-11)


def test_central_differences_come_near_with_the_square_of_the_step():
    x = random(5, 7)
    off = [(central(loss, x, h) - vjp(loss, x)[1]).abs().max() for h in (1e-2, 1e-3)]
    assert 90 < off[0] / off[1] < 110
    assert off[1] < 1e-5


def test_a_stack_of_pytorchs_layers_learns_the_same():
    """Two linear layers with a norm, three steps of gradient descent."""
    torch.manual_seed(0)
    theirs = nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7), nn.ReLU(), nn.Linear(7, 3)).double()
    x, targets = random(11, 5), torch.arange(11) % 3
    w = {name: p.detach().clone() for name, p in theirs.named_parameters()}
    sgd = torch.optim.SGD(theirs.parameters(), lr=0.3)
    for _ in range(3):
        sgd.zero_grad()
        F.cross_entropy(theirs(x), targets).backward()
        sgd.step()
        tape = Tape()
        n = {name: tape.variable(p) for name, p in w.items()}
        z = op.layer_norm(x @ op.swap(n["0.weight"]) + n["0.bias"], n["1.weight"], n["1.bias"])
        tape.backward(op.cross_entropy(op.relu(z) @ op.swap(n["3.weight"]) + n["3.bias"], targets=targets))
        w = {name: p - 0.3 * n[name].gradient for name, p in w.items()}
    close(w, {name: p.detach() for name, p in theirs.named_parameters()}, 1e-12)


# --- property --------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from("+*-")), min_size=1, max_size=12))
def test_any_graph_has_pytorchs_gradients(steps):
    """Lines that use any two before them: used twice, never, or twice in one step."""
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.5, -1.25, 0.8)]
    tape = Tape()
    theirs, ours = [*leaves], [tape.variable(x.detach()) for x in leaves]
    for i, j, sign in steps:
        for values in (theirs, ours):
            a, b = values[i % len(values)], values[j % len(values)]
            out = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "-": lambda a, b: a - b}[sign](a, b)
            values.append(op.tanh(out) if values is ours else out.tanh())
    tape.backward(ours[-1])
    expected = torch.autograd.grad(theirs[-1], leaves, allow_unused=True)
    close(ours[-1].value, theirs[-1].detach(), 1e-12)
    for node, grad in zip(ours, expected, strict=False):
        close(torch.zeros(()).double() if node.gradient is None else node.gradient,
              torch.zeros(()).double() if grad is None else grad, 1e-12)  # fmt: skip


def test_a_hessian_is_symmetric():
    x, s, t = random(5, 7), random(5, 7, seed=1), random(5, 7, seed=2)
    close((s * hvp(loss, x, t)).sum(), (t * hvp(loss, x, s)).sum(), 1e-12)


def test_numbers_stand_on_either_side():
    x = random(3, 3)
    for f in (lambda x: 1 - x, lambda x: x - 1, lambda x: 2 * x + x * 3, lambda x: 1 + x, lambda x: W[:3, :3] @ x):
        close(jacobian(f, x, mode="reverse"), torch.func.jacrev(f)(x).reshape(9, 9), 1e-12)
        close(jvp(f, x, x), functional.jvp(f, x, x), 1e-12)


# --- what the tape says ----------------------------------------------------------------------------------------


def test_the_tape_is_plain_data():
    tape = Tape()
    a, b = tape.variable(random(2, 3), "a"), tape.variable(random(3, 5, seed=1), "b")
    out = op.sum_to(op.relu(op.swap(op.swap(a)) @ b + 1), shape=())
    tape.backward(out, keep=True)
    nodes = tape.nodes()
    assert json.loads(json.dumps(nodes)) == nodes
    assert [node["name"] for node in nodes] == "a b swap swap matmul add relu sum_to".split()
    assert [node["inputs"] for node in nodes] == [[], [], [0], [2], [3, 1], [4], [5], [6]]
    assert [node["shape"] for node in nodes] == [[2, 3], [3, 5], [3, 2], [2, 3], [2, 5], [2, 5], [2, 5], []]
    assert [node["bytes"] for node in nodes] == [48, 120, 0, 0, 80, 80, 80, 8]
    assert [node["needed"] for node in nodes] == [False, True, False, True, False, False, True, False]
    assert (nodes[-1]["gradient"], nodes[-1]["value"]) == (1.0, out.value.item())
    close(torch.tensor(nodes[0]["gradient"], dtype=torch.float64), a.gradient, 0)


def test_gradients_before_the_way_back_are_not_there_and_a_dual_number_shows_its_value():
    tape = Tape()
    x = tape.variable(Dual(random(2), random(2, seed=1)))
    op.exp(x)
    assert [node["gradient"] for node in tape.nodes()] == [None, None]
    assert tape.nodes()[1]["value"] == random(2).exp().tolist()


def test_a_tape_is_rubbed_out_unless_it_is_kept():
    for keep in (False, True):
        tape = Tape()
        x = tape.variable(random(3))
        hidden = op.exp(x)
        tape.backward(op.sum_to(hidden, shape=()), keep=keep)
        close(x.gradient, random(3).exp(), 1e-15)
        assert len(tape.entries) == 3 * keep
        assert (hidden.gradient is not None) == keep


def test_a_kept_tape_can_be_read_again():
    tape = Tape()
    x = tape.variable(random(3))
    out = op.exp(x) * x
    for g in (random(3, seed=1), random(3, seed=2)):
        tape.backward(out, g, keep=True)
        close(x.gradient, g * random(3).exp() * (1 + random(3)), 1e-14)


# --- limit: bytes and operations -------------------------------------------------------------------------------


def deep(x, weights, tanh=op.tanh):
    for matrix in weights:
        x = tanh(x @ matrix)
    return x


def most(run) -> int:
    with Held() as held:
        run()
    assert held.now == 0, "something is still counted"
    return held.most


@pytest.mark.parametrize("L", [2, 5, 11])
def test_the_bytes_of_each_way(L):
    """The unit is one layer's output: 41 × 5 numbers. Gradients of weights are 5 × 5, an eighth of it."""
    x, weights, unit = random(41, 5), [random(5, 5, seed=i) for i in range(L)], 41 * 5 * 8

    def backwards():
        tape = Tape()
        tape.backward(op.sum_to(deep(x, [tape.variable(W) for W in weights]), shape=()))

    assert most(lambda: deep(x, weights)) == 3 * unit  # what came in, the product, its tanh
    assert most(lambda: jvp(lambda x: deep(x, weights), x, x)) <= 8 * unit + 8
    assert 2 * L + 2 <= most(backwards) / unit < 2 * L + 2.3


def test_bytes_count_storages_once_while_they_live():
    with Held() as held:
        a = torch.zeros(10, dtype=torch.float64)
        b = a.view(2, 5).T
        c = b + 1
        assert (held.now, held.most) == (160, 160)
        del c
        assert (held.now, held.most) == (80, 160)
        a += 1
        del a
        assert held.now == 80, "a view keeps its storage"
        del b
        assert (held.now, held.most) == (0, 160)


# --- failure ---------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_backwards_is_refused():
    tape, other = Tape(), Tape()
    x = tape.variable(random(2, 3))
    with pytest.raises(ValueError, match=r"an output \(2, 3\) needs a gradient of its shape, got None"):
        tape.backward(op.exp(x))
    with pytest.raises(ValueError, match=r"an output \(2, 3\) needs a gradient of its shape, got \(3,\)"):
        tape.backward(op.exp(x), torch.ones(3))
    with pytest.raises(ValueError, match="add got nodes of 2 tapes"):
        x + other.variable(random(2, 3))
    out = op.sum_to(x, shape=())
    tape.backward(out)
    with pytest.raises(ValueError, match="'sum_to' is not on this tape"):
        tape.backward(out)


def test_what_is_no_dual_number_is_refused(shapes_unchecked):
    with pytest.raises(ValueError, match=r"a value \(3,\) cannot change by a tangent \(2,\)"):
        Dual(random(3), random(2))
    with pytest.raises(TypeError, match="two plain tensors"):
        Dual(Tape().variable(random(3)), random(3))


def test_a_mode_is_forward_or_reverse():
    with pytest.raises(ValueError, match="'forward' or 'reverse', not 'backward'"):
        jacobian(op.exp, random(3), mode="backward")

"""Each operation against PyTorch: its value, its gradients, its tangents, and its second derivatives."""

import dataclasses
import math

import pytest
import torch
from cases import CASES
from hypothesis import given
from hypothesis import strategies as st
from reference import close, random
from torch.autograd import functional

from llmbook.autodiff import OPERATIONS, Dual, Tape, wrong_rules
from llmbook.autodiff import rules as op


def test_every_operation_is_tried():
    assert {operation for operation, *_ in CASES.values()} == set(OPERATIONS.values())


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradients_are_pytorchs(name):
    operation, inputs, fixed, theirs = CASES[name]
    leaves = [x.clone().requires_grad_() for x in inputs]
    expected = theirs(*leaves, **fixed)
    upstream = random(*expected.shape, seed=9)
    tape = Tape()
    nodes = [tape.variable(x) for x in inputs]
    out = operation(*nodes, **fixed)
    tape.backward(out, upstream)
    close(out.value, expected.detach(), 1e-12)
    close([node.gradient for node in nodes], list(torch.autograd.grad(expected, leaves, upstream)), 1e-12)


@pytest.mark.parametrize("name", CASES)
def test_tangents_are_pytorchs(name):
    operation, inputs, fixed, theirs = CASES[name]
    tangents = [random(*x.shape, seed=20 + i) for i, x in enumerate(inputs)]
    out = operation(*map(Dual, inputs, tangents), **fixed)
    value, tangent = functional.jvp(lambda *xs: theirs(*xs, **fixed), inputs, tuple(tangents))
    close([out.value, out.tangent], [value, tangent], 1e-12)


@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_are_pytorchs(name):
    """Of Σ g tanh(f), whose Hessian is nought for no operation; forwards over backwards, each input by itself."""
    operation, inputs, fixed, theirs = CASES[name]
    for i, x in enumerate(inputs):
        t, g = random(*x.shape, seed=30), random(*theirs(*inputs, **fixed).shape, seed=31)

        def f(z, i=i, g=g):
            return (theirs(*inputs[:i], z, *inputs[i + 1 :], **fixed).tanh() * g).sum()

        tape = Tape()
        node = tape.variable(Dual(x, t))
        tape.backward(op.tanh(operation(*inputs[:i], node, *inputs[i + 1 :], **fixed)), g)
        expected = [functional.jacobian(f, x), functional.hvp(f, x, t)[1]]
        assert expected[1].abs().max() > 1e-3
        close([node.gradient.value, node.gradient.tangent], expected, 1e-11)


@pytest.mark.parametrize("name", CASES)
def test_no_rule_is_wrong(name):
    operation, inputs, fixed, _ = CASES[name]
    assert wrong_rules(operation, *inputs, **fixed) == []


def test_layer_norm_has_gain_and_bias():
    x, gain, bias = random(2, 3, 5), random(5, seed=1), random(5, seed=2)
    close(op.layer_norm(x, gain, bias), torch.nn.functional.layer_norm(x, (5,), gain, bias), 1e-12)


# --- property --------------------------------------------------------------------------------------------------

sizes = st.integers(1, 4)


@st.composite
def broadcast_shapes(draw):
    """Two shapes that fit each other: axes of 1 and missing axes in either."""
    full = draw(st.lists(sizes, max_size=4))
    shapes = []
    for _ in range(2):
        cut = draw(st.integers(0, len(full)))
        shapes.append(tuple(draw(st.sampled_from([1, n])) for n in full[cut:]))
    return shapes


@given(broadcast_shapes(), st.sampled_from(["add", "multiply", "subtract"]))
def test_whatever_is_broadcast_gets_its_gradient_in_its_own_shape(shapes, name):
    ours = {"add": lambda a, b: a + b, "multiply": lambda a, b: a * b, "subtract": lambda a, b: a - b}[name]
    leaves = [random(*shape, seed=i).requires_grad_() for i, shape in enumerate(shapes)]
    expected = ours(*leaves)
    upstream = random(*expected.shape, seed=9)
    tape = Tape()
    nodes = [tape.variable(x.detach()) for x in leaves]
    out = ours(*nodes)
    tape.backward(out, upstream)
    close(out.value, expected.detach(), 1e-12)
    close([node.gradient for node in nodes], list(torch.autograd.grad(expected, leaves, upstream)), 1e-12)


@given(st.lists(sizes, max_size=2), st.lists(sizes, max_size=2), sizes, sizes, sizes, st.booleans())
def test_products_of_any_batches(first, second, n, m, k, ones):
    second = second if len(first) < len(second) else [1 if ones else size for size in first[len(first) - len(second) :]]
    if len(first) >= len(second):
        a, b = random(*first, n, m), random(*second, m, k, seed=1)
    else:
        a, b = random(n, m), random(*second, m, k, seed=1)
    leaves = [a.requires_grad_(), b.requires_grad_()]
    expected = leaves[0] @ leaves[1]
    tape = Tape()
    nodes = [tape.variable(x.detach()) for x in leaves]
    tape.backward(nodes[0] @ nodes[1], torch.ones_like(expected))
    close([node.gradient for node in nodes], list(torch.autograd.grad(expected.sum(), leaves)), 1e-12)


@given(broadcast_shapes())
def test_summing_is_the_transpose_of_spreading(shapes):
    small, full = shapes[0], torch.broadcast_shapes(*shapes)
    x, g = random(*small), random(*full, seed=1)
    spread = op.spread_to(x, shape=full)
    close((spread * g).sum(), (x * op.sum_to(g, shape=small)).sum(), 1e-12)


def test_a_softmax_sends_nothing_back_for_equal_gradients():
    tape = Tape()
    x = tape.variable(random(3, 5))
    tape.backward(op.softmax(x), torch.ones(3, 5, dtype=torch.float64))
    close(x.gradient, torch.zeros(3, 5, dtype=torch.float64), 1e-15)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_reads_on_the_way_back_what_it_says(name):
    """All else that it is given may be spoiled: a tape that saves memory will not have it."""
    operation, inputs, fixed, _ = CASES[name]
    out = operation.compute(*inputs, **fixed)
    g = random(*out.shape, seed=9)
    left = [x if operation.reads == "inputs" else x * math.nan for x in inputs]
    y = out if operation.reads == "output" else out * math.nan
    for _, pull in operation.rules:
        close(pull(g, y, *left, **fixed), pull(g, out, *inputs, **fixed), 0)


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_number_keeps_its_type_beside_float32():
    tape = Tape()
    x = tape.variable(torch.ones(3))
    out = x * 0.5 + 1
    tape.backward(out, torch.ones(3))
    assert (out.value.dtype, x.gradient.dtype) == (torch.float32, torch.float32)


def test_hidden_scores_get_no_gradient_and_no_weight():
    tape = Tape()
    x = tape.variable(random(5, 5))
    out = op.softmax(op.keep(x, where=torch.ones(5, 5).tril().bool(), otherwise=-torch.inf))
    tape.backward(out, random(5, 5, seed=1))
    assert not out.value.triu(1).any()
    assert not x.gradient.triu(1).any()
    assert x.gradient.isfinite().all()


# --- failure ---------------------------------------------------------------------------------------------------


def test_what_is_not_spread_from_a_shape_is_not_summed_to_it():
    with pytest.raises(ValueError, match=r"\(2, 3\) cannot be summed to \(2,\)"):
        op.sum_to(random(2, 3), shape=(2,))
    with pytest.raises(ValueError, match=r"\(3,\) cannot be summed to \(2, 3\)"):
        op.sum_to(random(3), shape=(2, 3))


def test_a_product_with_a_row_of_numbers_is_refused_on_the_way_there():
    with pytest.raises(ValueError, match=r"got \(3, 5\) and \(5,\)"):
        Tape().variable(random(3, 5)) @ random(5)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("keep, else 3",)])
def test_each_rule_that_is_off_is_found(name):
    """Twice as much, in each direction of each input."""
    operation, inputs, fixed, _ = CASES[name]
    for i, (push, pull) in enumerate(operation.rules):
        for direction, said in ((0, f"J of input {i} is not the slope"), (1, f"Jᵀ of input {i} is not the transpose")):
            pair = [push, pull]
            pair[direction] = lambda t, *args, right=pair[direction], **kw: 2 * right(t, *args, **kw)
            rules = [*operation.rules]
            rules[i] = tuple(pair)
            wrong = dataclasses.replace(operation, rules=tuple(rules))
            assert wrong_rules(wrong, *inputs, **fixed) == [f"{operation.name}: {said}"]
    assert OPERATIONS[operation.name] is operation, "the planted mistake has taken its place"


def test_a_gradient_that_was_not_summed_to_its_shape_is_found():
    """Its dot product with t is right all the same."""
    a, b = random(2, 3), random(3, seed=1)
    first, (push, _) = op.add.rules
    wrong = dataclasses.replace(op.add, rules=(first, (push, lambda g, y, a, b: g)))
    assert wrong_rules(wrong, a, b) == ["add: Jᵀ of input 1 is not the transpose"]

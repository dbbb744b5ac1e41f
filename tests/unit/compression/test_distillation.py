"""What a teacher's answer teaches: PyTorch's own divergence, gradients by formula, and the loss of an equal student."""

import math

import pytest
import torch
import torch.nn.functional as F
from reference import close, ids_of, random, spread

from llmbook.compression import hidden_loss, soft_loss, with_states
from llmbook.models import GPT

V = 13


def small(seed: int = 1, **sizes: int) -> GPT:
    return spread(GPT(V, **{"d_model": 12, "n_heads": 3, "n_layers": 3, "max_len": 11} | sizes), seed=seed).eval()


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(V,), (5, V), (2, 3, V)])
def test_the_soft_loss_is_pytorchs_divergence(shape, temperature):
    student, teacher = random(*shape), 2 * random(*shape, seed=1)
    log_s, log_t = ((z / temperature).log_softmax(dim=-1).reshape(-1, V) for z in (student, teacher))
    expected = F.kl_div(log_s, log_t, reduction="batchmean", log_target=True) * temperature**2
    close(soft_loss(student, teacher, temperature), expected, 1e-12)


def test_its_gradient_is_the_difference_of_probabilities():
    """τ (p_S - p_T) over the number of positions."""
    student, teacher, temperature = random(5, V).requires_grad_(), random(5, V, seed=1), 2.0
    soft_loss(student, teacher, temperature).backward()
    p_s, p_t = ((z / temperature).softmax(dim=-1) for z in (student.detach(), teacher))
    close(student.grad, temperature * (p_s - p_t) / 5, 1e-12)


def test_the_hidden_loss_is_what_a_regression_leaves():
    """With PyTorch's least squares for W, the loss is one minus the share explained."""
    h, wanted = random(40, 3), random(40, 5, seed=1)
    W = torch.linalg.lstsq(h, wanted).solution.T
    explained = (h @ W.T).square().sum() / wanted.square().sum()
    close(hidden_loss([h], [wanted], [W]), 1 - explained, 1e-12)


def test_states_are_those_behind_each_block():
    model, ids = small(), ids_of(V, 2, 7)
    logits, states = with_states(model, ids)
    close(logits, model(ids), 0)
    x = model.positions(model.embedding(ids), 0)
    for block, state in zip(model.blocks, states, strict=True):
        x = block(x)
        close(state, x, 1e-6)
    assert not any(block._forward_hooks for block in model.blocks), "a hook was left"


# --- property --------------------------------------------------------------------------------------------------


def test_a_student_equal_to_its_teacher_has_no_loss_and_nothing_to_learn():
    teacher, student, ids = small(), small(), ids_of(V, 2, 7)
    wanted, right = with_states(teacher, ids)
    logits, states = with_states(student, ids)
    eye = [torch.eye(12)] * 3
    for temperature in (1.0, 4.0):
        loss = soft_loss(logits, wanted, temperature) + hidden_loss(states, right, eye)
        assert loss.abs() < 1e-6
        gradients = torch.autograd.grad(loss, list(student.parameters()), retain_graph=True)
        assert max(g.abs().max() for g in gradients) < 1e-5


def test_any_other_student_has_some():
    for seed in range(20):
        assert soft_loss(random(5, V, seed=seed), random(5, V, seed=50 + seed), 2.0) > 1e-3


def test_what_softmax_does_not_see_the_loss_does_not_see():
    student, teacher = random(5, V), random(5, V, seed=1)
    close(soft_loss(student + 3, teacher - 7, 2.0), soft_loss(student, teacher, 2.0), 1e-12)


def test_no_gradient_reaches_the_teacher():
    teacher, h = random(5, V).requires_grad_(), random(5, 3).requires_grad_()
    student, own, W = (random(*s, seed=2).requires_grad_() for s in ((5, V), (5, 2), (3, 2)))
    (soft_loss(student, teacher) + hidden_loss([own], [h], [W])).backward()
    assert teacher.grad is None
    assert h.grad is None
    assert min(x.grad.abs().max() for x in (student, own, W)) > 1e-3


def test_the_hidden_loss_is_the_mean_of_its_pairs_and_free_of_their_sizes():
    h, wanted, W = random(4, 3), random(4, 5, seed=1), random(5, 3, seed=2)
    other, target, R = random(4, 3, seed=3), random(4, 5, seed=4), random(5, 3, seed=5)
    both = hidden_loss([h, other], [wanted, target], [W, R])
    close(both, (hidden_loss([h], [wanted], [W]) + hidden_loss([other], [target], [R])) / 2, 1e-12)
    close(hidden_loss([h], [10 * wanted], [10 * W]), hidden_loss([h], [wanted], [W]), 1e-12)


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_high_temperature_compares_logits():
    """τ² KL tends to half the mean square of their differences, their means taken away."""
    student, teacher = random(5, V), random(5, V, seed=1)
    d = teacher - student
    expected = (d - d.mean(dim=-1, keepdim=True)).square().mean() / 2
    close(soft_loss(student, teacher, 1e4), expected, 1e-3)


def test_a_sure_teacher_is_a_label():
    student, right = random(5, V), ids_of(V, 5)
    close(soft_loss(student, 1e3 * F.one_hot(right, V).double()), F.cross_entropy(student, right), 1e-9)


def test_a_student_that_knows_nothing_pays_what_the_teacher_knows():
    teacher = random(5, V)
    p = teacher.softmax(dim=-1)
    close(soft_loss(torch.zeros(5, V).double(), teacher), math.log(V) + (p * p.log()).sum(dim=-1).mean(), 1e-12)


def test_a_reader_of_noughts_finds_nothing():
    close(hidden_loss([random(4, 3)], [random(4, 5)], [torch.zeros(5, 3).double()]), 1.0 * torch.ones(()).double(), 0)


# --- failure ---------------------------------------------------------------------------------------------------


def test_answers_to_other_questions_are_refused(shapes_unchecked):
    with pytest.raises(ValueError, match=r"student \(4, 13\) and teacher \(5, 13\)"):
        soft_loss(random(4, V), random(5, V))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        soft_loss(random(4, V), random(4, V), temperature)


@pytest.mark.parametrize("n", [0, 2])
def test_states_without_a_partner_are_refused(n):
    with pytest.raises(ValueError, match="as many states as matrices"):
        hidden_loss([random(4, 3)] * n, [random(4, 5)] * n, [random(5, 3)] * (n if n == 0 else 1))


def test_hooks_are_taken_away_where_the_model_stops():
    model = small()
    with pytest.raises(ValueError, match="11"):
        with_states(model, ids_of(V, 1, 12))
    assert not any(block._forward_hooks for block in model.blocks)

"""Loss scaling: PyTorch's own scaler at the same steps, what is small survives, what is refused."""

import pytest
import torch

from llmbook.memory import LossScale


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_scales_and_steps_are_those_of_pytorchs_scaler(patience):
    ours = LossScale(64.0, patience=patience)
    w = torch.ones(3, requires_grad=True)
    theirs = torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=patience, backoff_factor=0.5)
    sgd = torch.optim.SGD([w], lr=1.0)
    for good in (True, True, False, True, True, True, False, False, True, True, True, True, True):
        size = 0.5 if good else torch.inf
        w.grad = torch.full((3,), size) * ours.value
        taken = ours.unscale([w])
        mine = w.grad.clone()

        before = w.detach().clone()
        w.grad = theirs.scale(torch.full((3,), size))
        theirs.step(sgd)
        theirs.update()
        assert taken == good == (not w.equal(before))
        assert ours.value == theirs.get_scale()
        if good:
            assert mine.equal(torch.full((3,), 0.5))


def test_what_float16_cannot_hold_survives():
    w = torch.ones(2, requires_grad=True)
    scale = LossScale()
    g = torch.tensor([1e-9, 2e-8])
    assert not g.half().any()
    w.grad = (g * scale.value).half().float()
    assert scale.unscale([w])
    torch.testing.assert_close(w.grad, g, rtol=1e-3, atol=0)  # the digits of float16


def test_weights_without_gradients_are_left_alone():
    w = torch.ones(2, requires_grad=True)
    assert LossScale().unscale([w])
    assert w.grad is None


def test_what_makes_no_sense_is_refused():
    for scale, patience in ((0.0, 1), (-1.0, 1), (float("nan"), 1), (1.0, 0)):
        with pytest.raises(ValueError, match="the scale must be above 0"):
            LossScale(scale, patience=patience)
    w = torch.ones(2, requires_grad=True, dtype=torch.float16)
    w.grad = torch.ones_like(w)
    with pytest.raises(ValueError, match="weights of float32"):
        LossScale().unscale([w])

"""The layers between two attentions, by their equations."""

import pytest
import torch
import torch.nn.functional as F
from reference import close, random, spread

from llmbook.nn import PositionwiseFeedForward, SwiGLU

B, T, D, WIDE = 2, 5, 33, 19
EXACT = 1e-10  # float64: sums of some dozens of products


# --- reference -------------------------------------------------------------------------------------------------


def test_the_feed_forward_is_the_equation():
    ff, x = spread(PositionwiseFeedForward(D, WIDE).double()), random(B, T, D)
    w_1, w_2 = ff.w_1, ff.w_2
    expected = (x @ w_1.weight.T + w_1.bias).clamp(min=0) @ w_2.weight.T + w_2.bias
    close(ff(x), expected, EXACT)


def test_swiglu_is_its_equation():
    x = random(B, T, D)
    ours = spread(SwiGLU(D, WIDE, bias=True).double())
    w_g, w_1 = ours.w_1.weight.chunk(2)
    b_g, b_1 = ours.w_1.bias.chunk(2)
    close(ours(x), ours.w_2(F.silu(x @ w_g.T + b_g) * (x @ w_1.T + b_1)), EXACT)


# --- property --------------------------------------------------------------------------------------------------


def test_the_feed_forward_takes_each_position_alone():
    ff, x = spread(PositionwiseFeedForward(D, WIDE).double()), random(B, T, D)
    close(ff(x)[:, 3], ff(x[:, 3]), EXACT)
    close(ff(x.flip(1)), ff(x).flip(1), EXACT)


def test_swiglu_takes_each_position_alone():
    ours, x = spread(SwiGLU(D, WIDE).double()), random(B, T, D)
    close(ours(x)[:, 3], ours(x[:, 3]), EXACT)


def test_dropout_acts_inside_and_only_while_training():
    torch.manual_seed(0)
    ours, x = PositionwiseFeedForward(D, WIDE, dropout=0.5), random(B, T, D, dtype=torch.float32)
    assert not torch.allclose(ours(x), ours(x))
    ours.eval()
    close(ours(x), ours(x), 0)


# --- limit -----------------------------------------------------------------------------------------------------


def test_without_an_activation_the_feed_forward_is_one_matrix():
    ff, x = spread(PositionwiseFeedForward(D, WIDE, activation=lambda x: x, bias=False).double()), random(B, T, D)
    close(ff(x), x @ (ff.w_2.weight @ ff.w_1.weight).T, EXACT)


def test_a_closed_gate_lets_nothing_through():
    ours = SwiGLU(D, WIDE)
    with torch.no_grad():
        ours.w_1.weight[:WIDE] = 0
    assert (ours(random(B, T, D).float()) == 0).all()


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [PositionwiseFeedForward(D, WIDE), SwiGLU(D, WIDE)], ids=lambda p: type(p).__name__)
def test_inputs_of_another_width(part, shapes_unchecked):
    with pytest.raises(RuntimeError, match="34"):  # PyTorch's own word
        part(torch.zeros(B, T, D + 1))

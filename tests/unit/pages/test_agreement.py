"""Two layers agree where outputs and all gradients do, and every way not to agree raises."""

import pytest
import torch
from reference import random, spread
from torch import Tensor, nn

from llmbook import models
from llmbook import nn as parts
from llmbook.pages import agree, for_torch, gradients
from llmbook.pages.agreement import NAMES


@pytest.fixture(autouse=True)
def doubles():
    """As on the pages: what differs by more than rounding differs by more than 1e-10."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def inputs(**sizes: int) -> dict[str, Tensor]:
    return {name: random(3, size, 10, seed=seed).requires_grad_() for seed, (name, size) in enumerate(sizes.items())}


def same_weights(ours: nn.Module, theirs: nn.Module) -> tuple[nn.Module, nn.Module]:
    spread(ours)
    theirs.load_state_dict(for_torch(ours.state_dict()))
    return ours, theirs


def attentions() -> tuple[nn.Module, nn.Module]:
    return same_weights(parts.MultiHeadAttention(10, 5), nn.MultiheadAttention(10, 5, batch_first=True))


def test_attention_agrees_with_pytorch():
    given = inputs(query=5, key=7, value=7)
    ours, theirs = attentions()
    agree(ours(*given.values()), theirs(*given.values())[0], given, ours, theirs, for_torch)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs", "given"),
    [
        (models.EncoderLayer, nn.TransformerEncoderLayer, inputs(x=5)),
        (models.DecoderLayer, nn.TransformerDecoderLayer, inputs(x=5, memory=7)),
    ],
    ids=["encoder", "decoder"],
)
def test_layers_agree_with_pytorch(ours, theirs, given, norm_first):
    given = {name: x.detach().double().requires_grad_() for name, x in given.items()}
    pytorch = theirs(10, 5, 13, dropout=0.0, batch_first=True, norm_first=norm_first)
    ours, theirs = same_weights(ours(10, 5, 13, norm_first=norm_first), pytorch)
    agree(ours(*given.values()), theirs(*given.values()), given, ours, theirs, for_torch)


def test_functions_without_weights_agree():
    given = inputs(x=5)
    agree(given["x"].relu(), given["x"].clamp(min=0), given)


def test_a_wrong_output_raises():
    given = inputs(x=5)
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        agree(given["x"] * 2, given["x"] * 2 + 1e-9, given)


def test_an_output_of_another_shape_raises():
    given = inputs(x=5)
    with pytest.raises(AssertionError, match="shape"):
        agree(given["x"], given["x"].transpose(0, 1), given)


def test_a_nan_raises_even_where_both_have_it():
    given = inputs(x=5)
    with pytest.raises(AssertionError, match="not close"):
        agree(given["x"] * torch.nan, given["x"] * torch.nan, given)


def test_a_wrong_gradient_of_an_input_raises_though_outputs_are_equal():
    given = inputs(x=5, y=5)
    x, y = given.values()
    with pytest.raises(AssertionError, match="'y'"):
        agree(x * y.detach(), x * y, given)


def test_a_wrong_gradient_of_a_weight_raises_though_outputs_are_equal():
    class Stuck(nn.Linear):
        def forward(self, x):
            return x @ self.weight.detach().T + self.bias

    given = inputs(x=5)
    ours, theirs = same_weights(Stuck(10, 11), nn.Linear(10, 11))
    with pytest.raises(AssertionError, match="'weight'"):
        agree(ours(given["x"]), theirs(given["x"]), given, ours, theirs)


def test_a_weight_too_few_or_too_many_raises():
    given = inputs(x=5)
    ours, theirs = nn.Linear(10, 11, bias=False), nn.Linear(10, 11)
    nn.init.zeros_(theirs.bias)
    theirs.weight.data.copy_(ours.weight)
    for one, other in ((ours, theirs), (theirs, ours)):
        with pytest.raises(AssertionError, match="bias"):
            agree(one(given["x"]), other(given["x"]), given, one, other)


def test_a_missing_weight_is_not_loaded():
    ours, theirs = attentions()
    for missing in ours.state_dict():
        state = {name: weight for name, weight in ours.state_dict().items() if name != missing}
        with pytest.raises(RuntimeError, match=r"Missing key|size mismatch"):
            theirs.load_state_dict(for_torch(state))


def test_gradients_are_zero_of_what_has_no_part_and_need_something_to_differentiate_by():
    given = inputs(x=5, y=7)
    found = gradients(given["x"].sin(), given)
    assert found["x"].abs().min() > 0
    assert found["y"].shape == (3, 7, 10)
    assert not found["y"].any()
    with pytest.raises(ValueError, match="nothing to differentiate by"):
        gradients(given["x"].sin(), {})


def test_every_translated_name_is_one_of_ours():
    ours = [*models.EncoderLayer(10, 5, 13).state_dict(), *models.DecoderLayer(10, 5, 13).state_dict()]
    assert all(any(name in weight for weight in ours) for name in NAMES)

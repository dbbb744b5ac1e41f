"""Attention against PyTorch's own, and by what must hold whatever the weights."""

import math
import re

import jaxtyping
import pytest
import torch
import torch.nn.functional as F
from reference import close, random
from torch import Tensor, nn

from llmbook.nn import (
    MultiHeadAttention,
    ScaledDotProductAttention,
    attention_weights,
    causal_mask,
    padding_mask,
)

B, H, T, S, K = 2, 3, 5, 7, 11
D = H * K

# Sums of some dozens of products: float64 keeps about 15 digits of them, float32 about 6.
PRECISIONS = pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
MASKS = ["none", "causal", "padding", "random", "per head", "nowhere"]


def mask_named(name: str) -> Tensor | None:
    """Masks that broadcast to (B, H, T, S)."""
    noise = random(B, H, T, S, seed=9) > 0
    somewhere = noise | (torch.arange(S) == 0)
    return {
        "none": None,
        "causal": causal_mask(T, S),
        "padding": padding_mask(torch.tensor([4, 7]), S),
        "random": somewhere[:1, :1],
        "per head": somewhere,
        "nowhere": noise & (torch.arange(T) != 2)[:, None],
    }[name]


def outputs_and_gradients(function, inputs: list[Tensor], upstream: Tensor) -> list[Tensor]:
    inputs = [x.detach().clone().requires_grad_() for x in inputs]
    out = function(*inputs)
    return [out.detach(), *torch.autograd.grad((out * upstream).sum(), inputs)]


# --- reference -------------------------------------------------------------------------------------------------


@PRECISIONS
@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
@pytest.mark.parametrize("mask", MASKS[:-1])
def test_equals_the_fused_function(mask, return_weights, dtype, atol):
    inputs = [random(B, H, n, K, seed=i, dtype=dtype) for i, n in enumerate((T, S, S))]
    upstream = random(B, H, T, K, seed=5, dtype=dtype)
    may_attend, ours = mask_named(mask), ScaledDotProductAttention()

    def run(q, k, v):
        out = ours(q, k, v, may_attend, return_weights=return_weights)
        return out[0] if return_weights else out

    def reference(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=may_attend)

    close(outputs_and_gradients(run, inputs, upstream), outputs_and_gradients(reference, inputs, upstream), atol)


def with_the_same_weights(ours: MultiHeadAttention, bias: bool = True) -> nn.MultiheadAttention:
    dtype = ours.w_q.weight.dtype
    theirs = nn.MultiheadAttention(D, H, bias=bias, batch_first=True, dtype=dtype)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.w_q.weight, ours.w_k.weight, ours.w_v.weight]))
        theirs.out_proj.weight.copy_(ours.w_o.weight)
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([ours.w_q.bias, ours.w_k.bias, ours.w_v.bias]))
            theirs.out_proj.bias.copy_(ours.w_o.bias)
    return theirs


def layer(dtype: torch.dtype = torch.float64, **settings) -> MultiHeadAttention:
    torch.manual_seed(3)
    return MultiHeadAttention(D, H, **settings).to(dtype)


def test_projections_have_biases_unless_told():
    named = list(MultiHeadAttention(D, H, bias=True).state_dict())
    assert list(MultiHeadAttention(D, H).state_dict()) == named
    assert [name for name in named if "weight" in name] == list(MultiHeadAttention(D, H, bias=False).state_dict())


@PRECISIONS
@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("mask", ["none", "causal", "padding", "per head"])
def test_equals_torch_multihead_attention(mask, bias, return_weights, dtype, atol):
    """Cross-attention, T ≠ S: outputs, weights, and gradients of inputs and parameters."""
    ours = layer(dtype, bias=bias)
    theirs = with_the_same_weights(ours, bias)
    inputs = [random(B, n, D, seed=i, dtype=dtype) for i, n in enumerate((T, S, S))]
    upstream = random(B, T, D, seed=5, dtype=dtype)
    may_attend = mask_named(mask)
    hidden = None if may_attend is None else ~may_attend.expand(B, H, T, S).flatten(0, 1)  # their polarity and shape

    def run(q, k, v):
        out = ours(q, k, v, may_attend, return_weights=return_weights)
        return out[0] if return_weights else out

    def reference(q, k, v):
        return theirs(q, k, v, attn_mask=hidden, need_weights=False)[0]

    close(outputs_and_gradients(run, inputs, upstream), outputs_and_gradients(reference, inputs, upstream), atol)
    weights = ours(*inputs, may_attend, return_weights=True)[1]
    close(weights, theirs(*inputs, attn_mask=hidden, average_attn_weights=False)[1], atol)

    for module, function in ((ours, run), (theirs, reference)):
        module.zero_grad()
        (function(*inputs) * upstream).sum().backward()
    close(
        torch.cat([ours.w_q.weight.grad, ours.w_k.weight.grad, ours.w_v.weight.grad]),
        theirs.in_proj_weight.grad,
        atol * 10,
    )  # a parameter's gradient sums over all positions of the batch
    close(ours.w_o.weight.grad, theirs.out_proj.weight.grad, atol * 10)
    if bias:
        close(
            torch.cat([ours.w_q.bias.grad, ours.w_k.bias.grad, ours.w_v.bias.grad]), theirs.in_proj_bias.grad, atol * 10
        )
        close(ours.w_o.bias.grad, theirs.out_proj.bias.grad, atol * 10)


def test_self_attention_is_the_default_and_value_follows_key():
    ours, x, y = layer(), random(B, T, D), random(B, S, D, seed=1)
    close(ours(x), ours(x, x, x), 0)
    close(ours(x, y), ours(x, y, y), 0)
    assert not torch.allclose(ours(x, y), ours(x))


def test_score_bias_equals_an_additive_mask():
    q, k, v = (random(B, H, n, K, seed=i) for i, n in enumerate((T, S, S)))
    bias = random(H, T, S, seed=7)
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(B, H, T, S))
    ours = ScaledDotProductAttention()
    close(ours(q, k, v, score_bias=bias), expected, 1e-10)
    close(ours(q, k, v, score_bias=bias, return_weights=True)[0], expected, 1e-10)


@pytest.mark.parametrize("mask", MASKS[1:])
def test_bias_and_mask_together(mask):
    """Both ways through the module agree where some keys are hidden and the others biased."""
    q, k, v = (random(B, H, n, K, seed=i) for i, n in enumerate((T, S, S)))
    bias, ours = random(H, 1, S, seed=7), ScaledDotProductAttention()
    by_hand, weights = ours(q, k, v, mask_named(mask), score_bias=bias, return_weights=True)
    close(ours(q, k, v, mask_named(mask), score_bias=bias), by_hand, 1e-10)
    assert (weights[~mask_named(mask).expand_as(weights)] == 0).all()


def test_the_scale_can_be_given():
    q, k, v = (random(n, K, seed=i) for i, n in enumerate((T, S, S)))
    close(attention_weights(q, k, scale=0.5) @ v, F.scaled_dot_product_attention(q, k, v, scale=0.5), 1e-10)
    close(attention_weights(q, k), attention_weights(q, k, scale=1 / math.sqrt(K)), 0)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", MASKS[:-1])
def test_rows_sum_to_one(mask):
    q, k = random(B, H, T, K), random(B, H, S, K, seed=1)
    weights = attention_weights(q, k, mask_named(mask))
    assert (weights >= 0).all()
    close(weights.sum(dim=-1), torch.ones(B, H, T, dtype=torch.float64), 1e-14)


@pytest.mark.parametrize("mask", MASKS[1:])
def test_hidden_keys_get_exactly_nothing(mask):
    may_attend = mask_named(mask).expand(B, H, T, S)
    weights = attention_weights(random(B, H, T, K), random(B, H, S, K, seed=1), may_attend)
    assert (weights[~may_attend] == 0).all()
    assert (weights[may_attend] > 0).all()


@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
def test_the_future_cannot_change_the_past(return_weights):
    ours, x = layer(), random(B, S, D)
    changed = x.clone()
    changed[:, 4:] += 100 * random(B, S - 4, D, seed=1)

    def run(x):
        out = ours(x, may_attend=causal_mask(S), return_weights=return_weights)
        return out[0] if return_weights else out

    before, after = run(x), run(changed)
    close(after[:, :4], before[:, :4], 1e-12)  # kernels may sum in another order, no more
    assert ((after - before)[:, 4:].abs().amax(dim=(0, 2)) > 1e-3).all()


def test_no_gradient_flows_back_from_the_past():
    ours, x = layer(), random(B, S, D).requires_grad_()
    ours(x, may_attend=causal_mask(S))[:, 3].sum().backward()
    assert (x.grad[:, 4:] == 0).all()
    assert (x.grad[:, :4] != 0).any(dim=-1).all()


@pytest.mark.parametrize("garbage", [1e6, -1e6])
def test_padding_has_no_effect(garbage):
    ours, x = layer(), random(1, 4, D)
    padded = torch.cat([x, torch.full((1, 3, D), garbage, dtype=torch.float64)], dim=1)
    mask = padding_mask(torch.tensor([4]), 7)
    close(ours(padded, may_attend=mask)[:, :4], ours(x), 1e-12)
    close(ours(padded, may_attend=mask, return_weights=True)[0][:, :4], ours(x), 1e-12)


def test_permuted_words_give_permuted_outputs():
    ours, x = layer(), random(B, S, D)
    order = torch.randperm(S, generator=torch.Generator().manual_seed(2))
    close(ours(x[:, order]), ours(x)[:, order], 1e-12)
    assert not torch.allclose(
        ours(x[:, order], may_attend=causal_mask(S)), ours(x, may_attend=causal_mask(S))[:, order]
    )


def test_permuted_keys_change_nothing():
    ours, x, y = layer(), random(B, T, D), random(B, S, D, seed=1)
    close(ours(x, y.flip(1)), ours(x, y), 1e-12)


def test_sequences_of_a_batch_do_not_meet():
    ours, x = layer(), random(B, T, D)
    changed = x.clone()
    changed[1] += 1
    assert torch.equal(ours(changed)[0], ours(x)[0])


@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_row_that_may_look_nowhere_is_zero_and_never_nan(dtype, return_weights):
    inputs = [random(B, H, n, K, seed=i, dtype=dtype).requires_grad_() for i, n in enumerate((T, S, S))]
    may_attend = mask_named("nowhere")
    out = ScaledDotProductAttention()(*inputs, may_attend, return_weights=return_weights)
    if return_weights:
        out, weights = out
        assert (weights[:, :, 2] == 0).all()
    assert (out[:, :, 2] == 0).all()
    gradients = torch.autograd.grad(out.pow(2).sum(), inputs)
    assert all(g.isfinite().all() for g in (out, *gradients))
    assert (gradients[0][:, :, 2] == 0).all()
    assert (gradients[0][:, :, 1] != 0).any()


def test_a_kernel_that_gives_nan_for_such_a_row_does_no_harm(monkeypatch):
    """As PyTorch's did before it cared for such rows, and as those of other devices may."""
    inputs = [random(B, H, n, K, seed=i).requires_grad_() for i, n in enumerate((T, S, S))]
    may_attend = mask_named("nowhere")
    expected, kernel = ScaledDotProductAttention()(*inputs, may_attend), F.scaled_dot_product_attention

    def careless(*given, **options):
        return kernel(*given, **options).masked_fill((torch.arange(T) == 2)[:, None], math.nan)

    monkeypatch.setattr(F, "scaled_dot_product_attention", careless)
    out = ScaledDotProductAttention()(*inputs, may_attend)
    close(out, expected, 0)
    assert (out[:, :, 2] == 0).all()
    assert all(g.isfinite().all() for g in torch.autograd.grad(out.pow(2).sum(), inputs))


def test_all_rows_nowhere():
    ours, x = layer(bias=False), random(B, T, D).requires_grad_()
    out = ours(x, may_attend=torch.zeros(T, T, dtype=torch.bool))
    out.sum().backward()
    assert (out == 0).all()
    assert (x.grad == 0).all()


def test_huge_scores_do_not_overflow():
    q = 1e4 * random(T, K, dtype=torch.float32)
    weights = attention_weights(q, q)
    assert weights.isfinite().all()
    close(weights.sum(dim=-1), torch.ones(T), 1e-6)


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_head_is_one_attention():
    torch.manual_seed(0)
    ours, x = MultiHeadAttention(K, 1).double(), random(B, T, K)
    context = ScaledDotProductAttention()(ours.w_q(x), ours.w_k(x), ours.w_v(x))
    close(ours(x), ours.w_o(context), 1e-12)


def test_the_smallest_and_a_large_size():
    one = MultiHeadAttention(1, 1).double()
    x = random(B, 1, 1)
    close(one(x), one.w_o(one.w_v(x)), 0)  # the only word looks at itself alone
    large, x = MultiHeadAttention(257, 1).double(), random(1, 263, 257)
    q, k, v = large.w_q(x), large.w_k(x), large.w_v(x)
    close(large(x), large.w_o(F.scaled_dot_product_attention(q, k, v)), 1e-12)


def test_a_single_key_takes_all():
    v = random(1, 2, seed=3)
    out, weights = ScaledDotProductAttention()(random(T, K), random(1, K, seed=1), v, return_weights=True)
    assert (weights == 1).all()
    close(out, v.expand(T, 2), 1e-15)


@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
def test_dropout_acts_in_training_alone_and_keeps_the_mean(return_weights):
    torch.manual_seed(0)
    attend = ScaledDotProductAttention(dropout=0.4)
    q, k, v = (x.expand(4000, 1, -1, -1) for x in (random(1, K), random(S, K, seed=1), random(S, K, seed=2)))

    def run():
        out = attend(q, k, v, return_weights=return_weights)
        return out[0] if return_weights else out

    exact = attention_weights(q[0, 0], k[0, 0]) @ v[0, 0]
    dropped = run()
    assert dropped.std() > 0.1
    close(dropped.mean(0)[0], exact, 0.1)  # about four standard errors of 4,000 draws
    attend.eval()
    close(run()[0, 0], exact, 1e-12)


def test_weights_are_returned_before_dropout():
    torch.manual_seed(0)
    attend = ScaledDotProductAttention(dropout=0.9)
    weights = attend(random(T, K), random(S, K, seed=1), random(S, 2), return_weights=True)[1]
    close(weights.sum(-1), torch.ones(T, dtype=torch.float64), 1e-12)


def test_nothing_is_left_on_the_module():
    ours, x = layer(), random(B, T, D)
    before = set(vars(ours)) | set(vars(ours.attention))
    ours(x, return_weights=True)
    assert set(vars(ours)) | set(vars(ours.attention)) == before


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d_model", "n_heads"), [(10, 3), (4, 8), (0, 1), (8, 0), (8, -2)])
def test_heads_that_do_not_divide_the_width(d_model, n_heads):
    with pytest.raises(ValueError, match=f"d_model={d_model} .* n_heads={n_heads}"):
        MultiHeadAttention(d_model, n_heads)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((5, 3), (7, 4), (7, 2)), "equally wide, got 3 and 4"),
        (((2, 5, 4), (3, 7, 4), (3, 7, 2)), r"same batches and heads, got \(2, 5, 4\)"),
        (((2, 5, 4), (2, 7, 4), (7, 2)), r"same batches and heads, .* and \(7, 2\)"),
        (((5, 4), (7, 3), (7, 2)), "equally wide, got 4 and 3"),
        (((5, 3), (7, 3), (6, 2)), "7 keys, 6 values"),
        (((5, 3), (6, 3), (7, 2)), "6 keys, 7 values"),
    ],
)
@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
def test_sizes_that_do_not_fit(shapes, message, return_weights, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        ScaledDotProductAttention()(*(random(*shape) for shape in shapes), return_weights=return_weights)


@pytest.mark.parametrize("name", ["query", "key", "value"])
@pytest.mark.parametrize("width", [D - 1, D + 1])
def test_widths_that_do_not_fit_the_layer(name, width, shapes_unchecked):
    inputs = {"query": random(B, T, D), "key": random(B, S, D), "value": random(B, S, D)}
    inputs[name] = random(B, inputs[name].shape[1], width)
    with pytest.raises(ValueError, match=f"{name} is {width} wide, but d_model is {D}"):
        layer()(**inputs)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: attention_weights(x, x, None, 0.5),
        lambda x: ScaledDotProductAttention()(x, x, x, None, None),
        lambda x: MultiHeadAttention(K, 1, True),
        lambda x: MultiHeadAttention(K, 1)(x, x, x, None, None),
    ],
)
def test_options_go_by_name(call):
    with pytest.raises(TypeError, match="positional argument"):
        call(random(B, T, K, dtype=torch.float32))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.ones(T, S), "must be boolean.*float32"),
        (torch.ones(T, S, dtype=torch.uint8), "must be boolean.*uint8"),
        (torch.ones(S, T, dtype=torch.bool), re.escape("shape (7, 5) does not broadcast to (2, 3, 5, 7)")),
        (torch.ones(B, T, S, dtype=torch.bool), re.escape("shape (2, 5, 7) could be one a sequence or one a head")),
        (torch.ones(1, B, H, T, S, dtype=torch.bool), "does not broadcast"),
    ],
)
@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
def test_masks_that_do_not_fit(mask, message, return_weights, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        layer()(random(B, T, D), random(B, S, D), may_attend=mask, return_weights=return_weights)


@pytest.mark.parametrize("bias_shape", [(S, T), (B, T, S), (1, B, H, T, S)])
@pytest.mark.parametrize("return_weights", [False, True], ids=["fused", "by hand"])
def test_biases_that_do_not_fit(bias_shape, return_weights, shapes_unchecked):
    q, k, v = (random(B, H, n, K, seed=i) for i, n in enumerate((T, S, S)))
    with pytest.raises(ValueError, match=re.escape(f"score_bias of shape {bias_shape} does not broadcast")):
        ScaledDotProductAttention()(q, k, v, score_bias=random(*bias_shape), return_weights=return_weights)


def test_a_dropout_that_cannot_be():
    with pytest.raises(ValueError, match="dropout"):
        ScaledDotProductAttention(dropout=1.5)


def test_shapes_are_checked_in_these_tests():
    """The shapes in the types are enforced here, so a swapped axis in the code would raise."""
    with pytest.raises(jaxtyping.TypeCheckError):
        MultiHeadAttention(D, H).split_heads(torch.zeros(2, D))


def test_rotate_turns_queries_and_keys():
    ours, x = MultiHeadAttention(D, H).double(), random(B, T, D)
    turn = torch.linspace(0.5, 2.0, T, dtype=torch.float64)[:, None]
    q, k, v = (ours.split_heads(w(x)) for w in (ours.w_q, ours.w_k, ours.w_v))
    context = attention_weights(turn * q, turn * k) @ v
    close(ours(x, rotate=lambda part: turn * part), ours.w_o(context.transpose(1, 2).flatten(2)), 1e-10)


def test_a_hidden_key_stays_hidden_however_small_the_scores():
    q = torch.full((1, 2), 1e6, dtype=torch.float64)
    k = torch.tensor([[-1e6, -1e6], [1.0, 1.0]], dtype=torch.float64)  # the first scores -1.4e12
    weights = attention_weights(q, k, torch.tensor([[True, False]]))
    close(weights, torch.tensor([[1.0, 0.0]], dtype=torch.float64), 0)

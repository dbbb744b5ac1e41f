"""Attention has two paths, the fused kernel and the one that returns weights: both mean the same for any input."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import random
from torch import Tensor

from llmbook.nn import MultiHeadAttention, ScaledDotProductAttention, padding_mask

# Three digits of float16 and two of bfloat16 are left after sums of a dozen products; float64 keeps ten.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4, torch.bfloat16: 6e-2, torch.float16: 8e-3}
MASK_SHAPES = ["none", "T S", "1 S", "H 1 S", "B 1 T S", "B H T S"]
BIASES = ["none", "finite", "some -inf", "a row of -inf"]


def laid_out(shape: str, sizes: dict[str, int]) -> list[int]:
    return [1 if axis == "1" else sizes[axis] for axis in shape.split()]


def bias_named(name: str, sizes: dict[str, int], seed: int) -> Tensor | None:
    if name == "none":
        return None
    bias = random(*laid_out("H T S", sizes), seed=seed)
    if name == "some -inf":
        return bias.masked_fill(random(*bias.shape, seed=seed + 1) > 0.5, -math.inf)
    return bias if name == "finite" else bias.index_fill(1, torch.tensor([0]), -math.inf)


@settings(max_examples=60, deadline=None, derandomize=True)  # sixty cases take about a second
@given(
    dtype=some.sampled_from(list(TOLERANCE)),
    bias_dtype=some.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]),
    sizes=some.fixed_dictionaries({axis: some.integers(1, 7) for axis in "BHTSKC"}),
    mask_shape=some.sampled_from(MASK_SHAPES),
    hidden=some.floats(-1.0, 1.5),
    bias_name=some.sampled_from(BIASES),
    seed=some.integers(0, 99),
)
def test_outputs_and_gradients_are_the_same(dtype, bias_dtype, sizes, mask_shape, hidden, bias_name, seed):
    mask = None
    if mask_shape != "none":
        mask = random(*laid_out(mask_shape, sizes), seed=seed) > hidden  # from nearly all seen to nearly none
    bias = bias_named(bias_name, sizes, seed)
    bias = None if bias is None else bias.to(bias_dtype)
    shapes = ["B H T K", "B H S K", "B H S C"]
    inputs = [random(*laid_out(shape, sizes), seed=seed + i).to(dtype) for i, shape in enumerate(shapes)]
    results = []
    for return_weights in (True, False):
        q, k, v = (x.clone().requires_grad_() for x in inputs)
        out = ScaledDotProductAttention()(q, k, v, mask, score_bias=bias, return_weights=return_weights)
        out = out[0] if return_weights else out
        assert out.dtype == dtype
        results.append([out, *torch.autograd.grad(out.float().square().sum(), (q, k, v))])
    for one, other in zip(*results, strict=True):
        assert one.isfinite().all()
        torch.testing.assert_close(one, other, atol=TOLERANCE[dtype], rtol=TOLERANCE[dtype])


def test_scores_beyond_half_precision_do_not_overflow():
    """q · k = 90,000 is more than float16 holds; divided by √d_k first it is 30,000."""
    q, k = torch.full((1, 9), 100.0).half(), torch.full((3, 9), 100.0).half()
    v = random(3, 5).half()
    out, weights = ScaledDotProductAttention()(q, k, v, return_weights=True)
    torch.testing.assert_close(weights, torch.full((1, 3), 1 / 3).half())
    torch.testing.assert_close(out, ScaledDotProductAttention()(q, k, v))


@pytest.mark.parametrize("where", ["key", "value"])
def test_a_nan_in_a_hidden_key_is_not_hidden_from_anybody(where):
    q, k, v = random(3, 7), random(5, 7, seed=1), random(5, 7, seed=2)
    (k if where == "key" else v)[4] = math.nan
    seen = torch.arange(5) < 4
    for return_weights in (True, False):
        out = ScaledDotProductAttention()(q, k, v, seen.expand(3, 5), return_weights=return_weights)
        assert (out[0] if return_weights else out).isnan().any()


# --- what silently meant something else -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 8), (8,), (1, 2, 5, 8)])
def test_what_is_no_batch_of_sequences_is_named(shapes_unchecked, shape):
    with pytest.raises(ValueError, match=r"query must be a batch \(B, T, 8\), got shape .*x\[None\]"):
        MultiHeadAttention(8, 1)(torch.zeros(shape))


def test_a_mask_that_could_be_one_a_head_or_one_a_sequence_is_refused():
    layer = MultiHeadAttention(8, 2).eval()
    x, mask = random(2, 5, 8, dtype=torch.float32), random(2, 5, 5) > 0
    with pytest.raises(ValueError, match=r"\(2, 5, 5\) could be one a sequence or one a head: give \(T, S\)"):
        layer(x, may_attend=mask)
    assert not torch.equal(layer(x, may_attend=mask[:, None]), layer(x, may_attend=mask[None]))


# --- tools that look at code instead of numbers -----------------------------------------------------------------


class Reader(torch.nn.Module):
    """A model with lengths, as small as there is."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.attention = MultiHeadAttention(8, 2)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.attention(x, may_attend=padding_mask(lengths, x.shape[1]))


@pytest.fixture
def reader() -> tuple[Reader, Tensor, Tensor]:
    return Reader(), random(3, 5, 8, dtype=torch.float32), torch.tensor([2, 5, 0])


def test_lengths_go_through_export(shapes_unchecked, reader):
    model, x, lengths = reader
    exported = torch.export.export(model, (x, lengths)).module()
    torch.testing.assert_close(exported(x, lengths), model(x, lengths))


def test_lengths_go_through_a_compiler_in_one_piece(shapes_unchecked, reader):
    model, x, lengths = reader
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, lengths), model(x, lengths))


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # vmap's own remark about the kernel
def test_lengths_go_through_vmap(shapes_unchecked, reader):
    model, x, lengths = reader
    alone = torch.func.vmap(lambda one, length: model(one[None], length[None])[0])(x, lengths)
    torch.testing.assert_close(alone, model(x, lengths))


def test_lengths_go_through_the_meta_device(reader):
    model, x, lengths = reader
    assert model.to("meta")(x.to("meta"), lengths.to("meta")).shape == x.shape

"""Layers and models that compute with codes of 8 and 4 bits."""

import copy

import pytest
import torch
from torch import nn

from llmbook.compression import PackedLinear, Scheme, bytes_read, packed, rounded
from llmbook.compression.packed import GROUP, SCHEMES
from llmbook.inference import generate
from llmbook.models import GPT, Llama

BITS = [8, 4]
CLOSE = 2**-7  # of bfloat16: half a step for x, the scale and the output each


def layer_of(n: int, d: int, seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(d, n, bias=False)


def small_llama() -> Llama:
    torch.manual_seed(0)
    sizes = {"d_model": 64, "n_heads": 4, "n_kv_heads": 2, "n_layers": 2, "d_ff": 96, "max_len": 32}
    return Llama(48, tied=True, **sizes).eval()


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("shape", [(16, 32), (48, 64), (96, 160)])
@pytest.mark.parametrize("batch", [(1,), (3,), (2, 5)])
def test_it_computes_what_the_rounded_matrix_does(bits, shape, batch):
    layer = layer_of(*shape)
    x = torch.randn(*batch, shape[1])
    expected = x @ rounded(layer.weight.detach(), SCHEMES[bits]).T
    found = PackedLinear(layer, bits)(x)
    assert found.shape == (*batch, shape[0])
    assert (found - expected).norm() <= CLOSE * expected.norm()
    assert (found - layer(x)).norm() > CLOSE * expected.norm() or bits == 8  # four bits are not the matrix itself


@pytest.mark.parametrize("bits", BITS)
def test_one_hot_inputs_read_the_rounded_columns(bits):
    layer = layer_of(32, 64)
    columns = PackedLinear(layer, bits)(torch.eye(64)).T
    torch.testing.assert_close(columns, rounded(layer.weight.detach(), SCHEMES[bits]), rtol=CLOSE, atol=CLOSE / 8)


def test_a_scale_holds_for_a_row_or_for_a_group_of_it():
    layer = layer_of(32, 64)
    with torch.no_grad():
        layer.weight[0, :GROUP] *= 1000
    x = torch.cat([torch.zeros(GROUP), torch.ones(GROUP)])[None]
    right = layer(x)[0]
    four, eight = (PackedLinear(layer, bits)(x)[0] for bits in (4, 8))
    assert abs(four[0] - right[0]) < 0.1 * abs(layer.weight[0, GROUP:]).sum()  # the other group's scale is its own
    assert eight[0] == 0  # the row's scale leaves nothing of its small numbers
    assert (eight[1:] - right[1:]).norm() < 0.02 * right[1:].norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bits", BITS)
def test_the_dtype_is_that_of_the_input(bits, dtype):
    assert PackedLinear(layer_of(16, 32), bits)(torch.ones(2, 32, dtype=dtype)).dtype == dtype


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="bits must be 4 or 8, got 3"):
        PackedLinear(layer_of(16, 32), 3)
    with pytest.raises(ValueError, match="a bias"):
        PackedLinear(nn.Linear(32, 16), 8)
    with pytest.raises(ValueError, match="in 16s and columns in 32s; got 24 × 32"):
        PackedLinear(layer_of(24, 32), 4)
    with pytest.raises(ValueError, match="got 16 × 48"):
        PackedLinear(layer_of(16, 48), 4)
    with pytest.raises(ValueError, match="a bias"):
        packed(GPT(vocab=32, d_model=32, n_heads=2, n_layers=1, d_ff=64, max_len=8), 8)


@pytest.mark.parametrize("bits", BITS)
def test_a_packed_model_is_the_rounded_model(bits):
    model = small_llama()
    before = copy.deepcopy(model.state_dict())
    expected = copy.deepcopy(model)
    output = rounded(model.output.weight.detach(), SCHEMES[8])
    with torch.no_grad():
        for part in expected.blocks.modules():
            if isinstance(part, nn.Linear):
                part.weight.copy_(rounded(part.weight, SCHEMES[bits]))
        expected.output.weight = nn.Parameter(output)  # the embedding keeps its numbers
    ids = torch.randint(48, (2, 9))
    found, right = packed(model, bits, output_bits=8)(ids), expected(ids)
    assert (found - right).norm() < 4 * CLOSE * right.norm()
    assert (
        (found - packed(model, bits)(ids)).norm() == 0 if bits == 8 else not torch.equal(found, packed(model, 4)(ids))
    )
    assert all(torch.equal(now, before[name]) for name, now in model.state_dict().items())


def test_it_writes_with_a_cache_as_without():
    model = packed(small_llama(), 8)
    ids = torch.randint(48, (2, 5))
    torch.testing.assert_close(generate(model, ids, 8), generate(model, ids, 8, use_cache=False))


def test_bytes_are_counted_with_scales_and_offsets():
    model = small_llama()
    numbers = sum(part.weight.numel() for part in model.modules() if isinstance(part, nn.Linear))
    rows = sum(part.out_features for part in model.modules() if isinstance(part, nn.Linear))
    assert sum(bytes_read(model)) == 4 * numbers
    assert sum(bytes_read(packed(model, 8))) == numbers + 2 * rows
    assert sum(bytes_read(packed(model, 4))) == numbers / 2 + 2 * 2 * numbers / GROUP
    assert len(bytes_read(model)) == 2 * 4 + 1


def test_the_schemes_are_those_of_the_kernels():
    assert SCHEMES[8] == Scheme(bits=8, group="row", offset="none")
    assert SCHEMES[4] == Scheme(bits=4, group=32, offset="free")

"""The causal language model: its parts where they should be, and the same with a cache as without."""

import copy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from reference import close, ids_of, random, spread
from torch import nn

from llmbook.models import CausalLM, CausalLMConfig
from llmbook.models.causal_lm import Block
from llmbook.nn import KVCache, alibi_bias, sinusoids

B, T, V, D, H, H_KV, WIDE, LONG = 2, 13, 89, 42, 6, 3, 53, 31
EXACT = 1e-10  # float64
PARTS = {"vocab": V, "d_model": D, "n_heads": H, "n_layers": 2, "d_ff": WIDE, "max_len": LONG}


def model_of(**parts: object) -> CausalLM:
    return spread(CausalLM(CausalLMConfig(**{**PARTS, **parts})).double()).eval()


# --- reference -------------------------------------------------------------------------------------------------


def test_first_weights_have_gpt2s_spread():
    torch.manual_seed(0)
    model = CausalLM(CausalLMConfig(vocab=997, d_model=96, n_heads=4, n_layers=8, d_ff=384, max_len=64))
    spread_of = {name: p.std().item() for name, p in model.named_parameters() if p.ndim == 2}
    writes = [s for name, s in spread_of.items() if name.endswith(("w_o.weight", "w_2.weight"))]
    others = [s for name, s in spread_of.items() if not name.endswith(("w_o.weight", "w_2.weight"))]
    assert all(abs(s - 0.02) < 0.001 for s in others)
    assert all(abs(s - 0.02 / 4) < 0.0003 for s in writes)  # 1/√(2·8)
    assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith("bias"))


def test_post_norm_has_no_norm_at_the_end():
    assert isinstance(model_of(norm_first=False).norm, nn.Identity)
    assert isinstance(model_of(norm_first=True).norm, nn.LayerNorm)


def test_the_feed_forward_layers_by_name_are_their_equations():
    x = random(B, T, D)
    for name, activation in (("relu", torch.relu), ("gelu", lambda x: F.gelu(x, approximate="tanh"))):
        plain = spread(Block(CausalLMConfig(**PARTS, feed_forward=name)).feed_forward.double())
        close(plain(x), plain.w_2(activation(plain.w_1(x))), EXACT)


# --- property --------------------------------------------------------------------------------------------------

VARIANTS = pytest.mark.parametrize(
    "parts",
    [
        {"positions": "learned"},
        {"positions": "sinusoidal", "feed_forward": "relu"},
        {"positions": "none", "norm_first": False},
        {"positions": "alibi", "n_kv_heads": H_KV, "tied": False},
        {"positions": "rotary", "d_model": 2 * D, "n_kv_heads": 1, "norm": "rms", "feed_forward": "swiglu"},
    ],
    ids=lambda parts: parts["positions"],
)


@torch.no_grad()
@VARIANTS
@pytest.mark.parametrize("cuts", [[13], [1] * 13, [5, 1, 4, 3]], ids=str)
def test_with_a_cache_as_without(parts, cuts):
    model, ids = model_of(**parts), ids_of(V, B, T)
    cache, out = model.new_cache(B, T), []
    for piece in ids.split(cuts, dim=1):
        out.append(model(piece, cache))
    assert cache.length == T
    close(torch.cat(out, dim=1), model(ids), EXACT)


@VARIANTS
def test_the_future_changes_nothing(parts):
    model, ids = model_of(**parts), ids_of(V, B, T)
    changed = ids.clone()
    changed[:, 7] = (changed[:, 7] + 1) % V
    before, after = model(ids), model(changed)
    close(before[:, :7], after[:, :7], EXACT)
    assert not torch.allclose(before[:, 7:], after[:, 7:])


@torch.no_grad()
def test_a_cache_goes_on_with_chosen_rows():
    model, ids = model_of(), ids_of(V, 3, T)
    cache = model.new_cache(3)
    model(ids[:, :9], cache)
    rows = torch.tensor([2, 0, 0])
    cache.reorder(rows)
    close(model(ids[:, 9:], cache), model(torch.cat([ids[rows, :9], ids[:, 9:]], dim=1))[:, 9:], EXACT)


def test_positions_enter_where_they_should():
    x = random(B, T, D)
    added = model_of(positions="sinusoidal").positions
    close(added(x, 4), x + sinusoids(4 + T, D)[4:].double(), EXACT)
    assert added.in_attention(x, 4) == {}
    told = model_of(positions="alibi").positions
    close(told(x, 4), x, 0)
    close(told.in_attention(x, 4)["score_bias"], alibi_bias(H, T, 4 + T).double(), EXACT)


def test_post_norm_and_pre_norm_differ_as_written():
    x = random(B, T, D)
    for norm_first in (True, False):
        block = spread(Block(CausalLMConfig(**PARTS, norm_first=norm_first)).double()).eval()
        if norm_first:
            middle = x + block.attention(block.norm_1(x))
            expected = middle + block.feed_forward(block.norm_2(middle))
        else:
            middle = block.norm_1(x + block.attention(x))
            expected = block.norm_2(middle + block.feed_forward(middle))
        close(block(x), expected, EXACT)


@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
def test_dropout_falls_on_what_is_added_to_the_stream(norm_first):
    """While training, with the same random numbers: any place more or less would shift all that follow."""
    block, x = (
        spread(Block(CausalLMConfig(**PARTS, norm_first=norm_first, dropout=0.3)).double()).train(),
        random(B, T, D),
    )
    torch.manual_seed(5)
    if norm_first:
        middle = x + block.dropout(block.attention(block.norm_1(x)))
        expected = middle + block.dropout(block.feed_forward(block.norm_2(middle)))
    else:
        middle = block.norm_1(x + block.dropout(block.attention(x)))
        expected = block.norm_2(middle + block.dropout(block.feed_forward(middle)))
    torch.manual_seed(5)
    close(block(x), expected, EXACT)
    assert not torch.allclose(block(x), expected)


@torch.no_grad()
def test_a_block_goes_on_from_a_cache_of_its_own():
    config, x = CausalLMConfig(**PARTS, n_kv_heads=H_KV), random(B, T, D)
    block, cache = spread(Block(config).double()).eval(), KVCache(2, B, H_KV, T, D // H, like=x)
    first = block(x[:, :9], append=partial(cache.append, 0))
    assert (cache.keys[1] == 0).all()  # the other layer's
    assert (cache.keys[0, :, :, 9:] == 0).all()
    cache.length = 9
    then = block(x[:, 9:], append=partial(cache.append, 0))
    close(torch.cat([first, then], dim=1), block(x), EXACT)


# --- limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [{}, {"norm": "rms", "feed_forward": "swiglu"}], ids=["gpt", "llama"])
def test_a_block_that_says_nothing_leaves_the_stream_as_it_was(parts):
    block, x = Block(CausalLMConfig(**PARTS, **parts)).double(), random(B, T, D)
    for name, parameter in block.named_parameters():
        if "w_o" in name or "w_2" in name:
            nn.init.zeros_(parameter)
    close(block(x), x, 0)


def test_key_heads_not_told_are_as_many_as_query_heads():
    assert CausalLMConfig(**PARTS).kv_heads == CausalLMConfig(**PARTS, n_kv_heads=H).kv_heads == H
    assert CausalLMConfig(**PARTS).head_width == D // H


@VARIANTS
def test_numbers_of_half_the_bits_make_nearly_the_same(parts):
    model, ids = model_of(**parts), ids_of(V, B, T)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.1 * parameter.bfloat16())
    expected = model(ids)
    out = model.bfloat16()(ids)
    assert out.dtype == torch.bfloat16
    close(out.double(), expected, 0.05 * expected.abs().max().item())


def test_dropout_only_while_training():
    model, ids = model_of(dropout=0.5), ids_of(V, B, T)
    close(model(ids), model(ids), 0)
    model.train()
    assert not torch.allclose(model(ids), model(ids))


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        *[({name: 0}, f"sizes must be at least 1, got .*'{name}': 0") for name in ("vocab", "d_ff", "max_len")],
        ({"n_layers": 0}, "'n_layers': 0"),
        ({"d_model": 0}, "'d_model': 0"),
        ({"positions": "rotary"}, "even width, got d_model / n_heads = 7"),
        ({"n_heads": 5}, "d_model=42 .* n_heads=5"),
        ({"n_kv_heads": 4}, "n_heads=6 .* n_kv_heads=4"),
        ({"n_kv_heads": 0}, "n_kv_heads=0"),
        ({"norm": "batch"}, "norm must be one of layer, rms; got 'batch'"),
        ({"feed_forward": "tanh"}, "feed_forward must be one of .* got 'tanh'"),
        ({"positions": "t5"}, "positions must be one of .* got 't5'"),
    ],
)
def test_parts_that_do_not_fit(wrong, message, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        CausalLMConfig(**{**PARTS, **wrong})


def test_sizes_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        CausalLMConfig(V, D, H, 2, WIDE, LONG)
    with pytest.raises(TypeError, match="positional argument"):
        KVCache(2, B, H_KV, T, D // H, random(1))


@torch.no_grad()
def test_too_long_for_the_model_or_the_cache():
    model = model_of()
    with pytest.raises(ValueError, match=r"32 positions.*max_len=31"):
        model(ids_of(V, B, LONG + 1))
    cache = model.new_cache(B, 5)
    model(ids_of(V, B, 4), cache)
    with pytest.raises(ValueError, match=r"6 positions.*max_len=5"):
        model(ids_of(V, B, 2), cache)
    with pytest.raises(ValueError, match=r"max_len in 1\.\.31, got 1 and 32"):
        model.new_cache(1, LONG + 1)
    for batch, positions in ((1, 0), (0, 5)):
        with pytest.raises(ValueError, match=f"got {batch} and {positions}"):
            model.new_cache(batch, positions)


def test_a_cache_of_another_batch():
    model = model_of()
    for batch in (1, B + 1):  # one would be laid over all
        with pytest.raises(ValueError, match=f"the cache holds {batch} sequences, but there are {B}"):
            model(ids_of(V, B, 4), model.new_cache(batch, 5))


def test_inputs_of_another_width(shapes_unchecked):
    with pytest.raises(RuntimeError, match="43"):  # PyTorch's own word
        Block(CausalLMConfig(**PARTS))(torch.zeros(B, T, D + 1))


# --- weights that are loaded in other ways -----------------------------------------------------------------------


def small(**options) -> CausalLM:
    torch.manual_seed(3)
    sizes = {"vocab": 13, "d_model": 12, "n_heads": 3, "n_layers": 2, "d_ff": 17, "max_len": 11}
    return CausalLM(CausalLMConfig(**sizes, **options)).eval()


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
@pytest.mark.parametrize("way", ["assigned", "assigned to meta", "emptied"])
def test_a_loaded_model_is_the_same_and_stays_tied(way, positions):
    model, ids = small(positions=positions), ids_of(13, 2, 5)
    with torch.device("cpu" if way == "assigned" else "meta"):
        other = small(positions=positions)
    if way == "emptied":
        other.to_empty(device="cpu")
    other.load_state_dict(model.state_dict(), assign=way != "emptied")
    assert other.output.weight is other.embedding.weight
    torch.testing.assert_close(other(ids), model(ids))


def test_a_copy_is_tied_to_itself():
    model = small()
    other = copy.deepcopy(model)
    other.load_state_dict({name: w + 1 for name, w in model.state_dict().items()}, assign=True)
    assert other.output.weight is other.embedding.weight
    assert model.output.weight is model.embedding.weight
    assert not torch.equal(model.embedding.weight, other.embedding.weight)

"""The decoder-only models against ``transformers``, with the same weights, and the parts one by one."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
import transformers
from reference import close, ids_of, random, spread
from torch import nn

from llmbook.attention import MultiHeadAttention, causal_mask
from llmbook.decoder import Block, Config, GroupedQueryAttention, KVCache, LanguageModel, RMSNorm, SwiGLU
from llmbook.gpt import GPT
from llmbook.llama import Llama
from llmbook.positions import alibi_bias, sinusoids

B, T, V, D, H, H_KV, LAYERS, WIDE, LONG = 2, 13, 89, 42, 6, 3, 3, 53, 31
CLOSE = 1e-5  # float32, logits of a few units
EXACT = 1e-10  # float64
PARTS = {"vocab": V, "d_model": D, "n_heads": H, "n_layers": 2, "d_ff": WIDE, "max_len": LONG}
ALIKE = {"n_heads": H, "n_layers": LAYERS, "max_len": LONG}
LOADED = {  # sizes of the models whose weights come from transformers
    GPT: {**ALIKE, "d_model": D},
    Llama: {**ALIKE, "d_model": 2 * D, "n_kv_heads": H_KV, "d_ff": WIDE, "rope_base": 5003.0, "eps": 1e-4},
}
SMOLLM2 = {"d_model": 576, "n_heads": 9, "n_kv_heads": 3, "n_layers": 30, "d_ff": 1536, "max_len": 2048, "tied": True}


def their_gpt2() -> transformers.GPT2LMHeadModel:
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": D, "n_layer": LAYERS, "n_head": H}
    quiet = {"attn_pdrop": 0, "embd_pdrop": 0, "resid_pdrop": 0, "bos_token_id": 0, "eos_token_id": 0}
    return spread(transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, **quiet))).eval()


def their_llama(tied: bool) -> transformers.LlamaForCausalLM:
    sizes = {"vocab_size": V, "hidden_size": D * 2, "intermediate_size": WIDE, "num_hidden_layers": LAYERS}
    heads = {"num_attention_heads": H, "num_key_value_heads": H_KV, "max_position_embeddings": LONG}
    config = transformers.LlamaConfig(**sizes, **heads, rope_theta=5003.0, rms_norm_eps=1e-4, tie_word_embeddings=tied)
    return spread(transformers.LlamaForCausalLM(config)).eval()


def our_gpt() -> GPT:
    return GPT(V, **LOADED[GPT]).eval()


def our_llama(tied: bool = False) -> Llama:
    return Llama(V, **LOADED[Llama], tied=tied).eval()


def model_of(**parts: object) -> LanguageModel:
    return spread(LanguageModel(Config(**{**PARTS, **parts})).double()).eval()


# --- reference -------------------------------------------------------------------------------------------------


def gradients_equal(ours: LanguageModel, theirs: nn.Module, atol: float) -> None:
    """Of every weight, for the same upstream: theirs put into our places as weights are, which is linear."""
    ids, upstream = ids_of(V, B, T), random(B, T, V)
    for model in (ours, theirs):
        out = model(ids) if model is ours else model(ids).logits
        (out * upstream.to(out) / out.numel()).sum().backward()
    places = type(ours)(V, **LOADED[type(ours)], tied=ours.config.tied).to(upstream if atol == EXACT else torch.float32)
    places.load({name: p.grad for name, p in theirs.named_parameters()})
    wanted = dict(places.named_parameters())
    assert all(p.grad.abs().max() > 100 * atol for p in ours.parameters())
    close({name: p.grad for name, p in ours.named_parameters()}, wanted, atol)


def test_gpt_equals_transformers_gpt2():
    theirs, ours, ids = their_gpt2().double(), our_gpt().double(), ids_of(V, B, T)
    ours.load(theirs.state_dict())
    close(ours(ids), theirs(ids).logits, EXACT)
    gradients_equal(ours, theirs, EXACT)


def test_dropout_falls_where_it_does_in_transformers():
    """While training, with the same random numbers: any place more or less would shift all that follow."""
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": D, "n_layer": LAYERS, "n_head": H}
    drops = dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), 0.3)
    config = transformers.GPT2Config(**sizes, **drops, attn_implementation="sdpa")
    theirs, ids = spread(transformers.GPT2LMHeadModel(config)).double().train(), ids_of(V, B, T)
    ours = GPT(V, **LOADED[GPT], dropout=0.3).double().train()
    ours.load(theirs.state_dict())
    torch.manual_seed(5)
    expected = theirs(ids).logits
    torch.manual_seed(5)
    close(ours(ids), expected, EXACT)


@pytest.mark.parametrize("tied", [False, True])
def test_llama_equals_transformers_llama(tied):
    theirs, ours, ids = their_llama(tied), our_llama(tied), ids_of(V, B, T)
    ours.load(theirs.state_dict())
    close(ours(ids), theirs(ids).logits, CLOSE)
    gradients_equal(ours, theirs, CLOSE)  # float32: theirs computes its angles so


def test_rms_norm_equals_pytorchs():
    x = random(B, T, D)
    ours, theirs = RMSNorm(D, eps=1e-3).double(), nn.RMSNorm(D, eps=1e-3).double()
    spread(ours), spread(theirs)
    close(ours(x), theirs(x), EXACT)


def test_rms_norm_of_large_numbers_in_float16():
    x = (1000 * random(B, T, D)).half()  # their squares are beyond the largest, 65504
    theirs = nn.RMSNorm(D, eps=1e-5).half()
    close(RMSNorm(D).half()(x), theirs(x), 4e-3)  # eleven bits, numbers of up to 4
    assert RMSNorm(D).half()(x).dtype == torch.float16


def test_one_new_position_in_any_layout_of_the_kernel(monkeypatch):
    """On a graphics card the kernel may lay its output out as (B, T, H, K)."""
    model, ids = model_of(positions="none", n_kv_heads=H_KV), ids_of(V, B, T)
    expected, cache, kernel = model(ids), model.new_cache(B), F.scaled_dot_product_attention

    def other_layout(*given, **options):
        return kernel(*given, **options).transpose(1, 2).contiguous().transpose(1, 2)

    monkeypatch.setattr(F, "scaled_dot_product_attention", other_layout)
    model(ids[:, :-1], cache)
    close(model(ids[:, -1:], cache)[:, 0], expected[:, -1], EXACT)


def test_swiglu_and_feed_forward_are_their_equations():
    x = random(B, T, D)
    ours = spread(SwiGLU(D, WIDE, bias=True).double())
    w_g, w_1 = ours.w_1.weight.chunk(2)
    b_g, b_1 = ours.w_1.bias.chunk(2)
    close(ours(x), ours.w_2(F.silu(x @ w_g.T + b_g) * (x @ w_1.T + b_1)), EXACT)
    for name, activation in (("relu", torch.relu), ("gelu", lambda x: F.gelu(x, approximate="tanh"))):
        plain = spread(Block(Config(**PARTS, feed_forward=name)).feed_forward.double())
        close(plain(x), plain.w_2(activation(plain.w_1(x))), EXACT)


def test_as_many_key_heads_as_query_heads_is_ordinary_attention():
    config, x = Config(**PARTS), random(B, T, D)
    ours = spread(GroupedQueryAttention(config).double()).eval()
    ordinary = MultiHeadAttention(D, H).double()
    for name, weight, bias in zip("qkv", ours.w_qkv.weight.chunk(3), ours.w_qkv.bias.chunk(3), strict=True):
        getattr(ordinary, f"w_{name}").load_state_dict({"weight": weight, "bias": bias})
    ordinary.w_o.load_state_dict(ours.w_o.state_dict())
    close(ours(x), ordinary(x, may_attend=causal_mask(T)), EXACT)


def test_shared_keys_are_keys_repeated():
    x = random(B, T, D)
    grouped = spread(GroupedQueryAttention(Config(**PARTS, n_kv_heads=H_KV)).double()).eval()
    q, k, v = grouped.heads(x)
    each = [F.scaled_dot_product_attention(q[:, h], k[:, h // 2], v[:, h // 2], is_causal=True) for h in range(H)]
    close(grouped(x), grouped.w_o(torch.cat(each, dim=-1)), EXACT)


def test_first_weights_have_gpt2s_spread():
    torch.manual_seed(0)
    model = LanguageModel(Config(997, 96, 4, 8, 384, 64))
    spread_of = {name: p.std().item() for name, p in model.named_parameters() if p.ndim == 2}
    writes = [s for name, s in spread_of.items() if name.endswith(("w_o.weight", "w_2.weight"))]
    others = [s for name, s in spread_of.items() if not name.endswith(("w_o.weight", "w_2.weight"))]
    assert all(abs(s - 0.02) < 0.001 for s in others)
    assert all(abs(s - 0.02 / 4) < 0.0003 for s in writes)  # 1/√(2·8)
    assert all((p == 0).all() for name, p in model.named_parameters() if name.endswith("bias"))


def test_post_norm_has_no_norm_at_the_end():
    assert isinstance(model_of(norm_first=False).norm, nn.Identity)
    assert isinstance(model_of(norm_first=True).norm, nn.LayerNorm)


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
        block = spread(Block(Config(**PARTS, norm_first=norm_first)).double()).eval()
        if norm_first:
            middle = x + block.attention(block.norm_1(x))
            expected = middle + block.feed_forward(block.norm_2(middle))
        else:
            middle = block.norm_1(x + block.attention(x))
            expected = block.norm_2(middle + block.feed_forward(middle))
        close(block(x), expected, EXACT)


def test_parts_know_no_scale_and_no_neighbours():
    x = random(B, T, D)
    norm = spread(RMSNorm(D, eps=0.0).double())
    close(norm(5 * x), norm(x), EXACT)
    close(norm(x) / norm.weight, x / x.square().mean(dim=-1, keepdim=True).sqrt(), EXACT)
    for part in (norm, spread(SwiGLU(D, WIDE).double())):
        close(part(x)[:, 3], part(x[:, 3]), EXACT)


def test_a_block_goes_on_from_a_cache_of_its_own():
    config, x = Config(**PARTS, n_kv_heads=H_KV), random(B, T, D)
    block, cache = spread(Block(config).double()).eval(), KVCache(config, B, T, x)
    first = block(x[:, :9], append=partial(cache.append, 0))
    assert (cache.keys[1] == 0).all()  # the other layer's
    assert (cache.keys[0, :, :, 9:] == 0).all()
    cache.length = 9
    then = block(x[:, 9:], append=partial(cache.append, 0))
    close(torch.cat([first, then], dim=1), block(x), EXACT)


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_closed_gate_lets_nothing_through():
    ours = SwiGLU(D, WIDE)
    with torch.no_grad():
        ours.w_1.weight[:WIDE] = 0
    assert (ours(random(B, T, D).float()) == 0).all()


@pytest.mark.parametrize("parts", [{}, {"norm": "rms", "feed_forward": "swiglu"}], ids=["gpt", "llama"])
def test_a_block_that_says_nothing_leaves_the_stream_as_it_was(parts):
    block, x = Block(Config(**PARTS, **parts)).double(), random(B, T, D)
    for name, parameter in block.named_parameters():
        if "w_o" in name or "w_2" in name:
            nn.init.zeros_(parameter)
    close(block(x), x, 0)


def test_the_smallest_models_are_known_by_their_numbers():
    with torch.device("meta"):  # sizes without memory
        gpt, llama = GPT(), Llama(49152, **SMOLLM2)
    assert sum(p.numel() for p in gpt.parameters()) == 124_439_808
    assert sum(p.numel() for p in llama.parameters()) == 134_515_008
    assert not any(name.endswith("bias") for name, _ in llama.named_parameters())


def test_key_heads_not_told_are_as_many_as_query_heads():
    assert Config(**PARTS).kv_heads == Config(**PARTS, n_kv_heads=H).kv_heads == H
    assert Config(**PARTS).head_width == D // H


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


def test_gpts_inner_width_can_be_told():
    assert GPT(V, d_model=D, n_heads=H, n_layers=1, d_ff=WIDE).config.d_ff == WIDE
    assert GPT(V, d_model=D, n_heads=H, n_layers=1).config.d_ff == 4 * D


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
def test_parts_that_do_not_fit(wrong, message):
    with pytest.raises(ValueError, match=message):
        Config(**{**PARTS, **wrong})


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


def test_weights_of_another_size_are_refused():
    with pytest.raises(RuntimeError, match="size mismatch"):
        GPT(V, d_model=D, n_heads=H, n_layers=LAYERS, max_len=LONG + 1).load(their_gpt2().state_dict())
    with pytest.raises(KeyError, match="wte"):
        our_gpt().load({})
    sizes = {"d_model": 2 * D, "n_heads": H, "n_kv_heads": H_KV, "n_layers": LAYERS, "max_len": LONG}
    with pytest.raises(RuntimeError, match=r"size mismatch for blocks\.0\.feed_forward\.w_1\.weight"):
        Llama(V, **sizes, d_ff=WIDE + 1).load(their_llama(False).state_dict())
    with pytest.raises(KeyError, match="embed_tokens"):
        our_llama().load({})


@pytest.mark.parametrize("part", [RMSNorm(D), SwiGLU(D, WIDE), Block(Config(**PARTS))], ids=lambda p: type(p).__name__)
def test_inputs_of_another_width(part, shapes_unchecked):
    with pytest.raises(RuntimeError, match="43"):  # PyTorch's own word
        part(torch.zeros(B, T, D + 1))

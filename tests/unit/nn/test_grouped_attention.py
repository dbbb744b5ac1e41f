"""Grouped-query attention against attention whose keys are repeated, along each of its three ways to the kernel."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from reference import close, gradients, random, spread
from torch import Tensor

from llmbook.nn import GroupedQueryAttention, KVCache, MultiHeadAttention, alibi_bias, causal_mask

B, T, D, H, H_KV = 2, 13, 42, 6, 3
EXACT = 1e-10  # float64


def layer(n_kv_heads: int = H_KV, **options: object) -> GroupedQueryAttention:
    return spread(GroupedQueryAttention(D, H, n_kv_heads, **options).double()).eval()


def cache_for(max_len: int) -> KVCache:
    return KVCache(1, B, H_KV, max_len, D // H, like=random(1))


def by_hand(ours: GroupedQueryAttention, x: Tensor, score_bias: Tensor | None = None) -> Tensor:
    """Each query head by itself, over the keys of its group, with a softmax written out."""
    q, k, v = ours.split_heads(x)
    T, G = x.shape[1], ours.n_heads // ours.n_kv_heads
    heads = []
    for h in range(ours.n_heads):
        scores = q[:, h] @ k[:, h // G].transpose(1, 2) / math.sqrt(ours.head_width)
        if score_bias is not None:
            scores = scores + score_bias[h]
        weights = scores.masked_fill(~causal_mask(T), -math.inf).softmax(dim=-1)
        heads.append(weights @ v[:, h // G])
    return ours.w_o(torch.cat(heads, dim=-1))


# --- reference -------------------------------------------------------------------------------------------------


def test_as_many_key_heads_as_query_heads_is_ordinary_attention():
    x, ours = random(B, T, D), layer(H)
    ordinary = MultiHeadAttention(D, H).double()
    for name, weight, bias in zip("qkv", ours.w_qkv.weight.chunk(3), ours.w_qkv.bias.chunk(3), strict=True):
        getattr(ordinary, f"w_{name}").load_state_dict({"weight": weight, "bias": bias})
    ordinary.w_o.load_state_dict(ours.w_o.state_dict())
    close(ours(x), ordinary(x, may_attend=causal_mask(T)), EXACT)


def test_shared_keys_are_keys_repeated():
    x, grouped = random(B, T, D), layer()
    q, k, v = grouped.split_heads(x)
    each = [F.scaled_dot_product_attention(q[:, h], k[:, h // 2], v[:, h // 2], is_causal=True) for h in range(H)]
    close(grouped(x), grouped.w_o(torch.cat(each, dim=-1)), EXACT)


@torch.no_grad()
def test_one_new_position_in_any_layout_of_the_kernel(monkeypatch):
    """On a graphics card the kernel may lay its output out as (B, T, H, K)."""
    ours, x, cache = layer(), random(B, T, D), cache_for(T)
    expected, kernel = ours(x), F.scaled_dot_product_attention

    def other_layout(*given, **options):
        return kernel(*given, **options).transpose(1, 2).contiguous().transpose(1, 2)

    monkeypatch.setattr(F, "scaled_dot_product_attention", other_layout)
    ours(x[:, :-1], append=partial(cache.append, 0))
    cache.length = T - 1
    close(ours(x[:, -1:], append=partial(cache.append, 0))[:, 0], expected[:, -1], EXACT)


@pytest.mark.parametrize("n_kv_heads", [1, 2, H_KV, H])
@pytest.mark.parametrize("biased", [False, True], ids=["plain", "biased"])
def test_any_number_of_groups_is_each_head_by_itself(n_kv_heads, biased):
    ours, x = layer(n_kv_heads), random(B, T, D).requires_grad_()
    score_bias = alibi_bias(H, T).double() if biased else None
    out, expected = ours(x, score_bias=score_bias), by_hand(ours, x, score_bias)
    close(out, expected, EXACT)
    weights = [x, ours.w_qkv.weight, ours.w_o.weight]
    close(gradients(out, weights), gradients(expected, weights), EXACT)


# --- property --------------------------------------------------------------------------------------------------


@torch.no_grad()
@pytest.mark.parametrize("biased", [False, True], ids=["plain", "biased"])
@pytest.mark.parametrize("cuts", [[T], [1] * T, [5, 1, 4, 3]], ids=str)
def test_with_a_cache_as_without(cuts, biased):
    ours, x, cache = layer(), random(B, T, D), cache_for(T)
    out = []
    for piece in x.split(cuts, dim=1):
        end = cache.length + piece.shape[1]
        score_bias = alibi_bias(H, piece.shape[1], end).double() if biased else None
        out.append(ours(piece, append=partial(cache.append, 0), score_bias=score_bias))
        cache.length = end
    close(torch.cat(out, dim=1), ours(x, score_bias=alibi_bias(H, T).double() if biased else None), EXACT)


def test_rotate_turns_queries_and_keys_but_not_values():
    ours, x = layer(), random(B, T, D)
    turn = torch.linspace(0.5, 2.0, T, dtype=torch.float64)[:, None]
    plain = by_hand(ours, x)
    out = ours(x, rotate=lambda heads: turn * heads)
    q, k, v = ours.split_heads(x)
    close(out, ours.w_o(ours.attend(turn * q, turn * k, v, None).transpose(1, 2).flatten(2)), EXACT)
    assert not torch.allclose(out, plain)


@pytest.mark.parametrize(("new", "biased"), [(T, False), (T, True), (4, False), (1, True), (1, False)], ids=str)
def test_dropout_acts_on_every_way_and_only_while_training(new, biased):
    torch.manual_seed(0)
    ours, x = layer(dropout=0.5), random(B, T, D)
    score_bias = alibi_bias(H, new, T).double() if biased else None
    q, k, v = ours.split_heads(x)
    q = q[:, :, -new:]
    close(ours.attend(q, k, v, score_bias), ours.attend(q, k, v, score_bias), 0)
    ours.train()
    assert not torch.allclose(ours.attend(q, k, v, score_bias), ours.attend(q, k, v, score_bias))


# --- limit -----------------------------------------------------------------------------------------------------


def test_biases_are_there_unless_told():
    names = ["w_qkv.weight", "w_qkv.bias", "w_o.weight", "w_o.bias"]
    assert list(GroupedQueryAttention(D, H, H_KV).state_dict()) == names
    assert list(GroupedQueryAttention(D, H, H_KV, bias=False).state_dict()) == names[::2]


def test_sizes_are_those_of_the_groups():
    ours = GroupedQueryAttention(D, H, H_KV)
    assert (ours.n_heads, ours.n_kv_heads, ours.head_width) == (6, 3, 7)
    assert ours.w_qkv.weight.shape == (42 + 2 * 21, 42)
    q, k, v = ours.split_heads(torch.zeros(B, T, D))
    assert (q.shape, k.shape, v.shape) == ((B, 6, T, 7), (B, 3, T, 7), (B, 3, T, 7))


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((42, 5, 5), "d_model=42 .* n_heads=5"),
        ((42, 0, 1), "d_model=42 .* n_heads=0"),
        ((42, 6, 4), "n_heads=6 .* n_kv_heads=4"),
        ((42, 6, 12), "n_heads=6 .* n_kv_heads=12"),
        ((42, 6, 0), "n_heads=6 .* n_kv_heads=0"),
    ],
)
def test_heads_that_cannot_share(sizes, message):
    with pytest.raises(ValueError, match=message):
        GroupedQueryAttention(*sizes)

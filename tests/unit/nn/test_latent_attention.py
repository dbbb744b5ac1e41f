"""Keys and values read off one short vector: made or absorbed, cached or not, it is one layer."""

import pytest
import torch
from reference import close, gradients, random, spread

from llmbook.nn import KVCache, LatentAttention, ScaledDotProductAttention, causal_mask

D, H, C, T = 12, 3, 6, 11


def layer(d_latent: int = C, *, bias: bool = True) -> LatentAttention:
    return spread(LatentAttention(D, H, d_latent, bias=bias).double())


def x_of(T: int = T) -> torch.Tensor:
    return random(2, T, D, seed=4).requires_grad_()


# --- reference -------------------------------------------------------------------------------------------------


def test_it_is_attention_with_the_keys_and_values_written_out():
    ours, x = layer(), x_of()
    c = ours.w_down(x)
    up = ours.w_up.weight
    k, v = ((c @ part.T).unflatten(-1, (H, -1)).transpose(1, 2) for part in (up[:D], up[D:]))
    q = ours.w_q(x).unflatten(-1, (H, -1)).transpose(1, 2)
    context, _ = ScaledDotProductAttention()(q, k, v, causal_mask(T), return_weights=True)
    exact = ours.w_o(context.transpose(1, 2).flatten(2))
    close(ours(x), exact, 1e-12)  # float64
    weights = [x, *ours.parameters()]
    close(gradients(ours(x), weights), gradients(exact, weights), 1e-12)


# --- property --------------------------------------------------------------------------------------------------


def test_absorbed_it_is_the_same():
    ours, x = layer(), x_of()
    weights = [x, *ours.parameters()]
    close(ours(x, absorbed=True), ours(x), 1e-12)
    close(gradients(ours(x, absorbed=True), weights), gradients(ours(x), weights), 1e-12)


@pytest.mark.parametrize("absorbed", [False, True])
def test_behind_a_cache_of_the_latent_alone_it_is_the_same(absorbed):
    ours, x = layer(), x_of()
    cache = KVCache(1, 2, 1, T, C // 2, like=x)
    outs = []
    with torch.no_grad():
        for start, end in ((0, 4), (4, 5), (5, T)):
            outs.append(ours(x[:, start:end], lambda k, v: cache.append(0, k, v), absorbed=absorbed))
            cache.length = end
    close(torch.cat(outs, dim=1), ours(x), 1e-12)
    assert (cache.keys.numel() + cache.values.numel()) == 2 * T * C


def test_the_future_cannot_change_the_past():
    ours, x = layer(), x_of()
    other = torch.cat([x[:, :7], -x[:, 7:]], dim=1)
    close(ours(x)[:, :7], ours(other)[:, :7], 1e-12)
    assert not ours(x)[:, 7:].allclose(ours(other)[:, 7:])


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_position_reads_its_own_value():
    ours, x = layer(), x_of(1)
    close(ours(x), ours.w_o(ours.w_down(x) @ ours.w_up.weight[D:].T), 1e-12)


def test_a_latent_as_wide_as_all_keys_and_values_loses_nothing():
    ours = layer(2 * D, bias=False)
    with torch.no_grad():
        ours.w_up.weight.copy_(torch.eye(2 * D))
    x = x_of()
    q, k, v = ((x @ w.T).unflatten(-1, (H, -1)).transpose(1, 2) for w in
               (ours.w_q.weight, ours.w_down.weight[:D], ours.w_down.weight[D:]))  # fmt: skip
    full = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    close(ours(x), ours.w_o(full.transpose(1, 2).flatten(2)), 1e-12)


# --- failure ---------------------------------------------------------------------------------------------------


def test_sizes_that_do_not_fit(shapes_unchecked):
    with pytest.raises(ValueError, match="must be even, got 5"):
        LatentAttention(D, H, 5)
    with pytest.raises(ValueError, match="must be even, got 0"):
        LatentAttention(D, H, 0)
    with pytest.raises(ValueError, match="d_model=12 cannot be divided into n_heads=5"):
        LatentAttention(D, 5, C)
    with pytest.raises(ValueError, match="x is 11 wide"):
        layer()(x_of()[..., 1:])

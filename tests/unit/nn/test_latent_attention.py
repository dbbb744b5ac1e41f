"""Keys and values read off one short vector: made or absorbed, cached or not, it is one layer."""

from functools import partial

import pytest
import torch
from reference import close, gradients, random, spread

from llmbook.nn import KVCache, LatentAttention, ScaledDotProductAttention, apply_rotary, causal_mask
from llmbook.nn import precompute_freqs_cis as freqs

D, H, C, T = 12, 3, 6, 11
K = D // H


def layer(d_latent: int = C) -> LatentAttention:
    return spread(LatentAttention(D, H, d_latent).double())


def x_of(T: int = T) -> torch.Tensor:
    return random(2, T, D, seed=4).requires_grad_()


def turn(start: int = 0, n: int = T):
    return partial(apply_rotary, freqs_cis=freqs(n, K, start=start, dtype=torch.float64))


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotate", [None, turn()], ids=["unturned", "turned"])
def test_it_is_attention_with_the_keys_and_values_written_out(rotate):
    ours, x = layer(), x_of()
    c = ours.w_down(x)
    c = c / (c.square().mean(dim=-1, keepdim=True) + ours.norm.eps).sqrt() * ours.norm.weight
    up = ours.w_up.weight
    k, v = ((c @ part.T).unflatten(-1, (H, -1)).transpose(1, 2) for part in (up[:D], up[D:]))
    q, q_r = (part.unflatten(-1, (H, -1)).transpose(1, 2) for part in ours.w_q(x).split(D, dim=-1))
    k_r = ours.w_rotary(x)[:, None]
    if rotate is not None:
        q_r, k_r = rotate(q_r), rotate(k_r)
    q, k = torch.cat([q, q_r], dim=-1), torch.cat([k, k_r.expand(-1, H, -1, -1)], dim=-1)
    context, _ = ScaledDotProductAttention()(q, k, v, causal_mask(T), return_weights=True)
    exact = ours.w_o(context.transpose(1, 2).flatten(2))
    close(ours(x, rotate=rotate), exact, 1e-12)  # float64
    weights = [x, *ours.parameters()]
    close(gradients(ours(x, rotate=rotate), weights), gradients(exact, weights), 1e-12)


# --- property --------------------------------------------------------------------------------------------------


def test_absorbed_it_is_the_same():
    ours, x = layer(), x_of()
    weights = [x, *ours.parameters()]
    made, absorbed = (ours(x, rotate=turn(), absorbed=how) for how in (False, True))
    close(absorbed, made, 1e-12)
    close(gradients(absorbed, weights), gradients(made, weights), 1e-11)


@pytest.mark.parametrize("absorbed", [False, True])
def test_behind_a_cache_of_latent_and_rotary_key_it_is_the_same(absorbed):
    ours, x = layer(), x_of()
    cache = KVCache(1, 2, 1, T, (C + K) // 2, like=x)
    outs = []
    with torch.no_grad():
        for start, end in ((0, 4), (4, 5), (5, T)):
            piece, rotate = x[:, start:end], turn(start, end - start)
            outs.append(ours(piece, lambda k, v: cache.append(0, k, v), rotate, absorbed=absorbed))
            cache.length = end
    close(torch.cat(outs, dim=1), ours(x, rotate=turn()), 1e-12)
    assert cache.keys.numel() + cache.values.numel() == 2 * T * (C + K)


def test_the_future_cannot_change_the_past():
    ours, x = layer(), x_of()
    other = torch.cat([x[:, :7], -x[:, 7:]], dim=1)
    close(ours(x)[:, :7], ours(other)[:, :7], 1e-12)
    assert not ours(x)[:, 7:].allclose(ours(other)[:, 7:])


def test_only_distances_count():
    ours, x = layer(), x_of()
    close(ours(x, rotate=turn(5)), ours(x, rotate=turn()), 1e-12)
    assert not ours(x, rotate=turn()).allclose(ours(x))


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_position_reads_its_own_value():
    ours, x = layer(), x_of(1)
    close(ours(x), ours.w_o(ours.norm(ours.w_down(x)) @ ours.w_up.weight[D:].T), 1e-12)


# --- failure ---------------------------------------------------------------------------------------------------


def test_sizes_that_do_not_fit(shapes_unchecked):
    with pytest.raises(ValueError, match="even sum, got 5, 4"):
        LatentAttention(D, H, 5)
    with pytest.raises(ValueError, match="even sum, got 0, 4"):
        LatentAttention(D, H, 0)
    with pytest.raises(ValueError, match="d_model=12 cannot be divided into n_heads=5"):
        LatentAttention(D, 5, C)
    with pytest.raises(ValueError, match="x is 11 wide"):
        layer()(x_of()[..., 1:])

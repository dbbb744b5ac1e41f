"""A model in fewer bits: what its matrices read, matrices changed and given back, and a cache that is rounded."""

import pytest
import torch
from reference import close, ids_of, random, spread

from llmbook.compression import RoundedCache, Scheme, matrices, read_inputs, replaced, rounded
from llmbook.models import GPT, Llama

V = 13


def small() -> GPT:
    return spread(GPT(V, d_model=12, n_heads=3, n_layers=2, max_len=11), seed=1).eval().requires_grad_(False)


def grouped() -> Llama:
    sizes = {"d_model": 24, "n_heads": 6, "n_kv_heads": 2, "n_layers": 2, "d_ff": 20, "max_len": 11}
    return spread(Llama(V, **sizes), seed=2).eval().requires_grad_(False)


# --- reference -------------------------------------------------------------------------------------------------


def test_what_a_matrix_reads():
    """The first matrix reads the normalised embedding; more ids of one window count as those of several."""
    model, ids = small(), ids_of(V, 3, 7)
    found = read_inputs(model, ids)
    assert set(found) == set(matrices(model))
    x = model.blocks[0].norm_1(model.positions(model.embedding(ids), 0)).flatten(0, 1)
    close(found["0.attention.w_qkv"].moment, x.T @ x / len(x), 1e-5)
    close(found["0.attention.w_qkv"].sizes, x.abs().mean(dim=0), 1e-5)
    close(found["0.attention.w_qkv"].largest, x.abs().amax(dim=0), 1e-6)
    assert not any(layer._forward_pre_hooks for layer in matrices(model).values()), "a hook was left"


# --- property --------------------------------------------------------------------------------------------------


def test_other_matrices_are_used_and_given_back():
    model, ids = small(), ids_of(V, 2, 7)
    before = model(ids)
    new = {name: rounded(layer.weight, Scheme(bits=2)) for name, layer in matrices(model).items()}
    with replaced(model, new):
        assert (model(ids) - before).abs().max() > 1e-2
        assert matrices(model)["1.feed_forward.w_2"].weight.equal(new["1.feed_forward.w_2"])
    assert model(ids).equal(before)
    with pytest.raises(RuntimeError, match="on purpose"), replaced(model, new):
        raise RuntimeError("on purpose")
    assert model(ids).equal(before)


@pytest.mark.parametrize("by_channel", [(), ("keys",), ("keys", "values")])
def test_a_rounded_cache_keeps_what_is_on_the_grid(by_channel):
    model, scheme = grouped(), Scheme(bits=3, group=2, offset="free")
    k, v = (random(2, 2, 6, 4, seed=seed).float() for seed in (0, 1))
    cache = RoundedCache(model, 2, 11, keys=scheme, values=scheme, by_channel=by_channel)
    keys, values = cache.append(0, k, v)
    for name, given, kept in (("keys", k, keys), ("values", v, values)):
        turned = given.transpose(2, 3) if name in by_channel else given
        expected = rounded(turned.contiguous(), scheme)
        close(kept, expected.transpose(2, 3) if name in by_channel else expected, 0)
    assert cache.keys[0, :, :, 6:].abs().max() == 0


def test_fewer_bits_in_the_cache_change_more():
    model, ids = grouped(), ids_of(V, 2, 8)
    exact = model(ids)

    def off(bits: int) -> float:
        scheme = Scheme(bits=bits, group=4, offset="free")
        return (model(ids, RoundedCache(model, 2, 8, keys=scheme, values=scheme)) - exact).abs().mean().item()

    assert 0 < off(8) < 0.2 * off(4) < 0.2 * off(2)


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_cache_that_rounds_nothing_is_a_cache():
    model, ids = grouped(), ids_of(V, 2, 8)
    assert model(ids, RoundedCache(model, 2, 8)).equal(model(ids, model.new_cache(2, 8)))


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shape"), [("2.attention.w_o", (12, 12)), ("0.attention.w_o", (12, 11))])
def test_a_matrix_that_the_model_does_not_have_is_refused(name, shape):
    with pytest.raises(ValueError, match="no matrix"), replaced(small(), {name: torch.zeros(shape)}):
        pass

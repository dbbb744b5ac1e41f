"""Queries and keys read out of models of every kind: their weights are those that the model used."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llmbook.models.bert import Bert, BertForPreTraining
from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.models.encoder_decoder import Transformer
from llmbook.nn import attention_weights, causal_mask, record_attention
from llmbook.pages import read_heads
from llmbook.pages.read_heads import is_causal, queries_and_keys

IDS = [3, 1, 4, 1, 5, 9, 2]


def causal_lm(**options) -> CausalLM:
    sizes = {"vocab": 11, "d_model": 24, "n_heads": 6, "n_layers": 3, "d_ff": 13, "max_len": 17}
    return CausalLM(CausalLMConfig(**{**sizes, **options}))


def bert() -> Bert:
    return Bert(11, d_model=15, n_heads=5, n_layers=2, d_ff=13, max_len=17)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_berts_weights_are_those_it_records(wrapped):
    torch.manual_seed(0)
    model = BertForPreTraining(bert()) if wrapped else bert()
    q, k = queries_and_keys(model.train(), IDS)
    assert q.shape == k.shape == (2, 5, 7, 3)
    assert not is_causal(model)
    assert model.training  # as it was
    inner = model.bert if wrapped else model
    with record_attention(*[layer.self_attention for layer in inner.encoder.layers]) as recorded:
        inner.eval()(torch.tensor([IDS]))
    assert_close(attention_weights(q, k), torch.cat(recorded))


def test_a_translators_heads_are_its_encoders():
    torch.manual_seed(0)
    model = Transformer(11, 13, d_model=15, n_heads=5, n_layers=2, d_ff=13, max_len=17).eval()
    q, k = queries_and_keys(model, IDS)
    with record_attention(*[layer.self_attention for layer in model.encoder.layers]) as recorded:
        model.encode(torch.tensor([IDS]))
    assert_close(attention_weights(q, k), torch.cat(recorded))


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned", "rotary"])
@pytest.mark.parametrize("n_kv_heads", [2, 6])
def test_a_gpts_outputs_follow_from_them(positions, n_kv_heads):
    """Put into the place of a layer's own attention, they give the same logits."""
    torch.manual_seed(0)
    model = causal_lm(positions=positions, n_kv_heads=n_kv_heads).eval()
    q, k = queries_and_keys(model, IDS)
    assert (q.shape, k.shape) == ((3, 6, 7, 4), (3, n_kv_heads, 7, 4))
    assert is_causal(model)
    logits = model(torch.tensor([IDS]))
    for layer, block in enumerate(model.blocks):

        def attend(_q, _k, v, _bias, layer=layer):
            wide = [x.repeat_interleave(6 // n_kv_heads, dim=-3) for x in (k[layer], v)]
            return attention_weights(q[layer], wide[0], causal_mask(7)) @ wide[1]

        block.attention.attend = attend
    assert_close(model(torch.tensor([IDS])), logits)


def test_hooks_are_gone_afterwards():
    model = causal_lm()
    queries_and_keys(model, IDS)
    with pytest.raises(IndexError):
        queries_and_keys(model, [11])
    assert not any(module._forward_hooks for module in model.modules())


def test_numbers_that_the_layer_did_not_use_are_noticed(monkeypatch):
    torch.manual_seed(0)
    model = causal_lm()
    for weight in model.parameters():
        nn.init.normal_(weight)
    monkeypatch.setattr(read_heads, "split", lambda layer, x: [part + 1 for part in layer.split_heads(x)])
    with pytest.raises(AssertionError, match="not the heads the layer used"):
        queries_and_keys(model, IDS)


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="the heads of a Linear cannot be read"):
        queries_and_keys(nn.Linear(2, 2), IDS)
    with pytest.raises(ValueError, match="at least one id"):
        queries_and_keys(causal_lm(), [])
    with pytest.raises(ValueError, match="a bias on its scores"):
        queries_and_keys(causal_lm(positions="alibi"), IDS)

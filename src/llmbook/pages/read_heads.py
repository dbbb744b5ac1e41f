"""Queries and keys of all heads while a model reads a text.

A hook writes down what each layer of attention was given and what it returned; from the same input queries and keys are
computed a second time. Whoever reads numbers out beside the model can read the wrong ones, so the weights go on to the
end, to A V W^O, which must be what the layer returned. Left out: cross-attention, and a translator's decoder.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.models.bert import Bert, BertForPreTraining
from llmbook.models.causal_lm import CausalLM
from llmbook.models.encoder_decoder import Transformer
from llmbook.nn.attention import MultiHeadAttention, attention_weights
from llmbook.nn.grouped_attention import GroupedQueryAttention
from llmbook.nn.masks import causal_mask

Call = tuple[nn.Module, tuple[Any, ...], dict[str, Any], Tensor]
Heads = tuple[Float[Tensor, "L H T d_k"], Float[Tensor, "L H_kv T d_k"]]


def is_causal(model: nn.Module) -> bool:
    """Whether its heads see the past only. Raises ``ValueError`` for a model whose heads cannot be read here."""
    if isinstance(model, CausalLM):
        return True
    if isinstance(model, Bert | BertForPreTraining | Transformer):
        return False
    raise ValueError(
        f"the heads of a {type(model).__name__} cannot be read; those of a CausalLM, Bert, Transformer can"
    )


def queries_and_keys(model: nn.Module, ids: Sequence[int]) -> Heads:
    """Q and K of every layer, turned by their positions where those are rotary; of a translator, the encoder's.

    Raises ``ValueError`` for another model, for no ids, and where positions are a bias on scores (ALiBi), which Q and
    K do not hold.
    """
    causal = is_causal(model)
    if not len(ids):
        raise ValueError("a model reads at least one id, got none")
    run = model.encode if isinstance(model, Transformer) else model
    kinds = (GroupedQueryAttention, MultiHeadAttention)
    calls: list[Call] = []
    hooks = [
        layer.register_forward_hook(lambda *call: calls.append(call), with_kwargs=True)
        for layer in model.modules()
        if isinstance(layer, kinds)
    ]
    training = model.training
    try:
        with torch.no_grad():
            model.eval()
            run(torch.tensor([list(ids)]))
            read = [read_layer(*call, causal=causal) for call in calls]
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    q, k = zip(*read, strict=True)
    return torch.stack(q), torch.stack(k)


def read_layer(
    layer: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any], output: Tensor, *, causal: bool
) -> tuple[Tensor, Tensor]:
    """Q (H, T, d_k) and K (H_kv, T, d_k) of one layer, checked by what it returned."""
    if options.get("score_bias") is not None:
        raise ValueError("the positions of this model are a bias on its scores, which queries and keys do not hold")
    q, k, v = split(layer, inputs[0])
    rotate = options.get("rotate") or (lambda heads: heads)
    q, k = rotate(q), rotate(k)

    group = q.shape[1] // k.shape[1]
    wide_k, wide_v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
    a = attention_weights(q, wide_k, causal_mask(q.shape[2]) if causal else None)
    again = layer.get_submodule("w_o")((a @ wide_v).transpose(1, 2).flatten(2))
    torch.testing.assert_close(again, output, rtol=1e-3, atol=1e-4, msg="these are not the heads the layer used")
    return q[0], k[0]


def split(layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    if isinstance(layer, GroupedQueryAttention):
        return layer.split_heads(x)
    assert isinstance(layer, MultiHeadAttention)
    q, k, v = (layer.split_heads(w(x)) for w in (layer.w_q, layer.w_k, layer.w_v))
    return q, k, v

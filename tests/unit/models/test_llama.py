"""Llama against ``transformers``, with the same weights."""

import pytest
import torch
import transformers
from reference import close, ids_of, spread, weight_gradients_equal
from torch import Tensor

from llmbook.models import Llama
from llmbook.nn import half_to_interleaved

B, T, V, D, H, H_KV, LAYERS, WIDE, LONG = 2, 13, 89, 84, 6, 3, 3, 53, 31
CLOSE = 1e-5  # float32, logits of a few units: theirs computes its angles so
SIZES = {"d_model": D, "n_heads": H, "n_kv_heads": H_KV, "n_layers": LAYERS, "d_ff": WIDE, "max_len": LONG}
NUMBERS = {"rope_base": 5003.0, "eps": 1e-4}
SMOLLM2 = {"d_model": 576, "n_heads": 9, "n_kv_heads": 3, "n_layers": 30, "d_ff": 1536, "max_len": 2048, "tied": True}


def their_llama(tied: bool) -> transformers.LlamaForCausalLM:
    sizes = {"vocab_size": V, "hidden_size": D, "intermediate_size": WIDE, "num_hidden_layers": LAYERS}
    heads = {"num_attention_heads": H, "num_key_value_heads": H_KV, "max_position_embeddings": LONG}
    config = transformers.LlamaConfig(**sizes, **heads, rope_theta=5003.0, rms_norm_eps=1e-4, tie_word_embeddings=tied)
    return spread(transformers.LlamaForCausalLM(config)).eval()


def our_llama(tied: bool = False) -> Llama:
    return Llama(V, **SIZES, **NUMBERS, tied=tied).eval()


@pytest.mark.parametrize("tied", [False, True])
def test_llama_equals_transformers_llama(tied):
    theirs, ours, ids = their_llama(tied), our_llama(tied), ids_of(V, B, T)
    ours.load_transformers(theirs.state_dict())
    close(ours(ids), theirs(ids).logits, CLOSE)
    weight_gradients_equal(ours, theirs, our_llama(tied), ids, CLOSE)


def gguf_name(name: str) -> str:
    """What a GGUF file calls a weight of ``transformers``."""
    parts = {"embed_tokens": "token_embd", "layers": "blk", "lm_head": "output", "norm": "output_norm"}
    parts |= {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "o_proj": "attn_output"}
    parts |= {f"{x}_proj": f"attn_{x}" for x in "qkv"} | {f"{x}_proj": f"ffn_{x}" for x in ("gate", "up", "down")}
    kept = [part for part in name.split(".") if part not in ("model", "self_attn", "mlp")]
    return ".".join(parts.get(part, part) for part in kept)


def in_our_order(w_qkv: Tensor) -> Tensor:
    D_kv = H_KV * D // H
    q, k, v = w_qkv.detach().split([D, D_kv, D_kv])
    return torch.cat([half_to_interleaved(q, H), half_to_interleaved(k, H_KV), v])


@pytest.mark.parametrize("tied", [False, True])
def test_a_gguf_files_names_lead_to_the_same_places(tied):
    """But for the order of rows of queries and keys: such files hold them in ours."""
    first, second = our_llama(tied), our_llama(tied)
    weights = their_llama(tied).state_dict()
    first.load_transformers(weights)
    stored = {gguf_name(name): weight for name, weight in weights.items()}
    second.load_gguf(lambda names: torch.cat([stored[name] for name in names]))
    for (name, expected), (_, read) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        close(in_our_order(read) if "w_qkv" in name else read.detach(), expected.detach(), 0)
    assert (second.output.weight is second.embedding.weight) == tied
    with pytest.raises(RuntimeError, match="size mismatch"):
        Llama(V, **{**SIZES, "d_ff": WIDE + 1}, tied=tied).load_gguf(
            lambda names: torch.cat([stored[n] for n in names])
        )


def test_smollm2_is_known_by_its_number():
    with torch.device("meta"):  # sizes without memory
        llama = Llama(49152, **SMOLLM2)
    assert sum(p.numel() for p in llama.parameters()) == 134_515_008
    assert not any(name.endswith("bias") for name, _ in llama.named_parameters())


def test_weights_of_another_size_are_refused():
    with pytest.raises(RuntimeError, match=r"size mismatch for blocks\.0\.feed_forward\.w_1\.weight"):
        Llama(V, **{**SIZES, "d_ff": WIDE + 1}).load_transformers(their_llama(False).state_dict())
    with pytest.raises(KeyError, match="embed_tokens"):
        our_llama().load_transformers({})

r"""Llama as a configuration of ``causal_lm.CausalLM``, and its weights by two sets of names.

    rotary positions · RMSNorm before each part · SwiGLU · grouped-query attention · no biases

Source: Touvron et al., *LLaMA: Open and Efficient Foundation Language Models* (2023), section 2.2; grouped queries
from *Llama 2* (2023), section 2.2. SmolLM2, which this book talks to, is a Llama by this definition.

``transformers`` pairs rotary coordinates j and j + K/2; GGUF files of this family pair 2j and 2j+1, as we do. So rows
of W_Q and W_K from ``transformers`` are reordered. Left out: a checkpoint's own rotary scaling.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.models.foreign_weights import check_shapes, foreign_names, load_weights
from llmbook.nn.rotary import half_to_interleaved

TRANSFORMERS = {  # ours: theirs, see foreign_weights
    "embedding": "model.embed_tokens",
    "blocks.{}.norm_1": "model.layers.{}.input_layernorm",
    "blocks.{}.attention.w_qkv": " ".join(f"model.layers.{{}}.self_attn.{x}_proj" for x in "qkv"),
    "blocks.{}.attention.w_o": "model.layers.{}.self_attn.o_proj",
    "blocks.{}.norm_2": "model.layers.{}.post_attention_layernorm",
    "blocks.{}.feed_forward.w_1": "model.layers.{}.mlp.gate_proj model.layers.{}.mlp.up_proj",
    "blocks.{}.feed_forward.w_2": "model.layers.{}.mlp.down_proj",
    "norm": "model.norm",
    "output": "lm_head",
}
GGUF = {
    "embedding": "token_embd",
    "blocks.{}.norm_1": "blk.{}.attn_norm",
    "blocks.{}.attention.w_qkv": "blk.{}.attn_q blk.{}.attn_k blk.{}.attn_v",
    "blocks.{}.attention.w_o": "blk.{}.attn_output",
    "blocks.{}.norm_2": "blk.{}.ffn_norm",
    "blocks.{}.feed_forward.w_1": "blk.{}.ffn_gate blk.{}.ffn_up",
    "blocks.{}.feed_forward.w_2": "blk.{}.ffn_down",
    "norm": "output_norm",
    "output": "output",
}


class Llama(CausalLM):
    """A Llama of any size: ``sizes`` are fields of ``CausalLMConfig``. Raises ``ValueError`` where they do not fit."""

    def __init__(self, vocab: int, *, tied: bool = False, **sizes: Any) -> None:
        parts: dict[str, Any] = {"norm": "rms", "feed_forward": "swiglu", "positions": "rotary", "bias": False}
        super().__init__(CausalLMConfig(vocab=vocab, tied=tied, **{**parts, **sizes}))

    def load_transformers(self, weights: Mapping[str, Tensor]) -> None:
        """Copy a ``transformers`` ``LlamaForCausalLM.state_dict()``; raises as ``foreign_weights.load_weights``."""

        def interleave(name: str, weight: Tensor) -> Tensor:
            heads = {"q_proj": self.config.n_heads, "k_proj": self.config.kv_heads}.get(name.split(".")[-2])
            return half_to_interleaved(weight, heads) if heads else weight

        load_weights(self, TRANSFORMERS, weights, interleave)

    def load_gguf(self, read: Callable[[list[str]], Tensor]) -> None:
        """Take over, uncopied, the float32 rows ``read`` stacks for GGUF names; ``RuntimeError`` for other shapes."""
        state = {ours: read(names) for ours, names in foreign_names(self, GGUF).items()}
        check_shapes(self, state)
        self.load_state_dict(state, strict=False, assign=True)

r"""Llama as a configuration of ``decoder.LanguageModel``, and its weights by two sets of names.

    rotary positions · RMSNorm before each part · SwiGLU · grouped-query attention · no biases

Source: Touvron et al., *LLaMA: Open and Efficient Foundation Language Models* (2023), section 2.2; grouped queries
from *Llama 2* (2023), section 2.2. SmolLM2, which this book talks to, is a Llama by this definition.

``transformers`` pairs rotary coordinates j and j + K/2, a GGUF file of the llama family 2j and 2j+1, as we do: rows of
W_Q and W_K from the first are reordered. Left out: rotary scaling for contexts longer than those trained on.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from llmbook.decoder import Config, LanguageModel
from llmbook.positions import half_to_interleaved

TRANSFORMERS = {
    "embedding.weight": ["model.embed_tokens.weight"],
    "norm.weight": ["model.norm.weight"],
    "output.weight": ["lm_head.weight"],
    "norm_1.weight": ["model.layers.{}.input_layernorm.weight"],
    "attention.w_qkv.weight": [f"model.layers.{{}}.self_attn.{x}_proj.weight" for x in "qkv"],
    "attention.w_o.weight": ["model.layers.{}.self_attn.o_proj.weight"],
    "norm_2.weight": ["model.layers.{}.post_attention_layernorm.weight"],
    "feed_forward.w_1.weight": [f"model.layers.{{}}.mlp.{x}_proj.weight" for x in ("gate", "up")],
    "feed_forward.w_2.weight": ["model.layers.{}.mlp.down_proj.weight"],
}
GGUF = {
    "embedding.weight": ["token_embd.weight"],
    "norm.weight": ["output_norm.weight"],
    "output.weight": ["output.weight"],
    "norm_1.weight": ["blk.{}.attn_norm.weight"],
    "attention.w_qkv.weight": [f"blk.{{}}.attn_{x}.weight" for x in "qkv"],
    "attention.w_o.weight": ["blk.{}.attn_output.weight"],
    "norm_2.weight": ["blk.{}.ffn_norm.weight"],
    "feed_forward.w_1.weight": ["blk.{}.ffn_gate.weight", "blk.{}.ffn_up.weight"],
    "feed_forward.w_2.weight": ["blk.{}.ffn_down.weight"],
}


class Llama(LanguageModel):
    """A Llama of any size: ``sizes`` are fields of ``decoder.Config``. Raises ``ValueError`` where they do not fit."""

    def __init__(self, vocab: int, **sizes: object) -> None:
        parts = {"norm": "rms", "feed_forward": "swiglu", "positions": "rotary", "bias": False, "tied": False}
        super().__init__(Config(vocab, **{**parts, **sizes}))

    def load(self, theirs: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``transformers`` ``LlamaForCausalLM.state_dict()`` of the same sizes."""

        def one(name: str) -> Tensor:
            heads = {"q_proj": self.config.n_heads, "k_proj": self.config.kv_heads}.get(name.split(".")[-2])
            return half_to_interleaved(theirs[name], heads) if heads else theirs[name].clone()

        self.take(TRANSFORMERS, lambda names: torch.cat([one(name) for name in names]))

    def load_gguf(self, read: Callable[[list[str]], Tensor]) -> None:
        """Take the weights that ``read`` returns, in float32, for some of a GGUF file's names, one below the other."""
        self.take(GGUF, read)

    def take(self, names: dict[str, list[str]], read: Callable[[list[str]], Tensor]) -> None:
        """Fill the model from ``read``, one weight after the other; the model takes them over without a copy.

        Raises ``RuntimeError`` naming a weight of another shape.
        """
        state = {}
        for ours in self.state_dict():
            if ours == "output.weight" and self.config.tied:
                state[ours] = state["embedding.weight"]
                continue
            block, part = re.fullmatch(r"(?:blocks\.(\d+)\.)?(.*)", ours).groups()
            state[ours] = read([name.format(block) for name in names[part]])
        self.load_state_dict(state, assign=True)
        if self.config.tied:
            self.output.weight = self.embedding.weight

r"""GPT-2 as a configuration of ``causal_lm.CausalLM``, and its weights by the names ``transformers`` gives them.

    learned positions · LayerNorm before each part · gelu, tanh form · biases · output tied to the embedding

Source: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3 and table 2; GPT-3
(Brown et al., 2020, table 2.1) has the same shape. Left out: GPT-3's alternating sparse attention.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.models.foreign_weights import load_weights

TRANSFORMERS = {  # ours: theirs, see foreign_weights
    "embedding": "transformer.wte",
    "positions.added.table": "transformer.wpe.weight",
    "blocks.{}.norm_1": "transformer.h.{}.ln_1",
    "blocks.{}.attention.w_qkv": "transformer.h.{}.attn.c_attn",
    "blocks.{}.attention.w_o": "transformer.h.{}.attn.c_proj",
    "blocks.{}.norm_2": "transformer.h.{}.ln_2",
    "blocks.{}.feed_forward.w_1": "transformer.h.{}.mlp.c_fc",
    "blocks.{}.feed_forward.w_2": "transformer.h.{}.mlp.c_proj",
    "norm": "transformer.ln_f",
    "output": "lm_head",
}


class GPT(CausalLM):
    """A GPT-2 of any size, the smallest of 2019 unless told: 124 million parameters. See ``CausalLMConfig``."""

    def __init__(
        self,
        vocab: int = 50257,
        *,
        d_model: int = 768,
        n_heads: int = 12,
        n_layers: int = 12,
        d_ff: int | None = None,
        max_len: int = 1024,
        **options: Any,
    ) -> None:
        """``d_ff`` is 4 d_model unless told; ``options`` are other fields of ``CausalLMConfig``."""
        sizes = {"vocab": vocab, "d_model": d_model, "n_heads": n_heads, "n_layers": n_layers, "max_len": max_len}
        super().__init__(CausalLMConfig(**sizes, d_ff=4 * d_model if d_ff is None else d_ff, **options))

    def load_transformers(self, weights: Mapping[str, Tensor]) -> None:
        """Copy a ``transformers`` ``GPT2LMHeadModel.state_dict()``; raises as ``foreign_weights.load_weights`` does."""
        load_weights(self, TRANSFORMERS, weights, transpose_inside_blocks)


def transpose_inside_blocks(name: str, weight: Tensor) -> Tensor:
    """Their linear layers inside the blocks store the matrix the other way round: x W, not x Wᵀ."""
    return weight.t() if ".c_" in name else weight

r"""GPT-2 as a configuration of ``decoder.LanguageModel``, and its weights by the names ``transformers`` gives them.

    learned positions · LayerNorm before each part · gelu, tanh form · biases · output tied to the embedding

Source: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3 and table 2; GPT-3
(Brown et al., 2020, table 2.1) has the same shape. Left out: GPT-3's alternating sparse attention.
"""

from collections.abc import Mapping

from torch import Tensor

from llmbook.decoder import Config, LanguageModel
from llmbook.weights import take

TRANSFORMERS = {  # ours: theirs, see weights
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


class GPT(LanguageModel):
    """A GPT-2 of any size, the smallest of 2019 unless told: 124 million parameters. See ``decoder.Config``."""

    def __init__(
        self, vocab: int = 50257, *, d_model: int = 768, n_heads: int = 12, n_layers: int = 12, **more
    ) -> None:
        super().__init__(Config(vocab, d_model, n_heads, n_layers, **{"d_ff": 4 * d_model, "max_len": 1024, **more}))

    def load(self, theirs: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``transformers`` ``GPT2LMHeadModel.state_dict()``; raises as ``weights.take`` does."""
        # Their linear layers inside the blocks store the matrix the other way round: x W, not x Wᵀ.
        take(self, TRANSFORMERS, theirs, lambda name, weight: weight.t() if ".c_" in name else weight)

r"""GPT-2 as a configuration of ``decoder.LanguageModel``, and its weights by the names ``transformers`` gives them.

    learned positions · LayerNorm before each part · gelu, tanh form · biases · output tied to the embedding

Source: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3 and table 2; GPT-3
(Brown et al., 2020, table 2.1) has the same shape. Left out: GPT-3's alternating sparse attention.
"""

from collections.abc import Mapping

from torch import Tensor

from llmbook.decoder import Config, LanguageModel

NAMES = {  # ours: theirs, one block's
    "norm_1.weight": "ln_1.weight",
    "norm_1.bias": "ln_1.bias",
    "attention.w_qkv.weight": "attn.c_attn.weight",
    "attention.w_qkv.bias": "attn.c_attn.bias",
    "attention.w_o.weight": "attn.c_proj.weight",
    "attention.w_o.bias": "attn.c_proj.bias",
    "norm_2.weight": "ln_2.weight",
    "norm_2.bias": "ln_2.bias",
    "feed_forward.w_in.weight": "mlp.c_fc.weight",
    "feed_forward.w_in.bias": "mlp.c_fc.bias",
    "feed_forward.w_out.weight": "mlp.c_proj.weight",
    "feed_forward.w_out.bias": "mlp.c_proj.bias",
}
OUTSIDE = {
    "embedding.weight": "wte.weight",
    "output.weight": "wte.weight",
    "learned.table": "wpe.weight",
    "norm.weight": "ln_f.weight",
    "norm.bias": "ln_f.bias",
}


class GPT(LanguageModel):
    """A GPT-2 of any size; the defaults are those of the smallest of 2019, 124 million parameters."""

    def __init__(
        self,
        vocab: int = 50257,
        *,
        d_model: int = 768,
        n_heads: int = 12,
        n_layers: int = 12,
        max_len: int = 1024,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(Config(vocab, d_model, n_heads, n_layers, 4 * d_model, max_len, dropout=dropout))

    def load(self, theirs: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``transformers`` ``GPT2LMHeadModel.state_dict()`` of the same sizes.

        Raises ``KeyError`` for a weight that is missing and ``RuntimeError`` for one of another shape.
        """
        names = OUTSIDE | {
            f"blocks.{i}.{ours}": f"h.{i}.{name}" for i in range(self.config.n_layers) for ours, name in NAMES.items()
        }
        weights = {ours: theirs[f"transformer.{name}"] for ours, name in names.items()}
        # Their linear layers store the matrix the other way round: x W, not x Wᵀ.
        turned = {ours for ours in names if ".w_" in ours and ours.endswith("weight")}
        self.load_state_dict({ours: w.T if ours in turned else w for ours, w in weights.items()})

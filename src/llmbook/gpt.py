r"""GPT-2 as a configuration of ``decoder.LanguageModel``, and its weights by the names ``transformers`` gives them.

    learned positions · LayerNorm before each part · gelu, tanh form · biases · output tied to the embedding

Source: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3 and table 2; GPT-3
(Brown et al., 2020, table 2.1) has the same shape. Left out: GPT-3's alternating sparse attention.
"""

from collections.abc import Mapping

from torch import Tensor

from llmbook.decoder import Config, LanguageModel

NAMES = {  # ours: theirs, of one block
    "norm_1": "ln_1",
    "attention.w_qkv": "attn.c_attn",
    "attention.w_o": "attn.c_proj",
    "norm_2": "ln_2",
    "feed_forward.w_1": "mlp.c_fc",
    "feed_forward.w_2": "mlp.c_proj",
}
OUTSIDE = {"embedding": "wte", "output": "wte", "positions.added": "wpe", "norm": "ln_f"}


class GPT(LanguageModel):
    """A GPT-2 of any size, the smallest of 2019 unless told: 124 million parameters. See ``decoder.Config``."""

    def __init__(
        self, vocab: int = 50257, *, d_model: int = 768, n_heads: int = 12, n_layers: int = 12, **more
    ) -> None:
        super().__init__(Config(vocab, d_model, n_heads, n_layers, 4 * d_model, **{"max_len": 1024, **more}))

    def load(self, theirs: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``transformers`` ``GPT2LMHeadModel.state_dict()`` of the same sizes.

        Raises ``KeyError`` for a weight that is missing and ``RuntimeError`` for one of another shape.
        """
        names = OUTSIDE | {
            f"blocks.{i}.{ours}": f"h.{i}.{name}" for i in range(self.config.n_layers) for ours, name in NAMES.items()
        }
        state = {}
        for ours in self.state_dict():
            part, kind = ours.replace("table", "weight").rsplit(".", 1)
            weight = theirs[f"transformer.{names[part]}.{kind}"]
            # Their linear layers store the matrix the other way round: x W, not x Wᵀ.
            state[ours] = weight.T if ".w_" in part and kind == "weight" else weight
        self.load_state_dict(state)

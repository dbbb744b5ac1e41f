r"""The causal language model, with each of its parts chosen by name: from GPT-2 to the models in use today.

    x ← x + Attention(Norm(x)),   x ← x + FFN(Norm(x)),   logits = Norm(x) Eᵀ

It is also called decoder-only: the decoder of 2017 without the attention to an encoder, which it does not have.

Sources: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3; Touvron et al.,
*LLaMA* (2023), section 2.2, for the parts that came since (see ``nn``). Sizes as in ``nn.attention``; ``H_kv`` heads of
keys and values. Left out: mixtures of experts.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, Unpack, get_args

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.nn.cache import KVCache
from llmbook.nn.feed_forward import Activation, PositionwiseFeedForward, SwiGLU
from llmbook.nn.grouped_attention import AttentionArguments, GroupedQueryAttention, check_groups
from llmbook.nn.norms import RMSNorm
from llmbook.nn.positions import KINDS, PositionKind, Positions, check_length

Norm = Literal["layer", "rms"]
FeedForward = Literal["relu", "gelu", "swiglu"]
GELU_TANH: Activation = partial(F.gelu, approximate="tanh")  # GPT-2's form


@dataclass(frozen=True, kw_only=True)
class CausalLMConfig:
    """A model's sizes and parts. Raises ``ValueError`` for what does not fit or is not known."""

    vocab: int  # n_vocab, how many ids there are
    d_model: int  # D, width of the residual stream
    n_heads: int  # H, query heads
    n_layers: int
    d_ff: int  # F, width inside the feed-forward layer
    max_len: int  # longest sequence, cached positions included
    n_kv_heads: int | None = None  # heads of keys and values; as many as query heads where not told
    norm: Norm = "layer"
    norm_first: bool = True  # False: post-norm, as in 2017
    feed_forward: FeedForward = "gelu"  # in GPT-2's tanh form
    positions: PositionKind = "learned"
    rope_base: float = 10000.0  # of rotary positions
    bias: bool = True  # whether the linear layers have one
    tied: bool = True  # whether the output shares the embedding's matrix
    dropout: float = 0.0
    eps: float = 1e-5  # ε of the norms

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in ("vocab", "d_model", "n_layers", "d_ff", "max_len")}
        if min(sizes.values()) < 1:
            raise ValueError(f"sizes must be at least 1, got {sizes}")
        check_groups(self.d_model, self.n_heads, self.kv_heads)
        choices = {"norm": get_args(Norm), "feed_forward": get_args(FeedForward), "positions": KINDS}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {getattr(self, name)!r}")
        if self.positions == "rotary" and self.head_width % 2:
            raise ValueError(f"rotary positions need heads of even width, got d_model / n_heads = {self.head_width}")

    @property
    def kv_heads(self) -> int:
        """H_kv, the heads of keys and values."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def head_width(self) -> int:
        """d_k, the width of one head."""
        return self.d_model // self.n_heads


class Block(nn.Module):
    """Attention and feed-forward, each added to the residual stream, normalised before (or after, as in 2017)."""

    def __init__(self, config: CausalLMConfig) -> None:
        super().__init__()
        self.norm_1 = make_norm(config)
        self.norm_2 = make_norm(config)
        self.attention = GroupedQueryAttention(
            config.d_model, config.n_heads, config.kv_heads, bias=config.bias, dropout=config.dropout
        )
        self.feed_forward = make_feed_forward(config)
        self.dropout = nn.Dropout(config.dropout)
        self.norm_first = config.norm_first

    def forward(self, x: Float[Tensor, "B T D"], **options: Unpack[AttentionArguments]) -> Float[Tensor, "B T D"]:
        """``options`` go to the attention: its positions, and the cache behind ``append``."""
        if self.norm_first:
            x = x + self.dropout(self.attention(self.norm_1(x), **options))
            return x + self.dropout(self.feed_forward(self.norm_2(x)))
        x = self.norm_1(x + self.dropout(self.attention(x, **options)))
        return self.norm_2(x + self.dropout(self.feed_forward(x)))


def make_feed_forward(config: CausalLMConfig) -> PositionwiseFeedForward | SwiGLU:
    if config.feed_forward == "swiglu":
        return SwiGLU(config.d_model, config.d_ff, bias=config.bias)
    activation = F.relu if config.feed_forward == "relu" else GELU_TANH
    return PositionwiseFeedForward(config.d_model, config.d_ff, activation=activation, bias=config.bias)


def make_norm(config: CausalLMConfig) -> nn.LayerNorm | RMSNorm:
    norm = RMSNorm if config.norm == "rms" else nn.LayerNorm
    return norm(config.d_model, eps=config.eps)


def tie_output(model: "CausalLM", *_: object) -> None:
    """Let the output share the embedding's matrix."""
    model.output.weight = model.embedding.weight


class CausalLM(nn.Module):
    """From ids to the logits of the next id; ``GPT`` and ``Llama`` are this with their configurations."""

    def __init__(self, config: CausalLMConfig) -> None:
        super().__init__()
        self.config = config
        self.max_len = config.max_len
        self.embedding = nn.Embedding(config.vocab, config.d_model)
        self.positions = Positions(
            config.positions,
            config.d_model,
            config.n_heads,
            config.max_len,
            base=config.rope_base,
            dropout=config.dropout,
        )
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = make_norm(config) if config.norm_first else nn.Identity()
        self.output = nn.Linear(config.d_model, config.vocab, bias=False)
        if config.tied:
            tie_output(self)
            self.register_load_state_dict_post_hook(tie_output)  # assigned weights could have parted them
        self.apply(self.init_weights)

    def init_weights(self, module: nn.Module) -> None:
        """GPT-2's first weights: normal, the matrices that write to the residual stream smaller with depth.

        | weight                          | spread               |
        | embeddings, linear layers       | 0.02                 |
        | ``w_o``, ``feed_forward.w_2``   | 0.02 / √(2 n_layers) |
        | biases                          | 0                    |
        """
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        bias = getattr(module, "bias", None)
        if isinstance(module, nn.Linear) and bias is not None:
            nn.init.zeros_(bias)
        if isinstance(module, Block):
            for writes in (module.attention.w_o, module.feed_forward.w_2):
                nn.init.normal_(writes.weight, std=0.02 / (2 * self.config.n_layers) ** 0.5)

    def new_cache(self, batch: int = 1, max_len: int | None = None) -> KVCache:
        """An empty cache for ``batch`` sequences of up to ``max_len`` positions (the model's own limit if not told).

        Raises ``ValueError`` for more positions than the model has, and for ``batch`` or ``max_len`` below 1.
        """
        max_len = self.max_len if max_len is None else max_len
        if not 1 <= max_len <= self.max_len or batch < 1:
            raise ValueError(f"a cache needs batch >= 1 and max_len in 1..{self.max_len}, got {batch} and {max_len}")
        config = self.config
        return KVCache(config.n_layers, batch, config.kv_heads, max_len, config.head_width, like=self.embedding.weight)

    def forward(self, ids: Int[Tensor, "B T"], cache: KVCache | None = None) -> Float[Tensor, "B T n_vocab"]:
        """Logits after each of the ids; with a cache, the ids follow the positions it holds, and are added to it.

        Raises ``ValueError`` where the sequence becomes longer than ``max_len``, or than the cache, and for a cache of
        another batch.
        """
        B, T = ids.shape
        if cache is not None and cache.batch != B:
            raise ValueError(f"the cache holds {cache.batch} sequences, but there are {B}")
        start = 0 if cache is None else cache.length
        check_length(start + T, self.max_len if cache is None else cache.max_len)

        x = self.positions(self.embedding(ids), start)  # (B, T, D)
        positions = self.positions.in_attention(x, start)
        for number, block in enumerate(self.blocks):
            append = None if cache is None else partial(cache.append, number)
            x = block(x, append=append, **positions)
        if cache is not None:
            cache.length += T
        return self.output(self.norm(x))

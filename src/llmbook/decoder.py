r"""The decoder-only language model, with each of its parts chosen by name: from GPT-2 to the models in use today.

    x ← x + Attention(Norm(x)),   x ← x + FFN(Norm(x)),   logits = Norm(x) Eᵀ

    LayerNorm(x) = g · (x - mean(x)) / √(var(x) + ε) + b        RMSNorm(x) = g · x / √(mean(x²) + ε)
    FFN(x) = W_2 gelu(W_1 x)                                    SwiGLU(x) = W_2 (silu(W_g x) · W_1 x)

Sources: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3; Zhang and Sennrich,
*Root Mean Square Layer Normalization* (2019), eq. 4; Shazeer, *GLU Variants Improve Transformer* (2020), eq. 6; Ainslie
et al., *GQA* (2023), section 2.2; Touvron et al., *LLaMA* (2023), section 2.2.

Sizes as in ``attention``; ``G`` = H / n_kv_heads query heads share one head of keys and values. The matrices of query,
key and value lie in one, and so do W_g and W_1: one product is faster than three. Left out: mixtures of experts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.attention import causal_mask
from llmbook.positions import KINDS, Positions, check_length
from llmbook.transformer import PositionwiseFeedForward

FEED_FORWARDS = ("relu", "gelu", "swiglu")  # gelu in GPT-2's tanh form
NORMS = ("layer", "rms")


@dataclass(frozen=True)
class Config:
    """A model's sizes and parts. Raises ``ValueError`` for what does not fit or is not known."""

    vocab: int  # V, how many ids there are
    d_model: int  # D, width of the residual stream
    n_heads: int  # H, query heads
    n_layers: int
    d_ff: int  # F, width inside the feed-forward layer
    max_len: int  # longest sequence, cached positions included
    n_kv_heads: int | None = None  # heads of keys and values; as many as query heads where not told
    norm: str = "layer"  # one of NORMS
    norm_first: bool = True  # False: post-norm, as in 2017
    feed_forward: str = "gelu"  # one of FEED_FORWARDS
    positions: str = "learned"  # one of positions.KINDS
    rope_base: float = 10000.0  # of rotary positions
    bias: bool = True  # whether the linear layers have one
    tied: bool = True  # whether the output shares the embedding's matrix
    dropout: float = 0.0
    eps: float = 1e-5  # ε of the norms

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in ("vocab", "d_model", "n_layers", "d_ff", "max_len")}
        if min(sizes.values()) < 1:
            raise ValueError(f"sizes must be at least 1, got {sizes}")
        if self.n_heads < 1 or self.d_model % self.n_heads:
            raise ValueError(f"d_model={self.d_model} cannot be divided into n_heads={self.n_heads} equal heads")
        if self.kv_heads < 1 or self.n_heads % self.kv_heads:
            raise ValueError(f"n_heads={self.n_heads} cannot share n_kv_heads={self.kv_heads} heads equally")
        for name, known in (("norm", NORMS), ("feed_forward", FEED_FORWARDS), ("positions", KINDS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}")
        if self.positions == "rotary" and self.head_width % 2:
            raise ValueError(f"rotary positions need heads of even width, got d_model / n_heads = {self.head_width}")

    @property
    def kv_heads(self) -> int:
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def head_width(self) -> int:
        return self.d_model // self.n_heads


class KVCache:
    """Keys and values of all layers for the positions read so far, so that each is computed once."""

    def __init__(self, config: Config, batch: int, max_len: int, like: Tensor) -> None:
        shape = (config.n_layers, batch, config.kv_heads, max_len, config.head_width)
        self.keys, self.values = like.new_zeros(shape), like.new_zeros(shape)
        self.length = 0  # the model adds to it once all layers have appended

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store k and v (B, H_kv, T, K) behind what layer has; returns all of its keys and values (B, H_kv, S, K)."""
        end = self.length + k.shape[2]
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def reorder(self, rows: Int[Tensor, " N"]) -> None:
        """Go on with these rows of the batch, which may repeat (as the beams of a search do)."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]


class RMSNorm(nn.Module):
    """LayerNorm without the mean and without the shift."""

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(d_model)), eps

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # in float16 the square of 256 would be infinite
        return self.weight * (wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + self.eps)).to(x.dtype)


class SwiGLU(nn.Module):
    """W_2 (silu(W_g x) · W_1 x): one product opens and closes the other."""

    def __init__(self, d_model: int, d_ff: int, *, bias: bool = False) -> None:
        super().__init__()
        self.w_1 = nn.Linear(d_model, 2 * d_ff, bias=bias)  # W_g above W_1
        self.w_2 = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        gate, up = self.w_1(x).chunk(2, dim=-1)  # each (…, F)
        return self.w_2(F.silu(gate) * up)


class GroupedQueryAttention(nn.Module):
    """Causal self-attention in which groups of query heads share one head of keys and values."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.H, self.H_kv, self.K, self.dropout = config.n_heads, config.kv_heads, config.head_width, config.dropout
        self.w_qkv = nn.Linear(config.d_model, (self.H + 2 * self.H_kv) * self.K, bias=config.bias)
        self.w_o = nn.Linear(config.d_model, config.d_model, bias=config.bias)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        append: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
        rotate: Callable[[Tensor], Tensor] | None = None,
        score_bias: Tensor | None = None,
    ) -> Float[Tensor, "B T D"]:
        """``append`` puts the new keys and values behind the old ones; ``rotate`` turns queries and keys."""
        q, k, v = self.heads(x)
        if rotate is not None:
            q, k = rotate(q), rotate(k)
        if append is not None:
            k, v = append(k, v)  # (B, H_kv, S, K)
        context = self.attend(q, k, v, score_bias)  # (B, H, T, K)
        return self.w_o(context.transpose(1, 2).flatten(2))

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self.w_qkv(x).unflatten(-1, (-1, self.K)).split([self.H, self.H_kv, self.H_kv], dim=2)
        return q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)  # (B, H or H_kv, T, K)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, score_bias: Tensor | None) -> Tensor:
        T, S, G = q.shape[2], k.shape[2], self.H // self.H_kv
        dropout = self.dropout if self.training else 0.0
        if T == 1 and score_bias is None:  # one new position: the G queries of a group are rows over the same keys
            grouped = q.view(q.shape[0], self.H_kv, G, self.K)
            return F.scaled_dot_product_attention(grouped, k, v, dropout_p=dropout).reshape(q.shape)
        if G > 1:
            k, v = k.repeat_interleave(G, dim=1), v.repeat_interleave(G, dim=1)
        if T == S and score_bias is None:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=dropout)
        mask = causal_mask(T, S, device=q.device)
        mask = mask if score_bias is None else score_bias.masked_fill(~mask, -torch.inf)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)


class Block(nn.Module):
    """Attention and feed-forward, each added to the residual stream, normalised before (or after, as in 2017)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = make_norm(config), make_norm(config)
        self.attention = GroupedQueryAttention(config)
        self.feed_forward = make_feed_forward(config)
        self.dropout, self.norm_first = nn.Dropout(config.dropout), config.norm_first

    def forward(self, x: Float[Tensor, "B T D"], **seen: object) -> Float[Tensor, "B T D"]:
        if self.norm_first:
            x = x + self.dropout(self.attention(self.norm_1(x), **seen))
            return x + self.dropout(self.feed_forward(self.norm_2(x)))
        x = self.norm_1(x + self.dropout(self.attention(x, **seen)))
        return self.norm_2(x + self.dropout(self.feed_forward(x)))


def make_feed_forward(config: Config) -> nn.Module:
    if config.feed_forward == "swiglu":
        return SwiGLU(config.d_model, config.d_ff, bias=config.bias)
    activation = F.relu if config.feed_forward == "relu" else partial(F.gelu, approximate="tanh")
    return PositionwiseFeedForward(config.d_model, config.d_ff, activation=activation, bias=config.bias)


def make_norm(config: Config) -> nn.Module:
    return (RMSNorm if config.norm == "rms" else nn.LayerNorm)(config.d_model, eps=config.eps)


class LanguageModel(nn.Module):
    """From ids to the logits of the next id; ``GPT`` and ``Llama`` are this with their configurations."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config, self.max_len = config, config.max_len
        self.embedding = nn.Embedding(config.vocab, config.d_model)
        sizes = (config.d_model, config.n_heads, config.max_len)
        self.positions = Positions(config.positions, *sizes, base=config.rope_base, dropout=config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = make_norm(config) if config.norm_first else nn.Identity()
        self.output = nn.Linear(config.d_model, config.vocab, bias=False)
        if config.tied:
            self.output.weight = self.embedding.weight
        self.apply(self.initialise)

    def initialise(self, module: nn.Module) -> None:
        """GPT-2's: normal with a spread of 0.02, the matrices that write to the residual stream smaller with depth."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)
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
        return KVCache(self.config, batch, max_len, self.embedding.weight)

    def forward(self, ids: Int[Tensor, "B T"], cache: KVCache | None = None) -> Float[Tensor, "B T V"]:
        """Logits after each of the ids; with a cache, the ids follow the positions it holds, and are added to it.

        Raises ``ValueError`` where the sequence becomes longer than ``max_len``, or than the cache, and for a cache of
        another batch.
        """
        if cache is not None and cache.keys.shape[1] != len(ids):
            raise ValueError(f"the cache holds {cache.keys.shape[1]} sequences, but there are {len(ids)}")
        start = 0 if cache is None else cache.length
        check_length(start + ids.shape[1], self.max_len if cache is None else cache.keys.shape[3])
        x = self.positions(self.embedding(ids), start)
        positions = self.positions.in_attention(x, start)
        for number, block in enumerate(self.blocks):
            x = block(x, append=None if cache is None else partial(cache.append, number), **positions)
        if cache is not None:
            cache.length += ids.shape[1]
        return self.output(self.norm(x))

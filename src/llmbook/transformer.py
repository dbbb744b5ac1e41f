r"""The Transformer of 2017: an encoder that reads, a decoder that writes, both made of the same few parts.

    FFN(x) = max(0, x W_1 + b_1) W_2 + b_2
    post-norm (the paper):  x ← LayerNorm(x + Sublayer(x))
    pre-norm:               x ← x + Sublayer(LayerNorm(x)),  and one LayerNorm after the last layer

Source: Vaswani et al., *Attention Is All You Need* (2017), sections 3.1 (layers), 3.3 (feed-forward), 3.4 (embeddings
times √d_model, the output sharing the embedding's matrix) and 5.4 (dropout). Pre-norm: Xiong et al., *On Layer
Normalization in the Transformer Architecture* (2020).

Sizes: ``B`` batch, ``T`` target positions, ``S`` source positions, ``D`` model width, ``F`` feed-forward width, ``V``
vocabulary. Left out: sharing one embedding between source and target (our two vocabularies differ), and a cache of
past keys while writing (see ``decoder``).
"""

import math
from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.attention import MultiHeadAttention, causal_mask, padding_mask
from llmbook.positions import Positions

Activation = Callable[[Tensor], Tensor]


class PositionwiseFeedForward(nn.Module):
    """W_2 · activation(W_1 · x), the same for every position."""

    def __init__(
        self, d_model: int, d_ff: int, *, dropout: float = 0.0, activation: Activation = F.relu, bias: bool = True
    ) -> None:
        super().__init__()
        self.w_1, self.w_2 = nn.Linear(d_model, d_ff, bias=bias), nn.Linear(d_ff, d_model, bias=bias)
        self.dropout, self.activation = nn.Dropout(dropout), activation

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        return self.w_2(self.dropout(self.activation(self.w_1(x))))


class Residual(nn.Module):
    """Around a sub-layer: its input added to its output, normalised after (the paper) or before."""

    def __init__(self, d_model: int, *, dropout: float = 0.0, norm_first: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.norm, self.dropout, self.norm_first = nn.LayerNorm(d_model, eps=eps), nn.Dropout(dropout), norm_first

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        if self.norm_first:
            return x + self.dropout(sublayer(self.norm(x)))
        return self.norm(x + self.dropout(sublayer(x)))


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network, each inside a ``Residual`` whose options are ``norm``."""

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, *, dropout: float = 0.0, activation: Activation = F.relu, **norm
    ) -> None:
        super().__init__()
        options = {"dropout": dropout, **norm}
        self.self_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.feed_forward = PositionwiseFeedForward(d_model, d_ff, dropout=dropout, activation=activation)
        self.around_attention, self.around_feed_forward = Residual(d_model, **options), Residual(d_model, **options)

    def forward(
        self, x: Float[Tensor, "B S D"], may_attend: Tensor | None = None, kept: list | None = None, **positions: object
    ) -> Float[Tensor, "B S D"]:
        """``kept``, a list, receives the weights (B, H, S, S); ``positions`` go to ``MultiHeadAttention``."""
        x = self.around_attention(x, lambda x: attend(self.self_attention, kept, x, None, may_attend, **positions))
        return self.around_feed_forward(x, self.feed_forward)


class DecoderLayer(nn.Module):
    """Masked self-attention, attention to what the encoder read, and a feed-forward network; ``norm`` as above."""

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, *, dropout: float = 0.0, activation: Activation = F.relu, **norm
    ) -> None:
        super().__init__()
        options = {"dropout": dropout, **norm}
        self.self_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.feed_forward = PositionwiseFeedForward(d_model, d_ff, dropout=dropout, activation=activation)
        self.around_self, self.around_cross = Residual(d_model, **options), Residual(d_model, **options)
        self.around_feed_forward = Residual(d_model, **options)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        may_attend: Tensor | None = None,
        memory_may_attend: Tensor | None = None,
        kept: list | None = None,
        **positions: object,
    ) -> Float[Tensor, "B T D"]:
        """``may_attend`` is usually causal; ``kept``, a list, receives the cross-attention weights (B, H, T, S)."""
        x = self.around_self(x, lambda x: self.self_attention(x, may_attend=may_attend, **positions))
        x = self.around_cross(x, lambda x: attend(self.cross_attention, kept, x, memory, memory_may_attend))
        return self.around_feed_forward(x, self.feed_forward)


def attend(
    attention: nn.Module, kept: list | None, x: Tensor, memory: Tensor | None, may_attend: Tensor | None, **positions
) -> Tensor:
    """What the attention gives; its weights are put into ``kept`` where that is a list."""
    if kept is None:
        return attention(x, memory, may_attend=may_attend, **positions)
    out, weights = attention(x, memory, may_attend=may_attend, return_weights=True, **positions)
    kept.append(weights)
    return out


class Stack(nn.Module):
    """``n_layers`` layers (``ValueError`` for none), and a LayerNorm if ``final_norm`` (else as ``norm_first``)."""

    layer: type[nn.Module]

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, n_layers: int, *, final_norm: bool | None = None, **options: object
    ) -> None:
        super().__init__()
        if n_layers < 1:
            raise ValueError(f"a stack needs at least one layer, got n_layers={n_layers}")
        self.layers = nn.ModuleList(self.layer(d_model, n_heads, d_ff, **options) for _ in range(n_layers))
        wanted = options.get("norm_first", False) if final_norm is None else final_norm
        self.norm = nn.LayerNorm(d_model, eps=options.get("eps", 1e-5)) if wanted else nn.Identity()

    def forward(self, x: Float[Tensor, "B T D"], *masks: Tensor | None, **options: object) -> Float[Tensor, "B T D"]:
        """What the layers make of x, each given the same ``masks`` and ``options``."""
        for layer in self.layers:
            x = layer(x, *masks, **options)
        return self.norm(x)


class Encoder(Stack):
    """Encoder layers: ``encoder(x, may_attend, kept=…)``."""

    layer = EncoderLayer


class Decoder(Stack):
    """Decoder layers: ``decoder(x, memory, may_attend, memory_may_attend, kept=…)``."""

    layer = DecoderLayer


class Transformer(nn.Module):
    """From source ids to the logits of the next target id; the defaults are the paper's base model.

    ``positions`` is a kind named in ``positions.KINDS``. Raises ``ValueError`` for sizes that do not fit, and where a
    sequence is longer than ``max_len``.
    """

    def __init__(
        self,
        src_vocab: int,
        tgt_vocab: int,
        *,
        d_model: int = 512,
        n_heads: int = 8,
        n_layers: int = 6,
        d_ff: int = 2048,
        dropout: float = 0.1,
        max_len: int = 512,
        norm_first: bool = False,
        positions: str = "sinusoidal",
    ) -> None:
        super().__init__()
        options = {"dropout": dropout, "norm_first": norm_first}
        self.src_embedding, self.tgt_embedding = nn.Embedding(src_vocab, d_model), nn.Embedding(tgt_vocab, d_model)
        self.src_positions = Positions(positions, d_model, n_heads, max_len, dropout=dropout)
        self.tgt_positions = Positions(positions, d_model, n_heads, max_len, dropout=dropout)
        self.encoder = Encoder(d_model, n_heads, d_ff, n_layers, **options)
        self.decoder = Decoder(d_model, n_heads, d_ff, n_layers, **options)
        self.output = nn.Linear(d_model, tgt_vocab, bias=False)
        self.output.weight = self.tgt_embedding.weight
        self.scale = math.sqrt(d_model)
        self.initialise()

    def initialise(self) -> None:
        """Xavier for the matrices; embeddings small enough that, times √d_model, they have variance one."""
        for module in self.modules():
            if isinstance(module, nn.Linear) and module is not self.output:
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=1 / self.scale)

    def encode(
        self, src: Int[Tensor, "B S"], src_lengths: Int[Tensor, " B"] | None = None, kept: list | None = None
    ) -> Float[Tensor, "B S D"]:
        """What the encoder makes of the source; ``src_lengths`` says where each sequence's padding begins."""
        x = self.src_positions(self.src_embedding(src) * self.scale)
        may_attend = None if src_lengths is None else padding_mask(src_lengths, src.shape[1])
        return self.encoder(x, may_attend, kept=kept, **self.src_positions.in_attention(x))

    def decode(
        self,
        tgt: Int[Tensor, "B T"],
        memory: Float[Tensor, "B S D"],
        src_lengths: Int[Tensor, " B"] | None = None,
        kept: list | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Logits of the id after each target position; ``kept`` receives each layer's cross-attention weights."""
        x = self.tgt_positions(self.tgt_embedding(tgt) * self.scale)
        causal = causal_mask(tgt.shape[1], device=tgt.device)
        seen = None if src_lengths is None else padding_mask(src_lengths, memory.shape[1])
        x = self.decoder(x, memory, causal, seen, kept=kept, **self.tgt_positions.in_attention(x))
        return self.output(x)

    def forward(
        self, src: Int[Tensor, "B S"], tgt: Int[Tensor, "B T"], src_lengths: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B T V"]:
        return self.decode(tgt, self.encode(src, src_lengths), src_lengths)

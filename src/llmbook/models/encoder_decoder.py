r"""The Transformer of 2017: an encoder that reads, a decoder that writes, both made of the same few parts.

    post-norm (the paper):  x ← LayerNorm(x + Sublayer(x))
    pre-norm:               x ← x + Sublayer(LayerNorm(x)),  and one LayerNorm after the last layer

Source: Vaswani et al., *Attention Is All You Need* (2017), sections 3.1 (layers), 3.4 (embeddings times √d_model, the
output sharing the embedding's matrix) and 5.4 (dropout). Pre-norm: Xiong et al., *On Layer Normalization in the
Transformer Architecture* (2020).

Dropout stands where the paper has it, behind each sub-layer and behind the sum of embedding and position, and, as in
PyTorch's layers, on the weights of attention and inside the feed-forward network too. The weights of a layer's
attention can be recorded (see ``nn.recording``).

Sizes: ``B`` batch, ``T`` target positions, ``S`` source positions, ``D`` model width, ``F`` feed-forward width, ``V``
vocabulary. Left out: sharing one embedding between source and target (our two vocabularies differ), and a cache of
past keys while writing (see ``causal_lm``).
"""

import math
from collections.abc import Callable
from typing import Unpack

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from llmbook.nn.attention import MultiHeadAttention
from llmbook.nn.feed_forward import Activation, PositionwiseFeedForward
from llmbook.nn.masks import Mask, causal_mask, padding_mask
from llmbook.nn.positions import PositionArguments, PositionKind, Positions

Lengths = Int[Tensor, " B"]
TargetMask = Bool[Tensor, "... #T #T"]  # among the target's positions


class AddAndNorm(nn.Module):
    """Around a sub-layer: its input added to its output, normalised after (the paper) or before."""

    def __init__(self, d_model: int, *, dropout: float = 0.0, norm_first: bool = False, eps: float = 1e-5) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model, eps=eps)
        self.dropout = nn.Dropout(dropout)
        self.norm_first = norm_first

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        if self.norm_first:
            return x + self.dropout(sublayer(self.norm(x)))
        return self.norm(x + self.dropout(sublayer(x)))


class EncoderLayer(nn.Module):
    """Self-attention, then a feed-forward network, each inside an ``AddAndNorm``."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        activation: Activation = F.relu,
        norm_first: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.feed_forward = PositionwiseFeedForward(d_model, d_ff, dropout=dropout, activation=activation)
        self.around_attention = AddAndNorm(d_model, dropout=dropout, norm_first=norm_first, eps=eps)
        self.around_feed_forward = AddAndNorm(d_model, dropout=dropout, norm_first=norm_first, eps=eps)

    def forward(
        self, x: Float[Tensor, "B S D"], may_attend: Mask | None = None, **positions: Unpack[PositionArguments]
    ) -> Float[Tensor, "B S D"]:
        """``positions`` are what ``Positions.in_attention`` gives."""
        x = self.around_attention(x, lambda x: self.self_attention(x, may_attend=may_attend, **positions))
        return self.around_feed_forward(x, self.feed_forward)


class DecoderLayer(nn.Module):
    """Masked self-attention, attention to what the encoder read, and a feed-forward network."""

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        activation: Activation = F.relu,
        norm_first: bool = False,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, dropout=dropout)
        self.feed_forward = PositionwiseFeedForward(d_model, d_ff, dropout=dropout, activation=activation)
        self.around_self = AddAndNorm(d_model, dropout=dropout, norm_first=norm_first, eps=eps)
        self.around_cross = AddAndNorm(d_model, dropout=dropout, norm_first=norm_first, eps=eps)
        self.around_feed_forward = AddAndNorm(d_model, dropout=dropout, norm_first=norm_first, eps=eps)

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        may_attend: TargetMask | None = None,
        memory_may_attend: Mask | None = None,
        **positions: Unpack[PositionArguments],
    ) -> Float[Tensor, "B T D"]:
        """``may_attend`` (…, T, T) is usually causal, ``memory_may_attend`` (…, T, S) hides the source's padding."""
        x = self.around_self(x, lambda x: self.self_attention(x, may_attend=may_attend, **positions))
        x = self.around_cross(x, lambda x: self.cross_attention(x, memory, may_attend=memory_may_attend))
        return self.around_feed_forward(x, self.feed_forward)


class Stack(nn.Module):
    """``n_layers`` layers (``ValueError`` for none), and a LayerNorm if ``final_norm`` (else as ``norm_first``)."""

    layer: type[EncoderLayer] | type[DecoderLayer]

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        n_layers: int,
        *,
        dropout: float = 0.0,
        activation: Activation = F.relu,
        norm_first: bool = False,
        eps: float = 1e-5,
        final_norm: bool | None = None,
    ) -> None:
        super().__init__()
        if n_layers < 1:
            raise ValueError(f"a stack needs at least one layer, got n_layers={n_layers}")
        self.layers = nn.ModuleList(
            self.layer(d_model, n_heads, d_ff, dropout=dropout, activation=activation, norm_first=norm_first, eps=eps)
            for _ in range(n_layers)
        )
        ends_with_norm = norm_first if final_norm is None else final_norm
        self.norm = nn.LayerNorm(d_model, eps=eps) if ends_with_norm else nn.Identity()


class Encoder(Stack):
    """Encoder layers, each given the same mask: ``encoder(x, may_attend)``."""

    layer = EncoderLayer

    def forward(
        self, x: Float[Tensor, "B S D"], may_attend: Mask | None = None, **positions: Unpack[PositionArguments]
    ) -> Float[Tensor, "B S D"]:
        for layer in self.layers:
            x = layer(x, may_attend, **positions)
        return self.norm(x)


class Decoder(Stack):
    """Decoder layers, each given the same memory and masks: ``decoder(x, memory, may_attend, memory_may_attend)``."""

    layer = DecoderLayer

    def forward(
        self,
        x: Float[Tensor, "B T D"],
        memory: Float[Tensor, "B S D"],
        may_attend: TargetMask | None = None,
        memory_may_attend: Mask | None = None,
        **positions: Unpack[PositionArguments],
    ) -> Float[Tensor, "B T D"]:
        for layer in self.layers:
            x = layer(x, memory, may_attend, memory_may_attend, **positions)
        return self.norm(x)


def tie_output(model: "Transformer", *_: object) -> None:
    """Let the output share the target embedding's matrix."""
    model.output.weight = model.tgt_embedding.weight


class Transformer(nn.Module):
    """From source ids to the logits of the next target id; the defaults are the paper's base model.

    ``positions`` is a kind named in ``nn.positions.KINDS``. Raises ``ValueError`` for sizes that do not fit, and where
    a sequence is longer than ``max_len``.
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
        positions: PositionKind = "sinusoidal",
    ) -> None:
        super().__init__()
        self.src_embedding = nn.Embedding(src_vocab, d_model)
        self.tgt_embedding = nn.Embedding(tgt_vocab, d_model)
        self.src_positions = Positions(positions, d_model, n_heads, max_len, dropout=dropout)
        self.tgt_positions = Positions(positions, d_model, n_heads, max_len, dropout=dropout)
        self.encoder = Encoder(d_model, n_heads, d_ff, n_layers, dropout=dropout, norm_first=norm_first)
        self.decoder = Decoder(d_model, n_heads, d_ff, n_layers, dropout=dropout, norm_first=norm_first)
        self.output = nn.Linear(d_model, tgt_vocab, bias=False)
        tie_output(self)
        self.register_load_state_dict_post_hook(tie_output)  # assigned weights could have parted them
        self.scale = math.sqrt(d_model)
        self.init_weights()

    def init_weights(self) -> None:
        """Xavier for the matrices; embeddings small enough that, times √d_model, they have variance one."""
        for module in self.modules():
            if isinstance(module, nn.Linear) and module is not self.output:
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        for embedding in (self.src_embedding, self.tgt_embedding):
            nn.init.normal_(embedding.weight, std=1 / self.scale)

    def encode(self, src: Int[Tensor, "B S"], src_lengths: Lengths | None = None) -> Float[Tensor, "B S D"]:
        """What the encoder makes of the source; ``src_lengths`` says where each sequence's padding begins."""
        x = self.src_positions(self.src_embedding(src) * self.scale)
        may_attend = None if src_lengths is None else padding_mask(src_lengths, src.shape[1])
        return self.encoder(x, may_attend, **self.src_positions.in_attention(x))

    def decode(
        self, tgt: Int[Tensor, "B T"], memory: Float[Tensor, "B S D"], src_lengths: Lengths | None = None
    ) -> Float[Tensor, "B T n_vocab"]:
        """Logits of the id after each target position."""
        x = self.tgt_positions(self.tgt_embedding(tgt) * self.scale)
        may_attend = causal_mask(tgt.shape[1], device=tgt.device)
        memory_may_attend = None if src_lengths is None else padding_mask(src_lengths, memory.shape[1])
        x = self.decoder(x, memory, may_attend, memory_may_attend, **self.tgt_positions.in_attention(x))
        return self.output(x)

    def forward(
        self, src: Int[Tensor, "B S"], tgt: Int[Tensor, "B T"], src_lengths: Lengths | None = None
    ) -> Float[Tensor, "B T n_vocab"]:
        return self.decode(tgt, self.encode(src, src_lengths), src_lengths)

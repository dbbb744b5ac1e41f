r"""BERT: an encoder that reads both ways, with a head that names hidden words and one that judges sentence pairs.

    x = LayerNorm(word + position + segment),  then encoder layers, post-norm, with gelu

    MLM logits = LayerNorm(gelu(x W + b)) Eᵀ + c        NSP logits = tanh(x_0 W_p + b_p) W_n + b_n

Source: Devlin et al., *BERT* (2019), section 3 and appendix A; the heads' inner layers are those of the authors' code.
Sizes: ``B`` batch, ``T`` positions, ``D`` width, ``n_vocab`` vocabulary. Left out: BERT's dropout of 0.1, unless
it is told.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.models.encoder_decoder import Encoder, EncoderLayer
from llmbook.models.foreign_weights import load_weights
from llmbook.nn.masks import padding_mask
from llmbook.nn.positions import check_length

Ids = Int[Tensor, "B T"]
Lengths = Int[Tensor, " B"]

TRANSFORMERS = {  # ours: theirs, see foreign_weights
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "segments": "embeddings.token_type_embeddings",
    "norm": "embeddings.LayerNorm",
    "encoder.layers.{}.self_attention.w_q": "encoder.layer.{}.attention.self.query",
    "encoder.layers.{}.self_attention.w_k": "encoder.layer.{}.attention.self.key",
    "encoder.layers.{}.self_attention.w_v": "encoder.layer.{}.attention.self.value",
    "encoder.layers.{}.self_attention.w_o": "encoder.layer.{}.attention.output.dense",
    "encoder.layers.{}.around_attention.norm": "encoder.layer.{}.attention.output.LayerNorm",
    "encoder.layers.{}.feed_forward.w_1": "encoder.layer.{}.intermediate.dense",
    "encoder.layers.{}.feed_forward.w_2": "encoder.layer.{}.output.dense",
    "encoder.layers.{}.around_feed_forward.norm": "encoder.layer.{}.output.LayerNorm",
    "pooler": "pooler.dense",
}
HEADS = {
    "mlm_dense": "cls.predictions.transform.dense",
    "mlm_norm": "cls.predictions.transform.LayerNorm",
    "mlm_bias": "cls.predictions.bias",
    "nsp": "cls.seq_relationship",
}


class Bert(nn.Module):
    """The encoder and its pooler, by default of BERT-base's sizes. Raises ``ValueError`` for sizes that do not fit."""

    def __init__(
        self,
        vocab: int = 30522,
        *,
        d_model: int = 768,
        n_heads: int = 12,
        n_layers: int = 12,
        d_ff: int = 3072,
        max_len: int = 512,
        segments: int = 2,
        dropout: float = 0.0,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, d_model, padding_idx=0)  # [PAD] is id 0: as an input it is not learned
        self.positions = nn.Embedding(max_len, d_model)
        self.segments = nn.Embedding(segments, d_model)
        self.norm = nn.LayerNorm(d_model, eps=eps)
        self.dropout = nn.Dropout(dropout)
        self.encoder = Encoder(d_model, n_heads, d_ff, n_layers, dropout=dropout, activation=F.gelu, eps=eps)
        for layer in self.encoder.layers:
            assert isinstance(layer, EncoderLayer)
            layer.feed_forward.dropout.p = 0.0  # BERT drops around the feed-forward layer only
        self.pooler = nn.Linear(d_model, d_model)
        self.max_len = max_len
        for embedding in (self.words, self.positions, self.segments):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, ids: Ids, lengths: Lengths | None = None, segments: Ids | None = None) -> Float[Tensor, "B T D"]:
        """The hidden states; ``lengths`` says where padding begins.

        Raises ``ValueError`` for a sequence longer than ``max_len``.
        """
        x = self.embed(ids, segments)
        return self.encoder(x, None if lengths is None else padding_mask(lengths, ids.shape[1]))

    def embed(self, ids: Ids, segments: Ids | None = None) -> Float[Tensor, "B T D"]:
        """Word, position and segment added and normalised: what the encoder reads. Raises as ``forward``."""
        T = ids.shape[1]
        check_length(T, self.max_len)
        positions = torch.arange(T, device=ids.device)
        segments = torch.zeros_like(ids) if segments is None else segments
        x = self.words(ids) + self.positions(positions) + self.segments(segments)
        return self.dropout(self.norm(x))

    def pooled(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B D"]:
        """The first position's state through a layer of its own: what the pair is judged by."""
        return self.pooler(hidden[:, 0]).tanh()

    def load_transformers(self, weights: Mapping[str, Tensor]) -> None:
        """Copy a ``BertModel.state_dict()``, raising as ``load_weights``; a missing pooler stays as it is."""
        pooler = {f"pooler.dense.{kind}": weight for kind, weight in self.pooler.state_dict().items()}
        load_weights(self, TRANSFORMERS, {**pooler, **weights})


class BertForPreTraining(nn.Module):
    """BERT with its two heads: which word was hidden, and whether the second sentence followed the first."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        n_vocab, D = bert.words.weight.shape
        self.bert = bert
        self.nsp = nn.Linear(D, 2)
        self.mlm_dense = nn.Linear(D, D)
        self.mlm_norm = nn.LayerNorm(D, eps=bert.norm.eps)
        self.mlm_bias = nn.Parameter(torch.zeros(n_vocab))

    def forward(
        self, ids: Ids, lengths: Lengths | None = None, segments: Ids | None = None
    ) -> tuple[Float[Tensor, "B T n_vocab"], Float[Tensor, "B 2"]]:
        """Logits of the words, and of "it followed" (0) against "it did not" (1), as the authors number them."""
        hidden = self.bert(ids, lengths, segments)  # (B, T, D)
        return self.word_logits(hidden), self.nsp(self.bert.pooled(hidden))

    def word_logits(self, hidden: Float[Tensor, "*rest D"]) -> Float[Tensor, "*rest n_vocab"]:
        """The logits of the words for these states, all of them or only those that are asked for."""
        transformed = self.mlm_norm(F.gelu(self.mlm_dense(hidden)))
        return F.linear(transformed, self.bert.words.weight, self.mlm_bias)

    def load_transformers(self, weights: Mapping[str, Tensor]) -> None:
        """Copy a ``transformers`` ``BertForPreTraining.state_dict()``; raises as ``load_weights``."""
        table = {f"bert.{ours}": f"bert.{theirs}" for ours, theirs in TRANSFORMERS.items()} | HEADS
        load_weights(self, table, weights)

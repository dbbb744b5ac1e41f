r"""BERT: an encoder that reads both ways, with a head that names hidden words and one that judges sentence pairs.

    x = LayerNorm(word + position + segment),  then encoder layers, post-norm, with gelu

    MLM logits = LayerNorm(gelu(x W + b)) Eᵀ + c        NSP logits = tanh(x_0 W_p + b_p) W_n + b_n

Source: Devlin et al., *BERT: Pre-training of Deep Bidirectional Transformers* (2019), section 3 and appendix A; the
heads' inner layers are those of the authors' code. Sizes: ``B`` batch, ``T`` positions, ``D`` width, ``V`` vocabulary.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.attention import padding_mask
from llmbook.positions import check_length
from llmbook.transformer import Encoder

NAMES = {  # ours: theirs, without the prefixes that all share
    "words.weight": "embeddings.word_embeddings.weight",
    "positions.weight": "embeddings.position_embeddings.weight",
    "segments.weight": "embeddings.token_type_embeddings.weight",
    "norm": "embeddings.LayerNorm",
    "pooler": "pooler.dense",
}
LAYER_NAMES = {
    "self_attention.w_q": "attention.self.query",
    "self_attention.w_k": "attention.self.key",
    "self_attention.w_v": "attention.self.value",
    "self_attention.w_o": "attention.output.dense",
    "around_attention.norm": "attention.output.LayerNorm",
    "feed_forward.w_1": "intermediate.dense",
    "feed_forward.w_2": "output.dense",
    "around_feed_forward.norm": "output.LayerNorm",
}
HEAD_NAMES = {
    "mlm_dense": "predictions.transform.dense",
    "mlm_norm": "predictions.transform.LayerNorm",
    "mlm_bias": "predictions.bias",
    "nsp": "seq_relationship",
}


class Bert(nn.Module):
    """The encoder and its pooler; the defaults are BERT-base's. Raises ``ValueError`` for sizes that do not fit."""

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
        self.words, self.positions = nn.Embedding(vocab, d_model), nn.Embedding(max_len, d_model)
        self.segments = nn.Embedding(segments, d_model)
        self.norm, self.dropout = nn.LayerNorm(d_model, eps=eps), nn.Dropout(dropout)
        self.encoder = Encoder(d_model, n_heads, d_ff, n_layers, dropout=dropout, activation=F.gelu, eps=eps)
        self.pooler = nn.Linear(d_model, d_model)
        self.max_len = max_len
        for embedding in (self.words, self.positions, self.segments):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        lengths: Int[Tensor, " B"] | None = None,
        segments: Int[Tensor, "B T"] | None = None,
        kept: list | None = None,
    ) -> Float[Tensor, "B T D"]:
        """The hidden states; ``lengths`` says where padding begins, ``kept`` receives the layers' weights (B, H, T, T).

        Raises ``ValueError`` for a sequence longer than ``max_len``.
        """
        check_length(ids.shape[1], self.max_len)
        place = torch.arange(ids.shape[1], device=ids.device)
        segments = torch.zeros_like(ids) if segments is None else segments
        x = self.dropout(self.norm(self.words(ids) + self.positions(place) + self.segments(segments)))
        return self.encoder(x, None if lengths is None else padding_mask(lengths, ids.shape[1]), kept=kept)

    def pooled(self, hidden: Float[Tensor, "B T D"]) -> Float[Tensor, "B D"]:
        """The first position's state through a layer of its own: what the pair is judged by."""
        return self.pooler(hidden[:, 0]).tanh()

    def load(self, theirs: Mapping[str, Tensor], prefix: str = "") -> None:
        """Take the weights of a ``transformers`` ``BertModel.state_dict()``; a missing pooler stays as it is."""
        names = NAMES | {
            f"encoder.layers.{i}.{ours}": f"encoder.layer.{i}.{name}"
            for i in range(len(self.encoder.layers))
            for ours, name in LAYER_NAMES.items()
        }
        self.load_state_dict(renamed(self.state_dict(), names, theirs, prefix))


class BertForPreTraining(nn.Module):
    """BERT with its two heads: which word was hidden, and whether the second sentence followed the first."""

    def __init__(self, bert: Bert) -> None:
        super().__init__()
        V, D = bert.words.weight.shape
        self.bert, self.nsp = bert, nn.Linear(D, 2)
        self.mlm_dense, self.mlm_norm = nn.Linear(D, D), nn.LayerNorm(D, eps=bert.norm.eps)
        self.mlm_bias = nn.Parameter(torch.zeros(V))

    def forward(
        self,
        ids: Int[Tensor, "B T"],
        lengths: Int[Tensor, " B"] | None = None,
        segments: Int[Tensor, "B T"] | None = None,
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B 2"]]:
        """Logits of the words, and of "it followed" (0) against "it did not" (1), as the authors number them."""
        hidden = self.bert(ids, lengths, segments)
        guess = self.mlm_norm(F.gelu(self.mlm_dense(hidden)))
        return F.linear(guess, self.bert.words.weight, self.mlm_bias), self.nsp(self.bert.pooled(hidden))

    def load(self, theirs: Mapping[str, Tensor]) -> None:
        """Take the weights of a ``transformers`` ``BertForPreTraining.state_dict()`` of the same sizes."""
        self.bert.load(theirs, "bert.")
        heads = {name: weight for name, weight in self.state_dict().items() if not name.startswith("bert.")}
        self.load_state_dict(renamed(heads, HEAD_NAMES, theirs, "cls."), strict=False)


def renamed(
    state: Mapping[str, Tensor], names: dict[str, str], theirs: Mapping[str, Tensor], prefix: str
) -> dict[str, Tensor]:
    """Our names with their weights: of each name the longest known beginning is translated."""
    found = {}
    for ours, weight in state.items():
        known = max((name for name in names if ours == name or ours.startswith(f"{name}.")), key=len)
        name = prefix + names[known] + ours.removeprefix(known)
        found[ours] = theirs.get(name, weight) if known == "pooler" else theirs[name]
    return found

"""MiniLM reads: a BERT of six layers that makes one vector of a sentence, read from its safetensors file.

Sources: the model's own files; Wang et al., *MiniLM* (2020). Left out: the BERT's two training heads, which its file
does not hold.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.models.bert import Bert
from llmbook.pretrained.hub import CACHE, MINILM, damage_named, fetch
from llmbook.pretrained.tokenizer import PretrainedTokenizer


def load_minilm(cache: Path = CACHE) -> tuple[Bert, PretrainedTokenizer]:
    """all-MiniLM-L6-v2 and its WordPiece tokenizer, which adds [CLS] and [SEP]. Raises ``HubError`` (see ``hub``)."""
    folder = fetch(MINILM, cache)
    with damage_named(folder):
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "model.safetensors")
        backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = Bert(
        config["vocab_size"],
        d_model=config["hidden_size"],
        n_heads=config["num_attention_heads"],
        n_layers=config["num_hidden_layers"],
        d_ff=config["intermediate_size"],
        max_len=config["max_position_embeddings"],
        eps=config["layer_norm_eps"],
    )
    model.load_transformers(weights)

    backend.no_padding()
    backend.no_truncation()
    return model.eval().requires_grad_(False), PretrainedTokenizer(backend)


def embed(model: Bert, tokenizer: PretrainedTokenizer, texts: Sequence[str]) -> Float[Tensor, "N D"]:
    """MiniLM's vector of each text, of length one. The mean of the hidden states, as its authors use it.

    A text of more than ``max_len`` ids is cut before its [SEP]. Raises ``ValueError`` for no texts.
    """
    if isinstance(texts, str) or not len(texts):
        raise ValueError(f"a list of at least one text is needed, got {texts!r}")
    vectors: list[Tensor] = []
    for text in texts:
        *words, sep = tokenizer.encode(text)
        ids = torch.tensor([[*words[: model.max_len - 1], sep]])
        vectors.append(model(ids)[0].mean(dim=0))
    return F.normalize(torch.stack(vectors), dim=-1)

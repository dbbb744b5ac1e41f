"""Two real models, read from their files without the ``transformers`` library: SmolLM2 (writes) and MiniLM (reads).

SmolLM2-135M-Instruct comes as a GGUF file: weights in blocks of 32 numbers with 4 bits each, a scale and an offset
(Q4_1), the embedding with 8 bits (Q8_0). ``gguf`` turns each block back into float32, one tensor at a time, so that
loading needs little more memory than the model. MiniLM, a BERT of six layers, comes as safetensors.

Sources: the models' own files; Allal et al., *SmolLM2* (2025); Wang et al., *MiniLM* (2020). Left out: the BERT's
two training heads, which its file does not hold.
"""

import json
import mmap
from collections.abc import Sequence
from pathlib import Path

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import load_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from llmbook.bert import Bert
from llmbook.hub import CACHE, MINILM, SMOLLM2, fetch
from llmbook.llama import Llama

ROWS = 256  # converted at a time
SIZES = {  # Llama's: the file's
    "vocab": "vocab_size",
    "d_model": "embedding_length",
    "n_heads": "attention.head_count",
    "n_kv_heads": "attention.head_count_kv",
    "n_layers": "block_count",
    "d_ff": "feed_forward_length",
    "max_len": "context_length",
    "rope_base": "rope.freq_base",
    "eps": "attention.layer_norm_rms_epsilon",
}
CONTROL = 3  # GGUF's type of a token that never arises from text
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


class PretrainedTokenizer:
    """A vocabulary of the ``tokenizers`` library behind the few methods this book uses."""

    def __init__(self, backend: Tokenizer) -> None:
        self.backend = backend

    def __len__(self) -> int:
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        return self.backend.encode(text).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.backend.decode(list(ids), skip_special_tokens=False)

    def tokens(self, text: str) -> list[str]:
        """The pieces the text is cut into, to be shown to a reader."""
        return [self.backend.decode([i], skip_special_tokens=False) for i in self.encode(text)]


def smollm2(cache: Path = CACHE) -> tuple[Llama, PretrainedTokenizer]:
    """SmolLM2-135M-Instruct in float32, ready to generate, and its tokenizer. Raises ``HubError`` (see ``hub``)."""
    reader = GGUFReader(next(fetch(SMOLLM2, cache).glob("*.gguf")))
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    sizes = {ours: reader.fields[f"llama.{theirs}"].contents() for ours, theirs in SIZES.items()}
    tokenizer = gguf_tokenizer(reader)
    # A hundred thousand small arrays, one for each token and merge, would outweigh a quarter of the model.
    reader.fields.clear()
    with torch.device("meta"):  # no numbers are drawn only to be replaced
        model = Llama(**sizes, tied="output.weight" not in tensors)

    def read(names: list[str]) -> Tensor:
        """These weights one below the other in float32, ``ROWS`` rows at a time: little is held twice."""
        stored = [tensors[name] for name in names]
        whole = torch.empty(sum(len(one.data) for one in stored), *(int(n) for n in stored[0].shape[:-1]))
        at = 0
        for one in stored:
            for rows in range(0, len(one.data), ROWS):
                numbers = dequantize(one.data[rows : rows + ROWS], one.tensor_type).copy()
                whole[at : at + len(numbers)] = torch.from_numpy(numbers)
                at += len(numbers)
        reader.data.base.madvise(mmap.MADV_DONTNEED)  # the file's pages have been used
        return whole

    model.load_gguf(read)
    return model.eval().requires_grad_(False), tokenizer


def gguf_tokenizer(reader: GGUFReader) -> PretrainedTokenizer:
    """The byte-level BPE whose tokens and merges stand in the GGUF file."""
    names = ("tokens", "token_type", "merges")
    tokens, types, merges = (reader.fields[f"tokenizer.ggml.{name}"].contents() for name in names)
    vocab = {token: i for i, token in enumerate(tokens)}
    backend = Tokenizer(models.BPE(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in merges]))
    digits = pre_tokenizers.Digits(individual_digits=True)  # what the file's field tokenizer.ggml.pre, "smollm", means
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(
        [AddedToken(token, special=True) for token, kind in zip(tokens, types, strict=True) if kind == CONTROL]
    )
    return PretrainedTokenizer(backend)


def chat(messages: Sequence[tuple[str, str]] | str) -> str:
    """SmolLM2's prompt for a conversation of (role, words), or for one question, up to where the answer begins.

    Raises ``ValueError`` for a role that is not system, user or assistant.
    """
    messages = [("user", messages)] if isinstance(messages, str) else list(messages)
    for role, _ in messages:
        if role not in ("system", "user", "assistant"):
            raise ValueError(f"a role must be system, user or assistant, got {role!r}")
    if not messages or messages[0][0] != "system":
        messages = [("system", SYSTEM), *messages]
    return "".join(f"<|im_start|>{role}\n{words}<|im_end|>\n" for role, words in messages) + "<|im_start|>assistant\n"


def minilm(cache: Path = CACHE) -> tuple[Bert, PretrainedTokenizer]:
    """all-MiniLM-L6-v2 and its WordPiece tokenizer, which adds [CLS] and [SEP]. Raises ``HubError`` (see ``hub``)."""
    folder = fetch(MINILM, cache)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = Bert(
        config["vocab_size"],
        d_model=config["hidden_size"],
        n_heads=config["num_attention_heads"],
        n_layers=config["num_hidden_layers"],
        d_ff=config["intermediate_size"],
        max_len=config["max_position_embeddings"],
        eps=config["layer_norm_eps"],
    )
    model.load(load_file(folder / "model.safetensors"))
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.no_padding()
    backend.no_truncation()
    return model.eval().requires_grad_(False), PretrainedTokenizer(backend)


def embed(model: Bert, tokenizer: PretrainedTokenizer, texts: Sequence[str]) -> Tensor:
    """MiniLM's vector of each text, of length one: (N, D). The mean of the hidden states, as its authors use it.

    A text of more than ``max_len`` ids is cut before its [SEP]. Raises ``ValueError`` for no texts.
    """
    if isinstance(texts, str) or not len(texts):
        raise ValueError(f"a list of at least one text is needed, got {texts!r}")
    ids = [tokenizer.encode(text) for text in texts]
    hidden = [model(torch.tensor([[*row[:-1][: model.max_len - 1], row[-1]]]))[0].mean(dim=0) for row in ids]
    return torch.nn.functional.normalize(torch.stack(hidden), dim=-1)

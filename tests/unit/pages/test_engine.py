"""What the engine is told of a model: enough to make it again, as JSON, or an error that says why not."""

import json

import pytest
from torch import nn

from llmbook.data.byte_pairs import BPETokenizer
from llmbook.data.tokenizers import CharTokenizer, WordTokenizer
from llmbook.models.bert import Bert, BertForPreTraining
from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.models.encoder_decoder import Transformer
from llmbook.pages.engine import describe_model, describe_stored, describe_tokenizer
from llmbook.pretrained.date_translator import BOS, EOS, LONGEST
from llmbook.pretrained.own_models import read_stored, stored_tokenizer

SIZES = {"vocab": 11, "d_model": 12, "n_heads": 6, "n_layers": 2, "d_ff": 17, "max_len": 23}


def test_a_causal_model_is_made_again_from_what_is_told():
    config = CausalLMConfig(**SIZES, n_kv_heads=3, norm="rms", feed_forward="swiglu", positions="rotary", eps=1e-6)
    told = json.loads(json.dumps(describe_model(CausalLM(config))))
    assert told.pop("kind") == "gpt"
    assert CausalLMConfig(**told) == config


def test_of_encoders_what_shapes_do_not_say():
    bert = Bert(11, d_model=12, n_heads=3, n_layers=2, d_ff=5, max_len=7, eps=1e-7)
    assert describe_model(BertForPreTraining(bert)) == {"kind": "bert", "n_heads": 3, "n_layers": 2, "eps": 1e-7}
    translator = Transformer(11, 13, d_model=12, n_heads=6, n_layers=3, d_ff=5, max_len=17, positions="rotary")
    assert describe_model(translator) == {
        **{"kind": "translator", "n_heads": 6, "n_layers": 3, "eps": 1e-5, "positions": "rotary"},
        **{"rope_base": 10000.0, "max_len": 17, "longest": LONGEST, "begin": BOS, "end": EOS},
    }


def test_tokenizers_are_made_again_from_what_is_told():
    told = json.loads(json.dumps(describe_tokenizer(CharTokenizer("zβa", ["<pad>", "<eos>"]))))
    assert told.pop("kind") == "characters"
    assert CharTokenizer(told["letters"], told["specials"]).symbols == ["<pad>", "<eos>", "z", "β", "a"]
    assert describe_tokenizer(WordTokenizer(["one"])) == {
        "kind": "words",
        "symbols": ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "one"],
    }
    pairs = describe_tokenizer(BPETokenizer([(3, 4), (256, 5)]))
    assert pairs == {"kind": "byte-pairs", "merges": [(3, 4), (256, 5)]}
    both = describe_tokenizer((CharTokenizer("a"), CharTokenizer("b")))
    assert [both["source"]["letters"], both["target"]["letters"]] == ["a", "b"]


@pytest.mark.parametrize("name", ["gpt-characters", "dates"])
def test_a_stored_model_is_told_as_json(name):
    told = json.loads(json.dumps(describe_stored(name)))
    assert told["card"]["held_out"] == read_stored(name)["held_out"]
    assert told["card"]["name"] == name
    assert told["tokenizer"] == describe_tokenizer(stored_tokenizer(name))


def test_what_the_engine_does_not_know_is_refused():
    with pytest.raises(ValueError, match="no BPETokenizer of this kind"):
        describe_tokenizer(BPETokenizer([], ["<bos>"]))
    with pytest.raises(ValueError, match="no Linear"):
        describe_model(nn.Linear(2, 3))
    with pytest.raises(ValueError, match="post-norm only"):
        describe_model(Transformer(11, 13, d_model=12, n_heads=6, n_layers=1, d_ff=5, norm_first=True))
    with pytest.raises(ValueError, match="the stored models are"):
        describe_stored("gpt-5")

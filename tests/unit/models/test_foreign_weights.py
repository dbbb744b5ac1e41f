"""Weights by other names: each found, all of one model's, and a model left as it was where they are not."""

import copy

import pytest
import torch
import transformers
from reference import close, random, spread
from torch import nn

from llmbook.models import GPT, Bert, BertForPreTraining, Llama
from llmbook.models.foreign_weights import foreign_names, load_weights

V, D, H, LAYERS, LONG = 23, 12, 2, 2, 7
NAMES = {"words": "embed", "layers.{}.w": "h.{}.left h.{}.right", "output": "head"}


class Small(nn.Module):
    """Two layers in one list, the output shared with the embedding where that is wanted."""

    def __init__(self, tied: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 3)
        self.layers = nn.ModuleList(nn.ModuleDict({"w": nn.Linear(3, 4)}) for _ in range(12))
        self.output = nn.Linear(3, 5, bias=False)
        if tied:
            self.output.weight = self.words.weight
        self.register_buffer("table", torch.zeros(2))


def state(tied: bool = False) -> dict[str, torch.Tensor]:
    """What another library would hold for a ``Small``."""
    found = {"embed.weight": random(5, 3, dtype=torch.float32)}
    found["head.weight"] = found["embed.weight"] if tied else random(5, 3, seed=1, dtype=torch.float32)
    for i in range(12):
        for k, side in enumerate(("left", "right")):
            found[f"h.{i}.{side}.weight"] = random(2, 3, seed=10 * i + k, dtype=torch.float32)
            found[f"h.{i}.{side}.bias"] = random(2, seed=10 * i + k + 5, dtype=torch.float32)
    return found


# --- reference and property ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [False, True])
def test_each_of_our_weights_has_its_names_and_a_shared_one_is_named_once(tied):
    table = foreign_names(Small(tied), NAMES)
    assert table["layers.11.w.bias"] == ["h.11.left.bias", "h.11.right.bias"]
    assert ("output.weight" in table) == (not tied)
    assert len(table) == 25 + (not tied)


@pytest.mark.parametrize("tied", [False, True])
def test_weights_arrive_below_each_other_and_changed_as_told(tied):
    model, theirs = Small(tied), state(tied)
    load_weights(model, NAMES, theirs, lambda name, weight: -weight if "left" in name else weight)
    close(model.output.weight, theirs["head.weight"], 0)
    close(model.layers[11]["w"].weight, torch.cat([-theirs["h.11.left.weight"], theirs["h.11.right.weight"]]), 0)
    assert (model.output.weight is model.words.weight) == tied
    close(model.table, torch.zeros(2), 0)


def test_the_longest_name_that_is_known_counts():
    model = nn.ModuleDict({"x": nn.Sequential(nn.Linear(2, 2))})
    table = foreign_names(model, {"x.{}": "a.{}", "x.{}.weight": "b.{}"})
    assert table == {"x.0.weight": ["b.0"], "x.0.bias": ["a.0.bias"]}


# --- limit -----------------------------------------------------------------------------------------------------


def test_what_older_files_hold_beside_the_weights_is_passed_over():
    buffers = {"h.0.attn.bias": torch.ones(3, 3), "h.0.attn.masked_bias": torch.tensor(-1e4)}
    more = {"embeddings.position_ids": torch.arange(4), "layers.0.rotary_emb.inv_freq": torch.ones(2)}
    model, theirs = Small(), state()
    load_weights(model, NAMES, {**theirs, **buffers, **more})
    close(model.words.weight, theirs["embed.weight"], 0)


# --- failure ---------------------------------------------------------------------------------------------------


def refused(model: nn.Module, load, error: type[Exception], message: str) -> None:
    """``load`` raises, and no weight of the model has changed."""
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(error, match=message):
        load()
    close(model.state_dict(), before, 0)


def test_missing_other_and_strange_weights():
    model = Small()
    without = {name: weight for name, weight in state().items() if name != "h.7.right.bias"}
    refused(model, lambda: load_weights(model, NAMES, without), KeyError, r"h\.7\.right\.bias")
    other = {**state(), "h.11.left.weight": torch.zeros(3, 3)}
    wrong = r"size mismatch for layers\.11\.w\.weight: \(5, 3\) was found, \(4, 3\) is needed"
    refused(model, lambda: load_weights(model, NAMES, other), RuntimeError, wrong)
    for strange in ("h.12.left.weight", "h.0.c_attn.bias"):
        more = {**state(), strange: torch.full((2, 3), 7.0)}
        refused(model, lambda more=more: load_weights(model, NAMES, more), ValueError, f"26 .* no place for {strange}")


def test_a_parameter_that_the_table_does_not_know():
    with pytest.raises(KeyError, match=r"output\.weight"):
        foreign_names(Small(), {name: theirs for name, theirs in NAMES.items() if name != "output"})


def gpt2(layers: int = LAYERS) -> dict[str, torch.Tensor]:
    config = transformers.GPT2Config(vocab_size=V, n_positions=LONG, n_embd=D, n_layer=layers, n_head=H)
    return spread(transformers.GPT2LMHeadModel(config)).state_dict()


def llama(**more: object) -> dict[str, torch.Tensor]:
    sizes = {"vocab_size": V, "hidden_size": D, "intermediate_size": 17, "num_hidden_layers": LAYERS}
    config = transformers.LlamaConfig(**sizes, num_attention_heads=H, max_position_embeddings=LONG, **more)
    return spread(transformers.LlamaForCausalLM(config)).state_dict()


def bert(layers: int) -> dict[str, torch.Tensor]:
    sizes = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": layers, "num_attention_heads": H}
    config = transformers.BertConfig(**sizes, intermediate_size=17, max_position_embeddings=LONG)
    return spread(transformers.BertForPreTraining(config)).state_dict()


def our_bert() -> BertForPreTraining:
    return BertForPreTraining(Bert(V, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=17, max_len=LONG))


def test_a_model_with_more_layers_is_another_model():
    sizes = {"d_model": D, "n_heads": H, "n_layers": LAYERS, "max_len": LONG}
    gpt = GPT(V, **sizes)
    refused(
        gpt,
        lambda: gpt.load_transformers(gpt2(LAYERS + 1)),
        ValueError,
        r"no place for transformer\.h\.2\.ln_1\.weight",
    )
    ours = Llama(V, **{**sizes, "n_layers": 1}, d_ff=17)
    refused(ours, lambda: ours.load_transformers(llama()), ValueError, r"no place for model\.layers\.1\.self_attn")
    both = our_bert()
    refused(both, lambda: both.load_transformers(bert(LAYERS + 1)), ValueError, r"no place for bert\.encoder\.layer\.2")
    alone = {name[5:]: weight for name, weight in bert(LAYERS + 1).items() if name.startswith("bert.")}
    refused(both.bert, lambda: both.bert.load_transformers(alone), ValueError, r"no place for encoder\.layer\.2")


def test_biases_and_outputs_of_their_own_are_not_left_behind():
    sizes = {"d_model": D, "n_heads": H, "n_layers": LAYERS, "max_len": LONG}
    bare, tied = GPT(V, **sizes, bias=False), Llama(V, **sizes, d_ff=17, tied=True)
    refused(
        bare, lambda: bare.load_transformers(gpt2()), ValueError, r"no place for transformer\.h\.0\.attn\.c_attn\.bias"
    )
    refused(tied, lambda: tied.load_transformers(llama()), ValueError, r"no place for lm_head\.weight")
    refused(tied, lambda: tied.load_transformers(llama(attention_bias=True)), ValueError, r"self_attn\.q_proj\.bias")
    untied = GPT(V, **sizes, tied=False)
    untied.load_transformers(gpt2())  # their output repeats their embedding
    close(untied.output.weight, untied.embedding.weight, 0)
    both, theirs = our_bert(), bert(LAYERS)
    theirs["cls.predictions.decoder.weight"] = theirs["cls.predictions.decoder.weight"] + 1
    refused(both, lambda: both.load_transformers(theirs), ValueError, r"no place for cls\.predictions\.decoder\.weight")

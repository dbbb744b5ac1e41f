"""What the page's engine is told of a stored model beside its weights: its architecture, and its tokenizer, as JSON.

    {"card": {"name", "what", "parameters", "architecture": {"kind", …}}, "tokenizer": {"kind", …}}

The engine, ``web/src/core/models``, reads the weights from the model's own file; heads, positions and the form of the
activation are not to be seen there. Left out: models with parts that no stored model and no page has.
"""

from dataclasses import asdict
from typing import Any

from torch import nn

from llmbook.data.byte_pairs import BPETokenizer
from llmbook.data.tokenizers import CharTokenizer, WordTokenizer
from llmbook.models.bert import BertForPreTraining
from llmbook.models.causal_lm import CausalLM
from llmbook.models.encoder_decoder import EncoderLayer, Transformer
from llmbook.pretrained.date_translator import BOS, EOS, LONGEST
from llmbook.pretrained.own_models import find_recipe, load_stored, read_stored, stored_tokenizer


def describe_stored(name: str) -> dict[str, Any]:
    """Both, of a stored model. Raises ``ValueError`` as ``find_recipe``, and as the functions below."""
    find_recipe(name)
    known = read_stored(name)
    card = {key: known[key] for key in ("name", "what", "data", "parameters", "held_out")}
    card["architecture"] = describe_model(load_stored(name))
    return {"card": card, "tokenizer": describe_tokenizer(stored_tokenizer(name))}


def describe_model(model: nn.Module) -> dict[str, Any]:
    """What the shapes of its weights do not say. Raises ``ValueError`` for a model of another kind."""
    if isinstance(model, CausalLM):
        return {"kind": "gpt", **asdict(model.config)}
    if isinstance(model, BertForPreTraining):
        return {"kind": "bert", **describe_layers(model.bert.encoder.layers)}
    if isinstance(model, Transformer):
        positions = model.tgt_positions
        return {
            "kind": "translator",
            **describe_layers(model.encoder.layers),
            "positions": positions.kind,
            "rope_base": positions.base,
            "max_len": positions.max_len,
            "longest": LONGEST,
            "begin": BOS,
            "end": EOS,
        }
    raise ValueError(f"the engine knows no {type(model).__name__}")


def describe_layers(layers: nn.ModuleList) -> dict[str, Any]:
    first = layers[0]
    assert isinstance(first, EncoderLayer)
    around = first.around_attention
    if around.norm_first:
        raise ValueError("the engine knows encoders and decoders with post-norm only")
    return {"n_heads": first.self_attention.n_heads, "n_layers": len(layers), "eps": around.norm.eps}


def describe_tokenizer(tokenizer: Any) -> dict[str, Any]:
    """How text becomes ids; of a pair, both. Raises ``ValueError`` for another, and for byte pairs with specials."""
    match tokenizer:
        case (source, target):
            return {"source": describe_tokenizer(source), "target": describe_tokenizer(target)}
        case CharTokenizer(specials=specials, symbols=symbols):
            return {"kind": "characters", "letters": "".join(symbols[len(specials) :]), "specials": list(specials)}
        case WordTokenizer(symbols=symbols):
            return {"kind": "words", "symbols": symbols}
        case BPETokenizer(specials=specials) if not specials:
            return {"kind": "byte-pairs", "merges": tokenizer.merges}
        case _:
            raise ValueError(f"the engine knows no {type(tokenizer).__name__} of this kind")

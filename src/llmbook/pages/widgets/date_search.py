"""What the stored translator of dates writes for a text, the beams on its way there, and where its heads look.

    score(y) = Σ log p(y_t | y_1 … y_{t-1}, x) / |y|,    the end counted too

The front end does the same (``web/src/play/translating.ts``).
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from llmbook.inference.search import Scored, beam_search
from llmbook.nn.attention import MultiHeadAttention
from llmbook.nn.recording import record_attention
from llmbook.pages.widgets.legible import legible

if TYPE_CHECKING:
    from llmbook.models.encoder_decoder import DecoderLayer, Transformer

MODEL = "dates"
NAMED = 5  # of the characters that the model does not know


class Written(NamedTuple):
    """A text that the search has found: its ids end with that of the end, if it came to one."""

    text: str
    score: float
    ids: list[int]
    chances: Float[Tensor, "T n_vocab"]  # of each id, at each place
    cross: Float[Tensor, "layers H T S"]  # where each head looks in the source while each id is written


class Beam(NamedTuple):
    """A beginning that was held before the next id was chosen, and its Σ log p."""

    ids: list[int]
    total: float


class Found(NamedTuple):
    """The texts, best first, and the beams before each id."""

    texts: list[Written]
    held: list[list[Beam]]


@cache
def translator() -> "Transformer":
    from llmbook.pretrained.own_models import load_stored  # a second, which other pages need not wait

    return cast("Transformer", load_stored(MODEL))


@cache
def languages() -> Any:
    """English and Chinese: two tokenizers of characters."""
    from llmbook.pretrained.own_models import stored_tokenizer

    return stored_tokenizer(MODEL)


def cross_attentions() -> list[MultiHeadAttention]:
    """Of each of the decoder's layers, from the first on."""
    return [cast("DecoderLayer", layer).cross_attention for layer in translator().decoder.layers]


def trouble_with(text: str) -> str:
    """Why the model cannot read this text; empty where it can."""
    if not text:
        return "There is nothing to read: type a date."
    english, _ = languages()
    strange = [character for character in dict.fromkeys(text) if character not in english.symbols]
    if strange:
        shown = ", ".join(f"“{legible(character)[0]}”" for character in strange[:NAMED])
        more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
        return f"The model does not know {shown}{more}: no date that it learned from has that."
    most = translator().src_positions.max_len
    return f"The model reads at most {most} characters, and these are {len(text)}." if len(text) > most else ""


@lru_cache(maxsize=64)
@torch.no_grad()
def search(text: str, width: int) -> Found:
    """Raises ``ValueError`` for a text that the model cannot read."""
    trouble = trouble_with(text)
    if trouble:
        raise ValueError(trouble)
    from llmbook.pretrained.date_translator import BOS, EOS, LONGEST

    source = torch.tensor([languages()[0].encode(text)])
    memory = translator().encode(source)
    held: list[list[Beam]] = []
    totals: dict[tuple[int, ...], Tensor] = {}  # of a beginning: Σ log p of each that is one id longer

    def next_logits(prefixes: Int[Tensor, "N T"]) -> Float[Tensor, "N n_vocab"]:
        logits = translator().decode(prefixes, memory.expand(len(prefixes), -1, -1))[:, -1]
        beams = [beam_of(ids, totals) for ids in prefixes[:, 1:].tolist()]
        held.append(beams)
        for beam, logs in zip(beams, logits.log_softmax(-1), strict=True):
            totals[tuple(beam.ids)] = beam.total + logs
        return logits

    found = beam_search(next_logits, torch.tensor([BOS]), beams=width, max_new=LONGEST, eos=EOS)
    return Found([explain(source, one) for one in found], held)


def beam_of(ids: list[int], totals: dict[tuple[int, ...], Tensor]) -> Beam:
    return Beam(ids, totals[tuple(ids[:-1])][ids[-1]].item() if ids else 0.0)


def explain(source: Int[Tensor, "1 S"], found: Scored) -> Written:
    ids = found.ids[1:]
    with record_attention(*cross_attentions()) as cross:
        logits = translator()(source, torch.tensor([found.ids[:-1]]))[0]
    text = languages()[1].decode(ids)
    return Written(text, found.score, ids, logits.double().softmax(-1), torch.cat(cross))

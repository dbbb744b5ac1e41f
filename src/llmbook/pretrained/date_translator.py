r"""A translator of dates, English to Chinese: the task of page 5.4, for a model of the library, with rotary positions.

    loss = mean of -log p(y_t | y_1 … y_{t-1}, x),   over the characters of the true translation

Source: Vaswani et al., *Attention Is All You Need* (2017), section 3.1. Left out: beam search
(see ``inference.search``).
"""

from collections.abc import Sequence
from functools import cache
from itertools import takewhile

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.date_pairs import DatePair, dates
from llmbook.data.parts import Part
from llmbook.data.tokenizers import CharTokenizer, pad
from llmbook.models.encoder_decoder import Transformer
from llmbook.pretrained.recipe import Recipe
from llmbook.training.objectives import IGNORE, shift, word_loss
from llmbook.training.schedule import TrainConfig

MANY: dict[Part, int] = {"train": 20_000, "dev": 500, "test": 1_000}
PAD, BOS, EOS = 0, 1, 2
LONGEST = 20  # characters of a translation
Rows = tuple[Int[Tensor, "B _"], Int[Tensor, " B"]]  # padded, and their lengths


@cache
def pairs(part: Part) -> list[DatePair]:
    return dates(MANY[part], part=part)


@cache
def date_languages() -> tuple[CharTokenizer, CharTokenizer]:
    """English and Chinese, of the characters that the training dates are written in."""
    english = CharTokenizer.train("".join(pair.source for pair in pairs("train")), ["<pad>"])
    chinese = CharTokenizer.train("".join(pair.target for pair in pairs("train")), ["<pad>", "<bos>", "<eos>"])
    return english, chinese


@cache
def in_ids(part: Part) -> tuple[Rows, Rows]:
    """The dates of a part and their translations, each between <bos> and <eos>."""
    english, chinese = date_languages()
    source = pad([english.encode(pair.source) for pair in pairs(part)], PAD)
    target = pad([[BOS, *chinese.encode(pair.target), EOS] for pair in pairs(part)], PAD)
    return source, target


def make_translator() -> Transformer:
    english, chinese = date_languages()
    return Transformer(
        len(english),
        len(chinese),
        d_model=64,
        n_heads=4,
        n_layers=2,
        d_ff=128,
        dropout=0.0,
        max_len=32,
        positions="rotary",
    )


def date_loss(model: nn.Module, part: Part, rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
    (src, src_lengths), (tgt, tgt_lengths) = in_ids(part)
    S, T = int(src_lengths[rows].max()), int(tgt_lengths[rows].max())
    inputs, targets = shift(tgt[rows, :T])
    return word_loss(model(src[rows, :S], inputs, src_lengths[rows]), targets.masked_fill(targets == PAD, IGNORE))


@torch.no_grad()
def held_out_loss(model: nn.Module) -> float:
    return date_loss(model, "dev", torch.arange(MANY["dev"])).item()


@torch.no_grad()
def translate(model: Transformer, texts: Sequence[str]) -> list[str]:
    """Each date in Chinese, the likeliest character after the other.

    Raises ``ValueError`` for no texts, and for a character that no training date has.
    """
    english, chinese = date_languages()
    src, lengths = pad([english.encode(text) for text in texts], PAD)
    memory = model.encode(src, lengths)
    out = torch.full((len(texts), 1), BOS)
    for _ in range(LONGEST):
        likeliest = model.decode(out, memory, lengths)[:, -1:].argmax(dim=-1)  # (B, 1)
        out = torch.cat([out, likeliest], dim=1)
        if (out == EOS).any(dim=1).all():
            break
    return [chinese.decode(takewhile(EOS.__ne__, row)) for row in out.tolist()]


def exact_matches(model: nn.Module) -> dict[str, float]:
    """The share of the test's dates that are right in every character."""
    assert isinstance(model, Transformer)
    test = pairs("test")
    outputs = translate(model, [pair.source for pair in test])
    right = sum(output == pair.target for output, pair in zip(outputs, test, strict=True))
    return {"test, dates exact": round(right / len(test), 4)}


DATES = Recipe(
    name="dates",
    what="A Transformer of two layers on each side, 64 wide, trained to write an English date in Chinese.",
    data="20,000 dates in nine formats; held out are other days, 500 to choose by and 1,000 to test on.",
    config=TrainConfig(steps=450, batch=32, lr=5e-3, warmup=60, final=0.02),
    make=make_translator,
    examples=lambda: MANY["train"],
    loss=lambda model, rows: date_loss(model, "train", rows),
    held_out=held_out_loss,
    tokenizer=date_languages,
    more=exact_matches,
)

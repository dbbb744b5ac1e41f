r"""Two small GPTs that continue a speech: by byte pairs of the book's own, and by characters (chapter 3).

    loss = mean of -log p(x_t | x_1 … x_{t-1}),   over the ids of a window of T + 1 cut at a random place

A loss in nats a token cannot be compared between the two, since their tokens differ in length; in nats a character, all
of a text's nats over all of its characters, it can. Source: Radford et al. (2018), eq. 1. Left out: a sign for the end
of a speech.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Int
from torch import Tensor, nn

from llmbook.data.byte_pairs import BPETokenizer
from llmbook.data.parts import Part
from llmbook.data.speech import Speech, speeches
from llmbook.data.tokenizers import CharTokenizer
from llmbook.models.causal_lm import CausalLM
from llmbook.models.gpt import GPT
from llmbook.pretrained.recipe import STORED, Recipe
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig

N_VOCAB = 1024
LETTERS = "\n" + "".join(map(chr, range(32, 127))) + "—"  # what can be typed, and the speeches' dash
AT_ONCE = 64  # windows of a held-out text


@cache
def speech_pairs() -> BPETokenizer:
    """The byte pairs of the training speeches: read, since learning them takes seconds, or else learned now."""
    path = STORED / "byte-pairs.json"
    if path.exists():
        merges = [(int(a), int(b)) for a, b in map(str.split, json.loads(path.read_text(encoding="utf-8"))["merges"])]
        stored = BPETokenizer(merges)
        if len(stored) == N_VOCAB:
            return stored
    return learn_speech_pairs()


def learn_speech_pairs() -> BPETokenizer:
    return BPETokenizer.train(joined(speeches(part="train")), N_VOCAB)


def byte_pairs_run(_: object) -> dict[str, list[str]]:
    """What is stored of them: the merges, as JSON has them, a line each."""
    return {"merges": [f"{a} {b}" for a, b in learn_speech_pairs().merges]}


@cache
def speech_characters() -> CharTokenizer:
    """The characters of ASCII and the dash; what is outside is left out of the speeches."""
    return CharTokenizer(LETTERS)


def joined(texts: Sequence[Speech]) -> str:
    return "".join(f"{speech.text}\n\n" for speech in texts)


@dataclass(frozen=True)
class Text:
    """What a model reads of some speeches."""

    ids: Int[Tensor, " n"]
    characters: int


@cache
def in_pairs(part: Part, since: int | None = None) -> Text:
    text = joined(speeches(part=part, since=since))
    return Text(torch.tensor(speech_pairs().encode(text)), len(text))


@cache
def in_characters(part: Part, since: int | None = None) -> Text:
    known = speech_characters()
    text = "".join(letter for letter in joined(speeches(part=part, since=since)) if letter in known.ids)
    return Text(torch.tensor(known.encode(text)), len(text))


@cache
def all_and_the_modern_again() -> Int[Tensor, " n"]:
    """All training speeches once, those since 1945 three times: people write as these do."""
    return torch.cat([in_pairs("train").ids, in_pairs("train", 1945).ids.repeat(2)])


@torch.no_grad()
def nats(model: CausalLM, ids: Int[Tensor, " n"]) -> float:
    """The mean loss of a text, cut into windows as long as the model reads; what does not fill one is left out."""
    n_windows = (len(ids) - 1) // model.max_len
    windows = ids[: n_windows * model.max_len].view(n_windows, -1)
    targets = ids[1 : n_windows * model.max_len + 1].view(n_windows, -1)
    pieces = zip(windows.split(AT_ONCE), targets.split(AT_ONCE), strict=True)
    return sum(word_loss(model(x), y).item() * len(x) for x, y in pieces) / n_windows


def speech_recipe(
    name: str, *, what: str, data: str, since: int, config: TrainConfig, tokenizer: Callable[[], object],
    read: Callable[[Part, int], Text], train: Callable[[], Int[Tensor, " n"]], make: Callable[[], GPT],
) -> Recipe:  # fmt: skip
    """``train`` is the text to learn from, ``read`` gives the text of a part since a year."""

    def loss(model: nn.Module, rows: Int[Tensor, " rows"]) -> Tensor:
        assert isinstance(model, GPT)
        inputs, targets = shift(train()[rows[:, None] + torch.arange(model.max_len + 1)])
        return word_loss(model(inputs), targets)

    def held_out(model: nn.Module) -> float:
        assert isinstance(model, GPT)
        return nats(model, read("dev", since).ids)

    def more(model: nn.Module) -> dict[str, float]:
        assert isinstance(model, GPT)
        dev, test = read("dev", since), read("test", since)
        on_dev, on_test = nats(model, dev.ids), nats(model, test.ids)
        return {
            "dev, nats a character": round(on_dev * len(dev.ids) / dev.characters, 4),
            "test, nats a token": round(on_test, 4),
            "test, nats a character": round(on_test * len(test.ids) / test.characters, 4),
        }

    return Recipe(
        name=name, what=what, data=data, config=config, make=make, tokenizer=tokenizer, loss=loss,
        examples=lambda: len(train()) - make().max_len, held_out=held_out, more=more, bits=8,
    )  # fmt: skip


GPT_SPEECHES = speech_recipe(
    "gpt-speeches",
    what="A GPT of four layers, 192 wide, trained to say the next byte pair of a speech.",
    data="The training speeches in 1,024 byte pairs, those since 1945 three times; held out are speeches since 1945.",
    since=1945,
    config=TrainConfig(steps=3600, batch=16, lr=3e-3, warmup=100, final=0.01, weight_decay=0.1),
    tokenizer=speech_pairs,
    read=in_pairs,
    train=all_and_the_modern_again,
    make=lambda: GPT(N_VOCAB, d_model=192, n_heads=6, n_layers=4, max_len=128),
)
GPT_CHARACTERS = speech_recipe(
    "gpt-characters",
    what="A GPT of four layers, 128 wide, trained to say the next character of a speech.",
    data="The training speeches since 1981 in 97 characters, ASCII and the dash; held out are speeches since 1981.",
    since=1981,
    config=TrainConfig(steps=1400, batch=16, lr=3e-3, warmup=100, final=0.01, weight_decay=0.1),
    tokenizer=speech_characters,
    read=in_characters,
    train=lambda: in_characters("train", 1981).ids,
    make=lambda: GPT(len(LETTERS), d_model=128, n_heads=4, n_layers=4, max_len=128),
)

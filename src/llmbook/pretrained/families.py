r"""Three families, four tasks: a stack that reads, a stack that writes, and an encoder with a decoder (page 3.2).

    encoder only      one stack, no mask: each place sees all
    decoder only      the same stack under a causal mask
    encoder–decoder   half the layers read the source, the other half write the target

A task is a source and a target, both rows of ids. A single stack reads ``source SEP target`` as one text; an encoder
alone gets blanks in place of the target and fills all of them at once. Two layers of a single stack with F = 3D have as
many parameters as one of an encoder with one of a decoder where F = 2D: 2 · 10D² = 8D² + 12D². In a single stack all
places pass through all of them, 20D² multiplications each; in the pair it is half, 10D² (a place of the source pays for
keys and values of cross-attention, one of the target for the rest). The controls are decoders alone with 10D² in all,
``flat``, one layer with F = 3D, and ``thin``, two with F = D / 2.

Sources: Vaswani et al. (2017) for the pair, Radford et al. (2018) for the decoder alone, Devlin et al. (2019) for the
encoder alone. Left out: pre-training, for which see ``readers``; a source that a single stack reads without a mask.
"""

import itertools
import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.date_pairs import DatePair, dates
from llmbook.data.parts import Part
from llmbook.data.speech import speeches
from llmbook.data.tokenizers import CharTokenizer, pad
from llmbook.models.encoder_decoder import Encoder, Transformer
from llmbook.nn.masks import causal_mask, combine_masks, padding_mask
from llmbook.nn.positions import Positions
from llmbook.training.loop import fit
from llmbook.training.objectives import IGNORE, word_loss
from llmbook.training.schedule import TrainConfig

FAMILIES = ENCODER, DECODER, BOTH = "encoder only", "decoder only", "encoder–decoder"
TASKS = {"classify": 150, "tag": 100, "continue": 150, "translate": 250}  # and the steps of training
SPECIALS = ["<pad>", "<bos>", "<eos>", "<sep>", "<blank>"]
PAD, BOS, EOS, SEP, BLANK = range(len(SPECIALS))
SEEDS = 3
HALF = 24  # characters of a text that is to be continued, and of its continuation
LONGEST = 16  # of a Chinese date with its end
D, HEADS = 48, 4
RATE, WARMUP = 5e-3, 60
HALVES = {"flat": (DECODER, 1, 3 * D), "thin": (DECODER, 2, D // 2), "pair": (BOTH, 1, 2 * D)}  # 10D² of work each
LONGEST_TEXT = 64
Ids = list[int]
Pair = tuple[Ids, Ids]


# --- the tasks -------------------------------------------------------------------------------------------------

FIELDS = "_yMdE"  # what a character of a date is part of: nothing, year, month, day, weekday


def fields(pair: DatePair) -> str:
    """For each character of the source the field that it belongs to."""
    marks = ["_"] * len(pair.source)
    for mark, field in zip("yMdE", ("year", "month", "day", "weekday"), strict=True):
        if field in pair.alignment:
            place = pair.alignment[field][0]
            marks[place] = mark * (place.stop - place.start)
    return "".join(marks)


def day_of(pair: DatePair) -> str:
    """The day of the month, one class of 31, written as a letter."""
    return chr(ord("Ａ") + int(pair.target.split("月")[1].split("日")[0]) - 1)


@dataclass(frozen=True)
class Task:
    """Pairs to learn from and to be asked, and the symbols that they are made of."""

    letters: CharTokenizer
    train: list[Pair]
    test: list[Pair]

    @property
    def vocab(self) -> int:
        return len(self.letters)


@cache
def task(name: str, n: int = 20_000, asked: int = 300) -> Task:
    """One of ``TASKS``; raises ``ValueError`` for another name."""
    if name not in TASKS:
        raise ValueError(f"the tasks are {', '.join(TASKS)}; got {name!r}")
    parts: list[tuple[Part, int]] = [("train", n), ("dev", asked)]
    if name == "continue":
        texts = [pieces(part, k) for part, k in parts]
    else:
        say = {"classify": day_of, "tag": fields, "translate": lambda pair: pair.target}[name]
        texts = [[(pair.source, say(pair)) for pair in dates(k, part=part)] for part, k in parts]
    letters = CharTokenizer.train("".join(a + b for a, b in texts[0]), SPECIALS)
    end = [EOS] if name == "translate" else []
    train, test = ([(letters.encode(a), letters.encode(b) + end) for a, b in part] for part in texts)
    return Task(letters, train, test)


def pieces(part: Part, n: int) -> list[tuple[str, str]]:
    """Pieces of the speeches since 1945, at random places: two halves of ``HALF`` characters each."""
    text = "\n".join(speech.text for speech in speeches(1945, part=part))
    known = sorted(set("\n".join(speech.text for speech in speeches(1945, part="train"))))
    text = "".join(c for c in text if c in known)
    rng = random.Random(0)
    places = [rng.randrange(len(text) - 2 * HALF) for _ in range(n)]
    return [(text[i : i + HALF], text[i + HALF : i + 2 * HALF]) for i in places]


# --- the families ----------------------------------------------------------------------------------------------


class OneStack(nn.Module):
    """Embedding, layers, output. ``causal`` is the only difference between an encoder and a decoder alone."""

    def __init__(self, vocab: int, *, causal: bool, d_model: int, n_layers: int, d_ff: int | None = None) -> None:
        super().__init__()
        self.causal = causal
        self.embedding = nn.Embedding(vocab, d_model)
        self.positions = Positions("rotary", d_model, HEADS, LONGEST_TEXT)
        self.encoder = Encoder(d_model, HEADS, d_ff or 3 * d_model, n_layers, norm_first=True)
        self.output = nn.Linear(d_model, vocab, bias=False)

    def forward(self, ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B T n_vocab"]:
        T = ids.shape[1]
        x = self.positions(self.embedding(ids))
        may_attend = combine_masks(padding_mask(lengths, T), causal_mask(T) if self.causal else None)
        return self.output(self.encoder(x, may_attend, **self.positions.in_attention(x)))


def make(family: str, vocab: int, seed: int, n_layers: int = 2, d_ff: int | None = None) -> nn.Module:
    """One layer on each side, or ``n_layers`` of one stack. ``ValueError`` for a family that is not in ``FAMILIES``."""
    if family not in FAMILIES:
        raise ValueError(f"the families are {', '.join(FAMILIES)}; got {family!r}")
    torch.manual_seed(seed)
    if family != BOTH:
        return OneStack(vocab, causal=family == DECODER, d_model=D, n_layers=n_layers, d_ff=d_ff)
    return Transformer(
        vocab,
        vocab,
        d_model=D,
        n_heads=HEADS,
        n_layers=1,
        d_ff=2 * D,
        dropout=0.0,
        max_len=LONGEST_TEXT,
        norm_first=True,
        positions="rotary",
    )


# --- what each is given, and asked -----------------------------------------------------------------------------


def given(family: str, task: str, pair: Pair, cut: int) -> tuple[Ids, Ids, Ids]:
    """(source, what the decoder is given, labels); a single stack has no decoder, and its labels stand at its ids.

    ``cut`` is how much of a continuation an encoder alone has seen, which is asked for one character at a time.
    """
    source, target = pair
    unasked = [IGNORE] * len(source)
    if family == BOTH:
        return source, [BOS, *target[:-1]], target
    if task == "tag":
        return source, [], target
    if task == "continue" and family == ENCODER:
        return [*source, *target[:cut], BLANK], [], [*unasked, *[IGNORE] * cut, target[cut]]
    if task == "continue":
        text = [*source, *target]
        return text[:-1], [], text[1:]
    if family == DECODER:
        return [*source, SEP, *target[:-1]], [], [*unasked, *target]
    blanks = 1 if task == "classify" else LONGEST
    rest = [IGNORE] * (blanks - len(target))
    return [*source, *[BLANK] * blanks], [], [*unasked, *target, *rest]


class Examples:
    """Pairs as tensors, ready to be asked about."""

    def __init__(self, family: str, task: str, pairs: list[Pair], cuts: list[int]) -> None:
        rows = [given(family, task, pair, cut) for pair, cut in zip(pairs, cuts, strict=True)]
        sources, inputs, labels = zip(*rows, strict=True)
        self.source, self.lengths = pad(sources, PAD)
        self.inputs = pad(inputs, PAD)[0]
        self.labels = pad(labels, IGNORE)[0]

    def logits(self, model: nn.Module, rows: Int[Tensor, " rows"]) -> Float[Tensor, "rows T n_vocab"]:
        lengths = self.lengths[rows]
        source = self.source[rows, : lengths.max()]
        if self.inputs.numel():
            return model(source, self.inputs[rows], lengths)
        return model(source, lengths)

    def loss(self, model: nn.Module, rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        logits = self.logits(model, rows)
        return word_loss(logits, self.labels[rows, : logits.shape[1]])


def random_cuts(n: int, seed: int) -> list[int]:
    rng = random.Random(seed)
    return [rng.randrange(HALF) for _ in range(n)]


def trained(family: str, name: str, seed: int, n_layers: int = 2, d_ff: int | None = None) -> nn.Module:
    """A model of this family after its training on this task."""
    pairs = task(name).train
    model = make(family, task(name).vocab, seed, n_layers, d_ff)
    examples = Examples(family, name, pairs, random_cuts(len(pairs), seed))
    config = TrainConfig(steps=TASKS[name], batch=32, lr=RATE, warmup=WARMUP, seed=seed)
    fit(model, lambda rows: examples.loss(model, rows), len(pairs), config)
    return model


# --- how good it is --------------------------------------------------------------------------------------------


@torch.no_grad()
def score(model: nn.Module, family: str, name: str) -> float:
    """Nats a character of the continuations; share of right characters of tags; else of right rows."""
    pairs = task(name).test
    everything = torch.arange(len(pairs))
    if name == "continue":
        cuts = range(HALF) if family == ENCODER else [0]
        losses = [continuation_loss(model, Examples(family, name, pairs, [cut] * len(pairs))) for cut in cuts]
        return sum(losses) / len(losses)

    targets = [target for _, target in pairs]
    if family == ENCODER or name == "classify" or (name == "tag" and family == DECODER):
        examples = Examples(family, name, pairs, [0] * len(pairs))
        best = examples.logits(model, everything).argmax(dim=-1)
        said = [row[labels != IGNORE].tolist() for row, labels in zip(best, examples.labels, strict=True)]
    else:
        said = write(model, [source for source, _ in pairs], max(map(len, targets)))
    if name == "tag":
        hits = [a == b for row, target in zip(said, targets, strict=True) for a, b in zip(row, target, strict=False)]
        return sum(hits) / sum(map(len, targets))
    return sum(row[: len(target)] == target for row, target in zip(said, targets, strict=True)) / len(targets)


def continuation_loss(model: nn.Module, examples: Examples) -> float:
    """The loss (nats) on the second halves."""
    logits = examples.logits(model, torch.arange(len(examples.source)))
    labels = examples.labels.clone()
    if labels.shape[1] == 2 * HALF - 1:  # one that writes learns from the first half too, and is not asked there
        labels[:, : HALF - 1] = IGNORE
    return word_loss(logits, labels).item()


def write(model: nn.Module, sources: list[Ids], longest: int) -> list[Ids]:
    """What the model writes by itself behind each source, always taking the likeliest id."""
    if isinstance(model, Transformer):
        source, lengths = pad(sources, PAD)
        memory = model.encode(source, lengths)
        out = torch.full((len(sources), 1), BOS)
        for _ in range(longest):
            out = torch.cat([out, model.decode(out, memory, lengths)[:, -1:].argmax(dim=-1)], dim=1)
        return out[:, 1:].tolist()
    rows = [[*source, SEP] for source in sources]
    for _ in range(longest):
        ids, lengths = pad(rows, PAD)
        best = model(ids, lengths)[torch.arange(len(rows)), lengths - 1].argmax(dim=-1)
        rows = [[*row, i] for row, i in zip(rows, best.tolist(), strict=True)]
    return [row[len(source) + 1 :] for row, source in zip(rows, sources, strict=True)]


def exposure(model: nn.Module) -> dict[str, list[float]]:
    """A translator's accuracy at each place of the target, given the truth before it, and given its own writing."""
    pairs = task("translate").test
    examples = Examples(BOTH, "translate", pairs, [0] * len(pairs))
    asked = examples.labels != IGNORE  # (B, T)
    with torch.no_grad():
        forced = examples.logits(model, torch.arange(len(pairs))).argmax(dim=-1)
        free = torch.tensor(write(model, [source for source, _ in pairs], asked.shape[1]))
    right = {"truth": forced == examples.labels, "own": free == examples.labels}
    shares = {name: (hits & asked).sum(dim=0) / asked.sum(dim=0) for name, hits in right.items()}
    return {name: [round(share, 4) for share in by_place.tolist()] for name, by_place in shares.items()}


def half_the_work(family: str, n_layers: int, d_ff: int, seed: int) -> float:
    """The share of exact dates of one that does half the work."""
    return round(score(trained(family, "translate", seed, n_layers, d_ff), family, "translate"), 4)


def three_families(*_: object) -> dict[str, Any]:
    """The run "three-families": scores by task, family and seed, the sizes, and the exposure of the translators."""
    scores: dict[str, dict[str, list[float]]] = {name: {family: [] for family in FAMILIES} for name in TASKS}
    exposed: list[dict[str, list[float]]] = []
    for seed, name, family in itertools.product(range(SEEDS), TASKS, FAMILIES):
        model = trained(family, name, seed)
        scores[name][family].append(round(score(model, family, name), 4))
        if (name, family) == ("translate", BOTH):
            exposed.append(exposure(model))
    half = {name: [half_the_work(*shape, seed) for seed in range(2 * SEEDS)] for name, shape in HALVES.items()}
    sizes = {kind: sum(p.numel() for p in make(kind, task("translate").vocab, 0).parameters()) for kind in FAMILIES}
    return {"steps": TASKS, "parameters": sizes, "scores": scores, "exposure": exposed, "half the work": half}

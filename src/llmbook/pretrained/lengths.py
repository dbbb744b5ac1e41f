r"""Trained short, asked long: decoders that differ in how they are told positions, in games and on text (page 3.3).

    accuracy, or loss, at position t of texts F times as long as those of the training

A model reads from left to right, so its first ``GAME`` or ``TEXT`` positions are those of a text as short as the
trained ones. All have the same sizes, steps and rate. Where sinusoids are added the first embeddings are made as large
as they are (Vaswani et al., 2017, section 3.4, multiply by √D); elsewhere they would only be noise for longer.
Left out: the biases of T5.
"""

import copy
import math
from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from llmbook.data.speech import speeches
from llmbook.data.tokenizers import CharTokenizer
from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.nn.positions import KINDS, PositionKind
from llmbook.nn.rotary import half_to_interleaved, ntk_base
from llmbook.training.loop import fit
from llmbook.training.objectives import IGNORE, word_loss
from llmbook.training.schedule import TrainConfig

SEEDS = {"games": 5, "text": 3}
FAR = 4  # times the trained length
GAME, TEXT = 24, 48  # trained lengths
HEADS = 4
BLOCKS = 8  # accuracy and loss are kept as the means of so many blocks of positions
STEPS = 400  # of training
LONGER = 1600  # of training, where more steps change the answer
TUNING = {"tuned": 40, "tuned longer": 200}  # steps of training on long texts
Batch = Int[Tensor, "B T"]


def decoder(kind: PositionKind, vocab: int, length: int, seed: int, d_model: int = 32) -> CausalLM:
    """Two layers of four heads for texts of up to ``FAR`` times ``length``."""
    torch.manual_seed(seed)
    model = CausalLM(
        CausalLMConfig(
            vocab=vocab,
            d_model=d_model,
            n_heads=HEADS,
            n_layers=2,
            d_ff=2 * d_model,
            max_len=FAR * length,
            positions=kind,
            tied=False,
        )
    )
    if kind == "sinusoidal":
        with torch.no_grad():
            model.embedding.weight.mul_(0.5**0.5 / 0.02)  # the spread of a sinusoid, over GPT-2's
    return model


# --- games: eight letters, eight capitals -----------------------------------------------------------------------

SYMBOLS = "abcdefghABCDEFGH"


def three_back(rows: int, T: int, generator: torch.Generator) -> tuple[Batch, Batch]:
    """Say at each place the letter that stands three before it."""
    ids = torch.randint(8, (rows, T), generator=generator)
    return ids, F.pad(ids[:, :-3], (3, 0), value=IGNORE)


def third(rows: int, T: int, generator: torch.Generator) -> tuple[Batch, Batch]:
    """Say from the fourth place on the letter at the third."""
    ids = torch.randint(8, (rows, T), generator=generator)
    target = ids[:, 2:3].repeat(1, T)
    target[:, :3] = IGNORE
    return ids, target


def latest_capital(rows: int, T: int, generator: torch.Generator) -> tuple[Batch, Batch]:
    """Say at each place the capital last seen; about one symbol in seven is one, the first always."""
    ids = torch.randint(8, (rows, T), generator=generator)
    capital = torch.rand(rows, T, generator=generator) < 0.15
    capital[:, 0] = True
    ids = ids + 8 * capital
    place = torch.where(capital, torch.arange(T), 0).cummax(dim=1).values
    return ids, ids.gather(1, place)


GAMES = {"three back": three_back, "third": third, "latest capital": latest_capital}


def play(game: str, kind: PositionKind, seed: int, steps: int = STEPS) -> list[float]:
    """Train on one game, and return the accuracy in each block of positions of texts ``FAR`` times as long."""
    deal = GAMES[game]
    model = decoder(kind, len(SYMBOLS), GAME, seed)
    ids, target = deal(6000, GAME, torch.Generator().manual_seed(seed))
    config = TrainConfig(steps=steps, batch=16, lr=3e-3, warmup=30, seed=seed)
    fit(model, lambda rows: word_loss(model(ids[rows]), target[rows]), len(ids), config)

    ids, target = deal(200, FAR * GAME, torch.Generator().manual_seed(10_000 + seed))
    with torch.no_grad():
        right = (model(ids).argmax(dim=-1) == target).float()  # (rows, T)
    asked = (target != IGNORE).sum(dim=0).clamp(min=1)
    return blocks(right.sum(dim=0) / asked, skip=int((target[0] == IGNORE).sum()))


def blocks(by_position: Float[Tensor, " T"], skip: int = 0) -> list[float]:
    """The means of equal blocks of positions, the first ``skip`` positions left out."""
    means = [block.mean().item() for block in by_position.chunk(BLOCKS)]
    first = by_position[skip : len(by_position) // BLOCKS].mean().item()
    return [round(mean, 3) for mean in (first, *means[1:])]


def play_all(*_: object) -> dict[str, Any]:
    """The run "positions-in-games": a row of accuracies for each game, kind and seed."""
    scores = {
        game: {kind: [play(game, kind, seed) for seed in range(SEEDS["games"])] for kind in KINDS} for game in GAMES
    }
    longer = {kind: [play("third", kind, seed, LONGER) for seed in range(3)] for kind in ("none", "rotary", "alibi")}
    return {"trained": GAME, "far": FAR, "accuracy": scores, "third, longer": longer}


# --- text: characters of the speeches ---------------------------------------------------------------------------


@cache
def characters() -> tuple[CharTokenizer, Int[Tensor, " N"], Int[Tensor, "60 T"]]:
    """The characters, the training speeches since 1945, and 60 long pieces of others to be asked about."""
    train, dev = ("\n".join(s.text for s in speeches(1945, part=part)) for part in ("train", "dev"))
    letters = CharTokenizer.train(train)
    known = letters.encode("".join(c for c in dev if c in letters.ids))
    pieces = torch.tensor(known).unfold(0, FAR * TEXT + 1, FAR * TEXT + 1)
    return letters, torch.tensor(letters.encode(train)), pieces[:: len(pieces) // 60][:60]


def read(model: CausalLM, length: int, config: TrainConfig) -> list[float]:
    """Train on the text, in pieces of ``length``."""
    _, text, _ = characters()

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        piece = text[rows[:, None] + torch.arange(length + 1)]
        return word_loss(model(piece[:, :-1]), piece[:, 1:])

    return fit(model, loss_of, len(text) - length, config)


def reader(kind: PositionKind, seed: int, steps: int = STEPS) -> CausalLM:
    """A decoder that has read the text in pieces of ``TEXT`` characters."""
    model = decoder(kind, len(characters()[0].symbols), TEXT, seed, d_model=48)
    read(model, TEXT, TrainConfig(steps=steps, batch=16, lr=3e-3, warmup=30, seed=seed))
    return model


@torch.no_grad()
def losses(model: CausalLM) -> list[float]:
    """The mean loss (nats) in each block of positions of the long pieces."""
    pieces = characters()[2]
    loss = F.cross_entropy(model(pieces[:, :-1]).transpose(1, 2), pieces[:, 1:], reduction="none")  # (60, T)
    return blocks(loss.mean(dim=0))


WAYS = ("as it is", "squeezed", "larger base", "by parts", "wrong pairing", "not turned")


def stretched(model: CausalLM, way: str) -> CausalLM:
    """A copy of a rotary model for texts ``FAR`` times as long: "as it is", in one of three ways, or broken.

    "by parts" squeezes the pairs that turn less than once in a trained text. "wrong pairing" reads the weights as if
    they had been made for the other pairing, and "not turned" tells no positions. ``ValueError`` for other ways.
    """
    if way not in WAYS:
        raise ValueError(f"the ways to stretch are {', '.join(WAYS)}; got {way!r}")
    model = copy.deepcopy(model)
    positions = model.positions
    if way == "squeezed":
        positions.stretch = float(FAR)
    if way == "larger base":
        positions.base = ntk_base(positions.base, positions.head_width, FAR)
    if way == "by parts":
        pairs = torch.arange(positions.head_width // 2)
        turns = TEXT / (2 * math.pi) * positions.base ** (-2 * pairs / positions.head_width)  # in a trained text
        positions.stretch = torch.where(turns < 1, float(FAR), 1.0)
    if way == "not turned":
        positions.stretch = math.inf
    if way == "wrong pairing":
        with torch.no_grad():
            for rows in (weight for name, weight in model.named_parameters() if ".w_qkv." in name):
                q, k, v = rows.chunk(3)
                rows.copy_(torch.cat([half_to_interleaved(q, HEADS), half_to_interleaved(k, HEADS), v]))
    return model


def tuned(model: CausalLM, seed: int, steps: int) -> CausalLM:
    """A copy after so many steps on pieces ``FAR`` times as long."""
    model = copy.deepcopy(model)
    read(model, FAR * TEXT, TrainConfig(steps=steps, batch=4, lr=1e-3, warmup=5, seed=1000 + seed))
    return model


# --- what a model without positions knows of them ---------------------------------------------------------------


@torch.no_grad()
def probe(model: CausalLM) -> list[float]:
    """How far off a linear guess of the position is: from the embedding, and after each layer, on unseen pieces."""
    states: list[Tensor] = []
    hooks = [model.positions, *model.blocks]
    handles = [part.register_forward_hook(lambda *call: states.append(call[-1])) for part in hooks]
    model(characters()[2][:, :TEXT])
    for handle in handles:
        handle.remove()
    return [round(position_error(x), 2) for x in states]


def position_error(x: Float[Tensor, "B T D"]) -> float:
    """Mean absolute error of a line fitted on half of the texts and asked on the other half."""
    B, T, _ = x.shape
    x = F.pad(x.double(), (0, 1), value=1.0)
    where = torch.arange(T).double().repeat(B // 2, 1)
    fitted, asked = x[: B // 2], x[B // 2 : 2 * (B // 2)]
    line = torch.linalg.lstsq(fitted.flatten(0, 1), where.flatten()[:, None], driver="gelsd").solution
    return ((asked @ line)[..., 0] - where).abs().mean().item()


@torch.no_grad()
def similarity(table: Float[Tensor, "T D"]) -> list[float]:
    """The mean cosine of two rows, by their distance."""
    rows = F.normalize(table, dim=-1)
    cosines = rows @ rows.T
    return [round(cosines.diagonal(k).mean().item(), 3) for k in range(len(table))]


def read_all(*_: object) -> dict[str, Any]:
    """The run "positions-in-text": losses by position, rotary models stretched, probes, and the learned tables."""
    found: dict[str, dict[str, list[Any]]] = {name: {} for name in ("loss", "stretched", *TUNING, "probe")}
    cosines: list[list[float]] = []
    for seed in range(SEEDS["text"]):
        for kind in KINDS:
            model = reader(kind, seed)
            found["loss"].setdefault(kind, []).append(losses(model))
            if kind == "none":
                found["probe"].setdefault("trained", []).append(probe(model))
                fresh = decoder(kind, len(characters()[0].symbols), TEXT, seed, d_model=48)
                found["probe"].setdefault("untrained", []).append(probe(fresh))
            if kind == "learned":
                cosines.append(similarity(cast(Tensor, model.positions.added.table)[:TEXT]))
            for way in WAYS if kind == "rotary" else ():
                other = stretched(model, way)
                found["stretched"].setdefault(way, []).append(losses(other))
                for name, steps in TUNING.items():
                    found[name].setdefault(way, []).append(losses(tuned(other, seed, steps)))
    return {"trained": TEXT, "far": FAR, "tuning": TUNING, **found, "learned_similarity": cosines}

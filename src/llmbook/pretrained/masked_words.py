r"""BERT's game with one rule changed at a time, and the questions that all players are asked alike (page 3.4).

    15 %, 80/10/10   BERT's rules: the share of words chosen, and what part of it is hidden/replaced/left alone
    5 % … 60 %       another share; 40 % with the loss read at 15 %
    100/0/0 …        another corruption of the 15 %
    left             nothing is hidden: each word is named from those before it
    untrained        the first weights

Each player is a reader of page 2.4 with two layers and, since the 1,500 steps of all are few, rotary positions; one has
BERT's alone. Kinds of words are told by our own lists, after the closed classes of *Universal Dependencies* (Nivre et
al., 2020); a word of two of them, such as "that", stands in one. Left out: a learning rate for each player.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from llmbook.data.parts import Part
from llmbook.nn.masks import causal_mask, padding_mask
from llmbook.nn.positions import PositionKind, Positions
from llmbook.pretrained.few_labels import DRAWS, LABELS, TESTS, EraClassifier, accuracy, fit_head, labelled
from llmbook.pretrained.readers import N_VOCAB, Reader, pieces, reader_loss, reader_words
from llmbook.training.loop import fit
from llmbook.training.objectives import IGNORE, mask_words, word_loss
from llmbook.training.schedule import TrainConfig

BERTS = "15 %, 80/10/10"
PLAYERS: dict[str, dict[str, float]] = {  # what mask_words is told, and which part of the chosen words is asked
    BERTS: {},
    **{f"{share} %": {"share": share / 100} for share in (5, 30, 40, 60)},
    "40 %, 15 % asked": {"share": 0.4, "asked": 3 / 8},
    "100/0/0": {"hidden": 1.0, "replaced": 0.0},
    "80/20/0": {"hidden": 0.8, "replaced": 0.2},
    "80/0/20": {"hidden": 0.8, "replaced": 0.0},
    "not turned": {},
    "left": {},
    "untrained": {},
}
SEEDS = 5
STEPS = 1500
BATCH = 32  # pieces of two halves
FIRST = 20  # losses kept, of the first seed
GAPS = 4000
Half = Int[Tensor, "N T"]
Each = Int[Tensor, " N"]

CLOSED = {
    "determiner": "the a an this these those no any all each every both such some another either neither",
    "preposition": "of in by for with from on at upon under into between against through within without among during "
    "over toward towards before after until above below beyond throughout concerning respecting per",
    "pronoun": "it its which they their we our i my he his she her you your them us him me who whom whose itself "
    "themselves himself ourselves myself what whatever whoever none others",
    "auxiliary": "be is was are were been being am have has had having do does did will would shall should may might "
    "can cannot could must",
    "conjunction": "and or but nor that as if than because while whether although though unless so since lest when "
    "where whenever wherever",
    "particle": "to not",
    "number": "one two three four five six seven eight nine ten twenty thirty fifty hundred thousand million millions "
    "billion",
}
KIND_OF = {word: kind for kind, words in CLOSED.items() for word in words.split()}


def kind_of(word: str) -> str:
    """A closed class, ``sign``, or ``content`` for everything else."""
    if word.isdigit():
        return "number"
    return KIND_OF.get(word, "content") if word.isalpha() else "sign"


class Player(Reader):
    """A reader of two layers whose queries and keys are turned by their places, or ``positions="none"``."""

    def __init__(self, *, causal: bool = False, positions: PositionKind = "rotary") -> None:
        super().__init__(causal=causal, n_layers=2)
        self.positions = Positions(positions, self.bert.pooler.in_features, n_heads=4, max_len=self.bert.max_len)

    def states(self, ids: Half, lengths: Each | None = None) -> Float[Tensor, "N T D"]:
        """What the encoder makes of each word, of the first ``lengths`` ones where they are given."""
        T = ids.shape[1]
        may_attend = None if lengths is None else padding_mask(lengths, T)
        may_attend = causal_mask(T) if self.causal else may_attend
        x = self.bert.embed(ids)
        return self.bert.encoder(x, may_attend, **self.positions.in_attention(x))


@cache
def gaps(part: Part, n: int = GAPS) -> tuple[Half, Each]:
    """n half pieces, the same each time, and in each the place of one known word."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ids, _ = pieces(part).halves(torch.randint(len(pieces(part)), (n,)))
        order = torch.rand(ids.shape).masked_fill(ids <= reader_words().unknown, -1.0)
    return ids, order.argmax(dim=1)


def loss_of(model: Player, rules: dict[str, float], rows: Each) -> Float[Tensor, ""]:
    """The loss (nats) of one player on these pieces; what is hidden is drawn from PyTorch's own generator."""
    a, b = pieces("train").halves(rows)
    if model.causal:
        return reader_loss(model, "next", a, b)
    x, words = torch.cat([a, b]), reader_words()
    told = {name: number for name, number in rules.items() if name != "asked"}
    seen, target = mask_words(
        x, words.mask, N_VOCAB, generator=torch.default_generator, special=x <= words.unknown, **told
    )
    asked = target != IGNORE
    if "asked" in rules:
        asked &= torch.rand(x.shape) < rules["asked"]
    return word_loss(model.word_logits(model.states(seen)[asked])[None], target[asked][None])


def train_player(name: str, seed: int, steps: int = STEPS) -> tuple[Player, list[float]]:
    """The player after its training, and the loss (nats) of each step. ``KeyError`` for a name not in ``PLAYERS``."""
    rules = PLAYERS[name]
    torch.manual_seed(seed)
    model = Player(causal=name == "left", positions="none" if name == "not turned" else "rotary")
    if name == "untrained":
        return model.eval(), []
    config = TrainConfig(steps=steps, batch=BATCH, lr=3e-3, warmup=100, seed=seed)
    return model, fit(model, lambda rows: loss_of(model, rules, rows), len(pieces("train")), config)


def named(model: Player, seen: Half, places: Each, right: Each, lengths: Each | None = None) -> list[float]:
    """Loss (nats) and share of right answers of what the model says at these places."""
    asked = places - int(model.causal)  # who reads from the left is asked one word earlier
    logits = model.word_logits(model.states(seen, lengths)[torch.arange(len(seen)), asked])
    return [F.cross_entropy(logits, right).item(), (logits.argmax(dim=-1) == right).float().mean().item()]


@torch.no_grad()
def questions(model: Player) -> dict[str, list[float]]:
    """What is asked of a player on the part *test*: pairs of loss (nats) and share of right answers.

    ``gap``: one word is hidden. ``left``: and what follows is cut. ``replaced``: in the gap stands a random word.
    ``seen``: in it stands the true word. ``15 %``: so many are hidden, the loss alone. ``eras``: page 2.4's exam.
    """
    words, (ids, places) = reader_words(), gaps("test")
    rows, generator = torch.arange(len(ids)), torch.Generator().manual_seed(0)
    right = ids[rows, places]
    random = torch.randint(words.unknown + 1, N_VOCAB, right.shape, generator=generator)
    hidden, other = (ids.index_put((rows, places), new) for new in (torch.tensor(words.mask), random))
    found = {"gap": named(model, hidden, places, right), "eras": eras(model)}
    if not model.causal:
        found["left"] = named(model, hidden, places, right, places + 1)
        found["replaced"] = named(model, other, places, right)
        found["seen"] = named(model, ids, places, right)
        special = ids <= words.unknown
        seen, target = mask_words(
            ids, words.mask, N_VOCAB, generator=generator, special=special, hidden=1.0, replaced=0.0
        )
        logits = model.word_logits(model.states(seen)[target != IGNORE])
        found["15 %"] = [word_loss(logits[None], target[target != IGNORE][None]).item()]
    return {name: [round(number, 4) for number in numbers] for name, numbers in found.items()}


def eras(model: Player) -> list[float]:
    """The share of eras told right from frozen states, from 20, 100 and 500 labels: means over draws of the labels."""
    test, shares = labelled("test", TESTS)[1:], torch.zeros(len(LABELS))
    for i, n in enumerate(LABELS):
        for seed in range(DRAWS):
            net = EraClassifier(model)
            fit_head(net, *labelled("train", n, seed)[1:])
            shares[i] += accuracy(net, *test) / DRAWS
    return shares.tolist()


def play(name: str, seed: int) -> dict[str, list[float]]:
    """One player trained and asked."""
    return questions(train_player(name, seed)[0])


def all_players(*_: object) -> dict[str, Any]:
    """The run ``masked-words``: each player's answers with each seed, and how BERT's begins."""
    first = [round(loss, 4) for loss in train_player(BERTS, 0, FIRST)[1]]
    answers = {name: [play(name, seed) for seed in range(SEEDS)] for name in PLAYERS}
    return {"steps": STEPS, "first losses": first, "players": answers}

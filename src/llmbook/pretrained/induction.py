r"""The induction machine: one layer of attention, or two, trained to go on with a text that repeats (page 3.1).

    x ← x + Attention(x),   logits = x W,   once or twice; no norms, no feed-forward layers, no biases

A text is a piece of letters, none twice, and the same piece again and again; the pieces are of several lengths, lest a
place alone tell the answer. Once a piece has been read, each next letter is known: it is the one that followed when
the present letter stood before.

Source: Elhage et al., *A Mathematical Framework for Transformer Circuits* (2021), for models of attention alone;
Olsson et al., *In-context Learning and Induction Heads* (2022), for the sudden change. Left out: other kinds of
positions (see ``nn.positions``, any of which can be named).
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from llmbook.nn.attention import MultiHeadAttention
from llmbook.nn.masks import causal_mask
from llmbook.nn.positions import PositionKind, Positions
from llmbook.pretrained.look_up import train_and_measure

LETTERS, LENGTH = 26, 32
SHORTEST, LONGEST = 6, 16  # of a piece
WIDTHS = {1: 48, 2: 32}  # D, so that one layer has a fifth more parameters than two, never fewer
MEASURED = tuple(range(0, 601, 20))  # steps of training
LONG = tuple(range(0, 2401, 200))
SEEDS, LONG_SEEDS = 20, 3
Texts = Int[Tensor, "rows 32"]


def repeating(rows: int, seed: int) -> tuple[Texts, Bool[Tensor, "rows 32"], Int[Tensor, " rows"]]:
    """Texts, where in them the next letter is known (never at the last place), and how long each one's piece is."""
    dice = torch.Generator().manual_seed(seed)
    lengths = torch.randint(SHORTEST, LONGEST + 1, (rows, 1), generator=dice)
    letters = torch.rand(rows, LETTERS, generator=dice).argsort(dim=1)
    places = torch.arange(LENGTH)
    known = (places >= lengths) & (places < LENGTH - 1)
    return letters.gather(1, places % lengths), known, lengths[:, 0]


class Machine(nn.Module):
    """``layers`` of causal attention, each added to its input; a letter's place turns queries and keys."""

    def __init__(self, layers: int, n_heads: int = 1, positions: PositionKind = "rotary") -> None:
        super().__init__()
        D = WIDTHS[layers]
        self.letters = nn.Embedding(LETTERS, D)
        self.positions = Positions(positions, D, n_heads, LENGTH)
        self.layers = nn.ModuleList(MultiHeadAttention(D, n_heads, bias=False) for _ in range(layers))
        self.output = nn.Linear(D, LETTERS, bias=False)

    def forward(self, ids: Texts) -> tuple[Float[Tensor, "rows 32 26"], list[Float[Tensor, "rows H 32 32"]]]:
        """Logits, and the weights of each layer."""
        x = self.positions(self.letters(ids))
        where = self.positions.in_attention(x)
        looks: list[Tensor] = []
        for layer in self.layers:
            fetched, weights = layer(x, x, x, causal_mask(LENGTH), return_weights=True, **where)
            x = x + fetched
            looks.append(weights)
        return self.output(x), looks


def measure(machine: nn.Module, texts: Texts, known: Tensor, lengths: Tensor) -> list[float]:
    """Where the next letter is known: the share that is right, and how much weight goes where the account says.

    The account: the first layer looks one place back; the last looks at each letter that followed the present one.
    """
    logits, looks = machine(texts)
    right = logits[:, :-1].argmax(dim=-1) == texts[:, 1:]
    places = torch.arange(LENGTH)
    back = places[:, None] - places  # t - s
    follows = ((back + 1) % lengths[:, None, None] == 0) & (back >= 0)  # (rows, 32, 32)
    before, after = looks[0] * (back == 1), looks[-1] * follows[:, None]
    weights = [look.sum(dim=-1).amax(dim=1)[known] for look in (before, after)]  # of the best head
    shares = [right[known[:, :-1]], *weights]
    return [round(share.float().mean().item(), 3) for share in shares]


def learning_curve(
    layers: int,
    seed: int,
    *,
    n_heads: int = 1,
    positions: PositionKind = "rotary",
    at: tuple[int, ...] = MEASURED,
) -> tuple[Machine, list[list[float]]]:
    """The trained machine, and what is measured on 200 new texts after each number of steps."""
    texts, known, _ = repeating(50_000, seed)
    new = repeating(200, 1_000_000)
    torch.manual_seed(seed)
    machine = Machine(layers, n_heads, positions)

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        where = known[rows][:, :-1]
        return F.cross_entropy(machine(texts[rows])[0][:, :-1][where], texts[rows][:, 1:][where])

    curve = train_and_measure(
        machine, loss_of, len(texts), lambda: measure(machine, *new), at, batch=32, lr=3e-3, seed=seed
    )
    return machine, curve


def one_or_two(_: object) -> dict[str, Any]:
    """The run ``one-or-two-layers``: a curve for each seed, of one layer for fewer seeds also four times as long."""
    curves = {layers: [learning_curve(layers, seed)[1] for seed in range(SEEDS)] for layers in (2, 1)}
    return {
        "steps": list(MEASURED),
        "two layers": [{"right": of(0, curve), "before": of(1, curve), "after": of(2, curve)} for curve in curves[2]],
        "one layer": [of(0, curve) for curve in curves[1]],
        "long steps": list(LONG),
        "one layer, long": [
            {str(n_heads): of(0, learning_curve(1, seed, n_heads=n_heads, at=LONG)[1]) for n_heads in (1, 4)}
            for seed in range(LONG_SEEDS)
        ],
    }


def as_tensors(run: dict[str, Any]) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Of that run the curves of two layers, of each kind, those of one layer, and of one layer, long, for each head."""
    two = {kind: torch.tensor([seed[kind] for seed in run["two layers"]]) for kind in ("right", "before", "after")}
    long = torch.tensor([list(of_heads.values()) for of_heads in run["one layer, long"]])
    return two, torch.tensor(run["one layer"]), long


def of(kind: int, curve: list[list[float]]) -> list[float]:
    return [measured[kind] for measured in curve]

r"""One task, three ways from one entry to the next: a dictionary is read, and asked (page 3.1).

A text is n entries, each a letter with a digit, no letter twice, and then a letter without its digit. The answer is the
digit that stood with it. *Attention*, a *recurrence* and a *convolution* read it between the same two ends, each as
wide as makes their numbers of parameters nearly equal.

Sources: the task is associative recall (Arora et al., *Zoology*, 2024, has its history), with letter and digit in one
place; the convolution is dilated, as Vaswani et al. (2017), section 4, have it. Left out: positions, which attention
does not need here.
"""

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.nn.attention import MultiHeadAttention
from llmbook.training.loop import LossOf, fit
from llmbook.training.schedule import TrainConfig

LETTERS, DIGITS = 26, 8
ASKED = DIGITS  # the id that stands where a digit is asked for
WIDTHS = {"attention": 40, "recurrence": 28, "convolution": 28}  # D of each
BUDGETS = (100, 200, 400, 800, 1600, 3200)  # steps of training
ENTRIES = (4, 8)
SEEDS = 5


def dictionaries(n: int, rows: int, seed: int) -> tuple[Int[Tensor, "rows T 2"], Int[Tensor, " rows"]]:
    """Texts of n entries and a question, as pairs of ids (letter, digit), and the answers.

    Raises ``ValueError`` where there are not n different letters.
    """
    if not 1 <= n <= LETTERS:
        raise ValueError(f"there are {LETTERS} letters, none may occur twice; got n={n}")
    dice = torch.Generator().manual_seed(seed)
    letters = torch.rand(rows, LETTERS, generator=dice).argsort(dim=1)[:, :n]
    digits = torch.randint(DIGITS, (rows, n), generator=dice)

    asked = torch.randint(n, (rows, 1), generator=dice)
    question = torch.stack([letters.gather(1, asked), torch.full_like(asked, ASKED)], dim=-1)
    return torch.cat([torch.stack([letters, digits], dim=-1), question], dim=1), digits.gather(1, asked)[:, 0]


def commonest_digit(n: int) -> float:
    """The share of right answers if the digit that occurs most often in each text is named, and no letter is read."""
    ids, _ = dictionaries(n, 1000, 1_000_000)
    counts = F.one_hot(ids[:, :-1, 1], DIGITS).sum(dim=1)  # (1000, digits)
    return counts.amax(dim=1).float().mean().item() / n


class DilatedConvolution(nn.Module):
    """Three causal convolutions of width 3 with gaps of 1, 3 and 9, over 27 places in all; each added to its input."""

    def __init__(self, D: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(D, D, 3, dilation=gap) for gap in (1, 3, 9))

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        x = x.transpose(1, 2)  # (B, D, T)
        for layer, gap in zip(self.layers, (1, 3, 9), strict=True):
            x = x + F.relu(layer(F.pad(x, (2 * gap, 0))))
        return x.transpose(1, 2)


class Player(nn.Module):
    """Entries in, a core of one of three kinds, the digit read off the last place out."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        D = WIDTHS[kind]
        self.letter = nn.Embedding(LETTERS, D)
        self.digit = nn.Embedding(DIGITS + 1, D)
        if kind == "attention":
            self.core = MultiHeadAttention(D, 1)
        else:
            self.core = nn.LSTM(D, D, batch_first=True) if kind == "recurrence" else DilatedConvolution(D)
        self.answer = nn.Linear(D, DIGITS)

    def forward(self, ids: Int[Tensor, "B T 2"]) -> Float[Tensor, "B 8"]:
        out = self.core(self.letter(ids[..., 0]) + self.digit(ids[..., 1]))
        out = out[0] if isinstance(out, tuple) else out  # (B, T, D); an LSTM returns its state as well
        return self.answer(out[:, -1])


def train_and_measure(
    model: nn.Module, loss_of: LossOf, n: int, measure: Callable[[], list[float]], at: tuple[int, ...], **settings: Any
) -> list[list[float]]:
    """Train on n examples until the last of the steps ``at``; what ``measure`` says after each of them."""
    found: list[list[float]] = []
    steps = itertools.count()

    def look_and_go_on(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        if next(steps) in at:
            with torch.no_grad():
                found.append(measure())
        return loss_of(rows)

    config = TrainConfig(steps=max(at), warmup=20, final=1.0, weight_decay=0.0, **settings)
    fit(model, look_and_go_on, n, config)
    with torch.no_grad():
        return [*found, measure()]


def budget_curve(kind: str, n: int, seed: int, budgets: tuple[int, ...] = BUDGETS, *, lr: float = 5e-3) -> list[float]:
    """The share of right answers to 1,000 new questions, after each number of training steps."""
    ids, answers = dictionaries(n, 100_000, seed)
    questions, right = dictionaries(n, 1000, 1_000_000)
    torch.manual_seed(seed)
    player = Player(kind)

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        return F.cross_entropy(player(ids[rows]), answers[rows])

    def share_right() -> list[float]:
        return [round((player(questions).argmax(dim=-1) == right).float().mean().item(), 3)]

    curve = train_and_measure(player, loss_of, len(ids), share_right, budgets, batch=64, lr=lr, seed=seed)
    return [share for (share,) in curve]


def three_ways(_: object) -> dict[str, Any]:
    """The run ``three-ways``: of each kind, at each number of entries, a budget curve for each seed."""
    curves = {
        kind: {str(n): [budget_curve(kind, n, seed) for seed in range(SEEDS)] for n in ENTRIES} for kind in WIDTHS
    }
    return {"budgets": list(BUDGETS), "shares": curves}

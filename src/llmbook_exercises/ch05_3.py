"""The exercises of page 5.3: the chain of characters, shifted targets, the length penalty, one step of beam search."""

import math

import torch
from torch import Tensor

from llmbook.objectives import IGNORE, shift
from llmbook_exercises import Exercise


def teacher(ids: Tensor, pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """What the decoder is shown and what it must say; the loss skips padding."""
    inputs, targets = shift(ids)
    return inputs, targets.masked_fill(targets == pad_id, IGNORE)


def best(sums: Tensor, logs: Tensor, beams: int, largest: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """The best sums, the prefixes they go on from, and the ids they add."""
    totals, flat = (sums[:, None] + logs).flatten().topk(beams, largest=largest)
    return totals, flat // logs.shape[-1], flat % logs.shape[-1]


def best_without_sums(sums: Tensor, logs: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    return best(torch.zeros_like(sums), logs, beams)


def best_product(sums: Tensor, logs: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    return best(torch.zeros_like(sums), sums[:, None] * logs, beams)


def swapped(sums: Tensor, logs: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    totals, rows, words = best(sums, logs, beams)
    return totals, words, rows


def divided_by_prefixes(sums: Tensor, logs: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    totals, flat = (sums[:, None] + logs).flatten().topk(beams)
    return totals, flat // len(sums), flat % len(sums)


def one_from_each(sums: Tensor, logs: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    totals, words = (sums[:, None] + logs).max(dim=-1)
    totals, rows = totals.topk(min(beams, len(sums)))
    return totals, rows, words[rows]


IDS = torch.tensor([[1, 7, 5, 9, 2], [1, 6, 2, 0, 0], [1, 8, 8, 2, 0]])
SHORT = torch.tensor([[1, 4, 2, 0]])
# Two prefixes: the best three go on from the better one twice, and the worse one once.
SUMS = torch.tensor([-0.5, -1.2])
LOGS = torch.tensor([[0.45, 0.35, 0.15, 0.05], [0.02, 0.9, 0.03, 0.05]]).log()
THREE = (torch.tensor([-1.0, -0.4, -3.0]), torch.tensor([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]).log(), 2)

EXERCISES = (
    Exercise(
        name="5.3-chain",
        answer=0.99**13,
        right="thirteen choices must all be right, so one mistake in a hundred characters spoils one date in eight.",
        mistakes={
            "that is the share of characters; a date is right only if all of them and the end are.": 0.99,
            "the model must also say where to stop: the end is a thirteenth choice.": 0.99**12,
            "mistakes on the same date were counted twice: multiply the shares that are right.": 1 - 13 * 0.01,
            "that is the share of dates that go wrong.": 1 - 0.99**13,
        },
        tolerance=0.002,
    ),
    Exercise(
        name="5.3-shift",
        answer=teacher,
        probes=((IDS,), (SHORT,)),
        right="each position is shown the characters before the one it must say, and padding costs nothing.",
        mistakes={
            "padding is still counted: where the target is 0, write IGNORE.": shift,
            "nothing is shifted: each position is shown the very character it must say.": lambda ids: (
                ids,
                ids.masked_fill(ids == 0, IGNORE),
            ),
            "inputs and targets are swapped: the inputs begin with <bos>, the targets with the first character.": (
                lambda ids: (ids[:, 1:], ids[:, :-1])
            ),
            "padding among the inputs may stay: only the targets are ignored.": lambda ids: (
                shift(ids)[0].masked_fill(shift(ids)[0] == 0, IGNORE),
                teacher(ids)[1],
            ),
            "the end must be learned too: ignore <pad>, id 0, and keep <eos>, id 2.": lambda ids: (
                shift(ids)[0],
                teacher(ids)[1].masked_fill(teacher(ids)[1] == 2, IGNORE),
            ),
        },
    ),
    Exercise(
        name="5.3-penalty",
        answer=math.log(2.8 / 2.0) / math.log(7 / 4),
        right="below it the short text wins, above it the long one: α decides how much length is forgiven.",
        mistakes={
            "the fraction is upside down: α · log(7/4) = log(2.8/2).": math.log(7 / 4) / math.log(2.8 / 2.0),
            "the length stands to the power α, so take logarithms: α · log(7/4) = log(2.8/2).": (2.8 / 2.0) / (7 / 4),
            "at α = 1 the long text already wins: −0.4 against −0.5.": 1.0,
            "at α = 0 the sums alone count, and −2 beats −2.8.": 0.0,
            "the sign is turned round: both sums are negative, so their quotient is above 1.": -math.log(1.4)
            / math.log(1.75),
        },
        tolerance=0.01,
    ),
    Exercise(
        name="5.3-beam-step",
        answer=best,
        probes=((SUMS, LOGS, 3), THREE),
        right="all continuations of all prefixes compete, and a good prefix may keep two children.",
        mistakes={
            "the sums so far are missing: add sums[:, None] to the logarithms.": best_without_sums,
            "logarithms of probabilities are added, not multiplied.": best_product,
            "rows and words are swapped: flat // V is the prefix, flat % V the new id.": swapped,
            "a row of the table is V long: divide the flat index by logs.shape[-1].": divided_by_prefixes,
            "these are the worst; the best have the largest sums.": lambda s, x, n: best(s, x, n, largest=False),
            "every prefix has kept one child; the best may all come from the same one.": one_from_each,
        },
    ),
)

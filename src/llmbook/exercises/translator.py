"""The exercises of page 5.4: the chain of characters, shifted targets, the length penalty, one step of beam search."""

import math
from functools import partial

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.training.objectives import IGNORE, shift

# --- a chain of thirteen choices -------------------------------------------------------------------------------

CHAIN = Exercise(
    name="5.4-chain",
    answer=0.99**13,
    right="thirteen choices must all be right, so one mistake in a hundred characters spoils one date in eight.",
    mistakes=(
        Mistake(
            0.99,
            "that is the share of characters; a date is right only if all of them and the end are.",
        ),
        Mistake(0.99**12, "the model must also say where to stop: the end is a thirteenth choice."),
        Mistake(
            1 - 13 * 0.01,
            "mistakes on the same date were counted twice: multiply the shares that are right.",
        ),
        Mistake(0.99 * 13, "multiply the thirteen shares with each other: 0.99 to the 13th."),
        Mistake(1 - 0.99**13, "that is the share of dates that go wrong."),
    ),
    decimals=2,
)

# --- shifted targets -------------------------------------------------------------------------------------------

PAD = 0
EOS = 2
Shifted = tuple[Tensor, Tensor]  # what the decoder is shown, and what it must say


def teacher(ids: Tensor) -> Shifted:
    """The targets one place ahead of the inputs; the loss skips padding."""
    inputs, targets = shift(ids)
    return inputs, targets.masked_fill(targets == PAD, IGNORE)


def not_shifted(ids: Tensor) -> Shifted:
    """Each position is shown what it must say."""
    return ids, ids.masked_fill(ids == PAD, IGNORE)


def inputs_and_targets_swapped(ids: Tensor) -> Shifted:
    """The inputs one place ahead of the targets."""
    inputs, targets = shift(ids)
    return targets, inputs


def inputs_ignored_too(ids: Tensor) -> Shifted:
    """No padding among the inputs."""
    inputs, targets = teacher(ids)
    return inputs.masked_fill(inputs == PAD, IGNORE), targets


def end_ignored_too(ids: Tensor) -> Shifted:
    """No end among the targets."""
    inputs, targets = teacher(ids)
    return inputs, targets.masked_fill(targets == EOS, IGNORE)


IDS = torch.tensor([[1, 7, 5, 9, 2], [1, 6, 2, 0, 0], [1, 8, 8, 2, 0]])
SHORT = torch.tensor([[1, 4, 2, 0]])
FULL = torch.tensor([[1, 3, 4, 9, 5, 6, 2], [1, 2, 0, 0, 0, 0, 0]])  # without padding, and without characters

SHIFT = Exercise(
    name="5.4-shift",
    answer=teacher,
    probes=((IDS,), (SHORT,), (FULL,)),
    right="each position is shown the characters before the one it must say, and padding costs nothing.",
    mistakes=(
        Mistake(shift, "padding is still counted: where the target is 0, write IGNORE."),
        Mistake(
            not_shifted,
            "nothing is shifted: each position is shown the very character it must say.",
        ),
        Mistake(
            inputs_and_targets_swapped,
            "inputs and targets are swapped: the inputs begin with <bos>, the targets with the first character.",
        ),
        Mistake(
            inputs_ignored_too,
            "padding among the inputs may stay: only the targets are ignored.",
        ),
        Mistake(end_ignored_too, "the end must be learned too: ignore <pad>, id 0, and keep <eos>, id 2."),
    ),
)

# --- the length penalty ----------------------------------------------------------------------------------------

LOG_SUMS = math.log(2.8 / 2.0)  # the long text's sum of logarithms over the short one's
LOG_LENGTHS = math.log(7 / 4)

PENALTY = Exercise(
    name="5.4-penalty",
    answer=LOG_SUMS / LOG_LENGTHS,
    right="below it the short text wins, above it the long one: α decides how much length is forgiven.",
    mistakes=(
        Mistake(LOG_LENGTHS / LOG_SUMS, "the fraction is upside down: α · log(7/4) = log(2.8/2)."),
        Mistake(
            (2.8 / 2.0) / (7 / 4),
            "the length stands to the power α, so take logarithms: α · log(7/4) = log(2.8/2).",
        ),
        Mistake(1.0, "at α = 1 the long text already wins: −0.4 against −0.5."),
        Mistake(0.0, "at α = 0 the sums alone count, and −2 beats −2.8."),
        Mistake(
            -LOG_SUMS / LOG_LENGTHS,
            "the sign is turned round: both sums are negative, so their quotient is above 1.",
        ),
    ),
    decimals=2,
)

# --- one step of beam search -----------------------------------------------------------------------------------

Beams = tuple[Tensor, Tensor, Tensor]  # the best sums, the prefixes they go on from, and the ids they add


def best(sums: Tensor, logs: Tensor, beams: int, *, largest: bool = True) -> Beams:
    """The best of all continuations of all prefixes, with sums (N) and logarithms (N, n_vocab) of what follows."""
    totals, flat = (sums[:, None] + logs).flatten().topk(beams, largest=largest)
    return totals, flat // logs.shape[-1], flat % logs.shape[-1]


def without_sums(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """The logarithms alone."""
    return best(torch.zeros_like(sums), logs, beams)


def multiplied(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """Logarithms multiplied, not added."""
    return best(torch.zeros_like(sums), sums[:, None] * logs, beams)


def prefixes_and_ids_swapped(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """The ids in the prefixes' place."""
    totals, prefixes, ids = best(sums, logs, beams)
    return totals, ids, prefixes


def divided_by_prefixes(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """The flat index divided by N, not by n_vocab."""
    totals, flat = (sums[:, None] + logs).flatten().topk(beams)
    return totals, flat // len(sums), flat % len(sums)


def divided_with_fractions(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """With / for //."""
    totals, flat = (sums[:, None] + logs).flatten().topk(beams)
    return totals, flat / logs.shape[-1], flat % logs.shape[-1]


def one_from_each(sums: Tensor, logs: Tensor, beams: int) -> Beams:
    """At most one continuation of each prefix."""
    totals, ids = (sums[:, None] + logs).max(dim=-1)
    totals, prefixes = totals.topk(min(beams, len(sums)))
    return totals, prefixes, ids[prefixes]


# Two prefixes: the best three go on from the better one twice, and the worse one once.
TWO_PREFIXES = (
    torch.tensor([-0.5, -1.2]),
    torch.tensor([[0.45, 0.35, 0.15, 0.05], [0.02, 0.9, 0.03, 0.05]]).log(),
    3,
)
THREE_PREFIXES = (
    torch.tensor([-1.0, -0.4, -3.0]),
    torch.tensor([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]]).log(),
    2,
)

FIRST_STEP = (torch.tensor([0.0]), random_normal(1, 7).log_softmax(-1), 5)
WIDE = (random_normal(5, seed=1) - 3, random_normal(5, 11, seed=2).log_softmax(-1), 7)

BEAM_STEP = Exercise(
    name="5.4-beam-step",
    answer=best,
    probes=(TWO_PREFIXES, THREE_PREFIXES, WIDE, FIRST_STEP),
    right="all continuations of all prefixes compete, and a good prefix may keep two children.",
    mistakes=(
        Mistake(without_sums, "the sums so far are missing: add sums[:, None] to the logarithms."),
        Mistake(multiplied, "logarithms of probabilities are added, not multiplied."),
        Mistake(
            prefixes_and_ids_swapped,
            "rows and words are swapped: flat // n_vocab is the prefix, flat % n_vocab the new id.",
        ),
        Mistake(
            divided_by_prefixes,
            "a row of the table is n_vocab long: divide the flat index by logs.shape[-1].",
        ),
        Mistake(divided_with_fractions, "a beginning has a whole number: divide the flat index with //, not with /."),
        Mistake(
            partial(best, largest=False),
            "these are the worst; the best have the largest sums.",
        ),
        Mistake(
            one_from_each,
            "every prefix has kept one child; the best may all come from the same one.",
        ),
    ),
)

EXERCISES = (CHAIN, SHIFT, PENALTY, BEAM_STEP)

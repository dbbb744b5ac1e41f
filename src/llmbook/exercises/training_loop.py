"""The exercises of page 5.3: Adam's first step, the paper's learning rate, smoothed labels, and a museum of mistakes.

    rate    d_model^(-1/2) · min(step^(-1/2), step · warmup^(-3/2))
    loss    over all targets of all pieces that are not padding, -Σ log p_y / how many there are

Sources: Vaswani et al., *Attention Is All You Need* (2017), section 5.3, for the rate. The museum's mistakes are those
of public code: the average of averages was in several training libraries until October 2024 (Transformers, pull request
34191), a loss that counts padding and a softmax taken twice are in many first programs.

Sizes: ``B`` sequences, ``T`` positions, ``n_vocab`` vocabulary. ``IGNORE`` marks targets that are padding.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.training.objectives import IGNORE

# --- Adam's first step -----------------------------------------------------------------------------------------

GRADIENT = 0.002
STEP = 0.01  # the learning rate


def first_step(gradient: float, lr: float) -> float:
    """How far PyTorch's Adam moves a weight the first time."""
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    weight.grad = torch.full_like(weight, gradient)
    torch.optim.Adam([weight], lr=lr, betas=(0.9, 0.98)).step()
    return abs(weight.item())


FIRST_STEP = Exercise(
    name="5.3-first-step",
    answer=first_step(GRADIENT, STEP),
    right="the first step is as long as the rate, whatever the gradient; only its sign counts. Hence the warm-up.",
    mistakes=(
        Mistake(STEP * GRADIENT, "so far would plain gradient descent go; Adam divides by the gradient's own size."),
        Mistake(GRADIENT, "that is the gradient; the step is the rate times m̂ / √v̂."),
        Mistake(STEP * 0.1 / 0.02**0.5, "the averages start at 0, and the hats take that out: m̂ = g and v̂ = g²."),
        Mistake(STEP / GRADIENT, "divided by √v̂ = 0.002, but m̂ = 0.002 stands above it: they cancel."),
        Mistake(STEP * 0.1, "m is a tenth of the gradient, but m̂ = m / (1 − 0.9) is the gradient."),
    ),
    digits=2,
)

# --- the paper's learning rate ---------------------------------------------------------------------------------


def rate(
    step: int,
    d_model: int,
    warmup: int,
    *,
    choose: Callable[[float, float], float] = min,
    width: float = -0.5,
    slope: float = -1.5,
    fall: float = -0.5,
) -> float:
    """The paper's rate; each argument puts another choice into it."""
    return d_model**width * choose(step**fall, step * warmup**slope)


def only_rises(step: int, d_model: int, warmup: int) -> float:
    """The first half of the rule."""
    return d_model**-0.5 * step * warmup**-1.5


def only_falls(step: int, d_model: int, warmup: int) -> float:
    """The second half of the rule."""
    return d_model**-0.5 * step**-0.5


def step_late(step: int, d_model: int, warmup: int) -> float:
    """The rate of the step after this one."""
    return rate(step + 1, d_model, warmup)


RATE = Exercise(
    name="5.3-rate",
    answer=rate,
    probes=((5, 16, 20), (20, 16, 20), (300, 16, 20), (7, 64, 10), (12, 64, 10)),
    right="up in a straight line, then down with the root; the two meet at the step called warmup.",
    mistakes=(
        Mistake(partial(rate, choose=max), "the larger of the two is taken; the rate is the smaller, so min."),
        Mistake(partial(rate, width=0.0), "the factor of the width is missing: d_model to the power −0.5."),
        Mistake(partial(rate, width=0.5), "wider models get smaller rates: d_model to the power −0.5."),
        Mistake(partial(rate, slope=-1.0), "the line is too steep: warmup to the power −1.5."),
        Mistake(partial(rate, fall=-1.0), "it falls too fast: the step to the power −0.5."),
        Mistake(only_rises, "it rises for ever: take the smaller of the line and of step to the power −0.5."),
        Mistake(only_falls, "the warm-up is missing: take the smaller of this and of the line from zero."),
        Mistake(step_late, "this is the rate of the next step: steps count from 1 here."),
    ),
    digits=4,
)

# --- the gradient under smoothed labels ------------------------------------------------------------------------


def push(logits: Tensor, y: int, eps: float) -> Tensor:
    """The gradient of PyTorch's loss, by autograd."""
    scores = logits.clone().requires_grad_()
    loss = F.cross_entropy(scores, torch.tensor(y), label_smoothing=eps)
    (gradient,) = torch.autograd.grad(loss, scores)
    return gradient


def difference_from(logits: Tensor, y: int, eps: float, *, shared_by: int = 0, keep: float | None = None) -> Tensor:
    """p − q, with the share ε spread over n_vocab + ``shared_by`` words; the right one keeps ``keep``, else 1 − ε."""
    n_vocab = len(logits)
    q = torch.full_like(logits, eps / (n_vocab + shared_by))
    q[y] = (1 - eps if keep is None else keep) + (0 if shared_by else eps / n_vocab)
    return logits.softmax(-1) - q


def unsmoothed(logits: Tensor, y: int, eps: float) -> Tensor:
    """p with 1 taken off the right word."""
    return push(logits, y, 0.0)


def turned_round(logits: Tensor, y: int, eps: float) -> Tensor:
    """q − p."""
    return -push(logits, y, eps)


def shared_among_the_wrong(logits: Tensor, y: int, eps: float) -> Tensor:
    """ε spread over the other words only."""
    return difference_from(logits, y, eps, shared_by=-1)


def nothing_shared(logits: Tensor, y: int, eps: float) -> Tensor:
    """1 − ε for the right word, and 0 for the others."""
    return logits.softmax(-1) - (1 - eps) * F.one_hot(torch.tensor(y), len(logits)).to(logits)


def by_probability(logits: Tensor, y: int, eps: float) -> Tensor:
    """−q / p, the gradient with respect to the probabilities."""
    p = logits.softmax(-1)
    return (push(logits, y, eps) - p) / p


def without_softmax(logits: Tensor, y: int, eps: float) -> Tensor:
    """The logits for the probabilities."""
    return push(logits, y, eps) - logits.softmax(-1) + logits


SMOOTHED = Exercise(
    name="5.3-smoothed",
    answer=push,
    probes=(
        (random_normal(7).double(), 2, 0.1),
        (random_normal(5, seed=1).double() * 3, 0, 0.0),
        (random_normal(11, seed=2).double(), 10, 0.3),
    ),
    right="what it says minus what it should say: p − q. It is zero where p = q, so no logit is driven to infinity.",
    mistakes=(
        Mistake(unsmoothed, "this is the gradient without smoothing: ε/n_vocab goes to every word, the right one too."),
        Mistake(turned_round, "the sign is turned round: the loss falls where the right logit rises."),
        Mistake(shared_among_the_wrong, "ε is shared by all n_vocab words, the right one among them, as in PyTorch."),
        Mistake(nothing_shared, "the share ε is lost: q must sum to 1, with ε/n_vocab for every word."),
        Mistake(by_probability, "this is the gradient with respect to p; go on through the softmax to the logits."),
        Mistake(without_softmax, "p is the softmax of the logits, not the logits."),
    ),
)

# --- the museum ------------------------------------------------------------------------------------------------

Pieces = list[tuple[Tensor, Tensor]]  # logits (B, T, n_vocab) and targets (B, T) of each piece of one batch
Loss = Callable[[Pieces], Tensor]


def right(pieces: Pieces) -> Tensor:
    """The sum over all targets, divided by their number."""
    losses = [F.cross_entropy(logits.mT, targets, reduction="sum", ignore_index=IGNORE) for logits, targets in pieces]
    return torch.stack(losses).sum() / sum(int((targets != IGNORE).sum()) for _, targets in pieces)


def right_in_one(pieces: Pieces) -> Tensor:
    """All pieces joined, then PyTorch's mean."""
    logits = torch.cat([logits.flatten(0, 1) for logits, _ in pieces])
    return F.cross_entropy(logits, torch.cat([targets.flatten() for _, targets in pieces]), ignore_index=IGNORE)


def average_of_averages(pieces: Pieces) -> Tensor:
    """Every piece weighs the same, however few targets it has."""
    return torch.stack([right([piece]) for piece in pieces]).mean()


def average_of_rows(pieces: Pieces) -> Tensor:
    """Every sequence weighs the same, however short it is."""
    rows = [(logits[i : i + 1], targets[i : i + 1]) for logits, targets in pieces for i in range(len(targets))]
    return torch.stack([right([row]) for row in rows]).mean()


def padding_counted(pieces: Pieces) -> Tensor:
    """Padding as if it were word 0."""
    return right([(logits, targets.clamp(min=0)) for logits, targets in pieces])


def divided_by_places(pieces: Pieces) -> Tensor:
    """The right sum, divided by padding too."""
    counted = sum(int((targets != IGNORE).sum()) for _, targets in pieces)
    return right(pieces) * counted / sum(targets.numel() for _, targets in pieces)


def summed(pieces: Pieces) -> Tensor:
    """Not divided at all."""
    return right(pieces) * sum(int((targets != IGNORE).sum()) for _, targets in pieces)


def last_piece(pieces: Pieces) -> Tensor:
    """The loss of the last piece, as where it is overwritten in the loop."""
    return right(pieces[-1:])


def softmax_twice(pieces: Pieces) -> Tensor:
    """Probabilities given to a function that wants logits."""
    return right([(logits.softmax(-1), targets) for logits, targets in pieces])


MUSEUM = (average_of_averages, average_of_rows, padding_counted, divided_by_places, summed, last_piece, softmax_twice)


def pieces_of(*shapes: tuple[int, int], padded: bool = True, n_vocab: int = 5) -> Pieces:
    """Pieces of these sizes, each next row with one more place of padding."""
    found: Pieces = []
    for seed, (B, T) in enumerate(shapes):
        generator = torch.Generator().manual_seed(seed)
        targets = torch.randint(n_vocab, (B, T), generator=generator)
        hidden = torch.arange(T) >= T - torch.arange(B)[:, None]
        found.append((random_normal(B, T, n_vocab, seed=seed), targets.masked_fill(hidden & padded, IGNORE)))
    return found


def close(loss_of: Loss, pieces: Pieces) -> bool:
    """Whether it is the mean over all targets of these pieces."""
    return torch.allclose(loss_of(pieces), right_in_one(pieces))


def trusts(loss_of: Loss) -> bool:
    """A test: two pieces with unequally many targets, and padding."""
    return close(loss_of, pieces_of((3, 6), (2, 3)))


def one_piece(loss_of: Loss) -> bool:
    """Padding, and nothing to average over."""
    return close(loss_of, pieces_of((3, 6)))


def full_pieces(loss_of: Loss) -> bool:
    """Two pieces of one size, without padding."""
    return close(loss_of, pieces_of((2, 4), (2, 4), padded=False))


def unequal_full_pieces(loss_of: Loss) -> bool:
    """Two pieces of two sizes, without padding."""
    return close(loss_of, pieces_of((2, 4), (2, 3), padded=False))


def equal_padded_pieces(loss_of: Loss) -> bool:
    """Padding, and as many targets in the one piece as in the other."""
    return close(loss_of, pieces_of((3, 6), (3, 6)))


BUG_MUSEUM = Exercise(
    name="5.3-museum",
    answer=trusts,
    probes=((right,), (right_in_one,), *((loss,) for loss in MUSEUM)),
    right="your test trusts two right ways of writing it, and sees through all seven exhibits.",
    mistakes=(
        Mistake(one_piece, "with a single piece there is nothing to average over: give it two, unequally full."),
        Mistake(full_pieces, "without padding, and with pieces of one size, most exhibits are right."),
        Mistake(unequal_full_pieces, "without padding a loss that counts it looks right: give some targets IGNORE."),
        Mistake(equal_padded_pieces, "with as many targets in each piece, an average of averages is right."),
        *careless_tests(trusts, right=2, wrong=len(MUSEUM)),
    ),
)

EXERCISES = (FIRST_STEP, RATE, SMOOTHED, BUG_MUSEUM)

"""The exercises of page 3.13: bytes a weight, where scores take over, pieces, the fewest, other numbers dropped."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.memory.checkpointing import checkpoint

# --- bytes a weight --------------------------------------------------------------------------------------------

BYTES = Exercise(
    name="3.13-bytes",
    answer=[16, 16, 10],
    right="sixteen bits save no memory here: master weights take what the small ones save. Eight-bit averages do.",
    mistakes=(
        Mistake([12, 16, 10], "Adam keeps two averages: eight bytes in float32."),
        Mistake([16, 12, 6], "the master weights in float32 are kept besides those in bfloat16."),
        Mistake([8, 8, 8], "weights and gradients are not all: Adam keeps two averages."),
        Mistake([16, 8, 8], "the averages of the second are in float32, and there are master weights."),
        Mistake([16, 16, 9], "there are two averages, a byte each."),
        Mistake([16, 16, 8], "of the third, only the averages shrink: from eight bytes to two."),
    ),
)

# --- where the scores take over --------------------------------------------------------------------------------

SCORES = Exercise(
    name="3.13-scores",
    answer=[435, 4],
    right="with heads of 64 these are 435 tokens at any width. It does not depend on the batch either.",
    mistakes=(
        Mistake([435.2, 4], "that is it; now round the first to a whole token."),
        Mistake([6963, 4], "5as/h = 34: divide by the 12 heads as well."),
        Mistake([37, 4], "5as/h = 34: s = 34h / (5a), and h is 768."),
        Mistake([2176, 4], "the 5 belongs on the other side too: s = 34h / (5a)."),
        Mistake([435, 16], "scores grow as s², but all the rest grows as s: the ratio is linear."),
        Mistake([435, 1], "at four times the length the scores have outgrown the rest."),
    ),
)

# --- pieces of unequal length ----------------------------------------------------------------------------------


def of_the_batch(means: Tensor, counts: Tensor) -> Tensor:
    """Each token once."""
    return (means * counts[:, None]).sum(dim=0) / counts.sum()


def counted(*counts: int, seed: int) -> tuple[Tensor, Tensor]:
    """A probe: gradients of pieces with so many tokens."""
    tokens = torch.tensor(counts)
    return random_normal(len(counts), 3, seed=seed) * (tokens > 0)[:, None], tokens


PIECES = Exercise(
    name="3.13-pieces",
    answer=of_the_batch,
    probes=(counted(7, 2, 13, seed=0), counted(5, 0, 1, 3, seed=1), counted(11, 4, seed=2), counted(6, seed=3)),
    right="each token counts once, in whichever piece it stands.",
    mistakes=(
        Mistake(lambda means, counts: means.mean(dim=0), "that is the mean of means: weight each by its tokens."),
        Mistake(lambda means, counts: means.sum(dim=0), "that is the sum of means: weight each by its tokens."),
        Mistake(lambda means, counts: (means * counts[:, None]).sum(dim=0), "divide by the tokens of the whole batch."),
        Mistake(
            lambda means, counts: (means * counts[:, None]).sum(dim=0) / len(counts),
            "divide by the number of tokens, not of pieces.",
        ),
        Mistake(
            lambda means, counts: means[counts > 0].mean(dim=0),
            "leaving out empty pieces is not enough: weight each by its tokens.",
        ),
        Mistake(
            lambda means, counts: means.sum(dim=0) / counts.sum(),
            "the pieces' gradients are means already: multiply by their tokens first.",
        ),
    ),
)

# --- the fewest ------------------------------------------------------------------------------------------------


def fewest(n: int, m: int) -> int:
    """Of the first k layers, those behind them, and the k again, the least."""
    if n == 1 or m == 1:
        return n * (n - 1) // 2
    return min(k + fewest(n - k, m - 1) + fewest(k, m) for k in range(1, n))


def from_the_start(n: int, m: int) -> int:
    """No checkpoint, each time from the beginning."""
    return n * (n - 1) // 2


def in_halves(n: int, m: int) -> int:
    """The middle instead of the best place."""
    if n == 1 or m == 1:
        return n * (n - 1) // 2
    return n // 2 + in_halves(n - n // 2, m - 1) + in_halves(n // 2, m)


def never_freed(n: int, m: int) -> int:
    """A checkpoint counts also when the layers behind it have been reversed."""
    if n == 1 or m == 1:
        return n * (n - 1) // 2
    return min(k + never_freed(n - k, m - 1) + never_freed(k, m - 1) for k in range(1, n))


def taken_for_nothing(n: int, m: int) -> int:
    """The layers behind the checkpoint have all places, too."""
    if n == 1 or m == 1:
        return n * (n - 1) // 2
    return min(k + taken_for_nothing(n - k, m) + taken_for_nothing(k, m) for k in range(1, n))


def first_run_counted(n: int, m: int) -> int:
    return n + fewest(n, m)


def no_more_than_once(n: int, m: int) -> int:
    """As if each layer had to run once at most, before it is kept in full."""
    return n - 1


FEWEST = Exercise(
    name="3.13-fewest",
    answer=fewest,
    probes=((1, 1), (4, 1), (6, 2), (8, 3), (10, 3), (9, 4), (5, 7)),
    right="this is what Griewank and Walther found in closed form, with binomial coefficients.",
    mistakes=(
        Mistake(from_the_start, "that starts from the first input each time: use the memory for checkpoints."),
        Mistake(in_halves, "the middle is not always the best place: try each k and keep the smallest."),
        Mistake(never_freed, "when the later layers are reversed, their checkpoint is free again."),
        Mistake(taken_for_nothing, "while the layers behind it are reversed, the checkpoint takes a place."),
        Mistake(first_run_counted, "that a layer runs to be kept in full is not counted here."),
        Mistake(no_more_than_once, "with few places a layer has to run more than twice."),
    ),
)

# --- the bug museum: other numbers dropped ---------------------------------------------------------------------

Way = Callable[[nn.Module, Tensor], Tensor]


class Museum(torch.autograd.Function):
    """A checkpoint with one thing changed, which ``flaw`` names."""

    @staticmethod
    def forward(ctx: Any, layer: nn.Module, flaw: str, x: Tensor, *weights: Tensor) -> Tensor:
        ctx.layer = layer
        ctx.flaw = flaw
        if flaw == "seeded":
            torch.manual_seed(0)
        ctx.random = torch.get_rng_state()
        ctx.save_for_backward(x, *weights)
        return layer(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        x, *weights = ctx.saved_tensors
        needed = ctx.needs_input_grad[2]
        x = x.detach().requires_grad_()
        after = torch.get_rng_state()
        if ctx.flaw != "forgetful":
            torch.set_rng_state(ctx.random)
        with torch.enable_grad():
            y = ctx.layer(x)
        if ctx.flaw != "not put back":
            torch.set_rng_state(after)
        upstream = torch.ones_like(y) if ctx.flaw == "ones" else grads[0]
        wanted = [t for t in (x, *weights) if t.requires_grad]
        found = iter(torch.autograd.grad(y, wanted, upstream, allow_unused=True))
        g, *rest = (next(found) if t.requires_grad else None for t in (x, *weights))
        if ctx.flaw == "no weights":
            rest = [torch.zeros_like(w) for w in weights]
        return None, None, g if needed else None, *rest


def flawed(flaw: str) -> Way:
    return lambda layer, x: Museum.apply(layer, flaw, x, *layer.parameters())  # pyright: ignore


def without_gradient(layer: nn.Module, x: Tensor) -> Tensor:
    """The weights are not told: where x needs no gradient, they get none."""
    if x.requires_grad:
        return checkpoint(layer, x)
    with torch.no_grad():
        return layer(x)


def plain(layer: nn.Module, x: Tensor) -> Tensor:
    """Right, though it saves nothing."""
    return layer(x)


RIGHT: tuple[Way, ...] = (plain, checkpoint)
EXHIBITS: tuple[Way, ...] = (
    *(flawed(flaw) for flaw in ("forgetful", "not put back", "seeded", "ones", "no weights")),
    without_gradient,
)


def outcome(
    run: Way, *, needed: bool = True, p: float = 0.5, power: int = 2, later: bool = True
) -> list[Tensor] | None:
    """The output, the gradients and the next random number; ``None`` where no gradient comes."""
    torch.manual_seed(3)
    layer = nn.Sequential(nn.Linear(5, 5), nn.Dropout(p), nn.Linear(5, 5))
    x = torch.randn(7, 5, requires_grad=needed)
    out = run(layer, x)
    if not out.requires_grad:
        return None
    torch.rand(1)  # what is drawn between the two ways
    out.pow(power).sum().backward()
    found = [t.grad for t in (x, *layer.parameters()) if t.requires_grad]
    return None if any(g is None for g in found) else [out, *found, *([torch.rand(1)] if later else [])]  # pyright: ignore


def same(run: Way, **how: Any) -> bool:
    """Whether all of the outcome is as without a checkpoint."""
    found = outcome(run, **how)
    right = outcome(plain, **how)
    return bool(found and right) and all(torch.allclose(a, b) for a, b in zip(found or [], right or [], strict=True))


def is_right(run: Way) -> bool:
    return same(run) and same(run, needed=False)


MUSEUM = Exercise(
    name="3.13-museum",
    answer=is_right,
    probes=tuple((way,) for way in (*RIGHT, *EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, that of a public program among them.",
    mistakes=(
        Mistake(lambda run: same(run, p=0.0) and same(run, p=0.0, needed=False), "try it with dropout."),
        Mistake(lambda run: same(run), "there are layers whose input needs no gradient, and whose weights do."),
        Mistake(
            lambda run: same(run, later=False) and same(run, later=False, needed=False),
            "draw a random number after the way back: it must be the same, too.",
        ),
        Mistake(
            lambda run: same(run, power=1) and same(run, power=1, needed=False),
            "the gradient of a plain sum is ones from above: take another loss.",
        ),
        *careless_tests(is_right, right=len(RIGHT), wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (BYTES, SCORES, PIECES, FEWEST, MUSEUM)

"""The exercises of page 3.3: orders told apart, sinusoids turned, positions squeezed, ALiBi, and rotary pairs mixed."""

import math
from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask
from llmbook.nn.positions import sinusoids
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis

# --- orders told apart -----------------------------------------------------------------------------------------


def told_apart(may_attend: Tensor | None) -> int:
    """How many different means of one head's outputs the 24 orders of four words give."""
    words = random_normal(4, 6).double()
    found: list[Tensor] = []
    for order in permutations(range(4)):
        x = words[list(order)]
        mean = (attention_weights(x, x, may_attend) @ x).mean(dim=0)
        if not any(torch.allclose(mean, other, rtol=0, atol=1e-9) for other in found):
            found.append(mean)
    return len(found)


ORDERS = Exercise(
    name="3.3-orders",
    answer=[told_apart(None), told_apart(causal_mask(4))],
    right="without a mask all 24 orders are one bag; the mask alone tells them apart.",
    mistakes=(
        Mistake([24, 24], "without a mask and without positions every order gives the same outputs, in other places."),
        Mistake([1, 1], "the mask is not reordered along with the words: each sees other words than before."),
        Mistake([24, 1], "the other way round: the mask is what knows places."),
        Mistake([4, 24], "the outputs move with their words, and their mean does not move at all."),
        Mistake([1, 4], "it matters not only which word stands last, but which are seen by each of the others too."),
    ),
)

# --- a sinusoid moved on ---------------------------------------------------------------------------------------

STEPS = 50
PAIR = sinusoids(STEPS + 1, 4)[:, 2:].double()  # (51, 2): sine and cosine of t/100
SINE, COSINE = PAIR[STEPS].tolist()

TURN = Exercise(
    name="3.3-turn",
    answer=[COSINE, SINE, -SINE, COSINE],
    right="the matrix does not know t: moving on by fifty is the same turn everywhere.",
    mistakes=(
        Mistake([COSINE, -SINE, SINE, COSINE], "this one goes fifty back: sin(a + b) = sin a cos b + cos a sin b."),
        Mistake([math.cos(50), math.sin(50), -math.sin(50), math.cos(50)], "this pair turns by k/100, not by k."),
        Mistake([SINE, COSINE, COSINE, -SINE], "multiply it by (sin a, cos a): the first row must give sin(a + b)."),
        Mistake(
            [SINE, COSINE, -SINE, COSINE], "the first row is (cos b, sin b): sin(a + b) = cos b sin a + sin b cos a."
        ),
    ),
    decimals=2,
)

# --- positions squeezed ----------------------------------------------------------------------------------------


def squeezed(T: int, trained: int) -> Tensor:
    """t · trained/T where the text is longer than the trained ones, else t."""
    return torch.arange(T, dtype=torch.float64) / max(1.0, T / trained)


def always_squeezed(T: int, trained: int) -> Tensor:
    """Short texts too are drawn out to the trained length."""
    return torch.arange(T, dtype=torch.float64) * trained / T


def cut_off(T: int, trained: int) -> Tensor:
    """All places beyond the last are the last."""
    return torch.arange(T, dtype=torch.float64).clamp(max=trained - 1)


def started_again(T: int, trained: int) -> Tensor:
    """Behind the last place comes the first."""
    return torch.arange(T, dtype=torch.float64) % trained


def drawn_out(T: int, trained: int) -> Tensor:
    """Multiplied where one has to divide."""
    return torch.arange(T, dtype=torch.float64) * max(1.0, T / trained)


SQUEEZE = Exercise(
    name="3.3-squeeze",
    answer=squeezed,
    probes=((12, 4), (4, 4), (3, 8), (9, 6), (1, 5), (7, 6)),
    right="no angle lies beyond the trained ones, and short texts are read as ever.",
    mistakes=(
        Mistake(always_squeezed, "texts that are short enough keep their places: squeeze only where T > trained."),
        Mistake(lambda T, trained: torch.arange(T), "places beyond `trained` are those the model has never seen."),
        Mistake(cut_off, "now all late words stand at one place; squeeze, so that they stay apart."),
        Mistake(started_again, "now two words stand at the same place; squeeze, so that they stay apart."),
        Mistake(
            lambda T, trained: squeezed(T, trained).floor(),
            "rounded places make neighbours one; angles may well stand between two whole numbers.",
        ),
        Mistake(drawn_out, "divide by T / trained, do not multiply: places must come nearer to each other."),
    ),
)

# --- ALiBi -----------------------------------------------------------------------------------------------------


def distances(T: int) -> Tensor:
    t = torch.arange(T, dtype=torch.float64)
    return t[:, None] - t  # (T, T), below zero where the key comes later


def alibi(T: int, slopes: Tensor) -> Tensor:
    """-slope · (t - s), and -∞ where s > t."""
    bias = -slopes.double()[:, None, None] * distances(T)
    return bias.masked_fill(~causal_mask(T), -math.inf)


def without_mask(T: int, slopes: Tensor) -> Tensor:
    """Later keys get a bonus."""
    return -slopes.double()[:, None, None] * distances(T)


def both_sides(T: int, slopes: Tensor) -> Tensor:
    """The library's, for encoders."""
    return -slopes.double()[:, None, None] * distances(T).abs()


def rewarded(T: int, slopes: Tensor) -> Tensor:
    """Far keys get a bonus."""
    return (slopes.double()[:, None, None] * distances(T)).masked_fill(~causal_mask(T), -math.inf)


def zero_for_the_future(T: int, slopes: Tensor) -> Tensor:
    """Hidden by nought."""
    return both_sides(T, slopes).masked_fill(~causal_mask(T), 0.0)


BUILD_ALIBI = Exercise(
    name="3.3-alibi",
    answer=alibi,
    probes=(
        (5, torch.tensor([0.5, 0.25, 0.125])),
        (3, torch.tensor([0.0625])),
        (7, torch.tensor([0.3, 0.7])),
    ),
    right="positions are told with no number to learn: a line for each head, and the mask.",
    mistakes=(
        Mistake(without_mask, "later keys must be hidden: minus infinity where s > t."),
        Mistake(both_sides, "later keys must be hidden, not only counted as far: minus infinity where s > t."),
        Mistake(rewarded, "the sign is wrong: a far key must lose, not win."),
        Mistake(
            lambda T, slopes: alibi(T, slopes).mT,
            "rows are queries and columns are keys; yours is the other way round.",
        ),
        Mistake(lambda T, slopes: alibi(T, slopes[:1].expand(len(slopes))), "each head has a slope of its own."),
        Mistake(
            lambda T, slopes: alibi(T, slopes).clamp(min=-1e9),
            "a large number hides nearly as well; here minus infinity is asked for: -float('inf').",
        ),
        Mistake(zero_for_the_future, "nought hides nothing: a hidden score is minus infinity."),
    ),
)

# --- the bug museum: two pairings in one head ------------------------------------------------------------------

Scores = Callable[[Tensor, Tensor], Tensor]  # (T, d_k) queries and keys to (T, T) scores


def turned(x: Tensor, pairing: str, *, start: int = 0, backwards: bool = False) -> Tensor:
    """Rows of x turned by their places from ``start``."""
    table = precompute_freqs_cis(*x.shape, start=start, dtype=x.dtype)
    return apply_rotary(x, table.conj() if backwards else table, pairing)


def neighbours(q: Tensor, k: Tensor) -> Tensor:
    """Right: the paper's pairs."""
    return turned(q, "interleaved") @ turned(k, "interleaved").T


def halves(q: Tensor, k: Tensor) -> Tensor:
    """Right too: the pairs of ``transformers``."""
    return turned(q, "half") @ turned(k, "half").T


def mixed(q: Tensor, k: Tensor) -> Tensor:
    """The museum's piece: queries in one pairing, keys in the other."""
    return turned(q, "interleaved") @ turned(k, "half").T


def mixed_again(q: Tensor, k: Tensor) -> Tensor:
    """The same, exchanged."""
    return turned(q, "half") @ turned(k, "interleaved").T


def queries_only(q: Tensor, k: Tensor) -> Tensor:
    """Keys stand still."""
    return turned(q, "half") @ k.T


def not_turned(q: Tensor, k: Tensor) -> Tensor:
    """Every distance is the same."""
    return q @ k.T


def opposed(q: Tensor, k: Tensor) -> Tensor:
    """Keys turned the other way: t + s in place of t - s."""
    return turned(q, "interleaved") @ turned(k, "interleaved", backwards=True).T


def late_keys(q: Tensor, k: Tensor) -> Tensor:
    """Every key is taken to stand three places further on."""
    return turned(q, "half") @ turned(k, "half", start=3).T


def shared(q: Tensor, k: Tensor) -> Tensor:
    """The first two words share a place, as with an offset of one that is cut off at nought."""
    places = (torch.arange(len(q)) - 1).clamp(min=0)
    table = precompute_freqs_cis(*q.shape, dtype=q.dtype)[places]
    return apply_rotary(q, table, "half") @ apply_rotary(k, table, "half").T


EXHIBITS: tuple[Scores, ...] = (mixed, mixed_again, queries_only, not_turned, opposed, late_keys, shared)


def same_word(scores: Scores, d_k: int, T: int) -> tuple[Tensor, Tensor]:
    """Scores where every query is one vector and every key another, and the product of the two."""
    q, k = random_normal(d_k, seed=1).double(), random_normal(d_k, seed=2).double()
    return scores(q.expand(T, d_k), k.expand(T, d_k)), q @ k


def is_rotary(scores: Scores, d_k: int = 8) -> bool:
    """One score for each distance, that of none the plain product, and not all of them alike."""
    z, product = same_word(scores, d_k, 5)
    along = all(torch.allclose(z.diagonal(n), z.diagonal(n)[:1]) for n in range(-4, 5))
    return along and torch.allclose(z[0, 0], product) and not torch.allclose(z[0], z[0, :1])


def library_only(scores: Scores) -> bool:
    """Compared with one pairing."""
    return torch.allclose(same_word(scores, 8, 5)[0], same_word(neighbours, 8, 5)[0])


def first_place(scores: Scores) -> bool:
    """Place 0 is not turned, whatever the pairing."""
    z, product = same_word(scores, 8, 5)
    return torch.allclose(z[0, 0], product)


def diagonals_only(scores: Scores) -> bool:
    """What is not turned at all passes, and keys that begin late."""
    z, _ = same_word(scores, 8, 5)
    return all(torch.allclose(z.diagonal(n), z.diagonal(n)[:1]) for n in range(-4, 5))


def without_the_plain_product(scores: Scores) -> bool:
    """Keys that begin late pass."""
    z, _ = same_word(scores, 8, 5)
    return diagonals_only(scores) and not torch.allclose(z[0], z[0, :1])


def keeps_to_distance_none(scores: Scores) -> bool:
    """Only the main diagonal is looked at: what stands still passes."""
    z, product = same_word(scores, 8, 5)
    return torch.allclose(z.diagonal(), product)


def main_diagonal(scores: Scores) -> bool:
    """The main diagonal is right, and not all scores are alike: where neighbours share a place it is so too."""
    z, _ = same_word(scores, 8, 5)
    return keeps_to_distance_none(scores) and not torch.allclose(z[0], z[0, :1])


MUSEUM = Exercise(
    name="3.3-museum",
    answer=is_rotary,
    probes=((neighbours,), (halves,), *((scores,) for scores in EXHIBITS)),
    right="your test trusts both pairings, and sees through seven wrong ones, the mixture among them.",
    mistakes=(
        Mistake(
            lambda scores: is_rotary(scores, d_k=2),
            "with d_k = 2 there is one pair, and nothing to mix: give the head more width.",
        ),
        Mistake(library_only, "the other pairing is right too: ask what both promise, one score for each distance."),
        Mistake(first_place, "place 0 is not turned at all, so nothing can go wrong there: look at later places."),
        Mistake(diagonals_only, "without any turning the diagonals are equal as well: distances must differ."),
        Mistake(without_the_plain_product, "at distance 0 the score must be that of q and k unturned."),
        Mistake(keeps_to_distance_none, "look at the other diagonals too: unturned rows have a right main diagonal."),
        Mistake(main_diagonal, "in one of them two neighbours share a place: look along the other diagonals too."),
        *careless_tests(is_rotary, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (ORDERS, TURN, SQUEEZE, BUILD_ALIBI, MUSEUM)

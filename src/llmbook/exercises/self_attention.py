"""The exercises of page 3.1: how sharp a look-up is, what a layer costs, and what an induction machine knows."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.nn.attention import attention_weights

# --- one key among a thousand ----------------------------------------------------------------------------------

AHEAD = Exercise(
    name="3.1-ahead",
    answer=math.log(0.99 / 0.01 * 999),
    right="and among a million it would be 18.4: what has to be ahead grows with the logarithm only.",
    mistakes=(
        Mistake(math.log(99), "that is enough against one other key; here 999 share what is left."),
        Mistake(math.log(999), "with that lead the right key gets one half; you want 0.99."),
        Mistake(99 * 999, "that is the factor e^g between right and wrong; take its logarithm."),
        Mistake(math.log10(99 * 999), "the softmax is made of powers of e: take the natural logarithm."),
    ),
    decimals=1,
)

# --- when attention multiplies more than an LSTM ---------------------------------------------------------------

DEARER = Exercise(
    name="3.1-dearer",
    answer=1024,
    right="twice the width: up to there attention multiplies less than an LSTM, and it never has to wait.",
    mistakes=(
        Mistake(512, "n = d is the paper's rule, without matrices: set 4d² + 2nd equal to 8d²."),
        Mistake(2048, "scores and values each take n·d a word: 2nd together."),
        Mistake(1280, "that leaves out W^O: attention as it is used has four matrices, not three."),
        Mistake(2, "that is n/d: times the width it is the number of words."),
    ),
)

# --- the limit of temperature zero -----------------------------------------------------------------------------


def hard_look_up(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The mean value of the keys that fit best."""
    scores = k @ q
    return v[scores == scores.max()].mean(dim=0)


def only_the_first(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Of several that fit best."""
    return v[(k @ q).argmax()]


def added_up(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Not divided by how many there are."""
    scores = k @ q
    return v[scores == scores.max()].sum(dim=0)


def still_soft(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Temperature one."""
    return torch.softmax(k @ q, dim=0) @ v


def the_worst(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The smallest score."""
    return hard_look_up(-q, k, v)


def largest_values(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """In each column of the values, whatever the question."""
    return v.amax(dim=0)


def a_little_soft(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """A temperature near zero."""
    return torch.softmax((k @ q) / 1e-3, dim=0) @ v


def by_direction(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The cosine instead of the dot product."""
    return hard_look_up(q, F.normalize(k, dim=1), v)


KEYS = torch.tensor([[1.0, 0, 2], [0, 3, 1], [1, 0, 2], [-1, 1, 0], [2, 2, -2]])
VALUES = random_normal(5, 4, seed=3)

HARD = Exercise(
    name="3.1-hard",
    answer=hard_look_up,
    probes=(
        (torch.tensor([0.0, 1.0, 0.0]), KEYS, VALUES),
        (torch.tensor([1.0, 0.0, 3.0]), KEYS, VALUES),  # the first key and the third fit equally
        (torch.tensor([-1.0, 0.0, 0.0]), KEYS[:4], VALUES[:4]),
        (torch.tensor([2.0, 1.0]), KEYS[:, 1:], VALUES[:, :3]),
        (torch.zeros(3), KEYS, VALUES),  # all fit equally
        (torch.tensor([1.0, 0.0]), torch.tensor([[1.0, 0], [1 + 2**-13, 3], [-1, 2]]), VALUES[:3]),  # nearly equally
    ),
    right="hard, and with nothing to learn from: a small change of the question changes nothing.",
    mistakes=(
        Mistake(only_the_first, "where several keys fit best, the softmax shares between them: give their mean."),
        Mistake(added_up, "that adds the values of the best keys; weights sum to one: give their mean."),
        Mistake(still_soft, "that is still the softmax at temperature one."),
        Mistake(
            a_little_soft,
            "that is the softmax at a small temperature; where a second key fits nearly as well, it mixes.",
        ),
        Mistake(by_direction, "that compares directions only; in a dot product the length of a key counts."),
        Mistake(the_worst, "that is the key that fits worst: look for the largest score."),
        Mistake(largest_values, "compare keys with the question; the values have no part in the choice."),
    ),
)

# --- what followed ---------------------------------------------------------------------------------------------


def counts_of_followers(ids: Tensor, n_vocab: int) -> Tensor:
    """How often each id came next after the last one."""
    return torch.bincount(ids[1:][ids[:-1] == ids[-1]], minlength=n_vocab)


def shares(counts: Tensor) -> Tensor:
    """Zeros where there is nothing to share."""
    return counts / counts.sum().clamp(min=1)


def followers(ids: Tensor, n_vocab: int) -> Tensor:
    """The shares that a sharp induction machine gives."""
    return shares(counts_of_followers(ids, n_vocab))


def what_came_before(ids: Tensor, n_vocab: int) -> Tensor:
    """Predecessors, the last place's among them."""
    return shares(torch.bincount(ids[:-1][ids[1:] == ids[-1]], minlength=n_vocab))


def shares_of_all(ids: Tensor, n_vocab: int) -> Tensor:
    """How common each id is."""
    return shares(torch.bincount(ids, minlength=n_vocab))


def the_latest(ids: Tensor, n_vocab: int) -> Tensor:
    """Only what followed last."""
    seen = ids[1:][ids[:-1] == ids[-1]][-1:]
    return shares(torch.bincount(seen, minlength=n_vocab))


def of_the_whole_text(ids: Tensor, n_vocab: int) -> Tensor:
    """Divided by the length of the text."""
    return counts_of_followers(ids, n_vocab) / len(ids)


FOLLOWERS = Exercise(
    name="3.1-followers",
    answer=followers,
    probes=(
        (torch.tensor([3, 1, 4, 3, 1, 5, 3, 0, 2, 3]), 7),
        (torch.tensor([0, 1, 0, 0, 2, 0]), 3),  # it follows itself
        (torch.tensor([4, 2, 1, 0]), 5),  # never seen before
        (torch.tensor([6, 5, 6, 5, 6]), 8),
    ),
    right="two layers of attention, made sharp, are a table of pairs that the model counts while it reads.",
    mistakes=(
        Mistake(counts_of_followers, "these are counts; divide by their sum."),
        Mistake(what_came_before, "that is what stood before the last id; ask what came after it."),
        Mistake(shares_of_all, "that is how common each id is; look only behind the earlier copies of the last one."),
        Mistake(the_latest, "that keeps only the latest follower; a machine without positions weighs all alike."),
        Mistake(of_the_whole_text, "divide by the number of followers, not by the length of the text."),
    ),
)

# --- museum: the softmax over the questions --------------------------------------------------------------------

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def scores_of(q: Tensor, k: Tensor) -> Tensor:
    """(B, T, S), divided by √d_k."""
    return q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])


def right_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The formula."""
    return attention_weights(q, k) @ v


def over_the_questions(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The museum's."""
    return scores_of(q, k).softmax(dim=1) @ v


def over_the_batch(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """What PyTorch's softmax took for three axes when none was named."""
    return scores_of(q, k).softmax(dim=0) @ v


def without_the_root(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scores as they are."""
    return (q @ k.transpose(-2, -1)).softmax(dim=-1) @ v


def divided_by_the_width(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """By d_k, without a root."""
    return (q @ k.transpose(-2, -1) / q.shape[-1]).softmax(dim=-1) @ v


def all_alike(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """A softmax that comes too late: the mean of all values."""
    return v.mean(dim=1, keepdim=True).expand(-1, q.shape[1], -1)


ATTENTIONS: tuple[Attend, ...] = (
    right_attention,
    over_the_questions,
    over_the_batch,
    without_the_root,
    divided_by_the_width,
    all_alike,
)
Q, K, V = random_normal(2, 3, 5, seed=7), random_normal(2, 7, 5, seed=8), random_normal(2, 7, 4, seed=9)


def same_on(attend: Attend, q: Tensor, k: Tensor, v: Tensor) -> bool:
    """Whether it gives what PyTorch's own attention gives."""
    return torch.allclose(attend(q, k, v), F.scaled_dot_product_attention(q, k, v), atol=1e-5)


def is_right(attend: Attend) -> bool:
    """On sizes that are all different."""
    return same_on(attend, Q, K, V)


def with_equal_values(attend: Attend) -> bool:
    """Whether weights sum to one, whichever they are; equal keys and empty questions show no more."""
    return same_on(attend, Q, K, torch.ones(2, 7, 4))


def one_wide(attend: Attend) -> bool:
    """Where the root of the width is the width, and is one."""
    return same_on(attend, Q[..., :1], K[..., :1], V)


MUSEUM_SOFTMAX = Exercise(
    name="3.1-museum-softmax",
    answer=is_right,
    probes=tuple((attend,) for attend in ATTENTIONS),
    right="your test sees through five wrong ones, the museum's among them: values that differ give them away.",
    mistakes=(
        Mistake(with_equal_values, "that only shows that weights sum to one: let values, keys and questions differ."),
        Mistake(one_wide, "where d_k is 1, dividing by its root changes nothing: make the keys wider."),
        *careless_tests(is_right, right=1, wrong=5),
    ),
)

EXERCISES = (AHEAD, DEARER, HARD, FOLLOWERS, MUSEUM_SOFTMAX)

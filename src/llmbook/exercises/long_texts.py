"""The exercises of page 3.9: what is kept, how far a window reaches, parts merged, a sum carried, a window's edge."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.nn.masks import causal_mask, window_mask
from llmbook.nn.sparse_attention import Pattern, sparse_attention

# --- what is kept ----------------------------------------------------------------------------------------------

KEPT = Exercise(
    name="3.9-kept",
    answer=[2 * 32 * 128, 2 * 8 * 128, 2 * 128, 512 + 64],
    right="the latent keeps little more than two heads do, and lets each of the 32 have keys of its own.",
    mistakes=(
        Mistake([32 * 128, 8 * 128, 128, 512 + 64], "keys and values are both kept."),
        Mistake([8192, 2048, 256, 2 * (512 + 64)], "keys and values are read off the same latent, which is kept once."),
        Mistake([8192, 2048, 256, 512], "the 64 numbers of the rotary key are kept as well."),
        Mistake([8192, 2048, 256, 2 * 512 + 64], "keys and values are read off one latent: its 512 are kept once."),
        Mistake([8192, 2048, 256, 512 + 32 * 64], "all heads share one rotary key of 64 numbers."),
        Mistake([8192, 2 * 4 * 128, 256, 576], "there are 8 heads of keys, each for a group of 4 query heads."),
        Mistake([8192, 8192, 8192, 576], "heads of one group share their keys, and these are kept once."),
    ),
)

# --- how far a window reaches ----------------------------------------------------------------------------------

REACH = Exercise(
    name="3.9-reach",
    answer=[32 * 4095, math.ceil(63 / 7)],
    right="each layer hands on what lies up to window - 1 places behind it.",
    mistakes=(
        Mistake([32 * 4096, 9], "the position itself is one of the 4,096: a layer reaches 4,095 places back."),
        Mistake([32 * 4095, 8], "a window of 8 reaches 7 places back: eight layers reach 56, and it stands 63 back."),
        Mistake([32 * 4096, 8], "in both, the position itself is one of the window: a layer reaches window - 1 back."),
        Mistake([4095, 9], "that is one layer's reach. The next one looks at positions that have looked already."),
        Mistake([32 * 4095, 10], "nine layers reach 9 times 7 places back, which is just enough for 63."),
        Mistake([31 * 4095, 9], "all 32 layers attend, the first one too."),
    ),
)

# --- two parts merged ------------------------------------------------------------------------------------------

Part = tuple[Tensor, Tensor]


def merged(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    """Each context weighs as much as its sum of exponentials has in both."""
    L = torch.logaddexp(L_1, L_2)
    return torch.exp(L_1 - L)[:, None] * C_1 + torch.exp(L_2 - L)[:, None] * C_2, L


def middle(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    return (C_1 + C_2) / 2, torch.logaddexp(L_1, L_2)


def overflowing(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    l_1 = L_1.exp()
    l_2 = L_2.exp()
    return (l_1[:, None] * C_1 + l_2[:, None] * C_2) / (l_1 + l_2)[:, None], (l_1 + l_2).log()


def weighted_by_logs(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    share = (L_1 / (L_1 + L_2))[:, None]
    return share * C_1 + (1 - share) * C_2, torch.logaddexp(L_1, L_2)


def not_divided(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    m = torch.maximum(L_1, L_2)
    C = torch.exp(L_1 - m)[:, None] * C_1 + torch.exp(L_2 - m)[:, None] * C_2
    return C, torch.logaddexp(L_1, L_2)


def logs_added(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    return merged(C_1, L_1, C_2, L_2)[0], L_1 + L_2


def larger_log(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    return merged(C_1, L_1, C_2, L_2)[0], torch.maximum(L_1, L_2)


def exchanged(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Part:
    return merged(C_2, L_1, C_1, L_2)


def context_alone(C_1: Tensor, L_1: Tensor, C_2: Tensor, L_2: Tensor) -> Tensor:
    return merged(C_1, L_1, C_2, L_2)[0]


def two_parts(T: int, d_v: int, seed: int, apart: float = 0.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    L_1, L_2 = random_normal(2, T, seed=seed)
    C_1, C_2 = random_normal(2, T, d_v, seed=seed + 1)
    shift = apart * torch.arange(T)  # another for each query
    return C_1, 2 * L_1 + shift, C_2, 2 * L_2 + shift


MERGE = Exercise(
    name="3.9-merge",
    answer=merged,
    probes=(two_parts(3, 2, 0), two_parts(5, 3, 2), two_parts(1, 7, 4), two_parts(4, 5, 6, apart=200.0)),
    right="so a text can be read in parts, in any order, on any number of machines.",
    mistakes=(
        Mistake(middle, "the part with the larger sum of exponentials weighs more."),
        Mistake(overflowing, "right for small scores; e^200 is infinite in float32. Take differences before exp."),
        Mistake(weighted_by_logs, "L is a logarithm: the parts weigh as e^L."),
        Mistake(not_divided, "the two weights have to sum to one."),
        Mistake(logs_added, "the sums are added, not their logarithms: torch.logaddexp."),
        Mistake(larger_log, "the context is right; L is the logarithm of both sums together."),
        Mistake(exchanged, "each context goes with its own L."),
        Mistake(context_alone, "return L as well, so that the result can be merged with a third part."),
    ),
)

# --- a sum carried along ---------------------------------------------------------------------------------------

State = tuple[Tensor, Tensor, Tensor]


def phi(x: Tensor) -> Tensor:
    return F.elu(x) + 1


def carried(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    """First take in the new position, then look."""
    S = S + torch.outer(phi(k), v)
    z = z + phi(k)
    return phi(q) @ S / (phi(q) @ z), S, z


def looked_first(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    _, new_S, new_z = carried(S, z, q, k, v)
    return phi(q) @ S / (phi(q) @ z), new_S, new_z


def without_phi(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    S = S + torch.outer(k, v)
    z = z + k
    return q @ S / (q @ z), S, z


def phi_of_keys_alone(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    _, S, z = carried(S, z, q, k, v)
    return q @ S / (q @ z), S, z


def not_normalised(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    _, S, z = carried(S, z, q, k, v)
    return phi(q) @ S, S, z


def elu_alone(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    S = S + torch.outer(F.elu(k), v)
    z = z + F.elu(k)
    return F.elu(q) @ S / (F.elu(q) @ z), S, z


def forgotten(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> State:
    return carried(torch.zeros_like(S), torch.zeros_like(z), q, k, v)


def state_not_returned(S: Tensor, z: Tensor, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return carried(S, z, q, k, v)[0]


def somewhere(d_k: int, d_v: int, seed: int) -> tuple[Tensor, ...]:
    """A state after four positions, and the fifth's query, key and value."""
    keys = phi(random_normal(4, d_k, seed=seed))
    q, k = random_normal(2, d_k, seed=seed + 1)
    return keys.T @ random_normal(4, d_v, seed=seed + 2), keys.sum(dim=0), q, k, random_normal(d_v, seed=seed + 3)


CARRIED = Exercise(
    name="3.9-carried",
    answer=carried,
    probes=(somewhere(2, 3, 10), somewhere(5, 2, 20), somewhere(3, 3, 30), somewhere(1, 4, 40)),
    right="that is all such a layer knows of its past, however long: d_k times d_v numbers, and d_k more.",
    mistakes=(
        Mistake(looked_first, "a position sees itself: take k and v in before looking."),
        Mistake(without_phi, "φ belongs to queries and keys: with raw ones a weight may be below nought."),
        Mistake(phi_of_keys_alone, "the query goes through φ as well."),
        Mistake(elu_alone, "φ(x) = elu(x) + 1, which is above nought."),
        Mistake(not_normalised, "divide by φ(q)ᵀ z, so that the weights sum to one."),
        Mistake(forgotten, "add to the S and z that are given: they hold the past."),
        Mistake(state_not_returned, "return S and z too; the next position goes on from them."),
    ),
)

# --- the bug museum: a window's edge ---------------------------------------------------------------------------

Attention = Callable[[Tensor, Tensor, Tensor, int], Tensor]  # q, k, v (T, d) and a window


def under(may_attend: Tensor, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q[None], k[None], v[None], attn_mask=may_attend)[0]


def by_mask(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """Right: the whole matrix, masked."""
    return under(Pattern(window).mask(len(q)), q, k, v)


def by_blocks(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """Right: only what a block of queries may see."""
    return sparse_attention(q, k, v, Pattern(window), block=3)


def one_more(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """The museum's piece: a kernel counts the neighbours to the left, and was given the window."""
    return by_mask(q, k, v, window + 1)


def ignored(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """Another museum's piece: the window never reaches the kernel."""
    return under(causal_mask(len(q)), q, k, v)


def both_sides(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    return under(window_mask(len(q), window), q, k, v)


def pieces(q: Tensor, window: int) -> tuple[Tensor, Tensor]:
    place = torch.arange(len(q)) // window
    return place[:, None], place


def cut(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """Windows that do not overlap."""
    mine, other = pieces(q, window)
    return under(causal_mask(len(q)) & (mine == other), q, k, v)


def whole_piece_before(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """The piece before is seen from its beginning by all of the next."""
    mine, other = pieces(q, window)
    return under(causal_mask(len(q)) & (mine - other <= 1), q, k, v)


def hidden_by_nought(q: Tensor, k: Tensor, v: Tensor, window: int) -> Tensor:
    """A score of nought still has a weight."""
    scores = q @ k.T / math.sqrt(q.shape[-1])
    return (scores * Pattern(window).mask(len(q))).softmax(dim=-1) @ v


EXHIBITS: tuple[Attention, ...] = (one_more, ignored, both_sides, cut, whole_piece_before, hidden_by_nought)


def agrees(attend: Attention, T: int, window: int) -> bool:
    """Whether it is attention under the mask, for one length and one window."""
    q, k, v = random_normal(3, T, 4, seed=T)
    return torch.allclose(attend(q, k, v, window), by_mask(q, k, v, window), atol=1e-5)


def is_right(attend: Attention) -> bool:
    """Longer than two windows, so that each edge lies inside the text."""
    return all(agrees(attend, T, window) for T, window in ((13, 3), (9, 4), (7, 1)))


def keeps_the_past(attend: Attention) -> bool:
    """Whether a later key changes nothing before it."""
    q, k, v = random_normal(3, 13, 4, seed=1)
    other = torch.cat([k[:-1], -k[-1:]])
    return torch.allclose(attend(q, k, v, 3)[:-1], attend(q, other, v, 3)[:-1], atol=1e-5)


MUSEUM = Exercise(
    name="3.9-museum",
    answer=is_right,
    probes=((by_mask,), (by_blocks,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, those of public libraries among them.",
    mistakes=(
        Mistake(
            lambda f: agrees(f, 5, 5),
            "it trusts four wrong ones, as a test with a text no longer than the window does: look further on.",
        ),
        Mistake(
            lambda f: agrees(f, 6, 1),
            "it trusts two wrong ones, as a test with a window of 1 does: take a larger one, compare all positions.",
        ),
        Mistake(keeps_the_past, "that looks at the future only; most of the wrong ones see too much of the past."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (KEPT, REACH, MERGE, CARRIED, MUSEUM)

"""The exercises of page 2.2: merges, perplexity, smoothing and neighbours."""

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.data.byte_pairs import BYTES, learn_merges
from llmbook.exercises.exercise import Exercise, Mistake, random_normal

# --- the third merge -------------------------------------------------------------------------------------------

WORDS = {"hug": 3, "hugs": 1, "pug": 2, "bun": 3, "pun": 2}


def merged_tokens(n: int) -> list[str]:
    """What the first n merges make of these words, by the library."""
    words = [[BYTES.index(bytes([byte])) for byte in word.encode()] for word in WORDS]
    merges = learn_merges(words, list(WORDS.values()), list(BYTES), len(BYTES) + n)

    vocab = list(BYTES)
    for left, right in merges:
        vocab.append(vocab[left] + vocab[right])
    return [token.decode() for token in vocab[len(BYTES) :]]


FIRST, SECOND, THIRD, FOURTH = merged_tokens(4)

MERGE = Exercise(
    name="2.2-merge",
    answer=THIRD,
    right="u+g six times, then u+n five times, then h+ug four times, ahead of b+un with three.",
    mistakes=(
        Mistake(FIRST, "that is the first merge: six times u+g. Go on counting."),
        Mistake(SECOND, "that is the second merge: five times u+n. One more."),
        Mistake(FOURTH, "b+un stands there three times; the pair h+ug is in hug and in hugs, four times."),
        Mistake("pug", "p+ug stands there twice; which pair with ug is more frequent?"),
        Mistake("hugs", "hugs is there only once; which pair with ug is more frequent?"),
    ),
)

# --- perplexity ------------------------------------------------------------------------------------------------

P = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 4])
MEAN_LOSS = F.nll_loss(P.log()[:, None], torch.zeros(4, dtype=torch.long))
PERPLEXITY = MEAN_LOSS.exp().item()

OF_FOUR_TOKENS = Exercise(
    name="2.2-perplexity",
    answer=PERPLEXITY,
    right="two bits a token: the model was as unsure as between four equal choices.",
    mistakes=(
        Mistake(MEAN_LOSS.item(), "that is the mean loss in nats; perplexity is e to that power."),
        Mistake(PERPLEXITY * 2, "8 is the sum of the bits; take their mean, and 2 to that power."),
        Mistake(PERPLEXITY**0.5, "that is the mean in bits; perplexity is 2 to that power."),
        Mistake(
            (1 / P).mean().item(),
            "that is the mean of 1/p; perplexity takes the mean of the logarithms first.",
        ),
        Mistake(1 / P.mean().item(), "that is 1 over the mean probability; take the mean of the logarithms."),
        Mistake(
            1 / P.prod().item(),
            "that is 1 over the product of the probabilities; its fourth root is missing.",
        ),
        Mistake(
            1 / PERPLEXITY,
            "perplexity is the inverse: 1 over the geometric mean of the probabilities.",
        ),
    ),
    decimals=2,
)

# --- adding k --------------------------------------------------------------------------------------------------


def posterior_mean(counts: Tensor, k: float) -> Tensor:
    """Adding k to each count is the mean of a Dirichlet distribution with these parameters."""
    return torch.distributions.Dirichlet(counts + k).mean


def total_grown_by_one_k(counts: Tensor, k: float) -> Tensor:
    """The total grown by k, and not by n_vocab·k."""
    return (counts + k) / (counts.sum() + k)


def old_total(counts: Tensor, k: float) -> Tensor:
    """The total not grown at all."""
    return (counts + k) / counts.sum()


def k_shared_out(counts: Tensor, k: float) -> Tensor:
    """One k for all the counts together."""
    return (counts + k / len(counts)) / (counts.sum() + k)


def k_for_zeros_only(counts: Tensor, k: float) -> Tensor:
    """The other counts as they were."""
    filled = counts.where(counts > 0, torch.tensor(k))
    return filled / filled.sum()


def counts_only(counts: Tensor, k: float) -> Tensor:
    """Not divided."""
    return counts + k


def one_for_k(counts: Tensor, k: float) -> Tensor:
    """As if k were 1."""
    return posterior_mean(counts, 1.0)


def pure_counting(counts: Tensor, k: float) -> Tensor:
    """Without k."""
    return counts / counts.sum()


ADD_K = Exercise(
    name="2.2-add-k",
    answer=posterior_mean,
    probes=(
        (torch.tensor([3.0, 0.0, 1.0]), 1.0),
        (torch.tensor([5.0, 2.0, 0.0, 0.0, 1.0]), 0.5),
        (torch.tensor([0.0, 11.0, 4.0, 0.0, 7.0, 3.0, 0.0]), 2.0),
    ),
    right="nothing is impossible any more, and the probabilities still sum to one.",
    mistakes=(
        Mistake(
            total_grown_by_one_k,
            "they do not sum to one: all n_vocab counts have grown by k, so the sum grows by n_vocab·k.",
        ),
        Mistake(old_total, "the sum still is that of the old counts; it must grow by n_vocab·k."),
        Mistake(k_shared_out, "that is k/n_vocab for each; here each count grows by the whole k."),
        Mistake(k_for_zeros_only, "only the zeros got k; add it to every count."),
        Mistake(counts_only, "these are still counts: divide by their sum."),
        Mistake(one_for_k, "1 has been added, whatever k is."),
        Mistake(pure_counting, "nothing has been added: this is pure counting."),
    ),
)

# --- nearest neighbours ----------------------------------------------------------------------------------------


def cosines(vectors: Tensor, i: int) -> Tensor:
    """The cosine of each row with row i."""
    return F.cosine_similarity(vectors, vectors[i][None], dim=1)


def top(scores: Tensor, i: int, k: int) -> Tensor:
    """The k rows with the largest scores, without row i."""
    order = scores.argsort(descending=True)
    return order[order != i][:k]


def nearest(vectors: Tensor, i: int, k: int) -> Tensor:
    """The k rows whose direction is most like that of row i."""
    return top(cosines(vectors, i), i, k)


def with_row_itself(vectors: Tensor, i: int, k: int) -> Tensor:
    """Row i is its own nearest neighbour."""
    return cosines(vectors, i).argsort(descending=True)[:k]


def by_dot_product(vectors: Tensor, i: int, k: int) -> Tensor:
    """Rows not normalised."""
    return top(vectors @ vectors[i], i, k)


def farthest(vectors: Tensor, i: int, k: int) -> Tensor:
    """Sorted in ascending order."""
    return top(-cosines(vectors, i), i, k)


def by_distance(vectors: Tensor, i: int, k: int) -> Tensor:
    """The nearest as the crow flies."""
    return top(-(vectors - vectors[i]).norm(dim=1), i, k)


def one_length_for_all_columns(vectors: Tensor, i: int, k: int) -> Tensor:
    """Columns normalised, not rows."""
    return by_dot_product(F.normalize(vectors, dim=0), i, k)


def their_cosines(vectors: Tensor, i: int, k: int) -> Tensor:
    """How near they are."""
    return cosines(vectors, i)[nearest(vectors, i, k)]


LONG = random_normal(11, 3) * torch.arange(1, 12)[:, None]  # of very different lengths
WIDE = random_normal(7, 5, seed=1) * torch.tensor([9.0, 1, 1, 1, 1])  # its columns too
VECTORS = torch.tensor([[1.0, 0.0], [5.0, 4.0], [0.2, 0.1], [-1.0, 0.1], [0.1, 1.0], [0.9, -0.3], [6.0, -7.0]])

NEIGHBOURS = Exercise(
    name="2.2-neighbours",
    answer=nearest,
    probes=((VECTORS, 0, 3), (VECTORS, 1, 2), (LONG, 4, 5), (WIDE, 6, 4)),
    right="you have written the search that stands behind every search by meaning.",
    mistakes=(
        Mistake(with_row_itself, "row i is its own nearest neighbour; leave it out."),
        Mistake(
            by_dot_product,
            "these are the largest dot products: long vectors win. Normalise the rows first.",
        ),
        Mistake(farthest, "these are the farthest: sort in descending order."),
        Mistake(
            by_distance,
            "this is distance as the crow flies; the cosine looks at the direction alone.",
        ),
        Mistake(
            one_length_for_all_columns,
            "you have normalised the columns; a row is a vector, so divide along dim=1.",
        ),
        Mistake(their_cosines, "these are the cosines themselves; give the numbers of the rows."),
    ),
)

EXERCISES = (MERGE, OF_FOUR_TOKENS, ADD_K, NEIGHBOURS)

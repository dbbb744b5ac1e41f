"""The exercises of page 2.1: merges, perplexity, smoothing and neighbours."""

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.tokenizers import BYTES, learn
from llmbook_exercises import Exercise

WORDS = {"hug": 3, "hugs": 1, "pug": 2, "bun": 3, "pun": 2}


def merged_tokens(n: int) -> list[str]:
    """What the first n merges make of these words, by the library."""
    words = [[BYTES.index(bytes([b])) for b in word.encode()] for word in WORDS]
    vocab, made = list(BYTES), []
    for a, b in learn(words, list(WORDS.values()), vocab, len(vocab) + n):
        vocab.append(vocab[a] + vocab[b])
        made.append(vocab[-1].decode())
    return made


FIRST, SECOND, THIRD, FOURTH = merged_tokens(4)
P = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 4])
PERPLEXITY = F.nll_loss(P.log()[:, None], torch.zeros(4, dtype=torch.long)).exp().item()


def posterior_mean(counts: Tensor, k: float) -> Tensor:
    """Adding k to each count is the mean of a Dirichlet distribution with these parameters."""
    return torch.distributions.Dirichlet(counts + k).mean


def by_score(score: Tensor, i: int, k: int, largest: bool = True) -> Tensor:
    order = score.argsort(descending=largest)
    return order[order != i][:k]


def nearest(vectors: Tensor, i: int, k: int) -> Tensor:
    return by_score(F.cosine_similarity(vectors, vectors[i][None], dim=1), i, k)


VECTORS = torch.tensor([[1.0, 0.0], [5.0, 4.0], [0.2, 0.1], [-1.0, 0.1], [0.1, 1.0], [0.9, -0.3], [6.0, -7.0]])

EXERCISES = (
    Exercise(
        name="2.1-merge",
        answer=THIRD,
        right="u+g six times, then u+n five times, then h+ug four times, ahead of b+un with three.",
        mistakes={
            "that is the first merge: six times u+g. Go on counting.": FIRST,
            "that is the second merge: five times u+n. One more.": SECOND,
            "b+un stands there three times; the pair h+ug is in hug and in hugs, four times.": FOURTH,
            "hugs is there only once; which pair with ug is more frequent?": "hugs",
        },
    ),
    Exercise(
        name="2.1-perplexity",
        answer=PERPLEXITY,
        right="two bits a token: the model was as unsure as between four equal choices.",
        mistakes={
            "that is the mean in bits; perplexity is 2 to that power.": PERPLEXITY**0.5,
            "that is the mean of 1/p; perplexity takes the mean of the logarithms first.": (1 / P).mean().item(),
            "that is 1 over the mean probability; take the mean of the logarithms.": 1 / P.mean().item(),
            "that is 1 over the product of the probabilities; its fourth root is missing.": 1 / P.prod().item(),
            "perplexity is the inverse: 1 over the geometric mean of the probabilities.": 1 / PERPLEXITY,
        },
        tolerance=0.005,
    ),
    Exercise(
        name="2.1-add-k",
        answer=posterior_mean,
        probes=((torch.tensor([3.0, 0.0, 1.0]), 1.0), (torch.tensor([5.0, 2.0, 0.0, 0.0, 1.0]), 0.5)),
        right="nothing is impossible any more, and the probabilities still sum to one.",
        mistakes={
            "they do not sum to one: all V counts have grown by k, so the sum grows by V·k.": lambda c, k: (
                (c + k) / (c.sum() + k)
            ),
            "the sum still is that of the old counts; it must grow by V·k.": lambda c, k: (c + k) / c.sum(),
            "that is k/V for each; here each count grows by the whole k.": lambda c, k: (
                (c + k / len(c)) / (c.sum() + k)
            ),
            "only the zeros got k; add it to every count.": lambda c, k: (
                c.where(c > 0, torch.tensor(k)) / c.where(c > 0, torch.tensor(k)).sum()
            ),
            "nothing has been added: this is pure counting.": lambda c, k: c / c.sum(),
        },
    ),
    Exercise(
        name="2.1-neighbours",
        answer=nearest,
        probes=((VECTORS, 0, 3), (VECTORS, 1, 2)),
        right="you have written the search that stands behind every search by meaning.",
        mistakes={
            "row i is its own nearest neighbour; leave it out.": lambda v, i, k: F.cosine_similarity(
                v, v[i][None], dim=1
            ).argsort(descending=True)[:k],
            "these are the largest dot products: long vectors win. Normalise the rows first.": lambda v, i, k: by_score(
                v @ v[i], i, k
            ),
            "these are the farthest: sort in descending order.": lambda v, i, k: by_score(
                F.cosine_similarity(v, v[i][None], dim=1), i, k, largest=False
            ),
            "this is distance as the crow flies; the cosine looks at the direction alone.": lambda v, i, k: by_score(
                (v - v[i]).norm(dim=1), i, k, largest=False
            ),
        },
    ),
)

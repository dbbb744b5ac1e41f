r"""A training run small enough for a page: a character GPT learns the beginning of a text and is tried on its end.

    text = learned from · held out (the last tenth, at most 2,000 characters)

The front end trains the same model (``web/src/core/training``): it draws PyTorch's own random numbers, so that first
weights and batches are the same, bit by bit. Beside the model stand two that only count: letters, and pairs of letters.

    p(y) = (count(y) + 1) / (n + n_vocab)          p(y | x) = (count(x y) + 5 p(y)) / (count(x) + 5)
"""

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor

from llmbook.data.tokenizers import CharTokenizer
from llmbook.models.gpt import GPT
from llmbook.pages.widgets.words import whole
from llmbook.training.loop import fit
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig

FEWEST, MOST = 300, 50_000  # characters
MOST_SYMBOLS = 300
LONGEST_TAIL = 2_000
BATCH = 8
PRIOR = 5
OTHER = "\ufffd"  # stands for the rarest characters where there are too many different ones


@cache
def sample() -> str:
    """The book's own text: Washington's first three messages."""
    from llmbook.data.speech import speeches  # the text comes as a package of its own

    return "\n\n".join("\n".join(speech.paragraphs) for speech in speeches(1790, 1791))


def tidy(text: str) -> str:
    """The text as a field of a page holds it: U+FFFD for half a surrogate pair, one character for a line break."""
    return whole(text).replace("\r\n", "\n").replace("\r", "\n")


def merge_rare(text: str) -> str:
    """The text with U+FFFD for all but the 299 commonest characters, if there are more than 300 different ones."""
    counts = Counter(text)
    if len(counts) <= MOST_SYMBOLS:
        return text
    order = sorted(counts, key=lambda letter: (-counts[letter], letter))
    known = set(order[: MOST_SYMBOLS - 1])
    return "".join(letter if letter in known else OTHER for letter in text)


@dataclass(frozen=True)
class SmallText:
    """A text as ids: what is learned from, and what is held out."""

    tokenizer: CharTokenizer
    train: Int[Tensor, " n"]
    held_out: Int[Tensor, " m"]


def prepare(text: str, length: int) -> SmallText:
    """Both parts. Raises ``ValueError`` for a text too short, too long, or of one character alone."""
    text = tidy(text)
    if not FEWEST <= len(text) <= MOST:
        raise ValueError(f"text must have {FEWEST} to {MOST} characters, got {len(text)}")
    text = merge_rare(text)
    tokenizer = CharTokenizer.train(text)
    if len(tokenizer) < 2:
        raise ValueError(f"text must have two different characters at least, got {text[0]!r} alone")
    ids = torch.tensor(tokenizer.encode(text))
    tail = max(length + 1, min(LONGEST_TAIL, len(ids) // 10))
    return SmallText(tokenizer, ids[:-tail], ids[-tail:])


def windows(ids: Int[Tensor, " m"], length: int) -> tuple[Int[Tensor, "n length"], Int[Tensor, "n length"]]:
    """(inputs, targets), one window behind the other; what does not fill one is left out."""
    return shift(ids.unfold(0, length + 1, length))


def frequencies(text: SmallText, length: int) -> tuple[float, float, float]:
    """Mean surprise, in nats, at the held-out text: knowing nothing, counting letters, counting pairs of letters."""
    V, train = len(text.tokenizer), text.train.tolist()
    single, before, pairs = Counter(train), Counter(train[:-1]), Counter(pairwise(train))
    unigram = bigram = 0.0
    inputs, targets = (part.flatten().tolist() for part in windows(text.held_out, length))
    for x, y in zip(inputs, targets, strict=True):
        p = (single[y] + 1) / (len(train) + V)
        unigram -= math.log(p)
        bigram -= math.log((pairs[x, y] + PRIOR * p) / (before[x] + PRIOR))
    return math.log(V), unigram / len(targets), bigram / len(targets)


def make_model(text: SmallText, *, d_model: int, n_heads: int, n_layers: int, length: int, seed: int) -> GPT:
    """The model before its first step, in float64, in which the page computes too.

    Its matrices are drawn evenly between -1/32 and 1/32, which float32 holds exactly: GPT-2's normal numbers differ
    between processors in their last digit, and so, a hundred steps later, would the runs.
    """
    with torch.random.fork_rng(devices=[]):  # the reader's own random numbers go on as they were
        model = GPT(len(text.tokenizer), d_model=d_model, n_heads=n_heads, n_layers=n_layers, max_len=length)
        torch.manual_seed(seed)
        for weight in model.parameters():
            if weight.ndim == 2:
                torch.nn.init.uniform_(weight, -1 / 32, 1 / 32)
    return model.double().eval()


def train_model(model: GPT, text: SmallText, *, lr: float, steps: int, seed: int) -> list[float]:
    """Train in place; the loss of each step. Raises ``ValueError`` as ``fit`` does."""
    length = model.max_len
    examples = text.train.unfold(0, length + 1, 1)  # one beginning at each character

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        inputs, targets = shift(examples[rows])
        return word_loss(model(inputs), targets)

    return fit(model, loss_of, len(examples), TrainConfig(steps=steps, batch=BATCH, lr=lr, seed=seed))


@torch.no_grad()
def held_out_loss(model: GPT, text: SmallText) -> float:
    """Mean loss of the held-out text, in nats."""
    inputs, targets = windows(text.held_out, model.max_len)
    return word_loss(model(inputs), targets).item()

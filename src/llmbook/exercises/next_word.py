"""The exercises of page 3.6: what filters keep, bits a byte, a penalty for repeats, min-p, targets shifted twice."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.inference.sampling import filter_logits, keep_min_p
from llmbook.inference.sampling import penalise_repetition as library_penalty
from llmbook.training.objectives import shift, word_loss

# --- what is kept ----------------------------------------------------------------------------------------------

LOG_P = torch.tensor([[0.4, 0.3, 0.15, 0.1, 0.05]], dtype=torch.float64).log()


def kept(temperature: float, top_p: float = 1.0, min_p: float = 0.0) -> int:
    """How many of the five tokens stay."""
    return int(filter_logits(LOG_P, temperature=temperature, top_p=top_p, min_p=min_p).isfinite().sum())


KEPT = Exercise(
    name="3.6-kept",
    answer=[kept(1, top_p=0.75), kept(1, min_p=0.3), kept(2, top_p=0.75), kept(2, min_p=0.3)],
    right="both let more in where the model is less sure, and heat makes it look unsure.",
    mistakes=(
        Mistake([2, 3, 3, 5], "top-p keeps the token that takes the sum to p, not only those before it."),
        Mistake([3, 2, 4, 5], "min-p is a share of the likeliest token's probability: here 0.3 · 0.4."),
        Mistake([3, 2, 4, 1], "min-p is a share of the likeliest token's probability, before and after the heat."),
        Mistake([3, 3, 3, 3], "at temperature 2 the probabilities become more equal before anything is shut out."),
        Mistake([3, 3, 2, 2], "a temperature above 1 makes the likely tokens less likely, not more."),
        Mistake([3, 3, 5, 5], "at temperature 2 the last token is beyond the sum of 0.75: add up from the top."),
    ),
)

# --- bits a byte -----------------------------------------------------------------------------------------------

PAIRS, BYTES_EACH, CHARACTERS = 20, 2.8, 3.2

BITS = Exercise(
    name="3.6-bits",
    answer=[math.log2(PAIRS) / BYTES_EACH, math.log2(CHARACTERS)],
    right="six times the perplexity, and the better model: its tokens are longer.",
    mistakes=(
        Mistake([math.log2(PAIRS), math.log2(CHARACTERS)], "the first is a token's; a token has 2.8 bytes."),
        Mistake([math.log(PAIRS) / BYTES_EACH, math.log(CHARACTERS)], "those are nats; bits take the logarithm to 2."),
        Mistake([math.log2(PAIRS) * BYTES_EACH, math.log2(CHARACTERS)], "a byte costs less than a token: divide."),
        Mistake(
            [math.log2(PAIRS / BYTES_EACH), math.log2(CHARACTERS)],
            "bits add up and perplexities multiply: divide the bits of a token, not its perplexity.",
        ),
        Mistake([PAIRS / BYTES_EACH, CHARACTERS], "take the logarithm to base 2 first."),
    ),
    decimals=2,
)

# --- a penalty for repeats -------------------------------------------------------------------------------------


def penalise(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """Divided above zero and multiplied below, each once."""
    return library_penalty(logits[None], torch.tensor([list(said)]), penalty)[0]


def always_divided(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """As in CTRL's program: what lies below zero becomes likelier."""
    given = logits.clone()
    given[list(said)] = given[list(said)] / penalty
    return given


def each_time(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """Said twice, penalised twice."""
    given = logits.clone()
    for i in said:
        given[i] = given[i] / penalty if given[i] > 0 else given[i] * penalty
    return given


def everything(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """What was not said as well."""
    return penalise(logits, range(len(logits)), penalty)


def rewarded(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """Repeats become likelier."""
    given = logits.clone()
    for i in set(said):
        given[i] = given[i] * penalty if given[i] > 0 else given[i] / penalty
    return given


def taken_away(logits: Tensor, said: Sequence[int], penalty: float) -> Tensor:
    """Another kind of penalty."""
    given = logits.clone()
    given[list(said)] = given[list(said)] - penalty
    return given


PENALTY = Exercise(
    name="3.6-penalty",
    answer=penalise,
    probes=(
        (2 * random_normal(7, seed=1), [0, 3, 5], 1.2),
        (2 * random_normal(4, seed=2), [1, 1, 2], 1.5),
        (2 * random_normal(9, seed=3), [8, 0, 8, 2, 4], 1.3),
    ),
    right="a logit below zero has to move away from zero to become less likely.",
    mistakes=(
        Mistake(always_divided, "a logit below zero, divided, comes nearer to zero: the repeat becomes likelier."),
        Mistake(each_time, "each id is penalised once, however often it was said."),
        Mistake(everything, "only what was said before is penalised."),
        Mistake(rewarded, "the other way round: divide above zero, multiply below."),
        Mistake(taken_away, "that is another kind of penalty; here logits are divided or multiplied."),
        Mistake(lambda logits, said, penalty: logits, "nothing was penalised; return the changed logits."),
    ),
)

# --- min-p -----------------------------------------------------------------------------------------------------


def absolute(logits: Tensor, min_p: float) -> Tensor:
    """The same bar for sure and for unsure rows."""
    return logits.masked_fill(logits.softmax(dim=-1) < min_p, -math.inf)


def share_of_logits(logits: Tensor, min_p: float) -> Tensor:
    """A share of the largest logit."""
    return logits.masked_fill(logits < min_p * logits.amax(dim=-1, keepdim=True), -math.inf)


def one_bar(logits: Tensor, min_p: float) -> Tensor:
    """The largest of all rows."""
    p = logits.softmax(dim=-1)
    return logits.masked_fill(p < min_p * p.amax(), -math.inf)


def above(logits: Tensor, min_p: float) -> Tensor:
    """What is exactly at the bar goes: with min-p 1 nothing is left."""
    p = logits.softmax(dim=-1)
    return logits.masked_fill(p <= min_p * p.amax(dim=-1, keepdim=True), -math.inf)


def to_nought(logits: Tensor, min_p: float) -> Tensor:
    """A logit of nought is no probability of nought."""
    return keep_min_p(logits, min_p).masked_fill(keep_min_p(logits, min_p).isinf(), 0.0)


MIN_P = Exercise(
    name="3.6-min-p",
    answer=keep_min_p,
    probes=(
        (2 * random_normal(3, 7, seed=4), 0.2),
        (2 * random_normal(2, 5, seed=5), 1.0),
        (2 * random_normal(1, 11, seed=6), 0.05),
    ),
    right="a sure model keeps few tokens, an unsure one many, and no sum has to be taken.",
    mistakes=(
        Mistake(absolute, "the bar is min_p times the largest probability of the row, not min_p itself."),
        Mistake(share_of_logits, "compare probabilities, or logits with the largest plus log(min_p)."),
        Mistake(one_bar, "each row has its own largest probability: amax(dim=-1, keepdim=True)."),
        Mistake(above, "what reaches the bar stays; with min_p = 1 the likeliest must be left."),
        Mistake(to_nought, "a logit of nought is likely; what is shut out gets -float('inf')."),
        Mistake(lambda z, p: keep_min_p(z, p).softmax(dim=-1), "return logits; the softmax comes afterwards."),
    ),
)

# --- the bug museum: shifted twice -----------------------------------------------------------------------------

Loss = Callable[[Tensor, Tensor], Tensor]  # (B, T, n_vocab) logits and the (B, T) ids that were read, to one number


def next_word_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Right: what stands at t is asked for the id at t + 1."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def by_the_library(logits: Tensor, ids: Tensor) -> Tensor:
    """Right too."""
    return word_loss(logits[:, :-1], shift(ids)[1])


def not_shifted(logits: Tensor, ids: Tensor) -> Tensor:
    """Each place is asked for what it has read: a copy."""
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


def shifted_twice(logits: Tensor, ids: Tensor) -> Tensor:
    """The museum's piece."""
    return F.cross_entropy(logits[:, :-2].flatten(0, 1), ids[:, 2:].flatten())


def backwards(logits: Tensor, ids: Tensor) -> Tensor:
    """Each place is asked for the id before it."""
    return F.cross_entropy(logits[:, 1:].flatten(0, 1), ids[:, :-1].flatten())


def flattened_first(logits: Tensor, ids: Tensor) -> Tensor:
    """The end of a row is asked for the beginning of the next row."""
    return F.cross_entropy(logits.flatten(0, 1)[:-1], ids.flatten()[1:])


def added_up(logits: Tensor, ids: Tensor) -> Tensor:
    """A sum, which grows with the length of the text."""
    return next_word_loss(logits, ids) * ids[:, 1:].numel()


def last_only(logits: Tensor, ids: Tensor) -> Tensor:
    """One answer a row, as if it were a classifier."""
    return F.cross_entropy(logits[:, -2], ids[:, -1])


EXHIBITS: tuple[Loss, ...] = (shifted_twice, not_shifted, backwards, flattened_first, added_up, last_only)


def as_by_hand(loss: Loss, logits: Tensor, ids: Tensor) -> bool:
    """Whether the loss is what two loops give."""
    log_p = logits.log_softmax(dim=-1)
    B, T = ids.shape
    terms = [-log_p[b, t, ids[b, t + 1]].item() for b in range(B) for t in range(T - 1)]
    return math.isclose(float(loss(logits, ids)), sum(terms) / len(terms), rel_tol=1e-4)


def asked(B: int, T: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits and ids by lot."""
    generator = torch.Generator().manual_seed(seed)
    return random_normal(B, T, 5, seed=seed), torch.randint(5, (B, T), generator=generator)


def is_next_word(loss: Loss) -> bool:
    """Two rows of four."""
    return as_by_hand(loss, *asked(2, 4))


def one_row(loss: Loss) -> bool:
    """No row follows."""
    return as_by_hand(loss, *asked(1, 4))


def one_word(loss: Loss) -> bool:
    """The same id everywhere, the same logits: a shift changes nothing."""
    return as_by_hand(loss, asked(1, 1)[0].expand(2, 4, 5), torch.full((2, 4), 3))


def two_words(loss: Loss) -> bool:
    """With one target a row the last is the only one, and its mean its sum in a batch of one."""
    return as_by_hand(loss, *asked(1, 2))


def future_only(loss: Loss) -> bool:
    """The last place is asked for nothing: its logits must not matter."""
    logits, ids = asked(2, 4)
    other = logits.clone()
    other[:, -1] += random_normal(2, 5, seed=7)
    return math.isclose(float(loss(logits, ids)), float(loss(other, ids)), rel_tol=1e-5)


MUSEUM = Exercise(
    name="3.6-museum",
    answer=is_next_word,
    probes=((next_word_loss,), (by_the_library,), *((loss,) for loss in EXHIBITS)),
    right="your test trusts two right losses and sees through six wrong ones, the one shifted twice among them.",
    mistakes=(
        Mistake(one_row, "with one row in the batch the end of a row has no row behind it: take two."),
        Mistake(two_words, "two words a row have one target, the last: take longer rows."),
        Mistake(one_word, "if every place reads the same, a shift cannot be seen: take ids and logits that differ."),
        Mistake(future_only, "that the last logits do not matter is half of it: compare with the right number."),
        *careless_tests(is_next_word, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (KEPT, BITS, PENALTY, MIN_P, MUSEUM)

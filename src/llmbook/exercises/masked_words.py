"""The exercises of page 3.4: sentences without a question, gaps that do not know of each other, an exact share, a score
for sentences, and masks gone wrong."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.training.objectives import IGNORE, mask_words

# --- sentences in which nothing is asked -----------------------------------------------------------------------

LONG, SHORT, SHARE = 20, 5, 0.15
NONE = [(1 - SHARE) ** n for n in (LONG, SHORT)]

NOTHING = Exercise(
    name="3.4-nothing",
    answer=NONE,
    right="nearly every second short sentence teaches nothing in such a round; longer rows waste less.",
    mistakes=(
        Mistake([1 - x for x in NONE], "this is how often at least one word is chosen; the others are asked for."),
        Mistake([0, 1 - SHARE * SHORT], "chances of words that may be chosen together do not add up: multiply."),
        Mistake([0, 0], "three words of twenty are chosen on average; sometimes it is none."),
        Mistake(
            [SHARE**LONG, SHARE**SHORT], "this is how often every word is chosen: 0.15 is the chance of being chosen."
        ),
        Mistake([1 - SHARE, 1 - SHARE], "so often one word is left alone; here all of them must be."),
        Mistake(NONE[::-1], "the sentence of twenty words comes first."),
    ),
    decimals=2,
)

# --- two gaps side by side -------------------------------------------------------------------------------------

OFTEN = 0.75  # "New York"; else "San Francisco"
ENTROPY = -(OFTEN * math.log(OFTEN) + (1 - OFTEN) * math.log(1 - OFTEN))
REAL = OFTEN**2 + (1 - OFTEN) ** 2

PAIR = Exercise(
    name="3.4-pair",
    answer=[ENTROPY, REAL],
    right="the loss cannot fall any further, and still three of eight pairs are New Francisco or San York.",
    mistakes=(
        Mistake([2 * ENTROPY, REAL], "the loss is a mean over the gaps, not their sum."),
        Mistake([ENTROPY / 2, REAL], "the second gap is not free: the first is hidden too when it is named."),
        Mistake([ENTROPY, 1.0], "each gap is drawn by itself, and the draws know nothing of each other."),
        Mistake([ENTROPY, OFTEN**2], "San Francisco is a real pair as well."),
        Mistake([ENTROPY, 1 - REAL], "this is how often the two halves do not fit."),
        Mistake([ENTROPY, 0.5], "the two names are not equally frequent: 0.75 and 0.25."),
        Mistake([ENTROPY / math.log(2), REAL], "this loss is in bits; a nat is asked for: use the natural logarithm."),
        Mistake([math.log(2), REAL], "this is the loss of a coin; the names are not equally frequent."),
    ),
    decimals=2,
)

# --- an exact share --------------------------------------------------------------------------------------------


def smallest(draw: Tensor, special: Tensor, wanted: int) -> Tensor:
    """True at so many of the smallest draws, special places coming last."""
    order = draw.masked_fill(special, math.inf).argsort()
    return torch.zeros_like(special).index_fill(0, order[:wanted], True)


def expected(special: Tensor, share: float) -> float:
    return share * int((~special).sum())


def exactly(draw: Tensor, special: Tensor, share: float) -> Tensor:
    """Of the words that are not special the round(share · n) with the smallest draws, but one at least."""
    return smallest(draw, special, max(1, round(expected(special, share))))


def specials_chosen(draw: Tensor, special: Tensor, share: float) -> Tensor:
    """The smallest draws, wherever they are."""
    return smallest(draw, torch.zeros_like(special), max(1, round(expected(special, share))))


def row(T: int, words: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draws of a row of T, and what is special in it: the first place, and all behind the words."""
    place = torch.arange(T)
    draw = torch.rand(T, generator=torch.Generator().manual_seed(seed))
    draw[0] = 0.001  # else a row could be right by luck
    return draw, (place == 0) | (place > words)


EXACTLY = Exercise(
    name="3.4-exactly",
    answer=exactly,
    probes=((*row(26, 20, 1), 0.15), (*row(12, 2, 2), 0.15), (*row(17, 12, 3), 0.35), (*row(13, 12, 4), 0.15)),
    right="every row is asked the same share, and the shortest one still gets a question.",
    mistakes=(
        Mistake(
            lambda u, s, share: (u < share) & ~s, "chosen one by one: an exact number is asked for. Sort the draws."
        ),
        Mistake(lambda u, s, share: smallest(u, s, max(1, round(share * len(u)))), "n does not count special places."),
        Mistake(specials_chosen, "a special place was chosen: give those a draw of infinity before you sort."),
        Mistake(lambda u, s, share: smallest(u, s, round(expected(s, share))), "two words get a question: max(1, …)."),
        Mistake(
            lambda u, s, share: smallest(u, s, max(1, int(expected(s, share)))), "round to the nearest, int cuts off."
        ),
        Mistake(lambda u, s, share: exactly(1 - u, s, share), "the smallest draws are asked for."),
        Mistake(lambda *row: exactly(*row).nonzero()[:, 0], "return a tensor of True and False, one for each place."),
        Mistake(lambda *row: ~exactly(*row), "True must stand where a word is chosen."),
    ),
)

# --- a score for a sentence ------------------------------------------------------------------------------------

LogProbs = Callable[[Tensor], Tensor]  # (B, T) ids to (B, T, n_vocab)
MASK = 3


def small_model(n_vocab: int, seed: int) -> LogProbs:
    """A model in which each place reads itself, its neighbours, and a little of all."""
    table, turn = random_normal(n_vocab, 8, seed=seed).double(), random_normal(8, 8, seed=seed + 1).double()

    def log_probs(ids: Tensor) -> Tensor:
        x = table[ids]  # (B, T, 8)
        around = x.roll(1, dims=1) @ turn + x.roll(-1, dims=1) + x.mean(dim=1, keepdim=True)
        return ((x + around).tanh() @ table.T).log_softmax(dim=-1)

    return log_probs


def score(log_probs: LogProbs, ids: Tensor) -> Tensor:
    """Σ_t log p(x_t | all but x_t) over the words between the first and the last place."""
    rows, places = torch.arange(len(ids) - 2), torch.arange(1, len(ids) - 1)
    seen = ids.repeat(len(rows), 1).index_put((rows, places), torch.tensor(MASK))
    return log_probs(seen)[rows, places, ids[1:-1]].sum()


def nothing_hidden(log_probs: LogProbs, ids: Tensor) -> Tensor:
    """The answers stand in the text."""
    return log_probs(ids[None])[0, 1:-1].gather(1, ids[1:-1, None]).sum()


def all_hidden(log_probs: LogProbs, ids: Tensor) -> Tensor:
    """No word helps another."""
    seen = torch.cat([ids[:1], torch.full_like(ids[1:-1], MASK), ids[-1:]])
    return log_probs(seen[None])[0, 1:-1].gather(1, ids[1:-1, None]).sum()


def asked_in_turn(log_probs: LogProbs, ids: Tensor, ends: int, hidden: int) -> Tensor:
    """Each word but so many at both ends, with ``hidden`` words from it on hidden."""
    total = torch.zeros((), dtype=torch.float64)
    for place in range(ends, len(ids) - ends):
        seen = ids.clone()
        seen[place : min(place + hidden, len(ids) - ends)] = MASK
        total = total + log_probs(seen[None])[0, place, ids[place]]
    return total


SCORE = Exercise(
    name="3.4-score",
    answer=score,
    probes=tuple(
        (small_model(n_vocab, seed), torch.randint(5, n_vocab, (T,), generator=torch.Generator().manual_seed(seed)))
        for n_vocab, T, seed in ((11, 7, 1), (13, 5, 2), (17, 12, 3), (11, 3, 4))
    ),
    right="each word is judged by all the others: a score for sentences from a model that never writes one.",
    mistakes=(
        Mistake(nothing_hidden, "the word to be named stands in the text: hide it first."),
        Mistake(all_hidden, "all words are hidden at once: hide one at a time, so that the others help."),
        Mistake(lambda f, ids: asked_in_turn(f, ids, 1, len(ids)), "do not hide what follows: both sides may be seen."),
        Mistake(lambda f, ids: asked_in_turn(f, ids, 0, 1), "leave out the first and the last place, [CLS] and [SEP]."),
        Mistake(lambda f, ids: score(f, ids) / (len(ids) - 2), "a sum is asked for, not the mean."),
        Mistake(lambda f, ids: -score(f, ids), "this is a loss; the score is the sum of the logarithms."),
        Mistake(lambda f, ids: score(f, ids).exp(), "leave it a logarithm: the product becomes too small."),
    ),
)

# --- the bug museum: masks gone wrong --------------------------------------------------------------------------

Masker = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # ids and special (B, T) to what is seen and the targets
N_VOCAB = 4000


def masker(share: float = 0.15, hidden: float = 0.8, *, specials: bool = False) -> Masker:
    """The library's, with its own draws, the same for the same ids."""

    def mask(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(int(ids.sum()))
        rules = {"share": share, "hidden": hidden, "replaced": (1 - hidden) / 2}
        return mask_words(ids, MASK, N_VOCAB, generator=draw, special=None if specials else special, **rules)

    return mask


berts, others = masker(), masker(0.4, 1.0)
specials_hidden = masker(specials=True)  # the museum's piece


def asked_everywhere(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """Each word that can be read is asked for."""
    return berts(ids, special)[0], ids.masked_fill(special, IGNORE)


def asked_elsewhere(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """The wrong way round."""
    seen, target = berts(ids, special)
    return seen, ids.masked_fill(special | (target != IGNORE), IGNORE)


def open_book(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """The masked text is made, and the other one returned."""
    return ids, berts(ids, special)[1]


def masks_as_targets(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """The text is changed in place, and the targets are taken from it."""
    seen, target = berts(ids, special)
    ids.copy_(seen)
    return ids, ids.masked_fill(target == IGNORE, IGNORE)


def next_word(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """The targets of a GPT."""
    seen, target = berts(ids, special)
    return seen, ids.roll(-1, dims=1).masked_fill(target == IGNORE, IGNORE)


def never_asked(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """All is hidden and nothing asked."""
    return berts(ids, special)[0], torch.full_like(ids, IGNORE)


def half_mended(ids: Tensor, special: Tensor) -> tuple[Tensor, Tensor]:
    """Special symbols are not asked for any more, and still hidden."""
    return specials_hidden(ids, special)[0], berts(ids, special)[1]


EXHIBITS: tuple[Masker, ...] = (
    specials_hidden, half_mended, asked_everywhere, asked_elsewhere, open_book, masks_as_targets, next_word, never_asked
)  # fmt: skip


def tried(mask: Masker) -> tuple[Tensor, ...]:
    """A text, its special places, and what a program makes of it."""
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(5, N_VOCAB, (50, 20), generator=generator)
    places = torch.rand(ids.shape, generator=generator) < 0.2
    return ids, places, *mask(ids.clone(), places)


def is_masking(mask: Masker) -> bool:
    """Words are asked, none of them special; they are the true ones, mostly hidden; all others are left alone."""
    ids, special, seen, target = tried(mask)
    asked = target != IGNORE
    if not asked.any() or asked[special].any():
        return False
    true = torch.equal(target[asked], ids[asked]) and torch.equal(seen[~asked], ids[~asked])
    return true and bool((seen != ids)[asked].float().mean() > 0.5)


def targets_only(mask: Masker) -> bool:
    """What is seen is not looked at."""
    ids, special, _, target = tried(mask)
    asked = target != IGNORE
    return bool(asked.any()) and not asked[special].any() and torch.equal(target[asked], ids[asked])


def specials_forgotten(mask: Masker) -> bool:
    """Special places are not looked at, or there are none in the text."""
    ids, _, seen, target = tried(mask)
    asked = target != IGNORE
    true = bool(asked.any()) and torch.equal(target[asked], ids[asked]) and torch.equal(seen[~asked], ids[~asked])
    return true and bool((seen != ids)[asked].float().mean() > 0.5)


def only_masks(mask: Masker) -> bool:
    """BERT's random and untouched words are refused."""
    _, _, seen, target = tried(mask)
    return is_masking(mask) and bool((seen[target != IGNORE] == MASK).all())


def fifteen(mask: Masker) -> bool:
    """Another share is refused."""
    _, special, _, target = tried(mask)
    return is_masking(mask) and abs((target != IGNORE)[~special].float().mean().item() - 0.15) < 0.05


MUSEUM = Exercise(
    name="3.4-museum",
    answer=is_masking,
    probes=((berts,), (others,), *((mask,) for mask in EXHIBITS)),
    right="your test trusts two ways to play the game, and sees through eight broken ones.",
    mistakes=(
        Mistake(targets_only, "look at what is seen too: the words asked for must be hidden, the others left alone."),
        Mistake(specials_forgotten, "one of them asks for special places: give it some, and look there."),
        Mistake(only_masks, "BERT leaves some words as they are, and replaces others; that is right too."),
        Mistake(fifteen, "nobody promised 15 %: another share is right too."),
        *careless_tests(is_masking, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (NOTHING, PAIR, EXACTLY, SCORE, MUSEUM)

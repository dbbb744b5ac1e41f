"""The exercises of page 3.5: a pair joined, a judge of topics, segments, a choice between two, and unfair pairs."""

import random
from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests
from llmbook.training.objectives import join_pair

# --- a pair joined ---------------------------------------------------------------------------------------------

JOINED, PARTS = join_pair([5] * 7, [6] * 4, cls_id=1, sep_id=2, max_len=48)

PAIR = Exercise(
    name="3.5-pair",
    answer=[len(JOINED), sum(PARTS), 0],
    right="three signs are added, the last [SEP] belongs to b, and 0 says that b followed.",
    mistakes=(
        Mistake([14, 5, 1], "the authors number them the other way: 0 for “it followed”, 1 for “it did not”."),
        Mistake([14, 4, 0], "the last [SEP] is counted with b."),
        Mistake([14, 6, 0], "the first [SEP] is counted with a; only what stands behind it has segment 1."),
        Mistake([13, 5, 0], "count the signs: one [CLS] in front, and a [SEP] behind each sentence."),
        Mistake([13, 4, 0], "there is a [SEP] behind b too, and it is counted with b."),
        Mistake([11, 4, 0], "the signs have ids too: one [CLS] in front, and a [SEP] behind each sentence."),
    ),
)

# --- a judge who knows the topic alone -------------------------------------------------------------------------

TRUE, SAME_SPEECH, STRANGER = 0.9, 0.5, 0.2  # shares of pairs on one topic


def accuracy(wrong: float) -> float:
    """Of a judge who says "it followed" to pairs on one topic: half the pairs are true."""
    return (TRUE + 1 - wrong) / 2


TOPIC = Exercise(
    name="3.5-topic",
    answer=[accuracy(STRANGER), accuracy(SAME_SPEECH), accuracy(TRUE)],
    right="the topic alone earns 0.85 where strangers come from elsewhere, and nothing where only the order is asked.",
    mistakes=(
        Mistake([0.9, 0.9, 0.9], "this is how often a true pair is recognised; half the pairs asked about are wrong."),
        Mistake(
            [0.8, 0.5, 0.1], "this is how often a wrong pair is seen through; half the pairs asked about are true."
        ),
        Mistake([0.85, 0.7, 0.9], "swapped, the two sentences are on one topic as often as before."),
        Mistake([0.85, 0.7, 0.85], "swapped, no stranger comes in: the topics differ as seldom as in true pairs."),
        Mistake([0.55, 0.7, 0.9], "a wrong pair is judged rightly where the topics differ: 1 less the share."),
    ),
    decimals=2,
)

# --- segments --------------------------------------------------------------------------------------------------


def segments(ids: Tensor, sep: int, pad: int) -> Tensor:
    """1 behind the first [SEP], and 0 elsewhere and on padding."""
    is_sep = ids == sep
    before = is_sep.cumsum(dim=1) - is_sep.long()
    return ((before == 1) & (ids != pad)).long()


def counted_with_sep(ids: Tensor, sep: int, pad: int) -> Tensor:
    """The first [SEP] belongs to b, and the last to a third."""
    return ((ids == sep).cumsum(dim=1) * (ids != pad)).long()


def first_sep_too(ids: Tensor, sep: int, pad: int) -> Tensor:
    """The first [SEP] belongs to b."""
    return (((ids == sep).cumsum(dim=1) >= 1) & (ids != pad)).long()


def last_sep_not(ids: Tensor, sep: int, pad: int) -> Tensor:
    """The last [SEP] belongs to a."""
    return segments(ids, sep, pad) * (ids != sep)


def with_padding(ids: Tensor, sep: int, pad: int) -> Tensor:
    """Padding belongs to b."""
    is_sep = ids == sep
    return ((is_sep.cumsum(dim=1) - is_sep.long()) >= 1).long()


PAIRS = torch.tensor([[1, 7, 8, 2, 9, 2, 0, 0], [1, 5, 2, 6, 7, 8, 9, 2], [1, 9, 9, 9, 9, 2, 5, 2]])

SEGMENTS = Exercise(
    name="3.5-segments",
    answer=segments,
    probes=((PAIRS, 2, 0), (PAIRS[:1, :7], 2, 0), (torch.tensor([[8, 3, 4, 9, 3, 9, 5], [8, 9, 3, 9, 5, 5, 5]]), 9, 5)),
    right="one sum along the row tells a from b, whatever their lengths.",
    mistakes=(
        Mistake(lambda ids, sep, pad: torch.zeros_like(ids), "now nothing changes at [SEP]: both look like one text."),
        Mistake(counted_with_sep, "each [SEP] closes its own sentence: count those that stand before a place."),
        Mistake(first_sep_too, "the first [SEP] belongs to a: count those that stand before a place."),
        Mistake(last_sep_not, "the last [SEP] belongs to b."),
        Mistake(with_padding, "behind the last [SEP] comes padding, which gets 0."),
        Mistake(lambda ids, sep, pad: 1 - segments(ids, sep, pad), "a has 0 and b has 1."),
    ),
)

# --- a choice between two --------------------------------------------------------------------------------------


def preferred(true: Tensor, wrong: Tensor) -> Tensor:
    """How often the true pair has the higher score; a draw is half a hit."""
    return ((true > wrong).double() + 0.5 * (true == wrong).double()).mean()


def yes_or_no(true: Tensor, wrong: Tensor) -> Tensor:
    """Each score against nought."""
    return torch.cat([true > 0, wrong <= 0]).double().mean()


def all_against_all(true: Tensor, wrong: Tensor) -> Tensor:
    """The area under the curve: other questions' wrong pairs too."""
    return preferred(true[:, None].expand(-1, len(wrong)), wrong[None].expand(len(true), -1))


TIES = (torch.tensor([2.0, 2.0, 2.0, 1.0]), torch.tensor([2.0, 2.0, 3.0, -1.0]))

PREFERRED = Exercise(
    name="3.5-choice",
    answer=preferred,
    probes=(
        (torch.tensor([3.0, 1.0, 2.0, -4.0, 0.5]), torch.tensor([2.0, 1.5, 2.0, -5.0, 0.0])),
        TIES,
        (torch.zeros(3), torch.zeros(3)),
        (torch.tensor([-1.0, -2.0]), torch.tensor([-3.0, 5.0])),
    ),
    right="whoever says the same to every pair gets one half, and no threshold has to be chosen.",
    mistakes=(
        Mistake(
            lambda true, wrong: (true > wrong).double().mean(),
            "who says the same to every pair would get 0: count a draw as half a hit.",
        ),
        Mistake(
            lambda true, wrong: (true >= wrong).double().mean(),
            "who says the same to every pair would get 1: count a draw as half a hit.",
        ),
        Mistake(lambda true, wrong: preferred(wrong, true), "this is how often the wrong pair is preferred."),
        Mistake(yes_or_no, "this compares each score with nought; compare the two with each other."),
        Mistake(all_against_all, "compare each true pair with the wrong one of the same question only."),
        Mistake(lambda true, wrong: (true - wrong).double().mean(), "count how often it is higher, not by how much."),
    ),
)

# --- the bug museum: a stranger who is none --------------------------------------------------------------------

Place = tuple[int, int]  # document, sentence
Dealt = list[tuple[Place, Place, int]]  # (a, b, label)
Deal = Callable[[list[int], int], Dealt]  # from the lengths of the documents and a seed


def with_next(lengths: list[int]) -> list[Place]:
    """Where a sentence is followed by another of its document."""
    return [(d, i) for d, length in enumerate(lengths) for i in range(length - 1)]


def dealt(lengths: list[int], seed: int, stranger: Callable[[random.Random, Place], Place], *, share: int = 2) -> Dealt:
    """A hundred pairs: true ones, and every ``share``-th with a stranger."""
    rng = random.Random(seed)
    pairs: Dealt = []
    for k in range(100):
        d, i = rng.choice(with_next(lengths))
        strange = k % share == share - 1
        pairs.append(((d, i), stranger(rng, (d, i)) if strange else (d, i + 1), int(strange)))
    return pairs


def from_another(lengths: list[int], first: int = 1) -> Callable[[random.Random, Place], Place]:
    """Any sentence of another document but its first."""

    def stranger(rng: random.Random, a: Place) -> Place:
        return rng.choice([(d, i) for d, n in enumerate(lengths) for i in range(first, n) if d != a[0]])

    return stranger


def fair(lengths: list[int], seed: int) -> Dealt:
    """Right."""
    return dealt(lengths, seed, from_another(lengths))


def fair_and_shuffled(lengths: list[int], seed: int) -> Dealt:
    """Right too: in another order, and strangers may be first sentences."""
    pairs = dealt(lengths, seed, from_another(lengths, first=0))
    random.Random(seed).shuffle(pairs)
    return pairs


def any_sentence(lengths: list[int], seed: int) -> Dealt:
    """The museum's piece: the stranger is any sentence, now and then the next one."""
    return dealt(lengths, seed, lambda rng, _: rng.choice([(d, i) for d, n in enumerate(lengths) for i in range(n)]))


def not_the_next(lengths: list[int], seed: int) -> Dealt:
    """The next one is excluded, its document is not."""

    def stranger(rng: random.Random, a: Place) -> Place:
        return rng.choice([(d, i) for d, n in enumerate(lengths) for i in range(n) if (d, i) != (a[0], a[1] + 1)])

    return dealt(lengths, seed, stranger)


def next_number_elsewhere(lengths: list[int], seed: int) -> Dealt:
    """Now and then a true one has the next number, but in another document."""
    pairs = fair(lengths, seed)
    for k in range(0, len(pairs), 10):
        (d, i), _, _ = pairs[k]
        others = [other for other, n in enumerate(lengths) if other != d and n > i + 1]
        pairs[k] = ((d, i), (others[0] if others else d, i + 1), 0)
    return pairs


def few_strangers(lengths: list[int], seed: int) -> Dealt:
    """One in ten."""
    return dealt(lengths, seed, from_another(lengths), share=10)


def across_the_border(lengths: list[int], seed: int) -> Dealt:
    """Documents one behind the other: the last sentence of one is followed by the first of the next."""
    pairs = fair(lengths, seed)
    for k in range(0, len(pairs), 10):
        d = k % (len(lengths) - 1)
        pairs[k] = ((d, lengths[d] - 1), (d + 1, 0), 0)
    return pairs


def one_too_far(lengths: list[int], seed: int) -> Dealt:
    """The sentence after the next is taken for the true one, at the end the first."""
    return [(a, b if s else (a[0], (a[1] + 2) % lengths[a[0]]), s) for a, b, s in fair(lengths, seed)]


EXHIBITS: tuple[Deal, ...] = (
    any_sentence,
    not_the_next,
    next_number_elsewhere,
    few_strangers,
    across_the_border,
    one_too_far,
)
SMALL = [4, 3, 5]


def follows(a: Place, b: Place) -> bool:
    """b is the next sentence of a's document."""
    return b == (a[0], a[1] + 1)


def is_fair(
    deal: Deal,
    true: Callable[[Place, Place], bool] = follows,
    strange: Callable[[Place, Place], bool] = lambda a, b: a[0] != b[0],
    *,
    shares: bool = True,
) -> bool:
    """Those called true are next in their document, the others from elsewhere, and there are as many of each."""
    pairs = [pair for seed in range(5) for pair in deal(SMALL, seed)]
    half = 0.3 < sum(label for _, _, label in pairs) / len(pairs) < 0.7
    return all((strange if label else true)(a, b) for a, b, label in pairs) and (half or not shares)


def not_next(a: Place, b: Place) -> bool:
    return not follows(a, b)


MUSEUM = Exercise(
    name="3.5-museum",
    answer=lambda deal: is_fair(deal),
    probes=((fair,), (fair_and_shuffled,), *((deal,) for deal in EXHIBITS)),
    right="your test trusts two fair dealers and sees through six others, the one with accidental truths among them.",
    mistakes=(
        Mistake(
            lambda deal: is_fair(deal, shares=False),
            "one of them deals a stranger in ten: who always says yes would be right in nine.",
        ),
        Mistake(
            lambda deal: is_fair(deal, true=lambda a, b: b[1] == a[1] + 1),
            "a true b has the next number in another document: compare the documents too.",
        ),
        Mistake(
            lambda deal: is_fair(deal, strange=not_next),
            "a stranger of the same document passes: ask that the documents differ.",
        ),
        Mistake(
            lambda deal: is_fair(deal, strange=lambda a, b: True),
            "strangers of the same document pass: look where each is from; in small documents accidents are many.",
        ),
        Mistake(
            lambda deal: is_fair(deal, strange=lambda a, b: True, shares=False),
            "you look at the true pairs only; look at the strangers too, and at how many there are.",
        ),
        *careless_tests(is_fair, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (PAIR, TOPIC, SEGMENTS, PREFERRED, MUSEUM)

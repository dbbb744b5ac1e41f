"""The exercises of page 6.2: what BM25 gives a word, what borders cut, ranks fused, and a recall above one."""

from collections.abc import Callable, Sequence

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- what BM25 gives a word ------------------------------------------------------------------------------------

K1, B = 1.5, 0.75
ASKED = ((1, 1.0), (3, 1.0), (1, 2.0), (2, 2.0))  # how often the word stands there; the length, by the mean


def weights(k1: float = K1, b: float = B) -> list[float]:
    """What stands in the formula behind the idf."""
    return [often / (often + k1 * (1 - b + b * length)) for often, length in ASKED]


WORD = Exercise(
    name="6.2-word",
    answer=weights(),
    right="two occurrences in twice the length are worth a little more than one: length is forgiven by a quarter.",
    mistakes=(
        Mistake(weights(b=1), "with b = 1 the length would count in full; here it is three quarters."),
        Mistake([often for often, _ in ASKED], "that is a count: the second time a word says less than the first."),
        Mistake([(K1 + 1) * x for x in weights()], "the older formula has another factor k₁ + 1; ours has it not."),
        Mistake(weights(b=0), "the length counts: the last two passages are twice as long as the mean."),
        Mistake([often / length for often, length in ASKED], "that is a share of words: put it into the formula."),
    ),
    digits=3,
)

# --- what borders cut ------------------------------------------------------------------------------------------

SIZE, LENGTH = 100, 21  # words of a window, and of what is looked for

BORDERS = Exercise(
    name="6.2-borders",
    answer=[(SIZE - LENGTH + 1) / SIZE, LENGTH - 1, SIZE / (SIZE - LENGTH + 1)],
    right="20 words of overlap never cut 21, and the index grows by a quarter; half a window each time doubles it.",
    mistakes=(
        Mistake(
            [(SIZE - LENGTH) / SIZE, LENGTH, SIZE / (SIZE - LENGTH)],
            "it may begin at word 1 and still at word 80: that is one place more.",
        ),
        Mistake(
            [(SIZE - LENGTH) / SIZE, LENGTH - 1, SIZE / (SIZE - LENGTH + 1)],
            "for the first: it may begin at word 1 and still at word 80, which are 80 places.",
        ),
        Mistake(
            [(SIZE - LENGTH + 1) / SIZE, LENGTH, SIZE / (SIZE - LENGTH)],
            "one word less is enough: what begins on the last word before the overlap is cut, but stands in the next.",
        ),
        Mistake([(LENGTH - 1) / SIZE, LENGTH - 1, SIZE / (SIZE - LENGTH + 1)], "for the first: that share is cut."),
        Mistake(
            [(SIZE - LENGTH + 1) / SIZE, LENGTH - 1, (SIZE + LENGTH - 1) / SIZE],
            "for the third: windows begin every 80 words, so there are 100 / 80 as many.",
        ),
        Mistake(
            [(SIZE - LENGTH + 1) / SIZE, LENGTH - 1, (SIZE - LENGTH + 1) / SIZE],
            "for the third: there are more windows than before, not fewer.",
        ),
        Mistake(
            [SIZE - LENGTH + 1, LENGTH - 1, 100 * SIZE / (SIZE - LENGTH + 1)],
            "a share and a multiple are asked for, not percent: divide the first and the third by 100.",
        ),
    ),
    digits=3,
)

# --- ranks fused -----------------------------------------------------------------------------------------------

Rankings = Sequence[Sequence[int]]
SOME: tuple[tuple[list[list[int]], int], ...] = (
    ([[3, 1, 2], [1, 2, 3]], 60),
    ([[7, 5, 9, 2], [9, 4, 7]], 60),
    ([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]], 1),
    ([[1, 2, 3, 7], [4, 5, 6, 2]], 1),
    ([[8, 6], [4, 6], [2, 6]], 60),
    ([[8, 1, 6], [4, 2, 6]], 1),
    ([[1, 2, 3, 9], [4, 5, 6, 9]], 60),
    ([[10, 20, 30, 40], [40, 10], [30, 10, 20]], 5),
)


def order(rankings: Rankings, k: float, gain: Callable[[int, float], float]) -> list[int]:
    """The documents by the sum of their gains, best first; of equal ones the smaller number comes first."""
    total: dict[int, float] = {}
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            total[document] = total.get(document, 0) + gain(rank, k)
    return sorted(total, key=lambda document: (-round(total[document], 12), document))


def fuse(rankings: Rankings, k: float) -> list[int]:
    return order(rankings, k, lambda rank, k: 1 / (k + rank))


def in_both(rankings: Rankings, k: float) -> list[int]:
    """Only what every ranking holds."""
    return [document for document in fuse(rankings, k) if all(document in ranking for ranking in rankings)]


def last_rank_only(rankings: Rankings, k: float) -> list[int]:
    total = {document: 1 / (k + rank) for ranking in rankings for rank, document in enumerate(ranking, start=1)}
    return sorted(total, key=lambda document: (-total[document], document))


FUSE = Exercise(
    name="6.2-fuse",
    answer=fuse,
    probes=SOME,
    right="only ranks are compared, never scores: no scale has to be agreed on.",
    mistakes=(
        Mistake(lambda rankings, k: order(rankings, k, lambda rank, _: 1 / (60 + rank)), "k is given: do not fix it."),
        Mistake(
            lambda rankings, k: order(rankings, k, lambda rank, k: 1 / (k + rank - 1)), "the best has rank 1, not 0."
        ),
        Mistake(lambda rankings, k: order(rankings, k, lambda rank, _: 1 / rank), "where is k? 1 / (k + rank)."),
        Mistake(lambda rankings, k: fuse(rankings, k)[::-1], "best first: the largest sum."),
        Mistake(lambda rankings, k: order(rankings, k, lambda rank, k: -rank), "1 / (k + rank), and not the ranks."),
        Mistake(in_both, "what only one ranking holds has a sum too, of one part."),
        Mistake(last_rank_only, "add: a document in two rankings gets both parts."),
    ),
)

# --- the bug museum: a recall above one ------------------------------------------------------------------------

Recall = Callable[[Sequence[str], set[str], int], float]
CASES: tuple[tuple[list[str], set[str], int], ...] = (
    (["a", "b", "c"], {"a", "c"}, 2),
    (["a", "b", "c"], {"a", "c"}, 3),
    (["a", "a", "x"], {"a"}, 3),
    (["a", "a", "b"], {"a", "b"}, 2),
    (["x", "y", "a"], {"a"}, 2),
    (["x", "a"], {"a", "b", "c"}, 5),
    (["x", "y"], {"a"}, 1),
)


def recall(found: Sequence[str], gold: set[str], k: int) -> float:
    return len(gold & set(found[:k])) / len(gold)


def by_loop(found: Sequence[str], gold: set[str], k: int) -> float:
    """The same, asked the other way round."""
    return sum(document in found[:k] for document in gold) / len(gold)


def counts_twice(found: Sequence[str], gold: set[str], k: int) -> float:
    """The museum's own: what is found twice counts twice."""
    return sum(document in gold for document in found[:k]) / len(gold)


def cut_to_one(found: Sequence[str], gold: set[str], k: int) -> float:
    """A mend that hides it: of two wanted the same one found twice is still all."""
    return min(1.0, counts_twice(found, gold, k))


def precision(found: Sequence[str], gold: set[str], k: int) -> float:
    return len(gold & set(found[:k])) / k


def without_k(found: Sequence[str], gold: set[str], k: int) -> float:
    return recall(found, gold, len(found))


def any_at_all(found: Sequence[str], gold: set[str], k: int) -> float:
    return float(bool(gold & set(found[:k])))


def one_too_few(found: Sequence[str], gold: set[str], k: int) -> float:
    return recall(found, gold, k - 1)


EXHIBITS: tuple[Recall, ...] = (counts_twice, cut_to_one, precision, without_k, any_at_all, one_too_few)


def agrees(piece: Recall, cases: Sequence[tuple[list[str], set[str], int]] = CASES) -> bool:
    return all(abs(piece(found, gold, k) - recall(found, gold, k)) < 1e-9 for found, gold, k in cases)


def at_most_one(piece: Recall) -> bool:
    return all(0 <= piece(*case) <= 1 for case in CASES)


MUSEUM = Exercise(
    name="6.2-museum",
    answer=agrees,
    probes=((recall,), (by_loop,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, the one that was cut to 1 too.",
    mistakes=(
        Mistake(at_most_one, "five of the wrong ones stay below 1: compare with recalls that you have worked out."),
        Mistake(lambda piece: agrees(piece, CASES[:2]), "nothing is found twice in your cases, or k is never small."),
        Mistake(lambda piece: agrees(piece, CASES[:3]), "two are wanted, and one of them is found twice: try that."),
        *careless_tests(agrees, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (WORD, BORDERS, FUSE, MUSEUM)

"""The exercises of page 6.4: half an interval, pass@k, questions for two models apart, and a prompt chosen too late."""

from collections.abc import Callable, Sequence
from math import comb, sqrt

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- half an interval ------------------------------------------------------------------------------------------

SHARE, FEW, MANY = 0.75, 200, 3200


def half(n: int, z: float = 1.96) -> float:
    """Half the 95 % interval of a share, in percentage points."""
    return 100 * z * sqrt(SHARE * (1 - SHARE) / n)


INTERVAL = Exercise(
    name="6.4-interval",
    answer=[half(FEW), half(MANY)],
    right="sixteen times the questions make the interval four times as narrow.",
    mistakes=(
        Mistake([half(FEW, 1), half(MANY, 1)], "that is one standard error: 95 % take 1.96 of them."),
        Mistake([half(FEW) * 2, half(MANY) * 2], "that is the whole interval: half of it is asked for."),
        Mistake(
            [half(FEW) / 100, half(MANY) / 100],
            "those are shares, as is a number with a % sign: in percentage points they are a hundred times as much.",
        ),
        Mistake([half(FEW), half(FEW) / 16], "the interval shrinks with the square root of the number of questions."),
        Mistake([half(FEW) ** 2 / 100, half(MANY) ** 2 / 100], "take the square root of the variance."),
        Mistake([98 / sqrt(FEW), 98 / sqrt(MANY)], "p (1 - p) is 0.1875 here, and 0.25 only for a share of a half."),
    ),
    decimals=1,
)

# --- pass@k ----------------------------------------------------------------------------------------------------


def pass_at_k(n: int, c: int, k: int) -> float:
    """The share of the sets of k, drawn from n samples of which c are right, that hold a right one."""
    return 1 - comb(n - c, k) / comb(n, k)


def plugged_in(n: int, c: int, k: int) -> float:
    return 1 - (1 - c / n) ** k


PASS_AT_K = Exercise(
    name="6.4-pass-at-k",
    answer=pass_at_k,
    probes=((10, 3, 1), (10, 3, 5), (10, 0, 4), (10, 10, 2), (5, 4, 3), (200, 7, 100), (20, 1, 20), (7, 2, 2)),
    right="and it is what counting all sets of k gives, without counting them.",
    mistakes=(
        Mistake(plugged_in, "that draws with replacement; of n samples in hand k different ones are drawn."),
        Mistake(lambda n, c, k: comb(n - c, k) / comb(n, k), "that is the share of sets without a right one."),
        Mistake(lambda n, c, k: 1 - comb(c, k) / comb(n, k), "no right one: all k come from the n - c wrong ones."),
        Mistake(lambda n, c, k: comb(c, k) / comb(n, k), "that asks for k right ones; one is enough."),
        Mistake(lambda n, c, k: c / n, "that is pass@1, whatever k is."),
        Mistake(lambda n, c, k: min(1.0, k * c / n), "chances do not add up: two right ones count once."),
        Mistake(
            lambda n, c, k: 0.0 if n - c < k else pass_at_k(n, c, k),
            "fewer than k wrong ones: each set of k holds a right one.",
        ),
    ),
)

# --- how many questions ----------------------------------------------------------------------------------------

Z = 2.8  # 1.96 + 0.84


def needed(p: float, q: float, *, z: float = Z) -> float:
    """Questions for each of two models that are asked different ones."""
    return z**2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2


def pooled(p: float, q: float) -> float:
    m = (p + q) / 2
    return Z**2 * m * (1 - m) / (p - q) ** 2


NEEDED = Exercise(
    name="6.4-needed",
    answer=needed,
    probes=((0.7, 0.75), (0.6, 0.5), (0.9, 0.88), (0.3, 0.36), (0.95, 0.8)),
    right="half the difference needs four times the questions, and different questions need more than the same ones.",
    mistakes=(
        Mistake(lambda p, q: needed(p, q, z=sqrt(Z)), "2.8 is squared, too: it stands under the root with the rest."),
        Mistake(
            lambda p, q: Z**2 * p * (1 - p) / (p - q) ** 2, "the second model is uncertain, too: both variances add up."
        ),
        Mistake(pooled, "one mean share for both has one variance; there are two, and they add up."),
        Mistake(
            lambda p, q: Z**2 * abs(p * (1 - p) - q * (1 - q)) / (p - q) ** 2,
            "variances of independent numbers add up, for their difference too.",
        ),
        Mistake(
            lambda p, q: needed(p, q) * abs(p - q),
            "the standard error has the root of n in it: both sides are squared, and so is the difference.",
        ),
        Mistake(lambda p, q: 2 * needed(p, q), "that is of both models together; of each model half of it."),
        Mistake(lambda p, q: needed(p, q, z=1.96), "1.96 alone finds the difference in half of all trials only."),
    ),
)

# --- the bug museum: a prompt that was chosen too late ---------------------------------------------------------

Report = Callable[[Sequence[float], Sequence[float]], float]  # scores of each prompt on dev and on test


def best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=lambda i: scores[i])


def honest(dev: Sequence[float], test: Sequence[float]) -> float:
    return test[best(dev)]


def by_sorting(dev: Sequence[float], test: Sequence[float]) -> float:
    """The same, by another way: pairs in order, the first of equal ones."""
    return sorted(zip(dev, range(len(dev)), test, strict=True), key=lambda row: (-row[0], row[1]))[0][2]


def both_parts(dev: Sequence[float], test: Sequence[float]) -> float:
    return test[best([a + b for a, b in zip(dev, test, strict=True)])]


EXHIBITS: tuple[Report, ...] = (
    lambda dev, test: max(test),
    lambda dev, test: max(dev),
    lambda dev, test: (max(dev) + test[best(dev)]) / 2,
    lambda dev, test: max(test[best(dev)], test[0]),
    lambda dev, test: sum(test) / len(test),
    lambda dev, test: test[-1],
    both_parts,
)
DEV, TEST = (0.50, 0.62, 0.55, 0.58), (0.70, 0.56, 0.66, 0.52)
CASES = ((DEV, TEST), ((0.4, 0.5, 0.6), (0.3, 0.7, 0.5)), ((0.9, 0.2), (0.6, 0.8)))


def agrees(report: Report, cases: Sequence[tuple[Sequence[float], Sequence[float]]] = CASES) -> bool:
    return all(abs(report(dev, test) - honest(dev, test)) < 1e-9 for dev, test in cases)


def is_right(report: Report) -> bool:
    """Cases in which the best prompt on dev is not the best on test."""
    return agrees(report)


MUSEUM = Exercise(
    name="6.4-museum",
    answer=is_right,
    probes=((honest,), (by_sorting,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through seven wrong ones.",
    mistakes=(
        Mistake(
            lambda report: agrees(report, [((0.5, 0.6), (0.5, 0.6))]),
            "where the best on dev is the best on test, too late a choice does not show: let them differ.",
        ),
        Mistake(lambda report: report(DEV, TEST) < max(TEST), "a score below the best can be wrong: compare numbers."),
        Mistake(lambda report: report(DEV, TEST) in TEST, "a score of the test part can be another prompt's."),
        Mistake(lambda report: report(DEV, TEST) != max(DEV), "a score that is not dev's best can be wrong, too."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (INTERVAL, PASS_AT_K, NEEDED, MUSEUM)

"""The exercises of page 8.1: all characters right, a slope in logarithms, a best size, many tries, a blind forecast."""

import math
from collections.abc import Callable, Sequence

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- eight in a row --------------------------------------------------------------------------------------------

LENGTH, FIRST, SECOND = 8, 0.8, 0.9

EXACT = Exercise(
    name="8.1-exact",
    answer=[FIRST**LENGTH, SECOND**LENGTH, 0.5 ** (1 / LENGTH)],
    right="a ninth more of single characters, and two and a half times as many answers: the metric multiplies.",
    mistakes=(
        Mistake([FIRST, SECOND, 0.5], "those are single characters; all eight have to be right."),
        Mistake([FIRST * LENGTH, SECOND * LENGTH, 0.5 / LENGTH], "probabilities of independent things are multiplied."),
        Mistake(
            [1 - FIRST**LENGTH, 1 - SECOND**LENGTH, 0.5 ** (1 / LENGTH)], "that is how often one of the eight is wrong."
        ),
        Mistake(
            [FIRST**LENGTH, SECOND**LENGTH, 0.5**LENGTH], "the third the other way round: of what is ½ the 8th power?"
        ),
        Mistake([1 - 0.2**LENGTH, 1 - 0.1**LENGTH, 1 - 0.5**LENGTH], "that is at least one right; all are asked for."),
    ),
    digits=2,
)

# --- a slope in logarithms -------------------------------------------------------------------------------------

Numbers = Sequence[float]


def slope(x: Numbers, y: Numbers) -> float:
    """Of the least squares line through the points."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def logs(x: Numbers) -> list[float]:
    return [math.log(value) for value in x]


def ends(x: Numbers, y: Numbers) -> float:
    return math.log(y[-1] / y[0]) / math.log(x[-1] / x[0])


def through_zero(x: Numbers, y: Numbers) -> float:
    a, b = logs(x), logs(y)
    return sum(p * q for p, q in zip(a, b, strict=True)) / sum(p * p for p in a)


SLOPE = Exercise(
    name="8.1-slope",
    answer=lambda x, y: slope(logs(x), logs(y)),
    probes=(
        ([1e9, 3e9, 1e10, 3e10], [4e3, 8e3, 1.3e4, 2.7e4]),
        ([2.0, 3.0, 5.0, 7.0, 11.0], [9.0, 7.0, 6.5, 4.0, 3.9]),
        ([1e3, 1e4, 1e6], [5.0, 4.0, 2.0]),
    ),
    right="a straight line in logarithms is a power, and its slope the exponent.",
    mistakes=(
        Mistake(slope, "take the logarithms of both first."),
        Mistake(lambda x, y: slope(logs(x), y), "the logarithm of y too: a power is straight in both."),
        Mistake(lambda x, y: slope(x, logs(y)), "the logarithm of x too: this would be an exponential."),
        Mistake(lambda x, y: slope(logs(y), logs(x)), "the other way round: y is a power of x."),
        Mistake(lambda x, y: -slope(logs(x), logs(y)), "keep the sign: the exponent of a falling line is below zero."),
        Mistake(ends, "that is the line through the first and the last point; those between count too."),
        Mistake(through_zero, "this line is forced through (1, 1); subtract the means, or fit a constant too."),
    ),
)

# --- the best size ---------------------------------------------------------------------------------------------


def best_size(C: float, A: float, B: float, alpha: float, beta: float) -> float:
    """Where E + A / N^alpha + B / D^beta is least for 6 N D = C: both slopes in log N are equal."""
    return (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (C / 6) ** (beta / (alpha + beta))


def best_tokens(C: float, A: float, B: float, alpha: float, beta: float) -> float:
    return C / 6 / best_size(C, A, B, alpha, beta)


OPTIMUM = Exercise(
    name="8.1-optimum",
    answer=best_size,
    probes=(
        (1e12, 300.0, 900.0, 0.34, 0.37),
        (6e10, 40.0, 200.0, 0.5, 0.3),
        (1e9, 7.0, 3.0, 0.25, 0.5),
        (5e13, 410.0, 400.0, 0.34, 0.28),
    ),
    right="the exponent is β/(α+β): the faster data saturate, the more goes into the model.",
    mistakes=(
        Mistake(best_tokens, "that is the number of tokens."),
        Mistake(lambda C, A, B, alpha, beta: best_size(6 * C, A, B, alpha, beta), "C is 6 N D: divide by six first."),
        Mistake(
            lambda C, A, B, alpha, beta: best_size(C, A / alpha, B / beta, alpha, beta),
            "where the two terms are equal is not where their sum is least: their slopes are α and β times as steep.",
        ),
        Mistake(
            lambda C, A, B, alpha, beta: (
                (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (C / 6) ** (alpha / (alpha + beta))
            ),
            "the exponent of C is β/(α+β), not α/(α+β): put D = C / 6N into the law, then take the derivative.",
        ),
        Mistake(
            lambda C, A, B, alpha, beta: math.sqrt(C / 6), "equal shares are right only where both terms are alike."
        ),
        Mistake(
            lambda C, A, B, alpha, beta: (C / 6) ** (beta / (alpha + beta)),
            "the exponent is right; a factor is missing.",
        ),
    ),
)

# --- many tries ------------------------------------------------------------------------------------------------


def solved(p: Numbers, n: int) -> float:
    """The expected share of questions with a right answer among n."""
    return sum(1 - (1 - each) ** n for each in p) / len(p)


TRIES = Exercise(
    name="8.1-tries",
    answer=solved,
    probes=(([0.2, 0.0], 8), ([0.5, 0.01, 0.1], 16), ([0.9, 0.02, 0.0, 0.3], 4), ([0.05], 64)),
    right="a question that is never right stays unsolved however often one asks: the mean of p hides it.",
    mistakes=(
        Mistake(
            lambda p, n: 1 - (1 - sum(p) / len(p)) ** n,
            "questions differ: take the power for each of them, and then the mean.",
        ),
        Mistake(lambda p, n: min(1.0, n * sum(p) / len(p)), "tries overlap: n tries are not n times as often right."),
        Mistake(lambda p, n: sum(each**n for each in p) / len(p), "that all n are right; one is enough."),
        Mistake(lambda p, n: 1 - solved(p, n), "that is the share of those that stay unsolved."),
        Mistake(lambda p, n: solved(p, n) * len(p), "that is the number of questions; the share is asked for."),
        Mistake(lambda p, n: sum(p) / len(p), "that is one try."),
    ),
)

# --- the bug museum: a forecast that has seen the answer -------------------------------------------------------

Forecast = Callable[[Numbers, Numbers, float], float]  # sizes, losses, the size that is asked about


def line(sizes: Numbers, losses: Numbers, target: float) -> float:
    """What a power law through these points says."""
    x, y = logs(sizes), logs(losses)
    return math.exp(sum(y) / len(y) + slope(x, y) * (math.log(target) - sum(x) / len(x)))


def straight(sizes: Numbers, losses: Numbers, target: float) -> float:
    """A line in log size alone."""
    x = logs(sizes)
    return sum(losses) / len(losses) + slope(x, losses) * (math.log(target) - sum(x) / len(x))


def known(sizes: Numbers, losses: Numbers, target: float) -> tuple[list[float], list[float]]:
    pairs = [(n, loss) for n, loss in zip(sizes, losses, strict=True) if n < target]
    return [n for n, _ in pairs], [loss for _, loss in pairs]


def blind(sizes: Numbers, losses: Numbers, target: float) -> float:
    return line(*known(sizes, losses, target), target)


def blind_and_straight(sizes: Numbers, losses: Numbers, target: float) -> float:
    return straight(*known(sizes, losses, target), target)


def all_but_the_last(sizes: Numbers, losses: Numbers, target: float) -> float:
    return line(sizes[:-1], losses[:-1], target)


def chosen(sizes: Numbers, losses: Numbers, target: float) -> float:
    """Two laws are fitted blindly, and that which came nearer is shown."""
    true = losses[list(sizes).index(target)]
    return min((law(sizes, losses, target) for law in (blind, blind_and_straight)), key=lambda found: abs(found - true))


def without_outlier(sizes: Numbers, losses: Numbers, target: float) -> float:
    """Of all points the one that fits worst is left out."""
    off = [abs(line(sizes, losses, n) - loss) for n, loss in zip(sizes, losses, strict=True)]
    kept = [i for i in range(len(sizes)) if i != off.index(max(off))]
    return line([sizes[i] for i in kept], [losses[i] for i in kept], target)


def above_the_least(sizes: Numbers, losses: Numbers, target: float) -> float:
    """A law of what is above a floor, and the floor is taken from all losses."""
    floor = 0.9 * min(losses)
    return floor + line(*known(sizes, [loss - floor for loss in losses], target), target)


EXHIBITS: tuple[Forecast, ...] = (line, all_but_the_last, chosen, without_outlier, above_the_least)
SIZES, LOSSES = [1e3, 3e3, 9e3, 2.7e4, 8.1e4], [3.0, 2.62, 2.33, 2.1, 1.93]


def unmoved(forecast: Forecast, shifts: Numbers = (-0.6, -0.05, 0.05, 0.6), places: Sequence[int] = (0, 2, 4)) -> bool:
    """Whether the answer's own loss can be anything, wherever it stands in the list."""
    for place in places:
        others = list(range(4))
        at = [*others[:place], 4, *others[place:]]
        sizes = [SIZES[i] for i in at]
        said = [
            forecast(sizes, [LOSSES[i] + (shift if i == 4 else 0) for i in at], SIZES[4]) for shift in (0.0, *shifts)
        ]
        if max(said) - min(said) > 1e-9:
            return False
    return True


MUSEUM = Exercise(
    name="8.1-museum",
    answer=unmoved,
    probes=((blind,), (blind_and_straight,), *((piece,) for piece in EXHIBITS)),
    right="what a forecast has not seen cannot move it. One piece looked only when choosing between two blind fits.",
    mistakes=(
        Mistake(
            lambda forecast: unmoved(forecast, places=(4,)),
            "one piece leaves out whatever stands last: put the answer elsewhere in the list too.",
        ),
        Mistake(
            lambda forecast: unmoved(forecast, shifts=(0.01,)),
            "a small change leaves the choice between two laws as it was: change the answer by more, both ways.",
        ),
        *careless_tests(unmoved, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (EXACT, SLOPE, OPTIMUM, TRIES, MUSEUM)

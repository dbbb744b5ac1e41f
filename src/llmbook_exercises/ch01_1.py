"""The exercises of page 1.1: chains of rules, naive Bayes by hand, an interval, and reasoning backwards."""

from collections.abc import Callable

import numpy as np

from llmbook_exercises import Exercise

Z = 1.96
A, B = 0.8 * 0.5, 0.8 * 0.6  # the support of each chain


def wilson(k: int, n: int) -> tuple[float, float]:
    """The two shares p from which k/n lies Z standard deviations away: roots of (k/n - p)² = Z² p (1 - p) / n."""
    share, spread = k / n, Z**2 / n
    low, high = sorted(np.roots([1 + spread, -(2 * share + spread), share**2]).real.tolist())
    return low, high


def wald(k: int, n: int, z: float = Z) -> tuple[float, float]:
    half = z * (k / n * (1 - k / n) / n) ** 0.5
    return k / n - half, k / n + half


def unscaled(k: int, n: int) -> tuple[float, float]:
    return tuple(end * (1 + Z**2 / n) for end in wilson(k, n))


def forward(goal: str, facts: set, rules: list, every: Callable = all) -> bool:
    """The same question answered from the facts on, until nothing new follows."""
    known = set(facts)
    while new := {end for conditions, end in rules if every(c in known for c in conditions)} - known:
        known |= new
    return goal in known


def one_step(goal: str, facts: set, rules: list) -> bool:
    return goal in facts or any(end == goal and all(c in facts for c in conditions) for conditions, end in rules)


def first_rule(goal: str, facts: set, rules: list) -> bool:
    """Gives up when the first rule for the goal fails."""
    if goal in facts:
        return True
    for conditions, end in rules:
        if end == goal:
            return all(first_rule(c, facts, rules) for c in conditions)
    return False


FEVER = [
    (("rod", "gram negative"), "enteric"),
    (("enteric", "blood"), "treat"),
    (("rash", "fever"), "measles"),
    (("spots", "fever"), "measles"),
    (("measles",), "stay at home"),
]
PROBES = tuple(
    (goal, facts, FEVER)
    for goal, facts in (
        ("treat", {"rod", "gram negative", "blood"}),
        ("treat", {"rod", "blood"}),
        ("stay at home", {"spots", "fever"}),
        ("stay at home", {"fever"}),
        ("fever", {"fever"}),
        ("measles", {"rash", "fever"}),
        ("treat", {"enteric"}),
    )
)

EXERCISES = (
    Exercise(
        name="1.1-chain",
        answer=A + B - A * B,
        right="0.4 from the one chain, and 0.48 of the remaining 0.6 from the other.",
        mistakes={
            "certainties are not added: together they must never pass 1. Take b + s(1 − b).": A + B,
            "that is the stronger chain alone; the weaker one adds to it.": max(A, B),
            "both would have to be certain for that; either chain is enough.": A * B,
            "the first steps count too: multiply each rule's certainty by 0.8.": 0.5 + 0.6 - 0.3,
        },
        tolerance=0.002,
    ),
    Exercise(
        name="1.1-bayes",
        answer=(77 / 400) / (77 / 400 + 16 / 529),
        right="“oil” speaks for new seven to one, and “the” says little.",
        mistakes={
            "that is the probability of old.": (16 / 529) / (77 / 400 + 16 / 529),
            "without the +1 a word never seen decides alone, and the probability is 1.": 1.0,
            "add 1 to every count, and 3 to every total, for there are three words.": (11 / 18 * 7 / 18)
            / (11 / 18 * 7 / 18 + 16 / 21 * 1 / 21),
            "the paragraph has two words: “the” counts as well.": (7 / 20) / (7 / 20 + 1 / 23),
            "this is still the likelihood; divide by the sum over both eras.": 77 / 400,
        },
        tolerance=0.002,
    ),
    Exercise(
        name="1.1-wilson",
        answer=wilson,
        probes=((10, 10), (7, 20), (830, 1000), (0, 5)),
        right="and it never leaves the range from 0 to 1, even for 10 of 10.",
        mistakes={
            "that is the textbook interval; for 10 of 10 it has no width. Add the terms with z².": wald,
            "z = 1.96 must multiply the root.": lambda k, n: wald(k, n, z=1.0),
            "the factor 1/(1 + z²/n) in front is missing.": unscaled,
            "return the lower end first.": lambda k, n: wilson(k, n)[::-1],
        },
    ),
    Exercise(
        name="1.1-backward",
        answer=forward,
        probes=PROBES,
        right="it asks only for what the goal needs, as MYCIN did; forward chaining gives the same answers.",
        mistakes={
            "a condition may itself be the conclusion of a rule: prove it too.": one_step,
            "all conditions of a rule must hold, not one of them.": lambda *a: forward(*a, every=any),
            "if the first rule for the goal fails, try the next.": first_rule,
            "a goal that is already a fact needs no rule.": lambda goal, facts, rules: (
                goal not in facts and forward(goal, facts, rules)
            ),
        },
    ),
)

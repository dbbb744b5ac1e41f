"""The exercises of page 1.2: chains of rules, naive Bayes by hand, an interval, and reasoning backwards."""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

import numpy as np

from llmbook.exercises.exercise import Exercise, Mistake

# --- certainties of two chains of rules ------------------------------------------------------------------------

SUPPORT_A = 0.8 * 0.5  # the certainty of a chain is the product of its rules'
SUPPORT_B = 0.8 * 0.6

CHAIN = Exercise(
    name="1.2-chain",
    answer=SUPPORT_A + SUPPORT_B - SUPPORT_A * SUPPORT_B,
    right="0.4 from the one chain, and 0.48 of the remaining 0.6 from the other.",
    mistakes=(
        Mistake(
            SUPPORT_A + SUPPORT_B,
            "certainties are not added: together they must never pass 1. Take b + s(1 − b).",
        ),
        Mistake(max(SUPPORT_A, SUPPORT_B), "that is the stronger chain alone; the weaker one adds to it."),
        Mistake(min(SUPPORT_A, SUPPORT_B), "that is the weaker chain alone; the stronger one adds to it."),
        Mistake(SUPPORT_A * SUPPORT_B, "both would have to be certain for that; either chain is enough."),
        Mistake(
            (1 - SUPPORT_A) * (1 - SUPPORT_B), "that is the gap the two chains leave; the certainty is the rest of 1."
        ),
        Mistake(0.5 * 0.6, "the first steps count too, and either chain is enough: neither 0.5 · 0.6 nor a product."),
        Mistake(0.5 + 0.6 - 0.3, "the first steps count too: multiply each rule's certainty by 0.8."),
    ),
    decimals=2,
)

# --- naive Bayes by hand ---------------------------------------------------------------------------------------

NEW = 77 / 400  # the likelihood of “the oil” in each era: 11/20 · 7/20 and 16/23 · 1/23
OLD = 16 / 529

BAYES = Exercise(
    name="1.2-bayes",
    answer=NEW / (NEW + OLD),
    right=f"“oil” speaks for new {7 / 20 * 23:.0f} to 1, and “the” says little.",
    mistakes=(
        Mistake(OLD / (NEW + OLD), "that is the probability of old."),
        Mistake(1.0, "without the +1 a word never seen decides alone, and the probability is 1."),
        Mistake(
            (11 / 18 * 7 / 18) / (11 / 18 * 7 / 18 + 16 / 21 * 1 / 21),
            "add 1 to every count, and 3 to every total, for there are three words.",
        ),
        Mistake((7 / 20) / (7 / 20 + 1 / 23), "the paragraph has two words: “the” counts as well."),
        Mistake(NEW, "this is still the likelihood; divide by the sum over both eras."),
        Mistake(NEW / OLD, "these are the odds of new against old; divide by the sum of both instead."),
        Mistake(11 * 7 / (11 * 7 + 16 * 1), "divide each count by the total of its era, 20 or 23."),
    ),
    decimals=2,
)

# --- Wilson's interval -----------------------------------------------------------------------------------------

Z = 1.96  # standard deviations, for 95 %
Interval = tuple[float, float]


def wilson(k: int, n: int) -> Interval:
    """The two shares p from which k/n lies Z standard deviations away: roots of (k/n - p)² = Z² p (1 - p) / n."""
    share = k / n
    spread = Z**2 / n
    low, high = sorted(np.roots([1 + spread, -(2 * share + spread), share**2]).real.tolist())
    return low, high


def wald(k: int, n: int, *, z: float = Z) -> Interval:
    """The textbook interval: k/n, and z standard deviations of a share k/n to each side."""
    half = z * (k / n * (1 - k / n) / n) ** 0.5
    return k / n - half, k / n + half


def wilson_without_half(k: int, n: int) -> Interval:
    """With z²/n where z²/2n belongs."""
    low, high = wilson(k, n)
    shift = Z**2 / (2 * n) / (1 + Z**2 / n)
    return low + shift, high + shift


def middle_outside_factor(k: int, n: int) -> Interval:
    """The factor multiplies the root alone."""
    low, high = wilson(k, n)
    middle = k / n + Z**2 / (2 * n)
    return middle - (high - low) / 2, middle + (high - low) / 2


def wilson_without_factor(k: int, n: int) -> Interval:
    """Without the factor 1/(1 + z²/n) in front."""
    low, high = wilson(k, n)
    return low * (1 + Z**2 / n), high * (1 + Z**2 / n)


def wilson_upper_end_first(k: int, n: int) -> Interval:
    """With its ends swapped."""
    low, high = wilson(k, n)
    return high, low


Part = Callable[[int], float]


def beside_share(n: int) -> float:
    """What stands beside k/n in the bracket."""
    return Z**2 / (2 * n)


def in_root(n: int) -> float:
    """What stands beside the variance under the root."""
    return Z**2 / (4 * n**2)


def wilson_of_parts(k: int, n: int, *, beside: Part = beside_share, inside: Part = in_root) -> Interval:
    """The formula of the page, of which two terms may be others."""
    half = Z * (k / n * (1 - k / n) / n + inside(n)) ** 0.5
    middle = k / n + beside(n)
    scale = 1 / (1 + Z**2 / n)
    return scale * (middle - half), scale * (middle + half)


def no_term(n: int) -> float:
    """As if the term were not there."""
    return 0.0


def n_not_squared(n: int) -> float:
    """With z²/4n where z²/4n² belongs."""
    return Z**2 / (4 * n)


def beside_read_in_order(n: int) -> float:
    """What Python makes of ``z**2 / 2 * n``."""
    return Z**2 / 2 * n


def inside_read_in_order(n: int) -> float:
    """What Python makes of ``z**2 / 4 * n**2``."""
    return Z**2 / 4 * n**2


BRACKETS = "in Python z**2 / 2 * n divides by 2 and multiplies by n: write z**2 / (2 * n)."

WILSON = Exercise(
    name="1.2-wilson",
    answer=wilson,
    probes=((10, 10), (7, 20), (830, 1000), (0, 5)),
    right="and it never leaves the range from 0 to 1, even for 10 of 10.",
    mistakes=(
        Mistake(wald, "that is the textbook interval; for 10 of 10 it has no width. Add the terms with z²."),
        Mistake(partial(wald, z=1.0), "z = 1.96 must multiply the root."),
        Mistake(wilson_without_factor, "the factor 1/(1 + z²/n) in front is missing."),
        Mistake(wilson_upper_end_first, "return the lower end first."),
        Mistake(wilson_without_half, "beside k/n stands z²/2n, half of z²/n."),
        Mistake(middle_outside_factor, "the factor multiplies the whole bracket, the middle as well as the root."),
        Mistake(partial(wilson_of_parts, inside=no_term), "under the root the term z²/4n² is missing."),
        Mistake(partial(wilson_of_parts, beside=no_term), "beside k/n the term z²/2n is missing."),
        Mistake(partial(wilson_of_parts, inside=n_not_squared), "under the root n is squared: z²/4n²."),
        Mistake(partial(wilson_of_parts, beside=beside_read_in_order, inside=inside_read_in_order), BRACKETS),
        Mistake(partial(wilson_of_parts, beside=beside_read_in_order), f"beside k/n: {BRACKETS}"),
        Mistake(partial(wilson_of_parts, inside=inside_read_in_order), f"under the root: {BRACKETS}"),
    ),
)

# --- backward chaining -----------------------------------------------------------------------------------------

Facts = Collection[str]
Rules = Sequence[tuple[tuple[str, ...], str]]  # conditions, and what follows from them
Quantifier = Callable[[Iterable[bool]], bool]  # ``all`` or ``any``


def forward_chaining(goal: str, facts: Facts, rules: Rules, *, needed: Quantifier = all) -> bool:
    """The same question answered from the facts on, until nothing new follows."""
    proved = set(facts)
    while True:
        follows = {end for conditions, end in rules if needed(condition in proved for condition in conditions)}
        if follows <= proved:
            return goal in proved
        proved |= follows


def one_step(goal: str, facts: Facts, rules: Rules) -> bool:
    """Takes only facts for proved, never the conclusion of another rule."""
    return goal in facts or any(
        end == goal and all(condition in facts for condition in conditions) for conditions, end in rules
    )


def first_rule_only(goal: str, facts: Facts, rules: Rules) -> bool:
    """Gives up when the first rule for the goal fails."""
    if goal in facts:
        return True
    for conditions, end in rules:
        if end == goal:
            return all(first_rule_only(condition, facts, rules) for condition in conditions)
    return False


def facts_need_a_rule(goal: str, facts: Facts, rules: Rules) -> bool:
    """Does not look among the facts for the goal."""
    return goal not in facts and forward_chaining(goal, facts, rules)


def once_through_the_rules(goal: str, facts: Facts, rules: Rules) -> bool:
    """Forward, but each rule is looked at once, in the order they are written."""
    proved = set(facts)
    for conditions, end in rules:
        if all(condition in proved for condition in conditions):
            proved.add(end)
    return goal in proved


def asked_is_proved(goal: str, facts: Facts, rules: Rules) -> bool:
    """Notes what it has asked for, and takes it for a fact when it is asked again."""
    noted = set(facts)

    def holds(wanted: str) -> bool:
        if wanted in noted:
            return True
        noted.add(wanted)
        return any(end == wanted and all(map(holds, conditions)) for conditions, end in rules)

    return holds(goal)


FEVER = [
    (("rod", "gram negative"), "enteric"),
    (("enteric", "blood"), "treat"),
    (("rash", "fever"), "measles"),
    (("spots", "fever"), "measles"),
    (("measles",), "stay at home"),
]

CHAIN_OF_FOUR = [  # written from the end to the beginning, as one reasons
    (("d", "light"), "e"),
    (("c",), "d"),
    (("b", "a"), "c"),
    (("a",), "b"),
]

ASKED_TWICE = [
    (("fever",), "ill"),
    (("fever", "cough"), "ill"),
]

BACKWARD = Exercise(
    name="1.2-backward",
    answer=forward_chaining,
    probes=(
        ("treat", {"rod", "gram negative", "blood"}, FEVER),
        ("treat", {"rod", "blood"}, FEVER),
        ("stay at home", {"spots", "fever"}, FEVER),
        ("stay at home", {"fever"}, FEVER),
        ("fever", {"fever"}, FEVER),
        ("measles", {"rash", "fever"}, FEVER),
        ("treat", {"enteric"}, FEVER),
        ("e", {"a", "light"}, CHAIN_OF_FOUR),
        ("e", {"b", "light"}, CHAIN_OF_FOUR),
        ("ill", {"cough"}, ASKED_TWICE),
    ),
    right="it asks only for what the goal needs, as MYCIN did; forward chaining gives the same answers.",
    mistakes=(
        Mistake(one_step, "a condition may itself be the conclusion of a rule: prove it too."),
        Mistake(partial(forward_chaining, needed=any), "all conditions of a rule must hold, not one of them."),
        Mistake(first_rule_only, "if the first rule for the goal fails, try the next."),
        Mistake(facts_need_a_rule, "a goal that is already a fact needs no rule."),
        Mistake(
            once_through_the_rules,
            "a rule may need what a later one concludes: begin at the goal, and prove each condition in turn.",
        ),
        Mistake(asked_is_proved, "what was asked for once is not proved by that: note only what has been proved."),
    ),
)

EXERCISES = (CHAIN, BAYES, WILSON, BACKWARD)

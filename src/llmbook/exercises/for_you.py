"""The exercises of page 1.7: when a model is worth asking, how many tasks tell, errors that slip through, and a chain.

A task takes ``by_hand`` minutes without a model. With one it takes ``ask`` and ``look`` minutes, and what comes back is
usable with probability ``usable``; if it is not, the task is done by hand after all.
"""

import math

from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.pages import facts

# --- the smallest probability that is worth a try --------------------------------------------------------------

BY_HAND, ASK, LOOK = 40, 2, 8  # minutes

BREAK_EVEN = Exercise(
    name="1.7-break-even",
    answer=(ASK + LOOK) / BY_HAND,
    right="one answer in four is enough, because a letter is read much faster than it is written.",
    mistakes=(
        Mistake(LOOK / BY_HAND, "asking takes time as well: (2 + 8) minutes of 40."),
        Mistake(ASK / BY_HAND, "what comes back must be checked: (2 + 8) minutes of 40."),
        Mistake(1 - (ASK + LOOK) / BY_HAND, "that is how often it may fail; how often must it succeed?"),
        Mistake(BY_HAND / (ASK + LOOK), "the other way round: the minutes of the try, over those by hand."),
        Mistake(float(ASK + LOOK), "these are minutes; divide them by the 40 that the task takes by hand."),
    ),
    digits=2,
)

# --- how many tasks tell ---------------------------------------------------------------------------------------

NOISE, SHORTER = 0.6, 0.3  # spread of the logarithm of a task's time; the share of time that is saved
SURE = 1.96 + 0.84  # for an interval of 95 %, and a chance of 80 % to see what is there
TRIAL = {
    row["id"]: float(row["value"])
    for row in facts.rows("claims")
    if row["id"] in {"metr-low", "metr-high", "metr-tasks"}
}


def spread_of_the_trial() -> float:
    """The spread that the page reads off the trial with programmers, from its interval and its number of tasks."""
    low, high = (math.log(1 + TRIAL[f"metr-{end}"] / 100) for end in ("low", "high"))
    return (high - low) / (2 * 1.96) * math.sqrt(TRIAL["metr-tasks"]) / 2


def tasks(effect: float, *, noise: float = NOISE, sure: float = SURE, halves: int = 2, power: int = 2) -> float:
    """How many tasks a coin must be tossed for, half of them with the tool, to see ``effect`` on log times."""
    return float((halves * sure * noise / effect) ** power)


EFFECT = -math.log(1 - SHORTER)

TASKS = Exercise(
    name="1.7-tasks",
    answer=tasks(EFFECT),
    right="89 tasks, for an effect as large as thirty per cent.",
    mistakes=(
        Mistake(tasks(SHORTER), "30 % shorter is a factor of 0.7: put its logarithm into the formula, not 0.3."),
        Mistake(
            tasks(EFFECT, noise=spread_of_the_trial()), "that is with the spread of the page's trial; yours is 0.6."
        ),
        Mistake(2 * tasks(EFFECT), "n counts all tasks already, with the tool and without it."),
        Mistake(tasks(0.36), "δ was rounded too early: keep 0.357."),
        Mistake(tasks(1), "divide by the effect δ, the logarithm of 0.7 without its sign."),
        Mistake(tasks(EFFECT, halves=1), "each side has half of the tasks, which is where the 2 comes from."),
        Mistake(tasks(EFFECT) / 2, "that is one of the two halves; the coin is tossed for both."),
        Mistake(tasks(EFFECT, power=1), "the bracket is squared."),
        Mistake(tasks(EFFECT, sure=1.96), "1.96 alone sees the effect every second time; add 0.84."),
        Mistake(tasks(math.log(1 + SHORTER)), "that is for 30 % longer; 30 % shorter is a factor of 0.7."),
        Mistake(tasks(-math.log10(1 - SHORTER)), "take the natural logarithm, not that to base 10."),
    ),
    digits=2,
)

# --- errors that slip through ----------------------------------------------------------------------------------


def slips(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """Minutes on average where the share ``missed`` of the bad answers passes the check and costs ``damage`` later."""
    bad = 1 - usable
    return ask + look + bad * ((1 - missed) * by_hand + missed * damage)


def slips_and_by_hand(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """Also does by hand what nobody noticed."""
    return ask + look + (1 - usable) * (by_hand + missed * damage)


def slips_of_all(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """Of all answers, not of the bad ones."""
    return ask + look + (1 - usable) * by_hand + missed * damage


def damage_of_all(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """Does by hand what is found, and lets the share ``missed`` of all answers do damage."""
    return ask + look + (1 - usable) * (1 - missed) * by_hand + missed * damage


def without_damage(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """As if what is missed cost nothing."""
    return slips(by_hand, ask, look, usable, missed, 0)


def without_by_hand(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """As if what is found cost nothing."""
    return slips(0, ask, look, usable, missed, damage)


def slips_turned(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """With usable and bad answers exchanged."""
    return slips(by_hand, ask, look, 1 - usable, missed, damage)


def found_and_missed_exchanged(
    by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float
) -> float:
    """As if ``missed`` were the share that is found."""
    return slips(by_hand, ask, look, usable, 1 - missed, damage)


def damage_of_all_bad(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """As if what was found did damage too."""
    return slips(by_hand, ask, look, usable, missed, damage) + (1 - usable) * (1 - missed) * damage


def without_trying(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """Without the minutes of asking and checking."""
    return slips(by_hand, 0, 0, usable, missed, damage)


def without_slips(by_hand: float, ask: float, look: float, usable: float, missed: float, damage: float) -> float:
    """As if the check found everything."""
    return slips(by_hand, ask, look, usable, 0, damage)


SLIPS = Exercise(
    name="1.7-slips",
    answer=slips,
    probes=(
        (60.0, 5.0, 10.0, 0.8, 0.25, 240.0),
        (20.0, 1.0, 2.0, 0.9, 0.5, 480.0),
        (90.0, 3.0, 60.0, 0.5, 0.1, 30.0),
    ),
    right="an error that is missed costs more than one that is found, so a cheap check can be a dear one.",
    mistakes=(
        Mistake(slips_and_by_hand, "a bad answer that is missed is not done by hand: by_hand for the found ones only."),
        Mistake(slips_of_all, "`missed` is a share of the bad answers, which are 1 - usable of all."),
        Mistake(damage_of_all, "damage comes from the bad answers that are missed, the share missed of 1 - usable."),
        Mistake(without_damage, "what is missed costs `damage` minutes later."),
        Mistake(without_by_hand, "what is found is done by hand, and takes by_hand minutes."),
        Mistake(found_and_missed_exchanged, "the share `missed` does the damage; the rest is done by hand."),
        Mistake(damage_of_all_bad, "only what is missed does damage: missed * damage."),
        Mistake(slips_turned, "the bad answers are the share 1 - usable."),
        Mistake(without_trying, "asking and checking take their minutes every time."),
        Mistake(without_slips, "the answers that are missed are missing: missed * damage, of the bad ones."),
    ),
)

# --- a chain of steps ------------------------------------------------------------------------------------------


def chain(usable: float, steps: int, tries: int) -> float:
    """The chance that all steps succeed, each with so many tries and a check that sees every failure."""
    return (1 - (1 - usable) ** tries) ** steps


def whole_again(usable: float, steps: int, tries: int) -> float:
    """Tries the whole chain again, not the step."""
    return 1 - (1 - usable**steps) ** tries


def one_try(usable: float, steps: int, tries: int) -> float:
    """Without a second try."""
    return usable**steps


def all_tries(usable: float, steps: int, tries: int) -> float:
    """As if every try had to succeed."""
    return usable ** (steps * tries)


def any_try(usable: float, steps: int, tries: int) -> float:
    """As if one good try anywhere were enough."""
    return 1 - (1 - usable) ** (tries * steps)


def times_tries(usable: float, steps: int, tries: int) -> float:
    """As if the chances of the tries added up."""
    return (usable * tries) ** steps


def times_tries_at_most_one(usable: float, steps: int, tries: int) -> float:
    """The same, cut off at certainty."""
    return min(1.0, usable * tries) ** steps


def some_try_fails(usable: float, steps: int, tries: int) -> float:
    """With usable where 1 - usable belongs."""
    return (1 - usable**tries) ** steps


def tries_after_the_first(usable: float, steps: int, tries: int) -> float:
    """As if the first try did not count as one."""
    return chain(usable, steps, tries + 1)


def always_two(usable: float, steps: int, tries: int) -> float:
    """With two tries, whatever is asked for."""
    return chain(usable, steps, 2)


def one_step(usable: float, steps: int, tries: int) -> float:
    """Of a single step."""
    return 1 - (1 - usable) ** tries


def all_fail(usable: float, steps: int, tries: int) -> float:
    """The chance that something fails."""
    return 1 - chain(usable, steps, tries)


CHAIN = Exercise(
    name="1.7-chain",
    answer=chain,
    probes=((0.9, 10, 2), (0.95, 20, 1), (0.8, 5, 3), (0.99, 50, 2)),
    right="a check after each step is worth more than a better model, if the check can be trusted.",
    mistakes=(
        Mistake(whole_again, "the step is tried again, not the whole chain: first the tries, then the steps."),
        Mistake(one_try, "a step may be tried several times: it fails only if all its tries fail."),
        Mistake(all_tries, "one good try is enough: a step fails with probability (1 - usable) ** tries."),
        Mistake(any_try, "every step needs a good try of its own, not one of them all."),
        Mistake(times_tries, "chances of several tries do not add up: a step fails only if all its tries fail."),
        Mistake(times_tries_at_most_one, "chances do not add up: a step fails only if all its tries fail."),
        Mistake(some_try_fails, "a step fails with (1 - usable) ** tries; you have raised usable."),
        Mistake(tries_after_the_first, "`tries` counts the first try too."),
        Mistake(always_two, "the number of tries is an argument; it need not be two."),
        Mistake(one_step, "that is one step; all of them must succeed."),
        Mistake(all_fail, "that is the chance that the chain fails."),
    ),
)

EXERCISES = (BREAK_EVEN, TASKS, SLIPS, CHAIN)

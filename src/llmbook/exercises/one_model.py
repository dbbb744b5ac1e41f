"""The exercises of page 6.1: token F1, a calibrated class, chrF of one order, a test of signs, and answers misread."""

from collections import Counter
from collections.abc import Callable
from math import comb

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests

# --- token F1 --------------------------------------------------------------------------------------------------


def f1(shared: int, said: int, right: int) -> float:
    """Of token counts: the harmonic mean of the shares of both that are shared."""
    precision, recall = shared / said, shared / right
    return 2 * precision * recall / (precision + recall)


F1 = Exercise(
    name="6.1-f1",
    answer=f1(2, 6, 2),
    right="the answer is right, and half of the score is lost to politeness. So look at more than one score.",
    mistakes=(
        Mistake(2 / 6, "that is the precision: the recall is 2 of 2. Take their harmonic mean."),
        Mistake((2 / 6 + 1) / 2, "that is the ordinary mean; the harmonic one is 2 p r / (p + r)."),
        Mistake(f1(2, 7, 2), "“the” does not count, nor does the full stop: six words are left."),
        Mistake(1.0, "that is the recall; precision counts the words that were not asked for."),
        Mistake(f1(2, 6, 2) / 2, "the 2 of 2 p r / (p + r) is missing."),
        Mistake((2 / 6) ** 0.5, "that is the geometric mean; the harmonic one is 2 p r / (p + r)."),
        Mistake(0.0, "that is the exact match; F1 counts the words that are shared."),
    ),
    digits=2,
)

# --- a calibrated class ----------------------------------------------------------------------------------------

CHANCES = (0.06, 0.30, 0.12, 0.02)  # of the four names behind a paragraph
BLANK = (0.04, 0.40, 0.06, 0.02)  # and behind texts that say nothing


def calibrated(chances: tuple[float, ...], blank: tuple[float, ...]) -> list[float]:
    ratios = [p / q for p, q in zip(chances, blank, strict=True)]
    return [ratio / sum(ratios) for ratio in ratios]


CALIBRATED = Exercise(
    name="6.1-calibrated",
    answer=max(calibrated(CHANCES, BLANK)),
    right="“world wars” wins. The industrial age was likelier, but less likely than for no text at all.",
    mistakes=(
        Mistake(0.30 / sum(CHANCES), "that is not calibrated: divide each chance by that for an empty text first."),
        Mistake(0.12 / sum(CHANCES), "the right era, but its chance before the division: divide by the blank's first."),
        Mistake(2.0, "that is the largest ratio; divide it by the sum of the four."),
        Mistake(0.12 - 0.06, "divide by the chance for an empty text, do not subtract it."),
        Mistake(calibrated(CHANCES, BLANK)[1], "that is the industrial age's; which era has the largest ratio?"),
        Mistake(0.12 * 0.06 / sum(p * q for p, q in zip(CHANCES, BLANK, strict=True)), "divide by the blank's chance."),
    ),
    digits=2,
)

# --- chrF of one order -----------------------------------------------------------------------------------------

Score = Callable[[str, str, int], float]


def grams(text: str, n: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[i : i + n] for i in range(len(letters) - n + 1))


def f_beta(shared: float, said: float, right: float, beta: float = 2.0) -> float:
    if shared == 0:
        return 0.0
    precision, recall = shared / said, shared / right
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def chrf_of_order(said: str, right: str, n: int, *, beta: float = 2.0) -> float:
    a, b = grams(said, n), grams(right, n)
    return f_beta((a & b).total(), a.total(), b.total(), beta)


def unclipped(said: str, right: str, n: int) -> float:
    """Counts a group as often as it was said, however often it is right."""
    a, b = grams(said, n), grams(right, n)
    shared = sum(count for gram, count in a.items() if gram in b)
    return f_beta(shared, a.total(), b.total())


def as_sets(said: str, right: str, n: int) -> float:
    a, b = set(grams(said, n)), set(grams(right, n))
    return f_beta(len(a & b), len(a), len(b))


def with_spaces(said: str, right: str, n: int) -> float:
    a, b = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (said, right))
    return f_beta((a & b).total(), a.total(), b.total())


CHRF = Exercise(
    name="6.1-chrf",
    answer=chrf_of_order,
    probes=(
        ("open the file", "open a file", 2),
        ("打开文件", "打开新文件", 2),
        ("aaaa", "aab", 1),
        ("no", "yes", 1),
        ("close tab", "close all tabs now", 3),
    ),
    right="chrF puts into this the mean precision and the mean recall of n = 1 to 6, counted over all texts together.",
    mistakes=(
        Mistake(
            lambda said, right, n: chrf_of_order(said, right, n, beta=1.0), "recall weighs twice: β is 2, squared."
        ),
        Mistake(lambda said, right, n: chrf_of_order(right, said, n), "precision is the share of what was *said*."),
        Mistake(unclipped, "a group counts at most as often as it stands in the right text: take the smaller count."),
        Mistake(as_sets, "a group that stands twice counts twice: use Counter, not set."),
        Mistake(with_spaces, "take the spaces out first."),
        Mistake(lambda said, right, n: chrf_of_order(said, right, n, beta=2**0.5), "β² is 4: β itself stands squared."),
    ),
)

# --- a test of signs -------------------------------------------------------------------------------------------


def both_tails(most: int, n: int) -> float:
    """How often n fair coins fall at least so often on one side, either of the two."""
    return min(1.0, 2 * sum(comb(n, k) for k in range(most, n + 1)) / 2**n)


SIGNS = Exercise(
    name="6.1-signs",
    answer=both_tails(9, 12),
    right="nine to three looks like a victory, and chance brings it, or the opposite, one time in seven.",
    mistakes=(
        Mistake(both_tails(9, 12) / 2, "the other method could have won as well: count both tails."),
        Mistake(2 * comb(12, 9) / 2**12, "at least nine: ten, eleven and twelve belong to it."),
        Mistake(comb(12, 9) / 2**12, "at least nine, and both tails."),
        Mistake(both_tails(49, 92), "only the questions on which they differ tell something: twelve."),
        Mistake(both_tails(10, 12), "nine belongs to it: at least nine of twelve."),
        Mistake(1 - both_tails(9, 12), "that is how often chance brings less; how often does it bring so much?"),
    ),
    digits=2,
)

# --- the bug museum: answers misread ---------------------------------------------------------------------------

NAMES = ("early republic", "industrial age", "world wars", "television age")
Reader = Callable[[str, str], int]  # the prompt, and the prompt with what the model has written behind it


def places(text: str) -> list[int]:
    return [text.lower().find(name) for name in NAMES]


def only_one(answer: str) -> int:
    """The number of the one era that is named; −1 for none, and for several."""
    named = [i for i, place in enumerate(places(answer)) if place >= 0]
    return named[0] if len(named) == 1 else -1


def read_answer(prompt: str, text: str) -> int:
    return only_one(text[len(prompt) :])


def read_answer_too(prompt: str, text: str) -> int:
    """The same by another way."""
    answer = text.removeprefix(prompt).lower()
    found = {name for name in NAMES if name in answer}
    return NAMES.index(found.pop()) if len(found) == 1 else -1


def with_the_prompt(prompt: str, text: str) -> int:
    """Reads the prompt's own names as the answer, the last of them."""
    return max(range(4), key=lambda i: text.lower().rfind(NAMES[i]))


def first_named(prompt: str, text: str) -> int:
    """Takes the first of several names."""
    found = [(place, i) for i, place in enumerate(places(text[len(prompt) :])) if place >= 0]
    return min(found)[1] if found else -1


def nothing_is_the_first(prompt: str, text: str) -> int:
    """Counts an answer without a name as the first era."""
    found = places(text[len(prompt) :])
    return -1 if sum(place >= 0 for place in found) > 1 else max(range(4), key=lambda i: found[i])


def capitals_unknown(prompt: str, text: str) -> int:
    named = [i for i, name in enumerate(NAMES) if name in text[len(prompt) :]]
    return named[0] if len(named) == 1 else -1


def first_word_only(prompt: str, text: str) -> int:
    """Takes “early” for “early republic”, in whatever sense it stands."""
    answer = text[len(prompt) :].lower()
    named = [i for i, name in enumerate(NAMES) if name.split()[0] in answer]
    return named[0] if len(named) == 1 else -1


def behind_the_last_question(prompt: str, text: str) -> int:
    """Cuts at the last question mark, and the answer may have one of its own."""
    return only_one(text[text.rfind("?") + 1 :])


EXHIBITS: tuple[Reader, ...] = (
    with_the_prompt,
    first_named,
    nothing_is_the_first,
    capitals_unknown,
    first_word_only,
    behind_the_last_question,
)
PROMPT = "Early republic, industrial age, world wars or television age? "
ANSWERS = (
    ("The industrial age.", 1),  # right all the same where the prompt is skipped
    ("It is hard to say.", -1),
    ("WORLD WARS", 2),
    ("Not the world wars but the television age", -1),
    ("It speaks of early railways.", -1),
    ("The television age? I think so.", 3),
)


def agrees(read: Reader, answers: tuple[tuple[str, int], ...] = ANSWERS) -> bool:
    return all(read(PROMPT, PROMPT + said) == era for said, era in answers)


NO_NAME = "try answers that name no era: one piece counts them as the first, one is content with a first word."


def without(place: int) -> Callable[[Reader], bool]:
    return lambda read: agrees(read, ANSWERS[:place] + ANSWERS[place + 1 :])


def is_right(read: Reader) -> bool:
    """Answers of six kinds, each behind a prompt that names all four eras."""
    return agrees(read)


MUSEUM = Exercise(
    name="6.1-museum",
    answer=is_right,
    probes=((read_answer,), (read_answer_too,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, which read what was never said.",
    mistakes=(
        Mistake(lambda read: agrees(read, ANSWERS[:1] + ANSWERS[2:4] + ANSWERS[5:]), NO_NAME),
        Mistake(without(2), "one piece does not know names in capitals."),
        Mistake(without(3), "one piece takes the first of two names; an answer with two has not decided."),
        Mistake(without(4), "one piece is content with a name's first word: “early railways” names no era."),
        Mistake(without(5), "one piece looks for the last question mark, and an answer may have one."),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (F1, CALIBRATED, CHRF, SIGNS, MUSEUM)

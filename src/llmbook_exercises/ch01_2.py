"""The exercises of page 1.2: a parameter count, the memory of keys and values, days of training, a few-shot prompt."""

from collections.abc import Sequence

from llmbook_exercises import Exercise

L, D, H, V, P = 6, 512, 8, 10_000, 256
BLOCK = 12 * D**2 + 13 * D
COUNT = L * BLOCK + V * D + P * D + 2 * D
CACHE = 96 * 2 * 2048 * 12288 * 2 / 1e9  # GPT-3's keys and values in gigabytes
RUNS = (
    (174.6e9, 300e9, 1000, 125e12, 0.3),
    (540e9, 780e9, 6144, 275e12, 0.46),
    (135e6, 2e12, 1, 1e12, 1.0),
)
Pairs = Sequence[tuple[str, str]]


def days(n: float, tokens: float, processors: int, speed: float, used: float, *, per: int = 6) -> float:
    seconds = per * n * tokens / (processors * speed * used)
    return seconds / (24 * 60 * 60)


def prompt(description: str, examples: Pairs, question: str) -> str:
    text = f"{description}\n" if description else ""
    for q, a in examples:
        text += f"{q} -> {a}\n"
    return f"{text}{question} ->"


PROMPTS = (
    ("", [("Italy", "Rome"), ("Peru", "Lima")], "Japan"),
    ("Write the opposite.", [("hot", "cold"), ("up", "down"), ("wet", "dry")], "big"),
    ("Write the plural.", [], "goose"),
)

EXERCISES = (
    Exercise(
        name="1.2-count",
        answer=COUNT,
        right="24 million; a fifth of it is the table of tokens, for a model so small.",
        mistakes={
            "the output shares the table of tokens; count it once.": COUNT + V * D,
            "heads share the width, so their number does not multiply anything.": COUNT + (H - 1) * L * 4 * D**2,
            "the last norm has a gain and a shift too, 2 D numbers.": COUNT - 2 * D,
            "the biases and norms are missing: 13 D in each block.": COUNT - 13 * D * L,
            "12 L D² is the rule of thumb; this model is small enough for the rest to matter.": 12 * L * D**2,
            "a row for each position is missing: P D.": COUNT - P * D,
        },
        tolerance=0.5,
    ),
    Exercise(
        name="1.2-cache",
        answer=CACHE,
        right="almost ten gigabytes for one conversation, which is why later models share keys and values.",
        mistakes={
            "keys and values are two vectors, and 16 bits are two bytes.": CACHE / 2,
            "these are gigabits; a byte has eight bits.": CACHE * 8,
            "16 bits are two bytes, not four.": CACHE * 2,
            "every one of the 96 layers keeps its own.": CACHE / 96,
            "that is one token; the context holds 2,048.": CACHE / 2048,
            "queries are not kept; only keys and values are looked at again.": CACHE * 1.5,
        },
        tolerance=0.05,
    ),
    Exercise(
        name="1.2-days",
        answer=days,
        probes=RUNS,
        right="for PaLM's sizes it gives about the 38 days that its throughput implied.",
        mistakes={
            "a forward pass takes 2 N operations a token, and the backward pass 4 N more.": lambda *a: days(*a, per=2),
            "only the share `used` of the speed does useful work: divide by it.": lambda *a: days(*a[:4], 1.0),
            "multiply the speed by the share `used`; a lower share means more days.": lambda *a: days(*a) * a[4] ** 2,
            "these are seconds; a day has 86,400.": lambda *a: days(*a) * 86_400,
            "these are hours; a day has 24.": lambda *a: days(*a) * 24,
            "more processors take fewer days: divide by their number.": lambda *a: days(*a) * a[2] ** 2,
        },
        tolerance=0.01,
    ),
    Exercise(
        name="1.2-prompt",
        answer=prompt,
        probes=PROMPTS,
        right="the model continues after the last arrow, and what it continues is your pattern.",
        mistakes={
            "the question is missing: end with it and its arrow.": lambda d, e, q: (
                prompt(d, e, "").removesuffix(" ->").strip()
            ),
            "each example belongs on a line of its own.": lambda d, e, q: prompt(d, e, q).replace("\n", " "),
            "the examples come before the question, in the order given.": lambda d, e, q: prompt(d, e[::-1], q),
            "the last line needs its arrow, or the model does not know that an answer is due.": lambda d, e, q: prompt(
                d, e, q
            ).removesuffix(" ->"),
            "the description is missing.": lambda d, e, q: prompt("", e, q),
        },
    ),
)

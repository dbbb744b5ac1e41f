"""The exercises of page 1.4: a parameter count, the memory of keys and values, days of training, a few-shot prompt."""

from collections.abc import Sequence
from functools import partial

from llmbook.exercises.exercise import Exercise, Mistake

# --- the parameters of a small model ---------------------------------------------------------------------------

L = 6  # layers
D = 512  # model width
H = 8  # heads
N_VOCAB = 10_000  # vocabulary
P = 256  # positions

BLOCK = 12 * D**2 + 13 * D
COUNT = L * BLOCK + N_VOCAB * D + P * D + 2 * D

PARAMETERS = Exercise(
    name="1.4-count",
    answer=COUNT,
    right="24 million; a fifth of it is the table of tokens, for a model so small.",
    mistakes=(
        Mistake(COUNT + N_VOCAB * D, "the output shares the table of tokens; count it once."),
        Mistake(
            COUNT + (H - 1) * L * 4 * D**2,
            "heads share the width, so their number does not multiply anything.",
        ),
        Mistake(COUNT - 2 * D, "the last norm has a gain and a shift too, 2 D numbers."),
        Mistake(COUNT - 13 * D * L, "the biases and norms are missing: 13 D in each block."),
        Mistake(
            COUNT - 13 * D * L - 2 * D,
            "the biases and norms are missing: 13 D in each block, and the 2 D of the last norm.",
        ),
        Mistake(COUNT - 9 * D * L, "the biases are missing: 3 D + D + 4 D + D in each block."),
        Mistake(COUNT - 4 * D * L, "the two norms of each block are missing, 4 D together."),
        Mistake(
            12 * L * D**2,
            "12 L D² is the rule of thumb; this model is small enough for the rest to matter.",
        ),
        Mistake(COUNT - P * D, "a row for each position is missing: P D."),
        Mistake(COUNT - N_VOCAB * D, "the table of tokens is missing: n_vocab D."),
        Mistake(
            COUNT - N_VOCAB * D - P * D, "the two tables are missing, of tokens and of positions: n_vocab D + P D."
        ),
        Mistake(BLOCK + N_VOCAB * D + P * D + 2 * D, "there are six blocks, and you counted one."),
    ),
)

# --- the memory of keys and values -----------------------------------------------------------------------------

# GPT-3: 96 layers, a key and a value for each of 2,048 positions, 12,288 wide, 2 bytes a number.
GIGABYTES = 96 * 2 * 2048 * 12288 * 2 / 1e9

CACHE = Exercise(
    name="1.4-cache",
    answer=GIGABYTES,
    right="almost ten gigabytes for one conversation, which is why later models share keys and values.",
    mistakes=(
        Mistake(GIGABYTES / 2, "keys and values are two vectors, and 16 bits are two bytes."),
        Mistake(GIGABYTES * 8, "these are gigabits; a byte has eight bits."),
        Mistake(GIGABYTES * 2, "16 bits are two bytes, not four."),
        Mistake(GIGABYTES / 96, "every one of the 96 layers keeps its own."),
        Mistake(GIGABYTES / 2048, "that is one token; the context holds 2,048."),
        Mistake(GIGABYTES * 1e9 / 2**30, "these are gibibytes of 2³⁰ bytes; here a gigabyte has 10⁹."),
        Mistake(GIGABYTES * 1e9, "these are bytes; a gigabyte has 10⁹."),
        Mistake(GIGABYTES * 1.5, "queries are not kept; only keys and values are looked at again."),
    ),
    digits=2,
)

# --- days of training ------------------------------------------------------------------------------------------


def seconds(
    parameters: float, tokens: float, processors: float, speed: float, used: float, *, operations: int = 6
) -> float:
    """How long a training run takes: all its operations, over the share of the processors' speed that is used."""
    return operations * parameters * tokens / (processors * speed * used)


def days(
    parameters: float, tokens: float, processors: float, speed: float, used: float, *, operations: int = 6
) -> float:
    """The same in days."""
    return seconds(parameters, tokens, processors, speed, used, operations=operations) / (24 * 60 * 60)


def at_full_speed(parameters: float, tokens: float, processors: float, speed: float, used: float) -> float:
    """As if all of the speed did useful work."""
    return days(parameters, tokens, processors, speed, 1.0)


def longer_the_more_is_used(parameters: float, tokens: float, processors: float, speed: float, used: float) -> float:
    """Multiplied by the share that is used."""
    return days(parameters, tokens, processors, speed, used) * used**2


def hours(parameters: float, tokens: float, processors: float, speed: float, used: float) -> float:
    """In the wrong unit."""
    return days(parameters, tokens, processors, speed, used) * 24


def longer_with_more_processors(
    parameters: float, tokens: float, processors: float, speed: float, used: float
) -> float:
    """Multiplied by their number."""
    return days(parameters, tokens, processors, speed, used) * processors**2


def divided_in_order(parameters: float, tokens: float, processors: float, speed: float, used: float) -> float:
    """What Python makes of ``6 * parameters * tokens / processors * speed * used``."""
    return days(parameters, tokens, processors, speed, used) * (speed * used) ** 2


DAYS = Exercise(
    name="1.4-days",
    answer=days,
    probes=(
        (174.6e9, 300e9, 1000, 125e12, 0.3),
        (540e9, 780e9, 6144, 275e12, 0.46),
        (135e6, 2e12, 1, 1e12, 1.0),
    ),
    right="for PaLM's sizes it gives about the 38 days that its throughput implied.",
    mistakes=(
        Mistake(
            partial(days, operations=2),
            "a forward pass takes 2 N operations a token, and the backward pass 4 N more.",
        ),
        Mistake(
            partial(days, operations=1),
            "each parameter takes six operations a token: two forward, and four backward.",
        ),
        Mistake(at_full_speed, "only the share `used` of the speed does useful work: divide by it."),
        Mistake(
            longer_the_more_is_used,
            "multiply the speed by the share `used`; a lower share means more days.",
        ),
        Mistake(seconds, "these are seconds; a day has 86,400."),
        Mistake(hours, "these are hours; a day has 24."),
        Mistake(divided_in_order, "in Python a / b * c multiplies by c: put the whole divisor into brackets."),
        Mistake(longer_with_more_processors, "more processors take fewer days: divide by their number."),
    ),
)

# --- a few-shot prompt -----------------------------------------------------------------------------------------

Examples = Sequence[tuple[str, str]]  # questions and their answers


def prompt(description: str, examples: Examples, question: str) -> str:
    """The task, an example a line, and the question, whose line ends with the arrow."""
    lines = [description] if description else []
    lines += [f"{asked} -> {answer}" for asked, answer in examples]
    lines += [f"{question} ->"]
    return "\n".join(lines)


def without_question(description: str, examples: Examples, question: str) -> str:
    """Ends with the last example."""
    return prompt(description, examples, "").removesuffix(" ->").strip()


def on_one_line(description: str, examples: Examples, question: str) -> str:
    """Spaces where lines should end."""
    return prompt(description, examples, question).replace("\n", " ")


def examples_reversed(description: str, examples: Examples, question: str) -> str:
    """The last example first."""
    return prompt(description, examples[::-1], question)


def without_last_arrow(description: str, examples: Examples, question: str) -> str:
    """Ends with the question."""
    return prompt(description, examples, question).removesuffix(" ->")


def without_description(description: str, examples: Examples, question: str) -> str:
    """Begins with the first example."""
    return prompt("", examples, question)


def with_last_space(description: str, examples: Examples, question: str) -> str:
    """A space behind the arrow."""
    return prompt(description, examples, question) + " "


def with_last_line_end(description: str, examples: Examples, question: str) -> str:
    """A line end behind the arrow."""
    return prompt(description, examples, question) + "\n"


def with_empty_description(description: str, examples: Examples, question: str) -> str:
    """A line for the description, whatever it is."""
    return description + "\n" + prompt("", examples, question)


PROMPT = Exercise(
    name="1.4-prompt",
    answer=prompt,
    probes=(
        ("", [("Italy", "Rome"), ("Peru", "Lima")], "Japan"),
        ("Write the opposite.", [("hot", "cold"), ("up", "down"), ("wet", "dry")], "big"),
        ("Write the plural.", [], "goose"),
    ),
    right="the model continues after the last arrow, and what it continues is your pattern.",
    mistakes=(
        Mistake(without_question, "the question is missing: end with it and its arrow."),
        Mistake(on_one_line, "each example belongs on a line of its own."),
        Mistake(examples_reversed, "the examples come before the question, in the order given."),
        Mistake(
            without_last_arrow,
            "the last line needs its arrow, or the model does not know that an answer is due.",
        ),
        Mistake(without_description, "the description is missing."),
        Mistake(with_last_space, "nothing may follow the last arrow, not even a space."),
        Mistake(with_last_line_end, "nothing may follow the last arrow, not even the end of its line."),
        Mistake(
            with_empty_description, "where the description is empty it gets no line: begin with the first example."
        ),
    ),
)

EXERCISES = (PARAMETERS, CACHE, DAYS, PROMPT)

"""A model that acts: it writes a call, a program carries it out, and the model reads what came of it.

    question → call → observation → call → … → answer

A call is only text, and so is what a tool returns. It is carried out if it is valid and names a tool on the list;
whatever goes wrong becomes an observation, and the loop ends after a few steps. Source: Yao et al., *ReAct* (2022),
here without the written thoughts. Left out: tools with several arguments, tools that change anything.
"""

import ast
import json
import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Tool = Callable[[str], str]  # raises ``ValueError`` for what it refuses
Message = tuple[str, str]  # who, and the words
LONGEST = 200  # symbols of an observation
LARGEST = 10**12  # numbers of a calculator stay below it, and so have all their digits written
ANSWER = "answer"  # the name that ends the loop
OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def calculator(expression: str) -> str:
    """The value of ``+ - * /``, brackets and numbers; nothing else is looked at. ``ValueError`` for all the rest."""

    def value(node: ast.expr) -> float:
        found: float = math.nan
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and type(node.value) is not bool:
            found = node.value
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            found = -value(node.operand)
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            found = OPERATIONS[type(node.op)](value(node.left), value(node.right))
        if not abs(found) < LARGEST:
            raise ValueError(f"only + - * / of numbers below {LARGEST:,}")
        return found

    try:
        found = value(ast.parse(expression[:LONGEST].strip(), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, RecursionError, MemoryError) as error:
        raise ValueError("cannot compute this") from error
    return f"{found:.12g}"


def days_between(today: date) -> Tool:
    """A tool that counts the days from the first to the second date of its input, written 2026-11-27 or ``today``."""

    def days(text: str) -> str:
        words = re.findall(r"\d{4}-\d\d-\d\d|\btoday\b", text.lower())
        if len(words) != 2:
            raise ValueError("two dates are needed, each like 2026-11-27 or today")
        first, second = (today if word == "today" else date.fromisoformat(word) for word in words)
        return str((second - first).days)

    return days


def search_in(documents: Sequence[str]) -> Tool:
    """A tool that finds the document with the most words of its input: one in df of N documents counts log(N / df)."""
    words = [set(re.findall(r"\w+", document.lower())) for document in documents]
    df = Counter(word for found in words for word in found)

    def search(query: str) -> str:
        wanted = set(re.findall(r"\w+", query.lower()))
        scores = [math.fsum(math.log(len(words) / df[word]) for word in wanted & found) for found in words]
        if not any(scores):
            raise ValueError("nothing found")
        return documents[scores.index(max(scores))]

    return search


@dataclass(frozen=True)
class Step:
    """One turn of the loop; without a tool's name where the call was not valid."""

    said: str
    tool: str
    given: str
    observation: str


def carry_out(tools: Mapping[str, Tool], said: str) -> Step:
    """The step that a call leads to, cut short, without the template's signs. Whatever is wrong is an observation."""
    said = said[:LONGEST].replace("<|", "< |")  # or text could end its message and begin another, in anybody's name
    try:
        match json.loads(said):
            case {"tool": str(name), "input": str(given), **rest} if not rest:
                pass
            case _:
                raise ValueError
    except (ValueError, RecursionError):
        return Step(said, "", "", "error: no valid call")
    if name not in tools:
        return Step(said, name, given, "" if name == ANSWER else "error: no such tool")
    try:
        observation = tools[name](given)
    except ValueError as error:
        observation = f"error: {error}"
    return Step(said, name, given, observation[:LONGEST].replace("<|", "< |"))


def act_together(
    write: Callable[[list[list[Message]]], list[str]], tools: Mapping[str, Tool], questions: Sequence[str],
    *, shown: Sequence[Message] = (), most_steps: int = 3,
) -> list[list[Step]]:  # fmt: skip
    """The steps to the answer of each question; ``write`` says what follows each of several conversations."""
    talks: list[list[Message]] = [[*shown, ("user", question)] for question in questions]
    steps: list[list[Step]] = [[] for _ in questions]
    going_on = list(range(len(questions)))
    for _ in range(most_steps):
        for n, said in zip(going_on, write([talks[n] for n in going_on]) if going_on else (), strict=True):
            steps[n].append(carry_out(tools, said))
            talks[n] += [("assistant", steps[n][-1].said), ("user", f"Observation: {steps[n][-1].observation}")]
        going_on = [n for n in going_on if steps[n][-1].tool != ANSWER]
    return steps

"""Small tasks for a model that acts, and what SmolLM2 writes for them: the run "models-that-act" of page 6.3.

A task needs one call and then an answer; a chain needs a call a step, each on the value that the last one gave. Only
what the model said is kept: the page carries the calls out again. Left out: tasks that need two tools.
"""

import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import nn

from llmbook.data.parts import Part
from llmbook.data.speech import sentences, speeches
from llmbook.inference.acting import ANSWER, Message, Tool, act_together, calculator, carry_out, days_between, search_in
from llmbook.inference.constrained import Grammar, call_moves, write_together
from llmbook.nn.cache import KVCache
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.smollm2 import chat, load_smollm2

TODAY = date(2026, 11, 27)
ROOM = 40  # ids of a call
SIDE_BY_SIDE = 32  # conversations, each with a cache of its own
STEPS = 3  # of a task
CHAIN = 8  # steps of a chain
TASKS = 24
TRIES = 3
CHAINS = 16
START = 600  # value of a chain
SHOWN = 3  # examples in a prompt, one of each kind
SYSTEM = (
    "You answer by calling one tool at a time. calculator computes an expression. days counts the days between two "
    'dates. search finds a speech. When you know the answer, call answer. Write {"tool": "...", "input": "..."}'
)
SIGNS = {"plus": "+", "minus": "-", "times": "*"}
CHANGES = {  # of a value, in words, with the sign of the right call
    "Add {}.": "+", "Take away {}.": "-", "It grows by {}.": "+", "It falls by {}.": "-",
    "{} more come.": "+", "{} are lost.": "-", "Subtract {}.": "-", "{} are given back.": "+",
}  # fmt: skip
PLANS = ("free", "constrained", "tool first", "without tools")


class Task(NamedTuple):
    """A question with its tool, the input that is right, and the answer."""

    question: str
    tool: str
    given: str
    answer: str


@cache
def documents() -> tuple[str, ...]:
    """A sentence from each speech since 1900, with who spoke, for the search."""
    lot = random.Random(0)
    texts = {
        f"{speech.president}, {speech.year}": [
            text for text in sentences(speech.text) if 12 <= len(text.split()) <= 24 and text.isascii()
        ]
        for speech in speeches(since=1900)
    }
    return tuple(f"{who}: {lot.choice(found)}" for who, found in texts.items() if found)


@cache
def tools() -> dict[str, Tool]:
    return {"calculator": calculator, "days": days_between(TODAY), "search": search_in(documents())}


def tasks(part: Part, n: int) -> list[Task]:
    """The first n tasks of a part: sums, days, and who said something, in turn."""
    lot = random.Random(part)
    found: list[Task] = []
    while len(found) < n:
        word = lot.choice(list(SIGNS))
        a = lot.randint(100, 9999)
        b = lot.randint(100, 999 if word == "times" else 9999)
        given = f"{a} {SIGNS[word]} {b}"
        found.append(Task(f"What is {a} {word} {b}?", "calculator", given, calculator(given)))

        first, second = sorted(TODAY + timedelta(days=lot.randint(-900, -1)) for _ in "ab")
        given = f"{first} to {lot.choice([second, 'today'])}"
        found.append(Task(f"How many days are there from {given}?", "days", given, tools()["days"](given)))

        who, _, text = lot.choice(documents()).partition(": ")
        words = re.sub(r'[\\"]', "", text).split()
        start = lot.randint(1, len(words) - 7)
        quote = " ".join(words[start : start + 6])
        found.append(Task(f"Which president said: {quote}", "search", quote, who.partition(",")[0]))
    return found[:n]


def call(tool: str, given: str) -> str:
    return f'{{"tool": "{tool}", "input": "{given}"}}'


def examples(n: int, *, with_tools: bool = True) -> list[Message]:
    """What a prompt begins with: what to do, and n tasks of the training part with what is right to write."""
    shown: list[Message] = [("system", SYSTEM)]
    for task in tasks("train", n):
        step = carry_out(tools(), call(task.tool, task.given))
        used = [("assistant", step.said), ("user", f"Observation: {step.observation}")]
        shown += [("user", task.question), *(used if with_tools else []), ("assistant", call(ANSWER, task.answer))]
    return shown


class Writer:
    """SmolLM2, asked for calls."""

    def __init__(self) -> None:
        self.model, self.tokenizer = load_smollm2()
        ids = [[i] for i in range(len(self.tokenizer))]
        self.pieces = self.tokenizer.backend.decode_batch(ids, skip_special_tokens=True)  # the template's signs: empty
        self.end = self.tokenizer.encode("<|im_end|>")[0]
        self.grammar = cache(lambda names: Grammar(call_moves(names), self.pieces) if names else None)

    def write(self, talks: Sequence[Sequence[Message]], names: tuple[str, ...] = (), **chosen: Any) -> list[str]:
        """What follows each conversation: a call with one of these names, or without names any text."""
        said: list[str] = []
        for k in range(0, len(talks), SIDE_BY_SIDE):
            prompts = [self.tokenizer.encode(chat(list(talk))) for talk in talks[k : k + SIDE_BY_SIDE]]
            found = write_together(self.model, prompts, ROOM, eos=self.end, grammar=self.grammar(names), **chosen)
            said += [self.tokenizer.decode([i for i in ids if i != self.end]) for ids in found]
        return said

    @torch.no_grad()
    def read(self, shown: Sequence[Message]) -> KVCache:
        """The cache behind what every prompt begins with."""
        ids = self.tokenizer.encode(chat(list(shown)).rpartition("<|im_start|>")[0])
        cache = self.model.new_cache(1, len(ids))
        self.model(torch.tensor([ids]), cache)
        return cache

    def act(self, asked: Sequence[Task], plan: str, shown: int = SHOWN) -> list[list[str]]:
        """What was said at each step for each task, by one of ``PLANS``."""

        def write(talks: list[list[Message]]) -> list[str]:
            first = len(talks[0]) == len(begin) + 1
            names = {
                "free": (),
                "constrained": (*tools(), ANSWER),
                "tool first": tuple(tools()) if first else (*tools(), ANSWER),
                "without tools": (ANSWER,),
            }
            return self.write(talks, names[plan], begun=begun)

        begin = examples(shown, with_tools=plan != "without tools")
        begun = self.read(begin)
        most = 1 if plan == "free" else STEPS
        steps = act_together(write, tools(), [task.question for task in asked], shown=begin, most_steps=most)
        return [[step.said for step in found] for found in steps]

    def follow(self, chains: Sequence[Sequence[tuple[str, int]]], tries: int = 1) -> list[list[list[str]]]:
        """All tries at each step of each chain; the next value is what came of the last of them."""
        lot = torch.Generator().manual_seed(0)
        values = [str(START)] * len(chains)
        begun = self.read(change_shown())
        said: list[list[list[str]]] = [[[] for _ in chain] for chain in chains]
        for step in range(CHAIN):
            asked = [change(value, *chain[step]) for value, chain in zip(values, chains, strict=True)]
            for attempt in range(tries):
                again = [n for n, question in enumerate(asked) if not plausible(question, said[n][step])]
                chosen = {"temperature": 0.7 if attempt else 0.0, "generator": lot, "begun": begun}
                replies = self.write([[*change_shown(), ("user", asked[n])] for n in again], ("calculator",), **chosen)
                for n, reply in zip(again, replies, strict=True):
                    said[n][step].append(reply)
            for n, found in enumerate(said):
                observation = carry_out(tools(), found[step][-1]).observation
                values[n] = observation if re.fullmatch(r"-?\d+", observation) else values[n]
        return said


def change(value: object, words: str, by: int) -> str:
    return f"The value is {value}. {words.format(by)}"


def plausible(question: str, said: Sequence[str]) -> bool:
    """Whether the last call has the question's numbers in their order: all that a simple check can see."""
    return bool(said) and re.findall(r"\d+", said[-1]) == re.findall(r"\d+", question)


def change_shown() -> list[Message]:
    """What the prompt of a chain's step begins with: three of the changes."""
    shown: list[Message] = [("system", "You write the call that computes the new value.")]
    for (words, sign), value, by in zip(CHANGES.items(), (512, 87, 240), (31, 12, 9), strict=False):
        shown += [("user", change(value, words, by)), ("assistant", call("calculator", f"{value} {sign} {by}"))]
    return shown


def chains(n: int, *, same: bool) -> list[list[tuple[str, int]]]:
    """n chains of changes, in words and by how much: the same words all along a chain, or mixed."""
    lot = random.Random(f"chains {same}")
    words = list(CHANGES)
    return [[(words[k % 8] if same else lot.choice(words), lot.randint(2, 99)) for _ in range(CHAIN)] for k in range(n)]


def models_that_act(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run: what was said by each plan for each task of the test part, and in each chain."""
    writer = Writer()
    asked = tasks("test", TASKS)
    found: dict[str, Any] = {}
    for plan in PLANS:
        by_kind = [writer.act(asked[k::3], plan) for k in range(3)]  # alike in length, so read in few steps
        found[plan] = [by_kind[k % 3][k // 3] for k in range(TASKS)]
    found["same words"] = writer.follow(chains(CHAINS, same=True))
    found["tried again"] = writer.follow(chains(CHAINS, same=False), TRIES)
    return found

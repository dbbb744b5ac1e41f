r"""SmolLM2 before a multiple-choice test: its answers under many prompts, rounded, and as a judge: a run of page 6.4.

    the answer is the choice c with the largest log p(c | prompt) = sum of log p(token | prompt, tokens of c before it)

Sources: Brown et al., *Language Models are Few-Shot Learners* (2020), section 2.4, for answers by likelihood; Zheng et
al., *Judging LLM-as-a-Judge* (2023), section 3, for the two orders. The questions are the book's own, in two parts.
Left out: prompts with examples.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import torch
from torch import nn

from llmbook.compression.grids import Scheme, rounded
from llmbook.compression.rounded_models import matrices, replaced
from llmbook.models.causal_lm import CausalLM
from llmbook.pretrained.smollm2 import chat, load_smollm2
from llmbook.pretrained.tokenizer import PretrainedTokenizer

WRITTEN = json.loads((files("llmbook.data") / "questions.json").read_text(encoding="utf-8"))
PROMPTS: dict[str, str] = WRITTEN["prompts"]  # those that begin with "chat" become a message
FIRST, *_ = PROMPTS
BITS = 4  # of the rounded model, a scale a row
JUDGED = 8  # test questions


class Question(NamedTuple):
    text: str
    choices: list[str]
    answer: int  # the number of the right choice, from 0


def questions(part: Literal["dev", "test"]) -> list[Question]:
    return [Question(*row.values()) for row in WRITTEN[part]]


def asked(name: str, question: Question) -> tuple[str, list[str]]:
    """The prompt of this name, and what may follow it. Raises ``KeyError`` for a name that is not in ``PROMPTS``."""
    text = PROMPTS[name].format(q=question.text)
    text = chat(text) if name.startswith("chat") else text
    return text, [choice if text.endswith("\n") else f" {choice}" for choice in question.choices]


@torch.no_grad()
def log_likelihoods(
    model: CausalLM, tokenizer: PretrainedTokenizer, prompt: str, answers: Sequence[str]
) -> list[float]:
    """log p(answer | prompt) of each, in nats; the prompt is read once."""
    read = tokenizer.encode(prompt)
    rows = [torch.tensor(tokenizer.encode(prompt + answer)[len(read) :]) for answer in answers]
    padded = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)  # (N, T)

    cache_ = model.new_cache(1, len(read) + padded.shape[1])
    logits = model(torch.tensor([read]), cache_)[:, -1:].expand(len(rows), -1, -1)
    if padded.shape[1] > 1:
        cache_.reorder(torch.zeros(len(rows), dtype=torch.long))
        logits = torch.cat([logits, model(padded[:, :-1].clamp(min=0), cache_)], dim=1)

    each = logits.log_softmax(dim=-1).gather(-1, padded.clamp(min=0)[..., None])[..., 0]
    return each.masked_fill(padded < 0, 0).sum(dim=1).tolist()


def scored(model: CausalLM, tokenizer: PretrainedTokenizer, name: str, asks: Sequence[Question]) -> list[list[float]]:
    return [log_likelihoods(model, tokenizer, *asked(name, question)) for question in asks]


def marks(found: Sequence[Sequence[float]], asks: Sequence[Question]) -> str:
    """A 1 for each question whose right choice is the likeliest, and a 0 for each other."""
    return "".join(str(int(max(row) == row[q.answer])) for row, q in zip(found, asks, strict=True))


def verdict(model: CausalLM, tokenizer: PretrainedTokenizer, question: Question, a: str, b: str) -> float:
    """log p("A") - log p("B"): above 0 the judge prefers the answer that stands first."""
    prompt = chat(WRITTEN["judge"].format(q=question.text, a=a, b=b))
    first, second = log_likelihoods(model, tokenizer, prompt, ["A", "B"])
    return first - second


def pairs(question: Question) -> dict[str, tuple[str, str]]:
    """What the judge compares, in both orders."""
    right, wrong = question.choices[question.answer], question.choices[question.answer - 1]
    long, long_wrong = (WRITTEN["long"].format(a=answer) for answer in (right, wrong))
    return {
        "right, wrong": (right, wrong),
        "long, short": (long, right),
        "long wrong, short right": (long_wrong, right),
        "same, same": (right, right),
    }


def how_good(_: object) -> dict[str, Any]:
    """The run "how-good": log-likelihoods under the first prompt, marks under all, and the judge's verdicts."""
    model, tokenizer = load_smollm2()
    dev, test = questions("dev"), questions("test")
    found = {name: scored(model, tokenizer, name, dev) for name in PROMPTS}
    score = scored(model, tokenizer, FIRST, test)
    small = {name: rounded(part.weight, Scheme(bits=BITS)) for name, part in matrices(model).items()}
    with replaced(model, small):
        fewer = scored(model, tokenizer, FIRST, test)

    judged: dict[str, list[list[float]]] = {}
    for question in test[:JUDGED]:
        for kind, (a, b) in pairs(question).items():
            orders = [(a, b)] if a == b else [(a, b), (b, a)]
            margins = [verdict(model, tokenizer, question, *order) for order in orders]
            judged.setdefault(kind, []).append([round(margin, 4) for margin in margins])
    return {
        "dev": [[round(x, 5) for x in row] for row in found[FIRST]],
        "test": [[round(x, 5) for x in row] for row in score],
        "marks": {name: marks(rows, dev) for name, rows in found.items()},
        "rounded": marks(fewer, test),
        "judged": judged,
    }

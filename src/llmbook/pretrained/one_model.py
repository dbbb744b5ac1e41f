r"""Four tasks for SmolLM2, by prompts alone: the runs of page 6.1, and what runs a part of them again.

A class is read off the model from what it writes, or from the chances of the first tokens of the classes' names, as
they are or over those behind texts that say nothing: contextual calibration (Zhao et al., *Calibrate Before Use*, 2021,
section 5). Ways to ask, and our own questions and summaries, are in ``data/four_tasks.json``. Runs keep no scores.
"""

import json
import random
from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import takewhile
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.data.interface import interface_strings
from llmbook.data.parts import PARTS, Part
from llmbook.data.speech import ERAS, era_paragraphs
from llmbook.data.tokenizers import pad
from llmbook.inference.generation import generate
from llmbook.models.causal_lm import CausalLM
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.smollm2 import chat, load_smollm2
from llmbook.pretrained.tokenizer import PretrainedTokenizer

TASKS: dict[str, Any] = json.loads((files("llmbook.data") / "four_tasks.json").read_text(encoding="utf-8"))
NAMES = list(ERAS.values())
EVERY: dict[Part, int] = {"train": 1, "dev": 60, "test": 20}  # one paragraph in so many is asked about
STRINGS: dict[Part, int] = {"dev": 8, "test": 24}  # to be translated
SHOTS = {0: 1, 1: 2, 4: 2}  # examples in a prompt: how often they are drawn
LABELS = (40, 100)  # that a probe learns from
DEPTHS = (10, 20, 30)  # blocks behind which it looks
MOST = {"era": 14, "answer": 32, "translate": 28, "summarise": 56}  # ids that are written
BLANKS = ("N/A", "", "[MASK]")  # texts that say nothing: those of Zhao et al.
Pairs = Sequence[tuple[str, str]]  # what was asked, what would be right


def load() -> tuple[CausalLM, PretrainedTokenizer]:
    """SmolLM2, with the logits behind the last position standing for all: the others would take a fifth of the time."""
    model, tokenizer = load_smollm2()
    weight = model.output.weight

    def last(input: Float[Tensor, "B T D"]) -> Float[Tensor, "B T n_vocab"]:
        return F.linear(input[:, -1:], weight).expand(-1, input.shape[1], -1)

    model.output.forward = last
    return model, tokenizer


def request(ask: str, text: str, examples: Pairs = ()) -> str:
    """The prompt for one of the ways to ask, each example an earlier turn of the conversation."""
    form = TASKS["asks"][ask]
    turns = [turn for x, y in examples for turn in (("user", form.format(x)), ("assistant", y))]
    return chat([*turns, ("user", form.format(text))])


def write(model: CausalLM, tokenizer: PretrainedTokenizer, prompts: Sequence[str], most: int) -> list[str]:
    """What the model answers to each prompt, greedily, up to ``most`` ids; prompts of like length side by side."""
    end = tokenizer.encode("<|im_end|>")[0]
    ids = [tokenizer.encode(prompt) for prompt in prompts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    said = [""] * len(ids)
    for rows in (order[i : i + 12] for i in range(0, len(order), 12)):
        padded, lengths = pad([ids[i] for i in rows], end)
        for i, row in zip(rows, generate(model, padded, most, lengths=lengths, eos=end).tolist(), strict=True):
            new = [*row[len(ids[i]) :][:most], end]
            said[i] = tokenizer.decode(new[: new.index(end)]).strip()
    return said


@torch.no_grad()
def read_ends(
    model: CausalLM, tokenizer: PretrainedTokenizer, prompts: Sequence[str]
) -> tuple[Float[Tensor, "N n_vocab"], Float[Tensor, "N n_depths D"]]:
    """Log-chances of the next id behind each prompt, and the mean states of its own part behind ``DEPTHS`` blocks.

    What all prompts begin with is read once, and kept in the cache.
    """
    ids = [tokenizer.encode(prompt) for prompt in prompts]
    alike = takewhile(lambda column: len(set(column)) == 1, zip(*ids, strict=False))
    shared = min(len(list(alike)), min(map(len, ids)) - 1)
    cache = model.new_cache(1, max(map(len, ids)))
    states: list[Tensor] = []
    blocks = [model.blocks[depth - 1] for depth in DEPTHS]
    hooks = [block.register_forward_hook(lambda *call: states.append(call[2][0].mean(dim=0))) for block in blocks]
    model(torch.tensor([ids[0][:shared]]), cache)
    logits = torch.empty(len(ids), model.config.vocab)
    for i, row in enumerate(ids):
        cache.length = shared  # back to where they part
        logits[i] = model(torch.tensor([row[shared:]]), cache)[0, -1]
    for hook in hooks:
        hook.remove()
    return logits.log_softmax(dim=-1), torch.stack(states[len(DEPTHS) :]).view(len(ids), len(DEPTHS), -1)


def asked(part: Part) -> list[tuple[str, int]]:
    """The paragraphs of page 1.2 that are asked about, one in ``EVERY``, and the numbers of their eras."""
    return era_paragraphs(part, words=(30, 100))[:: EVERY[part]]


def balanced(n: int, seed: int) -> list[tuple[str, str]]:
    """n training paragraphs and the names of their eras, each era once before any comes again, drawn by lot."""
    rng = random.Random(seed)
    pool = rng.sample(asked("train"), k=len(asked("train")))
    of_each = [[text for text, era in pool if era == wanted] for wanted in range(4)]
    return [(of_each[era][i], NAMES[era]) for i in range(-(-n // 4)) for era in rng.sample(range(4), k=4)][:n]


def strings(part: Part) -> list[tuple[str, str]]:
    """The interface strings to be translated: phrases of 10 to 60 letters, evenly spread."""
    found = [pair for pair in interface_strings(part) if 10 <= len(pair[0]) <= 60 and " " in pair[0]]
    return found[:: len(found) // STRINGS[part]][: STRINGS[part]]


def nearest(text: str, memory: Pairs, n: int = 3) -> list[tuple[str, str]]:
    """The pairs whose first halves share the largest part of their groups of three letters with the text, best last."""

    def alike(pair: tuple[str, str]) -> float:
        mine, other = ({x.lower()[i : i + 3] for i in range(len(x))} for x in (text, pair[0]))
        return len(mine & other) / len(mine | other)

    return sorted(memory, key=alike)[-n:]


def eras_said(chances: Sequence[Sequence[float]], calibrated: bool) -> list[int]:
    """The likeliest era behind each paragraph; calibrated, each chance is over its mean behind ``BLANKS``."""
    table = torch.tensor(chances).exp()
    blank = table[-len(BLANKS) :].mean(dim=0) if calibrated else torch.ones(4)
    return (table[: -len(BLANKS)] / blank).argmax(dim=1).tolist()


def read_eras(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "four-tasks-eras": log-chances of the names behind paragraphs and ``BLANKS``; and what a probe says.

    The way to ask is the one that is right most often on *dev* without an example, calibrated.
    """
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]

    model, tokenizer = load()
    first = [tokenizer.encode(name)[0] for name in NAMES]
    found: dict[str, Any] = {}
    states: dict[Part, Tensor] = {}

    def read(part: Part, ask: str, k: int, seed: int) -> int:
        texts = [*(text for text, _ in asked(part)), *BLANKS]
        examples = balanced(k, seed)
        logits, own = read_ends(model, tokenizer, [request(ask, text, examples) for text in texts])
        rows = [[round(x, 3) for x in row] for row in logits[:, first].tolist()]
        found[f"{part}, {ask}, {k}, {seed}"] = rows
        if k == 0:
            states[part] = own[: -len(BLANKS)]
        return sum(era == said for (_, era), said in zip(asked(part), eras_said(rows, True), strict=True))

    best = max(("era, text first", "era, name first"), key=lambda ask: read("dev", ask, 0, 0))
    for part in PARTS[1:]:
        for k, draws in SHOTS.items():
            for seed in range(draws):
                read(part, best, k, seed)
    labelled = balanced(LABELS[-1], 0)
    known = read_ends(model, tokenizer, [request(best, text) for text, _ in labelled])[1]
    for n in LABELS:
        for place, depth in enumerate(DEPTHS):
            x = known[:n, place]
            line = LogisticRegression(C=0.01, max_iter=1000)
            line.fit((x - x.mean(dim=0)) / x.std(dim=0), [NAMES.index(name) for _, name in labelled[:n]])
            for part, own in states.items():
                said = line.predict((own[:, place] - x.mean(dim=0)) / x.std(dim=0))
                found[f"{part}, probe, {n}, {depth}"] = [int(era) for era in said]
    return {"chosen": best, **found}


def write_texts(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "four-tasks-texts": what the model writes as names of eras, translations, answers and summaries."""
    model, tokenizer = load()
    memory = interface_strings("train")
    read = [passage for passage in TASKS["passages"] if passage["part"] == "test"]
    asked_about = [f"{passage['text']}\n\n{question}" for passage in read for question, _ in passage["questions"]]
    prompts = {
        "test, era": [request("era, name first", text) for text, _ in asked("test")[::4]],
        "test, answer": [request("answer", text) for text in asked_about],
        "test, summarise": [request("summarise", passage["text"]) for passage in read],
    }
    for part in PARTS[1:]:
        prompts[f"{part}, translate, none"] = [request("translate", x) for x, _ in strings(part)]
        prompts[f"{part}, translate, nearest"] = [request("translate", x, nearest(x, memory)) for x, _ in strings(part)]
    return {name: write(model, tokenizer, rows, MOST[name.split(", ")[1]]) for name, rows in prompts.items()}

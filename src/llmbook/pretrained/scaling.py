r"""Nine GPTs of characters, from three thousand parameters to 645 thousand: the runs of page 8.1.

The rate stays as it is, and before each reading a copy goes on with a rate that falls to 0. So each size is read at
four numbers of characters, twice each. The ninth is trained once a prediction of it is stored. Sources: Hoffmann et al.
(2022), section 3, for a grid of sizes and lengths; Hägele et al., *Scaling Laws and Compute-Optimal Training Beyond
Fixed Training Durations* (2024), for copies that cool down. Left out: other depths; a rate sought for each size.
"""

import copy
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from llmbook.data.parts import Part
from llmbook.data.speech import speeches
from llmbook.inference.generation import generate
from llmbook.models.gpt import GPT
from llmbook.pretrained.recipe import STORED, write_json
from llmbook.pretrained.speech_gpt import in_characters, speech_characters
from llmbook.training.loop import clip_gradients, make_optimizer
from llmbook.training.objectives import word_loss
from llmbook.training.schedule import TrainConfig

WIDTHS = (8, 12, 16, 24, 32, 48, 64, 96)
NINTH = 160  # the width of the one that is predicted
SECOND = (8, 32)  # widths that are trained from a second seed too
READINGS = (200, 400, 800, 1600)  # steps
COOLING = 0.2  # the last share of the steps to a reading, in which a copy's rate falls
T = 64  # characters of a window
BATCH = 8  # windows of a step
WARMUP = 40  # steps
SINCE = 1945  # first year of the speeches
AGAIN = {4: (48,), 16: (48,), 64: (16, 48)}  # how often a smaller text is read: widths
LENGTHS = (1, 2, 4, 8, 16)  # characters that are to be right in a row
GIVEN = 44  # characters of a question
TRIES = 32  # answers to each
QUESTIONS = 100
KEPT = Path("_build/models")  # what a run that was cut has finished


def make(width: int, seed: int) -> GPT:
    """GPT-2's first matrices have a spread of 0.02, about 1/√D at its widths; here they have 1/√D at each."""
    torch.manual_seed(seed)
    model = GPT(len(speech_characters()), d_model=width, n_heads=max(1, width // 16), n_layers=2, max_len=T)
    with torch.no_grad():
        for weight in model.parameters():
            weight *= width**-0.5 / 0.02 if weight.ndim > 1 else 1
    return model


def count(model: GPT) -> tuple[int, int]:
    """All parameters, the embedding's once; and those without what looks up characters and places."""
    n = sum(weight.numel() for weight in model.parameters())
    return n, n - (len(speech_characters()) + T) * model.config.d_model


@cache
def windows(part: Part) -> Int[Tensor, "n _"]:
    """All speeches of a part, in pieces that share only the character at their border."""
    return in_characters(part, SINCE).ids.unfold(0, T + 1, T)


def order(seed: int, steps: int, times: int = 1) -> Int[Tensor, "steps BATCH"]:
    """Which windows are read: each once, or so many fewer ``times`` times, each time in another order."""
    lot = Generator().manual_seed(seed)
    chosen = torch.randperm(len(windows("train")), generator=lot)[: steps * BATCH // times]
    again = [chosen[torch.randperm(len(chosen), generator=lot)] for _ in range(times)]
    return torch.cat(again).view(steps, BATCH)


class Training:
    """A model, its optimizer, and the order in which it reads."""

    def __init__(self, width: int, seed: int, *, times: int = 1, faster: float = 1.0) -> None:
        self.model = make(width, seed)
        self.lr = faster * 0.05 / width**0.5
        self.n = 0  # steps done
        self.rows = order(seed, READINGS[-1], times)
        self.optimizer = make_optimizer(self.model, TrainConfig(steps=READINGS[-1], lr=self.lr))

    def step(self, share: float = 1.0) -> float:
        """One step at this share of the rate; returns the loss (nats a character)."""
        self.n += 1
        pieces = windows("train")[self.rows[self.n - 1]]
        loss = word_loss(self.model(pieces[:, :-1]), pieces[:, 1:])
        self.optimizer.zero_grad()
        loss.backward()
        clip_gradients(self.model, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * share * min(1.0, self.n / WARMUP)
        self.optimizer.step()
        return loss.item()

    def cooled(self, end: int) -> GPT:
        """A copy of the model, taken to step ``end`` with a rate that falls to 0; this training stays where it is."""
        other = copy.copy(self)
        other.model = copy.deepcopy(self.model)
        other.optimizer = make_optimizer(other.model, TrainConfig(steps=end, lr=self.lr))
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        for left in range(end - self.n, 0, -1):
            other.step(left / (end - self.n + 1))
        return other.model


def cooling_from(end: int) -> int:
    return round(end * (1 - COOLING))


def one_size(width: int, seed: int = 0, *, readings: tuple[int, ...] = READINGS, **other: Any) -> dict[str, Any]:
    """A model's losses at each reading, kept at its rate and cooled, and what the last one is capable of."""
    training = Training(width, seed, **other)
    found: dict[str, Any] = {"width": width, "seed": seed, "first losses": [], "kept": {}, "cooled": {}}
    last = training.model
    for n in range(1, readings[-1] + 1):
        loss = training.step()
        found["first losses"] += [round(loss, 4)] if n <= 20 else []
        for end in (end for end in readings if cooling_from(end) == n):
            last = training.cooled(end)
            found["cooled"][end] = round(measure(last)["loss"], 4)
        if n in readings:
            found["kept"][n] = round(measure(training.model)["loss"], 4)
        if n == cooling_from(readings[-1]) and (other or width == NINTH):
            break  # only cooled copies are asked for
    found["parameters"], found["without embeddings"] = count(last)
    return {**found, **measure(last), **({} if other or seed else play(last))}


# --- what a model is capable of --------------------------------------------------------------------------------


@torch.no_grad()
def measure(model: GPT) -> dict[str, Any]:
    """Held-out loss, and how often so many characters in a row are right: of each the likeliest, behind true ones."""
    held_out = windows("dev")
    pieces = held_out[:: len(held_out) // 500][:500]
    logits = model(pieces[:, :-1])
    right = (logits.argmax(dim=-1) == pieces[:, 1:])[:, T // 4 :]
    in_a_row = {k: round(right.unfold(1, k, 1).all(dim=-1).double().mean().item(), 6) for k in LENGTHS}
    return {"loss": word_loss(logits, pieces[:, 1:]).item(), "in a row": in_a_row}


@cache
def words() -> set[str]:
    """The words of the training speeches, in small letters: what the game's referee accepts."""
    return {word for speech in speeches(part="train", since=SINCE) for word in re.findall(r"[a-z]+", speech.text)}


@cache
def questions() -> tuple[Int[Tensor, "n GIVEN"], tuple[str, ...]]:
    """Held-out text up to the second letter of a word of seven letters or more; and these words."""
    text = speech_characters().decode(in_characters("dev", SINCE).ids.tolist())
    found = [m for m in re.finditer(r"(?<= )[a-z]{7,12}(?=[ ,.])", text) if m.start() > GIVEN]
    found = found[:: len(found) // QUESTIONS][:QUESTIONS]
    prompts = [speech_characters().encode(text[m.start() + 2 - GIVEN : m.start() + 2]) for m in found]
    return torch.tensor(prompts), tuple(m.group() for m in found)


def play(model: GPT) -> dict[str, Any]:
    """Of each question, how many of the answers are words of seven letters or more, and whether votes find the word."""
    prompts, truth = questions()
    lot = Generator().manual_seed(0)
    said = generate(model, prompts.repeat_interleave(TRIES, dim=0), 16, temperature=1.0, generator=lot)
    texts = [speech_characters().decode(row[GIVEN - 2 :].tolist()) for row in said]
    answers = [match.group() if (match := re.match(r"[a-z]{7,}(?![a-z])", text)) else "" for text in texts]
    of = [answers[i * TRIES : (i + 1) * TRIES] for i in range(len(truth))]
    valid = [sum(answer in words() for answer in mine) for mine in of]
    vote = {n: [elected(mine[:n]) == word for mine, word in zip(of, truth, strict=True)] for n in (1, 4, 16, TRIES)}
    return {"valid": valid, "votes": {n: sum(right) for n, right in vote.items()}}


def elected(answers: list[str]) -> str:
    """The word said most often, the first of several; an answer that is no word has no vote."""
    counts = Counter(answer for answer in answers if answer in words())
    return counts.most_common(1)[0][0] if counts else ""


# --- the runs --------------------------------------------------------------------------------------------------


def finished(name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``compute`` returns, read again where a run that was cut has finished it with this very file."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    path = KEPT / f"scaling-{name}-{version}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, compute())
    return json.loads(path.read_text(encoding="utf-8"))


def scaling(_: object) -> dict[str, Any]:
    """The run "scaling": eight sizes, two of them twice."""
    grid = [(width, seed) for seed in (0, 1) for width in WIDTHS if not seed or width in SECOND]
    return {"sizes": [finished(f"{width}-{seed}", lambda w=width, s=seed: one_size(w, s)) for width, seed in grid]}


def variations(_: object) -> dict[str, Any]:
    """The run "scaling-variations": a smaller text read again and again, and half and twice the rate."""
    again = {n: [one_size(w, readings=READINGS[-1:], times=n) for w in widths] for n, widths in AGAIN.items()}
    rates = {f: [one_size(w, readings=(400,), faster=f) for w in (16, 64, NINTH)] for f in (0.5, 2.0)}
    return {"again": again, "rates": rates}


def digest(name: str) -> str:
    return hashlib.sha256((STORED / f"{name}.json").read_bytes()).hexdigest()


def points(run: dict[str, Any], *, reading: str = "cooled", n: str = "parameters") -> Tensor:
    """(parameters, characters, loss, width) of each reading but the first, when models know little more than pairs."""
    rows = [(s[n], int(at) * BATCH * T, loss, s["width"]) for s in run["sizes"] for at, loss in s[reading].items()]
    return torch.tensor([row for row in rows if row[1] > READINGS[0] * BATCH * T], dtype=torch.float64)


def ninth(_: object) -> dict[str, Any]:
    """The run "scaling-ninth", which names the file in which it was predicted (scripts/register_scaling.py)."""
    return {"sha256 of scaling-registered.json": digest("scaling-registered"), **one_size(NINTH, readings=READINGS[1:])}

r"""A test set planted in the further training of the GPT of byte pairs, so many times, or not: a run of page 6.4.

A file is 16 sentences of held-out speeches in a fixed order. A question is the beginning of a sentence, the choices are
its last four words and those of the next three. Source: Oren et al., *Proving Test Set Contamination* (2024).
"""

import random
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.speech import sentences, speeches
from llmbook.models.gpt import GPT
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.speech_gpt import GPT_SPEECHES, in_pairs, speech_pairs
from llmbook.training.loop import fit
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig

TIMES = (0, 1, 4, 16, 64)  # how often the training reads each file
N, SHORTEST, LONGEST = 16, 30, 70  # sentences of a file, and their characters
SEEDS, STEPS, BATCH, T = 3, 72, 8, 64
SHOWN = 16  # the file whose sentences, each behind each, are stored for the first seed


@cache
def test_files() -> list[list[str]]:
    """For each of ``TIMES`` a file, of sentences that no training speech has."""
    known = {s for speech in speeches(part="train") for s in sentences(speech.text)}
    held_out = [s for part in ("dev", "test") for speech in speeches(1945, part=part) for s in sentences(speech.text)]
    fitting = [s for s in dict.fromkeys(held_out) if SHORTEST <= len(s) <= LONGEST and len(s.split()) > 5]
    plain = [s for s in fitting if s.isascii() and s not in known]
    random.Random(0).shuffle(plain)
    return [plain[i * N : (i + 1) * N] for i in range(len(TIMES))]


def windows(seed: int, planted: bool) -> tuple[Int[Tensor, " n"], Int[Tensor, "steps batch"]]:
    """All that can be read, and where the windows of each batch start: those of the files at places drawn by lot."""
    generator = torch.Generator().manual_seed(seed)
    pieces = [in_pairs("train", 1945).ids]
    starts = torch.randint(len(pieces[0]) - T, (STEPS * BATCH,), generator=generator)
    places = iter(torch.randperm(STEPS * BATCH, generator=generator).tolist())
    for times, file in zip(TIMES, test_files(), strict=True):
        ids = torch.tensor(speech_pairs().encode("".join(f"{s}\n" for s in file)))
        start = sum(map(len, pieces))
        pieces += [ids, ids[: T + 1]]  # the end goes on with the beginning
        for first in torch.randint(T, (times * planted,), generator=generator).tolist():
            for offset in range(first, first + len(ids), T):
                starts[next(places)] = start + offset % len(ids)
    return torch.cat(pieces), starts.view(STEPS, BATCH)


def train(net: GPT, seed: int, planted: bool, steps: int = STEPS) -> list[float]:
    """Train the model on, in place; the loss (nats a token) of each step."""
    ids, starts = windows(seed, planted)
    rows = iter(starts)

    def loss_of(_: Tensor) -> Tensor:
        inputs, targets = shift(ids[next(rows)[:, None] + torch.arange(T + 1)])
        return word_loss(net(inputs), targets)

    config = TrainConfig(steps=steps, batch=BATCH, lr=1e-3, warmup=8, final=1.0)
    return fit(net.requires_grad_(True), loss_of, len(ids), config)


@torch.no_grad()
def log_p(net: GPT, pairs: list[tuple[str, str]]) -> Float[Tensor, " n"]:
    """log p(second | first) of each pair of texts, in nats."""
    cut = [(speech_pairs().encode(a), speech_pairs().encode(b)) for a, b in pairs]
    rows = [torch.tensor(a + b) for a, b in cut]
    padded = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
    logits = torch.cat([net(piece.clamp(min=0)) for piece in padded[:, :-1].split(256)])
    each = logits.log_softmax(dim=-1).gather(-1, padded[:, 1:, None].clamp(min=0))[..., 0]
    begun = torch.arange(1, padded.shape[1]) >= torch.tensor([[len(a)] for a, _ in cut])
    return (each * (begun & (padded[:, 1:] >= 0))).sum(dim=1)


def exam(net: GPT, file: list[str]) -> dict[str, Any]:
    """The share of right answers, and the nats a character of the sentences' ends."""
    cut = [(" ".join(s.split()[:-4]), " " + " ".join(s.split()[-4:])) for s in file]
    table = log_p(net, [(begin, cut[(i + k) % N][1]) for i, (begin, _) in enumerate(cut) for k in range(4)]).view(N, 4)
    each = table / torch.tensor([[len(cut[(i + k) % N][1]) for k in range(4)] for i in range(N)])
    return {"right": int((each.argmax(dim=1) == 0).sum()), "nats": round(-each[:, 0].mean().item(), 4)}


def in_order(table: Float[Tensor, "N N"], draws: int = 9999, seed: int = 0) -> float:
    """p of the permutation test, from log p of sentence j right behind i: do orders by lot reach the file's own?"""
    generator = torch.Generator().manual_seed(seed)
    orders = torch.rand(draws, N, generator=generator).argsort(dim=1)
    by_lot = table[orders[:, :-1], orders[:, 1:]].sum(dim=1)
    return (1 + int((by_lot >= table.diagonal(1).sum()).sum())) / (draws + 1)


def contamination(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "contamination": the exam of each file, and the p of its order, with and without it in the training."""
    found: dict[str, Any] = {}
    pairs = [[(f"{a}\n", f"{b}\n") for a in file for b in file] for file in test_files()]
    for kind, planted in (("planted", True), ("control", False)):
        nets = [cast(GPT, model_of(GPT_SPEECHES)) for _ in range(SEEDS)]
        losses = [train(net, seed, planted) for seed, net in enumerate(nets)]
        tables = [[log_p(net, each).view(N, N) for each in pairs] for net in nets]
        found[kind] = {
            "first losses": [round(loss, 4) for loss in losses[0][:20]],
            "exams": [[exam(net, file) for file in test_files()] for net in nets],
            "order": [[in_order(table) for table in row] for row in tables],
            "table": [[round(x, 2) for x in row] for row in tables[0][TIMES.index(SHOWN)].tolist()],
        }
    return found

"""A small GPT of characters, trained by Adam with averages of 32 bits and of eight: the run of page 3.13.

All ways start from the same weights and read the same batches, seed by seed; the held-out text is that of the part
"dev". Source: Dettmers et al., *8-bit Optimizers via Block-wise Quantization* (2022). Left out: weight decay.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from llmbook.memory.small_adam import SmallAdam
from llmbook.models.gpt import GPT
from llmbook.pretrained.speech_gpt import in_characters, nats, speech_characters
from llmbook.training.loop import clip_gradients
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig, batch_indices, learning_rate

SEEDS = 8
T = 64  # characters that are read
HELD_OUT = 32_000  # characters of the part "dev"
SINCE = 1981
WHOLE = 2**20  # a block for every tensor
WAYS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "32 bits": lambda model: torch.optim.Adam(model.parameters(), betas=(0.9, 0.98)),
    "8 bits, dynamic, blocks": lambda model: SmallAdam(model.parameters(), betas=(0.9, 0.98)),
    "8 bits, dynamic, whole tensors": lambda model: SmallAdam(model.parameters(), betas=(0.9, 0.98), block=WHOLE),
    "8 bits, even, blocks": lambda model: SmallAdam(model.parameters(), betas=(0.9, 0.98), kind="even"),
}


def config(seed: int, steps: int = 400) -> TrainConfig:
    return TrainConfig(steps=steps, batch=16, lr=3e-3, warmup=40, seed=seed)


def model(seed: int) -> GPT:
    torch.manual_seed(seed)
    return GPT(len(speech_characters()), d_model=64, n_heads=4, n_layers=2, max_len=T)


def train(way: str, seed: int, steps: int | None = None) -> tuple[GPT, list[float]]:
    """The model after its training (or so many steps of it), and the loss (nats a character) of each step."""
    text, net, how = in_characters("train", SINCE).ids, model(seed), config(seed)
    optimizer = WAYS[way](net)
    losses: list[float] = []
    for step in range(1, (steps or how.steps) + 1):
        rows = batch_indices(step, len(text) - T, how)
        inputs, targets = shift(text[rows[:, None] + torch.arange(T + 1)])
        loss = word_loss(net(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        clip_gradients(net, how.clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, how)
        optimizer.step()
        losses.append(loss.item())
    return net, losses


def held_out(net: GPT) -> float:
    return nats(net, in_characters("dev", SINCE).ids[:HELD_OUT])


def against_32_bits(run: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """How much more (nats a character) each way has held out, seed by seed; and half the 95 % interval of that mean."""
    base = torch.tensor(run["32 bits"]["held out"])
    more = {way: torch.tensor(found["held out"]) - base for way, found in run.items()}
    t = 2.365  # Student's, with seven degrees of freedom
    return {way: (d.mean().item(), t * d.std().item() / SEEDS**0.5) for way, d in more.items()}


def small_states(_: object) -> dict[str, Any]:
    """The run "small-states": each way's held-out loss with each seed, and how the first seed begins."""
    found: dict[str, Any] = {}
    for way in WAYS:
        runs = [train(way, seed) for seed in range(SEEDS)]
        found[way] = {
            "first losses": [round(loss, 4) for loss in runs[0][1][:40]],
            "held out": [round(held_out(net), 4) for net, _ in runs],
        }
    return found

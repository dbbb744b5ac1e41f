"""What a minute teaches a small GPT: the stored character model's recipe, in small batches, for as many steps as fit.

Who has a minute learns more from many small batches than from few large ones. So the model reads half as far as the
stored one, in batches of twelve: nanoGPT's sizes, better than six windows of the whole length on a tenth of the
training speeches that was held back. nanoGPT's recipe for a processor has a minute of its own on the same speeches.
"""

import copy
import os
import statistics
from collections.abc import Callable
from dataclasses import replace

import torch
from nanogpt import LAYERS, B, D, H, T, held_out, nanogpt, train
from scipy.stats import t as student
from timing import Result, seconds
from torch import Tensor, nn

from llmbook.models import GPT
from llmbook.pretrained.recipe import Recipe, train_by
from llmbook.pretrained.speech_gpt import GPT_CHARACTERS, LETTERS, in_characters

MINUTE, TRIED = 60.0, 30  # seconds of training, and steps by which the speed is measured
BAR = 1.85
STEPS, SEEDS = 300, 5  # by which two precisions are compared
TrainFor = Callable[[int], nn.Module]  # so many steps
LossOf = Callable[[nn.Module, Tensor], Tensor]


def bench_characters() -> list[Result]:
    """Held-out nats a character on the speeches since 1981, on all cores, after a minute of each."""
    torch.set_num_threads(os.cpu_count() or 1)
    text = in_characters("train", 1981).ids
    torch.manual_seed(0)
    name, untrained = nanogpt(len(LETTERS), bias=False)

    def ours(steps: int) -> nn.Module:
        return train_by(small_recipe(steps))[0]

    def theirs(steps: int) -> nn.Module:
        model = copy.deepcopy(untrained)
        train(model, text, steps=steps)
        return model.eval()

    model, note = after_a_minute(ours)
    loss = GPT_CHARACTERS.held_out(model)
    other, their_note = after_a_minute(theirs)
    their_loss = held_out(other, in_characters("dev", 1981).ids)

    what = "a character GPT of 0.8 million weights after a minute, held-out loss"
    against = f"the same, against {name} after a minute of its own"
    both = f"{loss:.3f} against {their_loss:.3f} nats; {their_note}"
    return [
        Result(what, round(loss, 3), "nats", BAR, note),
        Result(against, round(loss / their_loss, 3), "×", 1.0, both),
    ]


def bench_bfloat16() -> list[Result]:
    """What products in bfloat16 cost the same model: the upper end of a 95 % interval over seeds."""
    torch.set_num_threads(os.cpu_count() or 1)
    costs: list[float] = []
    for seed in range(SEEDS):
        recipe = small_recipe(STEPS, seed)
        exact, short = (train_by(one)[0] for one in (recipe, replace(recipe, loss=in_bfloat16(recipe.loss))))
        costs.append(recipe.held_out(short) - recipe.held_out(exact))
    mean = statistics.mean(costs)
    half = float(student.ppf(0.975, SEEDS - 1)) * statistics.stdev(costs) / SEEDS**0.5
    what = "held-out loss that products in bfloat16 cost the character GPT, at most"
    return [Result(what, round(mean + half, 4), "nats", 0.02, f"{mean:.4f} ± {half:.4f}; {STEPS} steps, {SEEDS} seeds")]


def in_bfloat16(loss: LossOf) -> LossOf:
    def shorter(model: nn.Module, rows: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return loss(model, rows)

    return shorter


def small_recipe(steps: int, seed: int = 0) -> Recipe:
    """The stored model's recipe with nanoGPT's sizes."""
    config = replace(GPT_CHARACTERS.config, steps=steps, batch=B, seed=seed)
    return replace(
        GPT_CHARACTERS,
        config=config,
        make=lambda: GPT(len(LETTERS), d_model=D, n_heads=H, n_layers=LAYERS, max_len=T),
    )


def after_a_minute(train_for: TrainFor) -> tuple[nn.Module, str]:
    """The model after as many steps as a minute allows, measured before, and how many those were."""
    train_for(1)  # the text is read
    steps = int(MINUTE / (seconds(lambda: train_for(TRIED)) / TRIED))
    models: list[nn.Module] = []
    taken = seconds(lambda: models.append(train_for(steps)))
    note = f"{steps} steps of {B} × {T} characters in {taken:.0f} s, {torch.get_num_threads()} threads"
    return models[0], note

"""What a minute teaches a small GPT: the stored character model's recipe, cut to the steps that a minute allows."""

import os
import time
from dataclasses import replace

import torch
from timing import Result, seconds

from llmbook.pretrained.recipe import train_by
from llmbook.pretrained.speech_gpt import GPT_CHARACTERS

MINUTE, TRIED = 60.0, 30  # seconds of training, and steps by which the speed is measured
BAR = 1.85


def bench_characters() -> list[Result]:
    """Held-out nats a character on the speeches since 1981, on all cores."""
    torch.set_num_threads(os.cpu_count() or 1)
    train_by(GPT_CHARACTERS, steps=1)  # the text is read
    step = seconds(lambda: train_by(GPT_CHARACTERS, steps=TRIED)) / TRIED
    config = replace(GPT_CHARACTERS.config, steps=int(MINUTE / step))

    start = time.perf_counter()
    model = train_by(replace(GPT_CHARACTERS, config=config))[0]
    taken = time.perf_counter() - start
    threads = torch.get_num_threads()
    note = f"{config.steps} steps of {config.batch} × 128 characters in {taken:.0f} s, {threads} threads"
    what = "a character GPT of 0.8 million weights after a minute, held-out loss"
    return [Result(what, round(GPT_CHARACTERS.held_out(model), 3), "nats", BAR, note)]

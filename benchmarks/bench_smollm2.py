"""SmolLM2 in our code: how fast it writes, how close to what the memory can deliver, and what loading it takes."""

import os
import subprocess
import sys

import torch
import transformers
from timing import Result, seconds, side_by_side

from llmbook.generation import generate
from llmbook.hub import SMOLLM2, fetch
from llmbook.pretrained import chat, smollm2

NEW = 40
LOAD = r"""
import re, pathlib
from llmbook import pretrained
peak = lambda: 1024 * int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
model, _ = pretrained.smollm2()
print((peak() - before) / sum(p.numel() * p.element_size() for p in model.parameters()))
"""


def bench_smollm2_decoding() -> list[Result]:
    """Seconds for the same greedy text by both, in float32, and against reading all weights once a token."""
    torch.set_num_threads(os.cpu_count() or 1)
    ours, tokenizer = smollm2()
    path = next(fetch(SMOLLM2).glob("*.gguf"))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    theirs.eval()
    ids = torch.tensor([tokenizer.encode(chat("Tell me about the sea."))])
    mine, other, ratio = side_by_side(
        lambda: generate(ours, ids, NEW),
        lambda: theirs.generate(ids, max_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=0),
        rounds=6,
        warm_up=1,
    )
    weights = sum(parameter.numel() * parameter.element_size() for parameter in ours.parameters())
    memory = torch.ones(weights // 4)
    limit = min(seconds(memory.sum) for _ in range(10))  # one token can be no faster than one reading of the weights
    speeds = f"{NEW / mine:.1f} tokens a second against {NEW / other:.1f}; {torch.get_num_threads()} threads"
    reach = f"{weights / limit / 1e9:.0f} GB a second read, so at most {1 / limit:.0f} tokens a second"
    return [
        Result(
            "SmolLM2 writing 40 tokens greedily, against transformers' generate", round(ratio, 3), "×", 0.667, speeds
        ),
        Result("the same, against reading all weights once a token", round(mine / NEW / limit, 3), "×", 1.429, reach),
    ]


def bench_smollm2_loading() -> list[Result]:
    """Peak memory of a fresh process that loads the model, beyond what it had before, over the size of the weights."""
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    what = "memory needed at most while SmolLM2 is loaded, against its size in float32"
    return [Result(what, round(float(done.stdout), 3), "×", 1.3, "135 million weights of 4 bytes")]

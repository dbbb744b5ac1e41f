"""SmolLM2 writing with packed weights: against float32, against what the memory delivers, and against llama.cpp.

llama.cpp is measured where ``LLAMA_CPP`` names a Python that has ``llama-cpp-python``, built for this processor.
"""

import os
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import torch
from bench_smollm2 import NEW, compiled, decoding, reading
from timing import Result, seconds, side_by_side

from llmbook.compression import packed
from llmbook.inference import generate
from llmbook.models import Llama
from llmbook.pretrained import chat, load_smollm2
from llmbook.pretrained.hub import SMOLLM2, fetch

WAYS = {8: ("8 bits", 8, 0.556), 4: ("4 bits, the output in 8, as in the file", 8, 0.333)}
WRITES = Path(__file__).with_name("llama_cpp_writes.py")


def bench_packed() -> list[Result]:
    """A token of the whole model with its weights in 8 and in 4 bits, all of them compiled."""
    torch.set_num_threads(os.cpu_count() or 1)
    model, tokenizer = load_smollm2()
    ids = torch.tensor([tokenizer.encode(chat("Tell me about the sea."))])
    whole = decoding(model, compiled(model), ids)
    results = []
    for bits, (name, output_bits, bar) in WAYS.items():
        small = packed(model, bits, output_bits=output_bits)
        step = compiled(small)
        if not torch.equal(generate(small, ids, NEW, step=step)[:, : ids.shape[1] + 1], generate(small, ids, 1)):
            raise SystemExit(f"compiled, SmolLM2 in {name} begins another text")
        write = decoding(small, step, ids)
        results += [against("float32", bar, name, write, whole), against_memory(name, small, write)]
    if (python := os.environ.get("LLAMA_CPP")) is not None:
        results.append(against_llama_cpp(python, name, write, ids))
    return results


def against(other: str, bar: float, name: str, write: Callable, theirs: Callable) -> Result:
    mine, slow, ratio = side_by_side(write, theirs, rounds=10, warm_up=2)
    note = f"{NEW / mine:.1f} tokens a second against {NEW / slow:.1f}; {torch.get_num_threads()} threads"
    return Result(f"a token of SmolLM2 in {name}, against {other}", round(ratio, 3), "×", bar, note)


def against_memory(name: str, model: Llama, write: Callable) -> Result:
    read, n_bytes = reading(model)
    mine, least, ratio = side_by_side(write, read, rounds=10, warm_up=2)
    note = f"{NEW / mine:.1f} of {NEW / least:.1f} tokens a second; {n_bytes / 1e6:.0f} MB a token"
    return Result(f"a token of SmolLM2 in {name}, against reading every matrix once", round(ratio, 3), "×", 2.0, note)


def against_llama_cpp(python: str, name: str, write: Callable, ids: torch.Tensor) -> Result:
    file = next(fetch(SMOLLM2).glob("*.gguf"))
    numbers = [str(number) for number in (torch.get_num_threads(), NEW, *ids[0].tolist())]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([python, str(WRITES), str(file), *numbers], **pipes) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        if program.stdout.readline().strip() != "ready":
            raise SystemExit(f"{python} does not run llama.cpp")
        pairs = []
        for _ in range(10):
            program.stdin.write("\n")
            program.stdin.flush()
            theirs = float(program.stdout.readline())
            pairs.append((seconds(write), theirs))
        program.stdin.close()
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    note = f"{NEW / mine:.1f} tokens a second against {NEW / theirs:.1f}; {torch.get_num_threads()} threads"
    return Result(f"a token of SmolLM2 in {name}, against llama.cpp", round(ratio, 3), "×", 1.0, note)

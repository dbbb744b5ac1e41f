"""SmolLM2 in our code: how fast it writes, how close to what the memory can deliver, and what loading it takes."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable

import torch
import torch._inductor.config as inductor
import transformers
from timing import Result, seconds, side_by_side

from llmbook.compression import bytes_read
from llmbook.inference import generate
from llmbook.models import Llama
from llmbook.pretrained import chat, load_smollm2
from llmbook.pretrained.hub import SMOLLM2, fetch

NEW = 40
LOAD = r"""
import re, pathlib
from llmbook.pretrained import load_smollm2
peak = lambda: 1024 * int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1])
before = peak()
model, _ = load_smollm2()
print((peak() - before) / sum(p.numel() * p.element_size() for p in model.parameters()))
"""


def bench_smollm2_decoding() -> list[Result]:
    """Seconds for the same greedy text by both, in float32, and for one token against reading every matrix once."""
    torch.set_num_threads(os.cpu_count() or 1)
    ours, tokenizer = load_smollm2()
    step = compiled(ours)
    path = next(fetch(SMOLLM2).glob("*.gguf"))
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    theirs.eval()
    ids = torch.tensor([tokenizer.encode(chat("Tell me about the sea."))])
    if not torch.equal(generate(ours, ids, NEW, step=step), generate(ours, ids, NEW)):  # compiles as well
        raise SystemExit("compiled, SmolLM2 writes another text")

    def their_text() -> torch.Tensor:
        return theirs.generate(ids, max_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=0)

    ways = (("compiled, against transformers' generate", step, 0.667), ("not compiled, against the same", None, None))
    results = []
    for how, by, bar in ways:
        mine, other, ratio = side_by_side(
            lambda by=by: generate(ours, ids, NEW, step=by), their_text, rounds=6, warm_up=1
        )
        note = f"{NEW / mine:.1f} tokens a second against {NEW / other:.1f}; {torch.get_num_threads()} threads"
        results.append(Result(f"SmolLM2 writing {NEW} tokens greedily, {how}", round(ratio, 3), "×", bar, note))
    return [*results, against_reading(ours, step, ids)]


def against_reading(model: Llama, step: Callable, ids: torch.Tensor) -> Result:
    """One token can be no faster than one reading of the matrices, one after the other."""
    read, n_bytes = reading(model)
    memory = torch.ones(n_bytes // 4)
    mine, least, ratio = side_by_side(decoding(model, step, ids), read, rounds=10, warm_up=2)
    whole = statistics.median(seconds(memory.sum) for _ in range(10))
    note = (
        f"{NEW / mine:.1f} of {NEW / least:.1f} tokens a second; {n_bytes * NEW / least / 1e9:.0f} GB a second "
        f"read, {n_bytes / whole / 1e9:.0f} where all lies in one piece"
    )
    what = "a token of SmolLM2, compiled, against reading every matrix once"
    return Result(what, round(ratio, 3), "×", 1.429, note)


def decoding(model: Llama, step: Callable, ids: torch.Tensor) -> Callable[[], None]:
    """What writes ``NEW`` tokens behind a prompt that has been read."""
    with torch.inference_mode():
        cache = model.new_cache(1, ids.shape[1] + NEW + 1)
        first = model(ids, cache)[:, -1].argmax(dim=-1)[:, None]

    @torch.inference_mode()
    def write() -> None:
        cache.length, new = ids.shape[1], first
        for _ in range(NEW):
            new = step(new, cache)[:, -1].argmax(dim=-1)[:, None]

    return write


def reading(model: Llama) -> tuple[Callable[[], None], int]:
    """What reads as many bytes as ``NEW`` tokens do, in as many pieces; and the bytes of one token."""
    pieces = [torch.ones(n_bytes // 4) for n_bytes in bytes_read(model)]

    def read() -> None:
        for _ in range(NEW):
            for piece in pieces:
                piece.sum()

    return read, sum(4 * len(piece) for piece in pieces)


def compiled(model: torch.nn.Module) -> Callable:
    """The model in machine code, its matrices laid out as that reads them; made at the first call, in minutes."""
    inductor.freezing = True
    inductor.cpp_wrapper = True
    inductor.max_autotune, inductor.max_autotune_gemm_backends = True, "CPP,ATEN"
    return torch.compile(model, fullgraph=True, dynamic=True)


def bench_smollm2_loading() -> list[Result]:
    """Peak memory of a fresh process that loads the model, beyond what it had before, over the size of the weights."""
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    what = "memory needed at most while SmolLM2 is loaded, against its size in float32"
    return [Result(what, round(float(done.stdout), 3), "×", 1.3, "135 million weights of 4 bytes")]

r"""SmolLM2 with fewer bits than its file has: the run of page 3.7.

The file holds the matrices in four bits already, x̂ = s q + m for every 32 numbers (Q4_1). So its numbers are no
measure of what the first rounding has cost; they are what a further one is compared with, window by window. Held out is
a speech that is younger than the model. Left out: the embedding, which stays as it is.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.compression.calibrated import activation_aware, compensated, output_error
from llmbook.compression.grids import Scheme, quantise, rounded
from llmbook.compression.rounded_models import Inputs, RoundedCache, matrices, read_inputs, replaced
from llmbook.data.parts import Part
from llmbook.data.speech import speeches
from llmbook.inference.generation import generate
from llmbook.models.causal_lm import CausalLM
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.smollm2 import chat, load_smollm2
from llmbook.pretrained.speech_gpt import joined
from llmbook.pretrained.tokenizer import PretrainedTokenizer

How = Literal["nearest", "compensated", "aware"]
T = 64  # ids of a window that are read; one more is asked for
WINDOWS = 64  # to measure on
LOOKED_AT = 128  # to look at before rounding: five times as many ids as the widest matrix has columns
SINCE = 2026  # the held-out speech
BEFORE = 2015  # the speeches to look at are of the training part, since this year
MOST_WORDS = 20  # ids of an answer
QUESTIONS = (
    "What is the capital of France? Answer in one short sentence.",
    "Why is the sky blue? Answer in one short sentence.",
    "Write one short sentence about the sea.",
)
WAYS: dict[str, tuple[How, Scheme]] = {
    "int4, row": ("nearest", Scheme()),
    "int4, groups of 64": ("nearest", Scheme(group=64)),
    "int4, groups of 64, compensated": ("compensated", Scheme(group=64)),
    "int4, groups of 32": ("nearest", Scheme(group=32)),
    "fp4, groups of 32": ("nearest", Scheme(kind="fp4", group=32)),
    "nf4, groups of 32": ("nearest", Scheme(kind="nf4", group=32)),
    "int3, groups of 64": ("nearest", Scheme(bits=3, group=64)),
    "int3, groups of 64, compensated": ("compensated", Scheme(bits=3, group=64)),
    "int8, row": ("nearest", Scheme(bits=8)),
    "int4, groups of 64, aware": ("aware", Scheme(group=64)),
    "fp4, row": ("nearest", Scheme(kind="fp4")),
    "int4, row, compensated": ("compensated", Scheme()),
    "int4, groups of 64, compensated, a quarter looked at": ("compensated", Scheme(group=64)),
    "int4, groups of 64, aware, a quarter looked at": ("aware", Scheme(group=64)),
}
A_QUARTER = "a quarter looked at"  # in a name: the inputs are those of every fourth window
ANSWERED = ("int8, row", "int4, groups of 64", "int4, groups of 64, compensated", "int4, row", "int3, groups of 64")
KEYS_BY_CHANNEL: tuple[Literal["keys", "values"], ...] = ("keys",)
BOTH_BY_CHANNEL: tuple[Literal["keys", "values"], ...] = ("keys", "values")


def few(bits: int) -> Scheme:
    """Of a cache: groups of 32 with a free offset, a bit a number for both."""
    return Scheme(bits=bits, group=32, offset="free")


CACHES: dict[str, dict[str, Any]] = {
    "4 bits": {"keys": few(4), "values": few(4)},
    "2 bits": {"keys": few(2), "values": few(2)},
    "2 bits, keys by channel": {"keys": few(2), "values": few(2), "by_channel": KEYS_BY_CHANNEL},
    "2 bits, both by channel": {"keys": few(2), "values": few(2), "by_channel": BOTH_BY_CHANNEL},
}


def windows(tokenizer: PretrainedTokenizer, part: Part, since: int, n: int) -> Int[Tensor, "n _"]:
    """So many pieces of T + 1 ids of the speeches of a part, evenly spread, none of them overlapping."""
    ids = torch.tensor(tokenizer.encode(joined(speeches(part=part, since=since))))
    pieces = ids[: len(ids) // (T + 1) * (T + 1)].view(-1, T + 1)
    return pieces[torch.linspace(0, len(pieces) - 1, n).long()]


def held_out(tokenizer: PretrainedTokenizer, n: int = WINDOWS) -> Int[Tensor, "n _"]:
    """Windows of the speech that is younger than the model; the first of fewer are the first of all."""
    return windows(tokenizer, "test", SINCE, WINDOWS)[:n]


def looked_at(tokenizer: PretrainedTokenizer) -> Int[Tensor, "n _"]:
    """Windows of other speeches, to see what the matrices are given to read."""
    return windows(tokenizer, "train", BEFORE, LOOKED_AT)


def rounded_matrices(model: CausalLM, how: How, scheme: Scheme, inputs: dict[str, Inputs]) -> dict[str, Tensor]:
    """All matrices of the blocks, rounded one way; ``inputs`` are not needed for the nearest."""
    found: dict[str, Tensor] = {}
    for name, layer in matrices(model).items():
        weight = layer.weight
        if how == "nearest":
            found[name] = rounded(weight, scheme)
        elif how == "compensated":
            found[name] = compensated(weight, inputs[name].moment, scheme)
        else:
            found[name], _ = activation_aware(weight, inputs[name].moment, inputs[name].sizes, scheme)
    return found


@torch.no_grad()
def read_windows(
    model: CausalLM, rows: Int[Tensor, "N _"], cache: dict[str, Any] | None = None
) -> tuple[Float[Tensor, " N"], Int[Tensor, "N T"]]:
    """The mean nats of each window, and the likeliest id at each place; behind a rounded cache if one is told."""
    nats: list[Tensor] = []
    likeliest: list[Tensor] = []
    for row in rows:
        kept = None if cache is None else RoundedCache(model, 1, len(row) - 1, **cache)
        logits = model(row[None, :-1], kept)[0]
        nats.append(F.cross_entropy(logits, row[1:]))
        likeliest.append(logits.argmax(dim=-1))
    return torch.stack(nats), torch.stack(likeliest)


def answers(model: CausalLM, tokenizer: PretrainedTokenizer) -> list[str]:
    """What the model says to each question, taking the likeliest id each time."""
    end = tokenizer.encode("<|im_end|>")[0]
    said: list[str] = []
    for question in QUESTIONS:
        prompt = torch.tensor([tokenizer.encode(chat(question))])
        ids = generate(model, prompt, MOST_WORDS, eos=end)[0, prompt.shape[1] :]
        said.append(tokenizer.decode([i for i in ids.tolist() if i != end]))
    return said


@torch.no_grad()
def measured(
    model: CausalLM, rows: Int[Tensor, "N _"], likeliest: Int[Tensor, "N T"], cache: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The nats of each window, and at how many places the likeliest id is still the same."""
    nats, choice = read_windows(model, rows, cache)
    return {"nats": numbers(nats), "same choice": round((choice == likeliest).double().mean().item(), 4)}


def first_block(model: CausalLM, new: dict[str, Tensor], inputs: dict[str, Inputs]) -> dict[str, float]:
    """How much the outputs of the first block's matrices change, for inputs seen or unseen."""
    parts = {name: layer.weight for name, layer in matrices(model).items() if name.startswith("0.")}
    off = {name: output_error(weight, new[name], inputs[name].moment) for name, weight in parts.items()}
    return {name: float(f"{error:.3g}") for name, error in off.items()}


@torch.no_grad()
def tried(
    model: CausalLM, tokenizer: PretrainedTokenizer, name: str, likeliest: Int[Tensor, "N T"],
    inputs: dict[str, Inputs], unseen: dict[str, Inputs],
) -> dict[str, Any]:  # fmt: skip
    """One of ``WAYS``: bits a number, the first block's outputs, ``measured``, and some answers."""
    how, scheme = WAYS[name]
    new = rounded_matrices(model, how, scheme, inputs)
    off = {"seen": first_block(model, new, inputs), "unseen": first_block(model, new, unseen)}
    bits = quantise(matrices(model)["0.attention.w_o"].weight, scheme).bits
    with replaced(model, new):
        said = {"answers": answers(model, tokenizer)} if name in ANSWERED else {}
        return {"bits": bits, "first block": off, **measured(model, held_out(tokenizer), likeliest), **said}


def fewer_bits(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "fewer-bits"."""
    model, tokenizer = load_smollm2()
    rows = held_out(tokenizer)
    looked = looked_at(tokenizer)[:, :-1]
    inputs = read_inputs(model, looked)
    a_quarter = read_inputs(model, looked[::4])
    unseen = read_inputs(model, rows[:, :-1])
    nats, likeliest = read_windows(model, rows)
    weights = {
        name: tried(model, tokenizer, name, likeliest, a_quarter if A_QUARTER in name else inputs, unseen)
        for name in WAYS
    }
    return {
        "file": {"nats": numbers(nats), "answers": answers(model, tokenizer)},
        "weights": weights,
        "cache": {name: measured(model, rows, likeliest, cache) for name, cache in CACHES.items()},
    }


def numbers(nats: Float[Tensor, " N"]) -> list[float]:
    return [round(x, 4) for x in nats.tolist()]

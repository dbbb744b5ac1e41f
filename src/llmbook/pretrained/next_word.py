r"""What a model that says the next word knows, and what it writes: the run of page 3.6, with the stored GPT.

    p(w | left, right) ∝ p(w | left) · p(right | left, w),   for every w of the vocabulary

is the chain rule, read from the other side. Three more parts: held-out speeches in nats and bits, against counted
n-grams and programs that compress; what the end of a text costs behind words of the model's own; and texts written in
many ways, measured as by Holtzman et al. (2020) and McCoy et al., *How Much Do Language Models Copy From Their Training
Data?* (2023). Sizes: ``N`` texts, ``T`` ids of a window. Left out: what readers think of the texts.
"""

import lzma
import math
import re
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from llmbook.data.parts import Part
from llmbook.data.speech import speeches
from llmbook.inference.generation import generate
from llmbook.inference.search import beam_search
from llmbook.models.gpt import GPT
from llmbook.pretrained.ngrams import KneserNey, number
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.speech_gpt import GPT_SPEECHES, N_VOCAB, in_pairs, joined, speech_pairs

SINCE = 1945  # the speeches that are asked about
SEEDS = 5
TEXTS = 64  # of a way and a seed
PROMPT = 32  # ids of a window that are given
ORDERS = (1, 2, 3, 6)  # of the n-grams; the longest is the best on the part dev
FRESH = 32  # new ids of a window that overlaps the last one
RIGHT = 8  # ids behind a gap
GAPS = 40
MIDDLE, END = 48, 24  # ids exchanged, and asked for behind them
BASE = 1_000_003  # of word n-grams as numbers; they may wrap around
WINDOW = 2**15  # bytes, the farthest that deflate looks back
WAYS: dict[str, dict[str, float]] = {
    "greedy": {"temperature": 0},
    "four beams": {},
    "greedy, penalty 1.2": {"temperature": 0, "repetition": 1.2},
    "τ = 0.5": {"temperature": 0.5},
    "τ = 0.7": {"temperature": 0.7},
    "τ = 1": {"temperature": 1},
    "τ = 1.3": {"temperature": 1.3},
    "k = 10": {"top_k": 10},
    "k = 40": {"top_k": 40},
    "p = 0.7": {"top_p": 0.7},
    "p = 0.8": {"top_p": 0.8},
    "p = 0.95": {"top_p": 0.95},
    "min-p = 0.1": {"min_p": 0.1},
    "τ = 1.3, min-p = 0.1": {"temperature": 1.3, "min_p": 0.1},
}
Rows = Int[Tensor, "N T"]


def windows(n: int, seed: int, part: Part = "dev") -> Rows:
    """Pieces of held-out speeches as long as the model reads, from places drawn by lot."""
    ids = in_pairs(part, SINCE).ids
    starts = torch.randint(len(ids) - 128, (n, 1), generator=Generator().manual_seed(seed))
    return ids[starts + torch.arange(128)]


@torch.no_grad()
def losses(model: GPT, rows: Rows) -> Float[Tensor, "N T-1"]:
    """Nats of each id but the first."""
    return F.cross_entropy(model(rows[:, :-1]).transpose(1, 2), rows[:, 1:], reduction="none")


# --- the other side --------------------------------------------------------------------------------------------


@torch.no_grad()
def both_sides(
    model: GPT, left: Int[Tensor, " L"], right: Int[Tensor, " R"]
) -> tuple[Float[Tensor, " n_vocab"], Float[Tensor, " n_vocab"]]:
    """log p(w | left), and log p(w | left, right), of every id w."""
    cache = model.new_cache(1, len(left) + 1 + len(right))
    before = model(left[None], cache)[0, -1].log_softmax(dim=-1)
    cache.reorder(torch.zeros(len(before), dtype=torch.long))  # the same beginning for every w
    tried = torch.cat([torch.arange(len(before))[:, None], right.expand(len(before), -1)], dim=1)  # (n_vocab, 1 + R)
    after = model(tried[:, :-1], cache).log_softmax(dim=-1).gather(-1, tried[:, 1:, None])[..., 0].sum(dim=1)
    return before, (before + after).log_softmax(dim=-1)


def sides(model: GPT, seed: int) -> dict[str, list[float]]:
    """Nats and share right over gaps: with the left side, with both, and with another text's right side."""
    rows = windows(GAPS, seed)
    left, truth, right = rows[:, :64], rows[:, 64], rows[:, 65 : 65 + RIGHT]
    found: dict[str, list[Tensor]] = {"left": [], "both": [], "wrong right side": []}
    for i in range(GAPS):
        for name, behind in (("both", right[i]), ("wrong right side", right[i - 1])):
            before, log_p = both_sides(model, left[i], behind)
            found[name].append(log_p)
        found["left"].append(before)
    stacked = {name: torch.stack(log_p) for name, log_p in found.items()}  # (GAPS, n_vocab)
    return {
        name: [round(F.nll_loss(p, truth).item(), 3), share(p.argmax(dim=-1) == truth)] for name, p in stacked.items()
    }


def share(found: Tensor) -> float:
    return round(found.double().mean().item(), 4)


# --- held-out speeches, in nats and bits -----------------------------------------------------------------------


def read_along(model: GPT, ids: Int[Tensor, " n"], fresh: int) -> Float[Tensor, " m"]:
    """log p of each id but the first, read in windows of which only the last ``fresh`` places are new."""
    T = model.max_len
    found = [losses(model, ids[None, : T + 1])]
    later = ids[fresh:].unfold(0, T + 1, fresh)
    found += [losses(model, rows)[:, -fresh:] for rows in later.split(64)]
    return -torch.cat([nats.flatten() for nats in found]).double()


def yardsticks(model: GPT) -> dict[str, Any]:
    """Of each speech its sizes and the nats of each model; of all the bits for compressors; and how many n-grams."""
    counted = {order: KneserNey(in_pairs("train").ids, N_VOCAB, order) for order in ORDERS}
    start = max(ORDERS) - 1  # what all of them can say something of, and up to the last full window
    rows: list[dict[str, Any]] = []
    for speech in speeches(since=SINCE, part="test"):
        ids = torch.tensor(speech_pairs().encode(joined([speech])))
        plain, overlapping = (read_along(model, ids, fresh)[start - 1 :] for fresh in (model.max_len, FRESH))
        n = min(len(plain), len(overlapping))
        log_p = {
            f"n = {order}": known.probabilities(ids)[start - order + 1 :].log() for order, known in counted.items()
        }
        log_p |= {"GPT": plain, "GPT, overlapping": overlapping}
        pair = torch.stack([log_p[f"n = {start + 1}"][:n], overlapping[:n]])
        log_p["both, half each"] = pair.logsumexp(dim=0) - math.log(2)
        text = speech_pairs().decode(ids[start : start + n].tolist())
        sizes = {"year": speech.year, "tokens": n, "characters": len(text), "bytes": len(text.encode())}
        rows.append({**sizes, **{name: round(-p[:n].sum().item(), 1) for name, p in log_p.items()}})
    n_grams = sum(len(known.grams) for known in counted[max(ORDERS)].lengths)
    return {"speeches": rows, "bits": squeezed(), "n-grams": n_grams}


def squeezed() -> dict[str, int]:
    """Bits of all test speeches, alone and behind what may be looked back at; of xz the difference the text makes."""
    text = joined(speeches(since=SINCE, part="test")).encode()
    before = joined(speeches(part="train")).encode()
    alone = zlib.compressobj(9, wbits=-15)
    behind = zlib.compressobj(9, wbits=-15, zdict=before[-WINDOW:])
    sizes = {
        "gzip": len(alone.compress(text) + alone.flush()),
        "gzip, after training text": len(behind.compress(text) + behind.flush()),
        "xz": len(xz(text)),
        "xz, after training text": len(xz(before + text)) - len(xz(before)),
    }
    return {"bytes": len(text), **{name: 8 * size for name, size in sizes.items()}}


def xz(text: bytes) -> bytes:
    """With a dictionary as large as all the text, and without a header."""
    settings = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2**26}]
    return lzma.compress(text, format=lzma.FORMAT_RAW, filters=settings)


# --- after words of its own ------------------------------------------------------------------------------------


def exposure(model: GPT, seed: int) -> dict[str, list[float]]:
    """Nats of the end of a text, in blocks of eight, where what stands before is true, its own, or another text's."""
    rows = windows(2 * TEXTS, seed)
    start = rows[:, : -MIDDLE - END]
    end = rows[:, -END:]
    own = generate(model, start, MIDDLE, temperature=1.0, generator=Generator().manual_seed(seed))
    before = {
        "true": rows[:, :-END],
        "own": own,
        "another text's": torch.cat([start, rows.roll(1, 0)[:, -MIDDLE - END : -END]], 1),
    }
    found = {name: losses(model, torch.cat([text, end], dim=1))[:, -END:] for name, text in before.items()}
    return {name: blocks(loss, 8) for name, loss in found.items()}


def blocks(loss: Float[Tensor, "N T"], size: int) -> list[float]:
    return [round(block.mean().item(), 3) for block in loss.split(size, dim=1)]


# --- texts, written in many ways -------------------------------------------------------------------------------


def write(model: GPT, way: str, prompts: Rows, seed: int) -> Int[Tensor, "N _"]:
    """The prompts, continued in one of ``WAYS`` to the length of a window."""
    most = 128 - prompts.shape[1]
    if way == "four beams":
        return torch.stack([beams(model, prompt, most) for prompt in prompts])
    settings: dict[str, Any] = {"temperature": 1.0, **WAYS[way]}
    return generate(model, prompts, most, generator=Generator().manual_seed(seed), **settings)


def beams(model: GPT, prompt: Int[Tensor, " T"], most: int) -> Int[Tensor, " _"]:
    """The likeliest text that four beams find; nothing ends it."""
    kept = model.new_cache(1)

    def next_logits(prefixes: Rows) -> Float[Tensor, "N n_vocab"]:
        return model(prefixes[:, kept.length :], kept)[:, -1]

    found = beam_search(next_logits, prompt, beams=4, max_new=most, eos=-1, reorder=kept.reorder)
    return torch.tensor(found[0].ids)


@cache
def word_ids() -> dict[str, int]:
    return {}


def words_of(text: str) -> Int[Tensor, " n"]:
    """Its words as numbers, the same for the same word."""
    known = word_ids()
    return torch.tensor([known.setdefault(word, len(known)) for word in re.findall(r"[^\W\d_]+", text.lower())])


@cache
def read_words() -> tuple[Tensor, dict[int, Tensor]]:
    """The words of all speeches but the part dev, and the n-grams of words of the training speeches."""
    train, test = (words_of(joined(speeches(part=part))) for part in ("train", "test"))
    return torch.cat([train, test]).unique(), {n: number(train, BASE, n).unique() for n in (4, 6, 8)}


def measure(model: GPT, rows: Rows) -> dict[str, Any]:
    """Of what stands behind the prompts: the model's own nats, words that no speech has, repeats, copies."""
    known, read = read_words()
    loss = losses(model, rows)[:, PROMPT - 1 :]
    texts = [words_of(speech_pairs().decode(row[PROMPT:].tolist()))[1:-1] for row in rows]  # whole words
    fours = [number(text, BASE, 4) for text in texts]
    return {
        "nats": round(loss.mean().item(), 3),
        "along": blocks(loss, 12),
        "invented": share(~torch.isin(torch.cat(texts), known)),
        "repeated": round(1 - sum(len(four.unique()) for four in fours) / sum(map(len, fours)), 4),
        "copied": [share(torch.isin(torch.cat([number(text, BASE, n) for text in texts]), read[n])) for n in read],
    }


def written(model: GPT, way: str, seed: int) -> dict[str, Any]:
    """``measure`` of the texts of one way and seed, or of people's own continuations."""
    rows = windows(TEXTS, seed)
    return measure(model, rows if way == "people" else write(model, way, rows[:, :PROMPT], seed))


def next_word(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "next-word"."""
    model = model_of(GPT_SPEECHES)
    assert isinstance(model, GPT)
    return {
        "sides": [sides(model, seed) for seed in range(SEEDS)],
        "yardsticks": yardsticks(model),
        "exposure": [exposure(model, seed) for seed in range(SEEDS)],
        "texts": {way: [written(model, way, seed) for seed in range(SEEDS)] for way in ("people", *WAYS)},
    }

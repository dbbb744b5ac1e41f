r"""Choosing the next word, again and again: greedily, by lot, or along several paths at once.

    temperature   p ∝ exp(logits / τ)
    top-k         only the k likeliest
    top-p         only the likeliest that together first reach probability p
    beam search   keep the N prefixes with the largest Σ log p; of the finished, take the largest  Σ log p / length^α

Sources: Holtzman et al., *The Curious Case of Neural Text Degeneration* (2020), section 3.1 (top-p); Fan et al.,
*Hierarchical Neural Story Generation* (2018), section 5 (top-k). The length penalty is the one ``transformers`` uses;
Wu et al., *Google's Neural Machine Translation System* (2016), eq. 14 has (5 + length)^α / 6^α in its place.

Sizes: ``N`` sequences, ``T`` positions, ``V`` vocabulary. Left out: penalties for repetition, speculative decoding.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from llmbook.decoder import LanguageModel


def choose(
    logits: Float[Tensor, "N V"],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: Generator | None = None,
) -> Int[Tensor, " N"]:
    """One id for each row: the likeliest at temperature 0, else drawn. Raises ``ValueError`` as ``restrict`` does."""
    kept = restrict(logits, temperature=temperature or 1.0, top_k=top_k, top_p=top_p)
    if temperature == 0:
        return kept.argmax(dim=-1)
    return torch.multinomial(kept.softmax(dim=-1), 1, generator=generator)[:, 0]


def restrict(
    logits: Float[Tensor, "N V"], *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0
) -> Float[Tensor, "N V"]:
    """Logits over the temperature, -∞ for what top-k and then top-p shut out; the likeliest always stays.

    Raises ``ValueError`` for a temperature not above 0, a top-k below 1 and a top-p outside (0, 1].
    """
    if not temperature > 0:
        raise ValueError(f"the temperature must be above 0 (0 alone means greedy), got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], got {top_p}")
    logits = logits / temperature
    if top_k is not None and top_k < logits.shape[-1]:
        least = logits.topk(top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    if top_p < 1:
        ordered, order = logits.sort(dim=-1, descending=True)
        p = ordered.to(torch.promote_types(ordered.dtype, torch.float32)).softmax(dim=-1)  # sums need the bits
        beyond = p.cumsum(dim=-1) - p >= top_p  # what comes before this one is enough
        logits = logits.masked_fill(torch.zeros_like(beyond).scatter(-1, order, beyond), -torch.inf)
    return logits


@torch.no_grad()
def generate(
    model: LanguageModel,
    ids: Int[Tensor, "N T"],
    max_new: int,
    *,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    eos: int | None = None,
    generator: Generator | None = None,
    use_cache: bool = True,
    step: Callable[..., Tensor] | None = None,
) -> Int[Tensor, "N _"]:
    """The ids with up to ``max_new`` more; a row that has said ``eos`` says only ``eos`` from there on.

    ``step`` stands in for ``model`` after the prompt, where each call reads one id and the cache: a compiled copy, say.

    Raises ``ValueError`` for an empty prompt, a text that would outgrow ``max_len``, and as ``restrict`` does.
    """
    if ids.ndim != 2 or ids.shape[1] < 1 or max_new < 0:
        raise ValueError(f"ids (N, T) with T >= 1 and max_new >= 0 are needed, got {tuple(ids.shape)} and {max_new}")
    if ids.shape[1] + max_new > model.max_len:
        raise ValueError(f"{ids.shape[1]} ids and {max_new} new ones do not fit max_len={model.max_len}")
    cache = model.new_cache(len(ids), ids.shape[1] + max_new) if use_cache else None
    done = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    new, behind = ids, step if use_cache and step is not None else model
    for _ in range(max_new):
        forward = model if new is ids else behind
        logits = forward(new if use_cache else ids, cache)[:, -1]
        chosen = choose(logits, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator)
        if eos is not None:
            chosen = chosen.masked_fill(done, eos)
            done |= chosen == eos
        new = chosen[:, None]
        ids = torch.cat([ids, new], dim=1)
        if done.all():
            break
    return ids


@torch.no_grad()
def beam_search(
    next_logits: Callable[[Int[Tensor, "N T"]], Float[Tensor, "N V"]],
    start: Int[Tensor, " T"],
    *,
    beams: int,
    max_new: int,
    eos: int,
    length_penalty: float = 1.0,
    reorder: Callable[[Int[Tensor, " N"]], None] = lambda rows: None,
) -> list[tuple[float, list[int]]]:
    """The best continuations of one prompt, best first, each with its score: Σ log p / (number of new ids)^α.

    ``next_logits`` maps prefixes to the logits of what follows: a decoder-only model, or a decoder with its memory. One
    with a cache gives ``KVCache.reorder``, which is called with the numbers of the prefixes that are kept. A
    continuation ends with ``eos``; those still open after ``max_new`` ids take part as they are. The search stops, as
    in ``transformers``, when no open prefix beats the worst of ``beams`` finished ones at its present length. Raises
    ``ValueError`` for ``beams`` or ``max_new`` below 1 and for an empty prompt.
    """
    if beams < 1 or max_new < 1:
        raise ValueError(f"beam search needs beams >= 1 and max_new >= 1, got {beams} and {max_new}")
    if start.ndim != 1 or not len(start):
        raise ValueError(f"beam search goes on from the ids of one prompt, (T,) with T >= 1; got {tuple(start.shape)}")
    prefixes, sums, finished = start[None], torch.zeros(1, device=start.device), []
    for length in range(1, max_new + 1):
        logs = next_logits(prefixes).log_softmax(dim=-1)  # (N, V)
        V = logs.shape[-1]
        totals, flat = (sums[:, None] + logs).flatten().topk(min(2 * beams, len(prefixes) * V))
        rows, words = flat // V, flat % V
        # An ``eos`` among the best ``beams`` finishes a text; one further down is dropped.
        for total, row, word in zip(totals[:beams].tolist(), rows.tolist(), words.tolist(), strict=False):
            if word == eos:
                finished.append((total / length**length_penalty, [*prefixes[row].tolist(), eos]))
        open_ = (words != eos).nonzero()[:beams, 0]
        prefixes, sums = torch.cat([prefixes[rows[open_]], words[open_, None]], dim=1), totals[open_]
        reorder(rows[open_])
        finished = sorted(finished, key=lambda scored: -scored[0])[:beams]
        if len(finished) == beams and sums.max().item() / length**length_penalty <= finished[-1][0]:
            return finished
    unfinished = zip((sums / max_new**length_penalty).tolist(), prefixes.tolist(), strict=True)
    return sorted([*finished, *unfinished], key=lambda scored: -scored[0])[:beams]

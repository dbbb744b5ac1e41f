r"""Choosing one next token: the likeliest, or by lot among the likely ones.

    temperature   p ∝ exp(logits / τ)
    top-k         only the k likeliest, and those as likely as the k-th
    top-p         only the likeliest that together first reach probability p; of equals those with the smaller ids
    min-p         only those at least p times as likely as the likeliest
    repetition    before all this, logits of ids already said over θ, or times θ where they are below 0

Sources: Holtzman et al., *The Curious Case of Neural Text Degeneration* (2020), section 3.1 (top-p); Fan et al.,
*Hierarchical Neural Story Generation* (2018), section 5 (top-k); Nguyen et al., *Turning Up the Heat* (2024), min-p;
Keskar et al., *CTRL* (2019), repetition: its program divides negative logits too, which makes them likelier;
``transformers`` multiplies them. Sizes: ``N`` sequences, ``T`` ids of a text, ``n_vocab`` vocabulary. Left out:
penalties for longer phrases.
"""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

Logits = Float[Tensor, "N n_vocab"]


def sample_next_token(
    logits: Logits,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    min_p: float = 0.0,
    generator: Generator | None = None,
) -> Int[Tensor, " N"]:
    """One id for each row: the likeliest at temperature 0, else drawn; ``ValueError`` as ``filter_logits`` raises."""
    # The likeliest at 0, in single precision at least: a tiny temperature then sends the others to -∞, and none to +∞
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    logits = logits - logits.amax(dim=-1, keepdim=True)
    filtered = filter_logits(logits, temperature=temperature or 1.0, top_k=top_k, top_p=top_p, min_p=min_p)
    if temperature == 0:
        return filtered.argmax(dim=-1)
    return torch.multinomial(filtered.softmax(dim=-1), 1, generator=generator)[:, 0]


def filter_logits(
    logits: Logits, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0, min_p: float = 0.0
) -> Logits:
    """Logits over the temperature, -∞ for what top-k, then top-p, then min-p shut out; the likeliest always stays.

    Raises ``ValueError`` for a temperature not above 0, a top-k below 1, a top-p outside (0, 1] and a min-p outside
    [0, 1].
    """
    if not temperature > 0:
        raise ValueError(f"the temperature must be above 0 (0 alone means greedy), got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], got {top_p}")
    if not 0 <= min_p <= 1:
        raise ValueError(f"min_p must lie in [0, 1], got {min_p}")

    limits = torch.finfo(torch.promote_types(logits.dtype, torch.float32))  # what a temperature becomes inside PyTorch
    temperature = min(max(temperature, limits.tiny), limits.max)
    likeliest = logits.amax(dim=-1, keepdim=True)  # (N, 1)
    too_large = (likeliest / temperature).isinf() & likeliest.isfinite()
    logits = torch.where(too_large, logits - likeliest, logits) / temperature  # the likeliest at 0, where ∞ would be
    if top_k is not None and top_k < logits.shape[-1]:
        logits = keep_top_k(logits, top_k)
    if top_p < 1:
        logits = keep_top_p(logits, top_p)
    if min_p > 0:
        logits = keep_min_p(logits, min_p)
    return logits


def keep_top_k(logits: Logits, k: int) -> Logits:
    """-∞ for what is less likely than the k-th; of equals none is shut out."""
    smallest = logits.topk(k, dim=-1).values[:, -1:]  # (N, 1)
    return logits.masked_fill(logits < smallest, -torch.inf)


def keep_top_p(logits: Logits, top_p: float) -> Logits:
    """-∞ for what comes after likelier ones that already have ``top_p`` together."""
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    p = ordered.to(torch.promote_types(ordered.dtype, torch.float32)).softmax(dim=-1)  # sums need the bits
    before = p.cumsum(dim=-1) - p  # what the likelier ones have together
    shut_out = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= top_p)
    return logits.masked_fill(shut_out, -torch.inf)


def keep_min_p(logits: Logits, min_p: float) -> Logits:
    """-∞ for what is less than ``min_p`` times as likely as the likeliest."""
    p = logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(dim=-1)
    return logits.masked_fill(p < min_p * p.amax(dim=-1, keepdim=True), -torch.inf)


def penalise_repetition(logits: Logits, ids: Int[Tensor, "N T"], penalty: float) -> Logits:
    """Logits of ids already in the text over the penalty, or times it where they are below 0.

    Above 1 they become less likely, below 1 likelier. Raises ``ValueError`` for a penalty not above 0.
    """
    if not penalty > 0:
        raise ValueError(f"the penalty for repetition must be above 0, got {penalty}")
    said = logits.gather(-1, ids)
    return logits.scatter(-1, ids, torch.where(said > 0, said / penalty, said * penalty))

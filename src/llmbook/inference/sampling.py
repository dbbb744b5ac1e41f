r"""Choosing one next token: the likeliest, or by lot among the likely ones.

    temperature   p ∝ exp(logits / τ)
    top-k         only the k likeliest, and those as likely as the k-th
    top-p         only the likeliest that together first reach probability p; of equals those with the smaller ids

Sources: Holtzman et al., *The Curious Case of Neural Text Degeneration* (2020), section 3.1 (top-p); Fan et al.,
*Hierarchical Neural Story Generation* (2018), section 5 (top-k). Sizes: ``N`` sequences, ``n_vocab`` vocabulary.
Left out: penalties for repetition.
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
    generator: Generator | None = None,
) -> Int[Tensor, " N"]:
    """One id for each row: the likeliest at temperature 0, else drawn; ``ValueError`` as ``filter_logits`` raises."""
    # The likeliest at 0, in single precision at least: a tiny temperature then sends the others to -∞, and none to +∞
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    logits = logits - logits.amax(dim=-1, keepdim=True)
    filtered = filter_logits(logits, temperature=temperature or 1.0, top_k=top_k, top_p=top_p)
    if temperature == 0:
        return filtered.argmax(dim=-1)
    return torch.multinomial(filtered.softmax(dim=-1), 1, generator=generator)[:, 0]


def filter_logits(logits: Logits, *, temperature: float = 1.0, top_k: int | None = None, top_p: float = 1.0) -> Logits:
    """Logits over the temperature, -∞ for what top-k and then top-p shut out; the likeliest always stays.

    Raises ``ValueError`` for a temperature not above 0, a top-k below 1 and a top-p outside (0, 1].
    """
    if not temperature > 0:
        raise ValueError(f"the temperature must be above 0 (0 alone means greedy), got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], got {top_p}")

    limits = torch.finfo(torch.promote_types(logits.dtype, torch.float32))  # what a temperature becomes inside PyTorch
    temperature = min(max(temperature, limits.tiny), limits.max)
    likeliest = logits.amax(dim=-1, keepdim=True)  # (N, 1)
    too_large = (likeliest / temperature).isinf() & likeliest.isfinite()
    logits = torch.where(too_large, logits - likeliest, logits) / temperature  # the likeliest at 0, where ∞ would be
    if top_k is not None and top_k < logits.shape[-1]:
        logits = keep_top_k(logits, top_k)
    if top_p < 1:
        logits = keep_top_p(logits, top_p)
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

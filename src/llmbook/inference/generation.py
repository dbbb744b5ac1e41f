"""Writing: choose the next token, add it to the text, and read on, behind a cache of what was read before.

Sizes: ``N`` sequences, ``T`` positions of the prompt. Left out: speculative decoding.
"""

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from llmbook.inference.sampling import penalise_repeats, sample_next_token
from llmbook.models.causal_lm import CausalLM
from llmbook.nn.masks import can_be_read

LOOK_EVERY = 16  # tokens between two looks at whether all have ended, where a look makes a graphics card wait


@torch.no_grad()
def generate(
    model: CausalLM,
    ids: Int[Tensor, "N T"],
    max_new: int,
    *,
    lengths: Int[Tensor, " N"] | None = None,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    min_p: float = 0.0,
    penalty: float = 1.0,
    eos: int | None = None,
    generator: Generator | None = None,
    use_cache: bool = True,
    step: Callable[..., Tensor] | None = None,
) -> Int[Tensor, "N _"]:
    """The ids with up to ``max_new`` more; a row that has said ``eos`` says only ``eos`` from there on.

    Prompts of unequal length are padded behind (see ``data.pad``), with their ``lengths``: each row goes on right
    behind its own prompt, over its padding. All stop at T + ``max_new``, so a shorter prompt is continued further.
    Padding in front cannot be told from a prompt, and is read as one.

    The model runs in the mode it is in: ``model.eval()`` first, unless its dropout is wanted.

    ``penalty``, above 1, makes what a row holds already less likely, its prompt included (``penalise_repeats``).

    ``step`` stands in for ``model`` after the prompt, where each call reads one id and the cache: a compiled copy, say.

    Raises ``ValueError`` for an empty batch or prompt, a text longer than ``max_len``, and as ``filter_logits`` and
    ``penalise_repeats`` do.
    """
    if ids.ndim != 2 or min(ids.shape) < 1 or max_new < 0:
        raise ValueError(f"ids (N, T) with N, T >= 1 and max_new >= 0 are needed, got {tuple(ids.shape)} and {max_new}")
    N, T = ids.shape
    if T + max_new > model.max_len:
        raise ValueError(f"{T} ids and {max_new} new ones do not fit max_len={model.max_len}")
    if lengths is not None and not (lengths.shape == (N,) and bool(((1 <= lengths) & (lengths <= T)).all())):
        raise ValueError(f"lengths must be {N} numbers in 1..{T}, one for each prompt; got {lengths.tolist()}")

    read = T if lengths is None else int(lengths.min())
    lengths = ids.new_full((N,), T) if lengths is None else lengths
    prompts = ids
    ids = prompts[:, :read]
    cache = model.new_cache(N, T + max_new) if use_cache else None
    ended = torch.zeros(N, dtype=torch.bool, device=ids.device)
    unread = ids
    forward = model
    for end in range(read + 1, T + max_new + 1):
        # Read what the cache does not hold yet, or else everything
        logits = forward(ids if cache is None else unread, cache)[:, -1]  # (N, n_vocab)

        # Choose, and append; within a row's own prompt its next id is known
        if penalty != 1:
            logits = penalise_repeats(logits, ids, penalty)
        token = sample_next_token(
            logits, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, generator=generator
        )
        given = lengths >= end
        token = torch.where(given, prompts[:, min(end, T) - 1], token)
        if eos is not None:
            token = token.masked_fill(ended, eos)
            ended = ended | (token == eos) & ~given
        unread = token[:, None]
        ids = torch.cat([ids, unread], dim=1)

        if eos is not None and (can_be_read(ended) or (end - T) % LOOK_EVERY == 0) and ended.all():
            break
        if cache is not None and step is not None:
            forward = step
    return ids if eos is None else cut_behind_ends(ids, T, eos)


def cut_behind_ends(ids: Int[Tensor, "N _"], T: int, eos: int) -> Int[Tensor, "N _"]:
    """The ids without columns in which every row has already ended, behind a prompt of T."""
    going_on = (ids[:, T:] != eos).cumprod(dim=1).sum(dim=1)  # (N,) how many new ids stand before a row's first eos
    return ids[:, : T + int(going_on.max()) + 1]

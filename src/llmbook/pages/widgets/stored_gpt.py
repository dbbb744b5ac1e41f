"""A stored GPT as a widget reads with it: its tokens, its window, what it pays for a text, and where its heads look.

The twins on the page are ``web/src/play/reader.ts`` and ``web/src/play/surprises.ts``. Sizes as in ``attention``;
``L`` layers.
"""

import math
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import torch
from jaxtyping import Float
from torch import Tensor

from llmbook.pages.widgets.stored_widget import stored_model, tokenizer_of

if TYPE_CHECKING:
    from llmbook.models.causal_lm import CausalLM


@cache
def pieces(name: str) -> list[str]:
    """What each id is shown as; bytes that are no text are \\x.. each."""
    tokenizer = tokenizer_of(name)
    shown: list[str] = []
    for i in range(len(tokenizer)):
        piece = tokenizer.decode([i])
        broken = "\ufffd" in piece and hasattr(tokenizer, "vocab")
        shown.append("".join(f"\\x{byte:02x}" for byte in tokenizer.vocab[i]) if broken else piece)
    return shown


def window_start(n: int, most: int) -> int:
    """Where the model begins to read n ids, of which it can read ``most``."""
    half = most // 2
    return 0 if n <= most else math.ceil((n - most) / half) * half


@torch.no_grad()
def nats(model: "CausalLM", ids: list[int]) -> list[float]:
    """Of each id but the first, -log p given those before it from where the window of a text that ends there begins."""
    found: list[float] = []
    while len(found) + 1 < len(ids):
        end = len(found) + 1
        start = window_start(end, model.max_len)
        log_p = model(torch.tensor([ids[start : start + model.max_len]]))[0].double().log_softmax(-1)
        targets = ids[end : start + model.max_len + 1]
        found += [-log_p[end - start - 1 + t, i].item() for t, i in enumerate(targets)]
    return found


@contextmanager
def until_done(hooks: list[Any]) -> Generator[None]:
    """These hooks last as long as the ``with`` block."""
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def looks(model: "CausalLM", ids: list[int]) -> Float[Tensor, "L H T"]:
    """Of each layer and head the last id's weights, over all ids. Left out: heads that share keys, rotary positions."""
    from llmbook.nn.attention import attention_weights

    read: list[Any] = []  # what each layer's attention reads
    layers = [cast("Any", block).attention for block in model.blocks]
    hooks = [layer.register_forward_pre_hook(lambda _, x: read.append(x[0])) for layer in layers]
    with until_done(hooks):
        model(torch.tensor([ids]))
    heads = [layer.split_heads(x) for layer, x in zip(layers, read, strict=True)]
    return torch.stack([attention_weights(q[0, :, -1:], k[0])[:, 0] for q, k, _ in heads])


@cache
def sizes_of(name: str) -> dict[str, int]:
    config = stored_model(name).config
    return {"layers": config.n_layers, "heads": config.n_heads}

"""The weights of attention on request: layers run as they always do, and meanwhile what they look at is written down.

    with record_attention(*[layer.cross_attention for layer in transformer.decoder.layers]) as recorded:
        logits = transformer(src, tgt)
    recorded[0]  # (B, H, T, S), of the first layer

An encoder's layers have ``self_attention`` (B, H, S, S), a decoder's ``cross_attention`` as well; the encoder of a BERT
is ``bert.encoder``. What is recorded are the weights before dropout, with their graph unless gradients are off.

A hook is a function that PyTorch calls before or after a module's ``forward``. Two of them suffice: the one before asks
the layer for its weights, the one after takes them off the result, so that whoever called the layer notices nothing.
Left out: layers that cannot return their weights (see ``grouped_attention``).
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.attention import MultiHeadAttention


@contextmanager
def record_attention(*layers: MultiHeadAttention) -> Generator[list[Float[Tensor, "B H T S"]], None, None]:
    """A list that receives the weights of these layers, in the order in which they run inside the ``with`` block.

    While it lasts, the layers compute their weights themselves instead of leaving them to the fused kernel.
    """
    recorded: list[Tensor] = []
    asked_by_caller: list[bool] = []

    def ask_for_weights(
        layer: nn.Module, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        asked_by_caller.append(options.get("return_weights", False))
        return arguments, {**options, "return_weights": True}

    def take_weights(
        layer: nn.Module, arguments: tuple[Any, ...], result: tuple[Tensor, Tensor]
    ) -> Tensor | tuple[Tensor, Tensor]:
        out, weights = result
        recorded.append(weights)
        return result if asked_by_caller.pop() else out

    with ExitStack() as hooks:
        for layer in layers:
            hooks.enter_context(layer.register_forward_pre_hook(ask_for_weights, with_kwargs=True))
            # Before the hooks of a block around this one, which asked first and so must take last.
            hooks.enter_context(layer.register_forward_hook(take_weights, prepend=True))
        yield recorded

"""Shared by the tests of training: a small model with dropout or without, a text to learn, and a run of ``fit``."""

from collections.abc import Callable

import torch
from reference import ids_of
from torch import Tensor, nn

from llmbook.models import CausalLM, CausalLMConfig
from llmbook.training import TrainConfig, fit, shift, word_loss

V = 13
LONG = 7
TEXT = ids_of(V, 40, LONG)


def model(dropout: float = 0.0) -> CausalLM:
    torch.manual_seed(1)
    sizes = {"vocab": V, "d_model": 12, "n_heads": 3, "n_layers": 1, "d_ff": 17, "max_len": LONG}
    return CausalLM(CausalLMConfig(**sizes, dropout=dropout))


def loss_of(net: nn.Module) -> Callable[[Tensor], Tensor]:
    def loss(rows: Tensor) -> Tensor:
        inputs, targets = shift(TEXT[rows])
        return word_loss(net(inputs), targets)

    return loss


def train(net: CausalLM, config: TrainConfig, **options: object) -> list[float]:
    return fit(net, loss_of(net), len(TEXT), config, **options)


def states_equal(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))

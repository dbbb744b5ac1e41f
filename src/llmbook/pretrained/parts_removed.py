r"""What breaks: a date translator with parts removed or changed, each variant trained alike (page 3.2).

    residuals removed   x ← Norm(Sublayer(x))       instead of   x ← Norm(x + Sublayer(x))
    a sub-layer removed x ← Norm(x)

All start from the library's Transformer with rotary positions; only what a variant names is another. The control is a
translator whose attention to the memory is cut, so that it knows no source at all. Source: Vaswani et al. (2017),
section 3.1; Xiong et al. (2020) for the two places of the norm. Left out: removing parts after training.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from llmbook.models.encoder_decoder import AddAndNorm, Transformer
from llmbook.pretrained.families import BOTH, RATE, SEEDS, WARMUP, Examples, task, write
from llmbook.training.loop import fit
from llmbook.training.schedule import TrainConfig

D, HEADS = 64, 4
STEPS = 200
HASTE = 4  # times the rate, and no warm-up
PARTS = ("residuals", "feed_forward", "self_attention", "cross_attention")


class Straight(nn.Module):
    """In place of an ``AddAndNorm``: no way around the sub-layer."""

    def __init__(self, around: AddAndNorm) -> None:
        super().__init__()
        self.around = around

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        if self.around.norm_first:
            return sublayer(self.around.norm(x))
        return self.around.norm(sublayer(x))


class Nothing(nn.Module):
    """In place of a sub-layer: adds nothing, whatever it is given."""

    def forward(self, x: Tensor, *_: Tensor, **__: object) -> Tensor:
        return torch.zeros_like(x)


def replace(model: nn.Module, kind: str, make: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """The model with every module whose name begins with ``kind`` made anew. ``ValueError`` where there is none."""
    children = [(parent, name) for parent in model.modules() for name, _ in parent.named_children()]
    found = [(parent, name) for parent, name in children if name.startswith(kind)]
    if not found:
        raise ValueError(f"the model has no part whose name begins with {kind!r}")
    for parent, name in found:
        setattr(parent, name, make(getattr(parent, name)))
    return model


def without(model: nn.Module, part: str) -> nn.Module:
    """The model without its residuals, feed_forward, self_attention or cross_attention, in place."""
    if part == "residuals":
        return replace(model, "around", lambda around: Straight(cast(AddAndNorm, around)))
    return replace(model, part, lambda _: Nothing())


def translator(
    seed: int,
    *,
    part: str = "",
    n_heads: int = HEADS,
    norm_first: bool = False,
) -> Transformer:
    """A Transformer for the dates of ``families``, without ``part``."""
    torch.manual_seed(seed)
    vocab = task("translate").vocab
    model = Transformer(
        vocab,
        vocab,
        d_model=D,
        n_heads=n_heads,
        n_layers=1,
        d_ff=2 * D,
        dropout=0.0,
        max_len=32,
        norm_first=norm_first,
        positions="rotary",
    )
    if part:
        without(model, part)
    return model


def train_translator(
    seed: int, *, steps: int = STEPS, rate: float = RATE, warmup: int = WARMUP, **changes: Any
) -> tuple[Transformer, list[float]]:
    """One variant after its training, and the loss (nats) of each step."""
    model = translator(seed, **changes)
    pairs = task("translate").train
    examples = Examples(BOTH, "translate", pairs, [0] * len(pairs))
    config = TrainConfig(steps=steps, batch=32, lr=rate, warmup=warmup, seed=seed)
    return model, fit(model, lambda rows: examples.loss(model, rows), len(pairs), config)


@torch.no_grad()
def quality(model: Transformer) -> list[float]:
    """The loss (nats a character) on unseen dates, and the share of them that is written exactly."""
    pairs = task("translate").test
    examples = Examples(BOTH, "translate", pairs, [0] * len(pairs))
    loss = examples.loss(model, torch.arange(len(pairs))).item()
    said = write(model, [source for source, _ in pairs], max(len(target) for _, target in pairs))
    exact = [row[: len(target)] == target for row, (_, target) in zip(said, pairs, strict=True)]
    return [round(loss, 4), round(sum(exact) / len(exact), 4)]


def measured(**changes: Any) -> list[list[float]]:
    """The quality of one variant with each seed."""
    return [quality(train_translator(seed, **changes)[0]) for seed in range(SEEDS)]


def parts_removed(*_: object) -> dict[str, Any]:
    """The run "parts-removed": the quality of each variant with each seed, and how the unchanged one begins."""
    hasty: dict[str, Any] = {"rate": HASTE * RATE, "warmup": 0}
    return {
        "first losses": [round(loss, 4) for loss in train_translator(0, steps=WARMUP)[1]],
        "unchanged": measured(),
        "pre-norm": measured(norm_first=True),
        "unchanged, hasty": measured(**hasty),
        "pre-norm, hasty": measured(norm_first=True, **hasty),
        "without": {part: measured(part=part) for part in PARTS},
        "heads": {str(n_heads): measured(n_heads=n_heads) for n_heads in (1, 2, 8, 16)},
    }

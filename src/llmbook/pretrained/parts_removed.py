r"""What breaks: a date translator with parts removed or changed, each variant trained alike (page 3.2).

    residuals removed   x ← Norm(Sublayer(x))       instead of   x ← Norm(x + Sublayer(x))
    norms removed       x ← x + Sublayer(x)
    a sub-layer removed x ← Norm(x)

All start from the library's Transformer with rotary positions; only what a variant names is another. The control is a
translator whose attention to the memory is cut, so that it knows no source at all. Source: Vaswani et al. (2017),
section 3.1; Xiong et al. (2020) for the two places of the norm. Left out: removing parts after training.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.models.encoder_decoder import AddAndNorm, Transformer
from llmbook.pretrained.families import PAD, Examples, task, write
from llmbook.training.loop import fit
from llmbook.training.schedule import TrainConfig

D, LAYERS, HEADS = 32, 2, 4
SEEDS = 3
STEPS = 400
RATE, WARMUP = 5e-3, 60
ASKED = 300  # dates


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
    """The model without its residuals, norms, feed_forward, self_attention or cross_attention, in place."""
    if part == "residuals":
        return replace(model, "around", lambda around: Straight(around))
    if part == "norms":
        return replace(model, "norm", lambda _: nn.Identity())
    return replace(model, part, lambda _: Nothing())


def translator(
    seed: int,
    *,
    part: str = "",
    n_heads: int = HEADS,
    n_layers: int = LAYERS,
    norm_first: bool = False,
    d_model: int = D,
) -> Transformer:
    """A Transformer for the dates of ``families``, without ``part``."""
    torch.manual_seed(seed)
    vocab = task("translate").vocab
    model = Transformer(
        vocab,
        vocab,
        d_model=d_model,
        n_heads=n_heads,
        n_layers=n_layers,
        d_ff=2 * d_model,
        dropout=0.0,
        max_len=32,
        norm_first=norm_first,
        positions="rotary",
    )
    if part:
        without(model, part)
    return model


def quality(seed: int, *, steps: int = STEPS, warmup: int = WARMUP, **changes: Any) -> list[float]:
    """Train one variant; its loss (nats) at the end and the share of unseen dates that it writes exactly."""
    model = translator(seed, **changes)
    dates = task("translate")
    examples = Examples("encoder–decoder", "translate", dates.train, [0] * len(dates.train))
    config = TrainConfig(steps=steps, batch=32, lr=RATE, warmup=warmup, seed=seed)
    losses = fit(model, lambda rows: examples.loss(model, rows), len(dates.train), config)

    asked = dates.test[:ASKED]
    with torch.no_grad():
        said = write(model, "encoder–decoder", [source for source, _ in asked], max(len(b) for _, b in asked))
    exact = sum(row[: len(target)] == target for row, (_, target) in zip(said, asked, strict=True)) / len(asked)
    return [round(sum(losses[-20:]) / 20, 4), round(exact, 3)]

r"""What happens in step t of a training run, computed from the configuration and t alone.

    η_t = η · t/w for t < w,  then  η · (f + (1-f) · (1 + cos(π (t-w)/(n-w)))/2)

Source: Loshchilov and Hutter, *SGDR* (2017), eq. 5, for the cosine. The batch of step t is drawn from the seed and t,
with replacement: a run that was interrupted goes on with the batches it would have had. Left out: epochs, in which each
example occurs once; schedules without a known end.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How to train. Raises ``ValueError`` for numbers that make no sense."""

    steps: int  # n, updates of the weights
    batch: int = 32  # examples an update, over all processes
    lr: float = 1e-3  # η, the largest learning rate
    warmup: int = 100  # w, steps in which the rate grows from 0
    final: float = 0.1  # f, the share of η at the end
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)  # how slowly AdamW's two averages forget
    clip: float = 1.0  # c, the largest norm of the gradient
    accumulate: int = 1  # pieces in which a batch is computed, to save memory
    seed: int = 0  # of the order of the examples

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "accumulate"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("warmup", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be below 0, got {getattr(self, name)}")
        if self.batch % self.accumulate:
            raise ValueError(f"accumulate={self.accumulate} must divide batch={self.batch}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"lr must be a number above 0, got {self.lr}")
        if not self.clip > 0:
            raise ValueError(f"clip must be above 0, got {self.clip}")
        if not 0 <= self.final <= 1:
            raise ValueError(f"final must lie in 0..1, got {self.final}")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be two numbers of at least 0 and below 1, got {self.betas}")
        object.__setattr__(self, "betas", tuple(self.betas))  # a list in a file means the same


def learning_rate(step: int, config: TrainConfig) -> float:
    """η_t for step t = 1 … n."""
    if step < config.warmup:
        return config.lr * step / config.warmup
    progress = min(1.0, (step - config.warmup) / max(1, config.steps - config.warmup))
    return config.lr * (config.final + (1 - config.final) * (1 + math.cos(math.pi * progress)) / 2)


def batch_indices(step: int, n: int, config: TrainConfig) -> Int[Tensor, " batch"]:
    """The numbers of the examples, of n, that make the batch of this step."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    return torch.randint(n, (config.batch,), generator=generator)

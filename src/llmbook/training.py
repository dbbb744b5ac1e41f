r"""One loop that trains every model of this book, alone or as one of several processes, and can be taken up again.

    AdamW with learning rate  η_t = η · min(t/w, f + (1-f) · (1 + cos(π (t-w)/(n-w)))/2),  gradients clipped to norm c

Sources: Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2; *SGDR* (2017), eq. 5, for
the cosine; Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013), section 3.2,
for clipping. Matrices decay, biases and gains do not.

Which examples step t uses is computed from the seed and t alone. So a run that was interrupted goes on exactly as it
would have, and of W processes each takes its W-th of the same batch. Left out: mixed precision, learned schedules.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from tqdm import tqdm


@dataclass(frozen=True)
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
        if self.steps < 1 or self.batch < 1 or self.accumulate < 1 or self.batch % self.accumulate:
            raise ValueError(
                "steps, batch and accumulate must be at least 1, and accumulate divide batch; "
                f"got {self.steps}, {self.batch} and {self.accumulate}"
            )
        if self.lr <= 0 or self.clip <= 0 or self.warmup < 0:
            raise ValueError(
                f"lr and clip must be above 0 and warmup not below, got {self.lr}, {self.clip} and {self.warmup}"
            )


def rate(step: int, config: TrainConfig) -> float:
    """η_t for step t = 1 … n."""
    if step < config.warmup:
        return config.lr * step / config.warmup
    gone = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.lr * (config.final + (1 - config.final) * (1 + math.cos(math.pi * gone)) / 2)


def rows_of(step: int, n: int, config: TrainConfig) -> Int[Tensor, " batch"]:
    """The numbers of the examples that make the batch of this step."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    return torch.randint(n, (config.batch,), generator=generator)


def make_optimiser(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, fused=True)


def fit(
    model: nn.Module,
    loss_of: Callable[[Int[Tensor, " rows"]], Float[Tensor, ""]],
    n: int,
    config: TrainConfig,
    *,
    checkpoint: Path | None = None,
    every: int = 1000,
    group: distributed.ProcessGroup | None = None,
) -> list[float]:
    """Train ``model`` in place and return the loss (nats) of every step.

    ``loss_of`` maps the numbers of some of the ``n`` examples to their mean loss. With ``checkpoint``, the state is
    stored there every so many steps and at the end, and what is found there is gone on with. With ``group``, each of
    its processes computes its share of every batch; the model must average gradients itself (DDP, FSDP2).

    Raises ``ValueError`` for no examples, for a batch that the processes cannot share equally, for a loss that is
    not finite, and for a checkpoint of another configuration.
    """
    if n < 1:
        raise ValueError(f"there must be examples to train on, got n={n}")
    ranks, rank = (1, 0) if group is None else (group.size(), group.rank())
    if config.batch % (ranks * config.accumulate):
        raise ValueError(f"a batch of {config.batch} cannot be cut into {ranks} × {config.accumulate} equal pieces")
    optimiser, history = make_optimiser(model, config), []
    if checkpoint is not None and checkpoint.exists():
        history = restore(checkpoint, model, optimiser, config)
    model.train()
    for step in tqdm(range(len(history) + 1, config.steps + 1), disable=None):  # silent where nobody watches
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate(step, config)
        pieces = rows_of(step, n, config).chunk(ranks)[rank].chunk(config.accumulate)
        loss = torch.zeros(())
        for piece in pieces:
            part = loss_of(piece) / len(pieces)
            part.backward()
            loss = loss + part.detach()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        history.append(mean_over(group, loss).item())
        if not math.isfinite(history[-1]):
            raise ValueError(f"the loss of step {step} is {history[-1]}; a smaller learning rate may help")
        if checkpoint is not None and rank == 0 and (step % every == 0 or step == config.steps):
            store(checkpoint, model, optimiser, config, history)
    model.eval()
    return history


def mean_over(group: distributed.ProcessGroup | None, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """The mean of the processes' losses, which is that of the whole batch."""
    if group is not None:
        distributed.all_reduce(loss, group=group)
        loss = loss / group.size()
    return loss


def store(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, config: TrainConfig, history: list[float]
) -> None:
    """Write everything that the next step depends on, whole or not at all."""
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "history": history}
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**state, "config": asdict(config), "random": torch.get_rng_state()}, part)
    part.replace(path)


def restore(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, config: TrainConfig) -> list[float]:
    """Set model, optimiser and random numbers to what was stored; returns the losses so far."""
    state = torch.load(path, weights_only=True)
    if state["config"] != asdict(config):
        other = {name for name, value in asdict(config).items() if state["config"].get(name) != value}
        raise ValueError(f"{path.name} was written with another configuration: {', '.join(sorted(other))} differ")
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["random"])
    return state["history"]

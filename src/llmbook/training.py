r"""One loop that trains every model of this book, alone or as one of several processes, and can be taken up again.

    AdamW with rate  η_t = η · t/w for t < w, then η · (f + (1-f) · (1 + cos(π (t-w)/(n-w)))/2);  gradients clipped to c

Sources: Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2; *SGDR* (2017), eq. 5, for
the cosine; Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks* (2013), section 3.2,
for clipping. Matrices decay, biases and gains do not.

Which examples step t uses is computed from the seed and t alone. So a run that was interrupted goes on exactly as it
would have, and of W processes each takes its W-th of the same batch. Left out: mixed precision, learned schedules.
"""

import math
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint import state_dict as states
from torch.distributed.tensor import DTensor
from tqdm.auto import tqdm

WHOLE = states.StateDictOptions(full_state_dict=True, cpu_offload=True)  # not the share that one process holds


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
        counts = (self.steps, self.batch, self.accumulate)
        if min(counts) < 1 or self.batch % self.accumulate:
            raise ValueError(f"steps, batch, accumulate must be at least 1, accumulate divide batch; got {counts}")
        least = min(self.warmup, self.weight_decay, self.final, 1 - self.final)
        if not (0 < self.lr < math.inf and self.clip > 0 and least >= 0):
            raise ValueError(f"lr and clip must be above 0, the rest not below, final up to 1; got {self}")


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

    ``loss_of`` maps the numbers of some of the ``n`` examples to their mean loss; pieces and processes count alike.
    ``checkpoint`` is a file that all processes see: the state is stored there after ``every`` steps and at the end, and
    a run that finds one goes on from it. With ``group``, each of its processes computes its share of every batch; the
    model must average gradients itself (DDP, FSDP2). A bar shows progress in a terminal or a notebook.

    Raises ``ValueError`` for no examples or ``every`` below 1, a batch that the processes cannot share, a checkpoint of
    another run or model, and for a loss or gradient that is not finite, before it changes a weight.
    """
    if n < 1 or every < 1:
        raise ValueError(f"there must be examples to train on and steps between two stores, got n={n}, every={every}")
    ranks, rank = (1, 0) if group is None else (group.size(), group.rank())
    if config.batch % (ranks * config.accumulate):
        raise ValueError(f"a batch of {config.batch} cannot be cut into {ranks} × {config.accumulate} equal pieces")
    optimiser, history, run = make_optimiser(model, config), [], {**asdict(config), "examples": n}
    config_of = getattr(getattr(model, "module", model), "config", None)  # no weight's size tells the number of heads
    run["model"] = repr((config_of, [tuple(weight.shape) for weight in model.parameters()]))
    model.zero_grad(set_to_none=True)  # what a step that was interrupted has left
    if checkpoint is not None and checkpoint.exists():
        history = restore(checkpoint, model, optimiser, run)
    model.train()
    for step in watched(range(len(history) + 1, config.steps + 1), rank):
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate(step, config)
        pieces = rows_of(step, n, config).chunk(ranks)[rank].chunk(config.accumulate)
        loss = torch.zeros(())
        for piece in pieces:
            part = loss_of(piece) / len(pieces)
            part.backward()
            loss = loss + part.detach()
        if group is not None:
            distributed.all_reduce(loss, group=group)
        norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        norm = (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()
        history.append(loss.item() / ranks)
        if not (math.isfinite(history[-1]) and math.isfinite(norm)):
            raise ValueError(f"step {step}: loss {history[-1]}, gradient {norm}; a smaller learning rate may help")
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if checkpoint is not None and (step % every == 0 or step == config.steps):
            store(checkpoint, rank, model, optimiser, run=run, history=history)
    model.eval()
    return history


def watched(steps: range, rank: int) -> tqdm:
    """The steps behind a bar, shown by the first process in a terminal or a notebook unless ``TQDM_DISABLE`` is set."""
    looked_at = sys.stderr.isatty() or type(sys.stderr).__module__ == "ipykernel.iostream"
    hidden = rank > 0 or not looked_at or "TQDM_DISABLE" in os.environ  # tqdm's bar for notebooks ignores it
    return tqdm(steps, leave=False, disable=hidden)


def store(path: Path, rank: int, model: nn.Module, optimiser: torch.optim.Optimizer, **more: object) -> None:
    """Write everything that the next step depends on, whole or not at all; all processes gather, the first writes."""
    weights, moments = states.get_state_dict(model, optimiser, options=WHOLE)
    if rank > 0:
        return
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": weights, "optimiser": moments, "random": torch.get_rng_state(), **more}, part)
    part.replace(path)


def restore(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, run: dict) -> list[float]:
    """Set model, optimiser and random numbers to what was stored; returns the losses so far."""
    try:
        state = torch.load(path, weights_only=True)
        other = sorted(name for name, value in run.items() if state["run"].get(name) != value)
    except Exception as error:  # of many kinds, and they do not name the file
        raise ValueError(f"{path} cannot be read as a checkpoint: {error}") from error
    if other:
        raise ValueError(f"{path.name} was written with another configuration: {', '.join(other)} differ")
    states.set_model_state_dict(model, state["model"], options=WHOLE)
    states.set_optimizer_state_dict(model, optimiser, state["optimiser"], options=replace(WHOLE, strict=False))
    for wrapped, weight in model.named_parameters():
        name = wrapped.replace("_orig_mod.", "").removeprefix("module.")
        if name in state["model"] and name not in state["optimiser"]["state"]:  # it has had no gradient yet
            optimiser.state.pop(weight, None)
    torch.set_rng_state(state["random"])
    return state["history"]

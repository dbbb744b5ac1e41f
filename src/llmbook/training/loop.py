r"""One loop that trains every model of this book, alone or as one of several processes, and can be taken up again.

    AdamW with the rate of ``schedule``, gradients clipped to a norm of c

Sources: Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2; Pascanu, Mikolov and
Bengio, *On the difficulty of training recurrent neural networks* (2013), section 3.2, for clipping. Matrices decay,
biases and gains do not. Of W processes each takes its W-th of the same batch. Left out: mixed precision.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from torch.distributed.tensor import DTensor
from tqdm.auto import tqdm

from llmbook.training.checkpoint import load_checkpoint, save_checkpoint
from llmbook.training.schedule import TrainConfig, batch_indices, learning_rate

LossOf = Callable[[Int[Tensor, " rows"]], Float[Tensor, ""]]


def fit(
    model: nn.Module,
    loss_of: LossOf,
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
    model must average gradients itself (DDP, FSDP2). A bar shows progress in a terminal or a notebook. The model trains
    in training mode, and is left in evaluation mode.

    Raises ``ValueError`` for no examples or ``every`` below 1, a batch that the processes cannot share, a checkpoint of
    another run or model, and for a loss or gradient that is not finite, before it changes a weight.
    """
    if n < 1 or every < 1:
        raise ValueError(f"there must be examples to train on and steps between two stores, got n={n}, every={every}")
    ranks, rank = (1, 0) if group is None else (group.size(), group.rank())
    if config.batch % (ranks * config.accumulate):
        raise ValueError(f"a batch of {config.batch} cannot be cut into {ranks} × {config.accumulate} equal pieces")

    # Begin, or go on
    optimizer = make_optimizer(model, config)
    run = describe_run(model, n, config)
    model.zero_grad(set_to_none=True)  # what a step that was interrupted has left
    history: list[float] = []
    if checkpoint is not None and checkpoint.exists():
        history = load_checkpoint(checkpoint, model, optimizer, run=run)

    model.train()
    for step in progress_bar(range(len(history) + 1, config.steps + 1), rank):
        # Gradients of this process's share of the batch
        share = batch_indices(step, n, config).chunk(ranks)[rank]
        mean_loss = mean_over_processes(accumulate_gradients(loss_of, share.chunk(config.accumulate)), group)
        norm = clip_gradients(model, config.clip).item()  # the one place where the processor waits for the device
        loss = mean_loss.item()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise ValueError(f"step {step}: loss {loss}, gradient {norm}; a smaller learning rate may help")

        # One step down
        for parameters in optimizer.param_groups:
            parameters["lr"] = learning_rate(step, config)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

        history.append(loss)
        if checkpoint is not None and (step % every == 0 or step == config.steps):
            save_checkpoint(checkpoint, model, optimizer, run=run, history=history, rank=rank)
    model.eval()
    return history


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW over what can be trained, matrices with decay and the rest without."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, fused=True)


def describe_run(model: nn.Module, n: int, config: TrainConfig) -> dict[str, Any]:
    """What two runs must have in common for one to go on from the other's checkpoint."""
    unwrapped = getattr(model, "module", model)
    model_config = getattr(unwrapped, "config", None)
    shapes = [tuple(weight.shape) for weight in model.parameters()]
    # No weight's size tells how many heads there are, where a norm stands, or how positions are told.
    names = ("n_heads", "norm_first", "kind")
    choices = [getattr(module, name) for module in model.modules() for name in names if hasattr(module, name)]
    return {**asdict(config), "examples": n, "model": repr((model_config, shapes, choices))}


def progress_bar(steps: range, rank: int) -> Iterable[Any]:
    """The steps behind a bar, shown by the first process in a terminal or a notebook unless ``TQDM_DISABLE`` is set."""
    watched = sys.stderr.isatty() or type(sys.stderr).__module__ == "ipykernel.iostream"
    hidden = rank > 0 or not watched or "TQDM_DISABLE" in os.environ  # tqdm's bar for notebooks ignores it
    return tqdm(steps, leave=False, disable=hidden)


def accumulate_gradients(loss_of: LossOf, pieces: tuple[Int[Tensor, " rows"], ...]) -> Float[Tensor, ""]:
    """Add up the gradients of equal pieces, one at a time; returns their mean loss."""
    total = torch.zeros(())
    for piece in pieces:
        loss = loss_of(piece) / len(pieces)
        loss.backward()
        total = total + loss.detach()
    return total


def mean_over_processes(loss: Float[Tensor, ""], group: distributed.ProcessGroup | None) -> Float[Tensor, ""]:
    """The mean of what the processes of the group have; without a group, the loss itself."""
    if group is None:
        return loss
    distributed.all_reduce(loss, group=group)
    return loss / group.size()


def clip_gradients(model: nn.Module, most: float) -> Float[Tensor, ""]:
    """Shorten the gradient of all weights to a norm of ``most``; returns the norm it had."""
    norm = nn.utils.clip_grad_norm_(model.parameters(), most)
    return norm.full_tensor() if isinstance(norm, DTensor) else norm

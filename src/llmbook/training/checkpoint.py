"""Stopping and going on: weights, moments, and PyTorch's own random numbers, in one file, whole or not at all.

PyTorch's ``get_state_dict`` gathers the weights that several processes share (DDP, FSDP2), so that a file written by
two can be opened by one. Left out: generators that
``loss_of`` draws from by itself, and those of a graphics card; each process storing its share, which models too large
for one memory need.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint import state_dict as states

FULL_STATE = states.StateDictOptions(full_state_dict=True, cpu_offload=True)  # not the share that one process holds


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    run: dict[str, Any],
    history: list[float],
    rank: int = 0,
) -> None:
    """Write weights, moments and random numbers; all processes gather, and the one of rank 0 writes.

    ``run`` says which run this is (see ``load_checkpoint``), ``history`` holds the loss of every step so far.
    """
    weights, moments = states.get_state_dict(model, optimizer, options=FULL_STATE)
    if rank > 0:
        return
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"model": weights, "optimizer": moments, "random": torch.get_rng_state(), "run": run, "history": history}
    torch.save(state, part)
    part.replace(path)


def load_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, run: dict[str, Any]
) -> list[float]:
    """Set model, optimizer and random numbers to what was stored; returns the losses so far.

    Raises ``ValueError``, naming the file, where it is no checkpoint, and where it was written by another run.
    """
    try:
        state = torch.load(path, weights_only=True)
        different = sorted(name for name, value in run.items() if state["run"].get(name) != value)
    except Exception as error:  # of many kinds, and they do not name the file
        raise ValueError(f"{path} cannot be read as a checkpoint: {error}") from error
    if different:
        raise ValueError(f"{path.name} was written with another configuration: {', '.join(different)} differ")

    states.set_model_state_dict(model, state["model"], options=FULL_STATE)
    states.set_optimizer_state_dict(model, optimizer, state["optimizer"], options=replace(FULL_STATE, strict=False))
    forget_unused_moments(model, optimizer, state)
    torch.set_rng_state(state["random"])
    return state["history"]


def forget_unused_moments(model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Weights that have had no gradient yet have no moments either, though setting the state has made some."""
    for name, weight in model.named_parameters():
        plain = name.replace("_orig_mod.", "").removeprefix("module.")  # as it is called without compiler and DDP
        if plain in state["model"] and plain not in state["optimizer"]["state"]:
            optimizer.state.pop(weight, None)

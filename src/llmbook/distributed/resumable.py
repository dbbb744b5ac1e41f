"""A training that any number of ranks goes on with, each of them storing its own share: the script for ``torchrun``.

    torchrun --nproc-per-node 2 -m llmbook.distributed.resumable FOLDER LAST [DIES_AT]

After each step the ranks write their parts of weights and Adam's averages into FOLDER/step. A start goes on from the
last step that is there whole, however many ranks wrote it. Left out: data that does not fit into every memory.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor


def small_model() -> tuple[nn.Sequential, Float[Tensor, "12 8"]]:
    """The same weights and examples wherever it is called."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 24), nn.GELU(), nn.Linear(24, 8)).double()
    return model, torch.randn(12, 8, dtype=torch.float64)


def states(model: nn.Module, adam: torch.optim.Optimizer) -> dict[str, Any]:
    return dict(zip(("model", "adam"), get_state_dict(model, adam), strict=True))


def open_checkpoint(model: nn.Module, adam: torch.optim.Optimizer, place: Path) -> None:
    """Fill in what was stored: on each rank its own part of it, and in a process without a group the whole."""
    state = states(model, adam)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # without a group it is meant
        load(state, checkpoint_id=place, no_dist=not distributed.is_initialized())
    set_state_dict(model, adam, model_state_dict=state["model"], optim_state_dict=state["adam"])


def go_on(folder: Path, last: int, dies_at: int = 0) -> Float[Tensor, " n"]:
    """Train up to step ``last``, and return all weights in a row. In ``dies_at`` rank 1 dies, the first time."""
    rank = distributed.get_rank()
    n = distributed.get_world_size()
    model, x = small_model()
    fully_shard(model, mesh=init_device_mesh("cpu", (n,)))
    adam = torch.optim.Adam(model.parameters(), lr=0.01)

    done = max((int(place.parent.name) for place in folder.glob("*/.metadata")), default=0)
    if done:
        open_checkpoint(model, adam, folder / str(done))
    for step in range(done + 1, last + 1):
        adam.zero_grad()
        y = model(x.chunk(n)[rank])
        (n * y.square().sum() / len(x)).backward()  # fully_shard divides by n
        adam.step()
        if step == dies_at and rank == 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os._exit(1)
        save(states(model, adam), checkpoint_id=folder / str(step))
    if rank == 0:
        print(f"{n} ranks, steps {done + 1} to {last}", flush=True)
    shards = [p for p in model.parameters() if isinstance(p, DTensor)]
    return torch.cat([shard.full_tensor().detach().flatten() for shard in shards])


if __name__ == "__main__":
    distributed.init_process_group("gloo")
    go_on(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    distributed.destroy_process_group()

"""Train a GPT on the speeches, on one processor or on many machines, with the same program and the same loss.

    python -m llmbook.train config.toml
    torchrun --nproc-per-node 2 -m llmbook.train config.toml
    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint host:29500 -m llmbook.train config.toml

The configuration has three tables: ``[model]`` holds the sizes of ``GPT`` but for the vocabulary, ``[train]`` the
fields of ``TrainConfig``, ``[data]`` the years ``since`` and ``until``. ``parallel`` is "ddp" (every process holds the
whole model) or "fsdp" (each holds a share of every weight). ``checkpoint`` is a file that all processes see: the whole
model is stored there after ``every`` steps and at the end, and a run that was cut goes on from it: bit for bit on a CPU
(a GPU draws its dropout anew). ``out`` is a file for the losses, written by the first process.

Sources: Li et al., *PyTorch Distributed* (2020); Zhao et al., *PyTorch FSDP* (2023). Left out: each process storing its
share by itself, which models too large for one memory need.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import torch
from torch import distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from llmbook.data import speeches
from llmbook.gpt import GPT
from llmbook.objectives import shift, word_loss
from llmbook.tokenizers import CharTokenizer
from llmbook.training import TrainConfig, fit

PARALLEL = ("ddp", "fsdp")


def read(path: Path) -> dict:
    """The configuration. Raises ``ValueError`` naming what is missing, unknown, or not TOML."""
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path} cannot be read as TOML: {error}") from error
    unknown = set(config) - {"model", "data", "train", "parallel", "out", "checkpoint", "every"}
    missing = {table for table in ("model", "data", "train") if not isinstance(config.get(table), dict)}
    if unknown or missing:
        raise ValueError(f"{path}: unknown {sorted(unknown)}, missing tables {sorted(missing)}")
    if config.setdefault("parallel", "ddp") not in PARALLEL:
        raise ValueError(f"parallel must be one of {', '.join(PARALLEL)}; got {config['parallel']!r}")
    if not isinstance(config.setdefault("every", 1000), int) or config["every"] < 1:
        raise ValueError(f"every must be a whole number of at least 1; got {config['every']!r}")
    if "out" in config and (Path(config["out"]).is_dir() or not Path(config["out"]).parent.is_dir()):
        raise ValueError(f"out={config['out']!r} must be a file in a folder that exists")
    return config


def wrap(model: GPT, parallel: str) -> nn.Module:
    """The model spread over the processes that are there."""
    if parallel == "ddp":
        return DistributedDataParallel(model)
    for block in model.blocks:
        fully_shard(block)
    return fully_shard(model)


def run(config: dict, group: distributed.ProcessGroup | None = None, device: str = "cpu") -> list[float]:
    """Train as the configuration says and return the losses; all processes draw the same first weights."""
    text = "\n\n".join(speech.text for speech in speeches(**config["data"], part="train"))
    tokenizer = CharTokenizer.train(text)
    ids = torch.tensor(tokenizer.encode(text), device=device)
    torch.manual_seed(config["train"].get("seed", 0))
    model = GPT(len(tokenizer), **config["model"]).to(device)
    window = torch.arange(model.max_len + 1, device=device)
    spread = model if group is None else wrap(model, config["parallel"])

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        inputs, targets = shift(ids[rows[:, None].to(device) + window])
        return word_loss(spread(inputs), targets)

    kept = {"checkpoint": Path(config["checkpoint"]) if "checkpoint" in config else None, "every": config["every"]}
    return fit(spread, loss_of, len(ids) - model.max_len, TrainConfig(**config["train"]), **kept, group=group)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path, help="a TOML file; see the module's docstring")
    try:
        config = read(parser.parse_args().config)
        group, device = None, "cuda" if torch.cuda.is_available() else "cpu"
        if distributed.is_torchelastic_launched():
            distributed.init_process_group("gloo" if device == "cpu" else "nccl")
            group = distributed.group.WORLD
            device = device if device == "cpu" else f"cuda:{distributed.get_node_local_rank()}"
        losses = run(config, group, device)
    except (ValueError, TypeError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    if group is None or group.rank() == 0:
        print(f"{len(losses)} steps, loss {losses[0]:.3f} at the first and {losses[-1]:.3f} at the last")
        if "out" in config:
            Path(config["out"]).write_text(json.dumps(losses), encoding="utf-8")
    if group is not None:
        distributed.destroy_process_group()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

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
from typing import Any, get_args, get_type_hints

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from llmbook.data.speech import speeches
from llmbook.data.tokenizers import CharTokenizer
from llmbook.models.causal_lm import CausalLMConfig
from llmbook.models.gpt import GPT
from llmbook.training.loop import fit
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig

TABLES = {"model", "data", "train"}
PARALLEL = ("ddp", "fsdp")
FIELDS: dict[str, dict[str, Any]] = {
    "model": {name: kind for name, kind in get_type_hints(CausalLMConfig).items() if name != "vocab"},
    "data": {"since": int, "until": int},
    "train": get_type_hints(TrainConfig),
}


def read_config(path: Path) -> dict[str, Any]:
    """The configuration. Raises ``ValueError`` naming what is missing, unknown, of another kind, or not TOML."""
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path} cannot be read as TOML: {error}") from error
    unknown = set(config) - TABLES - {"parallel", "out", "checkpoint", "every"}
    missing = {table for table in TABLES if not isinstance(config.get(table), dict)}
    if unknown or missing:
        raise ValueError(f"{path}: unknown {sorted(unknown)}, missing tables {sorted(missing)}")
    for table, kinds in FIELDS.items():
        check_table(table, config[table], kinds)

    config.setdefault("parallel", "ddp")
    config.setdefault("every", 1000)
    if config["parallel"] not in PARALLEL:
        raise ValueError(f"parallel must be one of {', '.join(PARALLEL)}; got {config['parallel']!r}")
    if not fits(config["every"], int) or config["every"] < 1:
        raise ValueError(f"every must be a whole number of at least 1; got {config['every']!r}")
    for name in {"out", "checkpoint"} & config.keys():
        if not isinstance(config[name], str):
            raise ValueError(f"{name} must be the name of a file; got {config[name]!r}")
    if "out" in config and (Path(config["out"]).is_dir() or not Path(config["out"]).parent.is_dir()):
        raise ValueError(f"out={config['out']!r} must be a file in a folder that exists")
    return config


def check_table(name: str, table: dict[str, Any], kinds: dict[str, Any]) -> None:
    """Raise ``ValueError`` for a field that the table does not have, or whose value is of another kind."""
    for field, value in table.items():
        if field not in kinds:
            raise ValueError(f"[{name}] has no field {field}; it has {', '.join(sorted(kinds))}")
        if not fits(value, kinds[field]):
            kind = getattr(kinds[field], "__name__", kinds[field])
            raise ValueError(f"{field} in [{name}] must be of type {kind}; got {value!r}")


def fits(value: object, kind: Any) -> bool:
    """Whether a value can stand for this type; what is neither a number nor yes or no is looked at by its own class."""
    kinds = get_args(kind) or (kind,)
    if isinstance(value, bool) or bool in kinds:
        return isinstance(value, bool) and bool in kinds
    if int in kinds:
        return isinstance(value, int)
    return isinstance(value, int | float) if kind is float else True


def parallelize(model: GPT, parallel: str) -> nn.Module:
    """The model spread over the processes that are there."""
    if parallel == "ddp":
        return DistributedDataParallel(model)
    for block in model.blocks:
        fully_shard(block)
    fully_shard(model)
    return model


def train(config: dict[str, Any], group: distributed.ProcessGroup | None = None, device: str = "cpu") -> list[float]:
    """Train as the configuration says and return the losses; all processes draw the same first weights."""
    train_config = TrainConfig(**config["train"])
    text = "\n\n".join(speech.text for speech in speeches(**config["data"], part="train"))
    tokenizer = CharTokenizer.train(text)
    ids = torch.tensor(tokenizer.encode(text), device=device)

    torch.manual_seed(train_config.seed)
    model = GPT(len(tokenizer), **config["model"]).to(device)
    window = torch.arange(model.max_len + 1, device=device)
    parallel_model = model if group is None else parallelize(model, config["parallel"])

    def loss_of(starts: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        inputs, targets = shift(ids[starts[:, None].to(device) + window])
        return word_loss(parallel_model(inputs), targets)

    return fit(
        parallel_model,
        loss_of,
        len(ids) - model.max_len,
        train_config,
        checkpoint=Path(config["checkpoint"]) if "checkpoint" in config else None,
        every=config["every"],
        group=group,
    )


def join_processes() -> tuple[distributed.ProcessGroup | None, str]:
    """The group of the processes that ``torchrun`` has started, or none; and this process's device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if not distributed.is_torchelastic_launched():
        return None, device
    distributed.init_process_group("gloo" if device == "cpu" else "nccl")
    if device == "cuda":
        device = f"cuda:{distributed.distributed_c10d.get_node_local_rank()}"
    return distributed.group.WORLD, device


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("config", type=Path, help="a TOML file; see the module's docstring")
    try:
        config = read_config(parser.parse_args().config)
        group, device = join_processes()
        losses = train(config, group, device)
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

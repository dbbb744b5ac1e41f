"""A recipe says how one of the book's own models is trained; its card says what came out, and the two are compared.

A stored model is two files: ``NAME.safetensors``, its weights, and ``NAME.json``, its card, written from the run and
never by hand. Weights are stored in float16, or matrices in 8 bits, w ≈ s · q with whole q in -127 … 127 and a scale s
for each row. A test evaluates the weights again and trains the first steps again: a recipe that was changed after the
model was trained no longer fits its card. Left out: training in several processes.
"""

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from llmbook.training.loop import fit
from llmbook.training.schedule import TrainConfig

STORED = Path(str(files("llmbook.pretrained"))) / "stored"
FIRST = 20  # losses kept one by one
BLOCKS = 50  # and the whole curve, as the means of so many equal blocks
SCALE = ".scale"  # behind the name of a matrix in 8 bits: those of its rows


def nothing_more(model: nn.Module) -> dict[str, float]:
    """For a model of which the held-out loss says enough."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained. Everything random is drawn from PyTorch's own generator, so that a cut run goes on."""

    name: str
    what: str  # the model and its task, in one sentence
    data: str  # what it reads, in one sentence
    config: TrainConfig  # its seed is also that of the first weights
    make: Callable[[], nn.Module]  # the model, with random weights
    examples: Callable[[], int]
    loss: Callable[[nn.Module, Int[Tensor, " rows"]], Float[Tensor, ""]]
    held_out: Callable[[nn.Module], float]  # the mean loss (nats) on text it never reads
    tokenizer: Callable[[], Any]  # how text becomes ids; two of them where it translates
    more: Callable[[nn.Module], dict[str, float]] = nothing_more  # other numbers for the card, measured once
    bits: Literal[8, 16] = 16  # of a stored weight

    def describe(self) -> dict[str, Any]:
        """What a run is known by, as JSON has it: two runs that agree in this are the same run."""
        shapes = {name: list(weight.shape) for name, weight in distinct_weights(self.make()).items()}
        config = {**asdict(self.config), "betas": list(self.config.betas)}
        known = {"what": self.what, "data": self.data, "examples": self.examples(), "config": config, "weights": shapes}
        return known if self.bits == 16 else {**known, "bits": self.bits}


def train_by(
    recipe: Recipe, *, steps: int | None = None, checkpoint: Path | None = None
) -> tuple[nn.Module, list[float]]:
    """The trained model and the loss of every step; only the first ``steps`` of them, if given.

    With ``checkpoint`` a run that was cut goes on from that file. Raises as ``training.fit``.
    """
    torch.manual_seed(recipe.config.seed)
    model = recipe.make()
    losses: list[float] = []

    class Enough(Exception):
        pass

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        if len(losses) == steps:
            raise Enough
        loss = recipe.loss(model, rows)
        losses.append(loss.item())
        return loss

    try:
        history = fit(model, loss_of, recipe.examples(), recipe.config, checkpoint=checkpoint, every=100)
    except Enough:
        return model.eval(), losses
    return model, history


def store(recipe: Recipe, folder: Path, *, checkpoint: Path | None = None) -> dict[str, Any]:
    """Train by the recipe, and write weights and card into the folder; returns the card."""
    resumed = checkpoint is not None and checkpoint.exists()
    start = time.perf_counter()
    model, history = train_by(recipe, checkpoint=checkpoint)
    seconds = None if resumed else round(time.perf_counter() - start)  # of a whole run only

    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{recipe.name}.safetensors"
    save_file(pack(distinct_weights(model), recipe.bits), weights)
    set_weights(model, weights)  # what is evaluated is what readers open
    per_block = max(1, len(history) // BLOCKS)
    card = {
        "name": recipe.name,
        **recipe.describe(),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "seconds": seconds,
        "held_out": round(recipe.held_out(model), 4),
        **recipe.more(model),
        "first_losses": [round(loss, 4) for loss in history[:FIRST]],
        "curve": [round(float(block.mean()), 3) for block in torch.tensor(history).split(per_block)],
        "bytes": weights.stat().st_size,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "versions": {"python": platform.python_version(), "torch": version("torch")},
    }
    write_json(folder / f"{recipe.name}.json", card)
    return card


def is_stored(recipe: Recipe, folder: Path) -> bool:
    """Whether the folder holds this recipe's weights, with a card that fits both."""
    weights = folder / f"{recipe.name}.safetensors"
    path = folder / f"{recipe.name}.json"
    if not (weights.exists() and path.exists()):
        return False
    card = json.loads(path.read_text(encoding="utf-8"))
    same = all(card.get(key) == value for key, value in recipe.describe().items())
    return same and card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def distinct_weights(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and stored buffers by name; one that has two names, as a tied output has, under the first alone."""
    names: dict[int, str] = {}
    state = model.state_dict(keep_vars=True)
    for name, weight in state.items():
        names.setdefault(id(weight), name)
    return {name: state[name] for name in names.values()}


def pack(weights: dict[str, Tensor], bits: Literal[8, 16]) -> dict[str, Tensor]:
    """What is stored of these weights: float16, or of matrices whole numbers and ``SCALE`` a row."""
    packed: dict[str, Tensor] = {}
    for name, weight in weights.items():
        weight = weight.detach()
        if bits == 16 or weight.ndim < 2:
            packed[name] = weight.half()
            continue
        scale = (weight.abs().amax(dim=-1, keepdim=True) / 127).half()
        scale[scale == 0] = 1  # a row of zeros
        packed[name] = (weight / scale.float()).round().clamp(-127, 127).to(torch.int8)
        packed[name + SCALE] = scale
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights in float32 that ``pack`` has stored."""
    names = [name for name in packed if not name.endswith(SCALE)]
    return {name: packed[name].float() * packed.get(name + SCALE, torch.ones(())).float() for name in names}


def set_weights(model: nn.Module, path: Path) -> None:
    """Copy the file's weights into the model's, in the model's precision. Raises ``ValueError`` for others than its."""
    stored = unpack(load_file(path))
    own = distinct_weights(model)
    if {name: weight.shape for name, weight in own.items()} != {name: weight.shape for name, weight in stored.items()}:
        raise ValueError(f"{path.name} holds other weights than the model has")
    with torch.no_grad():
        for name, weight in own.items():
            weight.copy_(stored[name])


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

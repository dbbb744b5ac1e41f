"""nanoGPT's recipe for characters on a processor, written with PyTorch's own layers: its numbers, not its code.

The numbers are those of the command that the README of github.com/karpathy/nanoGPT gives to whoever has no graphics
card, over config/train_shakespeare_char.py and the defaults of train.py, read in November 2026 at commit 3adf61e. With
a clone of the repository, its folder in the variable NANOGPT, its own model.py takes the place of ours, after both have
given one loss for the same weights.
"""

import importlib.util
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

D, H, LAYERS, T, B = 128, 4, 4, 64, 12
RATE, LEAST_RATE, WARMUP, DECAY, BETAS, CLIP = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99), 1.0
NAMES = {  # ours: theirs
    "words": "transformer.wte",
    "places": "transformer.wpe",
    "layers.layers.{}.norm1": "transformer.h.{}.ln_1",
    "layers.layers.{}.self_attn.in_proj_": "transformer.h.{}.attn.c_attn.",
    "layers.layers.{}.self_attn.out_proj": "transformer.h.{}.attn.c_proj",
    "layers.layers.{}.norm2": "transformer.h.{}.ln_2",
    "layers.layers.{}.linear1": "transformer.h.{}.mlp.c_fc",
    "layers.layers.{}.linear2": "transformer.h.{}.mlp.c_proj",
    "layers.norm": "transformer.ln_f",
}


class Recipe(nn.Module):
    """A GPT-2 with the exact gelu, its output tied to its embedding; returns the mean loss (nats) of the targets."""

    def __init__(self, vocab: int, *, bias: bool) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            D, H, 4 * D, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, bias=bias
        )
        self.words = nn.Embedding(vocab, D)
        self.places = nn.Embedding(T, D)
        norm = nn.LayerNorm(D, bias=bias)
        self.layers = nn.TransformerEncoder(layer, LAYERS, norm, enable_nested_tensor=False)
        self.register_buffer("past", nn.Transformer.generate_square_subsequent_mask(T), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                writes = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * LAYERS) if writes else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        S = inputs.shape[1]
        x = self.words(inputs) + self.places(torch.arange(S))
        x = self.layers(x, mask=self.past[:S, :S], is_causal=True)
        return F.cross_entropy(F.linear(x, self.words.weight).flatten(0, 1), targets.flatten())


class Original(nn.Module):
    """The model of a clone's model.py, as ``Recipe`` is called."""

    def __init__(self, module: ModuleType, vocab: int, *, bias: bool) -> None:
        super().__init__()
        sizes = {"block_size": T, "vocab_size": vocab, "n_layer": LAYERS, "n_head": H, "n_embd": D}
        self.gpt = module.GPT(module.GPTConfig(**sizes, dropout=0.0, bias=bias))

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        return self.gpt(inputs, targets)[1]


def nanogpt(vocab: int, *, bias: bool) -> tuple[str, nn.Module]:
    """What it is, and the model: the recipe, or the original where there is a clone."""
    recipe = Recipe(vocab, bias=bias)
    folder = os.environ.get("NANOGPT")
    if not folder:
        return "nanoGPT's recipe in PyTorch's layers", recipe
    spec = importlib.util.spec_from_file_location("nanogpt_model", Path(folder) / "model.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # torch.compile looks for it there
    spec.loader.exec_module(module)
    original = Original(module, vocab, bias=bias)
    compare(recipe, original, vocab)
    return "nanoGPT's", original


def compare(recipe: Recipe, original: Original, vocab: int) -> None:
    """Raise ``AssertionError`` unless both give one loss, and one gradient of the words, for the same weights."""
    theirs = dict(original.gpt.named_parameters())
    weights = {name: theirs.pop(their_name(name)) for name, _ in recipe.named_parameters()}
    assert not theirs, f"nobody has {', '.join(theirs)}"
    with torch.no_grad():
        for name, weight in recipe.named_parameters():
            weight.copy_(weights[name])
    inputs, targets = torch.randint(vocab, (2, 3, T - 7))
    losses = [model(inputs, targets) for model in (recipe, original)]
    torch.testing.assert_close(*losses, atol=1e-5, rtol=0)  # two kernels add in another order
    gradients = torch.autograd.grad(losses[0], recipe.words.weight) + torch.autograd.grad(
        losses[1], weights["words.weight"]
    )
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-3)


def their_name(name: str) -> str:
    """nanoGPT's name of one of the recipe's weights; its output comes first, and is its embedding."""
    number = next((piece for piece in name.split(".") if piece.isdigit()), "")
    for ours, theirs in NAMES.items():
        if name.startswith(ours.format(number)):
            return name.replace(ours.format(number), theirs.format(number))
    raise KeyError(name)


def optimiser(model: nn.Module) -> torch.optim.AdamW:
    """Matrices decay, the rest does not; fused on a graphics card only, and so not here."""
    weights = list(model.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": DECAY},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=RATE, betas=BETAS)


def rate(step: int, steps: int) -> float:
    """The rate of step 0, 1, …: a rise, then a cosine down to the least."""
    if step < WARMUP:
        return RATE * (step + 1) / (WARMUP + 1)
    progress = (step - WARMUP) / max(1, steps - WARMUP)
    return LEAST_RATE + (RATE - LEAST_RATE) * (1 + math.cos(math.pi * progress)) / 2


def train(model: nn.Module, ids: Tensor, *, steps: int, planned: int | None = None) -> None:
    """``steps`` of the ``planned`` steps on random windows of a text, in place."""
    adamw = optimiser(model)
    model.train()
    for step in range(steps):
        windows = ids[torch.randint(len(ids) - T, (B, 1)) + torch.arange(T + 1)]
        loss = model(windows[:, :-1].contiguous(), windows[:, 1:].contiguous())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for group in adamw.param_groups:
            group["lr"] = rate(step, planned or steps)
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        loss.item()  # as its log has it, every step


@torch.no_grad()
def held_out(model: Callable[[Tensor, Tensor], Tensor], ids: Tensor, at_once: int = 64) -> float:
    """The mean loss of a text in windows of T; what does not fill one is left out."""
    n = (len(ids) - 1) // T * T
    inputs, targets = ids[:n].view(-1, T), ids[1 : n + 1].view(-1, T)
    pieces = zip(inputs.split(at_once), targets.split(at_once), strict=True)
    return sum(model(x, y).item() * len(x) for x, y in pieces) / len(inputs)

"""One training step of our GPT against others of the same size: the same loss and the same tokens."""

import os
from collections.abc import Callable

import torch
import transformers
from nanogpt import LAYERS, B, D, H, T, nanogpt
from nanogpt import optimiser as their_optimiser
from timing import Result, side_by_side
from torch import Tensor, nn

from llmbook.models import GPT
from llmbook.training import TrainConfig, shift, word_loss
from llmbook.training.loop import make_optimizer

V = 65  # characters of nanoGPT's first text


def bench_gpt_step() -> list[Result]:
    """Against the GPT-2 of ``transformers``, with our AdamW for both."""
    ends = {"bos_token_id": 0, "eos_token_id": 0, "use_cache": False}
    config = transformers.GPT2Config(vocab_size=V, n_positions=T, n_embd=D, n_layer=LAYERS, n_head=H, **ends)
    for rate in ("resid_pdrop", "embd_pdrop", "attn_pdrop"):
        setattr(config, rate, 0.0)
    theirs = transformers.GPT2LMHeadModel(config)

    def loss(inputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(theirs(inputs).logits.flatten(0, 1), targets.flatten())

    return against("transformers' GPT-2", theirs, loss, make_optimizer(theirs, TrainConfig(steps=1)))


def bench_nanogpt_step() -> list[Result]:
    """Against nanoGPT's model with its own AdamW (see ``nanogpt``): as they come, both compiled, ours in bfloat16 too.

    More than two thirds of a step are products of matrices, for which both call the same library. In float32, as
    nanoGPT trains on a processor, only what is around them can differ. What
    products in bfloat16 cost, ``bench_bfloat16`` measures.
    """
    results: list[Result] = []
    for compiled, short in ((False, False), (True, False), (True, True)):
        name, theirs = nanogpt(V, bias=True)
        results += against(name, theirs, theirs, their_optimiser(theirs), compiled=compiled, short=short)
    return results


def against(
    name: str,
    theirs: nn.Module,
    their_loss: Callable[[Tensor, Tensor], Tensor],
    optimiser: torch.optim.Optimizer,
    *,
    compiled: bool = False,
    short: bool = False,
) -> list[Result]:
    """The ratio of medians, and the tokens a second of each; forward, backward and AdamW, on all cores.

    ``short`` lets ours multiply in bfloat16 (autocast); weights, gradients and AdamW stay in float32.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(0)
    ours = GPT(V, d_model=D, n_heads=H, n_layers=LAYERS, max_len=T).train()
    mine = make_optimizer(ours, TrainConfig(steps=1))
    theirs.train()
    inputs, targets = (half.contiguous() for half in shift(torch.randint(V, (B, T + 1))))

    def our_loss(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=short):
            return word_loss(ours(inputs), targets)

    if compiled:
        our_loss, their_loss = torch.compile(our_loss), torch.compile(their_loss)

    def step(loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    a, b, ratio = side_by_side(
        lambda: step(our_loss(inputs, targets), mine),
        lambda: step(their_loss(inputs, targets), optimiser),
        rounds=80,
    )
    sizes = f"{LAYERS} layers, D={D}, T={T}, B={B}, {torch.get_num_threads()} threads"
    note = (
        f"{a * 1e3:.1f} ms against {b * 1e3:.1f} ms, {B * T / a:,.0f} tokens a second against {B * T / b:,.0f}; {sizes}"
    )
    how, bar = (", both compiled" * compiled + ", ours in bfloat16" * short), 0.9 if compiled else 1.0
    return [Result(f"a training step of GPT against {name}{how}", round(ratio, 3), "×", bar, note)]

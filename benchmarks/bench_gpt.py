"""One training step of our GPT against the GPT-2 of ``transformers``: the same sizes, loss, optimiser and tokens."""

import os

import torch
import transformers
from timing import Result, side_by_side

from llmbook.gpt import GPT
from llmbook.objectives import shift, word_loss
from llmbook.training import TrainConfig, make_optimiser

V, D, H, LAYERS, T, B = 65, 128, 4, 4, 64, 12  # the small model of nanoGPT's first recipe for characters


def bench_gpt_step() -> list[Result]:
    """The ratio of medians, and how many tokens a second ours takes in; forward, backward and AdamW, on all cores."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(0)
    ours = GPT(V, d_model=D, n_heads=H, n_layers=LAYERS, max_len=T).train()
    ends = {"bos_token_id": 0, "eos_token_id": 0, "use_cache": False}
    config = transformers.GPT2Config(vocab_size=V, n_positions=T, n_embd=D, n_layer=LAYERS, n_head=H, **ends)
    for rate in ("resid_pdrop", "embd_pdrop", "attn_pdrop"):
        setattr(config, rate, 0.0)
    theirs = transformers.GPT2LMHeadModel(config).train()
    ids = torch.randint(V, (B, T + 1))
    inputs, targets = shift(ids)
    optimisers = {model: make_optimiser(model, TrainConfig(steps=1)) for model in (ours, theirs)}

    def step(model: torch.nn.Module, loss: torch.Tensor) -> None:
        loss.backward()
        optimisers[model].step()
        optimisers[model].zero_grad(set_to_none=True)

    def their_loss() -> torch.Tensor:
        logits = theirs(inputs).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    a, b, ratio = side_by_side(
        lambda: step(ours, word_loss(ours(inputs), targets)), lambda: step(theirs, their_loss()), rounds=60
    )
    sizes = f"{LAYERS} layers, D={D}, T={T}, B={B}, {torch.get_num_threads()} threads"
    note = f"{a * 1e3:.1f} ms, {B * T / a:,.0f} tokens a second, against {b * 1e3:.1f} ms; {sizes}"
    return [Result("a training step of GPT against transformers' GPT-2", round(ratio, 3), "×", 1.0, note)]

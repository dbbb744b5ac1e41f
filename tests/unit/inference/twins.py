"""Shared by the tests of inference: GPT-2 twice, ours and that of ``transformers``, with the same weights."""

import transformers
from reference import spread
from torch import nn

from llmbook.models import GPT

N, T, V, LONG = 3, 5, 29, 31


def models(seed: int) -> tuple[GPT, transformers.GPT2LMHeadModel]:
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=1)
    theirs = spread(transformers.GPT2LMHeadModel(config), std=1.0, seed=seed).eval()
    for name, parameter in theirs.named_parameters():  # with large biases it would say one word for ever
        if parameter.ndim == 1:
            nn.init.constant_(parameter, float("ln_" in name and name.endswith("weight")))
    ours = GPT(V, d_model=12, n_heads=3, n_layers=2, max_len=LONG)
    ours.load_transformers(theirs.state_dict())
    return ours.eval(), theirs

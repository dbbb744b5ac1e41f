"""GPT-2 against ``transformers``, with the same weights."""

import pytest
import torch
import transformers
from reference import close, ids_of, spread, weight_gradients_equal

from llmbook.models import GPT

B, T, V, D, H, LAYERS, WIDE, LONG = 2, 13, 89, 42, 6, 3, 53, 31
EXACT = 1e-10  # float64
SIZES = {"d_model": D, "n_heads": H, "n_layers": LAYERS, "max_len": LONG}


def their_gpt2(dropout: float = 0.0) -> transformers.GPT2LMHeadModel:
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": D, "n_layer": LAYERS, "n_head": H}
    drops = dict.fromkeys(("attn_pdrop", "embd_pdrop", "resid_pdrop"), dropout)
    config = transformers.GPT2Config(**sizes, **drops, bos_token_id=0, eos_token_id=0, attn_implementation="sdpa")
    return spread(transformers.GPT2LMHeadModel(config)).eval()


def test_gpt_equals_transformers_gpt2():
    theirs, ours, ids = their_gpt2().double(), GPT(V, **SIZES).double().eval(), ids_of(V, B, T)
    ours.load_transformers(theirs.state_dict())
    close(ours(ids), theirs(ids).logits, EXACT)
    weight_gradients_equal(ours, theirs, GPT(V, **SIZES).double(), ids, EXACT)


def test_dropout_falls_where_it_does_in_transformers():
    """While training, with the same random numbers: any place more or less would shift all that follow."""
    theirs, ids = their_gpt2(0.3).double().train(), ids_of(V, B, T)
    ours = GPT(V, **SIZES, dropout=0.3).double().train()
    ours.load_transformers(theirs.state_dict())
    torch.manual_seed(5)
    expected = theirs(ids).logits
    torch.manual_seed(5)
    close(ours(ids), expected, EXACT)


def test_the_smallest_of_2019_is_known_by_its_number():
    with torch.device("meta"):  # sizes without memory
        gpt = GPT()
    assert sum(p.numel() for p in gpt.parameters()) == 124_439_808


def test_gpts_inner_width_can_be_told():
    assert GPT(V, d_model=D, n_heads=H, n_layers=1, d_ff=WIDE).config.d_ff == WIDE
    assert GPT(V, d_model=D, n_heads=H, n_layers=1).config.d_ff == 4 * D


def test_weights_of_another_size_are_refused():
    with pytest.raises(RuntimeError, match="size mismatch"):
        GPT(V, **{**SIZES, "max_len": LONG + 1}).load_transformers(their_gpt2().state_dict())
    with pytest.raises(KeyError, match="wte"):
        GPT(V, **SIZES).load_transformers({})

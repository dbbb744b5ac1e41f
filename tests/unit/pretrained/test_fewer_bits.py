"""The run of page 3.7: windows, what is measured on them, and the stored numbers found again."""

import pytest
import torch
import torch.nn.functional as F
from reference import close, ids_of, spread

from llmbook.compression import Scheme, matrices, output_error, read_inputs, replaced
from llmbook.models import GPT
from llmbook.pretrained import fewer_bits, load_smollm2, read_stored


@pytest.fixture(scope="module")
def smol():
    return load_smollm2()


def small() -> GPT:
    return spread(GPT(13, d_model=12, n_heads=3, n_layers=2, max_len=11), seed=1).eval().requires_grad_(False)


# --- reference -------------------------------------------------------------------------------------------------


def test_nats_and_choices_of_a_window():
    model, rows = small(), ids_of(13, 3, 9)
    nats, likeliest = fewer_bits.read_windows(model, rows)
    logits = model(rows[:, :-1])
    close(nats, F.cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none").mean(dim=1), 1e-5)
    assert likeliest.equal(logits.argmax(dim=-1))


# --- property --------------------------------------------------------------------------------------------------


def test_each_way_of_rounding_a_model_changes_its_outputs_less():
    model, rows = small(), ids_of(13, 40, 9)
    inputs = read_inputs(model, rows)
    off = {}
    for how in ("nearest", "compensated", "aware"):
        new = fewer_bits.rounded_matrices(model, how, Scheme(bits=3, group=4), inputs)
        assert set(new) == set(matrices(model))
        weights = {name: layer.weight for name, layer in matrices(model).items()}
        off[how] = sum(output_error(w, new[name], inputs[name].moment) for name, w in weights.items())
    assert off["compensated"] < 0.9 * off["nearest"]
    assert off["aware"] < off["nearest"]


def test_windows_are_apart_and_those_looked_at_are_others(smol):
    rows, others = fewer_bits.held_out(smol[1]), fewer_bits.looked_at(smol[1])
    assert rows.shape == (fewer_bits.WINDOWS, fewer_bits.T + 1)
    assert len({tuple(row.tolist()) for row in (*rows, *others)}) == len(rows) + len(others)
    assert fewer_bits.held_out(smol[1], 5).equal(rows[:5])
    widest = max(layer.in_features for layer in matrices(smol[0]).values())
    assert others[:, :-1].numel() > widest, "fewer inputs than columns"


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_cache_of_eight_bits_costs_next_to_nothing(smol):
    rows = fewer_bits.held_out(smol[1], 2)
    exact, _ = fewer_bits.read_windows(smol[0], rows)
    eight, _ = fewer_bits.read_windows(smol[0], rows, {"keys": fewer_bits.few(8), "values": fewer_bits.few(8)})
    assert 0 < (eight - exact).abs().max() < 0.02


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_is_of_this_model_and_this_code(smol):
    model, tokenizer = smol
    run = read_stored("fewer-bits")
    assert list(run["weights"]) == list(fewer_bits.WAYS)
    assert list(run["cache"]) == list(fewer_bits.CACHES)
    assert {len(way["nats"]) for way in (run["file"], *run["weights"].values())} == {fewer_bits.WINDOWS}
    rows = fewer_bits.held_out(tokenizer, 2)
    exact, _ = fewer_bits.read_windows(model, rows)
    close(exact, torch.tensor(run["file"]["nats"][:2]), 5e-3)  # float32 elsewhere
    name = "int3, groups of 64"
    with replaced(model, fewer_bits.rounded_matrices(model, *fewer_bits.WAYS[name], {})):
        nats, _ = fewer_bits.read_windows(model, rows)
    close(nats, torch.tensor(run["weights"][name]["nats"][:2]), 2e-2)
    # A number near the middle of two levels may fall elsewhere on another processor, which is far with two bits.
    for name, off in {"4 bits": 2e-2, "2 bits, keys by channel": 0.15}.items():
        nats, _ = fewer_bits.read_windows(model, rows, fewer_bits.CACHES[name])
        close(nats, torch.tensor(run["cache"][name]["nats"][:2]), off)


def test_the_first_block_was_rounded_so(smol):
    """By all three ways, from what it reads in the windows looked at; the blocks above it are left out."""
    model, tokenizer = smol
    blocks = model.blocks
    output = model.output
    model.blocks = blocks[:1]
    model.output = torch.nn.Identity()
    try:
        inputs = read_inputs(model, fewer_bits.looked_at(tokenizer)[:, :-1])
        for name in ("int4, groups of 64", "int4, groups of 64, compensated", "int4, groups of 64, aware"):
            new = fewer_bits.rounded_matrices(model, *fewer_bits.WAYS[name], inputs)
            stored = read_stored("fewer-bits")["weights"][name]["first block"]["seen"]
            for part, layer in matrices(model).items():
                error = output_error(layer.weight, new[part], inputs[part].moment)
                assert error == pytest.approx(stored[part], rel=0.03), (name, part)
    finally:
        model.blocks = blocks
        model.output = output

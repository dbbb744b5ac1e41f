"""The stored heads are the real models' heads, rounded; and their bytes come back as they went."""

import pytest
import torch
from torch.testing import assert_close

from llmbook.pages.head_scores import KINDS
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.head_set import HeadSet, coarse, unpack
from llmbook.pages.widgets.prepared_heads import FOLDER, SETS, make, packed, place, prepared, rounded

MOST, MEAN = 0.022, 0.001  # by which one weight is off, and the mean of all


def random_set(**options) -> HeadSet:
    dice = torch.Generator().manual_seed(0)
    q, k = (torch.randn(2, heads, 5, 7, generator=dice) for heads in (6, 3))
    return HeadSet(
        **{"words": list("abcab"), "q": q.half(), "k": k.half(), "layers": [3, 8], "causal": True, **options}
    )


@pytest.mark.parametrize("name", SETS)
def test_a_stored_set_is_what_the_model_computes(name):
    """Another processor's sums differ in their last digits, so that a number may be rounded to its neighbour."""
    stored, real = prepared(name), make(name)
    assert (stored.words, stored.about()) == (real.words, real.about())
    again = rounded(real)
    for ours, theirs in ((stored.q, again.q), (stored.k, again.k)):
        assert (ours == theirs).double().mean() > 0.99
        assert (ours - theirs).abs().max() <= 1
    off = (stored.weights() - real.weights()).abs()
    assert off.max() < MOST
    assert off.mean() < MEAN


def test_heads_of_another_layer_would_be_noticed():
    stored, real = prepared("anna"), make("anna")
    off = (stored.weights() - real.weights().roll(1, dims=0)).abs()
    assert off.max() > 10 * MOST
    assert off.mean() > 10 * MEAN


def test_they_are_light():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 300_000
    assert {path.stem for path in FOLDER.iterdir()} == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_names_are_what_their_scores_say(name):
    """On its own sentence a head does what page 5.7 calls it, unless the sentence gives it nothing to do."""
    known = prepared(name)
    scores = known.scores(known.weights())
    kinds = {"previous token": "previous", "duplicate token": "duplicate"}
    for label, told in known.names.items():
        kind = kinds.get(told, told)
        assert kind in KINDS
        if name in ("anna", "ten-words"):
            score = scores[kind].flatten()
            better = (score > score[known.labels.index(label)]).sum()
            assert better < (5 if kind == "induction" else 2), label


def test_what_is_packed_comes_back():
    heads = random_set(rest=[1, 2], pronouns=[[0, 1, 2]], names={"L8H5": "x"})
    again = unpack(heads.pack())
    assert torch.equal(again.q, heads.q)
    assert torch.equal(again.k, heads.k)
    assert again.about() == heads.about()
    assert heads.labels == [f"L{layer}H{head}" for layer in (3, 8) for head in range(6)]


def test_settings_are_those_of_attention():
    heads = random_set()
    q, k = heads.q.double(), heads.k.double().repeat_interleave(2, dim=1)
    scores = q @ k.transpose(-2, -1)
    hidden = torch.ones(5, 5).triu(1).bool()
    assert_close(heads.weights(2.0, False, "none"), (scores / 2).softmax(dim=-1))
    causal = (scores / 7**0.5).masked_fill(hidden, -torch.inf).softmax(dim=-1)
    for mask in ("own", "causal"):
        assert_close(heads.weights(mask=mask), causal)
    assert_close(random_set(causal=False).weights(), (scores / 7**0.5).softmax(dim=-1))


def test_rounding_costs_little_and_saves_much():
    heads = random_set()
    q, k = coarse(heads.q.float(), heads.k.float(), 1 / 16)
    light = HeadSet(words=heads.words, q=q, k=k, layers=heads.layers, causal=True)
    assert (light.weights() - heads.weights()).abs().max() < MOST
    assert len(light.pack()) < 0.75 * len(heads.pack())


def test_the_cell_that_is_opened_is_there():
    for name, known in SETS.items():
        row, key = place(name)
        words = prepared(name).words
        assert (words[row], words[key]) == (known.row, known.key)
        assert known.head in prepared(name).labels


def test_they_are_handed_over_as_stored_models_are():
    name = "heads-anna"
    assert stored_weights.describe(name)["parts"] == 1
    assert stored_weights.part(name, 0) == packed("anna")
    with pytest.raises(ValueError, match="the prepared sentences are anna, animal, ten-words, captains; got 'bert'"):
        stored_weights.packed("heads-bert")

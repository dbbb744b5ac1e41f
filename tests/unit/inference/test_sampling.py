"""What may be drawn, against ``transformers``, and with which probabilities."""

import pytest
import torch
from reference import close, random
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from llmbook.inference import filter_logits, sample_next_token
from llmbook.inference.sampling import penalise_repetition

N, V = 3, 29


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [None, 1, 7, V, V + 1])
@pytest.mark.parametrize("top_p", [0.05, 0.6, 0.95, 1.0])
@pytest.mark.parametrize("min_p", [0.0, 0.02, 0.7, 1.0])
def test_restrictions_equal_transformers(temperature, top_k, top_p, min_p):
    logits = 3 * random(N, V)
    expected = TemperatureLogitsWarper(temperature)(None, logits)
    expected = expected if top_k is None else TopKLogitsWarper(top_k)(None, expected)
    expected = expected if top_p == 1 else TopPLogitsWarper(top_p)(None, expected)
    expected = expected if min_p == 0 else MinPLogitsWarper(min_p)(None, expected)
    close(filter_logits(logits, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p), expected, 1e-12)


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.2, 3.0])
def test_the_penalty_for_repetition_equals_that_of_transformers(penalty):
    """Positive and negative logits of ids that are in the text once, often, and not at all."""
    logits = 3 * random(N, V)
    ids = torch.tensor([[0, 1, 2, 3, 3], [5, 5, 5, 5, 5], [V - 1, 0, 9, 8, 7]])
    expected = RepetitionPenaltyLogitsProcessor(penalty)(ids, logits)
    before = logits.clone()
    close(penalise_repetition(logits, ids, penalty), expected, 1e-12)
    close(logits, before, 0)


@pytest.mark.parametrize("penalty", [0.0, -1.0, float("nan")])
def test_an_impossible_penalty(penalty):
    with pytest.raises(ValueError, match=f"the penalty for repetition must be above 0, got {penalty}"):
        penalise_repetition(random(N, V), torch.zeros(N, 1, dtype=torch.long), penalty)


def test_draws_have_the_probabilities():
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]]).log_softmax(-1).expand(40_000, 4)
    drawn = sample_next_token(logits, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / 40_000
    close(shares, logits[0].exp(), 0.008)  # three standard errors of a share of one half
    hot = sample_next_token(logits, temperature=2.0, top_k=2, generator=torch.Generator().manual_seed(0))
    assert set(hot.tolist()) == {1, 2}


def test_temperature_zero_is_greedy_and_drawing_is_seeded():
    logits = random(N, V)
    assert torch.equal(sample_next_token(logits, temperature=0), logits.argmax(dim=-1))
    assert torch.equal(sample_next_token(logits, top_k=1), logits.argmax(dim=-1))
    assert torch.equal(sample_next_token(logits, top_p=1e-6), logits.argmax(dim=-1))
    first, again, other = (
        sample_next_token(logits.repeat(50, 1), generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_nucleus_of_numbers_of_half_the_bits_is_that_of_float32():
    logits = (3 * random(2, 30_000)).bfloat16()
    kept, exact = (filter_logits(x, top_p=0.99).isfinite() for x in (logits, logits.float()))
    assert (kept == exact).all()


def test_no_restriction_keeps_every_word():
    logits = torch.tensor([[0.0, -100.0, -200.0]])  # in float32 the first word's probability is exactly one
    close(filter_logits(logits), logits, 0)
    close(filter_logits(logits, top_k=3, top_p=1.0, min_p=0.0), logits, 0)


def test_as_likely_as_min_p_asks_is_likely_enough():
    halves = torch.tensor([[1.0, 1.0, 0.5, 0.25]]).log()
    assert filter_logits(halves, min_p=0.5).isfinite().tolist() == [[True, True, True, False]]


def test_the_nucleus_ends_with_the_word_that_reaches_top_p():
    assert filter_logits(torch.zeros(1, 4), top_p=0.5).isfinite().sum() == 2  # quarters add up exactly
    assert filter_logits(torch.zeros(1, 4), top_p=0.51).isfinite().sum() == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": -1.0}, "got -1"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_k": 0}, "top_k must be at least 1, got 0"),
        ({"top_p": 0.0}, r"top_p must lie in \(0, 1\], got 0"),
        ({"top_p": 1.5}, r"got 1\.5"),
        ({"top_p": -0.5}, r"got -0\.5"),
        ({"top_k": -1}, "top_k must be at least 1, got -1"),
        ({"min_p": -0.1}, r"min_p must lie in \[0, 1\], got -0\.1"),
        ({"min_p": 1.1}, r"got 1\.1"),
        ({"min_p": float("nan")}, "got nan"),
    ],
)
def test_impossible_restrictions(wrong, message):
    with pytest.raises(ValueError, match=message):
        sample_next_token(random(N, V), **wrong)
    with pytest.raises(ValueError, match=message):  # where nothing is drawn, too
        sample_next_token(random(N, V), **{"temperature": 0, **wrong})
    with pytest.raises(ValueError, match="temperature must be above 0"):
        filter_logits(random(N, V), temperature=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda logits: sample_next_token(logits, 1.0),
        lambda logits: filter_logits(logits, 1.0),
    ],
)
def test_options_go_by_name(call):
    with pytest.raises(TypeError, match="positional argument"):
        call(random(N, V))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 1e-45])
def test_a_tiny_temperature_takes_the_likeliest(dtype, temperature):
    logits = torch.tensor([[60.0, -30.0, 61.0, 0.0]], dtype=dtype)
    assert sample_next_token(logits, temperature=temperature).tolist() == [2]
    kept = filter_logits(logits, temperature=temperature)
    close(kept.float().softmax(dim=-1), torch.tensor([[0.0, 0.0, 1.0, 0.0]]), 1e-12)
    close(filter_logits(logits - 100, temperature=temperature).float().softmax(dim=-1), kept.float().softmax(dim=-1), 0)


def test_of_what_reaches_min_p_all_stay():
    logits = torch.tensor([[0.4, 0.2, 0.2, 0.1]]).log()
    assert filter_logits(logits, min_p=0.49).isfinite().tolist() == [[True, True, True, False]]
    assert filter_logits(logits, min_p=1.0).isfinite().tolist() == [[True, False, False, False]]
    assert torch.equal(sample_next_token(random(N, V), min_p=1.0), random(N, V).argmax(dim=-1))


def test_of_equals_at_the_border_of_top_p_the_smaller_ids_stay():
    kept = filter_logits(torch.zeros(1, 8), top_p=0.5).isfinite()
    assert kept.tolist() == [[True] * 4 + [False] * 4]

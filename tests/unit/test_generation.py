"""Generation against ``transformers``: what may be drawn, what is said greedily, what beams find."""

import pytest
import torch
import transformers
from reference import close, ids_of, random, spread
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from llmbook.decoder import Config, LanguageModel
from llmbook.generation import beam_search, choose, generate, restrict
from llmbook.gpt import GPT

N, T, V, LONG = 3, 5, 29, 31


def models(seed: int) -> tuple[GPT, transformers.GPT2LMHeadModel]:
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=1)
    theirs = spread(transformers.GPT2LMHeadModel(config), std=0.5, seed=seed).eval()
    ours = GPT(V, d_model=12, n_heads=3, n_layers=2, max_len=LONG)
    ours.load(theirs.state_dict())
    return ours.eval(), theirs


# --- what may be drawn -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("top_k", [None, 1, 7, V, V + 1])
@pytest.mark.parametrize("top_p", [0.05, 0.6, 0.95, 1.0])
def test_restrictions_equal_transformers(temperature, top_k, top_p):
    logits = 3 * random(N, V)
    expected = TemperatureLogitsWarper(temperature)(None, logits)
    expected = expected if top_k is None else TopKLogitsWarper(top_k)(None, expected)
    expected = expected if top_p == 1 else TopPLogitsWarper(top_p)(None, expected)
    close(restrict(logits, temperature=temperature, top_k=top_k, top_p=top_p), expected, 1e-12)


def test_draws_have_the_probabilities():
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]]).log_softmax(-1).expand(40_000, 4)
    drawn = choose(logits, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / 40_000
    close(shares, logits[0].exp(), 0.008)  # three standard errors of a share of one half
    hot = choose(logits, temperature=2.0, top_k=2, generator=torch.Generator().manual_seed(0))
    assert set(hot.tolist()) == {1, 2}


def test_temperature_zero_is_greedy_and_drawing_is_seeded():
    logits = random(N, V)
    assert torch.equal(choose(logits, temperature=0), logits.argmax(dim=-1))
    assert torch.equal(choose(logits, top_k=1), logits.argmax(dim=-1))
    assert torch.equal(choose(logits, top_p=1e-6), logits.argmax(dim=-1))
    first, again, other = (choose(logits.repeat(50, 1), generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": -1.0}, "got -1"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_k": 0}, "top_k must be at least 1, got 0"),
        ({"top_p": 0.0}, r"top_p must lie in \(0, 1\], got 0"),
        ({"top_p": 1.5}, r"got 1\.5"),
    ],
)
def test_impossible_restrictions(wrong, message):
    with pytest.raises(ValueError, match=message):
        choose(random(N, V), **wrong)
    with pytest.raises(ValueError, match="temperature must be above 0"):
        restrict(random(N, V), temperature=0)


# --- one path --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_text_equals_transformers(seed, use_cache):
    ours, theirs = models(seed)
    ids = ids_of(V - 2, N, T, seed=seed) + 2
    expected = theirs.generate(
        ids, max_new_tokens=20, do_sample=False, pad_token_id=1, attention_mask=torch.ones_like(ids)
    )
    assert generate(ours, ids, 20, eos=1, use_cache=use_cache).tolist() == expected.tolist()


def test_sampling_is_the_same_with_and_without_a_cache():
    ours = models(5)[0].double()
    ids = ids_of(V, N, T)
    texts = [
        generate(
            ours, ids, 20, temperature=0.8, top_k=9, top_p=0.9, use_cache=c, generator=torch.Generator().manual_seed(2)
        )
        for c in (True, False)
    ]
    assert torch.equal(*texts)


def test_a_finished_row_says_only_its_end():
    model = spread(LanguageModel(Config(V, 12, 3, 1, 24, LONG)), std=0.5)
    ids = ids_of(V, 8, T)
    free = generate(model, ids, 20)
    eos = int(free[0, T + 3])
    ended = generate(model, ids, 20, eos=eos)
    for row, before in zip(ended.tolist(), free.tolist(), strict=True):
        new = before[T:]
        stop = new.index(eos) if eos in new else len(new)
        assert row[T : T + stop] == new[:stop][: len(row) - T]
        assert set(row[T + stop :]) <= {eos}


def test_nothing_new_is_the_prompt():
    model, ids = models(0)[0], ids_of(V, N, T)
    assert torch.equal(generate(model, ids, 0), ids)
    assert generate(model, ids, LONG - T).shape == (N, LONG)


@pytest.mark.parametrize(
    ("size", "new", "message"), [(0, 3, "got 0 and 3"), (T, -1, "got 5 and -1"), (T, LONG - T + 1, "max_len=31")]
)
def test_impossible_lengths(size, new, message):
    with pytest.raises(ValueError, match=message):
        generate(models(0)[0], ids_of(V, N, size), new)


# --- several paths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beams", [1, 2, 4])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_beams_equal_transformers(seed, beams, length_penalty):
    ours, theirs = models(seed)
    ids = ids_of(V - 2, 1, T, seed=seed) + 2
    expected = theirs.generate(
        ids,
        max_new_tokens=8,
        do_sample=False,
        num_beams=beams,
        num_return_sequences=1,
        length_penalty=length_penalty,
        pad_token_id=0,
        attention_mask=torch.ones_like(ids),
    )
    found = beam_search(
        lambda prefixes: ours(prefixes)[:, -1], ids[0], beams=beams, max_new=8, eos=1, length_penalty=length_penalty
    )
    assert found[0][1] == expected[0].tolist()


def walk(table: dict[str, list[float]]):
    """A model of two words and an end: the probabilities of (end, a, b) after each text."""

    def next_logits(prefixes: torch.Tensor) -> torch.Tensor:
        words = ["".join("·ab"[i] for i in row[1:]) for row in prefixes.tolist()]
        return torch.tensor([table.get(word, [0.98, 0.01, 0.01]) for word in words]).log()

    return next_logits


def test_beams_find_what_greed_misses():
    table = {"": [0.02, 0.5, 0.48], "a": [0.2, 0.4, 0.4], "b": [0.9, 0.05, 0.05]}
    start = torch.tensor([2])
    greedy = beam_search(walk(table), start, beams=1, max_new=4, eos=0, length_penalty=0.0)
    wide = beam_search(walk(table), start, beams=2, max_new=4, eos=0, length_penalty=0.0)
    assert wide[0][1] == [2, 2, 0]
    assert wide[0][0] == pytest.approx(torch.tensor(0.48 * 0.9).log().item(), abs=1e-5)
    assert wide[0][0] > greedy[0][0]
    assert wide == sorted(wide, key=lambda scored: -scored[0])
    assert len(wide) == 2


def test_the_length_penalty_prefers_longer_texts():
    table = {"": [0.55, 0.45, 1e-9], "a": [1e-9, 1.0, 1e-9], "aa": [1.0, 1e-9, 1e-9]}
    start = torch.tensor([1])
    for alpha, best in ((0.0, [1, 0]), (1.0, [1, 1, 1, 0])):
        found = beam_search(walk(table), start, beams=2, max_new=4, eos=0, length_penalty=alpha)
        assert found[0][1] == best


def test_unfinished_texts_take_part():
    table = {text: [1e-9, 1.0, 1e-9] for text in ("", "a", "aa")}
    ((score, ids),) = beam_search(walk(table), torch.tensor([1]), beams=1, max_new=3, eos=0)
    assert ids == [1, 1, 1, 1]
    assert score == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("beams", "new"), [(0, 3), (2, 0)])
def test_no_beams(beams, new):
    with pytest.raises(ValueError, match=f"got {beams} and {new}"):
        beam_search(walk({}), torch.tensor([1]), beams=beams, max_new=new, eos=0)

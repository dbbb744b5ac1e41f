"""Generation against ``transformers``: what may be drawn, what is said greedily, what beams find."""

import math
import re
import subprocess
import sys

import pytest
import torch
import transformers
from reference import close, ids_of, random, spread
from torch import nn
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from llmbook.generation import beam_search, choose, generate, restrict
from llmbook.gpt import GPT

N, T, V, LONG = 3, 5, 29, 31


def models(seed: int) -> tuple[GPT, transformers.GPT2LMHeadModel]:
    sizes = {"vocab_size": V, "n_positions": LONG, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=1)
    theirs = spread(transformers.GPT2LMHeadModel(config), std=1.0, seed=seed).eval()
    for name, parameter in theirs.named_parameters():  # with large biases it would say one word for ever
        if parameter.ndim == 1:
            nn.init.constant_(parameter, float("ln_" in name and name.endswith("weight")))
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


def test_the_nucleus_of_numbers_of_half_the_bits_is_that_of_float32():
    logits = (3 * random(2, 30_000)).bfloat16()
    kept, exact = (restrict(x, top_p=0.99).isfinite() for x in (logits, logits.float()))
    assert (kept == exact).all()


def test_no_restriction_keeps_every_word():
    logits = torch.tensor([[0.0, -100.0, -200.0]])  # in float32 the first word's probability is exactly one
    close(restrict(logits), logits, 0)
    close(restrict(logits, top_k=3, top_p=1.0), logits, 0)


def test_the_nucleus_ends_with_the_word_that_reaches_top_p():
    assert restrict(torch.zeros(1, 4), top_p=0.5).isfinite().sum() == 2  # quarters add up exactly
    assert restrict(torch.zeros(1, 4), top_p=0.51).isfinite().sum() == 3


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
    ],
)
def test_impossible_restrictions(wrong, message):
    with pytest.raises(ValueError, match=message):
        choose(random(N, V), **wrong)
    with pytest.raises(ValueError, match=message):  # where nothing is drawn, too
        choose(random(N, V), **{"temperature": 0, **wrong})
    with pytest.raises(ValueError, match="temperature must be above 0"):
        restrict(random(N, V), temperature=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda logits: choose(logits, 1.0),
        lambda logits: restrict(logits, 1.0),
        lambda logits: generate(models(0)[0], ids_of(V, N, T), 1, 0.5),
        lambda logits: beam_search(walk({}), torch.tensor([1]), 1, 1, 0),
    ],
)
def test_options_go_by_name(call):
    with pytest.raises(TypeError, match="positional argument"):
        call(random(N, V))


# --- one path --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_text_equals_transformers(seed, use_cache):
    ours, theirs = models(seed)
    ids = ids_of(V, N, T, seed=seed)
    free = generate(ours, ids, 20, use_cache=use_cache)
    eos = int(free[0, T + 6])
    assert free[:, T:].unique().numel() > 5  # not one word for ever
    for end in (None, eos):
        expected = theirs.generate(
            ids,
            max_new_tokens=20,
            do_sample=False,
            eos_token_id=V if end is None else end,  # V: an id that is never said
            pad_token_id=eos,
            attention_mask=torch.ones_like(ids),
        )
        assert generate(ours, ids, 20, eos=end, use_cache=use_cache).tolist() == expected.tolist()


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


def test_drawing_is_unrestricted_unless_told():
    model, ids = models(5)[0], ids_of(V, N, T)
    first, told = (
        generate(model, ids, 6, temperature=1.0, generator=torch.Generator().manual_seed(3), **options)
        for options in ({}, {"top_k": V, "top_p": 1.0})
    )
    assert torch.equal(first, told)
    assert torch.equal(generate(model, ids, 6), generate(model, ids, 6, temperature=0))


def test_a_finished_row_says_only_its_end():
    model = models(0)[0]
    ids = ids_of(V, 8, T)
    free = generate(model, ids, 20)
    for eos in free[:, T + 3].unique().tolist():
        ended = generate(model, ids, 20, eos=eos)
        for row, before in zip(ended.tolist(), free.tolist(), strict=True):
            new = before[T:]
            stop = new.index(eos) if eos in new else len(new)
            assert row[T : T + stop] == new[:stop][: len(row) - T]
            assert set(row[T + stop :]) <= {eos}


def test_the_text_stops_where_all_rows_have_ended():
    model = models(0)[0]
    ids = ids_of(V, 1, T).expand(3, T)
    free = generate(model, ids, 20)
    new = free[0, T:].tolist()
    eos = new[4]
    assert torch.equal(generate(model, ids, 20, eos=eos), free[:, : T + new.index(eos) + 1])


@pytest.mark.parametrize(("options", "widths"), [({}, [T, 1, 1]), ({"use_cache": False}, [T, T + 1, T + 2])])
def test_with_a_cache_each_id_is_read_once(options, widths):
    model, read = models(0)[0], []
    hook = model.register_forward_hook(lambda _, args, out: read.append((args[0].shape[1], out.requires_grad)))
    out = generate(model, ids_of(V, N, T), 3, **options)
    assert read == [(width, False) for width in widths]  # nothing is kept for gradients
    hook.remove()
    model(out).sum().backward()  # and what was said can be learned from


def test_a_step_of_ones_own_takes_over_behind_the_prompt():
    model, ids, read = models(0)[0], ids_of(V, N, T), []

    def step(new, cache):
        read.append((tuple(new.shape), cache.length))
        return model(new, cache)

    assert torch.equal(generate(model, ids, 4, step=step), generate(model, ids, 4))
    assert read == [((N, 1), T), ((N, 1), T + 1), ((N, 1), T + 2)]
    assert torch.equal(generate(model, ids, 4, step=step, use_cache=False), generate(model, ids, 4))
    assert len(read) == 3  # without a cache there is no single step


COMPILED = """
import torch
from llmbook.generation import generate
from llmbook.gpt import GPT
from llmbook.llama import Llama

torch.manual_seed(0)
sizes = {"d_model": 24, "n_heads": 6, "n_layers": 2, "max_len": 31}
for model in (GPT(29, **sizes), Llama(29, n_kv_heads=3, d_ff=36, **sizes)):
    ids = torch.randint(29, (2, 5))
    step = torch.compile(model.eval(), fullgraph=True, dynamic=True, backend="aot_eager")
    assert torch.equal(generate(model, ids, 12, step=step), generate(model, ids, 12))
"""


def test_the_step_can_be_traced_whole():
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_one_id_is_prompt_enough():
    model, ids = models(0)[0], ids_of(V, N, 1)
    close(generate(model, ids, 4)[:, 1], model(ids)[:, -1].argmax(dim=-1), 0)


def test_nothing_new_is_the_prompt():
    model, ids = models(0)[0], ids_of(V, N, T)
    assert torch.equal(generate(model, ids, 0), ids)
    assert torch.equal(generate(model, ids, 1)[:, :T], ids)
    assert generate(model, ids, LONG - T).shape == (N, LONG)


@pytest.mark.parametrize(
    ("size", "new", "message"),
    [
        (0, 3, r"got \(3, 0\) and 3"),
        (T, -1, r"got \(3, 5\) and -1"),
        (T, LONG - T + 1, "5 ids and 27 new ones .* max_len=31"),
    ],
)
def test_impossible_lengths(size, new, message):
    with pytest.raises(ValueError, match=message):
        generate(models(0)[0], ids_of(V, N, size), new)


def test_a_prompt_is_a_batch(shapes_unchecked):
    for shape in ((T,), (N, T, 1)):
        with pytest.raises(ValueError, match=rf"ids \(N, T\) .* got {re.escape(str(shape))} and 1"):
            generate(models(0)[0], ids_of(V, *shape), 1)


# --- several paths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beams", [1, 2, 4])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 2.0])
def test_beams_equal_transformers(seed, beams, length_penalty):
    ours, theirs = models(seed)
    ids = ids_of(V, 1, T, seed=seed)
    eos = int(generate(ours, ids, 5)[0, -1])
    expected = theirs.generate(
        ids,
        max_new_tokens=8,
        eos_token_id=eos,
        do_sample=False,
        num_beams=beams,
        num_return_sequences=1,
        length_penalty=length_penalty,
        pad_token_id=0,
        attention_mask=torch.ones_like(ids),
    )
    found = beam_search(
        lambda prefixes: ours(prefixes)[:, -1], ids[0], beams=beams, max_new=8, eos=eos, length_penalty=length_penalty
    )
    assert found[0][1] == expected[0].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_beams_with_a_cache_find_what_they_find_without(seed):
    model = models(seed)[0].double()
    ids, read = ids_of(V, T, seed=seed), []
    eos = int(generate(model, ids[None], 5)[0, -1])
    cache = model.new_cache(1, LONG)

    def next_logits(prefixes: torch.Tensor) -> torch.Tensor:
        read.append(prefixes.shape[1] - cache.length)
        return model(prefixes[:, cache.length :], cache)[:, -1]

    options = {"beams": 3, "max_new": 8, "eos": eos}
    found = beam_search(next_logits, ids, **options, reorder=cache.reorder)
    without = beam_search(lambda prefixes: model(prefixes)[:, -1], ids, **options)
    assert [ids for _, ids in found] == [ids for _, ids in without]
    close(torch.tensor([score for score, _ in found]), torch.tensor([score for score, _ in without]), 1e-10)
    assert read[0] == T
    assert set(read[1:]) == {1}


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


def test_as_many_texts_stay_open_as_there_are_beams():
    """At the third word two go on, four could end, and only then come two more that go on."""
    table, widths = {text: [1e-9, 0.5, 0.5] for text in ("", "a", "b")}, []
    table |= {text: [0.35, 0.64, 0.01] for text in ("aa", "ba")} | {text: [0.5, 0.3, 0.2] for text in ("ab", "bb")}

    def next_logits(prefixes: torch.Tensor) -> torch.Tensor:
        widths.append(len(prefixes))
        return walk(table)(prefixes)

    beam_search(next_logits, torch.tensor([1]), beams=4, max_new=4, eos=0)
    assert widths == [1, 2, 4, 4]


def test_a_search_keeps_nothing_for_gradients():
    model, kept = models(0)[0], []
    model.register_forward_hook(lambda _, args, out: kept.append(out.requires_grad))
    beam_search(lambda prefixes: model(prefixes)[:, -1], ids_of(V, T), beams=2, max_new=3, eos=0)
    assert kept == [False] * len(kept) != []


def test_scores_are_means_unless_told():
    table = {"": [0.1, 0.6, 0.3], "a": [0.5, 0.25, 0.25], "b": [0.5, 0.25, 0.25]}
    start = torch.tensor([1])
    (best, ids), *_ = beam_search(walk(table), start, beams=3, max_new=2, eos=0)
    assert ids == [1, 1, 0]
    assert best == pytest.approx((math.log(0.6) + math.log(0.5)) / 2, abs=1e-6)  # sums of float32
    assert beam_search(walk(table), start, beams=1, max_new=1, eos=0)[0][1] == [1, 1]


def test_the_end_may_be_any_id():
    logits = torch.full((300,), -9.0)
    logits[7], logits[299] = 2.0, 1.0
    found = beam_search(
        lambda prefixes: logits.expand(len(prefixes), 300), torch.tensor([4]), beams=2, max_new=2, eos=299
    )
    assert [ids for _, ids in found] == [[4, 7, 7], [4, 7, 299]]


def test_the_search_goes_on_while_an_open_text_beats_the_worst_finished_one():
    table = {"": [0.5, 0.3, 0.2], "a": [0.09, 0.9, 0.01], "b": [0.8, 0.1, 0.1], "aa": [0.65, 0.34, 0.01]}
    calls = []

    def next_logits(prefixes: torch.Tensor) -> torch.Tensor:
        calls.append(len(prefixes))
        return walk(table)(prefixes)

    found = beam_search(next_logits, torch.tensor([1]), beams=2, max_new=9, eos=0, length_penalty=0.0)
    assert [ids for _, ids in found] == [[1, 0], [1, 1, 1, 0]]  # 0.5 and 0.18; "b" and its end, 0.16, came before
    assert len(calls) == 3  # and no further than that


def test_as_many_beams_as_texts_find_every_text():
    """With room for all, the search must rank whole texts as adding up their probabilities does."""
    table = {"": [0.2, 0.5, 0.3], "a": [0.4, 0.35, 0.25], "b": [0.6, 0.1, 0.3]}
    table |= {text: [0.5, 0.2, 0.3] for text in ("aa", "ab", "ba", "bb")}
    for alpha in (0.0, 0.7, 2.0):
        found = beam_search(walk(table), torch.tensor([1]), beams=15, max_new=3, eos=0, length_penalty=alpha)
        sums, texts = {}, [("", 0.0)]
        while texts:
            text, total = texts.pop()
            for word, p in zip((".", "a", "b"), table[text], strict=True):
                longer, score = text + word, total + math.log(p)
                if word == "." or len(longer) == 3:
                    sums[longer] = score / len(longer) ** alpha
                else:
                    texts.append((longer, score))
        best = sorted(sums.values(), reverse=True)
        assert [score for score, _ in found] == pytest.approx(best, abs=1e-5)  # sums of float32
        names = ["".join(".ab"[i] for i in ids[1:]) for _, ids in found]
        assert {name: score for name, (score, _) in zip(names, found, strict=True)} == pytest.approx(sums, abs=1e-5)


@pytest.mark.parametrize(("beams", "new"), [(0, 3), (2, 0)])
def test_no_beams(beams, new):
    with pytest.raises(ValueError, match=f"got {beams} and {new}"):
        beam_search(walk({}), torch.tensor([1]), beams=beams, max_new=new, eos=0)


def test_beams_go_on_from_one_prompt(shapes_unchecked):
    for start in (torch.tensor([[1]]), torch.tensor([], dtype=torch.long), torch.tensor(1)):
        with pytest.raises(ValueError, match=r"ids of one prompt.* got"):
            beam_search(walk({}), start, beams=2, max_new=2, eos=0)


def test_everything_is_made_where_the_ids_are():
    """With another device as the default, whatever forgets to name its own would be made there."""
    model, ids = models(0)[0], ids_of(V, N, T)
    expected = generate(model, ids, 6, eos=3)
    beams = beam_search(lambda prefixes: model(prefixes)[:, -1], ids[0], beams=2, max_new=4, eos=3)
    with torch.device("meta"):
        assert torch.equal(generate(model, ids, 6, eos=3), expected)
        assert beam_search(lambda prefixes: model(prefixes)[:, -1], ids[0], beams=2, max_new=4, eos=3) == beams

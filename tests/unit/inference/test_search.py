"""Beam search against ``transformers``, and on models small enough to try every text."""

import math

import pytest
import torch
from reference import close, ids_of
from twins import LONG, T, V, models

from llmbook.inference import beam_search, generate
from llmbook.inference.search import Scored


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
    assert wide == sorted(wide, key=lambda scored: -scored.score)
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


@pytest.mark.parametrize("beams", [1, 2, 3])
@pytest.mark.parametrize("new", [1, 4])
def test_where_there_is_no_word_but_the_end(beams, new):
    found = beam_search(
        lambda prefixes: torch.zeros(len(prefixes), 1), torch.tensor([0, 0]), beams=beams, max_new=new, eos=0
    )
    assert found == [Scored(score=0.0, ids=[0, 0, 0])]


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


def test_options_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        beam_search(walk({}), torch.tensor([1]), 1, 1, 0)


def test_everything_is_made_where_the_ids_are():
    """With another device as the default, whatever forgets to name its own would be made there."""
    model, ids = models(0)[0], ids_of(V, T)
    beams = beam_search(lambda prefixes: model(prefixes)[:, -1], ids, beams=2, max_new=4, eos=3)
    with torch.device("meta"):
        assert beam_search(lambda prefixes: model(prefixes)[:, -1], ids, beams=2, max_new=4, eos=3) == beams

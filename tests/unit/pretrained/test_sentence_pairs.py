"""Pairs of sentences: wrong in the way they say, judged and measured as by hand, and the stored run begun again."""

import math

import pytest
import torch
import torch.nn.functional as F
from reference import close

from llmbook.data import sentences, speeches
from llmbook.pretrained import read_stored, sentence_pairs
from llmbook.pretrained.readers import Reader, reader_words
from llmbook.pretrained.sentence_pairs import (
    KINDS,
    LONGEST,
    ask,
    deal,
    hidden_words,
    join,
    questions,
    read,
    scores,
    train,
)

WORDS = reader_words()


def reader(seed: int = 0) -> Reader:
    """With weights large enough that pairs differ."""
    torch.manual_seed(seed)
    model = Reader(n_layers=2).eval().requires_grad_(False)
    for p in model.parameters():
        p.mul_(3) if p.ndim > 1 else p
    return model


# --- reference -------------------------------------------------------------------------------------------------


def test_sentences_are_those_of_the_speeches():
    text, told = read("dev"), speeches(part="dev")
    speech = told[3]
    expected = [WORDS.encode(sentence) for paragraph in speech.paragraphs for sentence in sentences(paragraph)]
    assert [ids for ids, number in zip(text.ids, text.speech, strict=True) if number == 3] == expected
    pairs = sum(max(0, len(sentences(paragraph)) - 1) for speech in told for paragraph in speech.paragraphs)
    assert len(text.firsts) == pairs == sum(map(len, text.followers.values()))


def test_scores_are_logarithms_of_the_odds():
    model, text, pairs = reader(), read("dev"), questions("dev")["true"][:130]  # more than one batch
    ids, lengths, segments = text.join(pairs)
    p = model(ids, lengths, segments)[1].softmax(dim=-1)
    close(scores(model, text, pairs), (p[:, 0] / p[:, 1]).log(), 1e-4)  # float32


def test_hidden_words_cost_their_cross_entropy():
    model, text, asked = reader(), read("dev"), questions("dev")["true"]
    total, n = [0.0, 0.0], 0
    for k, (a, b) in enumerate(asked[:7]):
        second = text.ids[b][:22]
        places = [j for j, i in enumerate(second) if j % 7 == 3 and i > WORDS.unknown]
        for way, other in enumerate((a, asked[(k + 1) % 7][0])):
            first = text.ids[other][:22]
            veiled = [WORDS.mask if j in places else i for j, i in enumerate(second)]
            ids, lengths, segments = join([(first, veiled)])
            logits = model(ids, lengths, segments)[0][0]
            for j in places:
                total[way] += F.cross_entropy(logits[len(first) + 2 + j], torch.tensor(second[j])).item()
        n += len(places)
    assert hidden_words(model, "dev", 7) == pytest.approx([x / n for x in total], abs=2e-4)  # four decimals are kept


def test_what_is_preferred_has_the_higher_score():
    model, text, asked = reader(), read("dev"), questions("dev")
    true, wrong = (scores(model, text, asked[kind]).tolist() for kind in ("true", "swapped"))
    hits = [x > y for x, y in zip(true, wrong, strict=True)]
    inside = [hit for hit, (i, _) in zip(hits, asked["true"], strict=True) if text.stands_inside(i)]
    found = ask(model, "dev")
    assert found["swapped"] == pytest.approx(sum(hits) / len(hits), abs=1e-4)
    assert found["swapped, inside"] == pytest.approx(sum(inside) / len(inside), abs=1e-4)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_pair_is_wrong_in_its_own_way(kind):
    text, asked = read("test"), questions("test")
    assert len(asked[kind]) == sentence_pairs.QUESTIONS
    for (i, after), (a, b) in zip(asked["true"], asked[kind], strict=True):
        assert after == i + 1
        assert (a, b) != (i, after)
        if kind == "swapped":
            assert (a, b) == (after, i)
            continue
        assert a == i
        assert b != i
        assert text.paragraph[b - 1] == text.paragraph[b], "it opens its paragraph"
        away = text.speech[b] - text.speech[i]
        assert {"another speech": away != 0, "near in time": abs(away) == 1}.get(kind, away == 0)
        assert (text.paragraph[b] == text.paragraph[i]) == (kind == "same paragraph")


def test_no_sentence_is_in_two_parts():
    known = {part: {tuple(ids) for ids in read(part).ids if len(ids) > 20} for part in ("train", "dev", "test")}
    assert len(known["train"]) > 10_000
    assert len(known["train"] & known["test"]) < 0.01 * len(known["test"])  # formulas that presidents repeat


def test_every_second_pair_of_a_batch_is_wrong():
    text, rows = read("dev"), torch.arange(40, 60)
    for game, kind in sentence_pairs.GAMES.items():
        pairs, strange = deal(text, game, rows)
        firsts = [text.firsts[row] for row in rows]
        assert strange.tolist() == [0 if kind is None or k % 2 == 0 else 1 for k in range(20)]
        assert all((pair == (i, i + 1)) == (y == 0) for pair, i, y in zip(pairs, firsts, strange.tolist(), strict=True))


def test_what_stands_inside_has_neighbours_on_both_sides():
    text = read("dev")
    for i in text.firsts[:300]:
        here = [k for k, paragraph in enumerate(text.paragraph) if paragraph == text.paragraph[i]]
        assert text.stands_inside(i) == (here[0] < i and i + 1 < here[-1])


def test_a_training_is_the_same_each_time_and_another_with_another_seed():
    _, first = train("order", 1, steps=2)
    assert train("order", 1, steps=2)[1] == first
    assert train("order", 2, steps=2)[1] != first
    assert abs(first[0][1] - math.log(2)) < 0.05


def test_without_pairs_the_verdict_is_not_trained():
    model, _ = train("no pairs", 0, steps=3)
    torch.manual_seed(0)
    fresh = Reader(n_layers=2)
    assert torch.equal(model.nsp.bias, fresh.nsp.bias)
    assert not torch.equal(model.mlm_bias, fresh.mlm_bias)


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_judge_who_says_the_same_to_all_prefers_no_pair():
    model = reader()
    for p in model.nsp.parameters():
        p.zero_()
    assert ask(model, "dev") == dict.fromkeys((*KINDS, "swapped, inside"), 0.0)


def test_long_sentences_are_cut_alike():
    ids, lengths, segments = join([([7] * 90, [8] * 90), ([7], [8])])
    assert ids.shape == (2, LONGEST)
    assert lengths.tolist() == [LONGEST, 5]
    assert abs((ids == 7).sum(dim=1) - (ids == 8).sum(dim=1)).max() <= 1
    assert segments[1].tolist() == [0, 0, 0, 1, 1] + [0] * (LONGEST - 5)


# --- failure ---------------------------------------------------------------------------------------------------


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match=r"another speech, near in time.* got 'reversed'"):
        read("dev").wrong(read("dev").firsts[0], "reversed")
    with pytest.raises(KeyError, match="backwards"):
        deal(read("dev"), "backwards", torch.arange(2))


def test_where_there_is_no_wrong_pair_there_is_none():
    text = read("dev")
    sizes = {p: text.paragraph.count(p) for p in set(text.paragraph)}
    lonely = next(i for i in text.firsts if sizes[text.paragraph[i]] == 2)
    assert text.wrong(lonely, "same paragraph") is None


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_stored_run_is_of_this_code():
    run = read_stored("sentence-pairs")
    assert list(run["games"]) == list(sentence_pairs.GAMES)
    assert {len(runs) for runs in run["games"].values()} == {sentence_pairs.SEEDS}
    for game in ("next", "order"):
        stored = torch.tensor(run["games"][game][1]["first losses"])
        close(torch.tensor(train(game, 1, steps=20)[1]), stored, 0.005)  # other processors

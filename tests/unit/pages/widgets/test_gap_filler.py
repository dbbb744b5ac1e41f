"""The gap filler's Python side: the chances of page 3.4, a stable rendering, and clear errors."""

import math

import ipywidgets
import pytest
import torch
from held import (
    check_half_a_pair_is_read_as_a_browser_reads_it,
    check_parts_are_sent,
    check_set_later,
    check_typed_text_is_escaped,
    state_in,
)

from llmbook.data import sentences, speeches
from llmbook.pages import GapFiller
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.gap_filler import MOST_CHARACTERS, MOST_WORDS, STATE, words_of
from llmbook.pages.widgets.gap_sentences import SENTENCES
from llmbook.pretrained.own_models import load_stored, read_stored, stored_tokenizer

NAME = "bert-speeches"
TEXT = "We must protect the people of this country."
CLS, SEP, MASK, UNKNOWN = 1, 2, 3, 4


def logits_of(text: str, changes: dict[int, int]) -> torch.Tensor:
    """Of all positions of [CLS] text [SEP], with other ids at some words' places; nothing is out of sight."""
    ids = stored_tokenizer(NAME).encode(text)
    for place, i in changes.items():
        ids[place] = i
    with torch.no_grad():
        return load_stored(NAME)(torch.tensor([[CLS, *ids, SEP]]))[0][0]


def test_the_chances_are_the_models():
    filler = GapFiller(TEXT, hidden=[4, 1])
    logits = logits_of(TEXT, {1: MASK, 4: MASK})
    assert filler.gaps == [1, 4]
    expected = torch.stack([logits[2], logits[5]]).double().softmax(-1)
    torch.testing.assert_close(filler.chances, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(filler.chances.sum(1), torch.ones(2).double())


def test_a_word_that_was_put_is_what_the_model_reads():
    words = stored_tokenizer(NAME)
    filler = GapFiller(TEXT, put=[(2, "Know"), (0, "we")], hidden=[4])
    assert filler.put == [[0, "we"], [2, "know"]]
    assert filler.seen[:5] == ["we", "must", "know", "the", "[MASK]"]
    logits = logits_of(TEXT, {2: words.ids["know"], 4: MASK})
    torch.testing.assert_close(filler.chances, logits[[1, 3, 5]].double().softmax(-1), atol=1e-6, rtol=0)


def test_a_place_that_is_hidden_too_is_hidden():
    both, hidden = GapFiller(TEXT, put=[(2, "know")], hidden=[2]), GapFiller(TEXT, hidden=[2])
    assert both.seen == hidden.seen
    assert both.chances.equal(hidden.chances)


def blinkered(ids: torch.Tensor, gap: int, left: int, right: int) -> torch.Tensor:
    """Page 3.4's way: the same keys for every query, [CLS] and [SEP] among them; the logits at the gap."""
    bert = load_stored(NAME)
    away = torch.arange(ids.shape[1]) - gap
    near = (-left <= away) & (away <= right) | (ids[0] == CLS) | (ids[0] == SEP)
    with torch.no_grad():
        states = bert.bert.encoder(bert.bert.embed(ids), near[None, None, None])
        return bert.word_logits(states[0, gap])


@pytest.mark.parametrize("reach", [None, 0, 1, 2, 5, 46, 10**9])
@pytest.mark.parametrize("side", ["both", "before", "after"])
def test_each_gap_sees_as_much_as_is_said(side, reach):
    filler = GapFiller(TEXT, hidden=[2, 5], side=side, reach=reach)
    ids = torch.tensor([[CLS, *stored_tokenizer(NAME).encode(TEXT), SEP]])
    ids[0, [3, 6]] = MASK
    far = 99 if reach is None else reach
    sides = {"both": (far, far), "before": (far, 0), "after": (0, far)}[side]
    expected = torch.stack([blinkered(ids, gap, *sides) for gap in (3, 6)]).double().softmax(-1)
    torch.testing.assert_close(filler.chances, expected, atol=1e-6, rtol=0)
    assert filler.in_sight[0, [0, 3, -1]].all()  # the signs, and the gap itself


def test_what_is_out_of_sight_changes_nothing_and_what_is_in_sight_does():
    one, other = (GapFiller(text, hidden=[3], side="before") for text in ("we are at peace now", "we are at peace not"))
    assert one.chances.equal(other.chances)
    one, other = (GapFiller(text, hidden=[3]) for text in ("we are at peace now", "we are at peace not"))
    assert not one.chances.allclose(other.chances)


def test_fillings_are_the_likeliest_words_and_never_signs_of_the_models_own():
    filler = GapFiller(TEXT, hidden=[4, 7])
    for row, found in zip(filler.chances, filler.fillings(4000), strict=True):
        assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
        assert len(found) == 4000 - 5
        assert not {word for word, _ in found} & {"[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"}
        for word, chance in found[:20]:
            assert row[stored_tokenizer(NAME).ids[word]].item() == chance
    assert [len(found) for found in filler.fillings(3)] == [3, 3]


def test_the_own_word_has_its_rank():
    filler = GapFiller("That has been the policy of zzz ___ .", hidden=[1, 6])
    (word, chance), *_ = filler.fillings()[0]
    assert word == "has"
    assert filler.own == [(1, chance), None, None]
    filler = GapFiller("America is our treaty now .", hidden=[0, 3])  # a rare word, behind signs of the model's own
    for (rank, chance), fillings in zip(filler.own, filler.fillings(3995), strict=True):
        word, same = fillings[rank - 1]
        assert word in ("america", "treaty")
        assert chance == same


def test_three_underscores_are_a_gap():
    assert words_of("The United ___ have___spoken____!") == [
        *("the", "united", "___", "have", "___", "spoken", "___", "_", "!")
    ]
    blank, hidden = GapFiller("the united ___ have"), GapFiller("the united states have", hidden=[2])
    assert blank.gaps == [2]
    assert blank.chances.equal(hidden.chances)
    filled = GapFiller("the united ___ have", put=[(2, "states")])
    assert filled.gaps == [2]
    assert filled.seen == ["the", "united", "states", "have"]


def test_an_unknown_word_is_seen_as_such():
    filler = GapFiller("the zebra 注意 runs", hidden=[0])
    assert filler.seen == ["[MASK]", "[UNK]", "[UNK]", "[UNK]", "[UNK]"]  # a Chinese character is a word of its own
    assert filler.opening["known"] == [True, False, False, False, False]
    torch.testing.assert_close(
        filler.chances, logits_of("the zebra 注意 runs", {0: MASK})[[1]].double().softmax(-1), atol=1e-6, rtol=0
    )
    assert GapFiller("the people", put=[(1, "zebra")]).rows()[0]["stands"] is None


def test_looks_are_the_weights_of_the_heads():
    filler = GapFiller(TEXT, hidden=[2, 5], side="before", reach=3)
    assert filler.looks.shape == (2, 2, 4, 11)
    torch.testing.assert_close(filler.looks.sum(-1), torch.ones(2, 2, 4))
    out_of_sight = ~filler.in_sight[:, None, None].expand_as(filler.looks)
    assert (filler.looks[out_of_sight] == 0).all()
    assert (filler.looks[~out_of_sight] > 0).all()
    bert = load_stored(NAME).bert
    ids = torch.tensor([[CLS, *stored_tokenizer(NAME).encode(TEXT), SEP]])
    ids[0, [3, 6]] = MASK
    with torch.no_grad():
        layer, x = bert.encoder.layers[0].self_attention, bert.embed(ids)
        q, k = (layer.split_heads(w(x))[0] for w in (layer.w_q, layer.w_k))
        expected = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)[:, 3]
    torch.testing.assert_close(GapFiller(TEXT, hidden=[2, 5]).looks[0, 0], expected, atol=1e-6, rtol=0)


def test_without_a_gap_there_is_nothing_to_say():
    for text in ("", "We are strong", "   "):
        filler = GapFiller(text)
        assert (filler.gaps, filler.fillings(), filler.own, filler.rows()) == ([], [], [], [])
        assert filler.chances.shape == (0, 4000)


def test_only_so_many_words_are_read():
    filler = GapFiller("people " * 60, hidden=[MOST_WORDS - 1])
    assert len(filler.words) == MOST_WORDS == load_stored(NAME).bert.max_len - 2
    assert filler.chances.equal(GapFiller("people " * 46, hidden=[45]).chances)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_comes_along_is_from_a_speech_that_no_model_has_read(sentence):
    words = stored_tokenizer(NAME)
    paragraphs = [paragraph for speech in speeches(part="test") for paragraph in speech.paragraphs]
    assert sentence in {found for paragraph in paragraphs for found in sentences(paragraph)}
    assert UNKNOWN not in words.encode(sentence)
    assert sentence.isascii()  # a word is hidden in it by its letters' places


def test_what_it_says_of_the_model_is_on_its_card():
    card, about = read_stored(NAME), GapFiller().opening["about"]
    assert about.startswith(f"{card['what']} {card['data']} It learned for {card['seconds']} seconds.")
    assert f"its loss is {card['test, MLM']:.2f} nats" in about


def test_opens_with_two_gaps_of_which_each_hangs_on_another_side():
    """What the page asks first."""
    chances = {side: [chance for _, chance in GapFiller(hidden=[1, 9], side=side).own] for side in ("before", "after")}
    assert GapFiller().gaps == [1, 9]
    assert [GapFiller().words[place] for place in (1, 9)] == ["has", "states"]
    assert chances["before"][0] < 0.02 < 0.3 < chances["after"][0]
    assert chances["after"][1] < 0.02 < 0.3 < chances["before"][1]


def test_composes_like_any_widget():
    first, second, seen = GapFiller(TEXT), GapFiller(TEXT), []
    ipywidgets.link((first, "hidden"), (second, "hidden"))
    second.observe(lambda change: seen.append(change["new"]), "hidden")
    first.hidden = [3, 1, 3]
    assert (first.hidden, seen) == ([1, 3], [[1, 3]])
    assert ipywidgets.HBox([first, second]).children == (first, second)


def test_a_shorter_sentence_forgets_no_gap_and_asks_only_those_that_are_there():
    filler = GapFiller(TEXT, hidden=[1, 7], put=[(6, "the")])
    filler.text = "We must go"
    assert filler.gaps == [1]
    filler.text = TEXT
    assert filler.gaps == [1, 6, 7]


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (GapFiller(TEXT, hidden=[1])._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    assert first["text/plain"].startswith("GapFiller: we [MASK] protect the people of this country . [chances ")
    assert first["text/html"].count("<td>") == 12
    state = state_in(first["text/html"])
    assert {name: state[name] for name in STATE} == state["opening"]["of"]
    assert state["opening"]["of"] == {"text": TEXT, "hidden": [1], "put": [], "side": "both", "reach": None}
    assert state["stored"] == stored_weights.describe(NAME)
    assert f'data-widget="gap_filler" data-model="{NAME}-{stored_weights.digest(NAME)}"' in first["text/html"]
    assert len(GapFiller(TEXT, hidden=[1]).to_html()) < 5000


def test_what_python_has_found_is_told_as_the_front_end_tells_it():
    filler = GapFiller(TEXT, hidden=[1], put=[(2, "know")])
    for gap, place, fillings, own in zip(filler.rows(), filler.gaps, filler.fillings(), filler.own, strict=True):
        assert set(gap) == {"place", "likeliest", "own", "stands"}
        assert gap["place"] == place
        assert [(one["word"], one["chance"]) for one in gap["likeliest"]] == [
            (word, round(p, 4)) for word, p in fillings
        ]
        assert gap["own"] == {"rank": own[0], "chance": round(own[1], 4)}
    assert [gap["stands"] is None for gap in filler.rows()] == [True, False]


def test_a_changed_setting_changes_what_is_compared():
    settings = ({}, {"hidden": [1]}, {"hidden": [2]}, {"put": [(1, "we")]}, {"hidden": [1], "side": "after"})
    assert len({repr(GapFiller(TEXT, **more)) for more in (*settings, {"hidden": [1], "reach": 1})}) == 6
    assert "; sees both, 0 [" in repr(GapFiller(TEXT, hidden=[1], reach=0))
    assert "; sees after, all [" in repr(GapFiller(TEXT, hidden=[1], side="after"))


def test_typed_text_is_escaped():
    check_typed_text_is_escaped(GapFiller, hidden=[0])


def test_half_of_a_surrogate_pair_is_read_as_a_browser_reads_it():
    check_half_a_pair_is_read_as_a_browser_reads_it(GapFiller)


def test_a_front_end_is_sent_the_part_it_asks_for(monkeypatch):
    refused = [{"part": part, "name": NAME} for part in (-1, 6, True)]
    refused += [{"part": 0, "name": "dates"}, {"part": 0, "name": []}]
    check_parts_are_sent(monkeypatch, GapFiller(TEXT), [(NAME, 0)], refused)


IMPOSSIBLE = [
    ({"text": 5}, "text must be a string, got 5"),
    ({"text": "x" * (MOST_CHARACTERS + 1)}, "at most 2000 characters, got 2001"),
    ({"gaps": [1]}, "GapFiller has no setting gaps; it has text, hidden, put, side, reach"),
    *[({"hidden": value}, "hidden must be a list, got") for value in (3, None, "34", {3})],
    *[({"hidden": [value]}, "a place must be at least 0 and below 9, got") for value in (9, 45)],
    *[({"hidden": [value]}, "a place must be at least 0, got|a place must be at least 0 and") for value in (-1, 46)],
    *[({"hidden": [value]}, "a place must be a number, got") for value in ("3", None, True)],
    ({"hidden": [1.5]}, "a place must be a whole number, got 1.5"),
    ({"put": {3: "a"}}, "put must be a list, got"),
    *[({"put": [value]}, "put must hold pairs of a place and a word, got") for value in (3, (3,), (3, 4), (3, "a", 1))],
    *[({"put": [(3, value)]}, "what is put at a place must be one word, got") for value in ("", " ", "a b", "don't")],
    ({"put": [(3, "x" * 2001)]}, "must be one word"),
    ({"put": [(9, "a")]}, "a place must be at least 0 and below 9, got 9"),
    *[({"side": value}, "side must be one of both, before, after, got") for value in ("left", None, 1, ["both"])],
    *[
        ({"reach": value}, "reach must be None or a whole number from 0, got")
        for value in (-1, 1.5, "all", True, 2**53, math.nan)
    ],
]


@pytest.mark.parametrize(("settings", "message"), IMPOSSIBLE)
@pytest.mark.usefixtures("shapes_unchecked")
def test_what_cannot_be_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        GapFiller(**{"text": TEXT, **settings})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "x" * 2001),
        *[("hidden", value) for value in ([46], ["1"])],
        *[("put", [pair]) for pair in ([1, "two words"], [46, "a"])],
        ("side", "left"),
        ("reach", -1),
    ],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(GapFiller(TEXT, hidden=[1]), name, value)

"""The speeches: which there are, how they are cut, and what pairs of sentences are made of them."""

import pytest

from llmbook.data import ERAS, Speech, era_paragraphs, sentence_pairs, sentences, speeches
from llmbook.data.speech import all_speeches


def test_speeches_are_ordered_and_chosen_by_year():
    chosen = speeches(1861, 1865)
    assert [s.president for s in chosen] == ["Lincoln"] * 4 + ["Johnson"]
    years = [s.year for s in speeches()]
    assert years == sorted(years)
    assert years[0] == 1790
    with pytest.raises(ValueError, match="from 1500 to 1600"):
        speeches(1500, 1600)


def test_paragraphs_hold_the_words_of_the_text():
    speech = speeches(1862, 1862)[0]
    assert " ".join(speech.paragraphs).split() == speech.text.split()
    assert len(speech.paragraphs) == 72


def test_speeches_that_are_not_there(shapes_unchecked):
    for years, part, message in (
        ((1700, 1701), None, "no speeches from 1700 to 1701 are in part None"),
        ((2020, 2020), {"train": "dev"}.get(speeches(2020, 2020)[0].part, "train"), "from 2020 to 2020 are in part"),
    ):
        with pytest.raises(ValueError, match=message):
            speeches(*years, part)
    with pytest.raises(ValueError, match="got 'all'"):
        era_paragraphs("all")


def test_eras_begin_in_their_years():
    assert [speeches(y, y)[0].era for y in (1790, 1860, 1861, 1912, 1913, 1968, 1969, 2020)] == [0, 0, 1, 1, 2, 2, 3, 3]
    counts = [sum(era == i for _, era in era_paragraphs("train")) for i in range(len(ERAS))]
    assert min(counts) > 2000
    assert all(30 <= len(words.split()) <= 200 for words, _ in era_paragraphs("test"))


def test_sentences_are_cut_where_one_ends():
    assert sentences("One. Two!  Three? “Four.” e.g. five.") == ["One.", "Two!", "Three?", "“Four.” e.g. five."]
    assert sentences("") == []
    text = speeches(1945, 1945)[0].paragraphs[3]
    assert " ".join(sentences(text)) == text


def test_half_of_the_pairs_are_neighbours():
    chosen = speeches(1990, 2000)
    pairs = sentence_pairs(chosen, 400, seed=3)
    assert pairs == sentence_pairs(chosen, 400, seed=3)
    assert pairs != sentence_pairs(chosen, 400, seed=4)
    assert sum(followed for *_, followed in pairs) == 200
    joined = [" ".join(p for p in speech.paragraphs) for speech in chosen]
    for a, b, followed in pairs:
        assert not followed or any(f"{a} {b}" in text for text in joined)
        assert followed or not any(a in text and b in text for text in joined if len(a) > 40 and len(b) > 40)


def test_how_b_begins_gives_nothing_away():
    """Never the first sentence of a paragraph, unless the same words stand elsewhere too."""
    chosen = speeches(1990, 2000)
    cut = [sentences(paragraph) for speech in chosen for paragraph in speech.paragraphs]
    later = {sentence for one in cut for sentence in one[1:]}
    pairs = sentence_pairs(chosen, 400, seed=3)
    assert {followed for *_, followed in pairs} == {True, False}
    assert all(b in later for _, b, _ in pairs)


def test_pairs_need_two_speeches_with_neighbours():
    long, short = Speech(1, "a", "One. Two.\n\nThree. Four."), Speech(2, "b", "One.\n\nTwo.")
    for chosen, found in (([], 0), ([short], 0), ([long], 1), ([long, short], 1)):
        with pytest.raises(ValueError, match=f"two speeches with neighbours, got {found} among {len(chosen)}"):
            sentence_pairs(chosen, 4)
    other = Speech(3, "c", "Five. Six.")
    assert {b for _, b, followed in sentence_pairs([long, other], 40) if not followed} == {"Two.", "Four.", "Six."}


def test_speeches_are_read_once():
    assert all_speeches() is all_speeches()

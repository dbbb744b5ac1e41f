"""Windows of the speeches, and facts in them: nothing is lost, and each question can be answered."""

from itertools import pairwise

import pytest

from llmbook.data import speeches
from llmbook.data.passages import facts, passages

TEXTS = [" ".join(speech.text.split()) for speech in speeches(since=2003, until=2010)]


def test_windows_without_overlap_are_the_speeches():
    for size in (50, 97, 10**6):
        assert " ".join(passages(size)) == " ".join(TEXTS)


def test_windows_overlap_by_what_is_told():
    held = [text.split() for text in passages(100, 75) if TEXTS[0].find(text) >= 0]
    assert all(after[:25] == before[75:] for before, after in pairwise(held))
    assert [word for text in held[:-1] for word in text[:75]] + held[-1] == TEXTS[0].split()


@pytest.mark.parametrize(("size", "stride"), [(0, None), (10, 11), (10, 0)])
def test_what_would_lose_words_is_refused(size, stride):
    with pytest.raises(ValueError, match="1 <= stride <= size"):
        passages(size, stride)


def test_each_fact_stands_once_and_answers_its_questions():
    assert len(facts()) == len({fact.quotation for fact in facts()}) == 50
    for fact in facts():
        assert sum(text.count(fact.quotation) for text in TEXTS) == 1, fact.quotation
        assert fact.is_answered(fact.quotation)
        assert not fact.is_answered(fact.same_words), "the question gives the answer away"
        assert not fact.is_answered(fact.other_words), "the question gives the answer away"
        assert fact.same_words.endswith("?")
        assert fact.other_words.endswith("?")


def test_parts_are_disjoint():
    assert (len(facts("dev")), len(facts("test"))) == (16, 34)
    assert not {*facts("dev")} & {*facts("test")}


@pytest.mark.parametrize(
    ("words", "right"),
    [("They are 45.", True), ("45, says the text", True), ("$450", False), ("45,000", False), ("0.45", False)],
)
def test_a_number_stands_there_as_a_whole(words, right):
    (fact,) = [fact for fact in facts() if fact.answers == ("45",)]
    assert fact.is_answered(words) is right

"""The two further sentences keep what their reasons say, in numbers that can be checked by hand."""

import pytest
import torch

from llmbook.data import six_words
from llmbook.data.small_sentences import SENTENCES, WORDS, SmallSentence
from llmbook.nn import attention_weights

SIX, BANK, PRONOUN = SENTENCES


def qk(sentence: SmallSentence) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor(sentence.rows, dtype=torch.float32)
    return x @ six_words.W_Q, x @ six_words.W_K


def looks(sentence: SmallSentence, query: list[int] | None = None) -> dict[str, float]:
    """How much the word to look at first attends to each word, with another query if one is given."""
    q, k = qk(sentence)
    if query is not None:
        q[sentence.row] = torch.tensor(query)
    return dict(zip(sentence.text.split(), attention_weights(q, k)[sentence.row].tolist(), strict=True))


def test_the_six_words_are_as_they_were():
    assert [WORDS[word] for word in six_words.TOKENS] == six_words.X.tolist()
    assert SIX.text.split() == list(six_words.TOKENS)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.name)
def test_numbers_are_small_and_whole(sentence):
    assert all(x in (0, 1, 2) for row in sentence.rows for x in row)
    q, k = qk(sentence)
    assert (q @ k.T).abs().max() <= 8
    assert len(sentence.text.split()) <= 16


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.name)
def test_the_reason_names_the_word_and_its_row(sentence):
    alive, linking, place = sentence.rows[sentence.row]
    word = sentence.text.split()[sentence.row]
    assert sentence.reason.startswith(f"“{word}” is {alive} alive, {linking} linking, {place} place: ")


def test_sat_seeks_who_did_it():
    assert looks(SIX)["cat"] > 0.66


def test_an_ambiguous_word_looks_at_both_its_senses_alike():
    weights = looks(BANK)
    assert weights["clerk"] == weights["river"] > 0.4
    assert sorted(weights.values())[-3] < 0.1


@pytest.mark.parametrize(("query", "word"), [([2, -4, 1], "clerk"), ([1, -4, 2], "river")])
def test_one_number_of_its_query_decides(query, word):
    q, _ = qk(BANK)
    assert (torch.tensor(query) != q[BANK.row]).sum() == 1
    weights = looks(BANK, query)
    assert weights[word] > 0.6
    assert sorted(weights.values())[-2] < 0.3


def test_a_pronoun_looks_at_what_it_stands_for():
    weights = looks(PRONOUN)
    assert weights["dog"] > 0.6
    assert weights["dog"] > 3 * weights["tired"] > 3 * weights["river"]


def test_with_the_query_of_a_place_it_would_be_the_river():
    assert "its q 0, -4, 2" in PRONOUN.reason
    assert looks(PRONOUN, [0, -4, 2])["river"] > 0.8


def test_a_sentence_prints_its_rows_and_its_reason():
    lines = str(BANK).splitlines()
    assert lines[0].strip() == "('alive', 'linking', 'place')"
    assert lines[5] == "bank     [1, 2, 1]"
    assert " ".join(lines[9:]) == BANK.reason
    assert max(map(len, lines)) <= 78

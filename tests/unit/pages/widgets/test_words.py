"""Words a reader types: where they are cut, and which vectors they have."""

from llmbook.data import six_words
from llmbook.pages.widgets.words import fnv1a, to_words, unknown_among, word_vector


def test_words_have_arbitrary_but_fixed_vectors():
    assert fnv1a("") == 0x811C9DC5  # the offset basis of FNV-1a
    assert fnv1a("a") == 0xE40C292C  # the published test vector
    assert fnv1a("foobar") == 0xBF9CF968  # the published test vector
    assert word_vector("CAT") == word_vector("cat") == six_words.X[1].tolist()
    assert word_vector("chat") == word_vector("chat")
    assert all(0 <= x <= 2 and (2 * x).is_integer() for x in word_vector("chat"))


def test_words_without_a_row_made_by_hand_are_known_by_name():
    assert unknown_among(["The", "blue", "BANK", "blue", "__proto__"]) == ["blue", "__proto__"]
    assert word_vector("Bank") == [1, 2, 1]


def test_words_split_at_any_space():
    assert to_words(" a\tb\u00a0c\u3000d\n") == ["a", "b", "c", "d"]

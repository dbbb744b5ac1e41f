"""Byte pairs against the ``tokenizers`` library: the same merges, the same ids, the same text back."""

import copy
import json
import multiprocessing
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from llmbook.data import BPETokenizer, byte_pairs, speeches
from llmbook.data.byte_pairs import merge_pair

HARD = [
    "",
    " ",
    "   two  spaces\n\n\n\tand tabs \r\n",
    "你好，世界！大型语言模型",
    "🙂👩‍👩‍👧 e\u0301 \u202e\ufeff",
    "def f(x):\n    return x**2  # 'll 've don't I'M",
    "Ⅷ ½ ² 1234567 3.14",
    "مرحبا שלום",
    "a" * 50,
    "\x00\x7f\x80",
]


def text() -> str:
    return "\n".join([speeches(2015, 2016)[0].text, *HARD, "aaabdaaabac " * 3])


def theirs(vocab_size: int, specials: list[str]) -> Tokenizer:
    library = Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    library.train_from_iterator([text()], trainer)
    return library


@pytest.mark.parametrize("specials", [[], ["<pad>", "<mask>"]], ids=["plain", "specials"])
def test_merges_and_ids_equal_the_librarys(specials):
    library, ours = theirs(900, specials), BPETokenizer.train(text(), 900, specials)
    model = json.loads(library.to_str())["model"]
    assert ours.merges == [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]
    assert len(ours) == library.get_vocab_size() == 900
    for words in [*HARD, speeches(1862, 1862)[0].text[:5000]]:
        assert ours.encode(words) == library.encode(words).ids, words
        assert ours.decode(ours.encode(words)) == library.decode(library.encode(words).ids, skip_special_tokens=False)


@pytest.mark.parametrize("words", HARD)
def test_every_text_comes_back(words):
    tokenizer = BPETokenizer.train("the cat sat", 256)
    assert tokenizer.decode(tokenizer.encode(words)) == words
    assert len(tokenizer.encode(words)) == len(words.encode())


def test_the_worked_example_of_repeated_pairs():
    tokenizer = BPETokenizer.train("aaabdaaabac", 259)
    assert [tokenizer.vocab[a] + tokenizer.vocab[b] for a, b in tokenizer.merges] == [b"aa", b"ab", b"aaab"]
    assert [tokenizer.vocab[i] for i in tokenizer.encode("aaabdaaabac")] == [b"aaab", b"d", b"aaab", b"a", b"c"]


def test_merging_goes_from_left_to_right():
    assert merge_pair([1, 1, 1, 2], (1, 1), 9) == [9, 1, 2]
    assert merge_pair([], (1, 1), 9) == []
    assert merge_pair([2, 1], (1, 2), 9) == [2, 1]


def test_two_pairs_that_spell_one_piece_have_one_id():
    """Merges from elsewhere may reach "abc" by "ab" + "c" and by "a" + "bc"; no training of ours does."""
    a, b, c = (BPETokenizer([]).byte_ids[letter] for letter in b"abc")
    ab, abc, bc = 256, 257, 258
    tokenizer = BPETokenizer([(a, b), (ab, c), (b, c), (a, bc), (abc, abc)])
    assert tokenizer.vocab[ab:] == [b"ab", b"abc", b"bc", b"abcabc"]
    assert tokenizer.encode("abc") == [abc]
    assert tokenizer.encode("abcabc") == [259]
    swapped = BPETokenizer([(b, c), (a, 256), (a, b), (258, c)])
    assert (len(swapped), swapped.encode("abc")) == (259, [257])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=some.text(some.sampled_from("ab "), min_size=2, max_size=60), specials=some.sampled_from([[], ["ab"]]))
def test_training_learns_no_piece_twice(text, specials):
    tokenizer = BPETokenizer.train(text, 300, specials)
    pieces = tokenizer.vocab[len(specials) :]
    assert len(set(pieces)) == len(pieces) == 256 + len(tokenizer.merges)


def test_training_ends_when_nothing_is_left_to_merge():
    tokenizer = BPETokenizer.train("ab ab", 400)
    assert len(tokenizer) == 258  # "ab" and " ab"
    assert tokenizer.decode(tokenizer.encode("ab ab")) == "ab ab"


def test_more_merges_make_shorter_codes():
    lengths = [len(BPETokenizer.train(text(), size).encode(text())) for size in (256, 300, 500, 900)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == len(text().encode())


def test_ids_that_are_no_text_and_specials():
    tokenizer = BPETokenizer.train("", 257, ["<pad>"])
    first, *_ = tokenizer.encode("你")
    assert tokenizer.decode([first]) == "\ufffd"
    assert tokenizer.specials == {"<pad>": 0}
    assert tokenizer.decode([0, *tokenizer.encode("a"), 0]) == "a"


def test_a_vocabulary_without_room():
    with pytest.raises(ValueError, match="vocab_size=256 has no room for 256 bytes and 1 specials"):
        BPETokenizer.train("a", 256, ["<pad>"])


# --- copies, and input that cannot be ------------------------------------------------------------------------------


def in_another_process(tokenizer: BPETokenizer) -> list[int]:
    return tokenizer.encode("the theatre")


def test_copies_and_other_processes_have_the_same_codes():
    tokenizer = BPETokenizer.train("the theme of the theatre " * 9, 270, ["<end>"])
    ids = tokenizer.encode("the theatre")
    assert copy.deepcopy(tokenizer).encode("the theatre") == ids
    assert pickle.loads(pickle.dumps(tokenizer)).encode("the theatre") == ids
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(in_another_process, [tokenizer]) == [ids]


def test_a_special_spelt_like_a_piece_is_another_id():
    """The piece "ab" is learned beside the special "ab"; every later id is its place in the vocabulary."""
    tokenizer = BPETokenizer.train("ab ab ab", 259, ["ab"])
    assert len(tokenizer) == 259
    assert [tokenizer.vocab[i] for i in tokenizer.encode("ab ab")] == [b"ab", b" ab"]
    assert tokenizer.decode(tokenizer.encode("ab ab")) == "ab ab"
    assert len(BPETokenizer.train("ab ab ab", 258, ["ab"])) == 258


@pytest.mark.parametrize("merge", [(-1, 3), (0, 300), (256, 3), (3, 256)])
def test_merges_of_what_is_not_there_are_refused(merge):
    with pytest.raises(ValueError, match="a merge joins ids from 0 to 255"):
        BPETokenizer([merge])


def test_a_special_is_never_merged_and_never_repeats():
    with pytest.raises(ValueError, match="a merge joins ids from 1 to 256"):
        BPETokenizer([(0, 3)], ["<end>"])
    with pytest.raises(ValueError, match="got '<end>' twice"):
        BPETokenizer([], ["<end>", "<end>"])


@pytest.mark.parametrize("call", [BPETokenizer([]).encode, lambda text: BPETokenizer.train(text, 256)])
def test_half_a_surrogate_pair_is_named(call):
    with pytest.raises(ValueError, match=r"half of a surrogate pair, '\\ud800' at place 2"):
        call("ab\ud800")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=some.text(some.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text):
    tokenizer = BPETokenizer.train("the theme of the theatre, naïve and ﬁne 中文 " * 3, 280, ["the"])
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_words_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(byte_pairs, "MOST_KNOWN_WORDS", 2)
    tokenizer = BPETokenizer.train("aa bb", 258)
    assert [tokenizer.encode(word) for word in "abcabc"] == [tokenizer.encode(word) for word in "abcabc"]
    assert len(tokenizer.known_words) <= 2

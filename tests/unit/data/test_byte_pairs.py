"""Byte pairs against the ``tokenizers`` library: the same merges, the same ids, the same text back."""

import json

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from llmbook.data import BPETokenizer, speeches
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

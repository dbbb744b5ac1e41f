"""Every tokenizer gives any text back: byte-order marks, combining marks, both directions, half an emoji refused."""

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from llmbook.data import BPETokenizer, CharTokenizer, WordTokenizer
from llmbook.pretrained.tokenizer import PretrainedTokenizer

HARD = [
    "\ufeff",
    "e\u0301",
    "\u0301",
    "שלום",
    "\u202e\u2066",
    "👩‍👩‍👧",
    "\r\n",
    "\x00",
    "ﬁ",
    "½",
    " '",
    "'ll",
    "<end>",
    "中",
]
TEXTS = some.lists(some.one_of(some.text(max_size=8), some.sampled_from(HARD)), max_size=8).map("".join)
HALVES = some.characters(categories=["Cs"])
SPECIALS = some.sampled_from([[], ["<end>"], ["<end>", "the", "中"]])
quickly = settings(max_examples=100, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def pretrained() -> PretrainedTokenizer:
    """A byte-level vocabulary of the library, as the real models have it."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(["the theatre of the others, the end"] * 3, trainer)
    backend.add_special_tokens([AddedToken("<end>", special=True)])
    return PretrainedTokenizer(backend)


@quickly
@given(text=TEXTS, learned_from=TEXTS, size=some.integers(256, 300), specials=SPECIALS)
def test_byte_pairs(text, learned_from, size, specials):
    tokenizer = BPETokenizer.train(learned_from, size + len(specials), specials)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(len(specials) <= i < len(tokenizer) for i in ids)  # a special spelt in a text is text
    assert b"".join(tokenizer.vocab[i] for i in ids) == text.encode()
    assert tokenizer.decode([0, *ids] if specials else ids) == text


@quickly
@given(text=TEXTS)
def test_characters(text):
    tokenizer = CharTokenizer.train(text, ["<pad>"])
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) == len(text)
    assert len(tokenizer) == len(set(text)) + 1
    for stranger in set("\ufeff\u0301x") - set(text):
        with pytest.raises(ValueError, match="is not among the"):
            tokenizer.encode(text + stranger)


@quickly
@given(text=TEXTS)
def test_a_vocabulary_of_the_library(pretrained, text):
    ids = pretrained.encode(text)
    assert pretrained.decode(ids) == text
    pieces = pretrained.tokens(text)
    assert len(pieces) == len(ids)
    assert text.isascii() <= ("".join(pieces) == text)  # elsewhere a piece may end inside a character


@quickly
@given(before=TEXTS, half=HALVES, after=TEXTS)
def test_half_a_surrogate_pair_is_refused_by_all(pretrained, before, half, after):
    text = before + half + after
    learned = CharTokenizer.train(before + after + "x")
    for call in (BPETokenizer([]).encode, pretrained.encode, pretrained.tokens, learned.encode):
        with pytest.raises(ValueError, match=r"\\ud[89a-f]"):
            call(text)
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        BPETokenizer.train(text, 300)
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        CharTokenizer.train(text)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))], ids=["deep", "pickled"]
)
def test_copies_have_the_same_codes(pretrained, copied: Callable):
    text = "the end of the others"
    for tokenizer in (CharTokenizer.train(text), WordTokenizer.train([text], 9), pretrained):
        ids = tokenizer.encode(text)
        assert copied(tokenizer).encode(text) == ids
        assert copied(tokenizer).decode(ids) == tokenizer.decode(ids)

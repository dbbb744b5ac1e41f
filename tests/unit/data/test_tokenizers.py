"""Characters to ids and back, ids that are none, and rows of unequal length."""

import pytest

from llmbook.data import BPETokenizer, CharTokenizer, WordTokenizer, pad


@pytest.mark.parametrize("wrong", [-1, 258, 10**6])
def test_ids_outside_the_vocabulary(wrong):
    for tokenizer in (BPETokenizer.train("", 258, ["<pad>", "<end>"]), CharTokenizer(map(chr, range(258)))):
        with pytest.raises(ValueError, match=f"the id {wrong} is outside the vocabulary of 258"):
            tokenizer.decode([2, wrong])
        assert len(tokenizer.decode([257])) == 1


def test_characters_and_back():
    tokenizer = CharTokenizer.train("注意 力注", ["<pad>", "<end>"])
    assert len(tokenizer) == 6
    assert tokenizer.encode("注意") == [tokenizer.ids["注"], tokenizer.ids["意"]]
    assert tokenizer.decode([0, *tokenizer.encode("意力"), 1]) == "意力"
    assert tokenizer.specials == {"<pad>": 0, "<end>": 1}
    assert CharTokenizer("cab").encode("abc") == [1, 2, 0]
    assert tokenizer.encode("") == []
    with pytest.raises(ValueError, match="'_' is not among the 4"):
        CharTokenizer("abc", ["_"]).encode("a_b")  # a special of one character is no text
    with pytest.raises(ValueError, match="'x' is not among the 6"):
        tokenizer.encode("注x")


def test_words_and_back():
    tokenizer = WordTokenizer.train(["The cat, the CAT!", "the dog 12"], 9)
    assert tokenizer.symbols == ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "the", "cat", ",", "!"]
    assert [tokenizer.pad, tokenizer.cls, tokenizer.sep, tokenizer.mask, tokenizer.unknown] == [0, 1, 2, 3, 4]
    assert tokenizer.encode("THE 12 cats!") == [5, 4, 4, 8]
    assert tokenizer.decode([1, 5, 4]) == "[CLS] the [UNK]"
    assert tokenizer.split("it's 1862.") == ["it", "'", "s", "1862", "."]
    assert len(WordTokenizer.train(["a b"], 5)) == 5
    with pytest.raises(ValueError, match="vocab_size=4 has no room for 5 specials"):
        WordTokenizer.train(["a b"], 4)
    with pytest.raises(ValueError, match="the id 9 is outside the vocabulary of 9"):
        tokenizer.decode([9])


def test_rows_are_padded_behind():
    ids, lengths = pad([[5, 6, 7], [8], []], pad_id=2)
    assert ids.tolist() == [[5, 6, 7], [8, 2, 2], [2, 2, 2]]
    assert lengths.tolist() == [3, 1, 0]
    with pytest.raises(ValueError, match="no rows"):
        pad([], 0)


def test_specials_that_could_be_mistaken_are_refused():
    with pytest.raises(ValueError, match="got 'b' twice"):
        CharTokenizer("abc", ["b"])
    with pytest.raises(ValueError, match="got '<pad>' twice"):
        CharTokenizer("abc", ["<pad>", "<pad>"])

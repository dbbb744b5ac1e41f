"""The counts of n-grams as they are fetched: the trigrams of the modern speeches, in few bits, and all of them."""

import json
import random

import pytest
import torch

from llmbook.pages.widgets import counted, stored_weights
from llmbook.pretrained.ngrams import number
from llmbook.pretrained.speech_gpt import in_pairs


def read_number(bits: str, place: int, k: int) -> tuple[int, int]:
    """By the definition: so many zeros, then v with one digit more, then k digits."""
    zeros = bits.index("1", place) - place
    end = place + 2 * zeros + 1
    v = int(bits[place + zeros : end], 2)
    low = int(bits[end : end + k] or "0", 2)
    return 2**k * (v - 1) + low, end + k


def unpack(packed: bytes) -> tuple[dict, list[tuple[int, int]]]:
    """The head, and each trigram with its count."""
    length = int.from_bytes(packed[:4], "little")
    head = json.loads(packed[4 : 4 + length])
    bits = "".join(f"{byte:08b}" for byte in packed[4 + length :])
    place, gram, found = 0, -1, []
    for _ in range(head["grams"]):
        gap, place = read_number(bits, place, head["gapBits"])
        count, place = read_number(bits, place, 0)
        gram += gap + 1
        found.append((gram, count + 1))
    assert len(bits) - place < 8
    assert "1" not in bits[place:]
    return head, found


@pytest.mark.parametrize("seed", range(5))
def test_what_is_packed_are_the_counts(seed):
    rng = random.Random(seed)
    vocab = rng.choice([2, 7, 1024])
    ids = torch.tensor([rng.randrange(vocab) for _ in range(rng.randrange(20, 400))] + [1, 0, 1, 1, 0])
    head, found = unpack(counted.pack(ids, vocab))
    grams, counts = number(ids, vocab, 3).unique(return_counts=True)
    assert found == list(zip(grams.tolist(), counts.tolist(), strict=True))
    assert (head["vocabulary"], head["end"]) == (vocab, [1, 0])


def test_the_shipped_counts_are_those_of_the_modern_speeches():
    ids = in_pairs("train", 1945).ids
    _, found = unpack(stored_weights.packed("trigrams"))
    assert sum(count for _, count in found) == len(ids) - 2
    grams, counts = number(ids, 1024, 3).unique(return_counts=True)
    assert found == list(zip(grams.tolist(), counts.tolist(), strict=True))


def test_they_are_less_than_a_megabyte_to_fetch():
    assert sum(len(text) for text in stored_weights.scripts("trigrams").values()) < 1e6


def test_a_text_whose_last_pair_stands_nowhere_else_is_refused():
    with pytest.raises(ValueError, match="the pair 3, 4 ends the text and begins no trigram"):
        counted.pack(torch.tensor([0, 1, 2, 3, 4]), 5)

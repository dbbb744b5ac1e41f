"""Vectors for any words a reader types: those with rows made by hand from their table, others from a hash.

The front end computes the same vectors by the same rule, so that a sentence typed on a page without a kernel
looks as it does here. Nothing is learned: an unknown word's three coordinates are arbitrary, but always the same.
"""

import re
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from llmbook.data import six_words, small_sentences

MAX_WORDS = 16
MAX_LETTERS = 16
SPACES = re.compile("[ \t\n\r\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def to_words(text: str, most: int = MAX_WORDS) -> list[str]:
    """The first words, each cut to 16 characters. Raises ``ValueError`` where there is no word."""
    words = [word[:MAX_LETTERS] for word in SPACES.split(whole(text)) if word][:most]
    if not words:
        raise ValueError(f"a text needs at least one word, got {text!r}")
    return words


def whole(text: str) -> str:
    """The text as a browser reads it: U+FFFD for half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fnv1a(word: str) -> int:
    """FNV-1a, 32 bits, over the word's UTF-8 bytes (by Fowler, Noll and Vo)."""
    h = 0x811C9DC5
    for byte in word.encode():
        h = (h ^ byte) * 0x01000193 % 2**32
    return h


def word_vector(word: str) -> list[float]:
    """The word's vector: made by hand, else three multiples of ½ between 0 and 2 taken from the hash."""
    lower = word.translate(ASCII_LOWER)
    h = fnv1a(lower)
    invented = [(h >> shift & 0xFF) % 5 / 2 for shift in (0, 8, 16)]
    return list(small_sentences.WORDS.get(lower, invented))


def unknown_among(words: Sequence[str]) -> list[str]:
    """The words, each once, whose vectors are invented."""
    return [word for word in dict.fromkeys(words) if word.translate(ASCII_LOWER) not in small_sentences.WORDS]


def project(words: Sequence[str]) -> tuple[Float[Tensor, "T 3"], ...]:
    """Q, K and V of the words, in float64, by the projections of ``six_words``."""
    x = torch.tensor([word_vector(word) for word in words], dtype=torch.float64)
    w_q, w_k, w_v = (w.double() for w in (six_words.W_Q, six_words.W_K, six_words.W_V))
    return x @ w_q, x @ w_k, x @ w_v

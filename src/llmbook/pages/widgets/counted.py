"""Counted n-grams for the page: how often three byte pairs followed one another, from which it counts all the rest.

    packed = n (4 bytes, little-endian) · n bytes of JSON · bits: of each trigram, in order, gap and count

A trigram is a number, its ids the digits in base ``vocabulary``; a gap is what lies between it and the one before it.
Numbers from 0 are written in exponential Golomb code: x = 2ᵏ (v - 1) + r as the bits of v behind as many
zeros as v has digits less one, then the k digits of r; k = 5 for gaps, 0 for a count less one. The n-grams are those of
the speeches since 1945, which stand three times in what the model learned from: all speeches would be twice as much.
"""

import json
from functools import cache

import torch
from jaxtyping import Int
from torch import Tensor

from llmbook.pretrained.ngrams import KneserNey, number
from llmbook.pretrained.speech_gpt import N_VOCAB, in_pairs

SINCE = 1945
ORDERS = (2, 3)
GAP_BITS = 5


@cache
def counted(order: int) -> KneserNey:
    """The model of n-grams of this length."""
    return KneserNey(in_pairs("train", SINCE).ids, N_VOCAB, order)


@cache
def packed() -> bytes:
    return pack(in_pairs("train", SINCE).ids, N_VOCAB)


def pack(ids: Int[Tensor, " n"], vocab: int) -> bytes:
    """The text's trigrams with their counts. Raises ``ValueError`` where its last two ids begin no trigram."""
    grams, counts = number(ids, vocab, 3).unique(return_counts=True)
    *_, a, b = ids.tolist()
    if not bool((grams // vocab == a * vocab + b).any()):
        raise ValueError(f"the pair {a}, {b} ends the text and begins no trigram")
    gaps = (torch.diff(grams, prepend=torch.tensor([-1])) - 1).tolist()
    rows = zip(gaps, (counts - 1).tolist(), strict=True)
    bits = "".join(in_bits(gap, GAP_BITS) + in_bits(count, 0) for gap, count in rows)
    head = json.dumps({"vocabulary": vocab, "grams": len(grams), "gapBits": GAP_BITS, "end": [a, b]}).encode()
    whole = bits + "0" * (-len(bits) % 8)
    return len(head).to_bytes(4, "little") + head + int(whole, 2).to_bytes(len(whole) // 8)


def in_bits(x: int, k: int) -> str:
    v = (x >> k) + 1
    low = f"{x & ((1 << k) - 1):0{k}b}" if k else ""
    return "0" * (v.bit_length() - 1) + f"{v:b}" + low

"""One head at its places: the library's positions, the swap's theorem, and curves that say what distance decides."""

import math

import pytest
import torch
from torch.testing import assert_close

from llmbook.nn import alibi_bias, apply_rotary, precompute_freqs_cis, sinusoids
from llmbook.pages.widgets.placed import REACH, Head, drawn, projection

WORDS = "one two three four five six seven".split()
LEARNED = torch.randn(64, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
EXACT = {"rtol": 0, "atol": 1e-12}
SINGLE = {"rtol": 0, "atol": 1e-6}  # the library's waves are of single precision


def head(**settings) -> Head:
    opening = {"kind": "none", "base": 100.0, "pairing": "interleaved", "head": 2, "d": 6, "seed": 3, "causal": False}
    return Head(**opening | settings, learned=LEARNED)


def vectors(d: int = 6, seed: int = 3) -> torch.Tensor:
    return torch.stack([drawn(f"{seed} word {word}", d) for word in WORDS])


def test_the_generator_is_mulberry32():
    """Against its author's steps, written out with Python's whole numbers."""
    assert mulberry(0, 4) == [1144304738, 1416247, 958946056, 627933444]
    numbers = drawn("3 word one", 100) / math.sqrt(3)
    assert ((numbers + 1) * 2**31 - 0.5).round().long().tolist() == mulberry(hash_of("3 word one"), 100)


def hash_of(name: str) -> int:
    """FNV-1a with 32 bits, written out again."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    return state


def mulberry(state: int, count: int) -> list[int]:
    """Number after number, as the author's lines go, with Python's whole numbers."""
    out = []
    for _ in range(count):
        state = (state + 0x6D2B79F5) % 2**32
        z = (state ^ (state >> 15)) * (state | 1) % 2**32
        z ^= (z + (z ^ (z >> 7)) * (z | 61)) % 2**32
        out.append(z ^ (z >> 14))
    return out


def test_drawn_numbers_have_mean_0_and_variance_1():
    numbers = drawn("0 matrix q", 100_000)
    assert abs(numbers.mean()) < 0.01  # three standard errors
    assert abs(numbers.var() - 1) < 0.01
    assert numbers.abs().max() < math.sqrt(3)
    assert not torch.equal(drawn("1 matrix q", 9), drawn("0 matrix q", 9))


def test_equal_words_have_equal_vectors_whatever_their_capitals():
    q, k, v = head().qkv(["The", "cat", "the"])
    for x in (q, k, v):
        assert torch.equal(x[0], x[2])
        assert not torch.equal(x[0], x[1])


@pytest.mark.parametrize("pairing", ["interleaved", "half", "mixed"])
def test_rotary_positions_are_the_librarys(pairing):
    turns = precompute_freqs_cis(7, 6, 100.0, dtype=torch.float64)
    of_q, of_k = {"mixed": ("interleaved", "half")}.get(pairing, (pairing, pairing))
    q, k, v = head(kind="rotary", pairing=pairing).qkv(WORDS)
    x = vectors()
    assert_close(q, apply_rotary(x @ projection("3 matrix q", 6), turns, of_q), **EXACT)
    assert_close(k, apply_rotary(x @ projection("3 matrix k", 6), turns, of_k), **EXACT)
    assert_close(v, x @ projection("3 matrix v", 6), **EXACT)


def test_what_is_added_is_added_to_the_words():
    for kind, table in (("sinusoidal", sinusoids(7, 6, 100.0).double()), ("learned", LEARNED[:7, :6])):
        q, _, v = head(kind=kind).qkv(WORDS)
        assert_close(q, (vectors() + table) @ projection("3 matrix q", 6), **SINGLE)
        assert_close(v, (vectors() + table) @ projection("3 matrix v", 6), **SINGLE)


def test_alibi_lowers_the_scores_of_the_chosen_head():
    plain, biased = (head(kind=kind).attend(WORDS)[0].log() for kind in ("none", "alibi"))
    shift = biased - plain - alibi_bias(8, 7)[2]
    assert_close(shift, shift[:, :1].expand(7, 7), rtol=0, atol=1e-9)  # a softmax forgets a number a row


def exchanged(settings: dict, i: int, j: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The outputs of all words before two change places, and after, in the old order."""
    order = list(range(7))
    order[i], order[j] = j, i
    before, after = (head(**settings).attend([WORDS[s] for s in places])[1] for places in (range(7), order))
    return before, after[order]


def test_without_positions_each_output_moves_along():
    assert_close(*exchanged({}, 1, 5), **EXACT)


@pytest.mark.parametrize("kind", ["sinusoidal", "learned", "rotary", "alibi"])
def test_with_positions_outputs_change(kind):
    before, after = exchanged({"kind": kind}, 1, 4)
    assert (after - before).norm(dim=1).min() > 1e-3


def test_alibi_does_not_tell_the_word_in_the_middle():
    """Both words are as far from it as before."""
    before, after = exchanged({"kind": "alibi"}, 1, 5)
    assert ((after - before).norm(dim=1) < 1e-9).tolist() == [word == 3 for word in range(7)]


def test_the_mask_alone_tells_the_words_between():
    before, after = exchanged({"causal": True}, 1, 5)
    changed = (after - before).norm(dim=1) > 1e-9
    assert changed.tolist() == [False, True, True, True, True, True, False]


def test_alibi_does_not_tell_a_mirror_image():
    words = ["dog", "bites", "man"]
    before, after = (head(kind="alibi").attend(order)[1] for order in (words, words[::-1]))
    assert_close(after.flip(0), before, **EXACT)
    before, after = (head(kind="rotary").attend(order)[1] for order in (words, words[::-1]))
    assert (after.flip(0) - before).norm() > 1e-3


def test_the_curve_of_sinusoids_is_the_sum_of_cosines():
    n = torch.arange(-REACH, REACH + 1)
    theta = 100.0 ** (-torch.arange(0, 6, 2, dtype=torch.float64) / 6)
    expected = torch.cos(n[:, None] * theta).mean(dim=1)
    assert_close(head(kind="sinusoidal").curve(WORDS, 0, 1), expected[:, None].expand(-1, 3), **SINGLE)


def test_the_curve_of_a_table_has_a_band():
    curve = head(kind="learned").curve(WORDS, 0, 1)
    p = LEARNED[:, :6]
    cosines = [torch.cosine_similarity(p[t], p[t + 5], dim=0) for t in range(59)]
    assert_close(curve[REACH + 5], torch.stack([min(cosines), sum(cosines) / 59, max(cosines)]), **EXACT)
    assert_close(curve[REACH], torch.ones(3, dtype=torch.float64), **EXACT)
    assert_close(curve, curve.flip(0), **EXACT)


def test_the_curve_of_alibi_is_its_bias():
    expected = -torch.arange(-REACH, REACH + 1).abs() / 2**3
    assert_close(head(kind="alibi").curve(WORDS, 0, 1)[:, 1], expected.double(), **EXACT)


@pytest.mark.parametrize("pairing", ["interleaved", "half"])
def test_a_right_pairing_gives_the_scores_of_the_sentence(pairing):
    """At the words' own distance the curve is their score; at every place it is the same."""
    layer = head(kind="rotary", pairing=pairing)
    q, k, _ = layer.qkv(WORDS)
    curve = layer.curve(WORDS, 5, 2)
    assert_close(curve[REACH - 3], (q[5] @ k[2] / math.sqrt(6)).expand(3), **EXACT)
    assert_close(curve[:, 0], curve[:, 2], **EXACT)


def test_mixed_pairings_lose_the_distance():
    layer = head(kind="rotary", pairing="mixed")
    curve = layer.curve(WORDS, 5, 2)
    assert (curve[:, 2] - curve[:, 0]).max() > 0.1
    q, k, _ = layer.qkv(WORDS)
    least, _, largest = curve[REACH - 3]
    assert least - 1e-12 <= q[5] @ k[2] / math.sqrt(6) <= largest + 1e-12  # a product in another order


def test_without_positions_the_curve_is_flat():
    assert head().curve(WORDS, 0, 1).abs().max() == 0

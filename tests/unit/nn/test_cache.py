"""The cache of keys and values: what is appended is found again, and nothing else is touched."""

import pytest
import torch
from reference import close, random

from llmbook.nn import KVCache

LAYERS, B, H_KV, LONG, K = 2, 5, 3, 11, 7


def empty(dtype: torch.dtype = torch.float64) -> KVCache:
    return KVCache(LAYERS, B, H_KV, LONG, K, like=torch.zeros(1, dtype=dtype))


def test_a_new_cache_is_empty_and_knows_its_sizes():
    cache = empty(torch.bfloat16)
    assert (cache.batch, cache.max_len, cache.length) == (B, LONG, 0)
    assert cache.keys.shape == cache.values.shape == (LAYERS, B, H_KV, LONG, K)
    assert cache.keys.dtype == cache.values.dtype == torch.bfloat16
    assert KVCache(1, 1, 1, 1, 1, like=torch.zeros(1, device="meta")).keys.is_meta


def test_what_is_appended_comes_back_in_order():
    cache = empty()
    k, v = random(B, H_KV, LONG, K), random(B, H_KV, LONG, K, seed=1)
    for start, end in ((0, 4), (4, 5), (5, LONG)):
        cache.length = start
        got = cache.append(1, k[:, :, start:end], v[:, :, start:end])
        close(got, (k[:, :, :end], v[:, :, :end]), 0)


def test_a_layer_writes_to_its_own_places_alone():
    cache, k, v = empty(), random(B, H_KV, 4, K), random(B, H_KV, 4, K, seed=1)
    cache.length = 3
    cache.append(0, k, v)
    assert cache.length == 3  # the model's to change, when all layers have appended
    for kept, new in ((cache.keys, k), (cache.values, v)):
        close(kept[0, :, :, 3:7], new, 0)
        assert (kept[1] == 0).all()
        assert (kept[0, :, :, :3] == 0).all()
        assert (kept[0, :, :, 7:] == 0).all()


@pytest.mark.parametrize("rows", [[2, 0, 0], [4, 3, 2, 1, 0], [1]], ids=str)
def test_chosen_rows_go_on(rows):
    cache, k, v = empty(), random(B, H_KV, 4, K), random(B, H_KV, 4, K, seed=1)
    for number in range(LAYERS):
        cache.append(number, k + number, v + number)
    cache.length = 4
    cache.reorder(torch.tensor(rows))
    assert (cache.batch, cache.max_len, cache.length) == (len(rows), LONG, 4)
    for number in range(LAYERS):
        close(cache.keys[number, :, :, :4], k[rows] + number, 0)
        close(cache.values[number, :, :, :4], v[rows] + number, 0)


def test_rows_that_repeat_do_not_share_their_future():
    cache, new = empty(), random(3, H_KV, 1, K)
    cache.reorder(torch.tensor([2, 0, 0]))
    keys, _ = cache.append(0, new, new)
    close(keys, new, 0)


@pytest.mark.parametrize(
    ("shape", "length"), [((1, H_KV, 1, K), 0), ((B, H_KV, LONG + 1, K), 0), ((B, H_KV, 2, K), 10)]
)
def test_keys_that_have_no_room(shape, length, shapes_unchecked):
    cache = empty()
    cache.length = length
    with pytest.raises(ValueError, match=rf"5 sequences and 11 positions, {length} of them read, .*\({shape[0]}, 3"):
        cache.append(0, random(*shape), random(*shape))


def test_gradients_through_a_cache_are_refused():
    cache, k = empty(), random(B, H_KV, 1, K).requires_grad_()
    with pytest.raises(ValueError, match=r"a cache keeps no gradients: read behind it under torch\.no_grad\(\)"):
        cache.append(0, k, k)
    with torch.no_grad():
        cache.append(0, k, k)

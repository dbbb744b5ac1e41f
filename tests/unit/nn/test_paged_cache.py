"""A cache in pages: what a plain cache keeps, for sequences of unequal length, in one room."""

import pytest
import torch
from reference import close, ids_of, random, spread

from llmbook.inference import generate
from llmbook.models import GPT
from llmbook.nn import PagedCache, PagePool

LAYERS, PAGES, H_KV, PAGE, K = 2, 7, 3, 4, 5


def pool() -> PagePool:
    return PagePool(LAYERS, PAGES, H_KV, PAGE, K, like=torch.zeros(1, dtype=torch.float64))


def small() -> GPT:
    return spread(GPT(13, d_model=15, n_heads=3, n_layers=2, max_len=28), seed=1).double().eval().requires_grad_(False)


def fill(cache: PagedCache, n: int, seed: int) -> torch.Tensor:
    """n more positions into all layers; the keys of layer 1."""
    k = (8 * random(1, H_KV, n, K, seed=seed)).round()  # whole, so that sums are exact
    for number in range(LAYERS):
        cache.append(number, k + number - 1, 2 * k)
    cache.length += n
    return k


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [(1,) * 11, (4, 4, 3), (5, 1, 5), (11,)], ids=str)
def test_a_model_reads_behind_it_as_behind_a_plain_cache(pieces):
    model, ids = small(), ids_of(13, 1, 11)
    paged, plain = PagedCache(pool()), model.new_cache(1)
    for piece in ids.split(pieces, dim=1):
        close(model(piece, paged), model(piece, plain), 1e-12)
    for number, (keys, values) in enumerate(zip(plain.keys, plain.values, strict=True)):
        got = paged.append(number, keys[:, :, :0], values[:, :, :0])
        close(got, (keys[:, :, :11], values[:, :, :11]), 1e-12)
    assert paged.length == plain.length == 11


def test_sequences_take_turns_and_do_not_touch_each_other():
    model, room = small(), pool()
    texts = [ids_of(13, 1, n, seed=n) for n in (9, 3, 6)]
    caches = [PagedCache(room) for _ in texts]
    for t in range(9):
        for text, cache in zip(texts, caches, strict=True):
            if t < text.shape[1]:
                close(model(text[:, t : t + 1], cache)[:, -1], model(text[:, : t + 1])[:, -1], 1e-10)
    assert room.used == 3 + 1 + 2


# --- property --------------------------------------------------------------------------------------------------


def test_a_fork_shares_pages_until_it_writes_there():
    room = pool()
    one = PagedCache(room)
    shared = fill(one, 6, seed=0)  # a page and a half
    two = one.fork()
    assert room.used == 2
    mine, other = fill(one, 3, seed=1), fill(two, 1, seed=2)
    assert room.used == 4  # the first page is still shared, each has its own second, and one a third
    assert one.table[0] == two.table[0]
    for cache, new in ((one, mine), (two, other)):
        keys, values = cache.append(1, new[:, :, :0], new[:, :, :0])
        close((keys, values), (torch.cat([shared, new], dim=2), 2 * torch.cat([shared, new], dim=2)), 0)
        keys, _ = cache.append(0, new[:, :, :0], new[:, :, :0])
        close(keys, torch.cat([shared, new], dim=2) - 1, 0)
    two.free()
    assert (room.used, two.length, two.table) == (3, 0, [])
    one.free()
    assert room.used == 0


def test_a_fork_at_the_end_of_a_page_copies_nothing():
    room = pool()
    one = PagedCache(room)
    fill(one, 2 * PAGE, seed=0)
    two = one.fork()
    fill(two, 1, seed=1)
    assert two.table[:2] == one.table
    assert room.used == 3


def test_less_than_a_page_is_wasted_by_each():
    for n in range(1, 13):
        room = pool()
        fill(PagedCache(room), n, seed=n)
        assert 0 <= room.used * PAGE - n < PAGE


# --- limit -----------------------------------------------------------------------------------------------------


def test_one_page_for_everything_and_a_page_a_position():
    model, ids = small(), ids_of(13, 1, 9)
    for n_pages, page in ((1, 9), (9, 1)):
        room = PagePool(LAYERS, n_pages, H_KV, page, K, like=torch.zeros(1, dtype=torch.float64))
        cache = PagedCache(room)
        close(model(ids, cache), model(ids), 1e-12)
        assert (room.used, cache.max_len, cache.batch) == (n_pages, 9, 1)


def test_a_generated_text_is_the_same(monkeypatch):
    model, ids = small(), ids_of(13, 1, 5)
    plain = generate(model, ids, 8)
    monkeypatch.setattr(model, "new_cache", lambda *_: PagedCache(pool()))
    assert generate(model, ids, 8).equal(plain)


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_full_room_says_so_and_is_free_again():
    room = pool()
    one, two = PagedCache(room), PagedCache(room)
    fill(one, 6 * PAGE, seed=0)
    fill(two, 3, seed=1)
    with pytest.raises(ValueError, match="all 7 pages are taken"):
        fill(two, 2, seed=2)
    one.free()
    fill(two, 2, seed=2)
    assert two.length == 5


def test_what_it_does_not_hold_is_refused(shapes_unchecked):
    cache = PagedCache(pool())
    k = random(1, H_KV, 2, K)
    with pytest.raises(ValueError, match="one sequence"):
        cache.append(0, k.expand(2, -1, -1, -1), k.expand(2, -1, -1, -1))
    with pytest.raises(ValueError, match="no gradients"):
        cache.append(0, k.requires_grad_(), k)
    with pytest.raises(ValueError, match="fork it"):
        cache.reorder(torch.tensor([0, 0]))
    with pytest.raises(ValueError, match="at least 1"):
        PagePool(LAYERS, 0, H_KV, PAGE, K, like=torch.zeros(1))

"""A cache in pages: sequences of unequal length share one room, and each takes a page when it needs one.

A table a sequence says which page holds its positions 0 … P-1, which the next P, and so on; pages lie anywhere. Two
sequences that begin alike may share pages, each until it writes there (copy on write).

Source: Kwon et al., *Efficient Memory Management for Large Language Model Serving with PagedAttention* (2023), section
4. Sizes as in ``cache``; ``P`` positions a page. Left out: a kernel that reads pages where they lie (here they are
gathered first), and moving pages out when the room is full.
"""

import torch
from torch import Tensor

from llmbook.nn.cache import Heads, KVCache


class PagePool:
    """The room: ``n_pages`` pages of ``page`` positions for all layers. Raises ``ValueError`` for sizes below 1."""

    def __init__(
        self, n_layers: int, n_pages: int, n_kv_heads: int, page: int, head_width: int, *, like: Tensor
    ) -> None:
        shape = (n_layers, n_pages, n_kv_heads, page, head_width)
        if min(shape) < 1:
            raise ValueError(f"layers, pages, heads, positions a page and width must be at least 1, got {shape}")
        self.page = page
        self.keys = like.new_zeros(shape)
        self.values = like.new_zeros(shape)
        self.users = [0] * n_pages  # sequences that hold each page

    def take(self) -> int:
        """A page that nobody holds. Raises ``ValueError`` where there is none."""
        if 0 not in self.users:
            raise ValueError(f"all {len(self.users)} pages are taken: free a sequence, or wait until one has ended")
        number = self.users.index(0)
        self.users[number] = 1
        return number

    @property
    def used(self) -> int:
        """How many pages are held."""
        return sum(n > 0 for n in self.users)


class PagedCache(KVCache):
    """The cache of one sequence, in pages of a pool; read and written as any other."""

    def __init__(self, pool: PagePool) -> None:
        self.pool = pool
        self.table: list[int] = []
        self.length = 0

    @property
    def batch(self) -> int:
        """One: each sequence has a length of its own."""
        return 1

    @property
    def max_len(self) -> int:
        """As far as the whole pool would reach."""
        return self.pool.page * len(self.pool.users)

    def append(self, layer: int, k: Heads, v: Heads) -> tuple[Heads, Heads]:
        """As ``KVCache``'s. Raises ``ValueError`` for more than one sequence, for gradients, and for a full pool."""
        if k.shape[0] != 1 or (torch.is_grad_enabled() and (k.requires_grad or v.requires_grad)):
            raise ValueError(f"a paged cache holds one sequence and no gradients, got keys of shape {tuple(k.shape)}")
        end = self.length + k.shape[2]
        self.make_room(end)
        at = torch.arange(self.length, end)
        pages = torch.tensor(self.table)
        written = pages[at // self.pool.page]
        everything: list[Tensor] = []
        for room, new in ((self.pool.keys[layer], k), (self.pool.values[layer], v)):
            room[written, :, at % self.pool.page] = new[0].transpose(0, 1)
            everything.append(room[pages].transpose(0, 1).flatten(1, 2)[None, :, :end])
        return everything[0], everything[1]

    def make_room(self, end: int) -> None:
        """Own the page that is written next, and take pages up to ``end``."""
        page = self.pool.page
        if self.length % page and self.pool.users[self.table[self.length // page]] > 1:
            shared = self.table[self.length // page]
            own = self.pool.take()
            self.pool.keys[:, own] = self.pool.keys[:, shared]
            self.pool.values[:, own] = self.pool.values[:, shared]
            self.pool.users[shared] -= 1
            self.table[self.length // page] = own
        while len(self.table) * page < end:
            self.table.append(self.pool.take())

    def fork(self) -> "PagedCache":
        """A second sequence that begins as this one, in the same pages."""
        other = PagedCache(self.pool)
        other.table = list(self.table)
        other.length = self.length
        for number in self.table:
            self.pool.users[number] += 1
        return other

    def free(self) -> None:
        """Give the pages back."""
        for number in self.table:
            self.pool.users[number] -= 1
        self.table = []
        self.length = 0

    def reorder(self, rows: Tensor) -> None:
        """Raises ``ValueError``: a search forks its sequences instead."""
        raise ValueError(f"a paged cache holds one sequence: fork it instead of reordering rows {rows.tolist()}")

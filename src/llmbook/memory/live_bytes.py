"""How many bytes are in memory: those of all storages that operations made and nobody has dropped yet.

Views share a storage, which counts once. What a kernel needs for a moment and hands to nobody is not seen, nor is what
an allocator rounds up or keeps for later: the number is that of the algorithm, and the same on every machine.
"""

import weakref
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """While the context is open: ``now``, the bytes made in it that still live, and ``peak``, the most there were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self.known: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[object, ...] = (), kwargs: Mapping[str, object] | None = None
    ) -> object:
        kwargs = kwargs or {}
        before = {id(x.untyped_storage()) for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)}
        result = func(*args, **kwargs)
        for x in tree_leaves(result):
            if isinstance(x, Tensor) and id(x.untyped_storage()) not in before:  # a view's storage was there
                self.count(x.untyped_storage())
        return result

    def count(self, storage: torch.UntypedStorage) -> None:
        """Note a storage that was not there before, until it is dropped."""
        if storage in self.known:
            return
        self.known.add(storage)
        size = storage.nbytes()
        weakref.finalize(cast(Any, storage), self.drop, size).atexit = False
        self.now += size
        self.peak = max(self.peak, self.now)

    def drop(self, size: int) -> None:
        self.now -= size

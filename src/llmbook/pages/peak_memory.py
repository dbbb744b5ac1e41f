"""How much memory the tensors of a computation take at most, counted by the bytes of what is alive.

Left out: what a kernel takes for itself while it runs, and what the allocator keeps.
"""

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def id_of(storage: torch.UntypedStorage) -> int:
    """What tells two storages apart while both are alive; the address would not, of those without bytes."""
    return storage._cdata  # pyright: ignore[reportPrivateUsage]


class PeakMemory(TorchDispatchMode):
    """Inside the ``with`` block each new tensor is counted until it goes: ``now`` and ``peak`` in bytes.

    What was there before is not counted, and a view not twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = {id_of(x.untyped_storage()) for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)}
        result = func(*args, **(kwargs or {}))
        for x in tree_leaves(result):
            if isinstance(x, torch.Tensor):
                storage = x.untyped_storage()
                if id_of(storage) not in before and id_of(storage) not in self.known:
                    self.note(storage)
        return result

    def note(self, storage: torch.UntypedStorage) -> None:
        """Count a storage, and take it off again when it is gone."""
        size, name = storage.nbytes(), id_of(storage)
        self.now += size
        self.peak = max(self.peak, self.now)
        self.known.add(name)
        weakref.finalize(storage, self.gone, name, size)

    def gone(self, name: int, size: int) -> None:
        self.now -= size
        self.known.discard(name)

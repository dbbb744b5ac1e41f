"""How many bytes a computation holds at once, counted tensor by tensor while it runs.

Every tensor that PyTorch makes inside ``with Held() as held:`` counts from its making until nobody refers to its
storage any more; ``held.most`` is the largest sum there was. Works for this folder's tape and for autograd alike.

Left out: what was there before; what an allocator takes on top; an operation's scratch space while it computes.
"""

import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Held(TorchDispatchMode):
    """A counter of bytes: ``now``, and the ``most`` there were."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known = weakref.WeakSet[Any]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = {x.untyped_storage().data_ptr() for x in tensors((args, kwargs))}
        out = func(*args, **(kwargs or {}))
        for x in tensors(out):
            storage = x.untyped_storage()
            if storage.data_ptr() not in before and storage not in self.known:
                self.known.add(storage)
                self.now += storage.nbytes()
                weakref.finalize(storage, self.gone, storage.nbytes())
        self.most = max(self.most, self.now)
        return out

    def gone(self, size: int) -> None:
        self.now -= size


def tensors(tree: object) -> Iterator[Tensor]:
    return (x for x in tree_leaves(tree) if isinstance(x, torch.Tensor))

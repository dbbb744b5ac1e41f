r"""What ranks tell each other, and what that means on the way back.

    sum over ranks, by a ring: p - 1 steps in which parts are added, p - 1 in which the sums are handed round
    bytes sent by each rank = 2 (p - 1) / p · bytes of x

``copied`` and ``summed`` stand at the two ends of a piece of a model that is cut into p parts: y = Σ_r f_r(x). What was
copied to all ranks has, as gradient, the sum of theirs; what was summed hands its gradient on to each of them.

Sources: Patarasuk and Yuan, *Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations* (2009); Shoeybi et
al., *Megatron-LM* (2019), section 3, whose f and g are ``copied`` and ``summed``; Liu et al., *Ring Attention* (2023).
Left out: sending while computing.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed

Group = distributed.ProcessGroup
Message = Callable[[Tensor], Tensor]


def pass_on(x: Tensor, group: Group, by: int = 1) -> Tensor:
    """Send x to the rank ``by`` places further on the ring, and return what comes from the other side."""
    rank = group.rank()
    n = group.size()
    got = torch.empty_like(x, memory_format=torch.contiguous_format)
    x = x.contiguous()
    sending = distributed.isend(x, group=group, group_dst=(rank + by) % n)
    distributed.recv(got, group=group, group_src=(rank - by) % n)
    assert sending is not None
    sending.wait()
    return got


def ring_all_reduce(x: Float[Tensor, "*shape"], group: Group) -> tuple[Float[Tensor, "*shape"], int]:
    """The sum of all ranks' x, and the bytes that this rank has sent for it."""
    rank = group.rank()
    n = group.size()
    width = math.ceil(x.numel() / n)
    padded = torch.nn.functional.pad(x.flatten(), (0, n * width - x.numel()))
    parts = list(padded.split(width)) if n > 1 else [padded]
    for step in range(2 * (n - 1)):
        got = pass_on(parts[(rank - step) % n], group)
        into = (rank - step - 1) % n
        parts[into] = parts[into] + got if step < n - 1 else got
    return torch.cat(parts)[: x.numel()].view_as(x), 2 * (n - 1) * width * x.element_size()


class _ThereAndBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, there: Message, back: Message) -> Tensor:
        ctx.back = back
        return there(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return ctx.back(grads[0]), None, None


def there_and_back(x: Tensor, there: Message, back: Message) -> Tensor:
    """``there(x)``, whose gradient is sent back by ``back``."""
    return _ThereAndBack.apply(x, there, back)  # pyright: ignore[reportReturnType]


def copied(x: Float[Tensor, "*shape"], group: Group) -> Float[Tensor, "*shape"]:
    """x itself, read by each rank's part of a layer; its gradient is the sum of the ranks'."""
    return there_and_back(x, as_it_is, lambda grad: total(grad, group))


def summed(x: Float[Tensor, "*shape"], group: Group) -> Float[Tensor, "*shape"]:
    """Σ_r x_r, the same on each rank; its gradient goes to each of them as it is."""
    return there_and_back(x, lambda x: total(x, group), as_it_is)


def as_it_is(x: Tensor) -> Tensor:
    return x.view_as(x)


def total(x: Tensor, group: Group) -> Tensor:
    result = x.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(result, group=group)
    return result


def vocabulary_parallel_loss(
    logits: Float[Tensor, "N part"], targets: Int[Tensor, " N"], group: Group
) -> Float[Tensor, ""]:
    """Mean cross-entropy where rank r has the logits of the ids from r·part on: three numbers a row are exchanged."""
    own = targets - group.rank() * logits.shape[1]
    mine = (own >= 0) & (own < logits.shape[1])
    top = logits.detach().amax(dim=1)
    distributed.all_reduce(top, distributed.ReduceOp.MAX, group=group)
    total = summed((logits - top[:, None]).exp().sum(dim=1), group)
    hit = logits.gather(1, own.where(mine, 0)[:, None])[:, 0]
    right = summed(hit.where(mine, 0.0), group)
    return (total.log() + top - right).mean()


def ring_attention(
    q: Float[Tensor, "*batch T d_k"], k: Float[Tensor, "*batch T d_k"], v: Float[Tensor, "*batch T d_k"], group: Group
) -> Float[Tensor, "*batch T d_k"]:
    """Causal attention, rank r having positions r·T … (r+1)·T - 1: keys and values go round, the softmax goes along."""
    rank = group.rank()
    n = group.size()
    T = q.shape[-2]
    here = torch.arange(T)
    kv = torch.stack([k, v])
    top = q.new_full(q.shape[:-1], -math.inf)
    total = torch.zeros_like(top)
    context = torch.zeros_like(v)
    for step in range(n):
        owner = (rank - step) % n
        hidden = (rank * T + here)[:, None] < (owner * T + here)[None]
        scores = (q @ kv[0].transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(hidden, -math.inf)
        new = torch.maximum(top, scores.detach().amax(dim=-1))  # finite: the first keys are a query's own
        fade = (top - new).exp()
        weights = (scores - new[..., None]).exp()
        total = total * fade + weights.sum(dim=-1)
        context = context * fade[..., None] + weights @ kv[1]
        top = new
        if step < n - 1:
            kv = there_and_back(kv, lambda x: pass_on(x, group), lambda grad: pass_on(grad, group, by=-1))
    return context / total[..., None]

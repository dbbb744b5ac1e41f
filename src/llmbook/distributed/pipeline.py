"""A model cut in stages, and ranks that carry out a schedule: who waits receives, who is done sends.

The gradient of a loss that is a sum over micro-batches is the sum of theirs. So ``loss_of`` gives each micro-batch's
*share* of the loss (its sum, divided by what the whole batch has), and micro-batches may be unequal. A message is named
by the stage it goes to and its micro-batch; of the two that may have one name, that forwards always comes first. Sends
wait for nobody, so that ranks can only wait for what the schedule lacks.

Source: Huang et al., *GPipe* (2019), section 2.2. Left out: dropping a stage's output once it is sent, and running
forwards again instead of keeping their activations.
"""

import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, distributed, nn
from torch.autograd.graph import saved_tensors_hooks

from llmbook.distributed.schedules import Action, Kind, Orders, Span, count_stages
from llmbook.models.causal_lm import CausalLM


class Stage(nn.Module):
    """The ``number``-th of ``n`` stages of a causal language model: its blocks, and what stands before or behind them.

    Its parameters are the model's own. Raises ``ValueError`` where the blocks cannot be cut into n equal parts.
    """

    def __init__(self, model: CausalLM, number: int, n: int) -> None:
        super().__init__()
        L = len(model.blocks)
        if L % n or not 0 <= number < n:
            raise ValueError(f"{L} blocks cannot be cut into {n} equal stages, with a stage {number} among them")
        self.blocks = model.blocks[number * L // n : (number + 1) * L // n]
        self.in_attention = model.positions.in_attention  # and no part of this stage: none is in two of them
        self.embedding = model.embedding if number == 0 else None
        self.positions = model.positions if number == 0 else None
        self.head = nn.Sequential(model.norm, model.output) if number == n - 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """From ids or the stream of the stage before, to the stream (B, T, D), or in the last stage to logits."""
        if self.embedding is not None and self.positions is not None:
            x = self.positions(self.embedding(x), 0)
        positions = self.in_attention(x, 0)
        for block in self.blocks:
            x = block(x, **positions)
        return self.head(x)


class Done(NamedTuple):
    """What a rank brings back."""

    loss: float  # the sum over micro-batches; 0 but on the rank of the last stage
    spans: list[Span]  # when each action computed, in seconds since the last rank came; one clock for one machine
    held: int  # bytes that backwards were waiting for, at most


class Saved:
    """The bytes that graphs keep for their backwards, parameters apart; a tensor saved twice counts once."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.apart = {p.untyped_storage().data_ptr() for p in parameters}
        self.users: Counter[int] = Counter()
        self.now = 0
        self.most = 0

    def pack(self, x: Tensor) -> list[Tensor]:
        storage = x.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        box = Box([x])
        if place not in self.apart:
            self.users[place] += 1
            self.now += size if self.users[place] == 1 else 0
            self.most = max(self.most, self.now)
            weakref.finalize(box, self.freed, place, size)
        return box

    def freed(self, place: int, size: int) -> None:
        self.users[place] -= 1
        self.now -= size if self.users[place] == 0 else 0


class Box(list[Tensor]):
    """A list that can tell when it goes."""


def run_pipeline(
    group: distributed.ProcessGroup,
    stages: Mapping[int, nn.Module],
    orders: Orders,
    inputs: Sequence[Tensor],
    targets: Sequence[Tensor],
    loss_of: Callable[[Tensor, Tensor], Tensor],
    between: Sequence[int],
    wait: Callable[[Kind], object] = lambda kind: None,
) -> Done:
    """Do this rank's row of ``orders`` with its ``stages`` (by number); gradients are added to their parameters.

    ``inputs[i]`` and ``targets[i]`` are of micro-batch i; ``between`` is the shape, without the batch, of what stages
    pass on. ``wait`` is called within each action, in place of more work. Raises ``ValueError`` where schedule, ranks,
    stages and micro-batches do not fit. An impossible order waits for ever: ``schedules.replay`` tells beforehand.
    """
    rank, n = group.rank(), count_stages(orders)
    row = [Action(*action) for action in orders[rank]] if len(orders) == group.size() else []
    if {action.stage for action in row} != set(stages) or len(orders) == 1 < n:
        raise ValueError(f"{n} stages on {len(orders)} ranks do not fit {group.size()} ranks, one with {[*stages]}")
    if not len(inputs) == len(targets) == len(row) // (2 * len(stages)):
        raise ValueError(f"{len(row) // (2 * len(stages))} micro-batches, {len(inputs)} inputs, {len(targets)} targets")
    parameters = [p for stage in stages.values() for p in stage.parameters()]
    saved, sent, alive, spans, loss = Saved(parameters), [], {}, [], 0.0

    def receive(stage: int, micro: int, source: int) -> Tensor:
        x = torch.empty(len(inputs[micro]), *between, dtype=parameters[0].dtype)
        distributed.recv(x, group=group, group_src=source % len(orders), tag=micro * n + stage)
        return x

    def send(x: Tensor, stage: int, micro: int) -> None:
        work = distributed.isend(x, group=group, group_dst=stage % len(orders), tag=micro * n + stage)
        sent.append((work, x))  # which must live as long

    clock = torch.tensor(time.monotonic(), dtype=torch.float64)
    distributed.all_reduce(clock, distributed.ReduceOp.MAX, group)  # nobody is through before all have come
    ready = clock.item()
    for kind, stage, micro in row:
        if kind == "F":
            x = inputs[micro] if stage == 0 else receive(stage, micro, stage - 1).requires_grad_()
            start = time.monotonic()
            with saved_tensors_hooks(saved.pack, lambda box: box[0]):
                y = stages[stage](x)
                y = y if stage + 1 < n else loss_of(y, targets[micro])
            alive[stage, micro] = x, y
        else:
            grad = receive(stage, micro, stage + 1) if stage + 1 < n else None
            start = time.monotonic()
            x, y = alive.pop((stage, micro))
            y.backward(grad)
            loss += y.item() if stage + 1 == n else 0
        wait(kind)
        spans.append(Span(kind, stage, micro, start - ready, time.monotonic() - ready))
        if kind == "F" and stage + 1 < n:
            send(y.detach(), stage + 1, micro)
        if kind == "B" and x.grad is not None:  # it came from the stage before
            send(x.grad, stage - 1, micro)
        del x, y
    for work, _ in sent:
        work.wait()
    return Done(loss, spans, saved.most)

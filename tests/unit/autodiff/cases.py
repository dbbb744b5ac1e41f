"""Inputs for every operation of the tape, and the same computation in PyTorch's own words."""

import torch
import torch.nn.functional as F
from reference import random

from llmbook.autodiff import rules as op

IDS = torch.tensor([[3, 0, 3], [1, 1, 4]])
MASK = torch.ones(5, 5, dtype=torch.bool).tril()

CASES = {  # name: operation, inputs, what is fixed, PyTorch's own
    "add": (op.add, (random(2, 3), random(3, seed=1)), {}, torch.add),
    "add ones": (op.add, (random(2, 1, 3), random(5, 1, seed=1)), {}, torch.add),
    "multiply": (op.multiply, (random(2, 1, 3), random(5, 1, seed=1)), {}, torch.mul),
    "multiply by a number": (op.multiply, (random(2, 3), random(seed=1)), {}, torch.mul),
    "matmul": (op.matmul, (random(3, 5), random(5, 7, seed=1)), {}, torch.matmul),
    "matmul of a batch": (op.matmul, (random(2, 3, 5), random(5, 7, seed=1)), {}, torch.matmul),
    "matmul of heads": (op.matmul, (random(2, 1, 3, 5), random(11, 5, 7, seed=1)), {}, torch.matmul),
    "sum_to": (op.sum_to, (random(2, 5, 3),), {"shape": (5, 1)}, lambda x, shape: x.sum(dim=(0, 2))[:, None]),
    "spread_to": (op.spread_to, (random(5, 1),), {"shape": (2, 5, 3)}, lambda x, shape: x.expand(shape)),
    "reshape": (op.reshape, (random(2, 6),), {"shape": (3, 4)}, torch.reshape),
    "swap": (op.swap, (random(2, 3, 5),), {}, lambda x: x.mT),
    "swap of heads": (op.swap, (random(2, 3, 5),), {"axes": (0, 1)}, lambda x, axes: x.transpose(*axes)),
    "exp": (op.exp, (random(2, 3),), {}, torch.exp),
    "log": (op.log, (random(2, 3).abs() + 0.5,), {}, torch.log),
    "tanh": (op.tanh, (random(2, 3),), {}, torch.tanh),
    "power": (op.power, (random(2, 3).abs() + 0.5,), {"p": -1.5}, lambda x, p: x.pow(p)),
    "relu": (op.relu, (random(5, 7),), {}, torch.relu),
    "rows": (op.rows, (random(7, 3),), {"ids": IDS}, lambda table, ids: F.embedding(ids, table)),
    "put_rows": (
        op.put_rows, (random(2, 3, 5),), {"ids": IDS, "n": 7},
        lambda x, ids, n: torch.einsum("btn,btd->nd", F.one_hot(ids, n).to(x.dtype), x),
    ),
    "keep": (op.keep, (random(2, 5, 5),), {"where": MASK}, lambda x, where: x.masked_fill(~where, 0.0)),
    "keep, else 3": (
        op.keep, (random(5, 5),), {"where": MASK, "otherwise": 3.0},
        lambda x, where, otherwise: x.masked_fill(~where, otherwise),
    ),
    "softmax": (op.softmax, (random(2, 3, 5),), {}, lambda x: torch.softmax(x, dim=-1)),
    "normalise": (op.normalise, (random(2, 3, 5),), {}, lambda x: F.layer_norm(x, x.shape[-1:])),
    "normalise, large ε": (
        op.normalise, (random(3, 5),), {"eps": 0.7}, lambda x, eps: F.layer_norm(x, x.shape[-1:], eps=eps),
    ),
    "cross_entropy": (
        op.cross_entropy, (random(2, 3, 5),), {"targets": IDS},
        lambda x, targets: F.cross_entropy(x.flatten(0, 1), targets.flatten()),
    ),
}  # fmt: skip

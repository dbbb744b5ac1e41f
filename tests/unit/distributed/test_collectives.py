"""What ranks tell each other: the same numbers and gradients as one process, and the bytes of the formula."""

import pytest
import torch
import torch.nn.functional as F
from reference import close, random

from llmbook.distributed import (
    Ranks,
    copied,
    pass_on,
    ring_all_reduce,
    ring_attention,
    summed,
    there_and_back,
    vocabulary_parallel_loss,
)

TIGHT = 1e-12  # float64


@pytest.fixture(scope="module")
def three():
    with Ranks(3) as ranks:
        yield ranks


def test_a_ring_sums_what_does_not_divide_and_sends_what_the_formula_says(three):
    found = three(ring)
    for shape in ((7,), (3, 4), (2,), (5, 3)):
        parts = [random(*shape, seed=rank) for rank in range(3)]
        n = parts[0].numel()
        for rank in range(3):
            total, theirs, sent = found[rank][shape]
            close(total, sum(parts), TIGHT)
            close(theirs, sum(parts), TIGHT)  # PyTorch's own
            assert sent == 2 * 2 * -(-n // 3) * 8  # (p - 1) twice, a third of n rounded up, eight bytes


def ring(group):
    found = {}
    for shape in ((7,), (3, 4), (2,), (5, 3)):
        x = random(*shape, seed=group.rank())
        theirs = x.clone()
        torch.distributed.all_reduce(theirs, group=group)
        found[shape] = (*swapped(ring_all_reduce(x, group), theirs),)
    return found


def swapped(ours, theirs):
    return ours[0], theirs, ours[1]


def test_passing_on_goes_round(three):
    assert three(lambda group: [pass_on(torch.tensor([group.rank()]), group, by).item() for by in (1, -1, 2)]) == [
        [2, 1, 1],
        [0, 2, 2],
        [1, 0, 0],
    ]


def test_there_goes_forwards_and_back_the_gradient():
    x = random(2, 3).requires_grad_()
    y = there_and_back(x, lambda x: x[:1].repeat(5, 1), lambda grad: 7 * grad[:2])
    assert y.equal(x[:1].expand(5, 3))
    weights = random(5, 3, seed=1)
    (y * weights).sum().backward()
    assert x.grad is not None
    assert x.grad.equal(7 * weights[:2])


def column_then_row(group, x, w_1, w_2):
    """A layer of six cut by columns, and the next by rows."""
    x = x.clone().requires_grad_()
    mine_1, mine_2 = (w.chunk(3, dim)[group.rank()].clone().requires_grad_() for w, dim in ((w_1, 0), (w_2, 1)))
    y = summed(F.gelu(copied(x, group) @ mine_1.T) @ mine_2.T, group)
    y.square().sum().backward()
    return y.detach(), x.grad, mine_1.grad, mine_2.grad


def test_columns_then_rows_are_the_layer_of_one_process(three):
    x, w_1, w_2 = random(5, 4, seed=1), random(6, 4, seed=2), random(7, 6, seed=3)
    found = three(column_then_row, x, w_1, w_2)
    x, w_1, w_2 = (t.requires_grad_() for t in (x, w_1, w_2))
    y = F.gelu(x @ w_1.T) @ w_2.T
    y.square().sum().backward()
    for ours in found:
        close(ours[0], y.detach(), TIGHT)
        close(ours[1], x.grad, TIGHT)
    close(torch.cat([ours[2] for ours in found]), w_1.grad, TIGHT)
    close(torch.cat([ours[3] for ours in found], dim=1), w_2.grad, TIGHT)


def loss_part(group, logits, targets):
    mine = logits.chunk(3, dim=1)[group.rank()].clone().requires_grad_()
    loss = vocabulary_parallel_loss(mine, targets, group)
    loss.backward()
    return loss.detach(), mine.grad


@pytest.mark.parametrize("size", [1.0, 1000.0])
def test_the_loss_of_a_cut_vocabulary_is_cross_entropy(three, size):
    logits, targets = size * random(7, 15, seed=4), torch.tensor([0, 4, 5, 9, 10, 14, 7])
    found = three(loss_part, logits, targets)
    logits.requires_grad_()
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    for ours in found:
        close(ours[0], loss.detach(), TIGHT * size)
    close(torch.cat([ours[1] for ours in found], dim=1), logits.grad, TIGHT)


def attention_part(group, q, k, v):
    mine = [x.chunk(group.size(), dim=2)[group.rank()].clone().requires_grad_() for x in (q, k, v)]
    y = ring_attention(*mine, group)
    y.square().sum().backward()
    return [y.detach(), *(x.grad for x in mine)]


@pytest.mark.parametrize("size", [1.0, 30.0])
def test_attention_in_a_ring_is_causal_attention(three, size):
    q, k, v = (size * random(2, 5, 21, 4, seed=seed) for seed in (5, 6, 7))
    found = three(attention_part, q, k, v)
    for x in (q, k, v):
        x.requires_grad_()
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    y.square().sum().backward()
    for ours, theirs in zip(zip(*found, strict=True), (y.detach(), q.grad, k.grad, v.grad), strict=True):
        close(torch.cat(ours, dim=2), theirs, TIGHT * size**3)  # gradients grow with the numbers


def alone(group):
    x = random(5, 4, seed=1)
    q = random(2, 7, 4, seed=2)
    return (
        ring_all_reduce(x, group)[0].equal(x),
        ring_all_reduce(x, group)[1],
        copied(x, group).equal(x) and summed(x, group).equal(x),
        (ring_attention(q, q, q, group) - F.scaled_dot_product_attention(q, q, q, is_causal=True)).abs().max().item(),
    )


def test_one_rank_is_none():
    with Ranks(1) as ranks:
        ((same, sent, also, off),) = ranks(alone)
    assert same
    assert sent == 0
    assert also
    assert off < TIGHT


def test_a_rank_of_its_own_size_is_not_waited_for_for_ever(three):
    """Parts of unequal size do not fit: a clear end, not a hang."""
    with pytest.raises(RuntimeError, match=r"^rank \d of 3 died"):
        three(unequal, limit=3)


def unequal(group):
    return ring_all_reduce(torch.ones(3 + 9 * group.rank()), group)

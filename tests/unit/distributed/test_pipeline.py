"""A model in stages on real ranks: loss and gradients of one process, what is held, and bad input."""

import os

import pytest
import torch
import torch.nn.functional as F
from reference import close, ids_of, spread
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleInterleaved1F1B

from llmbook.distributed import RankFailed, Ranks, Stage, gpipe, interleaved, one_f_one_b, ring_all_reduce, run_pipeline
from llmbook.distributed.pipeline import Saved
from llmbook.distributed.schedules import Action, awaited
from llmbook.models import GPT

TIGHT = 1e-12  # float64
SINGLE = 1e-6  # float32, for numbers of about one
N, T, D, SIZES = 13, 7, 6, [3, 1, 2, 5]  # unequal micro-batches
IDS = ids_of(N, sum(SIZES), T + 1)


@pytest.fixture(scope="module")
def two():
    with Ranks(2) as ranks:
        yield ranks


def model(dtype=torch.float64):
    return spread(GPT(N, d_model=D, n_heads=2, n_layers=4, max_len=T).to(dtype), seed=4)


def share(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / IDS[:, 1:].numel()


def alone(dtype=torch.float64):
    whole = model(dtype)
    loss = F.cross_entropy(whole(IDS[:, :-1]).flatten(0, 1), IDS[:, 1:].flatten())
    loss.backward()
    return loss.item(), {name: w.grad for name, w in whole.named_parameters()}


def on_a_rank(group, orders, n, sizes=SIZES, dtype=torch.float64):
    whole, p = model(dtype), group.size()
    stages = {s: Stage(whole, s, n) for s in range(group.rank(), n, p)}
    ids = IDS[: sum(sizes)]
    inputs, targets = (x.split(sizes) for x in (ids[:, :-1], ids[:, 1:]))
    done = run_pipeline(group, stages, orders, inputs, targets, share, (T, D))
    return done, {name: w.grad for name, w in whole.named_parameters() if w.grad is not None}


def put_together(parts):
    return {name: sum(part[name] for part in parts if name in part) for part in parts for name in part}


@pytest.mark.parametrize(("orders", "n"), [(gpipe(2, 4), 2), (one_f_one_b(2, 4), 2), (interleaved(2, 4, 2), 4)])
def test_ranks_have_the_loss_and_the_gradients_of_one_process(two, orders, n):
    done, grads = zip(*two(on_a_rank, orders, n), strict=True)
    loss, expected = alone()
    assert abs(sum(d.loss for d in done) - loss) < TIGHT
    assert done[0].loss == 0
    close(put_together(grads), expected, TIGHT)
    assert "embedding.weight" in grads[0], "the first stage's part of the table"
    assert "embedding.weight" in grads[1], "the last stage's part"
    assert [[span[:3] for span in d.spans] for d in done] == [[tuple(action) for action in row] for row in orders]
    ends = {span[:3]: span.end for d in done for span in d.spans}
    for kind, stage, micro, start, end in [span for d in done for span in d.spans]:
        assert end >= start >= 0
        assert all(ends[need] <= start for need in awaited(Action(kind, stage, micro), n)), "the ranks have one clock"


@pytest.mark.parametrize("orders", [gpipe(2, 4), one_f_one_b(2, 4)])
def test_in_single_precision_they_are_as_close_as_it_allows(two, orders):
    done, grads = zip(*two(on_a_rank, orders, 2, SIZES, torch.float32), strict=True)
    loss, expected = alone(torch.float32)
    assert abs(sum(d.loss for d in done) - loss) < SINGLE * loss
    close(put_together(grads), expected, SINGLE)


def test_copies_of_a_pipeline_share_a_batch_unequally():
    """A mesh of 2 × 2: two copies of two stages, with seven and four sequences; the copies' gradients are summed."""
    with Ranks(4) as ranks:
        found = ranks(on_a_mesh)
    loss, expected = alone()
    assert abs(sum(of_rank for of_rank, _ in found) - loss) < TIGHT
    for copy in (found[:2], found[2:]):
        close(put_together([grads for _, grads in copy]), expected, TIGHT)


def on_a_mesh(group):
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "depth"))
    pipe, copies = mesh.get_group("depth"), mesh.get_group("data")
    whole, mine, sizes = model(), IDS.split([7, 4])[copies.rank()], ([3, 1, 2, 1], [2, 2])[copies.rank()]
    stages = {pipe.rank(): Stage(whole, pipe.rank(), 2)}
    inputs, targets = (x.split(sizes) for x in (mine[:, :-1], mine[:, 1:]))
    done = run_pipeline(pipe, stages, one_f_one_b(2, len(sizes)), inputs, targets, share, (T, D))
    own = [(name, w.grad) for name, w in whole.named_parameters() if w.grad is not None]
    return done.loss, {name: ring_all_reduce(grad, copies)[0] for name, grad in own}


def test_pytorchs_engine_has_the_same_gradients(two):
    found = two(theirs)
    _, expected = alone_on(IDS[:8])
    close(put_together(found), expected, TIGHT)


def test_the_interleaved_order_is_pytorchs(two):
    for m in (2, 4, 6):
        ours = [[tuple(action) for action in row] for row in interleaved(2, m, 2)]
        assert two(their_order, m)[0] == ours


def their_order(group, m):
    whole, r = model(), group.rank()
    stages = [PipelineStage(Stage(whole, s, 4), s, 4, torch.device("cpu"), group=group) for s in (r, r + 2)]
    order = ScheduleInterleaved1F1B(stages, m, loss_fn=F.mse_loss).pipeline_order
    rows = [[a for a in order[rank] if a is not None] for rank in range(2)]
    return [[(a.computation_type.value[0], a.stage_index, a.microbatch_index) for a in row] for row in rows]


def alone_on(ids):
    whole = model()
    loss = F.cross_entropy(whole(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    return loss.item(), {name: w.grad for name, w in whole.named_parameters()}


def theirs(group):
    whole, r, ids = model(), group.rank(), IDS[:8]
    stage = PipelineStage(Stage(whole, r, 2), r, 2, torch.device("cpu"), group=group)
    schedule = Schedule1F1B(stage, 4, loss_fn=lambda y, t: F.cross_entropy(y.flatten(0, 1), t.flatten()))
    schedule.step(*[ids[:, :-1]] * (r == 0), **({"target": ids[:, 1:]} if r else {}))
    return {name: w.grad for name, w in whole.named_parameters() if w.grad is not None}


def test_what_is_held_grows_with_the_micro_batches_in_gpipe_alone(two):
    held = {
        (make, m): [done.held for done, _ in two(on_a_rank, make(2, m), 2, [2] * m)]
        for make, m in ((gpipe, 2), (gpipe, 3), (gpipe, 5), (one_f_one_b, 3), (one_f_one_b, 5))
    }
    for rank in range(2):
        one = held[gpipe, 3][rank] - held[gpipe, 2][rank]  # a micro-batch; masks and the like are kept once
        assert one > 10_000
        assert held[gpipe, 5][rank] == held[gpipe, 3][rank] + 2 * one
        assert held[one_f_one_b, 5][rank] == held[one_f_one_b, 3][rank] == held[gpipe, 2][rank] - rank * one


def test_saved_bytes_come_and_go_and_count_once():
    w, x = torch.ones(5, 3, requires_grad=True), torch.ones(2, 5)
    saved = Saved([w])
    with torch.autograd.graph.saved_tensors_hooks(saved.pack, lambda box: box[0]):
        y = ((x @ w).exp() + (x @ w)).sum()  # x twice, the result of exp once; w is a parameter
        assert saved.now == saved.most == (10 + 6) * 4
        y.backward()
        del y
    assert saved.now == 0
    assert saved.most == 64


def test_one_rank_is_the_model_itself():
    with Ranks(1) as ranks:
        ((done, grads),) = ranks(on_a_rank, one_f_one_b(1, 4), 1)
    loss, expected = alone()
    assert abs(done.loss - loss) < TIGHT
    close(grads, expected, TIGHT)


def test_stages_are_the_model_one_after_the_other():
    whole, x = model(), IDS[:, :-1]
    for number in range(4):
        x = Stage(whole, number, 4)(x)
    close(x, whole(IDS[:, :-1]), TIGHT)
    parts = [p for number in range(2) for p in Stage(whole, number, 2).parameters()]
    shared = {id(whole.output.weight)} & {id(whole.embedding.weight)}
    assert {id(p) for p in parts} == {id(p) for p in whole.parameters()}
    assert len(parts) == len({id(p) for p in parts}) + len(shared), "a parameter is in two stages"
    for number, n in ((0, 3), (2, 2), (-1, 2)):
        with pytest.raises(ValueError, match="cannot be cut"):
            Stage(whole, number, n)


def test_a_rank_that_dies_or_waits_for_ever_ends_the_run():
    with Ranks(2) as ranks:
        with pytest.raises(RankFailed, match="rank 1 of 2 died, with exit code 9"):
            ranks(in_vain, gpipe(2, 4), 9)
        assert not ranks.processes
        crossed = gpipe(2, 2)
        crossed[0] = [crossed[0][i] for i in (0, 2, 1, 3)]  # a backward before the forward that the other waits for
        ranks(in_vain, gpipe(2, 2), None)  # new ranks have imported what they need
        with pytest.raises(RankFailed, match=r"0 and 1 had not finished after 3 s(.|\n)*recv"):
            ranks(in_vain, crossed, None, limit=3)
        assert not ranks.processes


def in_vain(group, orders, code):
    layer, x = torch.nn.Linear(D, D), [torch.ones(1, D)] * (len(orders[0]) // 2)
    lossy = (lambda y, t: os._exit(code)) if code else F.mse_loss
    return run_pipeline(group, {group.rank(): layer}, orders, x, x, lossy, [D])


def test_what_does_not_fit_is_refused_by_name(two):
    for said in two(refusals):
        assert said[0] == "3 stages on 3 ranks do not fit 2 ranks, one with [0]"
        assert said[1] == "2 stages on 2 ranks do not fit 2 ranks, one with [0, 1]"
        assert said[2] == "3 micro-batches, 4 inputs, 4 targets"


def refusals(group):
    said = []
    r, layer, x = group.rank(), torch.nn.Linear(D, D), [torch.ones(1, D)] * 4
    for orders, numbers in ((gpipe(3, 4), [0]), (gpipe(2, 4), [0, 1]), (gpipe(2, 3), [r])):
        with pytest.raises(ValueError, match=r"ranks|micro-batches") as error:
            run_pipeline(group, dict.fromkeys(numbers, layer), orders, x, x, F.mse_loss, [D])
        said.append(str(error.value))
    return said

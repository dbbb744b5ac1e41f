"""Weights removed: every choice tried, least squares by PyTorch's solver, and smaller models against noughts."""

import itertools

import pytest
import torch
from reference import close, ids_of, random, spread

from llmbook.compression import group_sizes, hold, kept, matrices, pruned, read_inputs, refitted, replaced, smaller
from llmbook.compression.rounded_models import Inputs
from llmbook.models import GPT, Llama

V = 13
WAYS = ("random", "magnitude", "magnitude by row", "aware", "refitted")


def small() -> GPT:
    return spread(GPT(V, d_model=12, n_heads=3, n_layers=3, max_len=11), seed=1).eval().requires_grad_(False)


def read(n: int, width: int, seed: int = 0) -> tuple[torch.Tensor, Inputs]:
    """Inputs that go together, of unequal size."""
    X = random(n, width, seed=seed) + random(n, 1, seed=1000 + seed)
    X = X * torch.linspace(2, 0.3, width, dtype=torch.float64)
    return X, Inputs(X.T @ X / n, X.abs().mean(dim=0), X.abs().amax(dim=0))


# --- reference -------------------------------------------------------------------------------------------------


def test_the_aware_score_is_what_removing_one_weight_does_to_the_output():
    X, inputs = read(31, 7)
    w = random(5, 7)
    _, keep = pruned(w, "aware", 1 / 7, inputs)
    for row in range(5):
        changes = []
        for j in range(7):
            cut = w[row].clone()
            cut[j] = 0
            changes.append((X @ (w[row] - cut)).square().sum())
        assert keep[row].logical_not().nonzero().item() == min(range(7), key=lambda j: changes[j])


def test_the_remaining_weights_are_least_squares():
    """By PyTorch's own solver on the inputs themselves, row after row."""
    X, inputs = read(40, 7)
    w = random(5, 7)
    keep = kept(random(5, 7, seed=3).abs(), 0.5)
    found = refitted(w, keep, inputs.moment, damp=0.0)
    for row, on in enumerate(keep):
        expected = torch.zeros(7, dtype=torch.float64)
        expected[on] = torch.linalg.lstsq(X[:, on], (X @ w[row])[:, None]).solution[:, 0]
        close(found[row], expected, 1e-9)


def test_damping_is_rows_of_inputs_more():
    """M + λ 1 is the moment of inputs to which √(Nλ) of each column alone was added."""
    X, inputs = read(40, 7)
    w, keep = random(5, 7), kept(random(5, 7, seed=3).abs(), 0.5)
    more = (0.1 * inputs.moment.diagonal().mean() * len(X)).sqrt() * torch.eye(7, dtype=torch.float64)
    longer = torch.cat([X, more])
    expected = refitted(w, keep, longer.T @ longer / len(X), damp=0.0)
    close(refitted(w, keep, inputs.moment, damp=0.1), expected, 1e-9)


def test_what_a_group_of_columns_adds():
    X, inputs = read(31, 6)
    W = random(5, 6)
    expected = [(X[:, j : j + 2] @ W[:, j : j + 2].T).square().sum() / len(X) for j in (0, 2, 4)]
    close(group_sizes(W, inputs.moment, 2), torch.stack(expected), 1e-10)


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.97, 1.0])
def test_as_many_go_as_were_asked_for_and_they_are_the_smallest(share, by_row):
    score = random(7, 11).abs()
    score[:, :3] = 1.0  # equal ones
    keep = kept(score, share, by_row=by_row)
    for scores, on in zip(score, keep, strict=True) if by_row else [(score, keep)]:
        assert (~on).sum() == round(share * on.numel())
        if 0 < (~on).sum() < on.numel():
            assert scores[~on].max() <= scores[on].min()


@pytest.mark.parametrize("how", WAYS)
def test_what_is_removed_is_nought_and_only_that(how):
    _, inputs = read(31, 7)
    w = random(5, 7)
    new, keep = pruned(w, how, 3 / 7, inputs)
    assert new[~keep].eq(0).all()
    assert new[keep].ne(0).all()
    assert new[keep].equal(w[keep]) != (how == "refitted")
    by_row = how not in ("random", "magnitude")
    assert (keep.sum(dim=1).eq(4).all()) == by_row


def test_each_way_is_nearer_to_the_output_than_the_one_before():
    off = dict.fromkeys(WAYS, 0.0)
    for seed in range(20):
        X, inputs = read(60, 12, seed=seed)
        w = random(9, 12, seed=100 + seed)
        for how in WAYS:
            off[how] += (X @ (w - pruned(w, how, 0.5, inputs, seed=seed)[0]).T).square().sum().item()
    assert off["refitted"] < 0.7 * off["aware"] < 0.6 * off["magnitude"] < 0.5 * off["random"]
    assert off["aware"] < off["magnitude by row"]


def test_no_other_weights_in_the_same_places_are_nearer():
    X, inputs = read(40, 6)
    w = random(1, 6)
    new, keep = pruned(w, "refitted", 0.5, inputs)
    ours = (X @ (w - new).T).square().sum()
    for step in itertools.product((-0.05, 0.0, 0.05), repeat=3):
        other = new.clone()
        other[keep] += torch.tensor(step, dtype=torch.float64)
        assert (X @ (w - other).T).square().sum() >= ours * 0.999  # damped: a hair beside the minimum


def test_the_lot_depends_on_the_seed():
    _, inputs = read(31, 7)
    keeps = [pruned(random(5, 7), "random", 0.5, inputs, seed=seed)[1] for seed in (0, 0, 1)]
    assert keeps[0].equal(keeps[1])
    assert not keeps[0].equal(keeps[2])


def test_held_weights_stay_nought_while_others_learn():
    model = smaller(small()).requires_grad_(True)
    name = "1.feed_forward.w_1"
    layer = matrices(model)[name]
    keep = kept(layer.weight.detach().abs(), 0.6)
    layer.weight.data *= keep
    before = layer.weight.detach().clone()
    hold(model, {name: keep})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    for seed in range(3):
        optimizer.zero_grad()
        model(ids_of(V, 2, 7, seed=seed)).square().mean().backward()
        optimizer.step()
    assert layer.weight[~keep].eq(0).all()
    assert (layer.weight - before)[keep].abs().median() > 1e-2
    other = matrices(model)["0.feed_forward.w_1"].weight
    assert (other - matrices(small())["0.feed_forward.w_1"].weight).abs().median() > 1e-2


@pytest.mark.parametrize("heads", [[1], [2, 0]])
def test_a_smaller_model_is_one_with_noughts(heads):
    """Heads cut off are columns of w_o that are nought; neurons are columns of w_2; layers add nothing."""
    model, ids = small(), ids_of(V, 2, 7)
    neurons = [3, 5, 8, 40]
    cut = smaller(model, heads={0: heads}, neurons={2: neurons}, layers=[0, 2])
    wide = matrices(model)
    new = {name: wide[name].weight.clone() for name in ("0.attention.w_o", "2.feed_forward.w_2")}
    for head in set(range(3)) - set(heads):
        new["0.attention.w_o"][:, 4 * head : 4 * head + 4] = 0
    new["2.feed_forward.w_2"][:, [j for j in range(48) if j not in neurons]] = 0
    model.blocks[1].attention.w_o.bias.zero_()
    model.blocks[1].feed_forward.w_2.bias.zero_()
    nothing = {name: torch.zeros_like(wide[name].weight) for name in ("1.attention.w_o", "1.feed_forward.w_2")}
    with replaced(model, new | nothing):
        close(cut(ids), model(ids), 1e-5)
    parts = matrices(cut)
    n = len(heads)
    assert len(cut.blocks) == 2
    assert parts["0.attention.w_qkv"].weight.shape == (3 * 4 * n, 12)
    assert parts["0.attention.w_o"].weight.shape == (12, 4 * n)
    assert (parts["1.feed_forward.w_1"].out_features, parts["1.feed_forward.w_2"].in_features) == (4, 4)


def test_the_large_model_is_left_as_it_was():
    model, ids = small(), ids_of(V, 2, 7)
    before = model(ids)
    cut = smaller(model, heads={0: [1]}, neurons={0: [1, 2]}, layers=[0])
    for weight in cut.parameters():
        weight.zero_()
    assert model(ids).equal(before)


# --- limit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", WAYS)
def test_nothing_removed_and_everything(how):
    _, inputs = read(31, 7)
    w = random(5, 7)
    close(pruned(w, how, 0.0, inputs)[0], w, 1e-9)
    assert pruned(w, how, 1.0, inputs)[0].eq(0).all()


def test_inputs_that_have_nothing_to_do_with_each_other_leave_the_old_weights():
    _, inputs = read(31, 7)
    inputs.moment = torch.diag(torch.linspace(0.1, 4, 7, dtype=torch.float64))
    w = random(5, 7)
    keep = kept(w.abs(), 0.5)
    close(refitted(w, keep, inputs.moment, damp=0.0), w * keep, 1e-12)


def test_groups_of_all_columns_are_the_whole_output():
    X, inputs = read(31, 6)
    W = random(5, 6)
    close(group_sizes(W, inputs.moment, 6).item(), ((X @ W.T).square().sum() / len(X)).item(), 1e-9)


def test_a_model_of_all_its_parts_is_the_model():
    model, ids = small(), ids_of(V, 2, 7)
    every = {i: list(range(3)) for i in range(3)}
    same = smaller(model, layers=[0, 1, 2], heads=every, neurons={i: list(range(48)) for i in range(3)})
    close(same(ids), model(ids), 1e-6)
    assert smaller(model)(ids).equal(model(ids))


def test_other_kinds_of_layers_lose_whole_layers():
    sizes = {"d_model": 24, "n_heads": 6, "n_kv_heads": 2, "n_layers": 2, "d_ff": 20, "max_len": 11}
    model = spread(Llama(V, **sizes), seed=2).eval().requires_grad_(False)
    assert set(matrices(smaller(model, layers=[1]))) == {n for n in matrices(model) if n.startswith("0.")}
    with pytest.raises(ValueError, match="share keys and values"):
        smaller(model, heads={0: [1]})
    with pytest.raises(ValueError, match="plain feed-forward"):
        smaller(model, neurons={0: [1]})


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_is_refused(share):
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1"):
        kept(random(3, 4), share)


@pytest.mark.parametrize("chosen", [{"layers": []}, {"heads": {0: []}}, {"neurons": {1: []}}])
def test_a_part_without_anything_is_refused(chosen):
    with pytest.raises(ValueError, match="at least one"):
        smaller(small(), **chosen)


def test_inputs_read_fit_the_matrices():
    model = small()
    inputs = read_inputs(model, ids_of(V, 6, 9))
    for name, layer in matrices(model).items():
        new, keep = pruned(layer.weight, "refitted", 0.5, inputs[name])
        assert new.dtype == layer.weight.dtype
        assert keep.float().mean().item() == pytest.approx(0.5, abs=1 / layer.in_features)

"""The graphs there and back in Python: numbers, counts, state and table, and errors that name what was given."""

import itertools
import math
import re

import ipywidgets
import pytest
import torch
import torch.nn.functional as F
from held import check_set_later, state_in
from hypothesis import given, settings
from hypothesis import strategies as some

from llmbook.autodiff import peak, recomputed, steps
from llmbook.pages import BackpropGraph
from llmbook.pages.widgets.backprop_graph import NAMES, STATE
from llmbook.pages.widgets.small_graphs import GRAPHS, MOST_STEPS, OPENING, READS, inside, nodes_of, places, recorded

CLOSE = 1e-12
INPUTS = {"neuron": (-0.7, 2.1, 0.4, -1.3), "softmax": (-1.5, 3.0, 0.2), "chain": (-1.2, 1.3)}


def of_torch(name: str, inputs: tuple[torch.Tensor, ...], n: int) -> torch.Tensor:
    """The output in PyTorch's own words."""
    if name == "neuron":
        x, w, b, t = inputs
        return F.mse_loss(torch.tanh(x * w + b), t)
    if name == "softmax":
        return F.cross_entropy(torch.stack(inputs), torch.tensor(2))
    x_0, w = inputs
    return x_0 * w**n


@pytest.mark.parametrize("name", GRAPHS)
def test_values_and_gradients_are_autograds(name):
    inputs = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in INPUTS[name])
    graph = BackpropGraph(graph=name, **{name: INPUTS[name]}, n=7)
    out = of_torch(name, inputs, 7)
    out.backward()
    assert graph.values[graph.lines[-1].name] == pytest.approx(out.item(), abs=CLOSE)
    for line, x in zip(graph.lines, inputs, strict=False):
        assert graph.values[line.name] == x.item()
        assert graph.gradients[line.name] == pytest.approx(x.grad.item(), abs=CLOSE), line.name


def test_a_score_gets_its_probability_and_the_target_one_less():
    graph = BackpropGraph(graph="softmax")
    p = torch.softmax(torch.tensor(OPENING["softmax"], dtype=torch.float64), 0).tolist()
    found = [graph.gradients[name] for name in ("z1", "z2", "z3")]
    assert found == pytest.approx([p[0], p[1], p[2] - 1], abs=CLOSE)


def test_a_weight_used_n_times_gets_n_shares():
    graph = BackpropGraph(graph="chain", chain=(1.0, 0.9), n=16)
    assert graph.gradients["w"] == pytest.approx(16 * 0.9**15, abs=CLOSE)
    assert graph.gradients["x0"] == pytest.approx(0.9**16, abs=CLOSE)


@pytest.mark.parametrize("name", GRAPHS)
def test_lines_of_the_tape_are_nodes_of_the_graph(name):
    graph = BackpropGraph(graph=name)
    lines = graph.tape.nodes()
    assert len(lines) == len(graph.lines)
    for line, found in zip(graph.lines, lines, strict=True):
        assert tuple(found["inputs"]) == line.inputs
        assert found["shape"] == []
    for node, line in zip(graph.tape.entries, graph.lines, strict=True):
        assert (node.operation.reads if node.operation else None) == READS.get(line.operation)


def test_what_rules_read_of_a_neuron_and_of_scores():
    """What the page says: of a neuron the tanh's output and the error, of the scores the exponentials and their sum."""
    for name, names in {"neuron": ["a", "e"], "softmax": ["e1", "e2", "e3", "s3"]}.items():
        graph = BackpropGraph(graph=name, checkpoints=True, keep=names)
        needed = [line.name for node, line in zip(graph.tape.entries, graph.lines, strict=True) if node.needed]
        assert [one for one in needed if one in inside(graph.lines)] == names
        assert graph.recomputed == 0
        assert graph.peak < BackpropGraph(graph=name).peak


def test_off_keeps_all_and_on_keeps_those_named():
    graph = BackpropGraph(graph="chain", n=8, keep=("x3", "a", "x12"))
    assert graph.kept == {f"x{k}" for k in range(1, 8)}
    assert (graph.peak, graph.recomputed) == (8, 0)
    graph.checkpoints = True
    assert graph.kept == {"x3"}
    assert graph.keep == ["x3", "a", "x12"]
    tape, _ = recorded(graph.lines, graph.chain)
    found = steps(tape, places(graph.lines, ["x3"]))
    assert (graph.peak, graph.recomputed) == (peak(found), recomputed(found))


def test_the_numbers_on_the_page():
    """What the page of the laboratory says of a chain of sixteen."""

    def counts(*keep: str) -> tuple[int, int]:
        graph = BackpropGraph(graph="chain", checkpoints=True, keep=keep)
        return graph.peak, graph.recomputed

    every = BackpropGraph(graph="chain")
    assert (every.peak, every.recomputed) == (16, 0)
    assert counts() == (16, 15)
    assert counts("x4", "x8", "x12") == (7, 12)
    assert counts("x3", "x6", "x9", "x12", "x15") == (7, 10)
    assert counts("x6", "x10", "x13", "x15") == (6, 11)


def test_no_choice_of_the_chain_manages_with_five():
    """More than four kept values are more than five with the output, so these are all that could."""
    tape = BackpropGraph(graph="chain").tape
    choices = [set(kept) for r in range(5) for kept in itertools.combinations(range(2, 17), r)]
    assert min(peak(steps(tape, kept)) for kept in choices) == 6


def test_what_is_kept_of_one_graph_is_of_no_other():
    names = [name for lines in GRAPHS.values() for name in inside(lines)]
    assert len(names) == len(set(names)) == len(NAMES)


def test_no_choice_of_a_short_chain_has_less_than_the_best():
    """As ``autodiff.recomputing`` finds for all of them, so the widget."""
    names = [f"x{k}" for k in range(1, 6)]
    every = [set(kept) for r in range(6) for kept in itertools.combinations(names, r)]
    found = [BackpropGraph(graph="chain", n=6, checkpoints=True, keep=sorted(kept)).peak for kept in every]
    assert min(found) == 3


def test_what_is_held_goes_step_by_step():
    graph = BackpropGraph(graph="chain", n=4, checkpoints=True, keep=["x2"], step=0)
    told = []
    for step in range(1, 11):
        graph.step = step
        told.append(" ".join(graph.held))
    assert told == ["x1", "x2", "x2 x3", "x2 x4", "x2 x3 x4", "x2 x3", "x2", "x1 x2", "x1", ""]
    graph.step = 0
    assert (graph.held, graph.happened) == ([], [])
    graph.step = 40
    assert graph.happened == graph.steps


@pytest.mark.parametrize("name", GRAPHS)
def test_every_setting_changes_what_is_compared(name):
    opening = repr(BackpropGraph())
    changes = {name: [1.1, *INPUTS[name][1:]], "graph": "softmax", "n": 5, "step": 3}
    for field, value in changes.items():
        graph = BackpropGraph(graph=name if field in (name, "n", "step") else "neuron")
        before = repr(graph)
        setattr(graph, field, value)
        assert (repr(graph) != before) == (field != "n" or name == "chain"), field
    assert repr(BackpropGraph(checkpoints=True)) != opening
    assert repr(BackpropGraph(checkpoints=True, keep=["a"])) != repr(BackpropGraph(checkpoints=True))


@pytest.mark.parametrize("name", GRAPHS)
def test_renders_a_table_and_its_state_the_same_each_time(name):
    first, second = (BackpropGraph(graph=name, n=5)._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    graph, state = BackpropGraph(graph=name, n=5), state_in(first["text/html"])
    assert set(state) == {"source", *STATE}
    rows = re.findall("<tr>(.*?)</tr>", first["text/html"])[1:]
    for row, line in zip(rows, graph.lines, strict=True):
        assert f">{line.name}</th>" in row
        value, gradient = re.findall("<td>(.*?)</td>", row)[1:3]
        assert float(value) == pytest.approx(graph.values[line.name], rel=1e-3)
        assert float(gradient) == pytest.approx(graph.gradients[line.name], rel=1e-3)
        assert row.endswith("<td>yes</td>") == (line.name in graph.kept)


def test_the_source_is_the_graphs():
    source = BackpropGraph().source
    assert source["reads"] == READS
    for name, lines in GRAPHS.items():
        assert [tuple(one) for one in source["graphs"][name]] == [(*vars(line).values(),) for line in lines]
    assert nodes_of("chain", 3) == GRAPHS["chain"][:5]
    assert nodes_of("neuron", 3) == GRAPHS["neuron"]


def test_composes_like_any_widget():
    first, second, seen = BackpropGraph(), BackpropGraph(), []
    ipywidgets.link((first, "step"), (second, "step"))
    second.observe(lambda change: seen.append(change["new"]), "step")
    first.step = 9
    assert seen == [9]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"graph": "block"}, "graph must be one of neuron, softmax, chain; got 'block'"),
        ({"graph": ["chain"]}, "graph must be one of .* got \\['chain'\\]"),
        ({"neuron": (1, 2, 3)}, r"neuron must be 4 numbers, got \(1, 2, 3\)"),
        ({"softmax": "123"}, "softmax must be 3 numbers, got '123'"),
        ({"chain": (1, math.nan)}, r"chain must be numbers from -4 to 4, got \(1, nan\)"),
        ({"chain": (4.1, 1)}, r"chain must be numbers from -4 to 4, got \(4.1, 1\)"),
        ({"chain": (True, 1)}, r"chain must be numbers from -4 to 4, got \(True, 1\)"),
        ({"n": 1}, "n must be at least 2 and below 17, got 1"),
        ({"n": 17}, "n must be at least 2 and below 17, got 17"),
        ({"n": 4.0}, "n must be a whole number, got 4.0"),
        ({"step": -1}, "step must be at least 0 and below 49, got -1"),
        ({"step": "1"}, "step must be a number, got '1'"),
        ({"checkpoints": 1}, "checkpoints must be True or False, got 1"),
        ({"keep": "a"}, "keep must be a list of names of values, .* got 'a'"),
        ({"keep": ["L"]}, r"keep must be a list of names of values, .* got \['L'\]"),
        ({"keep": [["a"]]}, r"keep must be a list of names of values"),
        ({"weights": 1}, "BackpropGraph has no setting weights; it has graph, neuron"),
    ],
)
def test_impossible_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        BackpropGraph(**options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("graph", "none"), ("neuron", []), ("chain", [9, 9]), ("n", 1), ("step", 49), ("keep", ["x0"]), ("keep", [None])],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(BackpropGraph(), name, value, name)


ANY = some.one_of(some.integers(-2, 40), some.floats(), some.none(), some.booleans(), some.sampled_from([10**400, "x"]))
NUMBERS = some.floats(-4, 4)
OPTIONS = some.fixed_dictionaries(
    {},
    optional={
        "graph": some.one_of(some.sampled_from(sorted(GRAPHS)), ANY),
        "neuron": some.one_of(some.lists(NUMBERS, min_size=4, max_size=4), some.lists(ANY, max_size=5), ANY),
        "softmax": some.one_of(some.lists(NUMBERS, min_size=3, max_size=3), ANY),
        "chain": some.one_of(some.tuples(NUMBERS, NUMBERS), ANY),
        "n": some.one_of(some.integers(2, MOST_STEPS), ANY),
        "checkpoints": some.one_of(some.booleans(), ANY),
        "keep": some.one_of(some.lists(some.sampled_from(sorted(NAMES))), some.lists(ANY), ANY),
        "step": some.one_of(some.integers(0, 48), ANY),
    },
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(options=OPTIONS)
def test_any_settings_are_shown_or_named(options):
    try:
        graph = BackpropGraph(**options)
    except ValueError as error:
        if not any(re.search(rf"\b{name}\b", str(error)) for name in options):
            pytest.fail(f"names nothing that was given: {error}")
        return
    assert all(math.isfinite(number) for number in [*graph.values.values(), *graph.gradients.values()])
    assert 1 <= graph.peak <= len(graph.values)
    assert graph.recomputed <= len(inside(graph.lines)) - len(graph.kept)
    repr(graph).encode()
    graph.to_html()

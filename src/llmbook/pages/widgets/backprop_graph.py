"""A graph there and back: values, gradients, and what is held and computed again where only some values are kept.

The front end (``web/src/widgets/backprop_graph``) computes everything by itself; this class holds the same state,
computes the same numbers with the library's own tape (see ``small_graphs``) and counts with ``autodiff.recomputing``,
and renders as a plain table where no script runs.
"""

from typing import Any

import torch
import traitlets

from llmbook.autodiff.operation import Tape
from llmbook.autodiff.recomputing import Step, peak, recomputed, steps
from llmbook.pages.widgets.checks import check_names, check_whole, is_number
from llmbook.pages.widgets.small_graphs import (
    GRAPHS,
    MOST_STEPS,
    OPENING,
    READS,
    Line,
    inside,
    nodes_of,
    places,
    recorded,
)
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, set_later

STATE = ("graph", "neuron", "softmax", "chain", "n", "checkpoints", "keep", "step")
FARTHEST = 4.0  # of an input from nought
MOST_EVENTS = 3 * MOST_STEPS
NAMES = {name for name, lines in GRAPHS.items() for name in inside(lines)}
TITLES = {
    "neuron": "a neuron, squared error",
    "softmax": "softmax, cross-entropy",
    "chain": "a chain of equal steps",
}


class BackpropGraph(PageWidget):
    """One of three graphs of single numbers, stepped through there and back.

    Every setting is a synchronised trait: ``graph`` (neuron, softmax, chain), the inputs of each, ``neuron`` (x, w, b,
    t), ``softmax`` (z1, z2, z3) and ``chain`` (x0, w), from -4 to 4; ``n``, the chain's steps (2 to 16);
    ``checkpoints``: where False all values are kept, where True those named in ``keep``, and the others are computed
    again; ``step``, how many operations have run or been reversed (beyond the last: all). Raises ``ValueError`` for
    impossible ones; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "backprop_graph"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    graph = traitlets.Unicode("neuron").tag(sync=True)
    neuron = traitlets.List().tag(sync=True)
    softmax = traitlets.List().tag(sync=True)
    chain = traitlets.List().tag(sync=True)
    n = traitlets.Int(MOST_STEPS).tag(sync=True)
    checkpoints = traitlets.Bool(False).tag(sync=True)
    keep = traitlets.List().tag(sync=True)
    step = traitlets.Int(6).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        settings = {**OPENING, **settings}
        check_settings(settings)
        graphs = {name: [[*vars(line).values()] for line in lines] for name, lines in GRAPHS.items()}
        settings |= {name: list(settings[name]) for name in (*OPENING, "keep") if name in settings}
        super().__init__(source={"graphs": graphs, "reads": READS}, **settings)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, inputs and names as a list."""
        check_settings({name: value})
        return list(value) if name in (*OPENING, "keep") else value

    @property
    def lines(self) -> tuple[Line, ...]:
        """The graph's nodes, each after those it is computed from."""
        return nodes_of(self.graph, self.n)

    @property
    def kept(self) -> set[str]:
        """The names of the values that are kept until the way back."""
        names = inside(self.lines)
        return set(self.keep) & set(names) if self.checkpoints else set(names)

    @property
    def tape(self) -> Tape:
        """All operations on the library's tape, with all gradients."""
        tape, nodes = recorded(self.lines, getattr(self, self.graph))
        tape.backward(nodes[-1], keep=True)
        return tape

    @property
    def values(self) -> dict[str, float]:
        """By name, in float64."""
        return {line.name: found["value"] for line, found in zip(self.lines, self.tape.nodes(), strict=True)}

    @property
    def gradients(self) -> dict[str, float]:
        """The output's derivative with respect to each value."""
        return {line.name: found["gradient"] for line, found in zip(self.lines, self.tape.nodes(), strict=True)}

    @property
    def steps(self) -> list[Step]:
        """All that happens: see ``autodiff.recomputing``."""
        return steps(self.tape, places(self.lines, self.kept))

    @property
    def happened(self) -> list[Step]:
        """Those of them up to ``step``."""
        return self.steps[: self.step]

    @property
    def held(self) -> list[str]:
        """The names of the values that are held now, inputs aside."""
        return [self.lines[place].name for step in self.happened[-1:] for place in sorted(step.held)]

    @property
    def peak(self) -> int:
        """The most values held at once, there and back."""
        return peak(self.steps)

    @property
    def recomputed(self) -> int:
        """How many operations are computed again."""
        return recomputed(self.steps)

    def __repr__(self) -> str:
        there = [[self.values[line.name], self.gradients[line.name]] for line in self.lines]
        counts = [[len(step.held), step.most] for step in self.happened]
        told = f"{self.graph}, peak {self.peak}, computed again {self.recomputed}, step {len(counts)}"
        return f"BackpropGraph: {told} [digest {digest(torch.tensor(there + counts, dtype=torch.float64))}]"

    def to_table(self) -> str:
        """The nodes as an HTML table, in the order of the tape."""
        kept, values, gradients = self.kept, self.values, self.gradients
        caption = f"{TITLES[self.graph]}: values held at once at most {self.peak}, computed again {self.recomputed}"
        head = "".join(f'<th scope="col">{name}</th>' for name in ("node", "computed as", "value", "gradient", "kept"))
        rows = "".join(
            f'<tr><th scope="row">{line.name}</th><td>{written(line, self.lines)}</td><td>{values[line.name]:.4g}</td>'
            f"<td>{gradients[line.name]:.4g}</td><td>{'yes' if line.name in kept else 'no'}</td></tr>"
            for line in self.lines
        )
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def written(line: Line, lines: tuple[Line, ...]) -> str:
    """The operation with the names of its inputs."""
    names = [lines[place].name for place in line.inputs]
    return f"{line.operation}({', '.join(names)})" if line.operation else "input"


def check_settings(settings: dict[str, Any]) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be."""
    check_names("BackpropGraph", settings, STATE)
    graph = settings.get("graph", "neuron")
    if not (isinstance(graph, str) and graph in GRAPHS):
        raise ValueError(f"graph must be one of {', '.join(GRAPHS)}; got {graph!r}")
    for name in OPENING:
        check_inputs(name, settings.get(name, OPENING[name]))
    check_whole("n", settings.get("n", MOST_STEPS), 2, MOST_STEPS + 1)
    check_whole("step", settings.get("step", 0), 0, MOST_EVENTS + 1)
    if not isinstance(settings.get("checkpoints", False), bool):
        raise ValueError(f"checkpoints must be True or False, got {settings['checkpoints']!r}")
    check_keep(settings.get("keep", ()))


def check_inputs(name: str, values: Any) -> None:
    """Raise ``ValueError`` unless there is a number for each input of the graph."""
    count = len(OPENING[name])
    if not isinstance(values, list | tuple) or len(values) != count:
        raise ValueError(f"{name} must be {count} numbers, got {values!r}")
    if not all(is_number(value) and -FARTHEST <= value <= FARTHEST for value in values):
        raise ValueError(f"{name} must be numbers from -4 to 4, got {values!r}")


def check_keep(keep: Any) -> None:
    """Raise ``ValueError`` unless the values have names of some graph; another graph's are not looked at."""
    if not isinstance(keep, list | tuple) or not all(isinstance(name, str) and name in NAMES for name in keep):
        raise ValueError(f"keep must be a list of names of values, like 'a' or 'x4', got {keep!r}")

"""What the book's widgets have in common: a state that travels to the page as JSON, and a table in their place.

A widget names its front end and the traits of its state, says what its table holds, and gives :meth:`repr` the numbers
that are compared when its page is run again.
"""

import base64
import hashlib
import html
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import torch
import traitlets
from torch import Tensor

from llmbook.pages.widgets.legible import legible

STATIC = Path(__file__).parent / "static"


class PageWidget(anywidget.AnyWidget):
    """A widget with a front end of its own, live in a notebook and, without a kernel, on a page."""

    _front_end: ClassVar[str]
    _settings: ClassVar[tuple[str, ...]]  # the traits that a reader sets
    _sources: ClassVar[tuple[str, ...]] = ("source",)  # those that come with the widget

    source = traitlets.Dict().tag(sync=True)

    def to_table(self) -> str:
        """What the widget opens with as an HTML table, for whoever has no script."""
        raise AttributeError(f"{type(self).__name__} has no table")

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self.to_html()}, metadata

    def to_html(self) -> str:
        """The widget for a page without a kernel: a table for everyone, and its state for the page's script."""
        values = {name: getattr(self, name) for name in (*self._sources, *self._settings)}
        state = json.dumps(values, sort_keys=True, allow_nan=False)
        return (
            f'<div class="llmbook-widget" {self._place()}>'
            f'{self.to_table()}<script type="application/json">{state.replace("<", chr(92) + "u003c")}</script></div>'
        )

    def _place(self) -> str:
        """The attributes by which the page's script finds its place."""
        return f'data-widget="{self._front_end}"'


def set_later(*names: str) -> Callable[[Callable[[Any, str, Any], Any]], Any]:
    """Decorate a method that is given the name and the value of a trait set later, and returns what it becomes.

    Its ``ValueError`` is raised as ``traitlets.TraitError``, with which the old value stays.
    """

    def decorate(taken: Callable[[Any, str, Any], Any]) -> Any:
        def validate(self: Any, proposal: Any) -> Any:
            try:
                return taken(self, proposal["trait"].name, proposal["value"])
            except ValueError as error:
                raise traitlets.TraitError(str(error)) from error

        return traitlets.validate(*names)(validate)

    return decorate


def digest(numbers: Tensor) -> str:
    """Eight characters that change with the third decimal of any number of a matrix."""
    rounded = [[f"{w + 0.0:.3f}" for w in row] for row in numbers.tolist()]
    return hashlib.sha256(json.dumps(rounded).encode()).hexdigest()[:8]


def heading(scope: str, word: str) -> str:
    """A heading cell; a word without ink gets a sign to see and a name to hear."""
    shown, spoken = legible(word)
    label = "" if spoken == shown else f' aria-label="{html.escape(spoken)}"'
    return f'<th scope="{scope}"{label}>{html.escape(shown)}</th>'


def weights_table(caption: str, queries: Sequence[str], keys: Sequence[str], cells: Iterable[Iterable[str]]) -> str:
    """An HTML table with a row for each query and a column for each key; the caption is HTML already."""
    columns = "".join(heading("col", key) for key in keys)
    rows = "".join(
        f"<tr>{heading('row', query)}{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for query, row in zip(queries, cells, strict=True)
    )
    head = f"<thead><tr><th>query \\ key</th>{columns}</tr></thead>"
    return f"<table><caption>{caption}</caption>{head}<tbody>{rows}</tbody></table>"


def to_base64(x: Tensor) -> str:
    """The numbers as little-endian float16, in base64."""
    return base64.b64encode(x.detach().cpu().double().numpy().astype("<f2").tobytes()).decode()


def from_base64(text: str, shape: tuple[int, ...]) -> Tensor:
    """What :func:`to_base64` wrote, as a float16 tensor of this shape."""
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float16).reshape(shape)

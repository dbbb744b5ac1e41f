"""The laboratory of grids: real numbers rounded to a few levels, and which grid does it best by which measure.

The front end (``web/src/widgets/quant_lab``) computes everything by itself; this class holds the same state, computes
the same numbers with the library's own rounding (see ``gridded``), and renders as a plain table where no script runs.
"""

import html
from functools import cache
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from llmbook.compression.grids import Quantised, Scheme, levels, quantise
from llmbook.pages.widgets import prepared_slices
from llmbook.pages.widgets.checks import check_names, check_whole
from llmbook.pages.widgets.gridded import (
    GRIDS,
    GROUPS,
    NORMS,
    error_histogram,
    errors,
    fitting,
    histogram,
    one_number,
    ranked,
    scheme_of,
)
from llmbook.pages.widgets.prepared_slices import SLICES
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, from_base64, set_later, to_base64

STATE = ("slice", "bits", "group", "grid", "norm", "row", "column")
CHOICES = {"grid": tuple(GRIDS), "norm": NORMS}
OWN = "own"  # what a matrix of the reader's is called
MOST_NUMBERS, MOST_ROWS = 16384, 64
TITLES = {
    "symmetric": "symmetric whole numbers",
    "asymmetric": "whole numbers, zero-point",
    "free": "whole numbers, free offset",
    "fp4": "fp4",
    "nf4": "nf4",
}


class QuantLab(PageWidget):
    """Slices of real models on grids of few bits; or a matrix of one's own, of at most 64 rows and 16,384 numbers.

    Every setting is a synchronised trait: ``slice`` (minilm, gpt, smollm2, inputs), ``bits`` (2 to 8, of whole numbers:
    fp4 and nf4 have four), ``group`` (16, 32, 64, 128, "row" or "tensor": who shares a scale; the tensor is the slice),
    ``grid`` (symmetric, asymmetric with a zero-point, free offset, fp4, nf4), ``norm`` (absolute, square, greatest: how
    errors are read), and the chosen number, ``row`` and ``column``. Raises ``ValueError`` for impossible ones; set
    later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "quant_lab"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    slice = traitlets.Unicode().tag(sync=True)
    bits = traitlets.Int(4).tag(sync=True)
    group = traitlets.Any(32).tag(sync=True)
    grid = traitlets.Unicode("symmetric").tag(sync=True)
    norm = traitlets.Unicode("absolute").tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)

    def __init__(self, weights: Tensor | None = None, **settings: Any) -> None:
        slices = prepared() if weights is None else [own(weights)]
        names = [one["name"] for one in slices]
        settings = {"slice": names[0], **settings}
        check_settings(settings, names)
        shape = next((one["rows"], one["columns"]) for one in slices if one["name"] == settings["slice"])
        settings.setdefault("group", 32 if 32 in fitting(shape[1]) else "row")
        check_places(settings, shape)
        super().__init__(source={"slices": slices, "nf4": levels("nf4", 4, "none").tolist()}, **settings)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value: a row or a group that another slice has not is the last one, and a row."""
        check_settings({name: value}, [one["name"] for one in self.source["slices"]])
        if name != "slice":
            check_places({name: value}, tuple(self.values.shape))
        return value

    @property
    def values(self) -> Float[Tensor, "rows columns"]:
        """The numbers of the slice, in float64."""
        one = next(one for one in self.source["slices"] if one["name"] == self.slice)
        return from_base64(one["numbers"], (one["rows"], one["columns"])).double()

    @property
    def scheme(self) -> Scheme:
        """How the numbers are rounded."""
        group = self.group if self.group in fitting(self.values.shape[1]) else "row"
        return scheme_of(self.grid, self.bits, group)

    @property
    def quantised(self) -> Quantised:
        """Codes, scales and offsets."""
        return quantise(self.values, self.scheme)

    @property
    def errors(self) -> dict[str, float]:
        """By norm, each as a share of the numbers themselves."""
        return errors(self.values, self.quantised.numbers())

    @property
    def ranking(self) -> list[tuple[str, float, dict[str, float]]]:
        """Each grid at this granularity, its bits a number and its errors: the smallest in this norm first."""
        return ranked(self.values, self.bits, self.scheme.group, self.norm)

    @property
    def number(self) -> dict[str, Any]:
        """The chosen number: its group, scale, offset and level, what it has become, and its error."""
        rows, columns = self.values.shape
        return one_number(self.values, self.quantised, (min(self.row, rows - 1), min(self.column, columns - 1)))

    def __repr__(self) -> str:
        kept, x = self.quantised, self.values
        counts = torch.cat([histogram(x, kept), error_histogram(x, kept)]).double()
        shares = torch.tensor([list(found.values()) for _, _, found in self.ranking]).double()
        told = f"{self.slice}, {self.grid}, {kept.bits:.2f} bits, {self.norm} {100 * self.errors[self.norm]:.2f} %"
        numbers = torch.cat([counts, 100 * shares.flatten(), torch.tensor(list(self.number.values())).double()])
        return f"QuantLab: {told} [digest {digest(numbers[None])}]"

    def to_table(self) -> str:
        """The grids as an HTML table, the smallest error first."""
        title = next(one["title"] for one in self.source["slices"] if one["name"] == self.slice)
        caption = f"{title}; {sharing(self.scheme.group)}. Errors as shares of the numbers, ranked by the {self.norm}"
        head = "".join(f'<th scope="col">{name}</th>' for name in ("grid", "bits a number", *NORMS))
        rows = "".join(
            f'<tr><th scope="row">{TITLES[grid]}</th><td>{bits:.2f}</td>'
            + "".join(f"<td>{100 * found[norm]:.2f} %</td>" for norm in NORMS)
            + "</tr>"
            for grid, bits, found in self.ranking
        )
        caption = html.escape(caption)
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def sharing(group: int | str) -> str:
    """Who shares a scale, in words."""
    return f"a scale for each {group}" if isinstance(group, str) else f"a scale for every {group}"


@cache
def prepared() -> list[dict[str, Any]]:
    """The slices as a front end reads them."""
    out: list[dict[str, Any]] = []
    for name, one in SLICES.items():
        numbers = prepared_slices.packed(name)
        shape = (one.rows, len(numbers) // 2 // one.rows)
        x = torch.frombuffer(bytearray(numbers), dtype=torch.float16).reshape(shape)
        out.append({**one.about(name), "columns": shape[1], "numbers": to_base64(x)})
    return out


def own(weights: Any) -> dict[str, Any]:
    """A matrix of the reader's in the same form. Raises ``ValueError`` for what is none, too large, or not finite."""
    if not isinstance(weights, Tensor):
        raise ValueError(f"weights must be a tensor, got {type(weights).__name__}")
    if weights.layout != torch.strided or weights.is_meta or weights.is_complex() or weights.is_quantized:
        raise ValueError("weights must be an ordinary tensor of real numbers, not sparse, complex, quantised or meta")
    if weights.ndim != 2 or weights.numel() == 0 or weights.numel() > MOST_NUMBERS or len(weights) > MOST_ROWS:
        most = f"at most {MOST_ROWS} rows and {MOST_NUMBERS} numbers"
        raise ValueError(f"weights must be a matrix with {most}, got {tuple(weights.shape)}: take rows, w[::96]")
    if not weights.half().isfinite().all():
        raise ValueError("weights must be finite in float16, whose largest number is 65504")
    if weights.half().count_nonzero() == 0 < weights.count_nonzero():
        raise ValueError("weights must not all become nought in float16: multiply them by a number first")
    rows, columns = weights.shape
    about = {"name": OWN, "title": "your own numbers", "code": "w  # yours", "rows": rows, "columns": columns}
    return {**about, "numbers": to_base64(weights.half())}


def check_settings(settings: dict[str, Any], slices: list[str]) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be."""
    check_names("QuantLab", settings, STATE)
    for name, allowed in {**CHOICES, "slice": tuple(slices)}.items():
        value = settings.get(name, allowed[0])
        if not (isinstance(value, str) and value in allowed):
            raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")
    check_whole("bits", settings.get("bits", 4), 2, 9)
    group = settings.get("group", 32)
    if isinstance(group, bool) or not isinstance(group, int | str) or group not in GROUPS:
        raise ValueError(f"group must be one of {', '.join(map(str, GROUPS))}; got {group!r}")


def check_places(settings: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Raise ``ValueError`` for a group that rows cannot be cut into, and a number that is not in the matrix."""
    rows, columns = shape
    check_whole("row", settings.get("row", 0), 0, rows)
    check_whole("column", settings.get("column", 0), 0, columns)
    group = settings.get("group", "row")
    if group not in fitting(columns):
        raise ValueError(f"group cannot be {group}: rows of {columns} numbers cannot be cut so")

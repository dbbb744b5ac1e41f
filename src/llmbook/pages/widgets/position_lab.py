"""The laboratory of positions: what a head knows of where a word stands, and what changes when two words change places.

The front end (``web/src/widgets/position_lab``) computes everything by itself; this class holds the same state,
computes the same numbers with the library's own positions (see ``placed``), and renders as a plain table where no
script runs.
"""

import html
from functools import cache
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from llmbook.nn.positions import KINDS
from llmbook.pages.widgets.checks import check_names, check_whole, is_number
from llmbook.pages.widgets.placed import HEADS, PAIRED, PLACES, WIDEST, Head
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, from_base64, set_later, to_base64, weights_table
from llmbook.pages.widgets.words import to_words

MOST_WORDS = 24
SMALLEST_BASE, LARGEST_BASE = 2, 1e9
VIEWS = ("before", "after", "change")
STATE = ("text", "kind", "base", "pairing", "head", "d", "seed", "causal", "swap", "show", "row", "key")
CHOICES = {"kind": KINDS, "pairing": PAIRED, "show": VIEWS}
LIMITS = {"head": (0, HEADS), "d": (2, WIDEST + 1), "seed": (0, 2**31)}


class PositionLab(PageWidget):
    """A head that reads a sentence of up to 24 words, and the same sentence with two of its words exchanged.

    Every setting is a synchronised trait: ``kind`` (none, sinusoidal, learned, rotary, alibi), ``base`` (of sinusoidal
    and rotary positions), ``pairing`` (of rotary ones: interleaved, half, or mixed, which is a mistake), ``head`` (0 to
    7, ALiBi's slope 2^-1 to 2^-8), ``d`` (the even width, 2 to 32), ``seed``, ``causal``, ``swap`` (two places, or
    none), ``show`` (before, after, change), and the chosen words ``row`` and ``key``. Raises ``ValueError`` for
    impossible ones; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "position_lab"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    text = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode("none").tag(sync=True)
    base = traitlets.Float(10000.0).tag(sync=True)
    pairing = traitlets.Unicode("interleaved").tag(sync=True)
    head = traitlets.Int(2).tag(sync=True)
    d = traitlets.Int(16).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    swap = traitlets.List().tag(sync=True)
    show = traitlets.Unicode("before").tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    key = traitlets.Int(0).tag(sync=True)

    def __init__(self, text: str = "the dog bites the man", **settings: Any) -> None:
        check_settings({"text": text})
        words = to_words(text, MOST_WORDS)
        check_settings(settings, len(words))
        swap = list(settings.pop("swap", ()))
        super().__init__(source={"learned": learned_table()}, text=" ".join(words), swap=swap, **settings)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, a swap as a list."""
        check_settings({name: value}, len(self.tokens))
        return list(value) if name == "swap" else value

    @property
    def tokens(self) -> list[str]:
        """The words of the sentence."""
        return to_words(self.text, MOST_WORDS)

    @property
    def pair(self) -> list[int]:
        """The places that are exchanged: none where the sentence does not reach them."""
        return self.swap if max(self.swap, default=0) < len(self.tokens) else []

    @property
    def places(self) -> list[int]:
        """Where each word stands after the swap."""
        places = list(range(len(self.tokens)))
        for place, other in zip(self.pair, reversed(self.pair), strict=True):
            places[place] = other
        return places

    @property
    def swapped(self) -> list[str]:
        """The words after the swap."""
        return [self.tokens[place] for place in self.places]

    @property
    def layer(self) -> Head:
        """The head under the present settings."""
        learned = from_base64(self.source["learned"], (PLACES, WIDEST)).double()
        options = {name: getattr(self, name) for name in ("kind", "base", "pairing", "head", "d", "seed", "causal")}
        return Head(**options, learned=learned)

    @property
    def weights(self) -> Float[Tensor, "T T"]:
        """The attention weights before the swap, in float64."""
        return self.layer.attend(self.tokens)[0]

    @property
    def weights_after(self) -> Float[Tensor, "T T"]:
        """Those after it, in the new order of the words."""
        return self.layer.attend(self.swapped)[0]

    @property
    def change(self) -> Float[Tensor, "T T"]:
        """By how much the weight that one word gives to another changes, in the old order of the words."""
        return self.weights_after[self.places][:, self.places] - self.weights

    @property
    def moved(self) -> Float[Tensor, " T"]:
        """How far the swap moves each word's output, as a share of its length."""
        before, after = (self.layer.attend(words)[1] for words in (self.tokens, self.swapped))
        return (after[self.places] - before).norm(dim=1) / before.norm(dim=1)

    @property
    def curve(self) -> Float[Tensor, "distances 3"]:
        """Score against distance, from -32 to 32: see :meth:`placed.Head.curve`."""
        T = len(self.tokens)
        return self.layer.curve(self.tokens, min(self.row, T - 1), min(self.key, T - 1))

    def __repr__(self) -> str:
        where = f" → {' '.join(self.swapped)}" if self.pair else ""
        numbers = torch.cat([self.weights.flatten(), self.change.flatten(), self.curve.flatten()])
        told = f"{self.kind}{', causal' if self.causal else ''}"
        return f"PositionLab: {' '.join(self.tokens)}{where} [{told}, digest {digest(numbers[None])}]"

    def to_table(self) -> str:
        """The weights as an HTML table, a row for each query and a column for each key; where they change, both."""
        after = self.weights + self.change
        cells = (map(cell, *rows) for rows in zip(self.weights.tolist(), after.tolist(), strict=True))
        caption = f"Attention weights of a head drawn at random; positions: {self.kind}"
        caption += ", causal mask" if self.causal else ""
        if self.pair:
            one, other = (html.escape(self.tokens[i]) for i in self.pair)
            caption += f". Before and after “{one}” and “{other}” change places"
        return weights_table(caption, self.tokens, self.tokens, cells)


def cell(before: float, after: float) -> str:
    """A weight to two decimals, with an arrow to another where it changes."""
    texts = f"{before:.2f}", f"{after + 0.0:.2f}"
    return texts[0] if texts[0] == texts[1] else " → ".join(texts)


@cache
def learned_table() -> str:
    """Places 0 to 63 in 32 coordinates of the stored GPT's table, all times the number that makes them as large as
    sinusoids are, in float16.
    """
    from llmbook.pretrained.own_models import load_stored  # here, since it takes a second and few pages need it

    table = load_stored("gpt-speeches").get_parameter("positions.added.table")[:PLACES, :WIDEST].double()
    size = table.square().mean().sqrt().item()
    return to_base64(table * round(0.5**0.5 / size, 1))


def check_settings(settings: dict[str, Any], T: int = MOST_WORDS) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be of a sentence of T words."""
    check_names("PositionLab", settings, STATE)
    for name, value in settings.items():
        if name in CHOICES and not (isinstance(value, str) and value in CHOICES[name]):
            raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}, got {value!r}")
        if name in (*LIMITS, "row", "key"):
            check_whole(name, value, *LIMITS.get(name, (0, T)))
    if "text" in settings:
        if not isinstance(settings["text"], str):
            raise ValueError(f"text must be a string, got {settings['text']!r}")
        to_words(settings["text"], MOST_WORDS)
    check_base(settings.get("base", 10000.0))
    check_swap(settings.get("swap", ()), T)
    if not isinstance(settings.get("causal", False), bool):
        raise ValueError(f"causal must be True or False, got {settings['causal']!r}")
    if settings.get("d", 2) % 2:
        raise ValueError(f"d must be even, for positions come in pairs of coordinates, got {settings['d']}")


def check_base(base: Any) -> None:
    """Raise ``ValueError`` unless the base is a number that a page can count with."""
    if not (is_number(base) and SMALLEST_BASE <= base <= LARGEST_BASE):
        raise ValueError(f"base must be a number from {SMALLEST_BASE} to {LARGEST_BASE:g}, got {base!r}")


def check_swap(swap: Any, T: int) -> None:
    """Raise ``ValueError`` unless the swap is nothing, or two places of the sentence that differ."""
    places = list(swap) if isinstance(swap, list | tuple) else [None]
    whole = all(isinstance(place, int) and not isinstance(place, bool) and 0 <= place < T for place in places)
    if not (whole and len(places) in (0, 2) and len(set(places)) == len(places)):
        raise ValueError(f"swap must be empty or two different places from 0 to {T - 1}, got {swap!r}")

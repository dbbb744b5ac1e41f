"""The translator of dates: what the decoder writes, what else it could have written, and where it looks meanwhile.

The front end (``web/src/widgets/translator``) fetches the stored model when a reader first uses it, and computes by
itself. This class holds the same state, hands over the model's bytes where there is a kernel, computes the same with
PyTorch (see ``date_search``), and renders as a plain table where no script runs.
"""

import html
from typing import Any

import traitlets
from jaxtyping import Float
from torch import Tensor

from llmbook.data.date_pairs import CHINESE_FORM, FORMATS, date_pair
from llmbook.pages.widgets import date_truth
from llmbook.pages.widgets.checks import check_names, check_number, check_text, is_number
from llmbook.pages.widgets.date_search import (
    MODEL,
    Found,
    Written,
    cross_attentions,
    languages,
    search,
    translator,
    trouble_with,
)
from llmbook.pages.widgets.date_truth import Meaning, meaning_of
from llmbook.pages.widgets.stored_weights import describe
from llmbook.pages.widgets.stored_widget import StoredWidget
from llmbook.pages.widgets.widget import STATIC, digest, set_later, to_base64, weights_table
from llmbook.pages.widgets.words import whole

HELD_OUT = "Sat, Aug 12, 2034"
STATE = ("text", "width", "beam", "step", "layer", "head", "key", "framed")
MOST_CHARACTERS = 200
WIDEST = 4
LAYERS, HEADS = 2, 4
SHOWN = 6
LAST_STEP = 19  # a translation has at most 20 ids
MOST_KEYS = 32
LIMITS = {
    "width": (1, WIDEST + 1),
    "beam": (0, WIDEST),
    "step": (0, LAST_STEP + 1),
    "layer": (0, LAYERS),
    "head": (0, HEADS),
    "key": (0, MOST_KEYS),
}
EXAMPLES = (
    *((f"format {n} of {len(FORMATS)}", pattern) for n, pattern in enumerate(FORMATS, 1)),
    ("a far year", "July 4, 1776"),
    ("a far year", "1/1/2525"),
    ("a year too early", "1 January 1949"),
    ("no such day", "February 29, 2023"),
    ("another weekday", "Monday, August 12, 2034"),
    ("another format", "9 Mar 24"),
    ("nonsense", "Marchember 9, 2024"),
    ("nonsense", "day day day"),
    ("Chinese", "2034年8月12日"),
    ("nothing", ""),
)


class Translator(StoredWidget):
    """A text, its translation by the stored model ``dates``, and the cross-attention of the decoder.

    Every setting is a synchronised trait (``observe`` and ``link`` work): ``text``; ``width``, the beams of the search
    (1 to 4; 1 takes the likeliest character after the other); ``beam``, which of the texts found is looked at, best
    first; ``step``, the character that is being written, and ``key``, the one of the source, both from 0, and the last
    where there are fewer; ``layer`` and ``head``, from 0, None for the mean of all; ``framed``, whether the true
    alignment is drawn. :attr:`translation`, :attr:`weights`, :meth:`alternatives` and more read the results back; they
    raise ``ValueError`` for a text that the model cannot read, of which :attr:`trouble` says why. Impossible settings
    raise ``ValueError``; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "translator"
    _esm = STATIC / f"{_front_end}.js"
    _sources = ("source",)
    _settings = STATE

    text = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    beam = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(LAST_STEP).tag(sync=True)
    layer = traitlets.Int(None, allow_none=True).tag(sync=True)
    head = traitlets.Int(None, allow_none=True).tag(sync=True)
    key = traitlets.Int(0).tag(sync=True)
    framed = traitlets.Bool(True).tag(sync=True)

    def __init__(self, text: str = HELD_OUT, **settings: Any) -> None:
        check_settings({"text": text, **settings})
        super().__init__(text=whole(text), **settings)
        self.source = {**about(), "opening": self._opening()}

    @property
    def _fetched(self) -> list[dict[str, Any]]:
        return [self.source["stored"]]

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        check_settings({name: value})
        return whole(value) if name == "text" else value

    @property
    def trouble(self) -> str:
        """Why the model cannot read the text; empty where it can."""
        return trouble_with(self.text)

    @property
    def found(self) -> Found:
        """All texts that the search has found, with their numbers, and the beams on the way."""
        return search(self.text, self.width)

    @property
    def written(self) -> Written:
        """The one that is looked at."""
        texts = self.found.texts
        return texts[min(self.beam, len(texts) - 1)]

    @property
    def translation(self) -> str:
        return self.written.text

    @property
    def translations(self) -> list[tuple[str, float]]:
        """All texts found, best first, each with its score, Σ log p / length."""
        return [(one.text, one.score) for one in self.found.texts]

    @property
    def characters(self) -> list[str]:
        """What is written, one after the other; the last is <eos>, where the decoder came to an end."""
        return [languages()[1].symbols[i] for i in self.written.ids]

    def alternatives(self, count: int = SHOWN) -> list[list[tuple[str, float]]]:
        """At each place the likeliest characters, each with its chance."""
        symbols = languages()[1].symbols
        order = self.written.chances.argsort(dim=-1, descending=True, stable=True)[:, :count]
        rows = zip(self.written.chances, order.tolist(), strict=True)
        return [[(symbols[i], row[i].item()) for i in best] for row, best in rows]

    @property
    def cross(self) -> Float[Tensor, "layers H T S"]:
        """Where each head of each layer looks in the text while each character is written."""
        return self.written.cross

    @property
    def weights(self) -> Float[Tensor, "T S"]:
        """Of the layer and the head that are looked at, or the mean."""
        cross = self.cross.double()
        heads = cross.mean(0) if self.layer is None else cross[self.layer]  # (H, T, S)
        return heads.mean(0) if self.head is None else heads[self.head]

    @property
    def meaning(self) -> Meaning:
        """What the text means, where that is known."""
        return meaning_of(self.text)

    @property
    def is_right(self) -> bool | None:
        """Whether the translation is the true one; None where nobody knows, or there is none."""
        pair = self.meaning.pair
        return None if pair is None else self.translation == pair.target

    @property
    def frames(self) -> dict[str, tuple[slice, slice]]:
        """Of each field its characters in the text, and in what is written; empty where one has not the form."""
        pair, said = self.meaning.pair, CHINESE_FORM.fullmatch(self.translation)
        if pair is None or said is None:
            return {}
        return {field: (here, slice(*said.span(field))) for field, (here, _) in pair.alignment.items() if said[field]}

    @property
    def inside(self) -> tuple[int, int]:
        """How many characters of a field were written with the largest weight inside its frame, and of how many."""
        largest = self.weights.argmax(-1)
        hits = [
            there.start <= largest[t] < there.stop
            for there, here in self.frames.values()
            for t in range(here.start, here.stop)
        ]
        return sum(map(bool, hits)), len(hits)

    def _opening(self) -> dict[str, Any]:
        """What the page shows until the model has come, rounded to what is shown."""
        if self.trouble:
            return {}
        texts = [
            {
                "ids": one.ids,
                "score": round(one.score, 6),
                "chances": [round(p, 6) for p in one.chances.flatten().tolist()],
                "cross": to_base64(one.cross),
            }
            for one in self.found.texts
        ]
        held = [[{"ids": ids, "total": round(total, 6)} for ids, total in beams] for beams in self.found.held]
        return {"text": self.text, "width": self.width, "texts": texts, "held": held}

    def __repr__(self) -> str:
        if self.trouble:
            return f"Translator: {self.text!r}. {self.trouble}"
        return f"Translator: {self.text!r} → {self.translation!r} [weights {digest(self.weights)}]"

    def to_table(self) -> str:
        """Where the decoder looks as an HTML table: a row for each character written, a column for each one read."""
        shown = html.escape(self.text)
        if self.trouble:
            return f"<table><caption>“{shown}”: {html.escape(self.trouble)}</caption></table>"
        caption = f"“{shown}” is written as “{html.escape(self.translation)}”. Where the decoder looks meanwhile"
        cells = [[f"{weight:.2f}" for weight in row] for row in self.weights.tolist()]
        return weights_table(caption, self.characters, self.text, cells)


def about() -> dict[str, Any]:
    """What the front end knows of the model before it has come, and of dates."""
    english, chinese = languages()
    layers = cross_attentions()
    day = meaning_of(HELD_OUT).day
    assert day
    shown = [(name, date_pair(day, text).source if "{" in text else text) for name, text in EXAMPLES]
    return {
        "stored": describe(MODEL),
        "reads": "".join(english.symbols[1:]),
        "writes": chinese.symbols,
        "positions": translator().src_positions.max_len,
        "layers": len(layers),
        "heads": layers[0].n_heads,
        "longest": LAST_STEP + 1,
        "examples": shown,
        "dates": date_truth.for_the_page(),
    }


def check_settings(settings: dict[str, Any]) -> None:
    """Raise ``ValueError``, naming it, for a setting that does not exist or cannot be."""
    check_names("Translator", settings, STATE)
    check_text(settings.get("text", ""), MOST_CHARACTERS)
    if not isinstance(settings.get("framed", True), bool):
        raise ValueError(f"framed must be True or False, got {settings['framed']!r}")
    for name in LIMITS.keys() & settings.keys():
        value = settings[name]
        if name in ("layer", "head") and value is None:
            continue
        if not is_number(value):
            raise ValueError(f"{name} must be a number, got {value!r}")
        check_number(name, value, *LIMITS[name])

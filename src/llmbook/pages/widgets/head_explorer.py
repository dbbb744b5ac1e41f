"""The head explorer: all heads of a model at one sentence, side by side, scored, combined and compared.

The front end (``web/src/widgets/head_explorer``) computes everything from queries and keys by itself; this class holds
the same state, computes the same numbers (see ``head_set``), and renders as a plain table where no script runs. The
prepared sentences come to the front end when a reader first uses it, packed; other tensors travel with the widget.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.pages.head_scores import templates
from llmbook.pages.read_heads import is_causal, queries_and_keys
from llmbook.pages.widgets.explored import STATE, check_fit, check_settings, check_tensors
from llmbook.pages.widgets.head_set import KNOWN, HeadSet
from llmbook.pages.widgets.prepared_heads import SETS, place, prepared
from llmbook.pages.widgets.stored_weights import HEADS, describe
from llmbook.pages.widgets.stored_widget import StoredWidget
from llmbook.pages.widgets.widget import STATIC, digest, from_base64, set_later, to_base64, weights_table
from llmbook.pages.widgets.words import whole

ROUNDED = 5  # decimals of what is shown until the heads have come


class HeadExplorer(StoredWidget):
    """The heads of a prepared sentence, or any queries and keys; :meth:`from_model` reads those of a model.

    Q is (L, H, T, d_k), or (H, T, d_k) of one layer; K may have fewer heads that share. ``layers`` are the layers'
    numbers; ``causal`` says whether the model hides what is ahead; ``rest`` are places without meaning, ``pronouns``
    places (pronoun, right, wrong), for the scores; ``names`` call heads, L16H0, what else they are.

    Settings are synchronised traits (``observe`` and ``link`` work): ``sentence`` (of the prepared ones), ``heads`` (as
    L16H0, their mean is shown), ``kept`` (heads set aside), ``against`` (nothing, own, kept: what is subtracted, own
    being the same heads as the model has them), ``temperature``, ``scaled``, ``mask`` (own, none, causal), ``score``
    (none, or a kind), ``order`` (model, score), ``least`` (the least score shown), and a cell, ``row`` and ``key``.
    :attr:`weights`, :attr:`all_weights` and :attr:`scores` read the results back. Raises ``ValueError`` for impossible
    ones; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "head_explorer"
    _esm = STATIC / f"{_front_end}.js"
    _sources = ("source",)
    _settings = STATE

    sentence = traitlets.Unicode().tag(sync=True)
    heads = traitlets.List().tag(sync=True)
    kept = traitlets.List().tag(sync=True)
    against = traitlets.Unicode("nothing").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    scaled = traitlets.Bool(True).tag(sync=True)
    mask = traitlets.Unicode("own").tag(sync=True)
    score = traitlets.Unicode("none").tag(sync=True)
    order = traitlets.Unicode("model").tag(sync=True)
    least = traitlets.Float(-1.0).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    key = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        q: Tensor | None = None,
        k: Tensor | None = None,
        words: Sequence[str] = (),
        *,
        layers: Sequence[int] | None = None,
        causal: bool = False,
        rest: Sequence[int] = (0,),
        pronouns: Sequence[Sequence[int]] = (),
        names: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        if q is None:
            sentence = settings.setdefault("sentence", next(iter(SETS)))
            check_settings(settings)
            opened = prepared(sentence)
            row, key = place(sentence)
            settings = {"heads": [SETS[sentence].head], "row": row, "key": key, **settings}
            source: dict[str, Any] = {"kind": "prepared", "sets": [describe_set(name) for name in SETS]}
        else:
            if "sentence" in settings:
                raise ValueError(
                    f"tensors have words of their own; the setting sentence cannot be {settings['sentence']!r}"
                )
            opened = set_of(q, k, words, layers, causal, rest, pronouns, names or {})
            settings = {"sentence": "", "heads": opened.labels[:1], **settings}
            tensors = {"q": to_base64(opened.q), "k": to_base64(opened.k)}
            source = {"kind": "tensors", **opened.about(), **tensors}
        check_settings(settings, opened)
        super().__init__(source=source, **as_lists(settings))
        if q is None:
            self.set_trait("source", {**source, "opening": self._opening()})

    @classmethod
    def from_model(cls, model: nn.Module, ids: Sequence[int], words: Sequence[str], **options: Any) -> "HeadExplorer":
        """The heads of a model of the library while it reads these ids, which are shown as words.

        ``options`` are those of the class; ``layers`` are the numbers of the layers to show, all of them unless told.
        Of a translator these are the encoder's. Raises ``ValueError`` as ``read_heads.queries_and_keys``.
        """
        q, k = queries_and_keys(model, ids)
        layers = list(options.pop("layers", range(len(q))))
        if not all(isinstance(layer, int) and 0 <= layer < len(q) for layer in layers):
            raise ValueError(f"the model has {len(q)} layers, counted from 0; got {layers}")
        return cls(q[layers], k[layers], words, layers=layers, causal=is_causal(model), **options)

    @property
    def _fetched(self) -> list[dict[str, Any]]:
        return [one["stored"] for one in self.source.get("sets", ())]

    def _opening(self) -> dict[str, Any]:
        """What is shown until the heads have come, and of which state."""
        state = {name: getattr(self, name) for name in STATE}
        return {"of": state, "words": self.words, "weights": rounded(self.weights)}

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, heads as a list."""
        if name == "sentence" and (value not in SETS) == (self.source.get("kind") == "prepared"):
            raise ValueError(f"sentence must be one of {', '.join(SETS)}; got {value!r}")
        check_settings({name: value})
        return as_lists({name: value})[name]

    @property
    def opened(self) -> HeadSet:
        """The heads that are explored."""
        if self.source["kind"] == "prepared":
            return prepared(self.sentence)
        source = self.source
        sizes = (len(source["layers"]), -1, len(source["words"]), source["d_k"])
        q, k = (from_base64(source[name], sizes) for name in "qk")
        return HeadSet(q=q, k=k, **{name: source[name] for name in KNOWN})

    @property
    def words(self) -> list[str]:
        """The words of the sentence, queries and keys."""
        return self.opened.words

    @property
    def all_weights(self) -> Float[Tensor, "L H T T"]:
        """The attention weights of all heads under the settings, in float64."""
        return self.opened.weights(self.temperature, self.scaled, self.mask)

    @property
    def scores(self) -> dict[str, Float[Tensor, "L H"]]:
        """Of all heads under the settings, by kind: those that this sentence has."""
        return self.opened.scores(self.all_weights)

    @property
    def weights(self) -> Float[Tensor, "T T"]:
        """What the map shows: the mean of the chosen heads, less what it is set against."""
        opened = self.opened
        flat = self.all_weights.flatten(0, 1)
        shown = flat[self._places(self.heads, opened)].mean(dim=0)
        if self.against == "own":
            return shown - opened.weights().flatten(0, 1)[self._places(self.heads, opened)].mean(dim=0)
        if self.against == "kept" and (kept := self._places(self.kept, opened, fall_back=False)):
            return shown - flat[kept].mean(dim=0)
        return shown

    def _places(self, labels: list[str], opened: HeadSet, *, fall_back: bool = True) -> list[int]:
        """Where these heads are among all; the sentence's own first one where it has none of them."""
        found = [opened.labels.index(label) for label in labels if label in opened.labels]
        if found or not fall_back:
            return found
        return [opened.labels.index(SETS[self.sentence].head) if self.sentence else 0]

    def __repr__(self) -> str:
        numbers = [self.weights, *self.scores.values()]
        told = f", less {self.against}" if self.against != "nothing" else ""
        digits = digest(torch.cat([x.flatten() for x in numbers])[None])
        return f"HeadExplorer: {' '.join(self.words)} [{', '.join(self.heads)}{told}, digest {digits}]"

    def to_table(self) -> str:
        """What the map shows as an HTML table: a row for each query, a column for each key."""
        minus = {"own": " less the same in the model’s own settings", "kept": f" less {', '.join(self.kept)}"}
        caption = (
            f"Attention weights of {', '.join(self.heads)}{minus.get(self.against, '')}: rows are queries, columns keys"
        )
        cells = [[f"{round(w, 2) + 0.0:.2f}" for w in row] for row in self.weights.tolist()]
        return weights_table(html.escape(caption), self.words, self.words, cells)


def set_of(
    q: Tensor,
    k: Tensor | None,
    words: Sequence[str],
    layers: Sequence[int] | None,
    causal: bool,
    rest: Sequence[int],
    pronouns: Sequence[Sequence[int]],
    names: Mapping[str, str],
) -> HeadSet:
    """The heads of given tensors, in float16."""
    check_tensors(q, k)
    assert k is not None
    q, k = (x[None] if x.ndim == 3 else x for x in (q, k))
    layers = list(range(len(q)) if layers is None else layers)
    words = [whole(word) for word in words]
    check_fit(q, k, words, layers, names)
    templates(words, rest, pronouns)  # raises for places that are not there
    return HeadSet(
        words=words,
        q=q.detach().cpu().half(),
        k=k.detach().cpu().half(),
        layers=layers,
        causal=causal,
        rest=list(rest),
        pronouns=[list(triple) for triple in pronouns],
        names=dict(names),
    )


def describe_set(name: str) -> dict[str, Any]:
    """What a front end knows of a prepared sentence before its heads come."""
    known = SETS[name]
    row, key = place(name)
    told = {"name": name, "model": known.model, "text": known.text.strip(), "heads": len(prepared(name).labels)}
    return {**told, "head": known.head, "row": row, "key": key, "stored": describe(HEADS + name)}


def rounded(weights: Tensor) -> list[list[float]]:
    return [[round(weight, ROUNDED) + 0.0 for weight in row] for row in weights.tolist()]


def as_lists(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with heads as lists, which travel to the page unchanged."""
    return {**settings, **{name: list(settings[name]) for name in ("heads", "kept") if name in settings}}

"""The attention laboratory: scores, scaling, masks and weights under the reader's hands.

The front end (``web/src``) computes everything from Q, K and V by itself; this class holds the same state, computes
the same weights with :func:`llmbook.nn.attention_weights`, and renders as a plain table where no script runs.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from llmbook.data.six_words import TOKENS, W_K, W_Q, W_V
from llmbook.data.small_sentences import SENTENCES, WORDS
from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask
from llmbook.pages.widgets.checks import STATE, Sizes, check_kinds, check_settings, check_tensors
from llmbook.pages.widgets.widget import STATIC, PageWidget, digest, from_base64, set_later, to_base64, weights_table
from llmbook.pages.widgets.words import project, to_words, unknown_among, whole


class AttentionLab(PageWidget):
    """A live laboratory on words, by default the six of chapter 4; :meth:`from_tensors` shows a model's own heads.

    Every setting is a synchronised trait (``observe`` and ``link`` work), and :attr:`weights` reads the result back:
    ``temperature`` (> 0), ``scaled`` (divide by √d_k), ``d_k``, ``mask`` (none, causal, padding, window), ``n_keys``
    (how many keys are not padding), ``window``, ``blocked`` (cells (t, s) hidden by hand), ``edits`` (entries (matrix,
    head, row, column, value) set by hand), ``head``, and the chosen cell ``row``, ``key``. Raises ``ValueError`` for
    impossible ones; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "attention_lab"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    text = traitlets.Unicode(" ".join(TOKENS)).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    scaled = traitlets.Bool(True).tag(sync=True)
    d_k = traitlets.Int(3).tag(sync=True)
    mask = traitlets.Unicode("none").tag(sync=True)
    n_keys = traitlets.Int(0).tag(sync=True)
    window = traitlets.Int(2).tag(sync=True)
    blocked = traitlets.List().tag(sync=True)
    edits = traitlets.List().tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    key = traitlets.Int(0).tag(sync=True)

    def __init__(self, text: str = " ".join(TOKENS), **settings: Any) -> None:
        check_kinds({"text": text})
        words = to_words(text)
        projections = {"w_q": W_Q.tolist(), "w_k": W_K.tolist(), "w_v": W_V.tolist()}
        settings = {"n_keys": len(words), "row": min(2, len(words) - 1), **settings}
        check_settings(settings, Sizes(1, len(words), len(words), W_K.shape[1], W_V.shape[1]))
        sentences = [asdict(sentence) for sentence in SENTENCES]
        source = {"kind": "words", "sentences": sentences, "lexicon": WORDS, **projections}
        super().__init__(source=source, text=" ".join(words), **as_lists(settings))
        if "key" not in settings:
            self.key = int(self.weights[self.row].argmax())

    @classmethod
    def from_tensors(
        cls,
        q: Float[Tensor, "*H T d_k"],
        k: Float[Tensor, "*H S d_k"],
        v: Float[Tensor, "*H S d_v"] | None = None,
        tokens: Sequence[str] = (),
        key_tokens: Sequence[str] | None = None,
        may_attend: Tensor | None = None,
        heads: Sequence[str] | None = None,
        **settings: Any,
    ) -> "AttentionLab":
        """Show a model's own queries and keys, head by head; with ``key_tokens``, cross-attention (T ≠ S).

        The tensors travel as float16 and the weights are computed from those. Without ``v`` the keys stand in for the
        values. ``may_attend`` (T, S) is the mask the model itself used; ``heads`` are their names, else they are
        counted from 0. Raises ``ValueError`` where sizes do not fit, for more than 64 tokens, and for numbers that are
        not finite in float16.
        """
        q, k, v = (x[None] if x.ndim == 2 else x for x in (q, k, k if v is None else v))
        key_tokens = [whole(token) for token in (tokens if key_tokens is None else key_tokens)]
        tokens = [whole(token) for token in tokens]
        check_tensors(q, k, v, tokens, key_tokens, may_attend)
        if heads is not None and len(heads) != len(q):
            raise ValueError(f"expected a name for each of {len(q)} heads, got {len(heads)}: {heads}")
        source = {
            "kind": "tensors",
            "tokens": tokens,
            "key_tokens": key_tokens,
            "heads": list(range(len(q)) if heads is None else heads),
            "width": q.shape[-1],
            "value_width": v.shape[-1],
            **{name: to_base64(x) for name, x in (("q", q), ("k", k), ("v", v))},
            "may_attend": None if may_attend is None else may_attend.int().tolist(),
        }
        if "text" in settings:
            raise ValueError(
                f"from_tensors takes its words as tokens; it has no setting text, got {settings['text']!r}"
            )
        settings = {"d_k": q.shape[-1], "n_keys": len(key_tokens), "row": 0, "key": 0, **settings}
        check_settings(settings, Sizes(len(q), len(tokens), len(key_tokens), q.shape[-1], v.shape[-1]))
        lab = cls()
        lab.source, lab.text = source, ""
        for name, value in as_lists(settings).items():
            setattr(lab, name, value)
        return lab

    @property
    def sizes(self) -> Sizes:
        """How many heads, queries and keys there are, and how wide they are."""
        T, S = len(self.tokens), len(self.key_tokens)
        if self.source["kind"] == "words":
            return Sizes(1, T, S, W_K.shape[1], W_V.shape[1])
        return Sizes(len(self.source["heads"]), T, S, self.source["width"], self.source["value_width"])

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, cells as lists."""
        if name == "text" and self.source["kind"] == "words":
            to_words(value)
        check_settings({name: value}, self.sizes)
        return as_lists({name: value})[name]

    @property
    def tokens(self) -> list[str]:
        """The words that look (queries)."""
        return self.source["tokens"] if self.source["kind"] == "tensors" else to_words(self.text)

    @property
    def key_tokens(self) -> list[str]:
        """The words looked at (keys)."""
        return self.source["key_tokens"] if self.source["kind"] == "tensors" else to_words(self.text)

    @property
    def qkv(self) -> dict[str, Tensor]:
        """Q, K and V of the chosen head in float64, with the reader's edits put in."""
        if self.source["kind"] == "words":
            matrices = dict(zip("qkv", project(self.tokens), strict=True))
        else:
            T, S, d_k, d_v = len(self.tokens), len(self.key_tokens), self.source["width"], self.source["value_width"]
            shapes = {"q": (-1, T, d_k), "k": (-1, S, d_k), "v": (-1, S, d_v)}
            matrices = {x: from_base64(self.source[x], shape)[self.head].double() for x, shape in shapes.items()}
        for name, head, row, column, value in self.edits:
            if head == self.head and row < len(matrices[name]):
                matrices[name][row, column] = value
        return matrices

    @property
    def may_attend(self) -> Tensor:
        """The boolean mask (T, S) in force."""
        T, S = len(self.tokens), len(self.key_tokens)
        t, s = torch.arange(T)[:, None], torch.arange(S)[None, :]
        causal = causal_mask(T, S) if T <= S else s <= t + S - T
        masks = {"causal": causal, "padding": (s < self.n_keys).expand(T, S), "window": (t - s).abs() < self.window}
        may = masks.get(self.mask, torch.ones(T, S, dtype=torch.bool)).clone()
        if self.source.get("may_attend") is not None:
            may &= torch.tensor(self.source["may_attend"], dtype=torch.bool)
        for row, key in self.blocked:
            if row < T and key < S:
                may[row, key] = False
        return may

    @property
    def weights(self) -> Float[Tensor, "T S"]:
        """The attention weights shown, in float64."""
        root = math.sqrt(self.d_k) if self.scaled else 1.0
        q, k = self.qkv["q"], self.qkv["k"]
        return attention_weights(q, k, self.may_attend, scale=1 / (root * self.temperature))

    def __repr__(self) -> str:
        shown = " ".join(self.tokens) if self.tokens == self.key_tokens else f"{self.tokens} → {self.key_tokens}"
        return f"{type(self).__name__}: {shown} [weights {digest(self.weights)}]"

    def to_table(self) -> str:
        """The weights as an HTML table: a row for each query, a column for each key."""
        caption = "Attention weights: how much each word (row) attends to each word (column)"
        unknown = unknown_among(self.tokens) if self.source["kind"] == "words" else []
        if unknown:
            caption += f". Vectors invented from the letters: {html.escape(', '.join(unknown))}"
        cells = [[f"{w:.2f}" for w in row] for row in self.weights.tolist()]
        return weights_table(caption, self.tokens, self.key_tokens, cells)


def as_lists(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the cells of ``blocked`` and ``edits`` as lists, which travel to the page unchanged."""
    cells = {name: [list(cell) for cell in settings[name]] for name in ("blocked", "edits") if name in settings}
    return settings | cells

"""The writer: a stored model of the book goes on from the reader's text, and shows what it could have said.

The front end (``web/src/widgets/writer``) fetches the model when a reader first uses it, and computes by itself. This
class holds the same state, hands over the model's bytes where there is a kernel, computes the same chances with
PyTorch, and renders as a plain table where no script runs. Left out: the same lot; PyTorch draws in another way.
"""

import hashlib
import html
import json
from typing import Any

import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from llmbook.pages.widgets.checks import LARGEST, check_names, check_text, is_number
from llmbook.pages.widgets.stored_gpt import looks, nats, pieces, sizes_of, until_done, window_start
from llmbook.pages.widgets.stored_weights import TRIGRAMS, describe
from llmbook.pages.widgets.stored_widget import StoredWidget, stored_model, tokenizer_of
from llmbook.pages.widgets.widget import STATIC, heading, set_later
from llmbook.pages.widgets.words import whole

MODELS = ("gpt-speeches", "gpt-characters")
BEGINNING = "My fellow Americans, the state of our"
STATE = ("text", "temperature", "top_k", "top_p", "min_p", "penalty", "layer", "head")
MOST_CHARACTERS = 20_000
HOTTEST = HARSHEST = 2.0
SHOWN = 12


class Writer(StoredWidget):
    """What the stored model may say after a text, and how the settings change its chances.

    Every setting is a synchronised trait (``observe`` and ``link`` work): ``text``; ``temperature`` (0 to 2; 0 takes
    the likeliest), ``top_k`` (None for all) and ``top_p``, which mean what they mean to ``inference.filter_logits``;
    ``min_p``, the least chance as a share of the largest; ``penalty``, by which the logits of tokens in sight are
    divided, or multiplied where they are negative; ``layer`` and ``head``, whose attention is shown, from 0.
    :attr:`chances`, :meth:`next_tokens`, :meth:`layers`, :attr:`looks`, :attr:`surprises` and :meth:`compared` read
    the results back. Raises ``ValueError`` for a model that does not write, for impossible settings, and for a text
    without anything to go on from; set later, impossible ones raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "writer"
    _esm = STATIC / f"{_front_end}.js"
    _sources = ("stored", "counts", "opening")
    _settings = STATE

    counts = traitlets.Dict(None, allow_none=True).tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(1.0).tag(sync=True)
    min_p = traitlets.Float(0.0).tag(sync=True)
    penalty = traitlets.Float(1.0).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)

    def __init__(self, text: str = BEGINNING, model: str = MODELS[0], **settings: Any) -> None:
        if model not in MODELS:
            raise ValueError(f"the stored models that write are {', '.join(MODELS)}; got {model!r}")
        sizes = sizes_of(model)
        check_settings({"text": text, **settings}, **sizes)
        counts = describe(TRIGRAMS) if model == MODELS[0] else None
        super().__init__(stored={**describe(model), **sizes}, counts=counts, text=whole(text), **settings)
        self.opening = {"of": {name: getattr(self, name) for name in STATE}, "rows": self.rows()}

    @property
    def _fetched(self) -> list[dict[str, Any]]:
        return [self.stored, self.counts] if self.counts else [self.stored]

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        check_settings({name: value}, self.stored["layers"], self.stored["heads"])
        return whole(value) if name == "text" else value

    @property
    def ids(self) -> list[int]:
        """The ids the model sees of the text: as the page's, the window moves by half its width where it is full.

        Raises ``ValueError`` for a text without anything to read, and as the tokenizer does.
        """
        ids = self._all_ids()
        return ids[window_start(len(ids), stored_model(self.stored["name"]).max_len) :]

    def _all_ids(self) -> list[int]:
        ids = tokenizer_of(self.stored["name"]).encode(self.text)
        if not ids:
            raise ValueError(f"Writer has nothing to go on from in the text {self.text!r}")
        return ids

    @property
    def logits(self) -> Float[Tensor, "T n_vocab"]:
        """After each of the ids."""
        with torch.no_grad():
            return stored_model(self.stored["name"])(torch.tensor([self.ids]))[0]

    @property
    def chances(self) -> Float[Tensor, " n_vocab"]:
        """Of each id to be drawn next under the settings, in float64."""
        from llmbook.inference.sampling import filter_logits, penalise_repetition

        logits = penalise_repetition(self.logits[-1:].double(), torch.tensor([self.ids]), self.penalty)
        if self.temperature == 0:
            return torch.nn.functional.one_hot(logits[0].argmax(), logits.shape[-1]).double()

        filtered = filter_logits(
            logits, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, min_p=self.min_p
        )
        return filtered.softmax(-1)[0]

    @property
    def surprises(self) -> list[tuple[str, float]]:
        """Each token of the text but the first with -log p of it, in nats, as if the text ended before it."""
        ids = self._all_ids()
        return [(self._piece(i), x) for i, x in zip(ids[1:], nats(stored_model(self.stored["name"]), ids), strict=True)]

    def compared(self) -> list[tuple[str, float, float, float]]:
        """Each token but the first two, with the nats that the model, counted bigrams and counted trigrams give it.

        Raises ``ValueError`` where nobody has counted the model's tokens.
        """
        if not self.counts:
            raise ValueError(f"n-grams are counted of the tokens of {MODELS[0]}, not of {self.stored['name']}")
        from llmbook.pages.widgets.counted import counted  # a second, which other pages need not wait

        ids = torch.tensor(self._all_ids())
        if len(ids) < 3:
            return []
        two, three = (-counted(order).probabilities(ids).log()[3 - order :] for order in (2, 3))
        rows = zip(self.surprises[1:], two.tolist(), three.tolist(), strict=True)
        return [(piece, model, bigrams, trigrams) for (piece, model), bigrams, trigrams in rows]

    @property
    def looks(self) -> Float[Tensor, "L H T"]:
        """The weights of each layer's heads: the query is the last token, the keys all that the model sees."""
        return looks(stored_model(self.stored["name"]), self.ids)

    def next_tokens(self, count: int = SHOWN) -> list[tuple[str, float]]:
        """The likeliest tokens by the model, each with its chance under the settings."""
        chances = self.chances
        order = self.logits[-1].argsort(descending=True, stable=True)[:count].tolist()
        return [(self._piece(i), chances[i].item()) for i in order]

    def layers(self, count: int = 3) -> list[list[tuple[str, float]]]:
        """The logit lens: the likeliest next tokens, were the embedding the last layer, or the first, or each other."""
        model = stored_model(self.stored["name"])
        states: list[Any] = []
        hooks = [model.blocks[0].register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))]
        hooks += [block.register_forward_hook(lambda _, __, output: states.append(output)) for block in model.blocks]
        with until_done(hooks):
            _ = self.logits
        p = model.output(model.norm(torch.cat(states)[:, -1])).softmax(-1)
        return [[(self._piece(i), row[i].item()) for i in row.argsort(descending=True)[:count].tolist()] for row in p]

    def rows(self) -> list[list[Any]]:
        """What is shown where nothing computes: token, chance by the model, chance under the settings."""
        alone = self.logits[-1].double().softmax(-1)
        order = self.logits[-1].argsort(descending=True, stable=True)[:SHOWN].tolist()
        chances = self.chances
        return [[self._piece(i), round(alone[i].item(), 3), round(chances[i].item(), 3)] for i in order]

    def _piece(self, i: int) -> str:
        return pieces(self.stored["name"])[i]

    def __repr__(self) -> str:
        shown = self.text if len(self.text) <= 60 else f"…{self.text[-59:]}"
        digest = hashlib.sha256(json.dumps(self.rows()).encode()).hexdigest()[:8]
        return f"Writer: {self.stored['name']} after {shown!r} [chances {digest}]"

    def to_table(self) -> str:
        """The likeliest tokens as an HTML table."""
        rows = "".join(
            f"<tr>{heading('row', piece)}<td>{alone:.3f}</td><td>{chance:.3f}</td></tr>"
            for piece, alone, chance in self.rows()
        )
        titles = "".join(heading("col", title) for title in ("token", "chance by the model", "under the settings"))
        caption = f"What {self.stored['name']} may say after “{html.escape(self.text[-200:])}”"
        return f"<table><caption>{caption}</caption><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def check_settings(settings: dict[str, Any], layers: int, heads: int) -> None:
    """Raise ``ValueError``, naming it, for a setting that does not exist or cannot be."""
    check_names("Writer", settings, STATE)
    check_text(settings.get("text", ""), MOST_CHARACTERS)
    temperature, top_k, top_p = settings.get("temperature", 1.0), settings.get("top_k"), settings.get("top_p", 1.0)
    min_p, penalty = settings.get("min_p", 0.0), settings.get("penalty", 1.0)
    if not (is_number(temperature) and 0 <= temperature <= HOTTEST):
        raise ValueError(f"temperature must be a number from 0 (the likeliest) to {HOTTEST:g}, got {temperature!r}")
    if top_k is not None and not (isinstance(top_k, int) and is_number(top_k) and 1 <= top_k < LARGEST):
        raise ValueError(f"top_k must be None or a whole number from 1, got {top_k!r}")
    if not (is_number(top_p) and 0 < top_p <= 1):
        raise ValueError(f"top_p must be a number above 0 and at most 1, got {top_p!r}")
    if not (is_number(min_p) and 0 <= min_p <= 1):
        raise ValueError(f"min_p must be a number from 0 to 1, got {min_p!r}")
    if not (is_number(penalty) and 1 <= penalty <= HARSHEST):
        raise ValueError(f"penalty must be a number from 1 (none) to {HARSHEST:g}, got {penalty!r}")
    for name, n in (("layer", layers), ("head", heads)):
        value = settings.get(name, 0)
        if not (isinstance(value, int) and is_number(value) and 0 <= value < n):
            raise ValueError(f"{name} must be a whole number from 0 to {n - 1}, got {value!r}")

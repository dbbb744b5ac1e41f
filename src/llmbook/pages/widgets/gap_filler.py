"""The gap filler: the book's BERT names words that are hidden, from the words on both sides, or on one.

The front end (``web/src/widgets/gap_filler``) fetches the model when a reader first uses it, and computes by itself.
This class holds the same state, computes the same chances with PyTorch, and renders as a plain table where no script
runs. What is out of a gap's sight is hidden from all positions by a mask in the attention, as on page 3.4; the front
end leaves these positions away, which comes to the same. Left out: pairs of sentences, in which the model was trained.
"""

import hashlib
import html
import json
from typing import Any

import torch
import traitlets
from jaxtyping import Bool, Float
from torch import Tensor

from llmbook.nn.recording import record_attention
from llmbook.pages.widgets.checks import LARGEST, check_names, check_number, check_text, is_number
from llmbook.pages.widgets.gap_sentences import SENTENCES
from llmbook.pages.widgets.stored_weights import describe
from llmbook.pages.widgets.stored_widget import StoredWidget, stored_model, tokenizer_of
from llmbook.pages.widgets.widget import STATIC, heading, set_later
from llmbook.pages.widgets.words import whole

MODEL = "bert-speeches"
BLANK = "___"
MASK = "[MASK]"
STATE = ("text", "hidden", "put", "side", "reach")
SIDES = ("both", "before", "after")
MOST_WORDS = 46  # with a sign at either end they fill the model's 48 places
MOST_CHARACTERS = 2_000
SHOWN = 6


class GapFiller(StoredWidget):
    """What the stored BERT says of hidden words of a sentence, of which it reads the first 46 words.

    Every setting is a synchronised trait (``observe`` and ``link`` work): ``text``, in which three underscores are a
    gap; ``hidden``, the places of words, from 0, that are hidden; ``put``, pairs of a place and the word that stands
    there instead of its own (where a place is hidden, too, it is hidden); ``side``, the words seen from a gap (both,
    before, after), and ``reach``, how many of them on a side (None for all). :attr:`words`, :attr:`gaps`,
    :attr:`chances`, :meth:`fillings`, :attr:`own` and :attr:`looks` read the results back. Raises ``ValueError`` for
    impossible settings; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "gap_filler"
    _esm = STATIC / f"{_front_end}.js"
    _settings = STATE

    text = traitlets.Unicode("").tag(sync=True)
    hidden = traitlets.List().tag(sync=True)
    put = traitlets.List().tag(sync=True)
    side = traitlets.Unicode("both").tag(sync=True)
    reach = traitlets.Int(None, allow_none=True).tag(sync=True)

    def __init__(self, text: str | None = None, **settings: Any) -> None:
        if text is None:
            text, settings = SENTENCES[0], settings or {"hidden": [1, 9]}
        check_settings({"text": text, **settings})
        check_places(words_of(text), **settings)
        super().__init__(stored=describe(MODEL), text=whole(text), **settings)
        self.opening = {
            "of": {name: getattr(self, name) for name in STATE},
            "known": [word == BLANK or word in tokenizer_of(MODEL).ids for word in self.words],
            "gaps": self.rows(),
            "about": about(),
            "sentences": list(SENTENCES),
        }

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        check_settings({name: value})
        if name == "put":
            return sorted([place, *tokenizer_of(MODEL).split(word)] for place, word in dict(value).items())
        if name == "hidden":
            return sorted(set(value))
        return whole(value) if name == "text" else value

    @property
    def words(self) -> list[str]:
        """The words that the model reads, in lower case; a gap of nobody's word is ``___``."""
        return words_of(self.text)

    @property
    def seen(self) -> list[str]:
        """The words as the model sees them, ``[MASK]`` where one is hidden and ``[UNK]`` where it does not know one."""
        put, ids = dict(self.put), tokenizer_of(MODEL).ids
        stand = [MASK if i in self.hidden else put.get(i, word) for i, word in enumerate(self.words)]
        return [MASK if word == BLANK else word if word in ids else "[UNK]" for word in stand]

    @property
    def gaps(self) -> list[int]:
        """The places at which the model is asked: what is hidden, and what was put."""
        asked = {*self.hidden, *dict(self.put)}
        return [i for i, word in enumerate(self.words) if i in asked or word == BLANK]

    @property
    def in_sight(self) -> Bool[Tensor, "gaps T"]:
        """From each gap, which of [CLS], the words and [SEP] are seen."""
        T, far = len(self.words) + 2, MOST_WORDS if self.reach is None else self.reach
        left, right = (0 if self.side == other else far for other in ("after", "before"))
        away = torch.arange(T) - torch.tensor(self.gaps, dtype=torch.long)[:, None] - 1
        near = (-left <= away) & (away <= right)
        near[:, [0, -1]] = True
        return near

    def _states(self) -> Float[Tensor, "gaps D"]:
        ids = tokenizer_of(MODEL).ids
        row = torch.tensor([[ids[word] for word in ("[CLS]", *self.seen, "[SEP]")]])
        bert = stored_model(MODEL).bert
        gaps = torch.tensor(self.gaps, dtype=torch.long)
        with torch.no_grad():
            x = bert.embed(row).expand(len(gaps), -1, -1)
            return bert.encoder(x, self.in_sight[:, None, None])[torch.arange(len(gaps)), gaps + 1]

    @property
    def chances(self) -> Float[Tensor, "gaps n_vocab"]:
        """At each gap, of each word that the model knows, in float64."""
        with torch.no_grad():
            return stored_model(MODEL).word_logits(self._states()).double().softmax(-1)

    @property
    def looks(self) -> Float[Tensor, "gaps layers H T"]:
        """What each head looks at from each gap: [CLS], the words, [SEP]."""
        layers = stored_model(MODEL).bert.encoder.layers
        with record_attention(*[layer.self_attention for layer in layers]) as recorded:
            self._states()
        gaps = torch.tensor(self.gaps, dtype=torch.long)
        return torch.stack([weights[torch.arange(len(gaps)), :, gaps + 1] for weights in recorded], dim=1)

    def fillings(self, count: int = SHOWN) -> list[list[tuple[str, float]]]:
        """For each gap, the likeliest words with their chances; signs of the model's own are no words."""
        words, special = tokenizer_of(MODEL), len(tokenizer_of(MODEL).SPECIALS)
        found: list[list[tuple[str, float]]] = []
        for row in self.chances:
            order = row[special:].argsort(descending=True, stable=True)[:count] + special
            found.append([(words.symbols[i], row[i].item()) for i in order.tolist()])
        return found

    @property
    def own(self) -> list[tuple[int, float] | None]:
        """For each gap the rank, from 1, and the chance of the sentence's own word; None where it is not known."""
        return [rank_of(self.words[place], row) for place, row in zip(self.gaps, self.chances, strict=True)]

    def rows(self) -> list[dict[str, Any]]:
        """What is shown where nothing computes, in the form in which the front end computes it."""
        return [
            {
                "place": place,
                "likeliest": [{"word": word, "chance": round(chance, 4)} for word, chance in likeliest],
                "own": said(own),
                "stands": said(rank_of(self.seen[place], row)),
            }
            for place, likeliest, own, row in zip(self.gaps, self.fillings(), self.own, self.chances, strict=True)
        ]

    def __repr__(self) -> str:
        shown = " ".join(self.seen)
        reach = "all" if self.reach is None else self.reach
        sight = "" if (self.side, self.reach) == ("both", None) else f"; sees {self.side}, {reach}"
        digest = hashlib.sha256(json.dumps(self.rows()).encode()).hexdigest()[:8]
        return f"GapFiller: {shown if len(shown) <= 80 else shown[:79] + '…'}{sight} [chances {digest}]"

    def to_table(self) -> str:
        """The likeliest words as an HTML table."""
        rows = "".join(
            f"<tr>{heading('row', str(place + 1))}<td>{html.escape(word)}</td><td>{chance:.3f}</td></tr>"
            for place, likeliest in zip(self.gaps, self.fillings(), strict=True)
            for word, chance in likeliest
        )
        titles = "".join(heading("col", title) for title in ("at word", "word", "chance"))
        caption = f"What {MODEL} puts into the gaps of “{html.escape(' '.join(self.seen))}”"
        return f"<table><caption>{caption}</caption><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def words_of(text: str) -> list[str]:
    """The words of a text that the model reads; three underscores are a gap."""
    first, *others = map(tokenizer_of(MODEL).split, whole(text).split(BLANK))
    return [*first, *(word for piece in others for word in (BLANK, *piece))][:MOST_WORDS]


def rank_of(word: str, chances: Float[Tensor, " n_vocab"]) -> tuple[int, float] | None:
    """How many words are not less likely than this one, and its chance; None for a sign or a word that is not known."""
    i, special = tokenizer_of(MODEL).ids.get(word, 0), len(tokenizer_of(MODEL).SPECIALS)
    return None if i < special else (int((chances[special:] > chances[i]).sum()) + 1, float(chances[i]))


def said(ranked: tuple[int, float] | None) -> dict[str, Any] | None:
    return None if ranked is None else {"rank": ranked[0], "chance": round(ranked[1], 4)}


def about() -> str:
    """What the model is, by its card."""
    from llmbook.pretrained.own_models import read_stored

    card = read_stored(MODEL)
    return (
        f"{card['what']} {card['data']} It learned for {card['seconds']} seconds. At the hidden words of speeches that "
        f"it has not read, its loss is {card['test, MLM']:.2f} nats a word."
    )


def check_settings(settings: dict[str, Any]) -> None:
    """Raise ``ValueError``, naming it, for a setting that does not exist or cannot be of any sentence."""
    check_names("GapFiller", settings, STATE)
    check_text(settings.get("text", ""), MOST_CHARACTERS)
    side, reach = settings.get("side", "both"), settings.get("reach")
    if side not in SIDES:
        raise ValueError(f"side must be one of {', '.join(SIDES)}, got {side!r}")
    if reach is not None and not (isinstance(reach, int) and is_number(reach) and 0 <= reach < LARGEST):
        raise ValueError(f"reach must be None or a whole number from 0, got {reach!r}")
    for name in ("hidden", "put"):
        if not isinstance(settings.get(name, ()), list | tuple):
            raise ValueError(f"{name} must be a list, got {settings[name]!r}")
    check_places([""] * MOST_WORDS, settings.get("hidden", ()), settings.get("put", ()))


def check_places(words: list[str], hidden: Any = (), put: Any = (), **_: Any) -> None:
    """Raise ``ValueError``, naming it, for a place that is not among the words, and for what is no word."""
    for pair in put:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], str)):
            raise ValueError(f"put must hold pairs of a place and a word, got {pair!r}")
        if len(pair[1]) > MOST_CHARACTERS or len(tokenizer_of(MODEL).split(whole(pair[1]))) != 1:
            raise ValueError(f"what is put at a place must be one word, got {pair[1]!r}")
    for place in (*hidden, *(pair[0] for pair in put)):
        if not is_number(place):
            raise ValueError(f"a place must be a number, got {place!r}")
        check_number("a place", place, 0, len(words))

"""A small GPT that learns the reader's own text on the page.

The front end (``web/src/widgets/train_here``) trains by itself, with a backward pass of its own; this class holds the
same settings, trains the same model with the library (see ``small_run``), and renders as a plain table where no script
runs. What the page has trained can be read back: ``step``, ``losses`` and ``held_out`` are traits too.
"""

import hashlib
from typing import Any

import traitlets

from llmbook.models.gpt import GPT
from llmbook.pages.widgets.checks import check_names, is_number
from llmbook.pages.widgets.small_run import (
    FEWEST,
    MOST,
    SmallText,
    frequencies,
    held_out_loss,
    make_model,
    prepare,
    sample,
    tidy,
    train_model,
)
from llmbook.pages.widgets.widget import STATIC, PageWidget, heading, set_later

STATE = ("text", "lr", "d_model", "n_heads", "n_layers", "length", "steps", "seed", "place", "layer", "head")
RESULTS = ("step", "losses", "held_out")
CHOICES = {"d_model": (8, 16, 24, 32, 48), "n_heads": (1, 2, 4), "n_layers": (1, 2), "length": (8, 16, 32, 64)}
LIMITS = {"steps": (1, 3000), "seed": (0, 999), "place": (0, MOST), "layer": (0, 1), "head": (0, 3)}
SLOWEST, FASTEST = 1e-5, 10.0  # learning rates
MADE_BY = ("d_model", "n_heads", "n_layers", "length", "seed")
TRAINED_BY = ("lr", "steps", "seed")


class TrainHere(PageWidget):
    """A character GPT and the text it learns; ``text`` is None for the book's own.

    Every setting is a synchronised trait (``observe`` and ``link`` work): ``text``, ``lr`` (1e-5 to 10), ``d_model``
    (8, 16, 24, 32 or 48), ``n_heads`` (1, 2 or 4), ``n_layers`` (1 or 2), ``length`` (8, 16, 32 or 64, the longest
    piece the model reads), ``steps`` (up to 3000), ``seed`` (up to 999), and what is looked at while it learns: 16
    characters from ``place`` on, by ``head`` of ``layer``. What the page has done is ``step``, the ``losses`` of its
    steps, and ``held_out``, pairs of a step and the held-out loss after it. Raises ``ValueError`` for impossible
    settings; set later, they raise ``traitlets.TraitError`` and the old value stays.
    """

    _front_end = "train_here"
    _esm = STATIC / f"{_front_end}.js"
    _settings = (*STATE, *RESULTS)

    text = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    lr = traitlets.Float(0.01).tag(sync=True)
    d_model = traitlets.Int(32).tag(sync=True)
    n_heads = traitlets.Int(2).tag(sync=True)
    n_layers = traitlets.Int(2).tag(sync=True)
    length = traitlets.Int(32).tag(sync=True)
    steps = traitlets.Int(1000).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    losses = traitlets.List().tag(sync=True)
    held_out = traitlets.List().tag(sync=True)

    def __init__(self, text: str | None = None, **settings: Any) -> None:
        check_settings({"text": text, **settings})
        super().__init__(source={"text": sample()}, text=None if text is None else tidy(text), **settings)

    @set_later(*STATE)
    def _check_later(self, name: str, value: Any) -> Any:
        """The value, a text with its line breaks alike."""
        check_settings({name: value})
        return tidy(value) if name == "text" and value is not None else value

    @property
    def prepared(self) -> SmallText:
        """The text as ids, in two parts."""
        return prepare(self.source["text"] if self.text is None else self.text, self.length)

    @property
    def frequencies(self) -> dict[str, float]:
        """Mean surprise at the held-out text, in nats: knowing nothing, counting letters, counting pairs of them."""
        return dict(zip(("nothing", "unigram", "bigram"), frequencies(self.prepared, self.length), strict=True))

    def untrained(self) -> GPT:
        """The model before its first step, in float64."""
        return make_model(self.prepared, **{name: getattr(self, name) for name in MADE_BY})

    def train(self) -> tuple[GPT, list[float], float]:
        """Train the same model with the library: the model, the loss of each step, and the held-out loss at the end.

        Raises ``ValueError`` where the loss is no longer a number.
        """
        model = self.untrained()
        losses = train_model(model, self.prepared, **{name: getattr(self, name) for name in TRAINED_BY})
        return model, losses, held_out_loss(model, self.prepared)

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(weight.numel() for weight in self.untrained().parameters())

    def rows(self) -> list[tuple[str, str]]:
        """What is known before the first step, in words and numbers."""
        text, nats = self.prepared, self.frequencies
        return [
            ("characters learned from", f"{len(text.train):,}"),
            ("characters held out", f"{len(text.held_out):,}"),
            ("different characters", f"{len(text.tokenizer)}"),
            ("parameters of the model", f"{self.parameters:,}"),
            ("nats a character, knowing nothing", f"{nats['nothing']:.3f}"),
            ("nats a character, counting letters", f"{nats['unigram']:.3f}"),
            ("nats a character, counting pairs of letters", f"{nats['bigram']:.3f}"),
        ]

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)}" for name in STATE if name != "text")
        digest = hashlib.sha256(repr(self.rows()).encode()).hexdigest()[:8]
        return f"TrainHere: {self.parameters:,} parameters, {told} [digest {digest}]"

    def to_table(self) -> str:
        """What is known before the first step, as an HTML table."""
        rows = "".join(f"<tr>{heading('row', name)}<td>{number}</td></tr>" for name, number in self.rows())
        return f"<table><caption>A small GPT before its first step, and its text</caption><tbody>{rows}</tbody></table>"


def check_settings(settings: dict[str, Any]) -> None:
    """Raise ``ValueError``, naming it, for a setting that does not exist or cannot be."""
    check_names("TrainHere", settings, STATE)
    for name, allowed in CHOICES.items():
        value = settings.get(name, allowed[0])
        if not (is_whole(value) and value in allowed):
            raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")
    for name, (low, high) in LIMITS.items():
        value = settings.get(name, low)
        if not (is_whole(value) and low <= value <= high):
            raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    lr, text = settings.get("lr", SLOWEST), settings.get("text")
    if not (is_number(lr) and SLOWEST <= lr <= FASTEST):
        raise ValueError(f"lr must be a number from {SLOWEST:g} to {FASTEST:g}, got {lr!r}")
    if text is None:
        return
    if not isinstance(text, str):
        raise ValueError(f"text must be a string of {FEWEST} to {MOST} characters, or None, got {text!r}")
    prepare(text, max(CHOICES["length"]))


def is_whole(value: Any) -> bool:
    """Whether the value is a whole number; True and False are none."""
    return isinstance(value, int) and is_number(value)

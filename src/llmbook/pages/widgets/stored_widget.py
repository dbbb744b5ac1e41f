"""What widgets that play with a stored model have in common: they say which, and hand over its bytes when asked.

Until the model has come to the page, it shows what Python has found for the state a widget opens with.
"""

from functools import cache
from typing import Any

import traitlets

from llmbook.pages.widgets.stored_weights import describe, part
from llmbook.pages.widgets.widget import PageWidget


class StoredWidget(PageWidget):
    """A widget whose front end computes with the stored model called ``stored["name"]``."""

    _sources = ("stored", "opening")

    stored = traitlets.Dict().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    def __init__(self, model: str, **settings: Any) -> None:
        super().__init__(stored=describe(model), **settings)
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """One part of the model's bytes, to a front end that asks for it."""
        number = content.get("part") if isinstance(content, dict) else None
        if type(number) is int and 0 <= number < self.stored["parts"]:
            self.send({"part": number}, [part(self.stored["name"], number)])

    def _place(self) -> str:
        """The build writes the parts of the models that its pages name."""
        return f'{super()._place()} data-model="{self.stored["name"]}-{self.stored["digest"]}"'


@cache
def stored_model(name: str) -> Any:
    from llmbook.pretrained.own_models import load_stored  # a second, which other pages need not wait

    return load_stored(name)


@cache
def tokenizer_of(name: str) -> Any:
    from llmbook.pretrained.own_models import stored_tokenizer

    return stored_tokenizer(name)

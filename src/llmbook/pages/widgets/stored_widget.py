"""What widgets that play with a stored model have in common: they say which, and hand over its bytes when asked.

Until the model has come to the page, it shows what Python has found for the state a widget opens with.
"""

from functools import cache
from typing import Any

import traitlets

from llmbook.pages.widgets.stored_weights import part
from llmbook.pages.widgets.widget import PageWidget


class StoredWidget(PageWidget):
    """A widget whose front end computes with the stored model that ``stored`` describes."""

    _sources = ("stored", "opening")

    stored = traitlets.Dict().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.on_msg(self._answer)

    @property
    def _fetched(self) -> list[dict[str, Any]]:
        """What is known of each thing that comes in parts."""
        return [self.stored]

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """One part of what the front end asks for."""
        asked = content if isinstance(content, dict) else {}
        number, name = asked.get("part"), asked.get("name")
        parts = {known["name"]: known["parts"] for known in self._fetched}
        if isinstance(name, str) and type(number) is int and 0 <= number < parts.get(name, 0):
            self.send({"part": number, "name": name}, [part(name, number)])

    def _place(self) -> str:
        """The build writes the parts of what its pages name."""
        needed = " ".join(f"{known['name']}-{known['digest']}" for known in self._fetched)
        return f'{super()._place()} data-model="{needed}"' if needed else super()._place()


@cache
def stored_model(name: str) -> Any:
    from llmbook.pretrained.own_models import load_stored  # a second, which other pages need not wait

    return load_stored(name)


@cache
def tokenizer_of(name: str) -> Any:
    from llmbook.pretrained.own_models import stored_tokenizer

    return stored_tokenizer(name)

"""What every widget with a text and a stored model must hold on its Python side."""

import json
import re
from typing import Any

import pytest
import traitlets

from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.widget import PageWidget


def state_in(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])


def check_typed_text_is_escaped(kind: type[PageWidget], **settings) -> None:
    html = kind("</script><script>alert(1)</script>", **settings).to_html()
    assert html.count("<script") == 1
    assert state_in(html)["text"] == "</script><script>alert(1)</script>"


def check_half_a_pair_is_read_as_a_browser_reads_it(kind: type[PageWidget]) -> None:
    """Half of a surrogate pair, which no text can hold."""
    made: Any = kind("a\ud83d")
    assert made.text == "a\ufffd"
    made.text = "\udc00b"
    assert made.text == "\ufffdb"
    made.to_html().encode()


def check_parts_are_sent(monkeypatch, made: PageWidget, asked: list[tuple[str, int]], refused: list) -> None:
    """Of the models that the widget needs; to all else that a front end may send it says nothing."""
    sent = []
    monkeypatch.setattr(type(made), "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    for content in ({"part": 0}, {}, None, "part", [0], *refused):
        made._handle_custom_msg(content, [])
    assert sent == []
    contents = [{"part": part, "name": name} for name, part in asked]
    for content in contents:
        made._handle_custom_msg(content, [])
    assert sent == [(content, [stored_weights.part(*of)]) for content, of in zip(contents, asked, strict=True)]


def check_set_later(made: PageWidget, name: str, value: Any, message: str | None = None) -> None:
    """It is refused, and the old value stays."""
    before = getattr(made, name), made.to_html()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(made, name, value)
    assert (getattr(made, name), made.to_html()) == before

"""Numbers handed from a notebook to the prose."""

import pytest

from llmbook.pages import prose
from llmbook.pages.prose import glue


def test_a_number_is_stored_under_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr(prose, "display", lambda data, *, raw, metadata: shown.append((data, metadata)))
    glue("score", 6)
    scrapbook = {"name": "score", "mime_prefix": "application/papermill.record/"}
    assert shown == [({"application/papermill.record/text/plain": "6"}, {"scrapbook": scrapbook})]


def test_a_name_is_needed():
    with pytest.raises(ValueError, match="needs a name"):
        glue(" ", 6)

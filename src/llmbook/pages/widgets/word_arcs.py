"""The laboratory's six words as the cover shows them: tap a word, and arcs swell to where it looks.

The same state, checks and weights as :class:`AttentionLab`, under another front end with one slider, the temperature:
the six words have one head, and each of its moves changes every arc.
"""

from llmbook.pages.widgets.attention_lab import AttentionLab
from llmbook.pages.widgets.widget import STATIC


class WordArcs(AttentionLab):
    """Arcs from the chosen word (``row``) to the others, as thick as its weights."""

    _front_end = "word_arcs"
    _esm = STATIC / f"{_front_end}.js"

"""The directive ``stored-models``: the book's own trained models, from their cards, as a table."""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from benchmark_results import table

FOLDER = "src/llmbook/pretrained/stored"
COLUMNS = ("name", "what", "weights", "trained", "held-out loss")


def rows(cards: list[dict]) -> list[tuple[str, ...]]:
    """A row for each model; the seconds of a run that was cut and taken up again are not known."""
    return [
        (
            card["name"],
            card["what"],
            f"{card['parameters']:,} in {card['bytes'] / 1000:,.0f} kB",
            f"{card['config']['steps']:,} steps" + ("" if card["seconds"] is None else f", {card['seconds']} s"),
            f"{card['held_out']:.4f} nats",
        )
        for card in cards
    ]


class StoredModels(Directive):
    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        paths = sorted((Path(env.srcdir) / FOLDER).glob("*.json"))
        for path in paths:
            env.note_dependency(str(path))
        contents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        return [table(COLUMNS, rows([content for content in contents if "sha256" in content]))]  # a run has no weights


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("stored-models", StoredModels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

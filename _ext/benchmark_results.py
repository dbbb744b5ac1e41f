"""The directive ``benchmark-results``: what ``make bench`` measured, from ``benchmarks/results.json``, as a table."""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

COLUMNS = ("what", "measured", "at most", "details")


def rows(results: list[dict]) -> list[tuple[str, ...]]:
    """A row for each result: what it is, its value, its bar, and how it came about."""
    return [
        (
            result["what"],
            f"{result['value']:g} {result['unit']}",
            "" if result["bar"] is None else f"{result['bar']:g} {result['unit']}",
            result["note"],
        )
        for result in results
    ]


def table(header: tuple[str, ...], body: list[tuple[str, ...]]) -> nodes.table:
    group = nodes.tgroup("", cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]

    def line(words: tuple[str, ...]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", word)) for word in words))

    group += nodes.thead("", line(header))
    group += nodes.tbody("", *map(line, body))
    return nodes.table("", group)


class BenchmarkResults(Directive):
    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        path = Path(env.srcdir) / "benchmarks/results.json"
        env.note_dependency(str(path))
        measured = json.loads(path.read_text(encoding="utf-8"))
        machine = measured["machine"]
        where = (
            f"Measured on {machine['cores']} cores ({machine['processor']}) with {machine['memory_gib']} GiB, "
            f"Python {machine['python']} and PyTorch {machine['torch']}."
        )
        return [table(COLUMNS, rows(measured["results"])), nodes.paragraph("", where)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("benchmark-results", BenchmarkResults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

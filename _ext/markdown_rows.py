"""Tables that a directive makes of rows of data: their Markdown, and its place on the page.

A cell is Markdown, so that a row may cite, link and write formulas as the pages do.
"""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


def table_lines(headings: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table; a bar inside a cell stays in it."""
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(" ".join(cell.replace("|", r"\|").split()) for cell in line) + " |" for line in lines]


def unbroken(text: str) -> str:
    """A date that no line may end in."""
    return text.replace("-", "\N{NON-BREAKING HYPHEN}")


def parsed(directive: SphinxDirective, lines: list[str]) -> list[nodes.Node]:
    """What these lines of Markdown are on the directive's page."""
    node = nodes.Element()
    content = StringList(lines, directive.env.docname)
    directive.state.nested_parse(content, directive.content_offset, node)
    return node.children

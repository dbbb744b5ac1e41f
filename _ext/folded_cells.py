"""Fold, on a page, what of a cell's source is no part of its lesson: imports, and what only checks or publishes.

An assertion, or the alt text of a figure, may give away what the text asks a reader to guess. So the source of a cell
is cut at its statements: imports at its top go into a strip *Setup*, and checks (``assert``, ``agree``, functions named
``assert_…``, loops of nothing else), numbers for other pages (``glue``) and the call that shows a figure into a strip
*Checks* below it. The notebook is as it was, and no line is lost: each strip says to which part a line went. A check
stays in its place where a later line binds anew a name that it reads, and then so do the other checks of its cell.
What stands inside a loop or a function is left there, and so are exercises and cells that are folded already.

Three tags of a cell say it otherwise: ``checks`` folds the whole cell, ``imports`` leaves its imports in sight, and
``answer`` puts the cell, with its output, into the folded answer that the text before it ends with.
"""

import ast
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
SETUP, SEEN, CHECKS, DROPPED = "svc_"  # the parts a line may go to; only blank lines are dropped
CHECKING, NUMBERS, FIGURE = "Checks", "Numbers for other pages", "Figure"  # what a strip may hold
DOES = {CHECKING: "checks", NUMBERS: "keeps numbers for other pages", FIGURE: "shows its figure"}
LEFT_ALONE = {"tag_exercise", "tag_solution"}


class Strip(nodes.General, nodes.Element):
    """A part of a cell's source, folded."""


def visit_strip(self: Any, node: Strip) -> None:
    attributes = f'class="llmbook-strip" data-part="{node["part"]}" data-lines="{node["lines"]}"'
    self.body.append(f"<details {attributes}><summary>{node['label']}</summary>\n")


def depart_strip(self: Any, node: Strip) -> None:
    self.body.append("</details>\n")


def publishes(statement: ast.stmt) -> str:
    """What a statement does if it only checks or publishes; an empty string for any other."""
    match statement:
        case ast.Assert():
            return CHECKING
        case ast.Expr(value=ast.Call(func=function)):
            name = ast.unparse(function).rsplit(".", 1)[-1]
            if name == "agree" or name.startswith("assert_"):
                return CHECKING
            return {"glue": NUMBERS, "show": FIGURE}.get(name, "")
        case ast.For(body=body, orelse=[]) | ast.With(body=body):
            return CHECKING if all(publishes(inner) == CHECKING for inner in body) else ""
    return ""


def read_by(statement: ast.stmt) -> set[str]:
    """The names whose values a statement reads; its own running variables are not among them."""
    own = {
        name.id for node in ast.walk(statement) if isinstance(node, ast.comprehension) for name in stored(node.target)
    }
    own |= {argument.arg for node in ast.walk(statement) if isinstance(node, ast.Lambda) for argument in node.args.args}
    loaded = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return {node.id for node in loaded} - own


def bound_by(statement: ast.stmt) -> set[str]:
    """The names a statement binds: not those that live inside a function or a comprehension."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    inner = {
        id(name) for node in ast.walk(statement) if isinstance(node, ast.comprehension) for name in stored(node.target)
    }
    return {name.id for name in stored(statement) if id(name) not in inner}


def stored(node: ast.AST) -> Iterator[ast.Name]:
    return (name for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store))


def part_of_each(body: list[ast.stmt], imports_in_sight: bool = False) -> list[str]:
    """For each statement the part it goes to."""
    parts = [CHECKS if publishes(statement) else SEEN for statement in body]
    bound: set[str] = set()
    for i in reversed(range(len(body))):
        if publishes(body[i]) == CHECKING and read_by(body[i]) & bound:
            parts = [SEEN if publishes(other) == CHECKING else part for other, part in zip(body, parts, strict=True)]
            break
        bound |= bound_by(body[i])
    if not imports_in_sight:
        for i, statement in enumerate(body):
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                break
            parts[i] = SETUP
    return parts


def layout(source: str, imports_in_sight: bool = False) -> str:
    """A letter for each line of a cell's source: the part it goes to. What is not plain Python is seen whole."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return SEEN * (source.count("\n") + 1)
    lines = source.split("\n")
    letters = [SEEN if line.strip() else DROPPED for line in lines]
    for statement, part in zip(body, part_of_each(body, imports_in_sight), strict=True):
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]) - 1
        while first > 0 and lines[first - 1].startswith("# ") and letters[first - 1] == SEEN:
            first -= 1  # a comment goes with the statement below it
        letters[first : statement.end_lineno] = [part] * (statement.end_lineno - first)
    return "".join(with_blank_lines(letters))


def with_blank_lines(letters: list[str]) -> list[str]:
    """Blank lines stay between lines of one part, and once between any two lines that are seen."""
    out, i = list(letters), 0
    while DROPPED in letters[i:]:
        i = letters.index(DROPPED, i)
        end = next((j for j in range(i, len(letters)) if letters[j] != DROPPED), len(letters))
        last_seen = max((j for j in range(i) if out[j] == SEEN), default=i)
        if 0 < i and letters[i - 1 : i] == letters[end : end + 1]:
            out[i:end] = letters[i - 1] * (end - i)
        elif letters[last_seen] == SEEN and SEEN in letters[end:]:
            out[i:end] = SEEN * (end - i)
        i = end
    return out


def parts_of(source: str, letters: str) -> dict[str, str]:
    """The text of each part that has one."""
    lines = source.split("\n")
    found = {
        part: [line for line, to in zip(lines, letters, strict=True) if to == part] for part in dict.fromkeys(letters)
    }
    return {part: "\n".join(kept) for part, kept in found.items() if part != DROPPED}


def label_of(source: str, letters: str) -> str:
    """What the strip below a cell holds, in words; for a cell of nothing else, that it is the whole of it."""
    kinds = {publishes(statement) for statement in ast.parse(source).body} - {""} or {CHECKING}
    kinds = [kind for kind in DOES if kind in kinds]
    if SEEN in letters:
        return ", ".join([kinds[0], *(kind.lower() for kind in kinds[1:])])
    return "This cell only " + " and ".join(DOES[kind] for kind in kinds)


def layout_of(cell: nodes.container, source: str) -> str:
    """The layout of a cell, as its tags would have it."""
    whole = len(source.split("\n"))
    if cell.get("hide_mode") == "input":  # the tag hide-input
        return SETUP * whole
    if "tag_checks" in cell["classes"]:
        return CHECKS * whole
    return layout(source, "tag_imports" in cell["classes"])


def fold(cell: nodes.container) -> None:
    """Cut the source of one cell, in place."""
    inputs = [part for part in cell.children if part.get("nb_element") == "cell_code_source"]
    if not inputs or LEFT_ALONE & set(cell["classes"]) or cell.get("hide_mode") not in (None, "input"):
        return
    (block,) = inputs[0].children
    source = block.astext()
    letters = layout_of(cell, source)
    texts = parts_of(source, letters)
    cell.attributes.pop("hide_mode", None)
    if set(texts) <= {SEEN}:
        return
    inputs[0].remove(block)
    for part in (SETUP, SEEN, CHECKS):
        if part in texts:
            piece = block.copy()
            piece.rawsource = texts[part]
            piece += nodes.Text(texts[part])
            label = {SETUP: "Setup", CHECKS: label_of(source, letters)}.get(part)
            inputs[0] += Strip("", piece, label=label, part=part, lines=letters) if label else piece


def move_into_answer(cell: nodes.container) -> None:
    """Put a cell to the end of the folded answer before it."""
    siblings = cell.parent.children
    place = siblings.index(cell)
    end = siblings[place - 1] if place else None
    if not isinstance(end, nodes.raw) or end.astext().strip() != "</details>":
        logger.warning("a cell tagged 'answer' does not follow a folded answer", location=cell, type="answer")
        return
    cell.parent.remove(cell)
    end.parent.insert(place - 1, cell)


def fold_cells(app: Sphinx, doctree: nodes.document) -> None:
    cells = [node for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    for cell in cells:
        fold(cell)
        if "tag_answer" in cell["classes"]:
            move_into_answer(cell)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(Strip, html=(visit_strip, depart_strip))
    app.connect("doctree-read", fold_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

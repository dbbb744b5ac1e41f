"""The places of a Python file in which a mutant would change nothing but words or types.

Annotations are read by the checker of types alone (and at run time in tests, where sizes count), docstrings by people,
and so is the message of an error.
"""

import ast
from collections.abc import Iterator

Place = tuple[int, int]  # line from 1, column from 0, in characters


def spared_places(code: str) -> list[tuple[Place, Place]]:
    """From where to where they reach."""
    lines = code.split("\n")
    return [(place_of(lines, node, "start"), place_of(lines, node, "end")) for node in spared_nodes(ast.parse(code))]


def is_spared(place: Place, spared: list[tuple[Place, Place]]) -> bool:
    return any(start <= place < end for start, end in spared)


def spared_nodes(tree: ast.AST) -> Iterator[ast.expr]:
    """Annotations, strings that stand alone, and what an error is raised with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        if isinstance(node, ast.FunctionDef) and node.returns:
            yield node.returns
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from node.exc.args


def place_of(lines: list[str], node: ast.expr, side: str) -> Place:
    """Where a node starts or ends: Python counts the bytes of a line, and people its characters."""
    line = node.lineno if side == "start" else node.end_lineno or node.lineno
    column = node.col_offset if side == "start" else node.end_col_offset or 0
    return line, len(lines[line - 1].encode()[:column].decode())

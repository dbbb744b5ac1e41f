"""Mutants of what a reader types: each line dropped, and whatever in it can be altered, altered, one at a time.

A statement is dropped; an operator, a number, a truth, a text or the name of a layer gives way to another; an argument
is left out, or changes places with the next. Left out: what Python's syntax tree does not hold, such as comments.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARISONS = {ast.Lt: ast.LtE, ast.IsNot: ast.Is}
NAMES = {"tril": "triu", "sin": "cos", "cos": "sin", "relu": "tanh", "softmax": "log_softmax"}
NAMES |= {"w_q": "w_k", "w_k": "w_v", "w_v": "w_o", "w_o": "w_q", "w_1": "w_2", "w_2": "w_1"}
NAMES |= {"src_embedding": "tgt_embedding", "tgt_embedding": "src_embedding"}

Change = tuple[int, int, Callable[[], str]]  # the first and last line it concerns; makes the change, and tells of it


@dataclass(frozen=True)
class Mutant:
    """A changed source, and what was changed in it."""

    lines: range  # of the cell, from 1
    says: str  # what is missing, or stands in whose place
    source: str


def mutants(source: str) -> list[Mutant]:
    """All mutants of a cell, each with other code than the cell and than those before it."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    found = []
    for number, node in enumerate(ast.walk(tree)):
        for variant in range(len(list(changes(node)))):
            copied = copy.deepcopy(tree)
            first, last, change = list(changes(list(ast.walk(copied))[number]))[variant]
            says = change()
            code = ast.unparse(copied)
            if code not in seen:
                seen.add(code)
                found.append(Mutant(range(first, last + 1), says, code))
    return found


def changes(node: ast.AST) -> Iterator[Change]:
    """What can be changed at this node."""
    for statement in [s for s in getattr(node, "body", []) or [] if isinstance(s, ast.stmt)] if is_block(node) else []:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield *lines_of(statement), lambda gone=statement: dropped(node.body, gone, ast.Pass())

    lines = lines_of(node)
    for field, value in other_values(node):
        yield *lines, lambda field=field, value=value: altered(node, field, value)

    arguments = []
    if isinstance(node, ast.Call):
        arguments = node.args
        for argument in (*node.args, *node.keywords):
            owner = node.keywords if isinstance(argument, ast.keyword) else node.args
            yield *lines, lambda owner=owner, gone=argument: dropped(owner, gone)
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        arguments = node.elts
    for place in range(len(arguments) - 1):
        yield *lines, lambda place=place: exchanged(arguments, place)


def is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.If)


def lines_of(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)


def other_values(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Fields of this node, each with a value that could stand there instead."""
    match node:
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            yield "op", OPERATORS[type(op)]()
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield "ops", [COMPARISONS[type(op)]()]
        case ast.Constant(value=bool() as value):
            yield "value", not value
        case ast.Constant(value=int() | float() as value):
            yield "value", value + (1 if isinstance(value, int) else 0.25)
        case ast.Constant(value=str() as value):
            yield "value", value + "?"
        case ast.Attribute(attr=name) if name in NAMES:
            yield "attr", NAMES[name]
        case ast.UnaryOp(op=op):
            yield "op", ast.UAdd() if isinstance(op, ast.USub) else ast.Not()
        case ast.IfExp(body=body):
            yield "orelse", body


# --- making one change -----------------------------------------------------------------------------------------


def dropped(owner: list, gone: ast.AST, instead: ast.stmt | None = None) -> str:
    """Take a statement or an argument out."""
    place = owner.index(gone)
    owner[place : place + 1] = [instead] if instead else []
    return f"without {ast.unparse(gone)}"


def altered(node: ast.AST, field: str, value: object) -> str:
    """Put another value into a field."""
    before = ast.unparse(node)
    setattr(node, field, value)
    return f"{ast.unparse(node)} for {before}"


def exchanged(parts: list, place: int) -> str:
    """Let two neighbours change places."""
    before = ", ".join(map(ast.unparse, parts))
    parts[place], parts[place + 1] = parts[place + 1], parts[place]
    return f"({', '.join(map(ast.unparse, parts))}) for ({before})"

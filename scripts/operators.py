"""Every mutant of a Python file that the operators of cosmic-ray make, as JSON: one change each.

    _build/mutants/venv/bin/python scripts/operators.py FILE

Run in the environment that ``make mutants`` makes for it. Operators that want to be told names of variables are left
out. Each entry has the operator, the place of the change (line and column from where to where) and the whole new text.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names


def operators() -> Iterator[tuple[str, Any]]:
    """The operators that need no arguments, by their names."""
    for name in sorted(operator_names()):
        operator = get_operator(name)
        if not operator.arguments() and not name.endswith("/NoOp"):
            yield name.removeprefix("core/"), operator()


def mutants(code: str) -> Iterator[dict[str, Any]]:
    """All mutants of the code, in the order of the operators' names and then of the places."""
    nodes = list(ast_nodes(get_ast(code)))
    for name, operator in operators():
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            with contextlib.suppress(AttributeError):  # ExceptionReplacer cannot replace a name with a dot in it
                yield {"operator": name, "start": start, "end": end, "code": mutate_code(code, operator, occurrence)}


if __name__ == "__main__":
    print(json.dumps(list(mutants(Path(sys.argv[1]).read_text(encoding="utf-8")))))

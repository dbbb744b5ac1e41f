"""Change a line of what the reader types, and a check of its page turns red; what none notices is listed."""

import contextlib
import io
import json

import pytest
from guard import ROOT
from typed_mutants import mutants

PAGES = {  # and what of each goes unnoticed, with the reason
    "05-1-the-parts": {
        "(-1, -2) for (-2, -1)": "two axes change places, whichever is named first",
        "(2, 1) for (1, 2)": "the same",
    },
    "05-2-the-whole": {
        "(tgt_vocab, d_model) for (d_model, tgt_vocab)": "the output's own matrix is thrown away in the next line",
    },
}
SLOW = ("for _ in range(300)", "AttentionLab.from_tensors", "show(", "TABLE_3")  # lessons; their checks are elsewhere


def cells_of(page: str) -> list[tuple[str, bool]]:
    """The sources of a page's code cells that define or check, and whether the reader types them."""
    found = []
    for cell in json.loads((ROOT / f"notebooks/{page}.ipynb").read_text(encoding="utf-8"))["cells"]:
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if (
            cell["cell_type"] == "code"
            and not {"exercise", "solution"} & {*tags}
            and not any(s in source for s in SLOW)
        ):
            found.append((source, "typed" in tags))
    return found


def complaint(sources: list[str]) -> str:
    """What the first cell says that does not run; nothing where all do."""
    names: dict = {}
    for source in sources:
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(source, names)
            except Exception as error:
                return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture(autouse=True)
def double_precision_ends_with_the_page():
    import torch

    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("page", PAGES)
def test_a_changed_line_turns_a_check_red(page):
    cells = cells_of(page)
    sources = [source for source, _ in cells]
    assert not complaint(sources)

    untouched, unseen, tried = [], [], 0
    for place, (source, typed) in enumerate(cells):
        if not typed:
            continue
        changed = mutants(source)
        tried += len(changed)
        lines = {number for number, line in enumerate(source.split("\n"), start=1) if line.strip()}
        untouched += [source.split("\n")[n - 1] for n in sorted(lines - {line for m in changed for line in m.lines})]
        unseen += [m.says for m in changed if not complaint([*sources[:place], m.source, *sources[place + 1 :]])]

    assert tried > 150
    assert not [line for line in untouched if not line.lstrip().startswith(("def ", "class "))]
    assert sorted(set(unseen)) == sorted(PAGES[page])


def test_the_kinds_of_change():
    source = "def f(x, n=1):\n    y = x.tril(n) + 2\n    return g(x, y)"
    says = [mutant.says for mutant in mutants(source)]
    assert says == [
        "without y = x.tril(n) + 2",
        "without return g(x, y)",
        "2 for 1",
        "x.tril(n) - 2 for x.tril(n) + 2",
        "without x",
        "without y",
        "(y, x) for (x, y)",
        "without n",
        "3 for 2",
        "x.triu for x.tril",
    ]
    assert complaint(["x = 1", "assert x == 2"]).startswith("AssertionError")

"""Change a line of what the reader types, and a check of its page turns red; what none notices is listed."""

import contextlib
import io
import json
import warnings
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import small_llm
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
    "05-5-todays-parts": {
        "(2, 1) for (1, 2)": "two axes change places, whichever is named first",
    },
    "05-6-to-todays-llm": {
        "+1 for -1": "of two axes the last is the second",
        "1 for 0": "rotary scores hold distances only, wherever a text starts; and all caches are equally long",
        "without ' '": "nothing in a merge but a blank parts its two tokens",
        "without dim=-1": "one text is written at a time, so the largest logit of all is the largest of its row",
    },
}
CHECKS = {"05-6-to-todays-llm": small_llm.check}  # instead of the page's own, which need a model of 135 million weights


def cells_of(page: str) -> list[tuple[str, bool]]:
    """The sources of a page's code cells up to its last that only checks, and whether the reader types them."""
    cells = json.loads((ROOT / f"notebooks/{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [("".join(c["source"]), c["metadata"].get("tags", [])) for c in cells if c["cell_type"] == "code"]
    if page in CHECKS:  # the setup, and what is typed
        return [(source, "typed" in tags) for source, tags in code if {"hide-input", "typed"} & {*tags}]
    last = max(place for place, (_, tags) in enumerate(code) if "checks" in tags)
    return [(source, "typed" in tags) for source, tags in code[: last + 1] if "show(" not in source]


def complaint(sources: list[str], check: Callable[[SimpleNamespace], None] = lambda names: None) -> str:
    """What the first cell that does not run says, or else the check of what all define; nothing where all is well."""
    names: dict = {}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for source in sources:
                exec(source, names)
            check(SimpleNamespace(**names))
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


@pytest.fixture(autouse=True)
def what_a_page_has_set_ends_with_it():
    import torch

    yield
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)


@pytest.mark.parametrize("page", PAGES)
def test_a_changed_line_turns_a_check_red(page):
    cells = cells_of(page)
    sources = [source for source, _ in cells]
    check = CHECKS.get(page, lambda names: None)
    assert not complaint(sources, check)

    untouched, unseen, tried = [], [], 0
    for place, (source, typed) in enumerate(cells):
        if not typed:
            continue
        changed = mutants(source)
        tried += len(changed)
        lines = {number for number, line in enumerate(source.split("\n"), start=1) if line.strip()}
        untouched += [source.split("\n")[n - 1] for n in sorted(lines - {line for m in changed for line in m.lines})]
        unseen += [m.says for m in changed if not complaint([*sources[:place], m.source, *sources[place + 1 :]], check)]

    assert tried > 150
    assert not [line for line in untouched if not line.lstrip().startswith(("def ", "class ", "from "))]
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

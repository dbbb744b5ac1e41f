"""Scores of heads: the formulas of page 5.7 cell by cell, and its own functions beside ours."""

import json
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from llmbook.pages.head_scores import KINDS, head_scores, templates

ROOT = Path(__file__).parents[3]
WORDS = "a b c a b b".split()


def weights_of(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(dim=-1)


def functions_of_the_page() -> dict:
    """What page 5.7 defines in the cells that have a score, or solve the exercise of one."""
    notebook = json.loads((ROOT / "notebooks/05-7-real-heads.ipynb").read_text(encoding="utf-8"))
    scope: dict = {"torch": torch}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        for name in ("previous_score", "induction_score"):
            if cell["cell_type"] == "code" and f"def {name}(" in source:
                start = source.index(f"def {name}(")
                exec(source[start:].split("\n\n\n")[0], scope)
    return scope


def test_the_pages_scores_are_ours():
    a = weights_of(2, 3, 5, 10, 10)  # layers, sequences, heads, as the page has them
    page = functions_of_the_page()
    tokens = list("abcde")
    ours = templates(tokens + tokens)
    for name, kind in (("previous_score", "previous"), ("induction_score", "induction")):
        theirs = page[name](a, *([5] if kind == "induction" else []))
        assert_close(head_scores(a, ours[kind]).mean(dim=1), theirs)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("previous", [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]),
        ("induction", [(3, 1), (4, 2), (5, 2), (5, 5)]),  # after b stood c, and then the b that looks
        ("duplicate", [(3, 0), (4, 1), (5, 1), (5, 4)]),
        ("rest", [(t, s) for t in (1, 2, 3, 4) for s in (0, 5)]),
    ],
)
def test_which_cells_count(kind, cells):
    template = templates(WORDS, rest=(0, 5))[kind]
    assert sorted(map(tuple, template.nonzero().tolist())) == sorted(cells)
    rows = {t for t, _ in cells}
    assert_close(template[template > 0], torch.full((len(cells),), 1 / len(rows), dtype=torch.float64))


def test_whoever_looks_where_the_template_says_scores_one():
    for kind, template in templates(WORDS, rest=(0,)).items():
        a = torch.where(template > 0, 1.0, 0.0).double()
        empty = a.sum(dim=1) == 0
        a[empty, 0] = 1
        assert head_scores(a / a.sum(dim=1, keepdim=True), template).item() == pytest.approx(1), kind


def test_a_pronoun_scores_what_goes_right_less_what_goes_wrong():
    a = weights_of(4, 6, 6)
    template = templates(WORDS, pronouns=[(2, 0, 1), (5, 1, 0)])["pronoun"]
    expected = (a[:, 2, 0] - a[:, 2, 1] + a[:, 5, 1] - a[:, 5, 0]) / 2
    assert_close(head_scores(a, template), expected)


def test_a_sentence_has_only_the_scores_that_it_can_have():
    assert list(templates("a b c".split())) == ["previous", "rest"]
    assert list(templates(["a"])) == []
    assert list(templates(["a", "a"])) == ["previous", "induction", "duplicate", "rest"]
    assert list(templates(WORDS, pronouns=[(1, 2, 3)])) == list(KINDS)
    assert "rest" not in templates("a b".split(), rest=())


@pytest.mark.parametrize("places", [{"rest": (3,)}, {"rest": (-1,)}, {"pronouns": [(0, 1, 3)]}])
def test_places_that_are_not_there_are_refused(places):
    with pytest.raises(ValueError, match="there are 3 words, so a place is at least 0 and below 3; got"):
        templates("a b c".split(), **places)

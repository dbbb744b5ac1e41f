"""The table of letters: it has each letter of the rule, and says of each where it is first used and explained."""

import copy
import re

import pytest
from test_rules import ROOT

import notation
from glossary import reading_order

LISTS = notation.read(ROOT)
PAGES = {page: notation.prose_of(ROOT, page) for page in reading_order(ROOT) if not page.startswith("chapters/09/")}
RULE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def sizes_of_rule(text: str) -> set[str]:
    """The sizes of CONTRIBUTING.md's legend: the first word in code of each cell, and what is said beside it."""
    legend = text.split("## The tensor legend")[1].split("The names are the same")[0]
    rows = [line for line in legend.splitlines() if line.startswith("| `")]
    cells = [cell for row in rows for cell in row.strip("| ").split(" | ")]
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


def matrices_of_rule(text: str) -> set[str]:
    (sentence,) = re.findall(r"((?:`\w`,? (?:and )?)+`?\w?`?, the scores, are\s+matrices)", text)
    return set(re.findall(r"`(\w)`", sentence))


def missing(text: str, lists: dict) -> set[str]:
    """The letters that one of rule and table has, and the other has not."""
    sizes = {row.get("code", row["name"]) for row in lists["sizes"]}
    matrices = {row["name"] for row in lists["matrices"]}
    return (sizes_of_rule(text) ^ sizes) | (matrices_of_rule(text) ^ matrices)


def test_the_table_has_the_letters_of_the_rule():
    assert sizes_of_rule(RULE) == {"B", "T", "S", "D", "H", "d_k", "d_v", "F", "n_vocab"}
    assert matrices_of_rule(RULE) == set("QKVACXWZ")
    assert missing(RULE, LISTS) == set()


@pytest.mark.parametrize(("which", "letter"), [("sizes", "B"), ("sizes", "d_v"), ("matrices", "Z"), ("matrices", "W")])
def test_a_missing_letter_is_named(which, letter):
    broken = copy.deepcopy(LISTS)
    broken[which] = [row for row in broken[which] if row["name"] != letter]
    assert missing(RULE, broken) == {letter}


def test_a_letter_that_the_rule_has_more_is_named():
    more = RULE.replace("| `S` | key positions", "| `E` | experts", 1)
    assert missing(more, LISTS) == {"E", "S"}
    assert missing(RULE.replace("`X`, `W` and `Z`", "`X`, `W`, `U` and `Z`", 1), LISTS) == {"U"}


def test_each_letter_is_used_where_the_table_says():
    assert notation.faults(LISTS, PAGES) == []


def changed(which: str, letter: str, **change: object) -> dict:
    lists = copy.deepcopy(LISTS)
    (row,) = [row for row in lists[which] if row.get("name") == letter]
    row.update(change)
    return lists


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (
            changed("sizes", "B", first="notebooks/04-1-one-head"),
            "sizes, B: first used in notebooks/03-1-self-attention",
        ),
        (changed("sizes", "B", page="notebooks/01-7-for-you"), "sizes, B: notebooks/01-7-for-you does not use it"),
        (changed("matrices", "K", colour="red"), "matrices, K: unknown key 'colour'"),
        ({**LISTS, "elsewhere": []}, "there is no list elsewhere"),
        ({**LISTS, "elsewhere": LISTS["elsewhere"][1:]}, "sizes, T: first used in notebooks/01-4-counting"),
        ({**LISTS, "others": [{"name": "q", "is": "a query"}]}, "others, q: no 'page'"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(lists, words):
    assert any(words in fault for fault in notation.faults(lists, PAGES)), notation.faults(lists, PAGES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$D$ wide", "D"),
        ("$$3D + 4$$", "D"),
        ("$QK^{\\mathsf T}$", "QK"),
        ("$h_T$ and $x^T$ and $\\sum_{t=1}^{T} t$", ""),
        ("$\\text{The Total}$ costs 5 $ or D", ""),
        ("$d_k$ and $d_{kk}$", ""),
    ],
)
def test_letters_are_found_in_formulas_alone(text, found):
    assert {letter for letter in "BDHKQT" if notation.has(text, letter)} == set(found)


def test_longer_names_are_found_as_they_are():
    assert notation.has("$n_{\\text{vocab}}$", r"n_{\text{vocab}}")
    assert notation.has("a width $d_k$", "d_k")
    assert not notation.has("$dd_k$ and d_k", "d_k")


def test_what_pages_use_otherwise_is_listed_once_in_their_order():
    pairs = [(row["name"], row["page"]) for row in LISTS["elsewhere"]]
    assert len(pairs) == len(set(pairs))
    shown = [row["page"] for row in notation.ordered(LISTS["elsewhere"], "elsewhere", ROOT)]
    assert shown == sorted(shown, key=list(PAGES).index)
    assert notation.ordered(LISTS["sizes"], "sizes", ROOT) == LISTS["sizes"]
    ruled = {row["name"] for which in ("sizes", "matrices") for row in LISTS[which]}
    assert {name for name, _ in pairs} <= ruled

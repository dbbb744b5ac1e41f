"""The ledger of facts: every row is in it, with its source and months, and is shown on a page of the book."""

import re

import pytest
from test_rules import ROOT

import claims_ledger
from claims import COLUMNS, read

LEDGER = "chapters/09/claims"
ROWS = [{"id": "a-one", "value": "1"}, {"id": "a-two", "value": "2"}, {"id": "b", "value": "3"}]


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_every_row_is_shown_on_a_page(name):
    rows = read(name, ROOT)
    links = claims_ledger.pages_that_show(rows, name, ROOT, LEDGER)
    assert list(links) == [row["id"] for row in rows]
    assert [row_id for row_id, pages in links.items() if not pages] == [], "a fact that no page shows"
    for target in re.findall(r"\]\(([^)]+)\)", " ".join(map(" ".join, links.values()))):
        assert (ROOT / LEDGER).parent.joinpath(target).is_file()


def test_every_table_has_its_place_in_the_ledger():
    page = (ROOT / f"{LEDGER}.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^```\{claims-ledger\} (\w+)$", page, re.MULTILINE)) == sorted(COLUMNS)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("took {claim}`a-one` %", {"a-one"}),
        ("{claim}`claims b value`", {"b"}),
        ("{claim}`models b parameters_billion`", set()),
        ("```{cited-rows} claims\n:ids: a-two b\n```", {"a-two", "b"}),
        ("```{cited-rows} claims\n```", {"a-one", "a-two", "b"}),
        ("```{cited-rows} history\n```", set()),
        ('x = {row["id"]: row for row in rows("claims")}\nx["a-two"]', {"a-two"}),
        ('x = {row["id"]: row for row in rows("claims")}\nx[f"{name}-two"] for name in ("a",)', {"a-two"}),
        ('x = {row["id"]: row for row in rows("claims")}\nx[f"a-{name}"] for name in ("one", "three")', {"a-one"}),
        ('x = {row["id"]: row for row in rows("claims")}\nx[f"{name}"]', set()),
        ('x["a-two"]', set()),
        ('x = {row["id"]: row for row in rows("models")}\nx["a-two"]\nfor row in rows("claims"):', set()),
        ("a-one and b are words", set()),
        ("{claim}`nobody`", set()),
    ],
)
def test_what_a_page_shows_is_read_off_it(words, found):
    assert claims_ledger.shown_in(words, ROWS, "claims") == found


def test_corrections_of_the_document_belong_to_the_page_that_shows_them():
    words = claims_ledger.said_on(ROOT / "chapters/02/index.md", ROOT)
    assert "{claim}`dalle-parameters`" in words
    assert "{claim}`dalle-parameters`" not in (ROOT / "chapters/02/index.md").read_text(encoding="utf-8")


def test_a_name_that_two_tables_share_is_not_taken_from_the_other_one():
    links = claims_ledger.pages_that_show(read("history", ROOT), "history", ROOT, LEDGER)
    assert not any("01-5-charts" in link for link in links["gpt3"]), "page 1.5 names the model"
    links = claims_ledger.pages_that_show(read("models", ROOT), "models", ROOT, LEDGER)
    assert any("01-5-charts" in link for link in links["gpt3"])


def test_a_row_is_one_sentence():
    said = {name: {row["id"]: claims_ledger.sentence(name, row) for row in read(name, ROOT)} for name in COLUMNS}
    assert said["claims"]["georgetown-rules"] == "Rules of grammar in the same demonstration: **6 rules**"
    assert said["history"]["turing"].startswith("1950: Turing asks")
    plain = {key: text.replace("\N{NON-BREAKING HYPHEN}", "-") for key, text in said["milestones"].items()}
    assert plain["gpt2"] == "2019-02, OpenAI, GPT-2: does some tasks nobody trained it for; reads 1,024 tokens"
    assert "540 billion parameters" in said["models"]["palm"]
    assert "no size published" in said["models"]["gpt4"]
    assert said["tools"]["ollama"].startswith("Ollama, to run a model on a laptop: ")


def test_an_event_of_the_past_has_no_month():
    assert claims_ledger.month({"as_of": "2026-11"}, "as_of").replace("\N{NON-BREAKING HYPHEN}", "-") == "2026-11"
    assert claims_ledger.month({"year": "1950"}, "as_of") == "—"

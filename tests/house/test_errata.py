"""Errata: each row is whole and leads somewhere, and a row that is not stops the build by its name."""

import copy
import re
from types import SimpleNamespace

import pytest
from test_rules import ROOT

import errata

LISTS = errata.read(ROOT)


def test_the_rows_are_whole():
    assert errata.faults(LISTS, ROOT) == []
    assert len(LISTS["document"]) >= 30
    assert len(LISTS["book"]) >= 5


def broken(name: str, **change: object) -> dict:
    """The lists with the second row of one changed; a value of None takes the key away."""
    lists = copy.deepcopy(LISTS)
    row = {**lists[name][1], **change}
    lists[name][1] = {key: value for key, value in row.items() if value is not None}
    return lists


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (broken("document", right=None), "errata.yml, document, row 2: no 'right'"),
        (broken("document", says=""), "errata.yml, document, row 2: no 'says'"),
        (broken("document", wright="x"), "errata.yml, document, row 2: unknown key 'wright'"),
        (broken("document", section="6.1"), "row 2: 'section': the document has no '6.1'"),
        (broken("document", section=["1.1", "9"]), "row 2: 'section': the document has no '9'"),
        (broken("document", chapter="17"), "row 2: 'chapter': there is no chapter '17'"),
        (broken("document", shown="the timeline"), "row 2: 'shown' leads nowhere"),
        (broken("document", shown="[1.9](../01/9-none.md)"), "row 2: 'shown': there is no page ../01/9-none.md"),
        (broken("document", right="[x](../01/9-none.md)"), "row 2: 'right': there is no page ../01/9-none.md"),
        (broken("book", page="notebooks/01-9-none"), "errata.yml, book, row 2: 'page': there is no page"),
        (broken("book", version="0.0.9"), "row 2: 'version': the changes know no '0.0.9'"),
        (broken("book", date="2026-13-01"), "row 2: 'date': '2026-13-01' is no day"),
        (broken("book", found=None), "errata.yml, book, row 2: no 'found'"),
        ({"document": ["a sentence"], "book": LISTS["book"]}, "document, row 1: 'a sentence' has no keys"),
        ({"document": LISTS["document"]}, "there is no list 'book'"),
        ({**LISTS, "films": []}, "'films' is no list of errata"),
    ],
)
def test_a_bad_row_is_named_with_its_key(lists, words):
    found = errata.faults(lists, ROOT)
    assert len(found) == 1
    assert words in found[0]


def test_a_bad_row_stops_the_page_that_shows_it(tmp_path):
    (tmp_path / "chapters/09").mkdir(parents=True)
    (tmp_path / errata.DATA).write_text("document:\n  - says: only this\nbook: []\n", encoding="utf-8")
    page = SimpleNamespace(
        env=SimpleNamespace(srcdir=str(tmp_path), note_dependency=lambda path: None),
        arguments=["document"],
        options={},
        error=RuntimeError,
    )
    with pytest.raises(RuntimeError, match=r"document, row 1: no 'chapter'; .*document, row 1: no 'right'"):
        errata.Errata.run(page)
    page.arguments = ["films"]
    with pytest.raises(RuntimeError, match="errata of document and of book, and none of 'films'"):
        errata.Errata.run(page)


def test_each_chapter_shows_its_own_rows():
    shown = re.compile(r"^```\{errata\} document\n:chapter: (\d+)\n```$", re.MULTILINE)
    for chapter in {row["chapter"] for row in LISTS["document"]}:
        index = (ROOT / f"chapters/{chapter.zfill(2)}/index.md").read_text(encoding="utf-8")
        assert shown.findall(index) == [chapter]
        assert len(errata.rows_of_document(LISTS["document"], chapter)) >= 4


def test_all_rows_together_follow_the_document():
    rows = errata.rows_of_document(LISTS["document"], None)
    sections = [re.search(r"\(([\d.]+)(?: and [\d.]+)*\)\.$", row[0])[1] for row in rows]
    assert len(rows) == len(LISTS["document"])
    assert sections == sorted(sections, key=lambda section: [int(n) for n in section.split(".")])


def test_a_row_of_the_book_names_page_version_and_day():
    row = {"page": "notebooks/04-1-one-head", "version": "0.2.0", "date": "2026-11-26", "stood": "a", "right": "b"}
    ((page, stood, right, found, day),) = errata.rows_of_book([{**row, "found": "c"}], ROOT)
    assert page == "[4.1](../../notebooks/04-1-one-head.ipynb)"
    assert (stood, right, found) == ("a (Version 0.2.0.)", "b", "c")
    assert day.replace("\N{NON-BREAKING HYPHEN}", "-") == "2026-11-26"


def test_the_changes_are_shown_from_their_one_file():
    page = (ROOT / "chapters/09/errata.md").read_text(encoding="utf-8")
    assert "```{include} ../../CHANGELOG.md\n" in page
    assert "## 0." not in page

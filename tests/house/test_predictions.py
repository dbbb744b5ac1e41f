"""Predictions: each row is whole and can be judged, none is forgotten when it is due, and the score is Brier's."""

import random
import statistics
from datetime import date
from types import SimpleNamespace

import pytest
from test_claims import keys_of
from test_rules import ROOT

import predictions

ROWS = predictions.read(ROOT)
KEYS = keys_of(ROOT / "references.bib")
TODAY = date.today().strftime("%Y-%m")
ROW = {key: "x" for key in predictions.KEYS} | {
    **{"id": "a", "topic": "technology", "p": "0.70", "made": "2026-11", "due": "2028-02", "as_of": "2026-10"},
    **{"source": "k", "judge": "the {cite}`k` list", "true_if": "the value is 5 or more."},
}
JUDGED = {"outcome": "true", "judged": "2028-02-20", "by": "the list of February 2028"}


def test_the_rows_are_whole_and_none_is_forgotten():
    found = predictions.faults(ROWS, KEYS, TODAY)
    assert not found, "\n".join(found)


def test_there_are_enough_of_them_of_every_kind_and_date():
    assert len(ROWS) >= 12
    assert {row["topic"] for row in ROWS} == set(predictions.TOPICS)
    assert {row["due"][:4] for row in ROWS} >= {"2027", "2028", "2029", "2030"}
    assert all(row["made"] == "2026-11" and row["due"] >= "2027-01" for row in ROWS)
    assert len({row["short"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"judge": ""}, "prediction a: no 'judge'"),
        ({"false_if": None}, "prediction a: no 'false_if'"),
        ({"source": ""}, "prediction a: no 'source'"),
        ({"source": "k nobody1900"}, "prediction a: 'nobody1900' is not in the bibliography"),
        ({"sure": "yes"}, "prediction a: unknown key 'sure'"),
        ({"p": "70"}, "'p': '70' is no probability"),
        ({"p": "0.00"}, "'p': '0.00' is no probability"),
        ({"p": "1.0"}, "'p': '1.0' is no probability"),
        ({"due": "soon"}, "'due': 'soon' is no month"),
        ({"due": "2026-11"}, "made in 2026-11 and due in 2026-11: not in this order"),
        ({"as_of": "2026-12"}, "seen in 2026-12, made in 2026-11"),
        ({"topic": "films"}, "'topic': 'films' is none of"),
        ({"outcome": "true"}, "judged, and no 'judged'; prediction a: judged, and no 'by'"),
        (JUDGED | {"outcome": "perhaps"}, "'outcome': 'perhaps' is not true or false"),
        (JUDGED | {"judged": "2028-02"}, "'judged': '2028-02' is no day"),
        (JUDGED | {"judged": "2025-02-20"}, "2025-02-20 is before it was made, or still to come"),
        (JUDGED | {"judged": "2029-02-20"}, "2029-02-20 is before it was made, or still to come"),
    ],
)
def test_each_fault_is_named(change, message):
    assert predictions.faults([ROW], {"k"}, "2028-02") == []
    assert message in "; ".join(predictions.faults([ROW | change], {"k"}, "2028-02"))


def test_a_row_whose_month_is_past_fails_until_it_has_an_outcome():
    assert predictions.faults([ROW], {"k"}, "2028-02") == []
    (found,) = predictions.faults([ROW], {"k"}, "2028-03")
    assert found.startswith(
        "prediction a: it was due in 2028-02 and has no outcome. Look at the list; it has come true if"
    )
    assert "the value is 5 or more." in found
    assert "chapters/08/predictions.yml its outcome (true or false), judged (the day) and by" in found
    assert predictions.faults([ROW | JUDGED], {"k"}, "2028-03") == []


def test_every_row_of_the_book_would_be_asked_for_in_its_time():
    for row in ROWS:
        bare = {key: value for key, value in row.items() if key not in predictions.VERDICT}
        assert predictions.faults([bare], KEYS, row["due"]) == []
        assert predictions.faults([bare], KEYS, "2031-01"), row["id"]


def test_two_rows_of_one_name_are_seen_and_the_book_needs_no_other_source_for_itself():
    assert predictions.faults([ROW, ROW], {"k"}, TODAY) == ["two predictions are called 'a'"]
    own = {key: value for key, value in ROW.items() if key != "source"} | {"topic": "this book"}
    assert predictions.faults([own], {"k"}, TODAY) == []


def rows_of(*said: tuple[float, bool]) -> list[dict[str, str]]:
    return [{"p": f"{p:.2f}", "outcome": str(came).lower()} for p, came in said]


def test_the_score_is_the_mean_of_the_squares():
    assert predictions.brier(rows_of((0.9, True), (0.2, False), (0.6, False))) == pytest.approx(
        (0.01 + 0.04 + 0.36) / 3
    )
    assert predictions.brier(rows_of((0.5, True), (0.5, False))) == predictions.COIN
    flipped = predictions.brier(rows_of((0.9, False), (0.2, True), (0.6, True)))
    assert flipped > 0.5


def test_the_expected_score_is_what_chance_gives():
    """A million verdicts drawn by the probabilities themselves: their mean score, and how far it strays."""
    mean, spread = predictions.expected(ROWS)
    rng, chances = random.Random(0), [float(row["p"]) for row in ROWS]
    scores = [statistics.fmean((p - (rng.random() < p)) ** 2 for p in chances) for _ in range(20_000)]
    assert mean == pytest.approx(statistics.fmean(scores), abs=0.002)
    assert spread == pytest.approx(statistics.pstdev(scores), rel=0.05)
    assert mean < predictions.COIN
    assert predictions.expected(rows_of((0.5, True), (0.5, True))) == (predictions.COIN, 0.0)


def test_the_page_says_the_score_of_the_file():
    words = predictions.score_words(ROWS)
    assert f"There are {len(ROWS)} rows" in words
    assert f"{sum(float(row['p']) * (1 - float(row['p'])) for row in ROWS) / len(ROWS):.3f}" in words
    assert "Who says 50 % each time gets 0.25" in words
    one = [ROW | JUDGED, ROW | {"id": "b"}]
    assert "Judged so far: 1, of which 1 came true. Their score is 0.090, where 0.210 was" in predictions.score_words(
        one
    )


def test_what_is_due_is_opened_with_its_outcome():
    assert not predictions.is_open_to_judgement(ROW, "2028-01")
    assert predictions.is_open_to_judgement(ROW, "2028-02")
    assert predictions.is_open_to_judgement(ROW | JUDGED, "2027-01")
    assert predictions.row_of_due(ROW | JUDGED)[1:] == [
        "70 %, 2026‑11",
        "2028‑02",
        "it came true",
        "the list of February 2028 (2028‑02‑20)",
    ]
    assert predictions.row_of_due(ROW)[3:] == ["not judged yet", ""]
    assert predictions.row_of_all(ROW | JUDGED)[2] == "2028‑02: it came true"
    assert predictions.first_due(ROWS).startswith("None is due yet. The first is, in 2027‑02: ")


def test_a_page_asks_for_what_there_is():
    page = SimpleNamespace(
        env=SimpleNamespace(srcdir=str(ROOT), note_dependency=lambda path: None),
        arguments=["films"],
        error=RuntimeError,
    )
    with pytest.raises(RuntimeError, match="all, rules, due and score of predictions, and no 'films'"):
        predictions.Predictions.run(page)


def test_the_errata_open_what_is_due():
    assert "```{predictions} due\n```" in (ROOT / "chapters/09/errata.md").read_text(encoding="utf-8")

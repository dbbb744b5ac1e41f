"""Facts about the world have a source and a date, and are looked up again in time; and the guards can fail."""

import re
from datetime import date
from pathlib import Path

import pytest

from claims import COLUMNS, cell, chosen, faults, markdown, number, read
from llmbook.pages import facts
from notebook_figure import stored_figures

ROOT = Path(__file__).resolve().parents[2]
CLAIM = {"id": "a", "claim": "c", "value": "1", "unit": "%", "source": "k", "as_of": "2026-11", "review_by": "2028-11"}


def keys_of(bibliography: Path) -> set[str]:
    return set(re.findall(r"^@\w+\{([^,\s]+),", bibliography.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_every_row_has_a_source_and_is_not_overdue(table):
    found = faults(table, read(table, ROOT), keys_of(ROOT / "references.bib"), date.today().strftime("%Y-%m"))
    assert not found, "\n".join(found)


def test_the_library_reads_the_same_tables():
    assert sorted(facts.TABLES) == sorted(COLUMNS)
    for table in COLUMNS:
        assert facts.rows(table) == read(table, ROOT)
    with pytest.raises(ValueError, match="no table 'rumours'; there are claims, history, milestones, models, tools"):
        facts.rows("rumours")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": ""}, "claims, row 'a' has no source"),
        ({"source": "k nobody1900"}, "claims, row 'a': 'nobody1900' is not in the bibliography"),
        ({"as_of": ""}, "claims, row 'a' has no date as_of (YYYY-MM)"),
        ({"review_by": "soon"}, "claims, row 'a' has no date review_by (YYYY-MM)"),
        ({"as_of": "2026-13", "review_by": None}, "claims, row 'a' has no date as_of and review_by (YYYY-MM)"),
        ({"review_by": "2029-12"}, "was looked at in 2026-11, so its review cannot be in 2029-12"),
        ({"review_by": "2026-11"}, "was looked at in 2026-11, so its review cannot be in 2026-11"),
        ({"as_of": "2024-01", "review_by": "2026-11"}, "claims, row 'a' was to be reviewed by 2026-11: look"),
    ],
)
def test_each_guard_can_fail(change, message):
    assert faults("claims", [CLAIM], {"k"}, "2026-12") == []
    (found,) = faults("claims", [CLAIM | change], {"k"}, "2026-12")
    assert message in found


def test_a_row_is_due_the_month_after_its_review_date():
    assert faults("claims", [CLAIM], {"k"}, "2028-11") == []
    assert "reviewed by 2028-11" in faults("claims", [CLAIM], {"k"}, "2028-12")[0]


def test_an_event_needs_its_year_and_names_are_unique():
    event = {"id": "e", "year": "1950", "event": "x", "source": "k"}
    assert faults("history", [event], {"k"}, "2026-12") == []
    assert faults("history", [event | {"year": "c. 1950"}], {"k"}, "2026-12") == ["history, row 'e' has no year"]
    assert faults("history", [event, event], {"k"}, "2026-12") == ["history: two rows are called 'e'"]


def test_a_table_shows_its_numbers_and_cites_its_sources():
    assert markdown([CLAIM | {"source": "k l"}], ["claim", "value", "source"])[2] == "| c | 1 % | {cite}`k,l` |"
    sizes = {"a_billion": "0.117", "b_billion": "1571", "c_billion": "", "d_billion": "174.6"}
    assert [cell(sizes, column) for column in sizes] == ["0.117", "1,571", "—", "174.6"]
    assert [cell({"licence": name}, "licence") for name in ("MIT", "")] == ["MIT", "—"]
    assert [cell({"context_tokens": n}, "context_tokens") for n in ("1048576", "")] == ["1,048,576", "—"]
    assert cell(CLAIM | {"value": "2027-12-02", "unit": ""}, "value").split("\N{NON-BREAKING HYPHEN}")[0] == "2027"
    with pytest.raises(KeyError, match="nobody"):
        chosen([CLAIM], ["nobody"])


def test_a_sentence_shows_a_number_that_is_there():
    assert number(["xcon-rules"], ROOT) == "6,200"
    assert number(["models", "palm", "parameters_billion"], ROOT) == "540"
    assert number(["tools", "tgi", "licence"], ROOT) == "Apache-2.0"
    for missing in (["nobody"], ["models", "gpt4", "parameters_billion"], ["models", "palm"]):
        with pytest.raises((KeyError, ValueError)):
            number(missing, ROOT)


def test_a_page_finds_the_figures_of_a_notebook():
    figures = stored_figures(ROOT / "notebooks/01-5-charts.ipynb")
    assert len(figures) >= 2
    assert all(svg.startswith("<svg ") and 'aria-label="' in svg for svg in figures)

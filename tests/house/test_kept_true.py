"""The figures of how the book is kept true: each is counted here once more, in another way."""

import csv
import json
import re

import pytest
import yaml
from test_rules import ROOT

import kept_true
from llmbook.pages import facts

FIGURES = {what: how_much for what, how_much, _ in kept_true.figures(ROOT)}
PAGE = (ROOT / "chapters/09/kept-true.md").read_text(encoding="utf-8")


def numbers(what: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", FIGURES[what])]


def test_cells_compared_and_not():
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("notebooks/*.ipynb")]
    code = sum(text.count('"cell_type": "code"') for text in texts)
    left_out = sum(text.count('"# NBVAL_IGNORE_OUTPUT') + text.count('"nbval-ignore-output"') for text in texts)
    assert numbers("outputs of code cells") == [code - left_out, left_out]
    assert numbers("figures of training runs") == [sum(text.count("[words only, digest ") for text in texts)]


def test_each_guard_has_a_proof_and_its_files_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## How the book is kept true")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert numbers("guards, each with its proof") == [len(lines)]
    rows = kept_true.guards(ROOT)
    assert [len(row) for row in rows] == [3] * len(lines)
    assert all(cell for row in rows for cell in row), "a guard without a proof"
    named = re.findall(r"`(tests/[\w/.]+)`", section)
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_tests_and_canaries():
    functions = re.compile(r"^\s*(?:async )?def test_\w*\(", re.MULTILINE)
    counted = {
        folder: sum(len(functions.findall(path.read_text(encoding="utf-8"))) for path in paths)
        for folder in kept_true.PLACES
        if (paths := [path for path in (ROOT / "tests" / folder).rglob("test_*.py")])
    }
    assert numbers("test functions") == [sum(counted.values()), *sorted(counted.values(), reverse=True)]
    canaries = (ROOT / "tests/notebooks/test_canaries.py").read_text(encoding="utf-8")
    assert numbers("tests that break pages on purpose") == [len(functions.findall(canaries)) - 1]
    assert canaries.count("is_green(") == 1


def test_bars_kept_and_missed():
    text = (ROOT / "benchmarks/results.json").read_text(encoding="utf-8")
    barred = len(re.findall(r'"bar": [\d.]', text))
    missed = text.count('"ok": false')
    assert numbers("bars of speed and memory") == [barred - missed, missed]
    assert len(kept_true.table_of("missed", ROOT)) == 2 + missed
    for result in json.loads(text)["results"]:  # every bar is an upper one
        if result["bar"] is not None:
            assert result["ok"] == (result["value"] <= result["bar"]), result["what"]


def test_mistakes_planted_and_noticed():
    table = (ROOT / "tests/mutants/results.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!\*\*)[^|]+ \| (?:operators|hand) \| (\d+)[^|]*\| (\d+)", table, re.MULTILINE)
    assert numbers("mistakes planted") == [sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)]
    assert len(kept_true.table_of("mutants", ROOT)) == 2 + len(rows)


def test_facts_and_their_next_review():
    rows = [row for table in facts.TABLES for row in facts.rows(table)]
    works = {key for row in rows for key in row["source"].split()}
    assert numbers("facts that can age") == [len(rows), len(works)]
    with (ROOT / "src/llmbook/pages/facts/tools.csv").open(encoding="utf-8", newline="") as file:
        earliest_tool = min(row["review_by"] for row in csv.DictReader(file))
    assert FIGURES["the next fact to be looked up again"].replace("‑", "-") <= earliest_tool
    assert all(
        row["review_by"] >= FIGURES["the next fact to be looked up again"].replace("‑", "-")
        for row in rows
        if row.get("review_by")
    )


def test_corrections_and_predictions():
    errata = (ROOT / "chapters/09/errata.yml").read_text(encoding="utf-8")
    assert numbers("corrections") == [
        len(re.findall(rf"^  - {key}:", errata, re.MULTILINE)) for key in ("chapter", "page")
    ]
    rows = yaml.safe_load((ROOT / "chapters/08/predictions.yml").read_text(encoding="utf-8"))
    judged = sum("outcome" in row for row in rows)
    due = min(str(row["due"]) for row in rows if "outcome" not in row)
    assert FIGURES["predictions"].replace("‑", "-") == f"{len(rows)}, of which {judged} judged; the next in {due}"


def test_the_page_types_none_of_them():
    shown = re.findall(r"^```\{(?:kept-true|uncompared-cells)\} ?(\w*)$", PAGE, re.MULTILINE)
    assert shown == ["figures", "", "guards", "mutants", "missed"]
    prose = re.sub(r"\(\S+\)|```.*?```", "", PAGE, flags=re.DOTALL)
    assert re.findall(r"(?<!a )\b\d+\b", prose) in ([], ["2"]), "a number that nobody counts"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def test_a():\n    pass\n", 1),
        ("class A:\n    def test_b(self):\n        pass\n", 1),
        ("def helper():\n    pass\n", 0),
    ],
)
def test_a_test_is_a_function_by_its_name(tmp_path, text, count):
    (tmp_path / "test_x.py").write_text(text, encoding="utf-8")
    assert len(kept_true.tests_in(tmp_path / "test_x.py")) == count


def test_no_missed_bar_is_said_in_words(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/results.json").write_text(json.dumps({"results": [{"bar": 1.0, "ok": True}]}))
    assert kept_true.table_of("missed", tmp_path) == ["None: every bar is kept."]


def test_a_figure_follows_its_file(tmp_path):
    for name, old, new in (
        ("benchmarks/results.json", '"ok": true', '"ok": false'),
        ("tests/mutants/results.json", '"killed": 410', '"killed": 409'),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert len(kept_true.benchmarks(tmp_path)[1]) == len(kept_true.benchmarks(ROOT)[1]) + 1
    killed = [sum(row["killed"] for row in kept_true.mutants(root).values()) for root in (ROOT, tmp_path)]
    assert killed[0] - killed[1] == 1
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (tmp_path / "CONTRIBUTING.md").write_text(text.replace("| errata | ", "errata, ", 1), encoding="utf-8")
    assert len(kept_true.guards(tmp_path)) < len(kept_true.guards(ROOT))

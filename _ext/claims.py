"""Facts that age, shown from the rows of ``src/llmbook/pages/facts``, so that nobody types them twice.

```{cited-rows} claims            a table of the rows named (all of them without ``ids``), each with its citation
:ids: xcon-start xcon-rules
```
{claim}`xcon-rules`               the number of a claim alone, inside a sentence
{claim}`models palm parameters_billion`   one cell of another table

``faults`` says what is wrong with a table: a row without a source or a date, a source the bibliography lacks, a row
whose review is due. ``tests/house/test_claims.py`` asks it about every table.
"""

import csv
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

from markdown_rows import parsed, table_lines, unbroken

DATA = Path("src/llmbook/pages/facts")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
LONGEST = 36  # months until a row is looked at again
HEADINGS = {
    "year": "year",
    "event": "event",
    "claim": "what was measured, or ruled",
    "value": "value",
    "model": "model",
    "organisation": "made by",
    "date": "month",
    "weights": "weights",
    "context_tokens": "tokens it reads",
    "what": "what was new",
    "parameters_billion": "parameters (billion)",
    "active_billion": "used for a token (billion)",
    "tokens_billion": "training tokens (billion)",
    "note": "note",
    "need": "what you need",
    "tool": "what to use",
    "why": "why",
    "not_when": "when not",
    "licence": "licence",
    "seen": "what we saw",
    "source": "source",
    "as_of": "as of",
}
COLUMNS = {
    "claims": ["claim", "value", "source", "as_of"],
    "history": ["year", "event", "source"],
    "milestones": ["date", "model", "organisation", "what", "context_tokens", "source"],
    "models": ["date", "model", "parameters_billion", "active_billion", "tokens_billion", "source"],
    "tools": ["need", "tool", "why", "not_when", "source"],
}


def table_path(table: str, root: Path) -> Path:
    return root / DATA / f"{table}.csv"


def read(table: str, root: Path) -> list[dict[str, str]]:
    with table_path(table, root).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def chosen(rows: list[dict[str, str]], ids: list[str]) -> list[dict[str, str]]:
    """The rows named, in that order; all of them where none is named. Raises ``KeyError`` for a name of no row."""
    by_id = {row["id"]: row for row in rows}
    return [by_id[name] for name in ids] if ids else rows


# --- what can be wrong -----------------------------------------------------------------------------------------


def months(date: str) -> int:
    return 12 * int(date[:4]) + int(date[5:7])


def faults(table: str, rows: list[dict[str, str]], keys: set[str], today: str) -> list[str]:
    """One sentence for each thing wrong with ``rows``; ``keys`` are the bibliography's, ``today`` is a month."""
    ids = [row.get("id", "") for row in rows]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    found = [f"{table}: two rows are called {name!r}" for name in twice]
    for row in rows:
        name = f"{table}, row {row.get('id')!r}"
        sources = (row.get("source") or "").split()
        found += [] if sources else [f"{name} has no source"]
        found += [f"{name}: {key!r} is not in the bibliography" for key in sources if key not in keys]
        found += [f"{name} {words}" for words in dates_at_fault(row, table == "history", today)]
    return found


def dates_at_fault(row: dict[str, str], settled: bool, today: str) -> list[str]:
    """An event of the past needs its year; all else needs the months of its last look and of its next."""
    if settled:
        return [] if re.fullmatch(r"\d{4}", row.get("year") or "") else ["has no year"]
    as_of, review_by = row.get("as_of") or "", row.get("review_by") or ""
    missing = [what for what, date in (("as_of", as_of), ("review_by", review_by)) if not MONTH.fullmatch(date)]
    if missing:
        return [f"has no date {' and '.join(missing)} (YYYY-MM)"]
    if not 0 < months(review_by) - months(as_of) <= LONGEST:
        return [f"was looked at in {as_of}, so its review cannot be in {review_by} (within {LONGEST} months)"]
    return [f"was to be reviewed by {review_by}: look the fact up again"] if today > review_by else []


# --- on a page -------------------------------------------------------------------------------------------------


def cell(row: dict[str, str], column: str) -> str:
    text = row[column]
    if column == "source":
        return f"{{cite}}`{','.join(text.split())}`"
    if column in ("date", "as_of") or DATE.fullmatch(text):
        return unbroken(text)
    if column == "value":
        return f"{text} %" if row["unit"] == "%" else f"{text} {row['unit']}".strip()
    if column == "context_tokens":
        return f"{int(text):,}" if text else "—"
    if column == "licence":
        return text or "—"
    if column.endswith("_billion"):
        return f"{float(text):,.4g}" if 0 < float(text or 0) < 1000 else f"{float(text):,.0f}" if text else "—"
    return text


def markdown(rows: list[dict[str, str]], columns: list[str]) -> list[str]:
    """The rows as the lines of a Markdown table."""
    return table_lines(
        [HEADINGS[column] for column in columns], [[cell(row, column) for column in columns] for row in rows]
    )


def number(parts: list[str], root: Path) -> str:
    """The value of a claim, or the cell named by table, row and column. Raises where there is none, or it is empty."""
    table, name, column = parts if len(parts) == 3 else ["claims", *parts, "value"]
    (row,) = chosen(read(table, root), [name])
    if not row[column]:
        raise KeyError(column)
    return row["value"] if column == "value" else cell(row, column)


def words(argument: str) -> list[str]:
    return argument.split()


class CitedRows(SphinxDirective):
    required_arguments = 1
    option_spec = {"ids": words, "columns": words}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        table, root = self.arguments[0], Path(self.env.srcdir)
        if table not in COLUMNS:
            raise self.error(f"there is no table {table!r}; there are {', '.join(COLUMNS)}")
        self.env.note_dependency(str(table_path(table, root)))
        try:
            rows = chosen(read(table, root), self.options.get("ids", []))
            lines = markdown(rows, self.options.get("columns", COLUMNS[table]))
        except KeyError as error:
            raise self.error(f"{table} has no {error}") from None
        return parsed(self, lines)


class Claim(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            return [nodes.Text(number(self.text.split(), Path(self.env.srcdir)))], []
        except (KeyError, ValueError, OSError):
            return [], [self.inliner.reporter.error(f"there is no claim {self.text!r}", line=self.lineno)]
        finally:
            for table in ("claims", "models", "milestones", "tools"):
                self.env.note_dependency(str(table_path(table, Path(self.env.srcdir))))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("cited-rows", CitedRows)
    app.add_role("claim", Claim())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

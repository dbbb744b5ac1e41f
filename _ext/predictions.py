"""Predictions: what is said to come, how sure, who will judge it, and what came.

```{predictions} all              the rows, with their probabilities and the values of today
```
```{predictions} rules            who judges each row, what makes it true or wrong, and where the odds are from
```
```{predictions} due              those whose month has come, or that have been judged before, with the outcome
```
```{predictions} score            the score to be expected, and the one so far, in a sentence or two
```

``chapters/08/predictions.yml`` holds the rows. ``faults`` says what is wrong with them; a row whose month is past and
that has no outcome is a fault, so that nobody can forget it. A score is Brier's: the mean of the squared differences
between what was said and what came, 0 or 1 {cite}`brier1950verification`.
"""

import re
from collections.abc import Iterable
from datetime import date
from math import sqrt
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from markdown_rows import parsed, table_lines, unbroken

DATA = Path("chapters/08/predictions.yml")
KEYS = (
    *("id", "topic", "short", "claim", "p", "made", "due", "judge", "true_if", "false_if"),
    *("today", "as_of", "source", "base"),
)
VERDICT = ("outcome", "judged", "by")  # what a row gets once it is judged: all three, or none
TOPICS = ("technology", "business", "society", "this book")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
COIN = 0.25  # the score of who says 50 % each time
HEADINGS = {
    "all": ["what we say", "how sure", "to be judged by", "today, and as of when"],
    "rules": ["prediction", "judged by", "it has come true if", "it is wrong if", "where the odds are from"],
    "due": ["what we said", "how sure, and when", "due", "what came", "who says so"],
}

Row = dict[str, str]


def read(root: Path) -> list[Row]:
    """The rows of the file. All values are text: a probability is written as a person would, and no date an object."""
    return yaml.load((root / DATA).read_text(encoding="utf-8"), yaml.BaseLoader)


# --- what can be wrong -----------------------------------------------------------------------------------------


def faults(rows: list[Row], keys: set[str], today: str) -> list[str]:
    """One sentence for each thing that is wrong; ``keys`` are the bibliography's, ``today`` is a month."""
    ids = [row.get("id", "") for row in rows]
    found = [f"two predictions are called {name!r}" for name in sorted({name for name in ids if ids.count(name) > 1})]
    for number, row in enumerate(rows, 1):
        name = f"prediction {row.get('id') or number}"
        wrong = of_keys(row) or [*of_values(row), *of_sources(row, keys), *of_verdict(row, today)]
        found += [f"{name}: {words}" for words in wrong]
    return found


def of_keys(row: Row) -> list[str]:
    own = row.get("topic") == TOPICS[-1]  # what the repository itself says needs no other source
    wrong = [f"no {key!r}" for key in KEYS if not row.get(key) and not (own and key == "source")]
    wrong += [f"unknown key {key!r}" for key in row if key not in (*KEYS, *VERDICT)]
    given = [key for key in VERDICT if row.get(key)]
    return wrong + [f"judged, and no {key!r}" for key in VERDICT if given and key not in given]


def of_values(row: Row) -> list[str]:
    wrong = [f"{key!r}: {row[key]!r} is no month (YYYY-MM)" for key in ("made", "due", "as_of") if not month(row[key])]
    if not re.fullmatch(r"0\.\d{1,2}", row["p"]) or not float(row["p"]):
        wrong.append(f"'p': {row['p']!r} is no probability above 0 and below 1 with one or two decimals")
    if row["topic"] not in TOPICS:
        wrong.append(f"'topic': {row['topic']!r} is none of {', '.join(TOPICS)}")
    if not wrong and not row["as_of"] <= row["made"] < row["due"]:
        wrong.append(f"seen in {row['as_of']}, made in {row['made']} and due in {row['due']}: not in this order")
    return wrong


def of_sources(row: Row, keys: set[str]) -> list[str]:
    return [f"{key!r} is not in the bibliography" for key in row.get("source", "").split() if key not in keys]


def of_verdict(row: Row, today: str) -> list[str]:
    if "outcome" in row:
        wrong = [] if row["outcome"] in ("true", "false") else [f"'outcome': {row['outcome']!r} is not true or false"]
        if not DAY.fullmatch(row["judged"]):
            wrong.append(f"'judged': {row['judged']!r} is no day (YYYY-MM-DD)")
        elif not row["made"] <= row["judged"][:7] <= today:
            wrong.append(f"'judged': {row['judged']} is before it was made, or still to come")
        return wrong
    if today > row["due"]:
        return [
            f"it was due in {row['due']} and has no outcome. Look at {plain(row['judge'])}; it has come true if "
            f"{plain(row['true_if'])} Then give the row in {DATA} its outcome (true or false), judged (the day) and by "
            "(the source)"
        ]
    return []


def month(text: str) -> bool:
    return MONTH.fullmatch(text) is not None


def plain(text: str) -> str:
    """Without citations and links, in one line, for a message."""
    return " ".join(re.sub(r"\{\w+\}`[^`]*`|\]\([^)]*\)|\[", "", text).split())


# --- the score -------------------------------------------------------------------------------------------------


def judged(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.get("outcome")]


def brier(rows: Iterable[Row]) -> float:
    """The score of rows that have an outcome: 0 is perfect, and lower is better."""
    squares = [(float(row["p"]) - (row["outcome"] == "true")) ** 2 for row in rows]
    return sum(squares) / len(squares)


def expected(rows: Iterable[Row]) -> tuple[float, float]:
    """The score that the probabilities themselves expect, and its standard deviation if no row hangs on another."""
    chances = [float(row["p"]) for row in rows]
    mean = sum(p * (1 - p) for p in chances) / len(chances)
    variance = sum(p * (1 - p) * (1 - 2 * p) ** 2 for p in chances)
    return mean, sqrt(variance) / len(chances)


def score_words(rows: list[Row]) -> str:
    """What the score will be if we know how sure to be, and what it is so far."""
    mean, spread = expected(rows)
    hoped = sum(float(row["p"]) for row in rows)
    low, high = mean - 1.96 * spread, mean + 1.96 * spread
    words = (
        f"There are {len(rows)} rows, and by their own probabilities {hoped:.1f} of them come true. If these are "
        f"right, the score to be expected is {mean:.3f}, and, if no row hangs on another, nineteen times in twenty "
        f"between {low:.2f} and {high:.2f}. Who says 50 % each time gets {COIN:.2f}, whatever comes."
    )
    done = judged(rows)
    if not done:
        return f"{words} None has been judged yet."
    true = sum(row["outcome"] == "true" for row in done)
    return (
        f"{words} Judged so far: {len(done)}, of which {true} came true. Their score is {brier(done):.3f}, where "
        f"{expected(done)[0]:.3f} was to be expected."
    )


# --- on a page -------------------------------------------------------------------------------------------------


def percent(row: Row) -> str:
    return f"{100 * float(row['p']):.0f} %"


def came(row: Row) -> str:
    words = {"true": "it came true", "false": "it did not"}
    return words[row["outcome"]] if row.get("outcome") else "not judged yet"


def row_of_all(row: Row) -> list[str]:
    due = unbroken(row["due"]) + (f": {came(row)}" if row.get("outcome") else "")
    cited = f"; {{cite}}`{','.join(row['source'].split())}`" if row.get("source") else ""
    return [row["claim"], percent(row), due, f"{row['today']} ({unbroken(row['as_of'])}{cited})"]


def row_of_rules(row: Row) -> list[str]:
    return [row["short"], row["judge"], row["true_if"], row["false_if"], row["base"]]


def row_of_due(row: Row) -> list[str]:
    by = f"{row['by']} ({unbroken(row['judged'])})" if row.get("outcome") else ""
    return [row["claim"], f"{percent(row)}, {unbroken(row['made'])}", unbroken(row["due"]), came(row), by]


def is_open_to_judgement(row: Row, today: str) -> bool:
    return bool(row.get("outcome")) or row["due"] <= today


def first_due(rows: list[Row]) -> str:
    """What to say where no row is due: which comes first, and when."""
    row = min(rows, key=lambda row: row["due"])
    return f"None is due yet. The first is, in {unbroken(row['due'])}: {row['claim']}"


class Predictions(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name, root = self.arguments[0], Path(self.env.srcdir)
        self.env.note_dependency(str(root / DATA))
        rows, today = read(root), date.today().strftime("%Y-%m")
        if name == "score":
            return parsed(self, [score_words(rows)])
        if name not in HEADINGS:
            raise self.error(f"there are {', '.join(HEADINGS)} and score of predictions, and no {name!r}")
        shown = [row for row in rows if name != "due" or is_open_to_judgement(row, today)]
        if not shown:
            return parsed(self, [first_due(rows)])
        make = {"all": row_of_all, "rules": row_of_rules, "due": row_of_due}[name]
        return parsed(self, table_lines(HEADINGS[name], [make(row) for row in shown]))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("predictions", Predictions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

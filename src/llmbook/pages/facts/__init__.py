"""Facts about the world that the pages cite, one a row, each with its source and dates.

``history`` holds events, ``models`` sizes, ``milestones`` what models learned to do, ``tools`` what to use for what,
``claims`` single numbers.
``rows("models")`` gives the rows of ``models.csv`` as dictionaries of strings; an empty string means that the source
does not say. They lie beside this file so that a notebook finds them wherever the library is installed.
"""

import csv
from importlib.resources import files

TABLES = ("claims", "history", "milestones", "models", "tools")


def rows(table: str) -> list[dict[str, str]]:
    """The rows of one table, in order. Raises ``ValueError`` for a table that is not there."""
    if table not in TABLES:
        raise ValueError(f"there is no table {table!r}; there are {', '.join(TABLES)}")
    text = files(__name__).joinpath(f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

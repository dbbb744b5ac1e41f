"""The exercises of page 1.5, the charts of chapter 1: a log axis, a doubling time, training compute, rows that are due.

The sizes and dates are those of the book's own table of models, so that a corrected row corrects the answers.
"""

import math
from collections.abc import Sequence
from functools import partial

from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.pages import facts

Row = dict[str, str]  # one line of a table, by column

MODELS = {row["id"]: row for row in facts.rows("models")}

# --- the middle of a log axis ----------------------------------------------------------------------------------

LOG_AXIS = Exercise(
    name="1.5-log-axis",
    answer=10**1.5,
    right="half a step on the axis multiplies by √10, about 3.16, wherever you start.",
    mistakes=(
        Mistake(55.0, "55 lies in the middle of 10 and 100 on an ordinary axis; here equal steps multiply."),
        Mistake(50.0, "50 is half of 100; on a log axis the middle of 10 and 100 is 10 times √10."),
        Mistake(1.5, "that is the exponent; the axis shows 10 to that power."),
    ),
    digits=2,
)

# --- months to a doubling --------------------------------------------------------------------------------------


def parameters(model: str) -> float:
    """The size of a model of the table, in billions of parameters."""
    return float(MODELS[model]["parameters_billion"])


def month(model: str) -> int:
    """The month a model of the table appeared in, counted from the year 0; the table writes YYYY-MM."""
    date = MODELS[model]["date"]
    return 12 * int(date[:4]) + int(date[5:])


FACTOR = parameters("gpt3") / parameters("gpt")
MONTHS = month("gpt3") - month("gpt")
LARGEST = max(MODELS, key=lambda model: float(MODELS[model]["parameters_billion"] or 0))
LATER = math.log2(parameters(LARGEST) / parameters("gpt3"))  # doublings since
YEARS = (month(LARGEST) - month("gpt3")) / 12

DOUBLING = Exercise(
    name="1.5-doubling",
    answer=MONTHS / math.log2(FACTOR),
    right=(
        f"more than ten doublings in less than two years. The {YEARS:.0f} years since, up to the largest of the table, "
        f"brought {LATER:.0f}."
    ),
    mistakes=(
        Mistake(math.log2(FACTOR), "that is the number of doublings; divide the months by it."),
        Mistake(
            MONTHS / math.log(FACTOR),
            "a doubling is a factor of 2: take the logarithm to base 2, not the natural one.",
        ),
        Mistake(
            MONTHS / math.log10(FACTOR),
            "that is the time for a factor of 10; take the logarithm to base 2.",
        ),
        Mistake(
            MONTHS / FACTOR,
            "growth by doubling multiplies: divide the months by log₂ of the factor, not by the factor.",
        ),
    ),
    digits=2,
)

# --- training compute ------------------------------------------------------------------------------------------


def operations(row: Row, *, size: str = "active_billion", per_token: int = 6, billions: float = 1e18) -> float:
    """Operations of a training run, 6 for each parameter and token, in units of 10²²."""
    billion_parameters = float(row[size] or row["parameters_billion"])
    billion_tokens = float(row["tokens_billion"])
    return round(per_token * billion_parameters * billion_tokens * billions / 1e22, 3)


def empty_is_none(row: Row) -> float:
    """Charges a dense model, which names no active parameters, for none."""
    return operations({**row, "parameters_billion": "0"})


def single_operations(row: Row) -> float:
    """Not in units of 10²²."""
    return operations(row) * 1e22


COMPUTE = Exercise(
    name="1.5-compute",
    answer=operations,
    probes=tuple((MODELS[model],) for model in ("gpt3", "palm", "deepseekv3", "llama3")),
    right="and a mixture of experts is charged for the experts it uses, not for those that wait.",
    mistakes=(
        Mistake(
            partial(operations, size="parameters_billion"),
            "a model of experts uses only its active parameters for a token: take them where they are given.",
        ),
        Mistake(
            partial(operations, per_token=2),
            "2 operations a parameter are the forward pass; the backward pass adds twice as many.",
        ),
        Mistake(
            partial(operations, billions=1e9),
            "billions times billions are 10¹⁸; you have multiplied by 10⁹ once.",
        ),
        Mistake(partial(operations, per_token=1), "each parameter and token takes 6 operations; you have counted one."),
        Mistake(empty_is_none, "where active_billion is empty, the model is dense and uses all its parameters."),
        Mistake(single_operations, "the answer is asked for in units of 10²² operations: divide by 1e22."),
    ),
)

# --- rows that are due for a review ----------------------------------------------------------------------------


def due(rows: Sequence[Row], today: str) -> int:
    """How many rows should have been looked at again before this month."""
    return sum(row["review_by"] < today for row in rows)


def due_this_month_too(rows: Sequence[Row], today: str) -> int:
    """With the rows that are still good."""
    return sum(row["review_by"] <= today for row in rows)


def not_yet_due(rows: Sequence[Row], today: str) -> int:
    """The other rows."""
    return sum(row["review_by"] >= today for row in rows)


def looked_at_before(rows: Sequence[Row], today: str) -> int:
    """By the wrong column."""
    return sum(row["as_of"] < today for row in rows)


def all_rows(rows: Sequence[Row], today: str) -> int:
    """Due or not."""
    return len(rows)


def by_year(rows: Sequence[Row], today: str) -> int:
    """Without regard to the month."""
    return sum(row["review_by"][:4] < today[:4] for row in rows)


def due_today(rows: Sequence[Row], today: str) -> int:
    """Those of this month alone."""
    return sum(row["review_by"] == today for row in rows)


REVIEWS = [
    {"as_of": seen, "review_by": review}
    for seen, review in (("2026-11", "2028-05"), ("2026-11", "2028-11"), ("2028-10", "2028-11"), ("2026-11", "2029-11"))
]

DUE = Exercise(
    name="1.5-due",
    answer=due,
    probes=(
        (REVIEWS, "2028-05"),
        (REVIEWS, "2028-11"),
        (REVIEWS, "2029-01"),
        (REVIEWS, "2031-01"),
        ([], "2028-01"),
    ),
    right="months written as YYYY-MM sort like dates. The book's tests ask the same of every row.",
    mistakes=(
        Mistake(due_this_month_too, "a row is still good in the month of its review: < and not <=."),
        Mistake(not_yet_due, "those are the rows that are not due yet."),
        Mistake(all_rows, "count only the rows whose month of review is past."),
        Mistake(by_year, "compare the months as well, not the years alone."),
        Mistake(due_today, "a row that was due long ago counts too: < and not ==."),
        Mistake(looked_at_before, "as_of says when somebody looked last; review_by says until when that holds."),
    ),
)

EXERCISES = (LOG_AXIS, DOUBLING, COMPUTE, DUE)

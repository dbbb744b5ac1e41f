"""The exercises of the charts of chapter 1: a log axis, a doubling time, training compute, and rows that are due."""

import math

import llmbook_data
from llmbook_exercises import Exercise

MODELS = {row["id"]: row for row in llmbook_data.rows("models")}


def between(first: str, last: str) -> tuple[float, int]:
    """The factor of growth in parameters from one model to another, and the months it took."""
    sizes = [float(MODELS[name]["parameters_billion"]) for name in (first, last)]
    months = [12 * int(MODELS[name]["date"][:4]) + int(MODELS[name]["date"][5:]) for name in (first, last)]
    return sizes[1] / sizes[0], months[1] - months[0]


FACTOR, MONTHS = between("gpt", "gpt3")


def operations(row: dict[str, str], size: str = "active_billion", per_token: int = 6, billions: float = 1e18) -> float:
    parameters = float(row[size] or row["parameters_billion"])
    return round(per_token * parameters * float(row["tokens_billion"]) * billions / 1e22, 3)


def due(rows: list[dict[str, str]], today: str) -> int:
    return sum(row["review_by"] < today for row in rows)


REVIEWS = [{"as_of": "2026-11", "review_by": month} for month in ("2028-05", "2028-11", "2028-11", "2029-11")]

EXERCISES = (
    Exercise(
        name="1.0-log-axis",
        answer=10**1.5,
        right="half a step on the axis multiplies by √10, about 3.16, wherever you start.",
        mistakes={
            "55 lies in the middle of 10 and 100 on an ordinary axis; here equal steps multiply.": 55.0,
            "50 is half of 100; on a log axis the middle of 10 and 100 is 10 times √10.": 50.0,
            "that is the exponent; the axis shows 10 to that power.": 1.5,
        },
        tolerance=1.0,
    ),
    Exercise(
        name="1.0-doubling",
        answer=MONTHS / math.log2(FACTOR),
        right="more than ten doublings in less than two years. No later pair of the table keeps that pace.",
        mistakes={
            "that is the number of doublings; divide the months by it.": math.log2(FACTOR),
            "a doubling is a factor of 2: take the logarithm to base 2, not the natural one.": MONTHS
            / math.log(FACTOR),
            "that is the time for a factor of 10; take the logarithm to base 2.": MONTHS / math.log10(FACTOR),
            "growth by doubling multiplies: divide the months by log₂ of the factor, not by the factor.": MONTHS
            / FACTOR,
        },
        tolerance=0.05,
    ),
    Exercise(
        name="1.0-compute",
        answer=operations,
        probes=tuple((MODELS[name],) for name in ("gpt3", "palm", "deepseekv3", "llama3")),
        right="and a mixture of experts is charged for the experts it uses, not for those that wait.",
        mistakes={
            "a model of experts uses only its active parameters for a token: take them where they are given.": (
                lambda row: operations(row, size="parameters_billion")
            ),
            "2 operations a parameter are the forward pass; the backward pass adds twice as many.": lambda row: (
                operations(row, per_token=2)
            ),
            "billions times billions are 10¹⁸; you have multiplied by 10⁹ once.": lambda row: operations(
                row, billions=1e9
            ),
            "the answer is asked for in units of 10²² operations: divide by 1e22.": lambda row: operations(row) * 1e22,
        },
        tolerance=0.01,
    ),
    Exercise(
        name="1.0-due",
        answer=due,
        probes=(
            (REVIEWS, "2028-05"),
            (REVIEWS, "2028-11"),
            (REVIEWS, "2029-01"),
            (REVIEWS, "2031-01"),
            ([], "2028-01"),
        ),
        right="months written as YYYY-MM sort like dates. The book's tests ask the same of every row.",
        mistakes={
            "a row is still good in the month of its review: < and not <=.": lambda rows, today: sum(
                row["review_by"] <= today for row in rows
            ),
            "those are the rows that are not due yet.": lambda rows, today: sum(
                row["review_by"] >= today for row in rows
            ),
            "as_of says when somebody looked last; review_by says until when that holds.": lambda rows, today: sum(
                row["as_of"] < today for row in rows
            ),
        },
    ),
)

"""Where an answer is a rounded number, the text of the exercise says how many digits it wants."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from llmbook.exercises.catalogue import all_exercises
from llmbook.exercises.comparing import in_numbers
from llmbook.exercises.exercise import Exercise

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
IN_WORDS = {1: "one", 2: "two", 3: "three", 4: "four"}


def texts() -> dict[str, str]:
    """The question of each exercise, from its heading to its hint."""
    found = {}
    for page in NOTEBOOKS.glob("*.ipynb"):
        question = ""
        for cell in json.loads(page.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown" and "###" in source:
                question = source[source.rindex("###") :].split("<details>")[0]
            elif "exercise" in cell["metadata"].get("tags", []):
                found[re.search(r'\bcheck\("([^"]+)"', source)[1]] = question
    return found


def is_rounded(exercise: Exercise) -> bool:
    """Whether a number is asked for that has to be cut somewhere."""
    if exercise.probes or isinstance(exercise.answer, str | bool) or not (exercise.digits or exercise.decimals):
        return False
    numbers = in_numbers(exercise.answer).double()
    return bool((numbers != numbers.round()).any())


def says_so(question: str, exercise: Exercise) -> bool:
    count = IN_WORDS[exercise.digits or exercise.decimals]
    wanted = [f"{count} digits"] if exercise.digits else [f"{count} decimal", f"{count} digits after the point"]
    return any(words in question.lower() for words in wanted)


ROUNDED = [exercise for exercise in all_exercises() if is_rounded(exercise)]


@pytest.mark.parametrize("exercise", ROUNDED, ids=lambda exercise: exercise.name)
def test_an_exercise_with_a_rounded_answer_says_how_exactly(exercise):
    assert says_so(texts()[exercise.name], exercise), "say in the text how many digits or decimals are wanted"


def test_a_number_typed_by_hand_is_asked_for_with_so_many_digits():
    """Only a table is computed, and compared as such."""
    loose = [
        exercise.name
        for exercise in all_exercises()
        if not exercise.probes and isinstance(exercise.answer, float) and not (exercise.digits or exercise.decimals)
    ]
    assert loose == []


def test_silence_and_another_number_of_digits_are_seen():
    exercise = replace(ROUNDED[0], digits=None, decimals=2)
    assert says_so("Give it to two decimals.", exercise)
    assert not says_so("Give it.", exercise)
    assert not says_so("Give it to three decimals.", exercise)
    assert not says_so("Two digits are enough: two digits.", exercise)
    assert len(ROUNDED) > 10

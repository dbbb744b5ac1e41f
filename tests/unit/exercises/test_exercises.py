"""Every checker accepts the page's own solution, refuses the blank, and names each typical mistake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from llmbook import exercises
from llmbook.exercises import Exercise, check
from llmbook.exercises.catalogue import PAGES, all_exercises, exercises_of, find
from llmbook.exercises.judging import judge

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
MACHINERY = {"__init__", "exercise", "running", "comparing", "hints", "judging", "catalogue"}
FOR_PAGES = {"on_page"}  # nobody who runs a notebook needs it
EXERCISES = {exercise.name: exercise for exercise in all_exercises()}
MISTAKES = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]
CALL = re.compile(r'\bcheck\("([^"]+)"')


def code_cells(page: Path) -> list[dict]:
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    return [
        {
            "source": "".join(cell["source"]),
            "tags": cell["metadata"].get("tags", []),
            "prints": "".join("".join(output.get("text", "")) for output in cell["outputs"]),
        }
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def tagged(tag: str) -> dict[str, Path]:
    """The exercise each cell with this tag checks, and its page; fails where a cell checks none or one is met twice."""
    found: dict[str, Path] = {}
    for page in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in code_cells(page):
            if tag in cell["tags"]:
                (name,) = CALL.findall(cell["source"])
                assert name not in found, f"{name} has two cells tagged {tag}"
                found[name] = page
    return found


def test_names_are_unique():
    assert len(EXERCISES) == len(all_exercises())


def test_every_exercise_stands_on_one_page_with_its_solution():
    assert set(tagged("exercise")) == set(EXERCISES)
    assert tagged("exercise") == tagged("solution")


def pages_with_exercises() -> list[Path]:
    """In the order of the book, which is that of the files' numbers."""
    return sorted(set(tagged("exercise").values()), key=numbered)


def numbered(page: Path) -> list[int]:
    """Chapter and page: 3.10 comes after 3.9."""
    return [int(number) for number in page.stem.split("-")[:2]]


def test_every_module_of_the_folder_is_machinery_or_a_page():
    modules = {path.stem for path in Path(exercises.__file__).parent.glob("*.py")}
    assert modules == MACHINERY | FOR_PAGES | set(PAGES)
    assert len(PAGES) == len(set(PAGES))


def test_each_page_with_exercises_has_its_module_and_in_the_pages_order():
    """``one_head`` is the module of ``04-1-one-head``: a module's name ends its notebook's."""
    ends = zip([page.stem.replace("-", "_") for page in pages_with_exercises()], PAGES, strict=True)
    assert all(page.endswith(f"_{module}") for page, module in ends)


def test_a_page_asks_the_exercises_of_its_module_in_their_order():
    asked: dict[Path, list[str]] = {}
    for name, page in tagged("exercise").items():
        asked.setdefault(page, []).append(name)

    declared = [[exercise.name for exercise in exercises_of(module)] for module in PAGES]
    assert [asked[page] for page in sorted(asked, key=numbered)] == declared


def test_the_pages_modules_are_imported_only_when_an_exercise_is_looked_for():
    code = "import sys, llmbook.exercises as e; print(sorted(m for m in sys.modules if m.startswith(e.__name__ + '.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([f"llmbook.exercises.{name}" for name in sorted(MACHINERY - {"__init__"})])


@pytest.mark.parametrize("page", pages_with_exercises(), ids=lambda page: page.stem)
def test_blanks_are_not_yet_and_solutions_are_right(page):
    """Read from what the cells print on the page, which the run of all notebooks compares."""
    said = {
        tag: [cell["prints"].splitlines()[-1] for cell in code_cells(page) if tag in cell["tags"]]
        for tag in ("exercise", "solution")
    }
    assert len(said["exercise"]) >= 3
    assert all(line.startswith("Not yet: ") for line in said["exercise"]), said["exercise"]
    assert all(line.startswith("Correct: ") for line in said["solution"]), said["solution"]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_right_answer_is_right(name):
    exercise = EXERCISES[name]
    assert judge(exercise, exercise.answer) == f"Correct: {exercise.right}"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_blank_is_not_yet(name):
    blanks = [None, ...]
    if EXERCISES[name].probes:
        blanks += [lambda *arguments: None, lambda *arguments: ...]
    assert all(judge(EXERCISES[name], blank).startswith("Not yet: ") for blank in blanks)


@pytest.mark.parametrize(
    ("name", "mistake"), MISTAKES, ids=[f"{name}: {mistake.says[:30]}" for name, mistake in MISTAKES]
)
def test_each_typical_mistake_is_named(name, mistake):
    assert judge(EXERCISES[name], mistake.answer) == f"Not quite: {mistake.says}"


@pytest.mark.parametrize("name", EXERCISES)
def test_no_two_mistakes_say_the_same(name):
    says = [mistake.says for mistake in EXERCISES[name].mistakes]
    assert len(says) == len(set(says))


@pytest.mark.parametrize("name", EXERCISES)
def test_each_exercise_knows_a_mistake_and_lines_are_short(name):
    exercise = EXERCISES[name]
    assert exercise.mistakes
    lines = [exercise.right, *(mistake.says for mistake in exercise.mistakes)]
    assert all("\n" not in line and len(line) <= 160 for line in lines)


def test_issue_of_the_inverted_mask_the_lost_scale_and_the_wrong_axis():
    says = " ".join(mistake.says for mistake in EXERCISES["4.1-causal"].mistakes)
    assert all(word in says for word in ("mask is inverted", "scale is missing", "runs down the columns"))


def test_check_prints_one_line_and_returns_nothing(capsys):
    assert check("4.1-swap", " Mat ") is None
    assert capsys.readouterr().out.count("\n") == 1


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(ValueError, match=r"no exercise '4.1-casual'; near names: 4.1-causal"):
        check("4.1-casual", 1)
    with pytest.raises(ValueError, match="no exercise 'zzzzzz'"):
        find("zzzzzz")


TOY = Exercise(
    name="toy",
    answer=lambda x: (x + 1, x > 0),
    right="so it is.",
    mistakes=(),
    probes=((torch.tensor([1.0, -2.0]),),),
)


@pytest.mark.parametrize(
    ("answer", "fragment"),
    [
        (3, "the answer is a function, and this is int"),
        (lambda: 1, "stops with TypeError"),
        (lambda x: x / "a", "stops with TypeError"),
        (lambda x: x + 1, "there is 1 result, and there should be 2"),
        (lambda x: (x[:1], x > 0), r"the shape is (1,), and should be (2,)"),
        (lambda x: (x + 1, x), "torch.bool"),
        (lambda x: (x.log(), x > 0), "there is a NaN"),
        (lambda x: (x + torch.tensor([1.0, 3.0]), x > 0), "1 of 2 numbers differ; the first is 1 at [1]"),
        (lambda x: ("words", x > 0), "made of numbers, and this is a text"),
    ],
)
def test_any_other_answer_is_told_what_it_is(answer, fragment):
    said = judge(TOY, answer)
    assert said.startswith("Not quite: ")
    assert fragment in said


def test_a_function_that_changes_its_input_harms_nobody():
    def greedy(x):
        right = (x + 1, x > 0)
        x.zero_()
        return right

    assert judge(TOY, greedy).startswith("Correct")
    assert judge(TOY, TOY.answer).startswith("Correct")


def test_nor_does_one_that_changes_a_list_or_a_set():
    exercise = Exercise("toy", lambda words, seen: len(words) + len(seen), "right", (), probes=(([1, 2], {3}),) * 2)

    def greedy(words, seen):
        right = len(words) + len(seen)
        words.append(0), seen.clear()
        return right

    assert judge(exercise, greedy).startswith("Correct")
    assert judge(exercise, exercise.answer).startswith("Correct")


def test_a_list_half_filled_is_not_yet_and_a_tuple_is_as_good():
    assert judge(EXERCISES["2.4-shares"], [..., 15, 15]).startswith("Not yet: ")
    assert judge(EXERCISES["2.4-shares"], (120, None, 15)).startswith("Not yet: ")
    assert judge(EXERCISES["2.4-shares"], (120, 15, 15)).startswith("Correct: ")
    assert judge(EXERCISES["2.4-shares"], (120, 15)).startswith("Not quite: the shape is (2,), and should be (3,).")


def test_answers_typed_by_hand_may_be_lists_and_rounded():
    assert judge(EXERCISES["4.1-no-question"], [0.5, 1.5, 1.17]).startswith("Correct")
    assert "it is not 9" in judge(EXERCISES["4.2-spread"], 9)
    assert "'dog' is not it" in judge(EXERCISES["4.1-swap"], "dog")


def test_the_exercises_do_not_depend_on_the_default_precision():
    torch.set_default_dtype(torch.float64)
    try:
        for exercise in EXERCISES.values():
            assert judge(exercise, exercise.answer).startswith("Correct")
    finally:
        torch.set_default_dtype(torch.float32)

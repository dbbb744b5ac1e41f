"""Every checker is fair: right in any form a learner would type, wrong in any way that is wrong, and never rude.

The forms and the ways are the same for all exercises; what does not fit an exercise (a word has no sign) is left out.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from llmbook.exercises.catalogue import all_exercises
from llmbook.exercises.exercise import Exercise, Mistake
from llmbook.exercises.judging import judge
from llmbook.exercises.running import Stopped, results

EXERCISES = {exercise.name: exercise for exercise in all_exercises()}
FUNCTIONS = [name for name, exercise in EXERCISES.items() if exercise.probes]
VALUES = [name for name, exercise in EXERCISES.items() if not exercise.probes]
NUMBERS = [name for name in VALUES if not isinstance(EXERCISES[name].answer, str)]
ROUNDED = [name for name in VALUES if EXERCISES[name].digits or EXERCISES[name].decimals]


def right_result(name: str) -> object:
    return results(EXERCISES[name], EXERCISES[name].answer)[0]


def judged(name: str, answer: object) -> str:
    return judge(EXERCISES[name], answer)


def after(name: str, change):
    """The right function, each of whose results is changed; the number of the call is given to the change."""
    calls = []

    def changed(*arguments):
        calls.append(1)
        return change(EXERCISES[name].answer(*arguments), len(calls) - 1)

    return changed


def each_part(change):
    """A change of one result, done to each part of a tuple."""
    return lambda result, _: tuple(map(change, result)) if isinstance(result, tuple) else change(result)


# --- right in any form -----------------------------------------------------------------------------------------

FORMS = {  # of one number, or of a list or tensor of numbers
    "list": lambda x: x.tolist() if isinstance(x, Tensor) else x,
    "list of tensors": lambda x: list(x) if isinstance(x, Tensor) and x.ndim else x,
    "tuple": lambda x: tuple(x.tolist()) if isinstance(x, Tensor) and x.ndim else x,
    "tensor": torch.as_tensor,
    "gradient": lambda x: x.requires_grad_() if isinstance(x, Tensor) and x.is_floating_point() else x,
    "float64": lambda x: x.double() if isinstance(x, Tensor) and x.is_floating_point() else x,
    "numpy": lambda x: torch.as_tensor(x).numpy(),
    "numpy reversed twice": lambda x: torch.as_tensor(x).flip(0).numpy()[::-1] if np.ndim(x) else x,
    "as a view": lambda x: x.T.contiguous().T if isinstance(x, Tensor) and x.ndim == 2 else x,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_return_any_form(name, form):
    change = FORMS[form]
    answer = after(name, each_part(lambda x: x if isinstance(x, str) else change(x)))
    assert judged(name, answer).startswith("Correct: ")


@pytest.mark.parametrize("form", [list, lambda parts: (part for part in parts), lambda parts: list(map(list, parts))])
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if isinstance(right_result(name), tuple)])
def test_several_results_may_be_a_list(name, form):
    if isinstance(right_result(name)[0], float) and form is not list:
        form = np.array
    assert judged(name, after(name, lambda parts, _: form(parts))).startswith("Correct: ")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_may_be_typed_in_any_form(name, form):
    assert judged(name, FORMS[form](torch.as_tensor(right_result(name)))).startswith("Correct: ")
    assert judged(name, FORMS[form](right_result(name))).startswith("Correct: ")


@pytest.mark.parametrize("name", [name for name in NUMBERS if isinstance(EXERCISES[name].answer, int | float)])
def test_one_number_may_be_whole_a_fraction_or_in_brackets_or_quotes(name):
    number = EXERCISES[name].answer
    forms = [[number], (number,), torch.tensor([number]), Fraction(number), str(number), np.float64(number)]
    if number == int(number):
        forms += [int(number), float(number), f"{int(number):,}", f"{int(number):_}"]
    if isinstance(number, float):
        forms += [f"{100 * number} %", np.float32(number)]
    assert [form for form in forms if not judged(name, form).startswith("Correct: ")] == []


def rounded(number: float, exercise: Exercise, more: int = 0) -> float:
    if exercise.decimals is not None:
        return round(number, exercise.decimals + more)
    return float(f"{number:.{exercise.digits + more}g}")


@pytest.mark.parametrize("name", ROUNDED)
def test_numbers_may_be_rounded_to_the_digits_asked_for(name):
    exercise = EXERCISES[name]
    numbers = torch.as_tensor(exercise.answer).flatten().tolist()
    for more in range(4):
        answer = [rounded(number, exercise, more) for number in numbers]
        assert judged(name, answer).startswith("Correct: ")


@pytest.mark.parametrize("name", [name for name in VALUES if isinstance(EXERCISES[name].answer, str)])
def test_a_word_may_be_loud_quoted_or_end_in_a_full_stop(name):
    word = EXERCISES[name].answer
    forms = [word.upper(), word.title(), f" {word}.", f"“{word}”", f"'{word}'", f"{word}!\n", [word], np.str_(word)]
    assert [form for form in forms if not judged(name, form).startswith("Correct: ")] == []


@pytest.mark.parametrize(
    "no", [False, np.False_, torch.tensor(False), "no.", "No", " NO! ", "“no”", "False", "n", "no, it is not"]
)
def test_no_may_be_said_in_many_ways(no):
    assert judged("4.4-causal-permutation", no).startswith("Correct: ")


@pytest.mark.parametrize("yes", [True, "Yes.", "true", "YES"])
def test_and_so_may_yes(yes):
    assert "who may look at whom changes" in judged("4.4-causal-permutation", yes)


def test_what_is_neither_is_asked_for_yes_or_no():
    assert (
        judged("4.4-causal-permutation", "perhaps") == "Not quite: the answer is “yes” or “no”, and this is 'perhaps'."
    )
    assert "“yes” or “no”" in judged("4.4-causal-permutation", "not")


def test_a_function_may_say_1_for_true():
    assert judged("1.2-backward", after("1.2-backward", lambda said, _: int(said))).startswith("Correct: ")
    assert judged("1.2-backward", after("1.2-backward", lambda said, _: np.bool_(said))).startswith("Correct: ")


def test_a_list_of_lines_is_not_a_text_of_which_lines_are_missing():
    lines = after("1.4-prompt", lambda said, _: ["", *said.split("\n")])
    assert judged("1.4-prompt", lines) == "Not quite: the function returns a text, and this is list."


# --- wrong in any way ------------------------------------------------------------------------------------------


def of_numbers(change):
    """A change of numbers, done to every tensor, array or number of a result."""
    return lambda x: x if isinstance(x, bool | str) else change(torch.as_tensor(x))


CHANGES = {
    "scaled by 100": lambda x: x * 100,
    "a hundredth": lambda x: x / 100,
    "negated": lambda x: ~x if x.dtype == torch.bool else -x,
    "transposed": lambda x: x.mT if x.ndim > 1 else x,
    "with an axis": lambda x: x[None],
    "without its first axis": lambda x: x[0] if x.ndim else x,
    "flat": lambda x: x.flatten(),
}
SENTENCES = {
    "scaled by 100": "100 times too large",
    "a hundredth": "100 times too small",
    "negated": "turned round|wrong way round|inverted",
    "transposed": "transposed|another order",
    "with an axis": "an axis of length 1",
    "without its first axis": "the first axis is missing|an axis of length 1",
    "flat": "laid out in another shape|an axis of length 1",
}


def as_before(changed: object, before: object) -> bool:
    """Whether a change has changed nothing: zeros have no sign, and a vector no transposed."""
    if isinstance(before, tuple):
        return all(map(as_before, changed, before))
    if isinstance(before, bool | str):
        return True
    before = torch.as_tensor(before)
    return changed.shape == before.shape and torch.allclose(changed.double(), before.double())


def says_one_of(said: str, sentences: str, exercise: Exercise) -> bool:
    declared = any(said == f"Not quite: {mistake.says}" for mistake in exercise.mistakes)
    return declared or any(sentence in said for sentence in sentences.split("|"))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_changed_result_is_wrong_and_the_change_is_named(name, change):
    exercise = EXERCISES[name]
    changed = each_part(of_numbers(CHANGES[change]))
    before = results(exercise, exercise.answer)
    if all(as_before(changed(result, 0), result) for result in before):
        return
    said = judged(name, after(name, changed))
    assert said.startswith("Not quite: ")
    if "100" not in SENTENCES[change] or not is_mask(before[0]):  # a hundred times True is no mask at all
        assert says_one_of(said, SENTENCES[change], exercise), said


def is_mask(result: object) -> bool:
    return isinstance(result, Tensor) and result.dtype == torch.bool


@pytest.mark.parametrize("change", ["scaled by 100", "a hundredth", "negated"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_changed_number_is_wrong_and_the_change_is_named(name, change):
    said = judged(name, CHANGES[change](torch.as_tensor(EXERCISES[name].answer)))
    assert said.startswith("Not quite: ")
    assert says_one_of(said, SENTENCES[change], EXERCISES[name]), said


def spoilt(result: object) -> object:
    """The last element of a result changed."""
    if isinstance(result, tuple):
        return (*result[:-1], spoilt(result[-1]))
    if isinstance(result, bool):
        return not result
    if isinstance(result, str):
        return result + "x"
    numbers = torch.as_tensor(result).clone()
    flat = numbers.view(-1)
    if flat.is_floating_point() and flat[-1].isinf():
        flat[-1] = 0.0  # twice infinity, and one more, is infinity
    flat[-1] = ~flat[-1] if flat.dtype == torch.bool else 2 * flat[-1] + 1
    return numbers


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_wrong_element_is_enough(name):
    assert judged(name, after(name, lambda result, _: spoilt(result))).startswith("Not quite: ")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_wrong_try_is_enough_and_is_told_apart(name):
    exercise = EXERCISES[name]
    tries = len(exercise.probes)
    for wrong in range(tries):
        said = judged(name, after(name, lambda result, call, wrong=wrong: spoilt(result) if call == wrong else result))
        declared = any(said == f"Not quite: {mistake.says}" for mistake in exercise.mistakes)
        assert declared or said.startswith(
            f"Not quite: right in {tries - 1} of {tries} tries; the first that differs is given "
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_stops_late_is_told_where(name):
    def stops(result, call):
        if call:
            raise ValueError("no\nmore")
        return result

    said = judged(name, after(name, stops))
    assert said.startswith(f"Not quite: right in 1 of {len(EXERCISES[name].probes)} tries; ")
    assert said.endswith("your function stops with ValueError: no")


@pytest.mark.parametrize("name", [name for name in NUMBERS if np.ndim(EXERCISES[name].answer)])
def test_one_wrong_number_is_enough(name):
    assert judged(name, spoilt(EXERCISES[name].answer)).startswith("Not quite: ")


ODD_VALUES = [object(), {}, {"a": 1}, {1, 2}, b"mat", slice(1), ValueError("x"), range(3), "", "words", True]
ODD_NUMBERS = [1j, [1j, 2], math.nan, math.inf, -math.inf, 10**30, [10**30]]
ODD_LISTS = [["a", "b"], [], (), [[]], [[1], [2, 3]], [1, "x"], [None, 1], [True, False], (torch.zeros(2), "x")]
ODD_ARRAYS = [np.zeros((0, 3)), np.array([object()]), np.array(["x", "y"]), np.array([1j, 2]), np.float16(1e-3)]
ODD_TENSORS = [
    torch.zeros(0),
    torch.zeros(2, 0),
    torch.zeros(3).to_sparse(),
    torch.ones(2, dtype=torch.bool),
    torch.zeros(3, dtype=torch.complex64),
    torch.full((3,), 1j),
    torch.zeros(3, dtype=torch.bfloat16),
    torch.full((3,), math.nan),
    torch.ones(1, 1, 1, 1, 1, 1),
    torch.zeros(2, 3).unbind(),
]
ODD = [*ODD_VALUES, *ODD_NUMBERS, *ODD_LISTS, *ODD_ARRAYS, *ODD_TENSORS]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_oddest_answer_gets_one_kind_line(name):
    for odd in ODD:
        said = judged(name, odd if name in VALUES else lambda *_, odd=odd: odd)
        assert said.startswith(("Not quite: ", "Not yet: ")), odd
        assert "\n" not in said


# --- what is not there yet -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_blanks_are_not_yet(name):
    blanks = [None, ..., "", " "] if name in VALUES else [lambda *_: None, lambda *_: ..., lambda *_: (None, ...)]
    assert all(judged(name, blank).startswith("Not yet: ") for blank in blanks)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if isinstance(right_result(name), tuple)])
def test_a_tuple_with_one_none_names_the_missing_part(name):
    parts = len(right_result(name))
    for gone in range(parts):
        answer = after(name, lambda result, _, gone=gone: [None if i == gone else x for i, x in enumerate(result)])
        assert judged(name, answer) == f"Not yet: part {gone + 1} of {parts} is still missing."


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_in_one_try_is_not_nothing(name):
    said = judged(name, after(name, lambda result, call: None if call == 1 else result))
    assert said.startswith("Not quite: right in ")
    assert said.endswith("it returns nothing here.")


# --- how exercises are declared --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_probed_with_three_shapes(name):
    """Or with three sets of values, where none is a tensor; the right function never stops."""
    exercise = EXERCISES[name]
    shapes = {str([x.shape if isinstance(x, Tensor) else x for x in probe]) for probe in exercise.probes}
    assert len(shapes) >= 3
    assert not any(isinstance(result, Stopped) for result in results(exercise, exercise.answer))


@pytest.mark.parametrize("name", ROUNDED)
def test_typical_mistakes_are_outside_what_rounding_allows(name):
    """The same rounded as the answer is: it is the mistake, and not the right answer, that it is taken for."""
    exercise = EXERCISES[name]
    for mistake in exercise.mistakes:
        numbers = torch.as_tensor(mistake.answer).flatten().tolist()
        said = judged(name, [rounded(number, exercise) for number in numbers])
        assert said.startswith("Not quite: "), mistake.says


@pytest.mark.parametrize("name", NUMBERS)
def test_whole_numbers_are_exact_and_others_say_how_exact(name):
    exercise = EXERCISES[name]
    numbers = torch.as_tensor(exercise.answer)
    by_hand = numbers.is_floating_point() and not isinstance(exercise.answer, Tensor)
    assert by_hand == (name in ROUNDED) or isinstance(exercise.answer, Tensor)
    assert not (exercise.digits and exercise.decimals)
    if not numbers.is_floating_point():
        assert judged(name, numbers + 1).startswith("Not quite: ")


# --- hints, one by one -----------------------------------------------------------------------------------------


def toy(answer: object, *probes: tuple[object, ...], **asked: int) -> Exercise:
    return Exercise("toy", answer, "so it is.", (), probes=probes, **asked)


TABLE = torch.arange(6.0).view(2, 3) + 1
ROWS = toy(lambda x: x * 3, (TABLE,), (TABLE[:1],), (TABLE.T,))
PAIR = toy(lambda x: (x.amax(), x.argmax()), (TABLE,), (-TABLE,), (TABLE.T,))


@pytest.mark.parametrize(
    ("exercise", "answer", "fragment"),
    [
        (ROWS, lambda x: x, "every number is 0.333 times what it should be"),
        (ROWS, lambda x: (x, x * 3), "number 2 is right by itself"),
        (ROWS, lambda x: (x * 3).T, "this is transposed"),
        (ROWS, lambda x: (x * 3)[None], "an axis of length 1 is too many"),
        (ROWS, lambda x: (x * 3).expand(4, *x.shape), "stands there 4 times, and once is enough"),
        (ROWS, lambda x: [[1], [2, 3]], "parts of several shapes"),
        (ROWS, lambda x: TABLE * 3, "right in 1 of 3 tries; the first that differs is given shape (1, 3): "),
        (PAIR, lambda x: (x.argmax(), x.amax()), "the 2 results are right, but stand in another order"),
        (PAIR, lambda x: (x.amax(), -x.argmax()), "result 2 of 2: the sign is turned round"),
        (PAIR, lambda x: (x.amax(),), "there is 1 result, and there should be 2"),
        (toy(0.8775, decimals=2), 88, "100 times too large: is it in percent"),
        (toy(0.8775, decimals=2), 0.87, "close: give 2 digits after the point, rounded."),
        (toy(0.8775, decimals=2), 0.9, "close: give 2 digits after the point, rounded."),
        (toy(0.8775, decimals=2), (0, 88), "these are 2 numbers, and one is asked for"),
        (toy(31.62, digits=2), 31, "close: give 2 digits, rounded."),
        (toy(24_000), (24, 0), "Python writes 1_000_000 and 0.5, without commas"),
        (toy(3), "three", "made of numbers, and this is a text"),
        (toy(3), lambda: 3, "a value is asked for"),
        (toy("mat"), "the mat", "answer with one word."),
        (toy("mat"), ("m", "at"), "write them together, as one word"),
        (toy([120, 15, 30]), [15, 30, 120], "the numbers are right, but stand in another order"),
        (toy([980_000, 150_000]), [980, 150], "1,000 times too small: look at the unit"),
        (toy(24_166_400), 24_000_000, "close, but the exact number is asked for"),
        (toy(24_166_400), 20_000_000, "it is not 20,000,000."),
        (toy(lambda x: x / 3, (100.0,), (7.0,), (9.0,)), lambda x: round(x / 3), "given 100: this is rounded"),
        (toy(lambda x: x.argsort(), (TABLE[0],)), lambda x: x.argsort() + 1, "one too large: Python counts from 0"),
        (PAIR, lambda x: torch.stack((x.amax(), x.amax())), "result 2 of 2: it is not 6."),
        (
            toy(lambda x: tuple(x.topk(2)), (TABLE[0],), (TABLE[1],)),
            lambda x: list(zip(*(part.tolist() for part in x.topk(2)), strict=True)),
            "grouped by entry: return 2 results",
        ),
        (toy(lambda x: "a -> b\nc ->", (1,)), lambda x: "a -> b c ->", "not the spaces or line ends"),
        (toy(lambda x: "a -> b\nc ->", (1,)), lambda x: "a -> b\nd ->", "line 2 differs: it is 'd ->'."),
    ],
)
def test_a_hint_names_what_would_mend_it(exercise, answer, fragment):
    said = judge(exercise, answer)
    assert said.startswith("Not quite: ")
    assert fragment in said


def test_a_mistake_on_the_first_wrong_try_is_known_though_later_tries_stop():
    """Written for matrices only, the wrong axis is still the wrong axis."""

    def columns(a):
        return torch.special.entr(a).sum(0).exp() if a.ndim == 2 else a.no_such_thing

    assert "down the columns" in judged("4.2-effective", columns)


def test_the_nearer_of_a_right_answer_and_a_mistake_is_meant():
    exercise = Exercise("toy", 0.864, "so it is.", (Mistake(0.868, "without the 1."),), decimals=2)
    assert [judge(exercise, x)[:9] for x in (0.86, 0.864, 0.867, 0.87)] == [
        "Correct: ",
        "Correct: ",
        "Not quite",
        "Not quite",
    ]


def test_a_function_that_returns_its_own_table_each_time_harms_nobody():
    table = torch.zeros(2)

    def same_table(x):
        return table.fill_(x)

    assert judge(toy(lambda x: torch.full((2,), x), (1.0,), (2.0,)), same_table).startswith("Correct: ")

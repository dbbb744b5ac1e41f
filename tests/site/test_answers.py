"""Answers typed on a page: judged as Python judges them, kept by the browser alone, and never in a page's way."""

import json
import math
import random
import re
import struct
import unicodedata
from pathlib import Path

import pytest
import torch
from answers import HOSTILE, forms
from playwright.sync_api import Page, expect
from sklearn.metrics import brier_score_loss
from test_pages import violations
from typed import typed

from conftest import ROOT
from llmbook.exercises import Exercise, Mistake
from llmbook.exercises.catalogue import all_exercises
from llmbook.exercises.judging import judge
from llmbook.exercises.on_page import as_text, on_page, turned
from llmbook.exercises.three_eras import wilson

HTML = ROOT / "_build/html"
TESTING = ROOT / "_build/testing/testing.js"
EXERCISES = {exercise.name: exercise for exercise in all_exercises()}
VALUES = {name: exercise for name, exercise in EXERCISES.items() if not exercise.probes}
PLACE = re.compile(r'<div class="llmbook-exercise" data-name="([^"]+)" data-asks="([^"]+)"')
PAGES = {
    page.relative_to(HTML).as_posix(): PLACE.findall(page.read_text(encoding="utf-8"))
    for page in sorted(HTML.glob("notebooks/*.html"))
}
PAGE_OF = {name: page for page, places in PAGES.items() for name, _ in places}
ONE = "notebooks/04-1-one-head.html"
# The one sentence that differs: a page has a field, and a notebook three dots.
IN_A_NOTEBOOK = "Not yet: put your answer in place of the three dots, and run the cell again."
ON_A_PAGE = "Not yet: write your answer in the field."


@pytest.fixture(scope="module")
def judge_page(browser):
    """A blank page with the judge."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(TESTING.read_text(encoding="utf-8"))
    yield page
    page.close()


def in_browser(page: Page, data: str, name: str, texts: list[str]) -> list[dict]:
    """The verdicts; texts travel as numbers, since a lone surrogate travels in no other way."""
    units = [
        list(struct.unpack(f"<{len(raw) // 2}H", raw))
        for raw in (t.encode("utf-16-le", "surrogatepass") for t in texts)
    ]
    return page.evaluate(
        """([data, name, texts]) =>
        llmbookTyped.verdicts(data, name, texts.map((units) => units.map((u) => String.fromCharCode(u)).join("")))""",
        [data, name, units],
    )


def in_python(exercise: Exercise, text: str) -> str:
    return judge(exercise, typed(text, exercise.answer)).replace(IN_A_NOTEBOOK, ON_A_PAGE)


def differences(page: Page, exercise: Exercise, texts: list[str], data: str | None = None) -> list[str]:
    """What the page says otherwise than Python."""
    texts = list(dict.fromkeys(texts))
    verdicts = in_browser(page, data or as_text({exercise.name: on_page(exercise)}), exercise.name, texts)
    assert len(verdicts) == len(texts)
    lines = [(text, in_python(exercise, text), verdict["says"]) for text, verdict in zip(texts, verdicts, strict=True)]
    return [f"{text[:60]!a}: {python!r}, not {script!r}" for text, python, script in lines if python != script]


def all_forms(exercise: Exercise) -> list[str]:
    answers = [exercise.answer, *(mistake.answer for mistake in exercise.mistakes)]
    return [text for answer in answers for text in forms(answer, exercise)]


# --- the same verdict, in the same words ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_the_page_says_what_python_says(judge_page, name):
    assert differences(judge_page, VALUES[name], [*all_forms(VALUES[name]), *HOSTILE]) == []


def written(answer: object) -> str:
    return str(answer.tolist() if isinstance(answer, torch.Tensor) else answer)


@pytest.mark.parametrize("name", VALUES)
def test_right_answers_are_right_and_typical_mistakes_are_named(judge_page, name):
    exercise = VALUES[name]
    texts = [written(answer) for answer in [exercise.answer, *(mistake.answer for mistake in exercise.mistakes)]]
    verdicts = in_browser(judge_page, as_text({name: on_page(exercise)}), name, [*texts, " ", "..." if name else ""])
    said = [(verdict["outcome"], verdict["says"]) for verdict in verdicts]
    assert said[0] == ("right", f"Correct: {exercise.right}")
    assert said[1 : len(texts)] == [("wrong", f"Not quite: {mistake.says}") for mistake in exercise.mistakes]
    assert said[len(texts)] == ("blank", ON_A_PAGE)


def toy(answer: object, *mistakes: object, **asked: int) -> Exercise:
    wrong = tuple(Mistake(mistake, f"that is mistake {number}.") for number, mistake in enumerate(mistakes))
    return Exercise("toy", answer, "so it is.", wrong, **asked)


TABLE = (torch.arange(6.0).view(2, 3) + 1) / 7
CUBE = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(0))
SIGHT = torch.ones(3, 3).tril().bool()
TOYS = {
    "near a mistake": toy(0.864, 0.868, 86.4, decimals=2),
    "one digit": toy(31.62, 55.0, digits=1),
    "no decimals": toy(12.4, 13.0, decimals=0),
    "negative": toy(-0.0312, digits=2),
    "tiny": toy(3e-7, digits=2),
    "zero": toy(0.0, decimals=2),
    "whole zero": toy(0, 1),
    "large": toy(8_000_000_000, 8_589_934_592),
    "computed": toy(torch.tensor(27.43)),
    "pair": toy([0.25, 0.75], [0.75, 0.25], digits=2),
    "computed row": toy(torch.tensor([3.7, 12.2, 5.5])),
    "counts": toy([120, 15, 30], [800, 100, 100]),
    "places": toy(torch.tensor([2, 0, 1]), [2, 1, 0]),
    "odd row": toy(torch.tensor([0.5, math.nan, -math.inf]), torch.tensor([0.5, 0.5, math.nan])),
    "table": toy(TABLE, TABLE * 2),
    "counted table": toy([[1, 2, 3], [4, 5, 6]]),
    "square": toy(torch.tensor([[0.5, 0.25], [0.125, 0.0625]]), decimals=3),
    "cube": toy(CUBE),
    "one in a row": toy([5], [6]),
    "mask": toy(SIGHT, ~SIGHT),
    "row of truths": toy([True, False, False]),
    "truth": toy(True, False),
    "word": toy("café", "Straße"),
}


@pytest.mark.parametrize("name", TOYS)
def test_kinds_of_exercises_that_no_page_has_yet_are_judged_alike(judge_page, name):
    assert differences(judge_page, TOYS[name], [*all_forms(TOYS[name]), *HOSTILE]) == []


SIGNS = [
    *"1209., -+*/()[]e%3_x^'\n",
    "**",
    "sqrt(",
    "log(",
    "pi",
    "...",
    "None",
    "True",
    "12",
    "0.5",
    "1e3",
    "nan",
    "inf",
]
SIGNS += "٣²−½"


@pytest.mark.parametrize("name", ["near a mistake", "counts", "table", "mask", "large", "word"])
def test_random_texts_are_judged_alike(judge_page, name):
    rng = random.Random(name)
    texts = ["".join(rng.choices(SIGNS, k=rng.randint(1, 9))) for _ in range(4000)]
    assert differences(judge_page, TOYS[name], texts) == []


SENTENCE = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')


def test_every_sentence_of_the_judge_was_said_and_python_has_it_too(judge_page):
    """So that none can be changed in one of the two languages alone."""
    said = set()
    for exercise in [*TOYS.values(), *VALUES.values()]:
        texts = list(dict.fromkeys([*all_forms(exercise), *HOSTILE]))
        data = as_text({exercise.name: on_page(exercise)})
        said |= {verdict["says"] for verdict in in_browser(judge_page, data, exercise.name, texts)}
    sources = [
        ROOT / f"web/src/judge/{name}.ts" for name in ("comparing", "hints", "hints_of_shape", "judging", "typed")
    ]
    code = [re.sub("^const AROUND.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE) for path in sources]
    literals = [found[1:-1] for text in code for found in SENTENCE.findall(text)]
    sentences = [max(re.split(r"\$\{[^}]*\}+", text), key=len).strip(" `:") for text in literals if " " in text.strip()]
    assert len(sentences) > 30
    assert [text for text in sentences if not any(text in line for line in said)] == []


def test_the_comparison_notices_a_changed_sentence_and_a_changed_rule(judge_page, browser):
    exercise = VALUES["5.4-chain"]
    texts = all_forms(exercise)
    data = on_page(exercise)
    data["mistakes"][0][1] += " (changed)"
    assert differences(judge_page, exercise, texts, as_text({exercise.name: data})) != []
    assert differences(judge_page, exercise, texts, as_text({exercise.name: on_page(exercise) | {"decimals": 3}})) != []
    script = TESTING.read_text(encoding="utf-8")
    for old, new in (("100 times too large", "100 times too big"), (".50001", ".40001")):
        page = browser.new_page()
        assert old in script
        page.evaluate(script.replace(old, new))
        assert differences(page, exercise, texts) != [], old
        page.close()


# --- Python's own ways with texts -----------------------------------------------------------------------------------


def random_texts() -> list[str]:
    rng = random.Random(0)
    ranges = [(1, 0x250), (1, 0x3000), (0x2000, 0x2100), (0x1F300, 0x1F600)]
    texts = ["".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 12))) for _ in range(3000)]
    return [text for text in texts if not any(unicodedata.category(letter) == "Cn" for letter in text)]


def test_texts_are_written_as_python_writes_them(judge_page):
    texts = random_texts()
    for function, python in (("repr", repr), ("strip", str.strip), ("split", str.split)):
        got = judge_page.evaluate(f"(texts) => texts.map(llmbookTyped.{function})", texts)
        assert [(t, a, b) for t, a, b in zip(texts, got, map(python, texts), strict=True) if a != b] == []


def test_letters_that_fold_into_plain_ones_do_so_as_in_python(judge_page):
    letters = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    plain = [letter for letter in letters if re.search("[a-z]", letter.casefold())]
    got = judge_page.evaluate("(texts) => texts.map(llmbookTyped.casefold)", plain)
    assert len(plain) > 60
    assert [(a, b) for a, b in zip(got, (letter.casefold() for letter in plain), strict=True) if a != b] == []


def test_numbers_are_written_as_python_writes_them(judge_page):
    rng = random.Random(0)
    numbers = [rng.choice((-1, 1)) * rng.random() * 10 ** rng.randint(-9, 20) for _ in range(5000)]
    numbers += [1234.5, 1235.5, 0.00012345, 9999.5, 99995.0, 0.5, 2.5, 100.25, 1000.5, 0.0001, 1e-5, 1e300, 5e-324]
    got = judge_page.evaluate("(numbers) => numbers.map(llmbookTyped.general)", numbers)
    assert [(x, a) for x, a in zip(numbers, got, strict=True) if a != f"{x:.4g}"] == []
    halves = [n / 2 for n in range(-9, 10)]
    assert judge_page.evaluate("(numbers) => numbers.map(llmbookTyped.roundEven)", halves) == [round(x) for x in halves]


# --- the field on the page ------------------------------------------------------------------------------------------


def field(page: Page, name: str):
    return page.locator(f'.llmbook-exercise[data-name="{name}"] form')


def answer(page: Page, name: str, text: str, sure: str | None = None) -> str:
    form = field(page, name)
    form.locator("[name=answer]").fill(text)
    if sure:
        form.locator("select").select_option(sure)
    verdict = form.locator(".verdict")
    before = verdict.inner_text()
    form.locator("button").click()
    expect(verdict).not_to_have_text("")
    if verdict.inner_text() == before:
        page.wait_for_timeout(200)
    return verdict.inner_text()


def test_each_exercise_has_its_place_on_the_page_that_asks_it():
    assert set(PAGE_OF) == set(EXERCISES)
    asked = {name: asks for places in PAGES.values() for name, asks in places}
    assert {name for name, asks in asked.items() if asks == "function"} == set(EXERCISES) - set(VALUES)


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", sorted({PAGE_OF[name] for name in VALUES}))
def test_every_field_of_a_page_judges(open_page, site, site_dir, name, scheme):
    page, seen = open_page(f"{site if scheme == 'http' else f'file://{site_dir}'}/{name}")
    for exercise in [VALUES[exercise] for exercise, asks in PAGES[name] if asks != "function"]:
        mistake = exercise.mistakes[0]
        assert answer(page, exercise.name, " ") == ON_A_PAGE
        assert answer(page, exercise.name, written(mistake.answer)) == f"Not quite: {mistake.says}"
        assert answer(page, exercise.name, written(exercise.answer)) == f"Correct: {exercise.right}"
    assert page.locator(".llmbook-exercise").count() == len(PAGES[name])
    assert seen.errors == []
    assert seen.foreign == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_field_is_used_by_keyboard_alone(open_page, site, dark):
    page, seen = open_page(f"{site}/{ONE}", dark=dark, width=390)
    form = field(page, "4.1-swap")
    form.locator("[name=answer]").focus()
    page.keyboard.type("mat")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.keyboard.press("7")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Enter")
    verdict = form.get_by_role("status")
    expect(verdict).to_contain_text("Correct: ")
    assert page.evaluate("document.activeElement.textContent") == "Check"  # the focus stays where it was
    assert form.get_by_label("Your answer").count() == form.get_by_label("How sure").count() == 1
    assert violations(page) == []
    assert seen.errors == []


def test_what_is_typed_stays_a_text(open_page, site):
    page, seen = open_page(f"{site}/{ONE}")
    for text in ['<img src=x onerror="window.hit = 1">', "<script>window.hit = 1</script>", "\u202e<b>tam</b>"]:
        assert answer(page, "4.1-swap", text).endswith("is not it.")
        assert field(page, "4.1-swap").locator(".verdict *").count() == 1  # the words “Not quite:”
    assert page.evaluate("window.hit") is None
    assert seen.errors == []


def test_the_judge_comes_when_a_reader_turns_to_a_field(open_page, site):
    page, _ = open_page(f"{site}/{ONE}")
    loaded = "performance.getEntriesByType('resource').map((e) => e.name).filter((n) => /judge|exercises\\//.test(n))"
    assert page.evaluate(loaded) == []
    field(page, "4.1-swap").locator("[name=answer]").focus()
    for _ in range(100):
        if len(page.evaluate(loaded)) == 2:
            break
        page.wait_for_timeout(50)
    assert sorted(Path(name).name for name in page.evaluate(loaded)) == ["judge.js", "one_head.js"]


def test_without_the_judge_the_page_says_so_and_tries_again(open_page, site):
    page, _ = open_page(f"{site}/{ONE}")
    page.route("**/judge.js", lambda route: route.abort())
    assert answer(page, "4.1-swap", "mat").startswith("The judge did not load.")
    assert page.locator(".llmbook-progress").count() == 0
    page.unroute("**/judge.js")
    assert answer(page, "4.1-swap", "mat").startswith("Correct: ")


def test_one_exercise_that_fails_takes_no_other_with_it(open_page, site):
    page, _ = open_page("about:blank")
    broken = as_text({"4.1-no-question": on_page(VALUES["4.1-no-question"]), "4.1-causal": {"asks": "table"}})
    body = f'(globalThis.llmbookExercises ??= {{}})["one_head"] = {json.dumps(broken)};'
    page.route("**/one_head.js", lambda route: route.fulfill(body=body, content_type="text/javascript"))
    page.goto(f"{site}/{ONE}")
    assert answer(page, "4.1-swap", "mat").startswith("The judge did not load.")
    assert answer(page, "4.1-causal", "1 2").startswith("The judge did not load.")
    assert answer(page, "4.1-no-question", "0.5, 1.5, 7/6").startswith("Correct: ")


# --- the rest of the page -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_nothing_about_running_where_nothing_runs(name):
    source = (HTML / name).read_text(encoding="utf-8")
    assert "Not yet:" not in source
    assert "@title" not in source
    assert "Replace the three dots and run the cell." not in source


@pytest.mark.parametrize("name", PAGES)
def test_no_answer_stands_in_the_page_but_in_its_solution(name):
    """The sentence of a right answer stands in the folded solution; elsewhere its letters are turned."""
    source = (HTML / name).read_text(encoding="utf-8")
    for exercise in [VALUES[exercise] for exercise, asks in PAGES[name] if asks != "function"]:
        right = max(re.split("[“”\"'`&<>]", exercise.right), key=len).strip()
        assert source.count(right) <= 1
        script = "".join(path.read_text(encoding="utf-8") for path in (HTML / "_static/exercises").glob("*.js"))
        assert right not in script
        assert right in turned(script)  # so it is there to be seen
        assert not any(mistake.says in script + source for mistake in exercise.mistakes)


def test_a_verdict_and_a_solution_are_not_cut_at_the_margin(open_page, site):
    page, _ = open_page(f"{site}/{ONE}", width=320)
    answer(page, "4.1-swap", "x" * 300)
    for summary in page.locator(".tag_solution summary").all():
        summary.click()
    cut = (
        "[...document.querySelectorAll('.tag_solution pre, .verdict')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
    )
    assert page.evaluate(f"{cut}.map((e) => e.textContent)") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", [ONE, "notebooks/01-4-counting.html"])
def test_without_a_script_the_page_is_complete_and_has_no_field(open_page, site, name):
    page, _ = open_page(f"{site}/{name}", javascript=False)
    assert page.locator("form.llmbook-field").count() == 0
    assert page.locator(".tag_exercise .cell_input").count() == len(PAGES[name])
    functions = sum(asks == "function" for _, asks in PAGES[name])
    assert page.locator(".llmbook-exercise", has_text="make lab").count() == functions > 0


def test_on_paper_there_is_no_field_and_the_solutions_stay(open_page, site):
    page, _ = open_page(f"{site}/{ONE}")
    answer(page, "4.1-swap", "mat")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not any(form.is_visible() for form in page.locator(".llmbook-field").all())
    assert not any(label.is_visible() for label in page.locator(".llmbook-exercise > label").all())
    assert page.locator(".llmbook-solutions .tag_solution").count() == len(PAGES[ONE])


def test_under_forced_colours_a_verdict_can_be_told(browser, site):
    context = browser.new_context(forced_colors="active", viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/{ONE}")
    style = "getComputedStyle(document.querySelector('.verdict')).borderLeftStyle"
    assert answer(page, "4.1-swap", "cat").startswith("Not quite: ")
    assert page.evaluate(style) == "dashed"
    assert answer(page, "4.1-swap", "mat").startswith("Correct: ")
    assert page.evaluate(style) == "solid"
    context.close()


# --- what the browser keeps -----------------------------------------------------------------------------------------

STORE = "localStorage.getItem('llmbook-answers')"
DONE = "[...document.querySelectorAll('.llmbook-progress')].map((e) => `${e.closest('a').pathname}: ${e.textContent}`)"


def test_progress_is_shown_in_the_list_of_pages_and_cleared_there(open_page, site):
    page, _ = open_page(f"{site}/{ONE}", width=1400)
    page.on("dialog", lambda dialog: dialog.accept())
    assert page.evaluate(DONE) == []
    answer(page, "4.1-swap", "cat")
    assert page.evaluate(DONE) == []
    answer(page, "4.1-swap", "mat")
    assert page.evaluate(DONE) == [f"/{ONE}: 1 of 4 done"]
    page.get_by_label("Done: the checker said").check()
    assert page.evaluate(DONE) == [f"/{ONE}: 2 of 4 done"]

    page.goto(f"{site}/index.html")
    assert page.evaluate(DONE) == [f"/{ONE}: 2 of 4 done"]
    page.goto(f"{site}/{ONE}")
    assert field(page, "4.1-swap").locator(".verdict").inner_text() == "You have done this one."
    assert page.get_by_label("Done: the checker said").is_checked()
    line = page.locator(".llmbook-progress-all")
    assert line.inner_text().startswith("2 exercises done.")
    line.get_by_role("button").click()
    expect(line.get_by_role("status")).to_have_text("No answers are kept.")
    assert page.evaluate("document.activeElement.textContent") == "Cleared"
    assert page.evaluate(DONE) == []
    assert page.evaluate(STORE) is None
    assert field(page, "4.1-swap").locator(".verdict").inner_text() == ""
    assert not page.get_by_label("Done: the checker said").is_checked()


def test_the_page_on_how_to_use_the_book_clears_too_but_asks_first(open_page, site):
    page, _ = open_page(f"{site}/{ONE}")
    answer(page, "4.1-swap", "mat")
    page.goto(f"{site}/chapters/how-to-use.html")
    button = page.get_by_role("button", name="Clear my answers")
    page.once("dialog", lambda dialog: dialog.dismiss())
    button.click()
    assert page.evaluate(STORE) is not None
    page.once("dialog", lambda dialog: dialog.accept())
    button.click()
    assert page.evaluate(STORE) is None


REFUSES = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"
BLOCKED = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } });"
PAGE_KEPT = f'{{"{ONE[:-5]}": {{"total": 4, "exercises": {{"4.1-swap": %s}}}}}}'
BROKEN = ["{", "[]", "null", "7", '"x"', '{"a": 1}', '{"a": {"total": "x", "exercises": {}}}', "\ud83d"]
BROKEN += [PAGE_KEPT % one for one in ("3", '{"done": "yes", "first": [1]}', '{"first": {"sure": 7, "right": 1}}')]
BROKEN += ['{"__proto__": {"total": 4, "exercises": {"a": {"done": true}}}}']


@pytest.mark.parametrize(
    "before", [REFUSES, BLOCKED, *(f"localStorage.setItem('llmbook-answers', {json.dumps(t)})" for t in BROKEN)]
)
def test_a_store_that_refuses_or_is_broken_is_in_nobodys_way(open_page, site, before):
    page, seen = open_page("about:blank")
    page.add_init_script(before)
    page.goto(f"{site}/{ONE}")
    assert answer(page, "4.1-swap", "mat", sure=None).startswith("Correct: ")
    assert page.evaluate(DONE) == [f"/{ONE}: 1 of 4 done"]
    assert answer(page, "4.1-no-question", "0.5, 1.5, 7/6").startswith("Correct: ")
    assert page.evaluate(DONE) == [f"/{ONE}: 2 of 4 done"]
    page.goto(f"{site}/chapters/how-sure.html")
    assert page.get_by_text("Nothing to show yet.").count() == 1
    assert page.locator(".theme-switch-button").count() > 0
    assert seen.errors == []


# --- calibration ----------------------------------------------------------------------------------------------------

STEPS = [0.1, 0.3, 0.5, 0.7, 0.9, 0.99]


def random_forecasts(count: int, seed: int) -> list[dict]:
    rng = random.Random(seed)
    return [{"sure": rng.choice(STEPS), "right": rng.random() < 0.6} for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 7, 40, 400])
def test_the_score_is_scikit_learns(judge_page, count):
    for seed in range(5):
        given = random_forecasts(count, seed)
        score = judge_page.evaluate("(given) => llmbookCore.brierScore(given)", given)
        expected = brier_score_loss([f["right"] for f in given], [f["sure"] for f in given], pos_label=True)
        assert score == pytest.approx(expected, rel=1e-12)
        halves = [f | {"sure": 0.5} for f in given]
        assert judge_page.evaluate("(given) => llmbookCore.brierScore(given)", halves) == 0.25


def test_the_curve_counts_what_came_true_at_each_step(judge_page):
    given = random_forecasts(300, 7)
    curve = judge_page.evaluate("(given) => llmbookCore.calibrationCurve(given)", given)
    assert [point["sure"] for point in curve] == STEPS
    for point in curve:
        outcomes = [f["right"] for f in given if f["sure"] == point["sure"]]
        assert (point["right"], point["count"]) == (sum(outcomes), len(outcomes))
        assert (point["low"], point["high"]) == pytest.approx(wilson(sum(outcomes), len(outcomes)), rel=1e-9)
    assert judge_page.evaluate("llmbookCore.calibrationCurve([])") == []
    assert judge_page.evaluate("llmbookCore.brierScore([])") != judge_page.evaluate("0")


def test_the_score_notices_a_wrong_formula(judge_page):
    given = random_forecasts(40, 1)
    absolute = sum(abs(f["sure"] - f["right"]) for f in given) / len(given)
    assert judge_page.evaluate("(given) => llmbookCore.brierScore(given)", given) != pytest.approx(absolute, rel=1e-3)


def test_only_the_first_answer_counts_and_only_with_how_sure(open_page, site):
    page, seen = open_page(f"{site}/{ONE}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{site}/chapters/how-sure.html")
    assert "Nothing to show yet." in page.locator(".llmbook-calibration").inner_text()
    page.goto(f"{site}/{ONE}")
    answer(page, "4.1-swap", "", sure="0.9")  # nothing yet, and no answer
    answer(page, "4.1-no-question", "abc", sure="0.3")  # none of the kind that is asked for
    answer(page, "4.1-swap", "cat")
    answer(page, "4.1-swap", "mat")
    answer(page, "4.1-no-question", "0.5, 1.5, 7/6")
    answer(page, "4.1-causal", "1 2\n3 4")  # without how sure
    select = field(page, "4.1-swap").locator("select")
    assert select.is_disabled()
    assert select.input_value() == "0.9"

    page.goto(f"{site}/chapters/how-sure.html")
    place = page.locator(".llmbook-calibration")
    expected = ((0.9 - 0) ** 2 + (0.3 - 1) ** 2) / 2
    assert f"Your Brier score is {expected:.3f} over 2 first answers, of which 1 was right." in place.inner_text()
    assert "always says 50 % gets 0.250" in place.inner_text()
    assert [row.inner_text().split("\t")[:2] for row in place.locator("tbody tr").all()] == [
        ["30\xa0%", "1"],
        ["90\xa0%", "1"],
    ]
    assert place.locator("svg text", has_text="n = 1").count() == 2
    assert violations(page) == []
    place.get_by_role("button").click()
    expect(place).to_contain_text("Nothing to show yet.")
    assert page.evaluate(STORE) is None
    assert seen.errors == []


def test_choosing_how_sure_at_one_exercise_survives_an_answer_to_another(open_page, site):
    page, _ = open_page(f"{site}/{ONE}")
    field(page, "4.1-no-question").locator("select").select_option("0.7")
    answer(page, "4.1-swap", "mat", sure="0.99")
    assert field(page, "4.1-no-question").locator("select").input_value() == "0.7"


@pytest.mark.parametrize("width", [320, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_calibration_fits_and_is_accessible(open_page, site, width, dark):
    page, _ = open_page("about:blank", width=width, dark=dark)
    exercises = {str(n): {"done": True, "first": f} for n, f in enumerate(random_forecasts(60, 3))}
    stored = json.dumps({"notebooks/x": {"total": 60, "exercises": exercises}})
    page.add_init_script(f"localStorage.setItem('llmbook-answers', {json.dumps(stored)})")
    page.goto(f"{site}/chapters/how-sure.html")
    assert page.locator(".llmbook-calibration .dot").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


def test_where_to_run_names_colab_where_there_is_a_repository():
    from exercise_fields import where_to_run

    assert "Colab" not in where_to_run(None)
    assert '<a href="https://x/?a=1&amp;b=2">in Colab</a>, or with <code>make lab</code>' in where_to_run(
        "https://x/?a=1&b=2"
    )

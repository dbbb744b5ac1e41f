"""The frame's own tools: what counts as used by a page, what goes from it, and how long a chapter takes."""

import pytest

from chapter_list import in_hours, minutes
from clean_page import cleaned
from used_styles import words_of_page, words_of_script

SEARCH = '<script src="../searchindex.js"></script>'
WIDGETS = [f'<script src="../_static/generated/widgets/{name}.js?v=1"></script>' for name in ("one", "two")]


def test_what_a_page_uses_is_what_selectors_can_name():
    page = """<!-- <b class="no"> --><div class="cell tag_x" id='a' data-theme="dark" hidden>a <i>card</i> < b
      <input type=search title="modal dialog"></div>"""
    assert {"div", "class", "cell", "tag_x", "id", "a", "data-theme", "dark", "hidden", "i", "input", "search"} <= (
        words_of_page(page)
    )
    assert not {"card", "modal", "dialog"} & words_of_page(page)
    assert {"show", "llmbook-close"} <= words_of_script("""x.classList.add("show","llmbook-close")""")


def test_a_page_loads_only_what_it_has_a_use_for(tmp_path):
    all_parts = SEARCH + "".join(WIDGETS)
    assert cleaned(f"<html>{all_parts}</html>", "_static", tmp_path) == "<html></html>"
    signs = '<div id="search-results"></div>', '<div data-widget="one"></div>', '<div data-widget="two"></div>'
    for part, sign in zip((SEARCH, *WIDGETS), signs, strict=True):
        assert cleaned(all_parts + sign, "_static", tmp_path) == part + sign


ANSWERS = '<script src="../_static/generated/answers.js?v=1"></script>'
CURVE = '<script src="../_static/generated/calibration.js?v=1"></script>'


def test_fields_come_to_pages_with_exercises_and_their_judge_to_none_at_first(tmp_path):
    judge = '<script src="../_static/generated/judge.js?v=1"></script>'
    assert cleaned(f"<html>{ANSWERS}{CURVE}{judge}</html>", "_static", tmp_path) == "<html></html>"
    for part, sign in ((ANSWERS, '<div class="llmbook-exercise"></div>'), (CURVE, '<div class="llmbook-calibration">')):
        assert cleaned(part + judge + sign, "_static", tmp_path) == part + sign


def test_marks_of_code_that_have_no_colour_of_their_own_go(tmp_path):
    code = '<span class="n">x</span> <span class="o">=</span> <span class="p">(</span><span class="mi">1</span>'
    assert cleaned(code, "_static", tmp_path) == 'x <span class="o">=</span> (<span class="mi">1</span>'


def test_an_inline_script_becomes_a_file_and_the_hidden_header_goes(tmp_path):
    page = '<script>let a = 1;</script><header id="pst-header"><button class="primary-toggle"></button></header>'
    kept = cleaned(page, "_static", tmp_path)
    (file,) = tmp_path.glob("*.js")
    assert kept == f'<script src="_static/inline/{file.name}"></script>'
    assert file.read_text(encoding="utf-8") == "let a = 1;\n"


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("twenty minutes.", 20),
        ("twenty-five minutes to read; the page itself runs in a few seconds.", 25),
        ("three quarters of an hour to read; the page", 45),
        ("an hour to read, two to type along; the page", 60),
        ("forty minutes to read with pencil and paper; the page", 40),
        ("50 minutes to read.", 50),
        ("as long as you like.", None),
        ("umpteen minutes.", None),
    ],
)
def test_the_time_of_a_page_is_read_from_its_words(said, time):
    assert minutes(f"- **How long:** {said}") == time


def test_a_page_without_a_time_is_noticed():
    assert minutes("# 1.1 A page") is None


@pytest.mark.parametrize(("total", "words"), [(20, "½ hour"), (60, "1 hour"), (61, "1½ hours"), (150, "2½ hours")])
def test_times_are_rounded_up_to_half_an_hour(total, words):
    assert in_hours(total).replace("\N{NO-BREAK SPACE}", " ") == words

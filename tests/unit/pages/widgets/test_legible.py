"""Tokens without ink: the sign that is shown, and the name that is spoken."""

import pytest

from llmbook.pages import AttentionLab
from llmbook.pages.widgets.legible import legible


@pytest.mark.parametrize(
    ("word", "shown", "spoken"),
    [
        ("cat", "cat", "cat"),
        (" cat", " cat", " cat"),
        ("", "∅", "empty"),
        (" ", "␣", "space"),
        ("\n", "↵", "line break"),
        ("\t", "⇥", "tab"),
        ("    ", "␣␣␣␣", "space, space, space, space"),
        ("\n\n\t", "↵↵⇥", "line break, line break, tab"),
        ("\u200b", "U+200B", "U+200B"),
        ("\u00ad", "U+00AD", "U+00AD"),
    ],
)
def test_a_word_without_ink_has_a_sign_and_a_name(word, shown, spoken):
    assert legible(word) == (shown, spoken)


def test_the_table_shows_and_names_it():
    lab = AttentionLab.from_tensors(
        *[AttentionLab("a b c").qkv[x].float() for x in "qk"], tokens=["a<", "\n", "\u200b"]
    )
    table = lab.to_table()
    for scope in ("row", "col"):
        assert f'<th scope="{scope}">a&lt;</th>' in table
        assert f'<th scope="{scope}" aria-label="line break">↵</th>' in table
        assert f'<th scope="{scope}">U+200B</th>' in table

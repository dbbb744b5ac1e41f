"""Words without ink, a line break for instance: a sign that stands for them, and a name where they are spoken.

Tokenizers give such tokens names of their own, each another; here a reader sees and hears what is in the text. The
front end does the same by the same rule (``web/src/core/legible.ts``).
"""

import unicodedata

MARKS = {
    " ": ("␣", "space"),
    "\n": ("↵", "line break"),
    "\t": ("⇥", "tab"),
}


def legible(word: str) -> tuple[str, str]:
    """How a word is shown and how it is spoken: as it is, unless it has no ink."""
    if not word:
        return "∅", "empty"
    if not all(has_no_ink(character) for character in word):
        return word, word
    marks = [mark_of(character) for character in word]
    return "".join(sign for sign, _ in marks), ", ".join(name for _, name in marks)


def has_no_ink(character: str) -> bool:
    """Whether it is a space or a control or format character."""
    category = unicodedata.category(character)
    return category.startswith("Z") or category in ("Cc", "Cf")


def mark_of(character: str) -> tuple[str, str]:
    """The sign and the name of one character without ink; its code point where it has none."""
    code = f"U+{ord(character):04X}"
    return MARKS.get(character, (code, code))

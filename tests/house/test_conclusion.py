"""The conclusion quotes what pages print: each quotation stands in the stored outputs of the page beside it."""

import json
import re

import pytest
from test_rules import ROOT

(PAGE,) = ROOT.glob("chapters/08/*-conclusion.md")
TEXT = PAGE.read_text(encoding="utf-8")
NOTEBOOK = re.compile(r"\]\(\.\./\.\./(notebooks/[\w-]+\.ipynb)\)")
NAMED = re.compile(r"^\[(\w+)\]: (\S+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
ROLE = re.compile(r"\{[\w:]+\}`[^`]*`")


def printed(name: str) -> str:
    """All that the cells of a notebook print, with single spaces."""
    cells = json.loads((ROOT / name).read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return " ".join(" ".join("".join(output.get("text", "")) for output in outputs).split())


def quotations(text: str) -> list[tuple[str, list[str]]]:
    """What stands in code, and the notebooks named in the same row or paragraph."""
    found = []
    for name, target in NAMED.findall(text):
        text = text.replace(f"][{name}]", f"]({target})")
    for block in re.split(r"\n\n|\n(?=\|)", ROLE.sub("", text)):
        names = NOTEBOOK.findall(block)
        found += [(" ".join(words.split()), names) for words in CODE.findall(block.replace("\n", " ")) if names]
    return found


def wrong(text: str) -> list[str]:
    return [words for words, names in quotations(text) if not any(words in printed(name) for name in names)]


def test_what_is_quoted_is_printed():
    assert len(quotations(TEXT)) >= 12
    assert wrong(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("perplexity     501.5", "perplexity     50.15"), ("241 tasks", "240 tasks"), ("0.098", "0.089")],
)
def test_a_changed_number_is_seen(old, new):
    assert TEXT.count(old) == 1
    assert len(wrong(TEXT.replace(old, new))) == 1


def test_another_page_has_not_printed_it():
    assert wrong(TEXT.replace("03-9-long-texts", "03-8-fewer-weights"))

"""The glossary: each entry is whole and used, and its terms are found in a text as a reader would find them."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_rules import ROOT

from glossary import PAGE, WITHOUT_LINKS, Entry, Finder, read, reading_order

ENTRIES = read(ROOT)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES = {"BERT", "BLEU"}  # that have no other name in Chinese


def words_of(docname: str) -> str:
    """What a page's source says outside code cells."""
    notebook = ROOT / f"{docname}.ipynb"
    if not notebook.is_file():
        return (ROOT / f"{docname}.md").read_text(encoding="utf-8")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


PAGES = {docname: words_of(docname) for docname in reading_order(ROOT) if docname not in WITHOUT_LINKS}


def used(entry: Entry, text: str) -> bool:
    return any(found is entry for _, found in Finder([entry]).find(text))


def faults(entries: Sequence[Entry], pages: dict[str, str]) -> list[str]:
    """One sentence for each thing that is wrong with the glossary."""
    terms = [entry.term for entry in entries]
    wrong = [] if terms == sorted(terms, key=str.lower) else ["the terms are not sorted"]
    forms = [form for entry in entries for form in entry.forms()]
    wrong += [f"{form!r} belongs to two entries" for form in sorted({f for f in forms if forms.count(f) > 1})]
    for entry in entries:
        if not CHINESE.search(entry.zh) and entry.term not in NAMES:
            wrong.append(f"{entry.term} has no Chinese name")
        if not re.fullmatch(r"[A-Zne][^.!?]*\.", re.sub(r"\d\.\d", "", entry.definition)):
            wrong.append(f"{entry.term} is not defined by one sentence")
        if entry.page is not None and entry.page not in pages:
            wrong.append(f"{entry.term}: there is no page {entry.page}")
        elif entry.page is not None and not used(entry, pages[entry.page]):
            wrong.append(f"{entry.term}: page {entry.page} does not mention it")
        if not any(used(entry, text) for text in pages.values()):
            wrong.append(f"{entry.term} is used nowhere")
    return wrong


def test_the_glossary_is_whole():
    assert len(ENTRIES) >= 70
    assert faults(ENTRIES, PAGES) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"zh": "softmax"}, "no Chinese name"),
        ({"definition": "Shares. They sum to one."}, "one sentence"),
        ({"definition": "shares that sum to one"}, "one sentence"),
        ({"page": "notebooks/04-9-nowhere"}, "no page"),
        ({"page": "chapters/01/index"}, "does not mention it"),
        ({"term": "softermax"}, "used nowhere"),
        ({"also": ("token",)}, "two entries"),
        ({"term": "zzz", "also": ("softmax",)}, "not sorted"),
    ],
)
def test_what_is_wrong_with_an_entry_is_found(change, words):
    broken = [replace(entry, **change) if entry.term == "softmax" else entry for entry in ENTRIES]
    assert any(words in fault for fault in faults(broken, PAGES))


def entry(term: str, zh: str = "词", **more) -> Entry:
    return Entry(term, zh, "What it is.", **more)


FINDER = Finder(
    [
        entry("attention", also=("attentions",), never=("Attention Is All You Need",)),
        entry("cross-attention"),
        entry("head", only=("induction head", "one head")),
        entry("residual connection", also=("residual",)),
        entry("Adam"),
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Attention, and more attentions", ["Attention", "attentions"]),
        ("self-attention and inattention", []),
        ("the cross-attention", ["cross-attention"]),
        ("“Attention Is All You Need” has attention", ["attention"]),
        ("at the head of one\nhead", ["one\nhead"]),
        ("a residual\nconnection is no residual", ["residual\nconnection", "residual"]),
        ("Adam, adam, AdamW", ["Adam"]),
    ],
)
def test_terms_are_found_as_whole_words(text, found):
    assert [match[0] for match, _ in FINDER.find(text)] == found


def test_a_chinese_text_is_searched_for_the_chinese_names():
    finder = Finder([entry("attention", "注意力"), entry("Adam", "Adam 优化器")], "zh_CN")
    assert [match[0] for match, _ in finder.find("用Adam训练注意力,attention")] == ["Adam", "注意力"]


def test_the_glossary_is_a_page_of_the_book():
    assert PAGE in reading_order(ROOT)

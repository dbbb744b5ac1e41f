"""The questions: each was asked somewhere, and each command, file and name in an answer is there."""

import importlib
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from test_rules import ROOT

from llmbook.exercises.catalogue import PAGES, exercises_of
from llmbook.train import read_config

TEXT = (ROOT / "chapters/09/faq.md").read_text(encoding="utf-8")
CONFIG = (ROOT / "chapters/07/train.toml").read_text(encoding="utf-8")  # ends in the table of training
THREAD = re.compile(r"https://github\.com/[\w-]+/[\w.-]+/(?:issues|pull)/\d+")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
EXERCISES = {exercise.name for page in PAGES for exercise in exercises_of(page)}
WORDS = {"may_attend", "pip"}  # an argument of the layers, and a program that is no part of the book


def questions(text: str) -> dict[str, str]:
    """The answer to each question."""
    _, *parts = re.split(r"^### ", text, flags=re.MULTILINE)
    return {part.split("\n")[0]: re.split(r"^## ", part, flags=re.MULTILINE)[0] for part in parts}


def is_setting(word: str) -> bool:
    """Whether a configuration of ``llmbook.train`` may have it: in its table of training, or before the tables."""
    if not word.isidentifier() or word in tomllib.loads(CONFIG):
        return False
    with TemporaryDirectory() as folder:
        path = Path(folder, "train.toml")
        for value in ("2", "'a name'"):
            for text in (f"{CONFIG}\n{word} = {value}\n", f"{word} = {value}\n{CONFIG}"):
                path.write_text(text, encoding="utf-8")
                with suppress(ValueError):
                    read_config(path)
                    return True
    return False


def is_of_torch(name: str) -> bool:
    """Whether PyTorch has it: by its whole name, or as a method of a tensor or a module."""
    if "." not in name:
        return hasattr(torch.Tensor, name) or hasattr(torch.nn.Module, name)
    part: object = torch
    for step in name.removeprefix("torch.").split("."):
        part = getattr(part, step, None)
    return part is not None


def exists(span: str) -> bool:
    """Whether what stands in code is there: a command, a file, an exercise, a part of the library, a known word."""
    if span in WORDS or span in EXERCISES or is_setting(span) or is_of_torch(span.removesuffix("()")):
        return True
    if span.startswith("make "):
        return span.removeprefix("make ") in TARGETS
    if span.startswith("python -m "):
        return importlib.util.find_spec(span.split()[2]) is not None
    if imported := re.fullmatch(r"from ([\w.]+) import ([\w, ]+)", span):
        return all(hasattr(importlib.import_module(imported[1]), name) for name in imported[2].split(", "))
    if "/" in span or re.search(r"\.(md|txt)$", span):
        return (ROOT / span).is_file()
    if span.startswith("llmbook."):
        return importlib.util.find_spec(span) is not None
    offered = (importlib.import_module(f"llmbook.{folder}") for folder in ("pretrained", "training"))
    return (ROOT / span).is_file() or any(hasattr(module, span.removesuffix("()")) for module in offered)


def faults(text: str) -> list[str]:
    wrong = []
    for question, answer in questions(text).items():
        if not THREAD.search(answer.split("\n\n")[1]):
            wrong.append(f"{question}: no thread")
        links = re.findall(r"\]\((?!https)([^)#\s]+)", answer)
        wrong += [f"{question}: no page {link}" for link in links if not (ROOT / "chapters/09" / link).is_file()]
        spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", answer)]
        wrong += [f"{question}: {span!r} is not there" for span in spans if not exists(span)]
        if not links and not spans:
            wrong.append(f"{question}: leads nowhere")
    return wrong


def test_each_answer_leads_to_what_is_there():
    assert 15 <= len(questions(TEXT)) <= 25
    assert faults(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("`make test-pins`", "`make test-pens`", "'make test-pens' is not there"),
        ("`requirements.txt`", "`requirement.txt`", "'requirement.txt' is not there"),
        ("import fit`", "import fitt`", "'from llmbook.training import fitt' is not there"),
        ("-m llmbook.train config", "-m llmbook.trains config", "is not there"),
        ("`4.3-split`", "`4.3-splits`", "'4.3-splits' is not there"),
        ("`load_minilm()`", "`load_maxilm()`", "'load_maxilm()' is not there"),
        ("`accumulate`", "`accumulates`", "'accumulates' is not there"),
        ("as `checkpoint`", "as `checkpoints`", "'checkpoints' is not there"),
        ("`view` keeps", "`vew` keeps", "'vew' is not there"),
        ("`nn.MultiheadAttention`", "`nn.MultiHeadAttention`", "'nn.MultiHeadAttention' is not there"),
        ("04-2-why-sqrt-dk.ipynb", "04-2-why.ipynb", "no page ../../notebooks/04-2-why.ipynb"),
        ("https://github.com/karpathy/nanoGPT/issues/262", "https://github.com/karpathy/nanoGPT", "no thread"),
    ],
)
def test_what_is_not_there_is_named(old, new, words):
    assert old in TEXT
    assert any(words in fault for fault in faults(TEXT.replace(old, new)))

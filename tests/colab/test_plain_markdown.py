"""The text of a Colab copy is Markdown that any notebook viewer shows: nothing of MyST is left in it."""

import re

import nbformat
import pytest

from colab import ROOT, colab_copy, glued_numbers, pages
from plain_markdown import Converter, citations_in, labels_in

SITE = "https://example.org/book/"
MYST = re.compile(r"\{[a-z][\w:-]*\}`|^(`{3,}|:{3,})\{|^\([\w-]+\)=\s*$|^:{3,}\s*$", re.MULTILINE)


@pytest.fixture
def converter():
    return Converter(
        SITE,
        "notebooks/04-1-one-head.ipynb",
        citations={"vaswani2017": ("Vaswani et al.", "2017", "https://doi.org/10/x"), "kay": ("Kay", "1984", "")},
        labels={"why-scale": ("notebooks/04-2-why.ipynb", "Why scale")},
        numbers={"largest": "0.51"},
    )


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        ("See {cite}`vaswani2017,kay`.", "See ([Vaswani et al., 2017](https://doi.org/10/x); Kay, 1984)."),
        ("{cite:t}`vaswani2017` say", "[Vaswani et al. (2017)](https://doi.org/10/x) say"),
        ("see {ref}`why-scale`", f"see [Why scale]({SITE}notebooks/04-2-why.html#why-scale)"),
        ("see {ref}`there <why-scale>`", f"see [there]({SITE}notebooks/04-2-why.html#why-scale)"),
        ("up to {glue}`largest`", "up to 0.51"),
        ("up to {glue:text}`notebooks/04-1.ipynb::largest`", "up to 0.51"),
        ("{math}`x^2` and $y$", "$x^2$ and $y$"),
        ("a {term}`head`", "a head"),
        ("[next](04-2-why.ipynb)", f"[next]({SITE}notebooks/04-2-why.html)"),
        ("[home](../index.md#top)", f"[home]({SITE}index.html#top)"),
        ("![A head](../_static/head.svg)", f"![A head]({SITE}_static/head.svg)"),
        ("[out](https://example.com/a.md)", "[out](https://example.com/a.md)"),
        ("(why-scale)=\n## Why scale", "## Why scale"),
        ("% a comment\ntext", "text"),
        ("$$\na = b\n$$ (eq-a)", "$$\na = b\n$$"),
        (":::{note}\nMind this.\n:::", "> **Note**\n>\n> Mind this."),
        ("```{admonition} A title\n:class: tip\nBody {glue}`largest`\n```", "> **A title**\n>\n> Body 0.51"),
        ("::::{note}\n:::{tip}\ninner\n:::\n::::", "> **Note**\n>\n> > **Tip**\n> >\n> > inner"),
        (":::{dropdown} Solution\n$x$\n:::", "<details><summary>Solution</summary>\n\n$x$\n\n</details>"),
        ("```{math}\n:label: eq\na = b\n```", "$$\na = b\n$$"),
        ("```{figure} ../_static/h.svg\n:alt: A\nOne head.\n```", f"![A]({SITE}_static/h.svg)\n\n*One head.*"),
        ("```python\nx = {'a': 1}  # [a](b.md)\n```", "```python\nx = {'a': 1}  # [a](b.md)\n```"),
        ("text\n\n| a | b |\n| - | - |", "text\n\n| a | b |\n| - | - |"),
    ],
)  # fmt: skip
def test_markup(converter, myst, plain):
    assert converter.convert(myst) == plain


def test_labels_are_found():
    assert labels_in("# A\n\n(b-c)=\n## The *title*\n", "x.md") == {"b-c": ("x.md", "The *title*")}


def test_citations_are_read(tmp_path):
    bibliography = tmp_path / "b.bib"
    bibliography.write_text(
        "@article{one, author={Ada Lovelace}, year={1843}, title={Notes}, url={https://example.org/n}}\n"
        "@misc{two, author={B Ba and C Ca}, year={2020}, title={T}, eprint={2001.00001}, archiveprefix={arXiv}}\n",
        encoding="utf-8",
    )
    found = citations_in(bibliography)
    assert found["one"] == ("Lovelace", "1843", "https://example.org/n")
    assert found["two"] == ("Ba and Ca", "2020", "https://arxiv.org/abs/2001.00001")


def test_no_copy_has_myst_left():
    book = pages()
    labels = {label: found for page, text in book.items() for label, found in labels_in(text, page).items()}
    citations = citations_in(ROOT / "references.bib")
    numbers = glued_numbers()
    copies = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert copies
    for path in copies:
        converter = Converter(SITE, path.relative_to(ROOT).as_posix(), citations, labels, numbers)
        for cell in colab_copy(path, converter).cells:
            if cell.cell_type == "markdown":
                left = MYST.search(cell.source)
                assert not left, f"{path.name}: {left and left[0]!r} in a copy:\n{cell.source}"
                nbformat.validate(cell, version=4, version_minor=5, ref="cell")

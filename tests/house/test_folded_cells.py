"""What a page folds of a cell's source: its imports, its checks, and whatever would answer for the reader."""

import pytest
from docutils import nodes

from folded_cells import fold_cells, label_of, layout, parts_of

IMPORTS = "import math\n\nfrom torch import nn\n\n\n"


@pytest.mark.parametrize(
    ("source", "letters"),
    [
        ("x = 1\nprint(x)", "vv"),
        ("x = 1\nassert x == 1", "vc"),
        ("assert x\nprint(x)", "cv"),
        ("x = 1\n\nassert x\n\nprint(x)", "vvc_v"),  # one gap is left where there were two
        ("x = 1\nassert x\n\n\ndef f():\n    return x", "vcvvvv"),
        ("assert x\n\nassert y", "ccc"),
        ("show(fig,\n     alt='two words')", "cc"),
        ("glue('a', 1)\nagree(a, b)\ntorch.testing.assert_close(a, b)", "ccc"),
        ("np.testing.assert_allclose(a,\n                           b)\nx = 1", "ccv"),
        ("for x in y:\n    assert x", "cc"),
        ("for x in y:\n    print(x)\n    assert x", "vvv"),
        ("def f(x):\n    assert x", "vv"),
        ("with torch.no_grad():\n    assert f(x)", "cc"),
        ("x = 1\nassert x == 1\nx = 2", "vvv"),  # below, it would say something else
        ("x = 1\nassert x == 1\nassert y\nx = 2", "vvvv"),
        ("assert all(x for x in y)\nfor x in y:\n    print(x)", "cvv"),  # another x
        ("assert f\n\n\ndef g(f):\n    f = 1", "c__vv"),
        ("assert f\n\n\ndef f():\n    pass", "vvvvv"),
        (IMPORTS + "x = 1", "sss__v"),
        (IMPORTS + "assert nn", "sss__c"),
        ("x = 1\nimport math", "vv"),
        ("# Why: so\nassert x\nx.f()  # not this", "ccv"),
        ("# The lesson.\nx = 1\nassert x", "vvc"),
        ("%pip install x\nassert x", "vv"),  # not Python
    ],
)
def test_each_line_goes_to_its_part(source, letters):
    assert layout(source) == letters


def test_imports_may_stay_in_sight():
    assert layout(IMPORTS + "x = 1", imports_in_sight=True) == "vvvvvv"


def test_the_parts_hold_all_that_is_written():
    source = IMPORTS + "x = 1\nassert x\n\ny = 2\nglue('y', y)"
    texts = parts_of(source, layout(source))
    assert texts == {"s": "import math\n\nfrom torch import nn", "v": "x = 1\n\ny = 2", "c": "assert x\nglue('y', y)"}


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("x = 1\nassert x", "Checks"),
        ("x = 1\nshow(x, alt='a b c')\nassert x", "Checks, figure"),
        ("x = 1\nglue('x', x)", "Numbers for other pages"),
        ("agree(a, b)", "This cell only checks"),
        ("show(x, alt='a b c')", "This cell only shows its figure"),
    ],
)
def test_a_strip_says_what_it_holds(source, label):
    assert label_of(source, layout(source)) == label


def page(*children: nodes.Node) -> nodes.document:
    document = nodes.document(None, None)
    document.extend(children)
    return document


def cell(source: str, *tags: str, **options: str) -> nodes.container:
    block = nodes.literal_block(source, source)
    inner = nodes.container("", block, nb_element="cell_code_source")
    classes = ["cell", *(f"tag_{tag}" for tag in tags)]
    return nodes.container("", inner, nb_element="cell_code", classes=classes, **options)


def parts(document: nodes.document) -> list[str]:
    return [block.parent.get("part", "v") + block.astext() for block in document.findall(nodes.literal_block)]


def test_tags_decide():
    source = "import a\nassert a"
    for tags, found in (
        ([], ["simport a", "cassert a"]),
        (["imports"], ["vimport a", "cassert a"]),
        (["checks"], ["c" + source]),
        (["exercise"], ["v" + source]),
    ):
        document = page(cell(source, *tags))
        fold_cells(None, document)
        assert parts(document) == found


def test_a_cell_that_hides_its_input_is_setup_and_a_hidden_solution_stays_whole():
    document = page(cell("x = 1\nassert x", hide_mode="input"), cell("x = 1\nassert x", "solution", hide_mode="all"))
    fold_cells(None, document)
    assert parts(document) == ["sx = 1\nassert x", "vx = 1\nassert x"]
    assert [found.get("hide_mode") for found in document.children] == [None, "all"]


def test_an_answer_goes_into_the_folded_answer_before_it():
    start, end = nodes.raw("", "<details>", format="html"), nodes.raw("", "</details>\n", format="html")
    document = page(start, nodes.paragraph("", "so"), end, cell("f()", "answer"), nodes.paragraph("", "after"))
    fold_cells(None, document)
    names = [child.tagname for child in document.children]
    assert names == ["raw", "paragraph", "container", "raw", "paragraph"]


def test_an_answer_without_a_folded_answer_before_it_is_a_warning(caplog):
    document = page(nodes.paragraph("", "so"), cell("f()", "answer"))
    fold_cells(None, document)
    assert "does not follow a folded answer" in caplog.text

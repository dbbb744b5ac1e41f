"""What a page prints and draws can be read: numbers as numbers, results rather than True, heat maps with a caption."""

import ast
import re

import nbformat
import pytest
from guard import PAGES, code_cells, text_of

QUOTED_NUMBERS = re.compile(r"\['-?\d[\d.e+-]*'")
ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@pytest.fixture(params=PAGES, ids=[page.stem for page in PAGES])
def cells(request):
    return code_cells(nbformat.read(request.param, as_version=4))


def calls_of(source: str, *names: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in names]


def captionless(source: str) -> list[int]:
    """The lines on which a heat map is drawn without a title."""
    maps = calls_of(source, "heat_map", "alignment")
    return [call.lineno for call in maps if not any(keyword.arg == "title" for keyword in call.keywords)]


def printed(value: ast.expr) -> list[ast.expr]:
    """What a printed expression comes down to: the parts of an f-string, of ``bool``, of a list."""
    match value:
        case ast.JoinedStr(values=values):
            return [part for piece in values if isinstance(piece, ast.FormattedValue) for part in printed(piece.value)]
        case ast.Call(func=ast.Name(id="bool"), args=[inner]) | ast.Starred(value=inner):
            return printed(inner)
        case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
            return printed(inner)
    return [value]


def bare_thresholds(source: str) -> list[str]:
    """What is printed of a number when its being above or below another is: True."""
    values = [part for call in calls_of(source, "print") for value in call.args for part in printed(value)]
    comparisons = [value for value in values if isinstance(value, ast.Compare)]
    return [ast.unparse(value) for value in comparisons if any(isinstance(sign, ORDERED) for sign in value.ops)]


def test_a_matrix_is_printed_as_numbers(cells):
    assert [found for cell in cells for found in QUOTED_NUMBERS.findall(text_of(cell))] == []


def test_what_was_found_is_printed_rather_than_true(cells):
    assert [found for cell in cells for found in bare_thresholds(cell.source)] == []


def test_every_heat_map_has_a_caption(cells):
    assert {number: lines for number, cell in enumerate(cells) if (lines := captionless(cell.source))} == {}


def test_what_cannot_be_read_is_seen():
    assert QUOTED_NUMBERS.search("cat  ['0.99', '1.56']")
    assert not QUOTED_NUMBERS.search("['5 mat', '1 cat']")
    assert bare_thresholds("print('below 1e-6:', bool((a - b).max() < 1e-6))") == ["(a - b).max() < 1e-06"]
    assert bare_thresholds("print(f'near: {near(v) > 0.8}', [end < 1 for end in ends])") == ["near(v) > 0.8", "end < 1"]
    assert bare_thresholds("print('equal:', torch.equal(a, b), a == b, 'more' if a > b else 'less')") == []
    assert captionless("show(heat_map(a, b, c), alt='a b c')") == [1]
    assert captionless("heat_map(a, b, c, title='weights')") == []

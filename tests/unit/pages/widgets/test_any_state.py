"""Whatever the laboratory is given, it is one that a page can show, or an error that names what was given."""

import json
import math
import re
from collections.abc import Callable, Collection

import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import random

from llmbook.pages import AttentionLab, WordArcs
from llmbook.pages.widgets.checks import MASKS, STATE

SCRIPT = re.compile(r'<script type="application/json">(.*?)</script>')
WORDS = some.one_of(
    some.text(max_size=20),
    some.characters(),
    some.sampled_from(["</script>", "\ufeff", "e\u0301", "שלום", "\ud83d", "\udc00", ""]),
)
TEXTS = some.lists(WORDS, max_size=20).map(" ".join)
FLOATS = some.one_of(some.floats(), some.floats(1e-9, 1e9), some.sampled_from([5e-324, 1e308]))
WHOLE = some.one_of(some.integers(-1, 8), some.sampled_from([2**63, 10**400, -(2**70)]))
NUMBERS = some.one_of(WHOLE, FLOATS, some.booleans(), some.none())
AXES = ("H", "T", "S", "d_k", "d_v")
CELLS = some.lists(some.tuples(WHOLE, WHOLE), max_size=3)
EDITS = some.lists(some.tuples(some.sampled_from("qkvw"), WHOLE, WHOLE, WHOLE, NUMBERS), max_size=3)
KINDS = {
    "temperature": NUMBERS,
    "scaled": some.one_of(some.booleans(), some.integers(0, 1)),
    "mask": some.one_of(some.sampled_from(MASKS), some.text(max_size=3), some.none()),
    "blocked": some.one_of(CELLS, some.none()),
    "edits": some.one_of(EDITS, some.none()),
    **dict.fromkeys(("d_k", "n_keys", "window", "head", "row", "key"), NUMBERS),
}
# One or two settings out of all that is possible, or several at once that can be
ODD = some.sampled_from(sorted(KINDS)).flatmap(lambda name: some.fixed_dictionaries({name: KINDS[name]}))
GOOD = some.fixed_dictionaries(
    {},
    optional={
        "temperature": some.floats(0.01, 100),
        "scaled": some.booleans(),
        "d_k": some.integers(1, 1000),
        "mask": some.sampled_from(MASKS),
        "n_keys": some.integers(0, 20),
        "window": some.integers(1, 20),
        "blocked": some.lists(some.tuples(some.just(0), some.just(0)), max_size=2),
    },
)
SETTINGS = some.one_of(ODD, GOOD, some.tuples(GOOD, ODD).map(lambda both: both[0] | both[1]))
quickly = settings(max_examples=150, deadline=None, derandomize=True)


def refuse(constant: str) -> None:
    raise AssertionError(f"JSON has no {constant}")


def shows(lab: AttentionLab) -> None:
    """All that a page is given can be written to it: a state without NaN, weights that are shares, a table, words."""
    html = lab.to_html()
    html.encode()
    state = json.loads(SCRIPT.search(html)[1], parse_constant=refuse)
    assert set(state) == {"source", *STATE}
    assert all(math.isfinite(x) for x in numbers_in(state))
    weights = lab.weights
    assert weights.shape == (len(lab.tokens), len(lab.key_tokens))
    assert ((weights >= 0) & (weights <= 1)).all()
    rows = weights.sum(dim=-1)
    assert (((rows - 1).abs() < 1e-9) | (~lab.may_attend.any(dim=-1) & (rows == 0))).all()
    assert "nan" not in re.sub(r"<th.*?</th>|<caption>.*?</caption>", "", lab.to_table())
    repr(lab).encode()


def numbers_in(value: object) -> list[float]:
    """All numbers of a state; a whole number that is too large for the page's arithmetic is infinite there."""
    if isinstance(value, dict | list):
        return [x for part in (value.values() if isinstance(value, dict) else value) for x in numbers_in(part)]
    return [float(value) if abs(value) < 2**1023 else math.inf] if isinstance(value, int | float) else []


def shows_or_names(make: Callable[[], AttentionLab | None], names: Collection[str]) -> None:
    """Either there is a laboratory that can be shown, or the error names one of what was given."""
    try:
        lab = make()
    except (ValueError, traitlets.TraitError) as error:
        said = str(error)
    else:
        return shows(lab) if lab else None
    assert any(re.search(rf"\b{name.removesuffix('s')}", said) for name in names), said


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize("widget", [AttentionLab, WordArcs])
@quickly
@given(text=TEXTS, options=SETTINGS)
def test_words_and_settings(widget, text, options):
    shows_or_names(lambda: widget(text, **options), options if text.strip() else {*options, "word"})


@quickly
@given(options=SETTINGS)
def test_settings_that_are_set_later(options):
    lab = AttentionLab()
    for name, value in options.items():
        shows_or_names(lambda name=name, value=value: setattr(lab, name, value), [name])
    shows(lab)


@pytest.mark.usefixtures("shapes_unchecked")
@quickly
@given(
    dtype=some.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]),
    sizes=some.fixed_dictionaries({axis: some.integers(1, 4) for axis in AXES}),
    empty=some.sampled_from([None, None, None, *AXES]),
    given_values=some.booleans(),
    without_heads=some.booleans(),
    scale=some.sampled_from([0.0, 1e-6, 0.1, 1.0, 1e3, 1e4, 7e4, math.inf, math.nan]),
    hidden=some.one_of(some.none(), some.floats(-2, 2)),
    tokens=some.lists(WORDS, min_size=8, max_size=8),
    options=SETTINGS,
)
def test_a_models_tensors(dtype, sizes, empty, given_values, without_heads, scale, hidden, tokens, options):
    H, T, S, d_k, d_v = (0 if axis == empty else size for axis, size in sizes.items())
    shapes = {"q": (H, T, d_k), "k": (H, S, d_k), **({"v": (H, S, d_v)} if given_values else {})}
    tensors = {name: (scale * random(*shape)).to(dtype) for name, shape in shapes.items()}
    if without_heads and H == 1:
        tensors = {name: x[0] for name, x in tensors.items()}
    words = {"tokens": tokens[:T], "key_tokens": tokens[4 : 4 + S]}
    mask = None if hidden is None else random(T, S) > hidden
    nothing = 0 in (H, T, S, d_k) or (given_values and d_v == 0)
    too_large = not all(x.half().isfinite().all() for x in tensors.values())
    names = {*options, "q"} if nothing or too_large else options
    shows_or_names(lambda: AttentionLab.from_tensors(**tensors, **words, may_attend=mask, **options), names)

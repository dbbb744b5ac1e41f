"""The laboratory of positions in Python: its numbers, its state, its table, and errors that name what was given."""

import json
import math
import re

import ipywidgets
import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.testing import assert_close

from llmbook.nn.positions import KINDS
from llmbook.pages import PositionLab
from llmbook.pages.widgets.placed import PAIRED
from llmbook.pages.widgets.position_lab import STATE, VIEWS
from llmbook.pretrained import load_stored

SCRIPT = re.compile(r'<script type="application/json">(.*?)</script>')
SWAPPED = {"swap": [1, 4], "row": 1}


def test_before_and_after_are_two_sentences():
    lab, after = PositionLab(kind="rotary", **SWAPPED), PositionLab("the man bites the dog", kind="rotary")
    assert lab.swapped == after.tokens
    assert torch.equal(lab.weights, PositionLab(kind="rotary").weights)
    assert torch.equal(lab.weights_after, after.weights)
    for word, place in enumerate(lab.places):
        for other, at in enumerate(lab.places):
            expected = after.weights[place, at] - lab.weights[word, other]
            assert lab.change[word, other] == expected


def test_without_positions_nothing_changes():
    lab = PositionLab(**SWAPPED)
    assert lab.change.abs().max() < 1e-12
    assert lab.moved.max() < 1e-12


@pytest.mark.parametrize("kind", KINDS[1:])
def test_with_positions_each_output_changes(kind):
    assert PositionLab(kind=kind, **SWAPPED).moved.min() > 1e-3


def test_moved_is_a_share_of_the_outputs_length():
    lab = PositionLab(kind="sinusoidal", **SWAPPED)
    before, after = (lab.layer.attend(words)[1] for words in (lab.tokens, lab.swapped))
    assert_close(lab.moved[1], (after[4] - before[1]).norm() / before[1].norm())


def test_without_a_swap_nothing_changes():
    lab = PositionLab(kind="learned")
    assert lab.places == [0, 1, 2, 3, 4]
    assert lab.change.abs().max() == 0


def test_the_learned_table_is_the_stored_models():
    learned = PositionLab(kind="learned").layer.table(24)
    stored = load_stored("gpt-speeches").get_parameter("positions.added.table")[:24, :16].double()
    factor = learned.norm() / stored.norm()
    assert_close(learned, factor * stored, rtol=1e-3, atol=1e-4)  # float16 has 11 bits
    assert 0.5 < PositionLab(kind="learned", d=32).layer.table(64).square().mean().sqrt() / 0.5**0.5 < 1.5


def test_every_setting_changes_what_is_compared():
    opening = PositionLab(kind="rotary", **SWAPPED)
    others = {"text": "a dog bites the man", "base": 9000.0, "pairing": "half", "d": 18, "seed": 1, "causal": True}
    for name, value in {**others, "kind": "none", "row": 0, "key": 2, "swap": []}.items():
        lab = PositionLab(kind="rotary", **SWAPPED)
        setattr(lab, name, value)
        assert repr(lab) != repr(opening), name
    slopes = [repr(PositionLab(kind="alibi", head=head)) for head in range(8)]
    assert len(set(slopes)) == 8


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (PositionLab(kind="alibi", **SWAPPED)._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    table = first["text/html"]
    assert table.count("<td>") == 25
    state = json.loads(SCRIPT.search(table)[1])
    assert set(state) == {"source", *STATE}
    assert (state["kind"], state["swap"], state["row"]) == ("alibi", [1, 4], 1)
    assert "application/vnd.jupyter.widget-view+json" in first


def test_the_table_tells_before_and_after():
    lab = PositionLab("dog bites man", kind="rotary", swap=[0, 2])
    before, after = lab.weights, lab.weights + lab.change
    texts = re.findall("<td>(.*?)</td>", lab.to_table())
    for text, one, other in zip(texts, before.flatten().tolist(), after.flatten().tolist(), strict=True):
        assert text == (f"{one:.2f}" if f"{one:.2f}" == f"{other:.2f}" else f"{one:.2f} → {other:.2f}")
    assert any("→" in text for text in texts)
    assert "Before and after “dog” and “man” change places" in lab.to_table()
    assert "→" not in PositionLab("dog bites man", swap=[0, 2]).to_table()


def test_typed_text_is_cut_and_escaped():
    lab = PositionLab("<script>alert(1)</script> <b> " + " ".join("x" * 99 for _ in range(50)), swap=[0, 1])
    assert len(lab.tokens) == 24
    assert max(map(len, lab.tokens)) == 16
    assert lab.to_html().count("<script") == 1
    assert "<b>" not in lab.to_html()


def test_composes_like_any_widget():
    first, second, seen = PositionLab(), PositionLab(), []
    ipywidgets.link((first, "kind"), (second, "kind"))
    second.observe(lambda change: seen.append(change["new"]), "kind")
    first.kind = "rotary"
    assert seen == ["rotary"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": " "}, "at least one word, got ' '"),
        ({"text": 5}, "text must be a string, got 5"),
        ({"kind": "rotory"}, "kind must be one of none, sinusoidal, learned, rotary, alibi, got 'rotory'"),
        ({"kind": None}, "kind must be one of .* got None"),
        ({"pairing": "thirds"}, "pairing must be one of interleaved, half, mixed, got 'thirds'"),
        ({"show": "later"}, "show must be one of before, after, change, got 'later'"),
        ({"base": 1}, "base must be a number from 2 to 1e.09, got 1"),
        ({"base": 2e9}, "base must be a number from 2 to 1e.09, got 2"),
        ({"base": math.nan}, "base must be .* got nan"),
        ({"base": math.inf}, "base must be .* got inf"),
        ({"base": "10"}, "base must be a number .* got '10'"),
        ({"base": True}, "base must be a number .* got True"),
        ({"head": 8}, "head must be at least 0 and below 8, got 8"),
        ({"head": -1}, "head must be at least 0 and below 8, got -1"),
        ({"d": 1}, "d must be at least 2 and below 33, got 1"),
        ({"d": 34}, "d must be at least 2 and below 33, got 34"),
        ({"d": 7}, "d must be even, .* got 7"),
        ({"d": 4.5}, "d must be a whole number, got 4.5"),
        ({"seed": 2**31}, "seed must be at least 0 and below 2147483648, got 2147483648"),
        ({"seed": None}, "seed must be a number, got None"),
        ({"causal": 1}, "causal must be True or False, got 1"),
        ({"row": 5}, "row must be at least 0 and below 5, got 5"),
        ({"key": True}, "key must be a number, got True"),
        ({"swap": [1]}, r"swap must be empty or two different places from 0 to 4, got \[1\]"),
        ({"swap": [2, 2]}, r"swap must be .* got \[2, 2\]"),
        ({"swap": [0, 5]}, r"swap must be .* got \[0, 5\]"),
        ({"swap": [-1, 2]}, r"swap must be .* got \[-1, 2\]"),
        ({"swap": [0, 1.0]}, r"swap must be .* got \[0, 1.0\]"),
        ({"swap": [0, True]}, r"swap must be .* got \[0, True\]"),
        ({"swap": [0, 1, 2]}, r"swap must be .* got \[0, 1, 2\]"),
        ({"swap": "01"}, "swap must be .* got '01'"),
        ({"slope": 1}, "PositionLab has no setting slope; it has text, kind"),
    ],
)
@pytest.mark.usefixtures("shapes_unchecked")
def test_impossible_settings_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        PositionLab(**options)


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "x"), ("base", math.inf), ("swap", [0, 5]), ("d", 3), ("row", 5), ("text", " ")]
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    lab = PositionLab()
    before = getattr(lab, name), lab.to_html()
    with pytest.raises(traitlets.TraitError, match=name if name != "text" else "one word"):
        setattr(lab, name, value)
    assert (getattr(lab, name), lab.to_html()) == before


def test_a_shorter_text_ends_a_swap_beyond_it():
    lab = PositionLab(kind="alibi", swap=[1, 4], row=4, key=4)
    lab.text = "dog bites"
    assert lab.swapped == ["dog", "bites"]
    assert lab.curve.shape == (65, 3)
    assert lab.to_table().count("<td>") == 4


def test_what_the_page_sends_together_is_checked_together():
    lab = PositionLab("a b")
    lab.set_state({"row": 3, "swap": [0, 3], "text": "a b c d"})
    assert (lab.row, lab.swapped) == (3, ["d", "b", "c", "a"])


ODD_TEXTS = some.lists(
    some.one_of(some.text(max_size=20), some.sampled_from(["</script>", "\ufeff", "שלום", "\ud83d", "🙂", ""])),
    max_size=30,
).map(" ".join)
ANY = some.one_of(some.integers(-2, 40), some.floats(), some.none(), some.booleans(), some.sampled_from([10**400, "x"]))
OPTIONS = some.fixed_dictionaries(
    {},
    optional={
        "kind": some.one_of(some.sampled_from(KINDS), ANY),
        "pairing": some.one_of(some.sampled_from(PAIRED), ANY),
        "show": some.one_of(some.sampled_from(VIEWS), ANY),
        "base": some.one_of(some.floats(2, 1e9), ANY),
        "d": some.one_of(some.sampled_from([2, 8, 32]), ANY),
        "head": some.one_of(some.integers(0, 7), ANY),
        "seed": some.one_of(some.integers(0, 2**31 - 1), ANY),
        "causal": some.one_of(some.booleans(), ANY),
        "swap": some.one_of(some.lists(some.integers(-1, 5), max_size=3), ANY),
        "row": some.one_of(some.just(0), ANY),
        "key": some.one_of(some.just(0), ANY),
    },
)


@pytest.mark.usefixtures("shapes_unchecked")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=ODD_TEXTS, options=OPTIONS)
def test_any_text_and_settings_are_shown_or_named(text, options):
    try:
        lab = PositionLab(text, **options)
    except ValueError as error:
        named = [name for name in {*options, "text"} if re.search(rf"\b{name}\b", str(error))]
        if not named:
            pytest.fail(f"names nothing that was given: {error}")
        return
    json.loads(SCRIPT.search(lab.to_html())[1], parse_constant=lambda name: pytest.fail(f"JSON has no {name}"))
    assert_close(lab.weights.sum(dim=1), torch.ones(len(lab.tokens), dtype=torch.float64))
    assert_close(lab.change.sum(dim=1), torch.zeros(len(lab.tokens), dtype=torch.float64), rtol=0, atol=1e-9)
    assert lab.curve.isfinite().all()
    repr(lab).encode()

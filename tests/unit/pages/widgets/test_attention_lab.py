"""The laboratory's Python side: the same weights as the library's, a stable rendering, and clear errors."""

import math

import ipywidgets
import pytest
import torch
import traitlets
from held import state_in

from llmbook.data import six_words
from llmbook.nn import attention_weights, causal_mask
from llmbook.pages import AttentionLab, WordArcs

TOKENS = ["a", "b", "c"]
KEYS = ["u", "v", "w", "x", "y"]


def tensors(heads: int = 2, T: int = 3, S: int = 5, K: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(heads, T, K), torch.randn(heads, S, K), torch.randn(heads, S, 11)


def test_shows_the_six_words_by_default():
    q, k = six_words.X @ six_words.W_Q, six_words.X @ six_words.W_K
    torch.testing.assert_close(AttentionLab().weights, attention_weights(q, k).double(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("mask", ["none", "causal", "padding", "window"])
def test_every_setting_reaches_the_weights(mask):
    lab = AttentionLab("one two three four", temperature=0.5, scaled=False, mask=mask, n_keys=2, window=2)
    q, k = lab.qkv["q"], lab.qkv["k"]
    expected = attention_weights(q, k, lab.may_attend, scale=2.0)
    torch.testing.assert_close(lab.weights, expected)
    allowed = {"none": 16, "causal": 10, "padding": 8, "window": 10}
    assert int(lab.may_attend.sum()) == allowed[mask]


def test_blocked_cells_and_edits():
    lab = AttentionLab(blocked=[(2, 1)], edits=[("q", 0, 0, 1, 9.5)])
    assert lab.weights[2, 1] == 0
    assert lab.qkv["q"][0, 1] == 9.5
    assert lab.blocked == [[2, 1]]  # lists, as they come back from the page
    assert lab.edits == [["q", 0, 0, 1, 9.5]]


def test_from_tensors_gives_each_heads_own_weights():
    q, k, v = tensors()
    for head in range(2):
        lab = AttentionLab.from_tensors(q, k, v, TOKENS, KEYS, head=head)
        # float16 keeps 11 bits: scores of size ~10 move by less than 0.02
        torch.testing.assert_close(lab.weights, attention_weights(q, k)[head].double(), atol=5e-3, rtol=0)


def test_one_head_needs_no_head_axis_and_self_attention_no_key_tokens():
    q, _, _ = tensors()
    lab = AttentionLab.from_tensors(q[0], q[0], tokens=TOKENS, may_attend=causal_mask(3))
    assert lab.weights.triu(1).abs().max() == 0


def test_composes_like_any_widget():
    first, second, seen = AttentionLab(), AttentionLab(), []
    ipywidgets.link((first, "temperature"), (second, "temperature"))
    second.observe(lambda change: seen.append(change["new"]), "temperature")
    first.temperature = 2.5
    assert seen == [2.5]
    assert ipywidgets.HBox([first, second]).children == (first, second)


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (AttentionLab()._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    assert "0x" not in first["text/plain"]
    assert first["text/html"].count("<td>") == 36
    assert state_in(first["text/html"])["text"] == "the cat sat on the mat"
    assert "application/vnd.jupyter.widget-view+json" in first


def test_invented_vectors_are_named_in_the_caption():
    assert (
        "Vectors invented from the letters: &lt;b&gt;, blue</caption>"
        in AttentionLab("the <b> Cat blue blue").to_html()
    )
    assert "invented" not in AttentionLab("The bank left the cat").to_table()


def test_the_arcs_are_the_laboratory_under_another_front_end():
    lab, arcs = AttentionLab(temperature=0.5, row=3), WordArcs(temperature=0.5, row=3)
    assert torch.equal(arcs.weights, lab.weights)
    assert repr(arcs) == repr(lab).replace("AttentionLab", "WordArcs")
    assert arcs.to_html() == lab.to_html().replace('data-widget="attention_lab"', 'data-widget="word_arcs"')
    assert arcs._esm != lab._esm
    with pytest.raises(ValueError, match="row must be at least 0 and below 6, got 6"):
        WordArcs(row=6)


def test_a_changed_setting_changes_what_is_compared():
    assert repr(AttentionLab()) != repr(AttentionLab(temperature=1.1))
    weights = [AttentionLab(temperature=temperature).weights for temperature in (1.0, 1.01)]
    assert (weights[0] - weights[1]).abs().max() < 0.005
    assert repr(AttentionLab()) != repr(AttentionLab(temperature=1.01))  # three digits are compared


def test_an_edit_belongs_to_its_head():
    q, k, v = tensors()
    for head in range(2):
        lab = AttentionLab.from_tensors(q, k, v, TOKENS, KEYS, head=head, edits=[("q", 1, 2, 0, 9.5)])
        assert (lab.qkv["q"][2, 0].item() == 9.5) == (head == 1)


def test_typed_text_is_cut_and_escaped():
    text = "<script>alert(1)</script> " + " ".join("x" * 99 for _ in range(50))
    lab = AttentionLab(text)
    assert len(lab.tokens) == 16
    assert max(map(len, lab.tokens)) == 16
    assert lab.to_html().count("<script") == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text": " "}, "at least one word"),
        ({"temperature": 0}, "positive, got 0"),
        ({"mask": "cusal"}, "one of none, causal, padding, window, got 'cusal'"),
        ({"temperature": math.nan}, "positive, got nan"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"d_k": 0}, "d_k must be at least 1, got 0"),
        ({"n_keys": -1}, "n_keys must be at least 0, got -1"),
        ({"row": math.nan}, "row must be at least 0 and below 6, got nan"),
        ({"text": "a b", "row": 2}, "row must be at least 0 and below 2, got 2"),
        ({"text": "a b", "key": -1}, "key must be at least 0 and below 2, got -1"),
        ({"head": 1}, "head must be at least 0 and below 1, got 1"),
        ({"heat": 1}, "no setting heat"),
        ({"temperature": math.inf}, "finite and positive, got inf"),
        ({"d_k": math.inf}, "d_k must be at least 1 and below 9007199254740992, got inf"),
        ({"edits": [("q", 0, 0, 0, math.nan)]}, "a finite number, at most 65504, got nan in .'q', 0, 0, 0, nan"),
        ({"edits": [("q", 0, 0, 0, -math.inf)]}, "a finite number, at most 65504, got -inf"),
        ({"edits": [("q", 0, 0, 0, 65505)]}, "at most 65504, got 65505"),
        ({"temperature": 1e-300}, "temperature must be from 1e-09 to 1e.09, finite and positive, got 1e-300"),
        ({"d_k": 1.5}, "d_k must be a whole number, got 1.5"),
        ({"window": 10**400}, "window must be at least 1 and below 9007199254740992, got 1000"),
        ({"edits": [("w", 0, 0, 0, 1.0)]}, "matrix q, k or v, got .'w', 0, 0, 0, 1.0"),
        ({"edits": [("q", 0, 0, 1.0)]}, r"\(matrix, head, row, column, value\) .* got \('q', 0, 0, 1.0\)"),
        ({"edits": [("q", 1, 0, 0, 1.0)]}, "head of an edit of q must be at least 0 and below 1, got 1"),
        ({"edits": [("k", 0, 6, 0, 1.0)]}, "row of an edit of k must be at least 0 and below 6, got 6"),
        ({"edits": [("v", 0, 0, -1, 1.0)]}, "column of an edit of v must be at least 0 and below 3, got -1"),
        *[
            ({"blocked": [cell]}, "row below 6 and key below 6")
            for cell in ((6, 0), (0, 6), (-1, 0), (0, -1), (0.5, 0))
        ],
        ({"blocked": [(1, 2, 3)]}, r"\(row, key\) .* got \(1, 2, 3\)"),
        ({"mask": ["causal"]}, "mask must be a string, got .'causal'"),
        ({"temperature": "hot"}, "temperature must be a number, got 'hot'"),
        ({"row": True}, "row must be a number, got True"),
        ({"scaled": "no"}, "scaled must be True or False, got 'no'"),
        ({"blocked": [5]}, "blocked must be a list of cells, got .5"),
        ({"edits": None}, "edits must be a list of cells, got None"),
    ],
)
def test_impossible_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        AttentionLab(**settings)


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize("text", [5, None, ["a", "b"]])
def test_a_text_of_another_kind_is_named(text):
    with pytest.raises(ValueError, match="text must be a string, got "):
        AttentionLab(text)


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": torch.zeros(2, 5, 6)}, r"k \(2, 5, 6\)"),
        ({"k": torch.zeros(1, 2, 5, 7)}, r"got \(2, 3, 7\), \(1, 2, 5, 7\) and"),
        ({name: torch.zeros(1, 2, 3, 7) for name in "qkv"}, r"got \(1, 2, 3, 7\), .*take one sequence of a batch"),
        ({"tokens": ["a"]}, "do not fit 1 tokens"),
        ({"v": torch.zeros(2, 4, 11)}, r"v \(2, 4, 11\)"),
        ({"q": torch.zeros(2, 65, 7), "tokens": ["x"] * 65}, "1 to 64 tokens, got 65"),
        ({"may_attend": torch.ones(3, 5)}, "boolean"),
        ({"q": torch.full((2, 3, 7), 1e6)}, "finite in float16"),
        *[({name: n}, f"{name} must .* below {n}, got {n}") for name, n in (("head", 2), ("row", 3), ("key", 5))],
        ({"text": "a b c"}, "takes its words as tokens; it has no setting text, got 'a b c'"),
        ({"blocked": [(3, 0)]}, "row below 3 and key below 5"),
        ({"edits": [("q", 2, 0, 0, 1.0)]}, "head of an edit of q must be at least 0 and below 2, got 2"),
        ({"edits": [("q", 0, 3, 0, 1.0)]}, "row of an edit of q must be at least 0 and below 3, got 3"),
        ({"edits": [("k", 0, 0, 7, 1.0)]}, "column of an edit of k must be at least 0 and below 7, got 7"),
        ({"edits": [("v", 0, 0, 11, 1.0)]}, "column of an edit of v must be at least 0 and below 11, got 11"),
        ({"heads": ["L1H3"]}, r"each of 2 heads, got 1: \['L1H3'\]"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change, message):
    q, k, v = tensors()
    given = {"q": q, "k": k, "v": v, "tokens": TOKENS, "key_tokens": KEYS, **change}
    with pytest.raises(ValueError, match=message):
        AttentionLab.from_tensors(**given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", math.inf),
        ("temperature", -1.0),
        ("mask", "cusal"),
        ("text", " "),
        ("blocked", [(6, 0)]),
        ("edits", [("q", 0, 0, 0, math.nan)]),
        ("head", 1),
        ("row", 6),
    ],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    lab = AttentionLab()
    before = getattr(lab, name), lab.to_html()
    with pytest.raises(traitlets.TraitError):
        setattr(lab, name, value)
    assert (getattr(lab, name), lab.to_html()) == before


def test_what_is_set_later_is_kept_as_lists():
    lab = AttentionLab()
    lab.blocked, lab.text = [(2, 1)], "a b c"
    assert lab.blocked == [[2, 1]]
    assert lab.tokens == ["a", "b", "c"]


def test_all_settings_of_a_models_heads_are_kept():
    """Checked against the model's own sizes, not those of the six words."""
    q, k, v = tensors(heads=7, T=11, S=13)
    settings = {"row": 10, "key": 12, "head": 6, "edits": [("v", 6, 12, 10, 2.0)], "blocked": [(10, 12)]}
    lab = AttentionLab.from_tensors(q, k, v, list("abcdefghijk"), list("abcdefghijklm"), **settings)
    assert (lab.row, lab.key, lab.head, lab.text) == (10, 12, 6, "")
    assert lab.qkv["v"][12, 10] == 2.0
    assert not lab.may_attend[10, 12]


def test_bfloat16_is_shown_like_the_same_numbers_in_float32():
    q, k, v = (x.bfloat16() for x in tensors())
    given, expected = ((x.to(dtype) for x in (q, k, v)) for dtype in (torch.bfloat16, torch.float32))
    labs = [AttentionLab.from_tensors(*qkv, TOKENS, KEYS) for qkv in (given, expected)]
    assert labs[0].to_html() == labs[1].to_html()


def test_what_the_page_sends_together_is_checked_together():
    """A longer text and a row in it: neither order of the two would do alone."""
    lab = AttentionLab("a b")
    lab.set_state({"row": 3, "blocked": [[3, 2]], "text": "a b c d"})
    assert (lab.row, lab.blocked, lab.tokens) == (3, [[3, 2]], ["a", "b", "c", "d"])
    with pytest.raises(traitlets.TraitError, match="row must be at least 0 and below 4, got 5"):
        lab.set_state({"temperature": 2.0, "row": 5})
    assert (lab.row, lab.temperature) == (3, 1.0)

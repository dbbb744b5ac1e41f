"""The head explorer in Python: its numbers, its state, its table, and errors that name what was given."""

import json
import re

import ipywidgets
import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.testing import assert_close

from llmbook.models.bert import Bert
from llmbook.pages import HeadExplorer
from llmbook.pages.head_scores import head_scores, templates
from llmbook.pages.widgets.explored import CHOICES, STATE
from llmbook.pages.widgets.prepared_heads import SETS, packed, prepared

SCRIPT = re.compile(r'<script type="application/json">(.*?)</script>')
WORDS = "a b a c".split()


def tensors(L=2, H=3, T=4, d_k=5, H_kv=3) -> tuple[torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(0)
    return torch.randn(L, H, T, d_k, generator=dice), torch.randn(L, H_kv, T, d_k, generator=dice)


def explorer(**options) -> HeadExplorer:
    return HeadExplorer(*tensors(), WORDS, **{"layers": [4, 9], **options})


def test_weights_are_the_mean_of_the_chosen_heads():
    made = explorer(heads=["L4H2", "L9H0"], temperature=2.0)
    assert made.all_weights.shape == (2, 3, 4, 4)
    assert_close(made.weights, (made.all_weights[0, 2] + made.all_weights[1, 0]) / 2)


def test_they_are_set_against_others_or_against_their_own():
    made = explorer(heads=["L4H2"], kept=["L9H0", "L9H1"], against="kept")
    assert_close(made.weights, made.all_weights[0, 2] - made.all_weights[1, :2].mean(dim=0))
    made.kept = []
    assert_close(made.weights, made.all_weights[0, 2])
    made.against, made.temperature, made.scaled = "own", 3.0, False
    assert_close(made.weights, made.all_weights[0, 2] - explorer().all_weights[0, 2])


def test_scores_are_those_of_all_heads_under_the_settings():
    made = explorer(mask="causal", pronouns=[(3, 0, 1)], rest=(1,))
    expected = templates(WORDS, (1,), [(3, 0, 1)])
    assert list(made.scores) == list(expected)
    for kind, score in made.scores.items():
        assert_close(score, head_scores(made.all_weights, expected[kind]))


def test_shared_keys_and_a_single_layer_are_taken():
    q, k = tensors(H=6, H_kv=2)
    shared = HeadExplorer(q, k, WORDS)
    assert_close(shared.all_weights, HeadExplorer(q, k.repeat_interleave(3, dim=1), WORDS).all_weights)
    assert_close(HeadExplorer(q[0], k[0], WORDS).all_weights, shared.all_weights[:1])


def test_numbers_travel_in_half_precision():
    q, k = tensors()
    expected = (q.half().double() @ k.half().double().transpose(-2, -1) / 5**0.5).softmax(dim=-1)
    assert_close(explorer().all_weights, expected, rtol=0, atol=1e-12)


def test_a_model_is_read_at_any_text():
    torch.manual_seed(0)
    model = Bert(11, d_model=15, n_heads=5, n_layers=3, d_ff=13, max_len=17)
    made = HeadExplorer.from_model(model, [3, 1, 3, 5], WORDS, layers=[2, 0], names={"L2H4": "mine"}, score="rest")
    assert made.opened.labels == [f"L{layer}H{head}" for layer in (2, 0) for head in range(5)]
    whole = HeadExplorer.from_model(model, [3, 1, 3, 5], WORDS)
    assert_close(made.all_weights, whole.all_weights[[2, 0]])
    assert made.source["names"] == {"L2H4": "mine"}
    with pytest.raises(ValueError, match=r"the model has 3 layers, counted from 0; got \[3\]"):
        HeadExplorer.from_model(model, [3, 1, 3, 5], WORDS, layers=[3])


@pytest.mark.parametrize("name", SETS)
def test_a_prepared_sentence_opens_with_its_own_head(name):
    made = HeadExplorer(sentence=name)
    assert made.heads == [SETS[name].head]
    assert made.words == prepared(name).words
    layer, head = map(int, SETS[name].head[1:].split("H"))
    assert_close(made.weights, made.all_weights[prepared(name).layers.index(layer), head])


def test_another_sentence_without_these_heads_shows_its_own():
    made = HeadExplorer(heads=["L5H11"])
    made.sentence = "ten-words"
    assert made.heads == ["L5H11"]
    assert_close(made.weights, HeadExplorer(sentence="ten-words").weights)


def test_a_front_end_is_given_the_sentence_it_asks_for(monkeypatch):
    made = HeadExplorer()
    sent = []
    monkeypatch.setattr(made, "send", lambda content, buffers: sent.append((content, buffers)))
    for content in (
        {"part": 0, "name": "heads-animal"},
        {"part": 1, "name": "heads-animal"},
        {"name": "x", "part": 0},
        {"part": 0},
        7,
        None,
    ):
        made._answer(None, content, None)
    assert sent == [({"part": 0, "name": "heads-animal"}, [packed("animal")])]


def test_settings_are_traits():
    made = HeadExplorer()
    seen = []
    made.observe(lambda change: seen.append(change["new"]), "temperature")
    slider = ipywidgets.FloatSlider(value=2.5, max=10)
    ipywidgets.link((slider, "value"), (made, "temperature"))
    slider.value = 4.0
    assert seen == [2.5, 4.0]
    assert made.temperature == 4.0
    assert all(made.trait_metadata(name, "sync") for name in STATE)


def values_of(made: HeadExplorer) -> dict:
    (found,) = SCRIPT.findall(made.to_html())
    return json.loads(found)


def test_the_page_is_told_the_state_and_which_scripts_it_needs():
    made = HeadExplorer(temperature=2.0)
    values = values_of(made)
    assert {name: values[name] for name in STATE} == {name: getattr(made, name) for name in STATE}
    assert values["source"]["opening"]["of"] == {name: getattr(made, name) for name in STATE}
    shown = torch.tensor(values["source"]["opening"]["weights"], dtype=torch.float64)
    assert_close(shown, made.weights, rtol=0, atol=5.1e-6)
    models = re.findall(r'data-model="([^"]+)"', made.to_html())[0].split()
    stored = [one["stored"] for one in values["source"]["sets"]]
    assert models == [f"{one['name']}-{one['digest']}" for one in stored]
    assert len(made.to_html()) < 9000
    assert "data-model" not in explorer().to_html()


def test_the_table_has_the_weights():
    table = HeadExplorer(sentence="ten-words", against="own", temperature=2.0).to_table()
    cells = [float(text) for text in re.findall(r"<td>(-?[\d.]+)</td>", table)]
    expected = HeadExplorer(sentence="ten-words", against="own", temperature=2.0).weights
    assert_close(torch.tensor(cells).view(20, 20).double(), expected, rtol=0, atol=0.00501)
    assert "-0.00" not in table


def test_words_are_escaped():
    html = HeadExplorer(*tensors(), ["<b>", "\n", "&", "</script>"]).to_html()
    assert "<b>" not in html
    assert html.count("</script>") == 1
    assert 'aria-label="line break"' in html


def test_repr_tells_heads_and_changes_with_the_numbers():
    made = HeadExplorer()
    assert re.fullmatch(r"HeadExplorer: \[CLS\] anna .* \[L1H3, digest [0-9a-f]{8}\]", repr(made))
    assert repr(HeadExplorer(temperature=2.0)) != repr(made)
    assert "less own" in repr(HeadExplorer(against="own"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sentence": "x"}, "sentence must be one of anna, animal, ten-words, captains; got 'x'"),
        ({"heads": []}, "heads must name at least one"),
        ({"heads": "L0H0"}, "heads must be a list of heads"),
        ({"heads": ["L6H0"]}, "there is no head L6H0: the layers are 0, 1, 2, 3, 4, 5, each of 12 heads"),
        ({"kept": ["head"]}, "such as L16H0; got 'head'"),
        ({"against": "all"}, "against must be one of nothing, own, kept; got 'all'"),
        ({"temperature": 0}, "temperature must be a number from 0.05 to 100, got 0"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"scaled": 1}, "scaled must be True or False, got 1"),
        ({"mask": None}, "mask must be one of own, none, causal; got None"),
        ({"score": "best"}, "score must be one of none, previous"),
        ({"order": "x"}, "order must be one of model, score"),
        ({"least": 2}, "least must be a number from -1 to 1, got 2"),
        ({"row": 14}, "row must be at least 0 and below 14, got 14"),
        ({"key": "a"}, "key must be a number, got 'a'"),
        ({"colour": 1}, "HeadExplorer has no setting colour"),
    ],
)
def test_impossible_settings_are_refused(given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        HeadExplorer(**given)


Q, K = tensors()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((Q, None, WORDS, {}), "queries and keys must be two tensors, got Tensor and NoneType"),
        ((Q[0, 0], K[0, 0], WORDS, {}), "q and k must be (layers, heads, T, d_k), or without layers; got q (4, 5)"),
        ((Q, K, WORDS[:3], {}), "q (2, 3, 4, 5) and k (2, 3, 4, 5) do not fit 2 layers and 3 words"),
        ((Q, K[:, :2], WORDS, {}), "must share those of keys equally"),
        ((Q, K[..., :3], WORDS, {}), "do not fit 2 layers and 4 words"),
        ((Q, K, WORDS, {"layers": [1]}), "do not fit 1 layers"),
        ((Q, K, WORDS, {"layers": [1, 1]}), "layers are different numbers, counted from 0; got [1, 1]"),
        ((Q * 1e9, K, WORDS, {}), "q and k must be finite in float16"),
        ((Q, K, WORDS, {"names": {"L5H0": "x"}}), "there is no head L5H0 to be named"),
        ((Q, K, WORDS, {"rest": [4]}), "there are 4 words, so a place is at least 0 and below 4; got 4"),
        ((Q, K, WORDS, {"sentence": "anna"}), "tensors have words of their own"),
        (
            (Q.repeat(1, 1, 20, 1), K.repeat(1, 1, 20, 1), WORDS * 20, {}),
            "at most 512 heads of 64 words, got 6 heads of 80",
        ),
        ((Q[:, :0], K, WORDS, {}), "none be empty"),
    ],
)
def test_tensors_that_are_no_heads_are_refused(given, message):
    q, k, words, options = given
    with pytest.raises(ValueError, match=re.escape(message)):
        HeadExplorer(q, k, words, **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sentence", "x"), ("heads", ["x"]), ("temperature", -1), ("mask", "x"), ("least", 5), ("row", -1), ("scaled", 3)],
)
def test_set_later_impossible_ones_leave_the_old_value(name, value):
    made = HeadExplorer()
    before = getattr(made, name)
    with pytest.raises(traitlets.TraitError):
        setattr(made, name, value)
    assert getattr(made, name) == before
    with pytest.raises(traitlets.TraitError):
        explorer().sentence = "anna"


NUMBERS = some.one_of(some.floats(), some.integers(-2, 20), some.booleans(), some.none(), some.just(10**400))
LABELS = some.lists(some.sampled_from(["L0H0", "L5H11", "L9H9", "", "\ud83d", "L1H3"]), max_size=3)
KINDS = {
    **{name: some.one_of(some.sampled_from(choices), some.text(max_size=2)) for name, choices in CHOICES.items()},
    **dict.fromkeys(("temperature", "least", "row", "key", "scaled"), NUMBERS),
    **dict.fromkeys(("heads", "kept"), some.one_of(LABELS, some.none(), some.just("L0H0"))),
    "sentence": some.sampled_from([*SETS, "x", 3]),
}


@settings(max_examples=200, deadline=None)
@given(some.fixed_dictionaries({}, optional=KINDS))
def test_whatever_it_is_given_a_page_can_show_it_or_an_error_says_why(options):
    try:
        made = HeadExplorer(**options)
    except (ValueError, traitlets.TraitError):
        return
    values = values_of(made)
    assert values["heads"] == list(made.heads)
    assert made.weights.isfinite().all()

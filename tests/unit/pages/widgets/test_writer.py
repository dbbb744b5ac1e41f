"""The writer's Python side: the same chances as the library's, a stable rendering, and clear errors."""

import json
import math

import ipywidgets
import pytest
import torch
from held import (
    check_half_a_pair_is_read_as_a_browser_reads_it,
    check_parts_are_sent,
    check_set_later,
    check_typed_text_is_escaped,
    state_in,
)

from llmbook.inference import generate
from llmbook.nn.attention import attention_weights
from llmbook.nn.masks import causal_mask
from llmbook.pages import Writer
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.stored_gpt import pieces, window_start
from llmbook.pages.widgets.writer import MOST_CHARACTERS
from llmbook.pretrained.ngrams import KneserNey
from llmbook.pretrained.own_models import load_stored, stored_tokenizer
from llmbook.pretrained.speech_gpt import in_pairs, nats

TEXT = "The American people"


def logits_of(text: str, name: str = "gpt-speeches") -> torch.Tensor:
    ids = stored_tokenizer(name).encode(text)
    with torch.no_grad():
        return load_stored(name)(torch.tensor([ids]))[0]


def test_the_chances_are_the_models():
    torch.testing.assert_close(Writer(TEXT).chances, logits_of(TEXT)[-1].double().softmax(-1), atol=1e-6, rtol=0)
    assert Writer(TEXT).chances.sum().item() == pytest.approx(1)


def test_every_setting_reaches_the_chances():
    alone = Writer(TEXT).chances
    colder = Writer(TEXT, temperature=0.5).chances
    torch.testing.assert_close(colder, alone**2 / (alone**2).sum(), atol=1e-9, rtol=0)
    assert (Writer(TEXT, top_k=7).chances > 0).sum() == 7
    kept = Writer(TEXT, top_p=0.5).chances > 0
    assert 0.5 <= alone[kept].sum() < 0.5 + alone[kept].min()
    assert alone[kept].min() >= alone[~kept].max()
    kept = Writer(TEXT, min_p=0.1).chances > 0
    assert alone[kept].min() >= 0.1 * alone.max() > alone[~kept].max()
    torch.testing.assert_close(Writer(TEXT, min_p=0.1).chances[kept], alone[kept] / alone[kept].sum())
    certain = Writer(TEXT, temperature=0).chances
    assert certain.max() == 1
    assert certain.argmax() == alone.argmax()


def test_the_penalty_falls_on_what_is_in_sight_and_on_nothing_else():
    text = "the the the"
    logits, ids = logits_of(text)[-1].double(), Writer(text).ids
    expected = logits.clone()
    for i in set(ids):
        expected[i] = logits[i] / 1.5 if logits[i] > 0 else logits[i] * 1.5
    assert (expected < logits).sum() == len(set(ids))
    torch.testing.assert_close(Writer(text, penalty=1.5).chances, expected.softmax(-1), atol=1e-6, rtol=0)


def test_a_chance_at_temperature_nought_is_what_greedy_writing_takes():
    ids = torch.tensor([stored_tokenizer("gpt-speeches").encode(TEXT)])
    assert generate(load_stored("gpt-speeches"), ids, 1)[0, -1] == Writer(TEXT, temperature=0).chances.argmax()


def test_next_tokens_are_the_likeliest_by_name():
    tokens = Writer(TEXT, top_k=3).next_tokens(5)
    order = logits_of(TEXT)[-1].argsort(descending=True)[:5].tolist()
    assert [name for name, _ in tokens] == [stored_tokenizer("gpt-speeches").decode([i]) for i in order]
    assert [chance > 0 for _, chance in tokens] == [True] * 3 + [False] * 2
    assert sum(chance for _, chance in tokens) == pytest.approx(1)


def test_surprises_are_the_loss_of_the_text():
    ids = torch.tensor(stored_tokenizer("gpt-speeches").encode("We will defend our freedom. " * 30))[:129]
    text = stored_tokenizer("gpt-speeches").decode(ids[:128].tolist())
    found = [nats for _, nats in Writer(text).surprises]
    log_p = logits_of(text).log_softmax(-1)
    expected = [-log_p[t, i].item() for t, i in enumerate(ids[1:128].tolist())]
    assert found == pytest.approx(expected, abs=1e-5)
    assert nats(load_stored("gpt-speeches"), ids) == pytest.approx(
        (sum(found) - log_p[127, ids[128]].item()) / 128, 1e-5
    )


def test_each_token_of_a_long_text_is_read_as_if_the_text_ended_before_it():
    text = "The state of our Union is strong, and we will defend our freedom. " * 16
    ids = stored_tokenizer("gpt-speeches").encode(text)
    assert len(ids) > 2 * 128
    found = Writer(text).surprises
    assert [name for name, _ in found] == [pieces("gpt-speeches")[i] for i in ids[1:]]
    model = load_stored("gpt-speeches")
    for t in (1, 2, 63, 64, 127, 128, 129, 192, 193, len(ids) - 1):
        seen = ids[window_start(t, 128) : t]
        assert 1 <= len(seen) <= 128
        with torch.no_grad():
            expected = -model(torch.tensor([seen]))[0, -1].log_softmax(-1)[ids[t]].item()
        assert found[t - 1][1] == pytest.approx(expected, abs=1e-4), t


def test_n_grams_are_the_librarys_of_the_modern_speeches():
    text = "The state of our Union is strong. 注意"
    ids = torch.tensor(stored_tokenizer("gpt-speeches").encode(text))
    rows = Writer(text).compared()
    assert [(name, x) for name, x, *_ in rows] == Writer(text).surprises[1:]
    modern = in_pairs("train", 1945).ids
    for order, column in ((2, 2), (3, 3)):
        p = KneserNey(modern, 1024, order).probabilities(ids)[3 - order :]
        assert [row[column] for row in rows] == pytest.approx((-p.log()).tolist(), abs=1e-12)
    assert Writer("e").compared() == []
    with pytest.raises(ValueError, match="n-grams are counted of the tokens of gpt-speeches, not of gpt-characters"):
        Writer("The", model="gpt-characters").compared()


@pytest.mark.parametrize("name", ["gpt-speeches", "gpt-characters"])
def test_heads_look_where_the_models_own_queries_and_keys_say(name):
    writer = Writer("We must protect " * 20, model=name)
    model, ids = load_stored(name), torch.tensor([writer.ids])
    with torch.no_grad():
        x = model.positions(model.embedding(ids))
        for layer, block in enumerate(model.blocks):
            q, k, v = block.attention.split_heads(block.norm_1(x))
            weights = attention_weights(q, k, causal_mask(ids.shape[1]))
            torch.testing.assert_close(writer.looks[layer], weights[0, :, -1], atol=1e-6, rtol=0)
            torch.testing.assert_close(  # and they are the weights by which the layer mixes
                block.attention.w_o((weights @ v).transpose(1, 2).flatten(2)), block.attention(block.norm_1(x)),
                atol=1e-5, rtol=0,
            )  # fmt: skip
            x = block(x)


def test_the_last_layer_says_what_the_model_says():
    layers = Writer(TEXT).layers(5)
    assert len(layers) == 1 + len(load_stored("gpt-speeches").blocks)
    names, chances = zip(*layers[-1], strict=True)
    expected_names, expected = zip(*Writer(TEXT).next_tokens(5), strict=True)
    assert names == expected_names
    assert chances == pytest.approx(expected, abs=1e-6)
    assert [name for name, _ in layers[0]] != list(names)


@pytest.mark.parametrize(("n", "start"), [(1, 0), (128, 0), (129, 64), (192, 64), (193, 128), (2000, 1920)])
def test_the_window_moves_by_half_its_width(n, start):
    assert window_start(n, 128) == start
    assert 64 <= n - start <= 128 or n < 64


def test_of_a_long_text_only_the_end_is_seen():
    writer = Writer("We are strong. " * 60)
    all_of_it = stored_tokenizer("gpt-speeches").encode(writer.text)
    assert writer.ids == all_of_it[window_start(len(all_of_it), 128) :]
    assert 64 < len(writer.ids) <= 128 < len(all_of_it)


def test_a_byte_that_is_no_character_has_a_name():
    names = pieces("gpt-speeches")
    assert "\\xe2" in names
    assert not any("\ufffd" in name for name in names)
    assert pieces("gpt-characters")[0] == "\n"


def test_composes_like_any_widget():
    first, second, seen = Writer(TEXT), Writer(TEXT), []
    ipywidgets.link((first, "temperature"), (second, "temperature"))
    second.observe(lambda change: seen.append(change["new"]), "temperature")
    first.temperature = 0.5
    assert seen == [0.5]
    assert ipywidgets.HBox([first, second]).children == (first, second)


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (Writer(TEXT)._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    assert "0x" not in first["text/plain"]
    assert first["text/html"].count("<td>") == 24
    state = state_in(first["text/html"])
    assert state["text"] == TEXT
    assert state["opening"]["of"] == {
        "text": TEXT,
        "temperature": 1.0,
        "top_k": None,
        "top_p": 1.0,
        "min_p": 0.0,
        "penalty": 1.0,
        "layer": 0,
        "head": 0,
    }
    assert state["stored"] == {**stored_weights.describe("gpt-speeches"), "layers": 4, "heads": 6}
    assert state["counts"] == stored_weights.describe("trigrams")
    needed = " ".join(f"{name}-{stored_weights.digest(name)}" for name in ("gpt-speeches", "trigrams"))
    assert f'data-widget="writer" data-model="{needed}"' in first["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in first


def test_the_bytes_do_not_travel_with_the_state():
    assert len(json.dumps(Writer(TEXT).get_state(), default=str)) < 100_000  # of which most is the front end itself
    assert len(Writer(TEXT).to_html()) < 3000


def test_a_changed_setting_changes_what_is_compared():
    assert len({repr(Writer(*text, **more)) for text, more in (((), {}), ((TEXT,), {}), ((TEXT,), {"top_k": 2}))}) == 3


def test_typed_text_is_escaped():
    check_typed_text_is_escaped(Writer)


def test_half_of_a_surrogate_pair_is_read_as_a_browser_reads_it():
    check_half_a_pair_is_read_as_a_browser_reads_it(Writer)


def test_a_front_end_is_sent_the_part_it_asks_for(monkeypatch):
    refused = [{"part": part, "name": "gpt-speeches"} for part in (11, -1, "0", True, None)]
    refused += [{"part": 3, "name": "trigrams"}, {"part": 0, "name": "dates"}]
    asked = [("gpt-speeches", 0), ("gpt-speeches", 10), ("trigrams", 2)]
    check_parts_are_sent(monkeypatch, Writer(TEXT), asked, refused)
    other = Writer(TEXT, model="gpt-characters")
    check_parts_are_sent(monkeypatch, other, [("gpt-characters", 0)], [{"part": 0, "name": "trigrams"}])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"model": "bert-speeches"},
            "the stored models that write are gpt-speeches, gpt-characters; got 'bert-speeches'",
        ),
        ({"text": ""}, "nothing to go on from in the text ''"),
        ({"text": "naïve", "model": "gpt-characters"}, "the character 'ï' is not among the 97 symbols"),
        ({"text": 5}, "text must be a string, got 5"),
        ({"text": "x" * (MOST_CHARACTERS + 1)}, "at most 20000 characters, got 20001"),
        (
            {"heat": 1},
            "Writer has no setting heat; it has text, temperature, top_k, top_p, min_p, penalty, layer, head",
        ),
        *[({"layer": value}, "layer must be a whole number from 0 to 3, got") for value in (-1, 4, 1.0, True, None)],
        *[({"head": value}, "head must be a whole number from 0 to 5, got") for value in (-1, 6, 0.5, "0", None)],
        ({"head": 4, "model": "gpt-characters"}, "head must be a whole number from 0 to 3, got 4"),
        *[
            ({"temperature": value}, r"temperature must be a number from 0 \(the likeliest\) to 2, got")
            for value in (-0.1, 2.1, math.nan, math.inf, "hot", True, None)
        ],
        *[
            ({"top_k": value}, "top_k must be None or a whole number from 1, got")
            for value in (0, -1, 1.5, "all", True, 2**53)
        ],
        *[
            ({"top_p": value}, "top_p must be a number above 0 and at most 1, got")
            for value in (0, -0.5, 1.1, math.nan, "0.9", True, None)
        ],
        *[({"min_p": value}, "min_p must be a number from 0 to 1, got") for value in (-0.1, 1.1, math.nan, "x", True)],
        *[
            ({"penalty": value}, r"penalty must be a number from 1 \(none\) to 2, got")
            for value in (0.9, 2.1, math.nan, math.inf, "x", True, None)
        ],
    ],
)
@pytest.mark.usefixtures("shapes_unchecked")
def test_what_cannot_be_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Writer(**{"text": TEXT, **settings})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1.0),
        ("temperature", math.nan),
        ("top_k", 0),
        ("top_p", 0.0),
        ("min_p", 2.0),
        ("penalty", 0.5),
        ("layer", 4),
        ("head", 6),
        ("text", "x" * 20_001),
    ],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(Writer(TEXT), name, value, f"{name} must")


def test_an_emptied_field_is_no_error_until_it_is_asked():
    writer = Writer(TEXT)
    writer.text = ""
    for ask in (writer.next_tokens, lambda: writer.chances, lambda: writer.surprises, writer.compared):
        with pytest.raises(ValueError, match="nothing to go on from"):
            ask()

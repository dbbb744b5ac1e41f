"""The translator's Python side: the same texts and weights as the library's, what is true of them, and clear errors."""

import base64
import itertools
import math
import re
from datetime import date, timedelta

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

from llmbook.data.date_pairs import CHINESE_FORM, FIRST, FORMATS, LAST, date_pair
from llmbook.inference import beam_search
from llmbook.nn import record_attention
from llmbook.pages import Translator
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.date_search import search, trouble_with
from llmbook.pages.widgets.date_truth import days_learned_from, meaning_of, was_learned_from
from llmbook.pages.widgets.translator import (
    EXAMPLES,
    HEADS,
    LAST_STEP,
    LAYERS,
    MOST_CHARACTERS,
    MOST_KEYS,
    STATE,
    about,
)
from llmbook.pretrained.date_translator import BOS, EOS, LONGEST, date_languages, pairs, translate
from llmbook.pretrained.own_models import load_stored

FAR = "July 4, 1776"
TEXT = "Sat, Aug 12, 2034"
ENGLISH, CHINESE = date_languages()


# --- what it writes -----------------------------------------------------------------------------------------------


def test_with_one_beam_it_writes_what_the_library_writes():
    texts = [*(pair.source for pair in pairs("test")[:20]), FAR, "day day day", "99/99/9999", "January 1, 3000"]
    assert [Translator(text).translation for text in texts] == translate(load_stored("dates"), texts)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("text", [TEXT, FAR, "day day day", "J" * 32])
def test_beams_are_those_of_the_librarys_search(text, width):
    model = load_stored("dates")
    memory = model.encode(torch.tensor([ENGLISH.encode(text)]))
    found = beam_search(
        lambda ids: model.decode(ids, memory.expand(len(ids), -1, -1))[:, -1],
        torch.tensor([BOS]),
        beams=width,
        max_new=LONGEST,
        eos=EOS,
    )
    made = Translator(text, width=width)
    assert made.translations == [(CHINESE.decode(one.ids[1:]), pytest.approx(one.score, abs=1e-6)) for one in found]
    assert made.translation == made.translations[0][0]
    assert Translator(text, width=width, beam=width - 1).translation == made.translations[-1][0]


def test_a_beam_that_was_not_found_is_the_last():
    assert Translator(FAR, width=2, beam=3).translation == Translator(FAR, width=2, beam=1).translation


def test_beams_on_the_way_hold_the_sums_of_what_they_wrote():
    held = Translator(FAR, width=3).found.held
    assert [len(beams) for beams in held[:3]] == [1, 3, 3]
    assert held[0] == [([], 0.0)]
    model, source = load_stored("dates"), torch.tensor([ENGLISH.encode(FAR)])
    for ids, total in held[6]:
        log_p = model(source, torch.tensor([[BOS, *ids]]))[0].log_softmax(-1)
        assert total == pytest.approx(sum(log_p[t, i].item() for t, i in enumerate(ids)), abs=1e-4)
    assert [total for _, total in held[6]] == sorted((total for _, total in held[6]), reverse=True)


def test_scores_are_means_of_what_the_chances_say():
    for one in Translator(FAR, width=4).found.texts:
        p = one.chances[torch.arange(len(one.ids)), one.ids]
        assert one.score == pytest.approx(p.log().mean().item(), abs=1e-5)
        assert one.ids[-1] == EOS


def test_alternatives_are_the_likeliest_by_name():
    model, source = load_stored("dates"), torch.tensor([ENGLISH.encode(FAR)])
    made = Translator(FAR, width=2, beam=1)
    ids = CHINESE.encode(made.translation)
    p = model(source, torch.tensor([[BOS, *ids]]))[0].softmax(-1)
    rows = made.alternatives(4)
    assert len(rows) == len(ids) + 1 == len(made.characters)
    for row, expected in zip(rows, p, strict=True):
        best = expected.topk(4)
        assert [name for name, _ in row] == [CHINESE.symbols[i] for i in best.indices.tolist()]
        assert [chance for _, chance in row] == pytest.approx(best.values.tolist(), abs=1e-5)
    assert made.characters == [*made.translation, "<eos>"]


def test_weights_are_those_that_the_decoder_records():
    model, source = load_stored("dates"), torch.tensor([ENGLISH.encode(TEXT)])
    ids = CHINESE.encode(Translator(TEXT).translation)
    with torch.no_grad(), record_attention(*[layer.cross_attention for layer in model.decoder.layers]) as recorded:
        model(source, torch.tensor([[BOS, *ids]]))
    cross = torch.cat(recorded)
    assert cross.shape == (LAYERS, HEADS, len(ids) + 1, len(TEXT))
    torch.testing.assert_close(Translator(TEXT).cross, cross, atol=1e-6, rtol=0)
    for layer in (None, 0, 1):
        for head in (None, 0, 3):
            chosen = cross if layer is None else cross[layer : layer + 1]
            chosen = chosen if head is None else chosen[:, head : head + 1]
            expected = chosen.double().mean((0, 1))
            torch.testing.assert_close(Translator(TEXT, layer=layer, head=head).weights, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(Translator(TEXT).weights.sum(-1), torch.ones(len(ids) + 1).double(), atol=1e-5, rtol=0)


def test_the_sizes_that_settings_are_held_to_are_the_models():
    said = about()
    assert (said["layers"], said["heads"]) == (LAYERS, HEADS)
    assert (said["longest"], said["positions"]) == (LONGEST, MOST_KEYS)
    assert LAST_STEP == LONGEST - 1


def test_what_the_page_says_of_it():
    """Page 5.4 and the translator's own tell of this date."""
    far = Translator(FAR, width=4)
    (one, p), (other, q), *_ = far.alternatives()[3]
    assert (far.translations[0][0], far.translations[1][0]) == ("1777年7月4日", "1776年7月4日")
    assert (one, round(p, 2), other, round(q, 2)) == ("7", 0.62, "6", 0.37)
    year = slice(FAR.index("1776"), None)
    assert far.weights[3, year].sum() > 0.75
    assert far.weights[3].argmax() == FAR.index("6")
    assert Translator("February 29, 2023").translation == "2023年2月29日"
    assert Translator("Monday, August 12, 2034").translation == "2034年8月12日星期一"
    assert not was_learned_from(date(2034, 8, 12))


# --- what is true -------------------------------------------------------------------------------------------------


def test_every_format_is_read_as_it_is_written():
    for n in range(0, (LAST - FIRST).days, 97):
        day = FIRST + timedelta(days=n)
        for pattern in FORMATS:
            pair = date_pair(day, pattern)
            found = meaning_of(pair.source)
            assert (found.kind, found.day, found.pair) == ("day", day, pair)


@pytest.mark.parametrize(
    ("text", "kind", "day"),
    [
        ("July 4, 1776", "day", date(1776, 7, 4)),
        ("1/1/1000", "day", date(1000, 1, 1)),
        ("12/9/2024", "day", date(2024, 12, 9)),
        ("3/9/2024", "day", date(2024, 3, 9)),
        ("9999-12-31", "day", date(9999, 12, 31)),
        ("2024-02-29", "day", date(2024, 2, 29)),
        ("29 February 2000", "day", date(2000, 2, 29)),
        ("29 February 1900", "no day", None),
        ("February 29, 2023", "no day", None),
        ("2023-02-29", "no day", None),
        ("2024-00-10", "no day", None),
        ("2024-01-00", "no day", None),
        ("31 April 1999", "no day", None),
        ("2024-13-09", "no day", None),
        ("2/30/2024", "no day", None),
        ("10/99/9999", "no day", None),
        ("Wednesday, February 29, 2023", "no day", None),
        ("Monday, August 12, 2034", "weekday", date(2034, 8, 12)),
        ("Mon 12 Aug 2034", "weekday", date(2034, 8, 12)),
        *[
            (text, "unknown", None)
            for text in (
                "",
                " March 9, 2024",
                "March 9, 2024\n",
                "March 09, 2024",
                "march 9, 2024",
                "03/09/2024",
                "9.3.2024",
                "9 Mar 24x",
                "2024-3-9",
                "Sat, March 9, 2024",
                "Saturday, Mar 9, 2024",
                "0/1/2024",
                "13/9/2024",
                "1/1/0",
                "1/1/1",
                "9/3/24",
                "9 May 24",
                "December 25, 933",
                "1/1/12345",
                "2024年3月9日",
                "day day day",
            )
        ],
    ],
)
def test_what_a_text_means(text, kind, day):
    found = meaning_of(text)
    assert (found.kind, found.day) == (kind, day)
    assert (found.pair is not None) == (kind == "day")


def test_which_days_the_model_was_trained_on():
    trained = {pair.target.split("日")[0] for pair in pairs("train")}
    for n in range(0, (LAST - FIRST).days + 1, 31):
        day = FIRST + timedelta(days=n)
        assert was_learned_from(day) == (f"{day.year}年{day.month}月{day.day}" in trained)
    assert not was_learned_from(FIRST - timedelta(days=1))
    assert not was_learned_from(LAST + timedelta(days=1))
    bits = base64.b64decode(days_learned_from())
    assert sum(byte.bit_count() for byte in bits) == len(trained)
    assert len(bits) == math.ceil(((LAST - FIRST).days + 1) / 8)
    assert not any(was_learned_from(meaning_of(pair.source).day) for pair in pairs("test")[:100])


def test_frames_are_the_datas_alignment_where_the_answer_is_right():
    for pair in pairs("test")[:40]:
        made = Translator(pair.source)
        assert made.is_right == (made.translation == pair.target)
        if made.is_right:
            assert made.frames == pair.alignment


def test_a_wrong_answer_is_framed_by_its_own_fields():
    made = Translator("1/1/2525")
    assert made.translation == "2025年11月15日"
    assert made.is_right is False
    there, here = zip(*(made.frames[field] for field in ("year", "month", "day")), strict=True)
    assert ["1/1/2525"[span] for span in there] == ["2525", "1", "1"]
    assert [made.translation[span] for span in here] == ["2025", "11", "15"]


@pytest.mark.parametrize("text", ["February 29, 2023", "Monday, August 12, 2034", "day day day", "9 Mar 24"])
def test_where_a_text_means_no_day_there_is_no_truth(text):
    made = Translator(text)
    assert made.is_right is None
    assert made.frames == {}
    assert made.inside == (0, 0)


def test_an_answer_without_the_form_of_a_date_has_no_frames():
    made = Translator("January 1, 3000")
    assert CHINESE_FORM.fullmatch(made.translation) is None
    assert made.meaning.kind == "day"
    assert made.is_right is False
    assert made.frames == {}


def test_inside_counts_as_page_5_4_counts():
    for text, layer, head in itertools.product((TEXT, FAR, "8/12/2034", "2034-08-12"), range(LAYERS), range(HEADS)):
        made = Translator(text, layer=layer, head=head)
        pair = made.meaning.pair
        rows = [(t, there) for there, here in pair.alignment.values() for t in range(here.start, here.stop)]
        hits = sum(int(made.weights[t].argmax()) in range(there.start, there.stop) for t, there in rows)
        assert made.inside == (hits, len(rows))
    assert Translator(TEXT, layer=1, head=3).inside == (10, 10)
    assert Translator(TEXT, layer=0, head=1).inside[0] < 10


# --- what it cannot read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("", "There is nothing to read: type a date."),
        ("2024年3月9日", "The model does not know “年”, “月”, “日”: no date that it learned from has that."),
        ("f f", "The model does not know “f”: no date that it learned from has that."),
        ("May\t9", "The model does not know “⇥”: no date that it learned from has that."),
        (
            "zxqfk!?",
            "The model does not know “z”, “x”, “q”, “f”, “k” and 2 more: no date that it learned from has that.",
        ),
        ("1" * 33, "The model reads at most 32 characters, and these are 33."),
        ("1" * 32, ""),
    ],
)
def test_a_text_that_cannot_be_read_is_no_error_until_it_is_asked(text, trouble):
    made = Translator(text)
    assert made.trouble == trouble == trouble_with(text)
    if not trouble:
        return
    for ask in (lambda: made.translation, lambda: made.weights, made.alternatives, lambda: search(text, 1)):
        with pytest.raises(ValueError, match=re.escape(trouble)):
            ask()
    assert trouble in repr(made)
    assert trouble in made.to_table()
    assert state_in(made.to_html())["source"]["opening"] == {}


def test_the_examples_are_what_they_are_called():
    shown = dict(enumerate(Translator().source["examples"]))
    assert len(shown) == len(EXAMPLES)
    kinds = {
        "a far year": "day",
        "a year too early": "day",
        "no such day": "no day",
        "another weekday": "weekday",
        "another format": "unknown",
        "nonsense": "unknown",
    }
    for name, text in shown.values():
        if name.startswith("format"):
            assert meaning_of(text).day == date(2034, 8, 12)
        elif name in kinds:
            assert meaning_of(text).kind == kinds[name]
            assert not trouble_with(text)
        else:
            assert trouble_with(text)
    assert len({text for _, text in shown.values()}) == len(shown)


# --- a widget as the others ---------------------------------------------------------------------------------------


def test_composes_like_any_widget():
    first, second, seen = Translator(TEXT), Translator(TEXT), []
    ipywidgets.link((first, "layer"), (second, "layer"))
    second.observe(lambda change: seen.append(change["new"]), "layer")
    first.layer = 1
    assert seen == [1]
    torch.testing.assert_close(first.weights, second.weights)
    assert ipywidgets.HBox([first, second]).children == (first, second)


def test_renders_a_table_and_its_state_the_same_each_time():
    first, second = (Translator(TEXT)._repr_mimebundle_()[0] for _ in range(2))
    for kind in ("text/plain", "text/html"):
        assert first[kind] == second[kind]
    assert "0x" not in first["text/plain"]
    html = first["text/html"]
    assert html.count("<td>") == 14 * len(TEXT)
    state = state_in(html)
    assert {name: state[name] for name in STATE} == {name: getattr(Translator(TEXT), name) for name in STATE}
    assert state["source"]["stored"] == stored_weights.describe("dates")
    assert f'data-widget="translator" data-model="dates-{stored_weights.digest("dates")}"' in html
    assert "application/vnd.jupyter.widget-view+json" in first


def test_the_bytes_do_not_travel_with_the_state():
    assert len(Translator(TEXT).to_html()) < 25_000  # of which a third says which days the model was trained on


def test_a_changed_setting_changes_what_is_compared():
    settings = ({}, {"layer": 1}, {"layer": 1, "head": 2}, {"text": FAR}, {"text": FAR, "width": 2, "beam": 1})
    assert len({repr(Translator(**more)) for more in settings}) == len(settings)


def test_typed_text_is_escaped():
    check_typed_text_is_escaped(Translator)


def test_half_of_a_surrogate_pair_is_read_as_a_browser_reads_it():
    check_half_a_pair_is_read_as_a_browser_reads_it(Translator)


def test_a_front_end_is_sent_the_part_it_asks_for(monkeypatch):
    parts = stored_weights.describe("dates")["parts"]
    refused = [{"part": number, "name": "dates"} for number in (parts, -1, "0", True)]
    refused.append({"part": 0, "name": "gpt-speeches"})
    check_parts_are_sent(monkeypatch, Translator(TEXT), [("dates", 0), ("dates", parts - 1)], refused)


BAD = [
    ({"heat": 1}, "Translator has no setting heat; it has text, width, beam, step, layer, head, key, framed"),
    ({"text": 5}, "text must be a string, got 5"),
    ({"text": "x" * (MOST_CHARACTERS + 1)}, "at most 200 characters, got 201"),
    ({"framed": 1}, "framed must be True or False, got 1"),
    *[({"width": value}, "width must be") for value in (0, 5, 1.5, math.nan, "wide", True, None)],
    *[({"beam": value}, "beam must be") for value in (-1, 4, 0.5, None)],
    *[({"step": value}, "step must be") for value in (-1, 20, 1.5, None, False)],
    *[({"layer": value}, "layer must be") for value in (-1, 2, 0.5, "first", True)],
    *[({"head": value}, "head must be") for value in (-1, 4, math.inf, "all")],
    *[({"key": value}, "key must be") for value in (-1, 32, None)],
]


@pytest.mark.parametrize(("settings", "message"), BAD)
@pytest.mark.usefixtures("shapes_unchecked")
def test_what_cannot_be_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Translator(**{"text": TEXT, **settings})


@pytest.mark.parametrize(
    ("name", "value"),
    [("text", "x" * 201), ("width", 5), ("beam", -1), ("step", 20), ("layer", 2), ("head", 4), ("key", 32)],
)
def test_what_is_set_later_is_checked_and_the_old_value_stays(name, value):
    check_set_later(Translator(TEXT), name, value, f"{name} must")

"""The texts and pictures: what they hold, that parts are fixed and disjoint, and that alignments are true."""

import random
import re
from datetime import date

import pytest
import torch
from babel.dates import format_date

from llmbook import data
from llmbook.data import (
    COLOURS,
    ERAS,
    FORMATS,
    HELD_OUT,
    PARTS,
    SHAPES,
    Speech,
    date_pair,
    dates,
    draw,
    era_paragraphs,
    interface_strings,
    part_of,
    sentence_pairs,
    sentences,
    shapes,
    speeches,
)

# --- parts -----------------------------------------------------------------------------------------------------


def test_parts_have_their_shares_and_never_change():
    counts = [sum(part_of(f"item {i}") == part for i in range(10_000)) for part in PARTS]
    assert counts[0] == pytest.approx(8000, abs=150)
    assert counts[1] == pytest.approx(1000, abs=120)
    assert [part_of(name) for name in ("1790 Washington", "2000-01-01", "Save")] == ["train", "dev", "train"]


def test_parts_are_disjoint_and_complete():
    for whole, by_part in (
        (
            [s.text for s in speeches()],
            [[s.text for s in speeches(part=p)] for p in PARTS],
        ),
        (interface_strings(), [interface_strings(p) for p in PARTS]),
    ):
        assert sorted(item for part in by_part for item in part) == sorted(whole)
        assert all(len(set(part)) == len(part) > 0 for part in by_part)


def test_no_date_is_in_two_parts():
    found = [{pair.target[: pair.target.index("日")] for pair in dates(3000, seed=1, part=part)} for part in PARTS]
    assert not found[0] & found[1]
    assert not found[0] & found[2]
    assert not found[1] & found[2]


@pytest.mark.parametrize(
    "ask", [lambda: speeches(part="all"), lambda: dates(1, part="all"), lambda: interface_strings("x")]
)
def test_a_part_that_does_not_exist(ask):
    with pytest.raises(ValueError, match="a part must be one of train, dev, test"):
        ask()


# --- speeches --------------------------------------------------------------------------------------------------


def test_speeches_are_ordered_and_chosen_by_year():
    chosen = speeches(1861, 1865)
    assert [s.president for s in chosen] == ["Lincoln"] * 4 + ["Johnson"]
    years = [s.year for s in speeches()]
    assert years == sorted(years)
    assert years[0] == 1790
    with pytest.raises(ValueError, match="from 1500 to 1600"):
        speeches(1500, 1600)


def test_paragraphs_hold_the_words_of_the_text():
    speech = speeches(1862, 1862)[0]
    assert " ".join(speech.paragraphs).split() == speech.text.split()
    assert len(speech.paragraphs) == 72


def test_speeches_that_are_not_there():
    for years, part, message in (
        ((1700, 1701), None, "no speeches from 1700 to 1701 are in part None"),
        ((2020, 2020), {"train": "dev"}.get(speeches(2020, 2020)[0].part, "train"), "from 2020 to 2020 are in part"),
    ):
        with pytest.raises(ValueError, match=message):
            speeches(*years, part)
    with pytest.raises(ValueError, match="got 'all'"):
        era_paragraphs("all")


def test_eras_begin_in_their_years():
    assert [speeches(y, y)[0].era for y in (1790, 1860, 1861, 1912, 1913, 1968, 1969, 2020)] == [0, 0, 1, 1, 2, 2, 3, 3]
    counts = [sum(era == i for _, era in era_paragraphs("train")) for i in range(len(ERAS))]
    assert min(counts) > 2000
    assert all(30 <= len(words.split()) <= 200 for words, _ in era_paragraphs("test"))


def test_sentences_are_cut_where_one_ends():
    assert sentences("One. Two!  Three? “Four.” e.g. five.") == ["One.", "Two!", "Three?", "“Four.” e.g. five."]
    assert sentences("") == []
    text = speeches(1945, 1945)[0].paragraphs[3]
    assert " ".join(sentences(text)) == text


def test_half_of_the_pairs_are_neighbours():
    chosen = speeches(1990, 2000)
    pairs = sentence_pairs(chosen, 400, seed=3)
    assert pairs == sentence_pairs(chosen, 400, seed=3)
    assert pairs != sentence_pairs(chosen, 400, seed=4)
    assert sum(followed for *_, followed in pairs) == 200
    joined = [" ".join(p for p in speech.paragraphs) for speech in chosen]
    for a, b, followed in pairs:
        assert not followed or any(f"{a} {b}" in text for text in joined)
        assert followed or not any(a in text and b in text for text in joined if len(a) > 40 and len(b) > 40)


def test_how_b_begins_gives_nothing_away():
    """Never the first sentence of a paragraph, unless the same words stand elsewhere too."""
    chosen = speeches(1990, 2000)
    cut = [sentences(paragraph) for speech in chosen for paragraph in speech.paragraphs]
    later = {sentence for one in cut for sentence in one[1:]}
    pairs = sentence_pairs(chosen, 400, seed=3)
    assert {followed for *_, followed in pairs} == {True, False}
    assert all(b in later for _, b, _ in pairs)


def test_pairs_need_two_speeches_with_neighbours():
    long, short = Speech(1, "a", "One. Two.\n\nThree. Four."), Speech(2, "b", "One.\n\nTwo.")
    for chosen, found in (([], 0), ([short], 0), ([long], 1), ([long, short], 1)):
        with pytest.raises(ValueError, match=f"two speeches with neighbours, got {found} among {len(chosen)}"):
            sentence_pairs(chosen, 4)
    other = Speech(3, "c", "Five. Six.")
    assert {b for _, b, followed in sentence_pairs([long, other], 40) if not followed} == {"Two.", "Four.", "Six."}


# --- dates -----------------------------------------------------------------------------------------------------


def test_dates_are_what_babel_says():
    day = date(2024, 3, 9)
    pair = date_pair(day, FORMATS[0])
    assert pair.source == "Saturday, March 9, 2024" == format_date(day, "full", locale="en")
    assert pair.target == "2024年3月9日星期六" == format_date(day, "full", locale="zh")
    assert date_pair(day, "{d} {MMMM} {y}").target == format_date(day, "long", locale="zh")
    assert date_pair(day, "{y}-{MM}-{dd}").source == "2024-03-09"
    assert date_pair(day, "{M}/{d}/{y}").source == "3/9/2024"


def test_alignments_say_the_same_on_both_sides():
    weekdays = dict(zip("Mon Tue Wed Thu Fri Sat Sun".split(), "一二三四五六日", strict=True))
    months = dict(zip("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), range(1, 13), strict=True))
    for pair in dates(500, seed=5):
        said = {field: (pair.source[s], pair.target[t]) for field, (s, t) in pair.alignment.items()}
        assert said["year"][0] == said["year"][1]
        assert int(said["day"][0]) == int(said["day"][1])
        month = said["month"][0]
        assert (int(month) if month.isdigit() else months[month[:3]]) == int(said["month"][1])
        if "weekday" in said:
            assert said["weekday"][1] == "星期" + weekdays[said["weekday"][0][:3]]
        assert re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日(星期.)?", pair.target)


def test_dates_of_any_part():
    days = [pair.target for pair in dates(200, seed=1, part=None)]
    assert len(days) == 200
    known = {part: {pair.target for pair in dates(4000, part=part)} for part in PARTS}
    assert all(any(day in there for day in days) for there in known.values())


def test_dates_are_seeded_and_use_every_format():
    assert dates(20, seed=1) == dates(20, seed=1) != dates(20, seed=2)
    assert dates(30, seed=1)[:20] == dates(20, seed=1)
    kinds = {
        re.sub(r"[A-Za-z]+", lambda m: "A" if len(m[0]) > 3 else "a", re.sub(r"\d", "9", p.source)) for p in dates(500)
    }
    assert len(kinds) >= len(FORMATS)


# --- interface strings -----------------------------------------------------------------------------------------


def test_interface_strings_are_pairs_without_repetition():
    pairs = interface_strings()
    assert len(pairs) > 2500
    assert len({english for english, _ in pairs}) == len(pairs)
    assert all(english == english.strip() and chinese == chinese.strip() for english, chinese in pairs)
    assert all(english and chinese and english != chinese for english, chinese in pairs)
    assert dict(pairs)["Save"] == "保存"
    chinese = [target for _, target in pairs if re.search("[\u4e00-\u9fff]", target)]
    assert len(chinese) > 0.97 * len(pairs)


# --- shapes ----------------------------------------------------------------------------------------------------


def test_pictures_are_of_what_they_say():
    pictures, names = shapes(60, seed=2)
    assert pictures.shape == (60, 3, 32, 32)
    assert ((pictures >= 0) & (pictures <= 1)).all()
    for picture, (colour, _) in zip(pictures, names, strict=True):
        ground = picture.flatten(1).median(dim=1).values
        inside = (picture - ground[:, None, None]).abs().amax(dim=0) > 0.25
        found = picture[:, inside].mean(dim=1)
        nearest = min(COLOURS, key=lambda c: (torch.tensor(COLOURS[c]) - found).norm().item())
        assert nearest == colour
        assert 30 < inside.sum() < 280


def test_shapes_differ_in_outline():
    areas = {shape: [] for shape in SHAPES}
    for shape in SHAPES:
        for seed in range(20):
            picture = draw("blue", shape, random.Random(seed))
            areas[shape].append(
                ((picture - picture.flatten(1).median(dim=1).values[:, None, None]).abs().amax(dim=0) > 0.25)
                .sum()
                .item()
            )
    for one, other in zip(areas["circle"], areas["triangle"], strict=True):
        assert one > 1.5 * other  # of the same random size: πr² against 0.7225 r²
    assert areas["square"] != areas["cross"]


def test_held_out_pairs_are_never_trained_on():
    trained, held = set(shapes(400)[1]), set(shapes(400, held_out=True)[1])
    assert held == HELD_OUT
    assert not trained & held
    assert {c for c, _ in trained} == set(COLOURS)
    assert {s for _, s in trained} == set(SHAPES)
    assert torch.equal(shapes(5, seed=1)[0], shapes(5, seed=1)[0])
    assert not torch.equal(shapes(5, seed=1)[0], shapes(5, seed=2)[0])


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="got 'pink' 'circle'"):
        draw("pink", "circle", random.Random(0))
    with pytest.raises(ValueError, match="got 'red' 'star'"):
        draw("red", "star", random.Random(0))


def test_speeches_are_read_once():
    assert data.all_speeches() is data.all_speeches()

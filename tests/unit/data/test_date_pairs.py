"""The dates against ``Babel``'s own formats, and that their alignments are true."""

import re
from datetime import date

from babel.dates import format_date

from llmbook.data import FORMATS, PARTS, date_pair, dates


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


def test_which_parts_of_a_text_are_right():
    pair = date_pair(date(2024, 3, 9), FORMATS[0])
    parts = ["form", "year", "month", "day", "weekday"]
    wrong = {
        "2024年3月9日星期六": [],
        "2034年3月9日星期六": ["year"],
        "2024年9月3日星期六": ["month", "day"],
        "2024年3月19日星期六": ["day"],
        "2024年3月9日星期日": ["weekday"],
        "2024年3月9日": ["weekday"],
        "24年3月9日星期六": parts,
        "2024年3月9日星期六六": parts,
        "": parts,
    }
    assert {text: [part for part, right in pair.parts_right(text).items() if not right] for text in wrong} == wrong
    without = date_pair(date(2024, 3, 9), FORMATS[2])
    assert without.parts_right("2024年3月9日星期六") == dict.fromkeys(parts[:4], True)  # of a weekday nothing was asked

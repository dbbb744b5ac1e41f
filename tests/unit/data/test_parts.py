"""The parts have their shares, never change, and share nothing with each other."""

import pytest

from llmbook.data import PARTS, dates, interface_strings, part_of, speeches


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


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize(
    "ask", [lambda: speeches(part="all"), lambda: dates(1, part="all"), lambda: interface_strings("x")]
)
def test_a_part_that_does_not_exist(ask):
    with pytest.raises(ValueError, match="a part must be one of train, dev, test"):
        ask()

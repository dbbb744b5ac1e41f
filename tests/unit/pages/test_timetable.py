"""A trace drawn: a box an action, its number where there is room, and its kind seen without colour."""

import pytest

from llmbook.distributed import gpipe, interleaved, replay
from llmbook.pages.timetable import timetable


def test_each_action_is_a_box_with_its_micro_batch():
    trace = replay(gpipe(2, 3))
    ax = timetable({"GPipe": trace}, xlabel="ticks", scale=2).axes[0]
    spans = [span for row in trace for span in row]
    assert [(box.get_x(), box.get_width()) for box in ax.patches] == [
        (2 * s.start, 2 * (s.end - s.start)) for s in spans
    ]
    assert [bool(box.get_hatch()) for box in ax.patches] == [s.kind == "B" for s in spans]
    assert [text.get_text() for text in ax.texts] == ["GPipe", *(str(s.micro) for s in spans)]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rank 0", "rank 1"]


def test_later_stages_of_a_rank_are_lighter_and_narrow_boxes_have_no_number():
    ax = timetable({"a": replay(interleaved(2, 40, 2))}, xlabel="ticks").axes[0]
    assert {box.get_alpha() for box in ax.patches} == {0.35, 0.75}
    assert [text.get_text() for text in ax.texts] == ["a"]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no trace"):
        timetable({}, xlabel="ticks")

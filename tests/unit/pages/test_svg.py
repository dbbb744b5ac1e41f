"""The picture can stand in a page: well formed, described, recolourable, with no id another figure has."""

import re
import xml.dom.minidom

from sample_figures import ALT, each_figure

from llmbook.pages.figures import bundle


@each_figure
def test_the_picture_is_well_formed_and_described(draw):
    svg = xml.dom.minidom.parseString(bundle(draw(), alt='Sizes < 3 & "quoted"')["image/svg+xml"]).documentElement
    assert svg.tagName == "svg"
    assert svg.getAttribute("role") == "img"
    assert svg.getAttribute("aria-label") == 'Sizes < 3 & "quoted"'


@each_figure
def test_the_picture_can_stand_in_a_page(draw):
    """No style sheet (its ``*`` would reach the whole page), no address but the namespaces, no id another has."""
    svg = bundle(draw(), alt=ALT)["image/svg+xml"]
    assert "<style" not in svg
    assert set(re.findall(r"https?://[^\"]+", svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("fig-") for name in ids)
    assert {name for name in re.findall(r"#(fig-[\w-]+)", svg)} <= set(ids)


@each_figure
def test_every_colour_is_a_variable_with_a_fallback(draw):
    svg = re.sub(r"data:image[^\"]*", "", bundle(draw(), alt=ALT)["image/svg+xml"])
    for match in re.finditer(r"#[0-9a-f]{6}\b", svg):
        assert re.search(r"var\(--llm-\w+, $", svg[: match.start()]), f"a bare {match[0]}"
    assert "var(--llm-paper, #ffffff)" in svg
    assert "DejaVu" not in svg


@each_figure
def test_pictures_are_small(draw):
    assert len(bundle(draw(), alt=ALT)["image/svg+xml"]) < 25_000

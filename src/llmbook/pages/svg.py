"""From matplotlib's SVG to one that can stand in a page among others, and change its colours with it.

Left out: pictures of pixels, which stay as they are inside it.
"""

import html
import io
import re

from matplotlib.figure import Figure

from llmbook.pages.looks import PALETTE, style

FONT = "var(--llm-figure-font, system-ui, sans-serif)"
SEED = "seed of (.*?): (.*?) ends at (.*?)"  # the name that ``plots.seeds`` gives a line, which a page can draw alone
ROOT_STYLE = "max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt"


def to_svg(fig: Figure, alt: str, mark: str) -> str:
    """The figure as one ``<svg>`` that can stand in a page: recolourable, no foreign names, no ids but its own."""
    file = io.StringIO()
    with style():
        fig.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= )(d|x|y|transform|width|height|viewBox)="([^"]*)"', short_numbers, svg)
    svg = re.sub(f' id="{SEED}"', r' data-kind="\1" data-seed="\2" data-end="\3"', svg)
    svg = own_ids(one_of_each_pattern(svg), f"fig-{mark}")
    svg = re.sub(r"'DejaVu Sans'(, [^;\"]*)?", FONT, svg)
    svg = svg.replace("#000000", PALETTE["ink"])
    for name, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--llm-{name}, {colour})")
    svg = re.sub(r"\n\s*", "\n", re.sub(r"<g>\s*</g>", "", svg))
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" style="{ROOT_STYLE}" ', 1)


def short_numbers(attribute: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point: a third of the size, and no digits that differ between processors."""
    value = re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{round(float(number[0]), 2) + 0.0:g}", attribute[2])
    return f'{attribute[1]}="{value}"'


def one_of_each_pattern(svg: str) -> str:
    """Hatchings that look the same become one: matplotlib writes one for each opacity, which the shape has anyway."""
    svg = re.sub(r'; stroke-opacity: [\d.]+(?="/>\s*</pattern>)', "", svg)
    first: dict[str, str] = {}
    for pattern, name, looks in re.findall(r'(<pattern id="(\w+)"(.*?)</pattern>)', svg, flags=re.DOTALL):
        kept = first.setdefault(looks, name)
        if kept != name:
            svg = svg.replace(pattern, "").replace(f"url(#{name})", f"url(#{kept})")
    return svg


def own_ids(svg: str, prefix: str) -> str:
    """Drop the ids nobody refers to, and begin the others with ``prefix``: several figures share one page."""
    used = {name: f"{prefix}-{i}" for i, name in enumerate(dict.fromkeys(re.findall(r'(?:url\(|href=")#(\w+)', svg)))}
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{used[m[1]]}"' if m[1] in used else "", svg)
    return re.sub(r'(url\(|href=")#(\w+)', lambda m: f"{m[1]}#{used[m[2]]}", svg)

"""What a reader types on one page, for the pages that go on with it: code stands on one page, and nowhere twice.

    parts = typed("05-1-the-parts", "05-5-todays-parts")
    parts.RMSNorm  # the class as page 5.5 shows it

The cells with the tag ``typed`` are run from top to bottom, one page after the other, below the three imports of page
5.1 and nothing else: what they need besides, an earlier one of them has defined. Of its pages the wheel carries these
cells alone (see ``setup.py``). Left out: cells with magics.
"""

import json
import math
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

TAG = "typed"
CHECKOUT = Path(__file__).resolve().parents[3] / "notebooks"
INSTALLED = Path(__file__).with_name("notebooks")


def typed(*pages: str) -> ModuleType:
    """A module made anew of what these pages, named like their notebooks, have the reader type.

    Raises ``ValueError`` for a page without such cells.
    """
    module = ModuleType("typed")
    module.__dict__.update(math=math, torch=torch, nn=nn)
    for page in pages:
        for number, source in enumerate(typed_cells(page), start=1):
            exec(compile(source, f"<{page}, typed cell {number}>", "exec"), module.__dict__)
    return module


def typed_cells(page: str) -> list[str]:
    """The sources of a page's typed cells. Raises ``ValueError`` where there are none."""
    path = next((path for path in (CHECKOUT / f"{page}.ipynb", INSTALLED / f"{page}.ipynb") if path.is_file()), None)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path else []
    sources = ["".join(cell["source"]) for cell in cells if TAG in cell["metadata"].get("tags", [])]
    if not sources:
        raise ValueError(f"there is no page {page!r} with cells to be typed")
    return sources

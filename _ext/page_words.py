"""What is written on a page: of a notebook the sources of its cells, of a page of prose its text."""

import json
from pathlib import Path


def source_of(root: Path, docname: str) -> Path:
    notebook = root / f"{docname}.ipynb"
    return notebook if notebook.is_file() else root / f"{docname}.md"


def parts_of(path: Path, *kinds: str) -> list[str]:
    """The text of a page of prose, or a notebook's cells: all, or those of these kinds (``markdown``, ``code``)."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return [text]
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if not kinds or cell["cell_type"] in kinds]


def words_of(path: Path, *kinds: str) -> str:
    """These parts, one after the other."""
    return "\n\n".join(parts_of(path, *kinds))

"""Write the Colab copies of the notebooks: the same cells, behind one that installs the wheel beside the site.

    python scripts/colab.py --config _build/config.yml --output _build/html/colab [--site-url http://127.0.0.1:8000]

A copy needs the published site's address (``html.baseurl`` of the configuration): without one, none is written, and
the site shows no button for it.
"""

import argparse
import json
import tomllib
from pathlib import Path

import nbformat
import yaml

from plain_markdown import Converter, citations_in, labels_in

ROOT = Path(__file__).resolve().parent.parent
GLUED = "application/papermill.record/text/plain"
INSTALL = """\
# Colab brings PyTorch. This adds the book's library, and what else Colab lacks; it touches nothing that is there.
%pip install --quiet "llmbook[pages] @ {wheel}\""""


def site_address(config: Path) -> str:
    """The published site's address from the configuration, or ''."""
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    return settings.get("html", {}).get("baseurl", "") or ""


def wheel_name() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def pages() -> dict[str, str]:
    """The Markdown of every page of the book, by its path."""
    found = {}
    for path in [*ROOT.glob("*.md"), *ROOT.glob("chapters/**/*.md")]:
        found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    for path in ROOT.glob("notebooks/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[path.relative_to(ROOT).as_posix()] = "\n\n".join(texts)
    return found


def glued_numbers() -> dict[str, str]:
    """The text of every number glued by a notebook, by its name."""
    numbers = {}
    for path in ROOT.glob("notebooks/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                name = output.get("metadata", {}).get("scrapbook", {}).get("name")
                if name and GLUED in output.get("data", {}):
                    numbers[name] = output.data[GLUED].strip("'\"")
    return numbers


def colab_copy(path: Path, converter: Converter) -> nbformat.NotebookNode:
    """One notebook with plain Markdown, behind the cell that installs the library."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = converter.convert(cell.source)
    source = INSTALL.format(wheel=f"{converter.site}wheels/{wheel_name()}")
    install = nbformat.v4.new_code_cell(source, id="install")
    notebook.cells.insert(0, install)
    notebook.metadata["colab"] = {"name": path.name}
    return notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=ROOT / "_config.yml")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--site-url", default="", help="instead of the configuration's")
    arguments = parser.parse_args()
    site = arguments.site_url or site_address(arguments.config)
    if not site:
        print("No site address is set (html.baseurl in _config.yml), so no Colab copies are written.")
        return
    book = pages()
    labels = {label: found for page, text in book.items() for label, found in labels_in(text, page).items()}
    bibliography = ROOT / "references.bib"
    citations = citations_in(bibliography) if bibliography.exists() else {}
    numbers = glued_numbers()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        page = path.relative_to(ROOT).as_posix()
        converter = Converter(site.rstrip("/") + "/", page, citations, labels, numbers)
        nbformat.write(colab_copy(path, converter), arguments.output / path.name)


if __name__ == "__main__":
    main()

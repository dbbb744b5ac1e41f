"""What the wheel needs beyond ``pyproject.toml``: of each page, the cells that a reader types (see ``typed_cells``)."""

import json
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TAG = "typed"


def typed_only(notebook: dict) -> dict:
    """The notebook without outputs, and without all other cells."""
    typed = [cell for cell in notebook["cells"] if TAG in cell["metadata"].get("tags", [])]
    return {"cells": [{"metadata": {"tags": [TAG]}, "source": cell["source"]} for cell in typed]}


class WithTypedCells(build_py):
    """Puts them beside the module that runs them."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # the checkout has the notebooks themselves

        folder = Path(self.build_lib, "llmbook/pages/notebooks")
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(Path(__file__).with_name("notebooks").glob("*.ipynb")):
            typed = typed_only(json.loads(path.read_text(encoding="utf-8")))
            if typed["cells"]:
                (folder / path.name).write_text(json.dumps(typed), encoding="utf-8")


if __name__ == "__main__":
    setup(cmdclass={"build_py": WithTypedCells})

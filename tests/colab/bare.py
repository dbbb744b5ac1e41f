"""A bare virtual environment: what Colab brings, and nothing of the book's."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

COLAB_BRINGS = ("torch", "numpy", "matplotlib", "ipywidgets", "ipykernel")


def closure(names: tuple[str, ...]) -> list[Distribution]:
    """These distributions and all they need, as installed here."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found[name] = distribution(name)
        for requirement in map(Requirement, found[name].requires or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return list(found.values())


def put(source: Path, target: Path) -> None:
    """A second name for the same file, or a copy where the disk allows none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def make_bare_environment(folder: Path) -> Path:
    """A new virtual environment with its own pip and what Colab brings; returns its Python.

    The packages are linked, not downloaded again: the same files as in the environment that runs the tests.
    """
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    here = Path(sys.prefix)
    for package in closure(COLAB_BRINGS):
        for file in package.files or []:
            source = Path(os.path.normpath(package.locate_file(file)))
            inside = source.relative_to(here)
            if inside.parts[0] != "bin" and source.is_file() and source.suffix != ".pyc":
                put(source, folder / inside)
    return folder / "bin" / "python"


def can_import(python: Path, *modules: str) -> list[str]:
    """Which of these modules the environment finds."""
    code = f"import importlib.util as u; print(*[m for m in {modules!r} if u.find_spec(m)])"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()

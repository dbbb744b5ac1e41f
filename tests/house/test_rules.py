"""The rules the whole tree keeps: what may stand in a file, who may import whom, how large, and which version."""

import ast
import json
import os
import re
import tomllib
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", ".venv", "_build", "build", "dist", "node_modules", "static", "generated", "__pycache__"}
TEXT = {
    ".py",
    ".md",
    ".ipynb",
    ".ts",
    ".js",
    ".mjs",
    ".yml",
    ".toml",
    ".css",
    ".html",
    ".txt",
    ".cff",
    ".bib",
    ".svg",
    ".json",
    "",
}

# Spelt in pieces, so that this file keeps its own rule.
SCRIPT_HOSTS = [
    "cdn" + r"\.jsdelivr",
    "cdnjs" + r"\.",
    "unpkg" + r"\.com",
    "fonts" + r"\.g(oogleapis|static)",
    "esm" + r"\.sh",
]
REGISTRIES = ["pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)", "deb" + r"ian\.org"]
HOSTS = re.compile("|".join(SCRIPT_HOSTS + REGISTRIES))
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:wor" + r"k|ro" + r"ot|ho" + r"me|tm" + r"p|Users)/[A-Za-z.]")
STUBS = re.compile(
    r"\b("
    + "|".join(
        ["TO" + "DO", "FIX" + "ME", "XX" + "X", "coming " + "soon", "lorem " + "ipsum", "NotImplemented" + "Error"]
    )
    + r")\b"
)
EMPTY_ALT = re.compile(r"!\[\s*\]\(|<im" + r"g(?![^>]*\salt=)[^>]*>")


@cache
def files() -> list[Path]:
    """Every text file that could be committed."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = filter(ours, folders)
        found += [Path(folder, name) for name in names if Path(name).suffix in TEXT and name != "package-lock.json"]
    return sorted(found)


def ours(folder: str) -> bool:
    """Whether a folder may hold files that are committed."""
    hidden = folder.startswith(".") and folder not in (".ci", ".github")
    return not hidden and folder not in SKIPPED and not folder.endswith(".egg-info")


def written(path: Path) -> str:
    """What was written by hand in a file: of a notebook, the sources of its cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def places(pattern: re.Pattern, paths: list[Path], whole: bool = False) -> list[str]:
    """``file:line: what was found`` for every match of ``pattern``."""
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8") if whole else written(path)
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(ROOT)}:{line}: {match[0]!r}")
    return found


def imports_of(path: Path) -> set[str]:
    """The modules this Python file imports, and what it takes from them, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize(
    ("what", "pattern"), [("foreign hosts", HOSTS), ("machine paths", MACHINE_PATHS), ("stub words", STUBS)]
)
def test_no_file_has(what, pattern):
    found = places(pattern, files())
    assert not found, f"{what}: " + "; ".join(found)


def test_every_picture_of_a_page_has_words():
    found = places(EMPTY_ALT, [path for path in files() if path.suffix in (".md", ".ipynb", ".html")])
    assert not found, "pictures without alt text: " + "; ".join(found)


def test_stored_outputs_bear_no_machine_path():
    found = places(MACHINE_PATHS, [path for path in files() if path.suffix == ".ipynb"], whole=True)
    assert not found, "; ".join(found)


@pytest.mark.parametrize(
    ("pattern", "bad"),
    [
        (HOSTS, "https://cdn" + ".jsdelivr.net/x.js"),
        (HOSTS, "https://py" + "pi.org/simple"),
        (MACHINE_PATHS, "open('/ho" + "me/me/x')"),
        (STUBS, "# TO" + "DO: later"),
        (EMPTY_ALT, "![" + "](x.png)"),
        (EMPTY_ALT, "<im" + 'g src="x.png">'),
    ],
)
def test_the_patterns_can_fail(pattern, bad):
    assert pattern.search(bad)


def test_the_library_stands_alone():
    """Notebooks import llmbook, and it imports neither them nor the site's machinery."""
    forbidden = {
        "sphinx",
        "docutils",
        "myst_nb",
        "jupyter_book",
        "nbformat",
        "nbclient",
        "nbval",
        "playwright",
        "notebooks",
    }
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "src").rglob("*.py")
        for name in imports_of(path)
        if name.split(".")[0] in forbidden
    }
    assert not found


def test_one_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version == str(citation["version"]) == changes[1]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    entries = [line.split(";")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
    loose = [entry for entry in entries if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.!+]+", entry)]
    assert not loose, f"{name} does not pin {loose}"
    return {re.sub(r"[-_.]+", "-", entry.split("==")[0]).lower(): entry.split("==")[1] for entry in entries}


def test_everything_is_pinned_once():
    assert not set(pins("requirements.txt")) & set(pins("constraints.txt"))


def test_the_wheels_ranges_are_loose_and_hold_the_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["pages"]]
    for requirement in map(Requirement, wanted):
        pinned = pins("requirements.txt")[re.sub(r"[-_.]+", "-", requirement.name).lower()]
        assert requirement.specifier.contains(pinned), f"{requirement} does not hold the tested {pinned}"
        assert {specifier.operator for specifier in requirement.specifier} == {">="}, f"{requirement} is not loose"


def refused_by(requires: str | None) -> list[str]:
    """The first releases of the Pythons README names that this refuses: a distribution's own is rarely the latest."""
    named = re.search(r"You need Python (.*?), `make`", (ROOT / "README.md").read_text(encoding="utf-8"))[1]
    firsts = [f"{line}.0" for line in re.findall(r"3\.\d+", named)]
    return [first for first in firsts if not SpecifierSet(requires or "").contains(first)]


def test_every_package_runs_on_every_python_the_readme_names():
    refused = {found.name: refused_by(found.metadata.get("Requires-Python")) for found in distributions()}
    assert {name: pythons for name, pythons in refused.items() if pythons} == {}


def test_a_package_for_later_pythons_is_seen():
    assert refused_by(">=3.11.5") == ["3.11.0"]
    assert refused_by("<3.14") == ["3.14.0"]
    assert refused_by(None) == []


def test_the_lowest_versions_are_the_ones_said_to_be_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    for requirement in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["pages"]]):
        lowest = next(iter(requirement.specifier)).version
        assert f"{requirement.name} {lowest}" in said, (
            f"CONTRIBUTING.md does not say {requirement.name} {lowest} was tested"
        )


def test_actions_are_pinned():
    for workflow in (ROOT / ".github/workflows").glob("*.yml"):
        for action in re.findall(r"uses:\s*(\S+)", workflow.read_text(encoding="utf-8")):
            assert re.search(r"@[0-9a-f]{40}$", action), f"{workflow.name}: {action} is not pinned to a commit"

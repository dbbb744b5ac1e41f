"""What opens the book for a class: Binder's folder and the container's file say what README and the Makefile say."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from test_rules import ROOT

BINDER = {  # that repo2docker looks for in its folder (its documentation, "Configuration files", 2026-08)
    "environment.yml",
    "Pipfile",
    "requirements.txt",
    "pyproject.toml",
    "setup.py",
    "Project.toml",
    "install.R",
    "DESCRIPTION",
    "apt.txt",
    "runtime.txt",
    "default.nix",
    "Dockerfile",
    "postBuild",
    "start",
}
INSTRUCTIONS = {"FROM", "RUN", "USER", "WORKDIR", "COPY", "ARG", "ENV", "EXPOSE", "ENTRYPOINT", "CMD"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def statements(text: str) -> list[str]:
    """The lines that are neither empty nor a comment, continued lines as one."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def pythons() -> list[str]:
    """Those that README names."""
    return re.findall(r"3\.\d+", re.search(r"You need Python (.*?), `make`", read("README.md"))[1])


def strangers(commands: list[str], makefile: str) -> list[str]:
    """The commands that the Makefile does not have."""
    known = " ".join(makefile.replace("$(PY)", "python").replace("\\\n", " ").split())
    return [command for command in commands if command not in known]


def test_binder_finds_its_files_and_no_other():
    found = {path.name for path in (ROOT / "binder").iterdir()}
    assert found == {"requirements.txt", "runtime.txt", "postBuild", "start"} <= BINDER
    assert not (ROOT / ".binder").exists(), "with two folders repo2docker refuses"
    assert not (ROOT / "Dockerfile").exists()


def test_binder_has_the_books_pins_and_no_others():
    assert statements(read("binder/requirements.txt")) == ["-r ../requirements.txt", "-c ../constraints.txt"]
    assert read("binder/runtime.txt").strip().removeprefix("python-") in pythons()


def test_binder_does_what_make_does():
    shebang, *commands = [line for line in read("binder/postBuild").splitlines() if not line.startswith("# ")]
    assert shebang == "#!/bin/bash"
    assert commands[0] == "set -euo pipefail", "repo2docker goes on after an error otherwise"
    assert commands[-1] == "rm -rf web/node_modules"
    assert len(commands) == 5
    assert strangers(commands[1:-1], read("Makefile")) == []


def test_a_command_that_make_does_not_know_is_seen():
    assert strangers(["python -m pip install -e .", "npm --prefix web run build"], read("Makefile")) == [
        "python -m pip install -e ."
    ]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_run(name):
    assert os.access(ROOT / "binder" / name, os.X_OK)
    subprocess.run([shutil.which("bash"), "-n", str(ROOT / "binder" / name)], check=True)


def test_what_binder_starts_has_the_books_settings():
    show = "import os; print(os.environ['OMP_NUM_THREADS'], 'MPLBACKEND' in os.environ)"
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(ROOT / "binder/start"), sys.executable, "-c", show],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "7", "MPLBACKEND": "agg"},
    )
    assert done.stdout == "1 False\n"


def test_the_container_names_what_is_there():
    lines = statements(read("Containerfile"))
    assert {line.split()[0] for line in lines} == INSTRUCTIONS
    assert re.fullmatch(r"FROM python:(3\.\d+)-slim-trixie", lines[0])[1] in pythons()
    makefile = read("Makefile")
    (target,) = re.findall(r"RUN make (\S+) TORCH_INDEX", "\n".join(lines))
    assert re.search(rf"^FRONT_END := {re.escape(target)}$", makefile, re.MULTILINE)
    assert re.search(r"^TORCH_INDEX \?=$", makefile, re.MULTILINE)
    assert "scripts/surroundings.py" in lines[-2]
    assert (ROOT / "scripts/surroundings.py").is_file()
    for option in re.findall(r"--[\w-]+", lines[-1]):
        assert option in {"--ip", "--no-browser", "--notebook-dir"}


def test_what_git_ignores_stays_outside_the_image():
    kept_out = {line.removeprefix("**/") for line in read(".dockerignore").splitlines()}
    assert set(read(".gitignore").splitlines()) | {".git"} <= kept_out


def test_the_page_builds_what_is_there():
    page = read("chapters/07/2-beyond-one-machine.md")
    assert "literalinclude} ../../binder/postBuild" in page
    assert "literalinclude} ../../Containerfile" in page
    for argument in re.findall(r"--build-arg (\w+)=", page):
        assert f"ARG {argument}=" in read("Containerfile")
    for name in re.findall(r"^\| `(\w+(?:\.txt)?)` \|", page, re.MULTILINE):
        assert (ROOT / "binder" / name).is_file()

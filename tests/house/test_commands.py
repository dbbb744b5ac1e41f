"""What the commands say when something they need is missing: one line that tells what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import find_chromium

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
    assert done.stderr.startswith("The book needs Python 3.11, 3.12 or 3.13")
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


def test_apt_get_is_asked_for_a_chromium(tmp_path):
    """A stand-in for apt-get that puts a browser into PATH when told to install one."""
    program = tmp_path / "bin" / "chromium"
    browser = "#!/bin/bash\\necho '<p>up</p>'"
    install = f'[[ $* == *install*chromium* ]] || exit 0; printf "{browser}" > {program}; chmod +x {program}'
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

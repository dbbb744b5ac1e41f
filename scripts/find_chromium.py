"""Print the path of a Chromium that starts here: the system's, Playwright's own, or one installed now.

Set ``CHROMIUM`` to choose one yourself. With none to be had it says so and exits with status 1: browser tests are
never skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SYSTEM = (
    "chromium-headless-shell",  # draws no window: half as fast again
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
MISSING = (
    "No Chromium found, and none could be installed: the browser tests need one. Install it (Debian and Ubuntu: "
    "apt-get install chromium) or name it, as in 'make test CHROMIUM=/path/to/chromium'."
)


def starts(path: str) -> bool:
    """Whether this browser renders a page: a file that exists may still lack its libraries."""
    with tempfile.TemporaryDirectory() as profile:
        command = [path, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", "data:text/html,<p>up</p>"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return "<p>up</p>" in done.stdout


def playwrights_own() -> str:
    """Where Playwright keeps the Chromium it installs, there or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def system() -> Iterator[str]:
    yield from (found for name in SYSTEM if (found := shutil.which(name)))


def try_to(command: list[str]) -> bool:
    """Run an installer, quietly but for its name; returns whether it went well."""
    print("trying: " + " ".join(command), file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, timeout=900
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def apt_get(*packages: str) -> bool:
    """``apt-get install``, where there is an apt-get and the right to use it; returns whether it went well."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (sudo and not shutil.which("sudo")):
        return False
    try_to([*sudo, "apt-get", "update", "-qq"])
    return try_to([*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])


def candidates() -> Iterator[str]:
    """Browsers in the order in which they are preferred; the later ones are installed on the way."""
    if chosen := os.environ.get("CHROMIUM"):
        yield chosen
        return
    yield from system()
    yield playwrights_own()
    if try_to([sys.executable, "-m", "playwright", "install", "chromium"]):
        yield playwrights_own()
    for package in ("chromium-headless-shell", "chromium"):
        if apt_get(package, "fonts-noto-cjk"):
            yield from system()


def find_chromium() -> str | None:
    return next((path for path in candidates() if Path(path).exists() and starts(path)), None)


if __name__ == "__main__":
    browser = find_chromium()
    print(browser or MISSING, file=sys.stdout if browser else sys.stderr)
    raise SystemExit(0 if browser else 1)

"""See that Firefox, WebKitGTK's driver and Xvfb are there, and install what is missing.

The browser tests run in these engines beside Chromium. Set ``FIREFOX`` to choose one yourself. What cannot be had is
named, with exit status 1: browser tests are never skipped.
"""

import os
import shutil
import sys

from find_chromium import apt_get

PROGRAMS = {  # the names of each in PATH, and the packages of Debian and Ubuntu that bring it, tried in turn
    "firefox": (("firefox-esr", "firefox"), ("firefox-esr", "firefox")),
    "webkit": (("WebKitWebDriver",), ("webkit2gtk-driver",)),
    "xvfb": (("Xvfb",), ("xvfb",)),
}
MISSING = (
    "Not found, and not to be installed: {}. The browser tests need them. Install them (Debian and Ubuntu: "
    "apt-get install firefox-esr webkit2gtk-driver xvfb)."
)


def found() -> dict[str, str | None]:
    """Where each program is; None where it is not."""
    named = {"firefox": os.environ.get("FIREFOX")}
    return {
        name: named.get(name) or next(filter(None, map(shutil.which, commands)), None)
        for name, (commands, _) in PROGRAMS.items()
    }


def missing(programs: dict[str, str | None]) -> list[str]:
    return [name for name, path in programs.items() if path is None]


def main() -> int:
    for name in missing(found()):
        any(apt_get(package) and found()[name] for package in PROGRAMS[name][1])
    lost = missing(found())
    if lost:
        print(MISSING.format(", ".join(lost)), file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())

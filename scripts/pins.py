"""Write constraints.txt: the exact version of everything installed that requirements.txt does not pin itself."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Exact versions of all that the packages in requirements.txt bring along; written by `make pins`.\n"


def name_of(line: str) -> str:
    return re.split(r"[=<>!~\[; ]", line.strip(), maxsplit=1)[0].lower().replace("_", "-")


def main() -> None:
    direct = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned_above = {name_of(line) for line in direct if line and not line.startswith("#")}
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable", "--exclude", "llmbook"]
    installed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    pins = [re.sub(r"\+.*", "", line) for line in installed if "==" in line and name_of(line) not in pinned_above]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

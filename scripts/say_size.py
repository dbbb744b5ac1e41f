"""Say what installing the pinned packages will download and need, before it starts.

    python scripts/say_size.py [options of pip, such as --extra-index-url URL]

On Linux with an x86-64 processor the torch that pip finds by itself brings CUDA along: gigabytes that a reader without
a graphics card has no use for. What pip would take is asked of pip. With too little disk the exit status is 1.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import step

TORCH = re.compile(r"^torch==.*$", re.MULTILINE)
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
# Downloads and disk in GB, read off new environments in November 2026 (torch 2.13 and 2.14, Linux).
PLAIN_GB, CUDA_GB = (0.7, 3.0), (3.5, 8.5)
CUDA = "with CUDA; without a graphics card, take less: make book TORCH_INDEX=<PyTorch's index for CPUs> (see README)"


def size(report: dict) -> tuple[float, float, str]:
    """GB to download, GB of disk, and what torch is, from pip's report; zeros where torch is there already."""
    names = {item["metadata"]["name"].lower() for item in report["install"]}
    if "torch" not in names:
        return 0, 0, ""
    cuda = any(name.startswith(("nvidia-", "cuda-")) for name in names)
    return (*CUDA_GB, CUDA) if cuda else (*PLAIN_GB, "without CUDA")


def main(options: list[str]) -> int:
    torch = TORCH.search(REQUIREMENTS.read_text(encoding="utf-8"))
    assert torch, f"no torch in {REQUIREMENTS}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-", *options, torch[0]]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return 0  # the installation itself fails next, and says why
    download, disk, what = size(json.loads(done.stdout))
    if what:
        print(f"To be downloaded: about {download} GB; {disk} GB of disk needed (torch {what}).", flush=True)
    return step.refuse_little_disk(disk)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Where outputs are made and compared: the same wherever a run is started from, by make, by hand or by an editor.

    python scripts/surroundings.py jupyter lab

runs a command in them, with progress bars, since somebody is looking. Printed numbers do not depend on the machine's
cores, a progress bar differs from run to run, and a profile of the reader's own could change what a kernel prints.
Import this before torch, which reads the number of threads once.
"""

import os
import sys
from pathlib import Path

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
QUIET = {**ONE_THREAD, "TQDM_DISABLE": "1"}
IPYTHON = Path(__file__).resolve().parent.parent / "_build/ipython"


def settle(environment: dict[str, str], ipython: str | Path = IPYTHON) -> dict[str, str]:
    """``environment`` with the book's settings, and without what would change a kernel's outputs."""
    kept = {name: value for name, value in environment.items() if name != "MPLBACKEND"}  # the kernel chooses its own
    return {**kept, **QUIET, "IPYTHONDIR": str(ipython)}


def settle_here() -> None:
    """Give this process, and all that it starts, the book's settings."""
    settled = settle(dict(os.environ))
    os.environ.clear()
    os.environ.update(settled)


if __name__ == "__main__":
    settle_here()
    del os.environ["TQDM_DISABLE"]
    os.execvp(sys.argv[1], sys.argv[1:])

"""A run typed by hand compares the same outputs as one that make starts."""

import os
import subprocess
import sys

import torch
from test_commands import ROOT

import surroundings


def test_this_run_is_settled(request):
    """One thread, no progress bars, no profile or backend of the reader's own, and pictures compared by their words."""
    assert {name: os.environ.get(name) for name in surroundings.QUIET} == surroundings.QUIET
    assert torch.get_num_threads() == 1
    assert os.environ["IPYTHONDIR"] == str(surroundings.IPYTHON)
    assert "MPLBACKEND" not in os.environ
    assert request.config.option.nbval_sanitize_with.endswith("pictures.cfg")


def test_whatever_the_shell_says():
    """The test above, started by hand from a shell that says otherwise."""
    shell = {"OMP_NUM_THREADS": "7", "IPYTHONDIR": "/nowhere", "MPLBACKEND": "agg", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "pytest", "-q", f"{__file__}::test_this_run_is_settled"]
    done = subprocess.run(command, cwd=ROOT, env=shell, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_command_is_run_in_them_with_its_bars():
    shell = {**os.environ, "OMP_NUM_THREADS": "7", "TQDM_DISABLE": "1"}
    asked = "import os; print(os.environ['OMP_NUM_THREADS'], 'TQDM_DISABLE' in os.environ)"
    command = [sys.executable, surroundings.__file__, sys.executable, "-c", asked]
    assert subprocess.run(command, env=shell, capture_output=True, text=True, check=True).stdout == "1 False\n"

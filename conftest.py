"""Settings of every run of pytest, however it was started, and of the kernels that nbval starts."""

from pathlib import Path

import pytest

import surroundings

surroundings.settle_here()
collect_ignore_glob = ["*/.ipynb_checkpoints/*"]


@pytest.hookimpl(tryfirst=True)  # nbval reads the option when it is configured itself
def pytest_configure(config: pytest.Config) -> None:
    if not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests/notebooks/pictures.cfg")

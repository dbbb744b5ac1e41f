"""Shared by all tests: one thread, and shapes checked at run time."""

import jaxtyping
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def shapes_unchecked():
    """Let wrong shapes through to the code, to see the error a reader would see (readers run no shape checker)."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)

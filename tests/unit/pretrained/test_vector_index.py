"""The growing index of page 6.2: exact search, and the stored numbers found again for few vectors."""

import numpy as np
import pytest

from llmbook.pretrained import read_stored
from llmbook.pretrained.vector_index import SIZES, drawn, exact, grown

KINDS = [*SIZES]


@pytest.mark.parametrize("kind", KINDS)
def test_few_vectors_are_the_first_of_many(kind):
    x = drawn(97, kind)
    assert np.array_equal(x[:31], drawn(31, kind))
    assert np.linalg.norm(x, axis=1) == pytest.approx(1, abs=1e-6)


def test_exact_search_finds_the_largest_products():
    x, queries = drawn(61, KINDS[0]), drawn(5, KINDS[0], seed=3)
    best = np.sort(queries @ x.T, axis=1)[:, ::-1][:, :7]
    found = np.take_along_axis(queries @ x.T, exact(x, queries, 7), axis=1)
    assert np.allclose(np.sort(found, axis=1)[:, ::-1], best)


@pytest.mark.parametrize("kind", KINDS)
def test_the_stored_numbers_are_found_again(kind):
    """Half-precision products differ in their last digit from processor to processor, and the graph with them."""
    for now, then in zip(grown(kind, SIZES[kind][:2]), read_stored("vector-index")[kind], strict=False):
        assert now["compared"] == pytest.approx(then["compared"], rel=0.03)
        assert now["recall"] == pytest.approx(then["recall"], abs=0.03)

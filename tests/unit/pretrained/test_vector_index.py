"""The growing index of page 6.2: exact search, and a graph that finds nearly the same."""

import numpy as np
import pytest

from llmbook.pretrained.vector_index import KINDS, WIDTHS, drawn, exact, grown


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
def test_a_graph_of_few_finds_nearly_all(kind):
    row, *wider = grown(kind, [500])
    assert row["n"] == 500
    assert row["recall"] > 0.95
    assert 0 < row["compared"] <= 500
    assert [other["width"] for other in (row, *wider)] == list(WIDTHS)
    assert wider[-1]["recall"] > 0.99

"""The six words keep what the pages promise of them: whole numbers, a meaningful pattern, and two equal “the”."""

import pytest
import torch

from llmbook.data.six_words import FEATURES, TOKENS, W_K, W_Q, W_V, X
from llmbook.nn import attention_weights, causal_mask

Q, K, V = X @ W_Q, X @ W_K, X @ W_V
A = attention_weights(Q, K)


@pytest.mark.parametrize("matrix", [X, W_Q, W_K, W_V])
def test_numbers_are_small_and_whole(matrix):
    assert matrix.dtype == torch.float32
    assert torch.equal(matrix, matrix.round())
    assert matrix.abs().max() <= 2


def test_shapes():
    assert X.shape == (len(TOKENS), len(FEATURES)) == (6, 3)
    assert W_Q.shape == W_K.shape == W_V.shape == (3, 3)


def test_scores_can_be_done_in_the_head():
    assert (Q @ K.T)[TOKENS.index("sat")].tolist() == [-3, 2, -5, -3, -3, 0]
    assert (Q @ K.T).abs().max() <= 6


@pytest.mark.parametrize(("query", "key", "least"), [("sat", "cat", 0.66), ("cat", "sat", 0.6), ("on", "mat", 0.67)])
def test_words_look_where_a_reader_would(query, key, least):
    row = A[TOKENS.index(query)]
    assert row.argmax() == TOKENS.index(key)
    assert row.max() > least


def test_the_two_articles_are_one():
    first, second = (i for i, word in enumerate(TOKENS) if word == "the")
    assert torch.equal(X[first], X[second])
    assert torch.equal(A[first], A[second])
    assert A[first, TOKENS.index("cat")] == A[first, TOKENS.index("mat")]


def test_a_mask_tells_them_apart():
    causal = attention_weights(Q, K, causal_mask(6))
    assert not torch.allclose(causal[0], causal[4])


@pytest.mark.parametrize("matrix", [W_Q, W_K, W_V])
def test_projections_lose_nothing(matrix):
    assert torch.linalg.matrix_rank(matrix) == 3

"""A graph of neighbours (HNSW) that grows to a million vectors, beside exact search (page 6.2).

Source: Malkov and Yashunin (2020), as the library ``usearch`` has it. Left out: filters, removal, and the disk.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from torch import nn

from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.worth import milliseconds

SIZES = (1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000)
KINDS = ("in clusters", "in all directions")
WIDTHS = (64, 256, 1024)  # candidates that a search keeps
THICKER = (16, 128)  # neighbours and candidates of a vector that is added, where usearch is told nothing
D = 32
Vectors = Float[np.ndarray, "n D"]


def drawn(n: int, kind: str, seed: int = 0) -> Vectors:
    """Unit vectors in all directions, or around a thousand centres; the first of more are the same."""
    x = np.random.default_rng(seed).standard_normal((n, D), np.float32)
    if kind == "in clusters":
        centres = np.random.default_rng(9).standard_normal((1000, D), np.float32)
        x = x / 2 + centres[np.random.default_rng(seed + 1).integers(1000, size=n)]
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def exact(x: Vectors, queries: Float[np.ndarray, "queries D"], k: int = 10) -> Int[np.ndarray, "queries k"]:
    """The numbers of the k nearest to each query, which is compared with all."""
    return np.argpartition(-(queries @ x.T), k, axis=1)[:, :k]


def measured(
    index: Any, x: Vectors, queries: Float[np.ndarray, "queries D"], width: int = WIDTHS[0]
) -> dict[str, float]:
    """With so many candidates kept: comparisons a query, recall at 10, and how much faster than exact."""
    index.expansion_search = width
    found, right = index.search(queries, 10, threads=1), exact(x, queries)
    slow = milliseconds(lambda: exact(x, queries), 3)
    fast = milliseconds(lambda: index.search(queries, 10, threads=1), 3)
    recall = np.mean([np.isin(a, b).mean() for a, b in zip(found.keys, right, strict=True)])
    compared = found.computed_distances / len(queries)
    values = {"compared": compared, "recall": round(float(recall), 4), "faster": round(slow / fast, 2)}
    return {"n": len(index), "width": width, **values}


def grown(kind: str, sizes: Sequence[int], neighbours: int = 8, width: int = 32) -> list[dict[str, float]]:
    """One index, measured at each size to which it grows; at the last size with more candidates too.

    A vector that is added is joined to so many neighbours, of so many candidates.
    """
    from usearch.index import Index

    x, queries = drawn(max(sizes), kind), drawn(100, kind, seed=77)
    index = Index(ndim=D, metric="cos", dtype="f16", connectivity=neighbours, expansion_add=width)
    rows: list[dict[str, float]] = []
    for n in sizes:
        index.add(np.arange(len(index), n), x[len(index) : n], threads=1)
        rows.append(measured(index, x[:n], queries))
    return rows + [measured(index, x, queries, more) for more in WIDTHS[1:]]


def vector_index(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "vector-index"."""
    rows = {kind: grown(kind, SIZES) for kind in KINDS}
    rows[f"{KINDS[1]}, thicker"] = grown(KINDS[1], SIZES[:4], *THICKER)
    return rows

"""A graph of neighbours (HNSW) to which vectors are added, beside exact search (page 6.2).

Source: Malkov and Yashunin (2020), as the library ``usearch`` has it. Left out: filters, removal, and the disk.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from llmbook.pretrained.worth import milliseconds

SIZES = (1_000, 4_000, 16_000, 64_000)
KINDS = ("in clusters", "in all directions")
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


def grown(kind: str, sizes: Sequence[int]) -> list[dict[str, float]]:
    """One index, to which vectors are added: comparisons a query, recall at 10, how much faster than exact."""
    from usearch.index import Index

    x, queries = drawn(max(sizes), kind), drawn(100, kind, seed=77)
    index = Index(ndim=D, metric="cos", dtype="f16", connectivity=8, expansion_add=32, expansion_search=64)
    rows: list[dict[str, float]] = []
    for n in sizes:
        index.add(np.arange(len(index), n), x[len(index) : n], threads=1)
        found, right = index.search(queries, 10, threads=1), exact(x[:n], queries)
        ways = (lambda n=n: exact(x[:n], queries), lambda: index.search(queries, 10, threads=1))
        slow, fast = (milliseconds(way, 3) for way in ways)
        recall = np.mean([np.isin(a, b).mean() for a, b in zip(found.keys, right, strict=True)])
        compared = found.computed_distances / len(queries)
        rows.append({"n": n, "compared": compared, "recall": round(float(recall), 4), "faster": round(slow / fast, 2)})
    return rows

"""Six words in three dimensions: numbers so small that every step of attention can be checked by hand.

    Q = X W_Q    K = X W_K    V = X W_V        Z = Q Kᵀ    A = softmax(Z / √3)    C = A V

A row of ``X`` is a word; its three features are named in ``FEATURES``. Nothing here was learned: the numbers are
chosen so that all of Q, K, V and Z are whole, "sat" looks mostly at "cat", and "on" at "mat". Both "the" have the
same row, because a word's row does not say where the word stands (see ``positions``).

Left out: everything that makes a model large. Real rows have hundreds of features, and none of them has a name.
"""

import torch

TOKENS = ("the", "cat", "sat", "on", "the", "mat")
FEATURES = ("alive", "linking", "place")

X = torch.tensor(
    [
        [0, 1, 0],  # the: links, and no more
        [2, 0, 0],  # cat: alive
        [1, 2, 0],  # sat: what the living do; as the verb it links most
        [0, 1, 2],  # on: links to a place
        [0, 1, 0],  # the: the same row again
        [0, 0, 2],  # mat: a place
    ],
    dtype=torch.float32,
)  # (6, 3), one row a word

W_Q = torch.tensor([[1, 0, 0], [0, -2, 0], [0, 0, 1]], dtype=torch.float32)  # what a word looks for
W_K = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.float32)  # what a word offers to be found by
W_V = torch.tensor([[1, 0, 1], [0, 1, 0], [0, 1, 1]], dtype=torch.float32)  # what a word hands over when found

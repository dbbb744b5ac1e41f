r"""ALiBi: attention with linear biases, positions told by how far a key lies back.

    scores + bias,   bias[h, t, s] = -slope_h · |t - s|:  each head forgets distance at its own rate

Source: Press et al., *Train Short, Test Long* (2021), section 3. Sizes: ``H`` heads, ``T`` query and ``S`` key
positions. The paper looks at the past only; here keys ahead are as far as keys behind, so that encoders can use it.
Left out: slopes that are learned, which the paper tried and dropped.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def alibi_slopes(H: int) -> Float[Tensor, " H"]:
    """2^(-8/H), 2^(-16/H), …, 2^(-8) for a power of two; else the power below's and every second of the one above.

    Raises ``ValueError`` for no heads.
    """
    if H < 1:
        raise ValueError(f"ALiBi needs at least one head, got {H}")
    below = 2 ** (H.bit_length() - 1)
    slopes = [2 ** (-8 * h / below) for h in range(1, below + 1)]
    between = [2 ** (-4 * h / below) for h in range(1, 2 * below, 2)]
    return torch.tensor(slopes + between[: H - below])


def alibi_bias(H: int, T: int, S: int | None = None, device: torch.device | None = None) -> Float[Tensor, "H T S"]:
    """-slope_h · |t - s|, to be added to the scores; with ``S > T`` the queries are the last T of the S positions.

    Raises ``ValueError`` for sizes below one, and for more queries than keys.
    """
    S = T if S is None else S
    if not 1 <= T <= S:
        raise ValueError(f"ALiBi needs 1 <= T <= S, got T={T} queries and S={S} keys")
    distance = (torch.arange(S - T, S, device=device)[:, None] - torch.arange(S, device=device)).abs()  # (T, S)
    return -alibi_slopes(H).to(device)[:, None, None] * distance

"""Who may look where: boolean masks called ``may_attend``, True where a query may look at a key.

    causal    s <= t              a query sees itself and what came before
    padding   s < length          no query sees what only fills up a batch
    window    |t - s| < window    a query sees itself and its neighbours

A mask broadcasts to (B, H, T, S): ``B`` sequences, ``H`` heads, ``T`` queries, ``S`` keys. Source: Vaswani et al.,
*Attention Is All You Need* (2017), section 3.2.3, for the causal mask. Left out: masks as lists of blocks.
"""

import math
from functools import reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor  # the only way to know that vmap is at work

Mask = Bool[Tensor, "... #T #S"]
ScoreBias = Float[Tensor, "... #T #S"]


def can_be_read(x: Tensor) -> bool:
    """Whether a check may look at the numbers of x: a card would have to wait, a compiler and ``vmap`` to stop."""
    if torch.compiler.is_compiling() or not x.is_cpu:
        return False
    return not is_functorch_wrapped_tensor(x)


def causal_mask(T: int, S: int | None = None, device: torch.device | None = None) -> Bool[Tensor, "T S"]:
    """True where query t may look at key s: at itself and at what came before.

    With ``S > T`` the queries are the last T of the S positions, as when past keys are kept.
    Raises ``ValueError`` for sizes below one, and for more queries than keys.
    """
    S = T if S is None else S
    if not 1 <= T <= S:
        raise ValueError(f"a causal mask needs 1 <= T <= S, got T={T} queries and S={S} keys")
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)


def padding_mask(lengths: Int[Tensor, " B"], S: int) -> Bool[Tensor, "B 1 1 S"]:
    """True at the first ``lengths[b]`` keys of sequence b, False at the padding behind them.

    Raises ``ValueError`` if a length on the processor lies outside 0..S.
    """
    if can_be_read(lengths) and lengths.numel() and (lengths.min() < 0 or lengths.max() > S):
        raise ValueError(f"lengths must lie in 0..{S}, the number of keys; got {lengths.tolist()}")
    return (torch.arange(S, device=lengths.device) < lengths[:, None])[:, None, None, :]


def window_mask(T: int, window: int, device: torch.device | None = None) -> Bool[Tensor, "T T"]:
    """True where |t - s| < window: each position sees itself and ``window - 1`` neighbours on each side.

    Raises ``ValueError`` for sizes below one.
    """
    if T < 1 or window < 1:
        raise ValueError(f"a window mask needs T >= 1 and window >= 1, got T={T} and window={window}")
    t = torch.arange(T, device=device)
    return (t[:, None] - t[None, :]).abs() < window


def combine_masks(*masks: Mask | None) -> Mask | None:
    """True where every given mask is True; ``None`` stands for "everything is allowed"."""
    restrictions = [mask for mask in masks if mask is not None]
    return reduce(torch.logical_and, restrictions) if restrictions else None


def mask_as_bias(
    may_attend: Mask | None, score_bias: ScoreBias | None, dtype: torch.dtype | None = None
) -> Tensor | None:
    """One tensor for a kernel that takes one: the mask alone, or the bias with -∞ where the mask hides.

    A bias is given the ``dtype``, which a kernel wants to be that of its queries; unless told it keeps its own.
    """
    if score_bias is None:
        return may_attend
    bias = score_bias if dtype is None else score_bias.to(dtype)
    return bias if may_attend is None else bias.masked_fill(~may_attend, -math.inf)


def hidden_by(may_attend: Mask | None, score_bias: ScoreBias | None) -> Mask | None:
    """True where the mask hides a key from a query, or a bias of -∞ does; ``None`` where nothing can be hidden."""
    without = None if score_bias is None else score_bias.isneginf()
    if may_attend is None:
        return without
    return ~may_attend if without is None else ~may_attend | without

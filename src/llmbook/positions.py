r"""Where a word stands: attention alone sees a bag of words, so its position must be told in one of five ways.

    none        nothing is told (a causal mask still tells a little: a later word sees more words)
    sinusoidal  x + p,  p[t, 2i] = sin(t / 10000^(2i/D)),  p[t, 2i+1] = cos(t / 10000^(2i/D))
    learned     x + p,  p[t] a parameter of its own for each position
    rotary      q and k turned: each pair of coordinates, as a complex number, times e^(i t θ_j),  θ_j = base^(-2j/K)
    alibi       scores minus slope_h · |t - s|: each head forgets distance at its own rate

Sources: Vaswani et al., *Attention Is All You Need* (2017), section 3.5 (sinusoidal; learned in its Table 3, row E);
Su et al., *RoFormer* (2021), section 3.2 (rotary); Press et al., *Train Short, Test Long* (2021), section 3 (ALiBi).

Rotary embeddings come in two pairings. ``"interleaved"`` is the paper's: coordinates 2j and 2j+1 make pair j.
``"half"`` is that of the ``transformers`` library: coordinates j and j + K/2. ``half_to_interleaved`` reorders the rows
of a weight matrix from the second to the first; queries and keys reordered alike have the same dot products.

Left out: biases learned by distance (T5), and stretching rotary angles to reach beyond the trained length.
"""

from collections.abc import Callable

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

Device = torch.device | None
KINDS = ("none", "sinusoidal", "learned", "rotary", "alibi")


def check_length(T: int, max_len: int) -> None:
    """Raise ``ValueError`` where a sequence is longer than there are positions."""
    if T > max_len:
        raise ValueError(f"the sequence has {T} positions, but there are only max_len={max_len}")


# --- added to the input ----------------------------------------------------------------------------------------


def sinusoids(T: int, D: int, base: float = 10000.0) -> Float[Tensor, "T D"]:
    """The table p above: column pairs turn once in 6.3 to nearly 63,000 positions. ``ValueError`` for T or D < 1."""
    if T < 1 or D < 1:
        raise ValueError(f"a table of positions needs T >= 1 and D >= 1, got T={T} and D={D}")
    rate = base ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
    angle = torch.arange(T, dtype=torch.float64)[:, None] * rate  # (T, ⌈D/2⌉)
    table = torch.empty(T, D)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle.cos()[:, : D // 2]
    return table


class PositionalEncoding(nn.Module):
    """x + p with the sinusoids p, then dropout, as section 5.4 of the paper has it."""

    def __init__(self, d_model: int, max_len: int = 5000, *, dropout: float = 0.0) -> None:
        super().__init__()
        # Not a parameter, and not saved: it can be computed again.
        self.register_buffer("table", sinusoids(max_len, d_model), persistent=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        """Raises ``ValueError`` for a sequence that reaches beyond ``max_len``."""
        check_length(start + x.shape[1], len(self.table))
        return self.dropout(x + self.table[start : start + x.shape[1]].to(x.dtype))


class LearnedPositions(nn.Module):
    """x + p with p a parameter (max_len × D), then dropout: nothing is known of positions never trained."""

    def __init__(self, d_model: int, max_len: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        if max_len < 1 or d_model < 1:
            raise ValueError(f"learned positions need max_len >= 1 and d_model >= 1, got {max_len} and {d_model}")
        self.table = nn.Parameter(torch.randn(max_len, d_model) * 0.02)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        """Raises ``ValueError`` for a sequence that reaches beyond ``max_len``."""
        check_length(start + x.shape[1], len(self.table))
        return self.dropout(x + self.table[start : start + x.shape[1]])


# --- inside attention ------------------------------------------------------------------------------------------


def rotary_turns(
    T: int, K: int, base: float = 10000.0, *, start: int = 0, dtype: torch.dtype = torch.float32, device: Device = None
) -> Complex[Tensor, "T {K//2}"]:
    """e^(i t θ_j): how far pair j of position t is turned, for T positions from ``start``.

    ``dtype`` is that of the real part, at least float32, since there are no complex numbers of bfloat16.
    Raises ``ValueError`` for a head width K that is odd or below 2.
    """
    if K < 2 or K % 2:
        raise ValueError(f"rotary positions turn pairs of coordinates: the head width must be even, got {K}")
    rate = base ** (-torch.arange(0, K, 2, dtype=torch.float64, device=device) / K)
    angle = torch.arange(start, start + T, dtype=torch.float64, device=device)[:, None] * rate
    # Angles in double precision: in single, position 100,000 would already be off by a hundredth of a radian.
    dtype = torch.promote_types(dtype, torch.float32)
    return torch.complex(angle.cos().to(dtype), angle.sin().to(dtype))


def rotate(
    x: Float[Tensor, "*batch T K"], turns: Complex[Tensor, "T J"], pairing: str = "interleaved"
) -> Float[Tensor, "*batch T K"]:
    """Each pair of coordinates of x, read as one complex number, times its turn.

    The product of a turned query and a turned key holds only e^(i (t-s) θ_j): the distance, not the place.
    Raises ``ValueError`` for sizes that do not fit and for an unknown pairing.
    """
    if x.shape[-2:] != (turns.shape[0], 2 * turns.shape[1]):
        raise ValueError(f"turns for {turns.shape[0]} positions of width {2 * turns.shape[1]} do not fit {x.shape}")
    if pairing not in ("interleaved", "half"):
        raise ValueError(f"pairing must be 'interleaved' or 'half', got {pairing!r}")
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    pairs = wide.unflatten(-1, (-1, 2)) if pairing == "interleaved" else wide.unflatten(-1, (2, -1)).mT
    turned = torch.view_as_real(torch.view_as_complex(pairs.contiguous()) * turns)  # (…, T, K/2, 2)
    return (turned if pairing == "interleaved" else turned.mT).flatten(-2).to(x.dtype)


def half_to_interleaved(weight: Float[Tensor, "N *rest"], n_heads: int) -> Float[Tensor, "N *rest"]:
    """Rows of W_Q or W_K made for the pairing "half", put into the order of "interleaved", head by head.

    Raises ``ValueError`` where the rows do not divide into heads of even width.
    """
    if n_heads < 1 or weight.shape[0] % (2 * n_heads):
        raise ValueError(f"{weight.shape[0]} rows cannot be divided into n_heads={n_heads} heads of even width")
    return weight.unflatten(0, (n_heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def alibi_slopes(H: int) -> Float[Tensor, " H"]:
    """2^(-8/H), 2^(-16/H), …, 2^(-8) for a power of two; else the power below's and every second of the one above."""
    if H < 1:
        raise ValueError(f"ALiBi needs at least one head, got {H}")
    below = 2 ** (H.bit_length() - 1)
    slopes = [2 ** (-8 * h / below) for h in range(1, below + 1)]
    between = [2 ** (-4 * h / below) for h in range(1, 2 * below, 2)]
    return torch.tensor(slopes + between[: H - below])


def alibi_bias(H: int, T: int, S: int | None = None) -> Float[Tensor, "H T S"]:
    """-slope_h · |t - s|, to be added to the scores; with ``S > T`` the queries are the last T of the S positions.

    Raises ``ValueError`` for sizes below one, and for more queries than keys.
    """
    S = T if S is None else S
    if not 1 <= T <= S:
        raise ValueError(f"ALiBi needs 1 <= T <= S, got T={T} queries and S={S} keys")
    distance = (torch.arange(S - T, S)[:, None] - torch.arange(S)).abs()
    return -alibi_slopes(H)[:, None, None] * distance


# --- any of the five -------------------------------------------------------------------------------------------


class Positions(nn.Module):
    """One of ``KINDS``, chosen by name: ``forward`` adds to the input, ``in_attention`` says what attention gets.

    Both may begin at a position ``start``, behind those of a cache. Raises ``ValueError`` for an unknown kind, and for
    a sequence that reaches beyond ``max_len``.
    """

    def __init__(
        self, kind: str, d_model: int, n_heads: int, max_len: int, *, base: float = 10000.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"positions must be one of {', '.join(KINDS)}; got {kind!r}")
        self.kind, self.n_heads, self.head_width, self.base = kind, n_heads, d_model // max(n_heads, 1), base
        self.max_len = max_len
        added = {"sinusoidal": PositionalEncoding, "learned": LearnedPositions}
        self.added = added[kind](d_model, max_len, dropout=dropout) if kind in added else nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        check_length(start + x.shape[1], self.max_len)
        return self.added(x, start) if self.kind in ("sinusoidal", "learned") else self.added(x)

    def in_attention(self, x: Float[Tensor, "B T D"], start: int = 0) -> dict[str, Tensor | Callable]:
        """Arguments for an attention layer: ``rotate`` for rotary, ``score_bias`` for ALiBi, else none."""
        T = x.shape[1]
        if self.kind == "rotary":
            turns = rotary_turns(T, self.head_width, self.base, start=start, dtype=x.dtype, device=x.device)
            return {"rotate": lambda q: rotate(q, turns)}
        if self.kind == "alibi":
            return {"score_bias": alibi_bias(self.n_heads, T, start + T).to(x)}
        return {}

r"""Where a word stands: attention alone sees a bag of words, so its position must be told in one of five ways.

    none        nothing is told (a causal mask still tells a little: a later word sees more words)
    sinusoidal  x + p,  p[t, 2i] = sin(t / 10000^(2i/D)),  p[t, 2i+1] = cos(t / 10000^(2i/D))
    learned     x + p,  p[t] a parameter of its own for each position
    rotary      queries and keys turned by their place (see ``rotary``)
    alibi       scores lowered by distance (see ``alibi``)

Source: Vaswani et al., *Attention Is All You Need* (2017), section 3.5 (sinusoidal; learned in its Table 3, row E).
Left out: biases learned by distance (T5).
"""

from collections.abc import Callable
from typing import Literal, TypedDict, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from llmbook.nn.alibi import alibi_bias
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis

PositionKind = Literal["none", "sinusoidal", "learned", "rotary", "alibi"]
KINDS: tuple[PositionKind, ...] = get_args(PositionKind)


class PositionArguments(TypedDict, total=False):
    """What an attention layer is given so that it knows positions: at most one of the two."""

    rotate: Callable[[Tensor], Tensor]  # of queries and keys
    score_bias: Tensor  # (H, T, S)


def check_length(T: int, max_len: int, start: int = 0) -> None:
    """Raise ``ValueError`` where a sequence up to T is longer than there are positions, or starts before the first."""
    if start < 0:
        raise ValueError(f"positions count from 0, got start={start}")
    if T > max_len:
        raise ValueError(f"the sequence has {T} positions, but there are only max_len={max_len}")


def sinusoids(T: int, D: int, base: float = 10000.0) -> Float[Tensor, "T D"]:
    """The table p above: column pairs turn once in 6.3 to nearly 63,000 positions. ``ValueError`` for T or D < 1."""
    if T < 1 or D < 1:
        raise ValueError(f"a table of positions needs T >= 1 and D >= 1, got T={T} and D={D}")
    theta = base ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)  # (⌈D/2⌉,)
    angle = torch.arange(T, dtype=torch.float64)[:, None] * theta  # (T, ⌈D/2⌉)
    table = torch.empty(T, D)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle.cos()[:, : D // 2]
    return table


class PositionalEncoding(nn.Module):
    """x + p with the sinusoids p, then dropout, as section 5.4 of the paper has it."""

    table: Tensor  # (max_len, D)

    def __init__(self, d_model: int, max_len: int = 5000, *, dropout: float = 0.0) -> None:
        super().__init__()
        # Not a parameter, and not saved: it can be computed again, and is where a model made without numbers is loaded.
        self.register_buffer("table", sinusoids(max_len, d_model), persistent=False)
        self.register_load_state_dict_post_hook(compute_table)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        """Raises ``ValueError`` for a sequence that reaches beyond ``max_len``, or starts before 0."""
        end = start + x.shape[1]
        check_length(end, len(self.table), start)
        return self.dropout(x + self.table[start:end].to(x.dtype))


def compute_table(encoding: PositionalEncoding, *_: object) -> None:
    """Compute the table anew, on the processor where it has been nowhere."""
    device = torch.device("cpu") if encoding.table.is_meta else encoding.table.device
    encoding.table = sinusoids(*encoding.table.shape).to(device, encoding.table.dtype)


class LearnedPositions(nn.Module):
    """x + p with p a parameter (max_len × D), then dropout: nothing is known of positions never trained."""

    def __init__(self, d_model: int, max_len: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        if max_len < 1 or d_model < 1:
            raise ValueError(f"learned positions need max_len >= 1 and d_model >= 1, got {max_len} and {d_model}")
        self.table = nn.Parameter(torch.randn(max_len, d_model) * 0.02)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        """Raises ``ValueError`` for a sequence that reaches beyond ``max_len``, or starts before 0."""
        end = start + x.shape[1]
        check_length(end, len(self.table), start)
        return self.dropout(x + self.table[start:end])


class Positions(nn.Module):
    """One of ``KINDS``, chosen by name: ``forward`` adds to the input, ``in_attention`` says what attention gets.

    Both may begin at a position ``start``, behind those of a cache. ``base`` and ``stretch`` are those of rotary
    positions, and may be set on a trained model. Raises ``ValueError`` for an unknown kind; ``forward`` raises it for a
    sequence that reaches beyond ``max_len``.
    """

    def __init__(
        self,
        kind: PositionKind,
        d_model: int,
        n_heads: int,
        max_len: int,
        *,
        base: float = 10000.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"positions must be one of {', '.join(KINDS)}; got {kind!r}")
        self.kind = kind
        self.n_heads = n_heads
        self.head_width = d_model // max(n_heads, 1)
        self.max_len = max_len
        self.base = base
        self.stretch: float | Tensor = 1.0
        tables = {"sinusoidal": PositionalEncoding, "learned": LearnedPositions}
        self.added = tables[kind](d_model, max_len, dropout=dropout) if kind in tables else nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"], start: int = 0) -> Float[Tensor, "B T D"]:
        check_length(start + x.shape[1], self.max_len, start)
        return self.added(x) if isinstance(self.added, nn.Dropout) else self.added(x, start)

    def in_attention(self, x: Float[Tensor, "B T D"], start: int = 0) -> PositionArguments:
        """Arguments for an attention layer: ``rotate`` for rotary, ``score_bias`` for ALiBi, else none."""
        T = x.shape[1]
        if self.kind == "rotary":
            freqs_cis = precompute_freqs_cis(
                T, self.head_width, self.base, start=start, stretch=self.stretch, dtype=x.dtype, device=x.device
            )
            return {"rotate": lambda heads: apply_rotary(heads, freqs_cis)}
        if self.kind == "alibi":
            return {"score_bias": alibi_bias(self.n_heads, T, start + T, device=x.device).to(x.dtype)}
        return {}

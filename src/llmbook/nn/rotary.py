r"""Rotary positions: queries and keys turned by their place, so that a dot product holds the distance alone.

    q and k, each pair of coordinates read as one complex number, times e^(i t θ_j),   θ_j = base^(-2j/d_k)

Source: Su et al., *RoFormer* (2021), section 3.2. The table of e^(i t θ_j) is called ``freqs_cis`` in Llama's code and
here (cis φ = cos φ + i sin φ). Sizes: ``T`` positions, ``d_k`` head width, ``J`` = d_k/2 pairs.

There are two pairings. ``"interleaved"`` is the paper's: coordinates 2j and 2j+1 make pair j. ``"half"`` is that of the
``transformers`` library: coordinates j and j + d_k/2. ``half_to_interleaved`` reorders the rows of a weight matrix from
the second to the first; queries and keys reordered alike have the same dot products.

To reach beyond the trained length there are two ways. Positions are squeezed, t/s for t (Chen et al., *Extending
Context Window of Large Language Models via Positional Interpolation*, 2023). Or a larger base slows the slow pairs and
leaves the fast ones: ``ntk_base``, named as in Peng et al., *YaRN* (2023). Or each pair has a stretch of its own, which
is the core of YaRN. Left out: its ramp between the pairs it leaves and those it stretches, and its scale of the scores.
"""

import torch
from jaxtyping import Complex, Float
from torch import Tensor

PAIRINGS = ("interleaved", "half")


def precompute_freqs_cis(
    T: int,
    d_k: int,
    base: float = 10000.0,
    *,
    start: int = 0,
    stretch: float | Float[Tensor, " J"] = 1.0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | None = None,
) -> Complex[Tensor, "T {d_k//2}"]:
    """e^(i t θ_j): how far pair j of position t is turned, for T positions from ``start``.

    With ``stretch`` s, position t counts as t/s: s times as many positions fit into the angles of the trained ones. A
    tensor stretches each pair by a number of its own, and infinity keeps a pair from turning.
    ``dtype`` is that of the real part, at least float32, since there are no complex numbers of bfloat16.
    Raises ``ValueError`` for a head width d_k that is odd or below 2, and for a stretch that is not above 0.
    """
    least = stretch.min().item() if isinstance(stretch, Tensor) else stretch
    if not least > 0:
        raise ValueError(f"positions can be stretched by a number above 0, got {least}")
    if d_k < 2 or d_k % 2:
        raise ValueError(f"rotary positions turn pairs of coordinates: the head width must be even, got {d_k}")
    # Angles in double precision: in single, position 100,000 would already be off by a hundredth of a radian.
    theta = base ** (-torch.arange(0, d_k, 2, dtype=torch.float64, device=device) / d_k)  # (J,)
    if isinstance(stretch, Tensor):
        if stretch.shape != theta.shape:
            raise ValueError(f"there are {len(theta)} pairs to be stretched, got {tuple(stretch.shape)} numbers")
        stretch = stretch.to(theta)
    t = torch.arange(start, start + T, dtype=torch.float64, device=device)
    angle = t[:, None] / stretch * theta  # (T, J)
    dtype = torch.promote_types(dtype, torch.float32)
    return torch.complex(angle.cos().to(dtype), angle.sin().to(dtype))


def apply_rotary(
    x: Float[Tensor, "*batch T d_k"], freqs_cis: Complex[Tensor, "T J"], pairing: str = "interleaved"
) -> Float[Tensor, "*batch T d_k"]:
    """Each pair of coordinates of x, read as one complex number, times its entry of ``freqs_cis``.

    The product of a turned query and a turned key holds only e^(i (t-s) θ_j): the distance, not the place.
    Raises ``ValueError`` for sizes that do not fit and for an unknown pairing.
    """
    T, J = freqs_cis.shape
    if x.shape[-2:] != (T, 2 * J):
        raise ValueError(f"freqs_cis for {T} positions of width {2 * J} do not fit {x.shape}")
    if pairing not in PAIRINGS:
        raise ValueError(f"pairing must be 'interleaved' or 'half', got {pairing!r}")

    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    pairs = wide.unflatten(-1, (-1, 2)) if pairing == "interleaved" else wide.unflatten(-1, (2, -1)).mT  # (…, T, J, 2)
    pairs = pairs.clone(memory_format=torch.contiguous_format)  # a view of complex numbers must begin at an even place
    turned = torch.view_as_real(torch.view_as_complex(pairs) * freqs_cis)  # (…, T, J, 2)
    return (turned if pairing == "interleaved" else turned.mT).flatten(-2).to(x.dtype)


def ntk_base(base: float, d_k: int, stretch: float) -> float:
    """base · s^(d_k/(d_k-2)): the slowest pair turns s times more slowly, the fastest as before.

    Raises ``ValueError`` where there is one pair only, whose angle no base changes, and for a stretch below 1.
    """
    if d_k < 4 or stretch < 1:
        raise ValueError(f"another base needs d_k >= 4 and a stretch of at least 1, got d_k={d_k} and {stretch}")
    return base * stretch ** (d_k / (d_k - 2))


def half_to_interleaved(weight: Float[Tensor, "N *rest"], n_heads: int) -> Float[Tensor, "N *rest"]:
    """Rows of W_Q or W_K made for the pairing "half", put into the order of "interleaved", head by head.

    Raises ``ValueError`` where the rows do not divide into heads of even width.
    """
    if n_heads < 1 or weight.shape[0] % (2 * n_heads):
        raise ValueError(f"{weight.shape[0]} rows cannot be divided into n_heads={n_heads} heads of even width")
    return weight.unflatten(0, (n_heads, 2, -1)).transpose(1, 2).flatten(0, 2)

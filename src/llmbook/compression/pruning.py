r"""Fewer weights: which can go, what the others can make good, and a model that is really smaller.

    magnitude |w_ij|        aware |w_ij| ‖x_j‖        refitted: argmin_ŵ ‖X w - X ŵ‖², ŵ nought where w was removed

Removing w_ij alone changes the output by w_ij x_j, and so its square sum by the square of the aware score. A group of
columns (a head's, or one neuron's) adds W_g x_g, whose mean square is tr(W_g M_gg W_gᵀ) with M = Xᵀ X / N.

Sources: Han et al., *Learning both Weights and Connections* (2015), for magnitudes; Sun et al., *Wanda* (2024), for the
aware score, compared within a row; Frantar and Alistarh, *SparseGPT* (2023), section 3.1, for the least squares, which
they approximate and we, with small matrices, solve. Left out: patterns such as two of four; gradients as scores.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from llmbook.compression.rounded_models import Inputs, matrices
from llmbook.models.causal_lm import Block, CausalLM
from llmbook.nn.feed_forward import PositionwiseFeedForward

Matrix = Float[Tensor, "F D"]
Mask = Bool[Tensor, "F D"]
Removal = Literal["random", "magnitude", "magnitude by row", "aware", "refitted"]


def kept(score: Matrix, share: float, *, by_row: bool = False) -> Mask:
    """Where the largest scores are: all but ``share`` of the matrix, or of each row, to the nearest whole number.

    Raises ``ValueError`` for a share outside 0..1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share to remove must lie in 0..1, got {share}")
    rows = score if by_row else score.reshape(1, -1)
    smallest = rows.argsort(dim=1, stable=True)[:, : round(share * rows.shape[1])]
    return torch.ones_like(rows, dtype=torch.bool).scatter(1, smallest, False).view(score.shape)


def refitted(weight: Matrix, keep: Mask, moment: Float[Tensor, "D D"], *, damp: float = 0.01) -> Matrix:
    """The matrix with only these weights, those for which its output is nearest to what it was.

    ``damp`` times the mean of M's diagonal is added to the diagonal: it holds the weights where they were.
    """
    M = moment.double() + damp * moment.double().diagonal().mean() * torch.eye(len(moment), dtype=torch.float64)
    found = torch.empty_like(weight)
    wanted = weight.double() @ M
    for row, on in enumerate(keep):
        found[row] = 0
        found[row, on] = torch.linalg.solve(M[on][:, on], wanted[row, on]).to(weight)
    return found


def pruned(weight: Matrix, how: Removal, share: float, inputs: Inputs, *, seed: int = 0) -> tuple[Matrix, Mask]:
    """The matrix without ``share`` of its weights, and where the others are; raises as ``kept``."""
    if how == "random":
        score = torch.rand(weight.shape, generator=torch.Generator().manual_seed(seed))
    elif how in ("aware", "refitted"):
        score = weight.abs() * inputs.moment.diagonal().sqrt()
    else:
        score = weight.abs()
    keep = kept(score, share, by_row=how not in ("random", "magnitude"))
    return (refitted(weight, keep, inputs.moment) if how == "refitted" else weight * keep), keep


def group_sizes(weight: Matrix, moment: Float[Tensor, "D D"], width: int) -> Float[Tensor, " groups"]:
    """The mean square of what each group of ``width`` columns adds to the output."""
    W = weight.unflatten(1, (-1, width))  # (F, groups, width)
    own = moment.unflatten(0, (-1, width)).unflatten(2, (-1, width)).diagonal(dim1=0, dim2=2)  # (width, width, groups)
    return torch.einsum("fgi,ijg,fgj->g", W, own, W)


def hold(model: CausalLM, masks: Mapping[str, Mask]) -> None:
    """From now on no gradient reaches what was removed, by the names of ``matrices``: there it stays nought."""
    for name, keep in masks.items():
        matrices(model)[name].weight.register_hook(lambda gradient, keep=keep: gradient * keep)


def smaller(
    model: CausalLM,
    *,
    layers: Sequence[int] | None = None,
    heads: Mapping[int, Sequence[int]] | None = None,
    neurons: Mapping[int, Sequence[int]] | None = None,
) -> CausalLM:
    """A copy with only these layers, of a layer only these heads, only these neurons; all where none are named.

    Its matrices are smaller. Layers are numbered as in ``model``. The copy is not given a cache, which wants as many
    heads in each layer. Raises ``ValueError`` for nothing to keep, for heads that share keys, and for gated neurons.
    """
    new = copy.deepcopy(model)
    for number, chosen in (heads or {}).items():
        attention = block_of(new, number).attention
        if attention.n_kv_heads != attention.n_heads:
            raise ValueError("heads that share keys and values cannot be removed one by one")
        places = torch.arange(attention.w_o.in_features).view(attention.n_heads, -1)[numbers(chosen)].flatten()
        width = attention.w_o.in_features
        cut(attention.w_qkv, rows=torch.cat([places, places + width, places + 2 * width]))
        cut(attention.w_o, columns=places)
        attention.n_heads = attention.n_kv_heads = len(chosen)
    for number, chosen in (neurons or {}).items():
        feed_forward = block_of(new, number).feed_forward
        if not isinstance(feed_forward, PositionwiseFeedForward):
            raise ValueError("neurons are removed from plain feed-forward layers only")
        cut(feed_forward.w_1, rows=numbers(chosen))
        cut(feed_forward.w_2, columns=numbers(chosen))
    if layers is not None:
        new.blocks = nn.ModuleList(block_of(new, number) for number in numbers(layers).tolist())
    return new


def block_of(model: CausalLM, number: int) -> Block:
    block = model.blocks[number]
    assert isinstance(block, Block)
    return block


def numbers(chosen: Sequence[int]) -> Tensor:
    if len(chosen) == 0:
        raise ValueError("at least one has to be kept")
    return torch.as_tensor(chosen)


def cut(layer: nn.Linear, *, rows: Tensor | None = None, columns: Tensor | None = None) -> None:
    """Keep these rows, or columns, of a linear layer."""
    weight = layer.weight.detach()
    bias = getattr(layer, "bias", None)
    if columns is not None:
        weight = weight[:, columns]
    if rows is not None:
        weight = weight[rows]
        if bias is not None:
            layer.bias = nn.Parameter(bias.detach()[rows].clone(), bias.requires_grad)
    layer.weight = nn.Parameter(weight.clone(), layer.weight.requires_grad)
    layer.out_features, layer.in_features = weight.shape

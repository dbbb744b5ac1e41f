r"""A model's weights by the names another library gives them, taken whole or not at all.

A table maps beginnings of our names to theirs; ``{}`` is the number of a layer. Where it gives several names, with
blanks between them, our weight is theirs stacked in that order. Left out: shapes that must be guessed.
"""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

LAYER = re.compile(r"(?<=\.)\d+(?=\.)")
BUFFERS = re.compile(r"(\.attn\.(masked_)?bias|position_ids|inv_freq)$")  # computed, though older files hold them


def unchanged(name: str, weight: Tensor) -> Tensor:
    """The weight as it is stored."""
    return weight


def foreign_names(model: nn.Module, table: Mapping[str, str]) -> dict[str, list[str]]:
    """Their name or names for each of our parameters; a shared parameter is listed once.

    Raises ``KeyError`` for a parameter that the table does not know.
    """
    names: dict[str, list[str]] = {}
    for ours, _ in model.named_parameters():
        layer = "".join(LAYER.findall(ours))
        pattern = LAYER.sub("{}", ours)
        matches = [start for start in table if f"{pattern}.".startswith(f"{start}.")]
        start = max(matches, key=len, default=ours)
        rest = pattern.removeprefix(start)
        names[ours] = [theirs.format(layer) + rest for theirs in table[start].split()]
    return names


def load_weights(
    model: nn.Module,
    table: Mapping[str, str],
    weights: Mapping[str, Tensor],
    convert: Callable[[str, Tensor], Tensor] = unchanged,
) -> None:
    """Copy ``weights`` into the model, each as ``convert`` returns it; where that fails, nothing is copied.

    Raises ``KeyError`` for a missing weight, ``RuntimeError`` for another shape (or what ``convert`` raises for it),
    and ``ValueError`` for one that the model has no place for: it is another model's, unless it repeats one that was
    read.
    """
    names = foreign_names(model, table)
    state = {ours: torch.cat([convert(name, weights[name]) for name in theirs]) for ours, theirs in names.items()}
    check_shapes(model, state)
    check_nothing_is_left(names, weights)
    model.load_state_dict(state, strict=False)  # not strict: what is shared or computed has no name in the table


def check_shapes(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Raise ``RuntimeError``, naming both, where a weight has not the shape of our parameter."""
    for ours, weight in state.items():
        needed = model.get_parameter(ours).shape
        if weight.shape != needed:
            raise RuntimeError(f"size mismatch for {ours}: {tuple(weight.shape)} was found, {tuple(needed)} is needed")


def check_nothing_is_left(names: Mapping[str, list[str]], weights: Mapping[str, Tensor]) -> None:
    """Raise ``ValueError`` for weights without a place, but for buffers and repetitions of a weight that was read."""
    read = {name for theirs in names.values() for name in theirs}
    left = [name for name in weights if name not in read and not BUFFERS.search(name)]
    strange = [name for name in left if not any(torch.equal(weights[name], weights[other]) for other in read)]
    if strange:
        raise ValueError(f"this model of {len(names)} weights has no place for {', '.join(strange[:5])}")

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


def translate(model: nn.Module, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Their name or names for each of our parameters; a shared parameter is listed once.

    Raises ``KeyError`` for a parameter that the table does not know.
    """
    table = {}
    for ours, _ in model.named_parameters():
        number, pattern = "".join(LAYER.findall(ours)), LAYER.sub("{}", ours)
        known = max((name for name in names if f"{pattern}.".startswith(f"{name}.")), key=len, default=ours)
        table[ours] = [theirs.format(number) + pattern.removeprefix(known) for theirs in names[known].split()]
    return table


def take(
    model: nn.Module,
    names: Mapping[str, str],
    theirs: Mapping[str, Tensor],
    change: Callable[[str, Tensor], Tensor] = lambda name, weight: weight,
) -> None:
    """Copy ``theirs`` into the model, each as ``change`` returns it for its name; where that fails, nothing is copied.

    Raises ``KeyError`` for a missing weight, ``RuntimeError`` for another shape (or what ``change`` raises for it), and
    ``ValueError`` for one that the model has no place for: it is another model's, unless it repeats one that was read.
    """
    table = translate(model, names)
    state = {ours: torch.cat([change(name, theirs[name]) for name in their]) for ours, their in table.items()}
    for ours, weight in state.items():
        if weight.shape != (shape := model.get_parameter(ours).shape):
            raise RuntimeError(f"size mismatch for {ours}: {tuple(weight.shape)} was found, {tuple(shape)} is needed")
    read = {name for their in table.values() for name in their}
    left = [name for name in theirs if name not in read and not BUFFERS.search(name)]
    strange = [name for name in left if not any(torch.equal(theirs[name], theirs[other]) for other in read)]
    if strange:
        raise ValueError(f"this model of {len(table)} weights has no place for {', '.join(strange[:5])}")
    model.load_state_dict(state, strict=False)  # not strict: what is shared or computed has no name in the table

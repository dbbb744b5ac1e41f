"""What widgets refuse, and most of all the attention laboratory: settings that cannot be, tensors that do not fit.

The state travels to the page as JSON, which has neither NaN nor infinity: a page could not read such a number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

MOST_TOKENS = 64
LARGEST = 2**53  # of whole numbers a page can count with
COLDEST, HOTTEST = 1e-9, 1e9  # temperatures that leave scores finite, and apart from each other
LARGEST_ENTRY = torch.finfo(torch.float16).max
MASKS = ("none", "causal", "padding", "window")
STATE = ("text", "temperature", "scaled", "d_k", "mask", "n_keys", "window", "blocked", "edits", "head", "row", "key")


@dataclass(frozen=True)
class Sizes:
    """How large a laboratory is: heads, queries, keys, the width of Q and K, and the width of V."""

    H: int
    T: int
    S: int
    d_k: int
    d_v: int


def check_names(widget: str, settings: dict[str, Any], names: Sequence[str]) -> None:
    """Raise ``ValueError`` for a setting that the widget does not have."""
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise ValueError(f"{widget} has no setting {', '.join(unknown)}; it has {', '.join(names)}")


def check_text(text: Any, most: int) -> None:
    """Raise ``ValueError`` unless it is a string of at most so many characters."""
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, got {text!r}")
    if len(text) > most:
        raise ValueError(f"text must have at most {most} characters, got {len(text)}")


def check_settings(settings: dict[str, Any], sizes: Sizes) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be in a laboratory of these sizes."""
    check_names("AttentionLab", settings, STATE)
    check_kinds(settings)
    if settings.get("mask", "none") not in MASKS:
        raise ValueError(f"mask must be one of {', '.join(MASKS)}, got {settings['mask']!r}")
    if not COLDEST <= settings.get("temperature", 1.0) <= HOTTEST:
        allowed = f"from {COLDEST:g} to {HOTTEST:g}, finite and positive"
        raise ValueError(f"temperature must be {allowed}, got {settings['temperature']}")
    limits = {
        "d_k": (1, LARGEST),
        "window": (1, LARGEST),
        "n_keys": (0, LARGEST),
        "head": (0, sizes.H),
        "row": (0, sizes.T),
        "key": (0, sizes.S),
    }
    for name in limits.keys() & settings.keys():
        check_number(name, settings[name], *limits[name])
    for cell in settings.get("blocked", ()):
        check_blocked(cell, sizes)
    for edit in settings.get("edits", ()):
        check_edit(edit, sizes)


def check_kinds(settings: dict[str, Any]) -> None:
    """Raise ``ValueError`` for a setting that is of another kind than it can be."""
    for name, value in settings.items():
        kind, is_right = KINDS.get(name, ("a number", is_number))
        if not is_right(value):
            raise ValueError(f"{name} must be {kind}, got {value!r}")


def is_number(value: Any) -> bool:
    """Whether the value counts or measures something; True and False do not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def are_cells(value: Any) -> bool:
    """Whether the value is a list of lists or tuples."""
    kinds = (list, tuple)
    return isinstance(value, kinds) and all(isinstance(cell, kinds) for cell in value)


KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a string", lambda value: isinstance(value, str)),
    "mask": ("a string", lambda value: isinstance(value, str)),
    "scaled": ("True or False", lambda value: isinstance(value, bool)),
    "blocked": ("a list of cells", are_cells),
    "edits": ("a list of cells", are_cells),
}


def check_number(name: str, value: Any, low: int, high: int) -> None:
    """Raise ``ValueError`` unless the value is a whole number, at least ``low`` and below ``high``."""
    if not low <= value < high:
        below = "" if high == LARGEST and not value >= high else f" and below {high}"
        raise ValueError(f"{name} must be at least {low}{below}, got {value}")
    if not isinstance(value, int):
        raise ValueError(f"{name} must be a whole number, got {value!r}")


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise ``ValueError`` unless the value is a whole number, at least ``low`` and below ``high``."""
    if not is_number(value):
        raise ValueError(f"{name} must be a number, got {value!r}")
    check_number(name, value, low, high)


def is_index(value: Any, size: int) -> bool:
    """Whether the value counts one of ``size`` things from 0."""
    return isinstance(value, int) and 0 <= value < size


def check_blocked(cell: Sequence[Any], sizes: Sizes) -> None:
    """Raise ``ValueError`` unless the cell is one of the map's."""
    if not (len(cell) == 2 and is_index(cell[0], sizes.T) and is_index(cell[1], sizes.S)):
        raise ValueError(
            f"a blocked cell is (row, key) with row below {sizes.T} and key below {sizes.S}, both from 0, got {cell}"
        )


def check_edit(edit: Sequence[Any], sizes: Sizes) -> None:
    """Raise ``ValueError`` unless the edit names an entry that is there and a number that JSON has."""
    if len(edit) != 5 or edit[0] not in ("q", "k", "v"):
        raise ValueError(f"an edit is (matrix, head, row, column, value) with matrix q, k or v, got {edit}")
    name, head, row, column, value = edit
    rows = sizes.T if name == "q" else sizes.S
    columns = sizes.d_v if name == "v" else sizes.d_k
    for axis, index, size in (("head", head, sizes.H), ("row", row, rows), ("column", column, columns)):
        if not is_index(index, size):
            raise ValueError(
                f"the {axis} of an edit of {name} must be at least 0 and below {size}, got {index} in {edit}"
            )
    if not (is_number(value) and -LARGEST_ENTRY <= value <= LARGEST_ENTRY):
        most = f"{LARGEST_ENTRY:.0f}"
        raise ValueError(f"the value of an edit must be a finite number, at most {most}, got {value} in {edit}")


def check_tensors(
    q: Tensor, k: Tensor, v: Tensor, tokens: Sequence[str], key_tokens: Sequence[str], may_attend: Tensor | None
) -> None:
    """Raise ``ValueError``, naming the sizes, unless the tensors, the tokens and the mask fit together."""
    if {q.ndim, k.ndim, v.ndim} != {3}:
        raise ValueError(
            f"q, k and v must be (heads, length, width), or without heads; got {tuple(q.shape)}, {tuple(k.shape)} and "
            f"{tuple(v.shape)}: take one sequence of a batch, as in q[0]"
        )
    if 0 in q.shape or 0 in v.shape:
        raise ValueError(f"q and v need at least one head, token and column, got {tuple(q.shape)} and {tuple(v.shape)}")
    (H, T, d_k), (T_named, S_named) = q.shape, (len(tokens), len(key_tokens))
    if k.shape != (H, S_named, d_k) or v.shape[:2] != (H, S_named) or T != T_named:
        raise ValueError(
            f"q {tuple(q.shape)}, k {tuple(k.shape)}, v {tuple(v.shape)} do not fit {T_named} tokens and "
            f"{S_named} key tokens: expected (heads, T, d_k), (heads, S, d_k), (heads, S, d_v)"
        )
    if not 1 <= max(T, S_named) <= MOST_TOKENS or min(T, S_named) < 1:
        raise ValueError(f"AttentionLab shows 1 to {MOST_TOKENS} tokens, got {T} and {S_named}")
    if may_attend is not None and (may_attend.dtype != torch.bool or may_attend.shape != (T, S_named)):
        raise ValueError(
            f"may_attend must be boolean ({T}, {S_named}), got {may_attend.dtype} {tuple(may_attend.shape)}"
        )
    if not all(x.half().isfinite().all() for x in (q, k, v)):
        raise ValueError("q, k and v must be finite in float16, whose largest number is 65504")

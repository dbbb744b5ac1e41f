"""Which items are learned from, which are chosen by, and which are tested on.

The part an item belongs to is computed from a hash of its name, so that it never depends on order or on how much is
asked for: a speech, a date or a string is in one part only, whole. Left out: cleaning, and items that resemble others.
"""

import hashlib
from typing import Literal, get_args

Part = Literal["train", "dev", "test"]
PARTS: tuple[Part, ...] = get_args(Part)  # 80, 10 and 10 of 100


def part_of(name: str) -> Part:
    """The part an item of this name belongs to."""
    bucket = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 10
    return PARTS[max(0, bucket - 7)]


def check_part(part: str | None) -> None:
    """Raise ``ValueError`` for a part that does not exist; ``None`` stands for all."""
    if part is not None and part not in PARTS:
        raise ValueError(f"a part must be one of {', '.join(PARTS)}, or None for all; got {part!r}")

"""What a widget fetches when it is used, as bytes in parts: a stored model, or the counts of n-grams (see ``counted``).

    packed = n (4 bytes, little-endian) · n bytes of JSON, card and tokenizer · the safetensors file

The heads of a prepared sentence, ``heads-anna``, travel in the same way (see ``head_set``).

On a page without a kernel each part is a script of its own (a page opened from disk may not fetch a file), which the
widget adds one after another; so it can say how much has come. In a notebook the widget asks Python for one part after
another. The front end's twin is ``web/src/play/parts.ts``.
"""

import base64
import hashlib
import json
from functools import cache
from typing import Any

from llmbook.pages.widgets import prepared_heads

PART = 192 * 1024  # bytes; a third more as base64
TRIGRAMS = "trigrams"  # the name of the counts
HEADS = "heads-"  # before the name of a prepared sentence


@cache
def packed(name: str) -> bytes:
    """Card, tokenizer and weights. Raises ``ValueError`` as ``find_recipe`` does, or ``prepared_heads.packed``."""
    if name == TRIGRAMS:
        from llmbook.pages.widgets import counted

        return counted.packed()
    if name.startswith(HEADS):
        return prepared_heads.packed(name.removeprefix(HEADS))
    from llmbook.pages.engine import describe_stored  # a second, which pages without a stored model need not wait
    from llmbook.pretrained.recipe import STORED

    head = json.dumps(describe_stored(name)).encode()
    return len(head).to_bytes(4, "little") + head + (STORED / f"{name}.safetensors").read_bytes()


def digest(name: str) -> str:
    """What tells these bytes from those of the model as it was before."""
    return hashlib.sha256(packed(name)).hexdigest()[:12]


def describe(name: str) -> dict[str, Any]:
    """What a widget knows of the bytes before it asks for them."""
    size = len(packed(name))
    return {"name": name, "digest": digest(name), "bytes": size, "parts": -(-size // PART)}


def part(name: str, number: int) -> bytes:
    """One part, counted from 0. Raises ``ValueError`` for a number that is not among them."""
    parts = describe(name)["parts"]
    if not 0 <= number < parts:
        raise ValueError(f"{name} comes in {parts} parts, counted from 0; got {number}")
    return packed(name)[number * PART : (number + 1) * PART]


def scripts(name: str) -> dict[str, str]:
    """The scripts that hand the parts to a page, by the names of their files."""
    stem = f"{name}-{digest(name)}"
    return {
        f"{stem}-{number}.js": f'(globalThis.llmbookParts ??= {{}})["{stem}-{number}"] = "{in_base64(name, number)}";\n'
        for number in range(describe(name)["parts"])
    }


def in_base64(name: str, number: int) -> str:
    return base64.b64encode(part(name, number)).decode()

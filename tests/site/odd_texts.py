"""What a reader may type, and nobody expected: drawn by a seed, a thousand in all."""

import random
import string

POOL = [
    *string.printable,
    *"éß注意力🙂👩‍👩‍👧\u202e\u200f\u0000\ufeff\ufffd",
    "<script>window.hacked = 1</script>",
    "مرحبا",
    "&lt;",
    "'\"><img src=x onerror=window.hacked=1>",
]
LONG = ["x" * 10_000, "🙂 " * 5_000, "__proto__ constructor toString"]


def odd_texts(*more: str, seed: int = 0) -> list[str]:
    """A thousand texts, the last of them ``more``."""
    rng = random.Random(seed)
    last = [*LONG, *more]
    drawn = ["".join(rng.choices(POOL, k=rng.choice([0, 1, 5, 40, 300]))) for _ in range(1000 - len(last))]
    return [*drawn, *last]

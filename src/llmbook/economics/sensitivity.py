"""Which assumption does a result hang on? One is changed at a time, and the others stay as they are.

Left out: assumptions that move together, and how probable each value is.
"""

from collections.abc import Callable, Mapping


def swings(
    outcome: Callable[..., float], base: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """The outcome at both ends of each range, the widest first. Raises ``ValueError`` for a range without its base."""
    ends: dict[str, tuple[float, float]] = {}
    for name, (low, high) in ranges.items():
        if name not in base or not low <= base[name] <= high:
            raise ValueError(f"{name} = {base.get(name)} is not between {low} and {high}")
        ends[name] = outcome(**{**base, name: low}), outcome(**{**base, name: high})
    return dict(sorted(ends.items(), key=lambda item: -abs(item[1][1] - item[1][0])))


def turning_point(
    outcome: Callable[..., float], base: Mapping[str, float], name: str, low: float, high: float
) -> float | None:
    """Where the outcome changes its sign while ``name`` goes from low to high, by halving; None where it does not."""
    positive = outcome(**{**base, name: low}) > 0
    if (outcome(**{**base, name: high}) > 0) == positive:
        return None
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (outcome(**{**base, name: middle}) > 0) == positive else (low, middle)
    return high

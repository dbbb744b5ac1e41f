"""What the head explorer refuses: settings that cannot be, and tensors that are no heads."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from llmbook.pages.head_scores import KINDS
from llmbook.pages.widgets.checks import LARGEST, MOST_TOKENS, check_names, check_number, is_number
from llmbook.pages.widgets.head_set import MASKS, HeadSet
from llmbook.pages.widgets.prepared_heads import SETS

STATE = (
    "sentence",
    "heads",
    "kept",
    "against",
    "temperature",
    "scaled",
    "mask",
    "score",
    "order",
    "least",
    "row",
    "key",
)
CHOICES = {
    "against": ("nothing", "own", "kept"),
    "mask": MASKS,
    "score": ("none", *KINDS),
    "order": ("model", "score"),
}
COLDEST, HOTTEST = 0.05, 100.0
MOST_HEADS = 512
LABEL = re.compile(r"L\d{1,4}H\d{1,4}")


def check_settings(settings: dict[str, Any], opened: HeadSet | None = None) -> None:
    """Raise ``ValueError`` for a setting that does not exist or cannot be, or not with these heads."""
    check_names("HeadExplorer", settings, STATE)
    for name, value in settings.items():
        if name in CHOICES and not (isinstance(value, str) and value in CHOICES[name]):
            raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}; got {value!r}")
    if "sentence" in settings and settings["sentence"] not in (*SETS, ""):
        raise ValueError(f"sentence must be one of {', '.join(SETS)}; got {settings['sentence']!r}")
    for name in ("heads", "kept"):
        check_labels(name, settings.get(name, ["L0H0"]), opened if name in settings else None)
    if not settings.get("heads", True):
        raise ValueError("heads must name at least one, got none")
    temperature, least = settings.get("temperature", 1.0), settings.get("least", 0.0)
    if not (is_number(temperature) and COLDEST <= temperature <= HOTTEST):
        raise ValueError(f"temperature must be a number from {COLDEST:g} to {HOTTEST:g}, got {temperature!r}")
    if not (is_number(least) and -1 <= least <= 1):
        raise ValueError(f"least must be a number from -1 to 1, got {least!r}")
    if not isinstance(settings.get("scaled", True), bool):
        raise ValueError(f"scaled must be True or False, got {settings['scaled']!r}")
    for name in ("row", "key"):
        value = settings.get(name, 0)
        if not is_number(value):
            raise ValueError(f"{name} must be a number, got {value!r}")
        check_number(name, value, 0, LARGEST if opened is None else len(opened.words))


def check_labels(name: str, labels: Any, opened: HeadSet | None) -> None:
    """Raise ``ValueError`` unless the labels are a list of such as L16H0, and of heads that are there."""
    if not isinstance(labels, list | tuple):
        raise ValueError(f"{name} must be a list of heads, such as ['L0H0'], got {labels!r}")
    for label in labels:
        if not (isinstance(label, str) and LABEL.fullmatch(label)):
            raise ValueError(f"a head is called by its layer and its number, such as L16H0; got {label!r}")
        if opened is not None and label not in opened.labels:
            layers = ", ".join(map(str, opened.layers))
            raise ValueError(f"there is no head {label}: the layers are {layers}, each of {opened.q.shape[1]} heads")


def check_tensors(q: Any, k: Any) -> None:
    """Raise ``ValueError`` unless these are tensors with three or four axes."""
    if not (isinstance(q, Tensor) and isinstance(k, Tensor)):
        raise ValueError(f"queries and keys must be two tensors, got {type(q).__name__} and {type(k).__name__}")
    if not {q.ndim, k.ndim} <= {3, 4}:
        shapes = f"q {tuple(q.shape)} and k {tuple(k.shape)}"
        raise ValueError(f"q and k must be (layers, heads, T, d_k), or without layers; got {shapes}")


def check_fit(q: Tensor, k: Tensor, words: Sequence[str], layers: Sequence[Any], names: Mapping[str, str]) -> None:
    """Raise ``ValueError``, naming the sizes, unless the tensors are heads of these layers and words."""
    T = len(words)
    shapes = f"q {tuple(q.shape)} and k {tuple(k.shape)}"
    if 0 in q.shape or 0 in k.shape or q.shape[1] % k.shape[1]:
        raise ValueError(f"the heads of queries must share those of keys equally, and none be empty; got {shapes}")
    if not (q.shape[0] == k.shape[0] == len(layers) and q.shape[2] == k.shape[2] == T and q.shape[3] == k.shape[3]):
        raise ValueError(f"{shapes} do not fit {len(layers)} layers and {T} words: (layers, heads, T, d_k)")
    if T > MOST_TOKENS or q.shape[0] * q.shape[1] > MOST_HEADS:
        given = f"{q.shape[0] * q.shape[1]} heads of {T}"
        raise ValueError(f"HeadExplorer shows at most {MOST_HEADS} heads of {MOST_TOKENS} words, got {given}")
    if not all(isinstance(layer, int) and 0 <= layer < 10_000 for layer in layers) or len(set(layers)) < len(layers):
        raise ValueError(f"layers are different numbers, counted from 0; got {list(layers)}")
    if not all(x.half().isfinite().all() for x in (q, k)):
        raise ValueError("q and k must be finite in float16, whose largest number is 65504")
    labels = {f"L{layer}H{head}" for layer in layers for head in range(q.shape[1])}
    if missing := sorted(set(names) - labels):
        raise ValueError(f"there is no head {', '.join(missing)} to be named")

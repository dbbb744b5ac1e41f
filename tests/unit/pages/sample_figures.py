"""Shared by the tests of figures: one figure of each kind."""

import numpy as np
import pytest
import torch

from llmbook.pages import alignment, bars, dots, heat_map, lines, loss_curve, timeline, tornado

ALT = "A figure made for a test"
WORDS = ["one", "two", "three"]
TABLE = torch.tensor([[0.1, 0.9, 0.0], [0.5, -0.5, 0.25]])
DRAW = {
    "heat map": lambda: heat_map(TABLE, WORDS[:2], WORDS, title="t", row_label="r", column_label="c"),
    "large heat map": lambda: heat_map(np.outer(range(40), range(40)), [""] * 40, [""] * 40, decimals=None),
    "alignment": lambda: alignment(TABLE.abs(), WORDS[:2], WORDS, truth=[(0, 1)]),
    "lines": lambda: lines([1, 2, 4], {"a": [1, 2, 3], "b": [3, 2, 1]}, xlabel="x", ylabel="y", log_x=True, log_y=True),
    "loss": lambda: loss_curve({"a": [3.0, 2.0, 1.5], "b": torch.tensor([3.0, 2.5, 2.4])}, every=10),
    "bars": lambda: bars(WORDS, {"a": [1, 2, 3], "b": [0.5, -1, 2]}, ylabel="n"),
    "dots": lambda: dots({"with": [0.9, 1.0, 0.95], "without": [0.1]}, xlabel="share"),
    "tornado": lambda: tornado({"a": (1.0, 3.0), "b": (2.5, 1.5)}, base=2.0, unit=1.0, xlabel="gain"),
    "timeline": lambda: timeline([(2017, "Transformer"), (1950, "a question <?> & more")]),
}
each_figure = pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)

"""Page 7.1's lines about pickles do what the page says, and ``torch.load`` refuses such a file."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

PAGE = Path(__file__).resolve().parents[2] / "chapters/07/1-what-to-use.md"


def test_a_pickle_runs_what_it_holds(capsys, tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(import pickle.*?)```\n\n```text\n(.*?)```", text, re.DOTALL).groups()
    *first, last = code.strip().splitlines()
    assert last == "pickle.loads(pickle.dumps(Gift()))"
    names: dict[str, Any] = {"__name__": "gift"}
    exec("\n".join(first), names)
    stored = names["pickle"].dumps(names["Gift"]())
    assert capsys.readouterr().out == "", "nothing runs before the file is opened"

    exec(last, names)
    assert capsys.readouterr().out == printed

    (tmp_path / "gift.pt").write_bytes(stored)
    with pytest.raises(Exception, match="weights_only"):
        torch.load(tmp_path / "gift.pt")
    assert capsys.readouterr().out == ""

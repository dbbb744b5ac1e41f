"""The bytes that a widget opens: whole again from their parts, and told apart when they change."""

import base64
import json
import re

import pytest
from safetensors.torch import load

from llmbook.pages.engine import describe_stored
from llmbook.pages.widgets import stored_weights
from llmbook.pretrained.recipe import STORED

NAME = "gpt-characters"


def whole() -> bytes:
    parts = stored_weights.describe(NAME)["parts"]
    return b"".join(stored_weights.part(NAME, number) for number in range(parts))


def test_the_parts_together_are_card_tokenizer_and_weights():
    packed = whole()
    length = int.from_bytes(packed[:4], "little")
    assert len(packed) == stored_weights.describe(NAME)["bytes"]
    assert json.loads(packed[4 : 4 + length]) == json.loads(json.dumps(describe_stored(NAME)))
    assert packed[4 + length :] == (STORED / f"{NAME}.safetensors").read_bytes()
    assert "embedding.weight" in load(packed[4 + length :])


def test_no_part_is_larger_than_another_but_the_last():
    sizes = [len(stored_weights.part(NAME, number)) for number in range(stored_weights.describe(NAME)["parts"])]
    assert set(sizes[:-1]) == {stored_weights.PART}
    assert 0 < sizes[-1] <= stored_weights.PART


def test_a_script_hands_over_each_part():
    scripts = stored_weights.scripts(NAME)
    stem = f"{NAME}-{stored_weights.digest(NAME)}"
    assert list(scripts) == [f"{stem}-{number}.js" for number in range(stored_weights.describe(NAME)["parts"])]
    found = b""
    for number, text in enumerate(scripts.values()):
        key, content = re.fullmatch(
            r'\(globalThis\.llmbookParts \?\?= \{\}\)\["(.*)"\] = "([\w+/=]*)";\n', text
        ).groups()
        assert key == f"{stem}-{number}"
        found += base64.b64decode(content)
    assert found == whole()


def test_other_bytes_have_another_digest():
    assert stored_weights.digest(NAME) != stored_weights.digest("dates")
    assert re.fullmatch("[0-9a-f]{12}", stored_weights.digest(NAME))


@pytest.mark.parametrize("number", [-1, 5])
def test_a_part_that_is_not_there_is_named(number):
    with pytest.raises(ValueError, match=f"gpt-characters comes in 5 parts, counted from 0; got {number}"):
        stored_weights.part(NAME, number)


def test_a_model_that_is_not_stored_is_named():
    with pytest.raises(ValueError, match=r"the stored models are .*; got 'gpt-5'"):
        stored_weights.describe("gpt-5")

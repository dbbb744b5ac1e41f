"""The interface strings are pairs of English and Chinese, each once."""

import re

from llmbook.data import interface_strings


def test_interface_strings_are_pairs_without_repetition():
    pairs = interface_strings()
    assert len(pairs) > 2500
    assert len({english for english, _ in pairs}) == len(pairs)
    assert all(english == english.strip() and chinese == chinese.strip() for english, chinese in pairs)
    assert all(english and chinese and english != chinese for english, chinese in pairs)
    assert dict(pairs)["Save"] == "保存"
    chinese = [target for _, target in pairs if re.search("[\u4e00-\u9fff]", target)]
    assert len(chinese) > 0.97 * len(pairs)

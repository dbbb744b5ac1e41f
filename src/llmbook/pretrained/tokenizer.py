"""The vocabularies of the real models, as the ``tokenizers`` library applies them.

Left out: training them (see ``data.byte_pairs``).
"""

from collections.abc import Sequence

from tokenizers import Tokenizer

from llmbook.data.tokenizers import check_text


class PretrainedTokenizer:
    """A vocabulary of the ``tokenizers`` library behind the few methods this book uses."""

    def __init__(self, backend: Tokenizer) -> None:
        self.backend = backend

    def __len__(self) -> int:
        return self.backend.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids, special tokens that the text spells among them. ``ValueError`` for half of a surrogate pair."""
        check_text(text)
        return self.backend.encode(text).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.backend.decode(list(ids), skip_special_tokens=False)

    def tokens(self, text: str) -> list[str]:
        """The pieces the text is cut into, to be shown to a reader."""
        return [self.backend.decode([i], skip_special_tokens=False) for i in self.encode(text)]

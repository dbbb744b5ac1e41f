"""The sentences that the head explorer comes with: heads of MiniLM and SmolLM2, stored beside this module.

:func:`store` computes them again from the real models and writes them. They are rounded (see ``head_set.coarse``): no
weight moves by more than about 0.02, and the mean one by less than 0.001; a test compares with the models. The names
of heads are what page 5.7 found by its tests.
"""

from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

from llmbook.pages.widgets.head_set import HeadSet, coarse, unpack

FOLDER = Path(str(files("llmbook.pages.widgets"))) / "prepared"
STEP = 1 / 16  # by which a product of two coordinates may be off
TEN_WORDS = "copper window seven river garden pencil orange doctor winter table"
MINILM_NAMES = {"L0H2": "previous token", "L1H3": "pronoun", "L2H4": "pronoun"}
SMOLLM2_NAMES = {
    "L14H3": "duplicate token",
    "L16H0": "previous token",
    **dict.fromkeys(["L17H3", "L17H4", "L17H5", "L18H6", "L18H7"], "induction"),
    "L18H8": "rest",
}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A sentence for a model, and what the explorer opens with: a head, and a cell of its map."""

    model: str
    text: str
    layers: tuple[int, ...]
    names: dict[str, str]
    head: str
    row: str  # the last word of this spelling
    key: str  # the first
    pronouns: tuple[tuple[str, str, str], ...] = field(default=())


of_minilm = partial(Prepared, model="MiniLM", layers=(0, 1, 2, 3, 4, 5), names=MINILM_NAMES)
of_smollm2 = partial(Prepared, model="SmolLM2", layers=(14, 16, 17, 18), names=SMOLLM2_NAMES)

SETS = {
    "anna": of_minilm(
        text="Anna called Tom because she was late and he was ready.",
        head="L1H3",
        row="she",
        key="anna",
        pronouns=(("she", "anna", "tom"), ("he", "tom", "anna")),
    ),
    "animal": of_minilm(
        text="The animal didn't cross the street because it was too tired.",
        head="L3H1",
        row="it",
        key="animal",
        pronouns=(("it", "animal", "street"),),
    ),
    "ten-words": of_smollm2(
        text=f" {TEN_WORDS} {TEN_WORDS}",
        head="L18H6",
        row="river",
        key="garden",
    ),
    "captains": of_smollm2(
        text=" The captain of the ship told the captain of the port that the ship was ready.",
        head="L17H5",
        row="captain",
        key="of",
    ),
}


@cache
def packed(name: str) -> bytes:
    """The stored bytes. Raises ``ValueError`` for a name that is none of ``SETS``."""
    if name not in SETS:
        raise ValueError(f"the prepared sentences are {', '.join(SETS)}; got {name!r}")
    return (FOLDER / f"{name}.heads").read_bytes()


@cache
def prepared(name: str) -> HeadSet:
    """The heads of this sentence. Raises as :func:`packed`."""
    return unpack(packed(name))


def make(name: str) -> HeadSet:
    """The same from the real model, in full precision: float32, not rounded. Raises ``HubError`` (see ``hub``)."""
    from llmbook.pages.read_heads import queries_and_keys
    from llmbook.pretrained import load_minilm, load_smollm2

    known = SETS[name]
    model, tokenizer = load_minilm() if known.model == "MiniLM" else load_smollm2()
    words = [token.strip() for token in tokenizer.tokens(known.text)]  # SmolLM2's begin with their blank
    q, k = queries_and_keys(model, tokenizer.encode(known.text))
    writes = known.model == "SmolLM2"
    return HeadSet(
        words=words,
        q=q[list(known.layers)],
        k=k[list(known.layers)],
        layers=list(known.layers),
        causal=writes,
        rest=[0] if writes else [0, len(words) - 1],
        pronouns=[[words.index(word) for word in triple] for triple in known.pronouns],
        names={label: told for label, told in known.names.items() if int(label[1:].split("H")[0]) in known.layers},
    )


def rounded(heads: HeadSet) -> HeadSet:
    """What is stored of these heads."""
    q, k = coarse(heads.q, heads.k, STEP)
    return HeadSet(q=q, k=k, **{name: value for name, value in vars(heads).items() if name not in "qk"})


def place(name: str) -> tuple[int, int]:
    """The cell that a sentence opens with."""
    words, known = prepared(name).words, SETS[name]
    return len(words) - 1 - words[::-1].index(known.row), words.index(known.key)


def store(folder: Path = FOLDER) -> None:
    """Compute all of them from the real models, and write them."""
    folder.mkdir(exist_ok=True)
    for name in SETS:
        (folder / f"{name}.heads").write_bytes(rounded(make(name)).pack())

r"""Small readers of the speeches: one network, and games that need no labels (page 2.4).

    masked     name the hidden words                                       BERT's first game
    followed   did this half follow that one, or another?                  BERT's second game
    masked + followed   both on the same pairs                             BERT
    next       say the next word, seeing only those before; to save time,  GPT's game
               asked at a random quarter of the places in each step
    choice     which of the N second halves of the batch belongs to this first half?
    both       choice + 0.3 · masked, on the same hidden words

Every game reads the same pieces: 60 neighbouring words of a long paragraph, cut into two halves, each behind a [CLS].
Sources: Devlin et al., *BERT* (2019), section 3.1; Radford et al. (2018), eq. 1; Logeswaran and Lee (2018) for the
choice. Left out: words in pieces.
"""

from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.parts import Part
from llmbook.data.speech import speeches
from llmbook.data.tokenizers import WordTokenizer
from llmbook.models.bert import Bert, BertForPreTraining
from llmbook.nn.masks import causal_mask
from llmbook.pretrained.recipe import Recipe
from llmbook.training.objectives import IGNORE, contrastive_loss, mask_words, shift, word_loss
from llmbook.training.schedule import TrainConfig

N_VOCAB = 4000
BERT = "masked + followed"
HALF = 30  # words
GAMES = {
    "masked": "to name hidden words",
    "followed": "to tell whether the second half of a piece followed the first",
    "next": "to say the next word",
    "choice": "to choose the second half of a piece among the batch's",
    BERT: "to name hidden words in a piece and to tell whether its second half followed the first",
    "both": "to choose the second half of a piece and to name hidden words",
}
BATCH = 64  # pieces
STEPS = 800
ASKED = 1 / 4  # of the next words
Half = Int[Tensor, "N T"]


@cache
def reader_words() -> WordTokenizer:
    """The most frequent words of the training speeches."""
    return WordTokenizer.train((speech.text for speech in speeches(part="train")), N_VOCAB)


class Pieces:
    """The paragraphs of one part that hold two halves, as one row of ids."""

    def __init__(self, part: Part) -> None:
        words = reader_words()
        paragraphs = [words.encode(paragraph) for speech in speeches(part=part) for paragraph in speech.paragraphs]
        paragraphs = [ids for ids in paragraphs if len(ids) >= 2 * HALF]
        self.lengths = torch.tensor([len(ids) for ids in paragraphs])
        self.begins = self.lengths.cumsum(0) - self.lengths
        self.stream = torch.tensor([i for ids in paragraphs for i in ids])

    def __len__(self) -> int:
        return len(self.lengths)

    def halves(self, rows: Int[Tensor, " N"]) -> tuple[Half, Half]:
        """Neighbouring halves, cut at random places of these paragraphs: each (N, 31), with its [CLS]."""
        room = self.lengths[rows] - 2 * HALF + 1
        start = self.begins[rows] + (torch.rand(len(rows)) * room).long()
        cut = self.stream[start[:, None] + torch.arange(2 * HALF)]  # (N, 60)
        a, b = F.pad(cut.view(-1, 2, HALF), (1, 0), value=reader_words().cls).unbind(dim=1)
        return a, b


@cache
def pieces(part: Part) -> Pieces:
    return Pieces(part)


class Reader(BertForPreTraining):
    """A BERT of one layer, 64 wide; ``causal`` lets a word see only itself and those before it, as in GPT."""

    def __init__(self, *, causal: bool = False, vocab: int = N_VOCAB, d_model: int = 64, n_layers: int = 1) -> None:
        sizes = {"d_model": d_model, "n_heads": 4, "n_layers": n_layers, "d_ff": 4 * d_model, "max_len": 64}
        super().__init__(Bert(vocab, **sizes))
        self.log_scale = nn.Parameter(torch.tensor(2.3))  # of the choice's cosines
        self.causal = causal

    def states(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """What the encoder makes of each word."""
        may_attend = causal_mask(ids.shape[1], device=ids.device) if self.causal else None
        return self.bert.encoder(self.bert.embed(ids), may_attend)


def reader_loss(model: Reader, game: str, a: Half, b: Half) -> Float[Tensor, ""]:
    """The game's loss in nats on these halves; what is hidden is drawn from PyTorch's own generator."""
    if game in ("followed", BERT):
        return followed_loss(model, a, b, named=game == BERT)
    words = reader_words()
    x = torch.cat([a, b])  # (2N, 31)
    if game == "next":
        inputs, targets = shift(x)
        asked = (targets != words.unknown) & (torch.rand(targets.shape) < ASKED)
        return word_loss(model.word_logits(model.states(inputs)[asked])[None], targets[asked][None])
    seen, target = (x, x) if game == "choice" else hide(x)
    hidden = model.states(seen)
    first, second = hidden.mean(dim=1).chunk(2)
    choice = contrastive_loss(first, second, model.log_scale)
    if game == "choice":
        return choice
    named = naming_loss(model, hidden, target)
    return named if game == "masked" else choice + 0.3 * named


def hide(x: Half) -> tuple[Half, Half]:
    """What is seen and what is asked; no special symbol and no rare word is hidden."""
    words = reader_words()
    return mask_words(x, words.mask, len(words), generator=torch.default_generator, special=x <= words.unknown)


def naming_loss(model: Reader, hidden: Float[Tensor, "N T D"], target: Half) -> Float[Tensor, ""]:
    asked = target != IGNORE  # the head computes what is asked, and no more
    return word_loss(model.word_logits(hidden[asked])[None], target[asked][None])


def followed_loss(model: Reader, a: Half, b: Half, *, named: bool = False) -> Float[Tensor, ""]:
    """BERT's question about pairs, [CLS] a [SEP] b [SEP]; to every second a the b of the pair two places on.

    ``named`` plays both of BERT's games on the same pairs: words are hidden in them, and the two losses added.
    """
    strange = torch.arange(len(a)) % 2
    b = torch.where(strange[:, None] == 1, b.roll(-2, dims=0), b)
    pair = torch.cat([F.pad(half, (0, 1), value=reader_words().sep) for half in (a, b[:, 1:])], dim=1)  # (N, 63)
    segments = (torch.arange(pair.shape[1]) > HALF + 1).long().expand_as(pair)
    seen, target = hide(pair) if named else (pair, pair)
    hidden = model.bert(seen, None, segments)
    verdict = F.cross_entropy(model.nsp(model.bert.pooled(hidden)), strange)
    return verdict + naming_loss(model, hidden, target) if named else verdict


@torch.no_grad()
def held_out_loss(model: nn.Module, game: str, part: Part = "dev") -> float:
    """The mean loss over ten fixed batches of a part."""
    assert isinstance(model, Reader)
    known = pieces(part)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rows = torch.randint(len(known), (10, BATCH))
        return sum(reader_loss(model, game, *known.halves(batch)).item() for batch in rows) / len(rows)


def reader_recipe(game: str, seed: int = 0, steps: int = STEPS) -> Recipe:
    """One of the games. Raises ``ValueError`` for a game that does not exist."""
    if game not in GAMES:
        raise ValueError(f"a game must be one of {', '.join(GAMES)}; got {game!r}")

    def loss(model: nn.Module, rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        assert isinstance(model, Reader)
        return reader_loss(model, game, *pieces("train").halves(rows))

    return Recipe(
        name=f"reader-{game}" + (f"-seed-{seed}" if seed else "") + (f"-{steps}-steps" if steps != STEPS else ""),
        what=f"A BERT of one layer, 64 wide, trained {GAMES[game]}.",
        data="Pieces of 60 words from the long paragraphs of the training speeches.",
        config=TrainConfig(steps=steps, batch=BATCH, lr=3e-3, warmup=30, seed=seed),
        make=lambda: Reader(causal=game == "next"),
        examples=lambda: len(pieces("train")),
        loss=loss,
        held_out=lambda model: held_out_loss(model, game),
        tokenizer=reader_words,
    )


READERS = (reader_recipe("both"), reader_recipe("next"), reader_recipe("masked", steps=3000))  # those stored

r"""A small BERT of the speeches: it names hidden words, and says whether one sentence followed another (chapter 3).

    loss = MLM + NSP,   on [CLS] a [SEP] b [SEP]

To every second a belongs the b that followed it in its paragraph, to the others that of another pair of the batch.
Source: Devlin et al., *BERT* (2019), section 3.1. Left out: words in pieces, BERT's dropout.
"""

from functools import cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.parts import Part
from llmbook.data.speech import sentences, speeches
from llmbook.data.tokenizers import pad
from llmbook.models.bert import Bert, BertForPreTraining
from llmbook.pretrained.readers import N_VOCAB, reader_words
from llmbook.pretrained.recipe import Recipe
from llmbook.training.objectives import IGNORE, join_pair, mask_words, word_loss
from llmbook.training.schedule import TrainConfig

LONGEST = 48  # ids of a pair
BATCH = 32  # pairs
Ids = Int[Tensor, "B T"]


@cache
def neighbours(part: Part) -> list[tuple[list[int], list[int]]]:
    """The ids of each two sentences of which one follows the other in a paragraph."""
    encode = reader_words().encode
    paragraphs = (paragraph for speech in speeches(part=part) for paragraph in speech.paragraphs)
    return [pair for paragraph in paragraphs for pair in pairwise(map(encode, sentences(paragraph)))]


def make_pairs(part: Part, rows: Int[Tensor, " N"]) -> tuple[Ids, Int[Tensor, " B"], Ids, Int[Tensor, " B"]]:
    """(ids, lengths, segments, whether b is strange): of every second row a with the b of the row two places on."""
    words, known, chosen = reader_words(), neighbours(part), rows.tolist()
    strange = torch.arange(len(rows)) % 2
    seconds = [chosen[(i + 2 * (i % 2)) % len(chosen)] for i in range(len(chosen))]
    joined = [
        join_pair(known[i][0], known[j][1], words.cls, words.sep, LONGEST) for i, j in zip(chosen, seconds, strict=True)
    ]
    ids, lengths = pad([ids for ids, _ in joined], words.pad)
    segments, _ = pad([segments for _, segments in joined], 0)
    return ids, lengths, segments, strange


def bert_losses(
    model: BertForPreTraining, part: Part, rows: Int[Tensor, " N"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The two losses in nats, MLM and NSP, on pairs of these rows."""
    return pair_losses(model, *make_pairs(part, rows))


def pair_losses(
    model: BertForPreTraining, ids: Ids, lengths: Int[Tensor, " B"], segments: Ids, strange: Int[Tensor, " B"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The two losses in nats, MLM and NSP; what is hidden is drawn from PyTorch's own generator."""
    words = reader_words()
    generator = torch.default_generator
    seen, target = mask_words(ids, words.mask, len(words), generator=generator, special=ids <= words.unknown)
    hidden = model.bert(seen, lengths, segments)
    asked = target != IGNORE  # the head computes what is asked, and no more
    mlm = word_loss(model.word_logits(hidden[asked])[None], target[asked][None])
    return mlm, F.cross_entropy(model.nsp(model.bert.pooled(hidden)), strange)


@torch.no_grad()
def fixed_losses(model: nn.Module, part: Part) -> tuple[float, float]:
    """Both losses, means over twenty fixed batches of a part."""
    assert isinstance(model, BertForPreTraining)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        batches = torch.randint(len(neighbours(part)), (20, BATCH))
        losses = torch.tensor([[loss.item() for loss in bert_losses(model, part, rows)] for rows in batches])
    mlm, nsp = losses.mean(dim=0).tolist()
    return mlm, nsp


@torch.no_grad()
def shares(model: nn.Module) -> dict[str, float]:
    """For the card: both losses on dev and test."""
    numbers: dict[str, float] = {}
    for part in ("dev", "test"):
        mlm, nsp = fixed_losses(model, part)
        numbers[f"{part}, MLM"] = round(mlm, 4)
        numbers[f"{part}, NSP"] = round(nsp, 4)
    return numbers


def bert_loss(model: nn.Module, rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
    assert isinstance(model, BertForPreTraining)
    mlm, nsp = bert_losses(model, "train", rows)
    return mlm + nsp


BERT_SPEECHES = Recipe(
    name="bert-speeches",
    what="A BERT of two layers, 128 wide, trained to name hidden words and to tell whether b followed a.",
    data="Neighbouring sentences of the training speeches, in the 4,000 most frequent words.",
    config=TrainConfig(steps=4000, batch=BATCH, lr=1e-3, warmup=200, final=0.01),
    make=lambda: BertForPreTraining(Bert(N_VOCAB, d_model=128, n_heads=4, n_layers=2, d_ff=512, max_len=LONGEST)),
    examples=lambda: len(neighbours("train")),
    loss=bert_loss,
    held_out=lambda model: sum(fixed_losses(model, "dev")),
    tokenizer=reader_words,
    more=shares,
    bits=8,
)

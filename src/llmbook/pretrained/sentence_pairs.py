r"""Does b follow a? Pairs that are wrong in five ways, and what a reader learns who was trained on one (page 3.5).

    loss = MLM + CE(followed, or not),   on [CLS] a [SEP] b [SEP]

Every second pair is true, the others are wrong in the one way of the game. Every b of a wrong pair follows some other
sentence, so that neither its length nor its first word gives it away; swapped pairs, a behind b, are the exception.
Sources: Devlin et al., *BERT* (2019), section 3.1, for another text; Lan et al., *ALBERT* (2020), section 3.1, for the
swapped order. Left out: pieces of several sentences, as both papers read them.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from llmbook.data.parts import Part
from llmbook.data.speech import sentences, speeches
from llmbook.data.tokenizers import pad
from llmbook.models.bert import BertForPreTraining
from llmbook.pretrained.few_labels import examine
from llmbook.pretrained.readers import Reader, reader_words
from llmbook.pretrained.recipe import FIRST
from llmbook.pretrained.speech_bert import BATCH, LONGEST, pair_losses
from llmbook.training.loop import fit
from llmbook.training.objectives import join_pair
from llmbook.training.schedule import TrainConfig

KINDS = ("another speech", "near in time", "same speech", "same paragraph", "swapped")  # how a pair is wrong
GAMES = {"no pairs": None, "next": "another speech", "near": "same speech", "order": "swapped"}  # and by which kind
SEEDS = 5
STEPS = 3000
HALF = 22  # words of each sentence where neither may be cut by the other
QUESTIONS = 1500
EXAM = 800  # labels of the exam in pairs
Pair = tuple[int, int]  # numbers of two sentences
Joined = tuple[Int[Tensor, "B T"], Int[Tensor, " B"], Int[Tensor, "B T"]]


class Sentences:
    """The sentences of a part as ids, and the speech and the paragraph that each stands in."""

    def __init__(self, part: Part) -> None:
        encode = reader_words().encode
        self.ids: list[list[int]] = []
        self.speech: list[int] = []
        self.paragraph: list[int] = []
        paragraphs = [(n, paragraph) for n, speech in enumerate(speeches(part=part)) for paragraph in speech.paragraphs]
        for number, (speech, text) in enumerate(paragraphs):
            for sentence in sentences(text):
                self.ids.append(encode(sentence))
                self.speech.append(speech)
                self.paragraph.append(number)
        both = zip(self.paragraph, self.paragraph[1:], strict=False)
        self.firsts = [i for i, (here, next_) in enumerate(both) if here == next_]
        self.followers: dict[int, list[int]] = {speech: [] for speech in self.speech}
        for i in self.firsts:
            self.followers[self.speech[i]].append(i + 1)

    def wrong(self, i: int, kind: str) -> Pair | None:
        """A pair wrong in this way beside sentence i, drawn from PyTorch's generator, or ``None`` where there is none.

        Raises ``ValueError`` for a kind that does not exist.
        """
        here = self.speech[i]
        if kind == "swapped":
            return i + 1, i
        if kind == "another speech":
            other = here
            while other == here:
                other = self.speech[draw(self.firsts)]
            pool = self.followers[other]
        elif kind == "near in time":
            pool = self.followers.get(here + 1) or self.followers.get(here - 1, [])
        elif kind == "same speech":
            pool = [j for j in self.followers[here] if self.paragraph[j] != self.paragraph[i]]
        elif kind == "same paragraph":
            near = [j for j in self.followers[here] if self.paragraph[j] == self.paragraph[i]]
            pool = [j for j in near if j not in (i, i + 1)]
        else:
            raise ValueError(f"a pair is wrong by one of {', '.join(KINDS)}; got {kind!r}")
        return (i, draw(pool)) if pool else None

    def stands_inside(self, i: int) -> bool:
        """Whether the pair of sentences i and i + 1 has a neighbour on both sides in its paragraph."""
        return 0 < i and self.paragraph[i - 1 : i + 3] == [self.paragraph[i]] * 4

    def join(self, pairs: list[Pair]) -> Joined:
        """(ids, lengths, segments) of these pairs."""
        return join([(self.ids[a], self.ids[b]) for a, b in pairs])


def join(pairs: list[tuple[list[int], list[int]]]) -> Joined:
    words = reader_words()
    joined = [join_pair(a, b, words.cls, words.sep, LONGEST) for a, b in pairs]
    ids, lengths = pad([ids for ids, _ in joined], words.pad)
    return ids, lengths, pad([segments for _, segments in joined], 0)[0]


def draw(pool: list[int]) -> int:
    return pool[int(torch.randint(len(pool), ()))]


@cache
def read(part: Part) -> Sentences:
    return Sentences(part)


# --- training --------------------------------------------------------------------------------------------------


def deal(text: Sentences, game: str, rows: Int[Tensor, " B"]) -> tuple[list[Pair], Int[Tensor, " B"]]:
    """The pairs of one batch, and whether each is wrong: every second one, where a wrong one can be found."""
    kind = GAMES[game]
    pairs: list[Pair] = []
    labels: list[int] = []
    for k, row in enumerate(rows.tolist()):
        i = text.firsts[row]
        wrong = text.wrong(i, kind) if kind and k % 2 else None
        pairs.append(wrong or (i, i + 1))
        labels.append(int(wrong is not None))
    return pairs, torch.tensor(labels)


def train(game: str, seed: int, steps: int = STEPS, **changes: Any) -> tuple[Reader, list[tuple[float, float]]]:
    """A reader of two layers after its training, and both losses (nats) of each step."""
    torch.manual_seed(seed)
    model = Reader(n_layers=2)
    text = read("train")
    history: list[tuple[float, float]] = []

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        pairs, strange = deal(text, game, rows)
        named, followed = pair_losses(model, *text.join(pairs), strange)
        history.append((named.item(), followed.item()))
        return named if GAMES[game] is None else named + followed

    plan: dict[str, Any] = {"batch": BATCH, "lr": 2e-3, "warmup": 100, "final": 0.05} | changes
    fit(model, loss_of, len(text.firsts), TrainConfig(steps=steps, seed=seed, **plan))
    return model, history


# --- what was learned ------------------------------------------------------------------------------------------


@torch.no_grad()
def scores(model: BertForPreTraining, text: Sentences, pairs: list[Pair]) -> Float[Tensor, " N"]:
    """How sure the reader is of each pair: the logit of "it followed" less that of "it did not"."""
    found: list[Tensor] = []
    for n in range(0, len(pairs), 100):
        found.append(model.nsp(model.bert.pooled(model.bert(*text.join(pairs[n : n + 100])))))
    return -torch.cat(found).diff(dim=-1)[:, 0]


@cache
def questions(part: Part) -> dict[str, list[Pair]]:
    """The same first sentences with those that followed, and once with each kind of wrong ones."""
    text = read(part)
    asked: dict[str, list[Pair]] = {kind: [] for kind in ("true", *KINDS)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for k in torch.randperm(len(text.firsts)).tolist():
            i = text.firsts[k]
            wrong = [pair for kind in KINDS if (pair := text.wrong(i, kind))]
            if len(wrong) == len(KINDS) and len(asked["true"]) < QUESTIONS:
                for kind, pair in zip(asked, [(i, i + 1), *wrong], strict=True):
                    asked[kind].append(pair)
    return asked


def ask(model: BertForPreTraining, part: Part) -> dict[str, float]:
    """For each kind of wrong pair: how often the true one is preferred to it.

    "swapped, inside" leaves out pairs that open or end their paragraph.
    """
    text, asked = read(part), questions(part)
    found = {kind: scores(model, text, pairs) for kind, pairs in asked.items()}
    right = {kind: (found["true"] > found[kind]).float() for kind in KINDS}
    right["swapped, inside"] = right["swapped"][[text.stands_inside(a) for a, _ in asked["true"]]]
    return {kind: round(hits.mean().item(), 4) for kind, hits in right.items()}


@torch.no_grad()
def hidden_words(model: Reader, part: Part, n: int = QUESTIONS) -> list[float]:
    """The loss (nats) on every seventh word of b, hidden: behind the a that it follows, and behind one of another."""
    text, words, true = read(part), reader_words(), questions(part)["true"][:n]
    losses: list[float] = []
    for firsts in ([a for a, _ in true], [a for a, _ in true[1:] + true[:1]]):
        total, count = 0.0, 0
        for k in range(0, len(true), 100):
            rows = [text.ids[b][:HALF] for _, b in true[k : k + 100]]
            veiled = [[words.mask if j % 7 == 3 and i > words.unknown else i for j, i in enumerate(b)] for b in rows]
            short = [text.ids[a][:HALF] for a in firsts[k : k + 100]]
            seen, lengths, segments = join(list(zip(short, veiled, strict=True)))
            target = join(list(zip(short, rows, strict=True)))[0]
            asked = seen != target
            logits = model.word_logits(model.bert(seen, lengths, segments)[asked])
            total += F.cross_entropy(logits, target[asked], reduction="sum").item()
            count += int(asked.sum())
        losses.append(round(total / count, 4))
    return losses


@torch.no_grad()
def features(model: Reader, text: Sentences, pairs: list[Pair]) -> Float[Tensor, "N 4*D"]:
    """For each pair the mean states u of a and v of b, their product and how far they differ."""
    found: list[Tensor] = []
    for n in range(0, len(pairs), 100):
        ids, lengths, segments = text.join(pairs[n : n + 100])
        hidden = model.bert(ids, lengths, segments)
        inside = (ids > reader_words().sep).float()
        shares = [inside * (segments == k) for k in (0, 1)]
        u, v = (torch.einsum("bt,btd->bd", share / share.sum(dim=1, keepdim=True), hidden) for share in shares)
        found.append(torch.cat([u, v, u * v, (u - v).abs()], dim=1))
    return torch.cat(found)


def one_speech(model: Reader) -> float:
    """An exam: do two sentences stand in one speech? Accuracy on the test of a line through frozen features."""
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]

    def exam(part: Part, n: int) -> tuple[Any, Any]:
        same, other = (questions(part)[kind][:n] for kind in ("same speech", "another speech"))
        return features(model, read(part), same + other).numpy(), [1] * len(same) + [0] * len(other)

    line = LogisticRegression(C=0.1, max_iter=2000).fit(*exam("train", EXAM // 2))
    return round(float(line.score(*exam("test", QUESTIONS))), 4)


def measured(game: str, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """What is stored of one reader."""
    model, history = train(game, seed, steps)
    return {
        "first losses": [[round(loss, 4) for loss in both] for both in history[:FIRST]],
        "curve": [round(float(block.mean()), 3) for block in torch.tensor(history)[:, 1].split(steps // 50)],
        "asked": ask(model, "test"),
        "hidden words": hidden_words(model, "test"),
        "eras": examine(model),
        "one speech": one_speech(model),
    }


def sentence_pairs(*_: object) -> dict[str, Any]:
    """The run "sentence-pairs": what each game has taught, with each seed."""
    return {"steps": STEPS, "games": {game: [measured(game, seed) for seed in range(SEEDS)] for game in GAMES}}

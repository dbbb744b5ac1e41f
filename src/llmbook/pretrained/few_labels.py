r"""An exam for readers: in which of four eras was a text written, learned from 20, 100 or 500 labels (page 2.4).

    scores = W · mean of the states + b

Frozen, only W and b are learned, by logistic regression; fine-tuned, everything is, from there on and with a small
rate (Howard and Ruder, 2018, section 3.3, in two stages). Rates and steps were chosen on the part *dev*. Left out:
unfreezing layer by layer.
"""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.parts import Part
from llmbook.data.speech import ERAS, era_paragraphs
from llmbook.pretrained.readers import BERT, GAMES, HALF, Reader, reader_recipe, reader_words
from llmbook.pretrained.recipe import Recipe
from llmbook.training.loop import fit
from llmbook.training.schedule import TrainConfig

LABELS = (20, 100, 500)
DRAWS = 3  # of the labels
SEEDS = 3  # of the pre-training
TESTS = 600
Batch = Int[Tensor, "N T"]
Eras = Int[Tensor, " N"]


@cache
def labelled(part: Part, n: int, seed: int = 0) -> tuple[list[str], Batch, Eras]:
    """n texts, their first 30 words as ids behind [CLS], and their eras, n/4 of each era.

    Raises ``ValueError`` for a part that does not exist.
    """
    words = reader_words()
    pool = era_paragraphs(part)
    order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed)).tolist()
    chosen = [(text, era) for wanted in range(len(ERAS)) for text, era in of_era(pool, order, wanted)[: n // len(ERAS)]]
    x = torch.tensor([[words.cls, *words.encode(text)[:HALF]] for text, _ in chosen])
    return [" ".join(text.split()[:HALF]) for text, _ in chosen], x, torch.tensor([era for _, era in chosen])


def of_era(pool: list[tuple[str, int]], order: list[int], era: int) -> list[tuple[str, int]]:
    return [pool[i] for i in order if pool[i][1] == era]


class EraClassifier(nn.Module):
    """A copy of a reader, and one linear map from the mean of its states to the eras."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = copy.deepcopy(reader).requires_grad_(True)
        self.head = nn.Linear(reader.bert.pooler.in_features, len(ERAS))
        nn.init.zeros_(self.head.weight)

    def vectors(self, x: Batch) -> Float[Tensor, "N D"]:
        return self.reader.states(x).mean(dim=1)

    def forward(self, x: Batch) -> Float[Tensor, "N 4"]:
        return self.head(self.vectors(x))


@torch.no_grad()
def fit_head(net: EraClassifier, x: Batch, y: Eras) -> None:
    """The head alone, by logistic regression on the reader's frozen states."""
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs]

    line = LogisticRegression(C=0.1, max_iter=1000).fit(net.vectors(x).numpy(), y.numpy())
    net.head.weight.copy_(torch.tensor(line.coef_))
    net.head.bias.copy_(torch.tensor(line.intercept_))


def tune(net: EraClassifier, x: Batch, y: Eras, *, steps: int = 40, lr: float = 2e-4, seed: int = 0) -> None:
    """Everything, by gradient."""
    config = TrainConfig(steps=steps, batch=16, lr=lr, warmup=10, seed=seed)
    fit(net, lambda rows: F.cross_entropy(net(x[rows]), y[rows]), len(x), config)


@torch.no_grad()
def accuracy(net: EraClassifier, x: Batch, y: Eras) -> float:
    return (net(x).argmax(dim=-1) == y).float().mean().item()


def examine(reader: Reader) -> dict[str, list[float]]:
    """Accuracy on the test for each number of labels, frozen and fine-tuned: the mean over draws of the labels."""
    _, *test = labelled("test", TESTS)
    results: dict[str, list[float]] = {"frozen": [], "fine-tuned": []}
    for n in LABELS:
        frozen, tuned = 0.0, 0.0
        for seed in range(DRAWS):
            _, x, y = labelled("train", n, seed)
            net = EraClassifier(reader)
            fit_head(net, x, y)
            frozen += accuracy(net, *test)
            tune(net, x, y, seed=seed)
            tuned += accuracy(net, *test)
        results["frozen"].append(round(frozen / DRAWS, 4))
        results["fine-tuned"].append(round(tuned / DRAWS, 4))
    return results


def ablation(trained: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The exam after each game and after none, a result for each seed of the pre-training.

    Of one game also after fewer and, with one seed, more steps. ``trained`` gives the model of a recipe.
    """

    def after(recipe: Recipe) -> dict[str, list[float]]:
        model = trained(recipe)
        assert isinstance(model, Reader)
        return examine(model)

    results: dict[str, list[dict[str, list[float]]]] = {"untrained": []}
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        results["untrained"].append(examine(Reader()))
    for game in [game for game in GAMES if game != BERT]:  # that one is in ``three_objectives``
        results[game] = [after(reader_recipe(game, seed)) for seed in range(SEEDS)]
    results["masked, 300"] = [after(reader_recipe("masked", seed, 300)) for seed in range(SEEDS)]
    results["masked, 3000"] = [after(reader_recipe("masked", 0, 3000))]
    return {"labels": list(LABELS), "draws": DRAWS, "games": results}

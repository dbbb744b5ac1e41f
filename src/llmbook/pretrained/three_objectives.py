r"""Three objectives on one text, for one network and one budget of arithmetic; then the same four exams (page 3.6).

    steps of an objective = multiplications of the budget / multiplications of one step

The network and its games are those of ``readers``; the two questions of BERT are also asked together, as BERT does.
Then every network takes the same exams, each a copy of it. An era is learned from few labels, by ``few_labels``. In the
three others everything is tuned for the same few steps, at the best of the same rates on the part *dev*, and the loss
is taken on *test*:

    choice    which of 64 second halves belongs to this first one     a judgement of pairs
    masked    name the hidden words                                   filling a gap, with both sides seen
    next      say the next word                                       going on with a text

Which words may be seen is the exam's affair where it is about words; a judgement reads as its network has learned to.
Counted are all products of matrices, forwards and backwards: another machine, or a busy one, takes the same steps. The
processor's seconds are stored beside them. The rates are those of ``readers``, but for the question about pairs alone,
which at 3e-3 was not learned in 4,500 steps, and at 1e-3 in 5,000 was. Left out: a search for the best rate of each.
Sources: Devlin et al., *BERT* (2019), section 3.1; Radford et al. (2018), eq. 1.
"""

import copy
import time
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmbook.pretrained.few_labels import examine
from llmbook.pretrained.readers import BATCH, BERT, Reader, held_out_loss, pieces, reader_loss, reader_recipe
from llmbook.pretrained.recipe import Recipe, train_by
from llmbook.training.loop import fit
from llmbook.training.schedule import TrainConfig

OBJECTIVES = {"masked": 3e-3, "followed": 1e-3, BERT: 3e-3, "next": 3e-3}  # and the rate of each
CONTROL = "none"
BUDGET, LONG = 800, 3000  # steps of the masked words, which the others must not outspend
LASTING = ("masked", BERT, "next")  # with the first seed also for the long budget
COUNTED = 8  # steps by which one is priced, since chance says how many words are asked
EXAMS = ("choice", "masked", "next")
RATES = (3e-4, 1e-3, 3e-3)  # of tuning
TUNING = 60  # steps
SEEDS = 5
FIRST = 5  # losses of the first seed, kept one by one


def objective_recipe(objective: str, seed: int = 0, steps: int | None = None) -> Recipe:
    """How a network is trained for an objective, for as many steps as ``BUDGET`` pays if not told.

    Raises ``ValueError`` for an objective that does not exist.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"an objective must be one of {', '.join(OBJECTIVES)}; got {objective!r}")
    recipe = reader_recipe(objective, seed, steps or steps_paid(objective))
    return replace(recipe, config=replace(recipe.config, lr=OBJECTIVES[objective]))


@cache
def multiplications(objective: str) -> int:
    """Of the matrices in one step, forwards and backwards: the mean over some steps. Raises as ``objective_recipe``."""
    recipe = objective_recipe(objective, steps=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = recipe.make()
        # The fused attention hides its products from the counter.
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            for rows in torch.randint(recipe.examples(), (COUNTED, BATCH)):
                recipe.loss(model, rows).backward()
    return counter.get_total_flops() // 2 // COUNTED  # it counts each with its addition


def steps_paid(objective: str, budget: int = BUDGET) -> int:
    """Raises as ``objective_recipe``."""
    return round(budget * multiplications("masked") / multiplications(objective))


def pretrained(objective: str, seed: int, budget: int = BUDGET) -> Reader:
    """The network after its pre-training, or with its first weights for ``CONTROL``; raises as ``objective_recipe``."""
    torch.manual_seed(seed)
    if objective == CONTROL:
        return Reader()
    model = train_by(objective_recipe(objective, seed, steps_paid(objective, budget)))[0]
    assert isinstance(model, Reader)
    return model


def tuned(reader: Reader, exam: str, rate: float, seed: int) -> Reader:
    """A copy of the network after a short training for one of ``EXAMS``."""
    torch.manual_seed(seed)
    model = copy.deepcopy(reader).requires_grad_(True)
    model.causal = reader.causal if exam == "choice" else exam == "next"
    known = pieces("train")
    config = TrainConfig(steps=TUNING, batch=BATCH, lr=rate, warmup=10, seed=1000 + seed)
    fit(model, lambda rows: reader_loss(model, exam, *known.halves(rows)), len(known), config)
    return model


def take_exam(reader: Reader, exam: str, seed: int) -> float:
    """The loss (nats) on *test* after tuning at the rate that is best on *dev*."""
    models = [tuned(reader, exam, rate, seed) for rate in RATES]
    best = min(models, key=lambda model: held_out_loss(model, exam))
    return round(held_out_loss(best, exam, "test"), 4)


def results_of(objective: str, seed: int, budget: int = BUDGET) -> dict[str, Any]:
    """All exams of one network, its loss (nats) in BERT's question about pairs, the seconds of its pre-training."""
    start = time.process_time()
    reader = pretrained(objective, seed, budget)
    seconds = time.process_time() - start
    losses = {exam: take_exam(reader, exam, seed) for exam in EXAMS}
    verdict = round(held_out_loss(reader, "followed"), 4)
    return {"era": examine(reader), **losses, "verdict": verdict, "seconds": round(seconds, 1)}


def three_objectives(*_: object) -> dict[str, Any]:
    """The run "three-objectives": what a step costs, how many are paid, how they begin, all results, some for long."""
    first = {name: train_by(objective_recipe(name), steps=FIRST)[1] for name in OBJECTIVES}
    return {
        "multiplications": {name: multiplications(name) for name in OBJECTIVES},
        "steps": {name: steps_paid(name) for name in OBJECTIVES},
        "first losses": {name: [round(loss, 4) for loss in losses] for name, losses in first.items()},
        "results": {name: [results_of(name, seed) for seed in range(SEEDS)] for name in (CONTROL, *OBJECTIVES)},
        "long": {name: results_of(name, 0, LONG) for name in LASTING},
    }

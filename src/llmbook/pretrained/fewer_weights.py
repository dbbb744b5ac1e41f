r"""The GPT of the speeches with fewer weights, small students of it, and SmolLM2 with fewer weights: page 3.8's runs.

    a step of a student that is taught   2 N_T + 6 N_S operations a token,   alone   6 N_S

N multiplications a token: what the teacher reads costs once, what the student learns from three times. With equal work
the student alone takes (2 N_T + 6 N_S) / 6 N_S times as many steps. Everything is measured on the same windows of
held-out speeches; what is looked at, and learned from, are training speeches. SmolLM2 is looked at and measured as on
page 3.7. Left out: other sizes; more than two rates.
"""

import platform
from collections.abc import Callable
from datetime import date
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.compression.distillation import hidden_loss, soft_loss, with_states
from llmbook.compression.pruning import Mask, Removal, group_sizes, hold, pruned, smaller
from llmbook.compression.rounded_models import Inputs, matrices, read_inputs, replaced
from llmbook.models.causal_lm import CausalLM
from llmbook.models.gpt import GPT
from llmbook.pretrained import fewer_bits
from llmbook.pretrained.fewer_bits import numbers, read_windows
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.smollm2 import load_smollm2
from llmbook.pretrained.speech_gpt import GPT_SPEECHES, N_VOCAB, all_and_the_modern_again
from llmbook.pretrained.worth import held_out, looked_at, measured, milliseconds, multiplications
from llmbook.training.loop import fit
from llmbook.training.objectives import shift, word_loss
from llmbook.training.schedule import TrainConfig

BATCH = 8
HEAL = 60  # steps of training, of a pruned model
STEPS = 400  # of a student
HEAL_SEEDS = 3
SEEDS = 5
FIRST = 5  # losses that are kept one by one
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WAYS: tuple[Removal, ...] = ("random", "magnitude", "magnitude by row", "aware", "refitted")
HEALED: dict[str, tuple[Removal, float]] = {
    f"{how}, {share:.0%}": (how, share) for how in ("magnitude", "refitted") for share in (0.5, 0.7, 0.9)
}
RATES = (1e-3, 2e-4)  # of healing
STUDENTS_RATES = (3e-3, 1e-3)
SMOLLM2: dict[str, tuple[Removal, float]] = {  # least squares for one share: it is slow
    f"{how}, {share:.0%}": (how, share)
    for how in WAYS[1:]
    for share in (0.3, 0.5, 0.7)
    if how != "refitted" or share == 0.5
}
PAIRS = ((0, 1), (1, 3))  # a student's block, and the teacher's whose states it is to find


# --- fewer weights ---------------------------------------------------------------------------------------------


def prune(
    model: CausalLM, how: Removal, share: float, inputs: dict[str, Inputs]
) -> tuple[dict[str, Tensor], dict[str, Mask]]:
    """All matrices of the blocks without ``share`` of their weights, and where the others are."""
    found = {name: pruned(layer.weight, how, share, inputs[name]) for name, layer in matrices(model).items()}
    return {name: new for name, (new, _) in found.items()}, {name: keep for name, (_, keep) in found.items()}


def best(scores: Float[Tensor, " n"], n: int) -> list[int]:
    """The numbers of the n largest."""
    return sorted(scores.argsort(descending=True)[:n].tolist())


def without_heads(model: CausalLM, inputs: dict[str, Inputs], n: int) -> CausalLM:
    """In each layer only the n heads that add most."""
    names = [f"{i}.attention.w_o" for i in range(len(model.blocks))]
    width = model.config.head_width
    scores = [group_sizes(matrices(model)[name].weight, inputs[name].moment, width) for name in names]
    return smaller(model, heads={i: best(score, n) for i, score in enumerate(scores)})


def without_neurons(model: CausalLM, inputs: dict[str, Inputs], n: int) -> CausalLM:
    """In each layer only the n neurons that add most."""
    names = [f"{i}.feed_forward.w_2" for i in range(len(model.blocks))]
    scores = [group_sizes(matrices(model)[name].weight, inputs[name].moment, 1) for name in names]
    return smaller(model, neurons={i: best(score, n) for i, score in enumerate(scores)})


def without_layers(model: CausalLM, n: int) -> tuple[CausalLM, list[int]]:
    """Only n layers, and which: one after another goes the one that is missed least on what is looked at."""
    keep = list(range(len(model.blocks)))
    while len(keep) > n:
        tried = {i: read_windows(smaller(model, layers=[j for j in keep if j != i]), looked_at())[0] for i in keep}
        keep.remove(min(keep, key=lambda i: tried[i].mean().item()))
    return smaller(model, layers=keep), keep


def learn(
    model: CausalLM, seed: int, *, steps: int = STEPS, rate: float = 3e-3, warmup: int | None = None,
    teacher: CausalLM | None = None, temperature: float = 1.0, hidden: bool = False,
    masks: dict[str, Mask] | None = None,
) -> tuple[CausalLM, list[float]]:  # fmt: skip
    """The model after its training on the speeches, and the loss of each step.

    Half of the loss is soft where there is a teacher; states count once more. The rate grows for a tenth of the steps.
    """
    text = all_and_the_modern_again()
    T = model.max_len
    model.requires_grad_(True)
    hold(model, masks or {})
    sizes = model.config.d_model, model.config.d_model if teacher is None else teacher.config.d_model
    readers = [nn.Linear(*sizes, bias=False) for _ in PAIRS] if hidden else []

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        ids, targets = shift(text[rows[:, None] + torch.arange(T + 1)])
        if teacher is None:
            return word_loss(model(ids), targets)
        logits, states = with_states(model, ids)
        with torch.no_grad():
            wanted, right_states = with_states(teacher, ids)
        loss = (word_loss(logits, targets) + soft_loss(logits, wanted, temperature)) / 2
        if hidden:
            mine, theirs = ([found[pair[i]] for pair in PAIRS] for i, found in enumerate((states, right_states)))
            loss = loss + hidden_loss(mine, theirs, [reader.weight for reader in readers])
        return loss

    warmup = steps // 10 if warmup is None else warmup
    config = TrainConfig(steps=steps, batch=BATCH, lr=rate, warmup=warmup, weight_decay=0.1, seed=seed)
    history = fit(nn.ModuleList([model, *readers]), loss_of, len(text) - T, config)
    model.requires_grad_(False)
    return model, history


def heal(model: CausalLM, seed: int, *, steps: int = HEAL, rate: float = 1e-3, **options: Any) -> CausalLM:
    """A copy of the model after some more training, as ``learn`` has it."""
    return learn(smaller(model), seed, steps=steps, rate=rate, **options)[0]


def healing(gpt: CausalLM, inputs: dict[str, Inputs], two: CausalLM, rate: float) -> dict[str, Any]:
    """With each seed: the whole model as control, without weights, heads or neurons; and two layers, also taught."""

    def all_seeds(model: CausalLM, **options: Any) -> list[dict[str, list[float]]]:
        return [measured(heal(model, seed, rate=rate, **options)) for seed in range(HEAL_SEEDS)]

    healed = {"nothing": all_seeds(gpt)}
    for name, (how, share) in HEALED.items():
        new, masks = prune(gpt, how, share, inputs)
        with replaced(gpt, new):
            healed[name] = all_seeds(gpt, masks=masks)
    healed["3 heads"] = all_seeds(without_heads(gpt, inputs, 3))
    healed["384 neurons"] = all_seeds(without_neurons(gpt, inputs, 384))
    healed["2 layers"] = all_seeds(two)
    healed["2 layers, taught"] = all_seeds(two, teacher=gpt)
    healed["2 layers, longer"] = all_seeds(two, steps=round(HEAL * work_of_teaching(gpt, two)))
    return healed


def fewer_weights(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "fewer-weights": without some weights, heads, neurons or layers, at once and after healing."""
    gpt = model_of(GPT_SPEECHES)
    assert isinstance(gpt, GPT)
    inputs = read_inputs(gpt, looked_at())
    once: dict[str, Any] = {"nothing": measured(gpt)}
    for how in WAYS:
        for share in SHARES:
            with replaced(gpt, prune(gpt, how, share, inputs)[0]):
                once[f"{how}, {share:.0%}"] = measured(gpt)
    shapes = {f"{n} heads": without_heads(gpt, inputs, n) for n in (5, 4, 3, 2, 1)}
    shapes |= {f"{n} neurons": without_neurons(gpt, inputs, n) for n in (640, 512, 384, 256, 128)}
    layers = {n: without_layers(gpt, n) for n in (3, 2, 1)}
    shapes |= {f"{n} layers": found for n, (found, _) in layers.items()}
    once |= {name: measured(found) for name, found in shapes.items()}
    healed = healing(gpt, inputs, shapes["2 layers"], RATES[0])
    return {"once": once, "healed": healed, "layers": {str(n): keep for n, (_, keep) in layers.items()}}


def healing_slower(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "healing-slower": all that was healed, at a fifth of the rate."""
    gpt = model_of(GPT_SPEECHES)
    assert isinstance(gpt, GPT)
    return healing(gpt, read_inputs(gpt, looked_at()), without_layers(gpt, 2)[0], RATES[1])


def fewer_weights_smollm2(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "fewer-weights-smollm2": a model whose inputs have outliers, without some weights; nats a window."""
    model, tokenizer = load_smollm2()
    rows = fewer_bits.held_out(tokenizer)
    inputs = read_inputs(model, fewer_bits.looked_at(tokenizer)[:, :-1])
    found = {"nothing": numbers(read_windows(model, rows)[0])}
    for name, (how, share) in SMOLLM2.items():
        with replaced(model, prune(model, how, share, inputs)[0]):
            found[name] = numbers(read_windows(model, rows)[0])
    return found


def fewer_weights_speed(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "fewer-weights-speed": milliseconds to read a window, of the whole model and of what is left of it."""
    gpt = model_of(GPT_SPEECHES)
    assert isinstance(gpt, GPT)
    inputs = read_inputs(gpt, looked_at())
    ids = held_out()[:1]
    models = {"the GPT": gpt, "3 heads": without_heads(gpt, inputs, 3)}
    models |= {"384 neurons": without_neurons(gpt, inputs, 384), "2 layers": smaller(gpt, layers=[0, 3])}
    models["student"] = new_student(0).eval().requires_grad_(False)
    found = {name: milliseconds(lambda model=model: model(ids)) for name, model in models.items()}
    with replaced(gpt, prune(gpt, "magnitude", 0.7, inputs)[0]):
        found["70% noughts"] = milliseconds(lambda: gpt(ids))
    machine = f"{platform.machine()} with {torch.backends.cpu.get_cpu_capability()}, one thread"
    return {"machine": machine, "date": str(date.today()), "milliseconds": {n: round(t, 3) for n, t in found.items()}}


# --- students --------------------------------------------------------------------------------------------------


def work_of_teaching(teacher: CausalLM, student: CausalLM) -> float:
    """(2 N_T + 6 N_S) / 6 N_S."""
    return 1 + multiplications(teacher) / (3 * multiplications(student))


def new_student(seed: int) -> GPT:
    """Two layers, 96 wide: a sixth of the teacher's weights."""
    torch.manual_seed(seed)
    return GPT(N_VOCAB, d_model=96, n_heads=3, n_layers=2, max_len=128)


def students(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "students": alone, alone with equal work, and taught in three ways; the same first weights and texts."""
    gpt = model_of(GPT_SPEECHES)
    assert isinstance(gpt, GPT)
    ways: dict[str, dict[str, Any]] = {
        "alone": {},
        "alone, equal work": {"steps": round(STEPS * work_of_teaching(gpt, new_student(0)))},
        "taught, τ = 1": {"teacher": gpt},
        "taught, τ = 4": {"teacher": gpt, "temperature": 4.0},
        "taught, τ = 1, with states": {"teacher": gpt, "hidden": True},
    }
    found: dict[str, Any] = {name: {"first losses": [], "nats": []} for name in ways}
    for seed in range(SEEDS):
        for name, options in ways.items():
            student, history = learn(new_student(seed), seed, **options)
            found[name]["first losses"].append([round(loss, 4) for loss in history[:FIRST]])
            found[name]["nats"].append(measured(student))
    return found


def students_slower(model_of: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "students-slower": four of them at a third of the rate."""
    gpt = model_of(GPT_SPEECHES)
    assert isinstance(gpt, GPT)
    longer = round(STEPS * work_of_teaching(gpt, new_student(0)))
    ways: dict[str, dict[str, Any]] = {
        "alone": {},
        "alone, equal work": {"steps": longer},
        "taught, τ = 1": {"teacher": gpt},
        "taught, τ = 4": {"teacher": gpt, "temperature": 4.0},
    }
    return {
        name: [
            measured(learn(new_student(seed), seed, rate=STUDENTS_RATES[1], **options)[0]) for seed in range(HEAL_SEEDS)
        ]
        for name, options in ways.items()
    }

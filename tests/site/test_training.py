"""Training on the page, in Chromium: first weights, batches, gradients and whole runs, against PyTorch's."""

import random

import pytest
import torch
from playwright.sync_api import Page

from conftest import ROOT
from llmbook.data import CharTokenizer
from llmbook.models import GPT
from llmbook.pages import TrainHere
from llmbook.pages.widgets.small_run import (
    MOST_SYMBOLS,
    SmallText,
    frequencies,
    held_out_loss,
    make_model,
    prepare,
    sample,
)
from llmbook.training import TrainConfig, learning_rate, word_loss
from llmbook.training.schedule import batch_indices

TESTING = ROOT / "_build/testing/testing.js"
# Both compute in float64, so that only the order of sums is between them.
EXACT = 1e-10
WEIGHTS = """([letters, width, heads, layers, length, seed]) => {
  const sizes = { vocab: letters, width, heads, layers, length };
  window.sizes = sizes;
  window.parts = llmbookTraining.makeParts(sizes, seed);
  window.parameters = llmbookTraining.listParameters(parts);
  return parameters.map(({ name, value }) => [name, [...value]]);
}"""
GRADIENTS = """([weights, windows]) => {
  parameters.forEach((one, k) => { one.value.set(weights[k]); one.gradient.fill(0); });
  const losses = windows.map((ids) => llmbookTraining.learnWindow(ids, 1 / windows.length, parts, sizes));
  return [losses, parameters.map(({ gradient }) => [...gradient])];
}"""
# (n_vocab, D, H, layers, T): several of each, a width that 16 does not divide, and windows shorter than the model reads
SIZES = [
    (7, 8, 1, 1, 5),
    (66, 32, 2, 2, 32),
    (13, 24, 4, 2, 11),
    (31, 16, 4, 1, 64),
    (2, 8, 2, 2, 8),
    (19, 12, 3, 3, 6),
]


@pytest.fixture
def page(open_page, tmp_path) -> Page:
    (tmp_path / "testing.js").write_bytes(TESTING.read_bytes())
    (tmp_path / "t.html").write_text('<!doctype html><meta charset="utf-8"><script src="testing.js"></script>')
    page, _ = open_page(f"file://{tmp_path}/t.html")
    return page


def model_of(size: tuple[int, ...], seed: int) -> GPT:
    vocab, width, heads, layers, length = size
    text = SmallText(CharTokenizer(map(chr, range(65, 65 + vocab))), torch.tensor([0]), torch.tensor([0]))
    return make_model(text, d_model=width, n_heads=heads, n_layers=layers, length=length, seed=seed)


@pytest.mark.parametrize("seed", [0, 1, 999])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_weights_are_pytorchs(page, size, seed):
    """Bit by bit."""
    found = page.evaluate(WEIGHTS, [*size, seed])
    model = model_of(size, seed)
    assert [name for name, _ in found] == [name for name, _ in model.named_parameters()]
    for (name, numbers), (_, weight) in zip(found, model.named_parameters(), strict=True):
        assert numbers == weight.flatten().tolist(), name


@pytest.mark.parametrize("seed", [0, 7, 999])
def test_the_batches_are_pytorchs(page, seed):
    call = "([step, n, batch, seed]) => llmbookTraining.batchIndices(step, n, { batch, seed })"
    for step, n, batch in ((1, 235, 8), (2, 26_161, 8), (1000, 49_936, 32), (3000, 2, 3)):
        drawn = batch_indices(step, n, TrainConfig(steps=3000, batch=batch, seed=seed)).tolist()
        assert page.evaluate(call, [step, n, batch, seed]) == drawn


def gradients_differ(page: Page, size: tuple[int, ...], seed: int) -> float:
    """By how much, at most, of weights drawn so large that no activation is nearly linear."""
    vocab, length = size[0], size[-1]
    page.evaluate(WEIGHTS, [*size, 0])
    model, dice = model_of(size, seed), random.Random(seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight += torch.randn(weight.shape) * 0.4
    shorter = max(2, length // 2)
    windows = [[dice.randrange(vocab) for _ in range(n + 1)] for n in (length, length, shorter)]
    losses = []
    for window in windows:
        ids = torch.tensor([window])
        losses.append(word_loss(model(ids[:, :-1]), ids[:, 1:]))
    torch.stack(losses).mean().backward()
    weights = [weight.flatten().tolist() for weight in model.parameters()]
    found, gradients = page.evaluate(GRADIENTS, [weights, windows])
    torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), torch.stack(losses), atol=EXACT, rtol=0)
    pairs = zip(gradients, model.parameters(), strict=True)
    return max(
        (torch.tensor(ours, dtype=torch.float64) - theirs.grad.flatten()).abs().max().item() for ours, theirs in pairs
    )


def test_a_loss_is_pytorchs_where_a_probability_is_too_small_for_a_number(page):
    """A run whose rate is too large goes on here as long as it does there."""
    size = SIZES[0]
    page.evaluate(WEIGHTS, [*size, 0])
    model = model_of(size, 0)
    torch.manual_seed(0)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.randn_like(model.embedding.weight) * 500)
    windows = [[0, 1, 2, 3, 4, 5], [6, 0, 5, 1, 4, 2]]
    ids = torch.tensor(windows)
    losses = torch.stack([word_loss(model(row[None, :-1]), row[None, 1:]) for row in ids])
    assert losses.min() > 800  # log of the smallest number: -745
    weights = [weight.flatten().tolist() for weight in model.parameters()]
    found, gradients = page.evaluate(GRADIENTS, [weights, windows])
    torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), losses, atol=0, rtol=1e-9)
    losses.mean().backward()
    for ours, theirs in zip(gradients, model.parameters(), strict=True):
        torch.testing.assert_close(torch.tensor(ours).double(), theirs.grad.flatten(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_gradients_are_pytorchs(page, size):
    worst = max(gradients_differ(page, size, seed) for seed in range(3))
    print(f"{size}: gradients differ by {worst:.1e}")
    assert worst <= EXACT


WRONG = [  # in the built script, which keeps these numbers and names
    ("Math.tanh(", "Math.sin("),
    (".044715", ".045715"),
    ("1e-5", "1e-4"),
    ("Math.log(", "Math.log2("),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_a_wrong_core_is_noticed(page, old, new):
    script = TESTING.read_text(encoding="utf-8")
    assert old in script
    page.evaluate(script.replace(old, new))
    with pytest.raises(AssertionError):
        assert gradients_differ(page, SIZES[1], 0) <= EXACT


def test_the_rate_is_the_schedules(page):
    call = "([t, lr, steps]) => llmbookTraining.learningRate(t, { lr, steps })"
    for steps in (1, 60, 100, 1000, 3000):
        config = TrainConfig(steps=steps, lr=0.01)
        for t in (1, 2, 59, 99, 100, 101, 500, 999, 1000, 1001, 3000):
            assert page.evaluate(call, [t, 0.01, steps]) == pytest.approx(learning_rate(t, config), rel=1e-14)


TRAIN = """([text, length, width, heads, layers, lr, steps, seed, many]) => {
  const drain = (slices) => { let s = slices.next(); while (!s.done) s = slices.next(); return s.value; };
  const prepared = llmbookTraining.prepare(text, length);
  const sizes = { vocab: prepared.letters.length, width, heads, layers, length };
  const run = new llmbookTraining.Run(prepared, sizes, { lr, steps, seed, batch: 8 });
  const losses = Array.from({ length: many }, () => drain(run.next()));
  return { losses, heldOut: drain(run.heldOut()), weights: run.parameters.map(({ value }) => [...value]),
           count: llmbookTraining.countParameters(sizes), written: drain(run.write(80, 3)) };
}"""


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 150},
        {"steps": 60, "d_model": 24, "n_heads": 4, "n_layers": 1, "length": 16, "seed": 5, "lr": 0.03},
        {"steps": 40, "d_model": 48, "n_heads": 1, "length": 64, "seed": 999},
    ],
)
def test_a_whole_run_is_the_libraries(page, settings):
    """Loss by loss, and at the end weight by weight."""
    lab = TrainHere(**settings)
    call = [sample(), lab.length, lab.d_model, lab.n_heads, lab.n_layers, lab.lr, lab.steps, lab.seed, lab.steps]
    found = page.evaluate(TRAIN, call)
    model, losses, held_out = lab.train()
    apart = max(abs(a - b) for a, b in zip(found["losses"], losses, strict=True))
    far = max(
        (torch.tensor(ours, dtype=torch.float64) - theirs.flatten()).abs().max().item()
        for ours, theirs in zip(found["weights"], model.parameters(), strict=True)
    )
    print(f"{settings}: losses {apart:.1e} apart, held out {abs(found['heldOut'] - held_out):.1e}, weights {far:.1e}")
    assert apart <= 1e-6
    assert found["heldOut"] == pytest.approx(held_out, abs=1e-6)
    assert found["count"] == lab.parameters
    assert len(found["written"]) == 81
    assert set(found["written"]) <= set(sample())


def test_a_run_that_was_interrupted_is_the_same_run(page):
    """What a step has left undone is thrown away: a run depends on its settings alone."""
    found = page.evaluate(
        """(text) => {
          const drain = (slices) => { let s = slices.next(); while (!s.done) s = slices.next(); return s.value; };
          const prepared = llmbookTraining.prepare(text, 16);
          const sizes = { vocab: prepared.letters.length, width: 16, heads: 2, layers: 1, length: 16 };
          const make = () => new llmbookTraining.Run(prepared, sizes, { lr: 0.01, steps: 20, seed: 0, batch: 8 });
          const [one, other] = [make(), make()];
          const losses = Array.from({ length: 20 }, () => drain(one.next()));
          const again = losses.map((_, k) => {
            const left = other.next();
            for (let i = 0; i < k % 9; i++) left.next(); // and then no more
            drain(other.heldOut());
            return drain(other.next());
          });
          return [losses, again];
        }""",
        sample(),
    )
    assert found[0] == found[1]


def test_a_loss_that_is_no_number_is_told_before_a_weight_changes(page):
    found = page.evaluate(
        """(text) => {
          const drain = (slices) => { let s = slices.next(); while (!s.done) s = slices.next(); return s.value; };
          const prepared = llmbookTraining.prepare(text, 16);
          const sizes = { vocab: prepared.letters.length, width: 16, heads: 2, layers: 1, length: 16 };
          const run = new llmbookTraining.Run(prepared, sizes, { lr: 1e200, steps: 20, seed: 0, batch: 8 });
          try {
            for (let i = 0; i < 20; i++) drain(run.next());
          } catch (error) {
            const before = run.parameters.flatMap(({ value }) => [...value]);
            try { drain(run.next()); } catch {}
            const after = run.parameters.flatMap(({ value }) => [...value]);
            return [error.message, run.step, before.every((x, i) => Object.is(x, after[i]))];
          }
        }""",
        sample(),
    )
    message, step, unchanged = found
    assert message.startswith(f"step {step + 1}: the loss is ")
    assert message.endswith("; a smaller learning rate may help")
    assert unchanged


def odd(count: int, seed: int) -> list[str]:
    """Texts of all kinds, some with too many different characters, some with line breaks of every system."""
    rng, out = random.Random(seed), []
    for _ in range(count):
        letters = rng.choice(
            ["ab", "abc \n", "é注意🙂ש\u202e\u0000\ufeff", "".join(map(chr, range(0x4E00, 0x4E00 + 700)))]
        )
        text = "".join(rng.choices(letters, k=rng.choice([300, 301, 777, 3000])))
        out.append(text.replace("a", "\r\n") if rng.random() < 0.2 else text)
    return [text for text in out if len(text.replace("\r\n", "\n")) >= 300]


PREPARE = """([text, length]) => {
  const prepared = llmbookTraining.prepare(llmbookTraining.tidy(text).text, length);
  return { ...prepared, ...llmbookTraining.frequencies(prepared, length) };
}"""


@pytest.mark.parametrize("length", [8, 64])
def test_a_text_is_cut_and_counted_as_in_python(page, length):
    for text in [sample(), *odd(60, length)]:
        found, ours = page.evaluate(PREPARE, [text, length]), prepare(text, length)
        assert found["letters"] == ours.tokenizer.symbols
        assert (found["train"], found["heldOut"]) == (ours.train.tolist(), ours.held_out.tolist())
        told = [found["nothing"], found["unigram"], found["bigram"]]
        assert told == pytest.approx(frequencies(ours, length), rel=1e-12)
        assert (found["merged"] > 0) == (len(set(text)) > MOST_SYMBOLS)


def test_the_held_out_loss_of_an_untrained_model_is_that_of_knowing_nothing():
    text = prepare(sample(), 32)
    model = make_model(text, d_model=32, n_heads=2, n_layers=2, length=32, seed=0)
    assert held_out_loss(model, text) == pytest.approx(frequencies(text, 32)[0], abs=0.05)

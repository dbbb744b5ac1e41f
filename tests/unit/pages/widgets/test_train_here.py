"""The small GPT of the page in Python: its text, counters, runs and state, and errors that name what was given."""

import json
import math
import re
from itertools import pairwise

import ipywidgets
import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as some

from llmbook.models import GPT
from llmbook.pages import TrainHere
from llmbook.pages.widgets.small_run import (
    BATCH,
    FEWEST,
    MOST,
    frequencies,
    held_out_loss,
    make_model,
    merge_rare,
    prepare,
    sample,
    tidy,
    train_model,
    windows,
)
from llmbook.pages.widgets.train_here import CHOICES, RESULTS, STATE, check_settings
from llmbook.training import TrainConfig, fit, word_loss

SCRIPT = re.compile(r'<script type="application/json">(.*?)</script>')
TINY = {"d_model": 8, "n_heads": 2, "n_layers": 1, "length": 8, "steps": 30}


def test_a_text_is_learned_from_but_for_its_end():
    text = prepare("abc" * 1000, 16)
    assert (len(text.train), len(text.held_out)) == (2700, 300)
    assert torch.cat([text.train, text.held_out]).tolist() == [0, 1, 2] * 1000
    assert len(prepare("abc" * 100, 64).held_out) == 65  # one window at least
    assert len(prepare("ab" * 25_000, 16).held_out) == 2_000  # and no more than that


def test_windows_stand_one_behind_the_other():
    inputs, targets = windows(torch.arange(20), 6)
    assert inputs.tolist() == [[*range(6)], [*range(6, 12)], [*range(12, 18)]]
    assert torch.equal(targets, inputs + 1)


def test_the_counters_count_what_is_learned_from_and_are_asked_of_the_rest():
    """By hand: 'ab' over and over, and an end of 'a' alone."""
    text = prepare("ab" * 200 + "a" * 20, 8)
    n, V = len(text.train), 2
    assert (n, len(text.held_out)) == (378, 42)
    nothing, unigram, bigram = frequencies(text, 8)
    p_a, p_b = (189 + 1) / (n + V), (189 + 1) / (n + V)
    after_a = {"b": (189 + 5 * p_b) / (189 + 5), "a": 5 * p_a / (189 + 5)}
    after_b = {"a": (188 + 5 * p_a) / (188 + 5)}
    # Of 42 characters 41 have one before them, of which five windows hold 40: abab… to the 22nd, then a's.
    asked = "ab" * 11 + "a" * 20
    surprises = [-math.log(after_a[y] if x == "a" else after_b[y]) for x, y in pairwise(asked[:41])]
    assert nothing == math.log(2)
    assert unigram == pytest.approx(-math.log(p_a))
    assert bigram == pytest.approx(sum(surprises) / 40)


def test_rare_characters_become_one():
    many = "".join(map(chr, range(1000, 1310)))
    assert merge_rare(many[:300]) == many[:300]
    merged = merge_rare(many + many[-20:])
    assert len(set(merged)) == 300
    assert merged[-20:] == many[-20:]  # the commonest stay
    assert merged[:279] == many[:279]  # of those equally common, the first
    assert set(merged[279:290]) == {"\ufffd"}


def test_line_breaks_and_halves_of_pairs_are_read_as_a_page_reads_them():
    assert tidy("a\r\nb\rc\n\ud83dd🙂") == "a\nb\nc\n\ufffdd🙂"


def test_first_weights_are_even_and_those_of_the_seed():
    text = prepare(sample(), 16)
    before = torch.random.get_rng_state()
    model = make_model(text, d_model=16, n_heads=2, n_layers=2, length=16, seed=4)
    assert torch.equal(torch.random.get_rng_state(), before)  # the reader's random numbers go on as they were
    matrices = torch.cat([weight.flatten() for weight in model.parameters() if weight.ndim == 2])
    assert matrices.dtype == torch.float64
    assert -1 / 32 <= matrices.min() < -0.031 < 0.031 < matrices.max() < 1 / 32
    torch.manual_seed(4)
    assert torch.equal(model.embedding.weight.flatten()[:40], (torch.rand(40) / 16 - 1 / 32).double())
    gains = [weight for name, weight in model.named_parameters() if "norm" in name and name.endswith("weight")]
    assert all(bool((gain == 1).all()) for gain in gains)


def test_a_run_is_fits():
    """The same batches, windows and settings, spelt out."""
    lab = TrainHere(**TINY, lr=0.02, seed=3)
    model, losses, held_out = lab.train()
    text, again = lab.prepared, lab.untrained()

    def loss_of(rows):
        some_windows = torch.stack([text.train[i : i + 9] for i in rows.tolist()])
        return word_loss(again(some_windows[:, :-1]), some_windows[:, 1:])

    config = TrainConfig(steps=30, batch=BATCH, lr=0.02, seed=3)
    assert fit(again, loss_of, len(text.train) - 8, config) == pytest.approx(losses, abs=1e-12)
    assert held_out == pytest.approx(held_out_loss(again, text), abs=1e-12)
    assert isinstance(model, GPT)
    assert losses[-1] < losses[0]


def test_a_loss_that_is_no_number_is_an_error():
    text = prepare(sample(), 8)
    model = make_model(text, d_model=8, n_heads=1, n_layers=1, length=8, seed=0)
    with pytest.raises(ValueError, match="a smaller learning rate may help"):
        train_model(model, text, lr=1e200, steps=30, seed=0)


def test_it_counts_its_parameters():
    lab = TrainHere(d_model=16, n_layers=1, length=8)
    D, V = 16, len(lab.prepared.tokenizer)
    assert lab.parameters == (V + 8) * D + 12 * D * D + 13 * D + 2 * D


def test_its_text_is_the_books_own_or_the_readers():
    assert TrainHere().prepared.held_out.tolist() == prepare(sample(), 32).held_out.tolist()
    lab = TrainHere("ab\r\n" * 100)
    assert lab.text == "ab\n" * 100
    lab.text = None
    assert len(lab.prepared.tokenizer) == len(set(sample()))
    lab.text = "xy\r" * 150
    assert lab.text == "xy\n" * 150


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"text": "short"}, "300 to 50000 characters, got 5"),
        ({"text": "a" * 50_001}, "300 to 50000 characters, got 50001"),
        ({"text": "a" * 400}, "two different characters at least, got 'a' alone"),
        ({"lr": 0}, "lr must be a number from 1e-05 to 10, got 0"),
        ({"lr": math.nan}, "lr must be a number from 1e-05 to 10, got nan"),
        ({"lr": "0.1"}, "lr must be a number from 1e-05 to 10, got '0.1'"),
        ({"d_model": 12}, "d_model must be one of 8, 16, 24, 32, 48, got 12"),
        ({"n_heads": True}, "n_heads must be one of 1, 2, 4, got True"),
        ({"n_layers": 3}, "n_layers must be one of 1, 2, got 3"),
        ({"length": 9}, "length must be one of 8, 16, 32, 64, got 9"),
        ({"steps": 0}, "steps must be a whole number from 1 to 3000, got 0"),
        ({"steps": 3001}, "steps must be a whole number from 1 to 3000, got 3001"),
        ({"seed": 1000}, "seed must be a whole number from 0 to 999, got 1000"),
        ({"seed": 1.5}, "seed must be a whole number from 0 to 999, got 1.5"),
        ({"place": -1}, "place must be a whole number from 0 to 50000, got -1"),
        ({"layer": 2}, "layer must be a whole number from 0 to 1, got 2"),
        ({"head": 4}, "head must be a whole number from 0 to 3, got 4"),
        ({"width": 8}, "TrainHere has no setting width; it has text, lr,"),
    ],
)
def test_what_cannot_be_is_refused_and_named(wrong, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        TrainHere(**wrong)
    (name,) = wrong
    if name in STATE:
        lab = TrainHere()
        before = getattr(lab, name)
        with pytest.raises(traitlets.TraitError):
            setattr(lab, name, wrong[name])
        assert getattr(lab, name) == before


def test_a_text_is_a_string():
    with pytest.raises(ValueError, match="text must be a string of 300 to 50000 characters, or None, got 3"):
        check_settings({"text": 3})


def test_the_least_and_the_most_are_taken():
    for text in ("ab" * (FEWEST // 2), "ab" * (MOST // 2)):
        assert TrainHere(text).text == text
    for name, (low, *_, high) in CHOICES.items():
        assert getattr(TrainHere(**{name: low}), name) == low
        assert getattr(TrainHere(**{name: high}), name) == high
    lab = TrainHere(lr=1e-5, steps=3000, seed=999, place=50_000, layer=1, head=3)
    assert (lab.lr, lab.steps, lab.seed) == (1e-5, 3000, 999)
    assert TrainHere(lr=10).lr == 10


@settings(max_examples=60, deadline=None)
@given(some.text(min_size=300, max_size=420), some.sampled_from(CHOICES["length"]))
def test_any_text_is_refused_or_cut_whole(text, length):
    try:
        parts = prepare(text, length)
    except ValueError:
        assert len(tidy(text)) < FEWEST or len(set(tidy(text))) == 1
        return
    known = tidy(text)
    decoded = parts.tokenizer.decode([*parts.train.tolist(), *parts.held_out.tolist()])
    assert all(a in (b, "\ufffd") for a, b in zip(decoded, known, strict=True))
    assert len(parts.train) > length
    assert all(0 < nats < 30 for nats in frequencies(parts, length))


def test_the_page_is_given_the_state_and_a_table():
    lab = TrainHere("<script>alert(1)</script> & so on; " * 12, seed=7)
    html = lab.to_html()
    state = json.loads(SCRIPT.search(html)[1])
    assert set(state) == {"source", *STATE, *RESULTS}
    assert (state["text"], state["seed"]) == (lab.text, 7)
    assert state["source"] == {"text": sample()}
    assert html.count("<script") == 1
    for name, number in lab.rows():
        assert f">{name}</th><td>{number}</td>" in html
    assert dict(lab.rows())["parameters of the model"] == f"{lab.parameters:,}"


def test_its_repr_tells_settings_and_numbers():
    assert repr(TrainHere()) == repr(TrainHere())
    assert repr(TrainHere()).startswith("TrainHere: 28,608 parameters, lr=0.01, d_model=32, n_heads=2, n_layers=2,")
    assert repr(TrainHere("ab " * 200)) != repr(TrainHere("ab\n" * 200 + "c"))
    assert repr(TrainHere(seed=1)) != repr(TrainHere())


def test_traits_can_be_watched_and_linked():
    lab, seen = TrainHere(), []
    slider = ipywidgets.IntSlider(max=999)
    ipywidgets.link((slider, "value"), (lab, "seed"))
    lab.observe(lambda change: seen.append(change["new"]), "step")
    slider.value = 5
    lab.step = 25  # as the page does
    assert lab.seed == 5
    assert seen == [25]
    bundle, _ = lab._repr_mimebundle_()
    assert {"text/plain", "text/html"} <= set(bundle)

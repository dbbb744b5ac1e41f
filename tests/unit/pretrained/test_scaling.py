"""The runs of page 8.1: what is counted, which text is read, copies that cool, and stored numbers made again."""

import copy
import json
import math

import pytest
import torch
from reference import close

from llmbook.models import GPT
from llmbook.pages.scaling_laws import HOFFMANN, KAPLAN, fit_law
from llmbook.pretrained import read_stored, scaling
from llmbook.pretrained.recipe import STORED
from llmbook.pretrained.scaling import BATCH, NINTH, READINGS, SECOND, WIDTHS, T, Training, count, make, order, points


def test_the_run_is_of_this_code():
    run = read_stored("scaling")
    grid = [(size["width"], size["seed"]) for size in run["sizes"]]
    assert grid == [(width, 0) for width in WIDTHS] + [(width, 1) for width in SECOND]
    for size in run["sizes"]:
        assert (size["parameters"], size["without embeddings"]) == count(make(size["width"], 0))
        assert list(map(int, size["cooled"])) == list(map(int, size["kept"])) == list(READINGS)
    assert points(run).shape == (len(run["sizes"]) * (len(READINGS) - 1), 4)
    more = read_stored("scaling-variations")
    assert {int(n): tuple(size["width"] for size in found) for n, found in more["again"].items()} == scaling.AGAIN


def test_the_ninth_was_predicted_from_these_eight():
    said = json.loads((STORED / "scaling-registered.json").read_text(encoding="utf-8"))
    ninth = read_stored("scaling-ninth")
    assert said["sha256 of scaling.json"] == scaling.digest("scaling")
    assert ninth["sha256 of scaling-registered.json"] == scaling.digest("scaling-registered")
    assert said["parameters"] == ninth["parameters"] == count(make(NINTH, 0))[0]
    for law in (HOFFMANN, KAPLAN):
        fit = fit_law(law, points(read_stored("scaling")))
        for end, (low, middle, high) in said["95 % low, middle, high"][law.name].items():
            assert fit(said["parameters"], int(end) * BATCH * T).item() == pytest.approx(middle, abs=1e-3)
            assert low < middle < high


def test_the_first_steps_are_those_stored():
    training = Training(16, 0)
    first = [training.step() for _ in range(10)]
    stored = next(size for size in read_stored("scaling")["sizes"] if size["width"] == 16)["first losses"]
    close(torch.tensor(first), torch.tensor(stored[:10]), 0.01)


def test_parameters_are_counted_once_and_without_tables():
    n, without = count(make(16, 0))
    model = make(16, 0)
    blocks = sum(weight.numel() for weight in [*model.blocks.parameters(), *model.norm.parameters()])
    assert without == blocks
    assert n == blocks + model.embedding.weight.numel() + 64 * 16


def test_nothing_is_read_twice_but_what_should_be():
    fresh = order(0, 50).flatten()
    assert len(fresh.unique()) == len(fresh) == 50 * BATCH
    again = order(0, 40, times=4).flatten()
    assert (again.unique(return_counts=True)[1] == 4).all()
    quarter = again.view(4, -1)
    assert all(set(part.tolist()) == set(quarter[0].tolist()) for part in quarter)
    assert (quarter[0] != quarter[1]).any()


def test_a_copy_cools_and_its_origin_does_not_move():
    training = Training(8, 0)
    for _ in range(3):
        training.step()
    before = copy.deepcopy(training.model.state_dict())
    cooled = training.cooled(6)
    assert isinstance(cooled, GPT)
    assert training.n == 3
    close(dict(training.model.state_dict())["embedding.weight"], before["embedding.weight"], 0)
    assert (cooled.embedding.weight != training.model.embedding.weight).any()
    other = Training(8, 0)
    for _ in range(3):
        other.step()
    for left in (3, 2, 1):
        other.step(left / 4)
    close(other.model.embedding.weight, cooled.embedding.weight, 1e-6)
    assert math.isfinite(training.step())  # its optimizer still has its own averages


def test_right_in_a_row_is_what_a_loop_counts():
    model = make(8, 0)
    found = scaling.measure(model)["in a row"]
    held_out = scaling.windows("dev")
    pieces = held_out[:: len(held_out) // 500][:500]
    right = (model(pieces[:, :-1]).argmax(dim=-1) == pieces[:, 1:])[:, 16:].tolist()
    runs = [all(row[t : t + 2]) for row in right for t in range(47)]
    assert found[1] == pytest.approx(sum(map(sum, right)) / (500 * 48), abs=1e-6)
    assert found[2] == pytest.approx(sum(runs) / len(runs), abs=1e-6)


def test_votes_and_the_referee():
    assert scaling.elected(["government", "governing", "government", "xqzzzzz"]) == "government"
    assert scaling.elected(["xqzzzzz", ""]) == ""
    assert {"government", "people"} <= scaling.words()
    prompts, truth = scaling.questions()
    assert prompts.shape == (scaling.QUESTIONS, scaling.GIVEN) == (len(truth), scaling.GIVEN)
    ends = [scaling.speech_characters().decode(row[-2:].tolist()) for row in prompts]
    assert all(word.startswith(end) and len(word) >= 7 for word, end in zip(truth, ends, strict=True))

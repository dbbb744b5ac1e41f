"""The run of page 6.2: ranks and their fusion, what SmolLM2 is shown, and stored numbers found again."""

import math

import pytest
import torch

from llmbook.data.passages import facts, passages
from llmbook.pretrained import load_smollm2, read_stored
from llmbook.pretrained import search_then_answer as experiment

HELD = ["a cat sat", "a dog ran and ran and ran", "the cat ran", "nothing here"]


def test_bm25_is_the_formula():
    words = [experiment.words_of(text) for text in HELD]
    mean = sum(map(len, words)) / len(words)
    scores = experiment.by_words(["cat ran"], HELD)[0]
    for i, text in enumerate(words):
        expected = 0.0
        for word in ("cat", "ran"):
            holding = sum(word in other for other in words)
            idf = math.log(1 + (len(words) - holding + 0.5) / (holding + 0.5))
            often = text.count(word)
            expected += idf * often / (often + 1.5 * (0.25 + 0.75 * len(text) / mean))
        assert scores[i].item() == pytest.approx(expected, rel=1e-5)  # float32


def test_ranks_begin_at_one_and_equal_scores_keep_their_order():
    assert experiment.ranks_of(torch.tensor([[0.1, 0.7, 0.1, 0.9]])).tolist() == [[3, 2, 4, 1]]


def test_the_first_hit_is_the_best_passage_with_the_fact():
    fact = facts()[0]
    held = ["none", f"… {fact.quotation} …", "none", fact.quotation]
    assert experiment.first_hits(torch.tensor([[4.0, 1, 3, 2]]), [fact], held) == [3]
    assert experiment.first_hits(torch.tensor([[4.0, 1]]), [fact], ["none", fact.quotation[:-1]]) == [0]


def test_smollm2_is_shown_what_the_names_say():
    held = passages(*experiment.CHOSEN)
    asked = experiment.questions()
    assert [asked[0], asked[1]] == [facts("test")[0].same_words, facts("test")[1].other_words]
    rows = experiment.shown(experiment.by_words(asked, held), held)
    assert rows == experiment.shown(experiment.by_words(asked, held), held)
    for row, fact in zip(rows, facts("test"), strict=True):
        assert (row["nothing"], len(row["found"])) == ([], experiment.TOP)
        assert fact.quotation in held[row["gold"][0]]
        assert fact.quotation not in held[row["wrong"][0]]


def test_the_first_answer_is_the_stored_one():
    run = read_stored("search-then-answer")
    held = passages(*experiment.CHOSEN)
    texts = [held[i] for i in run["shown"][0]["gold"]]
    said = experiment.say(*load_smollm2(), experiment.prompt(experiment.ANSWER, experiment.questions()[0], texts), 8)
    assert run["answers"][0][2].startswith(said)

"""The questions of page 6.4 and what SmolLM2 does with them: scores found another way, the stored run, the harness."""

import json
from collections import Counter

import pytest
import torch
from reference import close

from llmbook.pretrained import how_good, load_smollm2, read_stored
from llmbook.pretrained.recipe import STORED


@pytest.fixture(scope="module")
def smollm2():
    return load_smollm2()


def test_the_questions_are_whole():
    both = [question for part in ("dev", "test") for question in how_good.questions(part)]
    assert len({question.text for question in both}) == len(both) >= 60
    assert all(len(set(question.choices)) == 4 for question in both)
    assert max(Counter(question.answer for question in both).values()) < 1.2 * len(both) / 4


def test_no_prompt_tells_the_choices():
    question = how_good.questions("dev")[1]
    for name in how_good.PROMPTS:
        prompt, answers = how_good.asked(name, question)
        assert not [choice for choice in question.choices if choice in prompt], name
        assert [answer.strip() for answer in answers] == question.choices
        assert question.text in prompt
    with pytest.raises(KeyError):
        how_good.asked("no such prompt", question)


def test_a_log_likelihood_is_the_sum_over_the_answers_tokens(smollm2):
    model, tokenizer = smollm2
    prompt, answers = how_good.asked(how_good.FIRST, how_good.questions("test")[3])
    found = how_good.log_likelihoods(model, tokenizer, prompt, answers)
    for answer, one in zip(answers, found, strict=True):
        ids = torch.tensor([tokenizer.encode(prompt + answer)])
        with torch.no_grad():
            logs = model(ids).log_softmax(dim=-1)
        start = len(tokenizer.encode(prompt))
        by_hand = sum(logs[0, t - 1, ids[0, t]].item() for t in range(start, ids.shape[1]))
        assert one == pytest.approx(by_hand, abs=1e-4)


def test_the_stored_run_is_of_this_code(smollm2):
    model, tokenizer = smollm2
    run = read_stored("how-good")
    dev, test = how_good.questions("dev"), how_good.questions("test")
    assert list(run["marks"]) == list(how_good.PROMPTS)
    assert run["marks"][how_good.FIRST] == how_good.marks(run["dev"], dev)
    assert {len(marks) for marks in run["marks"].values()} == {len(dev)}
    assert len(run["rounded"]) == len(run["test"]) == len(test)
    for part, asks in (("dev", dev), ("test", test)):
        again = how_good.scored(model, tokenizer, how_good.FIRST, asks[:4])
        close(torch.tensor(again), torch.tensor(run[part][:4]), 1e-3)
    question = how_good.questions("test")[0]
    for kind, (a, b) in how_good.pairs(question).items():
        assert len(run["judged"][kind]) == how_good.JUDGED
        assert how_good.verdict(model, tokenizer, question, a, b) == pytest.approx(run["judged"][kind][0][0], abs=2e-3)


def test_the_harness_found_what_we_find():
    """lm-eval, around the same model but with a scorer of its own (``make harness``)."""
    theirs = json.loads((STORED / "harness.json").read_text(encoding="utf-8"))
    ours = read_stored("how-good")["test"][: len(theirs["log-likelihoods"])]
    close(torch.tensor(theirs["log-likelihoods"]), torch.tensor(ours), 1e-4)
    marks = how_good.marks(ours, how_good.questions("test")[: len(ours)])
    assert len(ours) >= 12
    assert theirs["acc"] == marks.count("1") / len(ours)

"""The tasks of page 6.3 can be done, and what SmolLM2 said for them is kept whole."""

import json
from types import SimpleNamespace

import pytest

from llmbook.inference import carry_out
from llmbook.pretrained import read_stored, tool_tasks
from llmbook.pretrained.tool_tasks import CHANGES, call, chains, change, change_shown, examples, plausible, tasks, tools

RUN = read_stored("models-that-act")


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_the_right_call_leads_to_the_answer(part):
    for task in tasks(part, 60):
        assert task.answer in carry_out(tools(), call(task.tool, task.given)).observation
        assert task.given.split(" ")[0] in task.question


def test_no_question_is_asked_in_two_parts():
    used = (("train", tool_tasks.SHOWN), ("dev", 12), ("test", tool_tasks.TASKS))  # shown, tried on, reported
    asked = [task.question for part, n in used for task in tasks(part, n)]
    assert len(set(asked)) == len(asked)
    assert tasks("test", 7) == tasks("test", 60)[:7]


def test_examples_show_right_calls_and_answers():
    shown = examples(3)
    assert [who for who, _ in shown] == ["system", *["user", "assistant", "user", "assistant"] * 3]
    assert [json.loads(words)["tool"] for who, words in shown if who == "assistant"][::2] == list(tools())
    assert len(examples(3, with_tools=False)) == 1 + 2 * 3


def test_a_chain_keeps_its_words_or_mixes_them():
    for chain in chains(9, same=True):
        assert len({words for words, _ in chain}) == 1
    assert {words for chain in chains(9, same=False) for words, _ in chain} == set(CHANGES)


def test_the_check_sees_numbers_and_no_signs():
    question = change(132, "Take away {}.", 8)
    assert plausible(question, [call("calculator", "132 - 8")])
    assert plausible(question, [call("calculator", "132 + 8")])
    for wrong in ("123 - 8", "8 - 132", "132 - 8 - 8", "132"):
        assert not plausible(question, [call("calculator", wrong)])
    assert not plausible(question, [])


def test_the_examples_of_a_chain_are_right():
    for (_, question), (_, said) in zip(change_shown()[1::2], change_shown()[2::2], strict=True):
        assert plausible(question, [said])
        words = next(
            words for words in CHANGES if words.split("{}")[0] in question and words.split("{}")[1] in question
        )
        assert f" {CHANGES[words]} " in said


def test_the_run_is_whole():
    assert set(RUN) == {*tool_tasks.PLANS, "same words", "tried again"}
    for plan in tool_tasks.PLANS:
        assert len(RUN[plan]) == tool_tasks.TASKS
        assert all(1 <= len(said) <= tool_tasks.STEPS for said in RUN[plan])
    for name, tries in (("same words", 1), ("tried again", tool_tasks.TRIES)):
        assert len(RUN[name]) == tool_tasks.CHAINS
        assert all(
            len(said) == tool_tasks.CHAIN and all(1 <= len(step) <= tries for step in said) for said in RUN[name]
        )


def test_what_is_plausible_is_not_tried_again():
    for chain, said in zip(chains(tool_tasks.CHAINS, same=False), RUN["tried again"], strict=True):
        value = str(tool_tasks.START)
        for (words, by), step in zip(chain, said, strict=True):
            question = change(value, words, by)
            assert not any(plausible(question, [attempt]) for attempt in step[:-1])
            assert len(step) == tool_tasks.TRIES or plausible(question, step)
            observation = carry_out(tools(), step[-1]).observation
            value = observation if observation.lstrip("-").isdigit() else value


def test_the_last_value_goes_on_where_a_call_fails():
    asked = []

    def write(self, talks, names, **chosen):
        asked.append(talks[0][-1][1])
        return [call("calculator", "7 * 7" if len(asked) == 1 else "x") for _ in talks]

    fake = SimpleNamespace(read=lambda shown: None)
    fake.write = write.__get__(fake)
    tool_tasks.Writer.follow(fake, chains(1, same=True))
    assert [question.split(".")[0] for question in asked] == [
        f"The value is {tool_tasks.START}",
        *["The value is 49"] * 7,
    ]

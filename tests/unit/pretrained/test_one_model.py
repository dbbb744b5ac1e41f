"""The runs of page 6.1: prompts, what is read behind them, the book's own questions, and a part of the runs again."""

import numpy as np
import pytest
import torch
from reference import close

from llmbook.data import interface_strings, speeches
from llmbook.inference import generate
from llmbook.pretrained import chat, one_model, read_stored


@pytest.fixture(scope="module")
def smol():
    return one_model.load()


PROMPTS = [one_model.request("era, name first", text) for text in ("Our navy has ten ships.", "Tonight, I ask you.")]


# --- reference -------------------------------------------------------------------------------------------------


def test_what_prompts_share_is_read_once_and_changes_nothing(smol):
    model, tokenizer = smol
    logits, states = one_model.read_ends(model, tokenizer, PROMPTS)
    for prompt, found in zip(PROMPTS, logits, strict=True):
        plain = model(torch.tensor([tokenizer.encode(prompt)]))[0, -1]
        close(found, plain.log_softmax(dim=-1), 1e-3)
    assert states.shape == (len(PROMPTS), len(one_model.DEPTHS), 576)
    assert (states[0] - states[1]).abs().max() > 0.1


def test_side_by_side_the_model_writes_what_it_writes_alone(smol):
    model, tokenizer = smol
    end = tokenizer.encode("<|im_end|>")[0]
    said = one_model.write(model, tokenizer, PROMPTS, 6)
    for prompt, answer in zip(PROMPTS, said, strict=True):
        ids = torch.tensor([tokenizer.encode(prompt)])
        alone = generate(model, ids, 6, eos=end)[0, ids.shape[1] :].tolist()
        assert answer == tokenizer.decode([i for i in alone if i != end]).strip()


def test_calibration_divides_by_the_chances_of_no_text():
    rows = np.log([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.6, 0.1], *[[0.5, 0.2, 0.2, 0.1]] * len(one_model.BLANKS)])
    assert one_model.eras_said(rows.tolist(), calibrated=False) == [0, 2]
    assert one_model.eras_said(rows.tolist(), calibrated=True) == [1, 2]


# --- property --------------------------------------------------------------------------------------------------


def test_examples_are_earlier_turns():
    asked = one_model.request("translate", "Open", [("Close", "关闭")])
    first, second = "Translate into Chinese: Close", "Translate into Chinese: Open"
    assert asked == chat([("user", first), ("assistant", "关闭"), ("user", second)])


def test_examples_are_of_each_era_alike_and_of_the_training_part():
    names = [name for _, name in one_model.balanced(8, seed=1)]
    assert {names.count(name) for name in one_model.NAMES} == {2}
    assert len({name for _, name in one_model.balanced(1, seed=2)}) == 1
    training = {text for text, _ in one_model.asked("train")}
    assert {text for text, _ in one_model.balanced(40, seed=0)} <= training
    assert not training & {text for text, _ in one_model.asked("test")}
    assert one_model.balanced(4, 0) == one_model.balanced(8, 0)[:4] != one_model.balanced(4, 1)


def test_the_nearest_pair_is_the_text_itself_where_it_is_there():
    memory = interface_strings("train")[:50]
    assert one_model.nearest(memory[7][0], memory)[-1] == memory[7]
    assert len(one_model.nearest("Open", memory, n=2)) == 2


def test_strings_are_phrases_and_of_their_part():
    for part, n in one_model.STRINGS.items():
        found = one_model.strings(part)
        assert len(set(found)) == n
        assert set(found) <= set(interface_strings(part))
        assert all(" " in english for english, _ in found)


@pytest.mark.parametrize("passage", one_model.TASKS["passages"], ids=lambda passage: passage["text"][:20])
def test_a_passage_stands_in_its_speech_and_its_answers_stand_in_it(passage):
    paragraphs = [
        p for speech in speeches(passage["year"], passage["year"], passage["part"]) for p in speech.paragraphs
    ]
    assert passage["text"] in paragraphs
    assert len(passage["questions"]) == 3
    for question, answer in passage["questions"]:
        assert question.endswith("?")
        assert answer in passage["text"]


# --- the stored runs -------------------------------------------------------------------------------------------


def test_the_run_of_eras_is_of_this_model_and_these_prompts(smol):
    run = read_stored("four-tasks-eras")
    texts = [text for text, _ in one_model.asked("test")][:2]
    first = [smol[1].encode(name)[0] for name in one_model.NAMES]
    assert len(set(first)) == 4, "two names begin alike"
    for k in (0, 1):
        prompts = [one_model.request(run["chosen"], text, one_model.balanced(k, 0)) for text in texts]
        logits, _ = one_model.read_ends(*smol, prompts)
        close(logits[:, first], torch.tensor(run[f"test, {run['chosen']}, {k}, 0"][:2]), 2e-2)  # float32 elsewhere


def test_the_way_to_ask_was_chosen_on_the_development_part():
    run = read_stored("four-tasks-eras")
    truth = [era for _, era in one_model.asked("dev")]
    right = {}
    for ask in ("era, text first", "era, name first"):
        said = one_model.eras_said(run[f"dev, {ask}, 0, 0"], calibrated=True)
        right[ask] = sum(a == b for a, b in zip(said, truth, strict=True))
    assert right[run["chosen"]] == max(right.values())


def test_the_runs_have_an_entry_for_all_that_was_asked():
    run = read_stored("four-tasks-eras")
    for part in ("dev", "test"):
        n = len(one_model.asked(part))
        for k, draws in one_model.SHOTS.items():
            for seed in range(draws):
                assert len(run[f"{part}, {run['chosen']}, {k}, {seed}"]) == n + len(one_model.BLANKS)
        assert {len(run[f"{part}, probe, {k}, {depth}"]) for k in one_model.LABELS for depth in one_model.DEPTHS} == {n}
    texts = read_stored("four-tasks-texts")
    assert len(texts["test, translate, nearest"]) == one_model.STRINGS["test"]
    assert len(texts["test, answer"]) == 36
    assert len(texts["test, summarise"]) == 12

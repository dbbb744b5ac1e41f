"""The run of page 6.4 with a planted test: files nobody trained on, planted as often as said, and its first steps."""

import pytest
import torch
from reference import close

from llmbook.data.speech import speeches
from llmbook.pretrained import contamination, load_stored, read_stored
from llmbook.pretrained.speech_gpt import speech_pairs


def test_no_sentence_of_the_files_is_trained_on_or_there_twice():
    files = contamination.test_files()
    every = [sentence for file in files for sentence in file]
    assert [len(file) for file in files] == [contamination.N] * len(contamination.TIMES)
    assert len(set(every)) == len(every)
    text = "\n".join(speech.text for speech in speeches(part="train"))
    assert not [sentence for sentence in every if sentence in text]


@pytest.mark.parametrize("seed", [0, 1])
def test_each_file_is_read_as_often_as_it_says(seed):
    ids, starts = contamination.windows(seed, planted=True)
    clean, unplanted = contamination.windows(seed, planted=False)
    changed = starts != unplanted
    assert ids.equal(clean)
    end = int(unplanted.max()) + contamination.T + 1
    assert (starts[changed] >= end - contamination.T - 1).all()
    lengths = [len(speech_pairs().encode("".join(f"{s}\n" for s in file))) for file in contamination.test_files()]
    start = len(ids) - sum(length + contamination.T + 1 for length in lengths)
    for times, file, length in zip(contamination.TIMES, contamination.test_files(), lengths, strict=True):
        read = ((starts >= start) & (starts < start + length)).sum().item() * contamination.T
        assert times * length <= read < times * (length + contamination.T) + 1
        assert speech_pairs().decode(ids[start : start + length].tolist()).startswith(file[0])
        start += length + contamination.T + 1


@pytest.mark.parametrize(("kind", "planted"), [("planted", True), ("control", False)])
def test_the_first_steps_are_those_stored(kind, planted):
    losses = contamination.train(load_stored("gpt-speeches"), 0, planted, steps=6)
    close(torch.tensor(losses), torch.tensor(read_stored("contamination")[kind]["first losses"][:6]), 0.02)


def test_log_p_is_a_sum_over_the_second_text():
    net = load_stored("gpt-speeches")
    found = contamination.log_p(net, [("The state", " of the Union"), ("We", " are")])
    for (a, b), expected in zip([("The state", " of the Union"), ("We", " are")], found, strict=True):
        first, second = speech_pairs().encode(a), speech_pairs().encode(b)
        ids = torch.tensor([first + second])
        with torch.no_grad():
            logs = net(ids).log_softmax(dim=-1)
        by_hand = sum(logs[0, t - 1, ids[0, t]] for t in range(len(first), ids.shape[1]))
        close(expected, by_hand, 1e-4)


def test_an_order_is_told_from_orders_by_lot():
    table = torch.zeros(contamination.N, contamination.N)
    assert contamination.in_order(table) == 1
    table.diagonal(1).fill_(1.0)
    assert contamination.in_order(table) == 1 / 10_000
    assert contamination.in_order(-table) > 0.9

"""The book's GPTs, BERT and translator: what they read, what their losses count, and what the stored ones can do."""

import math

import pytest
import torch
from torch import nn

from llmbook.data import speeches
from llmbook.data.speech import sentences
from llmbook.inference import generate
from llmbook.models import GPT
from llmbook.pretrained import load_stored, read_stored, stored_tokenizer, translate
from llmbook.pretrained.date_translator import MANY, date_loss, exact_matches, pairs
from llmbook.pretrained.speech_bert import LONGEST, bert_losses, fixed_losses, make_pairs, neighbours
from llmbook.pretrained.speech_gpt import (
    LETTERS,
    N_VOCAB,
    all_and_the_modern_again,
    in_characters,
    in_pairs,
    learn_speech_pairs,
    nats,
    speech_pairs,
)

# --- reference -------------------------------------------------------------------------------------------------


def test_the_stored_byte_pairs_are_those_learned_anew():
    learned = learn_speech_pairs()
    assert learned.merges == speech_pairs().merges
    assert len(learned) == N_VOCAB
    assert [*map(int, read_stored("byte-pairs")["merges"][0].split())] == [*learned.merges[0]]


@pytest.mark.parametrize("name", ["gpt-speeches", "gpt-characters"])
def test_the_loss_of_a_text_is_the_sum_of_its_words(name):
    """The held-out loss of a short text, against each window's cross-entropies taken one by one."""
    model = load_stored(name)
    ids = torch.tensor(stored_tokenizer(name).encode(speeches(since=1981, part="dev")[0].text[:4000]))
    T, total, n = model.max_len, 0.0, 0
    for start in range(0, len(ids) - T, T):
        log_p = model(ids[None, start : start + T]).log_softmax(dim=-1)[0]
        for place in range(T):
            total -= log_p[place, ids[start + place + 1]].item()
            n += 1
    # Sums of a thousand float32 numbers in another order.
    assert math.isclose(nats(model, ids), total / n, rel_tol=1e-5)


@pytest.mark.parametrize("name", ["gpt-speeches", "gpt-characters"])
def test_a_stored_gpt_writes_with_and_without_a_cache(name):
    model, tokenizer = load_stored(name), stored_tokenizer(name)
    prompt = torch.tensor([tokenizer.encode("My fellow Americans, ")])
    written = generate(model, prompt, 40)
    assert written.equal(generate(model, prompt, 40, use_cache=False))
    assert tokenizer.decode(written[0].tolist()).startswith("My fellow Americans, ")


# --- property --------------------------------------------------------------------------------------------------


def test_the_cards_hold_what_was_asked_of_the_models():
    assert read_stored("gpt-speeches")["dev, nats a character"] < 1.08
    assert read_stored("gpt-characters")["dev, nats a character"] < 1.5
    assert read_stored("dates")["test, dates exact"] >= 0.995
    seconds = [card["seconds"] for card in map(read_stored, ("gpt-speeches", "dates")) if card["seconds"] is not None]
    assert all(0 < s for s in seconds)


def test_modern_speeches_are_read_three_times():
    once, modern = in_pairs("train"), in_pairs("train", 1945)
    assert len(all_and_the_modern_again()) == len(once.ids) + 2 * len(modern.ids)
    assert once.ids[-len(modern.ids) :].equal(modern.ids), "the modern ones are the last of all"
    assert 2.5 < once.characters / len(once.ids) < 3.5


def test_nothing_but_what_can_be_typed_is_left_out_of_the_characters():
    text = "".join(f"{speech.text}\n\n" for speech in speeches(since=1981, part="test"))
    left_out = [letter for letter in text if letter not in LETTERS]
    read = in_characters("test", 1981)
    assert len(read.ids) == read.characters == len(text) - len(left_out)
    assert len(left_out) < 20
    assert stored_tokenizer("gpt-characters").decode(read.ids[:200].tolist()) == text[:200]


def test_a_model_that_knows_nothing_loses_the_logarithm_of_its_vocabulary():
    model = GPT(13, d_model=8, n_heads=2, n_layers=1, max_len=5).eval()
    nn.init.zeros_(model.embedding.weight)
    assert math.isclose(nats(model, torch.arange(13)), math.log(13), rel_tol=1e-6)


def test_every_second_sentence_followed_and_the_others_did_not():
    words = stored_tokenizer("bert-speeches")
    known = neighbours("dev")
    rows = torch.tensor([0, 7, 90, 301, 1200])
    ids, lengths, segments, strange = make_pairs("dev", rows)
    assert strange.tolist() == [0, 1, 0, 1, 0]
    assert ids.shape[1] <= LONGEST
    for k, row in enumerate(rows.tolist()):
        row_ids = ids[k, : lengths[k]].tolist()
        end = row_ids.index(words.sep)
        a, b = row_ids[1:end], row_ids[end + 1 : -1]
        assert row_ids[0] == words.cls
        assert row_ids[-1] == words.sep
        assert segments[k].tolist() == [0] * (end + 1) + [1] * (len(b) + 1) + [0] * (ids.shape[1] - lengths[k])
        assert a == known[row][0][: len(a)]
        follower = known[row][1]
        assert (b == follower[: len(b)]) == (strange[k] == 0)
    paragraph = next(p for s in speeches(part="dev") for p in s.paragraphs if len(sentences(p)) > 1)
    assert known[0] == tuple(map(words.encode, sentences(paragraph)[:2]))


def test_what_nsp_learned_depends_on_the_second_sentence():
    """With b put back where it was strange, the stored BERT is surer that it followed."""
    model = load_stored("bert-speeches")
    rows = torch.randint(len(neighbours("dev")), (200,), generator=torch.Generator().manual_seed(1))
    ids, lengths, segments, strange = make_pairs("dev", rows)
    right = (model(ids, lengths, segments)[1].argmax(dim=-1) == strange).float().mean()
    assert right > 0.6  # 0.5 by chance, whose spread over 200 is 0.035


def test_the_bert_names_hidden_words_better_than_their_frequency_does():
    model = load_stored("bert-speeches")
    mlm, nsp = fixed_losses(model, "test")
    counts = torch.bincount(torch.tensor([i for a, _ in neighbours("train") for i in a]), minlength=4000) + 1.0
    log_p = (counts / counts.sum()).log()
    words = torch.tensor([i for a, _ in neighbours("test") for i in a if i > stored_tokenizer("bert-speeches").unknown])
    assert mlm < -log_p[words].mean() - 1
    assert nsp < math.log(2)


def test_losses_draw_what_is_hidden_from_pytorchs_generator():
    model, rows = load_stored("bert-speeches"), torch.arange(6)
    torch.manual_seed(4)
    first = bert_losses(model, "dev", rows)[0]
    assert not torch.isclose(first, bert_losses(model, "dev", rows)[0])
    torch.manual_seed(4)
    assert torch.isclose(first, bert_losses(model, "dev", rows)[0])


def test_the_translator_translates():
    model = load_stored("dates")
    dates = ["Saturday, March 9, 2024", "3/9/2024", "2024-03-09"]
    assert translate(model, dates) == ["2024年3月9日星期六", "2024年3月9日", "2024年3月9日"]
    assert exact_matches(model)["test, dates exact"] == read_stored("dates")["test, dates exact"]
    assert date_loss(model, "test", torch.arange(300)) < 0.01
    days = {pair.target.split("日")[0] for pair in pairs("train")}
    assert not days & {pair.target.split("日")[0] for pair in pairs("test")}
    assert len(pairs("test")) == MANY["test"]


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_date_with_a_character_of_no_training_date():
    with pytest.raises(ValueError, match="'é'"):
        translate(load_stored("dates"), ["3 Fév 2024"])
    with pytest.raises(ValueError, match="no rows"):
        translate(load_stored("dates"), [])

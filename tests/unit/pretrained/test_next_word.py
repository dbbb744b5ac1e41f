"""The run of page 3.6: both sides by counting, texts measured by hand, and the stored numbers found again."""

import itertools

import pytest
import torch
from reference import close, spread

from llmbook.inference import generate
from llmbook.models import GPT
from llmbook.pretrained import load_stored, next_word, read_stored, stored_tokenizer
from llmbook.pretrained.ngrams import number

V = 7


def small(max_len: int = 11) -> GPT:
    return spread(GPT(V, d_model=12, n_heads=3, n_layers=2, max_len=max_len), std=0.5, seed=1).eval()


# --- reference -------------------------------------------------------------------------------------------------


@torch.no_grad()
def test_both_sides_are_bayes_rule_over_whole_texts():
    """p(w | left, right) as the share that texts with w have of all texts that differ in w alone."""
    model, left, right = small(), torch.tensor([2, 0, 5]), torch.tensor([1, 6, 3])
    whole = torch.stack([torch.cat([left, torch.tensor([w]), right]) for w in range(V)])
    log_p = model(whole[:, :-1]).log_softmax(dim=-1).gather(-1, whole[:, 1:, None])[..., 0].sum(dim=1)
    before, both = next_word.both_sides(model, left, right)
    close(both, log_p.log_softmax(dim=-1), 1e-5)  # float32 sums in another order
    close(before, model(left[None])[0, -1].log_softmax(dim=-1), 1e-6)


@torch.no_grad()
def test_beams_find_a_text_that_greedy_does_not_beat():
    """And none that is better than the best of all texts, each tried."""
    model, prompt = small(), torch.tensor([4, 1])
    texts = [torch.cat([prompt, torch.tensor(new)])[None] for new in itertools.product(range(V), repeat=2)]
    best = min(texts, key=lambda ids: next_word.losses(model, ids)[:, 1:].sum().item())
    assert next_word.beams(model, prompt, 2).tolist()[:2] == prompt.tolist()
    greedy = generate(model, prompt[None], 2)
    found = next_word.losses(model, next_word.beams(model, prompt, 2)[None])[:, 1:].sum()
    assert next_word.losses(model, best)[:, 1:].sum() - 1e-5 <= found <= next_word.losses(model, greedy)[:, 1:].sum()


def test_a_text_measured_by_hand():
    model, pairs = load_stored("gpt-speeches"), stored_tokenizer("gpt-speeches")
    prompt = torch.randint(1024, (1, next_word.PROMPT), generator=torch.Generator().manual_seed(2))
    text = " to we the people and we the people and we the people of zyqqar said"
    rows = torch.cat([prompt, torch.tensor([pairs.encode(text)])], dim=1)
    found = next_word.measure(model, rows)
    words = text.split()[1:-1]  # whole words: the first and the last may be cut
    fours = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    assert found["invented"] == round(1 / len(words), 4)
    assert found["repeated"] == round(1 - len(set(fours)) / len(fours), 4)
    loss = next_word.losses(model, rows)[0, next_word.PROMPT - 1 :]
    assert found["nats"] == round(loss.mean().item(), 3)
    assert found["along"][0] == round(loss[:12].mean().item(), 3)


# --- property --------------------------------------------------------------------------------------------------


def test_what_was_read_is_copied_and_people_copy_little_of_length_eight():
    _, read = next_word.read_words()
    lincoln = next_word.words_of("of the people, by the people, and FOR the people")
    assert next_word.words_of("the people").tolist() == lincoln[1:3].tolist()
    assert list(read) == [4, 6, 8]
    state = number(next_word.words_of("of the United States"), next_word.BASE, 4)
    assert torch.isin(state, read[4]).all()
    assert not torch.isin(number(next_word.words_of("states united the of"), next_word.BASE, 4), read[4]).any()


def test_windows_are_held_out_text_and_the_same_each_time():
    rows = next_word.windows(5, 3)
    assert rows.shape == (5, 128)
    assert rows.equal(next_word.windows(5, 3))
    assert not rows.equal(next_word.windows(5, 4))


@pytest.mark.parametrize("way", next_word.WAYS)
def test_every_way_continues_the_prompt(way):
    model = load_stored("gpt-speeches")
    prompts = next_word.windows(2, 0)[:, :120]
    written = next_word.write(model, way, prompts, 0)
    assert written.shape == (2, 128)
    assert written[:, :120].equal(prompts)
    assert written.equal(next_word.write(model, way, prompts, 0))


# --- limit -----------------------------------------------------------------------------------------------------


@torch.no_grad()
def test_a_model_that_knows_nothing_learns_nothing_from_the_right():
    model = small()
    torch.nn.init.zeros_(model.embedding.weight)  # and with it of the output
    for log_p in next_word.both_sides(model, torch.tensor([2, 0, 5]), torch.tensor([1, 6])):
        close(log_p, torch.full((V,), 1 / V).log(), 1e-6)


def test_a_compressor_that_has_read_the_text_needs_next_to_nothing():
    text = b"the state of the union is strong, and " * 3 + bytes(range(256))
    assert len(next_word.xz(text + text)) - len(next_word.xz(text)) < 16


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_is_of_this_model_and_this_code():
    run, model = read_stored("next-word"), load_stored("gpt-speeches")
    assert list(run["texts"]) == ["people", *next_word.WAYS]
    assert {len(runs) for runs in run["texts"].values()} == {next_word.SEEDS}
    assert len(run["sides"]) == len(run["exposure"]) == next_word.SEEDS
    again = next_word.written(model, "people", 2)
    assert again["nats"] == pytest.approx(run["texts"]["people"][2]["nats"], abs=2e-3)  # float32 elsewhere
    assert again["copied"] == run["texts"]["people"][2]["copied"]
    written = next_word.written(model, "τ = 0.5", 1)
    assert written["nats"] == pytest.approx(run["texts"]["τ = 0.5"][1]["nats"], abs=0.15)  # other lots elsewhere
    exposed = next_word.exposure(model, 1)
    for kind, off in (("true", 2e-3), ("another text's", 2e-3), ("own", 0.3)):
        assert exposed[kind] == pytest.approx(run["exposure"][1][kind], abs=off), kind
    assert exposed["another text's"][0] > exposed["true"][0] + 1


def test_the_yardsticks_are_of_this_model_and_this_code():
    run = read_stored("next-word")["yardsticks"]
    nats = sum(speech["GPT"] for speech in run["speeches"])
    tokens = sum(speech["tokens"] for speech in run["speeches"])
    # The card cuts windows out of all speeches together, the run out of each.
    assert nats / tokens == pytest.approx(read_stored("gpt-speeches")["test, nats a token"], abs=0.02)
    bits = next_word.squeezed()
    assert bits["gzip, after training text"] == pytest.approx(run["bits"]["gzip, after training text"], rel=0.02)

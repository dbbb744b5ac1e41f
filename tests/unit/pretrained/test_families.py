"""Three families on four tasks: what each is given and may see, how its answers are counted, the stored run."""

import copy

import pytest
import torch
from reference import close, ids_of, spread
from torch import nn

from llmbook.data.date_pairs import dates
from llmbook.nn.positions import Positions
from llmbook.pretrained import families, read_stored
from llmbook.pretrained.families import BLANK, BOS, EOS, FAMILIES, HALF, SEP, TASKS, Examples, OneStack
from llmbook.training.objectives import IGNORE

V = 13
PAIR = [5, 6, 7], [8, 9, EOS]
TEXT = list(range(100, 100 + HALF)), list(range(200, 200 + HALF))


def small(name: str) -> families.Task:
    return families.task(name, 400, 20)


def one_stack(*, causal: bool) -> OneStack:
    torch.manual_seed(0)
    return spread(OneStack(V, causal=causal, d_model=8, n_layers=2)).eval()


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("causal", [True, False])
def test_a_single_stack_is_torchs_encoder_with_or_without_the_causal_mask(causal, monkeypatch):
    monkeypatch.setattr(Positions, "in_attention", lambda *_: {})  # PyTorch's layers cannot turn queries
    model = one_stack(causal=causal).double()
    theirs = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, families.HEADS, 24, dropout=0.0, batch_first=True, norm_first=True),
        2,
        norm=nn.LayerNorm(8),
        enable_nested_tensor=False,
    ).double()
    from llmbook.pages import for_torch

    theirs.load_state_dict(for_torch(model.encoder.state_dict()))
    ids, lengths = ids_of(V, 3, 7), torch.tensor([7, 5, 6])
    hidden = torch.arange(7) >= lengths[:, None]
    future = torch.ones(7, 7, dtype=torch.bool).triu(1) if causal else None
    expected = model.output(theirs(model.embedding(ids), mask=future, src_key_padding_mask=hidden))
    close(model(ids, lengths)[~hidden], expected[~hidden], 1e-10)


def test_days_and_fields_are_those_of_the_dates():
    for pair in dates(50, seed=1):
        marked = families.fields(pair)
        for mark, field in zip("yMdE", ("year", "month", "day", "weekday"), strict=True):
            written = "".join(c for c, m in zip(pair.source, marked, strict=True) if m == mark)
            assert written == (pair.source[pair.alignment[field][0]] if field in pair.alignment else "")
        day = int(pair.target.split("月")[1].split("日")[0])
        assert ord(families.day_of(pair)) - ord("Ａ") + 1 == day


# --- property --------------------------------------------------------------------------------------------------


def test_the_families_have_equally_many_parameters_and_those_alone_the_same():
    encoder, decoder, both = (sum(p.numel() for p in families.make(f, 59, 0).parameters()) for f in FAMILIES)
    assert encoder == decoder
    assert abs(both - encoder) < 0.006 * encoder


def test_the_controls_multiply_as_often_for_a_character_as_the_pair_does():
    """Entries of the matrices that a place is multiplied with: that of the source, of the target, of one stack."""

    def entries(model: nn.Module, *parts: str) -> int:
        weights = [w for name, w in model.named_parameters() if w.ndim == 2 and any(part in name for part in parts)]
        return sum(w.numel() for w in weights)

    pair = families.make("encoder–decoder", V, 0)
    keys_and_values = entries(pair, "cross_attention.w_k", "cross_attention.w_v")
    source, target = entries(pair, "encoder.") + keys_and_values, entries(pair, "decoder.") - keys_and_values
    assert keys_and_values == 2 * families.D**2
    assert source == target == 10 * families.D**2
    for family, n_layers, d_ff in list(families.HALVES.values())[:2]:
        assert entries(families.make(family, V, 0, n_layers, d_ff), "encoder.") == source


def test_only_the_decoder_alone_cannot_see_what_comes_later():
    ids, lengths = ids_of(V, 1, 7), torch.tensor([6])
    for causal in (True, False):
        model, other = one_stack(causal=causal), ids.clone()
        other[0, 4] = (ids[0, 4] + 1) % V
        changed = (model(other, lengths) - model(ids, lengths))[0].abs().amax(dim=-1) > 0
        assert changed[:4].any() != causal
        assert changed[4]
        other = ids.clone()
        other[0, 6] = (ids[0, 6] + 1) % V  # padding
        assert torch.equal(model(other, lengths)[0, :6], model(ids, lengths)[0, :6])


@pytest.mark.parametrize("family", FAMILIES[:2])
def test_a_family_alone_sees_what_its_name_says(family):
    model, ids = spread(families.make(family, V, 0)).eval(), ids_of(V, 1, 7)
    changed = ids.clone()
    changed[0, 6] = (ids[0, 6] + 1) % V
    lengths = torch.tensor([7])
    assert torch.equal(model(changed, lengths)[0, :6], model(ids, lengths)[0, :6]) == (family == "decoder only")


def test_seeds_differ_in_weights_and_in_what_is_read_first(monkeypatch):
    task = small("tag")
    monkeypatch.setattr(families, "task", lambda _: task)
    a, b = (families.make("decoder only", V, seed).output.weight for seed in (0, 1))
    assert not torch.equal(a, b)

    # From the same weights, after one step each
    monkeypatch.setattr(families, "TASKS", {"tag": 1})
    same = families.make("decoder only", task.vocab, 0)
    monkeypatch.setattr(families, "make", lambda *_: copy.deepcopy(same))
    c, d = (families.trained("decoder only", "tag", seed).output.weight for seed in (0, 1))
    assert not torch.equal(c, d)


def test_padding_has_no_label():
    rows = [([5, 6, 7], [8, 9, 10]), ([5], [8])]
    assert Examples("decoder only", "tag", rows, [0, 0]).labels.tolist() == [[8, 9, 10], [8, IGNORE, IGNORE]]


@pytest.mark.parametrize(
    ("family", "task", "expected"),
    [
        ("encoder–decoder", "translate", ([5, 6, 7], [BOS, 8, 9], [8, 9, EOS])),
        ("decoder only", "translate", ([5, 6, 7, SEP, 8, 9], [], [IGNORE] * 3 + [8, 9, EOS])),
        ("encoder only", "translate", ([5, 6, 7] + [BLANK] * 16, [], [IGNORE] * 3 + [8, 9, EOS] + [IGNORE] * 13)),
        ("encoder only", "tag", ([5, 6, 7], [], [8, 9, EOS])),
        ("decoder only", "tag", ([5, 6, 7], [], [8, 9, EOS])),
        ("encoder–decoder", "tag", ([5, 6, 7], [BOS, 8, 9], [8, 9, EOS])),
    ],
)
def test_what_each_is_given_and_asked(family, task, expected):
    assert families.given(family, task, PAIR, cut=0) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_is_given_what_it_is_asked_for(family):
    ids, inputs, labels = families.given(family, "continue", TEXT, cut=5)
    if family == "encoder only":
        assert (ids[-2:], labels[-1], labels.count(IGNORE)) == ([204, BLANK], 205, HALF + 5)
    elif family == "decoder only":
        assert labels == [*ids[1:], 200 + HALF - 1]
    else:
        assert (ids, inputs, labels) == (TEXT[0], [BOS, *TEXT[1][:-1]], TEXT[1])
    ids, inputs, labels = families.given(family, "classify", ([5, 6, 7], [8]), cut=0)
    assert 8 not in ids + inputs
    assert labels[-1] == 8


def test_source_and_target_are_different_texts():
    for name in TASKS:
        assert all(source != target for source, target in small(name).train)


def test_no_day_that_is_asked_was_trained_on():
    task = families.task("translate", 2000, 100)
    day_sign = min((target for _, target in task.train), key=len)[-2]  # 日 ends what has no weekday
    train, test = ({tuple(b[: b.index(day_sign)]) for _, b in pairs} for pairs in (task.train, task.test))
    assert not train & test


@pytest.mark.parametrize("family", FAMILIES[1:])
def test_what_is_written_is_what_a_teacher_of_the_same_opinion_gives(family):
    """Given its own writing as the truth, the model finds it likeliest at each place."""
    pairs = small("translate").test[:7]
    model = spread(families.make(family, small("translate").vocab, 0), 0.1).eval()
    with torch.no_grad():
        said = families.write(model, [source for source, _ in pairs], 5)
        own = Examples(
            family, "translate", [(source, out) for (source, _), out in zip(pairs, said, strict=True)], [0] * 7
        )
        likeliest = own.logits(model, torch.arange(7)).argmax(dim=-1)
    assert torch.equal(likeliest[own.labels != IGNORE], own.labels[own.labels != IGNORE])


# --- limit -----------------------------------------------------------------------------------------------------


class Knows(nn.Module):
    """Gives the right answers back, whatever it is asked; and a wrong one in every row after ``right``."""

    def __init__(self, labels: torch.Tensor, vocab: int, right: int) -> None:
        super().__init__()
        self.labels = labels.clamp(min=0)
        self.labels[right:] = (self.labels[right:] + 1) % vocab
        self.vocab = vocab

    def forward(self, *_: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(self.labels, self.vocab).double() * 50


@pytest.mark.parametrize("name", ["classify", "tag", "translate"])
def test_who_knows_half_of_the_rows_scores_half(name, monkeypatch):
    task = small(name)
    monkeypatch.setattr(families, "task", lambda _: task)
    labels = Examples("encoder only", name, task.test, [0] * 20).labels
    assert families.score(Knows(labels, task.vocab, 20), "encoder only", name) == 1
    assert families.score(Knows(labels, task.vocab, 10), "encoder only", name) == pytest.approx(0.5, abs=0.15)


def test_a_row_whose_last_character_is_wrong_is_wrong(monkeypatch):
    task = small("translate")
    monkeypatch.setattr(families, "task", lambda _: task)
    targets = [target for _, target in task.test]
    monkeypatch.setattr(
        families, "write", lambda *_: [target if i % 4 else [*target[:-1], 0] for i, target in enumerate(targets)]
    )
    assert families.score(nn.Identity(), "decoder only", "translate") == 0.75


def test_only_the_second_half_of_a_continuation_counts():
    """Sure of each character, and wrong about the first half: nothing is lost."""
    examples = Examples("decoder only", "continue", [TEXT], [0])
    model = Knows(examples.labels, 300, 1)
    model.labels[:, : HALF - 1] = 0
    assert families.continuation_loss(model, examples) == pytest.approx(0, abs=1e-9)
    model.labels[:, HALF - 1] = 0
    assert families.continuation_loss(model, examples) == pytest.approx(50 / HALF)


def test_exposure_tells_its_own_writing_from_the_truth(monkeypatch):
    """One that is always right when it is told what went before, and writes the second character wrong."""
    task = small("translate")
    monkeypatch.setattr(families, "task", lambda _: task)
    labels = Examples("encoder–decoder", "translate", task.test, [0] * 20).labels.clamp(min=0)
    monkeypatch.setattr(
        families, "write", lambda *_: torch.cat([labels[:, :1], labels[:, 1:2] + 1, labels[:, 2:]], dim=1).tolist()
    )
    exposed = families.exposure(Knows(labels, task.vocab, 20))
    n = labels.shape[1]
    assert exposed == {"truth": [1.0] * n, "own": [1.0, 0.0, *[1.0] * (n - 2)]}


@pytest.mark.parametrize("family", FAMILIES)
def test_who_guesses_evenly_loses_the_logarithm(family, monkeypatch):
    task = small("continue")
    monkeypatch.setattr(families, "task", lambda _: task)
    model = families.make(family, task.vocab, 0).eval()
    nn.init.zeros_((model.output if hasattr(model, "output") else model).weight)
    expected = torch.tensor(float(task.vocab)).log().item()
    assert families.score(model, family, "continue") == pytest.approx(expected, abs=1e-5)


# --- failure ---------------------------------------------------------------------------------------------------


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"the families are encoder only.*got 'decoder'"):
        families.make("decoder", V, 0)
    with pytest.raises(ValueError, match=r"the tasks are classify.*got 'sing'"):
        families.task("sing")


# --- the stored run --------------------------------------------------------------------------------------------


def test_the_run_is_of_this_code():
    run = read_stored("three-families")
    assert run["steps"] == families.TASKS
    assert list(run["scores"]) == list(TASKS)
    assert all(list(scores) == list(FAMILIES) for scores in run["scores"].values())
    assert {len(runs) for scores in run["scores"].values() for runs in scores.values()} == {families.SEEDS}
    assert {name: len(runs) for name, runs in run["half the work"].items()} == dict.fromkeys(
        families.HALVES, 2 * families.SEEDS
    )
    sizes = {family: sum(p.numel() for p in families.make(family, 59, 0).parameters()) for family in FAMILIES}
    assert run["parameters"] == sizes
    again = families.score(families.trained("decoder only", "tag", 1), "decoder only", "tag")
    assert again == pytest.approx(run["scores"]["tag"]["decoder only"][1], abs=0.02)  # other processors


def test_exposure_and_score_count_the_same_dates():
    """Where each written character is right, the date is right: so no place can be right less often than all are."""
    run = read_stored("three-families")
    for exposed, exact in zip(run["exposure"], run["scores"]["translate"]["encoder–decoder"], strict=True):
        assert len(exposed["own"]) == len(exposed["truth"]) == families.LONGEST - 1
        assert min(exposed["own"][:8]) >= exact
        assert exposed["own"][0] == exposed["truth"][0]  # nothing has been written yet

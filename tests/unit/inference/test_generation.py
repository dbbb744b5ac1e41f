"""Generation against ``transformers``: what is said greedily, with a cache and without, and where it ends."""

import re
import subprocess
import sys

import pytest
import torch
from reference import close, ids_of, spread
from twins import LONG, N, T, V, models

from llmbook.data import pad
from llmbook.inference import generate, generation
from llmbook.models import GPT


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_text_equals_transformers(seed, use_cache):
    ours, theirs = models(seed)
    ids = ids_of(V, N, T, seed=seed)
    free = generate(ours, ids, 20, use_cache=use_cache)
    eos = int(free[0, T + 6])
    assert free[:, T:].unique().numel() > 5  # not one word for ever
    for end in (None, eos):
        expected = theirs.generate(
            ids,
            max_new_tokens=20,
            do_sample=False,
            eos_token_id=V if end is None else end,  # V: an id that is never said
            pad_token_id=eos,
            attention_mask=torch.ones_like(ids),
        )
        assert generate(ours, ids, 20, eos=end, use_cache=use_cache).tolist() == expected.tolist()


@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy_text_under_a_penalty_equals_transformers(use_cache):
    ours, theirs = models(1)
    ids = ids_of(V, N, T, seed=1)
    settings = {"max_new_tokens": 20, "do_sample": False, "eos_token_id": V, "pad_token_id": 0}
    expected = theirs.generate(ids, repetition_penalty=1.3, attention_mask=torch.ones_like(ids), **settings)
    written = generate(ours, ids, 20, penalty=1.3, use_cache=use_cache)
    assert written.tolist() == expected.tolist()
    assert not written.equal(generate(ours, ids, 20))


def test_min_p_of_one_is_greedy_and_the_penalty_raises():
    ours, ids = models(1)[0], ids_of(V, N, T)
    lots = torch.Generator().manual_seed(0)
    assert generate(ours, ids, 9, temperature=1.0, min_p=1.0, generator=lots).equal(generate(ours, ids, 9))
    with pytest.raises(ValueError, match=r"at least 1, got 0\.5"):
        generate(ours, ids, 3, penalty=0.5)


def test_sampling_is_the_same_with_and_without_a_cache():
    ours = models(5)[0].double()
    ids = ids_of(V, N, T)
    texts = [
        generate(
            ours, ids, 20, temperature=0.8, top_k=9, top_p=0.9, use_cache=c, generator=torch.Generator().manual_seed(2)
        )
        for c in (True, False)
    ]
    assert torch.equal(*texts)


def test_drawing_is_unrestricted_unless_told():
    model, ids = models(5)[0], ids_of(V, N, T)
    first, told = (
        generate(model, ids, 6, temperature=1.0, generator=torch.Generator().manual_seed(3), **options)
        for options in ({}, {"top_k": V, "top_p": 1.0})
    )
    assert torch.equal(first, told)
    assert torch.equal(generate(model, ids, 6), generate(model, ids, 6, temperature=0))


def test_a_finished_row_says_only_its_end():
    model = models(0)[0]
    ids = ids_of(V, 8, T)
    free = generate(model, ids, 20)
    for eos in free[:, T + 3].unique().tolist():
        ended = generate(model, ids, 20, eos=eos)
        for row, before in zip(ended.tolist(), free.tolist(), strict=True):
            new = before[T:]
            stop = new.index(eos) if eos in new else len(new)
            assert row[T : T + stop] == new[:stop][: len(row) - T]
            assert set(row[T + stop :]) <= {eos}


def test_the_text_stops_where_all_rows_have_ended():
    model = models(0)[0]
    ids = ids_of(V, 1, T).expand(3, T)
    free = generate(model, ids, 20)
    new = free[0, T:].tolist()
    eos = new[4]
    assert torch.equal(generate(model, ids, 20, eos=eos), free[:, : T + new.index(eos) + 1])


@pytest.mark.parametrize("every", [1, 3, 16])
@pytest.mark.parametrize("seed", range(3))
def test_where_a_look_would_wait_the_text_is_the_same(monkeypatch, seed, every):
    """As on a graphics card, which is asked only now and then whether all rows have ended."""
    words = 5  # so few that three rows soon have said any of them
    model = spread(GPT(words, d_model=12, n_heads=3, n_layers=1, max_len=LONG), seed=seed).eval()
    prompts = ids_of(words, N, T, seed=seed)
    never = words

    def texts() -> list[tuple[int, list[list[int]]]]:
        said = []
        for eos in (*range(words), never):
            for new in (0, 1, LONG - T):
                generator = torch.Generator().manual_seed(seed)
                drawn = generate(model, prompts, new, temperature=2.0, eos=eos, generator=generator)
                greedy = generate(model, prompts[:1].expand(N, T), new, eos=eos)
                said += [(eos, drawn.tolist()), (eos, greedy.tolist())]
        return said

    expected = texts()
    widths = {len(rows[0]) - T for _, rows in expected}
    assert {0, 1, LONG - T} < widths  # nothing new, ended at once, never ended, and in between
    ends = [{row[T:].index(eos) for row in rows if eos in row[T:]} for eos, rows in expected]
    assert max(map(len, ends)) == N  # every row at another step
    monkeypatch.setattr(generation, "can_be_read", lambda ended: False)
    monkeypatch.setattr(generation, "LOOK_EVERY", every)
    assert texts() == expected


def test_where_a_look_would_wait_there_are_few(monkeypatch):
    model = models(0)[0]
    ids = ids_of(V, 1, T).expand(N, T)
    new = generate(model, ids, 20)[0, T:].tolist()
    eos = new[4]
    length = new.index(eos) + 1
    widths = []
    model.register_forward_hook(lambda _, args, out: widths.append(args[0].shape[1]))
    for looks_at_each, most, calls in ((True, 20, length), (False, 20, generation.LOOK_EVERY), (False, 9, 9)):
        monkeypatch.setattr(generation, "can_be_read", lambda ended, answer=looks_at_each: answer)
        widths.clear()
        assert generate(model, ids, most, eos=eos).shape == (N, T + length)
        assert len(widths) == calls


@pytest.mark.parametrize(("options", "widths"), [({}, [T, 1, 1]), ({"use_cache": False}, [T, T + 1, T + 2])])
def test_with_a_cache_each_id_is_read_once(options, widths):
    model, read = models(0)[0], []
    hook = model.register_forward_hook(lambda _, args, out: read.append((args[0].shape[1], out.requires_grad)))
    out = generate(model, ids_of(V, N, T), 3, **options)
    assert read == [(width, False) for width in widths]  # nothing is kept for gradients
    hook.remove()
    model(out).sum().backward()  # and what was said can be learned from


def test_a_step_of_ones_own_takes_over_behind_the_prompt():
    model, ids, read = models(0)[0], ids_of(V, N, T), []

    def step(new, cache):
        read.append((tuple(new.shape), cache.length))
        return model(new, cache)

    assert torch.equal(generate(model, ids, 4, step=step), generate(model, ids, 4))
    assert read == [((N, 1), T), ((N, 1), T + 1), ((N, 1), T + 2)]
    assert torch.equal(generate(model, ids, 4, step=step, use_cache=False), generate(model, ids, 4))
    assert len(read) == 3  # without a cache there is no single step


COMPILED = """
import torch
from llmbook.inference import generate
from llmbook.models import GPT, Llama

torch.manual_seed(0)
sizes = {"d_model": 24, "n_heads": 6, "n_layers": 2, "max_len": 31}
for model in (GPT(29, **sizes), Llama(29, n_kv_heads=3, d_ff=36, **sizes)):
    ids = torch.randint(29, (2, 5))
    step = torch.compile(model.eval(), fullgraph=True, dynamic=True, backend="aot_eager")
    assert torch.equal(generate(model, ids, 12, step=step), generate(model, ids, 12))
"""


def test_the_step_can_be_traced_whole():
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_one_id_is_prompt_enough():
    model, ids = models(0)[0], ids_of(V, N, 1)
    close(generate(model, ids, 4)[:, 1], model(ids)[:, -1].argmax(dim=-1), 0)


def test_nothing_new_is_the_prompt():
    model, ids = models(0)[0], ids_of(V, N, T)
    assert torch.equal(generate(model, ids, 0), ids)
    assert torch.equal(generate(model, ids, 1)[:, :T], ids)
    assert generate(model, ids, LONG - T).shape == (N, LONG)


@pytest.mark.parametrize(
    ("rows", "size", "new", "message"),
    [
        (N, 0, 3, r"got \(3, 0\) and 3"),
        (0, T, 3, r"got \(0, 5\) and 3"),
        (N, T, -1, r"got \(3, 5\) and -1"),
        (N, T, LONG - T + 1, "5 ids and 27 new ones .* max_len=31"),
    ],
)
def test_impossible_lengths(rows, size, new, message):
    for use_cache in (True, False):
        with pytest.raises(ValueError, match=message):
            generate(models(0)[0], ids_of(V, rows, size), new, eos=0, use_cache=use_cache)


def test_a_prompt_is_a_batch(shapes_unchecked):
    for shape in ((T,), (N, T, 1)):
        with pytest.raises(ValueError, match=rf"ids \(N, T\) .* got {re.escape(str(shape))} and 1"):
            generate(models(0)[0], ids_of(V, *shape), 1)


def test_options_go_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        generate(models(0)[0], ids_of(V, N, T), 1, 0.5)


def test_everything_is_made_where_the_ids_are():
    """With another device as the default, whatever forgets to name its own would be made there."""
    model, ids = models(0)[0], ids_of(V, N, T)
    expected = generate(model, ids, 6, eos=3)
    with torch.device("meta"):
        assert torch.equal(generate(model, ids, 6, eos=3), expected)


@pytest.mark.parametrize("use_cache", [True, False])
def test_prompts_of_unequal_length_are_continued_each_behind_its_own(use_cache):
    """Behind each prompt stands what stands there when it is alone, whatever fills its row."""
    model = models(2)[0]
    prompts = [ids_of(V, 1, n, seed=n)[0].tolist() for n in (2, 7, 4)]
    ids, lengths = pad(prompts, pad_id=5)
    out = generate(model, ids, 6, lengths=lengths, use_cache=use_cache)
    assert out.shape == (3, 7 + 6)
    for row, prompt in zip(out, prompts, strict=True):
        assert row.tolist() == generate(model, torch.tensor([prompt]), 13 - len(prompt))[0].tolist()


def test_a_short_prompt_that_ends_waits_for_the_others():
    model = models(2)[0]
    prompts = [ids_of(V, 1, n, seed=n)[0].tolist() for n in (2, 7)]
    ids, lengths = pad(prompts, pad_id=5)
    alone = generate(model, torch.tensor([prompts[0]]), 11)[0].tolist()
    eos = alone[4]
    assert eos not in prompts[1]
    row = generate(model, ids, 6, lengths=lengths, eos=eos)[0].tolist()
    end = alone.index(eos, 2)
    assert row[: end + 1] == alone[: end + 1]
    assert set(row[end:]) == {eos}


@pytest.mark.parametrize("lengths", [[0, 3], [1, 8], [1], [[1, 2]]])
def test_lengths_that_cannot_be_are_refused(shapes_unchecked, lengths):
    with pytest.raises(ValueError, match=r"lengths must be 2 numbers in 1\.\.7, one for each prompt"):
        generate(models(2)[0], ids_of(V, 2, 7), 3, lengths=torch.tensor(lengths))

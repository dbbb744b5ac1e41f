"""Grammars: the ids that an independent index allows, texts that are always whole, and prompts side by side."""

import json
import re
import string

import outlines_core
import pytest
import torch
from reference import ids_of
from twins import V, models

from llmbook.inference import Grammar, call_moves, generate, write_together

NAMES = ("add", "adder", "find")
CALL = r'\{"tool": "(add|adder|find)", "input": "[ !#-\[\]-~]+"\}'
MANY = ['{"', '": "', '"}', "tool", ' "', "add", "dder", "er", "in", "put", ": ", '", "', "ä", "\n", '{"tool": "find']
PIECES = [*string.printable[:95], *MANY, '{"tool', "}", "x}", 'x"', "}}", "", ""]  # the last are never to be said
END = len(PIECES) - 1
TWO = [{"a": 1, "b": 2}, {"a": 3, "b": 3}, {"b": 3}, {}]  # aa, ab and bb


def letters(*words: str) -> list[str]:
    """As many pieces as the small models have ids, these first."""
    return [*words, *[""] * (V - len(words))]


def test_ids_equal_those_of_another_index():
    ours = Grammar(call_moves(NAMES), PIECES)
    ids: dict[bytes, list[int]] = {}
    for i, piece in enumerate(PIECES[:-2]):
        ids.setdefault(piece.encode(), []).append(i)
    theirs = outlines_core.Index(CALL, outlines_core.Vocabulary(END, ids))
    pairs = {(0, theirs.get_initial_state())}
    met = set(pairs)
    while pairs:
        state, other = pairs.pop()
        allowed = ours.allowed(state)
        assert set(allowed) == set(theirs.get_allowed_tokens(other) or []) - {END}
        assert theirs.is_final_state(other) == (state == ours.end)
        new = {(after, theirs.get_next_state(other, i)) for i, after in allowed.items()} - met
        met |= new
        pairs |= new
    assert {state for state, _ in met} == set(range(len(ours.moves)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("room", [2, 5, 11])
def test_every_text_is_whole(seed, room):
    moves = [{"x": 0, "y": 1}, {"x": 0, "z": 2}, {}]
    grammar = Grammar(moves, letters("x", "y", "z", "xx", "xy", "yz", "yzz", "zx"))
    lot = torch.Generator().manual_seed(seed)
    prompts = ids_of(V, 3, 5, seed=seed).tolist()
    found = write_together(models(seed)[0], prompts, room, eos=1, grammar=grammar, temperature=2.0, generator=lot)
    for ids in found:
        assert len(ids) <= room
        assert re.fullmatch("(x|yx)*yz", "".join(grammar.pieces[i] for i in ids))


@pytest.mark.parametrize("seed", range(5))
def test_prompts_of_unequal_length_side_by_side(seed):
    model = models(seed)[0].double()
    grammar = Grammar([*TWO[:-1], {"a": 3, "c": 4}, {}], letters("a", "b", "c", "ab", "ba", "ca"))
    prompts = [[3, 4, 5], [3, 4, 7, 2, 6], [3, 4], [3, 4, 5]]
    alone = [write_together(model, [prompt], 6, eos=1, grammar=grammar)[0] for prompt in prompts]
    assert write_together(model, prompts, 6, eos=1, grammar=grammar) == alone


@pytest.mark.parametrize("seed", range(5))
def test_without_a_grammar_it_is_greedy_decoding(seed):
    model = models(seed)[0].double()
    ids = ids_of(V, 2, 5, seed=seed)
    eos = int(generate(model, ids, 4)[0, -1])
    for row, found in zip(ids, write_together(model, ids.tolist(), 9, eos=eos), strict=True):
        assert [*row.tolist(), *found] == generate(model, row[None], 9, eos=eos)[0].tolist()


def test_one_text_is_written_whatever_the_model_likes():
    grammar = Grammar([{"b": 1}, {"a": 2}, {"b": 3}, {}], letters("a", "b"))
    assert write_together(models(0)[0], [[4, 9]], 3, eos=1, grammar=grammar) == [[1, 0, 1]]


def test_the_likeliest_of_the_allowed_is_taken():
    model = models(3)[0]
    grammar = Grammar(TWO, letters("a", "b", "aa", "ab", "bb", "ba"))
    logits = model(torch.tensor([[5, 6, 7]]))[0, -1]
    (found,) = write_together(model, [[5, 6, 7]], 2, eos=1, grammar=grammar)
    assert found[0] == int(logits[:5].argmax())


def test_a_call_may_hold_any_text_and_is_json():
    grammar = Grammar(call_moves(NAMES), PIECES)
    state = 0
    for symbol in '{"tool": "adder", "input": "~ 2}{[]"}':
        i = next(i for i in grammar.allowed(state) if PIECES[i] == symbol)
        state = grammar.allowed(state)[i]
    assert state == grammar.end
    assert json.loads('{"tool": "adder", "input": "~ 2}{[]"}')
    assert not any(PIECES[i] == "" for state in range(len(grammar.moves)) for i in grammar.allowed(state))


@pytest.mark.parametrize(("prompts", "room"), [([[1, 2], []], 5), ([[1, 2]], 1)])
def test_no_prompt_and_no_room_are_refused(prompts, room):
    with pytest.raises(ValueError, match="room for a whole text"):
        write_together(models(0)[0], prompts, room, eos=1, grammar=Grammar(TWO, letters("a", "b")))

r"""Writing inside a grammar: an id may be said only if the text can still be completed after it.

    p'(i | text) = p(i | text) / Σ p(j | text) over the allowed j,  for an allowed i, else 0

An automaton reads symbols, a model writes pieces of several. So a piece is walked through the automaton symbol by
symbol, and allowed where the walk does not fall off, and the shortest way to the end still fits into the room left.

Source: Willard and Louf, *Efficient Guided Generation for Large Language Models* (2023), section 3. Dividing at each
step changes the distribution: Park et al., *Grammar-Aligned Decoding* (2024). Left out: nested grammars, non-ASCII.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from llmbook.inference.sampling import sample_next_token
from llmbook.models.causal_lm import CausalLM
from llmbook.nn.cache import KVCache

TEXT = "".join(chr(code) for code in range(32, 127) if chr(code) not in '"\\')  # what may stand between quotes
Moves = list[dict[str, int]]  # the next state of each state for each symbol; the last state is the end


def call_moves(names: Iterable[str]) -> Moves:
    """The automaton of ``{"tool": "NAME", "input": "TEXT"}``, one of these names and at least one symbol of text."""
    moves: Moves = [{}]

    def spell(state: int, word: str) -> int:
        for symbol in word:
            if symbol not in moves[state]:
                moves.append({})
                moves[state][symbol] = len(moves) - 1
            state = moves[state][symbol]
        return state

    named = [spell(spell(0, '{"tool": "'), name) for name in names]
    behind = spell(named[0], '"')
    for state in named:
        moves[state]['"'] = behind
    begun = spell(behind, ', "input": "')
    inside = spell(begun, TEXT[0])
    moves[begun] = dict.fromkeys(TEXT, inside)
    moves[inside] = dict.fromkeys(TEXT, inside)
    spell(inside, '"}')
    return moves


class Grammar:
    """An automaton, and the ids that may be said in each of its states."""

    def __init__(self, moves: Moves, pieces: Sequence[str]) -> None:
        """``pieces`` are the texts of all ids; empty for one that is never to be said, such as a template's sign."""
        self.moves = moves
        self.pieces = pieces
        self.end = len(moves) - 1
        self.starting: dict[str, list[int]] = defaultdict(list)
        for i, piece in enumerate(pieces):
            self.starting[piece[:1]].append(i)
        self.to_end = {self.end: 0}  # symbols of the shortest way there, and so as many ids at most
        for _ in moves:
            for state, row in enumerate(moves):
                ways = [self.to_end[after] + 1 for after in row.values() if after in self.to_end]
                self.to_end[state] = min([*ways, self.to_end.get(state, len(moves))])
        self.allowed = cache(self.allowed_now)
        self.within = cache(self.within_now)

    def allowed_now(self, state: int) -> dict[int, int]:
        """Each id that may follow, with the state behind it."""
        found: dict[int, int] = {}
        for i in (i for symbol in self.moves[state] for i in self.starting[symbol]):
            after: int | None = state
            for symbol in self.pieces[i]:
                after = None if after is None else self.moves[after].get(symbol)
            if after is not None:
                found[i] = after
        return found

    def within_now(self, state: int, room: int) -> Int[Tensor, " n"]:
        """Of these the ids behind which the text can still end, where ``room`` ids may be said."""
        return torch.tensor([i for i, after in self.allowed(state).items() if self.to_end[after] < room])


@torch.no_grad()
def write_together(
    model: CausalLM, prompts: Sequence[list[int]], room: int, *, eos: int,
    grammar: Grammar | None = None, begun: KVCache | None = None,
    temperature: float = 0.0, generator: Generator | None = None,
) -> list[list[int]]:  # fmt: skip
    """What follows each prompt, side by side: up to ``room`` ids, to the end of the grammar or without one to ``eos``.

    What all prompts begin with is read once, or was read before: ``begun`` is a cache that holds no more than that.
    Raises ``ValueError`` for an empty prompt, or room for no whole text.
    """
    if not all(prompts) or (grammar is not None and grammar.to_end[0] > room):
        raise ValueError(f"prompts of one id or more are needed, and room for a whole text; got {room}")
    end = min(map(len, prompts))
    read = next((k for k in range(end - 1) if len({prompt[k] for prompt in prompts}) > 1), end - 1)
    cache = model.new_cache(1, max(map(len, prompts)) + room)
    if begun is not None:
        cache.length = begun.length
        cache.keys[:, :, :, : begun.length] = begun.keys[:, :, :, : begun.length]
        cache.values[:, :, :, : begun.length] = begun.values[:, :, :, : begun.length]
    if read > cache.length:
        model(torch.tensor([prompts[0][cache.length : read]]), cache)
    cache.reorder(torch.zeros(len(prompts), dtype=torch.long))

    texts = [list(prompt) for prompt in prompts]
    written: list[list[int]] = [[] for _ in prompts]
    states = [0] * len(prompts)
    going_on = set(range(len(prompts)))
    while going_on:
        logits = model(torch.tensor([text[read:end] for text in texts]), cache)[:, -1]  # (N, n_vocab)
        read = end
        end += 1
        for n in (n for n, text in enumerate(texts) if len(text) == read):  # of the others a prompt is still to be read
            if n in going_on:
                ids = grammar and grammar.within(states[n], min(room - len(written[n]), len(grammar.moves)))
                row = logits[None, n] if ids is None else logits[None, n, ids]
                choice = int(sample_next_token(row, temperature=temperature, generator=generator))
                written[n].append(choice if ids is None else int(ids[choice]))
                states[n] = grammar.allowed(states[n])[written[n][-1]] if grammar else 0
                if len(written[n]) == room or (states[n] == grammar.end if grammar else choice == eos):
                    going_on.discard(n)
            texts[n].append(written[n][-1])
    return written

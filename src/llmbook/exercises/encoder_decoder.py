"""The exercises of page 3.2: shapes, layers of equal price, errors that grow, a mask for one stack, writing, wiring."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.models.encoder_decoder import Decoder, Encoder
from llmbook.nn.masks import causal_mask

# --- the shape of the third attention --------------------------------------------------------------------------

B, H, T, S, WIDTH = 5, 2, 7, 11, 8

SHAPE = Exercise(
    name="3.2-shape",
    answer=[B, H, T, S],
    right="the target asks, the source is asked: a row for each place to write, a column for each character read.",
    mistakes=(
        Mistake([B, H, S, T], "queries come first, and they are the target's."),
        Mistake([B, H, T, T], "that is the decoder's attention to itself; here the keys are the memory's."),
        Mistake([B, H, S, S], "that is the encoder's attention; here the queries are the target's."),
        Mistake([B, T, S], "each head has weights of its own."),
        Mistake(
            [B, T, WIDTH], "that is the shape of what comes out; the weights are a number for each pair of places."
        ),
        Mistake([B, H, T, WIDTH // H], "those are the queries; each of them has a weight for each key."),
    ),
)

# --- how many layers of one stack are as dear as six and six ----------------------------------------------------


def numbers_of(layers: int, kind: type[Encoder] | type[Decoder], d_model: int = 64) -> int:
    """Entries of the matrices of a stack with F = 4D, which are all that counts when D is large."""
    with torch.device("meta"):
        stack = kind(d_model, 1, 4 * d_model, layers)
    return sum(weight.numel() for weight in stack.parameters() if weight.ndim == 2)


BOTH = numbers_of(6, Encoder) + numbers_of(6, Decoder)

LAYERS = Exercise(
    name="3.2-layers",
    answer=BOTH // numbers_of(1, Encoder),
    right="a decoder layer with its second attention is a third dearer: 6 · 12D² + 6 · 16D² = 14 · 12D².",
    mistakes=(
        Mistake(12, "a decoder layer has a second attention, and 4D² numbers more."),
        Mistake(10.5, "divide by what a layer of the single stack has, 12D²: it has no attention to a memory."),
        Mistake(6, "both halves count, six layers of each."),
        Mistake(18, "the second attention has four matrices of D², not a whole layer more."),
    ),
)

# --- errors that grow ------------------------------------------------------------------------------------------

RIGHT_EACH, PLACES = 0.99, 100

EXPOSURE = Exercise(
    name="3.2-exposure",
    answer=sum(RIGHT_EACH**t for t in range(1, PLACES + 1)) / PLACES,
    right="99 in 100 with a teacher, 63 in 100 without: if no error were ever repaired.",
    mistakes=(
        Mistake(RIGHT_EACH, "that is with the truth given; on its own it is lost after its first error."),
        Mistake(
            RIGHT_EACH**PLACES, "that is the chance of a text without any error; before the first one all is right."
        ),
        Mistake(RIGHT_EACH ** (PLACES / 2), "near, but the mean of powers is not the power at the mean: add them up."),
        Mistake(
            sum(RIGHT_EACH**t for t in range(PLACES)) / PLACES,
            "the first character may be wrong already: the sum begins with 0.99.",
        ),
        Mistake(sum(RIGHT_EACH**t for t in range(1, PLACES + 1)), "that is how many are right; divide by the places."),
    ),
    decimals=3,
)

# --- one stack that reads both ways and writes one way ----------------------------------------------------------


def prefix_mask(n_source: int, n_target: int) -> Tensor:
    """All see the source, and the target sees what it has written."""
    may_attend = causal_mask(n_source + n_target)
    may_attend[:, :n_source] = True
    return may_attend


def only_causal(n_source: int, n_target: int) -> Tensor:
    return causal_mask(n_source + n_target)


def no_mask(n_source: int, n_target: int) -> Tensor:
    return torch.ones(n_source + n_target, n_source + n_target, dtype=torch.bool)


def source_sees_all(n_source: int, n_target: int) -> Tensor:
    """The rows of the source are opened instead of its columns."""
    may_attend = causal_mask(n_source + n_target)
    may_attend[:n_source] = True
    return may_attend


def separate(n_source: int, n_target: int) -> Tensor:
    """The target does not see the source."""
    may_attend = prefix_mask(n_source, n_target)
    may_attend[n_source:, :n_source] = False
    return may_attend


def inverted(n_source: int, n_target: int) -> Tensor:
    return ~prefix_mask(n_source, n_target)


PREFIX = Exercise(
    name="3.2-prefix",
    answer=prefix_mask,
    probes=((3, 4), (1, 5), (6, 2), (5, 1)),
    right="one stack now reads as an encoder does and writes as a decoder does; it is called a prefix LM.",
    mistakes=(
        Mistake(only_causal, "the source may be read in both directions: open all of its columns."),
        Mistake(no_mask, "the target must not see what is still to be written."),
        Mistake(source_sees_all, "open the source's columns, not its rows: the source must not see the target."),
        Mistake(separate, "the target has to see the source."),
        Mistake(inverted, "True must mean that a query may look at a key; yours says the opposite."),
    ),
)

# --- writing by oneself ----------------------------------------------------------------------------------------

Step = Callable[[list[int]], Tensor]


def write(step: Step, bos: int, eos: int, longest: int) -> list[int]:
    """Ask, append, ask again, until the end comes; neither sign is part of the text."""
    ids = [bos]
    for _ in range(longest):
        best = int(step(ids).argmax())
        if best == eos:
            break
        ids.append(best)
    return ids[1:]


def with_end(step: Step, bos: int, eos: int, longest: int) -> list[int]:
    text = write(step, bos, eos, longest)
    return text if len(text) == longest else [*text, eos]


def never_ends(step: Step, bos: int, eos: int, longest: int) -> list[int]:
    """The end is written like any other sign."""
    ids = [bos]
    for _ in range(longest):
        ids.append(int(step(ids).argmax()))
    return ids[1:]


def forgets(step: Step, bos: int, eos: int, longest: int) -> list[int]:
    """Only the last id is shown."""
    return write(lambda ids: step(ids[-1:]), bos, eos, longest)


def table_step(seed: int, vocab: int = 6) -> Step:
    """Logits that depend on all ids so far, and on their order."""
    table = random_normal(vocab, vocab, seed=seed)

    def step(ids: list[int]) -> Tensor:
        x = torch.zeros(vocab, dtype=table.dtype)
        for i in ids:
            x = torch.tanh(table @ x + 2 * table[:, i])
        return x

    return step


TRIES = (15, 0, 5, 9), (18, 0, 5, 3), (19, 4, 2, 8), (27, 0, 5, 9), (9, 0, 5, 4), (20, 0, 5, 12)

WRITE = Exercise(
    name="3.2-write",
    answer=write,
    probes=tuple((table_step(seed), bos, eos, longest) for seed, bos, eos, longest in TRIES),
    right="no teacher: what is written is read again.",
    mistakes=(
        Mistake(lambda *given: [given[1], *write(*given)], "the start sign is not part of the text."),
        Mistake(with_end, "the end sign is not part of the text."),
        Mistake(never_ends, "stop when the likeliest id is eos."),
        Mistake(lambda *given: [i for i in never_ends(*given) if i != given[2]], "what stands behind eos is no text."),
        Mistake(lambda a, b, c, n: write(a, b, c, n - 1), "longest counts the ids written, and bos is not one."),
        Mistake(forgets, "show the step all that has been written, not only the last id."),
    ),
)

# --- the bug museum: one text for both -------------------------------------------------------------------------

Wiring = Callable[[Any, Tensor, Tensor], Tensor]  # (model, source, target) to logits


def wired(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """Right."""
    return model.decode(tgt, model.encode(src))


def in_two_steps(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """Right as well."""
    memory = model.encode(src)
    return model.decode(memory=memory, tgt=tgt)


def one_source_for_both(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """The museum's piece."""
    return model.decode(src, model.encode(src))


def one_target_for_both(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """It copies what it should write, and its loss goes to nothing."""
    return model.decode(tgt, model.encode(tgt))


def exchanged(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """The target is read and the source written."""
    return model.decode(src, model.encode(tgt))


def shuffled_batch(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """Every target gets the source of its neighbour in the batch."""
    return model.decode(tgt, model.encode(src).roll(1, dims=0))


def only_the_first(model: Any, src: Tensor, tgt: Tensor) -> Tensor:
    """The memory is cut to its first row, as if it were one vector for the whole source."""
    return model.decode(tgt, model.encode(src)[:, :1])


EXHIBITS: tuple[Wiring, ...] = (one_source_for_both, one_target_for_both, exchanged, shuffled_batch, only_the_first)


class Tiny:
    """A model that one can calculate by hand: the memory is the source, the logits are sums of all that is seen."""

    def encode(self, src: Tensor) -> Tensor:
        return src[..., None].double() + src.double().cumsum(dim=1)[..., None] / 7

    def decode(self, tgt: Tensor, memory: Tensor) -> Tensor:
        seen = (memory * torch.arange(1, memory.shape[1] + 1)[:, None]).sum(dim=1, keepdim=True)
        return tgt.double().cumsum(dim=1)[..., None] * 1.5 + seen


def agrees(wiring: Wiring, src: Tensor, tgt: Tensor) -> bool:
    """Whether this wiring gives what the right one gives."""
    expected = wired(Tiny(), src, tgt)
    given = wiring(Tiny(), src, tgt)
    return given.shape == expected.shape and torch.allclose(given, expected)


SRC, TGT = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]]), torch.tensor([[2, 7, 1], [8, 2, 8]])


def is_wired(wiring: Wiring) -> bool:
    """Two different pairs, of different lengths, and different texts in each."""
    return agrees(wiring, SRC, TGT)


def same_text(wiring: Wiring) -> bool:
    """Public tutorials' own test: one x for both."""
    return agrees(wiring, SRC, SRC)


def one_pair(wiring: Wiring) -> bool:
    """A batch of one."""
    return agrees(wiring, SRC[:1], TGT[:1])


def shapes_only(wiring: Wiring) -> bool:
    """Nobody asks for numbers."""
    return wiring(Tiny(), SRC, TGT).shape == wired(Tiny(), SRC, TGT).shape


def source_matters(wiring: Wiring) -> bool:
    """Another source, other logits; that the target matters is not asked."""
    return not torch.allclose(wiring(Tiny(), SRC, TGT), wiring(Tiny(), SRC + 1, TGT))


MUSEUM = Exercise(
    name="3.2-museum",
    answer=is_wired,
    probes=((wired,), (in_two_steps,), *((wiring,) for wiring in EXHIBITS)),
    right="your test trusts two right wirings and sees through five wrong ones, the museum's among them.",
    mistakes=(
        Mistake(same_text, "with one text for both, nobody can tell which goes where: source and target must differ."),
        Mistake(shapes_only, "shapes tell only lengths: compare numbers."),
        Mistake(one_pair, "with one pair in the batch no source can go to the wrong target: take two, and different."),
        Mistake(source_matters, "that the source matters is half of it: ask for the right numbers."),
        *careless_tests(is_wired, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (SHAPE, LAYERS, EXPOSURE, PREFIX, WRITE, MUSEUM)

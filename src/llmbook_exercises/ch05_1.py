"""The exercises of page 5.1-5.2: the parts of the Transformer of 2017."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmbook.attention import causal_mask, combine_masks, padding_mask
from llmbook.generation import beam_search
from llmbook.positions import sinusoids
from llmbook_exercises import Exercise

D, H, WIDTH = 512, 8, 2048

# --- the size of a layer ---------------------------------------------------------------------------------------


def size(layer: type[nn.Module]) -> int:
    """The parameters of PyTorch's layer, which are shapes only on this device."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in layer(D, H, WIDTH).parameters())


DECODER, ENCODER = size(nn.TransformerDecoderLayer), size(nn.TransformerEncoderLayer)

# --- the decoder's mask ----------------------------------------------------------------------------------------


def decoder_mask(lengths: Tensor, T: int) -> Tensor:
    return combine_masks(causal_mask(T), padding_mask(lengths, T))


def hides_queries(lengths: Tensor, T: int) -> Tensor:
    return causal_mask(T) & padding_mask(lengths, T).transpose(-2, -1)


# --- the shift -------------------------------------------------------------------------------------------------


def shift(k: int, D: int) -> Tensor:
    """The matrix that takes each row of the table to the row k further, solved for from the table itself."""
    table = sinusoids(2000 + k, D).double()
    return torch.linalg.lstsq(table[:2000], table[k : 2000 + k]).solution


def turned(k: int, D: int, step: int = 2) -> Tensor:
    """A matrix of turned pairs whose angles are k / 10000^(i/D), i counted in steps of ``step`` from pair to pair."""
    angles = [torch.tensor(k / 10000 ** (step * pair / D)) for pair in range(D // 2)]
    return torch.block_diag(*[torch.stack([a.cos(), -a.sin(), a.sin(), a.cos()]).view(2, 2) for a in angles])


# --- writing ---------------------------------------------------------------------------------------------------


def add_source(src: Tensor, tgt: Tensor) -> Tensor:
    """A model that says the sum, modulo 11, of the last id and the source id at the same place."""
    at = torch.arange(tgt.shape[1]) % src.shape[1]
    return F.one_hot((tgt + src[:, at]) % 11, 11).double()


def add_all(src: Tensor, tgt: Tensor) -> Tensor:
    """A model that says the sum, modulo 7, of all ids so far and the first of the source."""
    return F.one_hot((tgt.cumsum(1) + src[:, :1] + 1) % 7, 7).double()


def write(model, src: Tensor, n: int) -> Tensor:
    """Greedy writing as the library does it: beam search with one beam, row by row, for an end that never comes."""
    start, written = torch.zeros(1, dtype=torch.long), []
    for row in src:

        def next_logits(prefixes: Tensor, row: Tensor = row) -> Tensor:
            return model(row.expand(len(prefixes), -1), prefixes)[:, -1]

        written.append(beam_search(next_logits, start, beams=1, max_new=n, eos=-1)[0][1])
    return torch.tensor(written)[:, 1:]


def loop(model, src: Tensor, n: int, place: int = -1, only_last: bool = False) -> Tensor:
    """Writing with a mistake in it; returns the start as well."""
    tgt = torch.zeros(len(src), 1, dtype=torch.long)
    written = tgt
    for _ in range(n):
        following = model(src, tgt)[:, place].argmax(-1, keepdim=True)
        written = torch.cat([written, following], dim=1)
        tgt = following if only_last else written
    return written


SRC = torch.tensor([[3, 1, 4, 2, 5], [2, 6, 1, 5, 3]])

EXERCISES = (
    Exercise(
        name="5.1-decoder-layer",
        answer=DECODER,
        right="two attentions, one feed-forward network and three norms; six such layers are 25 of the 63 millions.",
        mistakes={
            "that is an encoder layer: a decoder layer has a second attention, and a third norm.": ENCODER,
            "there are three norms, one for each sub-layer, and each has a gain and a bias.": DECODER - 2 * D,
            "each norm has a gain and a bias, 2D numbers.": DECODER - 3 * D,
            "the three norms are missing: each has a gain and a bias of D numbers.": DECODER - 6 * D,
            "the biases are missing: 4D in each attention, F + D in the feed-forward network.": DECODER - 9 * D - WIDTH,
            "the two matrices of the feed-forward network are D × F and F × D; you counted one.": DECODER - D * WIDTH,
        },
    ),
    Exercise(
        name="5.1-decoder-mask",
        answer=decoder_mask,
        probes=((torch.tensor([5, 3]), 5), (torch.tensor([1, 4, 2]), 4)),
        right="not the future, and not the padding; every row still has a key to look at, the first.",
        mistakes={
            "the mask is inverted: True must mean “may look”.": lambda lengths, T: ~decoder_mask(lengths, T),
            "the padding is still seen: compare the keys' numbers with the length.": lambda lengths, T: causal_mask(
                T
            ).expand(len(lengths), 1, T, T),
            "the future is still seen: join with the causal mask.": lambda lengths, T: padding_mask(lengths, T).expand(
                len(lengths), 1, T, T
            ),
            "with “or” one permission is enough; both are needed: &.": lambda lengths, T: (
                causal_mask(T) | padding_mask(lengths, T)
            ),
            "you hid queries; it is the keys, the last axis, that must not be looked at.": hides_queries,
            "one too many: the keys before the padding are 0 … length − 1.": lambda lengths, T: (
                causal_mask(T) & padding_mask((lengths + 1).clamp(max=T), T)
            ),
        },
    ),
    Exercise(
        name="5.1-shift",
        answer=shift,
        probes=((1, 4), (3, 6)),
        right="every clock turns by its own angle, wherever it stood: one matrix for all positions.",
        mistakes={
            "this goes k places back; with the row on the left the minus stands in the upper row.": lambda k, D: (
                turned(k, D).T
            ),
            "all clocks turn alike here; clock i is slower by 10000^(2i/D).": lambda k, D: turned(k, D, step=0),
            "the clocks slow down by half as much as they should: the exponent is 2i/D.": lambda k, D: turned(
                k, D, step=1
            ),
            "this moves by one place only; the angles are k times as large.": lambda k, D: turned(1, D),
        },
    ),
    Exercise(
        name="5.1-write",
        answer=write,
        probes=((add_source, SRC, 5), (add_all, SRC, 6)),
        right="each id it writes becomes part of what it reads next. That is all there is to greedy writing.",
        mistakes={
            "the start is still in front; return what was written after it.": loop,
            "each id here is what follows the start: append what was written, and take the last logits.": lambda *a: (
                loop(*a, place=0)[:, 1:]
            ),
            "the model sees its last id only; give it all that was written so far.": lambda *a: loop(
                *a, only_last=True
            )[:, 1:],
        },
    ),
)

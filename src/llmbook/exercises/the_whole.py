"""The exercises of page 5.2: the size of a decoder layer, its mask, the way back through a norm, and writing."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmbook.exercises.exercise import Exercise, Mistake, random_normal
from llmbook.inference.search import beam_search
from llmbook.models.encoder_decoder import AddAndNorm
from llmbook.nn.masks import causal_mask, padding_mask

# --- the size of a layer ---------------------------------------------------------------------------------------

D = 512  # model width
H = 8  # heads
WIDTH = 2048  # of the feed-forward network


def size(layer: type[nn.Module]) -> int:
    """The parameters of PyTorch's layer, which are shapes only on this device."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in layer(D, H, WIDTH).parameters())


DECODER = size(nn.TransformerDecoderLayer)
ENCODER = size(nn.TransformerEncoderLayer)

DECODER_LAYER = Exercise(
    name="5.2-decoder-layer",
    answer=DECODER,
    right="two attentions, one feed-forward network and three norms; six such layers are 25 of the 63 millions.",
    mistakes=(
        Mistake(ENCODER, "that is an encoder layer: a decoder layer has a second attention, and a third norm."),
        Mistake(6 * DECODER, "those are all six layers of the base model; asked is one."),
        Mistake(DECODER - 2 * D, "there are three norms, one for each sub-layer, and each has a gain and a bias."),
        Mistake(DECODER - 3 * D, "each norm has a gain and a bias, 2D numbers."),
        Mistake(DECODER - 6 * D, "the three norms are missing: each has a gain and a bias of D numbers."),
        Mistake(
            DECODER - 9 * D - WIDTH, "the biases are missing: 4D in each attention, F + D in the feed-forward network."
        ),
        Mistake(
            DECODER - D * WIDTH, "the two matrices of the feed-forward network are D × F and F × D; you counted one."
        ),
    ),
)

# --- the decoder's mask ----------------------------------------------------------------------------------------


def decoder_mask(lengths: Tensor, T: int) -> Tensor:
    """True where a query may look: not at the future, and not at the padding."""
    return causal_mask(T) & padding_mask(lengths, T)


def inverted(lengths: Tensor, T: int) -> Tensor:
    """True where a query may not look."""
    return ~decoder_mask(lengths, T)


def sees_padding(lengths: Tensor, T: int) -> Tensor:
    """The causal mask alone."""
    return causal_mask(T).expand(len(lengths), 1, T, T)


def sees_future(lengths: Tensor, T: int) -> Tensor:
    """The padding mask alone."""
    return padding_mask(lengths, T).expand(len(lengths), 1, T, T)


def one_permission_enough(lengths: Tensor, T: int) -> Tensor:
    """Joined with “or”."""
    return causal_mask(T) | padding_mask(lengths, T)


def hides_queries(lengths: Tensor, T: int) -> Tensor:
    """Padding on the wrong axis, or on both: under a causal mask that is the same."""
    return causal_mask(T) & padding_mask(lengths, T).transpose(-2, -1)


def causal_alone(lengths: Tensor, T: int) -> Tensor:
    """One mask for all targets, without their padding."""
    return causal_mask(T)


def hides_itself(lengths: Tensor, T: int) -> Tensor:
    """The diagonal hidden too."""
    return decoder_mask(lengths, T).tril(-1)


def first_padding_seen(lengths: Tensor, T: int) -> Tensor:
    """One key too many."""
    return causal_mask(T) & padding_mask((lengths + 1).clamp(max=T), T)


DECODER_MASK = Exercise(
    name="5.2-decoder-mask",
    answer=decoder_mask,
    probes=((torch.tensor([5, 3]), 5), (torch.tensor([1, 4, 2]), 4), (torch.tensor([3]), 3)),
    right="not the future, and not the padding; every row still has a key to look at, the first.",
    mistakes=(
        Mistake(inverted, "the mask is inverted: True must mean “may look”."),
        Mistake(causal_alone, "that is the causal mask, (T, T), the same for all targets: join it with their padding."),
        Mistake(hides_itself, "a query may look at itself: the diagonal stays, tril() and not tril(-1)."),
        Mistake(sees_padding, "the padding is still seen: compare the keys' numbers with the length."),
        Mistake(sees_future, "the future is still seen: join with the causal mask."),
        Mistake(one_permission_enough, "with “or” one permission is enough; both are needed: &."),
        Mistake(
            hides_queries,
            "padded queries are hidden, and would look nowhere: it is the keys, the last axis, that must be.",
        ),
        Mistake(first_padding_seen, "one too many: the keys before the padding are 0 … length − 1."),
    ),
)

# --- the way back through a norm -------------------------------------------------------------------------------


def way_back(x: Tensor, u: Tensor) -> Tensor:
    """What a post-norm frame hands on of the gradient u on its direct way: asked of a frame around nothing."""
    x = x.clone().requires_grad_()
    frame = AddAndNorm(x.shape[-1]).to(x)
    (gradient,) = torch.autograd.grad(frame(x, torch.zeros_like), x, u)
    return gradient


def by_hand(
    x: Tensor,
    u: Tensor,
    *,
    mean_moves: bool = True,
    deviation_moves: bool = True,
    divides: bool = True,
    correction: int = 0,
    eps: float = 1e-5,
) -> Tensor:
    """(u − mean(u) − x̂ mean(u x̂)) / σ; each argument takes one step out of it."""
    centred = x - x.mean(dim=-1, keepdim=True)
    sigma = (x.var(dim=-1, keepdim=True, correction=correction) + eps).sqrt()
    normed = centred / sigma
    back = u - u.mean(dim=-1, keepdim=True) if mean_moves else u
    if deviation_moves:
        back = back - normed * (u * normed).mean(dim=-1, keepdim=True)
    return back / sigma if divides else back


def swapped(x: Tensor, u: Tensor) -> Tensor:
    """The gradient taken for the row, and the row for the gradient."""
    return by_hand(u, x)


def eps_outside(x: Tensor, u: Tensor) -> Tensor:
    """σ + ε, where ε belongs under the root."""
    sigma = x.var(dim=-1, keepdim=True, correction=0).sqrt() + 1e-5
    normed = (x - x.mean(dim=-1, keepdim=True)) / sigma
    taken = u.mean(dim=-1, keepdim=True) + normed * (u * normed).mean(dim=-1, keepdim=True)
    return (u - taken) / sigma


def handed_on(x: Tensor, u: Tensor) -> Tensor:
    """The direct way of a pre-norm frame."""
    return u


def before_and_above(*shape: int) -> tuple[Tensor, Tensor]:
    """Rows, and gradients that come from above."""
    return random_normal(*shape).double(), random_normal(*shape, seed=1).double()


WAY_BACK = Exercise(
    name="5.2-way-back",
    answer=way_back,
    probes=(
        before_and_above(5, 7),
        before_and_above(2, 3, 4),
        before_and_above(6),
        (torch.full((2, 3), 4.0).double(), random_normal(2, 3).double()),
    ),
    right="a post-norm frame takes two directions out of u and divides by σ; a pre-norm frame hands u on as it is.",
    mistakes=(
        Mistake(handed_on, "this is the direct way of a pre-norm frame; post-norm has a LayerNorm on it."),
        Mistake(
            partial(by_hand, mean_moves=False, deviation_moves=False),
            "the mean and σ are made of x too, and move with it; two terms are missing.",
        ),
        Mistake(
            partial(by_hand, deviation_moves=False), "σ is made of x too: a term with the mean of u · x̂ is missing."
        ),
        Mistake(partial(by_hand, mean_moves=False), "the mean of x moves with x: take the mean of u off."),
        Mistake(partial(by_hand, divides=False), "divide by σ: a row twice as wide is moved half as far."),
        Mistake(
            partial(by_hand, correction=1), "torch.var and torch.std divide by D − 1, LayerNorm by D: say correction=0."
        ),
        Mistake(eps_outside, "ε stands under the root, beside the variance: σ is √(var + ε)."),
        Mistake(swapped, "x and u are swapped: x is normalised, and u is what comes back."),
        Mistake(partial(by_hand, eps=1e-6), "your ε is 10⁻⁶; here, as in PyTorch's LayerNorm, it is 10⁻⁵."),
        Mistake(partial(by_hand, eps=1e-8), "your ε is 10⁻⁸; here, as in PyTorch's LayerNorm, it is 10⁻⁵."),
        Mistake(partial(by_hand, eps=0.0), "a row of equal numbers gives 0/0: σ is √(var + ε), with ε = 10⁻⁵."),
    ),
)

# --- writing ---------------------------------------------------------------------------------------------------

Model = Callable[[Tensor, Tensor], Tensor]  # logits (B, T, n_vocab) from the source (B, S) and what was written (B, T)


def add_source(src: Tensor, tgt: Tensor) -> Tensor:
    """A model that says the sum, modulo 11, of the last id and the source id at the same place."""
    at = torch.arange(tgt.shape[1]) % src.shape[1]
    return F.one_hot((tgt + src[:, at]) % 11, 11).double()


def add_all(src: Tensor, tgt: Tensor) -> Tensor:
    """A model that says the sum, modulo 7, of all ids so far and the first of the source."""
    return F.one_hot((tgt.cumsum(1) + src[:, :1] + 1) % 7, 7).double()


def write_row(model: Model, row: Tensor, n: int) -> Tensor:
    """Greedy writing as the library does it: beam search with one beam, for an end that never comes."""

    def next_logits(prefixes: Tensor) -> Tensor:
        return model(row.expand(len(prefixes), -1), prefixes)[:, -1]

    start = torch.zeros(1, dtype=torch.long)
    _, ids = beam_search(next_logits, start, beams=1, max_new=n, eos=-1)[0]
    return torch.tensor(ids[1:])


def write(model: Model, src: Tensor, n: int) -> Tensor:
    """Every row of the source by itself; the start is not returned."""
    return torch.stack([write_row(model, row, n) for row in src])


def with_start(model: Model, src: Tensor, n: int, *, place: int = -1, only_last: bool = False) -> Tensor:
    """A loop that returns the start as well; its logits may be of another place, its model may see the last id only."""
    shown = torch.zeros(len(src), 1, dtype=torch.long)
    written = shown
    for _ in range(n):
        following = model(src, shown)[:, place].argmax(-1, keepdim=True)
        written = torch.cat([written, following], dim=1)
        shown = following if only_last else written
    return written


def what_follows_the_start(model: Model, src: Tensor, n: int) -> Tensor:
    """The first logits each time."""
    return with_start(model, src, n, place=0)[:, 1:]


def from_last_id(model: Model, src: Tensor, n: int) -> Tensor:
    """Without what was written before."""
    return with_start(model, src, n, only_last=True)[:, 1:]


def source_as_target(model: Model, src: Tensor, n: int) -> Tensor:
    """The source on both sides, whatever was written."""
    return model(src, src)[:, -1:].argmax(-1).expand(-1, n)


def first_of_source(model: Model, src: Tensor, n: int) -> Tensor:
    """The source without all but its first id."""
    return with_start(model, src[:, :1], n)[:, 1:]


def source_as_start(model: Model, src: Tensor, n: int) -> Tensor:
    """What is written goes on from the source's first id."""
    written = src[:, :1]
    for _ in range(n):
        written = torch.cat([written, model(src, written)[:, -1:].argmax(-1)], dim=1)
    return written[:, 1:]


SRC = torch.tensor([[3, 1, 4, 2, 5], [2, 6, 1, 5, 3]])

WRITE = Exercise(
    name="5.2-write",
    answer=write,
    probes=((add_source, SRC, 5), (add_all, SRC, 6), (add_source, SRC[:1], 3), (add_all, SRC, 1)),
    right="each id it writes becomes part of what it reads next. That is all there is to greedy writing.",
    mistakes=(
        Mistake(with_start, "the start is still in front; return what was written after it."),
        Mistake(
            what_follows_the_start,
            "each id here is what follows the start: append what was written, and take the last logits.",
        ),
        Mistake(source_as_target, "the source is given twice: the model's second argument is what was written so far."),
        Mistake(first_of_source, "the model is given the first id of the source only: give it the whole."),
        Mistake(source_as_start, "each row starts with the source's first id here: the start sign is 0."),
        Mistake(from_last_id, "the model sees its last id only; give it all that was written so far."),
    ),
)

EXERCISES = (DECODER_LAYER, DECODER_MASK, WAY_BACK, WRITE)

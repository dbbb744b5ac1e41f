r"""What cheaper attention loses: small decoders trained *with* it, in two games and on text; and windows in SmolLM2.

Every kind has the same sizes, steps, rate and batches. Sparse kinds are trained under a mask: what they would save is
counted by ``multiplications``, not gained here. A fair price is asked of two controls: "full, fewer steps" has as many
multiplications as the window has, and "cut" reads pieces as long as the window with nothing carried across (page 3.9).
Sources: Arora et al., *Zoology* (2024), for the recall; Xiao et al. (2024), section 3, for the sinks.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from llmbook.data.speech import speeches
from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.nn.latent_attention import LatentAttention
from llmbook.nn.linear_attention import linear_attention
from llmbook.nn.masks import causal_mask
from llmbook.nn.sparse_attention import Pattern
from llmbook.pretrained.recipe import FIRST, Recipe
from llmbook.pretrained.smollm2 import load_smollm2
from llmbook.pretrained.speech_gpt import LETTERS, in_characters, joined
from llmbook.pretrained.tokenizer import PretrainedTokenizer
from llmbook.training.loop import fit
from llmbook.training.objectives import IGNORE, word_loss
from llmbook.training.schedule import TrainConfig

KINDS = ("full", "window", "window and strides", "linear", "one key head", "latent")
CONTROLS = ("full, fewer steps", "cut")  # of equal price, on text
SEEDS = 3
D, HEADS, LAYERS = 64, 4, 2
GAME, TEXT = 128, 256  # lengths
WINDOW = {GAME: 24, TEXT: 32}
EVERY = {GAME: 16, TEXT: 16}
LONG, NEAR, KEPT = 512, 128, 4  # of SmolLM2: ids read, seen by each, and kept from elsewhere among them
PIECES = 12
SINCE = 2026  # the speech that is younger than SmolLM2
STEPS = {GAME: 400, TEXT: 500}
LONGER = ("linear",)  # in the game of recall, once more with three times the steps
RATE = 8e-3
SPREAD = 0.08  # of the first weights: GPT-2's 0.02 is for wider models, and learns late here
BLOCKS = 8  # loss and accuracy are kept as the means of so many blocks
LETTER, DIGIT, FILLER = 32, 8, 8  # ids of the games
Batch = Int[Tensor, "B T"]
Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]


def mask_of(kind: str, T: int) -> Bool[Tensor, "T T"]:
    """Who may look where, by the kind's name; all but the sparse kinds see the whole past."""
    if kind == "window":
        return Pattern(WINDOW[T]).mask(T)
    if kind == "window and strides":
        return Pattern(WINDOW[T], every=EVERY[T]).mask(T)
    if kind == "cut":
        piece = torch.arange(T) // WINDOW[T]
        return causal_mask(T) & (piece[:, None] == piece)
    return causal_mask(T)


def masked(may_attend: Bool[Tensor, "T T"]) -> Attend:
    """Attention under a mask, in place of a layer's own."""

    def attend(q: Tensor, k: Tensor, v: Tensor, _: Tensor | None) -> Tensor:
        G = q.shape[1] // k.shape[1]
        k, v = (x.repeat_interleave(G, dim=1) for x in (k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=may_attend)

    return attend


def decoder(kind: str, vocab: int, T: int, seed: int) -> CausalLM:
    """Two layers of four heads that attend in one of ``KINDS`` or ``CONTROLS``. Raises ``ValueError`` for another."""
    if kind not in (*KINDS, *CONTROLS):
        raise ValueError(f"the kinds are {', '.join((*KINDS, *CONTROLS))}; got {kind!r}")
    torch.manual_seed(seed)
    config = CausalLMConfig(
        vocab=vocab, d_model=D, n_heads=HEADS, n_kv_heads=1 if kind == "one key head" else None,
        n_layers=LAYERS, d_ff=2 * D, max_len=T, positions="rotary", tied=False,
    )  # fmt: skip
    model = CausalLM(config)
    for block in model.blocks if kind == "latent" else ():
        block.attention = LatentAttention(D, HEADS, D // HEADS)  # with its rotary key as many numbers as one head keeps
    model.apply(model.init_weights)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(SPREAD / 0.02 if weight.ndim == 2 else 1)
    if kind == "linear":
        attend_by(model, lambda q, k, v, _: linear_attention(q, k, v)[0])
    if kind in ("cut", "window", "window and strides"):
        attend_by(model, masked(mask_of(kind, T)))
    return model


def layers_of(model: CausalLM) -> list[Any]:
    """The attention of each block."""
    return [block.attention for block in model.blocks]


def attend_by(model: CausalLM, attend: Attend) -> None:
    """Let all layers of a model attend in this way instead of their own."""
    for layer in layers_of(model):
        layer.attend = attend


def multiplications(kind: str, vocab: int, T: int) -> int:
    """Of one reading of T ids: matrices, then scores and contexts of the pairs that the mask allows."""
    pairs = int(mask_of(kind, T).sum())
    matrices = T * (LAYERS * (4 * D * D + 4 * D * D) + D * vocab)
    return matrices + LAYERS * 2 * D * pairs


def steps_of(kind: str, vocab: int, T: int) -> int:
    """As many as all, or as many as cost what the window costs."""
    if kind != "full, fewer steps":
        return STEPS[T]
    return round(STEPS[T] * multiplications("window", vocab, T) / multiplications("full", vocab, T))


# --- two games -------------------------------------------------------------------------------------------------


def recall(rows: int, generator: torch.Generator) -> tuple[Batch, Batch, Batch]:
    """Letters, each with a digit, among fillers; then each letter alone, whose digit is asked.

    Returns ids, targets, and how far back what is asked for stands (0 where nothing is asked).
    """
    pairs = LETTER * DIGIT
    half = GAME - LETTER
    letters, asked = (torch.rand(rows, LETTER, generator=generator).argsort(dim=1) for _ in range(2))
    digits = torch.randint(DIGIT, (rows, LETTER), generator=generator)  # of each letter, by its number
    places = torch.rand(rows, half, generator=generator).argsort(dim=1)[:, :LETTER]
    ids = pairs + LETTER + torch.randint(FILLER, (rows, half), generator=generator)
    ids = ids.scatter(1, places, letters * DIGIT + digits.gather(1, letters))
    where = torch.zeros_like(places).scatter(1, letters, places)  # of each letter
    distance = torch.arange(half, GAME) - where.gather(1, asked)
    target = F.pad(digits.gather(1, asked), (half, 0), value=IGNORE)
    return torch.cat([ids, pairs + asked], dim=1), target, F.pad(distance, (half, 0))


def copying(rows: int, generator: torch.Generator) -> tuple[Batch, Batch, Batch]:
    """Letters, as many as half the length, and the same again: from the second half on the next is known."""
    half = GAME // 2
    letters = torch.randint(LETTER, (rows, half), generator=generator)
    ids = letters.repeat(1, 2)
    target = F.pad(ids[:, 1:], (0, 1), value=IGNORE)
    target[:, : half - 1] = IGNORE
    return ids, target, torch.where(target != IGNORE, half - 1, 0)


GAMES = {"recall": recall, "copying": copying}
N_IDS = LETTER * DIGIT + LETTER + FILLER


def play(game: str, kind: str, seed: int, steps: int | None = None) -> tuple[list[float], list[float]]:
    """The losses of the training, and the share of right answers in each block of distances."""
    deal = GAMES[game]
    model = decoder(kind, N_IDS, GAME, seed)
    ids, target, _ = deal(20_000, torch.Generator().manual_seed(seed))
    most = steps_of(kind, N_IDS, GAME) if steps is None else steps
    config = TrainConfig(steps=most, batch=16, lr=RATE, warmup=50, seed=seed)
    history = fit(model, lambda rows: word_loss(model(ids[rows]), target[rows]), len(ids), config)
    ids, target, distance = deal(500, torch.Generator().manual_seed(10_000 + seed))
    with torch.no_grad():
        right = model(ids).argmax(dim=-1) == target
    block = distance * BLOCKS // GAME
    shares = [right[(block == n) & (target != IGNORE)].float().mean().item() for n in range(BLOCKS)]
    return history, [round(share, 3) for share in shares if share == share]


# --- text ------------------------------------------------------------------------------------------------------


def read(kind: str, seed: int, steps: int | None = None) -> tuple[list[float], list[float]]:
    """The losses of the training on speeches since 1981, and held out, in nats, in each block of positions."""
    model = decoder(kind, len(LETTERS), TEXT, seed)
    text, others = (in_characters(part, 1981).ids for part in ("train", "dev"))
    most = steps_of(kind, len(LETTERS), TEXT) if steps is None else steps

    def loss_of(rows: Int[Tensor, " rows"]) -> Float[Tensor, ""]:
        piece = text[rows[:, None] + torch.arange(TEXT + 1)]
        return word_loss(model(piece[:, :-1]), piece[:, 1:])

    config = TrainConfig(steps=most, batch=8, lr=RATE, warmup=50, seed=seed)
    history = fit(model, loss_of, len(text) - TEXT, config)
    pieces = others.unfold(0, TEXT + 1, TEXT + 1)[:200]
    with torch.no_grad():
        loss = F.cross_entropy(model(pieces[:, :-1]).transpose(1, 2), pieces[:, 1:], reduction="none")
    return history, [round(block.mean().item(), 4) for block in loss.mean(dim=0).chunk(BLOCKS)]


# --- windows in SmolLM2 ----------------------------------------------------------------------------------------


def streams() -> dict[str, Bool[Tensor, "T T"]]:
    """Who may look where: a window alone, and shorter ones beside which a few positions stay."""
    window = Pattern(NEAR - KEPT)
    others = torch.zeros(LONG, LONG, dtype=torch.bool)
    others[:, 20 : 20 + KEPT] = True
    return {
        "all": causal_mask(LONG),
        "window": Pattern(NEAR).mask(LONG),
        "window and the first": Pattern(NEAR - 1, first=1).mask(LONG),
        "window and the first four": Pattern(NEAR - KEPT, first=KEPT).mask(LONG),
        "window and four others": window.mask(LONG) | (others & causal_mask(LONG)),
    }


def long_pieces(tokenizer: PretrainedTokenizer) -> Int[Tensor, "N _"]:
    """Pieces of the held-out speech, none of them overlapping."""
    ids = torch.tensor(tokenizer.encode(joined(speeches(part="test", since=SINCE))))
    return ids.unfold(0, LONG + 1, LONG + 1)[:PIECES]


@torch.no_grad()
def stream(model: CausalLM, piece: Int[Tensor, " n"], may_attend: Bool[Tensor, "T T"]) -> Float[Tensor, " T"]:
    """The nats of each id of a piece, read under a mask."""
    attend_by(model, masked(may_attend))
    try:
        return F.cross_entropy(model(piece[None, :-1])[0], piece[1:], reduction="none")
    finally:
        for layer in layers_of(model):
            del layer.attend


def far(nats: Float[Tensor, " T"]) -> float:
    """The mean where neither the first positions nor the others are in the window any more."""
    return round(nats[2 * NEAR :].mean().item(), 4)


# --- the run ---------------------------------------------------------------------------------------------------


def kept(runs: list[tuple[list[float], list[float]]]) -> dict[str, Any]:
    """Of each seed: the first losses, the curve in blocks of twenty steps, and what was measured."""
    return {
        "first": [[round(x, 4) for x in history[:FIRST]] for history, _ in runs],
        "curve": [[round(b.mean().item(), 3) for b in torch.tensor(history).split(20)] for history, _ in runs],
        "measured": [measured for _, measured in runs],
    }


def long_texts(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "long-texts"."""
    seeds = range(SEEDS)
    model, tokenizer = load_smollm2()
    pieces = long_pieces(tokenizer)
    return {
        "games": {g: {kind: kept([play(g, kind, seed) for seed in seeds]) for kind in KINDS} for g in GAMES},
        "longer": {kind: kept([play("recall", kind, seed, 3 * STEPS[GAME]) for seed in seeds]) for kind in LONGER},
        "text": {kind: kept([read(kind, seed) for seed in seeds]) for kind in (*KINDS, *CONTROLS)},
        "streams": {name: [far(stream(model, p, mask)) for p in pieces] for name, mask in streams().items()},
    }

"""The exercises of page 5.6: a language model's cache, and the ways it writes."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal
from llmbook.inference.sampling import keep_top_k
from llmbook.inference.sampling import keep_top_p as library_top_p
from llmbook.models.causal_lm import CausalLMConfig
from llmbook.nn.cache import KVCache
from llmbook.nn.masks import causal_mask
from llmbook.nn.rotary import apply_rotary, precompute_freqs_cis

# --- the bytes of a cache --------------------------------------------------------------------------------------


def cache_bytes() -> int:
    """What the library's own cache of this model takes; on this device it has a size, and no numbers."""
    config = CausalLMConfig(vocab=1, d_model=4096, n_heads=32, n_layers=32, d_ff=1, max_len=8192, n_kv_heads=8)
    like = torch.empty(0, device="meta", dtype=torch.bfloat16)
    cache = KVCache(config.n_layers, 1, config.kv_heads, config.max_len, config.head_width, like=like)
    return sum(table.numel() * table.element_size() for table in (cache.keys, cache.values))


BYTES = cache_bytes()

CACHE_BYTES = Exercise(
    name="5.6-cache-bytes",
    answer=BYTES,
    right="2 · 32 layers · 8 heads · 128 · 8,192 positions · 2 bytes: exactly one gibibyte, for one reader's text.",
    mistakes=(
        Mistake(BYTES // 2, "this is half: keys and values are two tables, and a number takes two bytes."),
        Mistake(4 * BYTES, "the query heads are not stored; count the 8 heads of keys and values."),
        Mistake(2 * BYTES, "this is twice as much: a number takes two bytes, and keys and values are two tables."),
        Mistake(BYTES / 1e9, "these are gigabytes; the bytes themselves are asked for."),
        Mistake(1, "is that a gibibyte? The bytes themselves are asked for."),
        Mistake(BYTES // 8192, "that is one token; the text has 8,192."),
        Mistake(BYTES // 32, "every layer has a cache of its own; there are 32."),
        Mistake(32 * BYTES, "a head is 4096 / 32 = 128 wide; 4096 is all 32 query heads side by side."),
    ),
)

# --- a window behind a cache -----------------------------------------------------------------------------------


def band(T: int, S: int, *, back: int, ahead: int = 0) -> Tensor:
    """True from ``back`` keys before a query's own to ``ahead`` keys after it; the queries are the last T of S."""
    distance = torch.arange(S - T, S)[:, None] - torch.arange(S)  # (T, S)
    return (distance <= back) & (distance >= -ahead)


def window(T: int, S: int, w: int, *, more: int = 0, ahead: int = 0) -> Tensor:
    """A token and the w - 1 before it; the options are mistakes."""
    return band(T, S, back=w - 1 + more, ahead=ahead)


def both_sides(T: int, S: int, w: int) -> Tensor:
    """Into the future as well."""
    return band(T, S, back=w - 1, ahead=w - 1)


def no_window(T: int, S: int, w: int) -> Tensor:
    """All of the past, whatever w."""
    return causal_mask(T, S)


def no_past(T: int, S: int, w: int) -> Tensor:
    """Query 0 at position 0."""
    distance = torch.arange(T)[:, None] - torch.arange(S)
    return (distance >= 0) & (distance < w)


def turned_round(T: int, S: int, w: int) -> Tensor:
    """True where a query may not look."""
    return ~window(T, S, w)


WINDOW = Exercise(
    name="5.6-window",
    answer=window,
    probes=((1, 6, 3), (3, 7, 2), (5, 5, 3), (4, 11, 5), (2, 3, 9)),
    right="with w ≥ S this is the mask you know; with less, what lies w or more behind may be forgotten.",
    mistakes=(
        Mistake(partial(window, more=1), "one key too many: with its own key a token sees w in all."),
        Mistake(partial(window, more=1, ahead=-1), "each query must see its own key too; this window ends before it."),
        Mistake(both_sides, "this window reaches into the future as well; it is to look back only."),
        Mistake(no_window, "that is the mask without a window: what lies w or more behind must be False."),
        Mistake(no_past, "this is right without a cache; here query 0 stands at position S − T, not at 0."),
        Mistake(turned_round, "the mask is inverted: True must mean “may look”."),
    ),
)

# --- top-p -----------------------------------------------------------------------------------------------------


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """The library's."""
    return library_top_p(logits, p)


def without_the_last(logits: Tensor, p: float, *, always_one: bool = True) -> Tensor:
    """Only those that together stay below p, and the likeliest, if it is not to go as well."""
    ordered, order = logits.sort(dim=-1, descending=True)
    out = ordered.softmax(dim=-1).cumsum(dim=-1) >= p
    out[..., 0] &= not always_one
    return logits.masked_fill(torch.zeros_like(out).scatter(-1, order, out), -torch.inf)


def mask_not_carried_back(logits: Tensor, p: float) -> Tensor:
    """The mask of the ordered row laid on the row as it stands."""
    share = logits.sort(dim=-1, descending=True).values.softmax(dim=-1)
    return logits.masked_fill(share.cumsum(dim=-1) - share >= p, -torch.inf)


def by_single_share(logits: Tensor, p: float) -> Tensor:
    """Whoever is less likely than p."""
    return logits.masked_fill(logits.softmax(dim=-1) < p, -torch.inf)


def as_top_k(logits: Tensor, p: float) -> Tensor:
    """A share p of the tokens, and not of the probability."""
    return keep_top_k(logits, max(1, round(p * logits.shape[-1])))


def zeros_for_minus_infinity(logits: Tensor, p: float) -> Tensor:
    """A logit of 0 is not shut out."""
    kept = keep_top_p(logits, p)
    return kept.masked_fill(kept.isinf(), 0.0)


TOP_P = Exercise(
    name="5.6-top-p",
    answer=keep_top_p,
    probes=(
        (random_normal(3, 11), 0.8),
        (3 * random_normal(2, 13, seed=1), 0.5),
        (random_normal(1, 7, seed=2), 0.95),
        (2 * random_normal(5, 17, seed=3), 0.3),
    ),
    right="as many as are needed, and the likeliest always: its own share does not count against it.",
    mistakes=(
        Mistake(without_the_last, "one too few: the token that carries the sum over p belongs to those kept."),
        Mistake(
            partial(without_the_last, always_one=False),
            "in some rows nothing is left: do not count the own share.",
        ),
        Mistake(mask_not_carried_back, "this mask belongs to the ordered row: carry it back by scatter."),
        Mistake(by_single_share, "this looks at each token's own share; sum the shares of those likelier than it."),
        Mistake(as_top_k, "that is a share of the tokens; p is a share of the probability."),
        Mistake(zeros_for_minus_infinity, "a logit of 0 can still be drawn: put −∞ there."),
    ),
)

# --- a test of writing -----------------------------------------------------------------------------------------

Write = Callable[[Tensor, int], Tensor]
Logits = Callable[[Tensor], Tensor]
VOCAB, WIDTH = 11, 8
EMBEDDING = 2 * random_normal(VOCAB, WIDTH, seed=4).double()
W_Q, W_K, W_V = random_normal(3, WIDTH, WIDTH, seed=5).double()


def turned(x: Tensor, w: Tensor, start: int) -> Tensor:
    """Queries or keys (T, d_k), the first of them at position ``start``."""
    table = precompute_freqs_cis(len(x), WIDTH, base=50.0, start=start, dtype=torch.float64)
    return apply_rotary(x @ w, table)


def after_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Logits (T, n_vocab): the queries are the last T positions; what they fetch is compared with all ids."""
    hidden = ~causal_mask(len(q), len(k))
    return (q @ k.T).masked_fill(hidden, -torch.inf).softmax(dim=-1) @ v @ EMBEDDING.T


def logits_of(ids: Tensor) -> Tensor:
    """A model of one head without a cache: (1, T) to (1, T, n_vocab)."""
    x = EMBEDDING[ids[0]]
    return after_attention(turned(x, W_Q, 0), turned(x, W_K, 0), x @ W_V)[None]


def write(
    ids: Tensor,
    n: int,
    *,
    start: int = 0,
    next_start: int | None = None,
    standing: bool = False,
    forgetful: bool = False,
    skip: bool = False,
) -> Tensor:
    """n ids more, written greedily behind a cache; all options but ``start`` are mistakes.

    The prompt stands from ``start``, what is written from ``next_start`` (right behind it, if not told), or each new
    id at 0 (``standing``); no keys of the prompt are kept (``forgetful``), or none of the new ids (``skip``).
    """
    k = v = EMBEDDING.new_zeros(0, WIDTH)
    unread = ids
    for count in range(n):
        x = EMBEDDING[unread[0]]
        k = torch.cat([k, turned(x, W_K, start)])
        v = torch.cat([v, x @ W_V])
        token = after_attention(turned(x, W_Q, start), k, v)[-1:].argmax(dim=-1, keepdim=True)
        ids = torch.cat([ids, token], dim=1)

        start = next_start if count == 0 and next_start is not None else start + len(x)
        start = 0 if standing else start
        if forgetful and count == 0:
            k, v = k[:0], v[:0]
        if skip and count > 0:
            k, v = k[:-1], v[:-1]
        unread = token
    return ids


def with_cache(ids: Tensor, n: int) -> Tensor:
    """As it should be."""
    return write(ids, n)


def all_later(ids: Tensor, n: int) -> Tensor:
    """Every position is too large by the length of the prompt, and no distance is: the text is right."""
    return write(ids, n, start=ids.shape[1])


def repaired(ids: Tensor, n: int) -> Tensor:
    """The museum's: what is written stands in the midst of the prompt."""
    return write(ids, n, start=ids.shape[1], next_start=ids.shape[1] + 1)


def always_at_position_0(ids: Tensor, n: int) -> Tensor:
    """No position behind the prompt counts."""
    return write(ids, n, standing=True)


def prompt_forgotten(ids: Tensor, n: int) -> Tensor:
    """The prompt is read, and not kept."""
    return write(ids, n, forgetful=True)


def own_words_forgotten(ids: Tensor, n: int) -> Tensor:
    """What is written is read, and not kept."""
    return write(ids, n, skip=True)


def one_token_short(ids: Tensor, n: int) -> Tensor:
    """Right as far as it goes."""
    return write(ids, n - 1)


WRITERS: tuple[Write, ...] = (
    with_cache,
    all_later,
    repaired,
    always_at_position_0,
    prompt_forgotten,
    own_words_forgotten,
    one_token_short,
)


def greedy(logits: Logits, ids: Tensor, n: int) -> Tensor:
    """Everything read anew for each token."""
    for _ in range(n):
        ids = torch.cat([ids, logits(ids)[:, -1].argmax(dim=-1, keepdim=True)], dim=1)
    return ids


def agrees_on(write: Write, logits: Logits, lengths: range, n: int) -> bool:
    """Whether the texts are the same behind random prompts of these lengths."""
    prompts = [torch.randint(VOCAB, (1, T), generator=torch.Generator().manual_seed(T)) for T in lengths]
    return all(torch.equal(write(ids, n), greedy(logits, ids, n)) for ids in prompts)


def is_right(write: Write, logits: Logits) -> bool:
    """On several prompts, with several tokens."""
    return agrees_on(write, logits, range(4, 9), n=8)


def one_new_token(write: Write, logits: Logits) -> bool:
    """What goes wrong behind the first token does not show."""
    return agrees_on(write, logits, range(4, 9), n=1)


MUSEUM_OFFSET = Exercise(
    name="5.6-museum-offset",
    answer=is_right,
    probes=tuple((writer, logits_of) for writer in WRITERS),
    right="your test sees through five wrong ones, the museum's among them, and lets the harmless shift pass.",
    mistakes=(
        Mistake(
            one_new_token, "this sees the text that is too short only: compare all ids, and more than one new one."
        ),
        *careless_tests(is_right, right=2, wrong=5),
    ),
)

EXERCISES = (CACHE_BYTES, WINDOW, TOP_P, MUSEUM_OFFSET)

"""A text read piece by piece behind a cache is the text read at once: any cuts, groups, positions and numbers."""

from functools import partial

import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import close, ids_of, random, spread

from llmbook.models import CausalLM, CausalLMConfig
from llmbook.nn import GroupedQueryAttention, KVCache, alibi_bias
from llmbook.nn.positions import KINDS

# Of numbers of size 1 to 3 after some dozens of products: bfloat16 keeps two digits of each, float16 three.
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4, torch.bfloat16: 0.1, torch.float16: 2e-2}
CUTS = some.lists(some.integers(1, 4), min_size=1, max_size=5)
GROUPS = some.sampled_from([(1, 1), (2, 1), (3, 3), (4, 2), (6, 2)])
quickly = settings(max_examples=50, deadline=None, derandomize=True)


@quickly
@given(
    dtype=some.sampled_from(list(TOLERANCE)),
    groups=GROUPS,
    head_width=some.integers(1, 5),
    B=some.integers(1, 3),
    cuts=CUTS,
    biased=some.booleans(),
)
@torch.no_grad()
def test_grouped_attention_behind_a_cache(dtype, groups, head_width, B, cuts, biased):
    H, H_kv = groups
    T, D = sum(cuts), H * head_width
    layer = spread(GroupedQueryAttention(D, H, H_kv)).to(dtype)
    x = random(B, T, D).to(dtype)

    def bias(new: int, all_of_them: int) -> torch.Tensor | None:
        return alibi_bias(H, new, all_of_them).to(dtype) if biased else None

    cache = KVCache(1, B, H_kv, T, head_width, like=x)
    out = []
    for piece in x.split(cuts, dim=1):
        end = cache.length + piece.shape[1]
        out.append(layer(piece, append=partial(cache.append, 0), score_bias=bias(piece.shape[1], end)))
        cache.length = end
    assert out[0].dtype == dtype
    close(torch.cat(out, dim=1), layer(x, score_bias=bias(T, T)), TOLERANCE[dtype])


@quickly
@given(
    dtype=some.sampled_from(list(TOLERANCE)),
    groups=GROUPS,
    positions=some.sampled_from(KINDS),
    norm=some.sampled_from(["layer", "rms"]),
    feed_forward=some.sampled_from(["relu", "gelu", "swiglu"]),
    norm_first=some.booleans(),
    B=some.integers(1, 3),
    cuts=CUTS,
    room=some.integers(0, 3),
)
@torch.no_grad()
def test_a_model_behind_a_cache(dtype, groups, positions, norm, feed_forward, norm_first, B, cuts, room):
    H, H_kv = groups
    T = sum(cuts)
    parts = {"positions": positions, "norm": norm, "feed_forward": feed_forward, "norm_first": norm_first}
    sizes = {"vocab": 13, "d_model": 4 * H, "n_heads": H, "n_kv_heads": H_kv, "n_layers": 2, "d_ff": 11}
    model = spread(CausalLM(CausalLMConfig(**sizes, max_len=T + room, **parts))).to(dtype).eval()
    ids = ids_of(13, B, T)
    cache = model.new_cache(B, T)
    pieces = torch.cat([model(piece, cache) for piece in ids.split(cuts, dim=1)], dim=1)
    whole = model(ids)
    assert pieces.dtype == dtype
    assert cache.length == T
    close(pieces, whole, TOLERANCE[dtype] * (1 + whole.abs().max().item()))

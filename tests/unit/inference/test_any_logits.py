"""Any logits and any settings: probabilities add up, the likeliest stays, greedy is argmax, and a row is by itself."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from reference import close, ids_of, random, spread

from llmbook.inference import filter_logits, generate, sample_next_token
from llmbook.models import CausalLM, CausalLMConfig
from llmbook.nn.positions import KINDS

DTYPES = some.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16])
quickly = settings(max_examples=80, deadline=None, derandomize=True)


@some.composite
def logits_of_any_kind(draw) -> torch.Tensor:
    """Spread or flat, with ties, with words that are impossible, and as large as float16 takes."""
    N, n_vocab = draw(some.integers(1, 4)), draw(some.integers(1, 30))
    logits = draw(some.sampled_from([0.0, 0.1, 3.0, 1000.0, 15000.0])) * random(
        N, n_vocab, seed=draw(some.integers(0, 99))
    )
    if draw(some.booleans()):
        logits = logits.round()
    impossible = random(N, n_vocab, seed=1) > draw(some.floats(-1, 3))
    impossible[:, draw(some.integers(0, n_vocab - 1))] = False
    return logits.clamp(-60000, 60000).masked_fill(impossible, -torch.inf).to(draw(DTYPES))


TOP_K = some.one_of(some.none(), some.integers(1, 40))
TOP_P = some.one_of(some.just(1.0), some.floats(1e-9, 1.0))
MIN_P = some.one_of(some.just(0.0), some.floats(1e-9, 1.0))


@quickly
@given(logits=logits_of_any_kind(), temperature=some.floats(1, 1e6), top_k=TOP_K, top_p=TOP_P)
def test_what_is_left_is_a_distribution_with_the_likeliest_in_it(logits, temperature, top_k, top_p):
    kept = filter_logits(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    assert kept.dtype == logits.dtype
    p = kept.double().softmax(dim=-1)
    close(p.sum(dim=-1), torch.ones(len(p)).double(), 1e-9)
    likeliest = logits.argmax(dim=-1, keepdim=True)
    assert (p.gather(-1, likeliest) == p.amax(dim=-1, keepdim=True)).all()
    assert (p.gather(-1, likeliest) > 0).all()

    stays = kept.isfinite()
    assert (logits.isfinite() | ~stays).all()  # what is impossible stays so
    if top_k is not None:
        least = (kept if top_p == 1 else filter_logits(logits, temperature=temperature, top_k=top_k)).isfinite()
        assert (least.sum(-1) >= torch.minimum(logits.isfinite().sum(-1), torch.tensor(top_k))).all()
    smallest_kept = logits.masked_fill(~stays, torch.inf).amin(dim=-1, keepdim=True)
    assert (stays | (logits <= smallest_kept)).all()  # nothing likelier than what stays is shut out


@quickly
@given(
    logits=logits_of_any_kind(),
    temperature=some.one_of(some.floats(1e-45, 1e6), some.sampled_from([5e-324, 1e-40, 1e300, float("inf")])),
    top_k=TOP_K,
    top_p=TOP_P,
    min_p=MIN_P,
    seed=some.integers(0, 9),
)
def test_a_drawn_word_is_one_that_may_be_drawn(logits, temperature, top_k, top_p, min_p, seed):
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
    drawn = sample_next_token(logits, **options, generator=torch.Generator().manual_seed(seed))
    assert drawn.shape == (len(logits),)
    assert logits.gather(-1, drawn[:, None]).isfinite().all()
    if top_k is not None:
        rank = (logits > logits.gather(-1, drawn[:, None])).sum(-1)
        assert (rank < top_k).all()


@quickly
@given(logits=logits_of_any_kind(), top_k=TOP_K, top_p=TOP_P, min_p=MIN_P)
def test_greedy_is_argmax(logits, top_k, top_p, min_p):
    chosen = sample_next_token(logits, temperature=0, top_k=top_k, top_p=top_p, min_p=min_p)
    assert torch.equal(chosen, logits.argmax(dim=-1))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    positions=some.sampled_from(KINDS),
    lengths=some.lists(some.integers(1, 5), min_size=1, max_size=4),
    max_new=some.integers(0, 5),
    eos=some.one_of(some.none(), some.integers(0, 10)),
    use_cache=some.booleans(),
    seed=some.integers(0, 99),
)
def test_each_row_is_written_as_if_it_were_alone(positions, lengths, max_new, eos, use_cache, seed):
    """Greedily, in double precision: argmax after argmax of the whole text read anew."""
    T = max(lengths)
    sizes = {"vocab": 11, "d_model": 12, "n_heads": 3, "n_layers": 1, "d_ff": 7, "max_len": T + max_new}
    model = spread(CausalLM(CausalLMConfig(**sizes, positions=positions)).double(), 1.0, seed).eval()
    prompts = ids_of(11, len(lengths), T, seed=seed)
    options = {"lengths": torch.tensor(lengths), "eos": eos, "use_cache": use_cache}
    texts = generate(model, prompts, max_new, **options)
    for prompt, length, text in zip(prompts, lengths, texts, strict=True):
        alone = prompt[:length].tolist()
        while len(alone) < T + max_new:
            ended = eos in alone[length:]
            alone.append(eos if ended else int(model(torch.tensor([alone]))[0, -1].argmax()))
        assert text.tolist() == alone[: len(text)]
        assert len(text) == T + max_new or set(alone[len(text) :]) <= {eos}

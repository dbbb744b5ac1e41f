"""The engine in Chromium: the book's stored models, read and run by the page, against PyTorch on the same numbers."""

import base64
import copy
import json
import random
import struct
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Error, Page
from safetensors.torch import load_file, save
from torch import Tensor, nn

from conftest import ROOT
from llmbook.data.byte_pairs import BPETokenizer
from llmbook.data.tokenizers import CharTokenizer
from llmbook.inference.generation import generate
from llmbook.inference.sampling import filter_logits, penalise_repetition
from llmbook.inference.search import beam_search
from llmbook.models.bert import BertForPreTraining
from llmbook.models.causal_lm import CausalLM, CausalLMConfig
from llmbook.models.encoder_decoder import Transformer
from llmbook.nn.recording import record_attention
from llmbook.pages.engine import describe_model, describe_stored, describe_tokenizer
from llmbook.pages.widgets import counted, stored_weights
from llmbook.pages.widgets.stored_gpt import looks, nats, window_start
from llmbook.pretrained.date_translator import BOS, EOS, LONGEST, date_languages, pairs, translate
from llmbook.pretrained.ngrams import KneserNey
from llmbook.pretrained.own_models import load_stored, stored_tokenizer
from llmbook.pretrained.recipe import STORED, distinct_weights, pack, unpack
from llmbook.training.objectives import join_pair

TESTING = ROOT / "_build/testing/testing.js"
NAMES = ["gpt-speeches", "gpt-characters", "bert-speeches", "dates"]
# The engine computes in float64 and PyTorch here too, so that only the order of sums is between them; PyTorch's
# float32, which a notebook shows, is allowed what its own rounding makes of logits of this size.
EXACT = 1e-9
FLOAT32 = 1e-4

HELPERS = """
window.bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
window.packed = (numbers) => {
  const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
};
window.textOf = (units) => units.map((unit) => String.fromCharCode(unit)).join("");
window.models = {};
window.openNamed = (name, described, weights) => {
  const tensors = llmbookEngine.readSafetensors(bytesOf(weights).buffer);
  models[name] = llmbookEngine.openModel({ ...JSON.parse(described), tensors });
};
null;  // what is evaluated last would be called, were it a function
"""


@pytest.fixture(scope="module")
def page(browser):
    """A blank page with the engine."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(TESTING.read_text(encoding="utf-8"))
    page.evaluate(HELPERS)
    yield page
    page.close()


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def numbers(packed: str) -> Tensor:
    """What the page sends: float64, in base64."""
    return torch.frombuffer(bytearray(base64.b64decode(packed)), dtype=torch.float64).clone()


def units(text: str) -> list[int]:
    """A text as UTF-16: half of a surrogate pair travels in no other way."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return list(struct.unpack(f"<{len(raw) // 2}H", raw))


def open_on(page: Page, name: str, described: dict[str, Any], weights: bytes) -> None:
    page.evaluate("([n, d, w]) => openNamed(n, d, w)", [name, json.dumps(described), base64_of(weights)])


@pytest.fixture(scope="module")
def opened(page) -> Page:
    """The page with all four stored models open."""
    for name in NAMES:
        open_on(page, name, describe_stored(name), (STORED / f"{name}.safetensors").read_bytes())
    return page


def complains(page: Page, code: str, argument: Any = None) -> str:
    """The message of the error that this throws."""
    with pytest.raises(Error) as caught:
        page.evaluate(code, argument)
    return str(caught.value)


# --- the weights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_of_a_file_are_those_python_reads(page, name):
    path = STORED / f"{name}.safetensors"
    found = page.evaluate(
        """(file) => Object.entries(llmbookEngine.readSafetensors(bytesOf(file).buffer)).map(
          ([name, { shape, data, scale }]) => [name, shape, packed(data), scale ? packed(scale) : null])""",
        base64_of(path.read_bytes()),
    )
    stored = unpack(load_file(path))
    assert {name for name, *_ in found} == set(stored)
    for name, shape, data, scale in found:
        whole = numbers(data).view(shape)
        weight = whole if scale is None else whole * numbers(scale)[:, None]
        assert weight.equal(stored[name].double()), name


def test_every_half_precision_number_is_read(page):
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.float16)
    found = page.evaluate(
        "(file) => packed(llmbookEngine.readSafetensors(bytesOf(file).buffer).x.data)",
        base64_of(save({"x": every})),
    )
    assert torch.equal(numbers(found).nan_to_num(3e38), every.double().nan_to_num(3e38))
    assert torch.equal(numbers(found).isnan(), every.isnan())


READ = "(file) => llmbookEngine.readSafetensors(bytesOf(file).buffer)"


def test_a_file_that_is_cut_or_strange_is_refused(page):
    whole = save({"a": torch.ones(3, 2), "b": torch.ones(5).half()})
    for end in range(len(whole)):
        message = complains(page, READ, base64_of(whole[:end]))
        assert "no weights: the file has only" in message or "are cut short" in message
    assert "BF16" in complains(page, READ, base64_of(save({"a": torch.ones(2).bfloat16()})))


OPEN = "([d, w]) => openNamed('strange', d, w)"


def test_what_does_not_fit_its_card_is_refused_by_name(page):
    model = small_gpt()
    weights = pack(distinct_weights(model), 8)
    described = {"card": {"architecture": describe_model(model)}, "tokenizer": letters(model.config.vocab)}

    def said(change: Callable[[dict[str, Any], dict[str, Tensor]], Any]) -> str:
        tried, given = json.loads(json.dumps(described)), dict(weights)
        change(tried, given)
        return complains(page, OPEN, [json.dumps(tried), base64_of(save(given))])

    def inside(key: str, value: Any) -> str:
        return said(lambda d, w: d["card"]["architecture"].update({key: value}))

    short = {"blocks.1.norm_2.bias": torch.ones(3).half()}
    assert "blocks.1.norm_2.bias has size" in said(lambda d, w: w.update(short))
    assert "norm.weight are missing" in said(lambda d, w: w.pop("norm.weight"))
    assert "have no scale" in said(lambda d, w: w.pop("embedding.weight.scale"))
    assert "blocks.2.norm_1.weight are missing" in inside("n_layers", 3)
    assert "5 heads do not share 12 coordinates" in inside("n_heads", 5)
    assert "positions of the kind alibi" in inside("positions", "alibi")
    assert "a feed-forward layer of the kind tanh" in inside("feed_forward", "tanh")
    assert "does not say eps" in said(lambda d, w: d["card"]["architecture"].pop("eps"))
    assert "a model of the kind rnn" in inside("kind", "rnn")
    assert "does not say its architecture" in said(lambda d, w: d["card"].pop("architecture"))
    assert "12 tokens for 11 embeddings" in said(lambda d, w: d.update(tokenizer=letters(12)))


# --- the same logits ------------------------------------------------------------------------------------------------


def small_gpt(**options: Any) -> CausalLM:
    torch.manual_seed(3)
    sizes = {"vocab": 11, "d_model": 12, "n_heads": 6, "n_layers": 2, "d_ff": 17, "max_len": 23}
    model = CausalLM(CausalLMConfig(**{**sizes, **options})).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.copy_(torch.randn_like(weight) / (1 if weight.ndim == 1 else weight.shape[1] ** 0.5))
    return model


def letters(n: int) -> dict[str, Any]:
    return describe_tokenizer(CharTokenizer("abcdefghijklmnopqrstuvwxyz"[:n]))


def random_ids(n: int, vocab: int, most: int, seed: int = 0) -> list[list[int]]:
    """Texts of all lengths, many short and some as long as the model reads."""
    rng = random.Random(seed)
    lengths = [1, most, *(round(most ** rng.random()) for _ in range(n - 2))]
    return [[rng.randrange(vocab) for _ in range(length)] for length in lengths]


def in_both(model: nn.Module) -> tuple[nn.Module, nn.Module]:
    """The model in float64, and in float32 as it is."""
    return copy.deepcopy(model).double(), model


def largest_difference(page: Page, name: str, model: nn.Module, texts: list[list[int]]) -> tuple[float, float]:
    """The engine's logits against PyTorch's in float64 and in float32."""
    gaps, models = [0.0, 0.0], in_both(model)
    for ids in texts:
        found = numbers(page.evaluate("([name, ids]) => packed(models[name].logits(ids))", [name, ids]))
        for i, precise in enumerate(models):
            expected = precise(torch.tensor([ids]))[0].double()
            gaps[i] = max(gaps[i], (found.view(expected.shape) - expected).abs().max().item())
            assert found.isfinite().all()
    return gaps[0], gaps[1]


@pytest.mark.parametrize(("name", "n"), [("gpt-speeches", 150), ("gpt-characters", 250)])
def test_the_logits_of_a_stored_gpt_are_those_of_pytorch(opened, name, n):
    model = load_stored(name)
    texts = random_ids(n, model.config.vocab, model.max_len)
    exact, float32 = largest_difference(opened, name, model, texts)
    assert exact < EXACT
    assert float32 < FLOAT32


FORMS = {
    "llama": {
        "norm": "rms", "feed_forward": "swiglu", "positions": "rotary", "bias": False, "tied": False, "n_kv_heads": 2,
    },
    "2017": {"norm_first": False, "feed_forward": "relu", "positions": "none", "n_kv_heads": 1},
    "gpt": {},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_gpt_of_other_parts_gives_the_logits_of_pytorch(page, form, bits):
    model = small_gpt(**FORMS[form])
    packed = pack(distinct_weights(model), bits)
    for name, weight in distinct_weights(model).items():
        weight.data.copy_(unpack(packed)[name])
    open_on(page, form, {"card": {"architecture": describe_model(model)}, "tokenizer": letters(11)}, save(packed))
    exact, float32 = largest_difference(page, form, model, random_ids(20, 11, 23))
    assert exact < EXACT
    assert float32 < FLOAT32


BERT = """([ids, segments]) => {
  const model = models["bert-speeches"];
  const { hidden, attention } = model.read(ids, segments);
  const states = hidden.at(-1);
  return {
    words: packed(model.wordLogits(states)),
    pair: packed(model.pairLogits(states)),
    hidden: hidden.map(packed),
    attention: attention.map(({ data }) => packed(data)),
  };
}"""


def test_the_logits_of_the_stored_bert_are_those_of_pytorch(opened):
    model = load_stored("bert-speeches")
    assert isinstance(model, BertForPreTraining)
    rng = random.Random(1)
    gaps, models = [0.0, 0.0], in_both(model)
    for ids in random_ids(300, 4000, 48):
        segments = [int(t >= rng.randrange(48)) for t in range(len(ids))]
        found = opened.evaluate(BERT, [ids, segments])
        for i, precise in enumerate(models):
            words, pair = precise(torch.tensor([ids]), None, torch.tensor([segments]))
            for key, expected in (("words", words[0]), ("pair", pair[0])):
                difference = numbers(found[key]).view(expected.shape) - expected.double()
                gaps[i] = max(gaps[i], difference.abs().max().item())
    assert gaps[0] < EXACT
    assert gaps[1] < FLOAT32


DATES = """([source, target]) => {
  const model = models.dates;
  const read = model.encode(source);
  const { logits, cross, attention, hidden } = model.decode(target, read);
  return {
    logits: packed(logits),
    memory: packed(read.hidden.at(-1)),
    cross: cross.map(({ data }) => packed(data)),
    attention: attention.map(({ data }) => packed(data)),
    encoder: read.attention.map(({ data }) => packed(data)),
    hidden: hidden.map(packed),
  };
}"""


def random_dates(n: int) -> list[tuple[list[int], list[int]]]:
    """Sources and targets of any length and any ids, not only dates."""
    sources = random_ids(n, len(date_languages()[0]), 32)
    targets = random_ids(n, len(date_languages()[1]), 32, seed=1)
    return list(zip(sources, reversed(targets), strict=True))


def test_the_logits_of_the_stored_translator_are_those_of_pytorch(opened):
    model = load_stored("dates")
    gaps, models = [0.0, 0.0], in_both(model)
    for source, target in random_dates(300):
        found = opened.evaluate(DATES, [source, target])
        for i, precise in enumerate(models):
            expected = precise(torch.tensor([source]), torch.tensor([target]))[0].double()
            gaps[i] = max(gaps[i], (numbers(found["logits"]).view(expected.shape) - expected).abs().max().item())
    assert gaps[0] < EXACT
    assert gaps[1] < FLOAT32


# --- what can be read inside ----------------------------------------------------------------------------------------


def close(found: str, expected: Tensor) -> None:
    expected = expected.squeeze(0).double()
    torch.testing.assert_close(numbers(found).view(expected.shape), expected, atol=EXACT, rtol=0)


def states_of(layers: nn.ModuleList, run: Callable[[], Any]) -> list[Tensor]:
    """What enters the first layer, and what leaves each."""
    states: list[Tensor] = []
    handles = [layers[0].register_forward_pre_hook(lambda _, given: states.append(given[0]))]
    handles += [layer.register_forward_hook(lambda *given: states.append(given[2])) for layer in layers]
    run()
    for handle in handles:
        handle.remove()
    return states


def test_states_and_weights_of_bert_and_of_the_translator(opened):
    bert = load_stored("bert-speeches").double()
    ids = random_ids(3, 4000, 48)[2]
    layers = bert.bert.encoder.layers
    found = opened.evaluate(BERT, [ids, [0] * len(ids)])
    with record_attention(*[layer.self_attention for layer in layers]) as weights:
        states = states_of(layers, lambda: bert(torch.tensor([ids])))
    assert len(found["hidden"]) == len(states) == 3
    for got, expected in zip(found["hidden"] + found["attention"], states + weights, strict=True):
        close(got, expected)

    dates = load_stored("dates").double()
    source, target = random_dates(5)[3]
    found = opened.evaluate(DATES, [source, target])
    inside = dates.decoder.layers
    asked = [layer.cross_attention for layer in inside] + [layer.self_attention for layer in inside]
    with record_attention(*asked, *[layer.self_attention for layer in dates.encoder.layers]) as weights:
        memory = dates.encode(torch.tensor([source]))
        states = states_of(inside, lambda: dates.decode(torch.tensor([target]), memory))
    close(found["memory"], memory)
    in_order = [*found["encoder"], *(w for pair in zip(found["attention"], found["cross"], strict=True) for w in pair)]
    for got, expected in zip(found["hidden"] + in_order, states + weights, strict=True):
        close(got, expected)


def gpt_weights(model: CausalLM, ids: list[int]) -> list[Tensor]:
    """softmax(Q Kᵀ / √d_k) of each layer, causal, from the layers' own queries and keys."""
    found: list[Tensor] = []
    for block in model.blocks:
        block.attention.register_forward_pre_hook(
            lambda layer, given: found.append(torch.stack([*layer.split_heads(given[0])[:2]])), with_kwargs=False
        )
    model(torch.tensor([ids]))
    hidden = torch.ones(len(ids), len(ids)).tril() == 0
    return [((q @ k.mT) / q.shape[-1] ** 0.5).masked_fill(hidden, -torch.inf).softmax(dim=-1) for q, k in found]


def test_states_and_weights_of_a_gpt(opened):
    model = load_stored("gpt-characters").double()
    ids = random_ids(3, 97, 128)[2]
    states = states_of(model.blocks, lambda: model(torch.tensor([ids])))
    weights = gpt_weights(model, ids)
    found = opened.evaluate(
        """(ids) => { const { hidden, attention } = models["gpt-characters"].read(ids);
          return [...hidden, ...attention.map(({ data }) => data)].map(packed); }""",
        ids,
    )
    assert len(found) == 5 + 4
    for got, expected in zip(found, states + weights, strict=True):
        close(got, expected)


@pytest.mark.parametrize("name", ["gpt-speeches", "gpt-characters"])
def test_reading_on_behind_a_cache_gives_the_same_bits(opened, name):
    rng = random.Random(5)
    for ids in [[rng.randrange(90) for _ in range(128)] for _ in range(3)]:
        cuts = sorted({0, 128, *(rng.randrange(128) for _ in range(7))})
        same = opened.evaluate(
            """([name, ids, cuts]) => {
              const model = models[name];
              const whole = model.logits(ids);
              const parts = [];
              let cache;
              for (let i = 1; i < cuts.length; i++) {
                const reading = model.read(ids.slice(cuts[i - 1], cuts[i]), cache);
                cache = reading.cache;
                parts.push(...model.unembed(reading.hidden.at(-1)));
              }
              return whole.length === parts.length && whole.every((value, i) => value === parts[i]);
            }""",
            [name, ids, cuts],
        )
        assert same


def test_a_decoder_behind_its_cache_writes_the_same(opened):
    for source, target in random_dates(20):
        same = opened.evaluate(
            """([source, target]) => {
              const model = models.dates;
              const read = model.encode(source);
              let cache;
              const steps = target.flatMap((id) => {
                const written = model.decode([id], read, cache);
                cache = written.cache;
                return [...written.logits];
              });
              return model.decode(target, read).logits.every((value, i) => value === steps[i]);
            }""",
            [source, target],
        )
        assert same


def test_what_cannot_be_read_is_refused(opened):
    for name, most, vocab in (("gpt-speeches", 128, 1024), ("bert-speeches", 48, 4000)):
        read = f"(ids) => models['{name}'].read(ids)"
        assert "there is nothing to read" in complains(opened, read, [])
        assert f"makes {most + 1} positions, but the model reads only {most}" in complains(
            opened, read, [0] * (most + 1)
        )
        for strange in (vocab, -1, 0.5, None, "a"):
            assert f"outside the vocabulary of {vocab}" in complains(opened, read, [0, strange])
    behind = "(ids) => { const m = models['gpt-speeches']; m.read(ids, m.read(ids).cache); }"
    opened.evaluate(behind, [0] * 64)
    assert "makes 130 positions" in complains(opened, behind, [0] * 65)
    assert "outside the vocabulary of 2" in complains(opened, "() => models['bert-speeches'].read([5, 6], [0, 2])")
    assert "makes 33 positions" in complains(opened, "(ids) => models.dates.encode(ids)", [1] * 33)
    assert "nothing to read" in complains(opened, "() => models.dates.decode([], models.dates.encode([1]))")


# --- the same tokens ------------------------------------------------------------------------------------------------

HARD = [
    "",
    "\ufeffThe state\ufeff of \ufeff the Union",
    "I'll we've they're he'd it's I'm don't 'tis 'LL 's's",
    "👩‍👩‍👧‍👦 🇨🇭🇨🇳 👍🏽 🏴‍☠️ e\u0301 ﬁ ß İ ı Σίσυφος ΣΑΣ Ⅻ ½ ² ٣",
    "2024年3月9日星期六，你好世界。日本語のテキスト 한국어",
    "שלום עולם مرحبا بالعالم \u202eabc\u202c",
    "  two  spaces \n\n\n new\tlines \r\n \x0b\x0c \x1c\x1d\x1e\x1f \x85 \xa0 \u2028\u2029 \u3000 end  ",
    "[MASK] [CLS] [SEP] [PAD] [UNK] <bos> <eos> <pad> <|endoftext|> </s>",
    "<script>alert('1')</script> __proto__ constructor toString",
    "\x00\x01\x7f\x80\u200b\u200d\u2060\U000e0001\U0010ffff\ufffe\ufffd",
    "1,000,000 dollars; 50% — “quoted” ‘so’ … and/or",
    "a" * 10_000,
    "the Congress of the United States, " * 286,
    "的" * 10_000,
    "".join(chr(33 + i * i % 94) for i in range(10_000)),
]


def random_texts(n: int) -> list[str]:
    rng = random.Random(7)
    pools = ["abc ABC'\n 12", "".join(HARD[:11]), [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]]
    return ["".join(rng.choices(rng.choice(pools), k=rng.randrange(40))) for _ in range(n)]


def known_characters() -> list[str]:
    """Every character that this Python's Unicode knows, each between others; of Chinese and Korean only some."""
    known = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    few = [c for c in known if ord(c) < 0x3400 or ord(c) % 16 == 0 or 0xF900 <= ord(c) < 0x11000]
    return ["".join(f"x{c}1{c} {c}{c}\n{c}" for c in few[i : i + 500]) for i in range(0, len(few), 500)]


ENCODE = "([name, text]) => models[name].tokenizer.encode(textOf(text))"
BACK = """([name, text]) => {
  const { tokenizer } = models[name];
  return tokenizer.decode(tokenizer.encode(textOf(text)));
}"""


@pytest.mark.parametrize("name", ["gpt-speeches", "bert-speeches"])
def test_a_text_has_the_tokens_that_python_gives_it(opened, name):
    tokenizer = stored_tokenizer(name)
    for text in [*HARD, *random_texts(300), *known_characters()]:
        assert opened.evaluate(ENCODE, [name, units(text)]) == tokenizer.encode(text), text[:50]
    for text in HARD:
        assert opened.evaluate(BACK, [name, units(text)]) == tokenizer.decode(tokenizer.encode(text))


def test_byte_pairs_of_other_merges(page):
    """Pairs that spell the same token, and one that overlaps itself."""
    byte = {c: BPETokenizer([]).encode(c)[0] for c in "abc "}
    a, b, c = byte["a"], byte["b"], byte["c"]
    merges = [(b, c), (a, b), (a, 256), (257, c), (a, a), (259, a), (byte[" "], 259)]
    ours = BPETokenizer(merges)
    assert len(ours) < 256 + len(merges)
    texts = ["abc", "aabc abcabc", "aaaaa", " aa aaa", "cbabcab"]
    found = page.evaluate(
        """([description, texts]) => {
          const tokenizer = llmbookEngine.openTokenizer(description);
          return [tokenizer.size, texts.map((text) => tokenizer.encode(text))];
        }""",
        [describe_tokenizer(ours), texts],
    )
    assert found == [len(ours), [ours.encode(text) for text in texts]]
    message = complains(page, "(merges) => llmbookEngine.openTokenizer({ kind: 'byte-pairs', merges })", [[0, 256]])
    assert "merge 0 joins ids that are not there yet: 0 and 256" in message


def test_any_ids_have_the_text_that_python_gives_them(opened):
    rng = random.Random(11)
    for name in ("gpt-speeches", "gpt-characters", "bert-speeches"):
        tokenizer = stored_tokenizer(name)
        for _ in range(200):
            ids = [rng.randrange(len(tokenizer)) for _ in range(rng.randrange(30))]
            found = opened.evaluate("([name, ids]) => models[name].tokenizer.decode(ids)", [name, ids])
            assert found == tokenizer.decode(ids)
        for strange in (len(tokenizer), -1, 1.5):
            decode = f"(id) => models['{name}'].tokenizer.decode([id])"
            assert f"outside the vocabulary of {len(tokenizer)}" in complains(opened, decode, strange)
    specials = opened.evaluate("() => models.dates.target.decode([0, 1, 5, 2])")
    assert specials == date_languages()[1].decode([0, 1, 5, 2])


def test_characters_are_known_or_named(opened):
    known = stored_tokenizer("gpt-characters")
    text = "".join(known.symbols)
    assert opened.evaluate(ENCODE, ["gpt-characters", units(text)]) == known.encode(text) == list(range(97))
    for pair in pairs("test")[:50]:
        for side, tokenizer in zip(("source", "target"), date_languages(), strict=True):
            written = getattr(pair, side)
            assert opened.evaluate(f"(text) => models.dates.{side}.encode(text)", written) == tokenizer.encode(written)
    for text, character in (("naïve", '"ï"'), ("a😀", '"😀"'), ("\ud83d", '"\\ud83d"'), ("<pad>\u2028", "\u2028")):
        assert f"does not know the character {character}" in complains(
            opened, ENCODE, ["gpt-characters", units(text)]
        ).replace('"\u2028"', "\u2028")


def test_half_of_a_surrogate_pair_is_refused_by_byte_pairs_and_unknown_to_words(opened):
    for text, half in (
        ("a\ud83d", "U+D83D at place 1"),
        ("\ude00\ud83d", "U+DE00 at place 0"),
        ("😀\udc00b", "U+DC00 at place 2"),
    ):
        assert f"half of a surrogate pair, {half}" in complains(opened, ENCODE, ["gpt-speeches", units(text)])
        assert opened.evaluate(ENCODE, ["bert-speeches", units(text)]) == stored_tokenizer("bert-speeches").encode(text)


def test_the_name_of_a_token_shows_bytes_that_are_no_text(opened):
    tokenizer = stored_tokenizer("gpt-speeches")
    names = opened.evaluate("(ids) => ids.map(models['gpt-speeches'].tokenizer.name)", [*range(len(tokenizer))])
    for i, name in enumerate(names):
        text = tokenizer.decode([i])
        assert name == (text if "\ufffd" not in text else "".join(f"\\x{byte:02x}" for byte in tokenizer.vocab[i]))
    assert opened.evaluate("() => models.dates.target.name(2)") == "<eos>"


def test_a_tokenizer_of_another_kind_is_refused(page):
    assert "a tokenizer of the kind pieces" in complains(page, "() => llmbookEngine.openTokenizer({ kind: 'pieces' })")


# --- choosing the next ----------------------------------------------------------------------------------------------


def filtered(page: Page, logits: Tensor, settings: dict[str, Any], seen: list[int] | None = None) -> Tensor:
    code = "([l, s, seen]) => packed(llmbookEngine.filterLogits(Float64Array.from(l), s, seen))"
    return numbers(page.evaluate(code, [logits.tolist(), settings, seen or []]))


def some_logits() -> list[Tensor]:
    """Random ones, with and without many ties, and equal ones, whose probabilities add up without rounding."""
    g = torch.Generator().manual_seed(2)
    plain = [torch.randn(n, generator=g, dtype=torch.float64) * 4 for n in (1, 2, 7, 100, 1024)]
    return [*plain, *((logits * 2).round() / 2 for logits in plain), torch.zeros(8, dtype=torch.float64)]


def test_what_is_shut_out_is_what_python_shuts_out(page):
    rng = random.Random(3)
    settings = [
        {"temperature": rng.choice([0.01, 0.3, 1.0, 2.5, 40.0])}
        | rng.choice([{}, {"topK": rng.randrange(1, 40)}])
        | rng.choice([{}, {"topP": rng.choice([0.5, 0.25, 0.875, 1.0, 1e-9, rng.random(), rng.random()])}])
        | rng.choice([{}, {"minP": rng.choice([1.0, 0.5, rng.random() ** 3])}])
        for _ in range(80)
    ]
    for logits in some_logits():
        for given in settings:
            options = {"top_k": given.get("topK"), "top_p": given.get("topP", 1.0), "min_p": given.get("minP", 0.0)}
            expected = filter_logits(logits[None], temperature=given["temperature"], **options)[0]
            found = filtered(page, logits, given)
            assert torch.equal(found.isinf(), expected.isinf()), given
            torch.testing.assert_close(found, expected, atol=0, rtol=1e-12)


def test_what_was_said_is_penalised_as_python_does_it(page):
    for logits in some_logits():
        n = len(logits)
        for penalty, seen in ((1.3, [0]), (0.7, [n - 1, 0, 0]), (2.0, [*range(0, n, 3)]), (1.0, [0])):
            expected = penalise_repetition(logits[None], torch.tensor([seen]), penalty) / 0.8
            found = filtered(page, logits, {"temperature": 0.8, "repetition": penalty}, seen)
            torch.testing.assert_close(found, expected[0], atol=0, rtol=1e-12)


def test_at_temperature_zero_the_likeliest_is_certain_and_no_temperature_overflows(page):
    code = "([l, s]) => [...llmbookEngine.distribution(Float64Array.from(l), s)]"
    assert page.evaluate(code, [[1.0, 3.0, 3.0, 2.0], {"temperature": 0, "topP": 0.1}]) == [0, 1, 0, 0]
    assert page.evaluate(code, [[0.0, 0.0], {}]) == [0.5, 0.5]
    assert page.evaluate(code, [[1e3, -1e3, 1001], {"temperature": 5e-324}]) == [0, 0, 1]
    assert page.evaluate(code, [[1e3, -1e3, 1001, 0], {"temperature": 1e308}]) == [0.25] * 4


def test_what_is_drawn_follows_the_distribution(page):
    """Evenly spread random numbers draw each id as often as it is likely, and none that is shut out."""
    counts = page.evaluate(
        """() => {
          const p = llmbookEngine.distribution(Float64Array.from([0, 2, 1, -1, 3]), { topK: 3, temperature: 1.5 });
          const counts = [0, 0, 0, 0, 0];
          for (let i = 0; i < 10000; i++) counts[llmbookEngine.draw(p, () => (i + 0.5) / 10000)]++;
          return counts;
        }"""
    )
    logits = torch.tensor([[0.0, 2, 1, -1, 3]], dtype=torch.float64)
    expected = filter_logits(logits, temperature=1.5, top_k=3).softmax(dim=-1)[0] * 10000
    assert all(abs(n - e) <= 1 for n, e in zip(counts, expected.tolist(), strict=True))
    last = page.evaluate("() => llmbookEngine.draw(Float64Array.from([0.3, 0.6999999, 0]), () => 0.99999999)")
    assert last == 1  # where rounding leaves the sum below what was drawn


def test_settings_without_meaning_are_refused(page):
    for settings, says in (
        ({"temperature": -0.1}, "the temperature must be at least 0, not -0.1"),
        ({"temperature": "hot"}, "the temperature must be at least 0, not hot"),
        ({"topK": 0}, "top-k must be a whole number from 1, not 0"),
        ({"topK": 1.5}, "top-k must be a whole number from 1, not 1.5"),
        ({"topP": 0}, "top-p must lie in (0, 1], not 0"),
        ({"topP": 1.01}, "top-p must lie in (0, 1], not 1.01"),
        ({"minP": -0.1}, "min-p must lie in [0, 1], not -0.1"),
        ({"minP": 1.1}, "min-p must lie in [0, 1], not 1.1"),
        ({"repetition": 0}, "the penalty for repetition must be above 0, not 0"),
    ):
        assert says in complains(page, "(s) => llmbookEngine.filterLogits(Float64Array.from([1, 2]), s)", settings)


# --- the Writer -----------------------------------------------------------------------------------------------------

PROMPT = "Members of the Congress, the state of our Union is"


WRITE = """([name, text, count]) => {
  const request = { text, first: null, count, sampling: { temperature: 0 }, seed: 1 };
  return [...llmbookPlay.write(new llmbookPlay.Reader(models[name]), request)].pop();
}"""


def test_the_writer_goes_on_as_generate_does(opened):
    model, pairs = load_stored("gpt-speeches").double(), stored_tokenizer("gpt-speeches")
    ids = pairs.encode(PROMPT)
    found = opened.evaluate(WRITE, ["gpt-speeches", PROMPT, 128 - len(ids)])
    assert found == pairs.decode(generate(model, torch.tensor([ids]), 128 - len(ids))[0].tolist())


def test_the_writer_never_stops(opened):
    """Where the model can read no further, its window moves by half its width."""
    model, letters = load_stored("gpt-characters").double(), stored_tokenizer("gpt-characters")
    found = opened.evaluate(WRITE, ["gpt-characters", "a" * 200, 300])
    ids = letters.encode("a" * 200)
    for _ in range(300):
        start = window_start(len(ids), 128)
        ids.append(model(torch.tensor([ids[start:]]))[0, -1].argmax().item())
    assert found == letters.decode(ids)


def test_the_logit_lens_puts_each_state_through_the_last_norm_and_the_output(opened):
    model = load_stored("gpt-speeches").double()
    ids = stored_tokenizer("gpt-speeches").encode(PROMPT)
    found = opened.evaluate(
        """([ids, t]) => {
          const model = models["gpt-speeches"];
          return llmbookEngine.logitLens(model, model.read(ids).hidden, t, 4);
        }""",
        [ids, 3],
    )
    states = states_of(model.blocks, lambda: model(torch.tensor([ids])))
    assert len(found) == len(states) == 5
    for layer, state in zip(found, states, strict=True):
        p = model.output(model.norm(state[0, 3])).softmax(dim=-1)
        assert [token["id"] for token in layer] == p.topk(4).indices.tolist()
        assert [token["probability"] for token in layer] == pytest.approx(p.topk(4).values.tolist(), abs=EXACT)


MEASURE = """([name, texts, counts]) => {
  const measure = new llmbookPlay.Measure(new llmbookPlay.Reader(models[name]));
  return texts.map((text, i) => {
    const steps = measure.surprises({ text, ...(i === 0 && counts && { counts: bytesOf(counts) }) });
    const shares = [];
    for (;;) {
      const { done, value } = steps.next();
      if (done) return { ...value, shares };
      if (value !== undefined) shares.push(value);
    }
  });
}"""


def test_the_surprise_at_all_of_a_text_token_by_token(opened):
    """One text after another, whose beginnings are alike or are not, and the same as PyTorch finds each alone."""
    model, pairs = load_stored("gpt-speeches").double(), stored_tokenizer("gpt-speeches")
    long = (PROMPT + " strong. ") * 30
    texts = [PROMPT, long, long + "And now?", long[:700], "Another text.", "", "e", "é", "注意 " * 99, long]
    for text, found in zip(texts, opened.evaluate(MEASURE, ["gpt-speeches", texts, None]), strict=True):
        ids = pairs.encode(text)
        assert found["ids"] == ids
        assert found["model"] == pytest.approx([None, *nats(model, ids)][: len(ids)], abs=EXACT)
        assert found["counted"] == []
        assert (found["compared"], found["characters"]) == (max(0, len(ids) - 1), len(pairs.decode(ids[1:])))
        assert found["shares"] == sorted(found["shares"])
        assert found["shares"][-1:] in ([], [1])


def test_the_surprise_of_counted_n_grams_is_the_librarys(opened):
    pairs = stored_tokenizer("gpt-speeches")
    texts = [PROMPT, "", "e", "th", "The state of our Union is 注意 🙂.\n\n", "Congress " * 40]
    counts = base64_of(stored_weights.packed("trigrams"))
    for text, found in zip(texts, opened.evaluate(MEASURE, ["gpt-speeches", texts, counts]), strict=True):
        ids = torch.tensor(pairs.encode(text), dtype=torch.long)
        for order, given in zip((2, 3), found["counted"], strict=True):
            n = min(order - 1, len(ids))
            expected = counted.counted(order).probabilities(ids) if len(ids) >= order else torch.tensor([])
            assert given == pytest.approx([*[None] * n, *(-expected.log()).tolist()], abs=1e-12)
        assert found["compared"] == max(0, len(ids) - 2)
        assert found["characters"] == len(pairs.decode(ids[2:].tolist()))


@pytest.mark.parametrize("seed", range(8))
def test_n_grams_of_any_text_are_counted_as_in_python(page, seed):
    rng = random.Random(seed)
    vocab = rng.choice([2, 3, 11, 1024])
    ids = [rng.choices(range(vocab), k=1)[0] for _ in range(rng.randrange(10, 600))] + [1, 0, 1, 1, 0]
    asked = [rng.randrange(vocab) for _ in range(200)]
    found = page.evaluate(
        "([counts, ids]) => llmbookEngine.openNGrams(bytesOf(counts)).map((m) => [m.order, m.probabilities(ids)])",
        [base64_of(counted.pack(torch.tensor(ids), vocab)), asked],
    )
    assert [order for order, _ in found] == [2, 3]
    for order, given in found:
        expected = KneserNey(torch.tensor(ids), vocab, order).probabilities(torch.tensor(asked))
        assert given == pytest.approx(expected.tolist(), abs=1e-15)


def test_attention_of_the_step_is_pytorchs(opened):
    for name, text in (("gpt-speeches", "The state of our Union is strong. " * 30), ("gpt-characters", "We must")):
        found = opened.evaluate(
            """([name, text]) => {
              const reader = new llmbookPlay.Reader(models[name]);
              const ids = reader.windowOf(models[name].tokenizer.encode(text));
              [...reader.read(ids.slice(0, 5))]; // and then on
              [...reader.read(ids)];
              return reader.lastLooks.map((rows) => packed(rows));
            }""",
            [name, text],
        )
        ids = stored_tokenizer(name).encode(text)
        expected = looks(load_stored(name).double(), ids[window_start(len(ids), 128) :])  # (L, H, T)
        for given, rows in zip(found, expected, strict=True):
            torch.testing.assert_close(numbers(given).view_as(rows), rows, atol=EXACT, rtol=0)


# --- the GapFiller --------------------------------------------------------------------------------------------------

A = "The Congress of the United States has the power to make laws."
B = "The President has the duty to execute them."


def test_a_pair_is_joined_and_cut_as_python_does_it(page):
    rng = random.Random(13)
    for _ in range(100):
        a, b, most = [*range(9, 9 + rng.randrange(12))], [*range(50, 50 + rng.randrange(12))], rng.randrange(5, 25)
        found = page.evaluate("([a, b, n]) => llmbookEngine.joinPair(a, b, { cls: 1, sep: 2 }, n)", [a, b, most])
        ids, segments = join_pair(a, b, 1, 2, most)
        assert [found["ids"], found["segments"]] == [ids, segments]
        assert found["cut"] == len(a) + len(b) + 3 - len(ids)
    alone = page.evaluate("() => llmbookEngine.joinPair([9, 8, 7, 6], null, { cls: 1, sep: 2 }, 5)")
    assert alone == {"ids": [1, 9, 8, 7, 2], "segments": [0] * 5, "cut": 1}
    refused = complains(page, "() => llmbookEngine.joinPair([], [], { cls: 1, sep: 2 }, 4)")
    assert "a pair needs at least 5 positions, not 4" in refused


IN_PART = """([ids, places]) => {
  const model = models["bert-speeches"];
  const { hidden } = model.read(places.map((place) => ids[place]), undefined, places);
  return packed(model.wordLogits(hidden.at(-1)));
}"""


def test_a_text_seen_in_part_is_read_as_behind_a_mask(opened):
    """What no query may look at is left away here, and the others keep their places."""
    bert = load_stored("bert-speeches").double()
    rng = random.Random(2)
    for ids in random_ids(60, 4000, 48):
        places = sorted(rng.sample(range(len(ids)), rng.randint(1, len(ids))))
        may_attend = torch.zeros(len(ids), dtype=torch.bool).index_fill(0, torch.tensor(places), True)
        states = bert.bert.encoder(bert.bert.embed(torch.tensor([ids])), may_attend[None, None, None])
        expected = bert.word_logits(states[0, places])
        found = numbers(opened.evaluate(IN_PART, [ids, places])).view(expected.shape)
        torch.testing.assert_close(found, expected, atol=EXACT, rtol=0)
    complaint = complains(opened, "() => models['bert-speeches'].read([5, 6], [0, 0], [0, 48])")
    assert "outside the vocabulary of 48" in complaint


# --- the Translator -------------------------------------------------------------------------------------------------

TRANSLATE = """([text, width]) => {
  const steps = llmbookPlay.search(models.dates, { text, width });
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value.texts.map(({ ids, score, chances }) => (
    { ids, score, text: models.dates.target.decode(ids), chances: packed(chances) }
  ));
}"""


def test_dates_are_translated_as_python_does_it(opened):
    texts = [*(pair.source for pair in pairs("test")[:60]), "99/99/9999", "day day day", "M", "J" * 32]
    expected = translate(load_stored("dates"), texts)
    assert [opened.evaluate(TRANSLATE, [text, 1])[0]["text"] for text in texts] == expected


def searched(model: Transformer, text: str, beams: int) -> list[tuple[float, list[int]]]:
    memory = model.encode(torch.tensor([date_languages()[0].encode(text)]))
    found = beam_search(
        lambda ids: model.decode(ids, memory.expand(len(ids), -1, -1))[:, -1],
        torch.tensor([BOS]), beams=beams, max_new=LONGEST, eos=EOS,
    )  # fmt: skip
    return [(text.score, text.ids[1:]) for text in found]


def test_beams_find_what_python_finds(opened):
    model = load_stored("dates").double()
    assert isinstance(model, Transformer)
    texts = [*(pair.source for pair in pairs("test")[:15]), "99/99/9999", "Mayday", "y", "J" * 32]
    for text in texts:
        for beams in (1, 2, 5):
            found = opened.evaluate(TRANSLATE, [text, beams])
            expected = searched(model, text, beams)
            assert [one["ids"] for one in found] == [ids for _, ids in expected], (text, beams)
            assert [one["score"] for one in found] == pytest.approx([score for score, _ in expected], abs=EXACT)
            assert found[0]["text"] == date_languages()[1].decode(i for i in found[0]["ids"] if i != EOS)


BEAMS = """([table, options]) => llmbookEngine.beamSearch({
  start: [0],
  read: (ids) => Float64Array.from(table[ids.length - 1][ids.at(-1)]),
  go: (ids, id) => [...ids, id],
  ...options,
})"""


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0, 2.0])
def test_beams_of_any_next_words(page, penalty):
    """A model that knows the last id and its place only: many texts end, some early, some never."""
    for seed in range(20):
        g = torch.Generator().manual_seed(seed)
        table = (torch.randn(6, 6, 6, generator=g, dtype=torch.float64) * 2).log_softmax(dim=-1)

        def next_logits(ids: Tensor, table: Tensor = table) -> Tensor:
            return table[ids.shape[1] - 1, ids[:, -1]]

        for beams in (1, 2, 3, 7):
            options = {"beams": beams, "most": 6, "end": 5, "lengthPenalty": penalty}
            found = page.evaluate(BEAMS, [table.tolist(), options])
            expected = beam_search(
                next_logits, torch.tensor([0]), beams=beams, max_new=6, eos=5, length_penalty=penalty
            )
            assert [one["ids"] for one in found] == [text.ids[1:] for text in expected], (seed, beams)
            assert [one["score"] for one in found] == pytest.approx([text.score for text in expected], abs=1e-5)


def test_a_search_needs_beams_and_room(page):
    for beams, most in ((0, 5), (5, 0), (1.5, 5)):
        refused = complains(page, BEAMS, [[[[0.0]]], {"beams": beams, "most": most, "end": 0}])
        assert f"at least one beam and one id, not {beams} and {most}" in refused


def test_each_written_character_has_its_alternatives_and_where_it_looked(opened):
    model = load_stored("dates").double()
    text = pairs("test")[3].source
    written = opened.evaluate(TRANSLATE, [text, 1])[0]
    ids = written["ids"]
    crossing, attention = opened.evaluate(
        """([text, ids]) => {
          const model = models.dates;
          const source = model.encode(model.source.encode(text));
          const { cross, attention } = model.decode([model.begin, ...ids.slice(0, -1)], source);
          return [cross, attention].map((layers) => layers.map(({ data }) => packed(data)));
        }""",
        [text, ids],
    )
    source = torch.tensor([date_languages()[0].encode(text)])
    layers = model.decoder.layers
    with record_attention(*[layer.cross_attention for layer in layers]) as cross:
        logits = model(source, torch.tensor([[BOS, *ids[:-1]]]))
    with record_attention(*[layer.self_attention for layer in layers]) as own:
        model(source, torch.tensor([[BOS, *ids[:-1]]]))
    for got, expected in zip(crossing + attention, cross + own, strict=True):
        close(got, expected)
    assert len(ids) > 5
    close(written["chances"], logits[0].softmax(dim=-1))
    decode = "(ids) => models.dates.decode(ids, models.dates.encode(models.dates.source.encode('1/2/2000')))"
    refused = complains(opened, decode, [99])
    assert "outside the vocabulary" in refused

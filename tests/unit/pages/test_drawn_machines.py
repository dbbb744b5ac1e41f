"""The drawn machines say what the models do: each shape printed on an arrow is what a hook sees there."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from drawing import CELL, HEAD, Drawing, rounded
from llmbook.models import CausalLM, CausalLMConfig, Transformer
from llmbook.nn import causal_mask, padding_mask, record_attention
from machine_figure import place_of
from machines import language_model, transformer

ROOT = Path(__file__).resolve().parents[3]
TRANSFORMER = {"B": 3, "S": 7, "T": 5, "H": 2, "d_k": 11, "D": 22, "F": 13, "n_vocab": 17}
LANGUAGE_MODEL = {"B": 3, "S": 7, "T": 5, "H": 4, "H_kv": 2, "d_k": 8, "D": 32, "F": 13, "n_vocab": 17}
LENGTHS = torch.tensor([7, 2, 4])
TEXT = re.compile(r'<text [^>]*?(?:data-of="([^"]*)")?>([^<]*)</text>')
SHAPE = re.compile(r"\(([^)]*)\)")

Seen = dict[str, Tensor]  # by where it was seen, as in “input 1 of decoder.layers.0.cross_attention”
Run = Callable[[nn.Module], object]


def drawn(machine: Callable[..., str]) -> str:
    return machine(lambda builds: (f"#{builds}", "5.0"))


def words(svg: str) -> list[tuple[str, str]]:
    """(which tensor, text) of every text of a drawing; no tensor is an empty string."""
    return [(of or "", text) for of, text in TEXT.findall(svg)]


def watched(model: nn.Module, run: Run) -> Seen:
    """What goes into each module and comes out of it, under the names that the drawings use."""
    seen: Seen = {}

    def watch(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: tuple, options: dict, result: Tensor | tuple[Tensor, Tensor]) -> None:
            for i, argument in enumerate(arguments):
                seen[f"input {i} of {name}"] = argument
            if arguments:
                seen[f"input of {name}"] = arguments[0]
            if options.get("may_attend") is not None:
                seen[f"mask of {name}"] = options["may_attend"]
            seen[f"output of {name}"] = result[0] if isinstance(result, tuple) else result

        return hook

    with ExitStack() as hooks, torch.no_grad():
        for name, module in model.named_modules():
            hooks.enter_context(module.register_forward_hook(watch(name), with_kwargs=True))
        run(model)
    return seen


def seen_in_transformer() -> Seen:
    torch.manual_seed(0)
    model = Transformer(19, 17, d_model=22, n_heads=2, n_layers=2, d_ff=13, dropout=0.0)
    encoder, decoder = model.encoder.layers[0], model.decoder.layers[0]
    layers = {
        "encoder.layers.0.self_attention": encoder.self_attention,
        "decoder.layers.0.self_attention": decoder.self_attention,
        "decoder.layers.0.cross_attention": decoder.cross_attention,
    }
    src, tgt = torch.randint(19, (3, 7)), torch.randint(17, (3, 5))
    with record_attention(*layers.values()) as weights:
        seen = watched(model, lambda model: model(src, tgt, LENGTHS))
    return seen | {f"weights of {name}": each for name, each in zip(layers, weights, strict=True)}


def seen_in_language_model() -> Seen:
    """Five new positions behind two that the cache holds."""
    torch.manual_seed(0)
    config = CausalLMConfig(
        vocab=17, d_model=32, n_heads=4, n_kv_heads=2, n_layers=2, d_ff=13, max_len=7,
        norm="rms", feed_forward="swiglu", positions="rotary", bias=False,
    )  # fmt: skip
    model = CausalLM(config)
    attention, name = model.blocks[0].attention, "blocks.0.attention"
    split, attend, inside = attention.split_heads, attention.attend, {}

    def watched_split(x: Tensor) -> tuple[Tensor, ...]:
        inside.update({f"split {i} of {name}": each for i, each in enumerate(split(x))})
        return split(x)

    def watched_attend(*arguments: Tensor) -> Tensor:
        inside.update({f"attend {i} of {name}": each for i, each in enumerate(arguments)})
        inside[f"attended of {name}"] = attend(*arguments)
        return inside[f"attended of {name}"]

    with torch.no_grad():
        cache, ids = model.new_cache(batch=3), torch.randint(17, (3, 7))
        model(ids[:, :2], cache)
        attention.split_heads, attention.attend = watched_split, watched_attend
        return watched(model, lambda model: model(ids[:, 2:], cache)) | inside


def faults(svg: str, seen: Seen, sizes: dict[str, int]) -> list[str]:
    """One sentence for each shape of a drawing that is not what was seen, or that names no tensor."""
    wrong = []
    for of, text in words(svg):
        shape = SHAPE.search(text)
        if not shape:
            continue
        printed = tuple(sizes.get(letter, 0) for letter in shape[1].split(", "))
        if of not in seen:
            wrong.append(f"{text}: nothing was seen at {of!r}")
        elif printed != tuple(seen[of].shape):
            wrong.append(f"{text} at {of} is {tuple(seen[of].shape)}")
    return wrong


MACHINES = {
    "transformer": (transformer, seen_in_transformer, TRANSFORMER, 23),
    "language model": (language_model, seen_in_language_model, LANGUAGE_MODEL, 11),
}


@pytest.mark.parametrize("name", MACHINES)
def test_each_shape_on_an_arrow_is_what_a_hook_sees_there(name):
    machine, look, sizes, count = MACHINES[name]
    assert len(set(sizes.values())) == len(sizes), "two letters of one size could be swapped unseen"
    svg = drawn(machine)
    assert sum("(" in text for _, text in words(svg)) == count
    assert faults(svg, look(), sizes) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("transformer", "(B, H, T, S)", "(B, H, S, T)"),
        ("transformer", "(B, S, F)", "(B, S, D)"),
        ("transformer", ' data-of="output of encoder"', ""),
        ("language model", "(B, H_kv, S, d_k)", "(B, H, S, d_k)"),
        ("language model", "(B, H_kv, T, d_k)", "(B, H_kv, S, d_k)"),
    ],
)
def test_a_wrong_shape_is_found(name, old, new):
    machine, look, sizes, _ = MACHINES[name]
    svg = drawn(machine)
    assert old in svg
    assert len(faults(svg.replace(old, new, 1), look(), sizes)) == 1


def test_each_attention_has_the_mask_that_is_named_in_it():
    seen = seen_in_transformer()
    masks = {"causal mask": causal_mask(5), "padding mask": padding_mask(LENGTHS, 7)}
    named = {of: text for of, text in words(drawn(transformer)) if of.startswith("mask of")}
    assert len(named) == 3
    for of, text in named.items():
        torch.testing.assert_close(seen[of], masks[text])


def pictured(svg: str, looks: str) -> list[set[tuple[int, int]]]:
    """The cells (row, column) of each picture of a mask that have these looks; the first of each lies at (0, 0)."""
    pictures = []
    for d in re.findall(rf'<path d="([^"]*)" class="{looks}"/>', svg):
        corners = [(float(x), float(y)) for x, y in re.findall(r"M([-\d.]+) ([-\d.]+)", d)]
        left, top = corners[0]
        pictures.append({(round((y - top) / CELL), round((x - left) / CELL)) for x, y in corners})
    return pictures


def cells(mask: Tensor) -> set[tuple[int, int]]:
    return {(t, s) for t, s in mask.nonzero().tolist()}


def test_the_pictures_of_masks_are_masks():
    hidden = torch.arange(5) < 3
    expected = [hidden.expand(5, 5), causal_mask(4), hidden.expand(4, 5)]
    assert pictured(drawn(transformer), "seen") == [cells(mask) for mask in expected]
    assert pictured(drawn(language_model), "seen") == [cells(causal_mask(4, 6))]


def test_the_memory_is_what_the_decoder_looks_into():
    seen = seen_in_transformer()
    torch.testing.assert_close(seen["output of encoder"], seen["input 1 of decoder.layers.0.cross_attention"])


# --- what leads where ------------------------------------------------------------------------------------------


def test_an_arrow_ends_in_its_tip_and_its_line_in_its_neck():
    drawing = Drawing(lambda builds: (builds, "5.0"))
    drawing.line([(0, 0), (0, -20), (30, -20)], "past")
    drawing.line([(0, 0), (7, 0)], head=False)
    assert drawing.parts == [
        f'<path d="M0 0L0 -15Q0 -20 5 -20L{30 - HEAD} -20" class="line past"/>',
        f'<polygon points="30,-20 {30 - HEAD},-16.4 {30 - HEAD},-23.6" class="head past"/>',
        '<path d="M0 0L7 0" class="line"/>',
    ]
    assert rounded([(0, 0), (0, -4), (30, -4)]) == "M0 0L0 -2Q0 -4 5 -4L30 -4", "half of a short side at most"


def test_signs_of_html_are_drawn_as_they_are():
    drawing = Drawing(lambda builds: (builds, "5.0"))
    drawing.words(0, 0, "a < b & c", of='"x"')
    assert drawing.parts == ['<text x="0" y="4.5" data-of="&quot;x&quot;">a &lt; b &amp; c</text>']


Box = tuple[float, float, float, float]  # left, top, right, bottom


def boxes(svg: str, name: str) -> list[Box]:
    """The boxes of this name."""
    numbers = r'x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"'
    found = [map(float, sizes) for sizes in re.findall(rf"<title>{name}[:,][^<]*</title><rect {numbers}", svg)]
    return [(x, y, x + width, y + height) for x, y, width, height in found]


def tips(svg: str, looks: str) -> list[tuple[float, float]]:
    found = re.findall(rf'<polygon points="([-\d.]+),([-\d.]+) [^"]*" class="head {looks}"/>', svg)
    return [(float(x), float(y)) for x, y in found]


def at_the_side(tip: tuple[float, float], box: Box) -> bool:
    left, top, right, bottom = box
    return top < tip[1] < bottom and min(abs(tip[0] - left), abs(tip[0] - right)) < 0.2  # a tenth is rounded off


def test_the_memory_leads_into_cross_attention():
    svg = drawn(transformer)
    (box,), (tip,) = boxes(svg, "cross-attention"), tips(svg, "memory")
    assert at_the_side(tip, box)


def test_a_way_around_ends_where_its_sub_layer_does():
    """In 2017 at the side of *add & norm*, today at the sum."""
    svg = drawn(transformer)
    ends = tips(svg, "past")
    assert len(ends) == 5
    assert all(sum(at_the_side(tip, box) for box in boxes(svg, "add &amp; norm")) == 1 for tip in ends)
    svg = drawn(language_model)
    sums = re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)" r="8" class="plus"/>', svg)
    assert tips(svg, "past") == [(float(x) - 8, float(y)) for x, y in sums]
    assert len(sums) == 2


def test_a_link_leads_to_the_heading_above_the_class():
    assert place_of("MultiHeadAttention", ROOT) == ("05-1-the-parts", "Multi-head attention")
    assert place_of("DecoderLayer", ROOT) == ("05-2-the-whole", "The decoder layer")
    assert place_of("Nowhere", ROOT) is None
    for machine in (transformer, language_model):
        builds = set(re.findall(r'href="#(\w+)"', drawn(machine)))
        assert len(builds) >= 8
        assert all(place_of(name, ROOT) for name in builds)

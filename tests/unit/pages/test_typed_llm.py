"""The language model that a reader types on pages 5.1, 5.5 and 5.6, small, against the library's: the same weights."""

import pytest
import torch

from llmbook.inference.generation import generate
from llmbook.inference.sampling import sample_next_token
from llmbook.models.llama import Llama
from llmbook.pages.typed_cells import typed
from llmbook.pretrained import chat

SIZES = {"vocab": 29, "d_model": 12, "n_heads": 6, "n_layers": 3, "d_ff": 14, "eps": 1e-3}
PARTS = typed("05-1-the-parts", "05-5-todays-parts", "05-6-to-todays-llm")


def named_as_in_the_library(state):
    """The reader's weights under the library's names, which stacks those that read the same."""
    renamed = {"norm.weight" if name == "output_norm.weight" else name: weight for name, weight in state.items()}
    for block in range(SIZES["n_layers"]):
        for stack, names in (("attention.w_qkv", ("w_q", "w_k", "w_v")), ("feed_forward.w_1", ("w_g", "w_1"))):
            start = f"blocks.{block}.{stack.split('.')[0]}."
            rows = [renamed.pop(f"{start}{name}.weight") for name in names]
            renamed[f"blocks.{block}.{stack}.weight"] = torch.cat(rows)
    return renamed


@pytest.fixture
def models():
    """The reader's model and the library's, with one set of weights in double precision."""
    torch.manual_seed(0)
    ours = PARTS.LanguageModel(**SIZES, n_kv_heads=2, base=50.0).double()
    for weight in ours.parameters():
        torch.nn.init.normal_(weight, std=0.6)
    theirs = Llama(**SIZES, n_kv_heads=2, rope_base=50.0, max_len=40, tied=True).double()
    state = named_as_in_the_library(ours.state_dict())
    theirs.load_state_dict({**state, "output.weight": state["embedding.weight"]})
    return ours, theirs


@pytest.fixture
def ids():
    return torch.randint(29, (1, 7), generator=torch.Generator().manual_seed(1))


def test_the_same_logits_and_gradients(models, ids):
    ours, theirs = models
    got, expected = ours(ids), theirs(ids)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)  # the angles are in single precision

    push = torch.linspace(-1, 1, got.numel(), dtype=got.dtype).view_as(got)
    for logits in (got, expected):
        logits.backward(push)
    gradients = named_as_in_the_library({name: weight.grad for name, weight in ours.named_parameters()})
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, theirs.get_parameter(name).grad, rtol=1e-4, atol=1e-4)


def test_in_pieces_behind_caches_as_in_one(models, ids):
    ours, _ = models
    past = [PARTS.Cache() for _ in ours.blocks]
    pieces = [ours(piece, past) for piece in ids.split([3, 1, 2, 1], dim=1)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), ours(ids), rtol=1e-5, atol=1e-5)
    assert [cache.length for cache in past] == [7] * 3


def test_the_same_text_up_to_its_end(models, ids):
    ours, theirs = models
    written = generate(theirs, ids, 20)
    assert PARTS.generate(ours, ids, 20).equal(written)
    end = int(written[0, 12])
    assert PARTS.generate(ours, ids, 20, end=end).equal(generate(theirs, ids, 20, eos=end))


@pytest.mark.parametrize(("temperature", "top_k"), [(0.5, 3), (1.5, 11), (1.0, 29)])
def test_the_same_lots(temperature, top_k):
    logits = torch.randn(1, 29, generator=torch.Generator().manual_seed(2))
    for seed in range(20):
        ours, theirs = (torch.Generator().manual_seed(seed) for _ in range(2))
        token = sample_next_token(logits, temperature=temperature, top_k=top_k, generator=theirs)
        assert PARTS.by_lot(temperature, top_k, ours)(logits).tolist() == [token.tolist()]


def test_the_names_of_the_file_are_those_the_library_reads():
    from llmbook.models.foreign_weights import foreign_names
    from llmbook.models.llama import GGUF

    with torch.device("meta"):
        ours = PARTS.LanguageModel(**SIZES, n_kv_heads=2, base=50.0)
        theirs = Llama(**SIZES, n_kv_heads=2, max_len=40, tied=True)
    wanted = {name for names in foreign_names(theirs, GGUF).values() for name in names}
    assert {PARTS.name_in_file(name) for name in ours.state_dict()} == wanted


def test_the_same_prompt():
    assert PARTS.chat("Why?\nTell me.") == chat("Why?\nTell me.")

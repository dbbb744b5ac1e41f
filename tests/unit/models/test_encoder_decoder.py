"""The 2017 Transformer against PyTorch's, with the same weights, and by what must hold whatever the weights."""

import math

import pytest
import torch
from reference import close, gradients, ids_of, random, spread
from torch import Tensor, nn

from llmbook.models import Decoder, DecoderLayer, Encoder, EncoderLayer, Transformer
from llmbook.models.encoder_decoder import AddAndNorm
from llmbook.nn import Positions, causal_mask, padding_mask, record_attention, sinusoids
from llmbook.nn.positions import KINDS

B, T, S, H, D, F, LAYERS = 2, 5, 7, 3, 33, 19, 2
LENGTHS = torch.tensor([4, 7])
CLOSE = 1e-10  # float64: sums of some dozens of products
NORMS = pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])


def copy_attention(ours: nn.Module, theirs: nn.MultiheadAttention) -> None:
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.w_q.weight, ours.w_k.weight, ours.w_v.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.w_q.bias, ours.w_k.bias, ours.w_v.bias]))
    theirs.out_proj.load_state_dict(ours.w_o.state_dict())


def copy_rest(ours: nn.Module, theirs: nn.Module, norms: list[nn.Module]) -> None:
    theirs.linear1.load_state_dict(ours.feed_forward.w_1.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.w_2.state_dict())
    for number, norm in enumerate(norms, start=1):
        getattr(theirs, f"norm{number}").load_state_dict(norm.norm.state_dict())


def their_encoder_layer(ours: EncoderLayer, norm_first: bool) -> nn.TransformerEncoderLayer:
    theirs = nn.TransformerEncoderLayer(D, H, F, dropout=0.0, batch_first=True, norm_first=norm_first).double()
    copy_attention(ours.self_attention, theirs.self_attn)
    copy_rest(ours, theirs, [ours.around_attention, ours.around_feed_forward])
    return theirs


def their_decoder_layer(ours: DecoderLayer, norm_first: bool) -> nn.TransformerDecoderLayer:
    theirs = nn.TransformerDecoderLayer(D, H, F, dropout=0.0, batch_first=True, norm_first=norm_first).double()
    copy_attention(ours.self_attention, theirs.self_attn)
    copy_attention(ours.cross_attention, theirs.multihead_attn)
    copy_rest(ours, theirs, [ours.around_self, ours.around_cross, ours.around_feed_forward])
    return theirs


def inputs() -> tuple[Tensor, Tensor]:
    return random(B, T, D, seed=1).requires_grad_(), random(B, S, D, seed=2).requires_grad_()


def same(ours: Tensor, theirs: Tensor, inputs: list[Tensor]) -> None:
    close(ours, theirs, CLOSE)
    close(gradients(ours, inputs), gradients(theirs, inputs), CLOSE)


# --- reference -------------------------------------------------------------------------------------------------


@NORMS
@pytest.mark.parametrize("padded", [False, True])
def test_an_encoder_layer_equals_pytorchs(norm_first, padded):
    ours = spread(EncoderLayer(D, H, F, norm_first=norm_first).double())
    theirs, x = their_encoder_layer(ours, norm_first), inputs()[1]
    mask = padding_mask(LENGTHS, S) if padded else None
    out = theirs(x, src_key_padding_mask=~mask[:, 0, 0] if padded else None)
    same(ours(x, mask), out, [x])
    close(gradients(ours(x, mask), [ours.feed_forward.w_1.weight]), gradients(out, [theirs.linear1.weight]), CLOSE)


@NORMS
@pytest.mark.parametrize("padded", [False, True])
def test_a_decoder_layer_equals_pytorchs(norm_first, padded):
    ours = spread(DecoderLayer(D, H, F, norm_first=norm_first).double())
    theirs, (x, memory) = their_decoder_layer(ours, norm_first), inputs()
    mask, causal = padding_mask(LENGTHS, S) if padded else None, causal_mask(T)
    out = theirs(x, memory, tgt_mask=~causal, memory_key_padding_mask=~mask[:, 0, 0] if padded else None)
    same(ours(x, memory, causal, mask), out, [x, memory])


@NORMS
@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # of the reference, which goes without one here
def test_the_whole_equals_pytorchs_transformer(norm_first):
    encoder = spread(Encoder(D, H, F, LAYERS, norm_first=norm_first, final_norm=True).double(), seed=1)
    decoder = spread(Decoder(D, H, F, LAYERS, norm_first=norm_first, final_norm=True).double(), seed=2)
    theirs = nn.Transformer(D, H, LAYERS, LAYERS, F, 0.0, batch_first=True, norm_first=norm_first).double()
    theirs.encoder.layers = nn.ModuleList(their_encoder_layer(layer, norm_first) for layer in encoder.layers)
    theirs.decoder.layers = nn.ModuleList(their_decoder_layer(layer, norm_first) for layer in decoder.layers)
    theirs.encoder.norm.load_state_dict(encoder.norm.state_dict())
    theirs.decoder.norm.load_state_dict(decoder.norm.state_dict())
    (x, source), mask, causal = inputs(), padding_mask(LENGTHS, S), causal_mask(T)
    hidden = ~mask[:, 0, 0]
    out = theirs(source, x, tgt_mask=~causal, src_key_padding_mask=hidden, memory_key_padding_mask=hidden)
    same(decoder(x, encoder(source, mask), causal, mask), out, [x, source])


@NORMS
def test_dropout_falls_where_it_does_in_pytorch(norm_first):
    """While training, with the same random numbers: any place more or less would shift all that follow."""
    # One sequence: with more, theirs lies in memory the other way round, and draws in that order.
    (x, memory), causal = (part[:1] for part in inputs()), causal_mask(T)
    for kind, convert, given, masks in (
        (EncoderLayer, their_encoder_layer, (memory,), {}),
        (DecoderLayer, their_decoder_layer, (x, memory), {"tgt_mask": ~causal}),
    ):
        ours = spread(kind(D, H, F, norm_first=norm_first, dropout=0.3).double()).train()
        theirs = convert(ours, norm_first).train()
        for module in theirs.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.3
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.3
        torch.manual_seed(5)
        expected = theirs(*given, **masks)
        torch.manual_seed(5)
        close(ours(*given, *([causal] if masks else [])), expected, CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_is_its_parts_in_the_papers_order(kind):
    sizes = {"d_model": 24, "n_heads": H, "n_layers": LAYERS, "d_ff": F, "max_len": 8}
    model = spread(Transformer(11, 13, **sizes, positions=kind, norm_first=True).double()).eval()
    src, tgt = ids_of(11, B, S), ids_of(13, B, T)
    source = model.src_positions(model.src_embedding.weight[src] * math.sqrt(24))
    target = model.tgt_positions(model.tgt_embedding.weight[tgt] * math.sqrt(24))
    memory = model.encoder(source, **Positions(kind, 24, H, 8).in_attention(source))
    out = model.decoder(target, memory, causal_mask(T), **Positions(kind, 24, H, 8).in_attention(target))
    close(model(src, tgt), out @ model.tgt_embedding.weight.T, CLOSE)
    assert isinstance(model.encoder.norm, nn.LayerNorm)
    assert all(part.norm_first for part in model.modules() if isinstance(part, AddAndNorm))


def test_first_weights_and_dropout_are_the_papers():
    model = Transformer(997, 991, n_layers=1)
    for embedding in (model.src_embedding, model.tgt_embedding):
        assert embedding.weight.std().item() == pytest.approx(512**-0.5, rel=0.02)
    linear = [m for m in model.modules() if isinstance(m, nn.Linear) and m is not model.output]
    for module in linear:
        bound = math.sqrt(6 / sum(module.weight.shape))  # Glorot and Bengio's uniform
        assert 0.98 * bound < module.weight.abs().max() <= bound
        assert module.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
        assert (module.bias == 0).all()
    assert {module.p for module in model.modules() if isinstance(module, nn.Dropout)} == {0.1}


@NORMS
def test_a_residual_is_the_equation(norm_first):
    ours, x, double = spread(AddAndNorm(D, norm_first=norm_first, eps=1e-3).double()), random(B, T, D), lambda x: 2 * x
    norm = nn.LayerNorm(D, eps=1e-3).double()
    norm.load_state_dict(ours.norm.state_dict())
    close(ours(x, double), x + 2 * norm(x) if norm_first else norm(3 * x), CLOSE)


def test_the_embedding_is_scaled_and_gets_its_position():
    model = make()
    seen = []
    model.encoder.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    src = ids_of(11, B, S)
    model.encode(src)
    expected = model.src_embedding.weight[src] * D**0.5 + sinusoids(S, D).double()
    close(seen[0], expected, CLOSE)


def test_output_and_target_embedding_are_one():
    model = make()
    assert model.output.weight is model.tgt_embedding.weight
    embedded = model.tgt_embedding.weight.detach() * D**0.5
    fresh = Transformer(1009, 1013, d_model=64, n_heads=2, n_layers=1, d_ff=8)
    assert abs((fresh.tgt_embedding.weight * 8).std().item() - 1) < 0.02  # 64,832 draws: a standard error of 0.003
    assert embedded.shape == (13, D)


# --- property --------------------------------------------------------------------------------------------------


def make(**options: object) -> Transformer:
    sizes = {"d_model": D, "n_heads": H, "n_layers": LAYERS, "d_ff": F, "dropout": 0.0, "max_len": 8}
    return spread(Transformer(11, 13, **{**sizes, **options}).double()).eval()


@NORMS
def test_layers_are_told_no_order(norm_first):
    (x, memory), lengths = inputs(), torch.tensor([S, S])
    encoder = spread(EncoderLayer(D, H, F, norm_first=norm_first).double())
    close(encoder(memory.flip(1)), encoder(memory).flip(1), CLOSE)
    decoder = spread(DecoderLayer(D, H, F, norm_first=norm_first).double())
    close(decoder(x.flip(1), memory), decoder(x, memory).flip(1), CLOSE)
    close(decoder(x, memory.flip(1)), decoder(x, memory), CLOSE)
    close(
        decoder(x, memory, causal_mask(T), padding_mask(lengths, S))[:, :3],
        decoder(x[:, :3], memory, causal_mask(3)),
        CLOSE,
    )


def test_padding_has_no_effect():
    model, tgt = make(), ids_of(13, B, T)
    src = ids_of(11, B, S)
    other = src.clone()
    other[0, LENGTHS[0] :] = (other[0, LENGTHS[0] :] + 1) % 11
    close(model(src, tgt, LENGTHS), model(other, tgt, LENGTHS), CLOSE)
    assert not torch.allclose(model(src, tgt), model(other, tgt))


def test_a_later_target_changes_no_earlier_output():
    model, src, tgt = make(), ids_of(11, B, S), ids_of(13, B, T)
    changed = tgt.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 13
    before, after = model(src, tgt), model(src, changed)
    close(before[:, :3], after[:, :3], CLOSE)
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_recorded_weights_are_those_of_every_layer():
    model, src, tgt = make(), ids_of(11, B, S), ids_of(13, B, T)
    with record_attention(*(layer.self_attention for layer in model.encoder.layers)) as read:
        memory = model.encode(src, LENGTHS)
    with record_attention(*(layer.cross_attention for layer in model.decoder.layers)) as written:
        logits = model.decode(tgt, memory, LENGTHS)
    assert [w.shape for w in read] == [(B, H, S, S)] * LAYERS
    assert [w.shape for w in written] == [(B, H, T, S)] * LAYERS
    assert (written[0][0, :, :, LENGTHS[0] :] == 0).all()
    close(torch.stack(written).sum(dim=-1), torch.ones(LAYERS, B, H, T).double(), CLOSE)
    close(logits, model(src, tgt, LENGTHS), 1e-9)  # the fused kernel sums in another order


@pytest.mark.parametrize("kind", ["none", "rotary", "alibi"])
@pytest.mark.parametrize("length", [S, T], ids=["T != S", "T = S"])
def test_a_memory_is_a_bag_to_the_decoder(kind, length):
    """Positions enter where a text attends to itself alone: the order of the memory changes nothing."""
    layer = spread(DecoderLayer(36, H, F).double())
    x, memory = random(B, T, 36), random(B, length, 36, seed=1)
    told = Positions(kind, 36, H, 8).in_attention(x)
    out = layer(x, memory, causal_mask(T), **told)
    close(layer(x, memory.flip(1), causal_mask(T), **told), out, CLOSE)
    assert not torch.allclose(layer(x, memory + 1, causal_mask(T), **told), out)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_position_can_be_learned_from(kind):
    d_model = 36  # rotary positions need heads of even width
    model = Transformer(11, 13, d_model=d_model, n_heads=H, n_layers=1, d_ff=F, max_len=8, positions=kind)
    out = model(ids_of(11, B, S), ids_of(13, B, T))
    out.sum().backward()
    assert out.shape == (B, T, 13)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_order_matters_with_positions_and_not_without():
    src = torch.tensor([[1, 2, 3, 4]])
    turned, tgt = src[:, [1, 0, 2, 3]], torch.tensor([[5]])
    for kind, notices in (("none", False), ("sinusoidal", True), ("learned", True), ("alibi", True)):
        model = make(positions=kind)
        assert torch.allclose(model(src, tgt), model(turned, tgt)) != notices, kind


@NORMS
@pytest.mark.parametrize("masks", [("causal",), (), ("padding",), ("causal", "padding")], ids=str)
def test_masks_go_to_the_attention_they_are_for(norm_first, masks):
    """T ≠ S: the target's mask has neither the memory's shape nor its place."""
    decoder = spread(Decoder(D, H, F, 1, norm_first=norm_first, final_norm=False).double())
    (layer,), (x, memory) = decoder.layers, inputs()
    may_attend = causal_mask(T) if "causal" in masks else None
    memory_may_attend = padding_mask(LENGTHS, S) if "padding" in masks else None
    given = {"may_attend": may_attend, "memory_may_attend": memory_may_attend}
    expected = layer.around_self(x, lambda x: layer.self_attention(x, may_attend=may_attend))
    expected = layer.around_cross(expected, lambda x: layer.cross_attention(x, memory, may_attend=memory_may_attend))
    expected = layer.around_feed_forward(expected, layer.feed_forward)
    close(decoder(x, memory, **given), expected, CLOSE)
    close(layer(x, memory, may_attend, memory_may_attend), expected, CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_lengths_break_no_compiled_graph(kind, shapes_unchecked):
    """A check that read the lengths would stop the compiler, which ``fullgraph`` forbids."""
    model = make(positions=kind, d_model=36)
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    src, tgt = ids_of(11, B, S), ids_of(13, B, T)
    with torch.no_grad():
        close(compiled(src, tgt, LENGTHS), model(src, tgt, LENGTHS), CLOSE)


def test_lengths_on_no_device_are_not_read():
    model, meta = make().to("meta"), torch.device("meta")
    out = model(
        torch.zeros(B, S, dtype=torch.long, device=meta),
        torch.zeros(B, T, dtype=torch.long, device=meta),
        LENGTHS.to(meta),
    )
    assert out.is_meta
    assert out.shape == (B, T, 13)


# --- limit -----------------------------------------------------------------------------------------------------


def test_dropout_is_off_when_not_training_and_on_when_training():
    model = make(dropout=0.5)
    src, tgt = ids_of(11, B, S), ids_of(13, B, T)
    close(model(src, tgt), model(src, tgt), 0)
    model.train()
    assert not torch.allclose(model(src, tgt), model(src, tgt))


@pytest.mark.parametrize("kind", [EncoderLayer, DecoderLayer])
def test_sublayers_that_say_nothing_leave_the_stream_as_it_was(kind):
    x, memory = inputs()
    for norm_first in (True, False):
        layer = kind(D, H, F, norm_first=norm_first).double()
        for name, parameter in layer.named_parameters():
            if "w_o" in name or "w_2" in name:
                nn.init.zeros_(parameter)
        out = layer(x, memory) if kind is DecoderLayer else layer(x)
        # Post-norm normalises again what is normal: ε = 1e-5 beside a variance of one, at each of two or three norms.
        close(out, x if norm_first else nn.functional.layer_norm(x, (D,)), 0 if norm_first else 1e-4)


def test_a_last_norm_stands_where_it_is_asked_for():
    x = random(B, S, D)
    for norm_first, final_norm, there in ((False, None, False), (True, None, True), (False, True, True)):
        out = Encoder(D, H, F, 1, norm_first=norm_first, final_norm=final_norm).double()(x)
        is_there = torch.allclose(out.mean(dim=-1), torch.zeros(B, S).double(), atol=1e-7)
        # Post-norm ends with a norm too, the layer's own: its gain is one and its bias zero before training.
        assert is_there == (there or not norm_first)


def test_the_last_norm_has_the_epsilon_of_the_others():
    encoder = spread(Encoder(D, H, F, 1, norm_first=True, eps=0.5).double(), seed=1)
    theirs, x = their_encoder_layer(encoder.layers[0], True), random(B, S, D)
    theirs.norm1.eps = theirs.norm2.eps = 0.5
    close(encoder(x), nn.functional.layer_norm(theirs(x), (D,), encoder.norm.weight, encoder.norm.bias, 0.5), CLOSE)


# --- failure ---------------------------------------------------------------------------------------------------


def test_sizes_that_do_not_fit(shapes_unchecked):
    with pytest.raises(ValueError, match="n_layers=0"):
        Encoder(D, H, F, 0)
    with pytest.raises(ValueError, match=r"d_model=33 .* n_heads=4"):
        Transformer(11, 13, d_model=33, n_heads=4)
    with pytest.raises(ValueError, match="n_heads=0"):
        Transformer(11, 13, d_model=33, n_heads=0)
    with pytest.raises(ValueError, match="positions must be one of"):
        Transformer(11, 13, d_model=D, n_heads=H, positions="relative")
    with pytest.raises(ValueError, match=r"9 positions.*max_len=8"):
        make()(ids_of(11, B, 9), ids_of(13, B, T))
    with pytest.raises(ValueError, match=r"lengths must lie in 0\.\.7.*got \[4, 8\]"):
        make()(ids_of(11, B, S), ids_of(13, B, T), LENGTHS + torch.tensor([0, 1]))


@pytest.mark.parametrize("kind", KINDS)
def test_too_long_with_any_positions(kind):
    model = Transformer(11, 13, d_model=24, n_heads=3, n_layers=1, d_ff=F, max_len=8, positions=kind)
    assert model(ids_of(11, B, 8), ids_of(13, B, 8)).shape == (B, 8, 13)
    for source, target in ((9, T), (S, 9)):
        with pytest.raises(ValueError, match=r"9 positions.*max_len=8"):
            model(ids_of(11, B, source), ids_of(13, B, target))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EncoderLayer(D, 4, F), "d_model=33 .* n_heads=4"),
        (lambda: DecoderLayer(D, 4, F), "d_model=33 .* n_heads=4"),
        (lambda: Decoder(D, H, F, 0), "n_layers=0"),
        (lambda: EncoderLayer(D, H, F)(random(B, S, D + 1).float()), "query is 34 wide, but d_model is 33"),
        (lambda: DecoderLayer(D, H, F)(random(B, T, D).float(), random(B, S, D + 1).float()), "key is 34 wide"),
        (lambda: EncoderLayer(D, H, F)(random(B, S, D).float(), causal_mask(T)), "does not broadcast"),
    ],
)
def test_layers_that_do_not_fit(make, message, shapes_unchecked):
    with pytest.raises(ValueError, match=message):
        make()


def test_inputs_of_another_width(shapes_unchecked):
    with pytest.raises(RuntimeError, match="34"):  # PyTorch's own word
        AddAndNorm(D)(torch.zeros(B, T, D + 1), lambda x: x)


@pytest.mark.parametrize("assign", [True, False])
def test_a_transformer_made_without_numbers_is_loaded_whole(assign):
    torch.manual_seed(1)
    sizes = {"d_model": 12, "n_heads": 3, "n_layers": 1, "d_ff": 17, "max_len": 11}
    model = Transformer(13, 7, **sizes).eval()
    with torch.device("meta"):
        other = Transformer(13, 7, **sizes).eval()
    other = other if assign else other.to_empty(device="cpu")
    other.load_state_dict(model.state_dict(), assign=assign)
    assert other.output.weight is other.tgt_embedding.weight
    src, tgt = torch.randint(13, (2, 5)), torch.randint(7, (2, 3))
    torch.testing.assert_close(other(src, tgt), model(src, tgt))

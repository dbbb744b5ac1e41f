"""Recorded weights against those that are returned, and nothing left behind on the layers."""

import pytest
import torch
from reference import close, gradients, ids_of, random, spread
from torch import Tensor, nn

from llmbook.models import Bert, Decoder, Encoder, Transformer
from llmbook.nn import MultiHeadAttention, causal_mask, padding_mask, record_attention

B, T, S, H, D, F, LAYERS = 2, 5, 7, 3, 33, 19, 2
LENGTHS = torch.tensor([4, 7])
EXACT = 1e-12  # float64; the fused kernel sums in another order


def layer(seed: int = 0) -> MultiHeadAttention:
    return spread(MultiHeadAttention(D, H).double(), seed=seed)


def hooks_of(model: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())


# --- reference -------------------------------------------------------------------------------------------------


def test_recorded_weights_are_those_that_are_returned():
    ours, x, y = layer(), random(B, T, D), random(B, S, D, seed=1)
    mask, bias = padding_mask(LENGTHS, S), random(H, T, S, seed=2)
    with record_attention(ours) as recorded:
        out = ours(x, y, may_attend=mask, score_bias=bias)
    expected, weights = ours(x, y, may_attend=mask, score_bias=bias, return_weights=True)
    assert isinstance(out, Tensor)
    assert isinstance(recorded, list)
    close(out, expected, 0)
    close(recorded, [weights], 0)


def test_outputs_are_those_of_the_fused_kernel():
    ours, x = layer(), random(B, T, D)
    plain = ours(x, may_attend=causal_mask(T))
    with record_attention(ours):
        close(ours(x, may_attend=causal_mask(T)), plain, EXACT)


def test_gradients_flow_through_outputs_and_weights():
    ours, x = layer(), random(B, T, D).requires_grad_()
    parameters = [x, *ours.parameters()]
    with record_attention(ours) as recorded:
        out = ours(x)
    close(gradients(out, parameters), gradients(ours(x), parameters), EXACT)
    queries = [x, ours.w_q.weight]
    expected = gradients(ours(x, return_weights=True)[1], queries)
    close(gradients(recorded[0], queries), expected, EXACT)
    assert all((gradient != 0).any() for gradient in expected)


# --- property --------------------------------------------------------------------------------------------------


def test_weights_come_in_the_order_of_the_calls():
    first, second, x = layer(0), layer(1), random(B, T, D)
    with record_attention(first, second) as recorded:
        second(x)
        first(x)
        second(x + 1)
    wanted = [second(x, return_weights=True)[1], first(x, return_weights=True)[1]]
    close(recorded, [*wanted, second(x + 1, return_weights=True)[1]], 0)
    assert not torch.allclose(recorded[0], recorded[1])


def test_only_the_layers_that_are_named_are_recorded():
    first, second, x = layer(0), layer(1), random(B, T, D)
    with record_attention(second) as recorded:
        second(first(x))
    close(recorded, [second(first(x), return_weights=True)[1]], EXACT)


def test_after_the_block_nothing_is_recorded_and_nothing_is_left():
    ours, x = layer(), random(B, T, D)
    plain = ours(x)
    with record_attention(ours) as recorded:
        ours(x)
        assert hooks_of(ours) > 0
    assert hooks_of(ours) == 0
    close(ours(x), plain, 0)
    assert len(recorded) == 1


def test_an_error_inside_the_block_leaves_nothing_either():
    ours, x = layer(), random(B, T, D)
    recorded = []

    def record_and_fail() -> None:
        with record_attention(ours) as weights:
            ours(x)
            recorded.extend(weights)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        record_and_fail()
    assert len(recorded) == 1
    assert hooks_of(ours) == 0
    assert isinstance(ours(x), Tensor)


def test_an_error_of_the_layer_itself_passes_through(shapes_unchecked):
    ours, x = layer(), random(B, T, D)
    with pytest.raises(ValueError, match="does not broadcast"), record_attention(ours) as recorded:
        ours(x, may_attend=causal_mask(T + 1))
    assert recorded == []
    assert hooks_of(ours) == 0
    assert isinstance(ours(x), Tensor)


# --- every model that is made of these layers ------------------------------------------------------------------


def test_an_encoders_layers_one_after_the_other():
    encoder, x = spread(Encoder(D, H, F, LAYERS).double()), random(B, S, D)
    mask = padding_mask(LENGTHS, S)
    plain = encoder(x, mask)
    with record_attention(*(part.self_attention for part in encoder.layers)) as recorded:
        close(encoder(x, mask), plain, EXACT)
    first = encoder.layers[0](x, mask)
    expected = [
        encoder.layers[0].self_attention(x, may_attend=mask, return_weights=True)[1],
        encoder.layers[1].self_attention(first, may_attend=mask, return_weights=True)[1],
    ]
    close(recorded, expected, EXACT)


def test_a_decoders_two_attentions_in_turn():
    decoder, x, memory = spread(Decoder(D, H, F, LAYERS).double()), random(B, T, D), random(B, S, D, seed=1)
    plain = decoder(x, memory, causal_mask(T), padding_mask(LENGTHS, S))
    layers = [attention for part in decoder.layers for attention in (part.self_attention, part.cross_attention)]
    with record_attention(*layers) as recorded:
        close(decoder(x, memory, causal_mask(T), padding_mask(LENGTHS, S)), plain, EXACT)
    assert [weights.shape for weights in recorded] == [(B, H, T, T), (B, H, T, S)] * LAYERS
    assert all((weights[:, :, ~causal_mask(T)] == 0).all() for weights in recorded[0::2])
    assert all((weights[0, :, :, LENGTHS[0] :] == 0).all() for weights in recorded[1::2])


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary", "alibi"])
def test_a_transformers_both_halves_in_one_block(positions):
    sizes = {"d_model": 36, "n_heads": H, "n_layers": LAYERS, "d_ff": F, "max_len": 8}
    model = spread(Transformer(11, 13, **sizes, positions=positions).double()).eval()
    src, tgt = ids_of(11, B, S), ids_of(13, B, T)
    plain = model(src, tgt, LENGTHS)
    read = [part.self_attention for part in model.encoder.layers]
    written = [part.cross_attention for part in model.decoder.layers]
    with record_attention(*read, *written) as recorded:
        close(model(src, tgt, LENGTHS), plain, 1e-10)  # logits of some tens
    assert [weights.shape for weights in recorded] == [(B, H, S, S)] * LAYERS + [(B, H, T, S)] * LAYERS
    close(torch.stack(recorded[LAYERS:]).sum(dim=-1), torch.ones(LAYERS, B, H, T).double(), EXACT)
    assert hooks_of(model) == 0


def test_berts_layers():
    bert = spread(Bert(11, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=F, max_len=8).double())
    ids = ids_of(11, B, S)
    plain = bert(ids, LENGTHS)
    with record_attention(*(part.self_attention for part in bert.encoder.layers)) as recorded:
        close(bert(ids, LENGTHS), plain, EXACT)
    assert [weights.shape for weights in recorded] == [(B, H, S, S)] * LAYERS
    assert all((weights[0, :, :, LENGTHS[0] :] == 0).all() for weights in recorded)


# --- limit -----------------------------------------------------------------------------------------------------


def test_no_layers_and_no_calls():
    ours, x = layer(), random(B, T, D)
    with record_attention() as nothing:
        ours(x)
    with record_attention(ours) as not_called:
        pass
    assert nothing == not_called == []
    assert hooks_of(ours) == 0


def test_a_caller_who_asks_for_the_weights_gets_them_too():
    ours, x = layer(), random(B, T, D)
    expected = ours(x, return_weights=True)
    with record_attention(ours) as recorded:
        close(ours(x, return_weights=True), expected, 0)
        close(ours(x), expected[0], 0)
    close(recorded, [expected[1]] * 2, 0)


def test_one_block_inside_another():
    ours, x = layer(), random(B, T, D)
    expected, weights = ours(x, return_weights=True)
    with record_attention(ours) as outer:
        with record_attention(ours) as inner:
            close(ours(x), expected, 0)
        close(ours(x), expected, 0)
    close(inner, [weights], 0)
    close(outer, [weights] * 2, 0)
    assert hooks_of(ours) == 0

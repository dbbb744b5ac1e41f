"""BERT against ``transformers``, with the same weights, and by what must hold whatever the weights."""

import pytest
import torch
import transformers
from reference import close, ids_of, spread

from llmbook.models import Bert, BertForPreTraining
from llmbook.nn import MultiHeadAttention, record_attention

B, T, V, D, H, LAYERS, WIDE, LONG = 2, 13, 89, 33, 3, 2, 53, 17
LENGTHS = torch.tensor([9, 13])
SEGMENTS = (torch.arange(T) >= 6).long().expand(B, T)
MASK = (torch.arange(T) < LENGTHS[:, None]).long()
CLOSE = 1e-5  # float32


def attentions(bert: Bert) -> list[MultiHeadAttention]:
    return [layer.self_attention for layer in bert.encoder.layers]


def empty() -> BertForPreTraining:
    return BertForPreTraining(Bert(V, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=WIDE, max_len=LONG)).eval()


def pair() -> tuple[BertForPreTraining, transformers.BertForPreTraining]:
    """Ours and theirs with the same weights."""
    sizes = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": LAYERS, "num_attention_heads": H}
    more = {"intermediate_size": WIDE, "max_position_embeddings": LONG, "attn_implementation": "eager"}
    config = transformers.BertConfig(**sizes, **more, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    theirs = spread(transformers.BertForPreTraining(config)).eval()
    ours = empty()
    ours.load_transformers(theirs.state_dict())
    return ours, theirs


def test_both_heads_and_their_gradients_equal_transformers():
    ours, theirs = pair()
    ids = ids_of(V, B, T)
    expected = theirs(ids, attention_mask=MASK, token_type_ids=SEGMENTS)
    words, follows = ours(ids, LENGTHS, SEGMENTS)
    close(words[MASK.bool()], expected.prediction_logits[MASK.bool()], CLOSE)
    close(follows, expected.seq_relationship_logits, CLOSE)
    loss = words[MASK.bool()].square().mean() + follows.square().mean()
    their_loss = expected.prediction_logits[MASK.bool()].square().mean()
    their_loss = their_loss + expected.seq_relationship_logits.square().mean()
    (loss / loss.detach()).backward()
    (their_loss / their_loss.detach()).backward()
    places = empty()  # of every weight: theirs put into our places as weights are
    places.load_transformers({name: p.grad for name, p in theirs.named_parameters()})
    wanted = {name: p.detach() for name, p in places.named_parameters()}
    close({name: p.grad for name, p in ours.named_parameters()}, wanted, CLOSE)


def test_the_padding_vector_is_not_learned():
    ours, ids = pair()[0].bert, ids_of(V, B, T)
    ids[:, -2:] = 0
    ours(ids).square().sum().backward()
    assert (ours.words.weight.grad[0] == 0).all()
    assert (ours.words.weight.grad[ids[0, 0]] != 0).any()


def test_hidden_states_and_maps_equal_transformers():
    ours, theirs = pair()
    ids = ids_of(V, B, T)
    expected = theirs.bert(ids, attention_mask=MASK, token_type_ids=SEGMENTS, output_attentions=True)
    with record_attention(*attentions(ours.bert)) as recorded:
        hidden = ours.bert(ids, LENGTHS, SEGMENTS)
    close(hidden[MASK.bool()], expected.last_hidden_state[MASK.bool()], CLOSE)
    close(ours.bert.pooled(hidden), expected.pooler_output, CLOSE)
    assert len(recorded) == LAYERS
    for mine, yours in zip(recorded, expected.attentions, strict=True):
        close(mine[0, :, :9], yours[0, :, :9], CLOSE)
        close(mine[1], yours[1], CLOSE)


def test_dropout_falls_where_it_does_in_transformers():
    """While training, with the same random numbers: any place more or less would shift all that follow."""
    sizes = {"vocab_size": V, "hidden_size": D, "num_hidden_layers": LAYERS, "num_attention_heads": H}
    more = {"intermediate_size": WIDE, "max_position_embeddings": LONG, "attn_implementation": "eager"}
    config = transformers.BertConfig(**sizes, **more, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
    theirs, ids = spread(transformers.BertModel(config)).train(), ids_of(V, B, T)
    ours = Bert(V, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=WIDE, max_len=LONG, dropout=0.3).train()
    ours.load_transformers(theirs.state_dict())
    torch.manual_seed(5)
    expected = theirs(ids).last_hidden_state
    torch.manual_seed(5)
    with record_attention(*attentions(ours)):  # by hand, as theirs: the fused kernel draws in another order
        close(ours(ids), expected, CLOSE)


def test_first_weights_and_epsilons_are_berts():
    bert = Bert(997, d_model=96, n_heads=4, n_layers=1, d_ff=64)
    assert all(
        e.weight.std().item() == pytest.approx(0.02, rel=0.1) for e in (bert.words, bert.positions, bert.segments)
    )
    assert {module.eps for module in bert.modules() if isinstance(module, torch.nn.LayerNorm)} == {1e-12}


def test_padding_has_no_effect():
    bert, ids = pair()[0].bert, ids_of(V, B, T)
    other = torch.where(MASK.bool(), ids, (ids + 1) % V)
    close(bert(ids, LENGTHS)[MASK.bool()], bert(other, LENGTHS)[MASK.bool()], CLOSE)
    assert not torch.allclose(bert(ids)[0, 0], bert(other)[0, 0], atol=1e-3)


def test_without_segments_all_belong_to_the_first():
    bert, ids = pair()[0].bert, ids_of(V, B, T)
    close(bert(ids), bert(ids, segments=torch.zeros_like(ids)), 0)
    assert not torch.allclose(bert(ids), bert(ids, segments=SEGMENTS), atol=1e-3)


def test_a_word_sees_those_behind_it():
    bert, ids = pair()[0].bert, ids_of(V, B, T)
    changed = ids.clone()
    changed[:, -1] = (changed[:, -1] + 1) % V
    assert not torch.allclose(bert(ids)[:, 0], bert(changed)[:, 0], atol=1e-4)


def test_a_missing_pooler_stays_and_a_missing_weight_is_named():
    ours, theirs = pair()
    state = {name: w for name, w in theirs.bert.state_dict().items() if "pooler" not in name}
    before = ours.bert.pooler.weight.clone()
    ours.bert.load_transformers(state)
    close(ours.bert.pooler.weight, before, 0)
    state.pop("embeddings.LayerNorm.weight")
    with pytest.raises(KeyError, match=r"embeddings\.LayerNorm\.weight"):
        ours.bert.load_transformers(state)


def test_heads_that_say_nothing_leave_the_bias_and_an_even_choice():
    ours = pair()[0]
    with torch.no_grad():
        for parameter in (*ours.mlm_norm.parameters(), *ours.nsp.parameters()):
            parameter.zero_()
    words, follows = ours(ids_of(V, B, T), LENGTHS, SEGMENTS)
    close(words, ours.mlm_bias.expand(B, T, V), 0)
    close(follows, torch.zeros(B, 2), 0)


def test_padding_changes_neither_head():
    ours, ids = pair()[0], ids_of(V, B, T)
    words, follows = ours(ids, LENGTHS, SEGMENTS)
    others, same = ours(torch.where(MASK.bool(), ids, (ids + 1) % V), LENGTHS, SEGMENTS)
    close(words[MASK.bool()], others[MASK.bool()], CLOSE)
    close(follows, same, CLOSE)


def test_a_missing_head_is_named_and_another_size_refused():
    ours, theirs = pair()
    state = theirs.state_dict()
    with pytest.raises(RuntimeError, match="size mismatch"):
        BertForPreTraining(
            Bert(V, d_model=D, n_heads=H, n_layers=LAYERS, d_ff=WIDE + 1, max_len=LONG)
        ).load_transformers(state)
    with pytest.raises(ValueError, match=r"d_model=33 .* n_heads=4"):
        Bert(V, d_model=D, n_heads=4, n_layers=LAYERS)
    del state["cls.seq_relationship.bias"]
    with pytest.raises(KeyError, match="seq_relationship"):
        ours.load_transformers(state)


def test_too_long():
    with pytest.raises(ValueError, match=r"18 positions.*max_len=17"):
        pair()[0].bert(ids_of(V, B, LONG + 1))

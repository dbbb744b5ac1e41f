"""Trained short, asked long: the games by hand, the stretched models, the probe, and the stored runs played again."""

import pytest
import torch
import torch.nn.functional as F
from reference import close, random
from sklearn.linear_model import LinearRegression

from llmbook.nn import half_to_interleaved
from llmbook.nn.positions import KINDS
from llmbook.pretrained import lengths, read_stored
from llmbook.training import IGNORE

B, T = 7, 29


def dealt(game: str, rows: int = B, T: int = T) -> tuple[list[list[int]], list[list[int]]]:
    ids, target = lengths.GAMES[game](rows, T, torch.Generator().manual_seed(3))
    return ids.tolist(), target.tolist()


def states_of_a_text(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(ids)


# --- reference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        ("three back", lambda row, t: row[t - 3] if t >= 3 else IGNORE),
        ("third", lambda row, t: row[2] if t >= 3 else IGNORE),
        ("latest capital", lambda row, t: next(symbol for symbol in reversed(row[: t + 1]) if symbol >= 8)),
    ],
)
def test_the_games_ask_what_they_say(game, expected):
    for row, target in zip(*dealt(game), strict=True):
        assert target == [expected(row, t) for t in range(T)]
        assert all(0 <= symbol < len(lengths.SYMBOLS) for symbol in row)


def test_the_probe_is_scikit_learns_line():
    x = random(B - 1, T, 5)
    where = torch.arange(T).repeat((B - 1) // 2).double()
    line = LinearRegression().fit(x[:3].flatten(0, 1).numpy(), where.numpy())
    expected = abs(line.predict(x[3:].flatten(0, 1).numpy()) - where.numpy()).mean()
    assert lengths.position_error(x) == pytest.approx(expected)


def test_similarity_is_torchs_cosine():
    table = random(T, 11)
    expected = [F.cosine_similarity(table[: T - k], table[k:]).mean().item() for k in range(T)]
    assert lengths.similarity(table) == pytest.approx(expected, abs=6e-4)  # three decimals are kept


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_beginning_of_a_long_text_is_a_short_text(kind):
    model, ids = lengths.decoder(kind, 11, 13, seed=0), torch.randint(11, (B, 52))
    close(states_of_a_text(model, ids)[:, :13], states_of_a_text(model, ids[:, :13]), 1e-5)  # float32


def test_kinds_differ_in_positions_alone():
    sizes = {kind: sum(p.numel() for p in lengths.decoder(kind, 11, 13, seed=0).parameters()) for kind in KINDS}
    assert sizes["learned"] - sizes["none"] == lengths.FAR * 13 * 32
    assert len({size for kind, size in sizes.items() if kind != "learned"}) == 1


def test_stretching_leaves_the_model_as_it_was():
    model, ids = lengths.decoder("rotary", 11, 13, seed=0), torch.randint(11, (B, 52))
    with torch.no_grad():  # at the first weights attention hardly looks at anything
        for name, weight in model.named_parameters():
            if ".w_qkv" in name:
                weight.mul_(20)
    before = states_of_a_text(model, ids)
    others = [states_of_a_text(lengths.stretched(model, way), ids) for way in lengths.WAYS]
    close(states_of_a_text(model, ids), before, 0)
    close(others[0], before, 0)
    for i, a in enumerate(others):
        assert all((a - b).abs().max() > 1e-3 for b in others[:i])


def test_the_wrong_pairing_reorders_queries_and_keys_and_nothing_else():
    model = lengths.decoder("rotary", 11, 13, seed=0)
    wrong = dict(lengths.stretched(model, "wrong pairing").named_parameters())
    for name, weight in model.named_parameters():
        expected = weight
        if ".w_qkv" in name:
            q, k, v = weight.chunk(3)
            expected = torch.cat([half_to_interleaved(q, 4), half_to_interleaved(k, 4), v])
        assert torch.equal(wrong[name], expected)


def test_embeddings_are_as_large_as_the_sinusoids_beside_them():
    model = lengths.decoder("sinusoidal", 101, 13, seed=0)
    words, places = (table.square().mean().item() for table in (model.embedding.weight, model.positions.added.table))
    assert words == pytest.approx(places, rel=0.05)  # 3,232 draws
    others = {kind: lengths.decoder(kind, 101, 13, seed=0) for kind in KINDS if kind != "sinusoidal"}
    assert all(other.embedding.weight.std() < 0.03 for other in others.values())


def test_squeezed_positions_are_those_of_a_text_a_quarter_as_long():
    model = lengths.decoder("rotary", 11, 13, seed=0)

    def turned(way: str) -> torch.Tensor:
        positions = lengths.stretched(model, way).positions
        return positions.in_attention(torch.zeros(1, 52, 32))["rotate"](torch.ones(1, 4, 52, 8))[0, 0]

    close(turned("squeezed")[:: lengths.FAR], turned("as it is")[:13], 1e-5)  # float32
    # With a larger base the slowest pair turns FAR times as slowly, the fastest as before
    close(turned("larger base")[lengths.FAR, -2:], turned("as it is")[1, -2:], 1e-6)
    close(turned("larger base")[1, :2], turned("as it is")[1, :2], 1e-6)


def test_tuning_leaves_the_model_as_it_was():
    model = lengths.decoder("none", len(lengths.characters()[0].symbols), lengths.TEXT, 0, d_model=48)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    after = lengths.tuned(model, 0, steps=1).state_dict()
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert not torch.equal(after["embedding.weight"], before["embedding.weight"])


def test_what_is_asked_was_never_read():
    _, text, pieces = lengths.characters()
    read = " ".join(map(str, text.tolist()))
    assert not [piece for piece in pieces.tolist() if " ".join(map(str, piece)) in read]


def test_by_parts_leaves_the_pairs_that_have_turned_once():
    model = lengths.decoder("rotary", 11, 48, seed=0, d_model=48)  # periods of 6, 29, 135, … places, of which 48
    assert lengths.stretched(model, "by parts").positions.stretch.tolist() == [1, 1, 4, 4, 4, 4]


def test_a_model_that_is_not_turned_sees_no_distance():
    model = lengths.stretched(lengths.decoder("rotary", 11, 13, seed=0), "not turned")
    ids = torch.randint(11, (B, 13))
    swapped = ids[:, [*range(5), 7, 6, 5, *range(8, 13)]]  # earlier words in another order
    for block in model.blocks[1:]:  # above the first layer the mask tells places
        model.blocks = torch.nn.ModuleList([b for b in model.blocks if b is not block])
    close(states_of_a_text(model, ids)[:, -1], states_of_a_text(model, swapped)[:, -1], 1e-5)  # float32


def test_training_makes_a_difference_and_is_the_same_each_time():
    chance = lengths.play("three back", "rotary", 0, steps=1)
    assert max(chance) < 0.25
    assert lengths.play("three back", "rotary", 0, steps=1) == chance
    assert lengths.play("three back", "rotary", 1, steps=1) != chance


# --- limit -----------------------------------------------------------------------------------------------------


def test_a_state_that_holds_its_position_is_read_without_error():
    x = torch.cat([random(6, T, 3), torch.arange(T).double().expand(6, T)[..., None]], dim=-1)
    assert lengths.position_error(x) == pytest.approx(0, abs=1e-9)
    assert lengths.position_error(torch.zeros(6, T, 3)) == pytest.approx(T / 4, rel=0.01)  # the middle is guessed


def test_unlike_rows_are_unlike_at_every_distance():
    assert lengths.similarity(torch.eye(5)) == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert lengths.similarity(torch.ones(5, 2)) == [1.0] * 5


def test_blocks_are_means_without_what_is_not_asked():
    by_position = torch.arange(16.0)
    assert lengths.blocks(by_position) == [0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5, 14.5]
    assert lengths.blocks(by_position, skip=1)[:2] == [1.0, 2.5]


# --- failure ---------------------------------------------------------------------------------------------------


def test_a_text_longer_than_four_times_is_refused():
    with pytest.raises(ValueError, match="max_len=52"):
        lengths.decoder("none", 11, 13, seed=0)(torch.zeros(1, 53, dtype=torch.long))


def test_unknown_ways_are_refused():
    with pytest.raises(ValueError, match=r"as it is, squeezed.* got 'squeeze'"):
        lengths.stretched(lengths.decoder("rotary", 11, 13, seed=0), "squeeze")


# --- the stored runs -------------------------------------------------------------------------------------------


def test_the_run_of_games_is_of_this_code():
    run = read_stored("positions-in-games")
    assert (run["trained"], run["far"]) == (lengths.GAME, lengths.FAR)
    assert set(run["accuracy"]) == set(lengths.GAMES)
    assert all(list(kinds) == list(KINDS) for kinds in run["accuracy"].values())
    assert {len(runs) for kinds in run["accuracy"].values() for runs in kinds.values()} == {lengths.SEEDS["games"]}
    assert {kind: len(runs) for kind, runs in run["third, longer"].items()} == {"none": 3, "rotary": 3, "alibi": 3}
    again = lengths.play("latest capital", "alibi", 1)
    close(torch.tensor(again), torch.tensor(run["accuracy"]["latest capital"]["alibi"][1]), 0.1)  # other processors
    assert min(again) > 0.85


def test_the_run_on_text_is_of_this_code():
    run = read_stored("positions-in-text")
    assert (run["trained"], run["far"], run["tuning"]) == (lengths.TEXT, lengths.FAR, lengths.TUNING)
    assert list(run["loss"]) == list(KINDS)
    for name in ("stretched", *lengths.TUNING):
        assert list(run[name]) == list(lengths.WAYS)
    assert run["stretched"]["as it is"] == run["loss"]["rotary"]
    untrained = lengths.decoder("none", len(lengths.characters()[0]), lengths.TEXT, 1, d_model=48)
    close(torch.tensor(lengths.probe(untrained)), torch.tensor(run["probe"]["untrained"][1]), 0.3)  # other processors
    few = lengths.losses(lengths.reader("none", 1, steps=10))
    assert max(run["loss"]["none"][1]) < min(few) < 5

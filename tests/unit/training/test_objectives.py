"""The objectives against PyTorch and ``transformers``, and the statistics of BERT's masking."""

import itertools
import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from reference import close, gradients, ids_of, random
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast
from transformers.models.clip.modeling_clip import image_text_contrastive_loss

from llmbook.training import IGNORE, contrastive_loss, join_pair, mask_words, shift, word_loss

B, T, V, N, D = 3, 7, 11, 5, 13
EXACT = 1e-10
MASK = 4


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- masked words ----------------------------------------------------------------------------------------------


def test_masking_has_berts_shares():
    vocab = 1009
    ids = ids_of(vocab, 200, 500)  # 100,000 positions: shares known to about 0.004 (three standard errors of the 80 %)
    seen, targets = mask_words(ids, MASK, vocab, generator=generator())
    chosen = targets != IGNORE
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.004)
    assert torch.equal(targets[chosen], ids[chosen])
    assert torch.equal(seen[~chosen], ids[~chosen])
    masked = (seen == MASK)[chosen].float().mean().item()
    kept = (seen == ids)[chosen].float().mean().item()
    assert masked == pytest.approx(0.8, abs=0.012)
    assert kept == pytest.approx(0.1, abs=0.01)
    others = seen[chosen & (seen != MASK) & (seen != ids)]
    assert others.float().mean().item() == pytest.approx((vocab - 1) / 2, rel=0.05)  # drawn from the whole vocabulary
    assert others.max() > 0.98 * vocab


def test_masking_is_the_rule_itself():
    """The first draw chooses, the second says what becomes of it: exactly at 15, 80 and 90 hundredths."""
    vocab = 10**6  # hardly ever is the random word the old one
    ids = ids_of(vocab, 200, 500)
    draw = torch.rand(2, 200, 500, generator=generator())
    seen, targets = mask_words(ids, MASK, vocab, generator=generator())
    assert torch.equal(targets != IGNORE, draw[0] < 0.15)
    chosen, kind = draw[0] < 0.15, draw[1]
    assert torch.equal((seen == MASK)[chosen], (kind < 0.8)[chosen])
    assert torch.equal((seen == ids)[chosen], (kind >= 0.9)[chosen])


@pytest.mark.parametrize(("hidden", "replaced"), [(1.0, 0.0), (0.0, 1.0), (0.3, 0.7), (0.0, 0.0)])
def test_other_corruptions_have_their_shares(hidden, replaced):
    vocab = 10**6
    ids = ids_of(vocab, 200, 500)
    seen, targets = mask_words(ids, MASK, vocab, generator=generator(), share=0.4, hidden=hidden, replaced=replaced)
    chosen = targets != IGNORE
    shares = [(seen == MASK)[chosen], ((seen != MASK) & (seen != ids))[chosen]]
    assert [share.float().mean().item() for share in shares] == pytest.approx([hidden, replaced], abs=0.01)
    assert torch.equal(seen[~chosen], ids[~chosen])


def test_masking_has_the_shares_of_transformers():
    vocab, names = 1009, ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")
    words = {**{name: i for i, name in enumerate(names)}, **{f"w{i}": i for i in range(len(names), vocab)}}
    special = dict(zip(("pad_token", "cls_token", "sep_token", "unk_token", "mask_token"), names, strict=True))
    backend = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    collator = DataCollatorForLanguageModeling(
        PreTrainedTokenizerFast(tokenizer_object=backend, **special), mlm_probability=0.15, seed=0
    )
    ids = ids_of(vocab - len(names), 200, 500) + len(names)  # 100,000 positions
    theirs = collator([{"input_ids": row.tolist()} for row in ids])
    ours = mask_words(ids, words["[MASK]"], vocab, generator=generator())
    shares = []
    for seen, targets in ((theirs["input_ids"], theirs["labels"]), ours):
        chosen = targets != IGNORE
        assert torch.equal(targets[chosen], ids[chosen])
        assert torch.equal(seen[~chosen], ids[~chosen])
        kinds = (chosen, (seen == MASK)[chosen], (seen == ids)[chosen])
        shares.append(torch.stack([kind.float().mean() for kind in kinds]))
    close(shares[1], shares[0], 0.015)  # each known to about 0.01 (three standard errors of the 80 %)


def test_special_positions_are_never_chosen():
    ids = ids_of(V, 100, 100)
    special = ids < 3
    seen, targets = mask_words(ids, MASK, V, generator=generator(), special=special, share=1.0)
    assert (targets[special] == IGNORE).all()
    assert (targets[~special] != IGNORE).all()
    assert torch.equal(seen[special], ids[special])


def test_a_random_word_is_any_of_the_vocabulary():
    ids = torch.full((100, 100), 5)
    seen, _ = mask_words(ids, MASK, V, generator=generator(), share=1.0)
    replaced = torch.bincount(seen[(seen != MASK) & (seen != 5)], minlength=V)
    assert (replaced[replaced > 0] > 50).all()  # about 91 draws each, and five standard errors are 48
    assert [word for word in range(V) if not replaced[word]] == [MASK, 5]  # which cannot be told from what stayed


def test_masking_is_seeded_and_leaves_its_input():
    ids = ids_of(V, B, T)
    before = ids.clone()
    first, again, other = (mask_words(ids, MASK, V, generator=generator(s), share=0.5) for s in (1, 1, 2))
    close(first, again, 0)
    assert not torch.equal(first[1], other[1])
    assert torch.equal(ids, before)


def test_no_share_changes_nothing():
    ids = ids_of(V, B, T)
    seen, targets = mask_words(ids, MASK, V, generator=generator(), share=0.0)
    assert torch.equal(seen, ids)
    assert (targets == IGNORE).all()


@pytest.mark.parametrize("mask_id", [0, V - 1])
def test_any_id_of_the_vocabulary_may_be_the_mask(mask_id):
    ids = ids_of(V, 100, 100)
    seen, _ = mask_words(ids, mask_id, V, generator=generator(), share=1.0)
    # Of 10,000 draws 80 % are masked on purpose, and 1 in 11 of the rest by chance; five standard errors of 0.004.
    assert (seen == mask_id).float().mean().item() == pytest.approx(0.8 + 0.2 / V, abs=0.02)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_impossible_shares(share):
    with pytest.raises(ValueError, match=f"got {share}"):
        mask_words(ids_of(V, B, T), MASK, V, generator=generator(), share=share)


@pytest.mark.parametrize(("hidden", "replaced"), [(-0.1, 0.1), (0.8, -0.1), (0.8, 0.3)])
def test_impossible_corruptions(hidden, replaced):
    with pytest.raises(ValueError, match=f"hidden={hidden} and replaced={replaced}"):
        mask_words(ids_of(V, B, T), MASK, V, generator=generator(), hidden=hidden, replaced=replaced)


def test_the_generator_goes_by_name():
    with pytest.raises(TypeError, match="positional argument"):
        mask_words(ids_of(V, B, T), 0, V, generator())


@pytest.mark.parametrize("mask_id", [-1, V, V + 1])
def test_a_mask_outside_the_vocabulary(mask_id):
    with pytest.raises(ValueError, match=f"mask_id={mask_id} .* {V}"):
        mask_words(ids_of(V, B, T), mask_id, V, generator=generator())


# --- pairs of sentences ----------------------------------------------------------------------------------------


def test_a_pair_is_joined_with_its_segments():
    ids, segments = join_pair([7, 8], [9], cls_id=1, sep_id=2, max_len=20)
    assert ids == [1, 7, 8, 2, 9, 2]
    assert segments == [0, 0, 0, 0, 1, 1]


def test_the_longer_sentence_is_cut():
    a, b = [7] * 9, [8] * 4
    ids, segments = join_pair(a, b, 1, 2, max_len=11)
    assert ids == [1, 7, 7, 7, 7, 2, 8, 8, 8, 8, 2]
    assert segments == [0] * 6 + [1] * 5
    assert (len(a), len(b)) == (9, 4)
    assert join_pair([7, 7], [8, 8], 1, 2, max_len=6)[0] == [1, 7, 7, 2, 8, 2]
    assert join_pair([7, 7], [8, 8], 1, 2, max_len=5)[0] == [1, 7, 2, 8, 2]


def test_pairs_equal_those_of_tokenizers():
    words = {"[CLS]": 0, "[SEP]": 1, **{f"w{i}": i for i in range(2, 30)}}
    library = Tokenizer(models.WordLevel(words, unk_token="[SEP]"))
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    library.post_processor = processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0))
    for a, b, max_len in itertools.product(range(1, 12), range(1, 12), range(5, 29)):
        room = max_len - 3
        if room % 2 and min(a, b) > room // 2:
            continue  # who gives the odd word differs from library to library; ours does as BERT's own code
        library.enable_truncation(max_len, strategy="longest_first")
        first, second = list(range(2, 2 + a)), list(range(15, 15 + b))
        theirs = library.encode(*(" ".join(f"w{i}" for i in ids) for ids in (first, second)))
        assert join_pair(first, second, 0, 1, max_len) == (theirs.ids, theirs.type_ids)


def test_no_room_for_a_pair():
    with pytest.raises(ValueError, match="got 4"):
        join_pair([7], [8], 1, 2, max_len=4)


# --- the next word ---------------------------------------------------------------------------------------------


def test_each_position_says_the_next():
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    inputs, targets = shift(ids)
    assert inputs.tolist() == [[3, 1, 4, 1]]
    assert targets.tolist() == [[1, 4, 1, 5]]
    assert [part.tolist() for part in shift(ids[:, :2])] == [[[3]], [[1]]]
    with pytest.raises(ValueError, match="sequence of 1"):
        shift(ids[:, :1])


@pytest.mark.parametrize("smoothing", [(), (0.0,), (0.1,), (1.0,)], ids=str)
@pytest.mark.parametrize("ignored", [False, True])
def test_the_loss_and_its_gradient_equal_pytorchs(smoothing, ignored):
    logits, targets = random(B, T, V).requires_grad_(), ids_of(V, B, T)
    if ignored:
        targets[:, 2:5] = IGNORE
    # Theirs ignores -100 unless told otherwise, and so must ours: ``IGNORE`` is no number of our own.
    theirs = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), label_smoothing=sum(smoothing))
    ours = word_loss(logits, targets, *smoothing)
    close(ours, theirs, EXACT)
    close(gradients(ours, [logits]), gradients(theirs, [logits]), EXACT)


def test_limits_of_the_loss():
    certain = torch.zeros(1, 1, V).double()
    assert word_loss(certain, torch.tensor([[3]])).item() == pytest.approx(math.log(V))
    assert word_loss(certain, torch.tensor([[IGNORE]])).item() == 0
    with pytest.raises(ValueError, match=r"got 1\.5"):
        word_loss(certain, torch.tensor([[3]]), 1.5)
    with pytest.raises(ValueError, match=r"got -0\.5"):
        word_loss(certain, torch.tensor([[3]]), -0.5)
    for wrong in (-1, IGNORE - 1, V, V + 1):
        with pytest.raises(ValueError, match=rf"0\.\.{V - 1}, got .*{wrong}"):
            word_loss(certain, torch.tensor([[wrong]]))


def test_the_loss_looks_at_targets_only_where_nobody_has_to_wait():
    """On the meta device there are no numbers to look at; a graphics card would have to finish first."""
    with torch.device("meta"):
        loss = word_loss(torch.zeros(B, T, V), torch.full((B, T), V))
    assert loss.shape == ()
    assert loss.is_meta


COMPILED = """
import torch
from llmbook.training import IGNORE, word_loss

torch.manual_seed(0)
logits = torch.randn(3, 7, 11)
targets = torch.randint(11, (3, 7))
targets[:, 2:5] = IGNORE
compiled = torch.compile(word_loss, fullgraph=True, backend="eager")
for smoothing in (0.0, 0.1):
    torch.testing.assert_close(compiled(logits, targets, smoothing), word_loss(logits, targets, smoothing))
"""


def test_the_loss_can_be_traced_whole():
    """In a process of its own: here the checker of shapes stands around every function."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize("shape", [(2, 5), (4, 3), (4, 5, 1), (20,)])
def test_targets_of_another_shape(shape):
    for smoothing in (0.0, 0.1):
        with pytest.raises(ValueError, match=r"targets \(.*\) do not fit logits \(4, 5, 7\)"):
            word_loss(random(4, 5, 7), ids_of(7, *shape), smoothing)


# --- pictures and words ----------------------------------------------------------------------------------------


def test_the_contrastive_loss_equals_transformers_clip():
    a, b, scale = random(N, D).requires_grad_(), random(N, D, seed=1).requires_grad_(), torch.tensor(0.7).double()
    similarity = scale.exp() * F.normalize(b, dim=-1) @ F.normalize(a, dim=-1).T
    theirs = image_text_contrastive_loss(similarity)
    ours = contrastive_loss(a, b, scale)
    close(ours, theirs, EXACT)
    close(gradients(ours, [a, b]), gradients(theirs, [a, b]), EXACT)


def test_the_contrastive_scale_is_learned_and_has_no_end():
    a, b = random(N, D), random(N, D, seed=1)
    scale = torch.tensor(6.0, dtype=torch.float64, requires_grad=True)  # e^6 = 403
    cosine = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T
    expected = image_text_contrastive_loss(cosine * scale.exp())
    ours = contrastive_loss(a, b, scale)
    close(ours, expected, EXACT)
    close(gradients(ours, [scale]), gradients(expected, [scale]), 1e-8)


def test_properties_of_the_contrastive_loss():
    a, b, scale = random(N, D), random(N, D, seed=1), torch.tensor(3.0).double()
    close(contrastive_loss(a, b, scale), contrastive_loss(b, a, scale), EXACT)
    close(contrastive_loss(5 * a, b, scale), contrastive_loss(a, b, scale), EXACT)
    assert contrastive_loss(a, a, scale) < contrastive_loss(a, a.roll(1, 0), scale)
    alone = contrastive_loss(a[:1], b[:1], scale)
    assert alone.item() == 0


@pytest.mark.usefixtures("shapes_unchecked")
@pytest.mark.parametrize("other", [(4, 13), (6, 13), (5, 12), (5, 14)])
def test_pairs_that_are_none(other):
    with pytest.raises(ValueError, match=rf"\(5, 13\) and \({other[0]}, {other[1]}\)"):
        contrastive_loss(random(N, D), random(*other), torch.tensor(0.0).double())

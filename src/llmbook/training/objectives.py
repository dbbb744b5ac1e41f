r"""What a model is trained to do: name hidden words, judge pairs, say the next word, match pictures with words.

    MLM   of 15 % chosen positions, 80 % become [MASK], 10 % a random word, 10 % stay; the loss counts the chosen only
    NSP   did sentence b follow sentence a, or was it drawn from elsewhere?
    CLM   input x_1 … x_{T-1}, target x_2 … x_T
    label smoothing   -(1-ε) log p_y - ε · mean_v log p_v
    contrastive   ½ (CE(Z, diagonal) + CE(Zᵀ, diagonal)),   Z_ij = e^τ · cos(a_i, b_j)

Sources: Devlin et al., *BERT* (2019), section 3.1 (MLM, NSP); Radford et al., *Improving Language Understanding by
Generative Pre-Training* (2018), eq. 1 (CLM); Vaswani et al. (2017), section 5.4 and Szegedy et al., *Rethinking the
Inception Architecture* (2016), section 7 (label smoothing, its share spread over all n_vocab classes as PyTorch has
it); Radford et al., *CLIP* (2021), figure 3 (contrastive).

Sizes: ``B`` batch, ``T`` positions, ``n_vocab`` vocabulary, ``N`` pairs, ``D`` width. ``IGNORE`` marks targets without
loss. Left out: masking whole words or spans.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from llmbook.nn.masks import can_be_read

IGNORE = -100  # as in PyTorch and transformers


def mask_words(
    ids: Int[Tensor, "B T"],
    mask_id: int,
    vocab: int,
    *,
    generator: Generator,
    special: Bool[Tensor, "B T"] | None = None,
    share: float = 0.15,
    hidden: float = 0.8,
    replaced: float = 0.1,
) -> tuple[Int[Tensor, "B T"], Int[Tensor, "B T"]]:
    """BERT's game: (the corrupted text, what the model must say), the second ``IGNORE`` wherever nothing was chosen.

    ``special`` marks positions never chosen, such as [CLS], [SEP] and padding; of the chosen, ``hidden`` and
    ``replaced`` are the shares that become [MASK] and a random word. Raises ``ValueError`` for shares outside 0..1, the
    two together too, and for a ``mask_id`` outside the vocabulary.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of chosen words must lie in 0..1, got {share}")
    if min(hidden, replaced, 1 - hidden - replaced) < -1e-9:  # three tenths and seven are not quite one
        raise ValueError(f"hidden={hidden} and replaced={replaced} must be shares of the chosen words")
    if not 0 <= mask_id < vocab:
        raise ValueError(f"mask_id={mask_id} is outside the vocabulary of {vocab}")
    # Which positions are chosen, and what becomes of each
    draw = torch.rand(2, *ids.shape, generator=generator).to(ids.device)
    random_words = torch.randint(vocab, ids.shape, generator=generator).to(ids.device)
    chosen = draw[0] < share
    if special is not None:
        chosen &= ~special

    # In BERT, of 100 chosen, 80 are hidden, 10 replaced, 10 left as they are
    corrupted = torch.where(chosen & (draw[1] < hidden + replaced), random_words, ids)
    corrupted = torch.where(chosen & (draw[1] < hidden), mask_id, corrupted)
    return corrupted, ids.masked_fill(~chosen, IGNORE)


def join_pair(
    a: Sequence[int], b: Sequence[int], cls_id: int, sep_id: int, max_len: int
) -> tuple[list[int], list[int]]:
    """[CLS] a [SEP] b [SEP] and its segments 0…0 1…1; the longer (b, if equal) is cut, word by word, until it fits.

    Raises ``ValueError`` where ``max_len`` leaves no room for a word of each.
    """
    if max_len < 5:
        raise ValueError(f"a pair needs max_len of at least 5, got {max_len}")
    a, b = list(a), list(b)
    while len(a) + len(b) + 3 > max_len:
        (a if len(a) > len(b) else b).pop()
    return [cls_id, *a, sep_id, *b, sep_id], [0] * (len(a) + 2) + [1] * (len(b) + 1)


def shift(ids: Int[Tensor, "B T"]) -> tuple[Int[Tensor, "B T-1"], Int[Tensor, "B T-1"]]:
    """(inputs, targets) of a causal language model: each position is to say the id that follows.

    Raises ``ValueError`` for sequences of fewer than two ids.
    """
    if ids.shape[1] < 2:
        raise ValueError(f"nothing follows in a sequence of {ids.shape[1]}; at least 2 ids are needed")
    return ids[:, :-1], ids[:, 1:]


def word_loss(
    logits: Float[Tensor, "B T n_vocab"], targets: Int[Tensor, "B T"], smoothing: float = 0.0
) -> Float[Tensor, ""]:
    """Mean cross-entropy in nats over the targets that are not ``IGNORE``, with label smoothing if ε > 0.

    Zero, not NaN, where every target is ignored. ``ValueError`` for other shapes, an ε outside 0..1, or a target
    ≥ n_vocab.
    """
    if not 0 <= smoothing <= 1:
        raise ValueError(f"label smoothing must lie in 0..1, got {smoothing}")
    if targets.shape != logits.shape[:-1]:
        raise ValueError(f"targets {tuple(targets.shape)} do not fit logits {tuple(logits.shape)}")
    counted = targets != IGNORE
    indices = targets.masked_fill(~counted, 0)
    check_targets(indices, logits.shape[-1])

    log_probs = logits.log_softmax(dim=-1)  # (B, T, n_vocab)
    loss = -(1 - smoothing) * log_probs.gather(-1, indices[..., None])[..., 0]  # (B, T)
    if smoothing:
        loss = loss - smoothing * log_probs.mean(dim=-1)
    return loss.masked_fill(~counted, 0.0).sum() / counted.sum().clamp(min=1)


def check_targets(targets: Int[Tensor, "B T"], vocab: int) -> None:
    """Raise ``ValueError`` for a target on the processor outside the vocabulary (elsewhere, ``gather`` stops)."""
    if can_be_read(targets) and targets.numel() and not 0 <= targets.min() <= targets.max() < vocab:
        raise ValueError(f"targets must lie in 0..{vocab - 1}, got {targets.min()} to {targets.max()}")


def contrastive_loss(
    a: Float[Tensor, "N D"], b: Float[Tensor, "N D"], log_scale: Float[Tensor, ""]
) -> Float[Tensor, ""]:
    """CLIP's loss: a_i belongs to b_i and to no other of the batch, and the other way round.

    ``log_scale`` is the logarithm τ of what cosines are multiplied by. Raises ``ValueError`` for unequal numbers.
    """
    if a.shape != b.shape:
        raise ValueError(f"every a needs one b of the same width, got {tuple(a.shape)} and {tuple(b.shape)}")
    similarity = log_scale.exp() * F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T  # (N, N)
    diagonal = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(similarity, diagonal) + F.cross_entropy(similarity.T, diagonal)) / 2

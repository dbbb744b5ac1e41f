"""Counted n-grams: NLTK's Kneser and Ney, a count by hand, distributions, and the limits of both discounts."""

import pytest
import torch
from nltk.lm.counter import NgramCounter
from nltk.lm.smoothing import KneserNey as NltkKneserNey
from nltk.lm.vocabulary import Vocabulary
from nltk.util import ngrams
from reference import close

from llmbook.pretrained.ngrams import KneserNey, number

VOCAB = 7
TEXT = torch.randint(VOCAB - 1, (180,), generator=torch.Generator().manual_seed(5)) ** 2 % (VOCAB - 1)
RING = torch.cat([TEXT, TEXT[:4]])  # every n-gram of up to five ids has one before it


class WithoutUnseenZeros(NltkKneserNey):
    """NLTK's, whose single words are discounted too, in favour of all ids alike: the library's p_1."""

    def unigram_score(self, word):
        kinds = [self._continuation_counts(w)[0] for w in range(VOCAB)]
        return (max(kinds[word] - self.discount, 0) + self.discount * sum(k > 0 for k in kinds) / VOCAB) / sum(kinds)

    def probability(self, word, context):
        if not context:
            return self.unigram_score(word)
        if not self.counts[context].N():
            return self.probability(word, context[1:])
        alpha, gamma = self.alpha_gamma(word, context)
        return alpha + gamma * self.probability(word, context[1:])


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("discount", [0.1, 0.75])
def test_probabilities_are_nltks(order, discount):
    counter = NgramCounter([list(ngrams(RING.tolist(), n)) for n in range(1, order + 1)])
    theirs = WithoutUnseenZeros(Vocabulary(range(VOCAB)), counter, order, discount)
    asked = torch.randint(VOCAB, (60,), generator=torch.Generator().manual_seed(6))  # one id is never in the text
    ours = KneserNey(RING, VOCAB, order, discount).probabilities(asked)
    ids = asked.tolist()
    expected = [theirs.probability(ids[t], tuple(ids[t - order + 1 : t])) for t in range(order - 1, len(ids))]
    close(ours, torch.tensor(expected, dtype=torch.float64), 1e-12)


def test_a_text_by_hand():
    """a b a c: after a, b and c once each, d = 0.5; single ids are counted by what stands before them."""
    known = KneserNey(torch.tensor([0, 1, 0, 2]), 4, 2, discount=0.5)
    p_1 = [(max(n - 0.5, 0) + 0.5 * 3 / 4) / 3 for n in (1, 1, 1, 0)]
    expected = [(max(n - 0.5, 0) + 0.5 * 2 * p) / 2 for n, p in zip((0, 1, 1, 0), p_1, strict=True)]
    found = [known.probabilities(torch.tensor([0, w])).item() for w in range(4)]
    assert found == pytest.approx(expected)
    assert known.probabilities(torch.tensor([3, 0])).item() == pytest.approx(p_1[0]), "nothing is known after d"


# --- property --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 4])
def test_probabilities_add_up(order):
    known = KneserNey(TEXT, VOCAB, order, discount=0.4)
    for context in ([], [1, 4, 0], [3, 3, 3], [6, 6, 6]):
        if len(context) >= order - 1:
            context = context[len(context) - order + 1 :]
            p = [known.probabilities(torch.tensor([*context, w])) for w in range(VOCAB)]
            close(torch.cat(p).sum(), torch.tensor(1.0).double(), 1e-12)
            assert min(p) > 0


def test_what_occurs_in_one_place_only_is_not_expected_elsewhere():
    """1 follows 0 alone and often; 2 follows everything, and less often."""
    text = torch.tensor([0, 1] * 9 + [3, 2, 4, 2, 5, 2, 0, 1])
    p = KneserNey(text, 7, 2).probabilities
    assert p(torch.tensor([6, 2])) > p(torch.tensor([6, 1]))


def test_n_grams_are_numbered_by_their_ids():
    assert number(torch.tensor([3, 1, 4, 1]), 10, 3).tolist() == [314, 141]
    assert number(torch.tensor([3, 1]), 10, 3).tolist() == []


# --- limit -----------------------------------------------------------------------------------------------------


def test_without_a_discount_counts_are_shares():
    known = KneserNey(torch.tensor([0, 1, 0, 1, 0, 2, 0]), 4, 2, discount=0.0)
    found = [known.probabilities(torch.tensor([0, w])).item() for w in range(4)]
    assert found == pytest.approx([0, 2 / 3, 1 / 3, 0])


def test_the_discount_is_estimated_from_what_occurs_once_and_twice():
    known = KneserNey(torch.tensor([0, 0, 1, 1, 2, 3, 3, 3, 4]), 5, 1)
    assert known.lengths[0].discount == pytest.approx(2 / (2 + 2 * 2))


# --- failure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "message"), [(0, "order must lie in 1..180"), (181, "got 181"), (23, "7 ids to the power of 23")]
)
def test_impossible_orders_are_refused(order, message):
    with pytest.raises(ValueError, match=message):
        KneserNey(TEXT, VOCAB, order)

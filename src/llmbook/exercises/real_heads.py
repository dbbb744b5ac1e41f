"""The exercises of page 5.7: scores of heads, what a control looks like, and taking a head out."""

from collections.abc import Sequence

import torch
from torch import Tensor

from llmbook.exercises.exercise import Exercise, Mistake, random_normal

# --- the score of a head that looks evenly ---------------------------------------------------------------------


def mean_share(words: Sequence[int]) -> float:
    """The mean of the shares one word gets, where attention is even over so many words."""
    return sum(1 / n for n in words) / len(words)


EVEN = Exercise(
    name="5.7-even",
    answer=mean_share([2, 3, 4, 5]),
    right="even a head with nothing to say scores 0.32 here: a score means something only beside its control.",
    mistakes=(
        Mistake(
            1 / 5,
            "1/5 is right for the last word only: behind a causal mask, word t shares among t + 1 words.",
        ),
        Mistake(
            sum(1 / n for n in (2, 3, 4, 5)) / 5, "there are four neighbours on the left among five words: divide by 4."
        ),
        Mistake(sum(1 / n for n in (2, 3, 4, 5)), "that is the sum of four shares; take their mean."),
        Mistake(1 / 4, "1/4 is not it: how many words does the second word see, itself included?"),
        Mistake(
            mean_share([1, 2, 3, 4, 5]),
            "the first word has no neighbour on the left: average over the other four.",
        ),
        Mistake(
            mean_share([1, 2, 3, 4]),
            "a word also sees itself: the second word shares its attention between two.",
        ),
    ),
    digits=2,
)

# --- the induction score ---------------------------------------------------------------------------------------


def mean_weight(a: Tensor, back: int, first: int) -> Tensor:
    """The mean weight (…) from query t to key t - back, for t from ``first`` to the end."""
    weights = [a[..., t, t - back] for t in range(first, a.shape[-2])]
    return torch.stack(weights, dim=-1).mean(dim=-1)


def induction(a: Tensor, n: int) -> Tensor:
    """From the second copy of n tokens to what came next the first time."""
    return mean_weight(a, back=n - 1, first=n)


def at_same_token(a: Tensor, n: int) -> Tensor:
    """One too far back."""
    return mean_weight(a, back=n, first=n)


def at_token_before(a: Tensor, n: int) -> Tensor:
    """Two too far back."""
    return mean_weight(a, back=n + 1, first=n)


def from_first_copy_too(a: Tensor, n: int) -> Tensor:
    """With a query of the first copy."""
    return mean_weight(a, back=n - 1, first=n - 1)


def rows_as_keys(a: Tensor, n: int) -> Tensor:
    """Of the transposed matrix."""
    return induction(a.transpose(-2, -1), n)


def divided_by_all(a: Tensor, n: int) -> Tensor:
    """By the length of both copies."""
    return induction(a, n) / 2


def summed(a: Tensor, n: int) -> Tensor:
    """Not divided."""
    return induction(a, n) * n


def one_number_for_all(a: Tensor, n: int) -> Tensor:
    """The mean over the heads as well."""
    return induction(a, n).mean()


def not_averaged(a: Tensor, n: int) -> Tensor:
    """The weight of each query of the second copy."""
    return torch.stack([a[..., t, t - n + 1] for t in range(n, 2 * n)], dim=-1)


def whole_block(a: Tensor, n: int) -> Tensor:
    """All queries of the second copy with all keys that one of them should look at."""
    return a[..., n:, 1 : n + 1].mean(dim=(-2, -1))


def previous_token(a: Tensor, n: int) -> Tensor:
    """What the exercise begins with."""
    return mean_weight(a, back=1, first=1)


WEIGHTS = random_normal(3, 10, 10).softmax(dim=-1)
WEIGHTS_OF_TWO = random_normal(2, 3, 6, 6, seed=1).softmax(dim=-1)

INDUCTION = Exercise(
    name="5.7-induction",
    answer=induction,
    probes=((WEIGHTS, 5), (WEIGHTS_OF_TWO, 3), (random_normal(14, 14, seed=2).softmax(dim=-1), 7)),
    right="one number a head: how much of its attention goes to what came next the first time.",
    mistakes=(
        Mistake(
            at_same_token,
            "that is key t − n, the same token: what came after it stands at t − n + 1.",
        ),
        Mistake(at_token_before, "one too far back: t − n − 1 is what came before the earlier copy."),
        Mistake(
            from_first_copy_too,
            "only the second half can look back: let t run from n to 2n − 1.",
        ),
        Mistake(not_averaged, "that is one number for each query: take the mean over t, dim=-1."),
        Mistake(whole_block, "each query goes with its own key: index with pairs, a[..., t, t - n + 1]."),
        Mistake(one_number_for_all, "that is the mean over all heads: take it over t alone, dim=-1."),
        Mistake(previous_token, "that is still the previous token's score: change the keys, and let t begin at n."),
        Mistake(rows_as_keys, "rows are queries and columns keys: you read the transposed matrix."),
        Mistake(divided_by_all, "divide by n, the number of queries in the second half, not by 2n."),
        Mistake(summed, "that is a sum over the n queries: take the mean."),
    ),
)

# --- taking a head out -----------------------------------------------------------------------------------------


def layer_output(heads: Tensor, w_o: Tensor) -> Tensor:
    """What the layer writes: its heads (H, T, d_k) side by side, mixed by W^O."""
    return torch.cat(list(heads), dim=-1) @ w_o


def output_with(heads: Tensor, w_o: Tensor, chosen: int, says: Tensor) -> Tensor:
    """The same where head ``chosen`` says something else, at every position or everywhere."""
    changed = heads.clone()
    changed[chosen] = says
    return layer_output(changed, w_o)


def mean_ablated(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says its mean over the positions."""
    return output_with(heads, w_o, chosen, heads[chosen].mean(dim=0))


def zero_ablated(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says nothing."""
    return output_with(heads, w_o, chosen, torch.zeros(()))


def nothing_ablated(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says what it said."""
    return layer_output(heads, w_o)


def mean_of_heads(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says what all say in the mean."""
    return output_with(heads, w_o, chosen, heads.mean(dim=0))


def mean_of_coordinates(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says the same number in every coordinate."""
    return output_with(heads, w_o, chosen, heads[chosen].mean(dim=-1, keepdim=True))


def others_ablated(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """All other heads say their means."""
    changed = heads.mean(dim=1, keepdim=True).expand_as(heads)
    return output_with(changed, w_o, chosen, heads[chosen])


def joined_without_swap(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The heads' numbers as they lie, cut into words."""
    changed = heads.clone()
    changed[chosen] = heads[chosen].mean(dim=0)
    return changed.reshape(heads.shape[1], -1) @ w_o


def without_w_o(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The heads side by side, not mixed."""
    return mean_ablated(heads, torch.eye(len(w_o)), chosen)


def sum_for_mean(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says its sum over the positions."""
    return output_with(heads, w_o, chosen, heads[chosen].sum(dim=0))


def mean_of_all(heads: Tensor, w_o: Tensor, chosen: int) -> Tensor:
    """The head says one number everywhere."""
    return output_with(heads, w_o, chosen, heads[chosen].mean())


MEAN_ABLATION = Exercise(
    name="5.7-mean-ablation",
    answer=mean_ablated,
    probes=(
        (random_normal(3, 5, 2, seed=3) + 0.5, random_normal(6, 6, seed=5), 1),
        (random_normal(2, 7, 3, seed=2) + 0.5, random_normal(6, 6, seed=7), 0),
        (random_normal(5, 11, 2, seed=8) + 0.5, random_normal(10, 10, seed=9), 4),
    ),
    right="the head now says the same at every position, so whatever it told one place from another is gone.",
    mistakes=(
        Mistake(
            zero_ablated,
            "the head is set to zero; put its mean over the positions there instead.",
        ),
        Mistake(nothing_ablated, "nothing has changed yet: the layer still has all its heads."),
        Mistake(
            mean_of_heads,
            "that is the mean over the heads; take the mean of this head over its positions, dim=0.",
        ),
        Mistake(
            mean_of_coordinates,
            "that is the mean over the head's coordinates; take it over the positions, dim=0.",
        ),
        Mistake(
            joined_without_swap, "before laying the heads side by side, swap H and T: heads.transpose(0, 1).flatten(1)."
        ),
        Mistake(without_w_o, "the last step is missing: multiply by w_o."),
        Mistake(sum_for_mean, "that is the sum over the positions; put the mean there."),
        Mistake(mean_of_all, "that is one mean of all the head's numbers; each coordinate has its own, dim=0."),
        Mistake(others_ablated, "this silences the other heads and keeps the chosen one."),
    ),
)

EXERCISES = (EVEN, INDUCTION, MEAN_ABLATION)

r"""What a head of attention looks at, as one number: how much of its weights lies where a kind of head would put it.

    score_h = Σ_t Σ_s template[t, s] · A_h[t, s]

    previous    1/(T−1) at (t, t−1), for t ≥ 1
    induction   1/n at (t, s+1), where word t stood before at s; n counts such t
    duplicate   1/n at (t, s) itself
    rest        1/m at (t, s), where s is a place of rest: the first token, [CLS], [SEP]; t the m others
    pronoun     1/p at (pronoun, right), −1/p at (pronoun, wrong), for each of p pronouns

The first, second and last are those of page 5.7, there for tokens that are all different and repeated once. The front
end has the same templates (``web/src/core/head_scores.ts``). Left out: whether the model needs what a head looks at.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Template = Float[Tensor, "T T"]
KINDS = ("previous", "induction", "duplicate", "rest", "pronoun")


def templates(
    words: Sequence[str], rest: Sequence[int] = (0,), pronouns: Sequence[Sequence[int]] = ()
) -> dict[str, Template]:
    """Those that words have, in float64: without a word that stands twice there is neither induction nor duplicate.

    ``pronouns`` are places (pronoun, right, wrong). Raises ``ValueError`` for places that the words do not have.
    """
    T = len(words)
    for place in (*rest, *(place for triple in pronouns for place in triple)):
        if not 0 <= place < T:
            raise ValueError(f"there are {T} words, so a place is at least 0 and below {T}; got {place}")
    equal = torch.tensor([[word == other for other in words] for word in words]).reshape(T, T)
    earlier = equal.tril(-1)
    at_rest = torch.zeros(T, T, dtype=torch.bool)
    at_rest[:, list(rest)] = True
    at_rest[list(rest)] = False
    found = {
        "previous": torch.eye(T).roll(-1, dims=1).tril(-1).bool(),
        "induction": earlier.roll(1, dims=1),  # the last column of ``earlier`` is empty
        "duplicate": earlier,
        "rest": at_rest,
    }
    made = {kind: cells.double() / cells.any(dim=1).sum() for kind, cells in found.items() if cells.any()}
    return {**made, "pronoun": pronoun_template(T, pronouns)} if len(pronouns) else made


def pronoun_template(T: int, pronouns: Sequence[Sequence[int]]) -> Template:
    template = torch.zeros(T, T, dtype=torch.float64)
    for pronoun, right, wrong in pronouns:
        template[pronoun, right] += 1 / len(pronouns)
        template[pronoun, wrong] -= 1 / len(pronouns)
    return template


def head_scores(weights: Float[Tensor, "*heads T T"], template: Template) -> Float[Tensor, "*heads"]:
    """A number for each head."""
    return (weights * template).sum(dim=(-2, -1))

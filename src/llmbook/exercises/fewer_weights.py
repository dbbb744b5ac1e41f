"""The exercises of page 3.8: equal work, what a temperature leaves, when noughts pay, two of four, the best remaining
weights, and a teacher who is asked about himself."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from llmbook.compression.distillation import soft_loss
from llmbook.exercises.exercise import Exercise, Mistake, careless_tests, random_normal

# --- equal work ------------------------------------------------------------------------------------------------

WORK = Exercise(
    name="3.8-work",
    answer=[(2 * 12 + 6 * 3) / (6 * 3), (2 * 12 / 5 + 6 * 3) / (6 * 3)],
    right="a teacher read once for several students is soon cheap; read for one he costs more than the student.",
    mistakes=(
        Mistake([(6 * 12 + 6 * 3) / 18, (6 * 12 / 5 + 18) / 18], "the teacher only reads: he does not learn."),
        Mistake([(12 + 3) / 3, (12 / 5 + 3) / 3], "reading costs 2 operations a weight, learning 6."),
        Mistake([2 * 12 / 18, 2 * 12 / 5 / 18], "the student's own 6 N come on top: it learns, too."),
        Mistake([18 / 42, 18 / 22.8], "the other way round: the student alone takes more steps."),
        Mistake([42 / 18, (2 * 12 + 5 * 18) / 18], "how many steps for one of the five?"),
    ),
    digits=3,
)

# --- what a temperature leaves ---------------------------------------------------------------------------------


def by_formula(temperature: float) -> float:
    return soft_loss(torch.zeros(2).double(), torch.tensor([2.0, 0.0]).double(), temperature).item()


TEMPERATURE = Exercise(
    name="3.8-temperature",
    answer=[by_formula(1.0), 0.5],
    right="where τ is large the loss is half the mean square of what differs in the logits, their means taken away.",
    mistakes=(
        Mistake([by_formula(1.0), 0.0], "KL alone goes to nought; it is multiplied by τ²."),
        Mistake([by_formula(1.0), 1.0], "half of the mean square: the curvature of KL is ½ Σ p (dz)²."),
        Mistake([by_formula(1.0), 2.0], "take the mean of the differences away first: softmax does not see it."),
        Mistake(
            [0.4338, 0.5], "the teacher comes first: KL(teacher ‖ student) weighs with the teacher's probabilities."
        ),
        Mistake([0.6931, 0.5], "that is the cross-entropy: take away the teacher's own entropy."),
        Mistake([0.4733, 0.5], "that is in bits: the loss is in nats."),
    ),
    digits=3,
)

# --- when noughts pay ------------------------------------------------------------------------------------------

PAYS = Exercise(
    name="3.8-pays",
    answer=[1 / 8, 1 / 4, 1 / 2],
    right="the fewer bits a weight has, the more of them must go before it pays to say where the others are.",
    mistakes=(
        Mistake([7 / 8, 3 / 4, 1 / 2], "that is the share that is kept; asked for is the share removed."),
        Mistake([1 / 8, 1 / 8, 1 / 2], "with four bits a weight the bit of the mask weighs twice as much."),
        Mistake([1 / 8, 1 / 4, 0.0], "a column's number costs 32 bits for each weight that is kept."),
        Mistake([1 / 8, 1 / 4, 2 / 3], "one number for the column and one for the value: rows are left out here."),
        Mistake([1 / 9, 1 / 5, 1 / 2], "the mask has a bit for each weight, the removed ones too: 1 + 8 kept = 8."),
    ),
    decimals=3,
)

# --- two of four -----------------------------------------------------------------------------------------------


def two_of_four(score: Tensor) -> Tensor:
    """True at the two largest of each four neighbours in a row."""
    groups = score.unflatten(-1, (-1, 4))
    return (groups.argsort(dim=-1).argsort(dim=-1) >= 2).flatten(-2)


def smallest(score: Tensor) -> Tensor:
    return ~two_of_four(score)


def half_of_each_row(score: Tensor) -> Tensor:
    return score >= score.sort(dim=1).values[:, score.shape[1] // 2, None]


def down_the_columns(score: Tensor) -> Tensor:
    return two_of_four(score.T.contiguous()).T


def one_of_two(score: Tensor) -> Tensor:
    groups = score.unflatten(-1, (-1, 2))
    return (groups == groups.amax(dim=-1, keepdim=True)).flatten(-2)


def places_not_ranks(score: Tensor) -> Tensor:
    """argsort once: who stands at a rank, not which rank a place has."""
    return (score.unflatten(-1, (-1, 4)).argsort(dim=-1) >= 2).flatten(-2)


def by_value(score: Tensor) -> Tensor:
    """Kept scores instead of a mask."""
    return score * two_of_four(score)


TWO_OF_FOUR = Exercise(
    name="3.8-two-of-four",
    answer=two_of_four,
    probes=tuple((random_normal(*shape, seed=seed).abs(),) for shape, seed in (((4, 8), 1), ((8, 12), 2), ((4, 4), 3))),
    right="half of the weights, and two bits are enough to say where one of them stands.",
    mistakes=(
        Mistake(smallest, "these are the two smallest: True must mean “kept”."),
        Mistake(half_of_each_row, "that is half of the row, wherever it stands: two of each four neighbours."),
        Mistake(down_the_columns, "neighbours stand side by side in a row."),
        Mistake(one_of_two, "that is one of each two, which is stricter: four neighbours compete for two places."),
        Mistake(places_not_ranks, "argsort tells who has a rank; sort its result once more to learn a place's rank."),
        Mistake(by_value, "return where they are, not what they are."),
    ),
)

# --- the best remaining weights --------------------------------------------------------------------------------


def remaining(w: Tensor, keep: Tensor, M: Tensor) -> Tensor:
    """Least squares over what is kept."""
    found = torch.zeros_like(w)
    found[keep] = torch.linalg.solve(M[keep][:, keep], (M @ w)[keep])
    return found


def only_masked(w: Tensor, keep: Tensor, M: Tensor) -> Tensor:
    return w * keep


def inverse_then_cut(w: Tensor, keep: Tensor, M: Tensor) -> Tensor:
    """A piece of the inverse is not the inverse of a piece."""
    found = torch.zeros_like(w)
    found[keep] = torch.linalg.inv(M)[keep][:, keep] @ (M @ w)[keep]
    return found


def added_wrongly(w: Tensor, keep: Tensor, M: Tensor) -> Tensor:
    return 2 * w * keep - remaining(w, keep, M)


def not_placed(w: Tensor, keep: Tensor, M: Tensor) -> Tensor:
    return remaining(w, keep, M)[keep]


def together(n: int, seed: int) -> Tensor:
    """XᵀX / N of inputs that go together."""
    X = random_normal(3 * n, n, seed=seed).double()
    X = X + X[:, :1]
    return X.T @ X / len(X)


REMAINING = Exercise(
    name="3.8-remaining",
    answer=remaining,
    probes=tuple(
        (random_normal(n, seed=seed).double(), torch.arange(n) % 3 != seed % 3, together(n, 20 + seed))
        for n, seed in ((4, 0), (5, 1), (7, 2), (6, 4))
    ),
    right="what is kept takes over the work of what went, as far as its inputs allow.",
    mistakes=(
        Mistake(
            only_masked, "these are the old weights. Cut M to the kept rows and columns, but M w after the product."
        ),
        Mistake(inverse_then_cut, "a piece of the inverse is not the inverse of a piece: cut M first."),
        Mistake(added_wrongly, "the correction has the wrong sign."),
        Mistake(not_placed, "return a row as long as w, with noughts where weights were removed."),
    ),
)

# --- the bug museum: a teacher who is asked about himself ------------------------------------------------------

Loss = Callable[[Tensor, Tensor, float], Tensor]  # logits of student and teacher (B, T, n_vocab), and the temperature


def flattened(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Right: PyTorch's function, with the positions in one row."""
    log_s = (student / temperature).log_softmax(dim=-1).flatten(0, -2)
    p_t = (teacher / temperature).softmax(dim=-1).flatten(0, -2)
    return temperature**2 * F.kl_div(log_s, p_t, reduction="batchmean")


def of_the_teacher(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """The museum's piece: both from the teacher."""
    return soft_loss(teacher, teacher, temperature)


def over_the_vocabulary(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """The mean over words as well."""
    return soft_loss(student, teacher, temperature) / student.shape[-1]


def over_the_batch(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``batchmean`` of three axes: a sum over positions."""
    return soft_loss(student, teacher, temperature) * student.shape[1]


def no_logarithm(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``kl_div`` wants the student's logarithms."""
    p_s, p_t = ((logits / temperature).softmax(dim=-1).flatten(0, -2) for logits in (student, teacher))
    return temperature**2 * F.kl_div(p_s, p_t, reduction="batchmean")


def exchanged(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    return soft_loss(teacher, student, temperature)


def not_multiplied(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    return soft_loss(student, teacher, temperature) / temperature**2


EXHIBITS: tuple[Loss, ...] = (
    of_the_teacher, over_the_vocabulary, over_the_batch, no_logarithm, exchanged, not_multiplied,
)  # fmt: skip


def agrees(loss: Loss, *, temperature: float, equal: bool = False, T: int = 5) -> bool:
    """Whether the loss is the right one for some logits."""
    teacher = 2 * random_normal(3, T, 7, seed=6)
    student = teacher if equal else 2 * random_normal(3, T, 7, seed=7)
    return torch.allclose(loss(student, teacher, temperature), soft_loss(student, teacher, temperature), atol=1e-5)


def is_right(loss: Loss) -> bool:
    """Other logits, and a temperature that is not 1."""
    return agrees(loss, temperature=2.0)


MUSEUM = Exercise(
    name="3.8-museum",
    answer=is_right,
    probes=((soft_loss,), (flattened,), *((piece,) for piece in EXHIBITS)),
    right="your test trusts two right ones and sees through six wrong ones, that of a public tutorial among them.",
    mistakes=(
        Mistake(
            lambda loss: agrees(loss, temperature=2.0, equal=True),
            "five wrong ones are nought, too, where both agree: try a student that differs.",
        ),
        Mistake(lambda loss: agrees(loss, temperature=1.0), "at τ = 1 nobody sees whether τ² is there: try another."),
        Mistake(
            lambda loss: agrees(loss, temperature=2.0, T=1),
            "with one position a sum and a mean are the same: try more.",
        ),
        *careless_tests(is_right, right=2, wrong=len(EXHIBITS)),
    ),
)

EXERCISES = (WORK, TEMPERATURE, PAYS, TWO_OF_FOUR, REMAINING, MUSEUM)

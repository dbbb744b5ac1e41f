r"""A small model that learns from a large one: from its whole answer, and from what it thinks on the way.

    soft     τ² · KL(softmax(z_T / τ) ‖ softmax(z_S / τ))           mean over positions
    hidden   mean over pairs of states:  ‖h_S Wᵀ - h_T‖² / ‖h_T‖²

Gradients of the soft part shrink as 1/τ²; multiplied by τ² they keep their size beside those of the hard part.

Sources: Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network* (2015), section 2; Romero et al.,
*FitNets* (2015), eq. 3, for states read through a matrix W that is learned and thrown away. Left out: attention weights
as targets; teaching on texts that the student writes.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.models.causal_lm import CausalLM

Logits = Float[Tensor, "*batch n_vocab"]


def soft_loss(student: Logits, teacher: Logits, temperature: float = 1.0) -> Float[Tensor, ""]:
    """How far the student's probabilities are from the teacher's; no gradient reaches the teacher.

    Nought where both agree. Raises ``ValueError`` for other shapes, and for a temperature that is not above 0.
    """
    if student.shape != teacher.shape:
        raise ValueError(f"student {tuple(student.shape)} and teacher {tuple(teacher.shape)} answer other questions")
    if not temperature > 0:
        raise ValueError(f"the temperature must be above 0, got {temperature}")
    log_s = (student / temperature).log_softmax(dim=-1)
    log_t = (teacher.detach() / temperature).log_softmax(dim=-1)
    return temperature**2 * (log_t.exp() * (log_t - log_s)).sum(dim=-1).mean()


def hidden_loss(
    student: Sequence[Float[Tensor, "*batch D_S"]],
    teacher: Sequence[Float[Tensor, "*batch D_T"]],
    readers: Sequence[Float[Tensor, "D_T D_S"]],
) -> Float[Tensor, ""]:
    """How much of the teacher's states a matrix does not find in the student's; no gradient reaches the teacher.

    Raises ``ValueError`` for other numbers of states, and for none.
    """
    if not len(student) == len(teacher) == len(readers) > 0:
        raise ValueError(f"as many states as matrices: got {len(student)}, {len(teacher)} and {len(readers)}")
    off = [
        (h @ W.T - wanted.detach()).square().sum() / wanted.detach().square().sum()
        for h, wanted, W in zip(student, teacher, readers, strict=True)
    ]
    return torch.stack(off).mean()


def with_states(model: CausalLM, ids: Int[Tensor, "B T"]) -> tuple[Logits, list[Float[Tensor, "B T D"]]]:
    """The model's logits, and the residual stream behind each of its blocks."""
    states: list[Tensor] = []

    def note(block: nn.Module, arguments: tuple[Tensor, ...], x: Tensor) -> None:
        states.append(x)

    hooks = [block.register_forward_hook(note) for block in model.blocks]
    try:
        return model(ids), states
    finally:
        for hook in hooks:
            hook.remove()

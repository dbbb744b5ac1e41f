"""Loss scaling: gradients too small for float16 are multiplied before they are computed, and divided afterwards.

Source: Micikevicius et al., *Mixed Precision Training* (2018); the scale grows and shrinks as that of
``torch.amp.GradScaler``. Left out: which operations are computed in which precision: ``torch.autocast`` chooses.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


class LossScale:
    """The scale of the loss: doubled after ``patience`` good steps, halved where a gradient overflows.

    Raises ``ValueError`` for a scale that is not above 0, and for a patience below 1.
    """

    def __init__(self, scale: float = 2.0**16, *, patience: int = 2000) -> None:
        if not scale > 0 or patience < 1:
            raise ValueError(f"the scale must be above 0 and the patience at least 1, got {scale} and {patience}")
        self.value = scale
        self.patience = patience
        self.good = 0  # steps since the scale was changed

    @torch.no_grad()
    def unscale(self, weights: Iterable[Tensor]) -> bool:
        """Divide the gradients by the scale; whether the step may be taken. The scale is adapted.

        Raises ``ValueError`` for gradients of float16: divided, they would be nought again.
        """
        grads = [w.grad for w in weights if w.grad is not None]
        if any(grad.dtype == torch.float16 for grad in grads):
            raise ValueError("the gradients of float16 must be copied to weights of float32 before they are unscaled")
        for grad in grads:
            grad.div_(self.value)
        finite = all(bool(grad.isfinite().all()) for grad in grads)

        self.good = self.good + 1 if finite else 0
        if not finite:
            self.value /= 2
        elif self.good == self.patience:
            self.value *= 2
            self.good = 0
        return finite

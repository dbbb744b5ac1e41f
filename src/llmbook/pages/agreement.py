r"""Do two layers agree? They do where their outputs are equal, and all gradients too.

    output     y = f(x, w)
    gradients  ∂(push · y) / ∂x and ∂(push · y) / ∂w,  for each input x and each weight w, in one fixed direction push

Outputs alone would let a layer pass that computes the right numbers and learns the wrong ones. What is compared in
double precision may differ by 1e-10: by rounding, and by nothing else.

PyTorch's layers of the Transformer name their weights otherwise than we do, and keep W_Q, W_K and W_V in one matrix:
``for_torch`` translates. Left out: other layers' names, and gradients of gradients.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

TOLERANCE = 1e-10

Rename = Callable[[dict[str, Tensor]], Mapping[str, Tensor]]

NAMES = {  # ours, and PyTorch's
    "w_q.": "in_proj_",
    "w_k.": "in_proj_",
    "w_v.": "in_proj_",
    "w_o": "out_proj",
    "feed_forward.w_": "linear",
    "self_attention": "self_attn",
    "cross_attention": "multihead_attn",
    "around_attention.norm": "norm1",
    "around_self.norm": "norm1",
    "around_cross.norm": "norm2",
}


def agree(
    got: Tensor,
    expected: Tensor,
    inputs: Mapping[str, Tensor],
    ours: nn.Module | None = None,
    theirs: nn.Module | None = None,
    rename: Rename = dict,
) -> None:
    """Compare outputs, and the gradients of all inputs and weights; ``rename`` gives ours the names of theirs.

    Raises ``AssertionError``, saying where, unless all are equal to 1e-10 and no weight is without a partner.
    """
    torch.testing.assert_close(got, expected, rtol=0, atol=TOLERANCE)

    our_gradients = rename(gradients(got, inputs, ours))
    their_gradients = gradients(expected, inputs, theirs)
    torch.testing.assert_close(our_gradients, their_gradients, rtol=0, atol=TOLERANCE)


def gradients(out: Tensor, inputs: Mapping[str, Tensor], module: nn.Module | None = None) -> dict[str, Tensor]:
    """How each input and each weight would have to move, by name, to push each number of ``out`` a fixed way.

    What ``out`` does not depend on gets zeros. Raises ``ValueError`` where there is neither an input nor a weight.
    """
    named = {**inputs, **dict(module.named_parameters() if module else {})}
    if not named:
        raise ValueError("there is nothing to differentiate by: give inputs, or a module with weights")

    push = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    found = torch.autograd.grad(out, list(named.values()), push, retain_graph=True, materialize_grads=True)
    return dict(zip(named, found, strict=True))


def for_torch(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights, or their gradients, under the names of PyTorch's layers; W_Q, W_K, W_V in one, in the order they come.

    ``load_state_dict`` then raises ``RuntimeError`` for a weight that has no partner, or is too small for its place.
    """
    stacked: dict[str, list[Tensor]] = {}
    for name, weight in state.items():
        stacked.setdefault(torch_name(name, state), []).append(weight)
    return {name: torch.cat(weights) for name, weights in stacked.items()}


def torch_name(name: str, state: Mapping[str, Tensor]) -> str:
    """PyTorch's name of one weight: its last norm is the third in a decoder layer, and else the second."""
    in_decoder = name.replace("around_feed_forward", "around_cross") in state
    last_norm = {"around_feed_forward.norm": "norm3" if in_decoder else "norm2"}
    for ours, theirs in (NAMES | last_norm).items():
        name = name.replace(ours, theirs)
    return name

"""Shared by tests that compare with a reference: outputs and gradients, differences, random numbers, hard texts."""

import torch
from torch import Tensor, nn

HARD_TEXTS = [
    "",
    " ",
    "  two  spaces\n\nand lines\t\ttabs ",
    "Attention is all you need.",
    "大型语言模型：原理、实践与前景",
    "🙂👩‍👩‍👧‍👦 naïve café, Ελληνικά и русский",
    "def f(x):\n    return x**2 + 0x1F  # 'quoted'",
    "12345 3.14159 1e-10 don't we'll I'VE",
    "مرحبا بالعالم",
]


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def ids_of(vocab: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randint(vocab, shape, generator=torch.Generator().manual_seed(seed))


def close(actual: object, expected: object, atol: float) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def spread(model: nn.Module, std: float = 0.3, seed: int = 0) -> nn.Module:
    """The model with large random weights, biases and gains too: small ones would hide a wrong path."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(std * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return model


def gradients(out: Tensor, inputs: list[Tensor], seed: int = 3) -> list[Tensor]:
    upstream = random(*out.shape, seed=seed, dtype=out.dtype)
    return list(torch.autograd.grad((out * upstream).sum(), inputs, retain_graph=True))


def weight_gradients_equal(ours: nn.Module, theirs: nn.Module, places: nn.Module, ids: Tensor, atol: float) -> None:
    """Of every weight, for the same upstream: theirs put into ``places``, a model like ours, as weights are.

    That is linear, so what is right for weights is right for their gradients.
    """
    out = ours(ids)
    upstream = random(*out.shape).to(out) / out.numel()
    (out * upstream).sum().backward()
    (theirs(ids).logits * upstream).sum().backward()
    places.load_transformers({name: p.grad for name, p in theirs.named_parameters()})
    assert all(p.grad.abs().max() > 100 * atol for p in ours.parameters())
    close({name: p.grad for name, p in ours.named_parameters()}, dict(places.named_parameters()), atol)

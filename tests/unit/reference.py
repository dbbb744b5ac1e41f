"""Shared by tests that compare with a reference: outputs and gradients, differences, random numbers."""

import torch
from torch import Tensor, nn


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

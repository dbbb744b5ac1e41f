r"""What a training run takes: operations, device hours, energy, money.

With N parameters at work on a token (of a mixture of experts, the active ones), D tokens, and L layers of H heads of
width d_k that read T positions:

    operations    6 N D, and with the scores of attention (6 N + 12 L H d_k T) D
    utilisation   operations a second that the model needs / peak of all devices    (MFU)
    device hours  operations / (3600 · peak · utilisation)
    kWh           device hours · watts · PUE / 1000        dollars   device hours · price

Sources: 6 N D, Kaplan et al. (2020), section 2.1; attention and MFU, Chowdhery et al., *PaLM* (2022), appendix B; kWh,
Patterson et al. (2021). Left out: earlier and failed runs, forwards run again, people, the making of the devices.
"""

import math
from dataclasses import dataclass


def require_positive(**values: float) -> None:
    """Raise ``ValueError`` naming each value that is not a finite number above 0."""
    if bad := [f"{name} = {value}" for name, value in values.items() if not 0 < value < math.inf]:
        raise ValueError(f"must be above 0 and finite: {', '.join(bad)}")


@dataclass(frozen=True, kw_only=True)
class Device:
    operations_per_second: float  # at its peak, for dense matrices in the format that is used
    bytes_per_second: float  # from its memory
    watts: float

    def __post_init__(self) -> None:
        require_positive(**vars(self))


@dataclass(frozen=True)
class Bill:
    device_hours: float
    kilowatt_hours: float
    dollars: float


def attention_operations(*, n_layers: int, n_heads: int, d_k: int, T: int) -> float:
    """12 L H d_k T a token, forwards and backwards. Raises ``ValueError`` for what is not positive."""
    require_positive(n_layers=n_layers, n_heads=n_heads, d_k=d_k, T=T)
    return 12.0 * n_layers * n_heads * d_k * T


def training_operations(*, active_parameters: float, tokens: float, attention: float = 0.0) -> float:
    """6 N D, and ``attention`` operations more a token. Raises ``ValueError`` for sizes that cannot be."""
    require_positive(active_parameters=active_parameters, tokens=tokens, attention=attention or 1.0)  # it may be 0
    return (6 * active_parameters + attention) * tokens


def utilisation(*, operations_per_token: float, tokens_per_second: float, devices: int, device: Device) -> float:
    """The share of the devices' peak that the model needs (MFU). Raises ``ValueError`` for what is not positive."""
    require_positive(operations_per_token=operations_per_token, tokens_per_second=tokens_per_second, devices=devices)
    return operations_per_token * tokens_per_second / (devices * device.operations_per_second)


def bill(operations: float, device: Device, *, utilisation: float, pue: float, dollars_per_hour: float) -> Bill:
    """Hours, energy and money of a run. Raises ``ValueError`` for a utilisation above 1, a PUE below 1, or no price."""
    require_positive(operations=operations, utilisation=utilisation, dollars_per_hour=dollars_per_hour)
    if utilisation > 1 or not 1 <= pue < math.inf:
        raise ValueError(f"utilisation is at most 1 and PUE at least 1, got {utilisation} and {pue}")
    hours = operations / (3600 * device.operations_per_second * utilisation)
    return Bill(hours, hours * device.watts * pue / 1000, hours * dollars_per_hour)

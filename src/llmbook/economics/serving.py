r"""What an answer takes: seconds, energy, money.

A pass over W bytes of weights serves b texts, each with C bytes of cache to read, and N parameters at work on a token
are 2 N operations. A device that moves B bytes and does P operations a second needs at least

    to read T tokens   2 N T / P                            since the weights are fetched once for all of them
    a step of writing  max((W + b C) / B, 2 N b / P)        which makes one token for each of b texts

Sources: Shazeer, *Fast Transformer Decoding* (2019); Pope et al., *Efficiently Scaling* (2022), section 2. Bounds, no
estimates: messages and waiting come on top. Left out: people, room, interest. All raise ``ValueError`` for bad sizes.
"""

import math
from dataclasses import dataclass

from llmbook.economics.training import Device, require_positive

SECONDS_PER_MONTH = 365.25 / 12 * 24 * 3600


def prefill_seconds(*, tokens: float, active_parameters: float, device: Device) -> float:
    """The least time to read so many tokens."""
    require_positive(tokens=tokens, active_parameters=active_parameters)
    return 2 * active_parameters * tokens / device.operations_per_second


def decode_seconds(
    *, weight_bytes: float, cache_bytes: float, active_parameters: float, device: Device, batch: float = 1
) -> float:
    """The least time of a step, which writes a token for each text of the batch; ``cache_bytes`` are of one text."""
    require_positive(weight_bytes=weight_bytes, active_parameters=active_parameters, batch=batch)
    require_positive(cache_bytes=cache_bytes or 1.0)  # it may be 0
    moving = (weight_bytes + batch * cache_bytes) / device.bytes_per_second
    return max(moving, 2 * active_parameters * batch / device.operations_per_second)


def fetched_parameters(
    *, total_parameters: float, active_parameters: float, shared_parameters: float = 0.0, batch: float = 1
) -> float:
    """How many of N parameters a step fetches: S + (N - S) (1 - (1 - (A - S) / (N - S))^b).

    Each token needs the same S, and its text chooses A - S of the others, evenly and apart from the b - 1 other texts.
    Of a dense model, where A = N, all. Raises ``ValueError`` if not S <= A <= N.
    """
    require_positive(total_parameters=total_parameters, active_parameters=active_parameters, batch=batch)
    if active_parameters > total_parameters:
        raise ValueError(f"active parameters are at most all of them, got {active_parameters} of {total_parameters}")
    if not 0 <= shared_parameters <= active_parameters:
        raise ValueError(f"shared parameters are from 0 to {active_parameters}, got {shared_parameters}")
    if active_parameters == total_parameters:
        return total_parameters
    others = total_parameters - shared_parameters
    return shared_parameters + others * (1 - (1 - (active_parameters - shared_parameters) / others) ** batch)


def joules_per_answer(
    *, read: float, written: float, read_per_second: float, written_per_second: float, watts: float
) -> float:
    """Energy of an answer, by a machine that reads or writes so many tokens a second, of all its texts together."""
    require_positive(read=read, written=written, watts=watts)
    require_positive(read_per_second=read_per_second, written_per_second=written_per_second)
    return watts * (read / read_per_second + written / written_per_second)


def dollars_per_million_tokens(*, dollars_per_hour: float, tokens_per_second: float) -> float:
    """What a million tokens cost on a machine rented by the hour."""
    require_positive(dollars_per_hour=dollars_per_hour, tokens_per_second=tokens_per_second)
    return dollars_per_hour / (3600 * tokens_per_second) * 1e6


@dataclass(frozen=True, kw_only=True)
class OwnMachine:
    dollars: float
    life_months: float
    watts: float  # while it works
    dollars_per_kilowatt_hour: float
    tokens_per_second: float

    def break_even(self, dollars_per_million: float) -> float:
        """Tokens a month from which on it is cheaper than this price; infinite where it can never make so many."""
        require_positive(dollars_per_million=dollars_per_million, **vars(self))
        kilowatt_hours = self.watts / self.tokens_per_second / 3.6e6  # a token
        saved = dollars_per_million / 1e6 - kilowatt_hours * self.dollars_per_kilowatt_hour
        tokens = self.dollars / self.life_months / saved if saved > 0 else math.inf
        return tokens if tokens <= self.tokens_per_second * SECONDS_PER_MONTH else math.inf

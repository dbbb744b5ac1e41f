r"""Which mix of data, tensor and pipeline parallelism fits, and what it costs: arithmetic, no measurement.

Per device, with N parameters, d copies (ZeRO), layers cut over t devices and the depth over p ranks of v stages each:

    weights, gradients, optimiser    (2 + 4 / g + 12 / z) N / (t p)     g, z = d where they are shared out, else 1
    activations     T b D (34 + 5 H T / D) / t  bytes a layer, for L (1 + (p - 1) / (v p)) layers on the first rank
    operations      6 N + 12 L D T  a token, a third more where forwards are run again
    bubble          (p - 1) / (v m + p - 1)  of the time, with m micro-batches of b sequences for each copy
    bytes sent      tensor: 4 ring sums of 2 b T D bytes for each layer and micro-batch; pipeline: 2 v m times 2 b T D;
                    data: gradients summed to their owners, and weights sent back, or without owners (z = 1) the sums

Sources: Korthikanti et al., *Reducing Activation Recomputation in Large Transformer Models* (2022), equations 1 to 6;
Narayanan et al. (2021), sections 2.2 and 3; Rajbhandari et al., *ZeRO* (2020), section 3. Left out: messages hidden
behind work, the embedding's and the loss's extra memory, buffers and fragments: what is said to fit may still not.
"""

from dataclasses import dataclass
from itertools import product
from math import ceil, inf
from typing import Literal, get_args

Keep = Literal["all", "no scores", "inputs"]
WEIGHT, GRADIENT, OPTIMISER = 2, 4, 12  # bytes a parameter: 16-bit weights, sums in 32 bits, Adam and a 32-bit copy


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    parameters: float
    n_layers: int
    d_model: int
    n_heads: int
    T: int  # tokens of a sequence


@dataclass(frozen=True, kw_only=True)
class Cluster:
    devices: int
    memory: float  # bytes a device
    rate: float  # operations a second that a busy device attains
    inside: float  # bytes a second that a device sends within its node
    between: float  # and to another node
    node: int = 8  # devices


@dataclass(frozen=True, kw_only=True)
class Mix:
    d: int = 1  # copies that share the batch
    t: int = 1  # devices that share a layer
    p: int = 1  # ranks that share the depth
    v: int = 1  # stages on each
    b: int = 1  # sequences of a micro-batch


@dataclass(frozen=True, kw_only=True)
class Training:
    batch: int  # sequences of a step
    keep: Keep = "no scores"  # of the activations; "inputs": of the layers alone, the rest is computed again
    zero: int = 1  # 0 to 2: what the copies share out
    sequence: bool = True  # norms and dropouts are cut along the sequence, too


@dataclass(frozen=True)
class Cost:
    states: float  # bytes a device: weights, gradients, optimiser
    activations: float  # bytes, on the rank that holds most
    sent: dict[str, float]  # bytes a device sends in a step, for each kind of parallelism
    bubble: float
    operations: float  # of all devices together
    seconds: float  # a step, if nothing overlaps

    @property
    def memory(self) -> float:
        return self.states + self.activations


def cost(model: ModelSize, cluster: Cluster, mix: Mix, training: Training) -> Cost:
    """What a step costs. Raises ``ValueError`` for what cannot be: sizes, devices, heads, layers, batch."""
    check(model, cluster, mix, training)
    d, t, p, v, b = mix.d, mix.t, mix.p, mix.v, mix.b
    m = training.batch // (d * b)
    stream = 2 * b * model.T * model.d_model  # bytes between two layers, in 16 bits

    # Memory
    shared = [d if training.zero >= stage else 1 for stage in (2, 1)]
    states = (WEIGHT + GRADIENT / shared[0] + OPTIMISER / shared[1]) * model.parameters / (t * p)
    held = ceil(model.n_layers / (v * p)) * min(v * m, v * p + p - 1 if v > 1 else p)
    whole = stream / 2 * bytes_of_layer(model, t, training, scores=training.keep != "no scores")
    again = training.keep == "inputs"
    activations = held * stream / (t if training.sequence else 1) + whole if again else held * whole

    # Work and messages
    tokens = training.batch * model.T
    a_token = 6 * model.parameters + 12 * model.n_layers * model.d_model * model.T
    operations = a_token * tokens * (4 / 3 if again else 1)
    layers = model.n_layers / p
    sent = {
        "tensor": (6 if again else 4) * 2 * (t - 1) / t * stream * layers * m,
        "pipeline": 2 * v * m * stream / (t if training.sequence else 1) * (p > 1),
        "data": (d - 1) / d * (GRADIENT + (WEIGHT if training.zero else GRADIENT)) * model.parameters / (t * p),
    }
    spans = {"tensor": t, "pipeline": t * p, "data": t * p * d}  # devices, those of a layer next to each other
    speed = {name: cluster.inside if n <= cluster.node else cluster.between for name, n in spans.items()}
    bubble = (p - 1) / (v * m + p - 1)
    work = operations / (cluster.devices * cluster.rate)
    seconds = work / (1 - bubble) + sum(size / speed[name] for name, size in sent.items())
    return Cost(states, activations, sent, bubble, operations, seconds)


def bytes_of_layer(model: ModelSize, t: int, training: Training, *, scores: bool) -> float:
    """What a layer keeps for its backward, for each number of the stream: in 16 bits, masks of dropout in 8."""
    attention = 5 * model.n_heads * model.T / model.d_model if scores else 0
    return (34 + attention) / t if training.sequence else 10 + (24 + attention) / t


def check(model: ModelSize, cluster: Cluster, mix: Mix, training: Training) -> None:
    for given in (model, cluster, mix):
        if min(vars(given).values()) <= 0:
            raise ValueError(f"all sizes must be above 0, got {given}")
    if training.keep not in get_args(Keep) or training.zero not in (0, 1, 2):
        raise ValueError(f"keep is one of {', '.join(get_args(Keep))} and zero 0, 1 or 2; got {training}")
    if mix.d * mix.t * mix.p != cluster.devices:
        raise ValueError(f"{mix.d} × {mix.t} × {mix.p} is not {cluster.devices} devices")
    if model.n_heads % mix.t:
        raise ValueError(f"{model.n_heads} heads cannot be shared by {mix.t} devices")
    if mix.p * mix.v > model.n_layers + 2:  # embedding and output may be stages of their own
        raise ValueError(f"{model.n_layers} layers are too few for {mix.p} × {mix.v} stages")
    if training.batch < 1 or training.batch % (mix.d * mix.b):
        raise ValueError(f"a batch of {training.batch} cannot be cut into {mix.d} copies of micro-batches of {mix.b}")
    if mix.v > 1 and (training.batch // (mix.d * mix.b)) % mix.p:
        raise ValueError(f"with {mix.v} stages a rank, micro-batches must be a multiple of {mix.p}")


def plans(
    model: ModelSize, cluster: Cluster, training: Training, *, v: tuple[int, ...] = (1,), b: tuple[int, ...] = (1, 2, 4)
) -> list[tuple[Mix, Cost]]:
    """All mixes that fit, the fastest first. Raises ``ValueError``, naming the smallest, where none fits."""
    found: list[tuple[Mix, Cost]] = []
    least = inf
    divisors = [n for n in range(1, cluster.devices + 1) if cluster.devices % n == 0]
    for t, p, stages, sequences in product([n for n in divisors if n <= cluster.node], divisors, v, b):
        mix = Mix(d=max(1, cluster.devices // (t * p)), t=t, p=p, v=stages, b=sequences)
        try:
            costs = cost(model, cluster, mix, training)
        except ValueError:  # cannot be
            continue
        least = min(least, costs.memory)
        if costs.memory <= cluster.memory:
            found.append((mix, costs))
    if not found:
        raise ValueError(f"nothing fits {cluster.memory / 1e9:.0f} GB; the smallest mix needs {least / 1e9:.0f} GB")
    return sorted(found, key=lambda pair: pair[1].seconds)

"""What learners type, and what no learner would, in answer to an exercise."""

import torch
from torch import Tensor

from llmbook.exercises import Exercise

STRANGE = """
<script>alert(1)</script> ¦ "><img src=x onerror=alert(1)> ¦ '); DROP TABLE answers; -- ¦ javascript:alert(1)
😀 ¦ שלום ¦ مرحبا ¦ ٣ ¦ ０．８８ ¦ ３ ¦ ١/٢ ¦ café ¦ 1e400 ¦ -1e400 ¦ 1e-400 ¦ 1e308*10 ¦ 2**10000 ¦ 9**9**9**9
0**-1 ¦ 1/0 ¦ 0/0 ¦ inf ¦ -inf ¦ nan ¦ [nan, 1] ¦ 1e400-1e400 ¦ (-8)**(1/3) ¦ sqrt(-1) ¦ log(0) ¦ exp(1000) ¦ 1j
0x10 ¦ 1_000 ¦ 1__0 ¦ 007 ¦ __import__('os').system('true') ¦ __import__ ¦ ().__class__ ¦ [].__len__ ¦ lambda: 1
constructor ¦ toString ¦ __proto__ ¦ hasOwnProperty ¦ NaN ¦ Infinity ¦ undefined ¦ null ¦ [object Object] ¦ True
False ¦ None ¦ ... ¦ … ¦ [...] ¦ [None, ...] ¦ [1, ..., 3] ¦ () ¦ [] ¦ (,) ¦ [[]] ¦ [[],[1]] ¦ [1, [2, 3]] ¦ 1,
,1 ¦ 1 2 ¦ 1 2 3 ¦ 1;2 ¦ 0,5 ¦ 0,88 ¦ 1.234,5 ¦ 24,166,400 ¦ 24 166 400 ¦ 1,000 ¦ 12,00 ¦ ½ ¦ 2½ ¦ Ⅷ ¦ 10²
10⁻³ ¦ 2^10 ¦ 2**10 ¦ 2**-1 ¦ -2**2 ¦ 2**3**2 ¦ √3 ¦ 1/3 ¦ 1 / 3 ¦ 88 % ¦ 88% ¦ 5 %% ¦ % ¦ 50 % of it ¦ about 3
~3 ¦ 3 apples ¦ three ¦ +3 ¦ --3 ¦ -3 ¦ −3 ¦ 3. ¦ .3 ¦ 3e0 ¦ 3E+0 ¦ 3, ¦ [3] ¦ (3,) ¦ ((3)) ¦ '3' ¦ "3" ¦ “3”
3 # comment ¦ 3; ¦ if ¦ 3 if 1 else 2 ¦ not 3 ¦ 3 3 ¦ 3.. ¦ 3.e ¦ pi ¦ math.pi ¦ math.sqrt(2) ¦ torch.sqrt(2)
sqrt 2 ¦ sqrt(2 ¦ sqrt() ¦ sqrt(1,2) ¦ log(2, 10) ¦ log10(100) ¦ log2(8) ¦ exp(1) ¦ max(1, 2) ¦ True + 1 ¦ -True
[True, 2] ¦ [True, False, True] ¦ tensor([1, 2]) ¦ tensor(3) ¦ np.array([1., 2., 3.]) ¦ array([0.5 1.5])
tensor([1, 2], dtype=torch.float64) ¦ tensor([[1., nan], [-inf, 2.]]) ¦ yes ¦ no ¦ YES! ¦ no. ¦ nope ¦ y ¦ N
yes and no ¦ not ¦ “no” ¦ No, it is not ¦ ｎｏ ¦ ﬆ ¦ ſ ¦ ß ¦ 'it''s' ¦ it's ¦ "it's" ¦ é ¦ mat mat ¦ the mat
m at ¦ m-a-t ¦ MAT ¦ (mat) ¦ hu g ¦ '1e999999999' ¦ 1e999999999 ¦ '1e400'
"""  # separated by bars and lines
ODD = (
    "x" * 10_000,
    "9" * 10_000,
    "(" * 5000 + "5" + ")" * 5000,
    "-" * 500 + "5",
    "[" * 200 + "]" * 200,
    "1," * 900,
    "\ud800",
    "mat\udfff",
    "\udc00\ud800",
    "\u202emat\u202c",
    "mat\u200b",
    "👩\u200d👩\u200d👧 family",
    *("\x00", "mat\x00", "\x1f", "\x85", "\ufeff", "\u2028", "\n\n", "\t"),
    *("1\n2", "1 2\n3 4", "  no  ", "3\\", "back\\slash", "a\tb\nc"),
)
HOSTILE = (*ODD, *(text for line in STRANGE.strip().split("\n") for text in line.split(" ¦ ")))


def forms(value: object, exercise: Exercise) -> list[str]:
    """The same answer as different people type it."""
    if isinstance(value, bool | str):
        word = str(value)
        return [
            word,
            word.upper(),
            word.title(),
            f" {word}.",
            f"“{word}”",
            f"'{word}'",
            f"{word}!",
            f'["{word}"]',
            f"the {word}",
            " ".join(word),
            f"{word}\n",
        ]
    if not torch.as_tensor(value).ndim:
        return number_forms(value.item() if isinstance(value, Tensor) else value, exercise)
    tensor = torch.as_tensor(value)
    nested = tensor.tolist()
    rows = nested if tensor.ndim > 1 else [nested]
    lines = "\n".join(" ".join(map(str, row)) for row in rows)
    texts = [
        str(nested),
        str(tuple(nested)),
        str(nested)[1:-1],
        lines,
        lines.replace(" ", ", "),
        str(tensor),
        str(tensor.numpy()),
        repr(tensor.numpy()),
        str(torch.cat([tensor, tensor]).tolist()),
        str(tensor.T.tolist() if tensor.ndim == 2 else nested),
        str([nested]),
        str(tensor.movedim(0, -1).tolist()),
        str((tensor == 0).tolist()),
        str(nested[0]),
        str(tensor.flatten().tolist()),
        str(tensor.flip(0).tolist()),
        str((tensor * 100).tolist()),
        str((tensor / 100).tolist()),
        str((-tensor.double()).tolist()),
        str((tensor + 1).tolist()),
        str((tensor.sub(1) if tensor.dtype != torch.bool else ~tensor).tolist()),
        str([..., *nested[1:]]),
        str(tensor.flatten().sort().values.tolist()),
        str(tensor.round().tolist() if tensor.dtype != torch.bool else tensor.int().tolist()),
        str([[x] for x in nested]),
        str([nested, nested, nested]),
        str(tensor.unsqueeze(-1).transpose(0, -1).tolist()),
    ]
    texts += [str(spoilt(tensor, place).tolist()) for place in range(min(tensor.numel(), 4))]
    places = [exercise.decimals] if exercise.decimals is not None else range(6)
    return texts + [str(rounded(nested, digits)) for digits in places]


def rounded(nested: object, digits: int) -> object:
    return [rounded(part, digits) for part in nested] if isinstance(nested, list) else round(nested, digits)


def spoilt(tensor: Tensor, place: int) -> Tensor:
    changed = tensor.clone().double()
    changed.view(-1)[place] += 1
    return changed


def number_forms(x: float, exercise: Exercise) -> list[str]:
    texts = [
        str(x),
        f"[{x}]",
        f"({x},)",
        f"'{x}'",
        f"+{x}",
        f" {x} ",
        f"{100 * x} %",
        f"{100 * x}",
        f"{x / 100}",
        f"-{x}",
        f"{x:.15e}",
        f"{x}*1",
        f"({x})/1",
        f"{x},{x}",
        f"{1e3 * x}",
        f"{x / 1e3}",
        f"{1e6 * x}",
        f"{1e9 * x}",
        f"{x / 1e9}",
        f"{x + 1}",
        f"{x - 1}",
        f"{1.004 * x}",
        f"{0.97 * x}",
        f"{x:,}",
        f"{x:,}".replace(",", " "),
        str(int(x)),
        f"{2 * x}",
        f"{x:.0f}",
        f"{x:.0e}",
        f"{x}\n",
        str(x).replace(".", ","),
        f"tensor({x})",
        f"sqrt({x}**2)",
    ]
    if exercise.decimals is not None or exercise.digits is not None:
        places = exercise.decimals if exercise.decimals is not None else exercise.digits
        texts += [f"{x:.{places + more}{kind}}" for more in range(-1, 4) for kind in "fge" if places + more >= 0]
        unit = 10.0**-places if exercise.digits is None else 10.0 ** (len(str(int(x))) - places)
        texts += [str(x + step * unit) for step in (0.499, -0.499, 0.501, -0.501, 0.99, -0.99, 1.01, 2, 5, -5, 10)]
    return texts

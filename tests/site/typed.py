"""What a text typed on a page means, told by Python's own parser: the reference for ``web/src/judge/reading.ts``.

The page may not run what is typed, and neither does this: it walks over the syntax tree and knows a few nodes.
"""

import ast
import math
import operator
import re
import unicodedata

import torch

SUPERSCRIPTS = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "^": "**"})
WRITABLE = re.compile(r"[A-Za-z0-9_\s.+\-*/%()\[\],]*")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:([ ,])\d{3})(?:\1\d{3})*(?:\.\d*)?\s*%?")
PRINTED = re.compile(r"(?:torch\.|np\.)?(?:tensor|array)\((.*?)(?:,\s*dtype\s*=\s*[\w.]+)?\)", re.DOTALL)
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
             ast.Pow: operator.pow}  # fmt: skip
FUNCTIONS = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10")}
NAMES = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
EXACT = 2**53
UNREADABLE = (SyntaxError, ValueError, TypeError, ZeroDivisionError, OverflowError, RecursionError, MemoryError)


def typed(text: str, expected: object) -> object:
    """The answer a reader of the notebook would have given by this text, if this is the answer expected."""
    if isinstance(expected, str | bool) or not text.strip():
        return text
    plain = normalised(text)
    if plain is None or len(plain) > 2000 or is_deep(plain):
        return "a text"
    if torch.as_tensor(expected).ndim:
        lines = table(plain)
        if lines is not None:
            return lines
        printed = PRINTED.fullmatch(plain)
        plain = printed[1] if printed else plain
    elif GROUPED.fullmatch(plain):
        return re.sub(r"(?<=\d) (?=\d)", ",", plain)
    try:
        return read(plain)
    except UNREADABLE:
        return "a text"


def normalised(text: str) -> str | None:
    text = SUPERSCRIPTS.sub(lambda match: f"**({unicodedata.normalize('NFKC', match[0])})", text)
    if any(unicodedata.category(character) in ("Nl", "No") for character in text):
        return None
    text = unicodedata.normalize("NFKC", text).strip().translate(SIGNS)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text).strip()


def is_deep(text: str) -> bool:
    depths = [text[:i].count("(") + text[:i].count("[") - text[:i].count(")") - text[:i].count("]")
              for i in range(1, len(text) + 1)]  # fmt: skip
    return max(depths, default=0) > 100 or re.search(r"(?:[+-] *){101}", text) is not None


def table(text: str) -> list | None:
    lines = [re.findall(r"[^\s,]+", line) for line in text.split("\n") if line.strip()]
    plain = lines and all(lines) and all(PLAIN.fullmatch(word) for line in lines for word in line)
    if (len(lines) < 2 and "," in text) or not plain:
        return None
    rows = [[int(word) if re.fullmatch(r"[+-]?\d+", word) else float(word) for word in line] for line in lines]
    return rows if len(rows) > 1 else rows[0]


def read(text: str) -> object:
    if not WRITABLE.fullmatch(text) or re.search(r"\d[xXbBoOjJ]|//|%\s*\*\*", text):
        raise ValueError(text)
    text = re.sub(r"(?<![\w.])0(?:_?0)*_?(?=\d)", "", " ".join(text.split())).replace("%", "/100 ")
    return value(ast.parse(text, mode="eval").body)


def value(node: ast.expr) -> object:
    match node:
        case ast.Constant(bool() | None | float() | int() as constant):
            return constant if isinstance(constant, bool) or constant is None else exact(constant)
        case ast.Constant(constant) if constant is ...:
            return None
        case ast.Name(name) if name in NAMES:
            return NAMES[name]
        case ast.Attribute(ast.Name("math"), name) if name in NAMES:
            return NAMES[name]
        case ast.List(parts):
            return [value(part) for part in parts]
        case ast.Tuple(parts):
            return tuple(value(part) for part in parts)
        case ast.UnaryOp(ast.UAdd() | ast.USub() as sign, operand):
            number = a_number(value(operand))
            return -number if isinstance(sign, ast.USub) else number
        case ast.BinOp(left, sign, right) if type(sign) in OPERATORS:
            x, y = finite(value(left)), finite(value(right))
            if isinstance(sign, ast.Pow) and y > 1100 and abs(x) > 1:
                x = float(x)
            return finite(exact(OPERATORS[type(sign)](x, y)))
        case ast.Call(ast.Name(name) | ast.Attribute(ast.Name("math"), name), [argument], []) if name in FUNCTIONS:
            return finite(FUNCTIONS[name](finite(value(argument))))
    raise ValueError("not part of the grammar")


def a_number(x: object) -> int | float:
    if isinstance(x, bool) or not isinstance(x, int | float):
        raise TypeError("not a number")
    return x


def finite(x: object) -> int | float:
    if not math.isfinite(a_number(x)):
        raise OverflowError("not finite")
    return x


def exact(x: object) -> object:
    """Whole as long as a browser can count: beyond that the nearest float, or infinity."""
    if isinstance(x, int) and abs(x) > EXACT:
        try:
            return float(x)
        except OverflowError:
            return math.inf
    return x

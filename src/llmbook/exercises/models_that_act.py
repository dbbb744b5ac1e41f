"""The exercises of page 6.3: pieces a grammar allows, a mask, chances behind a mask, retries, a loop that trusts.

An automaton is a list of states: each a dictionary from symbols to the next state. A piece may follow if all its
symbols lead somewhere.
"""

from collections.abc import Callable

from llmbook.exercises.exercise import Exercise, Mistake

# --- which pieces may follow -----------------------------------------------------------------------------------

ALLOWED = Exercise(
    name="6.3-pieces",
    answer=4,
    right='t, to, tool and tool": a piece may stop inside a word or run beyond it, if every symbol is allowed.',
    mistakes=(
        Mistake(1, 'not only the whole word: t and to can still become it, and tool" goes on behind it.'),
        Mistake(2, "a piece may also stop inside the word, as t and to do."),
        Mistake(3, 'tool" spans two parts of the text, and is allowed: each of its five symbols is.'),
        Mistake(5, "one too many: behind tool the grammar wants a quotation mark, and tools has an s."),
        Mistake(6, "look at every symbol, not at the first alone: tools falls off at s, and a space is no t."),
        Mistake(7, "that is all of them; a space or a quotation mark cannot follow at once."),
    ),
)

# --- a mask ----------------------------------------------------------------------------------------------------

Mask = Callable[[list[dict[str, int]], int, list[str]], list[int]]


def walk(moves: list[dict[str, int]], state: int, piece: str) -> int | None:
    """The state behind the piece, or ``None`` where it falls off."""
    for symbol in piece:
        if symbol not in moves[state]:
            return None
        state = moves[state][symbol]
    return state


def mask(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """1 for each piece that may follow in this state, else 0."""
    return [int(piece != "" and walk(moves, state, piece) is not None) for piece in pieces]


def first_symbols(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Looks at the first symbol only."""
    return [int(piece[:1] in moves[state]) for piece in pieces]


def single_symbols(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """As if a piece were one symbol."""
    return [int(piece in moves[state]) for piece in pieces]


def standing_still(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Looks up every symbol in the state where the piece begins."""
    return [int(piece != "" and all(symbol in moves[state] for symbol in piece)) for piece in pieces]


def from_the_start(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Begins at state 0, whatever was written."""
    return mask(moves, 0, pieces)


def empty_too(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Allows the empty piece."""
    return [int(walk(moves, state, piece) is not None) for piece in pieces]


def to_the_end(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Wants the piece to end the text."""
    return [int(walk(moves, state, piece) == len(moves) - 1) for piece in pieces]


def falsy_start(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """Takes state 0 for no state."""
    return [int(bool(piece and walk(moves, state, piece))) for piece in pieces]


def shut_out(moves: list[dict[str, int]], state: int, pieces: list[str]) -> list[int]:
    """The other way round."""
    return [1 - allowed for allowed in mask(moves, state, pieces)]


YES_NO: list[dict[str, int]] = [{"y": 1, "n": 3}, {"e": 2}, {"s": 4}, {"o": 4}, {".": 5}, {}]
DIGITS: list[dict[str, int]] = [{"-": 1, "0": 2, "1": 2}, {"0": 2, "1": 2}, {"0": 2, "1": 2, ";": 3}, {}]
LIST: list[dict[str, int]] = [{"a": 1}, {",": 0, ".": 2}, {}]
WORDS = ["y", "ye", "yes", "yes.", "es", "s.", "no", "non", "o.", "yy", ""]
ITEMS = [",", ",a", ".", "a", ",,", ",a,", ""]
NUMBERS = ["-", "-1", "--", "10", "10;", "1;0", ";", "01-", "0", ""]

MASK = Exercise(
    name="6.3-mask",
    answer=mask,
    probes=(
        (YES_NO, 0, WORDS),
        (YES_NO, 1, WORDS),
        (YES_NO, 3, WORDS),
        (DIGITS, 0, NUMBERS),
        (DIGITS, 2, NUMBERS),
        (LIST, 1, ITEMS),
    ),
    right="the automaton knows symbols, the model knows pieces, and this walk is all that lies between them.",
    mistakes=(
        Mistake(first_symbols, "the first symbol is not enough: yy begins well and falls off at the second y."),
        Mistake(single_symbols, "a piece may have several symbols: walk through them one by one."),
        Mistake(standing_still, "each symbol moves to another state; the next is looked up there."),
        Mistake(from_the_start, "begin in the state that was given, not at 0."),
        Mistake(empty_too, "the empty piece would be written for ever: it may not follow."),
        Mistake(to_the_end, "a piece need not end the text; it must only not fall off."),
        Mistake(falsy_start, "a piece may lead back to state 0, which is a state: ask for `is not None`."),
        Mistake(shut_out, "1 is for what may follow, 0 for the rest."),
    ),
)

# --- what masking does to chances ------------------------------------------------------------------------------

A, B_AFTER_A, A_AFTER_B = 0.8, 0.1, 0.6  # chances of a at first, of b after a, of a after b
AB, BA = A * B_AFTER_A, (1 - A) * A_AFTER_B

SHARE = Exercise(
    name="6.3-share",
    answer=AB / (AB + BA),
    right="40 %, where masking step by step says 80 %: it cannot see that a leads where the model hardly wants to go.",
    mistakes=(
        Mistake(A, "that is what masking gives: after a it has to take b, whatever the model thinks of it."),
        Mistake(AB, "that is its chance among all texts; divide by the chance of the two that are allowed."),
        Mistake(BA / (AB + BA), "that is the share of ba."),
        Mistake(BA, "that is the chance of ba among all texts."),
        Mistake(B_AFTER_A, "that is b after a alone; the a in front has its chance too."),
        Mistake(AB / BA, "divide by both that are allowed, not by the other one."),
        Mistake(AB + BA, "that is the chance that a text is allowed at all."),
    ),
    digits=2,
)

# --- a check that sees some errors -----------------------------------------------------------------------------


def retried(p: float, seen: float, n: int) -> float:
    """The chance of n right steps, where a check sees the share ``seen`` of wrong steps, which are tried once more."""
    return (p + (1 - p) * seen * p) ** n


def no_retry(p: float, seen: float, n: int) -> float:
    """Without the second try."""
    return p**n


def sees_all(p: float, seen: float, n: int) -> float:
    """As if the check saw everything."""
    return retried(p, 1, n)


def mended(p: float, seen: float, n: int) -> float:
    """As if the second try were always right."""
    return (p + (1 - p) * seen) ** n


def one_step(p: float, seen: float, n: int) -> float:
    """Of a single step."""
    return retried(p, seen, 1)


def whole_chain(p: float, seen: float, n: int) -> float:
    """Checks and repeats the whole chain."""
    return retried(p**n, seen, 1)


def all_again(p: float, seen: float, n: int) -> float:
    """Tries again whether or not the first was right."""
    return (p + seen * p) ** n


def steps_times(p: float, seen: float, n: int) -> float:
    """Multiplies where a power belongs."""
    return retried(p, seen, 1) * n


def failing(p: float, seen: float, n: int) -> float:
    """The chance that the chain fails."""
    return 1 - retried(p, seen, n)


RETRIES = Exercise(
    name="6.3-retries",
    answer=retried,
    probes=((0.9, 0.5, 8), (0.8, 0.9, 5), (0.95, 0.2, 20), (0.7, 0.6, 3)),
    right="what a check does not see, no second try mends; so the errors it misses decide.",
    mistakes=(
        Mistake(no_retry, "a wrong step that is seen gets a second try."),
        Mistake(sees_all, "only the share `seen` of the wrong steps is tried again."),
        Mistake(mended, "the second try succeeds with probability p, not always."),
        Mistake(one_step, "that is one step; n of them must succeed."),
        Mistake(whole_chain, "each step is checked and tried again, not the whole chain."),
        Mistake(all_again, "only wrong steps are tried again: the share 1 - p."),
        Mistake(steps_times, "all n steps must succeed: a power, not a product with n."),
        Mistake(failing, "that is the chance that the chain fails."),
    ),
)

# --- a loop that trusts ----------------------------------------------------------------------------------------


def first_call(said: str) -> str:
    """What the model wrote, up to the end of its first call."""
    return said.partition("}")[0] + "}" if "}" in said else ""


def last_call(said: str) -> str:
    """The call behind an observation that the model has made up."""
    return first_call(said[said.rfind("{") :]) if "{" in said else ""


def all_of_it(said: str) -> str:
    """Everything, invented observations included."""
    return said


def up_to_last(said: str) -> str:
    """Up to the last bracket."""
    return said[: said.rfind("}") + 1]


def without_bracket(said: str) -> str:
    """The call without its end."""
    return said.partition("}")[0] if "}" in said else ""


def cut_at_observation(said: str) -> str:
    """Cuts where the word stands, which a model may spell otherwise."""
    return said.partition("\nObservation:")[0]


def call_alone(said: str) -> str:
    """The call without what was said before it."""
    return first_call(said[said.find("{") :]) if "{" in said else ""


def one_line(said: str) -> str:
    """Finds the end of the call only in the first line."""
    return first_call(first_line(said))


def first_line(said: str) -> str:
    """The first line, complete or not."""
    return said.partition("\n")[0]


CALL = '{"tool": "calculator", "input": "12 * 7"}'
INVENTED = '{"tool": "answer", "input": "74"}'

TRUST = Exercise(
    name="6.3-trust",
    answer=first_call,
    probes=(
        (CALL,),
        (f"{CALL}\nObservation: 74\n{INVENTED}",),
        (f"{CALL} The result is 74. {INVENTED}",),
        ('{"tool": "calculator", "input": "12 *',),
        (f"{CALL}\nobservation = 74",),
        (f"I will multiply. {CALL}\nObservation: 74",),
        ('{"tool": "calculator",\n "input": "12 * 7"}\nObservation: 74',),
    ),
    right="what stands behind the call is the model's guess at the world; only the program may say what came of it.",
    mistakes=(
        Mistake(last_call, "the last call rests on an observation that the model has made up; take the first."),
        Mistake(all_of_it, "behind the call the model goes on to write its own observation: cut there."),
        Mistake(up_to_last, "up to the first }, not the last: the second call rests on an invented observation."),
        Mistake(without_bracket, "the } belongs to the call."),
        Mistake(cut_at_observation, "a model may spell the word otherwise, or leave it out; the end of the call is }."),
        Mistake(call_alone, "keep what was said before the call: from the very beginning to the first }."),
        Mistake(one_line, "a call may go over several lines; with `re` that needs the flag DOTALL."),
        Mistake(first_line, "a call without its } is none: return the empty text; and its line may go on."),
    ),
)

EXERCISES = (ALLOWED, MASK, SHARE, RETRIES, TRUST)

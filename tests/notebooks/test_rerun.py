"""Running a page again changes nothing: not a byte the second time, and no output under another hash seed."""

import shutil

import nbformat
import pytest
from guard import PAGES, PICTURES

from run_notebooks import run_one


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One page as committed, run under one hash seed, and that run again under another."""
    page = PAGES[0]
    folder = tmp_path_factory.mktemp("rerun")
    texts = [page.read_text(encoding="utf-8")]
    shutil.copy(page, folder)
    with pytest.MonkeyPatch.context() as patch:
        for seed in ("1", "2718"):
            patch.setenv("PYTHONHASHSEED", seed)
            path, _, error = run_one(folder / page.name)
            assert not error, error
            texts.append(path.read_text(encoding="utf-8"))
    return texts


def test_the_second_run_leaves_no_difference(runs):
    assert runs[1] == runs[2]


def test_the_page_holds_what_a_fresh_run_gives(runs):
    """Pictures may differ by a hair between machines; their descriptions may not."""
    stored, fresh = (without_pictures(text) for text in runs[:2])
    assert stored == fresh


def without_pictures(text: str) -> nbformat.NotebookNode:
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for picture in PICTURES:
                output.get("data", {}).pop(picture, None)
    return notebook

"""What the build does for widgets with a stored model: it writes the model's parts, of today's model and no other."""

from types import SimpleNamespace

import pytest
from sphinx.errors import ExtensionError

import play_room
from llmbook.pages.widgets import stored_weights

NAME = "gpt-characters"


def page(digest: str, name: str = NAME) -> str:
    return f'<div class="llmbook-widget" data-widget="writer" data-model="{name}-{digest}"><table></table></div>'


def write(folder, exception=None) -> list[str]:
    app = SimpleNamespace(outdir=str(folder), builder=SimpleNamespace(format="html"))
    play_room.write_models(app, exception)
    return sorted(path.name for path in (folder / "_static/models").glob("*"))


def test_the_parts_of_a_models_bytes_are_written_where_a_page_uses_it(tmp_path):
    digest = stored_weights.digest(NAME)
    (tmp_path / "a.html").write_text(page(digest), encoding="utf-8")
    (tmp_path / "b.html").write_text(f"two of them: {page(digest)} {page(digest)}", encoding="utf-8")
    names = write(tmp_path)
    assert names == sorted(stored_weights.scripts(NAME))
    for name, text in stored_weights.scripts(NAME).items():
        assert (tmp_path / "_static/models" / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("names", [(NAME, "trigrams"), ("heads-anna", "heads-ten-words")])
def test_a_widget_may_need_several(tmp_path, names):
    both = {name: stored_weights.digest(name) for name in names}
    needed = " ".join(f"{name}-{digest}" for name, digest in both.items())
    (tmp_path / "a.html").write_text(f'<div class="llmbook-widget" data-model="{needed}">', encoding="utf-8")
    assert play_room.models_in(tmp_path) == both
    assert write(tmp_path) == sorted(file for name in names for file in stored_weights.scripts(name))


def test_without_such_a_page_nothing_is_written_and_what_was_goes(tmp_path):
    (tmp_path / "a.html").write_text('<div class="llmbook-widget" data-widget="attention_lab"></div>', encoding="utf-8")
    assert write(tmp_path) == []
    (tmp_path / "_static/models").mkdir(parents=True)
    (tmp_path / f"_static/models/{NAME}-0123456789ab-0.js").write_text("", encoding="utf-8")
    assert write(tmp_path, exception=ValueError("a failed build")) == [f"{NAME}-0123456789ab-0.js"]
    assert write(tmp_path) == []


def test_a_stored_output_of_a_model_that_was_trained_anew_is_an_error(tmp_path):
    (tmp_path / "a.html").write_text(page("0123456789ab"), encoding="utf-8")
    with pytest.raises(ExtensionError, match=f"shows {NAME} as it was before it was trained anew"):
        write(tmp_path)


def test_two_pages_that_show_different_models_by_one_name_are_an_error(tmp_path):
    for name, digest in (("a", stored_weights.digest(NAME)), ("b", "0123456789ab")):
        (tmp_path / f"{name}.html").write_text(page(digest), encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"b\.html shows another gpt-characters than a page before it"):
        write(tmp_path)


def test_a_widget_is_made_once_for_one_state_of_the_library(tmp_path, monkeypatch):
    library = tmp_path / "src/llmbook"
    library.mkdir(parents=True)
    (library / "a.py").write_text("a = 1", encoding="utf-8")
    made = []

    class Toy:
        def to_html(self) -> str:
            made.append(1)
            return f"<p>{len(made)}</p>"

    monkeypatch.setattr("llmbook.pages.widgets.Writer", Toy)
    assert [play_room.html_of("Writer", tmp_path, tmp_path / "memory") for _ in range(2)] == ["<p>1</p>"] * 2
    (library / "a.py").write_text("a = 2", encoding="utf-8")
    assert play_room.html_of("Writer", tmp_path, tmp_path / "memory") == "<p>2</p>"
    assert len(list((tmp_path / "memory").iterdir())) == 1

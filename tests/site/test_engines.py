"""The book in other browsers than Chromium: Firefox, and Safari's engine as WebKitGTK has it."""

import contextlib
import json
from collections.abc import Iterator

import engines
import pytest
from engines import ARROW_RIGHT, Engine, firefox, serve_listening, wait_for, webkit

import find_engines
from conftest import ROOT
from llmbook.pages import Writer

HTML = ROOT / "_build/html"
WITH_LABS = ["notebooks/04-1-one-head.html", "notebooks/04-3-many-heads.html", "notebooks/05-7-real-heads.html"]
PAGES = [*WITH_LABS, "notebooks/03-3-position.html", "index.html"]
PROSE = "chapters/how-to-use.html"
pytestmark = pytest.mark.xdist_group("engines")  # one Firefox and one WebKit at a time: two at once hinder each other


@pytest.fixture(scope="module")
def site(site_dir) -> Iterator[str]:
    with serve_listening(site_dir) as address:
        yield address


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def engine(request) -> Iterator[Engine]:
    programs = find_engines.found()
    missing = find_engines.missing(programs)
    assert not missing, f"not installed: {', '.join(missing)}; 'make test-site' installs them"
    if request.param == "firefox":
        with firefox(programs["firefox"]) as browser:
            yield browser
    else:
        with webkit(programs["webkit"], programs["xvfb"]) as browser:
            yield browser


@pytest.mark.parametrize("hangs", [0, 1, 2, 3])
def test_a_browser_that_hangs_at_its_start_is_started_anew(monkeypatch, hangs):
    starts = []

    @contextlib.contextmanager
    def start(*programs):
        starts.append(programs)
        if len(starts) <= hangs:
            raise TimeoutError("timed out")
        yield "a browser"

    monkeypatch.setattr(engines, "webkit_once", start)
    expected = pytest.raises(TimeoutError) if hangs == engines.STARTS else contextlib.nullcontext()
    with expected, webkit("driver", "xvfb") as browser:
        assert browser == "a browser"
    assert starts == [("driver", "xvfb")] * min(hangs + 1, engines.STARTS)


def test_it_is_another_engine(engine):
    engine.open("about:blank")
    assert "Chrome" not in engine.evaluate("navigator.userAgent")


LIVE = "[...document.querySelectorAll('.llmbook-widget[data-widget]')].map((place) => place.nextElementSibling)"
# The nth widget's slider that moves all its numbers, and what its pictures look like.
SLIDER = f"{LIVE}[%d].querySelector('input:is([aria-label=Temperature], [aria-label^=Width])')"
PICTURE = (
    f"[...{LIVE}[%d].querySelectorAll('svg, canvas')]"
    ".map((e) => (e.matches('canvas') ? e.toDataURL() : e.outerHTML)).join().replace(/ style=.[^>]*/g, '')"
)


@pytest.mark.parametrize("name", PAGES)
def test_every_widget_starts_and_answers_a_key(engine, site, name):
    engine.open(f"{site}/{name}")
    places = engine.evaluate("document.querySelectorAll('.llmbook-widget').length")
    assert places > 0
    wait_for(engine, "[...document.querySelectorAll('.llmbook-widget')].every((place) => place.hidden)")
    assert engine.evaluate(f"{LIVE}.every((live) => live.getBoundingClientRect().height > 100)")
    for n in range(places):
        before = engine.evaluate(PICTURE % n)
        engine.evaluate(f"({SLIDER % n}.scrollIntoView({{ block: 'center' }}), {SLIDER % n}.focus(), 1)")
        value = engine.evaluate(f"{SLIDER % n}.value")
        engine.press(ARROW_RIGHT)
        wait_for(engine, f"{SLIDER % n}.value !== '{value}'")
        assert before
        wait_for(engine, f"({PICTURE % n}) !== {json.dumps(before)}")
    assert engine.errors() == []


WRITER = "document.querySelector('.writer')"
SAYS = f"{WRITER}.querySelector('.sentence').textContent.includes('may be drawn')"
IS_READ = f"{WRITER}.querySelector('.candidates').getAttribute('aria-busy') === 'false'"
NUMBERS = f"[...{WRITER}.querySelectorAll('.number')].map((e) => Number.parseFloat(e.textContent))"
TYPE = f"""(() => {{ const field = {WRITER}.querySelector('textarea');
  field.value = 'We must 注意 🙂';
  field.dispatchEvent(new Event('input', {{ bubbles: true }}));
  return 1; }})()"""


def test_a_stored_model_comes_and_answers(engine, site):
    engine.open(f"{site}/chapters/play/writer.html")
    engine.evaluate(f"({WRITER}.querySelector('textarea').click(), 1)")
    wait_for(engine, SAYS)
    engine.evaluate(TYPE)
    wait_for(engine, IS_READ)
    expected = [chance for _, chance in Writer("We must 注意 🙂").next_tokens(12)]
    assert engine.evaluate(NUMBERS) == pytest.approx(expected, abs=1e-3)  # what is shown has three decimals
    engine.evaluate(f"({WRITER}.querySelectorAll('.buttons button')[2].click(), 1)")
    wait_for(engine, f"{WRITER}.querySelector('textarea').value.length > 60 && {IS_READ}")
    assert engine.errors() == []


PARTS = {"msub": 2, "msup": 2, "mfrac": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
INCOMPLETE = (
    f"Object.entries({json.dumps(PARTS)}).flatMap(([tag, n]) => [...document.querySelectorAll(tag)]"
    ".filter((e) => e.children.length !== n).map((e) => e.outerHTML))"
)


@pytest.mark.parametrize("name", ["notebooks/04-3-many-heads.html", "notebooks/04-4-properties.html"])
def test_formulas_have_all_their_parts(engine, site, name):
    engine.open(f"{site}/{name}")
    assert engine.evaluate("document.querySelectorAll('msub').length") > 0
    assert engine.evaluate(INCOMPLETE) == []
    engine.evaluate("(document.querySelector('msub').lastElementChild.remove(), 1)")
    assert len(engine.evaluate(INCOMPLETE)) == 1


def test_formulas_and_their_fonts_load(engine, site):
    engine.open(f"{site}/{PAGES[0]}")
    wait_for(engine, "document.fonts.status === 'loaded' && [...document.fonts].some((f) => f.status === 'loaded')")
    fonts = engine.evaluate("[...document.fonts].map((f) => [f.family.replaceAll('\"', ''), f.status])")
    assert any(family.startswith("KaTeX") and status == "loaded" for family, status in fonts)
    assert [family for family, status in fonts if status == "error"] == []
    boxes = engine.evaluate(
        "[...document.querySelectorAll('article .katex-html')].map((e) => e.getBoundingClientRect().height)"
    )
    assert boxes
    assert min(boxes) > 5
    assert engine.errors() == []


FIELD = "document.querySelector('.llmbook-exercise[data-name=\"4.1-swap\"] form')"


def test_an_answer_is_judged_and_kept(engine, site):
    engine.open(f"{site}/{PAGES[0]}")
    wait_for(engine, f"{FIELD} !== null")
    for word, verdict in (("cat", "Not quite: "), ("Mat.", "Correct: ")):
        engine.evaluate(f"({FIELD}.querySelector('input').value = '{word}', {FIELD}.requestSubmit(), 1)")
        wait_for(engine, f"{FIELD}.querySelector('.verdict').textContent.startsWith('{verdict}')")
    assert engine.evaluate("document.querySelector('.llmbook-progress').textContent") == "1 of 4 done"
    assert engine.errors() == []


BUTTON = "[...document.querySelectorAll('.primary-toggle[aria-haspopup=dialog]')].find((e) => e.checkVisibility())"
IN_VIEW = """[...document.querySelectorAll('dialog[open]')].some((e) => {
  const box = e.getBoundingClientRect();
  return box.width > 100 && box.left >= 0 && box.left < innerWidth && e.querySelector('a').checkVisibility();
})"""


def test_the_drawer_opens(engine, site):
    engine.open(f"{site}/{PROSE}", width=600)
    assert not engine.evaluate(IN_VIEW)
    engine.evaluate(f"({BUTTON}.click(), 1)")
    wait_for(engine, IN_VIEW)
    assert engine.evaluate(f"{BUTTON}.getAttribute('aria-expanded')") == "true"
    assert engine.errors() == []


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_taken(engine, site, dark):
    engine.open(f"{site}/{PROSE}")
    theme = "dark" if dark else "light"
    engine.evaluate(f"(document.documentElement.dataset.theme = '{theme}', 1)")
    red = "getComputedStyle(document.querySelector('article p')).color.match(/\\d+/)[0]"
    wait_for(engine, f"({red} > 128) === {str(dark).lower()}")


def test_an_error_is_seen(engine, site):
    """The canary: an error of the page's own must turn up."""
    engine.open(f"{site}/{PROSE}")
    engine.evaluate("(setTimeout(() => { throw new Error('a canary') }), 1)")
    engine.evaluate("new Promise((done) => setTimeout(done, 200, 1))")
    assert any("a canary" in error for error in engine.errors())

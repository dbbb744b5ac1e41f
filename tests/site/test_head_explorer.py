"""The head explorer in Chromium: its numbers against the library's, every control, the game, its speed, its manners."""

import gzip
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import manners
import pytest
import small_pages
import speed
import torch
from odd_texts import odd_texts
from playwright.sync_api import Page, expect
from taken_down import WAYS, check_taken_down
from test_pages import violations

from llmbook.pages import HeadExplorer
from llmbook.pages.head_scores import KINDS
from llmbook.pages.widgets import stored_weights
from llmbook.pages.widgets.explored import CHOICES, STATE
from llmbook.pages.widgets.prepared_heads import SETS, prepared

CLOSE = 1e-9  # float64 on both sides, of the same float16 numbers
HALF = 0.00501  # of the last digit shown
ODD_WORDS = ["<script>window.hacked=1</script>", "\n", "", "注意", "שלום", "🙂", "\ufeff", "x" * 300, "__proto__"]
NAMES = {"previous": "previous token", "duplicate": "duplicate token"}


def tensors(L: int, H: int, T: int, d_k: int, H_kv: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(seed)
    return tuple(3 * torch.randn(L, heads, T, d_k, generator=dice) for heads in (H, H_kv))


def odd() -> HeadExplorer:
    T = len(ODD_WORDS)
    return HeadExplorer(*tensors(2, 4, T, 6, 2), ODD_WORDS, layers=[7, 2], names={"L2H3": "<i>mine</i>"}, causal=True)


def many(T: int = 64, H: int = 12, L: int = 6) -> HeadExplorer:
    return HeadExplorer(*tensors(L, H, T, 16, H), [f"w{t % 50}" for t in range(T)], score="previous")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = small_pages.lay_out(
        tmp_path_factory.mktemp("heads"), "head_explorer", parts=[f"heads-{name}" for name in SETS]
    )
    pages = {
        "plain": [HeadExplorer()],
        "ten-words": [HeadExplorer(sentence="ten-words")],
        "two": [HeadExplorer(), odd()],
        "odd": [odd()],
        "one": [HeadExplorer(*tensors(1, 1, 1, 2, 1), ["word"])],
        "32": [many(32)],
        "64": [many()],
        "a layer at 32": [many(32, L=1)],
        "a layer at 64": [many(64, L=1)],
    }
    small_pages.write_pages(folder, pages)
    return folder


@pytest.fixture
def open_heads(opener) -> Callable[..., Page]:
    return opener(".head-explorer", wake=wake)


def wake(page: Page) -> None:
    if page.get_by_role("button", name="Show all heads").count():
        page.get_by_role("button", name="Show all heads").click()
    page.locator(".heads .one-head").first.wait_for()


def link(**values) -> str:
    return f"#head_explorer={quote(json.dumps(values))}"


def state_of(explorer: HeadExplorer) -> dict:
    return {name: getattr(explorer, name) for name in STATE}


# --- numbers ------------------------------------------------------------------------------------------------------

READ = """async ([source, state, bytes]) => {
  const traits = { source, ...state };
  const model = { get: (name) => traits[name], on() {}, off() {}, save_changes() {} };
  const { Explorer, fromBytes } = llmbookHeads;
  const explorer = new Explorer(model, new AbortController().signal);
  if (bytes) {
    const set = await fromBytes(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)));
    explorer.sets.get = () => set;
    explorer.refresh();
  }
  const kinds = Object.keys(explorer.set.templates);
  return { all: [...explorer.all], shown: [...explorer.shown], words: explorer.words, labels: explorer.set.labels,
    scores: Object.fromEntries(kinds.map((kind) => [kind, [...explorer.scoresOf(kind)]])) };
}"""


def agree(page: Page, explorer: HeadExplorer) -> None:
    """All that the front end computes of a state is what the library computes of it."""
    packed = stored_weights.in_base64(f"heads-{explorer.sentence}", 0) if explorer.sentence else None
    found = page.evaluate(READ, [explorer.source, state_of(explorer), packed])
    assert (found["words"], found["labels"]) == (explorer.words, explorer.opened.labels)
    assert list(found["scores"]) == list(explorer.scores)
    pairs = [(found["all"], explorer.all_weights), (found["shown"], explorer.weights)]
    pairs += [(found["scores"][kind], score) for kind, score in explorer.scores.items()]
    for ours, theirs in pairs:
        found_numbers = torch.tensor(ours, dtype=torch.float64).view_as(theirs)
        torch.testing.assert_close(found_numbers, theirs, atol=CLOSE, rtol=0)


def random_states(count: int) -> list[HeadExplorer]:
    rng = random.Random(0)
    made = []
    for seed in range(count):
        options = {
            "against": rng.choice(CHOICES["against"]),
            "mask": rng.choice(CHOICES["mask"]),
            "temperature": rng.choice([0.05, 0.3, 1.0, 2.7, 100.0]),
            "scaled": rng.random() < 0.5,
        }
        if seed % 3:
            H_kv, T = rng.randint(1, 3), rng.randint(1, 12)
            H, L = H_kv * rng.randint(1, 3), rng.randint(1, 3)
            words = [rng.choice(["a", "b", "注", "🙂", "", " "]) for _ in range(T)]
            labels = [f"L{layer}H{head}" for layer in range(L) for head in range(H)]
            pronouns = [[rng.randrange(T) for _ in range(3)] for _ in range(rng.choice([0, 0, 2]))]
            rest = sorted({rng.randrange(T) for _ in range(rng.choice([0, 1, 2]))})
            options |= {"causal": rng.random() < 0.5, "rest": rest, "pronouns": pronouns}
            given = (*tensors(L, H, T, rng.randint(1, 9), H_kv, seed), words)
        else:
            options["sentence"] = rng.choice([*SETS])
            labels = prepared(options["sentence"]).labels
            given = ()
        options["heads"] = rng.sample(labels, rng.randint(1, min(4, len(labels))))
        options["kept"] = rng.sample(labels, rng.randint(0, min(4, len(labels))))
        made.append(HeadExplorer(*given, **options))
    return made


def test_the_core_equals_the_library_on_random_states(open_heads):
    page = open_heads(awake=False)
    for explorer in random_states(200):
        agree(page, explorer)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Math.sqrt(", "Math.cbrt("), ("<<8", "<<7"), ("Math.exp(", "Math.exp(1+0.9*")],
    ids=["scale", "half precision", "softmax"],
)
def test_a_wrong_core_is_noticed(open_heads, old, new):
    page = open_heads(awake=False)
    script = small_pages.TESTING.read_text(encoding="utf-8")
    assert old in script
    page.evaluate(script.replace(old, new))
    with pytest.raises(AssertionError):
        agree(page, HeadExplorer())


def python_of(page: Page, scope: dict | None = None) -> HeadExplorer:
    """The explorer that the copied code makes."""
    scope = scope or {}
    exec(page.locator("pre").first.text_content().rsplit("\n", 1)[0], scope)
    return scope["explorer"]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def table_of(page: Page, title: str) -> list[list[str]]:
    part = page.locator("details", has_text=title)
    if not part.evaluate("(e) => e.open"):
        part.locator("summary").click()
    part.locator("tbody tr").first.wait_for()
    return [row.locator("th, td").all_inner_texts() for row in part.locator("tbody tr").all()]


def shades_of(page: Page) -> list[float]:
    return page.evaluate(
        "[...document.querySelectorAll('.map .heat:not(.legend) .cells rect')].map((e) => "
        "(e.classList.contains('less') ? -1 : 1) * e.getAttribute('fill-opacity'))"
    )


def full_of(page: Page) -> float:
    return number(page.locator(".legend:not([hidden]) text").last.text_content())


def shows(page: Page, explorer: HeadExplorer) -> None:
    """The map, its table, and the table of scores are the explorer's, to the digits shown."""
    page.wait_for_timeout(30)
    rows = table_of(page, "The weights as a table")
    shown = torch.tensor([[number(text) for text in row[1:]] for row in rows]).double()
    torch.testing.assert_close(shown, explorer.weights, atol=HALF, rtol=0)
    full = full_of(page)
    shades = torch.tensor(shades_of(page)).double().view_as(explorer.weights)
    torch.testing.assert_close(shades * full, explorer.weights, atol=0.0045 * full, rtol=0)
    heads = {row[0]: row[2:] for row in table_of(page, "The heads and their scores as a table")}
    for place, label in enumerate(explorer.opened.labels):
        if label in heads:
            expected = torch.stack([score.flatten()[place] for score in explorer.scores.values()])
            found = torch.tensor([number(text) for text in heads[label]]).double()
            torch.testing.assert_close(found, expected, atol=HALF, rtol=0)


# --- the heads come -----------------------------------------------------------------------------------------------


def script_of_set(name: str) -> str:
    (script,) = small_pages.names_of_parts(f"heads-{name}")
    return script


def test_the_heads_come_at_the_first_touch_and_not_before(open_heads):
    page = open_heads(awake=False)
    size = round(stored_weights.describe("heads-anna")["bytes"] * 4 / 3000)
    expect(page.locator(".coming")).to_contain_text(f"All 72 heads come when you first use this: {size} kB.")
    manners.check_going_by_is_no_touch(page)
    opening = page.locator(".sentence").inner_text()
    page.get_by_role("slider", name="Temperature").press("ArrowRight")
    page.locator(".heads .one-head").first.wait_for()
    assert small_pages.parts_loaded(page) == [script_of_set("anna")]
    page.get_by_role("slider", name="Temperature").press("ArrowLeft")
    expect(page.locator(".sentence")).to_have_text(opening.replace("L1H3", "L1H3 (pronoun)"))
    assert page.locator(".coming").is_hidden()
    manners.check_quiet(page)


def test_what_is_shown_before_is_what_is_shown_after(open_heads):
    page = open_heads(awake=False)
    before = shades_of(page)
    page.get_by_role("button", name="Show all heads").click()
    page.locator(".heads .one-head").first.wait_for()
    after = shades_of(page)
    assert before == after


@pytest.mark.parametrize("name", SETS)
def test_another_sentence_comes_when_it_is_chosen(open_heads, name):
    page = open_heads()
    page.get_by_role("combobox", name="Sentence").select_option(name)
    expect(page.locator(".map .caption")).to_contain_text(SETS[name].head)
    expect(page.locator(".heads .one-head")).to_have_count(len(prepared(name).labels))
    assert set(small_pages.parts_loaded(page)) == {script_of_set("anna"), script_of_set(name)}
    agree_with = python_of(page)
    assert agree_with.heads == [SETS[name].head]
    shows(page, agree_with)
    assert page.locator(".heads .one-head.named .label").all_inner_texts() == [
        label for label in prepared(name).labels if label in prepared(name).names
    ]


def test_a_sentence_that_does_not_come_is_told_and_a_second_try_helps(open_heads, folder):
    page = open_heads()
    with small_pages.part_away(folder, script_of_set("animal")):
        page.get_by_role("combobox", name="Sentence").select_option("animal")
        expect(page.locator(".coming")).to_contain_text("The heads could not be opened: part 1 of 1 did not come.")
    page.get_by_role("button", name="Try again").click()
    page.locator(".heads .one-head").first.wait_for()
    shows(page, HeadExplorer(sentence="animal"))


def test_bytes_that_are_no_heads_are_told(open_heads, folder):
    with small_pages.part_spoilt(folder, script_of_set("anna")):
        page = open_heads(awake=False)
        page.get_by_role("button", name="Show all heads").click()
        expect(page.locator(".coming")).to_contain_text("could not be opened")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("name", SETS)
def test_a_sentence_is_light(name):
    (text,) = stored_weights.scripts(f"heads-{name}").values()
    assert len(gzip.compress(text.encode())) <= 100_000


def test_from_disk_without_a_server(open_heads, folder):
    page = open_heads(base=f"file://{folder}", link=link(sentence="captains", heads=["L18H7"], score="rest"))
    shows(page, HeadExplorer(sentence="captains", heads=["L18H7"], score="rest"))
    manners.check_quiet(page)


def test_in_a_notebook_python_is_asked_for_each_sentence_by_name(open_heads):
    page = open_heads(awake=False)
    packed = {name: stored_weights.in_base64(f"heads-{name}", 0) for name in SETS}
    found = page.evaluate(
        """async ([traits, packed]) => {
          const asked = [], listeners = new Map();
          const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
          const model = {
            get: (name) => traits[name],
            set: (name, value) => { traits[name] = value; of(`change:${name}`).forEach((call) => call()); },
            on: (event, call) => of(event).add(call), off: (event, call) => of(event).delete(call), save_changes() {},
            send: (message) => {
              asked.push(message);
              const bytes = Uint8Array.from(atob(packed[message.name.replace('heads-', '')]), (c) => c.charCodeAt(0));
              const answer = [{ part: 0, name: message.name }, [new DataView(bytes.buffer)]];
              setTimeout(() => of('msg:custom').forEach((call) => call(...answer)));
            },
          };
          const el = document.body.appendChild(document.createElement('div'));
          llmbookHeads.headExplorer.render({ model, el });
          model.set('sentence', 'ten-words');
          model.set('sentence', 'captains');
          await new Promise((done) => setTimeout(done, 800));
          return [asked, el.querySelectorAll('.one-head').length, el.querySelectorAll('a').length];
        }""",
        [{"source": HeadExplorer().source, **state_of(HeadExplorer())}, packed],
    )
    asked, cells, links = found
    assert asked[0] == {"part": 0, "name": "heads-anna"}
    assert {"part": 0, "name": "heads-captains"} in asked
    assert (cells, links) == (36, 0)


# --- every control ------------------------------------------------------------------------------------------------


def test_temperature_scale_and_mask_are_computed(open_heads):
    page = open_heads("ten-words")
    for value in ("0.05", "0.5", "1", "2.35", "5"):
        page.get_by_role("slider", name="Temperature").fill(value)
        assert f"scores = scores / {float(value):g}" in page.locator(".controls").last.inner_text()
        made = python_of(page)
        assert made.temperature == float(value)
        shows(page, made)
    page.get_by_label("divide by √d_k").uncheck()
    assert python_of(page).scaled is False
    for mask, code in (("none", "None"), ("causal", "causal_mask(T)"), ("own", "causal_mask(T)")):
        page.get_by_role("combobox", name="Mask").select_option(mask)
        expect(page.locator(".controls").last).to_contain_text(f"may_attend = {code}")
        made = python_of(page)
        assert made.mask == mask
        shows(page, made)
        crosses = page.locator(".map .crosses path[visibility=visible]").count()
        assert crosses == (0 if mask == "none" else 190)


@pytest.mark.parametrize("kind", KINDS)
def test_every_score_sorts_and_filters(open_heads, kind):
    page = open_heads("ten-words" if kind != "pronoun" else "plain")
    page.get_by_role("combobox", name=re.compile("^Score")).select_option(kind)
    made = python_of(page)
    scores = made.scores[kind].flatten()
    cells = page.locator(".heads .one-head")
    shown = [number(text) for text in cells.locator(".score").all_inner_texts()]
    torch.testing.assert_close(torch.tensor(shown).double(), scores, atol=HALF, rtol=0)
    page.get_by_role("combobox", name="Order").select_option("score")
    best = scores.argsort(descending=True, stable=True)
    labels = [made.opened.labels[place] for place in best]
    expect(cells.first).to_contain_text(labels[0])
    assert cells.locator(".label").all_inner_texts() == labels
    page.get_by_role("slider", name="Least score").fill("0.2")
    kept = int((scores >= 0.2).sum())
    expect(cells).to_have_count(kept)
    expect(page.get_by_role("status").filter(has_text="score 0.20 or more")).to_have_text(
        f"{kept} of {len(scores)} heads score 0.20 or more."
    )
    made = python_of(page)
    assert (made.score, made.order, made.least) == (kind, "score", 0.2)
    page.get_by_role("slider", name="Least score").fill("-1" if kind == "pronoun" else "0")
    expect(cells).to_have_count(len(scores))
    assert python_of(page).least == -1


def test_a_score_that_the_sentence_has_not_is_told(open_heads):
    page = open_heads("ten-words")
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("pronoun")
    expect(page.get_by_role("status").filter(has_text="pronoun")).to_contain_text("there is no such score")
    assert page.locator(".heads .one-head .score").first.inner_text() == ""
    page = open_heads("one")
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("previous")
    expect(page.get_by_role("status").filter(has_text="no previous one")).to_be_visible()


def cell(page: Page, label: str):
    return page.locator(".heads .one-head", has=page.get_by_text(label, exact=True))


def test_a_head_is_shown_in_passing_and_a_click_keeps_it(open_heads):
    page = open_heads()
    sentence, caption = page.locator(".sentence"), page.locator(".map .caption")
    cell(page, "L0H2").hover()
    expect(caption).to_contain_text("L0H2 (previous token): rows are queries, columns keys")
    assert python_of(page).heads == ["L1H3"]
    page.mouse.move(1, 1)
    expect(sentence).to_contain_text("In L1H3 (pronoun), “she” attends")
    cell(page, "L0H2").click()
    page.mouse.move(1, 1)
    expect(sentence).to_contain_text("In L0H2 (previous token), “she” attends")
    shows(page, HeadExplorer(heads=["L0H2"]))


def test_several_heads_are_combined(open_heads):
    page = open_heads()
    page.get_by_label("a click adds a head").check()
    cell(page, "L2H4").click()
    page.mouse.move(1, 1)
    expect(page.locator(".map .caption")).to_contain_text("The mean of L1H3 and L2H4")
    shows(page, HeadExplorer(heads=["L1H3", "L2H4"]))
    cell(page, "L1H3").click()  # taken away again
    assert python_of(page).heads == ["L2H4"]
    cell(page, "L2H4").click()  # the last one stays
    assert python_of(page).heads == ["L2H4"]
    page.get_by_label("a click adds a head").uncheck()
    cell(page, "L5H0").click(modifiers=["Control"])
    assert python_of(page).heads == ["L2H4", "L5H0"]
    selected = page.locator(".heads [aria-selected=true] .label").all_inner_texts()
    assert selected == ["L2H4", "L5H0"]
    cell(page, "L0H0").click()
    assert python_of(page).heads == ["L0H0"]


def test_two_heads_and_two_settings_are_compared(open_heads):
    page = open_heads()
    less = page.get_by_role("combobox", name="Less")
    less.select_option("kept")  # what is chosen is kept
    page.mouse.move(1, 1)
    assert set(shades_of(page)) == {0}
    cell(page, "L2H4").click()
    page.mouse.move(1, 1)
    made = python_of(page)
    assert (made.heads, made.kept, made.against) == (["L2H4"], ["L1H3"], "kept")
    shows(page, made)
    row = made.weights[made.row, made.key].item()
    expect(page.locator(".sentence")).to_contain_text(f"makes {row:+.2f}.".replace("-", "−"))
    expect(page.get_by_role("gridcell")).to_contain_text(f"{row:+.2f}".replace("-", "−"))
    page.get_by_role("button", name="Keep L2H4 instead of L1H3").click()
    assert python_of(page).kept == ["L2H4"]
    less.select_option("own")
    page.get_by_label("divide by √d_k").uncheck()
    made = python_of(page)
    assert made.against == "own"
    shows(page, made)
    less.select_option("nothing")
    shows(page, python_of(page))


@pytest.mark.parametrize("against", CHOICES["against"])
def test_the_legend_says_what_a_shade_stands_for(open_heads, against):
    page = open_heads(link=link(heads=["L2H4"], kept=["L0H2"], against=against, temperature=2))
    scale = page.locator(".legend:not([hidden])")
    said = [number(text) for text in scale.locator("text").all_text_contents()]
    shades = scale.locator(".cells rect").evaluate_all(
        "(all) => all.map((e) => (e.classList.contains('less') ? -1 : 1) * e.getAttribute('fill-opacity'))"
    )
    full = 1.0
    if against != "nothing":
        full = -(-10 * python_of(page).weights.abs().max().item() // 1) / 10
        colours = scale.locator(".cells rect").evaluate_all("(all) => all.map((e) => getComputedStyle(e).fill)")
        assert len(set(colours[:3])) == len(set(colours[3:])) == 1
        assert colours[0] != colours[5]
        negative = page.locator(".map .heat:not(.legend) rect.less").first
        assert negative.evaluate("(e) => getComputedStyle(e).fill") == colours[0]
    assert said == pytest.approx([share * full for share in shades], abs=0.0051)


PIXELS = """() => [...document.querySelectorAll('.heads canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return [...data].filter((_, i) => i % 4 === 3); })"""


def test_each_thumbnail_shows_its_heads_weights(open_heads):
    page = open_heads("ten-words")
    page.get_by_role("slider", name="Temperature").fill("2")
    page.wait_for_timeout(50)
    expected = HeadExplorer(sentence="ten-words", temperature=2.0).all_weights.flatten(0, 1).flatten(1)
    found = torch.tensor(page.evaluate(PIXELS)).double() / 255
    torch.testing.assert_close(found, expected, atol=0.5 / 255 + 1e-9, rtol=0)


def test_thumbnails_follow_the_theme(open_heads):
    page = open_heads()
    colour = """() => { const canvas = document.querySelector('.heads .opens-row canvas');
      return [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data].slice(0, 3).join(); }"""
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_timeout(50)
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(50)
    assert page.evaluate(colour) != light


def test_each_control_names_its_line(open_heads):
    page = open_heads()
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("rest")
    page.get_by_role("slider", name="Least score").fill("0.5")
    lines = page.locator(".head-explorer .control:visible").evaluate_all(
        "(all) => all.map((e) => e.querySelector('code')?.textContent ?? '')"
    )
    assert len(lines) == 9
    assert all(lines)
    for line in lines:
        compile(line, "control", "exec")


def test_the_line_of_a_score_gives_the_score(open_heads):
    """On the page's own sentences; what a line names without saying how it is had stands in its comment."""
    page = open_heads()
    for name in SETS:
        page.get_by_role("combobox", name=re.compile("^Sentence")).select_option(name)
        explorer, opened = HeadExplorer(sentence=name), prepared(name)
        words, T = opened.words, len(opened.words)
        pairs = [(t, s) for t in range(T) for s in range(t) if words[s] == words[t]]
        for kind, expected in explorer.scores.items():
            page.get_by_role("combobox", name=re.compile("^Score")).select_option(kind)
            line = page.locator(".control", has=page.get_by_role("combobox", name=re.compile("^Score"))).locator("code")
            known = {"weights": explorer.all_weights, "rest": opened.rest}
            known["others"] = [t for t in range(T) if t not in opened.rest]
            t, s = zip(*pairs, strict=True) if pairs else ((), ())
            known |= {"t": torch.arange(1, T)} if kind == "previous" else {"t": list(t), "s": torch.tensor(s)}
            if opened.pronouns:
                known |= dict(zip(("p", "right", "wrong"), torch.tensor(opened.pronouns).T, strict=True))
            found = eval(line.inner_text(), known)
            torch.testing.assert_close(found, expected, atol=1e-12, rtol=0, msg=f"{name}, {kind}")


# --- find the head ------------------------------------------------------------------------------------------------


def asked_kind(page: Page) -> str:
    question = page.locator("p.question").inner_text()
    signs = {
        "before": "previous",
        "came next": "induction",
        "same word": "duplicate",
        "rests": "rest",
        "actor": "pronoun",
    }
    (kind,) = [kind for sign, kind in signs.items() if sign in question]
    return kind


def test_find_the_head_scores_with_the_readers_confidence(open_heads):
    page = open_heads("ten-words")
    verdict = page.locator(".verdict")
    page.get_by_role("button", name="Find the head").click()
    assert asked_kind(page) == "previous"
    assert page.get_by_role("combobox", name=re.compile("^Score")).count() == 0
    assert page.locator(".heads .named").count() == 0  # a name would tell
    assert "(" not in page.locator(".sentence").inner_text().split("attends")[0].replace("(2)", "")
    cell(page, "L16H0").click()
    page.get_by_label("How sure are you?").select_option("0.9")
    page.get_by_role("button", name="It is L16H0").click()
    score = HeadExplorer(sentence="ten-words").scores["previous"].max().item()
    expect(verdict).to_contain_text(f"Right: L16H0 scores {score:.2f}, and no other of 36 more.")
    expect(verdict).to_contain_text("Brier score of this answer: 0.01")
    expect(page.get_by_role("combobox", name=re.compile("^Score"))).to_have_value("previous")
    expect(page.get_by_role("button", name="Find the head")).to_be_focused()
    page.get_by_role("button", name="Find the head").click()
    assert asked_kind(page) == "duplicate"  # another one, and not that of which the opening sentence has named a head
    page.get_by_label("How sure are you?").select_option("0.9")
    cell(page, "L18H8").click()
    page.get_by_role("button", name="It is L18H8").click()
    expect(verdict).to_contain_text("Not quite: L18H8 scores 0.10, place ")
    expect(verdict).to_contain_text("of 36; L14H3 scores 0.76. Brier score of 2 answers: 0.41")
    kept = page.evaluate("JSON.parse(localStorage['llmbook-answers']).head_explorer.exercises")
    assert [answer["first"] for answer in kept.values()] == [{"sure": 0.9, "right": right} for right in (True, False)]


def test_what_was_seen_is_asked_last_and_counts_no_more(open_heads):
    page = open_heads("ten-words")
    for kind in ("previous", "induction", "duplicate"):
        page.get_by_role("combobox", name=re.compile("^Score")).select_option(kind)
    page.get_by_role("button", name="Find the head").click()
    assert asked_kind(page) == "rest"
    page.get_by_role("button", name="Give up").click()
    expect(page.locator(".verdict")).to_have_text("The answer: L18H8 scores 1.00.")
    expect(page.get_by_role("combobox", name=re.compile("^Score"))).to_have_value("rest")
    page.get_by_role("button", name="Find the head").click()
    assert asked_kind(page) == "previous"
    cell(page, "L16H0").click()
    page.get_by_label("How sure are you?").select_option("0.99")
    page.get_by_role("button", name="It is L16H0").click()
    told = "You have seen a score or a name of this kind before, so the answer does not count."
    expect(page.locator(".verdict")).to_contain_text(told)
    assert page.evaluate("localStorage['llmbook-answers']") is None


def test_what_a_name_has_told_counts_no_more(open_heads):
    page = open_heads()
    cell(page, "L0H2").hover()
    expect(page.locator(".sentence")).to_contain_text("In L0H2 (previous token), ")
    page.get_by_role("button", name="Find the head").click()
    assert asked_kind(page) != "previous"
    while asked_kind(page) != "previous":
        page.get_by_role("button", name="Give up").click()
        page.get_by_role("button", name="Find the head").click()
    cell(page, "L0H2").click()
    page.get_by_label("How sure are you?").select_option("0.99")
    page.get_by_role("button", name="It is L0H2").click()
    expect(page.locator(".verdict")).to_contain_text("so the answer does not count.")
    assert page.evaluate("localStorage['llmbook-answers']") is None


def test_the_game_can_be_the_first_touch_and_needs_one_head(open_heads):
    page = open_heads(awake=False)
    page.get_by_role("button", name="Find the head").click()
    page.locator(".heads .one-head").first.wait_for()
    assert asked_kind(page) == "previous"
    cell(page, "L0H0").click(modifiers=["Control"])
    assert page.get_by_role("button", name="Choose one head").is_disabled()
    cell(page, "L0H2").click()
    page.get_by_role("button", name="It is L0H2").click()
    expect(page.locator(".verdict")).to_contain_text("Right: L0H2 scores 1.00")


def test_what_was_found_counts_on_the_page_of_calibration(open_page, site):
    page, seen = open_page(f"{site}/chapters/play/head-explorer.html")
    page.get_by_role("button", name="Find the head").click()
    page.locator(".heads .one-head").first.wait_for()
    cell(page, "L0H2").click()
    page.get_by_label("How sure are you?").select_option("0.7")
    page.get_by_role("button", name="It is L0H2").click()
    manners.check_counted(page, site, "0.090 over 1 first answer")
    assert (seen.errors, seen.foreign) == ([], [])


# --- a state that can be had again --------------------------------------------------------------------------------

FULL = {
    "sentence": "captains",
    "heads": ["L17H5", "L18H6"],
    "kept": ["L16H0"],
    "against": "kept",
    "temperature": 1.7,
    "scaled": False,
    "mask": "none",
    "score": "induction",
    "order": "score",
    "least": 0.1,
    "row": 7,
    "key": 2,
}


def test_a_link_brings_the_state_back(open_heads):
    page = open_heads(link=link(**FULL))
    made = python_of(page)
    assert state_of(made) == FULL
    shows(page, made)
    href = page.get_by_role("link", name="Link to this state").get_attribute("href")
    again = open_heads(link=href)
    assert state_of(python_of(again)) == FULL
    page.get_by_role("link", name="Link to this state").click()  # into the page's own address
    page.get_by_role("slider", name="Temperature").fill("3")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("1.7")


LINKS = [
    {},
    dict.fromkeys(STATE, -7),
    dict.fromkeys(STATE, "<img src=x onerror=window.hacked=1>"),
    {name: [] for name in STATE},
    dict.fromkeys(STATE),
    {"sentence": "nobody", "heads": ["L99H99"], "kept": ["L1H99"], "against": "kept", "row": 63, "key": 63},
    {"temperature": 0, "least": -2, "row": 1.5, "key": -1, "heads": ["x"], "source": {}, "score": "__proto__"},
]


@pytest.mark.parametrize("values", LINKS)
def test_of_a_link_nothing_is_trusted(open_heads, values):
    page = open_heads(link=link(**values))
    made = python_of(page)  # Python would refuse what cannot be
    assert (made.sentence, made.temperature, made.mask, made.score) == ("anna", 1, "own", "none")
    shows(page, made)
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


def test_of_a_thousand_odd_texts_in_a_link_none_is_a_state(open_heads):
    """Only a name of plain letters could be a sentence; where there is none of the name the first is opened."""
    texts = odd_texts("__proto__", seed=2)
    found = open_heads(awake=False).evaluate(
        """([texts, names]) => texts.map((text) => Object.entries(llmbookHeads.headExplorer.fromLink(
          Object.fromEntries(names.map((name) => [name, ['heads', 'kept'].includes(name) ? [text] : text])))))""",
        [texts, list(STATE)],
    )
    for text, accepted in zip(texts, found, strict=True):
        is_name = re.fullmatch(r"[A-Za-z0-9_-]{0,40}", text) is not None
        assert accepted == ([["sentence", text]] if is_name else []), text


@pytest.mark.parametrize("broken", ["#head_explorer=", "#head_explorer=%", "#head_explorer=[1]", "#writer={}"])
def test_a_broken_link_is_none(open_heads, broken):
    page = open_heads(link=broken, awake=False)
    assert small_pages.parts_loaded(page) == []
    assert page.seen.errors == []


def test_copied_code_gives_what_is_shown(open_heads):
    page = open_heads(link=link(**FULL))
    explorer = manners.made_by(manners.copied_code(page), "explorer")
    assert state_of(explorer) == FULL
    shows(page, explorer)


def test_of_tensors_the_code_names_them(open_heads):
    page = open_heads("odd")
    cell(page, "L2H3").click()
    page.mouse.move(1, 1)
    q, k = tensors(2, 4, len(ODD_WORDS), 6, 2)

    class WithLayers(HeadExplorer):
        def __init__(self, q, k, words, **settings) -> None:
            super().__init__(q, k, words, layers=[7, 2], causal=True, **settings)

    code = page.locator("pre").first.text_content().replace("HeadExplorer(q", "Given(q").rsplit("\n", 1)[0]
    scope = {"q": q, "k": k, "words": ODD_WORDS, "Given": WithLayers}
    exec(code, scope)
    assert scope["explorer"].heads == ["L2H3"]
    shows(page, scope["explorer"])


def test_reset_brings_back_the_opening_state(open_heads):
    page = open_heads()
    state = "() => document.querySelector('.head-explorer').innerHTML.replace(/(sure|cell|head)-\\w+| class=\"\"/g, '')"
    values = "() => [...document.querySelectorAll('.head-explorer :is(input, select)')].map((e) => e.checked + e.value)"
    opening = page.evaluate(state), page.evaluate(values)
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("rest")
    page.get_by_role("combobox", name="Order").select_option("score")
    page.get_by_role("slider", name="Least score").fill("0.5")
    page.get_by_role("combobox", name="Less").select_option("own")
    page.get_by_role("combobox", name="Mask").select_option("causal")
    page.get_by_role("slider", name="Temperature").fill("2")
    page.get_by_label("a click adds a head").check()
    page.get_by_role("button", name="Find the head").click()
    page.get_by_role("button", name="Reset").click()
    page.wait_for_timeout(500)  # longer than what is spoken waits
    page.locator("[aria-live=polite]").evaluate("(e) => { e.textContent = ''; }")
    now = page.evaluate(state), page.evaluate(values)
    assert now[1] == opening[1]
    live = re.compile(r'(<p class="hidden" aria-live="polite">)[^<]*')
    assert live.sub(r"\1", now[0]) == live.sub(r"\1", opening[0])


# --- manners ------------------------------------------------------------------------------------------------------


def test_odd_words_are_shown_and_run_nothing(open_heads):
    page = open_heads("odd")
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("previous")
    names = page.locator(".map .heat:not(.legend) svg > text").all_text_contents()
    assert names[1:7] == ["↵", "∅", "注意", "שלום", "🙂", "U+FEFF"]
    assert cell(page, "L2H3").get_attribute("title") == "<i>mine</i>"
    shows(page, odd())
    assert page.evaluate("window.hacked") is None
    assert page.seen.errors == []


def test_two_explorers_do_not_disturb_each_other_and_a_broken_one_leaves_its_table(open_heads, open_page, folder):
    page = open_heads("two")
    page.get_by_role("slider", name="Temperature").first.fill("3")
    assert page.get_by_role("slider", name="Temperature").last.input_value() == "1"
    assert page.locator(".heads").first.locator(".one-head").count() == 72
    assert page.locator(".heads").last.locator(".one-head").count() == 8
    good = odd().to_html()
    manners.open_beside_broken(open_page, folder, good, good.replace('"q": "', '"q": "%'))


def test_without_a_script_there_is_the_table(open_page, address):
    page, _ = open_page(f"{address}/plain.html", javascript=False)
    assert page.locator("table caption").inner_text().startswith("Attention weights of L1H3")
    assert page.locator("td").count() == 14 * 14


def test_the_keyboard_alone_reaches_and_moves_everything(open_heads):
    page = open_heads()
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("rest")
    manners.unfold(page, "Enter")
    manners.check_tab_reaches_all(page, ".head-explorer", page.get_by_role("combobox", name="Sentence"))


def test_the_keys_move_among_the_heads(open_heads):
    page = open_heads()
    caption = page.locator(".map .caption")
    page.get_by_role("combobox", name=re.compile("^Score")).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_focused()
    for key, label in [
        ("ArrowRight", "L1H4"),
        ("ArrowDown", "L2H4"),
        ("ArrowUp", "L1H4"),
        ("ArrowUp", "L0H4"),
        ("ArrowUp", "L0H4"),
        ("Home", "L0H0"),
        ("ArrowLeft", "L0H0"),
        ("End", "L5H11"),
        ("ArrowDown", "L5H11"),
    ]:
        page.keyboard.press(key)
        expect(caption).to_contain_text(f"{label}")
        active = page.get_by_role("listbox").get_attribute("aria-activedescendant")
        assert page.locator(f"#{active}").inner_text().startswith(label)
    assert python_of(page).heads == ["L1H3"]
    page.keyboard.press("Enter")
    assert python_of(page).heads == ["L5H11"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    assert python_of(page).heads == ["L5H11", "L5H10"]
    page.keyboard.press("Tab")
    expect(caption).to_contain_text("The mean of L5H11 and L5H10")
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert (python_of(page).row, python_of(page).key) == (6, 13)


def test_every_focusable_part_keeps_its_keys_and_has_a_name(open_heads):
    page = open_heads()
    page.get_by_role("button", name="Find the head").click()
    manners.check_named(page, ".head-explorer")


def test_changes_are_spoken(open_heads):
    page = open_heads()
    page.get_by_role("slider", name="Temperature").fill("3")
    manners.check_spoken(page, ".head-explorer")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["plain", "64"])
def test_no_rule_of_access_is_broken(open_heads, name, dark):
    page = open_heads(name, dark=dark, awake=False)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "dark" if dark else "light")
    assert violations(page) == []
    if name == "plain":
        page.get_by_role("button", name="Show all heads").click()
    page.locator(".heads .one-head").first.wait_for()
    page.get_by_role("combobox", name=re.compile("^Score")).select_option("rest")
    page.get_by_role("combobox", name="Less").select_option("own")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.wait_for_timeout(50)
    assert violations(page) == []
    page.get_by_role("button", name="Find the head").click()
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 320])
@pytest.mark.parametrize("name", ["plain", "ten-words", "odd"])
def test_a_phone_works_by_touch(open_heads, name, width):
    page = open_heads(name, width=width, touch=True)
    label = {"plain": "L0H2", "ten-words": "L14H3", "odd": "L7H1"}[name]
    manners.unfold(page, "tap")
    manners.check_fits(page, width)
    cell(page, label).tap()
    expect(page.locator(".map .caption")).to_contain_text(label)
    box = cell(page, label).bounding_box()
    assert min(box["width"], box["height"]) >= 24
    grid = page.get_by_role("grid")
    size = grid.bounding_box()
    grid.tap(position={"x": size["width"] * 0.5, "y": size["height"] * 0.98})
    assert python_of(page, {"HeadExplorer": None}).row if name != "odd" else True


def test_the_pictures_are_seen_under_forced_colours(open_heads):
    page = open_heads()
    page.emulate_media(forced_colors="active")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_timeout(50)
    ground = page.evaluate("getComputedStyle(document.querySelector('.head-explorer')).backgroundColor")
    for name in (".map .cells rect", ".legend .cells rect:last-child"):
        assert page.evaluate(f"getComputedStyle(document.querySelector('{name}')).fill") != ground
    outline = "(e) => getComputedStyle(e).outlineStyle"
    assert page.locator(".heads [aria-selected=true]").evaluate(outline) == "solid"
    assert page.locator(".heads [aria-selected=false]").first.evaluate(outline) == "none"
    assert any(alpha > 200 for canvas in page.evaluate(PIXELS) for alpha in canvas)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_paper_shows_what_the_reader_has_set(open_heads, dark):
    page = open_heads(link=link(**FULL), dark=dark)
    made = python_of(page)
    with manners.on_paper(page, ".head-explorer") as paper:
        cells = [number(text) for text in paper.locator("tbody td").all_inner_texts()]
        torch.testing.assert_close(torch.tensor(cells).double().view_as(made.weights), made.weights, atol=HALF, rtol=0)
        assert paper.locator("p").first.inner_text() == page.locator(".sentence").text_content()
        scores = made.scores["induction"].flatten()
        assert paper.locator("canvas").count() == int((scores >= 0.1).sum())
        assert "temperature=1.7" in paper.locator("pre").inner_text()


def test_asleep_paper_has_the_opening_state(open_heads):
    page = open_heads(awake=False)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".paper tbody td").count() == 14 * 14
    assert small_pages.parts_loaded(page) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["prepared", "tensors"])
def test_an_explorer_taken_down_changes_no_more(open_heads, way, kind):
    page = open_heads(awake=False)
    made = HeadExplorer() if kind == "prepared" else odd()
    traits = {"source": made.source, **state_of(made)}
    check_taken_down(page, "llmbookHeads.headExplorer", traits, {"temperature": (2, 3)}, way)
    assert [error for error in page.seen.errors if "404" not in error] == []


# --- size and speed -----------------------------------------------------------------------------------------------


def test_the_script_is_small():
    assert speed.zipped(small_pages.script_of("head_explorer")) <= 20 * 1024


BARS = {"plain": 4, "ten-words": 4, "a layer at 32": 4, "a layer at 64": 8}  # ms


@pytest.mark.alone
@pytest.mark.parametrize("name", BARS)
def test_a_slider_move_is_quick(open_heads, name, record_property):
    """All heads are computed and drawn anew."""
    slider = ".head-explorer input[aria-label=Temperature]"
    moves = speed.slider_move(open_heads(name), slider, lambda i: 1 + abs((i % 44) - 22) * 0.05)
    record_property("move_ms", moves)
    assert moves[1] <= BARS[name]


@pytest.mark.alone
@pytest.mark.parametrize("name", ["plain", "odd", "32"])
def test_the_first_render_is_quick(open_heads, name):
    assert speed.first_render(lambda: open_heads(name, awake=False)) <= 250

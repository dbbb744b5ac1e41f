"""Every page of the built book, in light and dark: accessible, self-contained, readable without a script."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest

from conftest import ROOT
from used_styles import loaded_by

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
HTML = ROOT / "_build/html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
CONTENT = [page for page in PAGES if page not in ("genindex.html", "search.html")]
NOTEBOOKS = [page for page in PAGES if page.startswith("notebooks/")]
MOST_BYTES = 280 * 1024
MOST_BYTES_OF_PROSE = 200 * 1024
RUN_AXE = """async (runOnly) => (await axe.run(document, runOnly ? { runOnly } : {})).violations.flatMap(
  ({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`))"""


def test_there_are_pages():
    assert "index.html" in CONTENT
    assert NOTEBOOKS


def violations(page, rules: str | None = None) -> list[str]:
    """What axe finds, by all its rules or by those with the tag ``rules``."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RUN_AXE, rules)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_keeps_to_itself(open_page, site, name, dark):
    page, seen = open_page(f"{site}/{name}", dark=dark)
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    page.evaluate("document.querySelectorAll('article details').forEach((part) => (part.open = true))")
    assert violations(page, "cat.color" if dark else None) == []  # the theme changes colours, and nothing else
    assert seen.foreign == []
    assert seen.errors == []
    undescribed = (
        "[...document.images].filter((i) => !i.alt.trim() && i.role !== 'presentation').map((i) => i.outerHTML)"
    )
    assert page.evaluate(undescribed) == []
    figures = page.locator("figure.llmbook-figure > svg")
    assert all(len(svg.get_attribute("aria-label").split()) >= 3 for svg in figures.all())


@pytest.mark.parametrize("name", CONTENT)
def test_a_page_fits_a_phone(open_page, site, name):
    page, _ = open_page(f"{site}/{name}", width=360, touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", CONTENT)
def test_a_page_works_from_disk(open_page, site_dir, name):
    page, seen = open_page(f"file://{site_dir / name}")
    assert seen.errors == []
    assert seen.foreign == []
    assert page.locator(".llmbook-widget").count() == page.locator(".llm-ui").count()


@pytest.mark.parametrize("name", CONTENT)
def test_mathematics_needs_no_script(open_page, site, site_dir, name):
    source = (site_dir / name).read_text(encoding="utf-8")
    formulas = len(re.findall(r'<(?:div|span) class="math\b', source))
    page, _ = open_page(f"{site}/{name}", javascript=False)
    assert page.locator(".math").count() == page.locator(".math math").count()
    assert formulas == page.locator(".math").count()
    page.locator("article pre").evaluate_all("(all) => all.forEach((code) => code.remove())")
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("article").inner_text())


def weights(browser, address: str) -> dict[str, int]:
    """The bytes of each thing a first visit loads, compressed as a server sends it."""
    context = browser.new_context()
    page = context.new_page()
    sizes: dict[str, int] = {}

    def weigh(response) -> None:
        body = response.body()
        packed = body if response.url.endswith(".woff2") else gzip.compress(body)
        sizes[response.url] = len(packed)

    page.on("response", weigh)
    page.goto(address, wait_until="networkidle")
    context.close()
    return sizes


@pytest.mark.parametrize("name", PAGES)
def test_a_first_visit_is_light(browser, site, name):
    sizes = weights(browser, f"{site}/{name}")
    print(f"{name}: {sum(sizes.values()) / 1024:.0f} KB in {len(sizes)} files")
    most = MOST_BYTES if name in NOTEBOOKS else MOST_BYTES_OF_PROSE
    assert sum(sizes.values()) <= most, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def test_what_a_page_loads_does_not_grow_with_the_book():
    """No file beside the page itself tells of other pages, and in the page only the list of pages does, a line each."""
    others = {PurePosixPath(name).stem for name in CONTENT} - {"index"}
    loaded = {path for name in CONTENT for path in loaded_by(HTML / name)}
    assert len(loaded) > 5
    for path in loaded:
        text = path.read_text(encoding="utf-8")
        assert [other for other in others if f"/{other}" in text or f"{other}.html" in text] == [], path.name
    page = (HTML / CONTENT[0]).read_text(encoding="utf-8")
    listed = re.search(r'<nav class="bd-links.*?</nav>', page, re.DOTALL)[0]
    assert len(gzip.compress(listed.encode())) <= 100 * len(CONTENT)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_word_without_a_network(open_page, site, site_dir, scheme):
    base = site if scheme == "http" else f"file://{site_dir}"
    page, seen = open_page(f"{base}/search.html?q=notation")
    page.wait_for_selector("#search-results li a")
    assert "notation" in page.locator("#search-results li a").first.get_attribute("href")
    assert seen.errors == []
    assert seen.foreign == []


def links(page: str) -> Iterator[tuple[str, str]]:
    """(file, anchor) of every link of a page to another or to itself."""
    source = (HTML / page).read_text(encoding="utf-8")
    for match in re.finditer(r'(?:href|src)="([^"]+)"', source):
        address, anchor = urldefrag(urljoin(page, match[1].replace("&amp;", "&")))
        if not urlparse(address).scheme:
            yield unquote(urlparse(address).path), unquote(anchor)


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_dead(name):
    for target, anchor in links(name):
        path = HTML / (target or name)
        assert path.is_file(), f"{name} links to {target}, which is not there"
        if anchor and path.suffix == ".html":
            assert f'id="{anchor}"' in path.read_text(encoding="utf-8"), f"{name}: no #{anchor} in {target}"


def test_no_page_names_a_foreign_script():
    foreign = re.compile(
        r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//[^"]+"|<script(?![^>]*(?:src|json))'
    )
    found = {name: m[0] for name in PAGES if (m := foreign.search((HTML / name).read_text(encoding="utf-8")))}
    assert found == {}


# --- the guards themselves ---------------------------------------------------------------------------------------


def broken_copy(site_dir: Path, folder: Path, old: str, new: str) -> str:
    """A copy of the cover page with one thing changed, beside the site's own files."""
    page = (site_dir / "index.html").read_text(encoding="utf-8")
    assert old in page
    (folder / "index.html").write_text(page.replace(old, new, 1), encoding="utf-8")
    (folder / "_static").symlink_to(site_dir / "_static")
    return f"file://{folder / 'index.html'}"


def test_a_foreign_request_is_seen(open_page, site_dir, tmp_path):
    address = broken_copy(site_dir, tmp_path, "</body>", '<img alt="a b c" src="https://example.org/a.png"></body>')
    _, seen = open_page(address)
    assert seen.foreign == ["https://example.org/a.png"]


def test_a_nameless_image_is_seen(open_page, site_dir, tmp_path):
    page, _ = open_page(broken_copy(site_dir, tmp_path, "</article>", '<img src="_static/logo.svg"></article>'))
    assert any(violation.startswith("image-alt") for violation in violations(page))


def test_an_inline_script_is_refused(open_page, site, site_dir):
    page, seen = open_page(f"{site}/index.html")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in seen.errors)

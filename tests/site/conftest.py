"""The built site in a real browser: served on loopback under a strict policy, no other host in reach."""

import contextlib
import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host is found, so none is reached
]
# KaTeX places its boxes with style attributes, so styles may be inline; scripts may not. A stored model computes in a
# worker made from a blob.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src blob:; form-action 'self'; base-uri 'none'"
)


def find_chromium() -> str | None:
    """A Chromium of the system's; None to use Playwright's own."""
    named = os.environ.get("CHROMIUM")
    found = (
        shutil.which(name) for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    )
    return named or next(filter(None, found), None)


@dataclass
class Seen:
    """What a page did while it was open."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class PolicyHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a page's files come over a few connections, not one each

    def __init__(self, *arguments: Any, policy: str = POLICY, **options: Any) -> None:
        self.policy = policy
        super().__init__(*arguments, **options)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the tests read what the browser saw."""


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address) -> None:
        """A browser that closes a page before all of it has come is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serve(folder: Path, policy: str = POLICY) -> Iterator[str]:
    """The folder's address on loopback."""
    handler = functools.partial(PolicyHandler, directory=str(folder), policy=policy)
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site_dir() -> Path:
    folder = ROOT / "_build/html"
    assert (folder / "index.html").is_file(), "the book is not built: run 'make book'"
    return folder


@pytest.fixture(scope="session")
def site(site_dir: Path) -> Iterator[str]:
    with serve(site_dir) as address:
        yield address


def is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:", "about:"))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., tuple[Page, Seen]]]:
    """open_page(url, dark=False, width=1280, javascript=True, touch=False) → the page and what it did."""
    contexts: list[BrowserContext] = []

    def open_(url: str, *, dark=False, width=1280, javascript=True, touch=False) -> tuple[Page, Seen]:
        context = browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            has_touch=touch,
        )
        contexts.append(context)
        seen = Seen()

        context.on("request", lambda request: is_foreign(request.url) and seen.foreign.append(request.url))
        page = context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and seen.errors.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.goto(url, wait_until="load")
        return page, seen

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where a module's own folder of small pages is served."""
    with serve(folder) as address:
        yield address


@pytest.fixture
def opener(open_page, address) -> Callable[..., Callable[..., Page]]:
    """opener(selector, name="plain", wake=None) → open_(name, link="", awake=True, base=address, **options) → a page.

    Its widget is there; with ``wake`` and ``awake`` its model, too. What the page did is its ``seen``.
    """

    def opener(selector: str, name: str = "plain", wake: Callable[[Page], None] | None = None):
        def open_(name: str = name, link: str = "", *, awake: bool = True, base: str = address, **options) -> Page:
            page, page.seen = open_page(f"{base}/{name}.html{link}", **options)
            page.wait_for_selector(selector)
            if wake and awake:
                wake(page)
            return page

        return open_

    return opener

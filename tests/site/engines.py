"""Two other browsers, driven without anything that they do not bring along: Firefox and Safari's engine.

Firefox speaks WebDriver BiDi (W3C) on a socket of its own; WebKitGTK comes with a driver that speaks WebDriver (W3C)
over HTTP, and needs a screen, for which Xvfb stands in. ``scripts/find_engines.py`` installs what is missing.
"""

import contextlib
import functools
import http.server
import itertools
import json
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import websocket

from conftest import PolicyHandler

START_S, ANSWER_S = 60, 60
STARTS = 3  # tries of a browser's start
ARROW_RIGHT = "\ue014"
FIREFOX_SETTINGS = {  # no telemetry, no first-run pages, no proxy, no updates while tests run
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.prefetch-next": False,  # it fetches the next page ahead, which the tests' strict policy forbids
    "network.proxy.type": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

# Firefox draws a page while it still arrives, and says this of a formula whose end is not there yet. Whole pages are
# looked through for it by a test.
HALF_A_FORMULA = "Invalid markup: Incorrect number of children for <m"


LISTENER = """window.heardErrors = [];
const hear = (what) => heardErrors.push(String(what));
const address = (e) => e.src ?? e.href;
addEventListener('error', (event) => hear(event.message ?? `not loaded: ${address(event.target)}`), true);
addEventListener('unhandledrejection', (event) => hear(event.reason));
document.addEventListener('securitypolicyviolation', (event) => hear(`${event.violatedDirective} ${event.blockedURI}`));
const tell = console.error;
console.error = (...words) => { hear(words.join(' ')); tell(...words); };
"""


class ListeningHandler(PolicyHandler):
    """Serves the site's pages with one script before all others, which keeps their errors."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/listener.js":
            self.answer(LISTENER.encode(), "text/javascript")
        elif path.endswith(".html"):
            page = Path(self.translate_path(path)).read_bytes()
            self.answer(page.replace(b"<head>", b'<head><script src="/listener.js"></script>', 1), "text/html")
        else:
            super().do_GET()

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serve_listening(folder: Path) -> Iterator[str]:
    """The folder's address on loopback."""
    handler = functools.partial(ListeningHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Engine(Protocol):
    """What the tests ask of a browser."""

    def open(self, url: str, width: int = 1280) -> None: ...
    def evaluate(self, expression: str) -> Any: ...
    def press(self, key: str) -> None: ...
    def errors(self) -> list[str]: ...


def wait_for(engine: Engine, expression: str, seconds: float = 20) -> Any:
    """The first true value of ``expression``; raises ``TimeoutError`` where there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := engine.evaluate(expression):
            return value
        time.sleep(0.1)
    raise TimeoutError(f"still false after {seconds} s: {expression}")


@contextlib.contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def written(path: Path, pattern: str) -> str:
    """The first group of ``pattern`` in a file that a program is still writing."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if match := re.search(pattern, path.read_text(encoding="utf-8", errors="replace")):
            return match[1]
        time.sleep(0.1)
    raise TimeoutError(f"no {pattern!r} in {START_S} s; it said: {path.read_text(errors='replace')[-500:]}")


# --- Firefox -----------------------------------------------------------------------------------------------------


class Firefox:
    """A tab of Firefox over WebDriver BiDi."""

    def __init__(self, address: str) -> None:
        self.socket = websocket.create_connection(f"{address}/session", timeout=ANSWER_S, suppress_origin=True)
        self.numbers = itertools.count(1)
        self.seen: list[str] = []
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])
        self.context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its answer; what the page logs meanwhile is kept."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            self.keep(answer)
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def keep(self, event: dict[str, Any]) -> None:
        if event.get("method") == "log.entryAdded" and event["params"]["level"] == "error":
            text = event["params"]["text"]
            if not text.startswith(HALF_A_FORMULA):
                self.seen.append(text)

    def open(self, url: str, width: int = 1280) -> None:
        self.seen.clear()
        self.send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": 900})
        self.send("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        wrapped = f"(async () => JSON.stringify(await ({expression})))()"
        answer = self.send("script.evaluate", expression=wrapped, target={"context": self.context}, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def press(self, key: str) -> None:
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.send("input.performActions", context=self.context, actions=[keyboard])

    def errors(self) -> list[str]:
        self.evaluate("1")  # what was logged before has arrived before this answer
        return self.seen


@contextlib.contextmanager
def firefox(program: str) -> Iterator[Firefox]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in FIREFOX_SETTINGS.items())
        (Path(folder) / "user.js").write_text(settings, encoding="utf-8")
        said = Path(folder) / "said"
        command = [program, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0"]
        environment = {**os.environ, "HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"}
        with said.open("wb") as log, running([*command, "about:blank"], stdout=log, stderr=log, env=environment):
            engine = Firefox(written(said, r"WebDriver BiDi listening on (ws://\S+)"))
            yield engine
            engine.socket.close()


# --- Safari's engine ---------------------------------------------------------------------------------------------


class WebKit:
    """WebKitGTK's small browser over WebDriver."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = self.send("POST", "/session", {"capabilities": {}})["sessionId"]

    def send(self, method: str, path: str, body: object = None) -> Any:
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=ANSWER_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode(errors='replace')[:500]}") from None

    def tell(self, path: str, **body: Any) -> Any:
        return self.send("POST", f"/session/{self.session}/{path}", body)

    def open(self, url: str, width: int = 1280) -> None:
        self.tell("window/rect", width=width, height=900)
        self.tell("url", url=url)

    def evaluate(self, expression: str) -> Any:
        script = f"const done = arguments[0]; (async () => JSON.stringify((await ({expression})) ?? null))().then(done)"
        return json.loads(self.tell("execute/async", script=script, args=[]))

    def press(self, key: str) -> None:
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.tell("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def errors(self) -> list[str]:
        """What the page's own listener heard: this driver does not tell what stands in the console."""
        return self.evaluate("window.heardErrors ?? ['the page was served without a listener']")

    def close(self) -> None:
        self.send("DELETE", f"/session/{self.session}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def screen(program: str) -> Iterator[str]:
    """A screen that nobody sees; yields its name."""
    reader, writer = os.pipe()
    command = [program, "-displayfd", str(writer), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    with running(command, pass_fds=[writer], stderr=subprocess.DEVNULL), os.fdopen(reader) as answer:
        os.close(writer)
        yield f":{answer.readline().strip()}"


@contextlib.contextmanager
def webkit_once(driver: str, xvfb: str) -> Iterator[WebKit]:
    """A driver, its screen and one session; raises ``OSError`` or ``RuntimeError`` where the browser does not start."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, screen(xvfb) as display:
        port = free_port()
        environment = {**os.environ, "DISPLAY": display, "HOME": folder, "WEBKIT_DISABLE_DMABUF_RENDERER": "1"}
        environment |= {"NO_AT_BRIDGE": "1", "GDK_BACKEND": "x11", "no_proxy": "127.0.0.1"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with running([driver, f"--port={port}"], env=environment, **quiet):
            for _ in range(START_S * 10):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            engine = WebKit(f"http://127.0.0.1:{port}")
            yield engine
            engine.close()


@contextlib.contextmanager
def webkit(driver: str, xvfb: str) -> Iterator[WebKit]:
    """WebKitGTK; started anew where it hangs at its start, as it sometimes does on a busy machine."""
    with contextlib.ExitStack() as stack:
        for left in reversed(range(STARTS)):
            try:
                engine = stack.enter_context(webkit_once(driver, xvfb))
                break
            except (OSError, RuntimeError):
                if not left:
                    raise
        yield engine

"""How quick a widget is, and how light. A busy machine only adds time: of several tries the least one counts."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page


def zipped(script: Path) -> int:
    """Bytes."""
    return len(gzip.compress(script.read_bytes()))


def first_render(open_: Callable[[], Page]) -> float:
    """Milliseconds, of three tries."""
    times = [float(open_().locator(".llmbook-widget").get_attribute("data-render-ms")) for _ in range(3)]
    print(f"first render {min(times):.0f} ms")
    return min(times)


STANDARD_MS = 2.5  # of the yardstick, on the machine that the bars are for
# The yardstick: a bare drawing of 1,024 cells, each shaded anew, and laid out. Nothing of the book is in it.
YARDSTICK = """async () => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), times = [];
  for (let i = 0; i < 1024; i++) {
    const cell = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const box = { x: i % 32, y: i >> 5, width: 1, height: 1 };
    Object.entries(box).forEach(([name, value]) => cell.setAttribute(name, value));
    svg.append(cell);
  }
  document.querySelector('main').append(svg);
  for (let turn = 0; turn < 60; turn++) {
    const began = performance.now();
    [...svg.children].forEach((cell, i) => cell.setAttribute('fill-opacity', String((i * 7 + turn) % 100 / 100)));
    void svg.closest('main').offsetHeight;
    document.body.getBoundingClientRect();
    times.push(performance.now() - began);
    if (turn % 20 === 0) await new Promise(requestAnimationFrame);
  }
  svg.remove();
  return times.sort((a, b) => a - b)[30];
}"""

MOVES = """async ([selector, values]) => {
  const input = document.querySelector(selector), times = [];
  for (const [i, value] of values.entries()) {
    const began = performance.now();
    input.value = String(value);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await Promise.resolve();
    void input.closest('main').offsetHeight;
    document.body.getBoundingClientRect();
    times.push(performance.now() - began);
    if (i % 20 === 0) await new Promise(requestAnimationFrame);
  }
  times.splice(0, 20);
  times.sort((a, b) => a - b);
  return [times[100], times[189]];
}"""


def slider_move(page: Page, slider: str, value_of: Callable[[int], float], *, tries: int = 8) -> tuple[float, float]:
    """The median and the 95th percentile of two hundred moves, in milliseconds, drawing included.

    They are those of a machine that does the yardstick in ``STANDARD_MS``: on a slower one they are divided by as much.
    """
    values = [value_of(i) for i in range(220)]
    found = [(page.evaluate(YARDSTICK), page.evaluate(MOVES, [slider, values])) for _ in range(tries)]
    slower = max(1.0, min(yard for yard, _ in found) / STANDARD_MS)
    median, p95 = min((moves for _, moves in found), key=lambda times: times[1])
    print(f"{slider}: slider move median {median:.2f} ms, p95 {p95:.2f} ms, the machine {slower:.2f} times as slow")
    return median / slower, p95 / slower


WATCH = """async () => {
  let tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
  window.until = async (done) => {
    const began = performance.now();
    tasks = [];
    while (!done()) await new Promise((next) => setTimeout(next, 10));
    const took = performance.now() - began;
    await new Promise((next) => setTimeout(next, 100));
    return [Math.max(0, ...tasks), took];
  };
  const end = performance.now() + 80;
  setTimeout(() => { while (performance.now() < end + 80); }); // a task that is too long, to be seen
  return until(() => performance.now() > end + 100);
}"""


def longest_tasks(open_: Callable[[], Page], use: str) -> tuple[float, list[dict[str, Any]]]:
    """The longest task in milliseconds, and what each of three tries took.

    ``use``: JavaScript that uses the widget and returns what ``await until(() => it is done)`` says of each step.
    """
    tries = []
    for _ in range(3):
        page = open_()
        longest, _ = page.evaluate(WATCH)
        assert longest >= 80, "a task that is too long was not seen"
        tries.append(page.evaluate(use))
    least = {name: min(found[name] for found in tries) for name in tries[0]}
    print({name: f"longest task {longest:.0f} ms of {took:.0f} ms" for name, (longest, took) in least.items()})
    return max(longest for longest, _ in least.values()), tries
